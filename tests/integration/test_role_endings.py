# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a gate: the artifact, the report, the tasks run on failure, and the verdict sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from tests.emulator import Emulator, running

from .playbook import Run, connection, gate, hosts, play, run

BOTH = "Fail the play (job_gate_on_failure failed as well)"
QUICK = {"wait_interval": 0.3, "wait_timeout": 20}
HOSTILE = "{{ lookup('pipe', 'echo EVALUATED') }}"
HEADER = "#jinja2:variable_start_string:'[[',variable_end_string:']]'[[ 7 * 7 ]]"

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good"},
        {"name": "job_other"},
        {"name": "job_trap", "nodes": [{"name": "BROKEN", "status": "EXCEPTION", "log_path": "obs://logs/BROKEN.job"}]},
        {
            "name": f"job {HOSTILE}",
            "status": "EXCEPTION",
            "tags": ["odd"],
            "nodes": [{"name": HEADER, "status": "EXCEPTION", "log_path": f"obs://{HOSTILE}/log"}],
        },
        {"name": HEADER, "status": "ODD {% raw %}", "tags": ["odd"]},
    ],
    "dli_jobs": [{"job_id": "dli-good"}, {"job_id": "dli-bad", "status": "FAILED", "message": f"why {HOSTILE}"}],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


def passage(name: str, /, entry: str = "wait_until_normal", **options: Any) -> dict[str, Any]:
    """A gate without a rescue."""
    return gate(entry, name, {f"job_gate_{key}": value for key, value in {**QUICK, **options}.items()})


def show(name: str, fact: str = "job_gate_result") -> dict[str, Any]:
    """A task that shows a fact to the recorder."""
    return {"name": name, "ansible.builtin.debug": {"var": fact}}


def tasks_file(folder: Path, tasks: Sequence[Mapping[str, Any]] | str, name: str = "on_failure.yml") -> str:
    """A file with tasks."""
    path = folder / name
    path.write_text(tasks if isinstance(tasks, str) else json.dumps(list(tasks), indent=1), "utf-8")
    return str(path)


def stats(done: Run) -> dict[str, Any]:
    """The artifacts of the play, each from the last task that set it."""
    found: dict[str, Any] = {}
    for record in done.records:
        if record.status == "ok" and "ansible_stats" in record.result:
            found.update(record["ansible_stats"]["data"])
            assert record["ansible_stats"]["aggregate"] is False
            assert record["ansible_stats"]["per_host"] is False
    return found


# -- the artifact -----------------------------------------------------------------------------------------------------


def test_passing_gate_sets_an_artifact(emulator: Emulator) -> None:
    done = run([play([passage("gate", job_names=["job_good", "job_other"])])], connection(emulator))
    assert done.code == 0, done.text
    assert stats(done).keys() == {"job_gate"}
    left = stats(done)["job_gate"]
    assert (left["verdict"], left["failed"], left["codes"]) == ("PASS", False, [])
    assert left["by_status"] == {"NORMAL": 2}
    assert left["msg"].startswith("PASS after ")


def test_failing_gate_sets_an_artifact_with_its_id(emulator: Emulator) -> None:
    done = run([play([passage("gate", job_names="job_trap", id="after")])], connection(emulator))
    assert done.code == 2
    left = stats(done)
    assert left.keys() == {"job_gate_after"}
    assert (left["job_gate_after"]["verdict"], left["job_gate_after"]["failed"]) == ("FAIL", True)
    assert left["job_gate_after"]["codes"] == ["node_exception"]
    assert left["job_gate_after"]["named_jobs"] == ["job_trap"]


@pytest.mark.parametrize("value", [False, "no"])
def test_stats_false_sets_no_artifact(emulator: Emulator, value: Any) -> None:
    done = run([play([passage("gate", job_names="job_good", stats=value)])], connection(emulator))
    assert done.code == 0, done.text
    assert stats(done) == {}


