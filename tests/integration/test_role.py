# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role job_gate in real playbooks, against the emulator."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils import _argument_spec as arguments
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options as gate_options
from tests.emulator import ACCESS_KEY, DOMAIN_NAME, SECRET_KEY, USER_NAME, USER_PASSWORD, Emulator, running

from .playbook import Record, Run, connection, gate, hosts, play, run

ROLE = Path(__file__).resolve().parent.parent.parent / "roles" / "job_gate"
ENTRIES = ("main", "wait_until_normal", "wait_until_stopped", "fail_on_exception", "dli_finished")
STOP, ASK, LOOK = "Fail the play", "Wait until the jobs run", "Check for failing jobs"
HOSTILE = "{{ 7 * 7 }}"

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good", "tags": ["good"], "nodes": [{"name": "ONCE", "status": "STOPPED"}]},
        {"name": "job_also", "tags": ["good"]},
        {"name": "job_many"},
        {"name": "job_serial"},
        {"name": "job_trap", "nodes": [{"name": "BROKEN", "status": "EXCEPTION"}]},
        {"name": "job_starting", "status": "STARTING"},
        {"name": "job_stopped", "status": "STOPPED"},
        {"name": "job_late", "status": "STARTING", "timeline": [{"after": "late", "at": 0.5, "status": "NORMAL"}]},
        {
            "name": f"job {HOSTILE}",
            "nodes": [{"name": HOSTILE, "status": "EXCEPTION", "log_path": f"obs://{HOSTILE}/log"}],
        },
        {"name": "job_elsewhere", "workspace": "ws1"},
    ],
    "dli_jobs": [{"job_id": "dli-good"}, {"job_id": "dli-bad", "status": "FAILED", "message": f"why {HOSTILE}"}],
    "faults": [{"match": {"call": "job_status", "job": "job_late", "first": 1}, "fire": "late"}],
}
QUICK = {"wait_interval": 0.3, "wait_timeout": 20}


def variables(options: Mapping[str, Any]) -> dict[str, Any]:
    """The role's variables for options."""
    return {f"job_gate_{name}": value for name, value in options.items()}


def shown(name: str, fact: str = "job_gate_result") -> dict[str, Any]:
    """A task that shows a fact to the recorder."""
    return {"name": name, "ansible.builtin.debug": {"var": fact}}


