# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation outside the code: environment variables, guides, playbooks and events."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud import environment

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDES = ROOT / "docs" / "guides"
CLOUD = ROOT / "plugins" / "module_utils" / "_cloud"
PROXIES = {"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}  # requests reads them
CACHE = {"XDG_CACHE_HOME"}  # private_folder.py reads it
OTHERS = ("ANSIBLE_", "CONTROLLER_", "PYTHON")  # of Ansible, awx_setup and Python

sys.path.insert(0, str(ROOT / "tools"))
import docs  # noqa: E402
import docs_markdown  # noqa: E402


def read_by_the_code() -> set[str]:
    """All strings in the code that look like the name of an environment variable."""
    found = set()
    for path in [CLOUD / "options.py", CLOUD / "environment.py", *(CLOUD / "credentials").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(re.findall(r"\A[A-Z]+(?:_[A-Z]+)+\Z", node.value))
    return found


# -- environment variables --------------------------------------------------------------------------------------------


def test_each_variable_is_documented_once() -> None:
    names = docs_markdown.variables(ROOT)
    assert sorted(set(names)) == sorted(names)
    assert {name for name in names if not name.startswith(OTHERS)} == read_by_the_code() | PROXIES | CACHE


def test_the_names_are_found_in_the_code() -> None:
    assert {"HW_ACCESS_KEY", "HUAWEICLOUD_SDK_CREDENTIALS_FILE", "HW_INSECURE", "CURL_CA_BUNDLE"} <= read_by_the_code()


def test_the_table_names_the_options_that_the_code_reads_a_variable_for() -> None:
    text = (ROOT / docs_markdown.ENVIRONMENT).read_text("utf-8")
    shown = dict(re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:: )?)*) ?\|", text, re.MULTILINE))
    for option, names in environment.ENVIRONMENT.items():
        assert shown[names[0]] == f"`{option}`"
    for service, names in environment.ENDPOINT_ENVIRONMENT.items():
        assert {shown[name] for name in names} == {f"`endpoints`: `{service}`"}


# -- guides -----------------------------------------------------------------------------------------------------------


def test_the_navigation_lists_every_guide_once() -> None:
    sections = yaml.safe_load((ROOT / docs_markdown.NAVIGATION).read_text("utf-8"))["sections"]
    listed = [file for section in sections for file in section["pages"]]
    assert sorted(set(listed)) == sorted(listed)
    guides = {path.relative_to(ROOT).as_posix() for path in GUIDES.rglob("*.md")}
    assert guides == {file for file in listed if file.startswith("docs/guides/")}


# -- pages from comments ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> docs.Pages:
    return docs.Pages(ROOT, tmp_path_factory.mktemp("pages"))


def test_a_head_comment_becomes_a_section(pages: docs.Pages) -> None:
    found = pages.playbook("gate_verdict")
    assert found.title.startswith("Branches an AWX workflow")
    assert ".. code-block:: bash\n\n    ansible-playbook datagate.huaweicloud.gate_verdict" in found.text
    assert "``gate_verdict_id``\n    the ``job_gate_id`` of the gate" in found.text
    assert found.variables == []


def test_variables_with_one_comment_are_grouped(pages: docs.Pages) -> None:
    first = pages.playbook("deploy_with_gates").variables[0]
    assert first.names[:2] == ["deploy_task_file", "deploy_stop_file"]
    assert first.defaults[:2] == ["", ""]
    assert first.text.startswith("Files with tasks")


def test_a_playbook_without_a_head_comment_is_a_problem(tmp_path: Path, pages: docs.Pages) -> None:
    for folder in ("docs", "meta", "plugins", "roles"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "galaxy.yml").symlink_to(ROOT / "galaxy.yml")
    (tmp_path / "playbooks").mkdir()
    header = "".join(
        (ROOT / "playbooks" / "gate.yml").read_text("utf-8").splitlines(keepends=True)[: docs.HEADER_LINES]
    )
    (tmp_path / "playbooks" / "bare.yml").write_text(f"{header}\n---\n- hosts: localhost\n", "utf-8")
    with pytest.raises(docs.Problem, match=r"bare\.yml does not begin with a comment"):
        docs.Pages(tmp_path, pages.target).playbook("bare")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("HW_ACCESS_KEY and so on", ":ansenvvarref:`HW_ACCESS_KEY` and so on"),
        ("REAL_TIME or BATCH", "``REAL_TIME`` or BATCH"),
        ("docs/guides/awx.md is", ":doc:`/guides/awx` is"),
        ("the role job_gate, and", "the role :ansplugin:`job_gate <datagate.huaweicloud.job_gate#role>`, and"),
        ("datagate.huaweicloud.gate", ":ref:`datagate.huaweicloud.gate <datagate_playbook_gate>`"),
        (
            "C(ansible-doc datagate.huaweicloud.dataarts_job_info) says",
            ":ansplugin:`datagate.huaweicloud.dataarts_job_info#module` says",
        ),
        ("with C(error), as jobs.html or a*b", "with ``error``, as ``jobs.html`` or a\\*b"),
    ],
)
def test_texts_for_a_terminal_get_links_and_code(pages: docs.Pages, text: str, wanted: str) -> None:
    assert pages.marked(text) == wanted


