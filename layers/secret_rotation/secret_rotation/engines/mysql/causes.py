"""What the errors of MySQL and of the network mean, and what to do. They begin in lower case, to follow a colon.

`{...}` stands for a statement, or the beginning of one, that `remedies` makes for the user of the message.
Source: MySQL Error Message Reference.
"""

from collections.abc import Mapping

_NO_PLUGIN = "the account's authentication plugin is not loaded in the server. Load it, or: {set_password}"
REJECTED = (
    "It says the same where there is no such account, or none for {address}; where another account is nearer to that "
    "address, for the most specific host wins; and where the account wants a client certificate (REQUIRE X509, ISSUER "
    "or SUBJECT){or_tls}. As an administrator: {accounts} shows the accounts."
)
OR_TLS = ', or wants TLS (REQUIRE SSL), which "ssl": false in the secret forgoes'
REFUSED: Mapping[int, str] = {
    1044: "the user may not use database {database}, or there is none of that name. {grant_database} as an "
    "administrator, with what else the user needs there, or correct 'dbname' in the secret. {own}",
    1049: "there is no database {database}. Create it, or correct 'dbname' in the secret.",
    1102: "database {database} is no name that MySQL allows. Correct 'dbname' in the secret.",
    1130: "the server has no account of any user for {address}. Create one there, or for a network that it is in: "
    "{create} {own}",
    1251: "the account's authentication plugin needs another client. {set_password}",
    1524: _NO_PLUGIN,
    1698: "the account does not log in by password. {set_password}",
    1862: "the password is right but has expired, and the server lets nobody in to change it. {set_password}",
    2059: "the account's authentication plugin is none of those whose passwords MySQL keeps, but one as for IAM, PAM, "
    "LDAP or auth_socket. So there is no password to rotate, and none was sent. If there is to be one: {set_password}",
    2061: "without TLS the server asked for the password in a form that others could read; nothing was sent. So it is "
    "with accounts of sha256_password, and of IAM, PAM and LDAP, which have no password that MySQL keeps. "
    'Remove "ssl": false from the secret.',
    3118: "the account is locked. If that is not on purpose: {unlock}",
    3955: "the account is locked after too many failed logins (FAILED_LOGIN_ATTEMPTS). Find who fails, then: {unlock}",
}

_AGAIN = "Secrets Manager tries again by itself."
_CLOSED = (
    "the server, or something on the way, closed the connection. If it is not just restarting: check 'host' and 'port' "
    "in the secret, the security groups, and the server's log."
)
_MEMORY = (
    "the server closed the connection because of a limit to its memory. Raise connection_memory_limit or "
    "global_connection_memory_limit."
)
NOT_MYSQL = "what answers there is no MySQL server. Check 'host' and 'port' in the secret."
CLOSED_IN_TLS = "during the TLS handshake " + _CLOSED
UNREACHABLE: Mapping[int, str] = {
    1040: "the server has too many connections. Close some, or raise max_connections.",
    1053: f"the server is shutting down. {_AGAIN}",
    1129: "the server blocks {address} after too many interrupted connections. As an administrator: TRUNCATE TABLE "
    "performance_schema.host_cache; If it comes again, raise max_connect_errors.",
    1135: "the server cannot start another thread: it is short of memory.",
    1203: "the user has too many connections. Close some, or raise the server's max_user_connections.",
    2006: "the connection broke.",
    2013: _CLOSED,
    3032: "the server is in offline mode. If that is not on purpose: SET GLOBAL offline_mode = OFF;",
    3159: 'the server wants TLS (require_secure_transport). Remove "ssl": false from the secret.',
    3168: f"the server is starting or shutting down. {_AGAIN}",
    3169: f"somebody ended the session (KILL). {_AGAIN}",
    **dict.fromkeys((4081, 4082), _MEMORY),
}

