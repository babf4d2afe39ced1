#!/usr/bin/env python3
"""Real drivers and tools against a server: psycopg2, psycopg, asyncpg, pg8000, SQLAlchemy, DBD::Pg,
pg_dump with psql as the way back, and the small tools. Each client is one process of its own
(sessions/*), given the connection in PG* variables; it passes when it ends with status 0, and is not
there when it ends with status 77, having said what it misses. These run where they are installed:
    python3-django libpostgresql-jdbc-java default-jdk-headless ruby-pg ruby-activerecord php-cli
    php-pgsql adminer odbc-postgresql python3-pyodbc pgcli pgbouncer; pg, pg-cursor, postgres,
    sequelize, typeorm and reflect-metadata from npm (NODE_PATH); Go and cargo, with their modules and
    crates in reach

test/clients/run.py [--oracle] [--server host:port] [client ...]
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402

# Sessions that are known not to pass yet, with what stands in the way (docs/roadmap.md). They run when
# they are named.
KNOWN_GAPS = {}
# Debian's drivers belong to Debian's interpreter.
INTERPRETERS = {".py": ["/usr/bin/python3"], ".pl": ["/usr/bin/perl"], ".sh": ["/bin/bash"],
                ".rb": ["/usr/bin/ruby"], ".php": ["/usr/bin/php"], ".js": ["node"],
                ".java": ["java", "-cp", "/usr/share/java/postgresql.jar"]}
NOT_INSTALLED = 77


def missing(kind):
    """What a session of this kind can't start without, or nothing."""
    if not shutil.which(INTERPRETERS[kind][0]):
        return os.path.basename(INTERPRETERS[kind][0])
    if kind == ".java" and not (shutil.which("javac") and os.path.exists(INTERPRETERS[kind][2])):
        return "a JDK with libpostgresql-jdbc-java"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*")
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--server")
    parser.add_argument("--preset", default="release")
    args = parser.parse_args()
    try:
        if args.server:
            server = servers.RemoteServer(args.server)
        elif args.oracle:
            server = servers.PostgresServer().start()
        else:
            server = servers.LumaServer(args.preset, environment={"TZ": "UTC"}).start()
    except servers.StartFailed as error:
        print(error)
        print("0 passed, 1 failed")
        sys.exit(1)
    passed = failed = 0
    with server:
        for path in sorted(glob.glob(os.path.join(HERE, "sessions", "*"))):
            name, kind = os.path.splitext(os.path.basename(path))
            if kind not in INTERPRETERS or (args.clients and name not in args.clients):
                continue
            if name in KNOWN_GAPS and not args.clients and not args.oracle:
                print(f"{name}: not run, {KNOWN_GAPS[name]}")
                continue
            if missing(kind):
                print(f"{name}: not run, {missing(kind)} is not installed")
                continue
            database = "client_" + re.sub(r"\W", "_", name).lower()
            try:
                if not server.running():
                    server.start()
                with server.connect() as control:
                    control.execute(f"drop database if exists {database}")
                    if control.execute(f"create database {database}")[0].failed:
                        database = "postgres"
                done = subprocess.run(INTERPRETERS[kind] + [path], capture_output=True, text=True,
                                      timeout=120, env=server.environment(database), check=False)
                ok, text = done.returncode == 0, done.stdout + done.stderr
                if done.returncode == NOT_INSTALLED:
                    print(f"{name}: not run, {text.strip()}")
                    continue
            except subprocess.TimeoutExpired:
                ok, text = False, "did not end within 120 s"
            except (libpq.ConnectionLost, servers.StartFailed) as error:
                ok, text = False, f"{error}; log: {server.log_tail()}"
            print(f"{name}: {'passed' if ok else 'failed'}", flush=True)
            if not ok:
                print("    " + text.strip()[-2500:].replace("\n", "\n    "))
            passed, failed = passed + ok, failed + (not ok)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
