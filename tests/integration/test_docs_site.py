# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation site is built without a warning, has a page for every part, and has no dead link."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.site
browsing = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on PATH")

# What a browser loads by itself.
LOADED = {"img": ("src",), "script": ("src",), "iframe": ("src",), "source": ("src",), "object": ("data",)}
LOADED_LINKS = {"stylesheet", "icon", "shortcut icon", "preload"}


@dataclass
class Found:
    """Anchors, links, loaded files and text of a page."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    text: str = ""


class Reader(HTMLParser):
    """Reads a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Found()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found.anchors |= {given[name] for name in ("id", "name") if name in given and tag != "meta"}
        if tag == "a" and "href" in given:
            self.found.links.append(given["href"])
        if tag == "link" and "href" in given:
            own = given.get("rel") in LOADED_LINKS
            (self.found.loaded if own else self.found.links).append(given["href"])
        self.found.loaded += [given[name] for name in LOADED.get(tag, ()) if name in given]

    def handle_data(self, data: str) -> None:
        self.found.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; it is built once."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, str(ROOT / "tools" / "docs.py"), str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert done.stdout.startswith(str(folder / "index.html"))
    assert "WARNING" not in done.stdout
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Found]:
    """Path in the site -> content of the page."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        reader = Reader()
        reader.feed(path.read_text("utf-8"))
        found[path.relative_to(site).as_posix()] = reader.found
    return found


def names(folder: str, pattern: str = "*.py") -> list[str]:
    return sorted(path.stem for path in (ROOT / folder).glob(pattern) if path.stem != "__init__")


# -- content ----------------------------------------------------------------------------------------------------------


def test_each_part_has_a_page(pages: dict[str, Found]) -> None:
    wanted = {f"collection/{name}_module.html" for name in names("plugins/modules")}
    wanted |= {f"collection/{name}_filter.html" for name in names("plugins/filter")}
    wanted |= {f"collection/{name}_inventory.html" for name in names("plugins/inventory")}
    wanted |= {f"collection/{path.name}_role.html" for path in (ROOT / "roles").iterdir()}
    wanted |= {f"guides/{name}.html" for name in names("docs/guides", "*.md")}
    wanted |= {f"guides/zh_cn/{name}.html" for name in names("docs/guides/zh_CN", "*.md")}
    wanted |= {f"reference/{name}.html" for name in ("index", "event_source", "playbooks")}
    wanted |= {
        f"{name}.html" for name in ("benchmarks", "contributing", "examples", "readme.zh-cn", "reliability", "security")
    }
    wanted |= {"index.html", "search.html", "collection/changelog.html", "roles/job_gate.html"}
    assert set(pages) == wanted


def test_every_playbook_is_documented(pages: dict[str, Found]) -> None:
    page = pages["reference/playbooks.html"]
    for name in names("playbooks", "*.yml"):
        assert f"datagate-playbook-{name.replace('_', '-')}" in page.anchors
        assert f"datagate.huaweicloud.{name}" in page.text


def test_options_returned_keys_arguments_and_variables_have_anchors(pages: dict[str, Found]) -> None:
    status = pages["collection/dataarts_job_status_module.html"].anchors
    assert {"parameter-wait_timeout", "parameter-endpoints/iam", "return-verdict", "return-reasons/code"} <= status
    role = pages["collection/job_gate_role.html"].anchors
    assert {"parameter-wait_until_normal--job_gate_stable_for", "parameter-dli_finished--job_gate_job_ids"} <= role
    source = pages["reference/event_source.html"].anchors
    schema = ROOT / "extensions" / "eda" / "plugins" / "event_source" / "schemas" / "dataarts_jobs.json"
    properties = yaml.safe_load(schema.read_text("utf-8"))["properties"]
    arguments = {name for name, what in properties.items() if not what["description"].startswith("The same as ")}
    assert {f"parameter-{name}" for name in arguments} <= source
    anchors = pages["guides/environment.html"].anchors
    assert {"envvar-HW_ACCESS_KEY", "envvar-HW_CACERT", "envvar-ANSIBLE_INVENTORY_CACHE"} <= anchors


def test_module_pages_link_to_the_variables(pages: dict[str, Found]) -> None:
    for name in ("collection/dli_job_progress_module.html", "reference/event_source.html"):
        assert any(link.endswith("guides/environment.html#envvar-HW_ACCESS_KEY") for link in pages[name].links), name


def test_each_page_is_linked_from_the_index(pages: dict[str, Found]) -> None:
    reached = {urlsplit(link).path for link in pages["index.html"].links}
    assert set(pages) - {"index.html", "search.html"} <= reached


# -- links ------------------------------------------------------------------------------------------------------------


def test_links_are_not_dead(site: Path, pages: dict[str, Found]) -> None:
    lost = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "mailto"), f"{name}: {link}"
                continue
            path = ((site / name).parent / unquote(parts.path)).resolve() if parts.path else site / name
            if not path.is_file():
                lost.append(f"{name}: {link}")
                continue
            other = pages.get(path.relative_to(site).as_posix())
            if parts.fragment and (other is None or unquote(parts.fragment) not in other.anchors):
                lost.append(f"{name}: {link}")
    assert lost == []


def test_pages_load_no_external_resource(site: Path, pages: dict[str, Found]) -> None:
    for name, page in pages.items():
        for source in page.loaded:
            parts = urlsplit(source)
            if parts.scheme != "data":
                assert (parts.scheme, parts.netloc) == ("", ""), f"{name} loads {source}"
                assert ((site / name).parent / unquote(parts.path)).is_file(), f"{name} loads {source}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.read_text("utf-8")), style.name


def test_pages_contain_no_path_of_the_machine(site: Path, pages: dict[str, Found]) -> None:
    for name in pages:
        text = (site / name).read_text("utf-8")
        assert str(ROOT) not in text, name
        assert "datagate-docs-" not in text, name


# -- layout -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield found
        found.close()


# Elements wider than the window, except in boxes that scroll, and in the menu, which is collapsed.
WIDE = """() => [...document.querySelectorAll('.rst-content *')].filter(element => {
    if (element.getBoundingClientRect().right <= innerWidth + 1 || !element.getClientRects().length) return false;
    for (let box = element.parentElement; box && !box.classList.contains('rst-content'); box = box.parentElement)
        if (['auto', 'scroll'].includes(getComputedStyle(box).overflowX)) return false;
    return true;
}).map(element => element.tagName + ' ' + element.textContent.slice(0, 60))"""


# One page of each kind.
SHOWN = (
    "benchmarks",
    "index",
    "search",
    "collection/changelog",
    "collection/dataarts_job_status_module",
    "collection/dataarts_jobs_inventory",
    "guides/awx",
    "guides/environment",
    "guides/zh_cn/connection",
    "reference/event_source",
    "reference/index",
    "reference/playbooks",
    "roles/job_gate",
)


@browsing
def test_pages_work_offline_and_fit_on_a_phone(browser: Browser, site: Path) -> None:
    context = browser.new_context(offline=True)
    messages: list[str] = []
    requests_sent: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests_sent.append(request.url))
    for name in SHOWN:
        page.goto((site / f"{name}.html").as_uri())
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(WIDE) == [], name
        assert messages == [], name
        assert [url for url in requests_sent if not url.startswith(("file:", "data:"))] == [], name
    context.close()


@browsing
def test_search_finds_an_option(browser: Browser, site: Path) -> None:
    page = browser.new_context(offline=True).new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=exception_grace")
    page.locator("#search-results a", has_text="dataarts_job_status").first.wait_for(timeout=60_000)
    page.context.close()
