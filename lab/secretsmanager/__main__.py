"""Serve until standard input ends: ``python -m lab.secretsmanager [PORT]`` prints its URL."""

import sys

from lab.secretsmanager.server import LocalSecretsManager

if __name__ == "__main__":
    with LocalSecretsManager(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as manager:
        print(manager.endpoint_url, flush=True)
        sys.stdin.read()
