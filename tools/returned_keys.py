# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of the keys that several modules return, written into their RETURN from returned_keys.yml.

Ansible has fragments for the documentation of options, and none for returned keys. tools/options.py calls this file.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools" / "returned_keys.yml"
MODULES = ROOT / "plugins" / "modules"
MAX_WIDTH = 120
BEGIN, END = "# -- written by `make options`", "# -- end"
REGION = re.compile(rf"^(?P<indent> *){BEGIN}: (?P<group>\w+)\n(?:.*\n)*?(?P=indent){END}\n", re.MULTILINE)
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


def module_text(path: Path) -> str:
    """The file of a module, with the generated parts of RETURN as they should be."""

    def region(found: re.Match[str]) -> str:
        indent, group = found["indent"], found["group"]
        return f"{indent}{BEGIN}: {group}\n{group_text(path.stem, group, indent)}{indent}{END}\n"

    return REGION.sub(region, path.read_text("utf-8"))


def paths() -> list[Path]:
    """The modules that return keys of the table."""
    return [MODULES / f"{name}.py" for name in table()["modules"]]


def write() -> None:
    """Write the generated parts of all modules."""
    for path in paths():
        path.write_text(module_text(path), "utf-8")


def problems() -> Iterator[str]:
    """Where the modules differ from the table."""
    for path in paths():
        text = path.read_text("utf-8")
        regions = len(REGION.findall(text))
        if not regions or {text.count(BEGIN), text.count(END)} != {regions}:
            yield f"{path.name}: a marker is missing"
        elif text != module_text(path):
            yield f"{path.name} is not what is generated; `make options` writes it"
