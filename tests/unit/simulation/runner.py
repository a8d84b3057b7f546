# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a gate against a simulated cloud. This is the only file here that depends on the structure of the collection."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options as gate_options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.loop import Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.outcome import Outcome
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.slices import WHOLE, Slices
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.dli_jobs import DliJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.flink_jobs import FlinkJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.real_time_jobs import RealTimeJobs
from ansible_collections.datagate.huaweicloud.plugins.module_utils._sources.spark_batches import SparkBatches

from .evidence import Facts, Run
from .job_scripts import DLI_SQL, FLINK, REAL_TIME, SPARK
from .simulated_cloud import DATAARTS, DLI, PROJECT_ID, STS, SimulatedCloud
from .virtual_time import START, VirtualTime

MAX_SLICES = 500
"""Maximum slices of a gate."""
_tokens = itertools.count()


def latest(low: float, high: float) -> float:
    """The jitter that makes each interval as long as possible."""
    return high


def run_gate(
    cloud: SimulatedCloud,
    *,
    steps: Sequence[tuple[float, float]] = (),
    stops: Sequence[tuple[float, float]] = (),
    uniform: Callable[[float, float], float] = latest,
    pause: float = 0.0,
    credentials: dict[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Run a waiting gate to its end, in slices where ``slice_timeout`` is given.

    :param steps: (seconds, change) of the wall clock.
    :param stops: (seconds, length) for which the process is stopped.
    :param pause: seconds between two slices, each of which is a process of its own.
    :param credentials: the options that say with what to authenticate; a token by default.
    :param options: of the task; ``wait`` is true unless given. The gate is one for the kind of jobs that the cloud holds.
    """
    given = {"wait": True, **options}
    kind = next((job.kind for job in cloud.jobs.values()), REAL_TIME)
    # Each run has its own token: refused ones are remembered on this machine.
    params = {
        **given,
        **(credentials or {"auth_type": "token", "auth_token": f"made-up-token-{next(_tokens)}"}),
        "project_id": PROJECT_ID,
        "region": "cn-north-4",
        "endpoints": {"dataarts": DATAARTS, "dli": DLI, "sts": STS, "iam": STS},
    }
    before = random.getstate()
    random.seed(1)
    try:
        state: Any = None
        begin = 0.0
        for number in range(MAX_SLICES):
            time = VirtualTime(cloud.receive, steps, stops, begin, START - 100.0 * number)
            outcome = _slice(kind, params, time, uniform, state)
            cloud.log.stops += time.stopped
            if outcome.state is None:
                break
            state = json.loads(json.dumps(outcome.state))
            begin = time.seconds + pause
            # The time between two slices is like a stopped process.
            cloud.log.stops.append((time.seconds, begin))
        else:
            raise AssertionError(f"no verdict after {MAX_SLICES} slices")
    finally:
        random.setstate(before)
    facts = Facts(tuple(cloud.jobs.values()), cloud.troubles, cloud.habits.list_lag)
    return Run(given, as_dict(outcome, "all"), cloud.log, time.seconds, facts, kind)


# For each kind of jobs: the policy and the selection from the options, and the source from a session and the selection.
GATES: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    REAL_TIME: (
        gate_options.policy,
        gate_options.selection,
        lambda session, chosen: RealTimeJobs(session, None, chosen),
    ),
    DLI_SQL: (gate_options.dli_policy, gate_options.dli_selection, lambda session, chosen: DliJobs(session)),
    FLINK: (
        gate_options.flink_policy,
        gate_options.flink_selection,
        lambda session, chosen: FlinkJobs(session, by_name=False),
    ),
    SPARK: (gate_options.spark_policy, gate_options.spark_selection, lambda session, chosen: SparkBatches(session)),
}


def _slice(
    kind: str, params: dict[str, Any], time: VirtualTime, uniform: Callable[[float, float], float], state: Any
) -> Outcome:
    """Run the whole gate, or one slice of it."""
    session = Session(resolve(params, {}, "dataarts" if kind == REAL_TIME else "dli"), time, executor=time)
    try:
        make_policy, make_selection, make_source = GATES[kind]
        policy, chosen = make_policy(params), make_selection(params)
        source = make_source(session, chosen)
        length = params.get("slice_timeout")
        slices = Slices(length, state) if length else WHOLE
        return Loop(policy, chosen, source, time, uniform=uniform, slices=slices).run()
    finally:
        session.close()
