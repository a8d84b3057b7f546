# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the part of AWX's API that awx.awx uses to create objects, with AWX's rules.

It keeps the objects, and a journal of the changes. It runs no jobs. Its answers and errors match AWX 24.6.1:
unknown paths are 404, duplicate names are rejected, and updates and deletions take several requests.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

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
# Fields that AWX shows although nothing was set.
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "credentials": {"inputs": {}, "description": ""},
    "execution_environments": {"organization": None, "credential": None, "description": "", "pull": ""},
    "projects": {"credential": None, "scm_branch": "", "scm_revision": "", "description": ""},
    "inventories": {"description": "", "pending_deletion": False},
    "inventory_sources": {"credential": None, "execution_environment": None},
    "job_templates": {
        "extra_vars": "---",
        "execution_environment": None,
        "job_slice_count": 1,
        **dict.fromkeys(("description", "limit", "job_tags", "skip_tags", "scm_branch"), ""),
        **{f"ask_{name}_on_launch": False for name in ("limit", "tags", "skip_tags", "variables")},
    },
    "workflow_job_templates": {"extra_vars": "", "ask_variables_on_launch": False},
    "workflow_job_template_nodes": {"extra_data": {}},
}
# The scope in which a name must be unique; empty: all of AWX.
UNIQUE: Final[dict[str, tuple[str, ...]]] = {
    "execution_environments": (),
    "credential_types": ("kind",),
    "credentials": ("organization", "credential_type"),
    "inventory_sources": ("inventory",),
}
FILTERS: Final = frozenset(
    {"id", "name", "type", "organization", "credential_type", "inventory", "identifier", "workflow_job_template"}
)
# The paths below one object. An approval has none of those of a node.
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "projects": ("update",),
    "inventories": ("inventory_sources",),
    "job_templates": ("survey_spec", "credentials"),
    "workflow_job_templates": ("survey_spec",),
    "workflow_job_template_nodes": ("create_approval_template", "success_nodes", "failure_nodes", "always_nodes"),
}
Item = dict[str, Any]


class Refused(Exception):
    """An answer with status 400, or with another one."""

    def __init__(self, answer: Any, status: int = 400) -> None:
        super().__init__(answer, status)
        self.answer, self.status = answer, status


