# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IAM calls (token by password, project look-up) and the metadata service of a virtual machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .answers import Answer, answer_json, iam_error
from .auth import Authenticator
from .clock import Clock, iso_date
from .scenario import AccessKey, Project, Scenario, User


class Iam:
    """Answers IAM and metadata calls. Times are emulator seconds."""

    def __init__(self, scenario: Scenario, authenticator: Authenticator, clock: Clock) -> None:
        self._scenario = scenario
        self._authenticator = authenticator
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Forget the metadata tokens."""
        self._metadata_tokens: dict[str, float] = {}
        self._agency_keys = 0

    def tokens(self, body: bytes, now: float) -> Answer:
        """`POST /v3/auth/tokens`: password method; the token comes in the header X-Subject-Token."""
        try:
            wanted = json.loads(body)["auth"]
            methods = wanted["identity"]["methods"]
            given = wanted["identity"]["password"]["user"]
            name, password, domain = given["name"], given["password"], given["domain"]["name"]
            scope = wanted.get("scope") or {}
        except (ValueError, KeyError, TypeError):
            return iam_error(400, "Bad Request", "The request body is invalid")
        if methods != ["password"]:
            return iam_error(400, "Bad Request", "The authentication method is not supported")
        user = User(name, password, domain)
        if user not in self._scenario.users:
            return iam_error(401, "Unauthorized", "The username or password is wrong.")
        project = self._project(scope.get("project") or {})
        if scope.get("project") and project is None:
            return iam_error(401, "Unauthorized", "The project of the scope was not found.")
        token = self._authenticator.issue_token(user.name, now, is_scoped=not scope or project is not None)
        domain_body = {"id": "d0000000000000000000000000000001", "name": user.domain}
        described: dict[str, Any] = {
            "expires_at": iso_date(self._clock.epoch + (token.valid_until or now)),
            "issued_at": iso_date(self._clock.epoch + now),
            "methods": ["password"],
            "user": {"id": "u0000000000000000000000000000001", "name": user.name, "domain": domain_body},
        }
        if project is not None:
            described["project"] = {"id": project.id, "name": project.name, "domain": domain_body}
        return answer_json({"token": described}, 201, {"X-Subject-Token": token.token})

    def projects(self, query: Mapping[str, str], only: str | None = None) -> Answer:
        """`GET /v3/projects?name=`; `only` is the ID of the single project that is known to the key."""
        if self._scenario.projects_denied:
            return iam_error(403, "Forbidden", "You are not authorized to perform the requested action.")
        name = query.get("name")
        found = [
            project
            for project in self._scenario.projects
            if name in (None, project.name) and only in (None, project.id)
        ]
        records = [
            {
                "id": project.id,
                "name": project.name,
                "domain_id": "d0000000000000000000000000000001",
                "parent_id": "d0000000000000000000000000000001",
                "enabled": True,
                "is_domain": False,
                "description": "",
                "links": {"self": f"https://iam.example.com/v3/projects/{project.id}"},
            }
            for project in found
        ]
        links = {"self": "https://iam.example.com/v3/projects", "next": None, "previous": None}
        return answer_json({"projects": records, "links": links})

    def metadata_token(self, headers: Mapping[str, str], now: float) -> Answer:
        """`PUT /meta-data/latest/api/token`: a token for the metadata service itself."""
        if self._scenario.metadata is None:
            return _plain(404, "404 Not Found")
        try:
            lifetime = int(headers["x-metadata-token-ttl-seconds"])
        except (KeyError, ValueError):
            return _plain(400, "400 Bad Request")
        token = f"emulator-metadata-token-{len(self._metadata_tokens) + 1:06d}"
        self._metadata_tokens[token] = now + lifetime
        return _plain(200, token)

    def securitykey(self, headers: Mapping[str, str], now: float) -> Answer:
        """`GET /openstack/latest/securitykey`: temporary keys of the machine's agency, new ones with each call."""
        metadata = self._scenario.metadata
        if metadata is None:
            return _plain(404, "404 Not Found")
        if metadata.require_token and now >= self._metadata_tokens.get(headers.get("x-metadata-token", ""), now):
            return _plain(401, "401 Unauthorized")
        self._agency_keys += 1
        suffix = "" if self._agency_keys == 1 else f"-{self._agency_keys}"
        key = AccessKey(
            access_key=metadata.access + suffix,
            secret_key=metadata.secret + suffix,
            security_token=metadata.security_token + suffix,
            valid_until=now + metadata.lifetime,
            user="agency",
        )
        self._authenticator.add_key(key)
        return answer_json(
            {
                "credential": {
                    "access": key.access_key,
                    "secret": key.secret_key,
                    "securitytoken": key.security_token,
                    "expires_at": iso_date(self._clock.epoch + now + metadata.lifetime),
                }
            }
        )

    def _project(self, scope: Mapping[str, Any]) -> Project | None:
        for project in self._scenario.projects:
            if scope.get("id") == project.id or (scope.get("id") is None and scope.get("name") == project.name):
                return project
        return None


def _plain(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain"}, None if status < 400 else str(status))
