# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-test on a copy of this tree, with the ansible-test of this environment; it needs neither git nor docker.

    python tools/ansible_test.py sanity                                     every test, every Python found
    python tools/ansible_test.py sanity --test pep8 plugins/modules/x.py    one test, one file
    python tools/ansible_test.py units --python 3.12 tests/unit/plugins/module_utils/gate/

ansible-test requires a real folder ansible_collections/datagate/huaweicloud, therefore the copy. If it fails, its files are copied to
tests/output/, with `--results FOLDER` always to that folder. Runs at the same time need a `--home FOLDER` each for their environments.
antsibull-nox has sessions for ansible-test, but they need docker, and ansible-core from GitHub.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
from importlib.machinery import PathFinder
from pathlib import Path
from xml.etree import ElementTree

from tree import BIN, COLLECTION, ROOT, export, interpreters, run

# Options that say where the tests run.
PLACES = {"--controller", "--docker", "--local", "--venv"}
# Files in the home directory that pip uses.
PIP_FILES = (".cache", ".config", ".netrc", ".pip")
# Where ansible-test downloads the installer of pip from.
INSTALLER_URL = "https://ci-files.testing.ansible.com/ansible-test/get-pip-{version}.py"
# Replaces that installer: runs the pip of the wheel beside it, which installs itself and the requested packages.
INSTALLER = """\
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "{wheel}"))

from pip._internal.cli.main import main

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--find-links", here, "--upgrade", "--force-reinstall"] + wanted))
"""
# Lines that are not shown: pip's, which has no option to be quiet here, and those about C.UTF-8.
CHATTER = (
    *("Collecting ", "Downloading ", "Looking in ", "Processing ", "Successfully installed ", "Using cached "),
    *("Installing collected packages", "Installing requirements for ", "\u2501"),  # the last one is a progress bar
    *("WARNING: Location ", "WARNING: Reviewing previous ", 'WARNING: Using locale "C.UTF-8"'),
)


def pip_version() -> str:
    """The version of pip that this ansible-test puts into its environments."""
    # This file has the name of the package, so only the folder of packages is searched.
    spec = PathFinder.find_spec("ansible_test", [sysconfig.get_path("purelib")])
    if spec is None or not spec.submodule_search_locations:
        sys.exit("ansible-test is not installed in this environment.")
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if not found:
        sys.exit("The version of pip was not found in this ansible-test; adapt pip_version() in tools/ansible_test.py.")
    return found[1]


def prepare_home(home: Path) -> None:
    """Create a home directory with links to pip's files in the real one."""
    home.mkdir(parents=True, exist_ok=True)
    for name in PIP_FILES:
        link = home / name
        if (Path.home() / name).exists() and not link.exists():
            link.symlink_to(Path.home() / name)


def seed_pip_installer(home: Path) -> None:
    """Put the installer of pip where ansible-test caches it, made from the wheel of the package index if its host is unreachable."""
    version = pip_version()
    cache = home / ".ansible" / "test" / "cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(INSTALLER_URL.format(version=version), timeout=10) as answer:
            text = answer.read().decode()
    except (OSError, UnicodeDecodeError):
        print(f"The installer of pip cannot be downloaded; it is made from the wheel of pip {version}.", flush=True)
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(cache)]
        done = run(sys.executable, "-m", "pip", "download", *options, f"pip=={version}")
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            sys.exit(f"The package index does not provide pip {version}, which ansible-test needs.")
        text = INSTALLER.format(wheel=next(cache.glob(f"pip-{version}-*.whl")).name)
    unfinished = script.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(script)


def link_interpreters(folder: Path) -> None:
    """Fill a folder with links to the interpreters that run, because shims of pyenv fail if their version is not selected."""
    folder.mkdir()
    there = interpreters()
    for version, path in there.items():
        (folder / f"python{version}").symlink_to(path)
    print(f"Pythons found: {', '.join(there)}; others are skipped, and named below.", flush=True)


def command_line(arguments: list[str], tools: Path) -> list[str]:
    """The command, by default in environments that ansible-test creates."""
    has_place = any(word.partition("=")[0] in PLACES for word in arguments)
    venv = [] if has_place else ["--venv"]
    return [str(tools / "ansible-test"), arguments[0], "--color", "no", *venv, *arguments[1:]]


def untested(results: Path) -> int:
    """1 if pytest ran without a single test, which is a success for ansible-test; else 0."""
    empty = [
        file.stem
        for file in sorted(results.glob("junit/python*-units.xml"))
        if not any(int(suite.get("tests", 0)) for suite in ElementTree.parse(file).iter("testsuite"))
    ]
    for name in empty:
        print(f"ERROR: {name}: no test ran.")
    return int(bool(empty))


def main(arguments: list[str]) -> int:
    """Copy, prepare, run; returns the exit code."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, usage="%(prog)s [--results FOLDER] [--home FOLDER] sanity|units [ARGUMENTS]"
    )
    parser.add_argument("--results", type=Path, help="folder for the files that ansible-test writes")
    parser.add_argument("--home", type=Path, help="home directory for ansible-test; created if it is missing")
    parser.add_argument("command", choices=("sanity", "units"))
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    wanted = parser.parse_args(arguments)
    home = wanted.home.resolve() if wanted.home else Path.home()
    if wanted.home:
        prepare_home(home)
    seed_pip_installer(home)
    with tempfile.TemporaryDirectory(prefix=f"datagate-{wanted.command}-") as name:
        top = Path(name)
        target = top / COLLECTION
        export(target)
        link_interpreters(top / "bin")
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON", "VIRTUAL_ENV"))
        }
        environment["HOME"] = str(home)
        environment["PATH"] = os.pathsep.join([str(top / "bin"), str(BIN), os.environ["PATH"]])
        verbose = any(word.startswith("-v") for word in wanted.rest)
        with subprocess.Popen(
            command_line([wanted.command, *wanted.rest], BIN),
            cwd=target,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                if verbose or (line.strip() and not line.lstrip().startswith(CHATTER)):
                    print(line, end="", flush=True)
        status = running.returncode
        results = target / "tests" / "output"
        if results.is_dir() and (status or wanted.results):
            folder = wanted.results or ROOT / "tests" / "output"
            shutil.copytree(results, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".tmp"))
        status = status or untested(results)
    print(f"{wanted.command}: {'failed' if status else 'passed'}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
