# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The vendor SDK's credentials file: INI, section ``[basic]`` with ak, sk, security_token, project_id, iam_endpoint."""

from __future__ import annotations

import configparser
import stat
from typing import Callable, Dict, List, Optional, Sequence

from ...._errors import CredentialsError
from ...._text import printable
from ...._values import is_half_quoted, unquoted
from ...text_file import read_text
from ..base import Auth, Known
from ..signature import SdkHmacSha256

SECTION = "basic"
_KEYS = ("ak", "sk", "security_token", "project_id", "iam_endpoint")


class CredentialsFile(Known):
    """An access key, permanent or temporary, from a file, which is read again when the key has expired."""

    renewable = True

    def __init__(self, path: str, named_by: str) -> None:
        super().__init__(f"{named_by} {printable(path)}")
        self._path = path
        self._values = self._read()

    def _read(self) -> Dict[str, str]:
        text, mode = read_text(self._path, self.place, "a credentials file")
        values = self._section(text)
        missing = [name for name in ("ak", "sk") if name not in values]
        if missing:
            raise CredentialsError(f"{self.place} has no {' and no '.join(missing)} in its section [{SECTION}]")
        for name in ("ak", "sk", "security_token"):
            if is_half_quoted(values.get(name, "")):
                raise CredentialsError(f"{self.place} has a quotation mark at one end of {name} only; take it off")
        warning = f"{self.place} can be read by other users of the host; chmod 600 it."
        if mode & (stat.S_IRGRP | stat.S_IROTH) and warning not in self.warnings:
            self.warnings.append(warning)
        self.is_temporary = "security_token" in values
        return values

    def _section(self, text: str) -> Dict[str, str]:
        # The messages of the parser are not shown: they quote the line, and with it a secret.
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
        except configparser.DuplicateOptionError as error:
            name = error.option if error.option in _KEYS else "a key"
            raise CredentialsError(f"{self.place} has {name} twice in one section; keep the one that counts") from None
        except configparser.DuplicateSectionError:
            raise CredentialsError(f"{self.place} has one section twice; keep the one that counts") from None
        except configparser.Error:
            raise CredentialsError(
                f"{self.place} is not a credentials file: it must be INI text with a section [{SECTION}]"
            ) from None
        sections = [name for name in parser.sections() if name.strip().lower() == SECTION]
        if not sections:
            raise CredentialsError(f"{self.place} has no section [{SECTION}] with ak and sk")
        if len(sections) > 1:
            raise CredentialsError(f"{self.place} has the section [{SECTION}] twice; keep the one that counts")
        found = ((name.strip(), unquoted(value)) for name, value in parser.items(sections[0]))
        return {name: value for name, value in found if value}

    def header_values(self) -> Dict[str, Optional[str]]:
        return {name: self._values.get(name) for name in ("ak", "sk", "security_token")}

    def settings(self) -> Dict[str, str]:
        return {name: self._values[name] for name in ("project_id", "iam_endpoint") if name in self._values}

    @property
    def secrets(self) -> Sequence[str]:
        found: List[str] = [self._values["ak"], self._values["sk"]]
        return found + ([self._values["security_token"]] if "security_token" in self._values else [])

    def auth(self, wall: Callable[[], float]) -> Auth:
        self._values = self._read()
        return SdkHmacSha256(self._values["ak"], self._values["sk"], self._values.get("security_token"), wall=wall)
