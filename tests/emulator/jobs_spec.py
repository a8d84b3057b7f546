# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of a scenario as read: DataArts jobs with their nodes, and DLI jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .runs_spec import RunSpec, read_runs
from .section import ScenarioError, Section
from .timeline import Entry, existing, read_timeline

JOB_FIELDS: Final[dict[str, str]] = {
    "owner": "owner",
    "priority": "priority",
    "create_user": "createUser",
    "create_time": "createTime",
    "last_instance_status": "lastInstanceStatus",
    "last_instance_end_time": "lastInstanceEndTime",
    "last_update_user": "lastUpdateUser",
    "last_modify_user": "lastModifiyUser",
    "path": "path",
    "single_node_job_flag": "singleNodeJobFlag",
    "alarms": "alarms",
    "flink_job_info": "flinkJobInfo",
}
"""A job's plain fields: name in the scenario -> name in the answers."""

JOB_TIMES: Final[dict[str, str]] = {
    "start_time": "startTime",
    "end_time": "endTime",
    "last_update_time": "lastUpdateTime",
}
"""A job's times (epoch milliseconds, or `now`), kept by the emulator unless the scenario gives them."""

NODE_FIELDS: Final[dict[str, str]] = {
    "type": "type",
    "log_path": "logPath",
    "last_instance_status": "lastInstanceStatus",
    "speed": "speed",
    "running_data": "runningData",
    "extend_counter": "extendCounter",
    "total_put_bytes": "totalPutBytes",
    "total_get_bytes": "totalGetBytes",
    "total_put_records": "totalPutRecords",
    "total_get_records": "totalGetRecords",
    "buffer_records": "bufferRecords",
    "job_instance_id": "jobInstanceId",
}
"""A node's fields: name in the scenario -> name in the answers."""

DLI_FIELDS: Final = (
    "status",
    "absent",
    "progress",
    "progress_to",
    "over",
    "sub_job_id",
    "sub_jobs",
    "message",
    "is_success",
    "extra",
)
"""What an entry of a DLI job's timeline may change."""

CLUSTER_FIELDS: Final = ("status", "absent", "message", "extra")
"""What an entry of the timeline of a Flink job or Spark batch may change."""

JOB_ENTRY: Final = ("status", "absent", *JOB_TIMES, *JOB_FIELDS, "extra")
NODE_ENTRY: Final = ("status", "absent", "records_per_second", *NODE_FIELDS, "extra")
FOLLOW: Final = "follow"
"""Status of a node that follows its job."""

