# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes tests/data/awx/module_options.json: the options of the modules that the playbook awx_setup uses.

python -m tests.integration.awx.collection
python -m tests.integration.awx.module_options

Only facts are kept (names, types, choices, what is required), so that the unit tests do not need awx.awx.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from .rules import ROOT

TARGET: Final = ROOT / "tests" / "data" / "awx" / "module_options.json"
MODULES: Final = (
    "credential",
    "credential_type",
    "execution_environment",
    "inventory",
    "inventory_source",
    "job_template",
    "project",
    "project_update",
    "workflow_job_template",
    "workflow_job_template_node",
)
CONNECTION: Final = ("controller_", "validate_certs", "request_timeout")
"""Prefixes of the options for the connection to AWX, which the playbook does not use."""
FACTS: Final = ("type", "elements", "choices", "required", "aliases")


def collections() -> Path:
    """Where collection.py puts the collection."""
    return Path(os.environ.get("DATAGATE_AWX_COLLECTIONS") or ROOT / ".venv" / "cache" / "awx")


def facts(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the tests need of the options' documentation."""
    return {
        name: {"type": "str", **{fact: option[fact] for fact in FACTS if option.get(fact)}}
        for name, option in sorted(options.items())
        if not name.startswith(CONNECTION)
    }


def main() -> int:
    """Read the documentation of the modules, and write the file."""
    folder = collections()
    manifest = json.loads((folder / "ansible_collections" / "awx" / "awx" / "MANIFEST.json").read_text("utf-8"))
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-doc")),
            *("-t", "module", "--json"),
            *(f"awx.awx.{name}" for name in MODULES),
        ],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    modules = {
        name.removeprefix("awx.awx."): facts(module["doc"]["options"])
        for name, module in json.loads(done.stdout).items()
    }
    about = f"Options of modules of awx.awx {manifest['collection_info']['version']}, made by tests/integration/awx/module_options.py"
    # An option a line: json's own indentation makes ten of each.
    parts = [
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"   {json.dumps(option)}: {json.dumps(known)}" for option, known in module.items())
        + "\n  }"
        for name, module in sorted(modules.items())
    ]
    TARGET.write_text(
        f'{{\n "about": {json.dumps(about)},\n "modules": {{\n' + ",\n".join(parts) + "\n }\n}\n", "utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
