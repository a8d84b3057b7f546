# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""galaxy.yml has the addresses of the project. The few other files that need one have the same, and no file pins a branch."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from tree import tree_files  # noqa: E402

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
OWNER = "/".join(GALAXY["repository"].split("/")[-2:])
ADDRESS = re.compile(
    r"https?://(?:github\.com/[\w.-]+/huaweicloud|[\w.-]+\.github\.io/huaweicloud|galaxy\.ansible\.com)"
)
PINNED = re.compile(r"git\+https|(?<!scm_)type: git$|huaweicloud(?:\.git)?,(?:main|v\d)|huaweicloud\.git$")
# Files that cannot derive an address -> the addresses that they contain.
WITH_ADDRESS = {
    ".github/ISSUE_TEMPLATE/config.yml": {GALAXY["repository"]},
    ".github/workflows/release.yml": {"https://galaxy.ansible.com"},
    "CONTRIBUTING.md": {GALAXY["repository"]},
    "SECURITY.md": {GALAXY["repository"]},
    "docs/docsite/links.yml": {GALAXY["repository"]},
    "docs/guides/first_gate.md": {GALAXY["repository"]},
    "docs/guides/zh_CN/first_gate.md": {GALAXY["repository"]},
    "docs/site/antsibull-docs.cfg": {GALAXY["repository"]},
    "galaxy.yml": {GALAXY["repository"], GALAXY["documentation"].rstrip("/")},
    "playbooks/awx_setup.yml": {GALAXY["repository"]},
}


def texts() -> dict[str, str]:
    """The text files that are written by hand, except for the changelog, which is history."""
    found = {}
    for name in tree_files():
        if name.startswith(("changelogs/", "tests/")) or name in ("CHANGELOG.rst",):
            continue
        if Path(name).suffix not in (".png", ".svg", ".json", ".gz"):
            found[name] = (ROOT / name).read_text("utf-8")
    return found


def test_only_these_files_have_an_address_and_it_is_that_of_galaxy_yml() -> None:
    found = {name: set(ADDRESS.findall(text)) for name, text in texts().items()}
    assert {name: addresses for name, addresses in found.items() if addresses} == WITH_ADDRESS


def test_the_documentation_links_to_the_repository_of_galaxy_yml() -> None:
    links = yaml.safe_load((ROOT / "docs" / "docsite" / "links.yml").read_text("utf-8"))
    assert links["edit_on_github"]["repository"] == OWNER
    assert GALAXY["homepage"] == GALAXY["repository"]
    assert GALAXY["issues"] == f"{GALAXY['repository']}/issues"


def test_nothing_is_installed_from_a_branch_or_a_tag() -> None:
    found = {
        name: lines
        for name, text in texts().items()
        if (lines := [line for line in text.splitlines() if PINNED.search(line) and "git clone" not in line])
    }
    assert found == {}