OLD_SPELLINGS: Final = ("STARTTING", "starttime", "LastInstanceStatus", "nodeType")
_NUMBERED = re.compile(r"\{i\b")


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node: `initial` holds from the beginning, in the scenario's names; `omit` lists fields never sent."""

    name: str
    initial: Mapping[str, Any]
    timeline: tuple[Entry, ...]
    omit: frozenset[str]
    trigger: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A DataArts job. `shift` (seconds) delays its timeline; `workspace` None is the default workspace."""

    name: str
    type: str
    workspace: str | None
    tags: tuple[str, ...]
    initial: Mapping[str, Any]
    timeline: tuple[Entry, ...]
    list_timeline: tuple[Entry, ...]
    nodes: tuple[NodeSpec, ...]
    omit: frozenset[str]
    shift: float
    started_as: str = "NORMAL"
    stopped_as: str = "STOPPED"
    run_as: str = "success"
    order_errors: tuple[tuple[str, str], ...] = ()
    runs: tuple[RunSpec, ...] = ()
    rows: int = 0


@dataclass(frozen=True, slots=True)
class ErrorWindow:
    """From `begin` to `end` seconds (since the start, or since `after`) `calls` of a DLI job answer `code`."""

    begin: float
    end: float
    after: str | None
    code: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DliJobSpec:
    """A DLI job; `fields` are those of the status call that never change."""

    job_id: str
    initial: Mapping[str, Any]
    timeline: tuple[Entry, ...]
    errors: tuple[ErrorWindow, ...]
    fields: Mapping[str, Any]
    omit: frozenset[str]


def read_jobs(scenario: Section) -> tuple[JobSpec, ...]:
    """The DataArts jobs of the scenario; an entry with `count` stands for that many."""
    jobs: list[JobSpec] = []
    seen: set[tuple[str | None, str]] = set()
    for section in scenario.sections("jobs"):
        for job in _expand(section):
            if (job.workspace, job.name) in seen:
                raise ScenarioError(f"{section.where}.name: there is another job {job.name!r} in the same workspace")
            seen.add((job.workspace, job.name))
            jobs.append(job)
    return tuple(jobs)


def _expand(section: Section) -> Iterator[JobSpec]:
    count = section.optional_integer("count")
    stagger = section.number("stagger", 0.0)
    if count is None:
        yield _read_job(section, 0.0)
        return
    if not _NUMBERED.search(section.text("name")):
        raise section.fail("name", "with `count` it must hold the number, as in 'job_{i:05d}'")
    source = section.mapping_itself()
    shared = {key: value for key, value in source.items() if key != "name"}
    alike = not _holds_number(shared)
    first = _read_job(Section(_numbered(source, 0, section.where), section.where), 0.0) if alike and count else None
    for index in range(count):
        if first is not None:
            name = _numbered(source["name"], index, section.where)
            yield replace(first, name=name, shift=index * stagger)
        else:
            yield _read_job(Section(_numbered(source, index, section.where), section.where), index * stagger)


def _holds_number(value: object) -> bool:
    if isinstance(value, str):
        return bool(_NUMBERED.search(value))
    if isinstance(value, Mapping):
        return any(_holds_number(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_holds_number(item) for item in value)


def _numbered(value: Any, index: int, where: str) -> Any:
    if isinstance(value, str) and _NUMBERED.search(value):
        try:
            return value.format(i=index)
        except (ValueError, KeyError, IndexError) as error:
            raise ScenarioError(f"{where}: {value!r} is not a template: {error}") from error
    if isinstance(value, Mapping):
        return {key: _numbered(item, index, where) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbered(item, index, where) for item in value]
    return value


def _read_job(section: Section, shift: float) -> JobSpec:
    section.know("count", "stagger")
    name = section.text("name")
    kind = section.choice("type", ("REAL_TIME", "BATCH"), "REAL_TIME")
    initial = {key: section.any(key) for key in JOB_ENTRY if key in section}
    nodes = tuple(_read_node(node) for node in section.sections("nodes"))
    names = [node.name for node in nodes]
    if len(set(names)) != len(names):
        raise section.fail("nodes", "two nodes have the same name")
    job = JobSpec(
        name=name,
        type=kind,
        workspace=section.optional_text("workspace"),
        tags=section.texts("tags"),
        initial=_checked(section, existing(initial)),
        timeline=_read_timeline(section, "timeline", JOB_ENTRY),
        list_timeline=_read_timeline(section, "list_timeline", JOB_ENTRY),
        nodes=nodes,
        omit=frozenset(section.texts("omit")),
        shift=shift,
        started_as=section.text("started_as", "NORMAL"),
        stopped_as=section.text("stopped_as", "STOPPED"),
        run_as=section.text("run_as", "success"),
        runs=read_runs(section),
        rows=section.integer("rows", 0),
        order_errors=tuple(sorted((key, str(code)) for key, code in section.mapping("order_errors").items())),
    )
    section.done()
    return job


def _read_node(section: Section) -> NodeSpec:
    name = section.text("name")
    initial = {key: section.any(key) for key in NODE_ENTRY if key in section}
    node = NodeSpec(
        name=name,
        initial=_checked(section, initial),
        timeline=_read_timeline(section, "timeline", NODE_ENTRY),
        omit=frozenset(section.texts("omit")),
        trigger=section.choice("trigger", ("cron", "event"), "cron") if "trigger" in section else None,
    )
    section.done()
    return node


def read_dli_jobs(scenario: Section) -> tuple[DliJobSpec, ...]:
    """The DLI jobs of the scenario."""
    jobs = []
    for section in scenario.sections("dli_jobs"):
        initial = {key: section.any(key) for key in DLI_FIELDS if key in section}
        jobs.append(
            DliJobSpec(
                job_id=section.text("job_id"),
                initial=_checked(section, existing(initial)),
                timeline=_read_timeline(section, "timeline", DLI_FIELDS),
                errors=tuple(_read_window(window) for window in section.sections("errors")),
                fields=section.mapping("status_fields"),
                omit=frozenset(section.texts("omit")),
            )
        )
        section.done()
    if len({job.job_id for job in jobs}) != len(jobs):
        raise scenario.fail("dli_jobs", "two jobs have the same job_id")
    return tuple(jobs)


def read_cluster_jobs(scenario: Section, key: str, id_key: str, status: str) -> tuple[DliJobSpec, ...]:
    """The Flink jobs or Spark batches of the scenario: `name` and further fields of the API are in `fields`.

    :param status: the state at the start, where the scenario names none.
    """
    jobs = []
    for section in scenario.sections(key):
        initial = {name: section.any(name) for name in CLUSTER_FIELDS if name in section}
        fields = {"name": section.text("name", ""), **section.mapping("fields")}
        jobs.append(
            DliJobSpec(
                job_id=section.text(id_key),
                initial={"status": status, **_checked(section, existing(initial))},
                timeline=_read_timeline(section, "timeline", CLUSTER_FIELDS),
                errors=(),
                fields=fields,
                omit=frozenset(section.texts("omit")),
            )
        )
        section.done()
    if len({job.job_id for job in jobs}) != len(jobs):
        raise scenario.fail(key, f"two have the same {id_key}")
    return tuple(jobs)


def _read_window(section: Section) -> ErrorWindow:
    window = ErrorWindow(
        begin=section.number("from", 0.0),
        end=section.number("to", float("inf")),
        after=section.optional_text("after"),
        code=section.text("code", "DLI.0999"),
        calls=section.texts("calls") or ("progress",),
    )
    if unknown := set(window.calls) - {"progress", "status"}:
        raise section.fail("calls", f"progress or status is wanted, not {sorted(unknown)}")
    section.done()
    return window


def _read_timeline(section: Section, key: str, keys: tuple[str, ...]) -> tuple[Entry, ...]:
    entries = read_timeline(section, key, keys)
    for index, entry in enumerate(entries):
        _checked(Section({}, f"{section.place(key)}[{index}]"), entry.changes)
    return entries


def _checked(section: Section, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Refuse values of the wrong kind in a job's, node's or DLI job's changes."""
    status = changes.get("status")
    if status is not None and not isinstance(status, str):
        raise section.fail("status", f"a text or null is wanted, not {status!r}")
    if not isinstance(changes.get("absent", False), bool):
        raise section.fail("absent", f"true or false is wanted, not {changes['absent']!r}")
    if not isinstance(changes.get("extra", {}), Mapping):
        raise section.fail("extra", f"a mapping is wanted, not {changes['extra']!r}")
    for key in JOB_TIMES:
        value = changes.get(key)
        if isinstance(value, str) and not re.fullmatch(r"now([+-]\d+(\.\d+)?)?", value):
            raise section.fail(key, f"epoch milliseconds, 'now', 'now-60' or null is wanted, not {value!r}")
    for key in ("records_per_second", "progress_to", "over"):
        value = changes.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise section.fail(key, f"a number is wanted, not {value!r}")
    for key in ("total_put_records", "total_get_records"):
        value = changes.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise section.fail(key, f"a whole number is wanted, not {value!r}")
    sub_jobs = changes.get("sub_jobs")
    if sub_jobs is not None and not (
        isinstance(sub_jobs, (list, tuple)) and all(isinstance(item, Mapping) for item in sub_jobs)
    ):
        raise section.fail("sub_jobs", f"a list of mappings is wanted, not {sub_jobs!r}")
    return changes


def check_changes(name: str, changes: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Check external changes of the job or node `name`; returns them, ready for a timeline."""
    section = Section(changes, name)
    checked = {key: section.any(key) for key in keys if key in section}
    section.done()
    return existing(dict(_checked(section, checked)))
