# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role: its argument_specs have a variable for each option of its modules, generated with text and defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from options import regions
from options.documentation import documented, meaning, plugin_code, specifications, variables, wrapped
from tree import ROOT

ROLE = ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml"
PREFIX = "job_gate_"
MAX_WIDTH = 150
# The entry points whose options are generated; the others refer to them.
GENERATED = ("main", "runs_succeeded", "dli_finished", "dli_flink_running", "dli_spark_finished")
# Options that the role sets itself.
SET_BY_ROLE = {"wait", "wait_for"}
FORMS = {
    "bool": "A boolean.",
    "list": "A list, or text with commas or line breaks.",
    "dict": "A dictionary, or JSON.",
    "raw": "A boolean or a list.",
}


def options_of(module: str) -> dict[str, Any]:
    """The options of a module that are variables of the role."""
    names = {**plugin_code(f"modules.{module}").ARGUMENTS, **specifications().CONNECTION}
    return {name: option for name, option in names.items() if name not in SET_BY_ROLE}


def lines(options: Mapping[str, Mapping[str, Any]], known: set[str]) -> Iterator[str]:
    """The lines of options: in full, with an anchor, or as a reference to the anchor of a *known* one."""
    documentation = documented()
    for name, option in options.items():
        key = f"      {PREFIX}{name}:"
        if name in known:
            yield f"{key} *{name}"
            continue
        version = documentation[name].get("version_added")
        text = " ".join(filter(None, (markup(meaning(documentation[name])), form(option), unset(name, option))))
        line = f'{key} &{name} {{type: raw, description: "{text}"}}'
        if len(line) <= MAX_WIDTH and not version and not set(text) & set('"\\'):
            yield line
            continue
        yield from (f"{key} &{name}", "        type: raw")
        if version:
            yield f"        version_added: {version}"
        yield "        description: >-"
        yield from wrapped(text, MAX_WIDTH, " " * 10)


def markup(text: str) -> str:
    """The markup of a module's documentation, for the role's. How the value is given stands at its end."""
    text = text.replace(", as a list or as one string with commas", "")
    text = re.sub(r"O\((\w+\.\w+)\)", rf"C({PREFIX}\1)", text)  # an entry of a dictionary is not an option of the role
    text = re.sub(r"O\((\w+)", rf"O({PREFIX}\1", text)
    return re.sub(r"RV\(verdict=(\w+)\)", r"V(\1)", re.sub(r"RV\(([\w.\[\]]+)\)", r"C(\1)", text))


def form(option: Mapping[str, Any]) -> str:
    """How the value is given, for values that are not a single text or number."""
    if "choices" in option:
        return f"One of {', '.join(f'V({choice})' for choice in option['choices'])}."
    return FORMS.get(option["type"], "")


def unset(name: str, option: Mapping[str, Any]) -> str:
    """What is used if the variable is not set."""
    used = re.sub(r"\b([A-Z]+(?:_[A-Z]+)+)\b", r"E(\1)", variables(name))
    if used and option.get("no_log") and "E(" in used:
        return f"Prefer {used}."
    if used:
        return f"If not set, {used} is used."
    default = option.get("default")
    if default in (None, [], ""):
        return ""
    items = default if isinstance(default, list) else [default]
    return f"If not set, {' and '.join(f'V({json.dumps(item).strip(chr(34))})' for item in items)}."


def texts() -> dict[Path, str]:
    """The argument_specs, with the generated options as they should be."""
    entries = plugin_code("plugin_utils.role.entries").ENTRIES
    wanted, known = {}, set[str]()
    for entry in GENERATED:
        options = options_of(entries[entry].module)
        wanted[entry] = "".join(f"{line}\n" for line in lines(options, known))
        known |= options.keys()
    return {ROLE: regions.filled(ROLE, lambda name, dummy: wanted[name])}


def problems() -> Iterator[str]:
    """Entry points that are missing, and options without a variable."""
    entries = plugin_code("plugin_utils.role.entries").ENTRIES
    own = set(plugin_code("plugin_utils.role.variables").OWN)
    specs = yaml.safe_load(ROLE.read_text("utf-8"))["argument_specs"]
    for name in sorted(specs.keys() ^ entries.keys()):
        yield f"{ROLE.name}: the entry point {name} is {'not in the table' if name in specs else 'missing'}"
    for name, entry in entries.items():
        found = {key.removeprefix(PREFIX) for key in specs[name]["options"]}
        for option in sorted(found ^ {*options_of(entry.module), *(own - SET_BY_ROLE)}):
            yield f"{ROLE.name}, {name}: {option} is {'no variable' if option in found else 'missing'}"
