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
_FROM = "FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid()"
SHOW_SESSIONS = f"SET ROLE NONE; SELECT pid, client_addr, application_name, backend_start {_FROM}"
END_SESSIONS = f"SET ROLE NONE; SELECT pid, pg_terminate_backend(pid, 5000) {_FROM}"
LOG_IN = "SELECT session_user"
