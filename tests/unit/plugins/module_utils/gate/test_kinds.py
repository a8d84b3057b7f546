# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kind of job is a row of a table: no other code depends on it."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import kinds, resume
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import COMMON_SEVERITIES, KINDS, Kind
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.observing.loop import Loop
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.policy import Policy, Selection
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.result import as_dict
from ansible_collections.datagate.huaweicloud.tests.unit.gate_world import GONE, World

GATE = Path(kinds.__file__).parent


def missing(job: str, workspace: str | None) -> str:
    return f"no loading bay {job}"


def describe(name: str, job: dict[str, Any], nodes: Any, tasks: Any) -> dict[str, Any]:
    return {"bay": name, "load": job.get("load")}


BAYS = Kind(
    key="bay",
    noun="loading bay",
    known=frozenset(("filling", "full", "spilt", "burnt")),
    ready=frozenset(("full",)),
    failing=frozenset(("spilt", "burnt")),
    failure_code="bay_failed",
    codes={"burnt": "bay_burnt"},
    severities={"bay_failed": kinds.FAILURE},  # bay_burnt has no severity
    missing=missing,
    describe=describe,
    selected_by="bays",
    final=frozenset(("burnt",)),
)


def run(jobs: dict[str, Any], **options: Any) -> dict[str, Any]:
    world = World(jobs, lists=False)
    policy = Policy(BAYS, BAYS.ready, BAYS.failing, wait=True, check_nodes=False, timeout=60.0, **options)
    return as_dict(Loop(policy, Selection(tuple(jobs)), world, world.clock).run(), "all")


class TestAnotherKind:
    def test_new_kind_passes(self) -> None:
        result = run({"a": [(0, "filling"), (15, "full", {"_load": 7})]})
        assert (result["verdict"], "1 of 1 loading bay ready" in result["msg"]) == ("PASS", True)
        assert {key: result["job"][key] for key in ("bay", "load", "status")} == {
            "bay": "a",
            "load": 7,
            "status": "full",
        }

    @pytest.mark.parametrize(("state", "code"), [("spilt", "bay_failed"), ("burnt", "bay_burnt")])
    def test_new_kind_fails_with_its_reason_code(self, state: str, code: str) -> None:
        """Also with a code without a severity: it counts as a failure and is named in the message."""
        result = run({"a": [(0, state)], "b": [(0, "filling")]})
        assert (result["verdict"], result["reasons"][0]["code"]) == ("FAIL", code)
        assert f"a is {state}" in result["msg"]
        assert "b is filling" not in result["msg"]

    def test_new_kind_has_its_message_for_a_missing_job(self) -> None:
        result = run({"a": [(0, GONE)]})
        assert (result["verdict"], result["reasons"][0]["message"]) == ("FAIL", "no loading bay a")

    def test_new_kind_reports_unknown_states(self) -> None:
        result = run({"a": [(0, "NORMAL")]})
        assert (result["verdict"], result["reasons"][0]["code"]) == ("TIMEOUT", "unknown_state")

    def test_new_kind_has_its_digest_and_selection(self) -> None:
        policies = [Policy(kind, frozenset(("x",)), frozenset()) for kind in (*KINDS, BAYS)]
        assert len({resume.digest(policy) for policy in policies}) == len(policies)
        assert Selection(("a",)).as_dict(BAYS) == {"bays": ["a"]}


def codes_in_use() -> set[str]:
    """The reason codes that the gate's files name."""
    found: set[str] = set()
    for path in GATE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("make_reason", "reason_of_job"):
                constants = [item.value for item in node.args[:2] if isinstance(item, ast.Constant)]
                found |= {value for value in constants if isinstance(value, str)}
    return found


def test_every_code_has_a_severity() -> None:
    own = [set(kind.severities) for kind in KINDS]
    assert {"still_pending", "too_few_jobs", "not_stable", "stalled"} <= codes_in_use()
    assert codes_in_use() <= set(COMMON_SEVERITIES).union(*own)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.key)
class TestRows:
    def test_failing_states_have_a_severity(self, kind: Kind) -> None:
        assert {kind.code_of(state) for state in kind.failing} <= set(kind.severities)
        assert kind.explained_codes <= set(kind.severities)

    def test_states_in_the_row_are_known(self, kind: Kind) -> None:
        assert kind.ready | kind.failing | kind.final | kind.quiet | kind.progressing <= kind.known
        assert not kind.ready & kind.failing

    def test_unknown_code_has_the_severity_of_a_failure(self, kind: Kind) -> None:
        assert kind.severity("a_code_of_tomorrow") == kinds.FAILURE

    def test_description_is_json_with_the_name(self, kind: Kind) -> None:
        found = kind.describe("x", {}, None, None)
        assert "x" in json.loads(json.dumps(found)).values()
        assert found is not kind.describe("x", {}, None, None)

    def test_the_message_for_a_missing_job_names_it(self, kind: Kind) -> None:
        assert kind.missing_message("nightly", None).startswith("nightly does not exist")
