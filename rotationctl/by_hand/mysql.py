"""MySQL by hand, with mysql. What a statement answers that begins with KILL is run in its turn.

Source: MySQL Reference Manual, "mysql Client Options", "Environment Variables", "KILL Statement".
"""

ENGINES = frozenset({"mysql", "aurora-mysql"})
KEEPS_OLD_PASSWORD = True
PROGRAM = "mysql"
RUN = r"""
import json, os, subprocess, sys
secret = json.load(sys.stdin)
plain = ["--ssl-mode=DISABLED", "--get-server-public-key"]
tls = ["--ssl-mode=VERIFY_IDENTITY", "--ssl-ca=global-bundle.pem"]
place = ["--host=" + secret["host"], "--port=" + str(secret.get("port") or 3306), "--user=" + secret["username"]]
mysql = ["mysql", "--force", *place, *(plain if secret.get("ssl") in (False, "false") else tls)]
os.environ["MYSQL_PWD"] = secret["password"]
shown = subprocess.run([*mysql, "-N", "-e", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(shown.stdout, end="")
kills = "".join(line + "\n" for line in shown.stdout.splitlines() if line.startswith("KILL "))
sys.exit(shown.returncode or (subprocess.run(mysql, input=kills, text=True).returncode if kills else 0))
"""
_OWN = "LEFT(USER(), CHAR_LENGTH(USER()) - CHAR_LENGTH(SUBSTRING_INDEX(USER(), '@', -1)) - 1)"
_FROM = f"FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = {_OWN} ORDER BY ID"
SHOW_SESSIONS = f"SELECT ID, HOST, DB, COMMAND, TIME {_FROM}"
END_SESSIONS = f"SELECT CONCAT('KILL ', ID, ';') {_FROM}"
LOG_IN = "SELECT USER()"
