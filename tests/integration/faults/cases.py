# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of faults: each fault, its place and time, the reaction of the gate, and the verdict.

`docs/reliability.md` is made from this table by `tests/reliability.py`, and the tests beside this file run it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from .stage import DLI_JOB, JOB, USER

Data = Mapping[str, Any]

ONCE, LASTING = "once", "lasting"
RECOVERS, READY = 4.0, 8.0
"""Seconds at which a fault in mid-wait begins, and at which the jobs get ready."""
WAIT: Data = {"wait": True, "wait_interval": 1, "wait_timeout": 250, "request_timeout": 10}
SLOW: Data = {"request_timeout": 0.4, "retries": 1, "max_consecutive_errors": 2}
"""Options of cases that wait for an answer in real time."""
FEW: Data = {"retries": 1, "max_consecutive_errors": 2}
"""Options of cases with slow answers."""
SHORT: Data = {"wait_timeout": 14}
"""Options of cases that end with the deadline: more than it takes to get ready, and not much more."""


@dataclass(frozen=True)
class Place:
    """A call of a gate, and the gate that makes it.

    `points` says when the fault comes: in the first observation, while the jobs are on their way (`mid`), or when they are
    ready and only have to stay so (`closing`); for each, from which second of the emulator on.
    """

    call: str
    title: str
    options: Data
    points: Mapping[str, float]
    scenario: Data = field(default_factory=dict)
    dli: bool = False


ON_THEIR_WAY = [{"at": 0, "status": "STARTING"}, {"at": READY, "status": "NORMAL"}]
NODES = [{"name": "READ"}, {"name": "WRITE"}]
REAL_TIME: Data = {"jobs": [{"name": JOB, "nodes": NODES, "timeline": ON_THEIR_WAY}]}
SEVERAL: Data = {"jobs": [{"name": "job_{i}", "count": 3, "tags": ["orders"], "timeline": ON_THEIR_WAY}]}
DLI: Data = {"dli_jobs": [{"job_id": DLI_JOB, "status": "RUNNING", "timeline": [{"at": READY, "status": "FINISHED"}]}]}
BUSY: Data = {"dli_jobs": [{**DLI["dli_jobs"][0], "errors": [{"from": 0}]}]}

ALWAYS = {"first": 0.0, "mid": RECOVERS, "closing": READY + 1.0}
PLACES: dict[str, Place] = {
    place.call: place
    for place in (
        Place("projects", "project look-up", {"job_names": JOB, "project_id": ""}, {"first": 0.0}, REAL_TIME),
        Place(
            "tokens",
            "token",
            {"job_names": JOB, **USER},
            {"first": 0.0, "mid": RECOVERS},
            {**REAL_TIME, "token_lifetime": RECOVERS},
        ),
        Place("job_list", "job list", {"tags": "orders", "check_nodes": False}, ALWAYS, SEVERAL),
        Place("job_status", "job status", {"job_names": JOB}, ALWAYS, REAL_TIME),
        Place("dli_progress", "DLI progress", {"job_ids": DLI_JOB}, {**ALWAYS, "closing": READY}, DLI, True),
        Place("dli_status", "DLI status", {"job_ids": DLI_JOB}, {**ALWAYS, "closing": READY}, BUSY, True),
    )
}
ALL = tuple(PLACES)
JOBS = ("job_list", "job_status", "dli_progress", "dli_status")
BEFORE = ("projects", "tokens")  # calls that come before the first reading


@dataclass(frozen=True)
class Case:
    """A fault and the expected outcome.

    :ivar key: short name, for the test's ID.
    :ivar fault: the fault, as text for the page.
    :ivar happens: the reaction of the gate, as text for the page.
    :ivar action: the emulator's fault rule, without its match.
    :ivar duration: ONCE or LASTING.
    :ivar words: text that the message must contain.
    :ivar calls: which calls are hit.
    :ivar points: at which points, where not at all that the call has.
    :ivar options: options of the module that differ.
    :ivar gap: least seconds from a request that is hit to the next one, of any kind.
    :ivar hits: most requests that are hit.
    """

    key: str
    fault: str
    happens: str
    action: Data
    duration: str = ONCE
    verdict: str = "PASS"
    reason: str | None = None
    words: str = ""
    calls: tuple[str, ...] = ALL
    points: tuple[str, ...] = ("first", "mid", "closing")
    options: Data = field(default_factory=dict)
    scenario: Data = field(default_factory=dict)
    gap: float = 0.0
    hits: int | None = None

    def runs(self) -> Iterator[tuple[str, str]]:
        """Every call with its points: all of them where jobs are read by name, elsewhere the last one, the closing look."""
        for call in self.calls:
            points = [point for point in PLACES[call].points if point in self.points] or [*PLACES[call].points]
            yield from ((call, point) for point in (points if call in ("tokens", "job_status") else points[-1:]))


