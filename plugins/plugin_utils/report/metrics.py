# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Results of the modules as metrics: what was read, and nothing of what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import add
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import ERROR, FAIL, PASS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.normalize import TASK_FIELDS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._states import (
    DLI_STATES,
    FLINK_STATES,
    INSTANCE_STATES,
    NO_RUN,
    REAL_TIME_STATES,
    SPARK_STATES,
)

from .exposition import COUNTER, GAUGE, Family, Sample, exposition
from .template_data import ReportError, count, kind, mapping, mappings, number, text

DATAARTS = "dataarts"
RUNS = "runs"
DLI = "dli"
FLINK = "dli_flink"
SPARK = "dli_spark"
SERVICES = (DATAARTS, RUNS, DLI, FLINK, SPARK)

NO_STATE = "UNKNOWN"  # as the modules count jobs that show no state
DEFAULT_WORKSPACE = "default"  # Prometheus treats an empty label as missing

# Reasons for unreadable data; for a single job, its state is unknown.
_UNREAD = frozenset(("denied", "unreadable", "too_few_jobs"))
_NOT_KNOWN = frozenset(("denied", "unreadable", "job_missing"))

# -- the reading itself -----------------------------------------------------------------------------------------------
UP = Family("datagate_up", GAUGE, "Whether the last reading succeeded.", ("workspace", "service"), min)
READ_AT = Family(
    "datagate_last_reading_timestamp_seconds",
    GAUGE,
    "When the last reading began, successful or not.",
    ("workspace", "service"),
    min,
)
DURATION = Family(
    "datagate_reading_duration_seconds",
    GAUGE,
    "How long the last reading took, without a job list before it.",
    ("workspace", "service"),
)
REQUESTS = Family(
    "datagate_reading_requests",
    GAUGE,
    "HTTP requests of the last reading, without a job list before it.",
    ("workspace", "service"),
)
MISSING = Family("datagate_jobs_missing", GAUGE, "Jobs asked for that do not exist.", ("workspace", "service"))

# Not "job": Prometheus calls the scraped target so, and would make it exported_job.
_JOB = ("workspace", "job_name")

# -- real-time jobs ---------------------------------------------------------------------------------------------------
JOB_STATE = Family("datagate_job_state", GAUGE, "State of a real-time job: 1 for the one it is in.", (*_JOB, "state"))
JOB_READY = Family("datagate_job_ready", GAUGE, "Whether the verdict of a job is PASS.", _JOB, min)
JOB_FAILING = Family("datagate_job_failing", GAUGE, "Whether the verdict of a job is FAIL, its nodes included.", _JOB)
JOB_START = Family("datagate_job_start_time_seconds", GAUGE, "When a job was started, in seconds since 1970.", _JOB)

# -- nodes of real-time jobs ------------------------------------------------------------------------------------------
_NODE = (*_JOB, "node")
NODE_STATE = Family("datagate_node_state", GAUGE, "State of a node: 1 for the one it is in.", (*_NODE, "state"))
# Nodes of the same name are one series: their counters are added up.
NODE_COUNTERS = {
    "total_put_records": Family(
        "datagate_node_records_written_total", COUNTER, "Records that a node has written.", _NODE, add
    ),
    "total_get_records": Family(
        "datagate_node_records_read_total", COUNTER, "Records that a node has read.", _NODE, add
    ),
    "total_put_bytes": Family(
        "datagate_node_written_bytes_total", COUNTER, "Bytes that a node has written.", _NODE, add
    ),
    "total_get_bytes": Family("datagate_node_read_bytes_total", COUNTER, "Bytes that a node has read.", _NODE, add),
}

# -- runs of batch jobs -----------------------------------------------------------------------------------------------
RUN_STATE = Family(
    "datagate_run_state", GAUGE, "State of the last run of a batch job: 1 for that one.", (*_JOB, "state")
)
RUN_PLANNED = Family(
    "datagate_run_plan_time_seconds", GAUGE, "When the last run was planned, in seconds since 1970.", _JOB
)
RUN_AGE = Family(
    "datagate_run_age_seconds", GAUGE, "Seconds from the planned time of the last run to the reading.", _JOB
)

