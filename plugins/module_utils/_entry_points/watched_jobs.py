# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The kinds of jobs that the event source can watch: one table row each, with their arguments, policy and source."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from .._argument_spec import WORKSPACE
from .._cloud.session import Session
from .._errors import OptionError
from .._gate import options
from .._gate.policy import MISSING_WAIT, Policy, Selection
from .._gate.runs.options import run_policy
from .._sources.batch_runs import BatchRuns
from .._sources.dli_jobs import DliJobs
from .._sources.flink_jobs import FlinkJobs
from .._sources.real_time_jobs import RealTimeJobs
from .._sources.session_source import SessionSource
from .._sources.spark_batches import SparkBatches
from .._values import text

KIND = "kind"
DEFAULT_KIND = "job"
_EMPTY: Tuple[Any, ...] = (None, "", [], {})

MakeSource = Callable[[Session, Optional[str], Selection, Policy], SessionSource]


class WatchedJobs(NamedTuple):
    """One kind of jobs.

    :ivar service: the service of these jobs.
    :ivar spec: the arguments that only some kinds have.
    :ivar ways: the ways to select jobs, of which one must be given: each by at least one of these arguments.
    :ivar selection: makes the selection from the arguments.
    :ivar policy: makes the policy from the arguments.
    :ivar source: makes the source from a session, the workspace, the selection and the policy.
    """

    service: str
    spec: Mapping[str, Any]
    ways: Tuple[Tuple[str, ...], ...]
    selection: Callable[[Mapping[str, Any]], Selection]
    policy: Callable[[Mapping[str, Any]], Policy]
    source: MakeSource

    @property
    def aliases(self) -> Dict[str, str]:
        """The other names of its arguments."""
        return {alias: name for name, spec in self.spec.items() for alias in spec.get("aliases", ())}

    def policy_of_watch(self, params: Mapping[str, Any], interval: float) -> Policy:
        """The policy with which jobs are watched. A job that does not exist is waited for."""
        return self.policy(params)._replace(wait=True, fatal=True, missing=MISSING_WAIT, interval=interval)


_FACTORY = {**options.SELECTION, **WORKSPACE}
_BY_NAME = (("job_names",), ("tags",), ("name_contains",))
WATCHED = {
    DEFAULT_KIND: WatchedJobs(
        "dataarts",
        {**_FACTORY, "check_nodes": {"type": "bool", "default": True}},
        _BY_NAME,
        options.selection,
        lambda params: options.policy({"check_nodes": params.get("check_nodes")}),
        lambda session, workspace, selection, policy: RealTimeJobs(session, workspace, selection),
    ),
    "instance": WatchedJobs(
        "dataarts",
        {**_FACTORY, "since": {"type": "str"}},
        _BY_NAME,
        options.selection,
        run_policy,
        lambda session, workspace, selection, policy: BatchRuns(session, workspace, selection, policy, slides=True),
    ),
    "dli_job": WatchedJobs(
        "dli",
        options.DLI_SELECTION,
        (("job_ids",), ("job_tags", "queue", "since")),
        options.dli_selection,
        lambda params: options.dli_policy({}),
        lambda session, workspace, selection, policy: DliJobs(session, selection.query, slides=True),
    ),
    "flink_job": WatchedJobs(
        "dli",
        options.FLINK_SELECTION,
        (("job_ids",), ("names",)),
        options.flink_selection,
        lambda params: options.flink_policy({}),
        lambda session, workspace, selection, policy: FlinkJobs(session, selection.option is not None),
    ),
    "spark_batch": WatchedJobs(
        "dli",
        options.SPARK_SELECTION,
        (("batch_ids",),),
        options.spark_selection,
        lambda params: options.spark_policy({}),
        lambda session, workspace, selection, policy: SparkBatches(session),
    ),
}
# The arguments that depend on the kind.
SPEC = {name: spec for kind in WATCHED.values() for name, spec in kind.spec.items()}


def kind_of(args: Mapping[str, Any]) -> str:
    """The argument ``kind``.

    :raises OptionError: there is no such kind.
    """
    kind = text(args.get(KIND)) or DEFAULT_KIND
    if kind not in WATCHED:
        raise OptionError(KIND, f"must be one of {', '.join(WATCHED)}")
    return kind


def check_arguments(kind: str, params: Mapping[str, Any]) -> None:
    """Check that all arguments have a meaning with this kind.

    :raises OptionError: one has none.
    """
    for name in sorted(SPEC.keys() - WATCHED[kind].spec.keys()):
        if params.get(name) not in _EMPTY:
            kinds = " or ".join(other for other, watched in WATCHED.items() if name in watched.spec)
            raise OptionError(name, f"has no meaning with kind: {kind}, only with {kinds}")