UNREADABLE: dict[str, Any] = {"duration": LASTING, "verdict": "ERROR", "reason": "unreadable"}
DENIED: dict[str, Any] = {"duration": LASTING, "verdict": "ERROR", "reason": "denied", "hits": 1}
TIMEOUT: dict[str, Any] = {"duration": LASTING, "verdict": "TIMEOUT", "options": SHORT}
RETRIED = "retried after a backoff of at least half a second"
THROTTLED = "retried after 2 to 5 s; other requests continue after at most a second, at a lower rate"
NEXT = "read again by the next observation"
GARBLED = "retried in the same observation or in the next one"
GIVES_UP = "retried up to `retries` times per observation; the gate ends after `max_consecutive_errors` observations"
COUNTS = "read again by every observation; the gate ends after `max_consecutive_errors` observations"
AT_ONCE = "ends immediately, because a retry cannot help"
LATE = ("mid", "closing")  # points of faults that pass and are much like others
ENDLESS = ("first", "closing")  # points of faults that last; what lasts from mid-wait on differs in nothing


def passing(key: str, fault: str, action: Data, happens: str, lasts: str, **more: Any) -> list[Case]:
    """A temporary fault, and the same one lasting."""
    gap, words = more.pop("gap", 0.0), more.pop("words", "")
    lasting = {**more, "points": ("first",) if more.get("points") == LATE else ENDLESS, **UNREADABLE}
    return [
        Case(f"{key}-once", fault, happens, action, gap=gap, **more),
        Case(f"{key}-lasting", fault, lasts, action, words=words, **lasting),
    ]


def _answers(key: str, fault: str, body: Any, words: str, calls: tuple[str, ...] = ALL, **more: Any) -> list[Case]:
    """An answer with HTTP 200 that is not the requested one; ``body`` is text, or data to be sent as JSON."""
    action = {"body": body, "content_type": "application/json"} if isinstance(body, str) else {"json": body}
    return passing(key, fault, {**action, **more}, GARBLED, COUNTS, words=words, calls=calls, points=LATE)


def _unusual(key: str, fault: str, call: str, data: Any, happens: str, **more: Any) -> Case:
    """A job whose answer is unusual, from the time on at which it is ready."""
    action = {"body": data, "content_type": "application/json"} if isinstance(data, str) else {"json": data}
    points = more.pop("points", ("closing",))
    return Case(key, fault, happens, action, calls=(call,), points=points, **{"duration": LASTING, **more})


def _job(**fields: Any) -> dict[str, Any]:
    return {"name": JOB, "status": "NORMAL", "nodes": [{"name": "READ", "status": "NORMAL"}], **fields}


def _list(*jobs: Any, **fields: Any) -> dict[str, Any]:
    return {"total": len(jobs), "jobs": list(jobs), **fields}


def _listed(number: int, **fields: Any) -> dict[str, Any]:
    return {"name": f"job_{number}", "jobType": "REAL_TIME", "status": "NORMAL", **fields}


def _progress(**fields: Any) -> dict[str, Any]:
    return {"is_success": True, "message": "", "job_id": DLI_JOB, "status": "FINISHED", "progress": 1, **fields}


