# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWX's API, as far as awx.awx needs it to make things, with AWX's rules about them.

It keeps what is made, and a journal of what was changed. It runs nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import yaml

from . import rules

API: Final = "/api/v2/"
TOKEN: Final = "oauth-token-of-the-tests"
VERSION: Final = "24.6.1"
TYPES: Final = {
    "organizations": "organization",
    "credential_types": "credential_type",
    "credentials": "credential",
    "execution_environments": "execution_environment",
    "projects": "project",
    "project_updates": "project_update",
    "inventories": "inventory",
    "inventory_sources": "inventory_source",
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "workflow_job_template_nodes": "workflow_job_template_node",
    "workflow_approval_templates": "workflow_approval_template",
}
RUNNABLE: Final = (
    "job_templates",
    "workflow_job_templates",
    "projects",
    "inventory_sources",
    "workflow_approval_templates",
)
NEEDED: Final = {
    "credentials": {"name", "credential_type", "organization"},
    "execution_environments": {"name", "image"},
    "projects": {"name", "organization", "scm_type", "scm_url"},
    "inventories": {"name", "organization"},
    "inventory_sources": {"name", "inventory", "source", "source_project", "source_path"},
    "job_templates": {"name", "project", "playbook", "inventory"},
    "workflow_job_templates": {"name", "organization"},
}
Item = dict[str, Any]


class Refused(Exception):
    """An answer with status 400."""


