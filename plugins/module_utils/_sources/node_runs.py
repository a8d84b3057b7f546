# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.
"""The runs of nodes with a trigger, added to the reading of their job."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Mapping

from .._clock import Clock, SteadyWall
from .._cloud.calls import Task
from .._errors import RequestError
from .._gate.runs.choice import planned_at, rank
from .._gate.runs.rule import NodeRunRule, since_of
from .._services.factory.instance_answers import state as run_state
from .._services.factory.instances import WINDOW, Instances, Query
from .._services.factory.jobs import DataArts
from .._services.readings import STATUS, Reading
from .._states import FAILED_RUN_STATES, INSTANCE_STATES, RESTING_STATES, SUCCESS

_SUB_JOB = 6  # the type of a run of a node


class NodeRuns:
    """Reads the runs of nodes since a time.

    A run without any time counts, unless it has succeeded: it may be an old one. A time far ahead shows no success either.

    :ivar since: runs planned before that do not count, in epoch milliseconds.
    :ivar wall: the present time, up to which runs are looked for.
    """

    def __init__(self, service: DataArts, rule: NodeRunRule, clock: Clock) -> None:
        self.since = since_of(rule, clock.wall())
        self.wall = SteadyWall(clock)
        self._service = service
        self._instances = Instances(service.workspace)
        self._triggers: Dict[str, FrozenSet[str]] = {}

    def add(self, reading: Reading) -> "Task[Reading]":
        """A job with ``runs`` in each node that has a trigger, and ``failed_run`` where one of them has failed."""
        job = reading.job
        if job is None or job["status"] in RESTING_STATES:
            return reading
        name = reading.name
        try:
            if name not in self._triggers:
                self._triggers[name] = yield from self._service.triggered_nodes(name)
            shown = job["nodes"] + self._unshown(name, job["nodes"])
            nodes = {f"{name}_{node['name']}": node for node in shown if self._is_triggered(name, node)}
            runs = yield from self._read(name, nodes)
            added = {}
            for sub_job, found in runs.items():
                added[nodes[sub_job]["name"]] = yield from self._fields(sub_job, found)
        except RequestError as error:
            return Reading(name, reading.at, STATUS, error=error)
        return reading._replace(job={**job, "nodes": [{**node, **added.get(node["name"], {})} for node in shown]})

    def _unshown(self, job: str, nodes: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """The nodes with a trigger that the status call does not show. An answer may lack nodes, and their runs count nevertheless."""
        names = self._triggers[job].difference(node["name"] for node in nodes)
        return [{"name": name, "status": None, "type": None, "log_path": None} for name in sorted(names) if name]

    def _is_triggered(self, job: str, node: Mapping[str, Any]) -> bool:
        """Whether a node has a trigger. A node without one may be shown as waiting, with the number 0 for its run."""
        state = run_state(node.get("last_instance_status"))
        has_run = state is not None and not (state == "waiting" and node.get("job_instance_id") == 0)
        return has_run or node["name"] in self._triggers[job]

    def _read(self, job: str, nodes: Mapping[str, Any]) -> "Task[Dict[str, List[Dict[str, Any]]]]":
        """The runs that count of each sub-job, the latest first."""
        runs: Dict[str, List[Dict[str, Any]]] = {sub_job: [] for sub_job in nodes}
        if not nodes:
            return runs
        latest = self.wall.milliseconds()
        query = Query(self.since, latest, f"{job}_", kind=_SUB_JOB)
        # A batch job may have the name of a sub-job.
        listing = yield from self._instances.list(
            query, lambda item: item["job_name"] in nodes and item["instance_type"] in (None, _SUB_JOB)
        )
        if listing.problem is not None:
            raise self._instances.contradiction(listing.problem)
        for item in listing.jobs:
            if self._counts(item, latest):
                runs[item["job_name"]].append(item)
        return {sub_job: sorted(found, key=rank, reverse=True) for sub_job, found in runs.items()}

    def _counts(self, run: Dict[str, Any], latest: int) -> bool:
        planned = planned_at(run)
        if run["status"] == SUCCESS:
            return planned is not None and self.since <= planned <= latest + WINDOW
        return planned is None or planned >= self.since

    def _fields(self, sub_job: str, runs: List[Dict[str, Any]]) -> "Task[Dict[str, Any]]":
        """What the runs of a node come to. Of a failed one, the log is looked up, which only its own call shows."""
        failed = [run for run in runs if run["status"] in FAILED_RUN_STATES]
        counts = {
            "since": self.since,
            "total": len(runs),
            "succeeded": sum(run["status"] == SUCCESS for run in runs),
            "failed": len(failed),
        }
        unknown = [run["status"] or "UNKNOWN" for run in runs if run["status"] not in INSTANCE_STATES]
        found = {"runs": counts, "failed_run": None, "unknown_run": next(iter(unknown), None)}
        if not failed:
            return found
        run = failed[0]
        reading = yield from self._instances.one(sub_job, run["instance_id"], sub_job)
        if reading.error is not None and reading.error.refused:
            raise reading.error
        nodes = (reading.job or {}).get("nodes") or []
        path = next((node["log_path"] for node in nodes if node["log_path"]), None)
        message = run["message"] or (reading.job or {}).get("message") or ""
        shown = {key: run.get(key) for key in ("instance_id", "status", "plan_time", "start_time", "end_time")}
        return {**found, "failed_run": {**shown, "message": message, "log_path": path}}