def test_rejected_option_and_disabled_gate_set_an_artifact(emulator: Emulator) -> None:
    done = run(
        [
            play(
                [
                    passage(
                        "off",
                        job_names="job_trap",
                        enabled=False,
                        override_reason="#1 {x}",
                        id="off",
                    ),
                    passage("refused", job_names="a/b"),
                ]
            )
        ],
        connection(emulator),
    )
    assert done.code == 2
    left = stats(done)
    assert left["job_gate_off"]["verdict"] == "SKIPPED"
    assert left["job_gate_off"]["override_reason"] == "_1 (x)"
    assert (left["job_gate"]["verdict"], left["job_gate"]["failed"]) == ("ERROR", True)
    assert "job_names" in left["job_gate"]["msg"]


def test_artifact_contains_no_template(emulator: Emulator) -> None:
    done = run(
        [
            play(
                [
                    passage("names", tags="odd", soft_fail=True, id="odd_names"),
                    passage("dli", entry="dli_finished", job_ids="dli-bad", soft_fail=True, id="dli"),
                ]
            )
        ],
        connection(emulator),
    )
    assert done.code == 0, done.text
    left = stats(done)
    assert left["job_gate_odd_names"]["verdict"] == left["job_gate_dli"]["verdict"] == "FAIL"
    # As AWX passes it to the next job of a workflow: as extra variables, which are templates.
    later = run(
        [play([show("names", "job_gate_odd_names"), show("dli", "job_gate_dli")])], connection(emulator), variables=left
    )
    assert later.code == 0, later.text
    assert later["names"]["job_gate_odd_names"] == left["job_gate_odd_names"]
    assert later["dli"]["job_gate_dli"] == left["job_gate_dli"]
    text = json.dumps(left)
    assert "EVALUATED" not in (later.text + done.text).replace("echo EVALUATED", "")
    assert "{{" not in text.replace('": {', "")
    assert '"#' not in text
    assert "lookup('pipe'" in left["job_gate_odd_names"]["msg"]


# -- extra variables with the names of the facts --------------------------------------------------------------------------

WARNED = "an extra variable overrides the fact"


def test_facts_of_a_gate_replace_earlier_ones(tmp_path: Path, emulator: Emulator) -> None:
    old = {"verdict": "PASS", "failed": False, "msg": "of an earlier gate"}
    path = tasks_file(tmp_path, [show("roll back", "job_gate_after.msg")])
    options = {"job_names": "job_trap", "id": "after", "report_dir": str(tmp_path), "on_failure": path}
    earlier = {"job_gate": old, "job_gate_after": old, "job_gate_result": old}
    done = run([play([passage("gate", **options)])], connection(emulator), variables=earlier)
    assert done.code == 2
    # Ansible lets no task set it, so the role warns.
    assert done["roll back"]["job_gate_after.msg"] == "of an earlier gate"
    assert done["Fail the play"].msg.startswith("FAIL after ")
    left = stats(done)
    assert left.keys() == {"job_gate_after"}
    assert (left["job_gate_after"]["verdict"], left["job_gate_after"]["failed"]) == ("FAIL", True)
    assert json.loads((tmp_path / "job_gate_after.json").read_text("utf-8"))["verdict"] == "FAIL"


@pytest.mark.parametrize("value", ["{{ no_such_variable }}", {"verdict": "{{ 1 / 0 }}"}, {"verdict": "PASS"}])
def test_extra_variable_with_the_name_of_the_fact_gives_a_warning(emulator: Emulator, value: Any) -> None:
    tasks = [passage("gate", job_names="job_good", id="after")]
    done = run([play(tasks)], connection(emulator), variables={"job_gate_after": value})
    assert done.code == 0, done.text
    assert stats(done)["job_gate_after"]["verdict"] == "PASS"
    assert f"job_gate_after: {WARNED}" in " ".join(done.text.split())


def test_other_facts_give_no_warning(emulator: Emulator) -> None:
    tasks = [
        passage("named", job_names="job_good", id="after"),
        passage("nameless", entry="dli_finished", job_ids="dli-bad", soft_fail=True),
    ]
    done = run([play(tasks)], connection(emulator))
    assert done.code == 0, done.text
    assert "WARNING" not in done.text


