# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example "chat_card": what a chat server receives, and what happens if there is none."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.emulator import running

from .playbook import Run, connection, gate, hosts, play, run

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "chat_card"
SECRET = "SECchat-card"
ACCESS = "webhook-token"
BOTH = "Fail the play (job_gate_on_failure failed as well)"
CI_JOB = "https://ci.example.com/jobs/1?a=1&b=2"
MENTION = "<at id=all></at> <!channel> @all [x](http://evil.example) **x** {{ 7 * 7 }} {% raw %}"
# The tests themselves may run on a CI server.
NO_SERVER = dict.fromkeys(("CI_JOB_URL", "BUILD_URL", "GITHUB_RUN_ID", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), "")
SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good"},
        {"name": f"job {MENTION}".replace("/", "-"), "status": "STARTING", "tags": ["odd"]},
    ],
    "dli_jobs": [{"job_id": "dli-bad", "status": "FAILED", "message": f'why "{MENTION}"\\'}],
}


class Chat:
    """A chat server in this process. The first part of a path selects the answer: ok, refuse, hang.

    :ivar received: path with query and body of each message.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, Any]] = []
        self.closing = Event()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                chat.received.append((self.path, json.loads(body)))
                if self.path.startswith("/hang"):
                    chat.closing.wait()
                    return
                code = 19021 if self.path.startswith("/refuse") else 0
                answer = json.dumps({"code": code, "errcode": code, "msg": "sign match fail"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, answer: str) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{answer}?access_token={ACCESS}"


@contextmanager
def chatting() -> Iterator[Chat]:
    """A chat server."""
    chat = Chat()
    thread = Thread(target=chat.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield chat
    finally:
        chat.closing.set()
        chat.server.shutdown()
        chat.server.server_close()
        thread.join()


def failing(name: str, entry: str, **variables: Any) -> dict[str, Any]:
    """A gate that fails and sends a card, after which the play goes on."""
    return gate(entry, name, variables, rescue=[{"name": f"After {name}", "ansible.builtin.meta": "noop"}])


def card(file: str) -> str:
    return str(EXAMPLE / "tasks" / f"{file}.yml")


def signature(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def harmless(text: str) -> bool:
    """Whether a text contains no mention and no markup, and was not evaluated."""
    return not re.search(r"[<>@\[\]{}*`]|(?<![\d.:])49(?!\d)", text)


def is_shown(done: Run) -> bool:
    """Whether a secret was printed."""
    return SECRET in done.text or ACCESS in done.text


def test_chat_card_matches_the_readme() -> None:
    readme = (EXAMPLE / "README.md").read_text("utf-8")
    (command,) = re.findall(r"^ {4}ansible-playbook (.+)$", readme, re.MULTILINE)
    (shown,) = re.findall(r"^```text\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    playbook, *arguments = shlex.split(command)
    assert re.search(r"^ {4}export CHAT_CARD_URL=http://127.0.0.1:8765/_emulator/events/message$", readme, re.MULTILINE)
    with running(EXAMPLE / "scenario.yml") as emulator, chatting() as chat:
        emulator.event("break")
        environment = connection(emulator, CHAT_CARD_URL=chat.url("ok"), **NO_SERVER)
        done = run(str(ROOT / playbook), environment, *arguments)
    assert done.code == 2
    assert [record.task for record in done.records if record.failed][-1].endswith("Fail the play")
    ((dummy, body),) = chat.received
    assert (body["verdict"], body["link"]) == ("FAIL", "")
    took = re.compile(r"after \d+\.\d s")
    assert took.sub("after N s", body["text"].strip()) == took.sub("after N s", shown.strip())


def test_chat_card_of_each_verdict() -> None:
    """A FAIL of a play with two hosts, a TIMEOUT and an ERROR, with hostile texts."""
    play_of_two = play(
        [
            failing(
                "feishu",
                "dli_finished",
                job_gate_job_ids="dli-bad",
                job_gate_on_failure=card("feishu"),
                chat_card_awx_url="https://awx.example.com",
                awx_job_id=7,
                chat_card_keyword="deploy",
            )
        ],
        hosts="all",
        strategy="linear",
    )
    others = play(
        [
            failing(
                "dingtalk",
                "wait_until_normal",
                job_gate_tags="odd",
                job_gate_wait_timeout=0,
                job_gate_on_failure=card("dingtalk"),
            ),
            failing(
                "webhook",
                "fail_on_exception",
                job_gate_job_names="job_good",
                job_gate_on_failure=card("webhook"),
                job_gate_workspace="other",
            ),
        ]
    )
    with running(SCENARIO) as emulator, chatting() as chat:
        environment = connection(emulator, CHAT_CARD_URL=chat.url("ok"), CHAT_CARD_SECRET=SECRET)
        environment["CI_JOB_URL"] = CI_JOB
        done = run([play_of_two, others], environment, inventory=hosts("one", "two"))
    assert done.code == 0, done.text
    assert not is_shown(done)
    feishu, dingtalk, webhook = chat.received
    check_feishu(feishu[1])
    check_dingtalk(*dingtalk)
    check_webhook(webhook[1])


def check_feishu(body: Any) -> None:
    assert body["sign"] == signature(f"{body['timestamp']}\n{SECRET}", "")
    assert abs(int(body["timestamp"]) - time.time()) < 3600
    assert (body["msg_type"], body["card"]["header"]["title"]["content"]) == ("interactive", "Gate FAIL (deploy)")
    *texts, action = body["card"]["elements"]
    assert [text["text"]["tag"] for text in texts] == ["plain_text", "plain_text"]
    content_text = texts[0]["text"]["content"]
    assert harmless(content_text)
    assert "dli-bad is FAILED: why" in content_text
    assert "＜at id=all＞＜/at＞" in content_text
    assert texts[1]["text"]["content"].startswith("Read the log")
    assert action["actions"][0]["url"] == "https://awx.example.com/#/jobs/playbook/7/output"


def check_dingtalk(path: str, body: Any) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query, strict_parsing=True).items()}
    assert query["access_token"] == ACCESS
    assert query["sign"] == signature(SECRET, f"{query['timestamp']}\n{SECRET}")
    assert abs(int(query["timestamp"]) / 1000 - time.time()) < 3600
    assert (body["msgtype"], body["at"], body["markdown"]["title"]) == ("markdown", {"isAtAll": False}, "Gate TIMEOUT")
    text, dummy, link = body["markdown"]["text"].rpartition("\n\n")
    assert link == f"[Open the run]({CI_JOB})"
    assert harmless(text)
    assert "＞ ＠all ［x］(http:--evil.example) ＊＊x＊＊ (( 7 ＊ 7 )) (% raw %) is STARTING" in text
    assert "need more time" in text


def check_webhook(body: Any) -> None:
    assert body["verdict"] == "ERROR"
    assert body["link"] == CI_JOB
    assert harmless(body["text"].replace(CI_JOB, ""))
    title, sentence, *dummy, reason, advice, link = body["text"].splitlines()
    assert (title, link) == ("Gate ERROR", CI_JOB)
    assert sentence.startswith("ERROR after ")
    assert reason.startswith("- job_good could not be read: DLF.")
    assert advice.startswith("The states could not be read.")


LINKS: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, {}, ""),
    ({"BUILD_URL": "https://jenkins.example.com/job/1/"}, {}, "https://jenkins.example.com/job/1/"),
    (
        {"GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"},
        {},
        "https://git.example.com/a/b/actions/runs/7",
    ),
    (
        {
            "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://dev.azure.com/org/",
            "SYSTEM_TEAMPROJECT": "my project",
            "BUILD_BUILDID": "7",
        },
        {},
        "https://dev.azure.com/org/my%20project/_build/results?buildId=7",
    ),
    (
        {"CI_JOB_URL": "https://ci.example.com"},
        {"awx_job_id": 7, "chat_card_awx_url": "https://awx.example.com"},
        "https://awx.example.com/#/jobs/playbook/7/output",
    ),
    ({"CI_JOB_URL": "https://ci.example.com"}, {"awx_job_id": 7}, "https://ci.example.com"),
]
"""Environment, variables -> link."""
RENDER = """
import json, os, sys
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

