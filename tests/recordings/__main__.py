# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m tests.recordings`: record the examples of the emulator again."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Record all examples."""
    sys.path.insert(0, str(ROOT / ".venv" / "collections"))
    from .gates import EXAMPLES, FOLDER, record

    with tempfile.TemporaryDirectory() as cache:
        os.environ["XDG_CACHE_HOME"] = cache
        for example in EXAMPLES:
            path = FOLDER / f"{example.name}.jsonl"
            path.unlink(missing_ok=True)
            result = record(example, path)
            path.chmod(0o644)
            print(f"{path.name}: {result.get('verdict')}: {result['msg']}")
            if result.get("verdict") != example.verdict:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