def passage(entry: str, name: str, /, fact: str = "job_gate_result", **options: Any) -> list[dict[str, Any]]:
    """Tasks that pass through a gate: "<name>" shows the fact, "rescue of <name>" shows that the gate has failed."""
    caught = {"name": f"rescue of {name}", "ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}
    return [gate(entry, f"gate of {name}", variables({**QUICK, **options}), rescue=[caught]), shown(name, fact)]


def fact_of(record: Record, fact: str = "job_gate_result") -> dict[str, Any]:
    """What a task made by `shown` has shown."""
    found = record[fact]
    assert isinstance(found, dict), found
    return found


class Gates:
    """A playbook with many passages that has run."""

    def __init__(self, result: Run, emulator: Emulator) -> None:
        self.run = result
        self.emulator = emulator

    def result(self, name: str, fact: str = "job_gate_result") -> dict[str, Any]:
        """The fact after a passage."""
        return fact_of(self.run[name], fact)

    def failed(self, name: str) -> bool:
        """Whether the role has failed in a passage."""
        return bool(self.run.all(f"rescue of {name}"))

    def message(self, name: str) -> str:
        """The message of the role's failure."""
        return str(self.run[f"rescue of {name}"]["ansible_failed_result.msg"])


EMPTY: dict[str, Any] = {
    name: ""
    for group in (arguments.CONNECTION, arguments.WORKSPACE, gate_options.SELECTION, gate_options.REAL_TIME_GATE)
    for name in group
    if name not in ("wait", "wait_for")
}
NULLS: dict[str, Any] = dict.fromkeys(EMPTY)
LISTS: dict[str, Any] = {"tags": [], "exclude_names": [], "fail_states": [], "ignore_nodes": [], "endpoints": {}}

LOCAL = [
    *passage("wait_until_normal", "late", job_names="job_late"),
    *passage("main", "main", job_names=["job_good", "job_also"]),
    *passage("wait_until_normal", "trap", job_names="job_trap"),
    *passage("wait_until_stopped", "stopped", job_names="job_stopped"),
    *passage("wait_until_stopped", "not stopped", job_names="job_good", wait_timeout=1),
    *passage("fail_on_exception", "health", job_names=["job_good", "job_starting", "job_stopped"]),
    *passage("fail_on_exception", "ill health", job_names=["job_good", "job_trap"]),
    *passage("fail_on_exception", "missing", job_names="job_goodd"),
    *passage("fail_on_exception", "missing is ok", job_names=["job_good", "job_goodd"], missing="ok"),
    *passage("dli_finished", "dli", job_ids="dli-good"),
    *passage("dli_finished", "dli bad", job_ids=["dli-bad"]),
    *passage("dli_finished", "dli nothing", job_ids=" "),
    # Strings as surveys send them.
    *passage(
        "wait_until_normal", "survey", **{**EMPTY, "job_names": " job_good,\r\njob_also\n,", "wait_timeout": "20"}
    ),
    *passage("wait_until_normal", "survey tags", **{**EMPTY, **LISTS, "tags": "good\n", "wait_interval": "0.3"}),
    *passage("wait_until_normal", "nulls", **{**NULLS, "name_contains": "job_good"}),
    *passage("dli_finished", "dli survey", **{**EMPTY, "stall_timeout": "", "job_ids": "dli-good\n"}),
    *passage("wait_until_normal", "word for false", job_names="job_trap", check_nodes="false"),
    *passage("wait_until_normal", "false", job_names="job_trap", check_nodes=False),
    *passage("wait_until_normal", "zero", job_names="job_starting", wait_timeout=0),
    *passage("wait_until_normal", "zero as text", job_names="job_starting", wait_timeout="0"),
    *passage(
        "wait_until_normal", "waited out", job_names="job_trap", fail_on_exception=False, wait_timeout=1, id="waited"
    ),
    *passage("wait_until_normal", "ignored", job_names="job_trap", ignore_nodes="OTHER, BRO*"),
    *passage("wait_until_normal", "excluded", tags="good", exclude_names="*also\n,", min_jobs="1"),
    # The role's own variables.
    *passage("fail_on_exception", "soft", job_names="job_trap", soft_fail=True),
    *passage("fail_on_exception", "soft as text", job_names="job_trap", soft_fail="yes"),
    *passage("fail_on_exception", "soft but refused", job_names="a/b", soft_fail=True),
    *passage("fail_on_exception", "off", job_names="job_trap", enabled=False, override_reason="Ticket 4711"),
    *passage("fail_on_exception", "off as text", job_names="job_trap", enabled="no", override_reason="Ticket 4712"),
    *passage("fail_on_exception", "off without a reason", job_names="job_trap", enabled=False, override_reason=" "),
    *passage(
        "fail_on_exception", "mistyped switch", job_names="job_trap", enabled="ture", override_reason="Ticket 4713"
    ),
    *passage("fail_on_exception", "mistyped tolerance", job_names="job_trap", soft_fail="yess"),
    *passage("fail_on_exception", "on by empty text", job_names="job_trap", enabled="", soft_fail="", id=""),
    *passage("fail_on_exception", "named", fact="job_gate_pre", job_names="job_good", id="pre"),
    *passage("fail_on_exception", "named and failing", fact="job_gate_post", job_names="job_trap", id="post"),
    *passage("fail_on_exception", "bad ID", job_names="job_good", id="a-b"),
    *passage("fail_on_exception", "taken ID", job_names="job_good", id="job_names"),
    *passage("wait_until_normal", "other state", job_names="job_good", wait_for=["STOPPED"]),
    *passage("wait_until_normal", "same state", job_names="job_good", wait_for="NORMAL", wait="true"),
    *passage("fail_on_exception", "other wait", job_names="job_good", wait=True),
    *passage("wait_until_normal", "refused", job_names="job_good", wait_interval=0),
    # Values from the cloud are text.
    *passage("fail_on_exception", "hostile", name_contains=" {"),
    *passage("dli_finished", "hostile message", job_ids="dli-bad", id="hostile"),
]
DEFAULTS = {
    "datagate.huaweicloud.dataarts_job_status": {
        "job_names": ["job_elsewhere"],
        "return_jobs": "none",
        "check_nodes": False,
    }
}
CHECK = {
    "name": "gate of check mode",
    "ansible.builtin.import_role": {"name": "datagate.huaweicloud.job_gate", "tasks_from": "wait_until_normal"},
    "vars": variables({"job_names": "job_starting"}),
    "check_mode": True,
}


@pytest.fixture(scope="module")
def gates() -> Iterator[Gates]:
    """Passages on localhost alone."""
    with running(SCENARIO) as emulator:
        plays = [
            play(LOCAL),
            play(
                passage("wait_until_normal", "defaults"),
                environment={"HW_DATAARTS_WORKSPACE_ID": "ws1"},
                module_defaults=DEFAULTS,
            ),
            play([CHECK, shown("check mode")]),
        ]
        yield Gates(run(plays, connection(emulator)), emulator)


def test_playbook_ran_to_its_end(gates: Gates) -> None:
    assert gates.run.code == 0, gates.run.text
    assert gates.run["check mode"].status == "ok"


@pytest.mark.parametrize(
    "name",
    [
        "late",
        "main",
        "stopped",
        "health",
        "missing is ok",
        "dli",
        "survey",
        "survey tags",
        "nulls",
        "dli survey",
        "word for false",
        "false",
        "ignored",
        "excluded",
        "same state",
        "defaults",
    ],
)
def test_gate_passes(gates: Gates, name: str) -> None:
    assert not gates.failed(name), gates.message(name)
    result = gates.result(name)
    assert result["verdict"] in ("PASS", "PENDING") if name == "health" else result["verdict"] == "PASS"
    assert result["failed"] is False


@pytest.mark.parametrize(
    ("name", "verdict", "text"),
    [
        ("trap", "FAIL", "node BROKEN is EXCEPTION"),
        ("not stopped", "TIMEOUT", "job_good is NORMAL"),
        ("ill health", "FAIL", "node BROKEN is EXCEPTION"),
        ("missing", "FAIL", "similar names: job_good"),
        ("dli bad", "FAIL", "dli-bad is FAILED"),
        ("zero", "TIMEOUT", "job_starting is STARTING"),
        ("zero as text", "TIMEOUT", "job_starting is STARTING"),
        ("waited out", "TIMEOUT", "node BROKEN is EXCEPTION"),
        ("named and failing", "FAIL", "node BROKEN is EXCEPTION"),
        ("on by empty text", "FAIL", "node BROKEN is EXCEPTION"),
    ],
)
def test_gate_fails_with_the_verdict_sentence(gates: Gates, name: str, verdict: str, text: str) -> None:
    message = gates.message(name)
    assert message.startswith(verdict)
    assert text in message
    fact = "job_gate_post" if name == "named and failing" else "job_gate_result"
    result = gates.result(name, fact)
    assert (result["verdict"], result["msg"], result["failed"]) == (verdict, message, True)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("dli nothing", "job_ids"),
        ("refused", "wait_interval"),
        ("soft but refused", "job_names"),
        ("off without a reason", "job_gate_override_reason"),
        ("mistyped switch", "job_gate_enabled"),
        ("mistyped tolerance", "job_gate_soft_fail"),
        ("bad ID", "job_gate_id"),
        ("taken ID", "job_gate_id"),
        ("other state", "job_gate_wait_for"),
        ("other wait", "job_gate_wait"),
    ],
)
def test_rejected_option_is_named(gates: Gates, name: str, option: str) -> None:
    assert option in gates.message(name)
    result = gates.result(name)
    assert (result["verdict"], result["failed"], result["msg"]) == ("ERROR", True, gates.message(name))