def test_the_event_source_is_documented_with_its_schema(pages: docs.Pages) -> None:
    options = pages.event_source()["options"]
    assert options["job_names"]["aliases"] == ["job_name", "name"]
    assert options["interval"]["minimum"] == 0.1
    assert options["auth_type"]["choices"] == ["auto", "aksk", "token", "password", "ecs_agency", "oidc"]


def test_every_key_of_an_event_is_documented() -> None:
    keys: set[str] = set()
    for name in ("_gate/watch.py", "_entry_points/event_source.py"):
        tree = ast.parse((ROOT / "plugins" / "module_utils" / name).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict) and node.keys and all(isinstance(key, ast.Constant) for key in node.keys):
                keys |= {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                target = node.targets[0]
                if isinstance(target.value, ast.Name) and target.value.id == "event":
                    keys.add(ast.literal_eval(target.slice))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "event.update":
                keys |= {keyword.arg for keyword in node.keywords if keyword.arg}
    page = (ROOT / "docs" / "site" / "templates" / "event_source.rst.j2").read_text("utf-8")
    documented = set(re.findall(r"^   \* - ``(\w+)``$", page, re.MULTILINE))
    assert documented == keys


# -- Markdown ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "target", "wanted"),
    [
        ("SECURITY.md", "docs/reliability.md#throttling", "/reliability.md#throttling"),
        ("docs/benchmarks.md", "guides/awx.md", "/guides/awx.md"),
        ("docs/guides/awx.md", "../../playbooks/gate.yml", "#datagate_playbook_gate"),
        (
            "docs/guides/events.md",
            "../../extensions/eda/plugins/event_source/dataarts_jobs.py",
            "/reference/event_source.rst",
        ),
        ("docs/benchmarks.md", "benchmarks/results.json", "{repository}/blob/main/docs/benchmarks/results.json"),
        ("roles/job_gate/README.md", "../../playbooks", "{repository}/tree/main/playbooks"),
        ("SECURITY.md", "https://example.com/x", "https://example.com/x"),
        ("SECURITY.md", "#here", "#here"),
    ],
)
def test_relative_links_become_links_of_the_site(pages: docs.Pages, file: str, target: str, wanted: str) -> None:
    found = pages.markdown.link(file, target)
    assert found == wanted.format(repository="https://github.com/datagate/huaweicloud")


def test_page_links_to_plugins_and_has_anchors_for_variables(tmp_path: Path) -> None:
    pages = docs.Pages(ROOT, tmp_path)
    pages.markdown.write("docs/guides/environment.md")
    pages.markdown.write("docs/guides/batch.md")
    environment = (tmp_path / "guides" / "environment.md").read_text("utf-8")
    assert '| <span id="envvar-HW_ACCESS_KEY"></span>`HW_ACCESS_KEY` |' in environment
    assert "\n(datagate_guides_environment)=\n# Environment variables\n" in environment
    batch = (tmp_path / "guides" / "batch.md").read_text("utf-8")
    module = "datagate.huaweicloud.dataarts_instance_status"
    assert f"[`{module}`](/collection/dataarts_instance_status_module.rst)" in batch
    assert f"\n      {module}:\n" in batch, "code is left alone"


def test_dead_link_is_a_problem(pages: docs.Pages) -> None:
    with pytest.raises(docs.Problem, match=r"SECURITY\.md links to docs/none\.md, which does not exist"):
        pages.markdown.link("SECURITY.md", "docs/none.md")


# -- output -----------------------------------------------------------------------------------------------------------


def test_a_folder_with_other_files_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(docs.Problem, match="is not changed"):
        docs.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
