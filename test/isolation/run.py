#!/usr/bin/env python3
"""Interleavings over several real connections, compared with what PostgreSQL 15 did.

A case file (cases/*.txt) is a list of cases; a case is a name, the levels it runs at, a setup and
steps `T1> statement`. Every step is sent and given time: it answers, or it blocks and answers after
a later step (`T1>> statement` waits for its answer however long it takes). The recording
(expected/*.txt) has for every level what each step answered and when; expected/lumadb.txt has the
few cases where LumaDB answers differently and is as right, each with its reason.

test/isolation/run.py [--record | --oracle] [--server host:port] [case file ...]
"""

import argparse
import glob
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402

LEVELS = {"rc": "read committed", "rr": "repeatable read", "ser": "serializable"}
ANSWER_S, BLOCKED_S = 10.0, 0.3


def read_cases(path):
    cases, case = [], None
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("case "):
                case = {"name": line[5:].strip(), "levels": ["rc", "rr", "ser"], "setup": [],
                        "steps": []}
                cases.append(case)
            elif line.startswith("levels "):
                case["levels"] = line[7:].split()
            elif line.startswith("setup "):
                case["setup"].append(line[6:])
            else:
                session, _, sql = line.partition("> ")
                case["steps"].append((session, sql))  # "T1>" as a session: wait
    return cases


def render(results):
    out = []
    for result in results:
        if result.failed:
            out.append(f"ERROR {result.sqlstate}")
        elif result.rows or result.columns:
            rows = sorted(",".join("NULL" if v is None else v for v in row)
                          for row in result.rows)
            out.append(f"{result.tag} [{' '.join(rows)}]")
        else:
            out.append(result.tag)
    return "; ".join(out)


class Interleaving:
    def __init__(self, server, case, level, expected, oracle):
        self.server, self.case, self.level = server, case, level
        self.expected, self.oracle = expected, oracle
        self.sessions, self.waiting = {}, []
        self.lines = []

    def session(self, name):
        if name not in self.sessions:
            connection = self.server.connect()
            connection.run("set default_transaction_isolation = '" + LEVELS[self.level] + "'")
            self.sessions[name] = connection
        return self.sessions[name]

    def expects(self, number, text):
        """What the recording says of this step, so that waiting is only as long as it must be."""
        if self.expected is None:
            return None
        return any(line.startswith(f"{number} ") and line.split(" ", 2)[2].startswith(text)
                   for line in self.expected)

    def is_blocked(self, connection):
        """On the oracle: whether the server says that it waits for a lock."""
        return self.control.value("select wait_event_type = 'Lock' from pg_stat_activity where "
                                  f"pid = {connection.backend_pid()}") == "t"

    def answered(self, number, connection, first):
        if self.oracle:
            deadline = time.monotonic() + ANSWER_S
            while time.monotonic() < deadline:
                if connection.ready(0.02):
                    return True
                if self.is_blocked(connection):
                    time.sleep(0.05)  # not just passing through
                    if self.is_blocked(connection):
                        return connection.ready(0)
            return False
        if first:
            patience = BLOCKED_S if self.expects(number, "blocks") else ANSWER_S
        else:
            patience = BLOCKED_S
        return connection.ready(patience)

    def finish_waiting(self, after):
        """Steps that blocked and can go on now, in the order in which they began to wait."""
        progress = True
        while progress:
            progress = False
            for entry in list(self.waiting):
                number, name = entry
                due = self.expected is not None and \
                    f"{number} {name} unblocked after {after}: " in "\n".join(self.expected)
                connection = self.sessions[name]
                ready = connection.ready(ANSWER_S) if due and not self.oracle else \
                    self.answered(number, connection, False)
                if ready:
                    self.waiting.remove(entry)
                    self.lines.append(f"{number} {name} unblocked after {after}: "
                                      + render(connection.fetch(ANSWER_S)))
                    progress = True

    def run(self):
        with self.server.connect() as control:
            self.control = control
            for sql in self.case["setup"]:
                for result in control.execute(sql):
                    if result.failed:
                        self.lines.append(f"0 setup ERROR {result.sqlstate} {result.message}")
            try:
                for number, (name, sql) in enumerate(self.case["steps"], 1):
                    self.step(number, name, sql)
                for number, name in self.waiting:
                    self.lines.append(f"{number} {name} never answered")
            except (libpq.ConnectionLost, libpq.TimedOut) as error:
                self.lines.append(f"connection lost: {error}")
            finally:
                for connection in self.sessions.values():
                    if connection.transaction_status() == "active":
                        connection.cancel()
                    connection.close()
        return self.lines

    def step(self, number, name, sql):
        if any(n == name.rstrip(">") for _, n in self.waiting):
            self.lines.append(f"{number} {name} skipped: still waiting")
            return
        patient, name = name.endswith(">"), name.rstrip(">")
        connection = self.session(name)
        connection.send(sql)
        if (patient and connection.ready(ANSWER_S)) or self.answered(number, connection, True):
            self.lines.append(f"{number} {name} {render(connection.fetch(ANSWER_S))}")
        else:
            self.lines.append(f"{number} {name} blocks")
            self.waiting.append((number, name))
        self.finish_waiting(number)


def read_expected(path):
    expected, current = {}, None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.rstrip("\n")
                if line.startswith("case "):
                    current = expected.setdefault(line[5:], [])
                elif line and not line.startswith("#"):
                    current.append(line)
    return expected


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--oracle", action="store_true")
    parser.add_argument("--server")
    parser.add_argument("--preset", default="release")
    args = parser.parse_args()
    files = args.files or sorted(glob.glob(os.path.join(HERE, "cases", "*.txt")))
    try:
        if args.server:
            server = servers.RemoteServer(args.server)
        elif args.record or args.oracle:
            server = servers.PostgresServer().start()
        else:
            server = servers.LumaServer(args.preset).start()
    except servers.StartFailed as error:
        print(error)
        print("0 passed, 1 failed")
        sys.exit(1)
    passed = failed = 0
    alternatives = read_expected(os.path.join(HERE, "expected", "lumadb.txt"))
    with server:
        for path in files:
            recorded_path = os.path.join(HERE, "expected", os.path.basename(path))
            expected = {} if args.record else read_expected(recorded_path)
            out = []
            for case in read_cases(path):
                for level in case["levels"]:
                    key = f"{case['name']} at {LEVELS[level]}"
                    wanted = None if args.record else expected.get(key, [])
                    try:
                        lines = Interleaving(server, case, level, wanted,
                                             args.record or args.oracle).run()
                    except (libpq.ConnectionLost, libpq.ServerError) as error:
                        lines = [f"connection lost: {error}"]
                    out.append(f"case {key}\n" + "".join(line + "\n" for line in lines))
                    if args.record or lines in (wanted, alternatives.get(key)):
                        passed += 1
                        continue
                    failed += 1
                    print(f"{os.path.relpath(path)}: {key}")
                    steps = dict(enumerate(case["steps"], 1))
                    for line in wanted:
                        if line not in lines:
                            print(f"    - {line}")
                    for line in lines:
                        if line not in wanted:
                            number = line.split(" ")[0]
                            step = steps.get(int(number)) if number.isdigit() else None
                            print(f"    + {line}" + (f"    <- {step[1]}" if step else ""))
            if args.record:
                os.makedirs(os.path.dirname(recorded_path), exist_ok=True)
                with open(recorded_path, "w", encoding="utf-8") as file:
                    file.write("\n".join(out))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
