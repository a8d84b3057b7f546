# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the documentation site; exits with 1 on a warning and if something is not documented.

python tools/docs.py [FOLDER]    FOLDER is dist/docs unless it is given

antsibull-docs renders modules, plugins and role, MyST the Markdown files of the repository, and Sphinx makes the site of both, without
the network. antsibull-docs documents neither event sources nor playbooks, and its index is for a site with many collections: these
pages are made here, with the templates in docs/site/templates. docs_markdown.py prepares the Markdown files.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml

import tree as files
from docs_markdown import EVENT_SOURCES, NAME, MarkdownPages, Problem, page_name, variables

SITE = Path("docs", "site")
SETTINGS = Path("docs", "docsite", "config.yml")
# What antsibull-docs documents -> the ending of its pages. An action plugin belongs to the module of the same name.
DOCUMENTED = {
    "plugins/modules/*.py": "module",
    "roles/*": "role",
    "plugins/filter/*.py": "filter",
    "plugins/inventory/*.py": "inventory",
}
HEADER_LINES = 3
PICTURE = "docs/pictures/gate-passes.svg"  # of the first page
# Parts of texts for a terminal that have markup on the site: code, names, and characters that RST would interpret.
TERMINAL_TEXT = re.compile(
    rf"\bC\((?:ansible-doc (?={re.escape(NAME)}\.\w+\)))?(?P<code>[^)]*)\)"
    rf"|(?P<name>docs/guides/\w+\.md|\b{re.escape(NAME)}\.[a-z_]+"
    r"|(?<![\w/.])(?:[A-Za-z0-9<>]+_[\w<>]*|[\w-]+\.(?:html|md|json|xml|yml)))"
    r"|[*`|\\]"
)


class Variables(NamedTuple):
    """Variables of a playbook that share a comment."""

    text: str
    names: list[str]
    defaults: list[str]


class Playbook(NamedTuple):
    """The documentation of a playbook: *title* is the first sentence of its head comment, *text* the comment as RST."""

    name: str
    title: str
    text: str
    variables: list[Variables]


