# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports as users get them: written by a playbook, and shown in a browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from playwright.sync_api import Browser, Page, sync_playwright

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.filter.job_report import job_report
from ansible_collections.datagate.huaweicloud.tests.unit.plugin_utils.test_report_samples import (
    ABOUT,
    SKIPPED,
    dli,
    failed,
    job,
    many,
    passed,
    reason,
    result,
)
from tests.emulator import Emulator, running

from .playbook import connection, play, run, task

REPORT = "datagate.huaweicloud.job_report"
HOSTILE = "<script>document.title='run'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>{{ 7*7 }}"
CHROMIUM = shutil.which("chromium")
browsing = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on PATH")

SCENARIO: dict[str, Any] = {
    "quota": 0,
    "jobs": [
        {"name": "job_good"},
        {"name": "{{ 7*7 }}", "status": "STARTING"},
        {"name": "<script>alert(1)</script>", "status": "EXCEPTION"},
        {
            "name": "job_trap",
            "timeline": [{"status": "STARTING"}, {"at": 1, "status": "NORMAL"}],
            "nodes": [
                {"name": "READ"},
                {
                    "name": "BROKEN",
                    "timeline": [{"at": 2, "status": "EXCEPTION", "log_path": "obs://logs/BROKEN.job"}],
                },
            ],
        },
        {"name": "job_nightly", "type": "BATCH", "last_instance_status": "fail"},
    ],
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as found:
        yield found


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four forms of the report of a gate that has failed."""
    folder = tmp_path_factory.mktemp("gate")
    gate = {
        "job_names": ["job_good", "job_trap"],
        "wait": True,
        "wait_interval": 0.3,
        "wait_timeout": 20,
        "stable_for": 10,
    }
    emulator.reset()
    done = run(
        [
            play(
                [
                    task("Wait", "dataarts_job_status", gate, register="gate"),
                    task("Keep", "ansible.builtin.set_fact", {"kept": "{{ gate }}"}),
                    task(
                        "Write",
                        "ansible.builtin.copy",
                        {
                            "content": "{{ kept | datagate.huaweicloud.gate_report(item, about) }}",
                            "dest": f"{folder}/gate.{{{{ item }}}}",
                            "mode": "0644",
                        },
                        loop=["json", "xml", "md", "html"],
                        vars={"about": ABOUT},
                    ),
                    task(
                        "Refuse",
                        "ansible.builtin.debug",
                        {"msg": "{{ kept | datagate.huaweicloud.gate_report('pdf') }}"},
                    ),
                ]
            )
        ],
        connection(emulator),
    )
    assert done.code == 0, done.text
    assert "there is no form pdf; there are json, xml, md, html" in done.text
    return folder


def test_playbook_writes_the_four_forms(written: Path) -> None:
    text = (written / "gate.json").read_text("utf-8")
    data = json.loads(text)
    assert text == json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    assert data["verdict"] == "FAIL"
    assert data["about"]["facts"]["Region"] == "cn-north-4"
    assert not {"invocation", "changed"} & set(data)
    (suite,) = JUnitXml.fromfile(str(written / "gate.xml"))
    assert [(case.name, case.is_passed) for case in suite] == [("job_trap", False), ("job_good", True)]
    assert suite.time == pytest.approx(data["elapsed"], abs=0.001)
    assert "Log: `obs://logs/BROKEN.job`" in (written / "gate.md").read_text("utf-8")
    assert (written / "gate.html").read_text("utf-8").endswith("</html>\n")


def test_job_list_is_written(emulator: Emulator, tmp_path: Path) -> None:
    target = tmp_path / "new" / "reports"
    done = run(REPORT, connection(emulator), variables={"job_report_dir": str(target)})
    assert done.code == 0, done.text
    assert sorted(path.name for path in target.iterdir()) == ["jobs.html", "jobs.json", "jobs.md"]
    assert {oct(path.stat().st_mode & 0o777) for path in target.iterdir()} == {"0o644"}
    assert oct(target.stat().st_mode & 0o777) == "0o755"
    data = json.loads((target / "jobs.json").read_text("utf-8"))
    assert {item["name"] for item in data["jobs"]} >= {"{{ 7*7 }}", "job_nightly"}
    facts = data["about"]["facts"]
    assert list(facts) == ["Region", "Nodes", "Runs"]
    assert facts["Nodes"] == "not checked; the states are those of the jobs"
    lines = done["Show the jobs by state"]["msg"]
    assert lines[0].split() == ["EXCEPTION", "1"]
    first = next(number for number, line in enumerate(lines) if line.startswith("shown")) + 1
    assert lines[first].split(None, 2) == ["EXCEPTION", "REAL_TIME", "<script>alert(1)</script>"]
    assert lines[first + 1].split(None, 2) == ["STARTING", "REAL_TIME", "{{ 7*7 }}"]
    assert "last run: fail" in lines[-3]
    assert lines[-2:] == ["", "Nodes: not checked (set job_report_check_nodes=true to check them)"]
    assert not any(record.result.get("changed") for record in done.records)


def test_relative_directory_starts_at_the_working_directory(emulator: Emulator, tmp_path: Path) -> None:
    # The folder that a playbook is started in is gone afterwards, so this one is found from there.
    relative = os.path.relpath(tmp_path, Path(tempfile.gettempdir(), "x"))
    done = run(REPORT, connection(emulator), variables={"job_report_dir": f"{relative}/reports"})
    assert done.code == 0, done.text
    assert (tmp_path / "reports" / "jobs.html").is_file()


def test_check_mode_writes_nothing(emulator: Emulator, tmp_path: Path) -> None:
    target = tmp_path / "reports"
    assert run(REPORT, connection(emulator), "--check", variables={"job_report_dir": str(target)}).code == 0
    assert not target.exists()


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play_:
        found = play_.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield found
        found.close()


@contextmanager
def shown(browser: Browser, file: Path, width: int = 1100, scheme: Any = "light") -> Iterator[Page]:
    """A page in the browser; it must load nothing and print no message."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    messages: list[str] = []
    requests_sent: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests_sent.append(request.url))
    try:
        page.goto(file.as_uri())
        yield page
        assert messages == []
        assert requests_sent == [file.as_uri()]
    finally:
        context.close()


