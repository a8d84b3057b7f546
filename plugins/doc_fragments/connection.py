# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for where the cloud is, who asks, and how requests are sent."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for where the cloud is, who asks, and how requests are sent."""

    DOCUMENTATION = r"""
options:
  auth_type:
    description:
      - How to authenticate.
      - V(auto) looks at three places, one after the other, and uses the first one that holds any credentials. First
        what the task gives, C(module_defaults) included; then the environment variables; then the credentials file.
        Within a place a token comes before an access key, and an access key before a user name with its password.
      - V(aksk) uses only access keys, from the same three places. What is set of other kinds besides is not looked
        at.
      - V(token) and V(password) use only a token, or only a user name with its password, from the task or else from
        the environment. They are never in the file.
      - V(ecs_agency) uses the temporary access key that the metadata service gives to a cloud server with an agency.
        It works only where the module runs on such a server, and V(auto) never tries it.
      - With any type but V(auto) it is an error if the task gives only credentials of another kind.
      - B(Credentials come whole from one place) and are never put together from two, because an access key that is
        sent with a wrong secret or a wrong token six times in a row is locked for minutes. An access key in the task
        is not completed by a secret key or a security token in the environment.
      - Spaces and a pair of quotes around a value are dropped, in options, variables and the file.
      - Half a set in a place, such as O(access_key) without O(secret_key), is an error that names the missing half.
        It is an error even where another set would be complete.
    type: str
    choices:
      - auto
      - aksk
      - token
      - password
      - ecs_agency
    default: auto
  access_key:
    description:
      - Access key ID (AK). It needs O(secret_key) beside it.
      - When the task gives no credentials, E(HW_ACCESS_KEY) is used, or else E(HUAWEICLOUD_SDK_AK). The variables of
        the two families (E(HW_ACCESS_KEY), E(HW_SECRET_KEY), E(HW_SECURITY_TOKEN), and E(HUAWEICLOUD_SDK_AK),
        E(HUAWEICLOUD_SDK_SK), E(HUAWEICLOUD_SDK_SECURITY_TOKEN)) are not mixed. As soon as one of the first family is
        set, only that family counts.
    type: str
  secret_key:
    description:
      - Secret access key (SK) of O(access_key).
      - When the task gives no credentials, E(HW_SECRET_KEY) or E(HUAWEICLOUD_SDK_SK) is used.
    type: str
  security_token:
    description:
      - Security token of a temporary O(access_key). Leave it out for a permanent one.
      - When the task gives no credentials, E(HW_SECURITY_TOKEN) or E(HUAWEICLOUD_SDK_SECURITY_TOKEN) is used.
    type: str
  auth_token:
    description:
      - IAM token for the project, as IAM returns it in the header C(X-Subject-Token). Such a token lives for 24 hours
        at most.
      - When the task gives no credentials, E(HW_AUTH_TOKEN) is used.
    type: str
  username:
    description:
      - Name of an IAM user. It needs O(password) and O(domain_name) beside it. A token is requested with them from
        IAM.
      - When the task gives no credentials, E(HW_USER_NAME) is used.
    type: str
  password:
    description:
      - Password of O(username).
      - When the task gives no credentials, E(HW_USER_PASSWORD) is used.
    type: str
  domain_name:
    description:
      - Name of the account (IAM calls it domain) that O(username) belongs to. Alone it is no credential and does no
        harm.
      - When the task gives no credentials, E(HW_DOMAIN_NAME) is used.
    type: str
  credentials_file:
    description:
      - File with an access key, in the format of the vendor's SDK. It is INI text with a section C([basic]) that
        holds C(ak) and C(sk), and where needed C(security_token), C(project_id) and C(iam_endpoint). The latter two
        are used only together with the key beside them, and only where O(project_id) and O(endpoints.iam) are not
        given.
      - It must be a regular file with UTF-8 text; a byte order mark and any line ends are fine.
      - The path is one on the host where the module runs.
      - A file that is named here counts as credentials that the task gives. It is used before the environment
        variables, but after O(access_key), O(auth_token) and O(username).
      - Without this option, E(HUAWEICLOUD_SDK_CREDENTIALS_FILE) names the file. It is C(~/.huaweicloud/credentials)
        if that is not set either. In both cases the file is read only when neither the task nor the environment gives
        credentials.
      - Only for O(auth_type=auto) and O(auth_type=aksk).
    type: path
  region:
    description:
      - Region, such as V(cn-north-4) or V(eu-west-101). The hosts of the services follow from it.
      - It is needed unless O(endpoints) names every host that is used and O(project_id) or O(project_name) is given.
      - If not set, E(HW_REGION_NAME) is used.
    type: str
  cloud:
    description:
      - Domain of the cloud, the last part of its host names.
      - If not set, E(HW_CLOUD) is used; else it is V(myhuaweicloud.eu) for regions whose name starts with
        V(eu-west-1), and V(myhuaweicloud.com) for all others.
    type: str
  project_id:
    description:
      - ID of the project that the jobs belong to. Giving it is the surest way.
      - If not set, E(HW_PROJECT_ID) is used, or else E(HUAWEICLOUD_SDK_PROJECT_ID), or else C(project_id) in the
        credentials file if the credentials come from there.
      - If it is nowhere, it is looked up in IAM by O(project_name). This takes one request and a permission in IAM
        that not every user has. With O(username) no look-up is needed, because the token names its project.
    type: str
  project_name:
    description:
      - Name of the project. It counts only where O(project_id) is not known.
      - If not set, E(HW_PROJECT_NAME) is used, or else the name of the O(region), which is what the default project
        of a region is called.
    type: str
  endpoints:
    description:
      - Base URLs to be used in place of those that follow from O(region) and O(cloud), for private clouds, gateways
        or tests. Give only those that differ.
      - A URL starts with V(https://). V(http://) is refused unless the host is on the loopback interface
        (V(localhost), V(127.0.0.1), V(::1)), because credentials would be sent in the clear.
      - A URL may hold a port and a path, but no user name, password, query or fragment.
    type: dict
    suboptions:
      dataarts:
        description:
          - Base URL of DataArts Factory, without the API's version.
          - If not set, E(HW_DATAARTS_ENDPOINT) is used.
        type: str
      dli:
        description:
          - Base URL of Data Lake Insight, without the API's version.
          - If not set, E(HW_DLI_ENDPOINT) is used.
        type: str
      iam:
        description:
          - Base URL of IAM. It may end in C(/v3). IAM is asked only for a token or for the project's ID.
          - If not set, E(HW_IAM_ENDPOINT) is used, or else E(HW_AUTH_URL).
        type: str
  validate_certs:
    description:
      - Whether to check that the server's TLS certificate is genuine. V(false) hands the credentials to whoever
        answers, and a warning says so.
      - If not set, E(HW_INSECURE) is used, which means the opposite. V(true) there is V(false) here. If neither is
        set, certificates are checked.
    type: bool
  ca_path:
    description:
      - File (or folder made by C(c_rehash)) with the certificates of the authorities to trust in place of the usual
        ones, on the host where the module runs.
      - If not set, E(HW_CACERT) is used, or else E(REQUESTS_CA_BUNDLE), or else E(CURL_CA_BUNDLE).
    type: path
  client_cert:
    description:
      - File with a client certificate (PEM) for servers that ask for one, on the host where the module runs. It may
        hold the private key as well.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert), if it is not in that file. The key must not be encrypted.
    type: path
  proxy:
    description:
      - Proxy for all requests, as a URL such as V(http://proxy.example.com:3128). What E(NO_PROXY) says is not looked
        at then. An endpoint on the loopback interface is asked without a proxy all the same.
      - If not set, the usual variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) count, in upper or
        lower case.
      - The metadata service of O(auth_type=ecs_agency) is never asked through a proxy.
    type: str
  request_timeout:
    description:
      - Seconds for one request, from sending it until the whole answer is there. It must be above 0.
    type: float
    default: 30
  retries:
    description:
      - How often a request is sent again when the service throttles (HTTP 429), when HTTP 502, 503 or 504 comes back,
        or when the connection breaks or no answer comes in time. From 0 to 100.
      - The pauses grow. Where the service says how long to wait (C(Retry-After)), that is kept to. Other errors are
        not retried, and refused credentials never, because further tries would lock the access key.
      - If not set, E(HW_MAX_RETRIES) is used; if neither is set, 4.
    type: int
  requests_per_second:
    description:
      - Most requests that this task sends in a second, evenly spaced. V(0) is no limit.
      - DataArts Factory allows 30 requests per second to a user, over everything that this user does at the time.
        Lower the value where several tasks or hosts ask at once.
    type: float
    default: 20
requirements:
  - python >= 3.9
  - requests
notes:
  - Environment variables, files and the Python package C(requests) are those of the host where the module runs. Most
    playbooks run it on the controller, with C(delegate_to=localhost) or on the host V(localhost).
  - A relative path, in an option or in a variable, begins in the folder of the playbook where a module runs on the
    controller (with a playbook out of a collection that is a folder of the collection), mostly in the home of the
    user who logs in where it runs elsewhere, and in the working directory for the inventory plugin. An absolute path
    means the same everywhere.
  - In lists, spaces around items are dropped, then empty items, and an empty list counts as not given. An empty
    string counts as not given in every option that takes any text.
  - Redirects are not followed, C(~/.netrc) is not read, and nothing more is sent with credentials that were refused
    (HTTP 401, or the gateway's codes 0301 and 0307). Those that can be obtained anew when they end (from IAM with a
    password, from the file, from the agency) are renewed once.
  - A refusal is remembered for five minutes for this user on this machine, as a salted digest in the folder
    C(datagate-huaweicloud) in E(XDG_CACHE_HOME) or C(~/.cache), so that other tasks, hosts and runs do not lock the
    access key. Other credentials, a corrected secret included, are used at once.
"""
