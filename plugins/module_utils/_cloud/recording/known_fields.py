# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The fields of the APIs: what kind of value each of them holds, from the vendor's pages.

Field names are compared in lower case and without ``_`` and ``-``, because services spell them in several ways.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, List

from ..._states import BATCH_ONLY, DLI_STATES, FLINK_STATES, INSTANCE_STATES, REAL_TIME_STATES, SPARK_STATES


def word_set(words: str) -> FrozenSet[str]:
    """The words of a text."""
    return frozenset(words.split())


# Kinds of values. What becomes of a value of each kind is in anonymizer.py.
JOB, NODE, TAG, USER, QUEUE, PROJECT, NAME = "job", "node", "tag", "user", "queue", "project", "name"
ID, PATH, TIME, TEXT, JSON_TEXT, SECRET = "id", "path", "time", "text", "json", "secret"
STATE, TYPE, CODE, MESSAGE, VERSION, NUMBER = "state", "type", "code", "message", "version", "number"
NAMES = (JOB, NODE, TAG, USER, QUEUE, PROJECT, NAME)

_FIELDS: Dict[str, str] = {
    JOB: "jobName jobInstanceName job_name job dependJobs sameWorkSpaceJobs otherWorkSpaceJobs",
    NODE: "nodeName preNodeName",
    TAG: "tags job_tags",
    USER: (
        "owner ownerName createUser lastUpdateUser lastModifiyUser lastModifyUser updateUser executeUser proxyUser userName"
        " agency agencyName domainName groups roles"
    ),
    QUEUE: "queueName queue clusterName",
    PROJECT: "projectName region regionId",
    NAME: (
        "name databaseName dbName tableName mainClass smnTopic image feature resourceName workSpace workspaceName streamName"
        " appName location"
    ),
    ID: (
        "id ids jobId jobIds instanceId jobInstanceId projectId parentId workspaceId userId domainId requestId resourceId orderId"
        " epsId appId app batchId jobGroup rootId rootJobId urn providerUrn assumedAgency agencyUrn subjectFromIdToken"
        " downstreamJobId traceId"
    ),
    PATH: (
        "path directory logPath checkpointPath savepointPath dataPath resultPath executionDetailsPath jobLogLocationName"
        " badRecordLocationName obsBucket channel file self next previous"
    ),
    TIME: (
        "createTime startTime endTime lastInstanceEndTime lastUpdateTime planTime submitTime submissionTime updateTime expireTime"
        " expiresAt issuedAt expiration start end date"
    ),
    JSON_TEXT: "runningData extendCounter detail userConf reqBody executionGraph",
    SECRET: (
        "access secret accessKey accessKeyId secretKey secretAccessKey securityToken token password idToken authorization"
        " signature credential"
    ),
    STATE: "status state lastInstanceStatus instanceStatus jobStatus",
    TYPE: (
        "type jobType jobTypes nodeType processType instanceType singleNodeJobType eventType intervalType kind scType jobMode"
        " paramType failPolicy readPolicy dependFailPolicy dependPeriod cleanWaitingJob engineType runMode checkpointMode"
        " exportMode retryLocation retryTaskVersion jobParamVersion dataType methods resourceType resourceSpecCode format"
        " resultFormat compress order priorityType"
    ),
    CODE: "errorCode code",
    MESSAGE: "errorMsg message msg errorMessage statusDesc title reason",
    VERSION: "version flinkVersion sparkVersion resourceConfigVersion",
    NUMBER: (
        "total totalCount totalPage count jobCount progress priority speed bufferRecords totalPutRecords totalGetRecords"
        " totalPutBytes totalGetBytes numTasks numActiveTasks numCompletedTasks numFailedTasks numKilledTasks numSkippedTasks"
        " numActiveStages numCompletedStages numFailedStages numSkippedStages numCompletedIndices stageIds subJobId duration"
        " durationSeconds executeTime exeTime restartTimes resultCount inputRowCount badRowCount inputSize outputByte cpuCost"
        " records corruptedRecords totalReadRate totalWriteRate retryTimes retryInterval maxExecutionTime pollingInterval"
        " instanceTimeout cleanOverdueDays concurrent emptyRunningJob checkpointInterval cuNumber parallelNumber"
        " managerCuNumber resumeMaxNum memberNum from offset limit size page pageSize currentPage isDefault workSpaceMode"
        " successCount failCount runningCount waitingCount forceSuccessCount ignoreSuccessCount freezeCount manualStopCount"
        " pauseCount skipCount runningExceptionCount waitingConfirmCount isIgnoreWaiting x y tmSlot tmCus"
    ),
    TEXT: (
        "desc description statement sql sqlBody log value key expression expressionTimeZone delimiter quoteChar escapeChar"
        " dateFormat timestampFormat conditions entrypointArgs taskWorkGroupId maskedParams sqlPattern"
    ),
}
# The states and instance states of all services. They stay even if a job has such a name.
STATES = frozenset(
    (
        *(*REAL_TIME_STATES, *BATCH_ONLY, *INSTANCE_STATES, *DLI_STATES, *FLINK_STATES, *SPARK_STATES),
        # Other spellings, and states of things that are not jobs.
        *(
            "STARTTING",
            "FINISH",
            "CANCELED",
            "SUCCEEDED",
            "Success",
            "job_idle",
            "job_submiting",
            "force-success",
            "ignore-success",
        ),
        *("UNKNOWN", "COMPUTED", "SUSPENDED", "ACTIVE", "DELETED", "CREATING"),
    )
)
# Fields that hold an object, a list of objects or a truth value.
_STRUCTURE = (
    "jobs nodes subJobs jobList jobDetail jobConfig jobParams params properties schedule cron event eventTrigger cronTrigger"
    " basicConfig customFields instances taskRetrys sessions metrics sources sinks data commodityOrders errors error links"
    " project projects domain domains user credential credentials assumeRole scope catalog flinkJobInfo alarms downstreamJobs"
    " isSuccess singleNodeJobFlag forceSuccess ignoreSuccess hasSavepoint withColumnHeader checkpointEnabled"
    " restartWhenException resumeCheckpoint logEnabled graphEditorEnabled ignoreObsMonitor billingCheck isDomain enabled"
    " dependPrePeriod execTimeOutRetry useExecutionUser fields getJobSubmitVersion dependencies showDetail nocatalog"
    " requireManualConfirmBeforeExecute encrypt"
)
# What "name" means within each of these fields; elsewhere it is the name of a job in an answer of DataArts Factory or DLI.
NAME_WITHIN = {
    "nodes": NODE,
    "projects": PROJECT,
    "project": PROJECT,
    "user": USER,
    "domain": USER,
    "domains": USER,
    "data": NAME,
    "properties": NAME,
    "params": NAME,
    "jobparams": NAME,
    "sources": NAME,
    "sinks": NAME,
    "fields": NAME,
}

