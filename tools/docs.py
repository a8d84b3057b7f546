# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site; exits with 1 on a warning and if something is not documented.

python tools/docs.py [FOLDER]    FOLDER is dist/docs unless it is given

antsibull-docs renders modules, plugins and role, on a copy of the files that belong to the tree. MyST renders the Markdown files
of the repository that docs/site/navigation.yml lists. Sphinx makes the site of both, from scratch each time, because it prints
warnings only for pages that it reads. No network is needed.

This file does what these tools do not: antsibull-docs documents neither event sources nor playbooks, and its index is for a site
with many collections. docs_markdown.py prepares the Markdown files.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import yaml

from docs_markdown import EVENT_SOURCES, NAME, MarkdownPages, Problem, page_name, variables
from tree import COLLECTION, ROOT, export

BIN = Path(sys.executable).parent
LABEL = f"ansible_collections.{NAME}"
SITE = Path("docs", "site")
SETTINGS = Path("docs", "docsite", "config.yml")
# Folder of plugins -> the ending of their pages. An action plugin is its module's, and has no page of its own.
PLUGINS = {"modules": "module", "filter": "filter", "inventory": "inventory"}
HEADER_LINES = 3

PICTURES = ("docs/pictures/gate-passes.svg",)


@dataclass
class Variables:
    """Variables of a playbook that share a comment."""

    text: str
    names: list[str] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)


@dataclass
class Playbook:
    """The documentation of a playbook.

    :ivar title: the first sentence of its head comment.
    :ivar text: the head comment as RST.
    """

    name: str
    title: str
    text: str
    variables: list[Variables]

    @property
    def label(self) -> str:
        """The target for references to it."""
        return f"datagate_playbook_{self.name}"


