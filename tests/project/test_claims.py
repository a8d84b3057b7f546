# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statements of README.md and SECURITY.md that no other test covers."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import matrix  # noqa: E402
from tests.integration.awx.collection import VERSION as AWX_VERSION  # noqa: E402

README = (ROOT / "README.md").read_text("utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")


def methods() -> Iterator[tuple[str, str]]:
    """File and HTTP method of each request to a service of jobs that is not a GET."""
    for folder in ("plugins", "extensions"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("Call", "factory_call"):
                    continue
                for keyword in node.keywords:
                    if keyword.arg == "method" and ast.literal_eval(keyword.value) != "GET":
                        yield path.name, ast.literal_eval(keyword.value)


def test_only_orders_and_cancellation_change_jobs() -> None:
    assert set(methods()) == {("job_actions.py", "POST"), ("sql_jobs.py", "DELETE")}
    for text in (README, SECURITY):
        assert re.search(r"Only (the module )?`dataarts_job`.*\bact\b.*everything else only reads", text, re.DOTALL)


def test_the_readme_names_the_tested_versions() -> None:
    found = re.search(r"ansible-core (\S+) to (\S+), Python (\S+) to (\S+) .* and AWX (\d+)", README)
    assert found is not None
    assert found.group(1, 2) == (min(matrix.CORES), max(matrix.CORES))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    pythons = sorted(map(int, re.findall(r"^ +3\.(\d+)$", workflow, re.MULTILINE)))
    assert found.group(3, 4) == (f"3.{pythons[0]}", f"3.{pythons[-1]}")
    assert AWX_VERSION.startswith(f"{found[5]}.")


def test_each_security_measure_links_to_its_tests() -> None:
    table = SECURITY.partition("## Security measures")[2]
    rows = re.findall(r"^\| (?!---|subject)(\w[^|]*) \|.*\|([^|]*)\|$", table, re.MULTILINE)
    assert len(rows) >= 7
    for name, tests in rows:
        assert re.findall(r"\]\((tests/[\w/]+\.py)\)", tests), name
