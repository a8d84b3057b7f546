# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The kinds of jobs that a gate can watch: one table row each.

A row holds the states, the reason codes with their severity, the words for messages, and how a job looks in the result. Support
for another kind of job is another row here, plus the service that reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Dict, FrozenSet, Mapping, Optional

from .._states import (
    BATCH_ONLY,
    DLI_STATES,
    FAILED_RUN_STATES,
    FAILING_STATES,
    FLINK_FAILING_STATES,
    FLINK_STATES,
    FORCED_STATES,
    HELD_RUN_STATES,
    INSTANCE_STATES,
    NO_RUN,
    REAL_TIME_STATES,
    RESTING_STATES,
    SKIPPED_STATES,
    SPARK_STATES,
)
from . import messages

# Severities of reasons: reasons are sorted by them, and 0 is the most severe.
FAILURE = 0
ABSENCE = 1
REFUSAL = 2
READ_ERROR = 3
UNKNOWN_STATE = 4
PROGRESSING = 5
SETTLING = 6

# The reason codes that do not depend on the kind of job.
COMMON_SEVERITIES: Mapping[str, int] = {
    "job_missing": ABSENCE,
    "too_few_jobs": ABSENCE,
    "denied": REFUSAL,
    "unreadable": READ_ERROR,
    "unknown_state": UNKNOWN_STATE,
    "still_pending": PROGRESSING,
    "not_restarted": PROGRESSING,
    "no_records": PROGRESSING,
    "restarted": SETTLING,
    "not_stable": SETTLING,
}