class Pages:
    """The pages of the site.

    :param tree: the copy of the collection.
    :param target: an empty folder for Sphinx's input.
    :ivar documented: name of a plugin or role -> its kind, in the order of the navigation.
    :ivar links: name in a text -> RST of a link to its page.
    """

    def __init__(self, tree: Path, target: Path) -> None:
        self.tree = tree
        self.target = target
        self.version = yaml.safe_load((tree / "galaxy.yml").read_text("utf-8"))["version"]
        self.documented = {
            name: kind
            for pattern, kind in DOCUMENTED.items()
            for name in sorted(path.stem for path in tree.glob(pattern) if path.stem != "__init__")
        }
        self.playbook_names = sorted(path.stem for path in (tree / "playbooks").glob("*.yml"))
        self.markdown = MarkdownPages(tree, target, self.documented)
        self.links = {name: f":ansenvvarref:`{name}`" for name in variables(tree)}
        for name in self.playbook_names:
            self.links[f"{NAME}.{name}"] = f":ref:`{NAME}.{name} <datagate_playbook_{name}>`"
        for name, kind in self.documented.items():
            self.links[f"{NAME}.{name}"] = f":ansplugin:`{NAME}.{name}#{kind}`"
            if kind == "role":
                self.links[name] = f":ansplugin:`{name} <{NAME}.{name}#role>`"
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
        text = self._templates.get_template(template).render(version=self.version, **values)
        page.write_text(text, "utf-8")

    def marked(self, text: str) -> str:
        """RST of a text that was written for a terminal, with links to pages, and names of variables as code."""
        return TERMINAL_TEXT.sub(self._mark, text)

    def _mark(self, found: re.Match[str]) -> str:
        text = found["code"] or found["name"]
        if not text:
            return f"\\{found[0]}"
        return f":doc:`/{page_name(text)}`" if text.startswith("docs/") else self.links.get(text) or _literal(text)

    def event_source(self) -> dict[str, Any]:
        """The documentation of the event source, and what its JSON schema says in addition."""
        (path,) = (self.tree / EVENT_SOURCES).glob("*.py")
        texts = dict(re.findall(r'^([A-Z]+) = r"""(.*?)"""', path.read_text("utf-8"), re.MULTILINE | re.DOTALL))
        documented: dict[str, Any] = yaml.safe_load(texts["DOCUMENTATION"])
        schema = json.loads((path.parent / "schemas" / f"{path.stem}.json").read_text("utf-8"))["properties"]
        for name, option in documented["options"].items():
            if not option.get("description") or not option.get("type"):
                raise Problem(f"{path.name}: {name} has no description or no type")
            same = f"The same as {name}."
            option["aliases"] = [alias for alias, spec in schema.items() if spec["description"] == same]
            option["minimum"] = schema[name].get("minimum")
        return {**documented, "name": path.stem, "examples": texts["EXAMPLES"].strip()}

    def playbook(self, name: str) -> Playbook:
        """A playbook's head comment, and those of its variables that have a comment."""
        text = (self.tree / "playbooks" / f"{name}.yml").read_text("utf-8")
        lines = text.partition("\n---\n")[0].splitlines()[HEADER_LINES + 1 :]
        blocks = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines).strip("\n").split("\n\n")
        if not blocks[0] or blocks[0].startswith(" "):
            raise Problem(f"playbooks/{name}.yml does not begin with a comment that describes it")
        title = re.split(r"(?<=\.)\s|:$", " ".join(blocks[0].split()))[0].removesuffix(".")
        return Playbook(name, title, "\n\n".join(map(self._block, blocks)), _variables(text))

    def _block(self, block: str) -> str:
        """RST of a block of a head comment: a paragraph, an indented command, or a list with names in front of texts."""
        if block.startswith("    "):
            return ".. code-block:: bash\n\n" + block
        items = re.findall(r"^(\S+) {2,}(.*(?:\n .*)*)", block, re.MULTILINE)
        if not items:
            return self.marked(" ".join(block.split()))
        return "\n\n".join(f"{_literal(name)}\n    {self.marked(' '.join(text.split()))}" for name, text in items)

    def make(self) -> None:
        """Write every page that antsibull-docs does not write."""
        source = self.event_source()
        playbooks = [self.playbook(name) for name in self.playbook_names]
        self.markdown.copy_picture(PICTURE)
        for file in self.markdown.files:
            self.markdown.write(file)
        # The index of antsibull-docs is for sites with many collections. Its items for plugins and roles are used.
        index = self.target / "collection" / "index.rst"
        plugins = [line for line in index.read_text("utf-8").splitlines() if line.startswith("* :ansplugin:")]
        index.unlink()
        (index.parent / "environment_variables.rst").unlink(missing_ok=True)  # the guide describes them in full
        self.write("reference/index", "reference.rst.j2", plugins=plugins, source=source, playbooks=playbooks)
        self.write("reference/event_source", "event_source.rst.j2", source=source)
        self.write("reference/playbooks", "playbooks.rst.j2", playbooks=playbooks)
        core = yaml.safe_load((self.tree / "meta" / "runtime.yml").read_text("utf-8"))["requires_ansible"]
        core = re.sub(r"^>=(\d+\.\d+).*", r"\1", core)
        sections = self.markdown.navigation()
        self.write("index", "index.rst.j2", sections=sections, documented=self.documented, source=source, core=core)

    def undocumented(self) -> list[str]:
        """What is not documented, as sentences. Sphinx itself warns of pages that are missing, or not in the navigation."""
        actions = sorted(path.stem for path in (self.tree / "plugins" / "action").glob("*.py"))
        pages = [path.read_text("utf-8") for path in (self.target / "collection").glob("*.rst")]
        mentioned = {name for page in pages for name in re.findall(r":ansenvvar:`([^`=]+)", page)}
        return [
            *(f"the action plugin {name} has no module" for name in actions if self.documented.get(name) != "module"),
            *("no guide documents the variable " + name.replace("\\", "") for name in sorted(mentioned)),
        ]


