# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials file: its accepted content, and the messages about an unusable one."""

from __future__ import annotations

import errno
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods.file import (
    CredentialsFile,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import CredentialsError

SECRET = "q7Zs3cret"


def write(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    path.chmod(mode)
    return path


def read(path: Path) -> CredentialsFile:
    return CredentialsFile(str(path), "credentials_file")


def auth_of(credentials: CredentialsFile) -> Any:
    return credentials.auth(lambda: 0.0)


def test_all_fields_of_the_file_are_read(tmp_path: Path) -> None:
    text = (
        "# comment\n[other]\nak = no\n[basic]\nAK = the-ak\nsk=50%(percent)s\nsecurity_token : t==\n"
        "project_id = p1\niam_endpoint = https://iam.example\nunknown = x\nempty =\n"
    )
    found = read(write(tmp_path / "c", text))
    assert found.header_values() == {"ak": "the-ak", "sk": "50%(percent)s", "security_token": "t=="}
    assert found.settings() == {"project_id": "p1", "iam_endpoint": "https://iam.example"}
    assert list(found.secrets) == list(auth_of(found).secrets) == ["the-ak", "50%(percent)s", "t=="]
    assert found.warnings == []
    assert found.renewable


def test_key_alone_is_enough(tmp_path: Path) -> None:
    found = read(write(tmp_path / "c", "[basic]\r\nak = a\r\nsk = s\r\nsecurity_token =\r\nproject_id =\r\n"))
    assert list(found.secrets) == ["a", "s"]
    assert found.settings() == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no section [basic]"),
        (f"[other]\nak = {SECRET}\nsk = {SECRET}\n", "has no section [basic]"),
        ("[basic]\n", "has no ak and no sk in its section [basic]"),
        (f"[basic]\nak = {SECRET}\n", "has no sk in its section [basic]"),
        (f"[basic]\nak =\nsk = {SECRET}\n", "has no ak in its section [basic]"),
        (f"ak = {SECRET}\nsk = {SECRET}\n", "must be INI text"),
        (f"[basic]\nak = a\nak = {SECRET}\n", "has ak twice in one section"),
        (f"[basic]\nak = a\nAK = {SECRET}\n", "has ak twice in one section"),
        (f"[basic]\n{SECRET} = a\n{SECRET} = b\n", "has a key twice in one section"),
        (f"[basic]\nak = a\n[basic]\nsk = {SECRET}\n", "has one section twice"),
        (f"[basic]\nak = a\n[BASIC]\nsk = {SECRET}\n", "has the section [basic] twice"),
        (f"[basic]\nak = a\nsk = '{SECRET}\n", "quotation mark at one end of sk"),
        (f"[basic]\nak = a\nsk = {SECRET}\n".encode("utf-16"), "perhaps UTF-16"),
        (f"[basic]\nak = a\nsk = {SECRET}\n".encode("utf-16-le"), "perhaps UTF-16"),
        (f"[basic]\nak = a\nsk = {SECRET}\n" + "#" * 2_000_000, "is larger than 1024 KiB"),
        (f"[basic]\n{SECRET}\n", "must be INI text"),
        (f'{{"ak": "{SECRET}"}}', "must be INI text"),
        (f"{SECRET}\0".encode("utf-16"), "perhaps UTF-16"),
        (b"[basic]\nak = \xff\n", "is not UTF-8 text"),
    ],
)
def test_invalid_content_is_rejected(tmp_path: Path, content: str | bytes, problem: str) -> None:
    path = write(tmp_path / "c", content)
    with pytest.raises(CredentialsError) as caught:
        read(path)
    assert str(caught.value).startswith(f"credentials_file {path} ")
    assert problem in str(caught.value)
    assert SECRET not in str(caught.value)


def test_unreadable_path_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="cannot be read: No such file"):
        read(tmp_path / "none")
    with pytest.raises(CredentialsError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with pytest.raises(CredentialsError, match="cannot be read: Not a directory"):
        read(write(tmp_path / "c", "") / "below")


WAYS = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "double quotes": lambda text: re.sub(r"= (.*)", r'= "\1"', text).encode(),
    "single quotes": lambda text: re.sub(r"= (.*)", r"= '\1'", text).encode(),
    "upper case": lambda text: re.sub(r"(\w+) =", lambda found: found[1].upper() + " =", text).encode(),
    "section in another case": lambda text: text.replace("[basic]", "[ Basic ]").encode(),
    "blanks": lambda text: text.replace(" = ", "   =   ").replace("\n", "  \n").encode(),
    "all of it": lambda text: (
        b"\xef\xbb\xbf" + re.sub(r"= (.*)", r'= "\1"', text).replace("\n", "\r\n").upper().encode()
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_encodings_of_editors_are_accepted(tmp_path: Path, way: str) -> None:
    text = "[basic]\nak = THE-AK\nsk = THE/SK+1\nsecurity_token = T==\n"
    assert list(read(write(tmp_path / "c", WAYS[way](text))).secrets) == ["THE-AK", "THE/SK+1", "T=="]


@pytest.mark.parametrize("kind", ["fifo", "device", "link to a fifo", "socket"])
def test_special_files_are_rejected_without_blocking(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "c"
    if kind == "device":
        path = Path("/dev/zero")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        os.mkfifo(tmp_path / "fifo")
        path.symlink_to(tmp_path / "fifo")
    with pytest.raises(CredentialsError, match="cannot be read"):
        read(path)


def test_permission_denied_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "c", "[basic]\nak = a\nsk = s\n")

    def refuse(name: str, *dummy: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    # The file's mode is not enough: root may read all files.
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(CredentialsError, match="cannot be read: Permission denied"):
            read(path)


@pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o644, 1), (0o620, 0)])
def test_file_readable_by_others_gives_one_warning(tmp_path: Path, mode: int, warned: int) -> None:
    path = write(tmp_path / "c", "[basic]\nak = a\nsk = s\n", mode)
    found = read(path)
    auth_of(found)
    assert len(found.warnings) == warned
    assert all(str(path) in warning and "chmod 600" in warning for warning in found.warnings)


def test_file_is_read_again_for_new_keys(tmp_path: Path) -> None:
    path = write(tmp_path / "c", "[basic]\nak = a1\nsk = s1\nsecurity_token = t1\n")
    found = read(path)
    write(path, "[basic]\nak = a2\nsk = s2\n")
    assert list(auth_of(found).secrets) == ["a2", "s2"]
    assert list(found.secrets) == ["a2", "s2"]
    path.unlink()
    with pytest.raises(CredentialsError, match="cannot be read"):
        auth_of(found)


PIECES = st.sampled_from(
    ["[basic]", "[", "]", "\n", "\r", " ", "ak", "sk", "=", ":", "%", "%(ak)s", "#", ";", "\0", "\ufeff", SECRET]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=3, alphabet=st.characters(exclude_categories=["Cs"])))))
def test_any_content_is_read_or_rejected_with_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "drawn", "".join(pieces))
    message = ""
    try:
        read(path)
    except CredentialsError as error:
        message = str(error)
    assert SECRET not in message
    assert "\n" not in message