def test_result_is_that_of_the_gate(gates: Gates) -> None:
    result = gates.result("late")
    assert {"jobs", "job", "reasons", "history", "polls", "requests", "elapsed", "msg"} <= set(result)
    assert not {"changed", "invocation", "failed_when_result", "exception"} & set(result)
    assert result["polls"] > 1


def test_survey_answers_are_accepted(gates: Gates) -> None:
    assert [job["name"] for job in gates.result("survey")["jobs"]] == ["job_good", "job_also"]
    assert [job["name"] for job in gates.result("survey tags")["jobs"]] == ["job_good", "job_also"]
    assert [job["name"] for job in gates.result("excluded")["jobs"]] == ["job_good"]


def test_zero_is_not_treated_as_unset(gates: Gates) -> None:
    for name in ("zero", "zero as text"):
        assert gates.result(name)["polls"] == 1


def test_unset_variables_use_module_defaults_and_environment(gates: Gates) -> None:
    result = gates.result("defaults")
    assert result["job"]["name"] == "job_elsewhere"
    assert result["jobs"] == []
    sent = [record for record in gates.emulator.journal if record.headers.get("workspace") == "ws1"]
    assert sent


def test_soft_fail_reports_and_the_play_continues(gates: Gates) -> None:
    for name in ("soft", "soft as text"):
        assert not gates.failed(name)
        assert (gates.result(name)["verdict"], gates.result(name)["failed"]) == ("FAIL", True)
    soft_fail_messages = [record.msg for record in gates.run.all(LOOK) if "job_gate_soft_fail" in record.msg]
    assert len(soft_fail_messages) == 2
    assert "node BROKEN is EXCEPTION" in soft_fail_messages[0]


