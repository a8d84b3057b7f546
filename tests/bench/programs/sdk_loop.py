# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's SDK in a plain loop: ``sdk_loop.py URL JOBS INTERVAL RESULT``. One job after the other, until each is NORMAL."""

from __future__ import annotations

import json
import os
import sys
import time

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdgc.v1 import DgcClient, ShowJobStatusRequest

from tests.bench.scenarios import names


def main() -> int:
    """Wait for all jobs; the result contains the end time."""
    url, jobs, interval, result = sys.argv[1:]
    account = [os.environ[name] for name in ("HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_PROJECT_ID")]
    client = DgcClient.new_builder().with_credentials(BasicCredentials(*account)).with_endpoint(url).build()
    begun = time.time()
    for name in names(int(jobs)):
        while client.show_job_status(ShowJobStatusRequest(job_name=name)).status != "NORMAL":
            time.sleep(float(interval))
    with open(result, "w", encoding="utf-8") as out:
        json.dump({"begun": begun, "ended": time.time(), "verdict": "PASS"}, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