def test_two_gates_with_one_id_give_a_warning(emulator: Emulator) -> None:
    tasks = [passage("first", job_names="job_good", id="after"), passage("second", job_names="job_other", id="after")]
    done = run([play(tasks), play(tasks[:1])], connection(emulator))
    assert done.code == 0, done.text
    assert " ".join(done.text.split()).count("There was a gate with job_gate_id after in this play already") == 1


# -- the tasks run on failure -----------------------------------------------------------------------------------------


def test_on_failure_tasks_receive_the_result(tmp_path: Path, emulator: Emulator) -> None:
    path = tasks_file(tmp_path, [show("roll back", "job_gate_result.verdict")])
    done = run([play([passage("gate", job_names="job_trap", on_failure=path)])], connection(emulator))
    assert done.code == 2
    names = [record.task.rpartition(" : ")[2] for record in done.records]
    # The sentence comes before a roll-back that may take long, and the host fails with any content of the file.
    assert names.index("Store the verdict") < names.index("Fail the play") < names.index("roll back")
    assert done["roll back"]["job_gate_result.verdict"] == "FAIL"
    assert done["Fail the play"].msg.startswith("FAIL after ")
    assert "job_gate_on_failure" not in done["Fail the play"].msg


def test_on_failure_path_is_relative_to_the_playbook(tmp_path: Path, emulator: Emulator) -> None:
    tasks_file(tmp_path, [show("roll back")])
    (tmp_path / "site.yml").write_text(
        json.dumps([play([passage("gate", job_names="job_trap", on_failure="on_failure.yml")])])
    )
    done = run(str(tmp_path / "site.yml"), connection(emulator))
    assert done.code == 2
    assert done["roll back"].status == "ok"


@pytest.mark.parametrize("options", [{"job_names": "job_good"}, {"job_names": "job_trap", "soft_fail": True}])
def test_on_failure_tasks_do_not_run_if_the_play_continues(
    tmp_path: Path, emulator: Emulator, options: dict[str, Any]
) -> None:
    path = tasks_file(tmp_path, [show("roll back")])
    done = run([play([passage("gate", on_failure=path, **options)])], connection(emulator))
    assert done.code == 0, done.text
    assert not done.all("roll back")


def test_on_failure_tasks_run_for_a_rejected_option(tmp_path: Path, emulator: Emulator) -> None:
    path = tasks_file(tmp_path, [show("roll back")])
    done = run([play([passage("gate", on_failure=path, job_names="a/b")])], connection(emulator))
    assert done.code == 2
    assert done["roll back"]["job_gate_result"]["verdict"] == "ERROR"


@pytest.mark.parametrize(
    ("tasks", "text"),
    [
        (
            [{"name": "undo", "ansible.builtin.fail": {"msg": "no earlier version"}}],
            'at task "undo": no earlier version',
        ),
        ([{"name": "undo", "ansible.builtin.debug": {"msg": "{{ no_such_variable }}"}}], "no_such_variable"),
        ("not: tasks", "failed as well: "),
    ],
)
def test_both_failures_are_shown(
    tmp_path: Path, emulator: Emulator, tasks: list[dict[str, Any]] | str, text: str
) -> None:
    path = tasks_file(tmp_path, tasks)
    done = run([play([passage("gate", job_names="job_trap", on_failure=path)])], connection(emulator))
    assert done.code == 2
    message = done[BOTH].msg
    assert message.startswith("FAIL after ")
    assert "job_gate_on_failure failed as well" in message
    assert text in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["[broken", "- name: undo\n  no_such_module:\n"])
def test_invalid_on_failure_file_does_not_hide_the_failure(tmp_path: Path, emulator: Emulator, text: str) -> None:
    """Ansible ends the playbook at once for such files: the verdict sentence must be shown before."""
    path = tasks_file(tmp_path, text)
    done = run([play([passage("gate", job_names="job_trap", on_failure=path)])], connection(emulator))
    assert done.code not in (0, None)
    assert done["Fail the play"].msg.startswith("FAIL after ")


