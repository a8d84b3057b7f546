# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The options of orders: from module parameters to checked values. No request is sent here."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from .._errors import OptionError
from .._gate import options as gate_options
from .._gate.policy import MISSING_FAIL, MISSING_OK, Policy
from .._services.normalize import state as known_state
from .._states import RUNNING_STATES
from .._text import printable
from .._values import boolean, text
from .goals import GOALS, RESTARTED, RESTORED, RUN, STARTED

MISSING_CHOICES = (MISSING_FAIL, MISSING_OK)
TAKES_PARAMS = (STARTED, RESTARTED, RUN)
MAX_VALUE = 1024  # characters of a parameter's value
_PARAM_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_THE_GATE = ("wait_interval", "wait_timeout", "stable_for", "check_nodes", "exception_grace")


class OrderOptions(NamedTuple):
    """Checked options.

    :ivar goal: one of ``GOALS``.
    :ivar names: the jobs, each once.
    :ivar left_alone: for RESTORED: jobs that did not run before, with the state that they had.
    :ivar params: parameters of the job, as text.
    :ivar use_execution_user: None where the service decides.
    :ivar policy: the options of the gate that waits, for real-time jobs. Without ``wait`` its time limit holds for the orders.
    """

    goal: str
    names: Tuple[str, ...]
    left_alone: Dict[str, Optional[str]]
    params: Dict[str, str]
    use_execution_user: Optional[bool]
    wait: bool
    missing: str
    policy: Policy


def order_options(params: Mapping[str, Any]) -> OrderOptions:
    """The options of a task.

    :raises OptionError: an option is unusable, or two contradict each other.
    """
    goal = text(params.get("state"))
    if goal not in GOALS:
        raise OptionError("state", f"must be one of {', '.join(GOALS)}")
    names = tuple(
        dict.fromkeys(gate_options.check_name("names", name) for name in gate_options.items(params.get("names")))
    )
    left_alone: Dict[str, Optional[str]] = {}
    before = params.get("before")
    if goal == RESTORED:
        names, left_alone = _ran_before(before, names)
    elif before is not None and before != []:
        raise OptionError("before", f"has a meaning only with state={RESTORED}")
    elif not names:
        raise OptionError("names", "no job is given; give the name of a job, or a list of names")
    missing = text(params.get("missing")) or MISSING_FAIL
    if missing not in MISSING_CHOICES:
        raise OptionError("missing", f"must be one of {', '.join(MISSING_CHOICES)}")
    wait = True if params.get("wait") is None else boolean("wait", params["wait"])
    return OrderOptions(
        goal=goal,
        names=names,
        left_alone=left_alone,
        params=_job_params(params.get("job_params"), goal),
        use_execution_user=_use_execution_user(params.get("use_execution_user"), goal),
        wait=wait,
        missing=missing,
        policy=_policy(params),
    )


def _policy(params: Mapping[str, Any]) -> Policy:
    policy = gate_options.policy({"wait": True, **{name: params.get(name) for name in _OF_THE_GATE}})
    if not policy.timeout:
        raise OptionError(
            "wait_timeout", "must be above 0, because orders take time; wait=false does not wait for their effect"
        )
    return policy


def _ran_before(before: Any, names: Tuple[str, ...]) -> Tuple[Tuple[str, ...], Dict[str, Optional[str]]]:
    """The jobs in ``before`` that ran, and the others with their states.

    :param names: if given, only these jobs count.
    """
    if not isinstance(before, (list, tuple)):
        raise OptionError(
            "before", f"is needed with state={RESTORED}; give what a task with state=stopped returned as before"
        )
    ran: Dict[str, None] = {}
    others: Dict[str, Optional[str]] = {}
    for item in before:
        name = text(item.get("name")) if isinstance(item, Mapping) else None
        if name is None or "status" not in item:
            raise OptionError(
                "before", "must be a list of dictionaries with name and status, as this module returns it"
            )
        gate_options.check_name("before", name)
        state = known_state(item["status"])
        if state in RUNNING_STATES:
            ran[name] = None
        else:
            others[name] = state
    both = sorted(ran.keys() & others.keys())
    if both:
        raise OptionError("before", f"names {printable(both[0], 60)!r} twice, once as running and once as not running")
    unknown = [name for name in names if name not in ran and name not in others]
    if unknown:
        raise OptionError("names", f"{printable(unknown[0], 60)!r} is not in before")
    if names:
        return tuple(name for name in ran if name in names), {name: others[name] for name in others if name in names}
    return tuple(ran), others


def _job_params(given: Any, goal: str) -> Dict[str, str]:
    if given is None or given == {} or given == "":
        return {}
    if goal not in TAKES_PARAMS:
        raise OptionError("job_params", f"has no meaning with state={goal}")
    if not isinstance(given, Mapping):
        raise OptionError("job_params", "must be a dictionary of names and values")
    return {_param_name(name): _param_value(name, value) for name, value in given.items()}


def _param_name(name: Any) -> str:
    if not _PARAM_NAME.fullmatch(str(name)):
        problem = "is not the name of a parameter; names have letters, digits, dashes and underscores, 64 at most"
        raise OptionError("job_params", f"{printable(name, 60)!r} {problem}")
    return str(name)


def _param_value(name: Any, value: Any) -> str:
    """A value as text: the service takes nothing else. It may be secret, so no message contains it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise OptionError("job_params", f"the value of {name} must be text or a number")
    if len(str(value)) > MAX_VALUE:
        raise OptionError("job_params", f"the value of {name} is longer than {MAX_VALUE} characters")
    return str(value)


def _use_execution_user(given: Any, goal: str) -> Optional[bool]:
    if given is None or given == "":
        return None
    if goal != RUN:
        raise OptionError("use_execution_user", f"has a meaning only with state={RUN}")
    return boolean("use_execution_user", given)
