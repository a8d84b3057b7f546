# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Chooses the credentials. A set always comes completely from one place: the task, or the environment, or a file.

A mixture, such as an access key from the task and an old token from the environment, leads to failed signatures, and more than
five of them in a row lock an access key.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..._errors import CredentialsError, OptionError
from ..._text import has_control
from ..._values import is_half_quoted, unquoted
from .base import Credentials

AUTH_TYPES = ("auto", "aksk", "token", "password", "ecs_agency")
# The sets of options: required and optional ones. "auto" tries them in this order.
SETS: Dict[str, Tuple[Sequence[str], Sequence[str]]] = {
    "token": (("auth_token",), ()),
    "aksk": (("access_key", "secret_key"), ("security_token",)),
    "password": (("username", "password", "domain_name"), ()),
}
# The account's name is often set for other tools. Alone it is not a credential, nor an incomplete set.
NOT_A_CREDENTIAL = ("domain_name",)
# Environment variables by option. There are two families of names for access keys; they are not mixed either.
FAMILIES: Dict[str, Sequence[Dict[str, str]]] = {
    "token": ({"auth_token": "HW_AUTH_TOKEN"},),
    "aksk": (
        {"access_key": "HW_ACCESS_KEY", "secret_key": "HW_SECRET_KEY", "security_token": "HW_SECURITY_TOKEN"},
        {
            "access_key": "HUAWEICLOUD_SDK_AK",
            "secret_key": "HUAWEICLOUD_SDK_SK",
            "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        },
    ),
    "password": ({"username": "HW_USER_NAME", "password": "HW_USER_PASSWORD", "domain_name": "HW_DOMAIN_NAME"},),
}
FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
DEFAULT_FILE = "~/.huaweicloud/credentials"
WITH_FILE = ("auto", "aksk")  # values of auth_type that read a credentials file
TASK_OPTIONS: Dict[str, Sequence[Dict[str, str]]] = {
    kind: ({name: name for name in families[0]},) for kind, families in FAMILIES.items()
}


class _Set:
    """The options of one kind of credentials that one place gives."""

    def __init__(self, kind: str, source: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self.kind = kind
        required, dummy = SETS[kind]
        self.values = {option: unquoted(source.get(name)) for option, name in names.items()}
        self.present = [
            option for option, value in self.values.items() if value is not None and option not in NOT_A_CREDENTIAL
        ]
        self.missing = [names[option] for option in required if self.values[option] is None]
        self.given = [names[option] for option in self.present]
        self._names = names

    def build(self, place: str) -> Credentials:
        value = {option: text or "" for option, text in self.values.items()}
        place = f"{place} ({self._names[SETS[self.kind][0][0]]})"
        for option in self.present:
            # A password or user name may contain any character.
            if self.kind != "password" and is_half_quoted(value[option]):
                raise CredentialsError(
                    f"{self._names[option]} from {place} has a quotation mark at one end only; take it off, or add the other one"
                )
        # Only the kind that is used is imported: starting the module takes most of the time of a single reading.
        if self.kind == "token":
            from .auth_token import AuthToken

            return AuthToken(place, value["auth_token"])
        if self.kind == "password":
            from .password import Password

            return Password(place, value["username"], value["password"], value["domain_name"])
        if value["security_token"]:
            from .temporary_key import TemporaryKey

            return TemporaryKey(place, value["access_key"], value["secret_key"], value["security_token"])
        from .access_key import AccessKey

        return AccessKey(place, value["access_key"], value["secret_key"])


def _from_place(
    place: str, source: Mapping[str, Any], families: Mapping[str, Sequence[Mapping[str, str]]], auth_type: str
) -> Optional[Credentials]:
    """The set that *source* gives, or None if it gives nothing of this type.

    :raises CredentialsError: a set is incomplete.
    """
    found: List[_Set] = []
    for kind in SETS if auth_type == "auto" else (auth_type,):
        sets = [candidate for candidate in (_Set(kind, source, names) for names in families[kind]) if candidate.present]
        found.extend(sets[:1])  # the first family that gives any option
    for candidate in found:
        if candidate.missing:
            raise CredentialsError(
                f"{place} gives {' and '.join(candidate.given)} but not {' and '.join(candidate.missing)}; "
                f"credentials are taken whole from one place, so give {' and '.join(candidate.missing)} there as well "
                f"or take {' and '.join(candidate.given)} away"
            )
    return found[0].build(place) if found else None


def choose(params: Mapping[str, Any], environ: Mapping[str, str]) -> Credentials:
    """The credentials to use.

    :param params: auth_type, the credentials' options and credentials_file.
    :raises OptionError: auth_type is unknown.
    :raises CredentialsError: nothing was found (the sentence names every place that was looked at), a set is incomplete,
        or a file cannot be used.
    """
    auth_type = unquoted(params.get("auth_type")) or "auto"
    if auth_type not in AUTH_TYPES:
        raise OptionError("auth_type", f"must be one of {', '.join(AUTH_TYPES)}")
    if auth_type != "auto":
        _check_other_kinds(params, auth_type)
    named = unquoted(params.get("credentials_file"))
    if named is not None and auth_type not in WITH_FILE:
        raise OptionError(
            "credentials_file", f"holds access keys, but auth_type is {auth_type}; take one of the two away"
        )
    if auth_type == "ecs_agency":
        from .agency import EcsAgency

        return EcsAgency()

    found = _from_place("the task", params, TASK_OPTIONS, auth_type)
    if found is None and named is not None:
        # A file that the task names counts as given by the task.
        found = _file(named, "credentials_file")
    found = found or _from_place("the environment", environ, FAMILIES, auth_type)
    if found is None and auth_type in WITH_FILE:
        found = _usual_file(environ)
    if found is None:
        raise CredentialsError(_nothing_found(auth_type))
    return found


def _check_other_kinds(params: Mapping[str, Any], auth_type: str) -> None:
    """Refuse credentials of another kind than auth_type, unless there are some of this kind as well.

    :raises CredentialsError: the task gives only those of another kind.
    """
    given = [
        (kind, name)
        for kind, (required, optional) in SETS.items()
        for name in (*required, *optional)
        if name not in NOT_A_CREDENTIAL and unquoted(params.get(name)) is not None
    ]
    others = [name for kind, name in given if kind != auth_type]
    required = SETS.get(auth_type, ((), ()))[0]
    if others and not any(name in required for dummy, name in given):
        raise CredentialsError(
            f"auth_type is {auth_type}, but the task gives {' and '.join(others)}; take one of the two away"
        )


def _usual_file(environ: Mapping[str, str]) -> Optional[Credentials]:
    """The file that the environment names, or the default one."""
    named = unquoted(environ.get(FILE_VARIABLE))
    if named is not None:
        return _file(named, f"credentials_file ({FILE_VARIABLE})")
    if os.path.lexists(os.path.expanduser(DEFAULT_FILE)):
        return _file(DEFAULT_FILE, "credentials_file")
    return None


# The most common ways; the guide has the rest.
_WAYS = {
    "aksk": "access_key and secret_key (HW_ACCESS_KEY and HW_SECRET_KEY)",
    "token": "auth_token (HW_AUTH_TOKEN)",
    "password": "username, password and domain_name (HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME)",
}


def _nothing_found(auth_type: str) -> str:
    if auth_type != "auto":
        file = f" or the file {DEFAULT_FILE}" if auth_type == "aksk" else ""
        return f"no credentials found for auth_type {auth_type}; give {_WAYS[auth_type]}{file}"
    return (
        f"no credentials found; give {_WAYS['aksk']} or {_WAYS['token']}; for a user, a file or an agency see the guide "
        "Environment variables of this collection"
    )


def _file(path: str, named_by: str) -> Credentials:
    from .file import CredentialsFile

    if has_control(path):
        raise CredentialsError(f"{named_by} cannot be read: a path is one line of text")
    return CredentialsFile(os.path.expanduser(path), named_by)