init_plugin_loader()
(task,) = DataLoader().load_from_file(sys.argv[1], trusted_as_template=True)
for environment, variables in json.load(sys.stdin):
    os.environ.update(environment)
    templar = Templar(loader=DataLoader(), variables={**task["vars"], **variables})
    print(templar.template(task["vars"]["chat_card_link"]) or "")
"""


def test_chat_card_links_to_the_run() -> None:
    """Only the template is rendered, without a playbook for each case."""
    render_cases = [({**NO_SERVER, **environment}, variables) for environment, variables, dummy in LINKS]
    done = subprocess.run(
        [sys.executable, "-c", RENDER, card("send")],
        input=json.dumps(render_cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split("\n")[:-1] == [link for dummy, dummies, link in LINKS]


def test_chat_card_that_cannot_be_sent_does_not_hide_the_gate() -> None:
    with running(SCENARIO) as emulator, chatting() as chat:
        answers = {"refuse": "sign match fail", "hang": "timed out", "down": "refused", "none": "set CHAT_CARD_URL"}
        urls = {name: chat.url(name) for name in ("refuse", "hang")}
        urls["down"] = f"http://127.0.0.1:1/?token={ACCESS}"
        gates = [
            failing(
                answer,
                "dli_finished",
                job_gate_job_ids="dli-bad",
                job_gate_on_failure=card("feishu"),
                job_gate_id=answer,
                chat_card_url=urls.get(answer, ""),
                chat_card_secret=SECRET,
                chat_card_timeout=1,
            )
            for answer in answers
        ]
        done = run([play(gates)], connection(emulator, CHAT_CARD_URL=""))
    assert done.code == 0, done.text
    assert not is_shown(done)
    for record, problem in zip(done.all(BOTH), answers.values(), strict=True):
        assert record.msg.startswith("FAIL after ")
        assert "dli-bad is FAILED" in record.msg
        assert "job_gate_on_failure failed as well" in record.msg
        assert "The chat card was not sent: " in record.msg
        assert problem in record.msg
