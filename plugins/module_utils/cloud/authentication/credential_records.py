# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all processes of a user on a machine know about credentials: refused lately, or proved good lately.

More than five failed signatures in a row lock an access key for everyone who uses it. One play can reach that with hosts,
loops, retries and inventory files that know nothing of each other, so they share a folder with a file for each set of
credentials. It holds a salted digest, what became of it and when. Where the folder cannot be used, each process keeps to what
it has seen itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
import time
from contextlib import suppress
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

try:
    import fcntl
except ImportError:  # pragma: no cover - no such system is supported; nothing is shared there
    fcntl = None  # type: ignore[assignment]

REMEMBERED = 300.0  # seconds that a refusal counts; a locked key is locked for as long
PROVED = 60.0  # seconds that credentials which were accepted need not be tried by one process alone
MAX_UNPROVED = 4  # requests under way at once with credentials that have not proved good
PATIENCE = 5.0  # seconds without an answer after which the next of them is sent
_ROUNDS = 1000  # of the digest: half a millisecond, and a guessed password costs as much
_OLD = 86400.0  # seconds after which a file is removed
_NAME = "datagate-huaweicloud"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
REFUSED, GOOD = "refused", "good"


class Refusal(NamedTuple):
    """A refusal that is remembered.

    :ivar ago: seconds since it came.
    :ivar left: seconds that it still counts.
    :ivar status: HTTP status that it came with.
    :ivar code: error code that it came with.
    :ivar locked: whether the service said that the access key is locked.
    """

    ago: float
    left: float
    status: Optional[int]
    code: Optional[str]
    locked: bool


class Times:
    """When something happened, so that another process can tell how long ago that is.

    The time since the machine's start is what counts; no step of the wall clock changes it. The wall clock counts where the
    machine was started anew since.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._boot: Optional[str] = None

    def now(self) -> Dict[str, Any]:
        """The present, as plain data."""
        return {"boot": self.boot(), "up": self.up(), "wall": self._wall()}

    def age(self, then: Mapping[str, Any]) -> Optional[float]:
        """Seconds since *then*; None where it lies in the future or is no time at all."""
        same = then.get("boot") is not None and then.get("boot") == self.boot()
        name, now = ("up", self.up()) if same else ("wall", self._wall())
        value = then.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= now - value < float("inf"):
            return None
        return now - value

    def up(self) -> float:
        """Seconds since the machine's start, time asleep included where the system counts it."""
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if clock is None else time.clock_gettime(clock)

    def boot(self) -> Optional[str]:
        """What tells this run of the machine from others; None where the system does not say."""
        if self._boot is None:
            try:
                with open(_BOOT_ID, encoding="ascii") as stream:
                    self._boot = stream.read(64).strip()
            except (OSError, ValueError):
                self._boot = ""
        return self._boot or None


def private_folder(environ: Mapping[str, str]) -> Optional[str]:
    """A folder that belongs to this user and that only this user can look into; None where there is none."""
    home = environ.get("HOME") or ""
    cache = environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    found = [os.path.join(cache, _NAME)] if os.path.isabs(cache) else []
    for path in [*found, os.path.join(tempfile.gettempdir(), f"{_NAME}-{_user()}")]:
        try:
            if not os.path.isdir(os.path.dirname(path)):
                os.mkdir(os.path.dirname(path), 0o700)
            if not os.path.lexists(path):
                with suppress(FileExistsError):  # another process was faster
                    os.mkdir(path, 0o700)
            found_at = os.lstat(path)
            if not stat.S_ISDIR(found_at.st_mode) or found_at.st_uid != _user():
                continue
            if stat.S_IMODE(found_at.st_mode) != 0o700:
                os.chmod(path, 0o700)
            if os.access(path, os.W_OK | os.X_OK):
                return path
        except (OSError, ValueError):
            continue
    return None


def _user() -> int:
    return os.geteuid() if hasattr(os, "geteuid") else -1