class Awx:
    """What AWX holds. `url` is where it listens, `changes` is what was changed: method, path and body."""

    def __init__(self) -> None:
        self.url = ""
        self.lock = threading.Lock()
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in TYPES}
        self.surveys: dict[str, Item] = {}
        self.links: dict[str, list[int]] = {}
        self.changes: list[tuple[str, str, Any]] = []
        self.faults: list[str] = []

    def add(self, kind: str, /, **fields: Any) -> Item:
        """Put something there; the same number never twice, whatever it is of."""
        number = 1 + sum(len(items) for items in self.items.values())
        url = f"{API}{kind}/{number}/"
        related = {"survey_spec": f"{url}survey_spec/"} if kind in ("job_templates", "workflow_job_templates") else {}
        item = {"id": number, "type": TYPES[kind], "url": url, "related": related, "summary_fields": {}, **fields}
        self.items[kind][number] = item
        return item

    def named(self, kind: str) -> dict[str, Item]:
        """All of a kind by name, or by what stands for it."""
        return {str(item.get("name") or item.get("identifier")): item for item in self.items[kind].values()}

    def linked(self, item: Item, link: str) -> list[int]:
        """The numbers of what is associated with something."""
        return self.links.get(f"{item['url']}{link}/", [])

    # What is asked

    def shown(self, item: Item) -> Item:
        """A thing as AWX shows it: without secrets."""
        if item["type"] != "credential":
            return item
        fields = self.items["credential_types"][item["credential_type"]]["inputs"]["fields"]
        secret = {field["id"] for field in fields if field.get("secret")}
        return {
            **item,
            "inputs": {key: "$encrypted$" if key in secret else item["inputs"][key] for key in item["inputs"]},
        }

    def page(self, items: list[Item]) -> tuple[int, Any]:
        return 200, {
            "count": len(items),
            "next": None,
            "previous": None,
            "results": [self.shown(item) for item in items],
        }

    def listed(self, kind: str, query: dict[str, str]) -> tuple[int, Any]:
        kinds = RUNNABLE if kind == "unified_job_templates" else (kind,)
        return self.page(
            [
                item
                for name in kinds
                for item in self.items[name].values()
                if all(str(item.get(key)) == value for key, value in query.items())
            ]
        )

    # What is changed

    def check(self, kind: str, item: Item) -> None:
        """Refuse what AWX refuses."""
        lacking = {name for name in NEEDED.get(kind, set()) if item.get(name) in (None, "")}
        if lacking:
            raise Refused({name: ["This field is required."] for name in lacking})
        same = [
            other
            for other in self.items[kind].values()
            if other["id"] != item.get("id")
            and other.get("name") is not None
            and (other.get("name"), other.get("organization")) == (item.get("name"), item.get("organization"))
        ]
        if same:
            raise Refused({"__all__": [f"{kind} with this name already exists."]})
        problems: list[str] = []
        if kind == "credential_types":
            problems += rules.field_problems(item["inputs"])
            problems += rules.injector_problems(item["inputs"], item["injectors"])
            problems += [] if item["kind"] in rules.RULES["credential_type"]["kinds"] else [f"kind {item['kind']}"]
        elif kind == "credentials":
            inputs = self.items["credential_types"][item["credential_type"]]["inputs"]
            problems += [
                f"no field {name}" for name in set(item["inputs"]) - {field["id"] for field in inputs["fields"]}
            ]
            problems += [f"{name} is needed" for name in set(inputs["required"]) - set(item["inputs"])]
        elif kind == "job_templates" and not self.items["projects"][item["project"]].get("allow_override"):
            # The stand-in has no files, so no playbook is one of them.
            raise Refused({"playbook": [rules.RULES["job_template"]["refusal"]]})
        elif kind == "workflow_job_template_nodes" and item.get("extra_data"):
            template = self.items["job_templates"][item["unified_job_template"]]
            questions = {item["variable"]: item for item in self.surveys[template["url"]]["spec"]}
            for variable, answer in item["extra_data"].items():
                if variable in questions:
                    problems += [problem for problem in [rules.answer_problem(questions[variable], answer)] if problem]
                elif not template.get("ask_variables_on_launch"):
                    problems.append(f"Variables {variable} are not allowed on launch.")
        if problems:
            raise Refused({"detail": problems})

    def create(self, kind: str, body: Item) -> tuple[int, Any]:
        self.check(kind, body)
        if kind == "projects":
            update = self.add("project_updates", status="successful", finished="now", failed=False)
            body = {**body, "scm_revision": ""}
            item = self.add(kind, **body)
            item["summary_fields"] = {"current_update": {"id": update["id"]}}
        else:
            item = self.add(kind, **body)
        return 201, self.shown(item)

    def change(self, item: Item, kind: str, body: Item) -> tuple[int, Any]:
        self.check(kind, {**item, **body})
        item.update(body)
        return 200, self.shown(item)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and body."""
        if not path.startswith(API):
            return 404, {"detail": "Not found."}
        kind, *rest = path.removeprefix(API).strip("/").split("/")
        if kind != "unified_job_templates" and kind not in TYPES:
            return 404, {"detail": "Not found."}
        if method != "GET":
            self.changes.append((method, path, body))
        if not rest:
            return self.listed(kind, query) if method == "GET" else self.create(kind, body)
        item = self.items[kind][int(rest[0])]
        if len(rest) == 1:
            return (200, self.shown(item)) if method == "GET" else self.change(item, kind, body)
        if rest[1] == "survey_spec":
            if method == "GET":
                return 200, self.surveys.get(item["url"], {})
            problems = list(rules.survey_problems(body))
            if problems:
                return 400, {"error": problems}
            self.surveys[item["url"]] = body
            return 200, {}
        if rest[1] == "create_approval_template":
            approval = self.add("workflow_approval_templates", **body)
            item["related"]["unified_job_template"] = approval["url"]
            item["unified_job_template"] = approval["id"]
            return 201, approval
        numbers = self.links.setdefault(path, [])
        if method == "GET":
            known = {number: found for items in self.items.values() for number, found in items.items()}
            return self.page([known[number] for number in numbers])
        if body.get("disassociate"):
            numbers.remove(body["id"])
        else:
            numbers.append(body["id"])
        return 204, None


def _handler(awx: Awx) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(raw) if raw else {}
            answer: Any
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    status, answer = 401, {"detail": "Authentication credentials were not provided."}
                else:
                    with awx.lock:
                        status, answer = awx.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body)
            except Refused as refused:
                status, answer = 400, refused.args[0]
            except Exception as error:  # noqa: BLE001 -- told to whoever asked and to the test
                awx.faults.append(f"{self.command} {self.path}: {error!r}")
                status, answer = 500, {"detail": repr(error)}
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", VERSION)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler


@contextmanager
def running(*templates: str, organization: str = "Default") -> Iterator[Awx]:
    """An AWX with an organization and job templates of these names; a fault of its own is an error at the end."""
    awx = Awx()
    awx.add("organizations", name=organization)
    for name in templates:
        awx.add("job_templates", name=name, extra_vars=yaml.safe_dump({}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(awx))
    server.daemon_threads = True
    awx.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert awx.faults == []
