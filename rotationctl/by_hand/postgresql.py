"""PostgreSQL by hand, with psql.

Source: PostgreSQL manual, libpq's "Environment Variables" and "Server Signaling Functions".
"""

ENGINES = frozenset({"postgres", "aurora-postgresql"})
KEEPS_OLD_PASSWORD = False
PROGRAM = "psql"
RUN = """
import json, os, sys
secret = json.load(sys.stdin)
tls = "disable" if secret.get("ssl") in (False, "false") else "verify-full"
os.environ.update(PGHOST=secret["host"], PGPORT=str(secret.get("port") or 5432), PGDATABASE="postgres", PGSSLMODE=tls)
os.environ.update(PGUSER=secret["username"], PGPASSWORD=secret["password"], PGSSLROOTCERT="global-bundle.pem")
os.environ.update({"PGDATABASE": secret["dbname"]} if secret.get("dbname") else {})
os.execvp("psql", ["psql", "-X", "-c", sys.argv[1]])
"""
# Who logs in as the user may have given it any role, and schemas whose views and functions stand in for PostgreSQL's.
_AS_ITSELF = "SET search_path = pg_catalog, pg_temp; SET ROLE NONE;"
_FROM = "FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid()"
SHOW_SESSIONS = f"{_AS_ITSELF} SELECT pid, client_addr, application_name, backend_start {_FROM}"
END_SESSIONS = f"{_AS_ITSELF} SELECT pid, pg_terminate_backend(pid, 5000) {_FROM}"
LOG_IN = "SELECT session_user"
