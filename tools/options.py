# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares all places that list options with the tables in plugins/module_utils/_argument_spec.py.

python tools/options.py           print what differs; exits with 1 if anything does
python tools/options.py --write   write the schema of the event source from its documentation

The tables hold type, choices and default of each option. Documentation fragments, the event source and its schema, the role's
argument_specs and the credential type of AWX have to repeat some of that, because other programs read them. ansible-test compares a
module's own documentation with its specification; it knows nothing of the others.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "ansible_collections.datagate.huaweicloud.plugins"
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "dataarts_jobs.py"
SCHEMA = SOURCE.parent / "schemas" / "dataarts_jobs.json"
ROLE = ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml"
AWX = ROOT / "playbooks" / "awx"
PREFIX = "job_gate_"

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
# Inputs of the credential type that are parts of an option, or a file with its value.
AWX_PARTS = {"ca": "ca_path", **{f"{service}_endpoint": "endpoints" for service in ("dataarts", "dli", "iam")}}


def module(name: str) -> Any:
    """A module of the collection."""
    return import_module(f"{PACKAGE}.{name}")


def differences(place: str, documented: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """Where the documentation of options says something else than their specification."""
    for name in sorted(documented.keys() ^ spec.keys()):
        yield f"{place}: {name} is {'not in the table' if name in documented else 'missing'}"
    for name in sorted(documented.keys() & spec.keys()):
        for key in ("type", "elements", "choices", "default", "aliases"):
            found, wanted = documented[name].get(key), spec[name].get(key)
            if found != wanted:
                yield f"{place}: {key} of {name} is {found!r}, and {wanted!r} in the table"
        if "options" in spec[name]:
            yield from differences(f"{place}, {name}", documented[name].get("suboptions", {}), spec[name]["options"])


def fragments() -> Iterator[str]:
    """The documentation fragments of the modules, of the inventory too."""
    spec = module("module_utils._argument_spec")
    own = {name: what for name, what in spec.REAL_TIME_GATE.items() if name not in spec.GATE}
    groups = {"connection": spec.CONNECTION, "workspace": spec.WORKSPACE, "gate": spec.GATE, "real_time_gate": own}
    for name, options in groups.items():
        text = module(f"doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION
        yield from differences(f"doc_fragments/{name}.py", yaml.safe_load(text)["options"], options)


def source_options() -> dict[str, Any]:
    """The documented arguments of the event source."""
    text = SOURCE.read_text("utf-8").split('DOCUMENTATION = r"""')[1].split('"""')[0]
    found: dict[str, Any] = yaml.safe_load(text)["options"]
    return found


def schema() -> dict[str, Any]:
    """The schema of the event source."""
    aliases = module("module_utils._event_source").ALIASES
    endpoints = module("module_utils._argument_spec").CONNECTION["endpoints"]["options"]
    properties: dict[str, Any] = {}
    for name, option in source_options().items():
        text = option["description"] if isinstance(option["description"], str) else " ".join(option["description"])
        what: dict[str, Any] = {"description": text}
        if option["type"] == "list":
            what.update(type=["array", "string"], items={"type": "string"})
        else:
            what["type"] = JSON_TYPES[option["type"]]
        if name == "endpoints":
            what.update(properties={key: {"type": "string"} for key in endpoints}, additionalProperties=False)
        if "choices" in option:
            what["enum"] = option["choices"]
        if "default" in option:
            what["default"] = option["default"]
        properties[name] = {**what, **RANGES.get(name, {})}
        for alias in (alias for alias, of in aliases.items() if of == name):
            properties[alias] = {**what, "description": f"The same as {name}."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event source datagate.huaweicloud.dataarts_jobs",
        "description": "Arguments. Exactly one of job_names (aliases: job_name, name), tags and name_contains is required.",
        "type": "object",
        "properties": properties,
        "oneOf": [{"required": [name]} for name in ("job_names", *aliases, "tags", "name_contains")],
        "additionalProperties": False,
    }


def event_source() -> Iterator[str]:
    """The event source: its arguments have the types of the modules' options, no defaults of variables, and its schema."""
    spec, code = module("module_utils._argument_spec"), module("module_utils._event_source")
    shared = {**spec.CONNECTION, **spec.WORKSPACE, **spec.SELECTION}
    documented = source_options()
    for name in sorted(documented.keys() ^ set(code.ARGUMENTS)):
        yield f"{SOURCE.name}: {name} is {'no argument' if name in documented else 'not documented'}"
    for name in sorted(documented.keys() & shared.keys()):
        for key in ("type", "elements", "choices"):
            found, wanted = documented[name].get(key), shared[name].get(key)
            if found != wanted:
                yield f"{SOURCE.name}: {key} of {name} is {found!r}, and {wanted!r} in the table"
        found, wanted = documented[name].get("default"), shared[name].get("default")
        if (found or None) != (wanted or None):
            yield f"{SOURCE.name}: the default of {name} is {found!r}, and {wanted!r} in the table"
    if json.loads(SCHEMA.read_text("utf-8")) != schema():
        yield f"{SCHEMA.name} differs from the documentation; `make options` writes it"


def role() -> Iterator[str]:
    """The role: a variable for each option of its modules, with the same default in its description."""
    variables, entries = module("plugin_utils.role.variables"), module("plugin_utils.role.entries")
    specs = yaml.safe_load(ROLE.read_text("utf-8"))["argument_specs"]
    for name in sorted(specs.keys() ^ entries.ENTRIES.keys()):
        yield f"{ROLE.name}: the entry point {name} is {'not in the table' if name in specs else 'missing'}"
    for name, entry in entries.ENTRIES.items():
        code = module(f"modules.{entry.module}")
        connection = module("module_utils._argument_spec").CONNECTION
        wanted = {**connection, **code.ARGUMENTS}
        wanted = {key: what for key, what in wanted.items() if key not in ("wait", "wait_for")}
        options = {key.removeprefix(PREFIX): what for key, what in specs[name]["options"].items()}
        for option in sorted(options.keys() ^ {*wanted, *variables.OWN}):
            yield f"{ROLE.name}, {name}: {option} is {'no variable' if option in options else 'missing'}"
        for option in sorted(options.keys() & wanted.keys()):
            yield from _default(f"{ROLE.name}, {name}", option, options[option], wanted[option].get("default"))


def _default(place: str, option: str, documented: Mapping[str, Any], default: Any) -> Iterator[str]:
    """The sentence about the default."""
    said = documented["description"]
    text = said if isinstance(said, str) else " ".join(said)
    if default in (None, [], False) or option in ("job_names", "job_ids"):
        return
    words = [str(item).lower() for item in (default if isinstance(default, list) else [default])]
    told = re.search(r"If not set, ([^.;]*)", text)
    if told is None or not all(re.search(rf"\b{re.escape(word)}\b", told[1].lower()) for word in words):
        yield f"{place}: the description of {option} does not say that its default is {default!r}"


def credential_type() -> Iterator[str]:
    """The credential type of AWX: fields are options, secret where these are, and injected as variables that the collection reads."""
    spec, environment = module("module_utils._argument_spec"), module("module_utils._cloud.environment")
    chain = module("module_utils._cloud.credentials.chain")
    known = {**spec.CONNECTION, **spec.WORKSPACE}
    inputs = yaml.safe_load((AWX / "credential_type_inputs.yml").read_text("utf-8"))
    injectors = yaml.safe_load((AWX / "credential_type_injectors.yml").read_text("utf-8"))
    fields = {field["id"]: field for field in inputs["fields"]}
    for name, field in fields.items():
        option = AWX_PARTS.get(name, name)
        if option not in known:
            yield f"credential_type_inputs.yml: {name} is no option"
        elif bool(field.get("secret")) != bool(known[option].get("no_log")) and name != "access_key":
            yield f"credential_type_inputs.yml: {name} is {'' if field.get('secret') else 'not '}secret, unlike the option"
    read = {name for names in environment.ENVIRONMENT.values() for name in names}
    read |= {name for names in environment.ENDPOINT_ENVIRONMENT.values() for name in names}
    read |= {name for sets in chain.FAMILIES.values() for names in sets for name in names.values()}
    used = json.dumps(injectors)
    for name in injectors["env"].keys() - read:
        yield f"credential_type_injectors.yml: {name} is not read by the collection"
    for name in fields:
        if not re.search(rf"\b{name}\b", used):
            yield f"credential_type_injectors.yml: the field {name} is not used"


def problems() -> list[str]:
    """All differences, one line each."""
    return [line for check in (fragments, event_source, role, credential_type) for line in check()]


def main() -> int:
    """Entry point."""
    if "--write" in sys.argv[1:]:
        SCHEMA.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    found = problems()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".venv" / "collections"))
    sys.exit(main())