class Awx:
    """The objects of AWX. `url` is its address, `changes` lists the changes: method, path and body. `unreachable` are URLs of repositories that
    it cannot fetch.
    """

    def __init__(self) -> None:
        self.url = ""
        self.lock = threading.Lock()
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in TYPES}
        self.surveys: dict[str, Item] = {}
        self.links: dict[str, list[int]] = {}
        self.changes: list[tuple[str, str, Any]] = []
        self.faults: list[str] = []
        self.unreachable: set[str] = set()
        self.count = 0

    def add(self, collection: str, /, **fields: Any) -> Item:
        """Add an object with a number that is unique among all kinds."""
        self.count += 1
        url = f"{API}{collection}/{self.count}/"
        related = {part: f"{url}{part}/" for part in ("survey_spec", "update") if part in PARTS.get(collection, ())}
        defaults = copy.deepcopy(DEFAULTS.get(collection, {}))
        fixed = {"id": self.count, "type": TYPES[collection], "url": url, "related": related, "summary_fields": {}}
        item = {**defaults, **fixed, **fields}
        self.items[collection][self.count] = item
        return item

    def named(self, kind: str) -> dict[str, Item]:
        """All objects of a kind, by name or its substitute."""
        return {str(item.get("name") or item.get("identifier")): item for item in self.items[kind].values()}

    def linked(self, item: Item, link: str) -> list[int]:
        """The IDs of the objects associated with an object."""
        return self.links.get(f"{item['url']}{link}/", [])

    # Requests that read

    def shown(self, item: Item) -> Item:
        """An object as AWX shows it: without secrets, and with the name of its organization."""
        organization = self.items["organizations"].get(item.get("organization") or 0)
        if organization is not None:
            item["summary_fields"]["organization"] = {"id": organization["id"], "name": organization["name"]}
        if item["type"] != "credential":
            return item
        kind = self.items["credential_types"].get(item["credential_type"])
        secret = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")} if kind else set()
        inputs = {name: "$encrypted$" if name in secret and value else value for name, value in item["inputs"].items()}
        return {**item, "inputs": inputs}

    def page(self, items: list[Item]) -> tuple[int, Any]:
        results = [self.shown(item) for item in items]
        return 200, {"count": len(items), "next": None, "previous": None, "results": results}

    def listed(self, kind: str, query: dict[str, str]) -> tuple[int, Any]:
        """A list, filtered as AWX does it: all conditions, and one of those that begin with ``or__``."""
        kinds = RUNNABLE if kind == "unified_job_templates" else (kind,)
        either = {key[4:]: value for key, value in query.items() if key.startswith("or__")}
        every = {key: value for key, value in query.items() if not key.startswith(("or__", "page", "order_by"))}

        for key in {*every, *(key[4:] for key in query if key.startswith("or__"))} - FILTERS:
            raise Refused({"detail": f"{TYPES.get(kind, kind).title().replace('_', '')} has no field named '{key}'"})

        def fits(item: Item) -> bool:
            return all(
                str(item.get(key)) in (value.split(",") if key == "type" else [value]) for key, value in every.items()
            ) and (not either or any(str(item.get(key)) == value for key, value in either.items()))

        found = self.page([item for name in kinds for item in self.items[name].values() if fits(item)])
        for item in [item for item in self.items["inventories"].values() if item["pending_deletion"]]:
            self.remove("inventories", item)  # AWX does it later
        return found

    # Requests that change

    def check(self, kind: str, item: Item) -> None:
        """Reject a request that AWX rejects."""
        lacking = {name for name in NEEDED.get(kind, set()) if item.get(name) in (None, "")}
        if lacking:
            raise Refused({name: ["This field is required."] for name in lacking})
        fields = ("name", *UNIQUE.get(kind, ("organization",)))
        same = [
            other
            for other in self.items[kind].values()
            if other["id"] != item.get("id")
            and other.get("name") is not None
            and all(other.get(field) == item.get(field) for field in fields)
        ]
        title = TYPES[kind].replace("_", " ").capitalize()
        if same and len(fields) == 1:
            raise Refused({"name": [f"{title} with this Name already exists."]})
        if same:
            raise Refused({"__all__": [f"{title} with this {' and '.join(fields)} already exists."]})
        problems = list(self.problems(kind, item))
        if problems:
            raise Refused({"detail": problems})

    def problems(self, kind: str, item: Item) -> Iterator[str]:
        """The errors in an object of this kind."""
        if kind == "credential_types":
            yield from rules.field_problems(item["inputs"])
            yield from rules.injector_problems(item["inputs"], item["injectors"])
            if item["kind"] not in rules.RULES["credential_type"]["kinds"]:
                yield f"kind {item['kind']}"
        elif kind == "credentials" and item["credential_type"] in self.items["credential_types"]:
            inputs = self.items["credential_types"][item["credential_type"]]["inputs"]
            yield from (
                f"no field {name}" for name in set(item["inputs"]) - {field["id"] for field in inputs["fields"]}
            )
            yield from (f"{name} is needed" for name in set(inputs.get("required", [])) - set(item["inputs"]))
        elif kind == "job_templates" and not self.items["projects"][item["project"]].get("allow_override"):
            # The stand-in has no files, so it accepts any playbook.
            raise Refused({"playbook": [rules.RULES["job_template"]["refusal"]]})
        elif kind == "workflow_job_template_nodes" and item.get("extra_data"):
            template = self.items["job_templates"][item["unified_job_template"]]
            questions = {item["variable"]: item for item in self.surveys[template["url"]]["spec"]}
            for variable, answer in item["extra_data"].items():
                if variable in questions:
                    yield from filter(None, [rules.answer_problem(questions[variable], answer)])
                elif not template.get("ask_variables_on_launch"):
                    yield f"Variables {variable} are not allowed on launch."

    def create(self, kind: str, body: Item) -> tuple[int, Any]:
        self.check(kind, body)
        item = self.add(kind, **body)
        if kind == "projects":
            self.fetch(item)
        return 201, self.shown(item)

    def change(self, item: Item, kind: str, body: Item) -> tuple[int, Any]:
        if kind == "execution_environments" and body.get("organization", item["organization"]) != item["organization"]:
            raise Refused({"organization": ["Cannot change the organization of an execution environment"]})
        if kind == "credentials" and "inputs" in body:
            kept = {name: item["inputs"][name] for name, value in body["inputs"].items() if value == "$encrypted$"}
            body = {**body, "inputs": {**body["inputs"], **kept}}
        self.check(kind, {**item, **body})
        fetched_from = [item.get(name) for name in ("scm_url", "scm_branch", "credential")]
        item.update(body)
        if kind == "projects" and fetched_from != [item.get(name) for name in ("scm_url", "scm_branch", "credential")]:
            self.fetch(item)
        return 200, self.shown(item)

    def fetch(self, project: Item) -> Item:
        """Start the update of a project; each read of it advances the update by one step."""
        update = self.add("project_updates", status="pending", scm_revision="", name=project["name"])
        project["status"] = "pending"
        project["summary_fields"] = {"current_update": {"id": update["id"]}, "current_job": {"id": update["id"]}}
        return update

    def look(self, kind: str, item: Item) -> Item:
        """A project's update proceeds with each request for it."""
        if kind == "projects" and item["status"] in ("pending", "running"):
            update = self.items["project_updates"][item["summary_fields"]["current_job"]["id"]]
            done = "failed" if item["scm_url"] in self.unreachable else "successful"
            update["status"] = item["status"] = "running" if item["status"] == "pending" else done
            if item["status"] == done:
                item["summary_fields"] = {"last_job": {"id": update["id"]}, "last_update": {"id": update["id"]}}
        return self.shown(item)

    def remove(self, kind: str, item: Item) -> None:
        """Delete an object and its dependent objects."""
        del self.items[kind][item["id"]]
        belongs = {
            "inventories": ("inventory_sources", "inventory"),
            "workflow_job_templates": ("workflow_job_template_nodes", "workflow_job_template"),
        }
        if kind in belongs:
            name, field = belongs[kind]
            for other in [other for other in self.items[name].values() if other[field] == item["id"]]:
                approval = self.items["workflow_approval_templates"].pop(other.get("unified_job_template") or 0, None)
                assert approval is None or kind == "workflow_job_templates"
                del self.items[name][other["id"]]

    def delete(self, kind: str, item: Item) -> tuple[int, Any]:
        if kind == "credential_types" and any(
            other["credential_type"] == item["id"] for other in self.items["credentials"].values()
        ):
            raise Refused({"detail": "Credential types that are in use cannot be deleted"}, 403)
        if kind == "inventories":
            item["pending_deletion"] = True
            return 202, None
        self.remove(kind, item)
        return 204, None

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        """Status and body."""
        nothing = 404, {"detail": "Not found."}
        if not path.startswith(API):
            return nothing
        kind, *rest = path.removeprefix(API).strip("/").split("/")
        # AWX has approvals only one by one, below this path.
        known = kind in TYPES if rest else kind in TYPES and kind != "workflow_approval_templates"
        if not known and kind != "unified_job_templates":
            return nothing
        if method != "GET":
            self.changes.append((method, path, body))
        if not rest:
            return self.listed(kind, query) if method == "GET" else self.create(kind, body)
        if rest[1:] and rest[1] not in PARTS.get(kind, ()):
            return nothing
        item = self.items.get(kind, {}).get(int(rest[0]))
        if item is None:
            return 404, {"detail": f"No {TYPES[kind].title().replace('_', '')} matches the given query."}
        if rest[1:]:
            return self.part(method, path, kind, item, rest[1], body)
        if method == "DELETE":
            return self.delete(kind, item)
        return (200, self.look(kind, item)) if method == "GET" else self.change(item, kind, body)

    def part(self, method: str, path: str, kind: str, item: Item, part: str, body: Any) -> tuple[int, Any]:
        """The objects below an object."""
        if part == "survey_spec":
            if method == "GET":
                return 200, self.surveys.get(item["url"], {})
            problems = list(rules.survey_problems(body))
            if problems:
                return 400, {"error": problems}
            self.surveys[item["url"]] = body
            return 200, {}
        if part == "update":
            return 202, self.fetch(item)
        if part == "inventory_sources":
            return self.listed(part, {"inventory": str(item["id"])})
        if part == "create_approval_template":
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
                status, answer = refused.status, refused.answer
            except Exception as error:  # noqa: BLE001 -- the client and the test get it
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
            """Logs nothing."""

    return Handler


@contextmanager
def running(*templates: str, organization: str = "Default") -> Iterator[Awx]:
    """An AWX with an organization and job templates of these names; a fault of its own is an error at the end."""
    awx = Awx()
    number = awx.add("organizations", name=organization)["id"]
    for name in templates:
        awx.add("job_templates", name=name, organization=number)
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