def test_disabled_gate_shows_its_reason(gates: Gates) -> None:
    for name, reason in (("off", "Ticket 4711"), ("off as text", "Ticket 4712")):
        assert not gates.failed(name)
        result = gates.result(name)
        assert (result["verdict"], result["override_reason"]) == ("SKIPPED", reason)
        assert reason in result["msg"]


def test_job_gate_id_names_the_fact(gates: Gates) -> None:
    assert gates.result("named", "job_gate_pre")["verdict"] == "PASS"
    assert gates.result("named and failing", "job_gate_post")["verdict"] == "FAIL"


def test_check_mode_does_not_wait(gates: Gates) -> None:
    assert gates.result("check mode")["verdict"] == "PENDING"
    assert gates.result("check mode")["polls"] == 1


def test_text_from_the_cloud_is_not_a_template(gates: Gates) -> None:
    assert HOSTILE in gates.message("hostile")
    reason = gates.result("hostile")["reasons"][0]
    assert (reason["job"], reason["node"], reason["log_path"]) == (f"job {HOSTILE}", HOSTILE, f"obs://{HOSTILE}/log")
    assert f"why {HOSTILE}" in gates.message("hostile message")
    assert "49" not in gates.message("hostile")


# -- many hosts -------------------------------------------------------------------------------------------------------

FIRST_FAILS = {
    "name": "web1 fails",
    "ansible.builtin.fail": {"msg": "on purpose"},
    "when": "inventory_hostname == 'web1'",
}
CLEAR = {"name": "bring web1 back", "ansible.builtin.meta": "clear_host_errors"}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Gates]:
    """Gates in plays of several unreachable hosts, whose variables demand become."""
    inventory = yaml.safe_load(hosts("web1", "web2", "web3", "web4", ansible_become=True, ansible_host="192.0.2.1"))
    inventory["all"]["hosts"]["localhost"] = {"ansible_connection": "local", "ansible_host": "127.0.0.1"}
    inventory["all"]["hosts"]["bastion"] = {
        "ansible_connection": "local",
        "ansible_host": "127.0.0.1",
        "ansible_python_interpreter": sys.executable,
    }
    inventory["all"]["hosts"]["broken"] = {
        **inventory["all"]["hosts"]["bastion"],
        "ansible_python_interpreter": "/no/py",
    }
    with running(SCENARIO) as emulator:
        web = "web*"
        plays = [
            play(passage("fail_on_exception", "many", job_names="job_many"), web, become=True),
            play(passage("fail_on_exception", "many failing", job_names="job_trap"), web),
            play(passage("fail_on_exception", "serial", job_names="job_serial"), web, serial=2),
            play([FIRST_FAILS, *passage("fail_on_exception", "first failed", job_names="job_good")], web),
            play(
                [
                    *passage("fail_on_exception", "bastion", job_names="job_good", delegate_to="bastion"),
                    *passage("fail_on_exception", "broken", job_names="job_good", delegate_to="broken"),
                ],
                "web2",
            ),
            play([gate("fail_on_exception", "gate of the end", variables({"job_names": "job_trap"}))], "web2,web3"),
            play([shown("never")], "web2,web3"),
        ]
        yield Gates(run(plays, connection(emulator), inventory=yaml.safe_dump(inventory)), emulator)


def on_hosts(gates: Gates, name: str) -> dict[str, dict[str, Any]]:
    """The fact by host."""
    return {record.host: fact_of(record) for record in gates.run.all(name)}


def test_gate_runs_once_for_all_hosts(fleet: Gates) -> None:
    assert fleet.run.code == 2, fleet.run.text
    assert len(fleet.emulator.requests("job_status", job="job_many")) == 1
    found = on_hosts(fleet, "many")
    assert sorted(found) == ["web1", "web2", "web3", "web4"]
    assert {result["verdict"] for result in found.values()} == {"PASS"}


