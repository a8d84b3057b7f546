# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The architecture page names files, folders and symbols that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guides" / "architecture.md").read_text("utf-8")
PRIVATE = ROOT / "plugins" / "module_utils"
PATHS = sorted(
    {name for name in re.findall(r"[\w./]+(?:\.py|/)(?=[\s`])", PAGE) if re.match(r"_|plugins/|extensions/", name)}
)


@pytest.mark.parametrize("name", PATHS)
def test_paths_on_the_page_exist(name: str) -> None:
    path = (PRIVATE if name.startswith("_") else ROOT) / name
    assert path.is_dir() if name.endswith("/") else path.is_file()


def test_picture_shows_the_layers_of_the_imports() -> None:
    """Each private package and file of the ground floor is in the picture."""
    picture = PAGE.split("```text", 1)[1].split("```", 1)[0]
    shown = set(re.findall(r"\b(_\w+)(?=\.py|/)", picture))
    existing = {path.name.removesuffix(".py") for path in PRIVATE.iterdir() if re.match(r"_[a-z]", path.name)}
    assert shown == existing - {"_suggestion", "_version"}