# -- DLI jobs ---------------------------------------------------------------------------------------------------------
DLI_STATE = Family("datagate_dli_job_state", GAUGE, "State of a DLI job: 1 for the one it is in.", ("job_id", "state"))
DLI_PROGRESS = Family(
    "datagate_dli_job_progress_ratio", GAUGE, "Progress of the running sub-job, from 0 to 1.", ("job_id",), min
)
DLI_TASKS = Family("datagate_dli_job_tasks", GAUGE, "Tasks of all sub-jobs seen, by kind.", ("job_id", "kind"))

# -- Flink jobs and Spark batches -------------------------------------------------------------------------------------
_FLINK = ("job_id", "job_name")
FLINK_STATE = Family(
    "datagate_flink_job_state", GAUGE, "State of a Flink job: 1 for the one it is in.", (*_FLINK, "state")
)
FLINK_RESTARTS = Family("datagate_flink_job_restarts", GAUGE, "Automatic restarts of a Flink job so far.", _FLINK)
SPARK_STATE = Family(
    "datagate_spark_batch_state", GAUGE, "State of a Spark batch: 1 for the one it is in.", ("batch_id", "state")
)

FAMILIES = (
    *(UP, READ_AT, DURATION, REQUESTS, MISSING),
    *(JOB_STATE, JOB_READY, JOB_FAILING, JOB_START),
    *(NODE_STATE, *NODE_COUNTERS.values()),
    *(RUN_STATE, RUN_PLANNED, RUN_AGE),
    *(DLI_STATE, DLI_PROGRESS, DLI_TASKS),
    *(FLINK_STATE, FLINK_RESTARTS, SPARK_STATE),
)


def write(results: dict[str, Any], workspace: str, read_at: float, nodes: bool) -> str:
    """The metrics of one reading in the text format.

    :param results: service -> the result of its module, plain data.
    :param workspace: ID of the workspace, empty for the default one.
    :param read_at: when the reading began, in seconds since 1970.
    :param nodes: whether nodes have their own series.
    :raises ReportError: there is nothing to report, or a result does not hold all its jobs.
    """
    strange = [service for service in results if service not in SERVICES]
    if strange or not results:
        raise ReportError(f"what is to be reported must be a mapping with at least one of {', '.join(SERVICES)}")
    where = workspace or DEFAULT_WORKSPACE
    samples: list[Sample] = []
    for service in SERVICES:
        if service in results:
            result = results[service]
            if not isinstance(result, dict):
                raise ReportError(f"{service} must be a module's result, which is a mapping, not {kind(result)}")
            samples.extend(_reading(result, (where, service), read_at))
            for job in mappings(result.get("jobs")) if _was_read(result) else []:
                if _known(job):
                    samples.extend(_job(service, job, where, nodes, read_at))
    return exposition(FAMILIES, samples)


def _job(service: str, job: dict[str, Any], where: str, nodes: bool, read_at: float) -> Iterator[Sample]:
    if service == DATAARTS:
        return _real_time_job(job, where, nodes)
    return _batch_job(job, where, read_at) if service == RUNS else _OF_DLI[service](job)


def _reading(result: dict[str, Any], labels: tuple[str, str], read_at: float) -> Iterator[Sample]:
    reasons = mappings(result.get("reasons"))
    read = _was_read(result)
    if read and _left_out(result):
        raise ReportError(f"the result of {labels[1]} holds {_left_out(result)}; the task needs return_jobs: all")
    codes = {text(reason.get("code")) for reason in reasons}
    succeeded = read and not codes & _UNREAD and result.get("verdict") != ERROR
    yield Sample(UP, labels, float(succeeded))
    yield Sample(READ_AT, labels, read_at)
    for key, family in (("elapsed", DURATION), ("requests", REQUESTS)):
        value = number(result.get(key))
        if value is not None and value >= 0:
            yield Sample(family, labels, value)
    if succeeded:
        missing = {text(reason.get("job")) for reason in reasons if reason.get("code") == "job_missing"}
        yield Sample(MISSING, labels, float(len(missing)))


