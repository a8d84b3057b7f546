# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What HTTP statuses and error codes mean, as tables.

The codes and their meaning are those of the DataArts Factory, DLI and API Gateway pages of the vendor.
"""

from __future__ import annotations

import re
from typing import Optional

# The kind of an error: what it means for the caller.
DENIED = "denied"  # not with these credentials, this permission
MISSING = "missing"  # the requested object does not exist
PERMANENT = "permanent"  # another request cannot help: wrong host, unknown workspace, bad parameter
TRANSIENT = "transient"  # another request may help
UNREACHED = "unreached"  # the deadline came first; nothing is known about the requested object

NO_PERMISSION = "DLF.6888"
BAD_PARAMETER = "DLF.3051"
ALREADY_RUNNING = "DLF.30107"
_DATAARTS_CODES = {
    "DLF.0100": MISSING,
    "DLF.30100": MISSING,
    "1001": MISSING,
    "DLF.0819": PERMANENT,
    "DLF.20819": PERMANENT,
    "DLF.0137": MISSING,
    "DLF.30137": MISSING,
    BAD_PARAMETER: PERMANENT,
    NO_PERMISSION: DENIED,
    # Answers to orders.
    "DLF.0136": PERMANENT,
    "DLF.1006": PERMANENT,
    "DLF.2014": PERMANENT,
    "DLF.3004": PERMANENT,
    "DLF.3018": PERMANENT,
    "DLF.3025": PERMANENT,
    "DLF.6423": PERMANENT,
    ALREADY_RUNNING: PERMANENT,
    "DLF.30109": PERMANENT,
    "DLF.30111": PERMANENT,
    "DLF.30117": PERMANENT,
    "DLF.30118": PERMANENT,
    "DLF.30119": PERMANENT,
    "DLF.30122": PERMANENT,
}
_DLI_CODES = {
    "DLI.0002": MISSING,
    "DLI.0023": MISSING,
    "DLI.0013": DENIED,
    "DLI.0014": DENIED,
    "DLI.0999": TRANSIENT,
}
SERVICE_CODES = {"dataarts": _DATAARTS_CODES, "dli": _DLI_CODES}

# The gateway uses several prefixes for codes of the same meaning.
_GATEWAY = re.compile(r"(?:APIGW|APIG|APIC)\.([0-9]{4})")
# REFUSED: the signature or token is wrong. CLOCK: the date of the signature is wrong. They count with any status.
REFUSED = ("0301", "0307")
CLOCK = "0303"
THROTTLED_CODE = "0308"
GATEWAY_CODES = {
    "0101": PERMANENT,
    "0106": PERMANENT,
    "0201": TRANSIENT,
    "0301": DENIED,
    "0302": DENIED,
    "0303": DENIED,
    "0307": DENIED,
    "0308": TRANSIENT,
    "0310": DENIED,
    "0613": TRANSIENT,
}

# What to check, by code; gateway codes are without their prefix.
HINTS = {
    "DLF.0819": "check workspace (HW_DATAARTS_WORKSPACE_ID) and project_id",
    "DLF.20819": "check workspace (HW_DATAARTS_WORKSPACE_ID) and project_id",
    BAD_PARAMETER: "the service refuses a parameter; check names, tags and page_size",
    "DLF.0136": "start a real-time job with state=started",
    "DLF.1006": "add a node to the job, and submit it",
    "DLF.2014": "check the type of the job",
    "DLF.3025": "correct the schedule of the job, and submit it",
    "DLF.6423": "choose a valid agency in the settings of the job or of the workspace",
    "DLF.30109": "check job_params and the definition of the job",
    "DLF.30111": "run the job once with state=run, or give it a schedule",
    "DLF.30117": "check job_params and the definition of the job",
    "DLF.30118": "look at the nodes of the job, and stop it again later",
    "DLF.30119": "wait a minute, and stop the job again",
    "DLF.30122": "add a node to the job, and submit it",
    NO_PERMISSION: "the user lacks the permission for DataArts Factory in this workspace",
    "DLI.0999": "the queue is busy or its back end too old",
    "0101": "wrong host or path; check region, cloud and endpoints",
    "0106": "a header is missing; check what a proxy in between removes",
    "0302": "the user or its address is not allowed to call this API, or project_id is another account's",
    "0303": "this host's clock differs by more than 15 minutes from the server's; set it right",
    "0307": "the token is outdated; get a new one",
    "0310": "the user or its address is not allowed to call this API",
}


def normalize_code(code: Optional[str]) -> str:
    """A code in the form of these tables; services differ in case and blanks."""
    return (code or "").strip().upper()


def is_known_code(code: Optional[str]) -> bool:
    """Whether the meaning of a code is known, of DataArts Factory or of the gateway."""
    return normalize_code(code) in _DATAARTS_CODES or gateway_number(code) in GATEWAY_CODES


def gateway_number(code: Optional[str]) -> Optional[str]:
    """The four digits of a gateway code, or None for any other code."""
    match = _GATEWAY.fullmatch(normalize_code(code))
    return match.group(1) if match else None


def refuses_key(status: Optional[int], code: Optional[str]) -> bool:
    """Whether an answer refuses the key or token itself, so that nothing more may be sent with it.

    A missing permission and a wrong clock do not count.
    """
    number = gateway_number(code)
    return number in REFUSED or (status == 401 and number != CLOCK)


def classify(service: str, status: Optional[int], code: Optional[str]) -> str:
    """The kind of an error answer. The HTTP status determines which codes are trusted.

    A refusal counts with any status. Otherwise a server in trouble (429, 5xx) says nothing about a job, and only HTTP 400 and
    404 can mean that the job is missing. An unknown business code with HTTP 400 is TRANSIENT: the cause may go away, and the
    gate limits the number of retries.
    """
    number, name = gateway_number(code), normalize_code(code)
    if status in (401, 403) or number in (*REFUSED, CLOCK) or name == NO_PERMISSION:
        return DENIED
    if status is None or status == 429 or status >= 500 or status < 300:
        return TRANSIENT
    if status < 400:
        return PERMANENT
    known = SERVICE_CODES.get(service, {}).get(name) or GATEWAY_CODES.get(number or "")
    if known and (known != MISSING or status in (400, 404)):
        return known
    return PERMANENT if status in (404, 405, 406, 410, 414, 415, 431) else TRANSIENT