def _date(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


def cases() -> list[Case]:
    """The table. It is created for each call, because it contains dates."""
    return [case for section in SECTIONS.values() for case in section()]


def _throttling() -> list[Case]:
    def throttled(value: str | None) -> Data:
        return {"status": 429, **({} if value is None else {"headers": {"Retry-After": value}})}

    table: tuple[tuple[str, str, str | None, str, float], ...] = (
        ("429", "HTTP 429 without Retry-After", None, THROTTLED, 1.9),
        ("429-0", "HTTP 429, Retry-After: 0", "0", "retried immediately, and from then on at a lower rate", 0.0),
        ("429-2", "HTTP 429, Retry-After: 2", "2", "retried after 2 s", 1.9),
        ("429-date", "HTTP 429, Retry-After with an HTTP date", _date(120), "retried at that time", 20.0),
        ("429-garbage", "HTTP 429, Retry-After: soon", "soon", THROTTLED, 1.9),
    )
    found = [
        Case(f"{key}-once", fault, happens, throttled(value), gap=gap) for key, fault, value, happens, gap in table
    ]
    for key, fault, value, dummy, wait in table:
        if wait < 10:
            calls = tuple(call for call in ALL if call != "job_status")
            case = Case(f"{key}-lasting", fault, GIVES_UP, throttled(value), calls=calls, points=ENDLESS, **UNREADABLE)
            found.append(replace(case, words="HTTP 429"))
    # If a further status call takes more than ten seconds, the list is read meanwhile.
    action = {"status": 503, "headers": {"Retry-After": "5"}}
    listed = {"calls": ("job_status",), "points": ENDLESS, "words": "HTTP 503", **UNREADABLE}
    listed["options"] = {"wait_interval": 10, "wait_timeout": 130}
    found.append(
        Case("503-5-lasting", "HTTP 503, Retry-After: 5, of the status call alone", GIVES_UP, action, **listed)
    )
    return found + passing(
        "429-ages",
        "HTTP 429, Retry-After: 1000000000",
        throttled("1000000000"),
        "not waited for, because that is beyond the deadline; the next observation asks again",
        COUNTS,
        words="HTTP 429",
    )


def _server_errors() -> list[Case]:
    found = passing("500", "HTTP 500", {"status": 500}, NEXT, COUNTS, words="HTTP 500")
    for status in (502, 503, 504):
        fault = f"HTTP {status}"
        found += passing(str(status), fault, {"status": status}, RETRIED, GIVES_UP, words=fault, gap=0.2)
    action = {"status": 503, "headers": {"Retry-After": "3"}}
    happens = "retried after 3 s"
    found.append(Case("503-3-once", "HTTP 503, Retry-After: 3", happens, action, calls=("job_status",), gap=2.9))
    action = {"status": 502, "body": "<html>Bad Gateway</html>"}
    return found + passing("502-html", "HTTP 502 with HTML", action, RETRIED, GIVES_UP, words="body is HTML", gap=0.2)


def _connections() -> list[Case]:
    table: tuple[tuple[str, str, Data, str], ...] = (
        ("reset-before", "connection reset before the headers", {"reset": "before_headers"}, "the connection broke"),
        ("reset-after", "connection reset after the headers", {"reset": "after_headers"}, "the connection broke"),
        ("reset-within", "connection reset within the body", {"reset": "mid_body"}, "the connection broke"),
        ("truncated", "body shorter than announced", {"truncate": 5}, "the connection broke"),
        ("nothing", "connection closed without an answer", {"raw": ""}, "the connection broke"),
        ("not-http", "an answer that is not HTTP", {"raw": "220 mail.example.com ESMTP\r\n"}, "the connection broke"),
        (
            "interim-only",
            "interim answers (103) and no final one",
            {"raw": "HTTP/1.1 103 Early Hints\r\n\r\n" * 3},
            "the connection broke",
        ),
        (
            "two-lengths",
            "two lengths that contradict each other",
            {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}"},
            "contradict each other about its length",
        ),
        (
            "surplus",
            "more bytes behind the end of the answer",
            {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n"},
            "more follows the end of the answer",
        ),
        (
            "many-headers",
            "ten thousand headers",
            {"raw": "HTTP/1.1 200 OK\r\n" + "X-Filler: 1\r\n" * 10_000 + "\r\n{}"},
            "the connection broke",
        ),
    )
    found: list[Case] = []
    for key, fault, action, words in table:
        found += passing(key, fault, action, RETRIED, GIVES_UP, words=words, gap=0.2, options=FEW)
    slow: tuple[tuple[str, str, Data], ...] = (
        ("hang", "no answer", {"hang": True}),
        ("drip", "body of a byte a second", {"drip": 1.0}),
        ("drip-headers", "headers of a byte a second", {"raw": "HTTP/1.1", "drip": 1.0}),
    )
    for key, fault, action in slow:
        happens = "cancelled after `request_timeout`, then retried after a backoff"
        found += [
            Case(f"{key}-once", fault, happens, action, options=SLOW, points=("first",)),
            Case(
                f"{key}-lasting", fault, GIVES_UP, action, options=SLOW, points=("closing",), calls=("job_status",),
                words="no answer in time", **UNREADABLE,
            ),
        ]  # fmt: skip
    return found


def _bodies() -> list[Case]:
    deep = 100_000
    found = [
        *_answers("html", "HTML with HTTP 200", "<!DOCTYPE html><title>Log in</title>", "body is HTML, not JSON"),
        *passing(
            "part",
            "HTTP 206, which announces a part of the answer",
            {"status": 206},
            GARBLED,
            COUNTS,
            words="the answer is not complete",
            points=LATE,
        ),
        *_answers("empty", "empty body", "", "body is not JSON"),
        *_answers("half", "half of a JSON text", '{"name": "job_', "body is not JSON"),
        *_answers("charset", "text in GBK", '{"name": "作业"}', "body is not UTF-8", charset="gbk"),
        *_answers("utf-16", "JSON in UTF-16", '{"status": "NORMAL"}', "body is not", charset="utf-16"),
        *_answers("deep-list", "lists nested 100,000 deep", "[" * deep + "]" * deep, "body is nested too deeply"),
        *_answers(
            "deep", "objects nested 100,000 deep", '{"a":' * deep + "1" + "}" * deep, "body is nested too deeply"
        ),
        *_answers("nan-body", "NaN as the whole body", "NaN", "", JOBS),
        *_answers("list", "a list where an object belongs", [], "", JOBS),
        *_answers("string", "a text where an object belongs", "NORMAL", "", JOBS),
        *_answers("json-string", "a JSON text where an object belongs", '"NORMAL"', "", JOBS),
        *_answers("null", "null", "null", "", JOBS),
        *_answers("number", "a number", "1e999", "", JOBS),
        *_answers("missing-keys", "an object without any key", {}, "", JOBS),
        *_answers("other-types", "an error in the shape of an answer", {"error_code": "DLF.0001"}, "", JOBS),
    ]
    encodings: tuple[tuple[str, str, str], ...] = (
        ("gzip-lie", "gzip", "body is not what its Content-Encoding says"),
        ("brotli", "br", "unknown Content-Encoding"),
    )
    for key, encoding, words in encodings:
        packed: Data = {"body": '{"status": "NORMAL"}', "headers": {"Content-Encoding": encoding}}
        fault = f"Content-Encoding: {encoding} on a body that is plain"
        found += passing(key, fault, packed, RETRIED, GIVES_UP, words=words, points=LATE, options=FEW)  # fmt: skip
    floods: tuple[tuple[str, str, Data], ...] = (
        ("bomb", "400 MB packed with gzip", {"gzip_bomb": 400 * 1024 * 1024}),
        ("flood", "body of 1 GB", {"body_size": 1024 * 1024 * 1024}),
    )
    for key, fault, action in floods:
        happens = "cancelled after 4 MiB, then retried after a backoff"
        found.append(Case(f"{key}-once", fault, happens, action, points=("first",)))
        few = {"calls": ("job_status",), "points": ("closing",), "options": {"retries": 1, "max_consecutive_errors": 2}}
        found.append(
            Case(f"{key}-lasting", fault, GIVES_UP, action, words="larger than 4 MiB", **{**UNREADABLE, **few})
        )
    shapes: tuple[Any, ...] = ([], {}, "text", {"projects": None}, {"projects": {}}, {"projects": [None, 1]})
    for number, shape in enumerate(shapes):
        fault = f"project look-up: {json.dumps(shape)}"
        found.append(
            Case(
                f"no-project-{number}", fault, "ends immediately; the message asks for project_id", {"json": shape},
                ONCE, "ERROR", "unreadable", "no project named", ("projects",), hits=1,
            )
        )  # fmt: skip
    for number, shape in enumerate(({"projects": 5}, {"projects": True})):
        found.append(
            Case(
                f"no-projects-{number}", f"project look-up: {json.dumps(shape)}", AT_ONCE, {"json": shape}, ONCE,
                "ERROR", "unreadable", "", ("projects",),
            )
        )  # fmt: skip
    tokens: tuple[Any, ...] = ([], {}, "text", {"token": None}, {"token": {"project": 1}})
    for number, shape in enumerate(tokens):
        fault, action = f"token: {json.dumps(shape)} without its header", {"json": shape}
        first = Case(
            f"no-token-{number}", fault, AT_ONCE, action, ONCE, "ERROR", "unreadable", "X-Subject-Token", ("tokens",),
            ("first",), hits=1,
        )  # fmt: skip
        found += [
            first,
            replace(first, key=f"no-token-later-{number}", fault=f"renewed {fault}", reason="denied",
                    words="the token is outdated", points=("mid",)),
        ]  # fmt: skip
    return found


def _refusals() -> list[Case]:
    none_else = "ends immediately; no more requests are sent with these credentials"
    found = [
        Case("401", "HTTP 401", none_else, {"status": 401}, calls=(*JOBS, "projects"), words="authentication failed",
             **DENIED),
        Case("401-token", "HTTP 401 for the password", none_else, {"status": 401}, calls=("tokens",),
             words="authentication failed", **DENIED),
        Case("403", "HTTP 403", AT_ONCE, {"status": 403}, calls=(*JOBS, "projects"), words="not allowed to call this API",
             **DENIED),
        Case("6888", "DLF.6888, no permission in the workspace", AT_ONCE, {"error_code": "DLF.6888"},
             calls=("job_list", "job_status"), words="lacks the permission", **DENIED),
        Case("0819", "DLF.0819, workspace unknown or deleted meanwhile", AT_ONCE, {"error_code": "DLF.0819"},
             calls=("job_list", "job_status"), words="check workspace", **{**UNREADABLE, "hits": 1}),
        Case("3051", "DLF.3051, bad parameter", AT_ONCE, {"error_code": "DLF.3051"}, calls=("job_list", "job_status"),
             words="check names, tags and page_size", **{**UNREADABLE, "hits": 1}),
        Case("0101", "APIGW.0101, wrong host or path", AT_ONCE, {"error_code": "APIGW.0101"},
             calls=("job_list", "job_status", "projects"), words="check region, cloud and endpoints",
             **{**UNREADABLE, "hits": 1}),
        Case("0101-dli", "APIGW.0101, wrong host or path", "the call's other path is tried, once; then it ends",
             {"error_code": "APIGW.0101"}, calls=("dli_progress",), words="check region, cloud and endpoints",
             scenario={"dli_progress_path": "both"}, **{**UNREADABLE, "hits": 2}),
        Case("0101-dli-once", "APIGW.0101 under /v1", "the same call under /v1.0, from then on", {"error_code":
             "APIGW.0101"}, calls=("dli_progress",), scenario={"dli_progress_path": "both"}),
        *passing("0999", "DLI.0999 of both DLI calls", {"error_code": "DLI.0999"}, NEXT, COUNTS, words="DLI.0999",
                 calls=("dli_status",)),
        Case("0999-progress", "DLI.0999 of the progress call alone", "the status call is asked instead",
             {"error_code": "DLI.0999"}, LASTING, calls=("dli_progress",)),
        *passing("unknown-code", "an unknown error code, with HTTP 400", {"error_code": "DLF.9999"}, NEXT,
                 COUNTS, words="DLF.9999", calls=JOBS),
        *passing("is-success", "HTTP 200 with is_success: false", {"json": _progress(is_success=False, message="busy")},
                 NEXT, COUNTS, words="the request did not succeed: busy", calls=("dli_progress", "dli_status")),
        Case("missing", "the job is deleted meanwhile", "fails when the status call returns it", {"error_code": "DLF.0100"},
             LASTING, "FAIL", "job_missing", "does not exist", ("job_status",)),
        Case("missing-dli", "the DLI job is unknown", "fails when the progress call returns it", {"error_code": "DLI.0002"},
             LASTING, "FAIL", "job_missing", "does not exist", ("dli_progress",)),
    ]  # fmt: skip
    for key, status in (("404", 404), ("405", 405), ("410", 410)):
        action = {"status": status, "body": "gone"}
        calls = ("job_list", "job_status", "dli_progress", "dli_status", "projects")
        found.append(
            Case(f"{key}-text", f"HTTP {status} with a text", AT_ONCE, action, calls=calls, **{**UNREADABLE, "hits": 2})
        )
    return found


def _oddities() -> list[Case]:
    """Answers that can be read, but differ from the documented form."""
    numbers = (
        '{"name": "job_sms", "status": "NORMAL", "startTime": NaN, "nodes": [{"name": "READ", "status": "NORMAL", '
    )
    return [
        _unusual("nan", "NaN and Infinity as numbers", "job_status", numbers + '"totalPutRecords": -Infinity}]}',
                 "these numbers are ignored"),
        _unusual("nan-dli", "NaN as the progress", "dli_progress", '{"status": "FINISHED", "progress": NaN}',
                 "that number is ignored"),
        _unusual("text-numbers", "numbers and booleans as text", "dli_progress",
                 _progress(is_success="true", progress="1", sub_job_id="0"), "read as the numbers and booleans that they contain"),
        _unusual("text-times", "times as text", "job_status", _job(startTime="1680783636000"),
                 "read as the numbers and booleans that they contain"),
        _unusual("no-nodes", "a job without nodes", "job_status", {"name": JOB, "status": "NORMAL"}, "no node can fail"),
        _unusual("no-state", "a job without its state", "job_status", {"name": JOB, "nodes": []},
                 "the gate waits: an unknown state is not ready", reason="unknown_state", words="shows no state", **TIMEOUT),
        _unusual("null-state", "null as the state", "job_status", _job(status=None),
                 "the gate waits: an unknown state is not ready", reason="unknown_state", words="shows no state", **TIMEOUT),
        _unusual("number-state", "a number as the state", "job_status", _job(status=1), "unreadable", **UNREADABLE),
        _unusual("new-state", "an unknown state", "job_status", _job(status="SLEEPING"),
                 "the gate waits, and names the state", reason="unknown_state", words="the unknown state SLEEPING", **TIMEOUT),
        _unusual("new-dli-state", "an unknown state", "dli_progress", _progress(status="SLEEPING"),
                 "the gate waits, and names the state", reason="unknown_state", words="the unknown state SLEEPING", **TIMEOUT),
        _unusual("list-state", "a job list without states", "job_list",
                 _list(*({**_listed(number), "status": None} for number in range(3))),
                 "the status of each job is read"),
        _unusual("duplicate", "one key twice, with two states", "job_status",
                 '{"name": "job_sms", "status": "EXCEPTION", "status": "NORMAL", "nodes": []}',
                 "unreadable, because the state is ambiguous", **{**UNREADABLE, "words": ""}),
        _unusual("nodes-text", "a text where the nodes belong", "job_status", _job(nodes="none"), "unreadable",
                 **UNREADABLE),
        _unusual("nodes-object", "an object where the nodes belong", "job_status", _job(nodes={"READ": "EXCEPTION"}),
                 "unreadable", **UNREADABLE),
        _unusual("nodes-null-item", "a node that is null", "job_status", _job(nodes=[None]), "unreadable", **UNREADABLE),
        _unusual("node-number-state", "a number as a node's state", "job_status",
                 _job(nodes=[{"name": "READ", "status": 3}]), "unreadable", **UNREADABLE),
        _unusual("list-null-item", "a job in the list that is null", "job_list",
                 _list(_listed(0), None, _listed(2)), "unreadable, because the selection is unknown",
                 points=("first",), **UNREADABLE),
        _unusual("list-nameless", "a job in the list without a name", "job_list",
                 _list(_listed(0), {"status": "STARTING"}, _listed(2)),
                 "unreadable, because the selection is unknown",
                 points=("first",), **UNREADABLE),
        _unusual("list-total", "a job list that claims a billion jobs", "job_list",
                 _list(_listed(0), _listed(1), total=10**9), "unreadable", points=("first",), **UNREADABLE),
    ]  # fmt: skip


def _contradictions() -> list[Case]:
    """Answers with HTTP 200 that look like the requested one, and are not."""
    error = {"error_code": "DLF.3051", "error_msg": "invalid"}
    other = "the answer is about another job"
    spellings = "the answer has different values for"
    rows: list[tuple[str, str, str, Any, str]] = [
        ("other", "the status of another job", "job_status", _job(name="job_other"), other),
        ("other-job-name", "the status of another job, named under jobName", "job_status",
         {"jobName": "job_other", "status": "NORMAL", "nodes": []}, other),
        ("nameless", "a status that names no job", "job_status", {"status": "NORMAL", "nodes": []},
         "does not name the job"),
        ("other-dli", "the progress of another job", "dli_progress", _progress(job_id="other"), other),
        ("other-dli-status", "the status of another DLI job", "dli_status", _progress(jobId="other", job_id=None), other),
        ("error-code", "an error code beside a state", "job_status", _job(**error), "the answer holds an error: DLF.3051"),
        ("errors", "a list of errors beside a state", "job_status", _job(errors=[error]), "the answer holds an error"),
        ("error-dli", "an error code beside a state", "dli_progress", _progress(errorCode="DLI.0999"), "DLI.0999"),
        ("error-list", "an error code beside jobs", "job_list", _list(_listed(0), _listed(1), **error), "DLF.3051"),
        ("success", "isSuccess: false beside a state", "job_status", _job(isSuccess=False), "did not succeed"),
        ("success-dli", "isSuccess: false beside FINISHED", "dli_progress",
         {"isSuccess": "false", "job_id": DLI_JOB, "status": "FINISHED"}, "did not succeed"),
        ("spellings", "Status: EXCEPTION beside status: NORMAL", "job_status", _job(Status="EXCEPTION"), spellings),
        ("spellings-node", "a node with two states under two spellings", "job_status",
         _job(nodes=[{"name": "READ", "status": "NORMAL", "Status": "EXCEPTION"}]), spellings),
        ("spellings-list", "a job in the list with two states under two spellings", "job_list",
         _list(_listed(0, Status="EXCEPTION"), _listed(1)), spellings),
        ("total-0", "a total of 0 beside jobs", "job_list", _list(_listed(0), _listed(1), total=0), "its total is 0"),
        ("total-less", "a total that is less than the jobs", "job_list", _list(_listed(0), _listed(1), total=1),
         "its total is 1"),
        ("total-more", "a total that no page reaches", "job_list", _list(_listed(0), _listed(1), total=250),
         "overlap"),
    ]  # fmt: skip
    found = []
    for key, fault, call, data, words in rows:
        points = ("first",) if call == "job_list" else ("closing",)
        found.append(_unusual(key, fault, call, data, COUNTS, points=points, words=words, **UNREADABLE))
    return found


# -- cases that need more than a rule of the emulator ----------------------------------------------------------------


@dataclass(frozen=True)
class Special:
    """A row of the table that has a test of its own.

    :ivar words: text that the message must contain.
    """

    fault: str
    happens: str
    verdict: str
    reason: str | None = None
    words: str = ""

    def check(self, result: Data) -> None:
        """Assert that the gate ended as the row says."""
        assert result["verdict"] == self.verdict, result["msg"]
        codes = [item["code"] for item in result["reasons"]]
        assert codes[:1] == ([self.reason] if self.reason else []), result["reasons"]
        assert self.words in result["msg"], result["msg"]


CREDENTIALS: dict[str, Special] = {
    "bad-signature": Special(
        "wrong secret key, unknown access key or wrong security token",
        "one request, for any number of jobs; then it ends, and the message says what to check",
        "ERROR", "denied", "check the access key, its secret and its security token",
    ),
    "broken-401": Special(
        "HTTP 401 with a body that breaks off, is very slow or very large",
        "one request: the status alone says that the key must not be used again",
        "ERROR", "denied",
    ),
    "refused-403": Special(
        "the gateway refuses the signature (0301) with HTTP 403 or 503 in place of 401",
        "one request, for any number of jobs: the code says that the key must not be used again",
        "ERROR", "denied", "check the access key, its secret and its security token",
    ),
    "next-run": Special(
        "the same credentials again within five minutes of their refusal, by any task, host or run of the user on the machine",
        "nothing is sent; the message says when they were refused, where they come from and how long to wait",
        "ERROR", "denied", "these credentials were refused",
    ),
    "mended": Special("a refused access key with another secret", "used immediately", "PASS"),
    "locked": Special(
        "the access key is locked after too many failed signatures",
        "one request; the message says that the key is locked, and how long to wait",
        "ERROR", "denied", "the access key is locked",
    ),
    "clock": Special(
        "this machine's clock differs by more than 15 minutes",
        "one request; the message says by how much, and to synchronize the clock",
        "ERROR", "denied", "set it right",
    ),
    "token-ends": Special(
        "a token expires during the wait", "one more request, then it ends: a token cannot be renewed", "ERROR", "denied",
        "the token is outdated",
    ),
    "password-renews": Special("a token requested with a password expires during the wait", "a new one is requested, once", "PASS"),
    "password-dies": Special(
        "a token requested with a password expires, and the password has changed",
        "one try to renew it, then it ends", "ERROR", "denied",
    ),
    "file-renews": Special(
        "a temporary key from a file expires during the wait, and the file contains a new one", "the file is read again", "PASS"
    ),
    "file-stays": Special(
        "a temporary key from a file expires during the wait, and the file has not changed", "one more request, then it ends",
        "ERROR", "denied",
    ),
    "agency-renews": Special("the agency's key expires during the wait", "a new one is requested from the metadata service", "PASS"),
    "agency-fails-once": Special(
        "the agency's key expires, and the metadata service fails for a while", "read again by the next observation", "PASS"
    ),
    "agency-gone": Special(
        "the agency's key expires, and the metadata service does not respond any more", COUNTS, "ERROR", "unreadable",
        "no metadata service answers",
    ),
    "key-ends": Special(
        "an access key becomes invalid during the wait", "one more request for all jobs and threads, then it ends", "ERROR", "denied"
    ),
}  # fmt: skip
NETWORK: dict[str, Special] = {
    "redirect": Special(
        "a redirect to another host", "never followed; nothing is sent to the other host", "ERROR", "unreadable",
        "redirects are not followed",
    ),
    "early-hints": Special(
        "an interim answer (103 Early Hints) before each answer", "skipped; each request gets its own answer", "PASS"
    ),
    "refused": Special("the service refuses connections during the wait", GIVES_UP, "ERROR", "unreadable", "the connection was refused"),
    "dns": Special("the name cannot be resolved", GIVES_UP, "ERROR", "unreadable", "the host's name cannot be resolved"),
    "dns-once": Special("the name cannot be resolved for a while", RETRIED, "PASS"),
    "dns-hangs": Special(
        "the name server does not answer", "cancelled after `request_timeout`; the gate does not wait for it beyond the time limit",
        "TIMEOUT", "unreadable", "no answer in time",
    ),
    "black-hole": Special(
        "the host accepts connections but does not respond, from a point during the wait on", GIVES_UP, "ERROR", "unreadable", "no answer in time"
    ),
    "tls-cut": Special("the TLS connection breaks within an answer", RETRIED, "PASS"),
    "tls-breaks": Special("the TLS handshake fails for a while during the wait", RETRIED, "PASS"),
    "tls-lasting": Special("no TLS handshake succeeds any more", GIVES_UP, "ERROR", "unreadable"),
    "tls-untrusted": Special(
        "another certificate, which is not trusted, from a point during the wait on", "ends immediately; no request is sent to that server",
        "ERROR", "unreadable", "the server's certificate is not trusted",
    ),
}  # fmt: skip
CHANGES: dict[str, Special] = {
    "renamed": Special(
        "a job is renamed during the wait", "fails, and the message names the similar name", "FAIL", "job_missing",
        "similar names: job_smt",
    ),
    "renamed-tags": Special(
        "a job of a selection by tags is renamed during the wait", "fails, because the selection contains the old name",
        "FAIL", "job_missing",
    ),
    "deleted-waited-for": Special(
        "a job is deleted during the wait, with `missing: wait`", "the gate waits for it", "TIMEOUT", "job_missing"
    ),
    "comes-back": Special("a job is deleted and created again, with `missing: wait`", "the gate waits for it", "PASS"),
    "fails-behind": Special(
        "a job fails while others cannot be read", "fails: the failure takes precedence over errors", "FAIL", "node_exception"
    ),
    "unread-failure": Special(
        "a node is in EXCEPTION and half of all requests fail, in many ways", "never passes", "FAIL", "node_exception"
    ),
}  # fmt: skip
DEADLINE: dict[str, Special] = {
    "deadline": Special(
        "any of the slow faults until the deadline",
        "ends at `wait_timeout`, retries, Retry-After and name look-ups included, and says what went wrong", "TIMEOUT",
        "unreadable",
    ),
    "under-way": Special(
        "a first request without an answer, with a `request_timeout` beyond the deadline",
        "ends at `wait_timeout`, and says for how long there was no answer", "TIMEOUT", "still_pending",
        "no usable answer for",
    ),
}  # fmt: skip
SECTIONS: dict[str, Callable[[], list[Case]]] = {
    "Throttling": _throttling,
    "Server errors": _server_errors,
    "Broken connections": _connections,
    "Bodies that cannot be read": _bodies,
    "Refusals": _refusals,
    "Answers with something odd in them": _oddities,
    "Answers that contradict themselves, or are about something else": _contradictions,
}
SPECIAL_SECTIONS: dict[str, dict[str, Special]] = {
    "Credentials": CREDENTIALS,
    "Network and TLS": NETWORK,
    "Jobs that change": CHANGES,
    "The deadline": DEADLINE,
}