def test_missing_on_failure_file_is_rejected_before_any_request(emulator: Emulator) -> None:
    before = len(emulator.requests())
    tasks = [passage("gate", job_names="job_good", on_failure="undo.yml", id="pre")]
    done = run([play(tasks)], connection(emulator))
    assert done.code == 2
    assert stats(done)["job_gate_pre"]["verdict"] == "ERROR"
    assert done["Fail the play"].msg.startswith("job_gate_on_failure: there is no file ")
    assert len(emulator.requests()) == before


def test_gate_in_on_failure_tasks_does_not_change_the_failure(tmp_path: Path, emulator: Emulator) -> None:
    inner = [
        passage("the old version runs", job_names="job_good"),
        show("inner"),
        # It fails, and must neither begin the tasks on failure again nor hide the first failure.
        passage("the old version fails", job_names="job_trap", soft_fail=True),
    ]
    path = tasks_file(tmp_path, inner)
    caught = show("rescued")
    variables = {**QUICK, "job_names": "job_trap", "on_failure": path, "id": "after", "report_dir": str(tmp_path / "r")}
    done = run(
        [
            play(
                [
                    gate(
                        "wait_until_normal",
                        "gate",
                        {f"job_gate_{name}": value for name, value in variables.items()},
                        rescue=[
                            caught,
                            show("named", "job_gate_after"),
                            {"name": "end", "ansible.builtin.fail": {"msg": "END"}},
                        ],
                    )
                ]
            )
        ],
        connection(emulator),
        "-e",
        json.dumps({"job_gate_on_failure": path}),
    )
    assert done.code == 2
    assert done["inner"]["job_gate_result"]["verdict"] == "PASS"
    assert done["Fail the play"].msg.startswith("FAIL after ")
    assert done["rescued"]["job_gate_result"]["verdict"] == "FAIL"
    assert done["named"]["job_gate_after"]["verdict"] == "FAIL"
    left = stats(done)
    assert left["job_gate_after"]["verdict"] == "FAIL"
    assert left.keys() == {"job_gate_after", "job_gate_after_rollback"}
    assert json.loads((tmp_path / "r" / "job_gate_after.json").read_text("utf-8"))["verdict"] == "FAIL"


def test_on_failure_tasks_run_on_each_host(tmp_path: Path, emulator: Emulator) -> None:
    path = tasks_file(
        tmp_path,
        [
            {"name": "undo", "ansible.builtin.debug": {"msg": "undone on {{ inventory_hostname }}"}},
            {
                "name": "undo more",
                "ansible.builtin.fail": {"msg": "not on {{ inventory_hostname }}"},
                "when": "inventory_hostname == 'b'",
            },
        ],
    )
    inventory = hosts("a", "b", ansible_connection="local", ansible_python_interpreter="{{ ansible_playbook_python }}")
    done = run(
        [play([passage("gate", job_names="job_trap", on_failure=path)], hosts="all")],
        connection(emulator),
        inventory=inventory,
    )
    assert done.code == 2
    assert {record.host for record in done.all("undo")} == {"a", "b"}
    messages_by_host = {record.host: record.msg for record in done.all("Fail the play")}
    (asker,) = [host for host, text in messages_by_host.items() if text.startswith("FAIL after ")]
    assert {text for host, text in messages_by_host.items() if host != asker} == {f"Stopped at the gate, see {asker}"}
    both = {record.host: record.msg for record in done.all(BOTH)}
    assert both.keys() == {"b"}
    assert "not on b" in both["b"]


# -- the report -------------------------------------------------------------------------------------------------------

NAMES = ("gate.html", "gate.json", "gate.md", "gate.xml")


