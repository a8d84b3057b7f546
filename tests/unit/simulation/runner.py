# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a gate against a simulated cloud. This is the only file here that knows how the product is put together."""

from __future__ import annotations

import inspect
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud import session as session_module
from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.dli_jobs import DliJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.door.real_time_jobs import RealTimeJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate import options as gate_options
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.loop import WHOLE, Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.result import as_dict

from .evidence import Facts, Run
from .simulated_cloud import DATAARTS, DLI, PROJECT_ID, SimulatedCloud
from .virtual_time import VirtualTime

CONNECTION = ("request_timeout", "retries", "requests_per_second")
_tokens = itertools.count()


def latest(low: float, high: float) -> float:
    """The jitter that makes every interval as long as it can be."""
    return high


def run_gate(
    cloud: SimulatedCloud,
    *,
    steps: Sequence[tuple[float, float]] = (),
    stops: Sequence[tuple[float, float]] = (),
    uniform: Callable[[float, float], float] = latest,
    **options: Any,
) -> Run:
    """Run a waiting gate to its end.

    :param steps: (seconds, change) of the wall clock.
    :param stops: (seconds, length) for which the process is stopped.
    :param options: of the task; ``wait`` is true unless given, ``job_ids`` make it a gate of DLI jobs.
    """
    time = VirtualTime(cloud.receive, steps, stops)
    given = {"wait": True, **options}
    # A token of its own for each run: one that was refused is remembered on this machine.
    params = {
        **given,
        "auth_type": "token",
        "auth_token": f"made-up-token-{next(_tokens)}",
        "project_id": PROJECT_ID,
        "region": "cn-north-4",
        "endpoints": {"dataarts": DATAARTS, "dli": DLI},
    }
    dli = "job_ids" in given
    before = random.getstate()
    random.seed(1)
    try:
        session = _session(resolve(params, {}, "dli" if dli else "dataarts"), time)
        if dli:
            policy, chosen = gate_options.dli_policy(params), gate_options.dli_selection(params)
            source: Any = DliJobs(session)
        else:
            policy, chosen = gate_options.policy(params), gate_options.selection(params)
            source = RealTimeJobs(session, None, chosen)
        outcome = Loop(policy, chosen, source, time, uniform=uniform, slices=WHOLE).run()
        ended_at = time.seconds
        session.close()
    finally:
        random.setstate(before)
    cloud.log.stops = time.stopped
    facts = Facts(tuple(cloud.jobs.values()), cloud.troubles, cloud.habits.list_lag)
    return Run(given, as_dict(outcome, "all"), cloud.log, ended_at, facts)


def _session(connection: Any, time: VirtualTime) -> Any:
    """A session whose requests go to *time*."""
    if "crew" in inspect.signature(session_module.Session).parameters:
        return session_module.Session(connection, time, crew=time)  # type: ignore[call-arg]
    session = session_module.Session(connection, time)
    session._crew = time  # type: ignore[assignment]
    return session