class CredentialRecords:
    """The account of refused and proved credentials.

    Nothing here raises: where a file cannot be read or written, requests are sent as if nothing were known.

    :param environ: for XDG_CACHE_HOME and HOME.
    :param times: tells the time.
    """

    # What this process has seen itself, for where there is no folder.
    _own: Dict[str, Dict[str, Any]] = {}
    _own_salt = os.urandom(32)

    def __init__(self, environ: Optional[Mapping[str, str]] = None, times: Optional[Times] = None) -> None:
        self._times = times or Times()
        self.folder = private_folder(os.environ if environ is None else environ)
        salt = self._salt()
        if salt is None:
            self.folder, salt = None, self._own_salt
        self._secret = salt

    def digests(self, parts: Sequence[str], clouds: Sequence[str]) -> List[str]:
        """The names under which credentials are known, one for each cloud.

        :param parts: all of the credentials, so that a mended secret makes another name.
        """
        whole = json.dumps(list(parts)).encode("utf-8")
        known = hashlib.pbkdf2_hmac("sha256", whole, self._secret, _ROUNDS)
        return [hashlib.sha256(known + cloud.encode("utf-8", "replace")).hexdigest()[:40] for cloud in clouds]

    def refusal(self, digest: str) -> Optional[Refusal]:
        """A refusal that still counts."""
        record, age = self._read(digest)
        if record.get("state") != REFUSED or age is None or age >= REMEMBERED:
            return None
        status, code = record.get("status"), record.get("code")
        return Refusal(
            age,
            REMEMBERED - age,
            status if isinstance(status, int) else None,
            code if isinstance(code, str) else None,
            record.get("locked") is True,
        )

    def is_proved(self, digest: str) -> bool:
        """Whether the credentials were accepted a short while ago."""
        record, age = self._read(digest)
        return record.get("state") == GOOD and age is not None and age < PROVED

    def refuse(self, digest: str, status: Optional[int], code: Optional[str], locked: bool) -> None:
        """Remember that the credentials were refused."""
        self._write(digest, {"state": REFUSED, "status": status, "code": code, "locked": locked})

    def prove(self, digest: str) -> None:
        """Remember that the credentials were accepted."""
        record, age = self._read(digest)
        if record.get("state") != GOOD or age is None or age > PROVED / 2:
            self._write(digest, {"state": GOOD})

    def take_turn(self, digest: str, number: int) -> Optional["Turn"]:
        """One of the MAX_UNPROVED turns to send with credentials that have not proved good; None where another process has it."""
        if self.folder is None or fcntl is None:
            return Turn(None)
        try:
            path = os.path.join(self.folder, f"{digest}.turn{number}")
            handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o600)
        except OSError:
            return Turn(None)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.utime(handle)
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:
            pass  # a file system without locks
        return Turn(handle)

    # -- files ------------------------------------------------------------------------------------------------------

    def _salt(self) -> Optional[bytes]:
        """The salt of this user's digests, made at the first time."""
        if self.folder is None:
            return None
        path = os.path.join(self.folder, "salt")
        for dummy in range(3):
            found = _contents(path)
            if found is not None and len(found) == 32:
                return found
            try:
                made = self._temporary(os.urandom(32))
                if found is not None:
                    os.replace(made, path)  # it was damaged
                    continue
                try:
                    os.link(made, path)  # unlike a rename it leaves the salt of a process that was faster
                finally:
                    os.unlink(made)
            except FileExistsError:
                continue
            except OSError:
                return None
        return None

    def _temporary(self, data: bytes) -> str:
        handle, path = tempfile.mkstemp(prefix="new-", dir=self.folder)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        return path

    def _read(self, digest: str) -> Tuple[Dict[str, Any], Optional[float]]:
        """What is known of credentials, and how many seconds ago it was noted."""
        record = self._own.get(digest)
        if self.folder is not None:
            try:
                record = json.loads(_contents(os.path.join(self.folder, f"{digest}.json")) or b"null")
            except ValueError:
                record = None
        if not isinstance(record, dict) or not isinstance(record.get("at"), dict):
            return {}, None
        return record, self._times.age(record["at"])

    def _write(self, digest: str, record: Dict[str, Any]) -> None:
        record["at"] = self._times.now()
        if self.folder is None:
            self._own[digest] = record
            return
        path = os.path.join(self.folder, f"{digest}.json")
        try:
            if not os.path.lexists(path):
                self._tidy()
            os.replace(self._temporary(json.dumps(record).encode("utf-8")), path)
        except OSError:
            self._own[digest] = record

    def _tidy(self) -> None:
        """Remove what has been of no use for a day."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    if entry.name != "salt" and time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD:
                        os.unlink(entry.path)
                except OSError:
                    pass  # another process was faster


class Turn:
    """The right to send with credentials that have not proved good; given back by :meth:`end` or with the process."""

    def __init__(self, handle: Optional[int]) -> None:
        self._handle = handle

    def end(self) -> None:
        """Let another process have its turn."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.end()


_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def _contents(path: str) -> Optional[bytes]:
    """The beginning of a file that belongs to this user; None where it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != _user():
            return None
        return os.read(handle, 4096)
    except OSError:
        return None
    finally:
        os.close(handle)