JobFields = Dict[str, Any]
# From a job's name or ID, all that the service said of it, its nodes and its tasks to the job in the result.
Describe = Callable[[str, JobFields, Any, Any], JobFields]


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of job.

    :ivar key: the kind's name in digests.
    :ivar noun: what messages call a job.
    :ivar known: the states that this version knows. Any other state is neither ready nor failing, and reported by name.
    :ivar ready: the states in which a job is ready, unless the options name others.
    :ivar failing: the states in which a job fails, unless the options name others.
    :ivar failure_code: the reason code of a failing state.
    :ivar codes: reason codes of failing states that have their own.
    :ivar severities: the severities of the kind's own reason codes.
    :ivar explained_codes: codes of failures whose cause the service returns only on a separate request.
    :ivar missing: makes the message about a job that does not exist, where the usual one is not enough.
    :ivar describe: how a job looks in the result.
    :ivar selected_by: the option that lists the jobs.
    :ivar final: states that never change again, so that the job is not read again.
    :ivar ends: states in which a job has ended well. One that the options do not name as ready fails: the job does not become ready.
    :ivar quiet: states of a job in which its nodes do not count, because they keep old states.
    :ivar progressing: states in which a job has to make progress (``stall_timeout``).
    :ivar node_failing: states in which a node fails like its job.
    :ivar node_running: states in which a node moves records.
    :ivar culprits: states of a node that explain the failure of its job, where nodes do not fail by themselves.
    :ivar held: states that only a person ends.
    :ivar pending_codes: reason codes of transitional states that have their own.
    :ivar node_codes: reason codes of the runs of a node that fail like the node.
    :ivar listed_as: what the job list selects, for messages.
    :ivar other_type: the jobs of the other type, which a missing one may be.
    :ivar has_workspace: whether the jobs belong to a workspace.
    :ivar event_kind: what events about the jobs have as ``kind``; None where they need none.
    :ivar counts_restarts: whether a restart is a change although the state stays the same.
    :ivar has_list: whether a list shows the states of the jobs. If not, only the call for one job does.
    """

    key: str
    noun: str
    known: FrozenSet[str]
    ready: FrozenSet[str]
    failing: FrozenSet[str]
    failure_code: str
    severities: Mapping[str, int]
    describe: Describe
    selected_by: str
    missing: Optional[Callable[[str, Optional[str]], str]] = None
    codes: Mapping[str, str] = field(default_factory=dict)
    explained_codes: FrozenSet[str] = frozenset()
    final: FrozenSet[str] = frozenset()
    ends: FrozenSet[str] = frozenset()
    quiet: FrozenSet[str] = frozenset()
    progressing: FrozenSet[str] = frozenset()
    node_failing: FrozenSet[str] = frozenset()
    node_running: FrozenSet[str] = frozenset()
    culprits: FrozenSet[str] = frozenset()
    held: FrozenSet[str] = frozenset()
    pending_codes: Mapping[str, str] = field(default_factory=dict)
    node_codes: Mapping[str, str] = field(default_factory=dict)
    listed_as: str = "real-time job"
    other_type: str = "batch job"
    has_workspace: bool = False
    event_kind: Optional[str] = None
    counts_restarts: bool = False
    has_list: bool = True

    def code_of(self, state: str) -> str:
        """The reason code of a failing state."""
        return self.codes.get(state, self.failure_code)

    def pending_code(self, state: Optional[str]) -> str:
        """The reason code of a state on the way."""
        return self.pending_codes.get(state or "", "still_pending")

    def node_code(self, state: str) -> str:
        """The reason code of a failing node, or of a failing run of a node."""
        return self.node_codes.get(state, "node_exception")

    def missing_message(self, job: str, workspace: Optional[str]) -> str:
        """The message about a job that does not exist.

        :param job: its name or ID.
        """
        if self.missing is not None:
            return self.missing(job, workspace)
        return messages.missing(job, self.noun, workspace, self.has_workspace)

    def severity(self, code: str) -> int:
        """The severity of a reason code. One that is in no table counts as a failure, so that its reason is never hidden."""
        return self.severities.get(code, COMMON_SEVERITIES.get(code, FAILURE))


def _describe_real_time_job(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    return {**job, "name": name, "nodes": list(nodes or [])}


def _describe_dli_job(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    defaults: JobFields = {"progress": None, "sub_job_id": None, "sub_jobs": [], "message": ""}
    return {**defaults, **job, "job_id": name, "tasks": tasks}


# What a reading of a run holds besides the fields of the run itself.
_BESIDES_RUN = frozenset(("nodes", "nodes_of", "run", "instances"))


def _describe_instance(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    instance = {key: value for key, value in job.items() if key not in _BESIDES_RUN}
    return {"name": name, "instance": instance, "nodes": list(nodes or [])}


def _describe_flink_job(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    # Selected by its ID or by its name; what was read says both.
    selected: JobFields = {"job_id": name, "name": None} if name.isdigit() else {"job_id": None, "name": name}
    return {**selected, "message": "", **job}


def _describe_spark_batch(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    return {"name": None, "message": "", "log": [], **job, "batch_id": name}


def _describe_run(name: str, job: JobFields, nodes: Any, tasks: Any) -> JobFields:
    """The nodes are shown only if they belong to the run that counts."""
    described = _describe_instance(name, job, nodes, tasks)
    number = job.get("instance_id")
    if number is None:
        described["instance"] = None
    if number is None or job.get("nodes_of") != number:
        described["nodes"] = []
    runs = [{key: value for key, value in run.items() if key != "nodes"} for run in job.get("instances") or []]
    return {**described, "run": job.get("run"), "instances": runs}


REAL_TIME_KIND = Kind(
    key="real_time",
    noun="job",
    known=frozenset(REAL_TIME_STATES),
    ready=frozenset(("NORMAL",)),
    failing=frozenset(FAILING_STATES),
    failure_code="job_exception",
    severities={
        "job_exception": FAILURE,
        "node_exception": FAILURE,
        "node_run_failed": FAILURE,
        "no_run": PROGRESSING,
    },
    node_codes=dict.fromkeys(FAILED_RUN_STATES, "node_run_failed"),
    missing=messages.missing_real_time_job,
    describe=_describe_real_time_job,
    selected_by="job_names",
    quiet=frozenset(("STOPPED",)),
    node_failing=frozenset(FAILING_STATES),
    node_running=frozenset(("NORMAL",)),
    has_workspace=True,
)
DLI_KIND = Kind(
    key="dli",
    noun="DLI job",
    known=frozenset(DLI_STATES),
    ready=frozenset(("FINISHED",)),
    failing=frozenset(("FAILED", "CANCELLED")),
    failure_code="dli_failed",
    codes={"CANCELLED": "dli_cancelled"},
    severities={
        "dli_failed": FAILURE,
        "dli_cancelled": FAILURE,
        "stalled": FAILURE,
        "too_few_rows": FAILURE,
        "bad_rows": FAILURE,
    },
    explained_codes=frozenset(("dli_failed", "dli_cancelled")),
    missing=messages.missing_dli_job,
    describe=_describe_dli_job,
    selected_by="job_ids",
    final=frozenset(("FINISHED", "FAILED", "CANCELLED")),
    progressing=frozenset(("RUNNING",)),
    event_kind="dli_job",
    has_list=False,
)
# Jobs of both types, as dataarts_job orders them.
ORDERED_KIND = Kind(
    key="ordered",
    noun="job",
    known=frozenset((*REAL_TIME_STATES, *BATCH_ONLY)),
    ready=frozenset(("NORMAL", "SCHEDULING")),
    failing=frozenset(FAILING_STATES),
    failure_code="job_exception",
    severities={"job_exception": FAILURE, "node_exception": FAILURE},
    missing=messages.missing_factory_job,
    describe=_describe_real_time_job,
    selected_by="names",
    quiet=frozenset(RESTING_STATES),
    node_failing=frozenset(FAILING_STATES),
    node_running=frozenset(("NORMAL",)),
    has_workspace=True,
)
# Runs of batch jobs. The instance's own state decides, its nodes explain.
INSTANCE_KIND = Kind(
    key="instance",
    noun="run",
    known=frozenset(INSTANCE_STATES),
    ready=frozenset(("success",)),
    failing=frozenset((*FAILED_RUN_STATES, *SKIPPED_STATES, *FORCED_STATES)),
    failure_code="run_failed",
    codes={**dict.fromkeys(SKIPPED_STATES, "run_skipped"), **dict.fromkeys(FORCED_STATES, "run_forced")},
    severities={"run_failed": FAILURE, "run_skipped": FAILURE, "run_forced": FAILURE},
    explained_codes=frozenset(("run_failed",)),
    describe=_describe_instance,
    selected_by="names",
    final=frozenset(("success", "fail", "manual-stop", "skip", "skip-by-depend", "forceSuccess", "ignoreSuccess")),
    culprits=frozenset(FAILED_RUN_STATES),
    held=frozenset(HELD_RUN_STATES),
    has_workspace=True,
)
# A running job that restarts by itself passes through job_running_exception (exception_grace).
FLINK_KIND = Kind(
    key="dli_flink",
    noun="Flink job",
    known=frozenset(FLINK_STATES),
    ready=frozenset(("job_running", "job_finish")),
    failing=frozenset(FLINK_FAILING_STATES),
    failure_code="job_failed",
    severities={"job_failed": FAILURE},
    missing=messages.missing_flink_job,
    describe=_describe_flink_job,
    selected_by="job_ids",
    ends=frozenset(("job_finish",)),
    event_kind="flink_job",
    counts_restarts=True,
    has_list=False,
)
SPARK_KIND = Kind(
    key="dli_spark",
    noun="Spark job",
    known=frozenset(SPARK_STATES),
    ready=frozenset(("success",)),
    failing=frozenset(("dead",)),
    failure_code="job_failed",
    severities={"job_failed": FAILURE},
    explained_codes=frozenset(("job_failed",)),
    missing=messages.missing_spark_batch,
    describe=_describe_spark_batch,
    selected_by="batch_ids",
    final=frozenset(("success", "dead")),
    ends=frozenset(("success",)),
    event_kind="spark_batch",
    has_list=False,
)
# Batch jobs, each in the state of the run that counts. A restart ends every state, so that none is final.
BATCH_KIND = replace(
    INSTANCE_KIND,
    key="batch_run",
    known=frozenset((*INSTANCE_STATES, NO_RUN)),
    severities={**INSTANCE_KIND.severities, "no_run": PROGRESSING},
    pending_codes={NO_RUN: "no_run"},
    missing=messages.missing_batch_job,
    describe=_describe_run,
    selected_by="job_names",
    final=frozenset(),
    listed_as="batch job",
    other_type="real-time job",
)
# The same for runs that are given by their IDs.
GIVEN_RUN_KIND = replace(BATCH_KIND, key="given_run", missing=None, has_list=False)
KINDS = (REAL_TIME_KIND, DLI_KIND, ORDERED_KIND, INSTANCE_KIND, BATCH_KIND, GIVEN_RUN_KIND, FLINK_KIND, SPARK_KIND)