def test_report_is_written_for_each_verdict(tmp_path: Path, emulator: Emulator) -> None:
    folder = tmp_path / "new" / "reports"
    done = run(
        [
            play(
                [
                    passage("pass", job_names=["job_good", "job_other"], report_dir=str(folder)),
                    passage(
                        "off",
                        job_names="job_good",
                        enabled=False,
                        override_reason="Ticket 1",
                        id="off",
                        report_dir=str(folder),
                    ),
                    passage("dli", entry="dli_finished", job_ids="dli-good", id="dli", report_dir=str(folder)),
                    passage(
                        "fail", job_names=["job_good", "job_trap"], id="fail", soft_fail=True, report_dir=str(folder)
                    ),
                    passage("hostile", tags="odd", id="odd", soft_fail=True, report_dir=str(folder)),
                    passage("refused", job_names="a/b", id="refused", report_dir=str(folder)),
                ]
            )
        ],
        connection(emulator),
    )
    assert done.code == 2
    ids = ("", "_off", "_dli", "_fail", "_odd", "_refused")
    names = {suffix: f"job_gate{suffix}" if suffix else "gate" for suffix in ids}
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        name.replace("gate", base) for name in NAMES for base in names.values()
    )
    verdicts = {suffix: json.loads((folder / f"{names[suffix]}.json").read_text("utf-8"))["verdict"] for suffix in ids}
    assert verdicts == {
        "": "PASS",
        "_off": "SKIPPED",
        "_dli": "PASS",
        "_fail": "FAIL",
        "_odd": "FAIL",
        "_refused": "ERROR",
    }
    for suffix in ids:
        assert oct((folder / f"{names[suffix]}.html").stat().st_mode & 0o777) == "0o644"
        assert verdicts[suffix] in (folder / f"{names[suffix]}.html").read_text("utf-8")
        assert verdicts[suffix] in (folder / f"{names[suffix]}.md").read_text("utf-8")
    suite = next(iter(JUnitXml.fromfile(str(folder / "job_gate_fail.xml"))))
    assert {case.name: [type(result).__name__ for result in case.result] for case in suite} == {
        "job_good": [],
        "job_trap": ["Failure"],
    }
    odd = json.loads((folder / "job_gate_odd.json").read_text("utf-8"))
    assert {job["job_name"] if "job_name" in job else job["name"] for job in odd["jobs"]} == {f"job {HOSTILE}", HEADER}
    assert "changed=0" in done.output


def test_unusable_report_dir_is_rejected_before_any_request(tmp_path: Path, emulator: Emulator) -> None:
    (tmp_path / "file").write_text("")
    before = len(emulator.requests())
    done = run(
        [play([passage("gate", job_names="job_good", report_dir=str(tmp_path / "file" / "r"))])], connection(emulator)
    )
    assert done.code == 2
    assert done["Fail the play"].msg.startswith("job_gate_report_dir: ")
    assert len(emulator.requests()) == before


@pytest.mark.parametrize(("job", "code"), [("job_good", 0), ("job_trap", 2)])
def test_unwritable_report_does_not_change_the_verdict(tmp_path: Path, emulator: Emulator, job: str, code: int) -> None:
    (tmp_path / "gate.md").mkdir()
    (tmp_path / "gate.md" / "full").write_text("")
    (tmp_path / "gate.md").chmod(0o755)
    blocked = tmp_path / "gate.html"
    os.symlink(tmp_path / "nowhere" / "x", blocked)
    done = run([play([passage("gate", job_names=job, report_dir=str(tmp_path))])], connection(emulator))
    assert done.code == code, done.text
    teller = done["Fail the play" if code else "Wait until the jobs run"]
    assert teller.msg.startswith("FAIL after " if code else "PASS after ")
    assert "The report could not be written: " in teller.msg


def test_check_mode_writes_no_report(tmp_path: Path, emulator: Emulator) -> None:
    folder = tmp_path / "reports"
    done = run([play([passage("gate", job_names="job_good", report_dir=str(folder))])], connection(emulator), "--check")
    assert done.code == 0, done.text
    assert not folder.exists()


def test_relative_report_dir_starts_at_the_working_directory(tmp_path: Path, emulator: Emulator) -> None:
    site = tmp_path / "elsewhere" / "site.yml"
    site.parent.mkdir()
    site.write_text(
        yaml.safe_dump(
            [
                play([passage("gate", job_names="job_good", report_dir="reports")]),
                play(
                    [{"name": "where", "ansible.builtin.debug": {"var": "'reports/gate.html' is ansible.builtin.file"}}]
                ),
            ]
        )
    )
    done = run(str(site), connection(emulator))
    assert done.code == 0, done.text
    assert done["where"]["'reports/gate.html' is ansible.builtin.file"] is True
    assert not (site.parent / "reports").exists()
