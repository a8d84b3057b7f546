# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The vendor's documentation of responses: the fields of each object with their types, and the types of nodes.

The gate does not use these tables, because it accepts more than is documented. They show where a cloud differs from the pages.
"""

from __future__ import annotations

from typing import Dict

TEXT, NUMBER, BOOLEAN, LIST, OBJECT = "text", "number", "boolean", "list", "object"
Fields = Dict[str, str]

LISTED_JOB: Fields = {
    "name": TEXT,
    "jobType": TEXT,
    "owner": TEXT,
    "priority": NUMBER,
    "status": TEXT,
    "createUser": TEXT,
    "createTime": NUMBER,
    "startTime": NUMBER,
    "endTime": NUMBER,
    "lastInstanceStatus": TEXT,
    "lastInstanceEndTime": NUMBER,
    "lastUpdateTime": NUMBER,
    "lastUpdateUser": TEXT,
    "path": TEXT,
    "singleNodeJobFlag": BOOLEAN,
    "flinkJobInfo": OBJECT,
    "alarms": LIST,
}
JOB_STATUS: Fields = {
    "name": TEXT,
    "status": TEXT,
    "startTime": NUMBER,
    "endTime": NUMBER,
    "lastUpdateTime": NUMBER,
    "createUser": TEXT,
    "lastModifiyUser": TEXT,  # spelt so by the service
    "nodes": LIST,
}
NODE: Fields = {
    "name": TEXT,
    "status": TEXT,
    "type": TEXT,
    "logPath": TEXT,
    "lastInstanceStatus": TEXT,
    "speed": NUMBER,
    "runningData": TEXT,
    "extendCounter": TEXT,
    "bufferRecords": NUMBER,
    "jobInstanceId": NUMBER,
    "totalGetBytes": NUMBER,
    "totalGetRecords": NUMBER,
    "totalPutBytes": NUMBER,
    "totalPutRecords": NUMBER,
}
DLI_PROGRESS: Fields = {
    "is_success": BOOLEAN,
    "message": TEXT,
    "job_id": TEXT,
    "status": TEXT,
    "sub_job_id": NUMBER,
    "progress": NUMBER,
    "sub_jobs": LIST,
}
DLI_SUB_JOB: Fields = {
    "id": NUMBER,
    "name": TEXT,
    "description": TEXT,
    "submission_time": TEXT,
    "completion_time": TEXT,
    "stage_ids": LIST,
    "job_group": TEXT,
    "status": TEXT,
    "num_tasks": NUMBER,
    "num_active_tasks": NUMBER,
    "num_completed_tasks": NUMBER,
    "num_skipped_tasks": NUMBER,
    "num_failed_tasks": NUMBER,
    "num_killed_tasks": NUMBER,
    "num_completed_indices": NUMBER,
    "num_active_stages": NUMBER,
    "num_completed_stages": NUMBER,
    "num_skipped_stages": NUMBER,
    "num_failed_stages": NUMBER,
    "killed_tasks_summary": OBJECT,
}
DLI_STATUS: Fields = {
    "is_success": BOOLEAN,
    "message": TEXT,
    "job_id": TEXT,
    "job_type": TEXT,
    "job_mode": TEXT,
    "queue_name": TEXT,
    "owner": TEXT,
    "start_time": NUMBER,
    "duration": NUMBER,
    "status": TEXT,
    "input_row_count": NUMBER,
    "bad_row_count": NUMBER,
    "input_size": NUMBER,
    "result_count": NUMBER,
    "database_name": TEXT,
    "table_name": TEXT,
    "with_column_header": BOOLEAN,
    "detail": TEXT,
    "statement": TEXT,
    "tags": LIST,
    "user_conf": TEXT,
    "result_path": TEXT,
    "result_format": TEXT,
    "execution_details_path": TEXT,
}
# Names that some clouds use in place of a documented one.
OTHER_NAMES = {"nodeType": "type"}
# The list of the vendor's page, and the types in its examples.
NODE_TYPES = frozenset(
    (
        "CDM Job",
        "CS Job",
        "CloudTable Manager",
        "Create OBS",
        "DIS Transfer Task",
        "DLI SQL",
        "DWS SQL",
        "Delete OBS",
        "ExecuteCloudStream",
        "ExecuteDISStream",
        "Hive SQL",
        "MRS Spark",
        "MapReduce",
        "OBS Manager",
        "RESTAPI",
        "SMN",
        "Shell",
        "Spark SQL",
    )
)
