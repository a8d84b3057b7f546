# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the documentation site that are Markdown files of the repository. docs.py builds the site.

MyST cannot resolve links to pages that have another path in the site, and offers files that are not pages for download. Here these
links lead to the pages, or to the repository.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

NAME = "datagate.huaweicloud"
NAVIGATION = Path("docs", "site", "navigation.yml")
EVENT_SOURCES = Path("extensions", "eda", "plugins", "event_source")
ENVIRONMENT = "docs/guides/environment.md"
# The first cell of a row in the tables of that guide.
VARIABLE = re.compile(r"^\| `([A-Z][A-Z0-9_]+)` \|", re.MULTILINE)


class Problem(Exception):
    """Why the site cannot be built: a sentence, or several lines."""


def page_name(file: str) -> str:
    """The name in the site of a Markdown file: docs/guides/awx.md is guides/awx, examples/README.md is examples."""
    return file.removeprefix("docs/").removesuffix(".md").removesuffix("/README").lower()


def variables(tree: Path) -> list[str]:
    """The environment variables that the guide describes, in its order."""
    return VARIABLE.findall((tree / ENVIRONMENT).read_text("utf-8"))


class MarkdownPages:
    """The Markdown files that docs/site/navigation.yml lists.

    :param tree: a copy of the collection.
    :param target: the folder of Sphinx's input.
    :param documented: name of a plugin or role -> its kind.
    :ivar names: name of a plugin, role or playbook -> its address in the site.
    :ivar paths: file of the repository -> its address in the site.
    """

    def __init__(self, tree: Path, target: Path, documented: Mapping[str, str]) -> None:
        self.tree = tree
        self.target = target
        self.repository = yaml.safe_load((tree / "galaxy.yml").read_text("utf-8"))["repository"]
        self.sections: list[dict[str, Any]] = yaml.safe_load((tree / NAVIGATION).read_text("utf-8"))["sections"]
        self.files = [file for section in self.sections for file in section["pages"]]
        playbooks = sorted(path.stem for path in (tree / "playbooks").glob("*.yml"))
        self.names = {name: f"/collection/{name}_{kind}.rst" for name, kind in documented.items()}
        self.names |= {name: f"#datagate_playbook_{name}" for name in playbooks}
        self.paths = {file: f"/{page_name(file)}.md" for file in self.files}
        self.paths |= {f"playbooks/{name}.yml": self.names[name] for name in playbooks}
        sources = (path.relative_to(tree).as_posix() for path in (tree / EVENT_SOURCES).glob("*.py"))
        self.paths |= dict.fromkeys(sources, "/reference/event_source.rst")

    def navigation(self) -> dict[str, list[str]]:
        """Title of each section -> its entries for Sphinx's toctree."""
        return {
            section["title"]: [f"{title} </{page_name(file)}>" for file, title in section["pages"].items()]
            for section in self.sections
        }

    def copy_picture(self, name: str) -> str:
        """Copy a picture into the site; returns its path there."""
        (self.target / "pictures").mkdir(exist_ok=True)
        shutil.copy(self.tree / name, self.target / "pictures")
        return f"/pictures/{Path(name).name}"

    def write(self, file: str) -> None:
        """Write the page of a Markdown file, with a label, links for the site, and anchors for environment variables."""
        if not (self.tree / file).is_file():
            raise Problem(f"{file} is missing")
        name = page_name(file)
        text = (self.tree / file).read_text("utf-8")
        if file == ENVIRONMENT:
            text = VARIABLE.sub(r'| <span id="envvar-\1"></span>`\1` |', text)
        parts = re.split(r"(^ *```.*?^ *```$|^#[^\n]*$)", text, flags=re.MULTILINE | re.DOTALL)
        for index in range(0, len(parts), 2):  # the others are code and titles
            parts[index] = re.sub(
                r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)"
                rf"|`{re.escape(NAME)}\.(?P<plugin>\w+)`",
                lambda found: self._linked(file, found),
                parts[index],
            )
        page = self.target / f"{name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(parts)
        label = f"datagate_{name.replace('/', '_')}"  # for references to the page
        page.write_text(re.sub(r"^# ", f"({label})=\n# ", text, count=1, flags=re.MULTILINE), "utf-8")

    def _linked(self, file: str, found: re.Match[str]) -> str:
        """A link with its address in the site; the name of a plugin, role or playbook as a link to its page."""
        if not found["plugin"]:
            target = self.link(file, found["target"], bool(found["picture"]))
            return f"{found['picture']}[{found['text']}]({target})"
        address = self.names.get(found["plugin"])
        return f"[{found[0]}]({address})" if address else found[0]

    def link(self, file: str, target: str, picture: bool = False) -> str:
        """The address in the site of what *file* links to.

        :raises Problem: it does not exist.
        """
        parts = urlsplit(target)
        if parts.scheme or not parts.path:
            return target
        path = os.path.normpath(os.path.join(os.path.dirname(file), parts.path))
        if not (self.tree / path).exists():
            raise Problem(f"{file} links to {target}, which does not exist")
        if picture:
            return self.copy_picture(path)
        kind = "tree" if (self.tree / path).is_dir() else "blob"
        address = self.paths.get(path) or f"{self.repository}/{kind}/main/{path}"
        return f"{address}#{parts.fragment}" if parts.fragment else address
