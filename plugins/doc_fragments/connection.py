# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for endpoints, credentials and HTTP requests."""

from __future__ import annotations


class ModuleDocFragment:
    """Options for endpoints, credentials and HTTP requests."""

    DOCUMENTATION = r"""
options:
  auth_type:
    description:
      - How to authenticate.
      - V(auto) checks three sources in this order and uses the first one with credentials - the task, including
        C(module_defaults), then the environment variables, then the credentials file. Within a source a token comes
        before an access key, an access key before a user name with its password, and that before an identity provider
        (O(idp_id)).
      - V(aksk) uses only access keys, from the same three sources, and ignores other credentials.
      - V(token) uses only a token, and V(password) only a user name with its password, from the task or else from
        the environment. The file cannot contain them.
      - V(ecs_agency) uses the temporary access key that the metadata service provides to a cloud server with an
        agency. The module must run on such a server. V(auto) never uses it.
      - V(oidc) uses only an identity provider and an ID token, from the task or else from the environment. It is available
        since version 2.0.0.
      - With any type except V(auto), it is an error if the task sets only credentials of another type.
      - B(All credentials come from one source) and are never combined from two, because an access key that is sent
        with a wrong secret or token six times in a row is locked for minutes. For example, an access key in the task
        is not combined with a secret key or a security token from the environment.
      - Spaces and a pair of quotes around a value are removed, in options, variables and the file.
      - An incomplete set in a source, such as O(access_key) without O(secret_key), is an error that names the missing
        option, even if another set is complete.
    type: str
    choices:
      - auto
      - aksk
      - token
      - password
      - ecs_agency
      - oidc
    default: auto
  access_key:
    description:
      - Access key ID (AK). Requires O(secret_key).
      - If the task sets no credentials, E(HW_ACCESS_KEY) is used, or else E(HUAWEICLOUD_SDK_AK). The two families of
        variables (E(HW_ACCESS_KEY), E(HW_SECRET_KEY), E(HW_SECURITY_TOKEN), and E(HUAWEICLOUD_SDK_AK),
        E(HUAWEICLOUD_SDK_SK), E(HUAWEICLOUD_SDK_SECURITY_TOKEN)) are not mixed. If a variable of the first family is
        set, the second family is ignored.
    type: str
  secret_key:
    description:
      - Secret access key (SK) of O(access_key).
      - If the task sets no credentials, E(HW_SECRET_KEY) or E(HUAWEICLOUD_SDK_SK) is used.
    type: str
  security_token:
    description:
      - Security token of a temporary O(access_key). Omit it for a permanent access key.
      - If the task sets no credentials, E(HW_SECURITY_TOKEN) or E(HUAWEICLOUD_SDK_SECURITY_TOKEN) is used.
    type: str
  auth_token:
    description:
      - IAM token for the project, as IAM returns it in the header C(X-Subject-Token). A token is valid for at most 24
        hours.
      - If the task sets no credentials, E(HW_AUTH_TOKEN) is used.
    type: str
  username:
    description:
      - Name of an IAM user. Requires O(password) and O(domain_name). The module requests a token from IAM with them.
      - If the task sets no credentials, E(HW_USER_NAME) is used.
    type: str
  password:
    description:
      - Password of O(username).
      - If the task sets no credentials, E(HW_USER_PASSWORD) is used.
    type: str
  domain_name:
    description:
      - Name of the account (IAM calls it domain) of O(username). Without O(username) it is ignored.
      - If the task sets no credentials, E(HW_DOMAIN_NAME) is used.
    type: str
  credentials_file:
    description:
      - File with an access key, in the format of the vendor's SDK. It is an INI file with a section C([basic]) that
        contains C(ak) and C(sk), and optionally C(security_token), C(project_id) and C(iam_endpoint). The last two
        are used only together with the key of the file, and only if O(project_id) and O(endpoints.iam) are not set.
      - It must be a regular file with UTF-8 text. A byte order mark and any line endings are accepted.
      - The path is on the host where the module runs.
      - A file that is set here counts as credentials of the task. It is used before the environment variables, but
        after O(access_key), O(auth_token) and O(username).
      - If not set, E(HUAWEICLOUD_SDK_CREDENTIALS_FILE) is used, or else C(~/.huaweicloud/credentials). In both cases
        the file is read only if neither the task nor the environment sets credentials.
      - Only for O(auth_type=auto) and O(auth_type=aksk).
    type: path
  idp_id:
    description:
      - ID of the identity provider in IAM that trusts the issuer of the ID token, or its URN
        C(iam::ACCOUNT_ID:oidcProvider:NAME). Requires O(id_token) or O(id_token_file). A CI job then needs no stored
        access key.
      - Without O(assume_role_agency), IAM exchanges the ID token for a temporary access key of the project. The rules of the
        provider decide on its permissions.
      - With O(assume_role_agency) and O(assume_role_domain_id), the security token service (STS) exchanges the ID token for a
        temporary access key of the agency, which must trust the provider.
      - If the task sets no credentials, E(HW_ASSUME_ROLE_IDP_ID) is used, or else E(HUAWEICLOUD_SDK_IDP_ID), or else
        E(HUAWEICLOUD_OIDC_PROVIDER_URN). The three families of variables are not mixed. The last one has an agency of its
        own, E(HUAWEICLOUD_OIDC_AGENCY_URN).
    type: str
    version_added: 2.0.0
  id_token:
    description:
      - ID token (a JWT) that the CI system has issued for the job. It is valid for some minutes only, so prefer
        O(id_token_file) for gates that wait for long. Requires O(idp_id).
      - If the task sets no credentials, E(HW_ASSUME_ROLE_ID_TOKEN) is used, or else E(HUAWEICLOUD_OIDC_ID_TOKEN).
    type: str
    version_added: 2.0.0
  id_token_file:
    description:
      - File with the ID token, on the host where the module runs. It is read again each time that the temporary access key is
        renewed. Requires O(idp_id), and replaces O(id_token).
      - If the task sets no credentials, E(HW_ASSUME_ROLE_ID_TOKEN_FILE) is used, or else
        E(HUAWEICLOUD_SDK_ID_TOKEN_FILE), or else E(HUAWEICLOUD_OIDC_TOKEN_FILE).
    type: path
    version_added: 2.0.0
  assume_role_agency:
    description:
      - Name of an agency of another account that is assumed with the credentials, or its URN
        C(iam::ACCOUNT_ID:agency:NAME). Requires O(assume_role_domain) or O(assume_role_domain_id), unless it is a URN.
      - O(project_id), O(project_name) and the workspace are then those of the other account. C(project_id) in a credentials
        file is not used.
      - With an access key or an ID token and the ID of the account, the security token service (STS) is asked. If it does not
        exist in the region, and in all other cases, IAM is asked.
      - The temporary access key is renewed before it expires, while other requests continue. If that fails, the present key is
        used as long as it is valid.
      - "If the task sets no agency, E(HW_ASSUME_ROLE_AGENCY_NAME) is used. Like the credentials, the agency comes from the
        first place that has one: its environment variables are ignored if the task sets credentials."
    type: str
    version_added: 2.0.0
  assume_role_domain:
    description:
      - Name of the account (IAM calls it domain) that O(assume_role_agency) belongs to. Mutually exclusive with
        O(assume_role_domain_id).
      - If the task sets no agency, E(HW_ASSUME_ROLE_DOMAIN_NAME) is used.
    type: str
    version_added: 2.0.0
  assume_role_domain_id:
    description:
      - ID of the account that O(assume_role_agency) belongs to. Mutually exclusive with O(assume_role_domain).
      - If the task sets no agency, E(HW_ASSUME_ROLE_DOMAIN_ID) is used.
    type: str
    version_added: 2.0.0
  assume_role_duration:
    description:
      - Seconds for which a temporary access key of O(assume_role_agency) is valid, from 900 to 86400. With
        O(assume_role_domain_id) it is at most 43200, and at most 3600 if the agency is assumed with a temporary access key.
      - If the task sets no agency, E(HW_ASSUME_ROLE_DURATION) is used; if neither is set, 3600.
    type: int
    version_added: 2.0.0
  region:
    description:
      - Region, such as V(cn-north-4) or V(eu-west-101). The endpoints of the services are derived from it.
      - Required, unless O(endpoints) sets every endpoint that is used and O(project_id) or O(project_name) is set.
      - If not set, E(HW_REGION_NAME) is used.
    type: str
  cloud:
    description:
      - Domain of the cloud, the last part of its host names.
      - If not set, E(HW_CLOUD) is used; else it is V(myhuaweicloud.eu) for regions whose name starts with
        V(eu-west-1), V(otc.t-systems.com) for V(eu-de) and V(eu-nl), and V(myhuaweicloud.com) for all others.
    type: str
  project_id:
    description:
      - ID of the project that the jobs belong to. Setting it is recommended.
      - If not set, E(HW_PROJECT_ID) is used, or else E(HUAWEICLOUD_SDK_PROJECT_ID), or else C(project_id) in the
        credentials file if the credentials come from there.
      - If none of these is set, the ID is looked up in IAM by O(project_name). This takes one request and requires an
        IAM permission that not every user has. With O(username) no lookup is needed, because the token contains the
        project.
    type: str
  project_name:
    description:
      - Name of the project. Used only if O(project_id) is not known.
      - If not set, E(HW_PROJECT_NAME) is used, or else the name of the O(region), which is the name of the region's
        default project.
    type: str
  endpoints:
    description:
      - Base URLs that replace those derived from O(region) and O(cloud), for private clouds, gateways or tests. Set
        only those that differ.
      - A URL must start with V(https://). V(http://) is allowed only for hosts on the loopback interface
        (V(localhost), V(127.0.0.1), V(::1)), because credentials would be sent unencrypted.
      - A URL may contain a port and a path, but no user name, password, query or fragment.
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
          - Base URL of IAM. It may end in C(/v3). IAM is used only to get a token, a temporary access key or the project's
            ID.
          - If not set, E(HW_IAM_ENDPOINT) is used, or else E(HW_AUTH_URL).
        type: str
      studio:
        description:
          - Base URL of DataArts Studio, which is used only to look up a workspace by its name.
          - If not set, E(HW_DATAARTS_STUDIO_ENDPOINT) is used, or else the base URL that is set for C(dataarts).
          - It cannot be derived for V(otc.t-systems.com).
        type: str
        version_added: 2.0.0
      sts:
        description:
          - Base URL of the security token service (STS), which is used only for O(assume_role_agency).
          - If not set, E(HW_STS_ENDPOINT) is used.
          - It is derived for V(myhuaweicloud.com) only. In other clouds IAM is used instead.
        type: str
        version_added: 2.0.0
  validate_certs:
    description:
      - Whether to verify the server's TLS certificate. With V(false) the credentials may be sent to any server that
        responds, and the module prints a warning.
      - If not set, the negation of E(HW_INSECURE) is used. If neither is set, certificates are verified.
    type: bool
  ca_path:
    description:
      - File (or directory created by C(c_rehash)) with the CA certificates to trust instead of the default ones, on
        the host where the module runs.
      - If not set, E(HW_CACERT) is used, or else E(REQUESTS_CA_BUNDLE), or else E(CURL_CA_BUNDLE).
    type: path
  client_cert:
    description:
      - File with a client certificate (PEM) for servers that require one, on the host where the module runs. It may
        also contain the private key.
    type: path
  client_key:
    description:
      - File with the private key of O(client_cert), if it is not in that file. The key must not be encrypted.
    type: path
  proxy:
    description:
      - Proxy for all requests. It is a URL such as V(http://proxy.example.com:3128). E(NO_PROXY) is then ignored. No
        proxy is used for endpoints on the loopback interface.
      - If not set, the environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY) are used, in
        upper or lower case.
      - No proxy is used for the metadata service of O(auth_type=ecs_agency).
    type: str
  request_timeout:
    description:
      - Time limit in seconds for one request, from sending it until the whole response is received. Must be greater
        than 0.
    type: float
    default: 30
  retries:
    description:
      - Maximum number of retries of a request, from 0 to 100. Requests are retried if the service throttles (HTTP
        429), after HTTP 502, 503 or 504, and if the connection fails or times out.
      - The delay increases with each retry. C(Retry-After) is respected. Other errors are not retried. Rejected
        credentials are never retried, because that would lock the access key.
      - If not set, E(HW_MAX_RETRIES) is used; if neither is set, 4.
    type: int
  requests_per_second:
    description:
      - Maximum number of requests per second that this task sends, evenly spaced. V(0) means no limit.
      - DataArts Factory allows 30 requests per second for all requests of a user. Use a lower value if several tasks
        or hosts send requests at the same time.
    type: float
    default: 20
requirements:
  - python >= 3.9
  - requests
notes:
  - Environment variables, files and the Python package C(requests) are those of the host where the module runs. Most
    playbooks run it on the controller, with C(delegate_to=localhost) or on the host V(localhost).
  - A relative path, in an option or in a variable, is relative to the directory of the playbook if the module runs on
    the controller (for a playbook of a collection, to a directory of the collection), usually to the home directory of
    the login user on other hosts, and to the working directory for the inventory plugin. Use absolute paths to avoid
    differences.
  - E(HW_RECORD) records the responses without any name of the account, for reports. E(HW_REQUEST_LOG) writes a line for
    each request to a file; C(-vvv) shows these lines.
  - In lists, spaces around items and empty items are removed, and an empty list counts as not set. An empty string
    counts as not set in every option that takes any text.
  - Redirects are not followed, and C(~/.netrc) is not read. After credentials are rejected (HTTP 401, or the gateway's
    codes 0301 and 0307), no further request is sent with them. Credentials that can be renewed (from IAM with a
    password, from the file, from an agency, with an ID token) are renewed once.
  - A rejection is stored for five minutes for this user on this machine, as a salted digest in the directory
    C(datagate-huaweicloud) in E(XDG_CACHE_HOME) or C(~/.cache), so that other tasks, hosts and runs do not lock the
    access key. Other credentials, including a corrected secret, are used immediately.
"""
