# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source: its documentation of the connection options and its JSON schema are generated, the rest is compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from options import regions
from options.documentation import differences, documented, meaning, plugin_code, specifications, variables, wrapped
from tree import ROOT

SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "dataarts_jobs.py"
SCHEMA = SOURCE.parent / "schemas" / "dataarts_jobs.json"
WATCHED_JOBS = "module_utils._entry_points.watched_jobs"
MAX_WIDTH = 120
JSON_TYPES = {
    "str": "string",
    "path": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
}
# What a schema can say in addition to the documentation.
RANGES: dict[str, dict[str, float]] = {
    "min_jobs": {"minimum": 1},
    "interval": {"minimum": 0.1},
    "request_timeout": {"exclusiveMinimum": 0},
    "retries": {"minimum": 0, "maximum": 100},
    "requests_per_second": {"minimum": 0},
}


def connection_lines() -> Iterator[str]:
    """The documentation of the connection options, without markup, which ansible-rulebook does not know."""
    documentation = documented()
    for name, option in specifications().CONNECTION.items():
        text = re.sub(r"\b[A-Z]+\(([^()]*)\)", r"\1", meaning(documentation[name]))
        used = variables(name).rstrip(",")
        yield from (f"  {name}:", f"    type: {option['type']}")
        if "choices" in option:
            yield f"    choices: [{', '.join(option['choices'])}]"
        if "default" in option:
            yield f"    default: {option['default']}"
        yield "    description:"
        for sentence in (re.split(r"(?<=\.) ", text)[0], f"If not set, {used} is used." if used else ""):
            if sentence:
                yield "      - >-"
                yield from wrapped(sentence, MAX_WIDTH, " " * 8)


def arguments(source: str) -> dict[str, Any]:
    """The documented arguments in the text of the event source."""
    found: dict[str, Any] = yaml.safe_load(source.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
    return found


def schema(options: Mapping[str, Any]) -> dict[str, Any]:
    """The schema for documented arguments."""
    watched = plugin_code(WATCHED_JOBS).WATCHED
    endpoints = specifications().CONNECTION["endpoints"]["options"]
    properties: dict[str, Any] = {}
    for name, option in options.items():
        text = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
        entry: dict[str, Any] = {"description": text}
        if option["type"] == "list":
            entry.update(type=["array", "string"], items={"type": "string"})
        else:
            entry["type"] = JSON_TYPES[option["type"]]
        if name == "endpoints":
            entry.update(properties={key: {"type": "string"} for key in endpoints}, additionalProperties=False)
        if "choices" in option:
            entry["enum"] = option["choices"]
        if "default" in option:
            entry["default"] = option["default"]
        properties[name] = {**entry, **RANGES.get(name, {})}
        for alias in sorted({alias for kind in watched.values() for alias, of in kind.aliases.items() if of == name}):
            properties.setdefault(alias, {**entry, "description": f"The same as {name}."})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event source datagate.huaweicloud.dataarts_jobs",
        "description": "Arguments. Which of them select the jobs depends on kind.",
        "type": "object",
        "properties": properties,
        "oneOf": [schema_of_kind(name, watched) for name in watched],
        "additionalProperties": False,
    }


def schema_of_kind(name: str, watched: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one kind of jobs: no arguments of other kinds, and exactly one way to select jobs."""
    default, kind = next(iter(watched)), watched[name]
    known = {*kind.spec, *kind.aliases}
    foreign = {argument for other in watched.values() for argument in (*other.spec, *other.aliases)} - known
    ways = []
    for way in kind.ways:
        names = [*way, *sorted(alias for alias, of in kind.aliases.items() if of in way)]
        # Names of one argument exclude each other, while different arguments may be combined.
        choice = "oneOf" if len(way) == 1 else "anyOf"
        required = [{"required": [argument]} for argument in names]
        ways.append(required[0] if len(required) == 1 else {choice: required})
    return {
        "properties": {"kind": {"const": name}, **dict.fromkeys(sorted(foreign), False)},
        **({} if name == default else {"required": ["kind"]}),
        "oneOf": ways,
    }


def texts() -> dict[Path, str]:
    """The event source and its schema, with the generated parts as they should be."""
    lines = "".join(f"{line}\n" for line in connection_lines())
    source = regions.filled(SOURCE, lambda *dummy: lines)
    return {SOURCE: source, SCHEMA: json.dumps(schema(arguments(source)), indent=2, ensure_ascii=False) + "\n"}


def problems() -> Iterator[str]:
    """Where the arguments differ from the modules' options, in presence, type or default."""
    found = arguments(SOURCE.read_text("utf-8"))
    for name in sorted(found.keys() ^ set(plugin_code("module_utils._entry_points.event_source").ARGUMENTS)):
        yield f"{SOURCE.name}: {name} is {'no argument' if name in found else 'not documented'}"
    shared = {**specifications().CONNECTION, **plugin_code(WATCHED_JOBS).SPEC}
    both = found.keys() & shared.keys()
    yield from differences(SOURCE.name, comparable(found, both), comparable(shared, both))


def comparable(options: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Type and default of options. An empty default is the same as none."""
    keys = ("type", "elements", "choices", "default")
    return {name: {key: options[name].get(key) or None for key in keys} for name in names}
