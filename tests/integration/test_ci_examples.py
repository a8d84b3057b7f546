# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples for CI servers: their files are valid, and their scripts run as the server runs them, against the emulator."""

from __future__ import annotations

import json
import os
import re
import shlex
import string
import subprocess
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validators  # type: ignore[import-untyped]
from junitparser import JUnitXml
from semantic_version import Version

from tests.emulator import ACCESS_KEY, SECRET_KEY, Emulator, running

from .playbook import connection, settings

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
KEYS = {"HW_ACCESS_KEY", "HW_SECRET_KEY"}
CREDENTIALS = {*KEYS, "HW_PROJECT_ID"}
VERSION = "2.0.0"
TARBALL = f"datagate-huaweicloud-{VERSION}.tar.gz"
STORE = f"https://files.example.com/{TARBALL}"
PROGRAMS = ("python3", "pip", "ansible-galaxy", "ansible-playbook")
GATE = (
    "ansible-playbook datagate.huaweicloud.gate -e job_gate_job_names=job_orders_stream,job_sms"
    " -e job_gate_stable_for=60 -e job_gate_wait_timeout=900 -e job_gate_report_dir=reports"
)
QUICK = {"GATE_STABLE_FOR": "1", "GATE_WAIT_TIMEOUT": "60"}
READY = re.compile(r"GATE_(?:IMAGE|RUNNER|AGENT)_IS_READY")


def source(example: str, file: str) -> Any:
    return yaml.safe_load((EXAMPLES / example / file).read_text("utf-8"))


