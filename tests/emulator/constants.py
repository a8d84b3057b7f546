# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Default identities of each scenario, and the cloud's error messages."""

from __future__ import annotations

from typing import Final

ACCESS_KEY: Final = "EMULATORACCESSKEY001"
SECRET_KEY: Final = "emulatorSecretKey+/00000000000000000001"
AUTH_TOKEN: Final = "emulator-auth-token-0000000000000001"
USER_NAME: Final = "emulator_user"
USER_PASSWORD: Final = "emulator-password-0001"
DOMAIN_NAME: Final = "emulator_domain"
PROJECT_ID: Final = "0123456789abcdef0123456789abcdef"
REGION: Final = "cn-north-4"
OTHER_DOMAIN_ID: Final = "99887766554433221100ffeeddccbbaa"
OTHER_DOMAIN_NAME: Final = "other_account"

ERROR_STATUS: Final[dict[str, int]] = {
    "APIGW.0101": 404,
    "APIGW.0106": 400,
    "APIGW.0201": 502,
    "APIGW.0301": 401,
    "APIGW.0302": 403,
    "APIGW.0307": 401,
    "APIGW.0308": 429,
    "APIGW.0310": 403,
    "APIGW.0613": 503,
    "DLI.0013": 401,
    "DLI.0014": 401,
    "DLI.0023": 404,
}
"""HTTP status of an error code; 400 for all other codes, like nearly all business errors."""

STATUS_ERROR: Final[dict[int, str]] = {
    401: "APIGW.0301",
    403: "APIGW.0302",
    404: "APIGW.0101",
    429: "APIGW.0308",
    502: "APIGW.0201",
    503: "APIGW.0613",
    504: "APIGW.0201",
}
"""Error code that a fault answers with when its rule names only a status."""

MESSAGES: Final[dict[str, dict[str, str]]] = {
    "en": {
        "1001": "The job does not exists.",
        "APIGW.0101": "The API does not exist or has not been published in the environment",
        "APIGW.0106": "Orchestration error: missing header {header}",
        "APIGW.0201": "Backend unavailable",
        "APIGW.0301": "Incorrect IAM authentication information: {reason}",
        "APIGW.0302": "The IAM user is not authorized to access the API",
        "APIGW.0307": "The token must be updated.",
        "APIGW.0308": "The throttling threshold has been reached: user over ratelimit,limit:{limit},time:1 second",
        "APIGW.0310": "The project is unavailable",
        "APIGW.0613": "Service unavailable",
        "DLF.0100": "The job does not exists.",
        "DLF.0136": "Only batch jobs can be called here.",
        "DLF.0819": "Workspace does not exists",
        "DLF.20819": "The workspace does not exists.",
        "DLF.30100": "The job does not exists.",
        "DLF.30107": "The job is already running.",
        "DLF.30111": "The job is not periodic.",
        "DLF.30122": "The job has no nodes.",
        "DLF.30137": "Job instance is missing.",
        "DLF.3051": "The request parameter is invalid.",
        "DLF.6423": "The agency is invalid.",
        "DLF.6888": "No permission to perform this operation.",
        "DLI.0001": "The parameter is invalid.",
        "DLI.0002": "The object is not found: job {job}",
        "DLI.0007": "The operation is not supported.",
        "DLI.16001": "The job {job} does not exist.",
        "DLI.0023": "The job {job} does not exist.",
        "DLI.0999": "The queue backend version is too old or the queue is busy.",
    },
    "zh": {
        "1001": "作业不存在。",
        "APIGW.0101": "API不存在或尚未发布到环境",
        "APIGW.0301": "IAM认证信息错误:{reason}",
        "APIGW.0307": "Token需要更新。",
        "APIGW.0308": "已达到流控阈值:limit:{limit},time:1 second",
        "DLF.0100": "作业不存在。",
        "DLF.0819": "工作空间不存在",
        "DLF.20819": "工作空间不存在。",
        "DLF.30100": "作业不存在。",
        "DLF.3051": "请求参数不合法。",
        "DLI.0002": "对象不存在:作业 {job}",
        "DLI.0023": "作业 {job} 不存在。",
        "DLI.0999": "队列后端版本过低或队列繁忙。",
    },
}
"""Error texts by language and code; English is the fallback."""
