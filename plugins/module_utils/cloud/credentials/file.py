# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor SDK's credentials file: INI, section ``[basic]`` with ak, sk, security_token, project_id, iam_endpoint."""

from __future__ import annotations

import configparser
import os
import stat
from typing import Callable, Dict, List, Optional, Sequence

from ..errors import CredentialsError, printable
from ..signature import SdkHmacSha256
from .base import Auth, Credentials, Fetch

SECTION = "basic"


class CredentialsFile(Credentials):
    """An access key, permanent or temporary, from a file; read again when the key has ended, since something may renew it."""

    renewable = True

    def __init__(self, path: str, named_by: str) -> None:
        super().__init__(f"{named_by} {printable(path)}")
        self._path = path
        self._values = self._read()

    def _read(self) -> Dict[str, str]:
        # Neither message of the parser's is shown: it would quote the line, and with it a secret.
        parser = configparser.ConfigParser(interpolation=None)
        try:
            with open(self._path, encoding="utf-8") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                parser.read_file(stream)
        except OSError as error:
            raise CredentialsError(f"{self.place} cannot be read: {error.strerror or 'error'}") from None
        except (configparser.Error, UnicodeDecodeError):
            raise CredentialsError(
                f"{self.place} is not a credentials file: it must be INI text with a section [{SECTION}]"
            ) from None
        if not parser.has_section(SECTION):
            raise CredentialsError(f"{self.place} has no section [{SECTION}] with ak and sk")
        values = {name: value.strip() for name, value in parser.items(SECTION) if value and value.strip()}
        missing = [name for name in ("ak", "sk") if name not in values]
        if missing:
            raise CredentialsError(f"{self.place} has no {' and no '.join(missing)} in its section [{SECTION}]")
        warning = f"{self.place} can be read by other users of the host; chmod 600 it."
        if mode & (stat.S_IRGRP | stat.S_IROTH) and warning not in self.warnings:
            self.warnings.append(warning)
        return values

    def header_values(self) -> Dict[str, Optional[str]]:
        return {name: self._values.get(name) for name in ("ak", "sk", "security_token")}

    def settings(self) -> Dict[str, str]:
        return {name: self._values[name] for name in ("project_id", "iam_endpoint") if name in self._values}

    @property
    def secrets(self) -> Sequence[str]:
        found: List[str] = [self._values["ak"], self._values["sk"]]
        return found + ([self._values["security_token"]] if "security_token" in self._values else [])

    def obtain(self, fetch: Fetch, wall: Callable[[], float]) -> Auth:
        self._values = self._read()
        return SdkHmacSha256(self._values["ak"], self._values["sk"], self._values.get("security_token"), wall=wall)