class Pages:
    """The pages of the site.

    :param tree: the copy of the collection.
    :param target: an empty folder for Sphinx's input.
    """

    def __init__(self, tree: Path, target: Path) -> None:
        self.tree = tree
        self.target = target
        self.galaxy = _yaml(tree / "galaxy.yml")
        self.variables = variables(tree)
        self.plugins = {
            path.stem: kind
            for folder, kind in PLUGINS.items()
            for path in sorted((tree / "plugins" / folder).glob("*.py"))
            if path.stem != "__init__"
        }
        self.roles = sorted(path.parent.name for path in (tree / "roles").glob("*/meta"))
        self.playbook_names = sorted(path.stem for path in (tree / "playbooks").glob("*.yml"))
        self.markdown = MarkdownPages(tree, target, {**self.plugins, **dict.fromkeys(self.roles, "role")})
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(tree / SITE / "templates"),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._templates.filters.update(rst=self.marked, literal=_literal)

    def write(self, name: str, template: str, **values: Any) -> None:
        """Write a page from a template."""
        page = self.target / f"{name}.rst"
        page.parent.mkdir(parents=True, exist_ok=True)
        text = self._templates.get_template(template).render(version=self.galaxy["version"], **values)
        page.write_text(text, "utf-8")

    # -- markup -----------------------------------------------------------------------------------------------------

    def marked(self, text: str) -> str:
        """RST of a text that was written for a terminal, with links to pages, and names of variables as code."""
        return re.sub(
            r"(?P<guide>docs/guides/\w+\.md)"
            r"|(?P<code>\bC\((?P<inner>[^)]*)\))"
            rf"|(?P<full>\b{re.escape(NAME)}\.(?P<short>[a-z_]+))"
            r"|(?P<word>(?<![\w/.])(?:[A-Za-z0-9<>]+_[\w<>]*|[\w-]+\.(?:html|md|json|xml|yml))(?:=\w+)?)"
            r"|(?P<mark>[*`|\\])",
            self._mark,
            text,
        )

    def _mark(self, found: re.Match[str]) -> str:
        if found["guide"]:
            return f":doc:`/{page_name(found['guide'])}`"
        if found["code"]:
            shown = re.fullmatch(rf"ansible-doc ({re.escape(NAME)}\.(\w+))", found["inner"])
            return self._plugin(*shown.groups()) if shown else _literal(found["inner"])
        if found["mark"]:
            return f"\\{found[0]}"
        if found["full"]:
            return self._plugin(found["full"], found["short"])
        word = found["word"]
        if word.partition("=")[0] in self.variables:
            return f":ansenvvarref:`{word}`"
        if word in self.roles:
            return f":ansplugin:`{word} <{NAME}.{word}#role>`"
        return _literal(word)

    def _plugin(self, full: str, short: str) -> str:
        if short in self.plugins:
            return f":ansplugin:`{full}#{self.plugins[short]}`"
        if short in self.roles:
            return f":ansplugin:`{full}#role`"
        if short in self.playbook_names:
            return f":ref:`{full} <datagate_playbook_{short}>`"
        return _literal(full)

    # -- event source -----------------------------------------------------------------------------------------------

    def event_source(self) -> dict[str, Any]:
        """The documentation of the event source, and its JSON schema."""
        (path,) = (self.tree / EVENT_SOURCES).glob("*.py")
        texts = _texts(path)
        documented = yaml.safe_load(texts["DOCUMENTATION"])
        schema = json.loads((path.parent / "schemas" / f"{path.stem}.json").read_text("utf-8"))["properties"]
        options = []
        for name, option in documented["options"].items():
            if not option.get("description") or not option.get("type"):
                raise Problem(f"{path.name}: {name} has no description or no type")
            same = f"The same as {name}."
            options.append(
                {
                    "name": name,
                    "type": {"str": "string", "int": "integer", "bool": "boolean", "dict": "dictionary"}.get(
                        option["type"], option["type"]
                    ),
                    "elements": {"str": "string"}.get(option.get("elements"), option.get("elements")),
                    "description": _list(option["description"]),
                    "choices": option.get("choices"),
                    "default": option.get("default"),
                    "least": schema[name].get("minimum"),
                    "aliases": [alias for alias, spec in schema.items() if spec["description"] == same],
                }
            )
        title = f"{NAME}.{path.stem} event source -- {documented['short_description']}"
        return {
            "name": path.stem,
            "label": f"{LABEL}.{path.stem}_event_source",
            "title": title,
            "short_description": documented["short_description"],
            "description": _list(documented["description"]),
            "options": options,
            "examples": texts["EXAMPLES"].strip(),
        }

    # -- playbooks --------------------------------------------------------------------------------------------------

    def playbook(self, name: str) -> Playbook:
        """A playbook's head comment, and those of its variables that have a comment."""
        lines = (self.tree / "playbooks" / f"{name}.yml").read_text("utf-8").splitlines()
        head = [line.removeprefix("#").removeprefix(" ") for line in lines[HEADER_LINES + 1 : lines.index("---")]]
        blocks = ["\n".join(block) for block in _blocks(head)]
        if not blocks or blocks[0].startswith(" "):
            raise Problem(f"playbooks/{name}.yml does not begin with a comment that describes it")
        title = re.split(r"(?<=\.)\s|:$", " ".join(blocks[0].split()))[0].removesuffix(".")
        return Playbook(name, title, "\n\n".join(self._block(block) for block in blocks), _variables(lines))

    def _block(self, block: str) -> str:
        """RST of a block of a head comment: commands are indented, variables stand in front of their meaning."""
        if block.startswith("    "):
            return ".. code-block:: bash\n\n" + block
        if not re.match(r"\S+ {2,}", block):
            return self.marked(" ".join(block.split()))
        items: list[list[str]] = []
        for line in block.splitlines():
            if line.startswith(" "):
                items[-1].append(line.strip())
            else:
                items.append(line.split(None, 1))
        return "\n\n".join(f"{_literal(name)}\n    {self.marked(' '.join(rest))}" for name, *rest in items)

    # -- all --------------------------------------------------------------------------------------------------------

    def make(self) -> None:
        """Write every page that antsibull-docs does not write."""
        source = self.event_source()
        playbooks = [self.playbook(name) for name in self.playbook_names]
        for picture in PICTURES:
            self.markdown.copy_picture(picture)
        for file in self.markdown.files:
            self.markdown.write(file)
        # antsibull-docs' own index is for sites with many collections; the lists of plugins and roles are taken from it.
        index = self.target / "collection" / "index.rst"
        plugins = _lists(index.read_text("utf-8"))
        index.unlink()
        (index.parent / "environment_variables.rst").unlink(missing_ok=True)  # the guide describes them in full
        self.write("reference/index", "reference.rst.j2", plugins=plugins, source=source, playbooks=playbooks)
        self.write("reference/event_source", "event_source.rst.j2", source=source)
        self.write("reference/playbooks", "playbooks.rst.j2", playbooks=playbooks)
        core = _yaml(self.tree / "meta" / "runtime.yml")["requires_ansible"]
        self.write(
            "index",
            "index.rst.j2",
            sections=list(self._navigation()),
            core=re.sub(r"^>=(\d+\.\d+).*", r"\1", core),
        )

    def _navigation(self) -> Iterator[tuple[str, list[str]]]:
        for title, pages in self.markdown.navigation():
            if title == "Reference":
                entries = ["Overview </reference/index>"]
                for name, kind in self.plugins.items():
                    entries.append(f"{name} ({kind}) </collection/{name}_{kind}>")
                    if kind == "module" and name == list(self._of("module"))[-1]:
                        entries += [f"{role} (role) </collection/{role}_role>" for role in self.roles]
                entries += ["dataarts_jobs (event source) </reference/event_source>", "/reference/playbooks"]
                pages = entries + pages
            elif title == "Project":
                pages = [*pages, "Changelog </collection/changelog>"]
            yield title, pages

    def _of(self, kind: str) -> list[str]:
        return [name for name, found in self.plugins.items() if found == kind]

    def undocumented(self) -> list[str]:
        """What is not documented, as sentences.

        Sphinx itself warns of missing pages, and of pages that are not in the navigation.
        """
        actions = sorted(path.stem for path in (self.tree / "plugins" / "action").glob("*.py"))
        mentioned: set[str] = set()
        for page in (self.target / "collection").glob("*.rst"):
            mentioned |= set(re.findall(r":ansenvvar:`([^`=]+)", page.read_text("utf-8")))
        return [
            *(f"the action plugin {name} has no module" for name in actions if self.plugins.get(name) != "module"),
            *("no guide documents the variable " + name.replace("\\", "") for name in sorted(mentioned)),
        ]


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _literal(text: str) -> str:
    return f"``{text}``" if text else "empty"


