# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The made-up names of one recording, shared by all processes that write it.

The same value always gets the same made-up one, whichever process meets it. So the processes share a file in the private folder
of the user: a salt, and for each value its salted digest and what it became. It holds no value of the account, it is not part of
the recording, and it is removed after a day.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from contextlib import contextmanager
from typing import Any, Callable, Container, Dict, Iterator, List, Mapping, Optional

from ..._clock import Clock
from ..authentication.private_folder import NO_FOLLOW, private_folder

try:
    import fcntl
except ImportError:  # pragma: no cover - an unsupported system
    fcntl = None  # type: ignore[assignment]

EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z: what becomes of the time at which a recording begins
_CHUNK = 1024 * 1024


class SharedNames:
    """Made-up names, and the time at which the recording began.

    :param path: the shared file; None for the names of a single process.
    :ivar shift_ms: what is added to a time in milliseconds.
    """

    def __init__(self, path: Optional[str], begun: Mapping[str, Any]) -> None:
        self._salt = bytes.fromhex(begun["salt"])
        self._boot: Optional[List[Any]] = begun["boot"]
        self._wall = float(begun["wall"])
        # Whole seconds, so that fractions of seconds stay as they are.
        self.shift_ms = EPOCH_MS - int(self._wall) * 1000
        self._handle = None if path is None else os.open(path, os.O_RDWR | os.O_APPEND | NO_FOLLOW)
        self._read_to = 0
        self._made: Dict[str, str] = {}  # digest -> made-up name
        self._numbers: Dict[str, int] = {}  # kind -> the greatest number given

    @classmethod
    def create(cls, identity: str, environ: Mapping[str, str], clock: Clock) -> "SharedNames":
        """The names of a new recording."""
        begun = {"salt": os.urandom(32).hex(), "boot": clock.since_boot(), "wall": clock.wall()}
        path = _path(identity, environ)
        if path is not None:
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as stream:
                    stream.write(json.dumps(begun) + "\n")
            except OSError:
                path = None
        return cls(path, begun)

    @classmethod
    def join(cls, identity: str, environ: Mapping[str, str]) -> Optional["SharedNames"]:
        """The names of a recording that another process began; None where this user has none on this machine."""
        path = _path(identity, environ)
        if path is None:
            return None
        try:
            with open(path, encoding="ascii") as stream:
                return cls(path, json.loads(stream.readline()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def elapsed(self, clock: Clock) -> float:
        """Seconds since the recording began."""
        boot = clock.since_boot()
        if boot is not None and self._boot is not None and boot[0] == self._boot[0]:
            return max(0.0, boot[1] - float(self._boot[1]))
        return max(0.0, clock.wall() - self._wall)

    def digest(self, value: str) -> str:
        """A digest of a value, which cannot be computed without the salt. 32 hexadecimal digits."""
        return hmac.new(self._salt, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def find(self, value: str) -> Optional[str]:
        """The made-up name of a value that has one."""
        return self._made.get(self.digest(value))

    def next_number(self, kind: str) -> int:
        """A number that no process has got for this kind."""
        with self._locked():
            number = self._numbers.get(kind, 0) + 1
            self._give(kind, number)
            self._write(f"- {kind} {number} -")
            return number

    def make(self, value: str, kind: str, name: Callable[[int], str], avoid: Container[str] = ()) -> str:
        """The made-up name of a value; a new one where it has none.

        :param kind: numbers count for each kind.
        :param name: the made-up name with a number; without blanks.
        :param avoid: texts that must not be a made-up name, because they are known to be real ones.
        """
        digest = self.digest(value)
        if digest not in self._made:
            with self._locked():
                if digest not in self._made:
                    self._add(digest, kind, name, avoid)
        return self._made[digest]

    def close(self) -> None:
        """Close the shared file."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    # -- the shared file: a line for each name, "digest kind number name" -------------------------------------------

    def _add(self, digest: str, kind: str, name: Callable[[int], str], avoid: Container[str]) -> None:
        number = self._numbers.get(kind, 0) + 1
        while name(number) in avoid:
            number += 1
        self._give(kind, number)
        self._made[digest] = name(number)
        self._write(f"{digest} {kind} {number} {self._made[digest]}")

    def _give(self, kind: str, number: int) -> None:
        self._numbers[kind] = max(self._numbers.get(kind, 0), number)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let no other process add names while the block runs, and know those that they have added."""
        if self._handle is None or fcntl is None:
            yield
            return
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            self._read(self._handle)
            yield
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def _read(self, handle: int) -> None:
        data = b""
        while True:
            chunk = os.pread(handle, _CHUNK, self._read_to + len(data))
            data += chunk
            if len(chunk) < _CHUNK:
                break
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.decode("ascii", "replace").splitlines():
            parts = line.split(" ")
            if len(parts) != 4:
                continue  # the first line
            digest, kind, number, name = parts
            self._give(kind, int(number))
            if digest != "-":
                self._made[digest] = name

    def _write(self, line: str) -> None:
        if self._handle is None:
            return
        data = line.encode("ascii", "replace") + b"\n"
        self._read_to += os.write(self._handle, data)


def _path(identity: str, environ: Mapping[str, str]) -> Optional[str]:
    folder = private_folder(environ)
    return None if folder is None else os.path.join(folder, f"recording-{identity}.names")
