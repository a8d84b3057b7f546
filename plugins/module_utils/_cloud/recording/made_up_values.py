# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Made-up values: the same input always gives the same value of the same type and a similar form."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import formatdate, mktime_tz, parsedate_tz
from typing import Any, Callable, Dict, Optional, Set, Tuple

from .known_fields import JOB, NODE, USER
from .shared_names import SharedNames

MAX_HARMLESS = 99  # small numbers identify nothing, even as IDs
SECRET_VALUE = "made-up-secret"

_HEX = re.compile(r"[0-9a-fA-F]{16,64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"[0-9]{1,40}", re.ASCII)
_EMAIL = re.compile(r"[^@\s/]+@[^@\s/]+\.[^@\s/]+")
_ISO_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})([T ])([0-9]{2}:[0-9]{2}:[0-9]{2})((?:\.[0-9]+)?(?:Z|[+-][0-9:]{2,5})?)"
)
_UNIX_TIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} [ 0-9]?[0-9] [0-9:]{8}) ([A-Z]{2,5}) ([0-9]{4})")
_LOOKS_MADE_UP = re.compile(r"[a-z]+_[0-9]+(?:_.*)?|10[0-9]+")
_SCHEME = re.compile(r"(?:obs|s3a|hdfs|https?|ftp)://|(?=)")
_SUFFIX = re.compile(r"(.+)(\.(?:job|log|json|txt|csv|sql|jar|py|gz|zip))")
# 2000 to 2100, in milliseconds and in seconds.
_MILLISECONDS = range(946_684_800_000, 4_102_444_800_000)
_SECONDS = range(946_684_800, 4_102_444_800)