def _texts(path: Path) -> dict[str, str]:
    """The texts that a Python file assigns to names in capitals."""
    return {
        node.targets[0].id: node.value.value
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Lines between empty ones."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _variables(lines: list[str]) -> list[Variables]:
    """The variables of a playbook's first play that stand below a comment; those that follow share it."""
    found: list[Variables] = []
    comment: list[str] = []
    try:
        begin = lines.index("  vars:") + 1
    except ValueError:
        return []
    current: Variables | None = None
    for line in lines[begin:]:
        if not line.startswith("    ") or line.startswith("    __"):
            break
        if line.startswith("    # "):
            current = None
            comment.append(line.strip("# "))
        elif named := re.match(r"    (\w+): (.*)", line):
            if comment:
                current, comment = Variables(" ".join(comment)), []
                found.append(current)
            if current is not None:
                current.names.append(named[1])
                current.defaults.append("" if named[2] in ('""', "{}") else named[2])
    return found


def _lists(index: str) -> str:
    """The lists of plugins and roles in the index that antsibull-docs makes, each below its title."""
    text = re.sub(r"^\.\. toctree::\n(?:[ \t]+.*\n|\n)*", "", index, flags=re.MULTILINE)
    text = text.replace("\nRole Index\n----------\n", "\nRoles\n~~~~~\n")
    sections = re.findall(r"^([A-Z].*\n~+\n)((?:(?!\.\. _|[A-Z].*\n~).*\n)*)", text, flags=re.MULTILINE)
    return "\n".join(
        f"{title}\n" + "\n".join(line for line in body.splitlines() if line.startswith("* ")) + "\n"
        for title, body in sections
    )


def run(work: Path, *command: str | Path, **environment: str) -> None:
    """Run a tool that prints nothing unless there is a problem.

    :param work: the folder with its files, which is removed from its output.
    :raises Problem: it failed, or printed something.
    """
    done = subprocess.run(
        [str(BIN / command[0]), *map(str, command[1:])],
        env={
            **os.environ,
            "NO_COLOR": "1",
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output = done.stdout.replace(f"{work}{os.sep}", "").strip()
    if done.returncode or output:
        raise Problem(f"{command[0]} {'failed' if done.returncode else 'printed'}:\n{output}")


def build(folder: Path) -> None:
    """Build the site into *folder*, and replace an earlier one.

    :raises Problem: something is not documented, or a tool warned. *folder* is unchanged then.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "objects.inv").is_file():
        raise Problem(f"{folder} contains something other than a site, and is not changed")
    with tempfile.TemporaryDirectory(prefix="datagate-docs-") as name:
        work = Path(name).resolve()
        collections, source, output = work / "collections", work / "source", work / "html"
        tree = collections / COLLECTION
        export(tree)
        (source / "collection").mkdir(parents=True)
        for path in (source, source / "collection"):
            path.chmod(0o755)  # antsibull-docs refuses folders that others may write to
        pages = Pages(tree, source)
        # antsibull-docs then links what names one of them.
        with (tree / SETTINGS).open("a", encoding="utf-8") as settings:
            settings.write(yaml.safe_dump({"envvar_directives": pages.variables}))
        run(
            source,
            "antsibull-docs",
            "--config-file",
            tree / SITE / "antsibull-docs.cfg",
            "collection",
            "--use-current",
            "--squash-hierarchy",
            "--fail-on-error",
            "--dest-dir",
            source / "collection",
            NAME,
            # The copy, and not the tree that the environment has on its path.
            ANSIBLE_COLLECTIONS_PATH=str(collections),
            ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
        )
        pages.make()
        lacking = pages.undocumented()
        if lacking:
            raise Problem("\n".join(lacking))
        run(
            source,
            "sphinx-build",
            *("-b", "html", "-n", "-W", "--keep-going", "-q", "-j", "auto"),
            *("-c", tree / SITE, "-d", work / "doctrees"),
            source,
            output,
        )
        (output / ".buildinfo").unlink()
        shutil.rmtree(output / "_sources", ignore_errors=True)  # empty
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(output, folder)


def main() -> int:
    """Build the site of this tree; returns the exit code."""
    started = time.monotonic()
    folder = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "dist/docs")
    try:
        build(folder)
    except Problem as problem:
        print(f"docs: {problem}", file=sys.stderr)
        return 1
    shown = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    print(f"{shown / 'index.html'}  {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
