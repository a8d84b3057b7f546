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
from typing import Any, List, Mapping, Optional, Tuple

from ..._errors import CredentialsError, OptionError
from ..._text import has_control
from ..._values import unquoted
from .base import Credentials
from .credential_sets import AGENCY, FAMILIES, KINDS, NOT_A_CREDENTIAL, TASK_OPTIONS, OptionSet, first_set

AUTH_TYPES = ("auto", "aksk", "token", "password", "ecs_agency", "oidc")
FILE_VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
DEFAULT_FILE = "~/.huaweicloud/credentials"
WITH_FILE = ("auto", "aksk")  # values of auth_type that read a credentials file
TASK, ENVIRONMENT = "the task", "the environment"

# Credentials, and the set of options that they were built from, if there is one.
_Found = Tuple[Credentials, Optional[OptionSet]]


def choose(params: Mapping[str, Any], environ: Mapping[str, str]) -> Credentials:
    """The credentials to use.

    :param params: auth_type, the credentials' options, those of the agency, and credentials_file.
    :raises OptionError: auth_type is unknown, or a value cannot be used.
    :raises CredentialsError: nothing was found (the message names each place that was searched), a set is incomplete,
        or a file cannot be used.
    """
    auth_type = unquoted(params.get("auth_type")) or "auto"
    if auth_type not in AUTH_TYPES:
        raise OptionError("auth_type", f"must be one of {', '.join(AUTH_TYPES)}")
    if auth_type != "auto":
        _check_other_kinds(params, auth_type)
    named = unquoted(params.get("credentials_file"))
    if named is not None and auth_type not in WITH_FILE:
        raise OptionError("credentials_file", f"holds access keys, but auth_type is {auth_type}; remove one of the two")
    agency = first_set(AGENCY, TASK, params, TASK_OPTIONS)
    found = _from_task(params, named, auth_type)
    if found is None:
        # Places that come after the one with the credentials are not searched, not for an agency either.
        found = _from_elsewhere(environ, auth_type)
        own = found[1] if found[1] is not None and found[1].has_agency else None
        agency = agency or own or first_set(AGENCY, ENVIRONMENT, environ, FAMILIES)
    return found[0] if agency is None else _assume(found[0], agency)


def _from_task(params: Mapping[str, Any], named: Optional[str], auth_type: str) -> Optional[_Found]:
    """What the task gives. A file that it names counts as given by the task."""
    found = _from_place(TASK, params, TASK_OPTIONS, auth_type)
    return (_file(named, "credentials_file"), None) if found is None and named is not None else found


def _from_elsewhere(environ: Mapping[str, str], auth_type: str) -> _Found:
    """The credentials where the task gives none."""
    if auth_type == "ecs_agency":
        from .methods.ecs_agency import EcsAgency

        return EcsAgency(), None
    found = _from_place(ENVIRONMENT, environ, FAMILIES, auth_type)
    if found is not None:
        return found
    file = _usual_file(environ) if auth_type in WITH_FILE else None
    if file is None:
        raise CredentialsError(_nothing_found(auth_type))
    return file, None


def _from_place(place: str, source: Mapping[str, Any], families: Any, auth_type: str) -> Optional[_Found]:
    """The set that *source* gives, or None if it gives nothing of this type.

    :raises CredentialsError: a set is incomplete.
    """
    kinds = list(KINDS) if auth_type == "auto" else [kind for kind in KINDS if kind == auth_type]
    found: List[OptionSet] = [
        candidate for kind in kinds if (candidate := first_set(kind, place, source, families)) is not None
    ]
    for candidate in found:
        candidate.check()
    return (_build(found[0]), found[0]) if found else None


def _build(found: OptionSet) -> Credentials:
    """The credentials that a complete set makes."""
    place = f"{found.place} ({found.name(KINDS[found.kind].required[0][0])})"
    # Only the kind that is used is imported: starting the module takes most of the time of a single reading.
    if found.kind == "token":
        from .methods.auth_token import AuthToken

        return AuthToken(place, found.get("auth_token"))
    if found.kind == "password":
        from .methods.password import Password

        return Password(place, found.get("username"), found.get("password"), found.get("domain_name"))
    if found.kind == "oidc":
        from .methods.oidc import Oidc

        path = found.get("id_token_file")
        if has_control(path):
            raise CredentialsError(
                f"{found.name('id_token_file')} from {found.place} cannot be read: a path is one line of text"
            )
        return Oidc(place, found.get("idp_id"), found.get("id_token") or None, os.path.expanduser(path) or None)
    from .methods.access_key import AccessKey, TemporaryKey

    if found.get("security_token"):
        return TemporaryKey(place, found.get("access_key"), found.get("secret_key"), found.get("security_token"))
    return AccessKey(place, found.get("access_key"), found.get("secret_key"))


def _assume(base: Credentials, found: OptionSet) -> Credentials:
    """The agency that *found* names, assumed with *base*.

    :raises OptionError, CredentialsError: the options of the agency are incomplete or not usable.
    """
    from .methods.assumed_agency import AssumedAgency, OidcAgency, read_agency
    from .methods.oidc import Oidc

    found.check()
    agency = read_agency(found, base)
    return OidcAgency(base, agency) if isinstance(base, Oidc) else AssumedAgency(base, agency)


def _check_other_kinds(params: Mapping[str, Any], auth_type: str) -> None:
    """Refuse credentials of another kind than auth_type, unless there are some of this kind as well.

    :raises CredentialsError: the task gives only those of another kind.
    """
    given = [
        (kind, name)
        for kind, what in KINDS.items()
        for name in what.options
        if name not in NOT_A_CREDENTIAL and unquoted(params.get(name)) is not None
    ]
    others = [name for kind, name in given if kind != auth_type]
    required = [name for group in KINDS[auth_type].required for name in group] if auth_type in KINDS else []
    if others and not any(name in required for dummy, name in given):
        raise CredentialsError(
            f"auth_type is {auth_type}, but the task gives {' and '.join(others)}; remove one of the two"
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
    "oidc": (
        "idp_id with id_token or id_token_file (HW_ASSUME_ROLE_IDP_ID with HW_ASSUME_ROLE_ID_TOKEN or "
        "HW_ASSUME_ROLE_ID_TOKEN_FILE)"
    ),
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
    from .methods.file import CredentialsFile

    if has_control(path):
        raise CredentialsError(f"{named_by} cannot be read: a path is one line of text")
    return CredentialsFile(os.path.expanduser(path), named_by)
