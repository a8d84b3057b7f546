# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/benchmarks.md: the benchmark writes only the text between markers."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from typing import Any

from .clouds import BenchError

BEGIN = "<!-- bench: {} -->"
END = "<!-- bench: end -->"


def rewritten(text: str, parts: Mapping[str, str]) -> str:
    """The text with each named part replaced.

    :raises BenchError: a part has no markers, or there are markers for a part that is not given.
    """
    found = re.findall(r"<!-- bench: (?!end)([\w-]+) -->", text)
    if sorted(found) != sorted(parts):
        raise BenchError(f"the markers are {sorted(found)}, the parts {sorted(parts)}")
    for name, part in parts.items():
        begin = BEGIN.format(name)
        before, dummy, rest = text.partition(begin)
        dummy_old, marker, after = rest.partition(END)
        if not marker:
            raise BenchError(f"the part {name!r} does not end")
        text = f"{before}{begin}\n\n{part.strip()}\n\n{END}{after}"
    return text


def machine() -> dict[str, Any]:
    """The conditions and the date of the measurement."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "ansible_core": _version("ansible-core"),
        "sdk": _version("huaweicloudsdkdgc"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def described(found: Mapping[str, Any], seconds: float) -> str:
    """The machine in a sentence."""
    return (
        f"{found['date']}, {found['cores']} cores ({found['processor']}), {found['system']}, Python {found['python']}, "
        f"ansible-core {found['ansible_core']}, huaweicloudsdkdgc {found['sdk']}; the whole run took {seconds / 60:.0f} "
        "minutes."
    )