class Pipeline:
    """The parts of an example for a CI server that these tests use."""

    example: str
    collection: str = STORE
    """The installed packages."""
    variables: Mapping[str, str]
    steps: list[str]
    """Scripts, run one after the other in the same folder until one fails."""
    options: str
    """Options of the shell in which the server runs the scripts."""
    junit: str
    page: str

    def prepared(self, step: str, given: Mapping[str, str]) -> str:
        """A step, as the server passes it to the shell."""
        return step

    def run(self, folder: Path, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the steps as the server does; gives the last one that was run, with the output of all."""
        output = ""
        for step in self.steps:
            done = subprocess.run(
                ["bash", self.options, self.prepared(step, given)],
                cwd=folder,
                env={**os.environ, **settings(), **self.variables, **given},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            output += done.stdout
            if done.returncode:
                break
        done.stdout = output
        return done


class GitLab(Pipeline):
    """The job in gitlab-ci.yml. Its lines are one script, which ends at the first error."""

    example, options = "gitlab_ci", "-ec"

    def __init__(self) -> None:
        job = source("gitlab_ci", "gitlab-ci.yml")["gate"]
        self.variables = job["variables"]
        assert all(isinstance(value, str) for value in self.variables.values())
        assert not CREDENTIALS & set(self.variables), "they are variables of the project"
        self.steps = ["\n".join([*job["before_script"], *job["script"]])]
        assert job["artifacts"]["when"] == "always"
        self.junit = job["artifacts"]["reports"]["junit"]
        (self.page,) = job["artifacts"]["paths"]


class GitHub(Pipeline):
    """The workflow in gate.yml. Each step is a script of its own, which ends at the first error."""

    example, options = "github_actions", "-ec"

    def __init__(self) -> None:
        workflow = source("github_actions", "gate.yml")
        assert workflow["permissions"]["id-token"] == "write"
        job = workflow["jobs"]["gate"]
        assert not KEYS & set(job["env"])
        # The test supplies the values that GitHub inserts.
        self.variables = {name: value for name, value in job["env"].items() if "${{" not in value}
        by_name = {step["name"]: step for step in job["steps"]}
        self.token = by_name["Request an ID token"]["run"]
        self.summary = by_name["Show the report on the page of the run"]["run"]
        self.steps = [
            by_name[name]["run"] for name in ("Install Ansible and the collection", "Wait until the jobs run")
        ]
        store = by_name["Store the report"]
        assert store["if"] == by_name["Show the report on the page of the run"]["if"] == "always()"
        self.page, self.junit = store["with"]["path"].split()


class Jenkins(Pipeline):
    """The pipeline in Jenkinsfile."""

    example, options = "jenkins", "-xec"

    def __init__(self) -> None:
        text = (EXAMPLES / "jenkins" / "Jenkinsfile").read_text("utf-8")
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
        self.variables = dict(re.findall(r"^ +(\w+) = '([^'\n]*)'$", code, re.MULTILINE))
        steps = re.findall(r"\bsh (?:'''(.*?)'''|'([^'\n]+)')", code, re.DOTALL)
        # Groovy joins the lines at a backslash, and knows other escapes, which are not used.
        self.steps = [(long or short).replace("\\\n", "") for long, short in steps]
        assert len(self.steps) == code.count("sh '")
        assert not any("\\" in step for step in self.steps)
        assert set(re.findall(r"[vV]ariable: '(\w+)'", code)) == CREDENTIALS
        (always,) = re.findall(r"post \{\s*always \{(.*?)\}\s*\}", code, re.DOTALL)
        (self.junit,) = re.findall(r"\bjunit '([^']+)'", always)
        (self.page,) = re.findall(r"archiveArtifacts artifacts: '([^']+)'", always)


class Azure(Pipeline):
    """The job in azure-pipelines.yml. A script does not end at the first error by itself."""

    example, options = "azure_devops", "-c"

    def __init__(self) -> None:
        pipeline = source("azure_devops", "azure-pipelines.yml")
        self.variables = {item["name"]: item["value"] for item in pipeline["variables"] if "name" in item}
        assert not CREDENTIALS & set(self.variables), "they are in the variable group"
        (job,) = pipeline["jobs"]
        dummy, install, gate, summary, results, store = job["steps"]
        assert gate["env"] == {name: f"$({name})" for name in KEYS}
        self.steps = [install["script"], gate["script"]]
        self.summary = summary["script"]
        assert summary["condition"] == results["condition"] == store["condition"] == "always()"
        assert (results["task"], results["inputs"]["testResultsFormat"]) == ("PublishTestResults@2", "JUnit")
        self.junit, self.page = results["inputs"]["testResultsFiles"], store["publish"]


class CodeArts(Pipeline):
    """The steps in build.yml. Parameters are put into the text of a step, or are environment variables: both work."""

    example, options, collection = "codearts", "-c", f"./{TARBALL}"
    page, junit = "reports/gate.html", "reports/gate.xml"
    is_text = True

    def __init__(self) -> None:
        self.variables = {}
        build = source("codearts", "build.yml")
        assert build["version"] == 2.0
        assert set(build) == {"version", "steps"}
        download, gate, upload, end = build["steps"]["BUILD"]
        assert download["download_artifact"]["inputs"]["url"] == STORE
        self.steps = [gate["python"]["inputs"]["command"], end["python"]["inputs"]["command"]]
        self.uploaded = upload["upload_artifact"]["inputs"]["path"]
        for name, value in re.findall(r"^(?:export )?(\w+)=(\S+)$", self.steps[0], re.MULTILINE):
            assert (name in CREDENTIALS) == (value == f'"${{{name}}}"')
            self.variables[name] = value

    def prepared(self, step: str, given: Mapping[str, str]) -> str:
        for name, value in given.items():
            if name.startswith("GATE_"):
                step = re.sub(rf"^{name}=.*$", f"{name}={value}", step, flags=re.MULTILINE)
            elif self.is_text:
                step = step.replace(f"${{{name}}}", value)
        return step


class CodeArtsVariables(CodeArts):
    """The same with parameters that are environment variables."""

    is_text = False


PIPELINES = (Azure, CodeArts, GitHub, GitLab, Jenkins)
EACH = pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.example)


def stubs(folder: Path, programs: Iterable[str], failing: str = "") -> dict[str, str]:
    """Programs, first in PATH, that record their calls, and create the files of `venv`."""
    bin_folder = folder / "stubs"
    bin_folder.mkdir()
    for program in programs:
        file = bin_folder / program
        file.write_text(
            "#!/bin/sh\n"
            f'echo "$(basename "$0") $*" >>{shlex.quote(str(folder / "called"))}\n'
            'if [ "$1 $2" = "-m venv" ]; then\n'
            '    mkdir -p "$3/bin"\n'
            f'    for name in pip ansible-galaxy ansible-playbook; do ln -s {shlex.quote(str(bin_folder))}/$name "$3/bin/"; done\n'
            "fi\n"
            f"exit {int(program == failing)}\n",
            "utf-8",
        )
        file.chmod(0o755)
    return {"PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]])}


def called(folder: Path) -> list[str]:
    """The calls of the stubs, in order."""
    file = folder / "called"
    return file.read_text("utf-8").splitlines() if file.exists() else []


def cases(report: JUnitXml) -> dict[str, list[tuple[str, str | None]]]:
    """Name of a case -> kinds and messages of its problems."""
    return {
        case.name: [(type(result).__name__, result.message) for result in case.result]
        for suite in report
        for case in suite
    }


def ready(pipeline: Pipeline) -> str:
    """The variable that disables the installation."""
    (name,) = filter(READY.fullmatch, pipeline.variables)
    return name


def attempt(pipeline: Pipeline, folder: Path, emulator: Emulator) -> tuple[int, JUnitXml]:
    """Run a pipeline with all packages installed; returns the exit code and the published JUnit report."""
    secrets = {
        name: value for name, value in connection(emulator).items() if name in CREDENTIALS or name.endswith("_ENDPOINT")
    }
    work = folder / "work"
    (work / "reports").mkdir(parents=True)
    (work / "reports" / "gate.xml").write_text("of an earlier run", "utf-8")
    path = stubs(folder, ("pip", "pip3", "ansible-galaxy", "virtualenv", "curl"))
    done = pipeline.run(work, {**QUICK, ready(pipeline): "true", **secrets, **path})
    assert called(folder) == [], "something was installed"
    assert not re.search(f"{re.escape(SECRET_KEY)}|{ACCESS_KEY}", done.stdout)
    assert (work / pipeline.page).read_text("utf-8").startswith("<!DOCTYPE html>"), done.stdout
    return done.returncode, JUnitXml.fromfile(str(work / pipeline.junit))


def scenario(pipeline: Pipeline) -> Any:
    return running(EXAMPLES / pipeline.example / "scenario.yml")


def fails(pipeline: Pipeline, folder: Path) -> None:
    with scenario(pipeline) as emulator:
        emulator.event("break")
        code, report = attempt(pipeline, folder, emulator)
    assert code != 0
    found = cases(report)
    assert found["job_sms"] == [("Failure", "job_sms: node DLI_SMS_GES is EXCEPTION")]
    # The other job was not stable for long enough, which is not a failure.
    assert [kind for kind, _message in found["job_orders_stream"]] in ([], ["Skipped"])
    assert (report.failures, report.errors) == (1, 0)


# All CI servers


@pytest.mark.parametrize(
    ("schema", "example", "file"),
    [
        ("azure-pipelines", "azure_devops", "azure-pipelines.yml"),
        ("github-workflows", "github_actions", "gate.yml"),
        ("gitlab-ci", "gitlab_ci", "gitlab-ci.yml"),
    ],
)
def test_file_is_valid_for_the_server(schema: str, example: str, file: str) -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema, which has the schemas, is not installed")
    text = resources.files("check_jsonschema.builtin_schemas.vendor").joinpath(f"{schema}.json").read_text("utf-8")
    wanted = json.loads(text)
    data = source(example, file)
    if True in data:  # YAML 1.1 reads the key "on" as a truth value
        data["on"] = data.pop(True)
    # By way of JSON all keys are text, as a schema wants them.
    errors = validators.validator_for(wanted)(wanted).iter_errors(json.loads(json.dumps(data)))
    assert [error.message for error in errors] == []


def test_files_install_the_same_version() -> None:
    galaxy = yaml.safe_load((EXAMPLES.parent / "galaxy.yml").read_text("utf-8"))
    files = [EXAMPLES.parent / "docs" / "guides" / "ci.md"]
    files += [path for pipeline in PIPELINES for path in (EXAMPLES / pipeline.example).iterdir()]
    named = re.findall(
        r"datagate[.-]huaweicloud[:-](\d+\.\d+\.\d+)", "\n".join(path.read_text("utf-8") for path in files)
    )
    assert set(named) == {VERSION}
    assert Version(VERSION) >= Version(galaxy["version"]), "change the version in these files"


@EACH
def test_trial_command_equals_the_snippet(pipeline: type[Pipeline]) -> None:
    snippet = pipeline()
    (script,) = (step for step in snippet.steps if "ansible-playbook" in step)
    end = re.search(r"job_gate_report_dir=reports", script)
    assert end
    short = {**snippet.variables, "GATE_STABLE_FOR": "5", "GATE_WAIT_TIMEOUT": "60"}
    meant = string.Template(script[script.index("ansible-playbook") : end.end()]).substitute(short)
    lines = (EXAMPLES / snippet.example / "README.md").read_text("utf-8").replace("\\\n", "").splitlines()
    (command,) = (line.strip() for line in lines if line.startswith("    ansible-playbook "))
    assert shlex.split(command) == shlex.split(meant.replace("\\\n", ""))


def installs(collection: str) -> list[str]:
    """The commands that install Ansible and the collection."""
    return [
        "python3 -m venv .gate",
        "pip install ansible-core requests",
        f"ansible-galaxy collection install {collection}",
    ]


@EACH
def test_missing_packages_are_installed(pipeline: type[Pipeline], tmp_path: Path) -> None:
    snippet = pipeline()
    done = snippet.run(tmp_path, stubs(tmp_path, PROGRAMS))
    assert done.returncode == 0, done.stdout
    assert called(tmp_path) == [*installs(snippet.collection), GATE]


def test_guide_matches_the_files(tmp_path: Path) -> None:
    guide = (EXAMPLES.parent / "docs" / "guides" / "ci.md").read_text("utf-8")
    script = "".join(re.findall(r"^```shell\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    environment = {**os.environ, "GATE_COLLECTION": STORE, **stubs(tmp_path, PROGRAMS)}
    subprocess.run(["sh", "-euc", script], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert called(tmp_path) == [*installs(STORE), GATE]
    folders = set(re.findall(r"\]\(\.\./\.\./examples/(\w+)/\)", guide))
    assert folders == {pipeline.example for pipeline in PIPELINES}


@EACH
@pytest.mark.parametrize("program", PROGRAMS)
def test_pipeline_fails_if_a_program_fails(pipeline: type[Pipeline], program: str, tmp_path: Path) -> None:
    done = pipeline().run(tmp_path, stubs(tmp_path, PROGRAMS, failing=program))
    assert done.returncode != 0
    # Later programs were not called.
    assert called(tmp_path)[-1].split()[0] == program


# The CI servers


def test_github_actions_publishes_a_failing_gate(tmp_path: Path) -> None:
    workflow = GitHub()
    fails(workflow, tmp_path)
    summary = tmp_path / "summary.md"
    script = ["bash", workflow.options, workflow.summary]
    environment = {**os.environ, "GITHUB_STEP_SUMMARY": str(summary)}
    subprocess.run(script, cwd=tmp_path / "work", env=environment, check=True, timeout=60)
    assert "job_sms: node DLI_SMS_GES is EXCEPTION" in summary.read_text("utf-8")


def test_github_actions_stores_the_id_token_in_a_private_file(tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    curl = bin_folder / "curl"
    curl.write_text(
        '#!/bin/sh\necho "$*" >"$RUNNER_TEMP/asked"\necho \'{"value": "header.payload.signature"}\'\n', "utf-8"
    )
    curl.chmod(0o755)
    environment = {
        "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]]),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ENV": str(tmp_path / "env"),
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example.com/?x=1",
    }
    subprocess.run(["sh", GitHub.options, GitHub().token], env=environment, check=True, timeout=60)
    token = tmp_path / "id_token"
    assert token.read_text("utf-8") == "header.payload.signature\n"
    assert token.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "env").read_text("utf-8") == f"HW_ASSUME_ROLE_ID_TOKEN_FILE={token}\n"
    assert "https://token.example.com/?x=1&audience=huaweicloud" in (tmp_path / "asked").read_text("utf-8")


def test_gitlab_ci_publishes_a_failing_gate(tmp_path: Path) -> None:
    fails(GitLab(), tmp_path)


def test_jenkins_publishes_a_failing_gate(tmp_path: Path) -> None:
    fails(Jenkins(), tmp_path)


def test_azure_devops_publishes_a_failing_gate(tmp_path: Path) -> None:
    pipeline = Azure()
    fails(pipeline, tmp_path)
    work = tmp_path / "work"
    script = ["bash", pipeline.options, pipeline.summary]
    done = subprocess.run(script, cwd=work, check=True, capture_output=True, text=True, timeout=60)
    command, path = done.stdout.strip().split("]")
    assert (command, Path(path)) == ("##vso[task.uploadsummary", work / "reports" / "gate.md")
    assert "job_sms: node DLI_SMS_GES is EXCEPTION" in Path(path).read_text("utf-8")


def test_codearts_publishes_a_failing_gate(tmp_path: Path) -> None:
    build = CodeArts()
    fails(build, tmp_path)
    names = sorted(path.name for path in (tmp_path / "work").glob(build.uploaded))
    assert names == ["gate.html", "gate.json", "gate.md", "gate.xml"]


def test_codearts_publishes_a_passing_gate(tmp_path: Path) -> None:
    build = CodeArtsVariables()
    with scenario(build) as emulator:
        code, report = attempt(build, tmp_path, emulator)
    assert code == 0
    assert cases(report) == {"job_orders_stream": [], "job_sms": []}
