# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generates what follows from the tables of options and states, and compares all other places with them.

python tools/options           print what differs; exits with 1 if anything does
python tools/options --write   write what is generated

The tables are in plugins/module_utils: _argument_spec.py, _gate/option_groups for gates, and _states.py. No kept tool generates role
specifications, schemas or RETURN; ansible-test only compares the options of a module with its argument specification.
"""

from __future__ import annotations

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS), str(TOOLS.parent / ".venv" / "collections")]

import options  # noqa: E402

if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        options.write()
    found = options.problems()
    print("".join(f"{line}\n" for line in found), end="")
    sys.exit(1 if found else 0)
