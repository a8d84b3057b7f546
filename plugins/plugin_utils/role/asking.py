# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Runs the gate of the role job_gate: from the task's variables to the result for all hosts of the play."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.executor import module_common
from ansible.parsing.splitter import parse_kv
from ansible.playbook.task_include import TaskInclude
from ansible.utils.vars import load_extra_vars

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate import options
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.options import run_policy
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import ERROR
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.gate_action import GateAction
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role import (
    on_failure,
    outcome,
    rounds,
    same_on_all_hosts,
)
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.entries import ENTRIES, unused
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.extra_vars import whole_names
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import (
    OPTIONS,
    PREFIX,
    Variables,
    cut,
    refused,
    renamed,
)


class Asking(GateAction):
    """The part of the role's action that does not depend on ActionBase.run."""

    def _is_once(self) -> bool:
        """Whether Ansible runs the role for one host only, because of ``run_once`` on the role or on its include."""
        above = self._task
        while above is not None:
            given = getattr(above, "run_once", False)
            if given and str(self._templar.template(given)).lower() in ("true", "yes", "1"):
                return True
            above = getattr(above, "_parent", None)
        return False

    def _ask(self, meeting: rounds.Round, variables: dict[str, Any]) -> str:
        """Run the gate, or take the result of the host that has run it. Returns the path of the result."""
        given = self._given(variables)
        setting = self._setting(given, variables)
        try:
            return self._take_turn(meeting, given, setting, variables)
        except rounds.Unanswered as error:
            result = _no_verdict(f"the task was stopped on {error.gate_host}, which ran the gate for all hosts")
            return meeting.keep_own({**self._answer(given, setting, result, refused=True), "stats": None})

    def _take_turn(
        self, meeting: rounds.Round, given: Variables, setting: outcome.Setting, variables: dict[str, Any]
    ) -> str:
        with meeting.turn() as taken:
            if taken is not None:
                return self._taken(taken, meeting, given, setting)
            answer = self._judged(given, setting, variables)
            answer["variables"] = given.fingerprint()
            answer["warnings"] += self._hidden(answer["fact"])
            batch = " ".join(sorted(str(host) for host in variables.get("ansible_play_batch") or []))
            names = rounds.Names(constants.DEFAULT_LOCAL_TMP, str(self._task._parent._play._uuid))
            if names.is_taken(answer["fact"], self._place(), batch):
                what = f"job_gate_id {setting.name}" if setting.name else "no job_gate_id"
                answer["warnings"].append(
                    f"There was a gate with {what} in this play already: its artifact and report are replaced. Give each gate "
                    "a job_gate_id of its own."
                )
            return meeting.keep(answer)

    def _place(self) -> str:
        """The identity of the gate in its play: the outermost include, because each batch of ``serial`` loads included tasks again;
        or else the block of its tasks."""
        place = above = self._task._parent
        while above is not None:
            place = above if isinstance(above, TaskInclude) else place
            above = getattr(above, "_parent", None)
        return str(place._uuid)

    def _hidden(self, fact: str) -> list[str]:
        """A warning if an extra variable overrides a fact that the gate sets."""
        names = sorted({fact, f"{PREFIX}result"} & set(load_extra_vars(self._loader)))
        if not names:
            return []
        hidden = "an extra variable overrides the fact, so the play does not see this gate's result there"
        kept = "The gate's verdict, its artifact and its report do not go by it"
        advice = "Do not give it; an artifact of an earlier job in a workflow of AWX needs another job_gate_id"
        return [f"{' and '.join(names)}: {hidden}. {kept}. {advice}."]

    def _keep(self, meeting: rounds.Round, variables: dict[str, Any]) -> str:
        """The result of a failed gate; it is created here if the task was stopped. Returns the path of the result."""
        path = meeting.own()
        if path is None or not rounds.read(path)["stops"]:
            # The task was stopped before or after it had stored its result.
            why = variables.get("ansible_failed_result") or {}
            text = printable(str(why.get("msg") or "the task was stopped"), 1000).rstrip(".")
            given = self._given(variables)
            setting = self._setting(given, variables)
            path = meeting.keep_own(self._answer(given, setting, _no_verdict(text), refused=True))
        rounds.close(path)
        return path

    def _taken(self, path: str, meeting: rounds.Round, given: Variables, setting: outcome.Setting) -> str:
        """Take the result of another host, if it ran the gate with the same options."""
        answer = rounds.read(path)
        mine, theirs = given.fingerprint(), answer["variables"]
        differing = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
        if not differing:
            return path
        problem = given.problem or same_on_all_hosts.differs(differing[0], answer["gate_host"], meeting.host)
        answer = self._answer(given, setting, {"msg": str(problem)}, refused=True)
        return meeting.keep_own({**answer, "stats": None, "stops_all": True})

    # -- what was given -----------------------------------------------------------------------------------------------

    def _given(self, variables: Mapping[str, Any]) -> Variables:
        def evaluate(name: str, raw: Any) -> Any:
            try:
                return self._templar.template(raw)
            except AnsibleError as error:
                if type(error).__name__ == "AnsibleValueOmittedError":
                    return None
                raise OptionError(name, f"cannot be evaluated: {printable(str(error), 300)}") from None

        found = {name: value for name, value in variables.items() if name.startswith(PREFIX)}
        # ansible-core up to 2.18 represents an omitted value by a placeholder string; newer versions remove it from lists.
        omitted = variables.get("omit")
        known = omitted if isinstance(omitted, str) else None
        return Variables(found, evaluate, known, whole_names(self._loader))

    def _setting(self, given: Variables, variables: Mapping[str, Any]) -> outcome.Setting:
        entry = str(self._task.args.get("entry"))
        names = {
            "job": ("awx_job_id", "tower_job_id"),
            "template": ("awx_job_template_name", "tower_job_template_name"),
            "workflow": ("awx_workflow_job_id", "tower_workflow_job_id"),
        }
        run = {
            what: str(self._templar.template(next(variables[name] for name in known if name in variables)))
            for what, known in names.items()
            if any(name in variables for name in known)
        }
        within = variables.get("__job_gate_within")
        only = variables.get("__job_gate_only")
        return outcome.Setting(
            entry_name=entry,
            entry=ENTRIES.get(entry, ENTRIES["main"]),
            own=given.own,
            host=str(self._task.delegate_to or "localhost"),
            playbook=" ".join(map(str, context.CLIARGS.get("args") or ())),
            started_at=datetime.now(timezone.utc),
            run=run,
            within=None if within is None else str(self._templar.template(within)),
            only=None if only is None else [str(name) for name in self._templar.template(only)],
            check_mode=bool(self._task.check_mode),
        )

    def _check(self, given: Variables, setting: outcome.Setting, variables: Mapping[str, Any]) -> None:
        """Validate all variables before any request is sent.

        :raises OptionError: a variable is invalid.
        """
        cut(context.CLIARGS.get("extra_vars") or (), parse_kv)
        if given.problem is not None:
            raise given.problem
        if setting.entry_name not in ENTRIES:
            raise OptionError(
                f"{PREFIX}entry",
                f"{printable(setting.entry_name, 40)!r} is no entry point of the role job_gate; they are {', '.join(ENTRIES)}",
            )
        setting.check()
        for option, wanted in (("wait", setting.entry.waits), ("wait_for", setting.entry.options.get("wait_for"))):
            found = given.options.get(option)
            if found is not None and wanted is not None and found != wanted:
                text = " ".join(wanted) if isinstance(wanted, list) else str(wanted).lower()
                raise OptionError(
                    f"{PREFIX}{option}", f"the entry point {setting.entry_name} sets it to {text}; leave it out"
                )
        _check_options(given.options)
        same_on_all_hosts.check(variables, self._templar.template)

    # -- the question -------------------------------------------------------------------------------------------------

    def _judged(self, given: Variables, setting: outcome.Setting, variables: dict[str, Any]) -> dict[str, Any]:
        """Check the variables and run the gate. Returns the result."""
        try:
            if setting.within is None and given.own.get("on_failure"):
                on_failure.check(f"{PREFIX}on_failure", self._on_failure(given), self._loader.load_from_file)
            self._check(given, setting, variables)
            if not setting.is_on:
                return self._answer(given, setting, outcome.skipped(setting))
            arguments = self._arguments(given, setting)
            result = {} if self._is_overdue() else self._gate(setting.entry.full_name, arguments, variables)
            if self._is_overdue():
                late = _no_verdict(f"the task's timeout of {self._task.timeout} s has passed")
                return self._answer(given, setting, late, refused=True)
        except OptionError as error:
            return self._answer(given, setting, {"msg": str(refused(error))}, refused=True)
        except DatagateError as error:
            return self._answer(given, setting, {"msg": renamed(str(error), about_options=True)}, refused=True)
        except AnsibleConnectionFailure as error:
            text = f"ERROR: {setting.host} cannot be reached, so no job was read: {printable(str(error), 500).rstrip('. ')}."
            return self._answer(given, setting, {"verdict": ERROR, "reasons": [], "msg": text})
        except AnsibleError as error:
            return self._answer(given, setting, {"msg": renamed(printable(str(error), 1000))}, refused=True)
        if "verdict" in result:
            parts = (str(result.get("msg") or ""), unused(setting.entry_name, given.options))
            return self._answer(given, setting, {**result, "msg": " ".join(filter(None, parts))})
        option, msg = str(result.get("option") or ""), str(result.get("msg") or "the module gave no verdict")
        if option and msg.startswith(f"{option}: "):
            msg = str(refused(OptionError(option, msg.removeprefix(f"{option}: "))))
        return self._answer(given, setting, {"msg": renamed(msg, about_options=True)}, refused=True)

    def _is_overdue(self) -> bool:
        """Whether the task's ``timeout`` has passed without its exception.

        Python drops an exception that a signal handler raises in a finalizer; the templates of ansible-core have finalizers.
        """
        return bool(self._task.timeout) and not signal.getitimer(signal.ITIMER_REAL)[0]

    def _answer(
        self, given: Variables, setting: outcome.Setting, result: Mapping[str, Any], refused: bool = False
    ) -> dict[str, Any]:
        answer = outcome.answer(setting, result, refused)
        if answer["stops"] and setting.within is None and given.own.get("on_failure"):
            path = self._on_failure(given)
            try:
                on_failure.check("", path, self._loader.load_from_file)
            except OptionError:
                path = ""  # the message describes this case
            answer["on_failure"] = path
        answer["warnings"] = list(result.get("warnings") or [])
        return answer

    def _on_failure(self, given: Variables) -> str:
        return str(self._loader.path_dwim(str(given.own["on_failure"])))

    def _arguments(self, given: Variables, setting: outcome.Setting) -> dict[str, Any]:
        """The arguments of the gate's module: from the variables, module_defaults and the entry point."""
        module = setting.entry.full_name
        from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import SELECTION

        own = {name: value for name, value in given.options.items() if setting.entry.accepts(name)}
        if setting.report_dir is not None:
            own.setdefault("return_jobs", "all")  # a report lists every job
        if setting.only is not None:
            own = {name: value for name, value in own.items() if name not in SELECTION}
            own["job_names"] = setting.only
        own.update(setting.entry.options)
        if hasattr(module_common, "_apply_action_arg_defaults"):
            found = module_common._apply_action_arg_defaults(module, self._task, own, self._templar)
        else:
            found = module_common.get_action_args_with_defaults(
                module,
                own,
                self._task.module_defaults,
                self._templar,
                action_groups=self._task._parent._play._action_groups,
            )
        return dict(found)


def _no_verdict(why: str) -> dict[str, Any]:
    """The result of a gate that did not run to its end."""
    return {"verdict": ERROR, "reasons": [], "msg": f"ERROR: the gate gave no verdict: {why}."}


def _check_options(given: Mapping[str, Any]) -> None:
    """Reject options that are invalid for any entry point, because a later gate in the play may use them.

    :raises OptionError: an option is invalid.
    """
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import in_process

    spec = {name: {**what, "required": False} for name, what in OPTIONS.items()}
    host, problem = in_process.check(spec, "job_gate", given)
    if problem is not None:
        raise problem
    params = {**host.params, "wait": True}
    options.policy(params)
    run_policy(params)
    options.dli_policy(params)
    options.cancel_on(params)
    options.slices(params)
    options.return_jobs(params)
    if given.keys() & {"job_names", "tags", "name_contains"}:
        options.selection(params)
    if given.keys() & {"job_tags", "queue", "since"} or ("job_ids" in given and "names" not in given):
        options.dli_selection(params)
    if "names" in given:
        options.flink_selection(params)
    if "batch_ids" in given:
        options.spark_selection(params)
