# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.
"""Notes: facts that do not decide the verdict, but that users should know."""

from __future__ import annotations

from typing import Iterable, List

from ..._services.factory.instance_answers import state as run_state
from ..._states import FAILED_RUN_STATES
from .. import messages
from ..policy import Policy
from ..state.job_state import JobState
from ..verdicts import Reason, make_reason

MAX_NOTES = 100


def find_notes(policy: Policy, jobs: Iterable[JobState]) -> List[Reason]:
    """The nodes whose last run failed, if runs do not count. The field has no time, so it may be days old."""
    found: List[Reason] = []
    if policy.node_runs is not None or not policy.check_nodes:
        return found
    for job in jobs:
        for node, fields in job.counting_nodes():
            state = run_state(fields.get("last_instance_status"))
            if state in FAILED_RUN_STATES and len(found) < MAX_NOTES:
                message = messages.last_run_failed(job.name, node, str(state))
                path = fields.get("log_path")
                found.append(make_reason("node_run_failed", job.name, message, node=node, status=state, log_path=path))
    return found
