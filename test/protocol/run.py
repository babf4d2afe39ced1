#!/usr/bin/env python3
"""psql and pgbench against a server: what PostgreSQL's own tools expect of the protocol.

Scripts in psql/*.sql run through psql; their output must equal psql/*.out, recorded from
PostgreSQL 15 (--record). Runs of identifiers that differ between servers are masked.

test/protocol/run.py [--record | --oracle] [--server host:port]
"""

import argparse
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402
import frames  # noqa: E402


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, ok, text=""):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok:
            print(f"{name}: failed")
            if text:
                print("    " + text.strip().replace("\n", "\n    "))


def mask(text):
    text = re.sub(r"\b[1-9][0-9]{4,9}\b", "<oid>", text)
    text = re.sub(r"psql:[^:\s]*:", "psql:", text)
    text = re.sub(r"port \"\d+\"", 'port "<port>"', text)
    text = re.sub(r"\b\d+ (bytes|kB|MB)\b", "<size>", text)
    text = re.sub(r" +\| +<size> +\|", " | <size> |", text)
    # Source locations (\errverbose) are the server's own.
    return "\n".join(line.rstrip() for line in text.split("\n")
                     if not line.startswith("LOCATION:"))


def run_psql(server, path, database):
    done = subprocess.run(["psql", "-X", "-a", "-f", path], env=server.environment(database),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=120, check=False, cwd=HERE)
    return mask(done.stdout)


def first_differences(wanted, got):
    import difflib
    lines = list(difflib.unified_diff(wanted.split("\n"), got.split("\n"), "expected", "got",
                                      lineterm="", n=1))
    return "\n".join(lines[:250])


def psql_scripts(server, checks, record):
    for path in sorted(glob.glob(os.path.join(HERE, "psql", "*.sql"))):
        name = os.path.splitext(os.path.basename(path))[0]
        database = "slt"
        with server.connect() as control:
            control.execute("drop database if exists slt")
            if control.execute("create database slt")[0].failed:
                database = "postgres"
        try:
            got = run_psql(server, path, database)
        except subprocess.TimeoutExpired:
            checks.check(f"psql {name}", False, "psql did not end within 120 s")
            continue
        recorded = os.path.join(HERE, "psql", name + ".out")
        if record:
            with open(recorded, "w", encoding="utf-8") as file:
                file.write(got)
        with open(recorded, encoding="utf-8") as file:
            wanted = file.read()
        checks.check(f"psql {name}", got == wanted, first_differences(wanted, got))


def pgbench(server, checks):
    env = server.environment()

    def run(name, *args):
        try:
            done = subprocess.run(["pgbench", *args], env=env, capture_output=True, text=True,
                                  timeout=180, check=False)
        except subprocess.TimeoutExpired:
            checks.check(name, False, "did not end within 180 s")
            return False
        failures = re.search(r"number of failed transactions: (\d+)", done.stdout)
        ok = done.returncode == 0 and (failures is None or failures[1] == "0")
        checks.check(name, ok, (done.stdout + done.stderr)[-800:])
        return ok

    if not run("pgbench -i", "-i", "-s", "1", "-q"):
        return
    for script in ("tpcb-like", "simple-update", "select-only"):
        for mode in ("simple", "extended", "prepared"):
            for clients in ("1", "8"):
                run(f"pgbench {script} {mode} {clients}", "-n", "-b", script, "-M", mode, "-c",
                    clients, "-j", "2" if clients == "8" else "1", "-t",
                    "200" if clients == "1" else "50")
    with server.connect() as c:
        rows = c.rows("select (select sum(abalance) from pgbench_accounts) = (select sum(delta) "
                      "from pgbench_history), (select sum(tbalance) from pgbench_tellers) = "
                      "(select sum(bbalance) from pgbench_branches)")
    # simple-update moves accounts but neither tellers nor branches; both agree with themselves.
    checks.check("pgbench balances agree", rows == [("t", "t")], str(rows))
    run("pgbench -i with foreign keys", "-i", "-s", "1", "-q", "--foreign-keys")
    run("pgbench -i, server-side generation", "-i", "-s", "1", "-q", "-I", "dtGvp")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--server")
    parser.add_argument("--preset", default="release")
    args = parser.parse_args()
    try:
        if args.server:
            server = servers.RemoteServer(args.server)
        elif args.record or args.oracle:
            server = servers.PostgresServer().start()
        else:
            server = servers.LumaServer(args.preset, environment={"TZ": "UTC"}).start()
    except servers.StartFailed as error:
        print(error)
        print("0 passed, 1 failed")
        sys.exit(1)
    checks = Checks()
    with server:
        for part in (lambda: psql_scripts(server, checks, args.record),
                     lambda: frames.run(server, checks),
                     lambda: pgbench(server, checks)):
            try:
                part()
            except (libpq.ConnectionLost, libpq.ServerError, libpq.TimedOut, OSError) as error:
                checks.check("server", False, f"{error}; log: {server.log_tail()}")
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
