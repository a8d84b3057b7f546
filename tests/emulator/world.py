# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the emulated cloud at any time: a pure function of the scenario, the time and the causes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .dli_model import DliJobModel
from .jobs_model import EpochMs, JobModel
from .jobs_spec import CLUSTER_FIELDS, DLI_FIELDS, JOB_ENTRY, NODE_ENTRY, check_changes
from .scenario import Scenario
from .timeline import Change, Firing

FLINK = "flink"
SPARK = "spark"
MAX_CACHED_FILTERS = 64
"""Filtered lists kept; only while no listed job ever disappears."""


class World:
    """Jobs of every workspace, DLI jobs, and the events fired so far. Each method takes the time."""

    def __init__(self, scenario: Scenario, epoch_ms: EpochMs) -> None:
        self._scenario = scenario
        self._models = [JobModel(spec, epoch_ms) for spec in scenario.jobs]
        self._by_name = {(model.spec.workspace, model.spec.name): model for model in self._models}
        self._dli = {spec.job_id: DliJobModel(spec, epoch_ms) for spec in scenario.dli_jobs}
        self._clusters = {
            FLINK: {spec.job_id: DliJobModel(spec, epoch_ms) for spec in scenario.flink_jobs},
            SPARK: {spec.job_id: DliJobModel(spec, epoch_ms) for spec in scenario.spark_batches},
        }
        self._listeners: dict[str, list[JobModel | DliJobModel]] = {}
        self._all: list[JobModel | DliJobModel] = [*self._models, *self._dli.values()]
        self._all += [model for models in self._clusters.values() for model in models.values()]
        for each in self._all:
            for event in each.events:
                self._listeners.setdefault(event, []).append(each)
        self.fired: dict[str, float] = {}
        self._filtered: dict[tuple[Any, ...], tuple[list[JobModel], bool]] = {}

    @property
    def events(self) -> list[str]:
        """The events that a part of the scenario depends on."""
        return sorted(self._listeners)

    def fire(self, event: str, time: float) -> int:
        """Fire an event at `time` seconds; returns the number of jobs that depend on it."""
        self.fired[event] = time
        self._filtered.clear()
        listeners = self._listeners.get(event, [])
        for model in listeners:
            model.fire(Firing(time, event))
        return len(listeners)

    def change_job(self, name: str, workspace: str | None, time: float, changes: Mapping[str, Any]) -> None:
        """Change a job (and, under `nodes`, its nodes by name) from `time` seconds on."""
        model = self._only(name, workspace)
        own = {key: value for key, value in changes.items() if key != "nodes"}
        nodes = {
            node: check_changes(f"{name}.{node}", values, NODE_ENTRY)
            for node, values in (changes.get("nodes") or {}).items()
        }
        model.change(Change(time, check_changes(name, own, JOB_ENTRY)), nodes)
        self._filtered.clear()

    def change_dli_job(self, job_id: str, time: float, changes: Mapping[str, Any]) -> None:
        """Change a DLI job from `time` seconds on."""
        if job_id not in self._dli:
            raise KeyError(f"there is no DLI job {job_id!r}")
        self._dli[job_id].change(Change(time, check_changes(job_id, changes, DLI_FIELDS)))

    def change_cluster_job(self, kind: str, job_id: str, time: float, changes: Mapping[str, Any]) -> None:
        """Change a Flink job (`FLINK`) or a Spark batch (`SPARK`) from `time` seconds on."""
        if job_id not in self._clusters[kind]:
            raise KeyError(f"there is no {kind} job {job_id!r}")
        self._clusters[kind][job_id].change(Change(time, check_changes(job_id, changes, CLUSTER_FIELDS)))

    def reset(self) -> None:
        """Undo every event and change."""
        self.fired.clear()
        self._filtered.clear()
        for model in self._all:
            model.reset()

    def job(self, name: str, workspace: str | None, time: float) -> JobModel | None:
        """The job of that name, unless it does not exist at `time` seconds."""
        model = self._by_name.get((workspace, name))
        return None if model is None or model.state(time).absent else model

    def dli_job(self, job_id: str, time: float) -> DliJobModel | None:
        """The DLI job of that ID, unless it does not exist at `time` seconds."""
        model = self._dli.get(job_id)
        return None if model is None or model.state(time).absent else model

    def dli_jobs(self, time: float) -> list[DliJobModel]:
        """The DLI jobs that exist at `time` seconds."""
        return [model for model in self._dli.values() if not model.state(time).absent]

    def cluster_job(self, kind: str, job_id: str, time: float) -> DliJobModel | None:
        """The Flink job or Spark batch of that ID, unless it does not exist at `time` seconds."""
        model = self._clusters[kind].get(job_id)
        return None if model is None or model.state(time).absent else model

    def cluster_jobs(self, kind: str, time: float) -> list[DliJobModel]:
        """The Flink jobs or Spark batches that exist at `time` seconds."""
        return [model for model in self._clusters[kind].values() if not model.state(time).absent]

    def jobs(self, workspace: str | None, kind: str, name: str, tags: frozenset[str], time: float) -> list[JobModel]:
        """The jobs in the list at `time` seconds, filtered like the server, in the list's order."""
        key = (workspace, kind, name, tags)
        if key not in self._filtered:
            if len(self._filtered) >= MAX_CACHED_FILTERS:
                self._filtered.clear()
            found = [model for model in self._models if self._fits(model, workspace, kind, name, tags)]
            if self._scenario.list_order == "name":
                found.sort(key=lambda model: model.spec.name)
            self._filtered[key] = (found, any(model.ever_absent for model in found))
        models, some_absent = self._filtered[key]
        if some_absent:
            models = [model for model in models if not model.listed(time).absent]
        if self._scenario.list_order == "last_update":
            models = sorted(models, key=lambda model: model.listed(time).updated, reverse=True)
        return models

    def _fits(self, model: JobModel, workspace: str | None, kind: str, name: str, tags: frozenset[str]) -> bool:
        spec = model.spec
        if spec.workspace != workspace or spec.type != kind:
            return False
        if name and not (
            name in spec.name if self._scenario.fuzzy_case_sensitive else name.casefold() in spec.name.casefold()
        ):
            return False
        if not tags:
            return True
        common = tags.intersection(spec.tags)
        return common == tags if self._scenario.tags_match == "all" else bool(common)

    def _only(self, name: str, workspace: str | None) -> JobModel:
        found = [
            model
            for (where, called), model in self._by_name.items()
            if called == name and (workspace is None or where == workspace)
        ]
        if len(found) != 1:
            problem = "there is no job" if not found else "more than one workspace has a job"
            raise KeyError(f"{problem} {name!r}" + (f" in workspace {workspace!r}" if workspace else ""))
        return found[0]
