# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The work of the module ``connection_info``: examines the connection and returns checks and findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

from .._doctor import checks, findings
from .._doctor.evidence import Evidence
from .._doctor.examination import Examination, questions
from .._doctor.exchanges import Exchanges
from .._doctor.judgement import FAIL, OK, SKIPPED, WARN
from .._errors import CredentialsError, OptionError
from .._module import Invocation

DLI = "dli"


def read(invocation: Invocation) -> Dict[str, Any]:
    """Examine the connection.

    :raises OptionError: an option cannot be used. Everything else is a result.
    """
    options = questions(invocation.params)
    try:
        connection = invocation.connection(optional=(DLI,))
    except CredentialsError as error:
        return _result(Evidence(stop=error))
    if options.dli_job_id and DLI not in connection.endpoints:
        raise OptionError(
            "dli_job_id", "needs endpoints.dli (HW_DLI_ENDPOINT) beside it where endpoints.dataarts is set"
        )
    exchanges = Exchanges()
    # Each call is one request, without retries: the first outcome is shown.
    session = invocation.open(replace(connection, retries=0), exchanges)
    try:
        return _result(Examination(session, exchanges, options).run())
    finally:
        session.close()


def _result(evidence: Evidence) -> Dict[str, Any]:
    done = checks.run(evidence)
    found = {check["result"] for check in done}
    return {
        "result": next(result for result in (FAIL, WARN, OK, SKIPPED) if result in found),
        "checks": done,
        "findings": findings.run(evidence),
        "requests": evidence.requests,
        "msg": _sentence(done, evidence.requests),
    }


def _sentence(done: List[Dict[str, str]], requests: int) -> str:
    """The result in short, with the advice of the worst checks."""
    for result, words in ((FAIL, "A gate cannot work"), (WARN, "A gate can work, with a warning")):
        found = [f"{check['name']}: {check['advice']}" for check in done if check["result"] == result]
        if found:
            return f"{words}. {'; '.join(found)}."
    return f"A gate can work, as {requests} requests show."