def _literal(text: str) -> str:
    return f"``{text}``" if text else "empty"


def _variables(playbook: str) -> list[Variables]:
    """The variables of a playbook's first play that stand below a comment; those that follow share it."""
    section = re.search(r"^  vars:\n((?:    (?!__).*\n)*)", playbook, re.MULTILINE)
    groups = re.findall(r"((?:    # .*\n)+)((?:    (?!# ).*\n)+)", section[1]) if section else []
    found = []
    for comment, lines in groups:
        values = dict(re.findall(r"^    (\w+): (.*)", lines, re.MULTILINE))
        defaults = ["" if value in ('""', "{}") else value for value in values.values()]
        found.append(Variables(" ".join(re.findall(r"# (.*)", comment)), list(values), defaults))
    return found


def run(work: Path, *command: str | Path, **environment: str) -> None:
    """Run a tool that prints nothing unless there is a problem.

    :param work: the folder with its files, which is removed from its output.
    :raises Problem: it failed, or printed something.
    """
    done = files.run(*command, environment=environment)
    printed = done.stdout.replace(f"{work}{os.sep}", "").strip()
    if done.returncode or printed:
        raise Problem(f"{command[0]} {'failed' if done.returncode else 'printed'}:\n{printed}")


def build(folder: Path) -> None:
    """Build the site into *folder*, and replace an earlier one.

    :raises Problem: something is not documented, or a tool warned. *folder* is unchanged then.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "objects.inv").is_file():
        raise Problem(f"{folder} contains something other than a site, and is not changed")
    with tempfile.TemporaryDirectory(prefix="datagate-docs-") as name:
        work = Path(name).resolve()
        collections, source, output = work / "collections", work / "source", work / "html"
        tree = collections / files.COLLECTION
        files.export(tree)
        (source / "collection").mkdir(parents=True)
        for path in (source, source / "collection"):
            path.chmod(0o755)  # antsibull-docs refuses folders that others may write to
        pages = Pages(tree, source)
        # antsibull-docs then links the names of these.
        with (tree / SETTINGS).open("a", encoding="utf-8") as settings:
            settings.write(yaml.safe_dump({"envvar_directives": variables(tree)}))
        run(
            source,
            *("antsibull-docs", "--config-file", tree / SITE / "antsibull-docs.cfg", "collection", "--use-current"),
            *("--squash-hierarchy", "--fail-on-error", "--dest-dir", source / "collection", NAME),
            # The copy, and not the tree that the environment has on its path.
            ANSIBLE_COLLECTIONS_PATH=str(collections),
            ANSIBLE_COLLECTIONS_SCAN_SYS_PATH="false",
        )
        pages.make()
        if lacking := pages.undocumented():
            raise Problem("\n".join(lacking))
        run(
            source,
            *("sphinx-build", "-b", "html", "-n", "-W", "--keep-going", "-q", "-j", "auto"),
            *("-c", tree / SITE, "-d", work / "doctrees", source, output),
        )
        (output / ".buildinfo").unlink()
        shutil.rmtree(output / "_sources", ignore_errors=True)  # empty
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(output, folder)


def main() -> int:
    """Build the site of this tree; returns the exit code."""
    parser = argparse.ArgumentParser(prog="docs", description="Build the documentation site of this tree.")
    parser.add_argument("folder", nargs="?", default="dist/docs", help="where to write it (default: %(default)s)")
    started, folder = time.monotonic(), files.ROOT / parser.parse_args().folder
    try:
        build(folder)
    except Problem as problem:
        print(f"docs: {problem}", file=sys.stderr)
        return 1
    shown = folder.relative_to(files.ROOT) if folder.is_relative_to(files.ROOT) else folder
    print(f"{shown / 'index.html'}  {time.monotonic() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