def test_a_failing_gate_fails_each_host_with_the_message(fleet: Gates) -> None:
    rescued = {record.host: record["ansible_failed_result.msg"] for record in fleet.run.all("rescue of many failing")}
    assert sorted(rescued) == ["web1", "web2", "web3", "web4"]
    (asker,) = [host for host, text in rescued.items() if text.startswith("FAIL")]
    assert {text for host, text in rescued.items() if host != asker} == {f"Stopped at the gate, see {asker}"}
    found = on_hosts(fleet, "many failing")
    assert {result["verdict"] for result in found.values()} == {"FAIL"}
    assert len(found) == 4


def test_serial_runs_the_gate_once_per_batch(fleet: Gates) -> None:
    assert len(fleet.emulator.requests("job_status", job="job_serial")) == 2
    found = on_hosts(fleet, "serial")
    assert sorted(found) == ["web1", "web2", "web3", "web4"]
    assert {result["verdict"] for result in found.values()} == {"PASS"}


def test_gate_runs_after_the_first_host_failed(fleet: Gates) -> None:
    found = on_hosts(fleet, "first failed")
    assert sorted(found) == ["web2", "web3", "web4"]
    assert {result["job"]["name"] for result in found.values()} == {"job_good"}


def test_delegate_to_runs_the_gate_on_another_host(fleet: Gates) -> None:
    assert {result["verdict"] for result in on_hosts(fleet, "bastion").values()} == {"PASS"}
    assert not fleet.failed("bastion")


def test_module_that_cannot_start_fails_the_gate(fleet: Gates) -> None:
    assert fleet.failed("broken")
    assert "/no/py" in str(on_hosts(fleet, "broken")["web2"])
    assert on_hosts(fleet, "broken")["web2"]["verdict"] == "ERROR"


def test_failed_gate_stops_each_host(fleet: Gates) -> None:
    assert not fleet.run.all("never")
    last = fleet.run.output.rpartition(f"{STOP}]")[2]
    assert last.count("node BROKEN is EXCEPTION") == 1
    assert last.count("fatal: ") == 2


# -- output -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wordy() -> Iterator[Run]:
    """Gates with secrets in variables, with the output of -vvv."""
    with running(SCENARIO) as emulator:
        given = {"job_names": "job_good", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        user = {"username": USER_NAME, "password": USER_PASSWORD, "domain_name": DOMAIN_NAME}
        roles = [{"role": "datagate.huaweicloud.job_gate", **variables({**given, **QUICK})}]
        empty = {"HW_ACCESS_KEY": "", "HW_SECRET_KEY": ""}
        tasks = [
            *passage("fail_on_exception", "key", **given),
            *passage("fail_on_exception", "password", job_names="job_good", **user),
            *passage("fail_on_exception", "key failing", **{**given, "job_names": "job_trap"}),
            *passage("fail_on_exception", "key refused", **{**given, "job_names": "a/b"}),
        ]
        yield run(
            [play([], roles=roles, environment=empty), play(tasks, environment=empty)], connection(emulator), "-vvv"
        )


def test_secrets_are_not_shown(wordy: Run) -> None:
    assert wordy.code == 0, wordy.text
    assert wordy["key"]["job_gate_result"]["verdict"] == "PASS"
    assert wordy["password"]["job_gate_result"]["verdict"] == "PASS"
    for secret in (ACCESS_KEY, SECRET_KEY, USER_PASSWORD):
        assert secret not in wordy.text
        assert not [record.task for record in wordy.records if secret in str(record.result)]


def test_verdict_sentence_is_shown_once() -> None:
    with running(SCENARIO) as emulator:
        done = run(
            [play([gate("wait_until_normal", "the gate", variables({"job_names": "job_trap"}))])], connection(emulator)
        )
    assert done.code == 2
    sentence = "job_trap: node BROKEN is EXCEPTION"
    assert done.text.count(sentence) == 1
    assert "history" not in done.text
    assert done[STOP].failed
    assert (done[ASK].status, done[ASK].msg) == ("failed", "FAIL")


def test_passing_gate_prints_few_tasks() -> None:
    with running(SCENARIO) as emulator:
        done = run([play([gate("wait_until_normal", "the gate", variables({"tags": "good"}))])], connection(emulator))
    assert done.code == 0, done.text
    headings = re.findall(r"^TASK \[datagate.huaweicloud.job_gate : (.*)\] \*", done.output, re.MULTILINE)
    assert [name for name in headings if not name.startswith("Validating arguments")] == [ASK, "Set the result facts"]
    assert "WARNING" not in done.text
    assert re.search(r"^PASS after .* 2 of 2 jobs ready. Selected: tags good.$", done.output, re.MULTILINE)