LIMITS: Mapping[str, str] = {
    "max_questions": "MAX_QUERIES_PER_HOUR",
    "max_updates": "MAX_UPDATES_PER_HOUR",
    "max_connections_per_hour": "MAX_CONNECTIONS_PER_HOUR",
    "max_user_connections": "MAX_USER_CONNECTIONS",
}
"""What the server calls the limits of an account, and what ALTER USER does."""
_GONE = "what it takes away is gone already: somebody else changed the account. Rotate again."
_MISSING = (
    "a table, column or routine does not exist. Where it was dropped, a right on it is left: REVOKE that, then rotate "
    "again."
)
_READ_ONLY = "the server is in read-only mode. The host must be the writer."
_DAMAGED = "the grant tables are damaged, or of another version than the server. Let MySQL upgrade them "
STATEMENT: Mapping[int, str] = {
    1041: "the server is out of memory.",
    **dict.fromkeys((1054, 1146, 1305), _MISSING),
    1114: "the server's disk is full.",
    **dict.fromkeys((1141, 1147, 1403), _GONE),
    1153: "it is longer than the server allows. Raise max_allowed_packet.",
    1184: "the server ended the session, which it does where its init_connect fails. SELECT @@GLOBAL.init_connect; "
    "shows that statement: correct it, or: SET GLOBAL init_connect = '';",
    1193: "the server does not know one of its variables. It is older than MySQL 8.0, or no MySQL.",
    1205: "another session holds a lock on the grant tables, or on the whole server, as a backup does. "
    "SELECT DISTINCT processlist_id, processlist_user FROM performance_schema.metadata_locks JOIN "
    "performance_schema.threads ON thread_id = owner_thread_id WHERE lock_status = 'GRANTED' AND "
    "(object_type IN ('GLOBAL', 'COMMIT', 'BACKUP LOCK') OR object_schema = 'mysql'); shows the sessions that may be "
    "it: end its transaction, then rotate again.",
    1213: "it came into conflict with another session. Rotate again.",
    1226: "the account has used up one of its resource limits, {limit}. Close sessions of the user. As an "
    "administrator, FLUSH USER_RESOURCES; begins anew to count what is counted by the hour; to lift the limit: {lift}",
    1290: "the server runs with --read-only or --super-read-only (or --skip-grant-tables): it is a replica or a "
    "reader. The host must be the writer.",
    1317: "the statement was interrupted by somebody.",
    1396: "the account does not exist any more, or another run has just created it. Rotate again.",
    1470: "a user name has at most 32 characters.",
    1524: _NO_PLUGIN,
    1558: f"{_DAMAGED}(--upgrade=FORCE).",
    1792: "the session's transactions may only read. SET GLOBAL transaction_read_only = OFF; then rotate again.",
    1805: f"{_DAMAGED}(--upgrade=FORCE).",
    1819: "the password does not satisfy the policy of the component validate_password. Set PASSWORD_LENGTH and the "
    "EXCLUDE_ variables of the function to what the policy asks for; then remove the label AWSPENDING, so that a new "
    "password is drawn, and rotate again.",
    1820: "the password has expired, and must be changed before anything else.",
    **dict.fromkeys((1836, 1874), _READ_ONLY),
    3024: "the server ended the statement because it took too long.",
    3058: "it waits for a lock whose holder waits for this session. Rotate again.",
    3164: "a plugin of the server's, such as an audit log or a firewall, does not allow it.",
    3523: "a role that it names does not exist any more. Rotate again.",
    3638: "the account had the password before, and may not have it again (PASSWORD HISTORY, PASSWORD REUSE INTERVAL): "
    "an earlier attempt set it, and somebody has set another one since. Remove the label AWSPENDING, so that a new "
    "password is drawn, and rotate again.",
    3878: "the account has an empty password, which cannot be kept as the old one.",
    3891: "the password that was to be replaced is not the account's primary one.",
    3892: "the account must name its current password to change it (PASSWORD REQUIRE CURRENT).",
    3894: "the old password cannot be kept while the authentication plugin changes.",
    3895: "the account's authentication plugin keeps no old password.",
    4006: "the account is the definer of a view, a routine, a trigger or an event, which would be left without one. "
    "Give those another definer: information_schema.VIEWS, ROUTINES, TRIGGERS and EVENTS have them in DEFINER.",
    4165: "the password has too many characters in common with the old one. Lower "
    "validate_password.changed_characters_percentage; or remove the label AWSPENDING, so that a new password is drawn, "
    "and rotate again.",
}
PASSWORD_REFUSED = frozenset({1819, 3638, 4165})
"""The server refuses this very password, and would take another one."""
DENIED: Mapping[int, str] = dict.fromkeys(
    (1044, 1045, 1142, 1143, 1227, 1370, 1410, 1698),
    "the user that is logged in lacks a privilege for it.",
)
NETWORK: Mapping[type[OSError], str] = {
    ConnectionRefusedError: "nothing listens there. Check 'host' and 'port' in the secret, and that the database runs.",
    ConnectionError: _CLOSED,
    OSError: "the network cannot reach it. Check the subnets' routes.",
}
LOST = frozenset({0, 1053, 1152, 1158, 1159, 1160, 1161, 2006, 2013, 2014, 2027, 3169, 4031, 4081, 4082})
