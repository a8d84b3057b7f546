# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""States of jobs and nodes in five classes, which determine how a state is drawn and the order of jobs."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.datagate.huaweicloud.plugins.module_utils._states import (
    DLI_STATES,
    FAILED_RUN_STATES,
    FAILING_STATES,
    FLINK_FAILING_STATES,
    FLINK_STATES,
    INSTANCE_STATES,
    NO_RUN,
    REAL_TIME_STATES,
    SPARK_STATES,
)

FAILING = "failing"
UNKNOWN = "unknown"
ON_ITS_WAY = "way"
STOPPED = "stopped"
READY = "ready"

# The order of the classes, and their labels.
WORDS = {
    FAILING: "failing",
    UNKNOWN: "unknown or gone",
    ON_ITS_WAY: "on its way",
    STOPPED: "stopped",
    READY: "ready",
}
ORDER = {name: place for place, name in enumerate(WORDS)}

# The default.
ALWAYS_READY = frozenset(("NORMAL", "FINISHED", "SCHEDULING", "job_running", "job_finish", "success"))
_FAILING = frozenset((*FAILING_STATES, "FAILED", "CANCELLED", *FAILED_RUN_STATES, *FLINK_FAILING_STATES, "dead"))
_STOPPED = frozenset(("STOPPED", "PAUSE", "PAUSED", "DISABLE", "job_init", "job_cancel_success"))
_KNOWN = frozenset(
    (
        *(*REAL_TIME_STATES, *DLI_STATES, *INSTANCE_STATES, NO_RUN, *FLINK_STATES, *SPARK_STATES),
        *(*ALWAYS_READY, *_STOPPED),
    )
)


class Classes:
    """Sorts states into classes.

    :param ready: states that are ready in this report: a gate may wait for STOPPED, and then NORMAL is on its way.
    :param failing: additional states that fail in this report.
    """

    def __init__(self, ready: Iterable[str] = ALWAYS_READY, failing: Iterable[str] = ()) -> None:
        self._failing = _FAILING | frozenset(failing)
        self._ready = frozenset(ready) - self._failing

    def of(self, state: str | None) -> str:
        """The class of a state; None is that of a job that is gone or shows none."""
        if state in self._failing:
            return FAILING
        if state in self._ready:
            return READY
        if state in _STOPPED:
            return STOPPED
        return ON_ITS_WAY if state in _KNOWN else UNKNOWN