def _was_read(result: dict[str, Any]) -> bool:
    """Whether there is anything to believe. A module that failed before it read has neither a verdict nor a list's total."""
    return isinstance(result.get("jobs"), list) and ("verdict" in result or "total" in result)


def _left_out(result: dict[str, Any]) -> str:
    """How many of its jobs a gate's result holds, where these are not all; a job left out would look like one that is gone."""
    if "verdict" not in result:
        return ""
    many, held = sum(map(count, mapping(result.get("by_status")).values())), len(result["jobs"])
    return f"{held} of {many} jobs" if held < many else ""


def _known(job: dict[str, Any]) -> bool:
    """Whether something was read of a job. One that shows no state was; one that was not reached was not."""
    codes = {text(reason.get("code")) for reason in mappings(job.get("reasons"))}
    if codes & _NOT_KNOWN:
        return False
    return text(job.get("status")) is not None or "verdict" not in job or "unknown_state" in codes


def _states(family: Family, labels: tuple[str, ...], states: Sequence[str], data: Any) -> Iterator[Sample]:
    """One sample for each known state, and for the one that there is."""
    state = text(data) or NO_STATE
    for name in dict.fromkeys((*states, state)):
        yield Sample(family, (*labels, name), float(name == state))


def _real_time_job(job: dict[str, Any], workspace: str, nodes: bool) -> Iterator[Sample]:
    labels = (workspace, text(job.get("name")) or "")
    yield from _states(JOB_STATE, labels, REAL_TIME_STATES, job.get("status"))
    if "verdict" in job:
        yield Sample(JOB_READY, labels, float(job["verdict"] == PASS))
        yield Sample(JOB_FAILING, labels, float(job["verdict"] == FAIL))
    started = number(job.get("start_time"))
    if started is not None and started > 0:
        yield Sample(JOB_START, labels, started / 1000)
    for node in mappings(job.get("nodes")) if nodes else []:
        place = (*labels, text(node.get("name")) or "")
        yield from _states(NODE_STATE, place, REAL_TIME_STATES, node.get("status"))
        for key, family in NODE_COUNTERS.items():
            value = number(node.get(key))
            if value is not None and value >= 0:
                yield Sample(family, place, value)


def _batch_job(job: dict[str, Any], workspace: str, read_at: float) -> Iterator[Sample]:
    labels = (workspace, text(job.get("name")) or "")
    yield from _states(RUN_STATE, labels, (*INSTANCE_STATES, NO_RUN), job.get("status"))
    planned = number(mapping(job.get("instance")).get("plan_time"))
    if planned is not None and planned > 0:
        yield Sample(RUN_PLANNED, labels, planned / 1000)
        yield Sample(RUN_AGE, labels, read_at - planned / 1000)


def _dli_job(job: dict[str, Any]) -> Iterator[Sample]:
    name = text(job.get("job_id")) or ""
    yield from _states(DLI_STATE, (name,), DLI_STATES, job.get("status"))
    progress = number(job.get("progress"))
    if progress is not None and 0 <= progress <= 1:
        yield Sample(DLI_PROGRESS, (name,), progress)
    for task, value in mapping(job.get("tasks")).items():
        many = number(value)
        if task in TASK_FIELDS and many is not None and many >= 0:
            yield Sample(DLI_TASKS, (name, task), many)


def _flink_job(job: dict[str, Any]) -> Iterator[Sample]:
    labels = (text(job.get("job_id")) or "", text(job.get("name")) or "")
    yield from _states(FLINK_STATE, labels, FLINK_STATES, job.get("status"))
    restarts = number(job.get("restart_times"))
    if restarts is not None and restarts >= 0:
        yield Sample(FLINK_RESTARTS, labels, restarts)


def _spark_batch(job: dict[str, Any]) -> Iterator[Sample]:
    yield from _states(SPARK_STATE, (text(job.get("batch_id")) or "",), SPARK_STATES, job.get("status"))


_OF_DLI = {DLI: _dli_job, FLINK: _flink_job, SPARK: _spark_batch}
