# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data for AWX match AWX's rules, the collection's options, and the modules of awx.awx."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION, WORKSPACE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud import environment, options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.credential_sets import FAMILIES
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import CredentialsError
from tests.integration.awx import rules

ROOT = rules.ROOT
PLAYBOOKS = ROOT / "playbooks"
DATA = PLAYBOOKS / "awx"
SURVEYS = (
    "survey_gate",
    "survey_gate_sliced",
    "survey_gate_verdict",
    "survey_job_action",
    "survey_job_report",
    "survey_workflow",
)
TYPES = {
    "int": ("integer",),
    "float": ("float",),
    "str": ("text",),
    "list": ("text", "textarea", "multiselect"),
    "raw": ("text",),  # a boolean or names
}
ROLE_ONLY = {"job_gate_id", "job_gate_soft_fail", "job_gate_enabled", "job_gate_override_reason"}
OWN = {"job_gate_entry", "job_gate_hosts", "gate_verdict_wanted", "gate_verdict_id"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def data(name: str) -> Any:
    return load(DATA / f"{name}.yml")


WORKFLOW = data("workflow")
NODES = {node["id"]: node for node in WORKFLOW["nodes"]}
WORKFLOW_DEFAULTS = {
    name: {"default": NODES["after"]["variables"][name]} for name in ("job_gate_stable_for", "job_gate_wait_timeout")
}
INPUTS, INJECTORS = data("credential_type_inputs"), data("credential_type_injectors")
ENTRIES = (
    *(None, "wait_until_normal", "wait_until_stopped", "fail_on_exception", "runs_succeeded"),
    *("dli_finished", "dli_flink_running", "dli_spark_finished"),
)


def module_options(module: str) -> dict[str, Any]:
    """The options of a module of this collection, with those of the fragments."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text("utf-8")
    documented = yaml.safe_load(text.split('DOCUMENTATION = r"""')[1].split('"""')[0])
    found: dict[str, Any] = {}
    for fragment in documented["extends_documentation_fragment"]:
        file = ROOT / "plugins" / "doc_fragments" / f"{fragment.split('.')[2]}.py"
        for part in file.read_text("utf-8").split('r"""')[1:]:
            found.update((yaml.safe_load(part.split('"""')[0]) or {}).get("options") or {})
    return {**found, **documented["options"]}


def all_options() -> dict[str, Any]:
    modules = (
        *("dataarts_instance_status", "dli_spark_job_status", "dli_flink_job_status"),
        *("dli_job_progress", "dataarts_job_status"),
    )
    return {name: option for module in modules for name, option in module_options(module).items()}


# The credential type


def test_awx_accepts_the_credential_type() -> None:
    assert list(rules.field_problems(INPUTS)) == []
    assert list(rules.injector_problems(INPUTS, INJECTORS)) == []


@pytest.mark.parametrize(
    ("part", "change", "word"),
    [
        ("fields", {"id": "tower", "label": "x"}, "reserved"),
        ("fields", {"id": "region", "label": "x"}, "repeated"),
        ("fields", {"id": "port", "label": "x", "type": "integer"}, "type integer"),
        ("fields", {"id": "check", "label": "x", "type": "boolean", "secret": True}, "only a string"),
        ("env", {"ANSIBLE_HOST_KEY_CHECKING": "false"}, "refused"),
        ("env", {"PATH": "/bin"}, "refused"),
        ("env", {"HW_X": "{{ nothing }}"}, "'nothing' is undefined"),
        ("env", {"HW_X": "{{ tower.filename }}"}, "tower.filename without"),
        ("env", {"HW_X": "{{ region"}, "template"),
        ("file", {"ca": "{{ ca }}"}, "no name of a file"),
        ("file", {"template": "{{ ca }}"}, "one without a name"),
    ],
)
def test_rules_reject_invalid_credential_types(part: str, change: dict[str, Any], word: str) -> None:
    inputs, injectors = copy.deepcopy(INPUTS), copy.deepcopy(INJECTORS)
    if part == "fields":
        inputs["fields"].append(change)
    else:
        injectors[part].update(change)
    found = [*rules.field_problems(inputs), *rules.injector_problems(inputs, injectors)]
    assert any(word in problem for problem in found), found


def test_credential_type_has_each_secret_and_variable() -> None:
    secrets = {field["id"] for field in INPUTS["fields"] if field.get("secret")}
    assert secrets == {"secret_key", "security_token", "auth_token", "password"}
    known = {names[0] for names in environment.ENVIRONMENT.values()} - {"HW_MAX_RETRIES"}
    known |= {names[0] for names in environment.ENDPOINT_ENVIRONMENT.values()}
    # A stored ID token would have expired.
    known |= {name for kind, families in FAMILIES.items() for name in families[0].values() if kind != "oidc"}
    assert set(INJECTORS["env"]) == known
    used = {field["id"] for field in INPUTS["fields"]}
    assert {name for name in used if re.search(r"{{ \(?" + name + r"\b", str(INJECTORS))} == used


SETS = {
    "aksk": {"access_key": "AK", "secret_key": "SK"},
    "token": {"auth_token": "TOK\r\nEN\n"},
    "password": {"username": "u", "password": "p", "domain_name": "d"},
    "agency": {"access_key": "AK", "secret_key": "SK", "assume_role_agency": "gate", "assume_role_domain": "other"},
}


KINDS = {"aksk": "AccessKey", "token": "AuthToken", "password": "Password", "agency": "AssumedAgency"}


@pytest.mark.parametrize("kind", SETS)
def test_credential_with_one_set_gives_that_set(kind: str) -> None:
    values = {"region": "cn-north-4", "project_id": "0a1b", **SETS[kind]}
    connection = options.resolve({}, rules.rendered(INJECTORS, values)["env"], "dataarts")
    assert connection.endpoints["dataarts"] == "https://dayu-dlf.cn-north-4.myhuaweicloud.com"
    assert connection.project_id == "0a1b"
    assert connection.verify is True
    assert type(connection.credentials).__name__ == KINDS[kind]
    # A container's environment ends a value at the first line break.
    assert not [name for name, value in rules.rendered(INJECTORS, values)["env"].items() if "\n" in value]


def test_credential_with_certificates_names_their_file(tmp_path: Path) -> None:
    values = {"region": "cn-north-4", "project_id": "0a1b", "ca": "-----BEGIN", **SETS["aksk"]}
    found = rules.rendered(INJECTORS, values)
    assert found["file"] == {"template.ca": "-----BEGIN"}
    assert found["env"]["HW_CACERT"] == "/runner/env/ca"
    file = tmp_path / "ca"
    file.write_text("", "utf-8")
    connection = options.resolve({}, {**found["env"], "HW_CACERT": str(file)}, "dataarts")
    assert connection.verify == str(file)


def test_an_incomplete_set_in_a_credential_is_an_error() -> None:
    with pytest.raises(CredentialsError, match="HW_SECRET_KEY"):
        options.resolve({}, rules.rendered(INJECTORS, {"region": "cn-north-4", "access_key": "AK"})["env"], "dataarts")


# The surveys


@pytest.mark.parametrize("name", SURVEYS)
def test_awx_accepts_the_survey(name: str) -> None:
    survey = data(name)
    assert list(rules.survey_problems(survey)) == []
    on_the_page = rules.asked_on_the_page(survey)
    by_name = {question["variable"]: question for question in survey["spec"]}
    assert [rules.answer_problem(by_name[key], value) for key, value in on_the_page.items() if value != ""] == [
        ""
    ] * len([value for value in on_the_page.values() if value != ""])


@pytest.mark.parametrize("name", SURVEYS)
def test_unanswered_question_keeps_variables_and_artifacts(name: str) -> None:
    # In AWX, a survey's default overrides the variables of templates and workflows, and artifacts.
    assert [
        question["variable"] for question in data(name)["spec"] if question["required"] or "default" in question
    ] == []


@pytest.mark.parametrize("name", SURVEYS)
def test_survey_explains_text_that_looks_like_a_number(name: str) -> None:
    for question in data(name)["spec"]:
        described = question.get("question_description", "")
        assert ("double quotes" in described) == (question["type"] in ("text", "textarea")), question["variable"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"type": "number"}, "type number"),
        ({"type": "float", "default": "1"}, "default '1'"),
        ({"type": "float", "default": 1.5, "min": 0.1}, "min 0.1"),
        ({"type": "integer", "default": 1.5}, "default 1.5"),
        ({"type": "multiplechoice", "default": ""}, "choices are no texts"),
        ({"type": "multiplechoice", "choices": [True, False], "default": ""}, "choices are no texts"),
        ({"type": "multiplechoice", "choices": ["a"], "default": "b"}, "default is no choice"),
        ({"type": "multiselect", "choices": ["a"], "default": ["a"]}, "default ['a']"),
        ({"required": "no"}, "required is no bool"),
        ({"variable": "job_gate_tags"}, "asked twice"),
        ({"tooltip": "x"}, "tooltip"),
    ],
)
def test_rules_reject_invalid_surveys(change: dict[str, Any], word: str) -> None:
    survey = data("survey_gate")
    survey["spec"][1].update(change)
    found = list(rules.survey_problems(survey))
    assert any(word in problem for problem in found), found


