# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX's rules, for tests of data that AWX imports. The rules are data: tests/data/awx/rules.json names their sources."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT: Final = Path(__file__).resolve().parent.parent.parent.parent
RULES: Final[dict[str, Any]] = json.loads((ROOT / "tests" / "data" / "awx" / "rules.json").read_text("utf-8"))
PRESENT: Final = "EXAMPLE"


def _is(value: Any, names: str | list[str]) -> bool:
    """Whether a value has the named type. A boolean is not a number here."""
    return type(value).__name__ in ([names] if isinstance(names, str) else names)


class _Files:
    """The files of a credential, by the names behind ``template.``; none without a name."""

    def __init__(self, names: list[str]) -> None:
        for name in names:
            setattr(self, name, f"/runner/env/{name}")

    def __str__(self) -> str:
        raise jinja2.UndefinedError("tower.filename without a file that is called template")


class _Tower:
    filename: Any


def _field_value_problems(name: Any, field: Mapping[str, Any]) -> Iterator[str]:
    """The errors in the values of a field."""
    rules = RULES["credential_type"]
    kind = field.get("type", "string")
    if kind not in rules["field_types"]:
        yield f"{name}: type {kind}"
    elif "default" in field and not _is(field["default"], rules["field_types"][kind]):
        yield f"{name}: default is no {kind}"
    if kind != "string" and set(field) & set(rules["only_for_strings"]):
        yield f"{name}: only a string has {sorted(set(field) & set(rules['only_for_strings']))}"
    if field.get("format", "url") not in rules["field_formats"]:
        yield f"{name}: format {field['format']}"
    for key in ("label", "help_text"):
        if key in field and not _is(field[key], "str"):
            yield f"{name}: {key} is no text"
    for key in ("multiline", "secret", "ask_at_runtime"):
        if key in field and not _is(field[key], "bool"):
            yield f"{name}: {key} is no truth value"


def field_problems(inputs: Mapping[str, Any]) -> Iterator[str]:
    """The errors in the input configuration of a credential type."""
    rules = RULES["credential_type"]
    if set(inputs) - set(rules["input_keys"]):
        yield f"inputs has {sorted(set(inputs) - set(rules['input_keys']))}"
    seen: set[str] = set()
    for field in inputs.get("fields", []):
        name = field.get("id")
        if set(field) - set(rules["field_keys"]) or not set(rules["field_keys_required"]) <= set(field):
            yield f"{name}: keys {sorted(field)}"
        if not re.match(rules["field_id"], str(name)) or name in rules["field_ids_reserved"] or name in seen:
            yield f"{name}: reserved, repeated, or no name"
        seen.add(str(name))
        yield from _field_value_problems(name, field)
    for name in inputs.get("required", []):
        if name not in seen:
            yield f"required: there is no field {name}"


def rendered(
    injectors: Mapping[str, Any], values: Mapping[str, Any], strict: bool = False
) -> dict[str, dict[str, str]]:
    """The files and the environment of a credential with these values. `strict`: an unknown field is an error."""
    undefined: type[jinja2.Undefined] = jinja2.StrictUndefined if strict else jinja2.Undefined
    environment = ImmutableSandboxedEnvironment(undefined=undefined)
    tower = _Tower()
    labels = [label for label in injectors.get("file", {}) if label.startswith("template")]
    tower.filename = "/runner/env/file" if "template" in labels else _Files([label.split(".")[1] for label in labels])
    names = {**values, "tower": tower}
    return {
        part: {key: environment.from_string(text).render(names) for key, text in injectors.get(part, {}).items()}
        for part in ("file", "env")
    }


