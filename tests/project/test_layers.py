# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The layers: each package imports only from the layers below it, and only entry points import Ansible."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = "ansible_collections.datagate.huaweicloud."
# Layer -> what it may import of the collection. docs/guides/architecture.md draws this.
UTILS = "plugins/module_utils"
GROUND = {
    f"{UTILS}/{name}.py"
    for name in ("_clock", "_error_codes", "_errors", "_states", "_text", "_threads", "_times", "_values", "_version")
}
CLOUD_BASE = GROUND | {f"{UTILS}/_cloud"}
HTTP_LAYER = CLOUD_BASE | {f"{UTILS}/_cloud/http"}
CREDENTIALS = HTTP_LAYER | {f"{UTILS}/_cloud/credentials"}
FAILURES = CREDENTIALS | {f"{UTILS}/_cloud/failures"}
AUTHENTICATION = FAILURES | {f"{UTILS}/_cloud/authentication"}
OBSERVERS = AUTHENTICATION | {f"{UTILS}/_cloud/observers"}
CLOUD = OBSERVERS | {f"{UTILS}/_cloud/scheduling"}
RECORDING = OBSERVERS | {f"{UTILS}/_cloud/recording"}
SHARED_SERVICES = CLOUD | {f"{UTILS}/_services"}
FACTORY = SHARED_SERVICES | {f"{UTILS}/_services/factory"}
DLI = SHARED_SERVICES | {f"{UTILS}/_services/dli"}
SERVICES = FACTORY | DLI
GATE = SERVICES | {f"{UTILS}/_gate"}
SOURCES = GATE | {f"{UTILS}/_sources"}
DOCTOR = GATE | {f"{UTILS}/_doctor"}
ORDERS = SOURCES | {f"{UTILS}/_orders"}
SHARED = (
    ORDERS
    | DOCTOR
    | {f"{UTILS}/_entry_points"}
    | {f"{UTILS}/{name}.py" for name in ("_argument_spec", "_module", "_suggestion")}
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
    f"{UTILS}/_services": SHARED_SERVICES,
    f"{UTILS}/_services/factory": FACTORY,
    f"{UTILS}/_services/dli": DLI,
    f"{UTILS}/_gate": GATE,
    f"{UTILS}/_sources": SOURCES,
    f"{UTILS}/_doctor": DOCTOR,
    f"{UTILS}/_orders": ORDERS,
    f"{UTILS}/_entry_points": SHARED,
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
    f"{UTILS}/_entry_points",
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


MAX_FILES = 12  # in a folder, besides __init__.py
MAX_CLASS_LINES = 200  # without blank lines, comments and docstrings


def test_a_folder_holds_at_most_a_dozen_files() -> None:
    counts = Counter(path.parent for path in FILES if path.name != "__init__.py")
    assert {str(folder): count for folder, count in counts.items() if count > MAX_FILES} == {}


def code_lines(source: str, node: ast.AST) -> int:
    """The lines of a class or function that hold code: no blank lines, comments and docstrings."""
    documented = {
        line
        for item in ast.walk(node)
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)
        for line in range(item.lineno, (item.end_lineno or item.lineno) + 1)
    }
    nothing = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in nothing
        for line in range(token.start[0], token.end[0] + 1)
    }
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 0)
    return len([line for line in lines - documented if first <= line <= last])


@pytest.mark.parametrize("path", [path for path in FILES if layer(path) != "plugins/doc_fragments"], ids=str)
def test_class_length_is_limited(path: PurePosixPath) -> None:
    source = (ROOT / path).read_text("utf-8")
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    assert {node.name: code_lines(source, node) for node in classes if code_lines(source, node) > MAX_CLASS_LINES} == {}


def test_each_layer_exists() -> None:
    assert {layer(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", [path for path in FILES if layer(path) == "plugins/modules"], ids=str)
def test_modules_contain_no_logic(path: PurePosixPath) -> None:
    """Below its documentation, a module only calls the layers below."""
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
    """They block signals there. The event loop of the event source needs an executor, whose initializer does the same."""
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
        if isinstance(node, ast.Call)
    }
    started = called & {"Thread", "Timer", "ThreadPoolExecutor", "ThreadPool"}
    assert started == STARTS_THREADS.get(str(path), set()), f"{path} starts threads: {started}"
