# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in the controller's process behaves as in its own process: working directory, environment, warnings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError
from ansible_collections.datagate.huaweicloud.plugins.modules import dataarts_job_status
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process

SPEC = {
    "jobs": {"type": "list", "aliases": ["job"]},
    "seconds": {"type": "float"},
    "most": {"type": "int"},
    "check": {"type": "bool"},
    "old": {"type": "str", "removed_in_version": "9.0.0", "removed_from_collection": "datagate.huaweicloud"},
    "older": {"type": "str", "removed_at_date": "2099-01-01", "removed_from_collection": "datagate.huaweicloud"},
}


def run(**arguments: Any) -> dict[str, Any]:
    return in_process.run(
        arguments, SPEC, "dataarts", lambda invocation: {"jobs": invocation.params["jobs"]}, False, "a module"
    )


def test_warnings_of_the_check_are_in_the_result() -> None:
    assert run(jobs=["a"], job=["b"])["warnings"] == ["Both option jobs and its alias job are set."]
    assert not {"warnings", "deprecations"} & {*run(jobs=["a"])}


def test_deprecations_of_the_check_are_in_the_result() -> None:
    received = run(old="x", older="y")["deprecations"]
    assert [sorted(item) for item in received] == [
        ["collection_name", "msg", "version"],
        ["collection_name", "date", "msg"],
    ]
    assert "'old' is deprecated" in received[0]["msg"]
    assert (received[0]["version"], received[1]["date"]) == ("9.0.0", "2099-01-01")


def test_deprecations_are_returned_with_rejected_options() -> None:
    result = run(old="x", jobs={"no": "list"}, unknown=1)
    assert result["failed"]
    assert len(result["deprecations"]) == 1


@pytest.mark.parametrize(
    ("given", "msg"),
    [
        ({"seconds": "10m"}, "seconds: must be a number, not '10m'"),
        ({"seconds": ["1"]}, "seconds: must be a number, not \"['1']\""),
        ({"most": "50%"}, "most: must be a whole number, not '50%'"),
        ({"check": "ture"}, "check: must be true or false, not 'ture'"),
        ({"check": "x" * 100}, f"check: must be true or false, not '{'x' * 39}…'"),
    ],
)
def test_wrong_type_is_reported_with_the_value(given: dict[str, Any], msg: str) -> None:
    assert run(**given)["msg"] == msg


def test_invalid_durations_lists_choices_and_missing_options_are_explained() -> None:
    spec = {
        "stable_for": {"type": "float"},
        "jobs": {"type": "list"},
        "state": {"type": "str", "required": True},
        "missing": {"type": "str", "choices": ["fail", "ok"]},
        "password": {"type": "str", "no_log": True},
    }

    def msg(**given: Any) -> str:
        result = in_process.run({"state": "run", **given}, spec, "dataarts", lambda invocation: {}, False, "m")
        return str(result["msg"])

    assert msg(stable_for="1m") == "stable_for: must be seconds, such as 60, not '1m'"
    assert msg(jobs={"a": 1}) == "jobs: must be a list, not \"{'a': 1}\""
    assert msg(missing="no") == "missing: must be one of fail, ok, not 'no'"
    result = in_process.run({}, spec, "dataarts", lambda invocation: {}, False, "m")
    assert result["msg"].startswith("state: is needed; say what to order")
    endpoints = in_process.run({"endpoints": "http://x"}, {}, "dataarts", lambda invocation: {}, False, "m")
    assert endpoints["msg"].startswith("endpoints: must be a dictionary such as {")


def test_task_environment_is_set_and_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW_REGION_NAME", "before")
    monkeypatch.delenv("HW_CLOUD", raising=False)
    with in_process.with_environment({"HW_REGION_NAME": "during", "HW_CLOUD": 5}):
        assert (os.environ["HW_REGION_NAME"], os.environ["HW_CLOUD"]) == ("during", "5")
    assert (os.environ["HW_REGION_NAME"], os.environ.get("HW_CLOUD")) == ("before", None)


def test_working_directory_is_changed_and_restored(tmp_path: Path) -> None:
    before = Path.cwd()
    with in_process.working_in(str(tmp_path)):
        assert Path.cwd() == tmp_path
    assert Path.cwd() == before
    with pytest.raises(RuntimeError, match="broken"), in_process.working_in(str(tmp_path)):
        raise RuntimeError("broken")
    assert Path.cwd() == before


def test_working_in_closes_its_file_descriptors(tmp_path: Path) -> None:
    with in_process.working_in(str(tmp_path)):
        pass
    first = os.open(tmp_path, os.O_RDONLY)
    os.close(first)
    for dummy in range(3):
        with in_process.working_in(str(tmp_path)):
            pass
    second = os.open(tmp_path, os.O_RDONLY)
    os.close(second)
    assert first == second


def test_previous_working_directory_may_be_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with in_process.working_in(str(tmp_path)):
        assert Path.cwd() == tmp_path
    with pytest.raises(FileNotFoundError):
        os.getcwd()


def test_failed_return_to_the_previous_directory_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "project").mkdir()

    def refused(*dummy: Any) -> None:
        raise PermissionError(13, "Permission denied")

    for function in ("open", "fchdir"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, refused)
            with in_process.working_in(str(tmp_path / "project")):
                assert Path.cwd() == tmp_path / "project"
        os.chdir(tmp_path)


def test_unusable_working_directory_is_named(tmp_path: Path) -> None:
    before = Path.cwd()
    missing = tmp_path / "missing"
    with pytest.raises(DatagateError) as caught, in_process.working_in(str(missing)):
        pytest.fail("never reached")
    assert str(caught.value) == f"the playbook's folder {missing} cannot be worked in: No such file or directory"
    assert Path.cwd() == before


@pytest.mark.parametrize(("states", "count"), [(["NORMAL"], 0), (["NORMAL", "MIGRATING"], 1), (["running", "X"], 2)])
def test_warnings_about_options_are_in_the_result(states: list[str], count: int) -> None:
    arguments = {"wait_for": states}  # no job is selected, so that nothing is sent
    code = dataarts_job_status
    result = in_process.run(arguments, code.ARGUMENTS, code.SERVICE, code.BODY, False, "dataarts_job_status")
    assert result["failed"]
    assert len(result.get("warnings", [])) == count