def test_awx_checks_answers() -> None:
    by_name = {question["variable"]: question for question in data("survey_gate")["spec"]}
    wrong = {"job_gate_entry": "", "job_gate_min_jobs": 0, "job_gate_wait_timeout": "600", "job_gate_job_names": ["a"]}
    assert all(rules.answer_problem(by_name[name], answer) for name, answer in wrong.items())
    assert rules.answer_problem(by_name["job_gate_wait_timeout"], 0.5) == ""


@pytest.mark.parametrize("name", ["survey_gate", "survey_gate_sliced", "survey_workflow"])
def test_survey_variables_exist_in_the_role_and_modules(name: str) -> None:
    known = all_options()
    specs = load(ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml")["argument_specs"]
    variables = {variable for spec in specs.values() for variable in spec["options"]}
    for question in data(name)["spec"]:
        variable, kind = question["variable"], question["type"]
        if variable in OWN:
            continue
        if variable != "gate_sliced_requests_per_second":
            assert variable in variables
        if variable in ROLE_ONLY:
            continue
        option = known[variable.removeprefix("gate_sliced_").removeprefix("job_gate_")]
        if option["type"] == "bool":
            assert (kind, question["choices"]) == ("multiplechoice", ["true", "false"])
        elif option.get("choices"):
            assert (kind, question["choices"]) == ("multiplechoice", list(option["choices"]))
        else:
            assert kind in TYPES[option["type"]], variable
        default = {**option, **WORKFLOW_DEFAULTS.get(variable, {})} if name == "survey_workflow" else option
        if default.get("default") not in (None, [], ""):
            received = re.search(r"If empty, (\S+)\.", question["question_description"])
            assert received is not None, variable
            assert received.group(1) == str(default["default"]).lower(), variable
        else:
            assert "If empty, " not in question["question_description"].replace("If empty, the credential's", "")


def test_gate_survey_offers_the_entry_points_of_the_role() -> None:
    by_name = {question["variable"]: question for question in data("survey_gate")["spec"]}
    entries = set(load(ROOT / "roles" / "job_gate" / "meta" / "argument_specs.yml")["argument_specs"])
    assert set(by_name["job_gate_entry"]["choices"]) == entries - {"main"}


def test_report_survey_variables_exist_in_the_playbook() -> None:
    text = (PLAYBOOKS / "job_report.yml").read_text("utf-8")
    for question in data("survey_job_report")["spec"]:
        assert f"{question['variable']} | default(" in text
        is_text = question["type"] in ("text", "textarea")
        assert f"survey_answer('{question['variable']}" in text or not is_text


def test_job_action_survey_variables_exist_in_the_playbook() -> None:
    text = (PLAYBOOKS / "job_action.yml").read_text("utf-8")
    (play,) = load(PLAYBOOKS / "job_action.yml")
    by_name = {question["variable"]: question for question in data("survey_job_action")["spec"]}
    assert all(f"{variable} | default(" in text for variable in by_name)
    assert by_name["job_action_state"]["choices"] == play["vars"]["__job_action_states"]
    assert set(by_name["job_action_state"]["choices"]) < set(module_options("dataarts_job")["state"]["choices"])


def test_deployment_passes_each_connection_option_to_its_modules() -> None:
    (play,) = load(PLAYBOOKS / "deploy_with_gates.yml")
    given = play["vars"]["__deploy_arguments"]
    wanted = {**CONNECTION, **WORKSPACE}
    assert set(given) == set(wanted)
    for option, value in given.items():
        assert f"job_gate_{option} | default(omit" in value


def test_verdict_survey_has_each_verdict() -> None:
    (play,) = load(PLAYBOOKS / "gate_verdict.yml")
    by_name = {question["variable"]: question for question in data("survey_gate_verdict")["spec"]}
    assert by_name["gate_verdict_wanted"]["choices"] == play["vars"]["__gate_verdict_known"]


# Job templates and the workflow


def test_job_templates_have_their_files() -> None:
    for template in data("job_templates")["job_templates"]:
        assert {*template, "survey"} == {"name", "description", "playbook", "survey", "asks_cloud", "sliced"}
        assert (PLAYBOOKS / f"{template['playbook']}.yml").is_file()
        assert "survey" not in template or (DATA / template["survey"]).is_file()


def test_each_node_of_the_workflow_sets_only_prompted_fields() -> None:
    surveys = {item["name"]: item["survey"] for item in data("job_templates")["job_templates"] if "survey" in item}
    for node in NODES.values():
        assert ("template" in node) != ("approval" in node)
        if node.get("template") in surveys:
            by_name = {item["variable"]: item for item in load(DATA / surveys[node["template"]])["spec"]}
            for variable, value in node["variables"].items():
                assert rules.answer_problem(by_name[variable], value) == ""
        else:
            assert node.get("template") in (None, "deploy", "rollback")
            assert "variables" not in node


def test_links_lead_to_nodes() -> None:
    linked = {
        name for node in WORKFLOW["nodes"] for link in ("success", "failure", "always") for name in node.get(link, [])
    }
    assert linked == set(NODES) - {"before"}


def test_gate_before_receives_the_times_of_later_gates() -> None:
    # It does not wait, but rejects what they would reject, and all of them get the workflow's answers.
    for name in WORKFLOW_DEFAULTS:
        assert len({NODES[node]["variables"][name] for node in ("before", "after", "again")}) == 1


def test_the_survey_of_the_workflow_does_not_override_the_names_of_its_gates() -> None:
    asked_variables = {question["variable"] for question in data(Path(WORKFLOW["survey"]).stem)["spec"]} - set(
        WORKFLOW_DEFAULTS
    )
    assert asked_variables.isdisjoint({variable for node in NODES.values() for variable in node.get("variables", {})})


@pytest.mark.parametrize(
    ("bad", "order", "good"),
    [
        ("", "before deploy after", True),
        ("before", "before", False),
        ("deploy", "before deploy rollback failed", False),
        ("after timed_out", "before deploy after timed_out rollback failed", False),
        ("after wait_longer", "before deploy after timed_out wait_longer rollback failed", False),
        ("after", "before deploy after timed_out wait_longer again", True),
        ("after again", "before deploy after timed_out wait_longer again rollback failed", False),
        ("deploy rollback", "before deploy rollback failed", False),
    ],
)
def test_workflow_follows_the_right_links(bad: str, order: str, good: bool) -> None:
    # "failed" is a gate_verdict for PASS, reached only if the gate has not passed.
    failing = {*bad.split(), "failed"}
    assert rules.workflow_run(WORKFLOW["nodes"], lambda name: name not in failing) == (order.split(), good)


# The playbook


def tasks_of(*files: str) -> list[dict[str, Any]]:
    return [task for file in files for task in load(PLAYBOOKS / "tasks" / f"{file}.yml")]


TASKS = tasks_of(
    "awx_check",
    "awx_empty",
    "awx_credentials",
    "awx_sources",
    "awx_project",
    "awx_job_templates",
    "awx_workflow",
    "awx_absent",
)
MODULES = json.loads((ROOT / "tests" / "data" / "awx" / "module_options.json").read_text("utf-8"))["modules"]


def test_the_tasks_use_options_that_the_modules_have() -> None:
    used = set()
    for task in TASKS:
        for name, given in task.items():
            if not name.startswith("awx.awx."):
                continue
            module = MODULES[name.removeprefix("awx.awx.")]
            used.add(name.removeprefix("awx.awx."))
            assert set(given) <= set(module), name
            assert {option for option, facts in module.items() if facts.get("required")} <= set(given)
            for option, value in given.items():
                facts = module[option]
                if isinstance(value, str) and "{{" in value:
                    continue
                assert value in facts.get("choices", [value])
                assert type(value).__name__ == facts["type"], f"{name}: {option}"
    assert used == set(MODULES)


def test_task_with_secrets_has_no_log() -> None:
    assert [task["name"] for task in TASKS if task.get("no_log")] == [
        "Clear an emptied field",
        "Create the credential",
        "Delete the credential",
    ]


def test_playbook_accepts_its_options() -> None:
    (play,) = load(PLAYBOOKS / "awx_setup.yml")
    (task,) = [task for task in TASKS if task["name"] == "Validate the options"]
    assert task["vars"]["__awx_setup_options"] == sorted(name for name in play["vars"] if name.startswith("awx_setup_"))


def test_the_environment_fills_every_field_of_the_credential() -> None:
    (play,) = load(PLAYBOOKS / "awx_setup.yml")
    taken = play["vars"]["__awx_setup_environment"]
    assert set(taken) == {field["id"] for field in INPUTS["fields"]}
    for variable, template in INJECTORS["env"].items():
        field = "ca" if variable == "HW_CACERT" else next(re.finditer(r"\w+", template)).group()
        assert f"'{variable}'" in taken[field]


def test_the_default_inventory_file_is_there() -> None:
    (play,) = load(PLAYBOOKS / "awx_setup.yml")
    assert load(ROOT / play["vars"]["awx_setup_inventory_file"])["plugin"] == "datagate.huaweicloud.dataarts_jobs"
