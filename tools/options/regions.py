# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated regions in files that are otherwise written by hand.

A region begins with the comment `# -- written by `make options`: NAME` and ends with `# -- end`, both with the same indentation. A
file with a single region needs no name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

BEGIN, END = "# -- written by `make options`", "# -- end"
REGION = re.compile(
    rf"^(?P<begin>(?P<indent> *){BEGIN}(?:: (?P<name>\w+))?\n)(?:.*\n)*?(?P<end>(?P=indent){END}\n)", re.MULTILINE
)


def filled(path: Path, wanted: Callable[[str, str], str]) -> str:
    """The text of a file, with the content of each region replaced.

    :param wanted: name and indentation of a region -> its content.
    :raises ValueError: a marker is missing.
    """
    text = path.read_text("utf-8")
    regions = len(REGION.findall(text))
    if not regions or {text.count(BEGIN), text.count(END)} != {regions}:
        raise ValueError(f"{path.name}: a marker is missing")
    return REGION.sub(lambda found: found["begin"] + wanted(found["name"] or "", found["indent"]) + found["end"], text)