# Types with blanks. Those without are recognised by their form.
NODE_TYPES = frozenset(
    (
        "CDM Job",
        "CS Job",
        "Create OBS",
        "DIS Stream",
        "DIS Transfer Task",
        "DLI SQL",
        "DLI Spark",
        "DWS SQL",
        "Data Quality Monitor",
        "Delete OBS",
        "Hive SQL",
        "MRS Flink Job",
        "MRS Hive SQL",
        "MRS Kafka",
        "MRS Spark",
        "MRS Spark SQL",
        "OBS Manager",
        "RDS SQL",
        "REST Client",
        "Spark SQL",
        "Sub Job",
    )
)


def field_key(name: str) -> str:
    """The form in which field names are compared."""
    return name.replace("_", "").replace("-", "").lower()


FIELD_KINDS: Dict[str, str] = {field_key(name): kind for kind, names in _FIELDS.items() for name in names.split()}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(name: str) -> List[str]:
    return [word.lower() for word in _WORD.findall(name)]


_ALL_NAMES = [name for names in (*_FIELDS.values(), _STRUCTURE) for name in names.split()]
_KNOWN_KEYS: FrozenSet[str] = frozenset(map(field_key, _ALL_NAMES))
# An unknown field consists of such words. Words that are likely in names of jobs are not among them.
_FIELD_WORDS = word_set(
    "active actual at attempt begin by bytes code completed count create current delay desc description detail duration end error"
    " exec execute expire fail failed finish flag has id ids in index info instance is job jobs killed last latest limit list log"
    " max message min mode msg name new next node nodes num number of old offset path percent plan previous progress project"
    " queue rate reason record records region request result retry run running schedule size skipped stage stages start state"
    " status sub submit success task tasks time times total type update updated url user version wait waiting workspace"
)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def is_known_field(name: str) -> bool:
    """Whether an object's key is the name of a field of the APIs."""
    return field_key(name) in _KNOWN_KEYS


def is_field_name(name: str) -> bool:
    """Whether an object's key is the name of a field: a known one, or one that consists of words of field names.

    Any other key may be data, such as the name of a job, because some objects have names as keys.
    """
    if not _IDENTIFIER.fullmatch(name):
        return False
    return is_known_field(name) or all(word in _FIELD_WORDS for word in _words(name))