def injector_problems(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> Iterator[str]:
    """The errors in the injector configuration of a credential type."""
    rules = RULES["credential_type"]
    if set(injectors) - set(rules["injector_keys"]):
        yield f"injectors has {sorted(set(injectors) - set(rules['injector_keys']))}"
    for label in injectors.get("file", {}):
        if not re.match(rules["file_key"], label):
            yield f"file {label}: no name of a file injector"
    if "template" in injectors.get("file", {}) and len(injectors["file"]) > 1:
        yield "several files, and one without a name"
    for name, text in injectors.get("env", {}).items():
        if not re.match(rules["env_key"], name):
            yield f"env {name}: no name of a variable"
        if name.startswith(rules["env_prefix_refused"]) or name in rules["env_refused"]:
            yield f"env {name}: refused"
        if not _is(text, "str") or not re.match(rules["env_value"], text):
            yield f"env {name}: not plain ASCII text"
    try:
        rendered(injectors, {field["id"]: PRESENT for field in inputs.get("fields", [])}, strict=True)
    except jinja2.TemplateError as error:
        yield f"template: {error}"


def _key_problems(question: Mapping[str, Any]) -> Iterator[str]:
    """The errors in the keys of a question."""
    rules, name = RULES["survey"], question.get("variable")
    for key, kind in rules["question_keys_required"].items():
        if not _is(question.get(key), kind):
            yield f"{name}: {key} is no {kind}"
    if set(question) - set(rules["question_keys_of_the_pages"]):
        yield f"{name}: has {sorted(set(question) - set(rules['question_keys_of_the_pages']))}"


def _choice_problem(question: Mapping[str, Any]) -> str:
    """The errors in the choices of a question, or in its default as a choice."""
    name, choices = question.get("variable"), question.get("choices")
    defaults = str(question.get("default", "")).splitlines()
    if not isinstance(choices, list) or not choices or not all(_is(item, "str") and item for item in choices):
        return f"{name}: choices are no texts"
    if len(set(choices)) != len(choices):
        return f"{name}: a choice twice"
    if set(defaults) - set(choices):
        return f"{name}: default is no choice"
    if question["type"] == "multiplechoice" and len(defaults) > 1:
        return f"{name}: several defaults"
    return ""


def _type_problems(question: Mapping[str, Any]) -> Iterator[str]:
    """The errors in the type of a question, and in the keys that depend on it."""
    rules, name, kind = RULES["survey"], question.get("variable"), question.get("type")
    if kind not in rules["default_types"]:
        yield f"{name}: type {kind}"
        return  # the matching keys are unknown
    default = question.get("default", "")
    if default != "" and not _is(default, rules["default_types"][kind]):
        yield f"{name}: default {default!r}"
    for key in ("min", "max"):
        if question.get(key) is not None and not _is(question[key], rules["limits_are"]):
            yield f"{name}: {key} {question[key]!r}"
    if kind in rules["with_choices"] and (problem := _choice_problem(question)):
        yield problem


def survey_problems(survey: Mapping[str, Any]) -> Iterator[str]:
    """The errors in a survey."""
    for key, kind in RULES["survey"]["keys"].items():
        if not _is(survey.get(key), kind):
            yield f"survey: {key} is no {kind}"
    if not survey.get("spec"):
        yield "survey: no questions"
    seen: set[str] = set()
    for question in survey.get("spec") or []:
        name = question.get("variable")
        yield from _key_problems(question)
        if name in seen:
            yield f"{name}: asked twice"
        seen.add(str(name))
        yield from _type_problems(question)


def answer_problem(question: Mapping[str, Any], answer: Any) -> str:
    """The errors for which AWX would not start a job with this answer."""
    rules = RULES["survey"]
    kind, name = question["type"], question["variable"]
    if not _is(answer, rules["answer_types"][kind]):
        return f"{name}: {answer!r} is no {rules['answer_types'][kind]}"
    if kind in rules["with_choices"]:
        wrong = [item for item in ([answer] if kind == "multiplechoice" else answer) if item not in question["choices"]]
        return f"{name}: {wrong} is no choice" if wrong else ""
    size = len(answer) if isinstance(answer, str) else answer
    least, most = question.get("min"), question.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        return f"{name}: {answer!r} is not within {least} and {most}"
    return ""


def asked_without_answers(survey: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a job that a program or a workflow starts without answers: the valid defaults."""
    return {
        question["variable"]: question["default"]
        for question in survey["spec"]
        if question.get("default") is not None and not answer_problem(question, question["default"])
    }


def asked_on_the_page(survey: Mapping[str, Any], answers: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The variables of a job that a user starts in AWX: empty answers are not sent."""
    given: dict[str, Any] = {}
    for question in survey["spec"]:
        default = question.get("default", "")
        if question["type"] == "multiselect":
            default = str(default).splitlines()
        value = (answers or {}).get(question["variable"], default)
        if value not in ("", []):
            given[question["variable"]] = value
    return {**asked_without_answers(survey), **given}


def workflow_run(nodes: list[Mapping[str, Any]], outcome: Callable[[str], bool]) -> tuple[list[str], bool]:
    """The nodes that a workflow runs, in order, and whether it succeeds. `outcome` says whether a node succeeds.

    A node runs once all nodes that lead to it have ended or will not run, and one of them leads there with how it ended.
    """
    by_id = {str(node["id"]): node for node in nodes}
    links = {
        kind: {name: set(node.get(kind, [])) for name, node in by_id.items()}
        for kind in ("success", "failure", "always")
    }
    parents = {
        name: {parent for kind in links for parent, children in links[kind].items() if name in children}
        for name in by_id
    }
    ended: dict[str, bool | None] = {}  # None: will not run
    order: list[str] = []
    while len(ended) < len(by_id):
        ready = [name for name in by_id if name not in ended and parents[name] <= set(ended)]
        assert ready, f"the workflow goes in a circle: {sorted(set(by_id) - set(ended))}"
        for name in ready:
            led = [
                parent
                for parent in parents[name]
                if ended[parent] is not None
                and name in links["success" if ended[parent] else "failure"][parent] | links["always"][parent]
            ]
            if parents[name] and not led:
                ended[name] = None
                continue
            order.append(name)
            ended[name] = outcome(name)
    failed = [name for name, good in ended.items() if good is False]
    return order, all(links["failure"][name] or links["always"][name] for name in failed)
