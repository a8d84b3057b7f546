# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Records of credentials that were refused or accepted a short while ago, shared by all processes of a user on a machine.

More than five failed signatures in a row lock an access key for all its users. The hosts, loops, retries and inventory files
of one play can reach that number, because they do not know about each other. So they share a folder with one file for each set
of credentials: its name is a salted digest, its content the result and the time. Without a usable folder, each process uses
only its own records.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .elapsed_time import ElapsedTime
from .private_folder import NO_FOLLOW, private_folder, read_file

try:
    import fcntl
except ImportError:  # pragma: no cover - an unsupported system; turns are not shared there
    fcntl = None  # type: ignore[assignment]

REFUSAL_COUNTS_FOR = 300.0  # seconds; the service locks a key for the same time
APPROVAL_COUNTS_FOR = 60.0  # seconds for which accepted credentials need no new trial by a single process
MAX_TRIAL_TURNS = 4  # requests that are open at once in all processes, with credentials that have not been accepted
NEXT_TURN_AFTER = 5.0  # seconds without an answer after which the next of them is sent
REFUSED, GOOD = "refused", "good"
_DIGEST_ROUNDS = 1000  # half a millisecond; each guess at a password costs the same
_MAX_AGE = 86400.0  # seconds after which a file is removed


class Refusal(NamedTuple):
    """A refusal on record.

    :ivar ago: seconds since the refusal.
    :ivar left: seconds for which it still counts.
    :ivar status: HTTP status of the answer.
    :ivar code: error code of the answer.
    :ivar locked: whether the service said that the access key is locked.
    """

    ago: float
    left: float
    status: Optional[int]
    code: Optional[str]
    locked: bool


class CredentialRecords:
    """Reads and writes the records.

    Nothing here raises an error: if a file cannot be read or written, requests are sent as if there were no record.

    :param environ: for XDG_CACHE_HOME and HOME.
    :param times: gives points in time.
    :ivar folder: of the files; None if there is none.
    """

    # The records of this process, for use without a folder.
    _own: Dict[str, Dict[str, Any]] = {}
    _own_salt = os.urandom(32)

    def __init__(self, environ: Optional[Mapping[str, str]] = None, times: Optional[ElapsedTime] = None) -> None:
        self._times = times or ElapsedTime()
        self.folder = private_folder(os.environ if environ is None else environ)
        salt = self._salt()
        if salt is None:
            self.folder, salt = None, self._own_salt
        self._secret = salt

    def digests(self, parts: Sequence[str], clouds: Sequence[str]) -> List[str]:
        """The names of the records of a set of credentials, one for each cloud.

        :param parts: all parts of the credentials, so that a corrected secret leads to another name.
        """
        whole = json.dumps(list(parts)).encode("utf-8")
        known = hashlib.pbkdf2_hmac("sha256", whole, self._secret, _DIGEST_ROUNDS)
        return [hashlib.sha256(known + cloud.encode("utf-8", "replace")).hexdigest()[:40] for cloud in clouds]

    def refusal(self, digest: str) -> Optional[Refusal]:
        """A refusal that still counts."""
        record, age = self._read(digest)
        if record.get("state") != REFUSED or age is None or age >= REFUSAL_COUNTS_FOR:
            return None
        status, code = record.get("status"), record.get("code")
        return Refusal(
            age,
            REFUSAL_COUNTS_FOR - age,
            status if isinstance(status, int) else None,
            code if isinstance(code, str) else None,
            record.get("locked") is True,
        )

    def is_accepted(self, digest: str) -> bool:
        """Whether the credentials were accepted a short while ago."""
        record, age = self._read(digest)
        return record.get("state") == GOOD and age is not None and age < APPROVAL_COUNTS_FOR

    def refuse(self, digest: str, status: Optional[int], code: Optional[str], locked: bool) -> None:
        """Record that the credentials were refused."""
        self._write(digest, {"state": REFUSED, "status": status, "code": code, "locked": locked})

    def accept(self, digest: str) -> None:
        """Record that the credentials were accepted."""
        record, age = self._read(digest)
        if record.get("state") != GOOD or age is None or age > APPROVAL_COUNTS_FOR / 2:
            self._write(digest, {"state": GOOD})

    def take_turn(self, digest: str, number: int) -> Optional["Turn"]:
        """Take one of the MAX_TRIAL_TURNS turns to send with credentials on trial; None if another process has it."""
        if self.folder is None or fcntl is None:
            return Turn(None)
        try:
            path = os.path.join(self.folder, f"{digest}.turn{number}")
            handle = os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o600)
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
        """The salt of this user's digests; it is created at first use."""
        if self.folder is None:
            return None
        path = os.path.join(self.folder, "salt")
        for dummy in range(3):
            found = read_file(path)
            if found is not None and len(found) == 32:
                return found
            try:
                made = self._temporary(os.urandom(32))
                if found is not None:
                    os.replace(made, path)  # it was damaged
                    continue
                try:
                    os.link(made, path)  # unlike a rename, it keeps the salt of a process that was faster
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
        """The record of a set of credentials, and its age in seconds."""
        record = self._own.get(digest)
        if self.folder is not None:
            try:
                record = json.loads(read_file(os.path.join(self.folder, f"{digest}.json")) or b"null")
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
        """Remove files that have not been used for a day."""
        with os.scandir(self.folder) as entries:
            for entry in entries:
                try:
                    if entry.name != "salt" and time.time() - entry.stat(follow_symlinks=False).st_mtime > _MAX_AGE:
                        os.unlink(entry.path)
                except OSError:
                    pass  # another process removed it first


class Turn:
    """The right to send with credentials on trial. It ends with :meth:`end` or with the process."""

    def __init__(self, handle: Optional[int]) -> None:
        self._handle = handle

    def end(self) -> None:
        """Let another process have its turn."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __del__(self) -> None:
        self.end()
