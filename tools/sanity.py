# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-test sanity on this tree, on any machine: with or without git, pyenv, or the network beyond the package index.

ansible-test wants a real folder ansible_collections/datagate/huaweicloud (a symlink is refused), so the tree's files are
copied to a temporary one. More arguments are handed on:

    python tools/sanity.py                                     every test, every Python found
    python tools/sanity.py --test pep8 plugins/modules/x.py    one test, one file
    python tools/sanity.py --python 3.9                        one Python
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from tree import COLLECTION, ROOT, export

CACHE = Path.home() / ".ansible" / "test" / "cache"
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

# ansible-test fills a small environment for nearly every test, and its pip cannot be told to be quiet about it.
PIP_CHATTER = (
    "Collecting ",
    "Downloading ",
    "Installing collected packages",
    "Installing requirements for ",
    "Looking in ",
    "Processing ",
    "Successfully installed ",
    "Using cached ",
    "WARNING: Location ",
    "\u2501",  # the bar
)


def pip_version() -> str:
    """The version of pip that this ansible-test puts into its environments."""
    spec = find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("ansible-test is not installed in this environment.")
    source = Path(spec.submodule_search_locations[0], "_internal", "python_requirements.py").read_text("utf-8")
    found = re.search(r"pip='([0-9.]+)'", source)
    if not found:
        sys.exit("This ansible-test does not say which pip it wants; tools/sanity.py must learn where to look.")
    return found[1]


def seed_pip_installer() -> None:
    """Where the installer is neither cached nor to be had from its host, make one from pip's wheel of the package index.

    ansible-test looks for the cached file first, so everything after this works as ever.
    """
    version = pip_version()
    script = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    try:
        with urllib.request.urlopen(INSTALLER_URL.format(version=version), timeout=10) as answer:
            text = answer.read().decode()
    except (OSError, urllib.error.URLError, UnicodeDecodeError):
        print(f"pip's installer cannot be downloaded; making one from the wheel of pip {version}.", flush=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(CACHE)]
        if subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, f"pip=={version}"], check=False
        ).returncode:
            sys.exit(f"The package index did not give pip {version} either; ansible-test cannot do without.")
        text = INSTALLER.format(wheel=next(CACHE.glob(f"pip-{version}-*.whl")).name)
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = script.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text, "utf-8")
    unfinished.replace(script)


def link_interpreters(folder: Path) -> None:
    """Fill a folder with links to the interpreters that really run; say which there are.

    On PATH before pyenv's shims it keeps ansible-test from picking a shim whose version is not selected.
    """
    folder.mkdir()
    listing = subprocess.run(
        ["sh", str(ROOT / "tools" / "find_python.sh"), "--all"], check=True, capture_output=True, text=True
    ).stdout
    versions = []
    for line in listing.splitlines():
        version, path = line.split(" ", 1)
        (folder / f"python{version}").symlink_to(path)
        versions.append(version)
    print(
        f"Pythons found: {', '.join(versions)}; what ansible-test also knows is skipped, and named below.", flush=True
    )


def main(arguments: list[str]) -> int:
    """Copy, prepare, run; exits with what ansible-test exits with."""
    seed_pip_installer()
    with tempfile.TemporaryDirectory(prefix="datagate-sanity-") as name:
        top = Path(name)
        target = top / COLLECTION
        export(target)
        link_interpreters(top / "bin")
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON", "VIRTUAL_ENV"))
        }
        here = str(Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join([str(top / "bin"), here, os.environ["PATH"]])
        verbose = any(word.startswith("-v") for word in arguments)
        command = [str(Path(here, "ansible-test")), "sanity", "--color", "no"]
        if not {"--venv", "--local", "--docker", "--controller"} & set(arguments):
            command.append("--venv")
        with subprocess.Popen(
            [*command, *arguments],
            cwd=target,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                if verbose or (line.strip() and not line.lstrip().startswith(PIP_CHATTER)):
                    print(line, end="", flush=True)
        status = running.returncode
        results = target / "tests" / "output"
        if status and results.is_dir():
            shutil.copytree(
                results, ROOT / "tests" / "output", dirs_exist_ok=True, ignore=shutil.ignore_patterns(".tmp")
            )
    print("sanity: all well" if status == 0 else "sanity: failed")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
