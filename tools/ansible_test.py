# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test on this tree, on any machine: with or without git, pyenv, or the network beyond the package index.

antsibull-nox has sessions for ansible-test, but they demand docker and get ansible-core from GitHub. Nor can they do without the
host that ansible-test has its pip from, or with pyenv's shims; and where there is no git they copy .venv along.

ansible-test wants a real folder ansible_collections/datagate/huaweicloud (a symlink is refused), so the tree's files are
copied to a temporary one. The ansible-test beside this interpreter is taken, and more arguments are handed on:

    python tools/ansible_test.py sanity                                     every test, every Python found
    python tools/ansible_test.py sanity --test pep8 plugins/modules/x.py    one test, one file
    python tools/ansible_test.py units                                      unit tests, every Python found
    python tools/ansible_test.py units --python 3.12 tests/unit/plugins/module_utils/gate/

When it fails, what ansible-test has written down is left in tests/output/; with `--results FOLDER` before the command, it is
left in that folder in any case. It keeps environments in ~/.ansible/test/, which two runs at a time must not share;
`--home FOLDER` gives it a home of its own.
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
import urllib.error
import urllib.request
from importlib.machinery import PathFinder
from pathlib import Path
from xml.etree import ElementTree

from tree import COLLECTION, ROOT, export, interpreters

# Options that say where the tests run.
PLACES = {"--controller", "--docker", "--local", "--venv"}

# Where pip keeps its cache and its settings.
OF_PIP = (".cache", ".config", ".netrc", ".pip")

# Where ansible-test downloads the installer of pip from.
INSTALLER_URL = "https://ci-files.testing.ansible.com/ansible-test/get-pip-{version}.py"

# Stands in for that installer: runs the pip of the wheel beside it, which installs itself and what else was asked for.
INSTALLER = """\
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "{wheel}"))

from pip._internal.cli.main import main

wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--find-links", here, "--upgrade", "--force-reinstall"] + wanted))
"""

# ansible-test fills a small environment for nearly every test, and its pip has no option to be quiet about it. Nor is
# there an option to accept C.UTF-8.
CHATTER = (
    "Collecting ",
    "Downloading ",
    "Installing collected packages",
    "Installing requirements for ",
    "Looking in ",
    "Processing ",
    "Successfully installed ",
    "Using cached ",
    "WARNING: Location ",
    "WARNING: Reviewing previous ",  # says the others once more
    'WARNING: Using locale "C.UTF-8"',
    "\u2501",  # the bar
)


def pip_version() -> str:
    """The version of pip that this ansible-test puts into its environments."""
    # This file has the package's name, so it is sought where packages are.
    spec = PathFinder.find_spec("ansible_test", [sysconfig.get_path("purelib")])
    if spec is None or not spec.submodule_search_locations:
        sys.exit("ansible-test is not installed in this environment.")
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if not found:
        sys.exit("This ansible-test does not say which pip it wants; tools/ansible_test.py must learn where to look.")
    return found[1]


def furnish(home: Path) -> None:
    """Make a folder that may stand in for the home: with what pip has in the real one, and an .ansible of its own."""
    home.mkdir(parents=True, exist_ok=True)
    for name in OF_PIP:
        link = home / name
        if (Path.home() / name).exists() and not link.exists():
            link.symlink_to(Path.home() / name)


def seed_pip_installer(home: Path) -> None:
    """Where the installer is neither cached nor to be had from its host, make one from pip's wheel of the package index.

    ansible-test looks for the cached file first, so everything after this works as ever.
    """
    version = pip_version()
    cache = home / ".ansible" / "test" / "cache"
    script = cache / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    try:
        with urllib.request.urlopen(INSTALLER_URL.format(version=version), timeout=10) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError, UnicodeDecodeError):
        print(f"pip's installer cannot be downloaded; making one from the wheel of pip {version}.", flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(cache)]
        command = [sys.executable, "-m", "pip", "download", *options, f"pip=={version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)
            sys.exit(f"The package index did not give pip {version} either; ansible-test cannot do without.")
        text = INSTALLER.format(wheel=next(cache.glob(f"pip-{version}-*.whl")).name)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = script.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(script)


def link_interpreters(folder: Path) -> None:
    """Fill a folder with links to the interpreters that really run; say which there are.

    On PATH before pyenv's shims it keeps ansible-test from picking a shim whose version is not selected.
    """
    folder.mkdir()
    there = interpreters()
    for version, path in there.items():
        (folder / f"python{version}").symlink_to(path)
    print(f"Pythons found: {', '.join(there)}; what ansible-test also knows is skipped, and named below.", flush=True)


def command_line(arguments: list[str], tools: Path) -> list[str]:
    """What to run: the environment's own ansible-test, in environments that it makes itself by default."""
    command = [str(tools / "ansible-test"), arguments[0], "--color", "no"]
    if not any(word.partition("=")[0] in PLACES for word in arguments):
        command.append("--venv")
    return [*command, *arguments[1:]]


def untested(results: Path) -> int:
    """1 if pytest was run and ran no test, which ansible-test takes for success; else 0."""
    empty = [
        file.stem
        for file in sorted(results.glob("junit/python*-units.xml"))
        if not any(int(suite.get("tests", 0)) for suite in ElementTree.parse(file).iter("testsuite"))
    ]
    for name in empty:
        print(f"ERROR: {name}: no test ran.")
    return int(bool(empty))


def main(arguments: list[str]) -> int:
    """Copy, prepare, run; exits with what ansible-test exits with."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, usage="%(prog)s [--results FOLDER] [--home FOLDER] sanity|units [ARGUMENTS]"
    )
    parser.add_argument("--results", type=Path, help="folder for the files that ansible-test writes")
    parser.add_argument("--home", type=Path, help="folder that stands in for the home; made if need be")
    parser.add_argument("command", choices=("sanity", "units"))
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    wanted = parser.parse_args(arguments)
    tools = Path(sys.executable).parent
    home = Path.home()
    if wanted.home:
        home = wanted.home.resolve()
        furnish(home)
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
        environment["PATH"] = os.pathsep.join([str(top / "bin"), str(tools), os.environ["PATH"]])
        verbose = any(word.startswith("-v") for word in wanted.rest)
        with subprocess.Popen(
            command_line([wanted.command, *wanted.rest], tools),
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
