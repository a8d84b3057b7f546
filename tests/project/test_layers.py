# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers: each package imports only from the layers below it, and only entry points import Ansible."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = "ansible_collections.datagate.huaweicloud."
# Layer -> what it may import of the collection. docs/docsite/rst/guide_architecture.rst draws this.
UTILS = "plugins/module_utils"
GROUND = {
    f"{UTILS}/{name}.py"
    for name in ("_clock", "_error_codes", "_errors", "_text", "_threads", "_times", "_values", "_version")
}
CLOUD_BASE = GROUND | {f"{UTILS}/_cloud"}
HTTP_LAYER = CLOUD_BASE | {f"{UTILS}/_cloud/http"}
CREDENTIALS = HTTP_LAYER | {f"{UTILS}/_cloud/credentials"}
FAILURES = CREDENTIALS | {f"{UTILS}/_cloud/failures"}
AUTHENTICATION = FAILURES | {f"{UTILS}/_cloud/authentication"}
OBSERVERS = AUTHENTICATION | {f"{UTILS}/_cloud/observers"}
CLOUD = OBSERVERS | {f"{UTILS}/_cloud/scheduling"}
RECORDING = OBSERVERS | {f"{UTILS}/_cloud/recording"}
SERVICES = CLOUD | {f"{UTILS}/_services"}
GATE = SERVICES | {f"{UTILS}/_gate"}
SOURCES = GATE | {f"{UTILS}/_sources"}
DOCTOR = GATE | {f"{UTILS}/_doctor"}
ORDERS = SOURCES | {f"{UTILS}/_orders"}
SHARED = (
    ORDERS
    | DOCTOR
    | {
        f"{UTILS}/{name}.py"
        for name in (
            "_argument_spec",
            "_connection_info",
            "_event_source",
            "_listing",
            "_module",
            "_suggestion",
            "_watched_jobs",
        )
    }
)
REPORT = DOCTOR | {"plugins/plugin_utils/report"}
CONTROLLER = SHARED | {"plugins/plugin_utils", "plugins/plugin_utils/report"}
MAY_IMPORT = {
    UTILS: set(),
    f"{UTILS}/_cloud": CLOUD | RECORDING,
    f"{UTILS}/_cloud/http": HTTP_LAYER,
    f"{UTILS}/_cloud/credentials": CREDENTIALS,
    f"{UTILS}/_cloud/failures": FAILURES,
    f"{UTILS}/_cloud/authentication": AUTHENTICATION,
    f"{UTILS}/_cloud/observers": OBSERVERS,
    f"{UTILS}/_cloud/recording": RECORDING,
    f"{UTILS}/_cloud/scheduling": CLOUD,
    f"{UTILS}/_services": SERVICES,
    f"{UTILS}/_gate": GATE,
    f"{UTILS}/_sources": SOURCES,
    f"{UTILS}/_doctor": DOCTOR,
    f"{UTILS}/_orders": ORDERS,
    "plugins/modules": SHARED,
    "plugins/plugin_utils": CONTROLLER,
    "plugins/plugin_utils/report": REPORT,
    "plugins/action": CONTROLLER,
    "plugins/filter": CONTROLLER,
    "plugins/inventory": CONTROLLER,
    "plugins/doc_fragments": set(),
    "extensions/eda": set(),  # loads module_utils by its path, not by an import
    **dict.fromkeys(GROUND, GROUND),
    **{name: SHARED for name in SHARED if name.endswith(".py") and name not in GROUND},
}
WITHOUT_ANSIBLE = {
    UTILS,
    *GATE,
    *ORDERS,
    *RECORDING,
    *DOCTOR,
    f"{UTILS}/_event_source.py",
    f"{UTILS}/_watched_jobs.py",
    "plugins/doc_fragments",
    "extensions/eda",
}
WITH_HTTP = {f"{UTILS}/_cloud/http"}
STARTS_THREADS = {
    f"{UTILS}/_threads.py": {"Thread"},
    "extensions/eda/plugins/event_source/dataarts_jobs.py": {"ThreadPoolExecutor"},
}
HTTP = {"http", "requests", "socket", "ssl", "urllib3"}


def layer(path: PurePosixPath) -> str:
    """The layer of a file: the longest name in MAY_IMPORT that is the file or a folder above it."""
    return next(str(place) for place in (path, *path.parents) if str(place) in MAY_IMPORT)


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
def test_a_file_imports_only_what_its_layer_may(path: PurePosixPath) -> None:
    here = layer(path)
    for name in imports(path):
        if name.startswith(OURS):
            # A name may be a file, or something in one.
            place = PurePosixPath(*name.removeprefix(OURS).split("."))
            other = layer(
                next(
                    (item for item in (place.with_suffix(".py"), place.parent.with_suffix(".py")) if item in FILES),
                    place,
                )
            )
            assert other in MAY_IMPORT[here], f"{path} imports {name}"
        top = name.partition(".")[0]
        assert top != "ansible" or here not in WITHOUT_ANSIBLE, f"{path} imports {name}"
        assert top not in HTTP or here in WITH_HTTP, f"{path} imports {name}"


def test_every_layer_is_there() -> None:
    assert {layer(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", [path for path in FILES if layer(path) == "plugins/modules"], ids=str)
def test_a_module_holds_no_logic(path: PurePosixPath) -> None:
    """Below its documentation a module only hands over to the layers below."""
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