class MadeUpValues:
    """Replaces values.

    :param names: the names that all processes of the recording share.
    """

    def __init__(self, names: SharedNames) -> None:
        self._names = names
        self._real: Set[str] = set()  # real texts that look like made-up ones
        self._plain: Dict[str, Set[str]] = {JOB: set(), NODE: set()}  # the names that this process has met
        self._parts: Dict[str, str] = {}  # parts of names in requests

    def met(self, text: str) -> None:
        """A text of the account, which must not be used as a made-up name from now on."""
        if _LOOKS_MADE_UP.fullmatch(text):
            self._real.add(text)

    def known(self, kind: str) -> Set[str]:
        """The real names of jobs or nodes that this process has met."""
        return self._plain[kind]

    def find(self, value: str) -> Optional[str]:
        """The made-up name of a value that has one."""
        return self._names.find(value)

    # -- names ------------------------------------------------------------------------------------------------------

    def name(self, value: str, kind: str) -> str:
        """A name, such as ``job_1``. One that contains a requested part contains the part's made-up name."""
        if not value:
            return value
        self.met(value)
        if kind in self._plain:
            self._plain[kind].add(value)
        formed = self._by_form(value)
        if formed is not None:
            return formed
        if kind == USER and _EMAIL.fullmatch(value):
            return self._new(value, USER, lambda number: f"user_{number}@example.com")
        if kind == JOB:
            return self._names.find(value) or self._job(value)
        return self._new(value, kind, lambda number: f"{kind}_{number}")

    def part(self, value: str) -> str:
        """A part of names, or a whole name, by which the service or the gate selects jobs."""
        self.met(value)
        if value not in self._parts:
            # The last sign ends the number: part_1_ is not part of part_12_.
            self._parts[value] = self._by_form(value) or self._new(value, "part", lambda number: f"part_{number}_")
        return self._parts[value]

    def _job(self, value: str) -> str:
        # A sub-job is named after its job and its node.
        for found in re.finditer("_", value):
            job, node = value[: found.start()], value[found.end() :]
            if job in self._plain[JOB] and node in self._plain[NODE]:
                return self._sub_job(value, f"{self.name(job, JOB)}_{self.name(node, NODE)}")
        inside = max((part for part in self._parts if part in value), key=len, default=None)
        suffix = "" if inside is None else f"_{self._parts[inside]}"
        return self._new(value, JOB, lambda number: f"job_{number}{suffix}")

    def _sub_job(self, value: str, made: str) -> str:
        return self._names.make(value, "sub_job", lambda dummy: made)

    def _new(self, value: str, kind: str, name: Callable[[int], str]) -> str:
        return self._names.make(value, kind, name, self._real)

    # -- forms ------------------------------------------------------------------------------------------------------

    def identifier(self, value: str) -> str:
        """An ID."""
        return self._by_form(value) or self._new(value, "id", lambda number: f"id_{number}")

    def text(self, value: str) -> str:
        """Any text, by its form."""
        if value.lower() in ("", "true", "false"):
            return value
        self.met(value)
        found = self._names.find(value) or self.time_text(value) or self._by_form(value)
        if found is not None:
            return found
        if _EMAIL.fullmatch(value):
            return self.name(value, USER)
        if "/" in value and not re.search(r"\s", value):
            return self.path(value)
        return self._new(value, "text", lambda number: f"text_{number}")

    def _by_form(self, value: str) -> Optional[str]:
        """A value that is a number or consists of hexadecimal digits; None for any other."""
        if _DIGITS.fullmatch(value):
            return self._digits(value)
        if _HEX.fullmatch(value):
            return (self._names.digest(value) + self._names.digest(value + "+"))[: len(value)]
        if _UUID.fullmatch(value):
            made = self._names.digest(value)
            return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
        return None

    def _digits(self, value: str) -> str:
        if len(value) <= len(str(MAX_HARMLESS)):
            return value
        self.met(value)
        first = 10 ** (len(value) - 1)
        return self._new(value, f"digits{len(value)}", lambda number: str(first + number))

    def path(self, value: str) -> str:
        """A path or the address of a file, part by part."""
        match = _SCHEME.match(value)
        scheme = match.group() if match else ""
        return scheme + "/".join(map(self._segment, value[len(scheme) :].split("/")))

    def _segment(self, value: str) -> str:
        if not value:
            return value
        found = self._names.find(value) or self._by_form(value)
        if found is not None:
            return found
        split = _SUFFIX.fullmatch(value)
        if split:
            return self._segment(split[1]) + split[2]
        self.met(value)
        return self._new(value, "directory", lambda number: f"dir_{number}")

    # -- numbers and times ------------------------------------------------------------------------------------------

    def number(self, value: Any) -> Any:
        """An ID or another number that may identify something."""
        if abs(value) <= MAX_HARMLESS:
            return value
        made = int(self._digits(str(int(abs(value)))))
        return type(value)(made if value > 0 else -made)

    def time(self, value: Any) -> Tuple[Any, bool]:
        """A time in milliseconds or seconds, shifted, and whether it was one."""
        if int(value) in _MILLISECONDS:
            return value + self._names.shift_ms, True
        if int(value) in _SECONDS:
            return value + self._names.shift_ms // 1000, True
        return value, False

    def time_text(self, value: str) -> Optional[str]:
        """A time as text, shifted; None for other text."""
        shift = timedelta(milliseconds=self._names.shift_ms)
        try:
            if _DIGITS.fullmatch(value) and len(value) in (10, 13):
                made, was_time = self.time(int(value))
                return str(made) if was_time else None
            iso = _ISO_TIME.fullmatch(value)
            if iso:
                made = datetime.strptime(f"{iso[1]} {iso[3]}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc) + shift
                return made.strftime(f"%Y-%m-%d{iso[2]}%H:%M:%S") + iso[4]
            unix = _UNIX_TIME.fullmatch(value)
            if unix:
                made = (
                    datetime.strptime(f"{unix[1]} {unix[3]}", "%b %d %H:%M:%S %Y").replace(tzinfo=timezone.utc) + shift
                )
                return made.strftime(f"%a %b %d %H:%M:%S {unix[2]} %Y")
        except (ValueError, OverflowError):
            pass
        return None

    def http_date(self, value: str) -> Optional[str]:
        """The time of an HTTP header, shifted; None for other text."""
        try:
            parsed = parsedate_tz(value)
            return formatdate(mktime_tz(parsed) + self._names.shift_ms / 1000, usegmt=True) if parsed else None
        except (ValueError, OverflowError, TypeError, IndexError):
            return None
