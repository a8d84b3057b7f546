# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares all places that list options with the tables in plugins/module_utils: _argument_spec.py, and _gate/option_groups for gates.

python tools/options.py           print what differs; exits with 1 if anything does
python tools/options.py --write   write what is generated

The tables hold type, choices and default of each option, and the documentation fragments what it means. From these are generated the
options of the role's argument_specs, the connection options in the documentation of the event source, and the schema of the event
source. The credential type of AWX is compared. ansible-test compares a module's own documentation with its specification.
Also generated are the lists of states and of modules (generated_lists.py) and the keys that several modules return
(returned_keys.py).
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

import generated_lists
import returned_keys

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "ansible_collections.datagate.huaweicloud.plugins"
SOURCE = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "dataarts_jobs.py"
SCHEMA = SOURCE.parent / "schemas" / "dataarts_jobs.json"
ROLE = ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml"
AWX = ROOT / "playbooks" / "awx"
PREFIX = "job_gate_"
FRAGMENTS = ("connection", "workspace", "gate", "real_time_gate")
MAX_WIDTH = 150
# The modules of gates. Of several descriptions of one option the last one is used, and the fragments come after the first module.
MODULES = (
    *("dataarts_instance_status", "dli_spark_job_status", "dli_flink_job_status"),
    *("dli_job_progress", "dataarts_job_status"),
)
WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}

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
# What is used if an option is not set, where the tables do not say it.
UNSET = {
    "credentials_file": "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
    "validate_certs": "the negation of HW_INSECURE",
    "endpoints": (
        "HW_DATAARTS_ENDPOINT, HW_DLI_ENDPOINT, HW_IAM_ENDPOINT (or else HW_AUTH_URL), HW_DATAARTS_STUDIO_ENDPOINT or "
        "HW_STS_ENDPOINT"
    ),
    "assume_role_duration": "HW_ASSUME_ROLE_DURATION, or else 3600,",
    "proxy": "the proxy of the environment",
    "retries": "HW_MAX_RETRIES, or else 4,",
}
BEGIN, END = "# -- written by `make options`", "# -- end"
# Inputs of the credential type that are parts of an option, or a file with its value.
AWX_PARTS = {
    "ca": "ca_path",
    **{f"{service}_endpoint": "endpoints" for service in ("dataarts", "dli", "iam", "studio", "sts")},
}


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
    gate = module("module_utils._gate.options")
    own = {name: what for name, what in gate.REAL_TIME_GATE.items() if name not in gate.GATE}
    groups = {"connection": spec.CONNECTION, "workspace": spec.WORKSPACE, "gate": gate.GATE, "real_time_gate": own}
    for name, options in groups.items():
        text = module(f"doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION
        yield from differences(f"doc_fragments/{name}.py", yaml.safe_load(text)["options"], options)


def variables(option: str) -> str:
    """The environment variables of an option, as words; empty without one."""
    chain, environment = (
        module("module_utils._cloud.credentials.credential_sets"),
        module("module_utils._cloud.environment"),
    )
    families = [names for sets in chain.FAMILIES.values() for names in sets if option in names]
    names = [family[option] for family in families] or list(environment.ENVIRONMENT.get(option, ()))
    return UNSET.get(option) or " or ".join(names)


def documented() -> dict[str, Any]:
    """The documentation of each option."""
    found: dict[str, Any] = {}
    runs, spark, flink, *modules = [module(f"modules.{name}").DOCUMENTATION for name in MODULES]
    fragments = [module(f"doc_fragments.{name}").ModuleDocFragment.DOCUMENTATION for name in FRAGMENTS]
    # Of an option that several have, the last one says what it means.
    texts = [runs, spark, flink, *fragments, *modules]
    for text in texts:
        found.update(yaml.safe_load(text)["options"])
    return found


def meaning(option: Mapping[str, Any]) -> str:
    """The first paragraph about an option, with markup."""
    text = option["description"]
    return text if isinstance(text, str) else str(text[0])


# -- the role -----------------------------------------------------------------------------------------------------------


def role_lines(names: Mapping[str, Mapping[str, Any]], known: set[str]) -> Iterator[str]:
    """The lines of options in argument_specs: in full, with an anchor, or as a reference to the anchor of a *known* one."""
    documentation = documented()
    for name, what in names.items():
        if name in known:
            yield f"      {PREFIX}{name}: *{name}"
            continue
        version = documentation[name].get("version_added")
        text = " ".join(filter(None, (role_markup(meaning(documentation[name])), form(what), unset(name, what))))
        line = f'      {PREFIX}{name}: &{name} {{type: raw, description: "{text}"}}'
        if len(line) <= MAX_WIDTH and not version and not set(text) & set('"\\'):
            yield line
            continue
        yield f"      {PREFIX}{name}: &{name}"
        yield "        type: raw"
        if version:
            yield f"        version_added: {version}"
        yield "        description: >-"
        yield from textwrap.wrap(text, MAX_WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 10, **WHOLE_WORDS)


def role_markup(text: str) -> str:
    """The markup of a module's documentation, for the role's. How the value is given stands at its end."""
    text = text.replace(", as a list or as one string with commas", "")
    text = re.sub(r"O\((\w+\.\w+)\)", rf"C({PREFIX}\1)", text)  # an entry of a dictionary is not an option of the role
    text = re.sub(r"O\((\w+)", rf"O({PREFIX}\1", text)
    return re.sub(r"RV\(verdict=(\w+)\)", r"V(\1)", re.sub(r"RV\(([\w.\[\]]+)\)", r"C(\1)", text))


def form(what: Mapping[str, Any]) -> str:
    """How the value is given, for values that are not a single text or number."""
    if "choices" in what:
        return f"One of {', '.join(f'V({choice})' for choice in what['choices'])}."
    forms = {
        "bool": "A boolean.",
        "list": "A list, or text with commas or line breaks.",
        "dict": "A dictionary, or JSON.",
    }
    return forms.get(what["type"], "A boolean or a list." if what["type"] == "raw" else "")


def unset(name: str, what: Mapping[str, Any]) -> str:
    """What is used if the variable is not set."""
    used = re.sub(r"\b([A-Z]+(?:_[A-Z]+)+)\b", r"E(\1)", variables(name))
    if used and what.get("no_log") and "E(" in used:
        return f"Prefer {used}."
    if used:
        return f"If not set, {used} is used."
    default = what.get("default")
    if default in (None, [], ""):
        return ""
    items = default if isinstance(default, list) else [default]
    return f"If not set, {' and '.join(f'V({json.dumps(item).strip(chr(34))})' for item in items)}."


def role_text() -> str:
    """The file with the role's argument_specs, with the generated parts as they should be."""
    text = ROLE.read_text("utf-8")
    entries = module("plugin_utils.role.entries").ENTRIES
    known: set[str] = set()
    for entry in ("main", "runs_succeeded", "dli_finished", "dli_flink_running", "dli_spark_finished"):
        code = module(f"modules.{entries[entry].module}")
        names = {**code.ARGUMENTS, **module("module_utils._argument_spec").CONNECTION}
        names = {name: what for name, what in names.items() if name not in ("wait", "wait_for")}
        text = between(text, f"      {BEGIN}: {entry}", list(role_lines(names, known)), f"      {END}")
        known |= names.keys()
    return text


def between(text: str, begin: str, lines: list[str], end: str) -> str:
    """*text* with other lines between two markers."""
    head, marker, rest = text.partition(begin + "\n")
    dummy, closing, tail = rest.partition(end + "\n")
    if not marker or not closing:
        raise SystemExit(f"the markers {begin.strip()!r} and {end.strip()!r} are missing")
    return "".join([head, marker, *(f"{line}\n" for line in lines), closing, tail])


def role() -> Iterator[str]:
    """The role: a variable for each option of its modules, and for each of its own."""
    entries = module("plugin_utils.role.entries").ENTRIES
    own = set(module("plugin_utils.role.variables").OWN)
    specs = yaml.safe_load(ROLE.read_text("utf-8"))["argument_specs"]
    for name in sorted(specs.keys() ^ entries.keys()):
        yield f"{ROLE.name}: the entry point {name} is {'not in the table' if name in specs else 'missing'}"
    for name, entry in entries.items():
        wanted = {*module("module_utils._argument_spec").CONNECTION, *module(f"modules.{entry.module}").ARGUMENTS, *own}
        options = {key.removeprefix(PREFIX) for key in specs[name]["options"]}
        for option in sorted(options ^ (wanted - {"wait", "wait_for"})):
            yield f"{ROLE.name}, {name}: {option} is {'no variable' if option in options else 'missing'}"
    if ROLE.read_text("utf-8") != role_text():
        yield f"{ROLE.name} is not what is generated; `make options` writes it"


# -- the event source ---------------------------------------------------------------------------------------------------


def source_text() -> str:
    """The file of the event source, with the documentation of the connection options as it should be."""
    documentation, lines = documented(), []
    for name, what in module("module_utils._argument_spec").CONNECTION.items():
        first = re.split(r"(?<=\.) ", plain(meaning(documentation[name])))[0]
        used = variables(name)
        lines += [f"  {name}:", f"    type: {what['type']}"]
        if "choices" in what:
            lines.append(f"    choices: [{', '.join(what['choices'])}]")
        if "default" in what:
            lines.append(f"    default: {what['default']}")
        lines.append("    description:")
        for text in (first, f"If not set, {used.rstrip(',')} is used." if used else ""):
            if text:
                lines.append("      - >-")
                lines += textwrap.wrap(text, 120, initial_indent=" " * 8, subsequent_indent=" " * 8, **WHOLE_WORDS)
    return between(SOURCE.read_text("utf-8"), f"  {BEGIN}", lines, f"  {END}")


def plain(text: str) -> str:
    """Text without markup: the event source is documented for ansible-rulebook, which does not know it."""
    return re.sub(r"\b[A-Z]+\(([^()]*)\)", r"\1", text)


def source_options() -> dict[str, Any]:
    """The documented arguments of the event source."""
    text = SOURCE.read_text("utf-8").split('DOCUMENTATION = r"""')[1].split('"""')[0]
    found: dict[str, Any] = yaml.safe_load(text)["options"]
    return found


def schema() -> dict[str, Any]:
    """The schema of the event source."""
    watched = module("module_utils._entry_points.watched_jobs").WATCHED
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
        for alias in sorted({alias for kind in watched.values() for alias, of in kind.aliases.items() if of == name}):
            properties.setdefault(alias, {**what, "description": f"The same as {name}."})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Event source datagate.huaweicloud.dataarts_jobs",
        "description": "Arguments. Which of them select the jobs depends on kind.",
        "type": "object",
        "properties": properties,
        "oneOf": [of_kind(name, watched) for name in watched],
        "additionalProperties": False,
    }