def hostile() -> dict[str, Any]:
    bad = reason(HOSTILE, HOSTILE, HOSTILE, node=HOSTILE, status=HOSTILE, log_path=HOSTILE)
    jobs = [job(HOSTILE, HOSTILE, "FAIL", [bad], nodes=[{"name": HOSTILE, "status": HOSTILE, "log_path": "x" * 300}])]
    return result("FAIL", jobs, by_status={HOSTILE: 1}, msg=HOSTILE)


def listing() -> dict[str, Any]:
    names = ("EXCEPTION", "STARTING", "STOPPED", "NORMAL")
    jobs = [
        {"name": f"job_{name}_{'x' * 60}", "status": name, "job_type": "REAL_TIME", "last_update_time": 1682519407000}
        for name in names
    ]
    return {"jobs": jobs, "total": 4, "by_status": dict.fromkeys(names, 1)}


@pytest.fixture(scope="module")
def pages(written: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Name -> file of each page."""
    folder = tmp_path_factory.mktemp("pages")
    samples = {
        "fail": failed(),
        "pass": passed(),
        "dli": dli(),
        "many": many(300),
        "hostile": hostile(),
        "off": SKIPPED,
    }
    found = {"real": written / "gate.html"}
    for name, sample in samples.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(gate_report(sample, "html", ABOUT), "utf-8")
    found["jobs"] = folder / "jobs.html"
    found["jobs"].write_text(job_report(listing(), "html", ABOUT), "utf-8")
    return found


PAGES = ("real", "fail", "pass", "dli", "many", "hostile", "off", "jobs")


@browsing
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_on_a_phone(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with shown(browser, pages[name], width=360) as page:
        for element in page.query_selector_all("summary"):
            element.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        wide = "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > 361).length"
        assert page.evaluate(wide) == 0


@browsing
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_has_enough_contrast(browser: Browser, pages: dict[str, Path], name: str, scheme: str) -> None:
    """Every text has a contrast of 4.5 to its background."""
    with shown(browser, pages[name], scheme=scheme) as page:
        found = page.evaluate(
            """() => {
                const parse = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
                const below = (element) => {
                    for (let e = element; e; e = e.parentElement) {
                        const colour = parse(getComputedStyle(e).backgroundColor);
                        if (colour.length === 3 || colour[3] === 1) return colour;
                    }
                    return [255, 255, 255];
                };
                const all = [...document.querySelectorAll('body *')].filter(
                    (e) => !e.closest('svg') && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
                return all.map((e) => [e.textContent.trim().slice(0, 40), parse(getComputedStyle(e).color), below(e)]);
            }"""
        )
        assert found
        assert [item for item in found if contrast(item[1], item[2]) < 4.5] == []


def contrast(one: list[float], other: list[float]) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: list[float]) -> float:
        parts = [value / 255 for value in colour[:3]]
        parts = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@browsing
def test_light_and_dark_schemes_differ(browser: Browser, pages: dict[str, Path]) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        with shown(browser, pages["fail"], scheme=scheme) as page:
            colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colours["light"] != colours["dark"]


@browsing
def test_title_and_banner_show_the_verdict(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["fail"]) as page:
        assert page.title() == "FAIL: Gate after the deployment"
        assert page.inner_text("h1").splitlines() == ["Gate after the deployment", "FAIL"]
        assert page.get_attribute("html", "lang") == "en"
        # An icon shows it as well, for readers who do not see colours.
        box = page.evaluate("document.querySelector('.banner .icon use').getBoundingClientRect().toJSON()")
        assert box["width"] > 30


@browsing
def test_segments_match_the_history(browser: Browser, pages: dict[str, Path]) -> None:
    sample = failed()
    end = sample["elapsed"]
    with shown(browser, pages["fail"]) as page:
        lane = page.locator(".lane", has_text="DLI_SMS_GES").locator("svg.bar")
        assert lane.get_attribute("role") == "img"
        whole = lane.evaluate("e => e.getBoundingClientRect().toJSON()")
        found = lane.evaluate(
            "e => [...e.querySelectorAll('.seg')].map(s => [s.querySelector('title').textContent,"
            " s.getBoundingClientRect().left, s.getBoundingClientRect().right])"
        )
    expected = [(0.0, 10.2), (10.2, 30.2), (30.2, 70.4), (70.4, 71.0)]
    assert [title.partition(",")[0] for title, dummy, dummy2 in found] == [
        "not read yet",
        "STARTING",
        "NORMAL",
        "EXCEPTION",
    ]
    for (start, until), (dummy, left, right) in zip(expected, found, strict=True):
        # The last one is narrower than what is drawn at least, which is a hundredth of the bar.
        least = whole["width"] / 100
        assert left == pytest.approx(
            whole["left"] + whole["width"] * start / end, abs=1 if until - start > 1 else least
        )
        assert right == pytest.approx(whole["left"] + whole["width"] * until / end, abs=1)


@browsing
def test_collapsed_jobs_open_without_a_script(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["many"]) as page:
        line = page.locator("details .line").first
        assert not line.is_visible()
        page.locator("summary").first.click()
        assert line.is_visible()
        assert page.locator("details .line").count() == 282


@browsing
def test_foreign_text_is_shown_unchanged(browser: Browser, pages: dict[str, Path]) -> None:
    with shown(browser, pages["hostile"]) as page:
        assert page.title() == "FAIL: Gate after the deployment"
        assert page.inner_text(".job h3 .name") == re.sub(r"\s+", " ", HOSTILE)
        assert page.locator("script, img").count() == 0
