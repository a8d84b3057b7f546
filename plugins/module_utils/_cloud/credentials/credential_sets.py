# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The options of each kind of credentials, the environment variables for them, and what a place gives of them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ..._errors import CredentialsError
from ..._values import is_half_quoted, unquoted


class Kind(NamedTuple):
    """The options of one kind.

    :ivar required: groups of options; exactly one option of each group has to be given.
    :ivar optional: further options.
    """

    required: Sequence[Sequence[str]]
    optional: Sequence[str] = ()

    @property
    def options(self) -> Sequence[str]:
        """All options."""
        return [*(option for group in self.required for option in group), *self.optional]


# Type and secrecy of each option, for the argument specification. plugins/doc_fragments/connection.py documents them.
OPTIONS: Dict[str, Dict[str, Any]] = {
    "access_key": {"type": "str", "no_log": True},
    "secret_key": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "auth_token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_name": {"type": "str"},
    "credentials_file": {"type": "path"},
    "idp_id": {"type": "str"},
    "id_token": {"type": "str", "no_log": True},
    "id_token_file": {"type": "path", "no_log": False},
    "assume_role_agency": {"type": "str"},
    "assume_role_domain": {"type": "str"},
    "assume_role_domain_id": {"type": "str"},
    "assume_role_duration": {"type": "int"},
}
# "auto" tries them in this order.
KINDS: Dict[str, Kind] = {
    "token": Kind((("auth_token",),)),
    "aksk": Kind((("access_key",), ("secret_key",)), ("security_token",)),
    "password": Kind((("username",), ("password",), ("domain_name",))),
    "oidc": Kind((("idp_id",), ("id_token", "id_token_file"))),
}
# The agency of another account that is assumed with the credentials. It is not a kind of credentials of its own.
AGENCY = "agency"
AGENCY_KIND = Kind(
    (("assume_role_agency",), ("assume_role_domain", "assume_role_domain_id")), ("assume_role_duration",)
)

# The account's name is often set for other tools. Alone it is not a credential, nor an incomplete set.
NOT_A_CREDENTIAL = ("domain_name",)
# A password, a user name or the path of a file may contain any character.
MAY_BE_HALF_QUOTED = ("username", "password", "domain_name", "id_token_file")
# Environment variables by option. Where there are several families of names, they are not mixed either.
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
    "oidc": (
        {
            "idp_id": "HW_ASSUME_ROLE_IDP_ID",
            "id_token": "HW_ASSUME_ROLE_ID_TOKEN",
            "id_token_file": "HW_ASSUME_ROLE_ID_TOKEN_FILE",
        },
        {"idp_id": "HUAWEICLOUD_SDK_IDP_ID", "id_token_file": "HUAWEICLOUD_SDK_ID_TOKEN_FILE"},
        # The names for STS have their own agency.
        {
            "idp_id": "HUAWEICLOUD_OIDC_PROVIDER_URN",
            "id_token": "HUAWEICLOUD_OIDC_ID_TOKEN",
            "id_token_file": "HUAWEICLOUD_OIDC_TOKEN_FILE",
            "assume_role_agency": "HUAWEICLOUD_OIDC_AGENCY_URN",
            "assume_role_duration": "HUAWEICLOUD_OIDC_DURATION_SECONDS",
        },
    ),
    AGENCY: (
        {
            "assume_role_agency": "HW_ASSUME_ROLE_AGENCY_NAME",
            "assume_role_domain": "HW_ASSUME_ROLE_DOMAIN_NAME",
            "assume_role_domain_id": "HW_ASSUME_ROLE_DOMAIN_ID",
            "assume_role_duration": "HW_ASSUME_ROLE_DURATION",
        },
    ),
}
TASK_OPTIONS: Dict[str, Sequence[Dict[str, str]]] = {
    kind: ({name: name for name in families[0]},) for kind, families in FAMILIES.items()
}


class OptionSet:
    """The options of one kind that one place gives.

    :param place: the place in messages, such as ``the environment``.
    :param source: the values of the place.
    :param names: the name of each option in it.
    :ivar values: by option; None where it is not given.
    :ivar present: the options that are given, except those that are not a credential.
    """

    def __init__(self, kind: str, place: str, source: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self.kind = kind
        self.place = place
        self.values: Dict[str, Optional[str]] = {option: unquoted(source.get(name)) for option, name in names.items()}
        self.present = [
            option for option, value in self.values.items() if value is not None and option not in NOT_A_CREDENTIAL
        ]
        self._names = names

    def name(self, option: str) -> str:
        """The name of an option in this place."""
        return self._names.get(option, option)

    def get(self, option: str) -> str:
        """The value of an option, empty if it is not given."""
        return self.values.get(option) or ""

    @property
    def has_agency(self) -> bool:
        """Whether the set names an agency."""
        return bool(self.get("assume_role_agency"))

    def check(self) -> None:
        """Check that the set is complete and unambiguous.

        :raises CredentialsError: it is not. The sentence names the missing half.
        """
        missing: List[str] = []
        for group in (AGENCY_KIND if self.kind == AGENCY else KINDS[self.kind]).required:
            names = [self._names[option] for option in group if option in self._names]
            given = [self._names[option] for option in group if self.get(option)]
            if len(given) > 1:
                raise CredentialsError(f"{self.place} gives {' and '.join(given)}; give one of the two")
            if not given and not self._is_in_urn(group):
                missing.append(" or ".join(names))
        given = [self._names[option] for option in self.present]
        if missing:
            raise CredentialsError(
                f"{self.place} gives {' and '.join(given)} but not {' and '.join(missing)}; "
                f"all credentials must come from one source, so give {' and '.join(missing)} there as well "
                f"or remove {' and '.join(given)}"
            )
        for option in self.present:
            if option not in MAY_BE_HALF_QUOTED and is_half_quoted(self.get(option)):
                raise CredentialsError(
                    f"{self._names[option]} from {self.place} has a quotation mark at one end only; take it off, or "
                    "add the other one"
                )

    def _is_in_urn(self, group: Sequence[str]) -> bool:
        """Whether the agency is given as a URN, which contains the account's ID."""
        return "assume_role_domain_id" in group and ":agency:" in self.get("assume_role_agency")


def first_set(
    kind: str, place: str, source: Mapping[str, Any], families: Mapping[str, Sequence[Mapping[str, str]]]
) -> Optional[OptionSet]:
    """The options of one kind that a place gives, under the first family of names of which any is given; None without any."""
    sets = (OptionSet(kind, place, source, names) for names in families[kind])
    return next((candidate for candidate in sets if candidate.present), None)
