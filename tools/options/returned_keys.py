# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the keys that several modules return, from returned_keys.yml: Ansible has no fragments for RETURN."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from options import regions
from tree import ROOT

TABLE = Path(__file__).with_suffix(".yml")
MODULES = ROOT / "plugins" / "modules"
MAX_WIDTH = 120
WORD = re.compile(r"\$([a-z_]+)")


class Dumper(yaml.SafeDumper):
    """Writes YAML as the modules do: lists are indented, and the entries of lists and samples stand below each other."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists as well."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value in full each time."""
        return True


@cache
def table() -> Any:
    """The content of the table."""
    return yaml.safe_load(TABLE.read_text("utf-8"))


def words(name: str) -> dict[str, Any]:
    """The words of a module.

    :raises KeyError: the table has no entry for it.
    """
    found = {**table()["words"], **table()["modules"][name]}
    codes = {code: text or table()["codes"][code] for code, text in found.pop("codes", {}).items()}
    entries = [f"V({code}), {text.rstrip('.')}." for code, text in codes.items()]
    return {**found, "codes": ["Code of the reason.", *(filled(entry, found) for entry in entries)]}


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with the words of a module.

    :raises KeyError: a word is not known.
    """
    if isinstance(value, dict):
        return {key: filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    alone = WORD.fullmatch(value)
    return known[alone[1]] if alone else WORD.sub(lambda found: str(known[found[1]]), value)


def group_text(name: str, group: str, indent: str) -> str:
    """A group as it stands in the RETURN of a module."""
    keys = filled(table()["groups"][group], words(name))
    text = yaml.dump(
        keys,
        Dumper=Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=MAX_WIDTH - len(indent),
    )
    return textwrap.indent(text, indent)


def texts() -> dict[Path, str]:
    """The modules that return keys of the table, with the generated parts of RETURN as they should be."""
    paths = [MODULES / f"{name}.py" for name in table()["modules"]]
    return {path: regions.filled(path, partial(group_text, path.stem)) for path in paths}