def of_kind(name: str, watched: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema says of one kind of jobs: no arguments of other kinds, and exactly one way to select jobs."""
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


def event_source() -> Iterator[str]:
    """The event source: its arguments have the types of the modules' options, no defaults of variables, and its schema."""
    spec, code = module("module_utils._argument_spec"), module("module_utils._entry_points.event_source")
    shared = {**spec.CONNECTION, **module("module_utils._entry_points.watched_jobs").SPEC}
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
    if SOURCE.read_text("utf-8") != source_text():
        yield f"{SOURCE.name} is not what is generated; `make options` writes it"
    if json.loads(SCHEMA.read_text("utf-8")) != schema():
        yield f"{SCHEMA.name} is not what is generated; `make options` writes it"


# -- AWX ----------------------------------------------------------------------------------------------------------------


def credential_type() -> Iterator[str]:
    """The credential type of AWX: fields are options, secret where these are, and injected as variables that the collection reads."""
    spec, environment = module("module_utils._argument_spec"), module("module_utils._cloud.environment")
    chain = module("module_utils._cloud.credentials.credential_sets")
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
    checks = (fragments, event_source, role, credential_type, generated_lists.problems, returned_keys.problems)
    return [line for check in checks for line in check()]


def main() -> int:
    """Entry point."""
    if "--write" in sys.argv[1:]:
        ROLE.write_text(role_text(), "utf-8")
        SOURCE.write_text(source_text(), "utf-8")
        generated_lists.write()
        returned_keys.write()
        SCHEMA.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    found = problems()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / ".venv" / "collections"))
    sys.exit(main())
