# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The house: each room imports only from rooms before it, and only doors know Ansible."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = "ansible_collections.datagate.huaweicloud."
# Room -> what it may import of the collection. docs/docsite/rst/guide_architecture.rst draws this.
GROUND = {"plugins/module_utils", "plugins/module_utils/cloud"}
HTTP_LAYER = GROUND | {"plugins/module_utils/cloud/http"}
CREDENTIALS = HTTP_LAYER | {"plugins/module_utils/cloud/credentials"}
FAILURES = CREDENTIALS | {"plugins/module_utils/cloud/failures"}
AUTHENTICATION = FAILURES | {"plugins/module_utils/cloud/authentication"}
CLOUD = AUTHENTICATION | {"plugins/module_utils/cloud/scheduling"}
SERVICES = CLOUD | {"plugins/module_utils/services"}
GATE = SERVICES | {"plugins/module_utils/gate"}
DOOR = GATE | {"plugins/module_utils/door"}
REPORT = GATE | {"plugins/plugin_utils/report"}
CONTROLLER = DOOR | {"plugins/plugin_utils", "plugins/plugin_utils/report"}
MAY_IMPORT = {
    "plugins/module_utils": set(),
    "plugins/module_utils/cloud": CLOUD,
    "plugins/module_utils/cloud/http": HTTP_LAYER,
    "plugins/module_utils/cloud/credentials": CREDENTIALS,
    "plugins/module_utils/cloud/failures": FAILURES,
    "plugins/module_utils/cloud/authentication": AUTHENTICATION,
    "plugins/module_utils/cloud/scheduling": CLOUD,
    "plugins/module_utils/services": SERVICES,
    "plugins/module_utils/gate": GATE,
    "plugins/module_utils/door": DOOR,
    "plugins/modules": DOOR,
    "plugins/plugin_utils": CONTROLLER,
    "plugins/plugin_utils/report": REPORT,
    "plugins/action": CONTROLLER,
    "plugins/filter": CONTROLLER,
    "plugins/inventory": CONTROLLER,
    "plugins/doc_fragments": set(),
    "extensions/eda": set(),  # which loads the rooms by their path, not by an import
}
WITHOUT_ANSIBLE = {
    "plugins/module_utils",
    *CLOUD,
    "plugins/module_utils/services",
    "plugins/module_utils/gate",
    "plugins/doc_fragments",
    "extensions/eda",
}
WITH_HTTP = {"plugins/module_utils/cloud/http"}
STARTS_THREADS = {
    "plugins/module_utils/cloud/threads.py": {"Thread"},
    "extensions/eda/plugins/event_source/dataarts_jobs.py": {"ThreadPoolExecutor"},
}
HTTP = {"http", "requests", "socket", "ssl", "urllib3"}


def room(path: PurePosixPath) -> str:
    """The room that a file is in: the longest name in MAY_IMPORT that is above it."""
    return next(str(folder) for folder in path.parents if str(folder) in MAY_IMPORT)


FILES = sorted(
    PurePosixPath(path.relative_to(ROOT).as_posix())
    for top in ("plugins", "extensions")
    for path in (ROOT / top).rglob("*.py")
)


def imports(path: PurePosixPath) -> Iterator[str]:
    """Dotted names that a file imports, wherever in it; its own collection's begin with OURS."""
    package = [*OURS.rstrip(".").split("."), *path.parent.parts]
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_what_its_room_may(path: PurePosixPath) -> None:
    here = room(path)
    for name in imports(path):
        if name.startswith(OURS):
            # A name may be a file, or something in one.
            other = room(PurePosixPath(*name.removeprefix(OURS).split("."), "x"))
            assert other in MAY_IMPORT[here], f"{path} imports {name}"
        top = name.partition(".")[0]
        assert top != "ansible" or here not in WITHOUT_ANSIBLE, f"{path} imports {name}"
        assert top not in HTTP or here in WITH_HTTP, f"{path} imports {name}"


def test_every_room_is_there() -> None:
    assert {room(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", [path for path in FILES if room(path) == "plugins/modules"], ids=str)
def test_a_module_is_a_door(path: PurePosixPath) -> None:
    """Below its documentation a module hands over; what it would decide belongs into a room."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    documented = ("DOCUMENTATION", "EXAMPLES", "RETURN")
    code = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in documented
        )
    ]
    lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in code)
    assert lines <= 60


@pytest.mark.parametrize("path", FILES, ids=str)
def test_threads_are_started_in_one_place(path: PurePosixPath) -> None:
    """Which keeps signals out of them. The event source's loop wants an executor, whose thread does so by its initializer."""
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
        if isinstance(node, ast.Call)
    }
    started = called & {"Thread", "Timer", "ThreadPoolExecutor", "ThreadPool"}
    assert started == STARTS_THREADS.get(str(path), set()), f"{path} starts threads: {started}"
