#!/usr/bin/env python3
"""Two-phase commit: what the statements answer, and what is left of prepared transactions after
SIGKILL: they hold their locks again, hide their rows, and end as they are told to, any number of
restarts later. Rounds of the second part kill the server while clients prepare and finish
transactions; each transaction moves money between two accounts, so that half of one would show.

test/faults/prepared.py [--rounds 3] [--seed N] [--oracle]
--oracle runs the first part on PostgreSQL 15, which proves it right.
"""

import argparse
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402

# (session, statements, expected: rows, a command tag, or an SQLSTATE with the start of the text)
STATEMENTS = [
    ("a", "create table t(k int primary key, v text)", "CREATE TABLE"),
    ("a", "create temp table scratch(k int)", "CREATE TABLE"),
    ("a", "begin", "BEGIN"),
    ("a", "insert into t values (1, 'one'), (2, 'two')", "INSERT 0 2"),
    ("a", "prepare transaction 'first'", "PREPARE TRANSACTION"),
    ("a", "select count(*) from t", [("0",)]),
    ("a", "select gid, owner, database, transaction::text::int8 > 0 from pg_prepared_xacts",
     [("first", "postgres", "postgres", "t")]),
    ("a", "select count(*) from pg_locks where pid is null and locktype = 'relation' "
          "and relation = 't'::regclass",
     [("1",)]),
    ("b", "set lock_timeout = '50ms'", "SET"),
    ("b", "insert into t values (2, 'other')", "55P03 canceling statement due to lock timeout"),
    ("b", "lock table t in access exclusive mode nowait", "25P01 LOCK TABLE can only be used"),
    ("a", "begin", "BEGIN"),
    ("a", "commit prepared 'first'",
     "25001 COMMIT PREPARED cannot run inside a transaction block"),
    ("a", "prepare transaction 'x'", "ROLLBACK"),
    ("a", "commit prepared 'first'", "COMMIT PREPARED"),
    ("b", "select k, v from t order by k", [("1", "one"), ("2", "two")]),
    ("a", "commit prepared 'first'",
     "42704 prepared transaction with identifier \"first\" does not exist"),
    ("a", "rollback prepared 'first'",
     "42704 prepared transaction with identifier \"first\" does not exist"),
    # names
    ("a", "begin", "BEGIN"),
    ("a", "update t set v = 'changed' where k = 1", "UPDATE 1"),
    ("a", "prepare transaction 'second'", "PREPARE TRANSACTION"),
    ("a", "begin", "BEGIN"),
    ("a", "prepare transaction 'second'",
     "42710 transaction identifier \"second\" is already in use"),
    ("a", "select 1", [("1",)]),
    ("a", "begin", "BEGIN"),
    ("a", f"prepare transaction '{'x' * 200}'", "22023 transaction identifier \"xxx"),
    ("b", "select v from t where k = 1 for update nowait", "55P03 could not obtain lock on row"),
    ("b", "select v from t where k = 1", [("one",)]),
    ("a", "rollback prepared 'second'", "ROLLBACK PREPARED"),
    ("b", "select v from t where k = 1 for update", [("one",)]),
    # what cannot be prepared; all of it ends the transaction
    ("a", "begin", "BEGIN"),
    ("a", "insert into scratch values (1)", "INSERT 0 1"),
    ("a", "prepare transaction 'temp'",
     "0A000 cannot PREPARE a transaction that has operated on temporary objects"),
    ("a", "select count(*) from scratch", [("0",)]),
    ("a", "begin", "BEGIN"),
    ("a", "notify here", "NOTIFY"),
    ("a", "prepare transaction 'n'",
     "0A000 cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY"),
    ("a", "begin", "BEGIN"),
    ("a", "listen here", "LISTEN"),
    ("a", "prepare transaction 'n'",
     "0A000 cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY"),
    ("a", "begin", "BEGIN"),
    ("a", "declare c cursor with hold for select 1", "DECLARE CURSOR"),
    ("a", "prepare transaction 'c'",
     "0A000 cannot PREPARE a transaction that has created a cursor WITH HOLD"),
    ("a", "begin", "BEGIN"),
    ("a", "select pg_advisory_lock(7), pg_advisory_xact_lock(7)", [("", "")]),
    ("a", "prepare transaction 'l'", "0A000 cannot PREPARE while holding both session-level and"),
    ("a", "select pg_advisory_unlock_all()", [("",)]),
    ("a", "begin", "BEGIN"),
    ("a", "select pg_advisory_xact_lock(8)", [("",)]),
    ("a", "prepare transaction 'advisory'", "PREPARE TRANSACTION"),
    ("b", "select pg_try_advisory_lock(8)", [("f",)]),
    ("a", "rollback prepared 'advisory'", "ROLLBACK PREPARED"),
    ("b", "select pg_try_advisory_lock(8)", [("t",)]),
    # a failed transaction, none, and one that did nothing
    ("a", "begin", "BEGIN"),
    ("a", "select 1/0", "22012 division by zero"),
    ("a", "prepare transaction 'failed'", "ROLLBACK"),
    ("a", "prepare transaction 'none'", "ROLLBACK"),
    ("a", "begin", "BEGIN"),
    ("a", "prepare transaction 'empty'", "PREPARE TRANSACTION"),
    ("a", "commit prepared 'empty'", "COMMIT PREPARED"),
    # savepoints: what was rolled back is not prepared
    ("a", "begin", "BEGIN"),
    ("a", "insert into t values (3, 'three')", "INSERT 0 1"),
    ("a", "savepoint s", "SAVEPOINT"),
    ("a", "insert into t values (4, 'four')", "INSERT 0 1"),
    ("a", "rollback to s", "ROLLBACK"),
    ("a", "update t set v = 'drei' where k = 3", "UPDATE 1"),
    ("a", "delete from t where k = 2", "DELETE 1"),
    ("a", "prepare transaction 'points'", "PREPARE TRANSACTION"),
    ("b", "insert into t values (4, 'vier')", "INSERT 0 1"),
    ("b", "commit prepared 'points'", "COMMIT PREPARED"),
    ("a", "select * from t order by k", [("1", "one"), ("3", "drei"), ("4", "vier")]),
    # whose it is
    ("a", "create role two_phase", "CREATE ROLE"),
    ("a", "begin", "BEGIN"),
    ("a", "prepare transaction 'mine'", "PREPARE TRANSACTION"),
    ("b", "set role two_phase", "SET"),
    ("b", "commit prepared 'mine'", "42501 permission denied to finish prepared transaction"),
    ("b", "reset role", "RESET"),
    ("b", "rollback prepared 'mine'", "ROLLBACK PREPARED"),
    # serializable: who read what a prepared transaction writes must not commit
    ("a", "begin isolation level serializable", "BEGIN"),
    ("b", "begin isolation level serializable", "BEGIN"),
    ("a", "select count(*) from t where v = 'on call'", [("0",)]),
    ("b", "select count(*) from t where v = 'on call'", [("0",)]),
    ("a", "insert into t values (10, 'on call')", "INSERT 0 1"),
    ("a", "prepare transaction 'skew'", "PREPARE TRANSACTION"),
    ("b", "insert into t values (11, 'on call')", "40001|INSERT 0 1"),
    ("b", "commit", "40001 could not serialize access|ROLLBACK"),
    ("a", "commit prepared 'skew'", "COMMIT PREPARED"),
    ("a", "select count(*) from t where v = 'on call'", [("1",)]),
    # as many as allowed
    ("a", "begin", "BEGIN"), ("a", "prepare transaction 'g1'", "PREPARE TRANSACTION"),
    ("a", "begin", "BEGIN"), ("a", "prepare transaction 'g2'", "PREPARE TRANSACTION"),
    ("a", "begin", "BEGIN"),
    ("a", "prepare transaction 'g3'", "53200 maximum number of prepared transactions reached"),
    ("a", "rollback prepared 'g1'", "ROLLBACK PREPARED"),
    ("a", "rollback prepared 'g2'", "ROLLBACK PREPARED"),
    ("a", "drop role two_phase", "DROP ROLE"),
    ("a", "show max_prepared_transactions", [("2",)]),
]


def answer(connection, sql):
    result = connection.execute(sql)[-1]
    if result.failed:
        return f"{result.sqlstate} {result.message}"
    return [tuple(row) for row in result.rows] if result.columns else result.tag


def matches(expected, actual):
    if isinstance(expected, list):
        return expected == actual
    return isinstance(actual, str) and any(actual.startswith(e) for e in expected.split("|"))


def check_statements(server):
    connections = {name: server.connect() for name in "ab"}
    wrong = 0
    for session, sql, expected in STATEMENTS:
        actual = answer(connections[session], sql)
        if not matches(expected, actual):
            print(f"{session}> {sql}\n  expected {expected}\n  got      {actual}")
            wrong += 1
    for connection in connections.values():
        connection.close()
    return len(STATEMENTS) - wrong, wrong


ACCOUNTS, BALANCE = 20, 1000


class Mover(threading.Thread):
    """Prepares transfers and finishes most of them; keeps what it was told."""

    def __init__(self, server, number, stop, told, round_number):
        super().__init__()
        self.server, self.number, self.stop_event, self.told = server, number, stop, told
        self.round = round_number
        self.dice = random.Random(number)

    def run(self):
        try:
            with self.server.connect() as c:
                count = 0
                while not self.stop_event.is_set():
                    count += 1
                    self.move(c, f"m{self.number}.{self.round}.{count}")
        except (libpq.ConnectionLost, libpq.TimedOut):
            pass

    def move(self, c, gid):
        # Everybody has two accounts of its own, so that nobody waits for what is left prepared.
        a, b = self.number * 2, self.number * 2 + 1
        amount = self.dice.randrange(1, 50)
        c.run("begin")
        c.run(f"update account set balance = balance - {amount} where id = {a}")
        c.run(f"update account set balance = balance + {amount} where id = {b}")
        c.run(f"insert into moved values ('{gid}')")
        self.told[gid] = "maybe prepared"
        c.run(f"prepare transaction '{gid}'")
        self.told[gid] = "prepared"
        ending = self.dice.choice(["commit", "commit", "rollback"])
        self.told[gid] = "maybe " + ending
        c.run(f"{ending} prepared '{gid}'")
        self.told[gid] = ending


def check_crash(server, dice, rounds):
    with server.connect() as c:
        c.run("create table account(id int primary key, balance int not null)")
        c.run(f"insert into account select x, {BALANCE} from generate_series(0, {ACCOUNTS - 1}) x")
        c.run("create table moved(gid text primary key)")
    passed = failed = 0
    for number in range(rounds):
        stop, told = threading.Event(), {}
        movers = [Mover(server, i, stop, told, number) for i in range(ACCOUNTS // 2)]
        for mover in movers:
            mover.start()
        time.sleep(0.3 + dice.random())
        server.kill()
        stop.set()
        for mover in movers:
            mover.join(30)
        server.start()
        broken = judge(server, told, dice)
        print(f"round {number + 1}: {len(told)} transactions, "
              + ("; ".join(broken) if broken else "all as told"), flush=True)
        passed, failed = passed + (not broken), failed + bool(broken)
    return passed, failed


def judge(server, told, dice):
    broken = []
    with server.connect() as c:
        if dice.random() < 0.5:  # what is prepared outlives further crashes
            server.kill()
            server.start()
    with server.connect() as c:
        prepared = {row[0] for row in c.rows("select gid from pg_prepared_xacts")}
        moved = {row[0] for row in c.rows("select gid from moved")}
        for gid, state in told.items():
            fine = {"commit": gid in moved and gid not in prepared,
                    "rollback": gid not in moved and gid not in prepared,
                    "prepared": gid in prepared and gid not in moved,
                    "maybe prepared": gid not in moved,
                    "maybe commit": (gid in moved) != (gid in prepared),
                    "maybe rollback": gid not in moved}[state]
            if not fine:
                broken.append(f"{gid} was told {state}, is prepared: {gid in prepared}, "
                              f"committed: {gid in moved}")
        for gid in prepared:
            account = int(gid[1:].split(".")[0]) * 2
            locked = c.execute(f"select 1 from account where id = {account} for update nowait")[-1]
            if locked.sqlstate != "55P03":
                broken.append(f"{gid} has lost its locks")
            c.run(f"{dice.choice(['commit', 'rollback'])} prepared '{gid}'")
        if c.value("select sum(balance) from account") != str(ACCOUNTS * BALANCE):
            broken.append("money was lost or made")
        if c.value("select count(*) from pg_locks where pid is null") != "0":
            broken.append("locks are left")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--oracle", action="store_true")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    if args.oracle:
        with servers.PostgresServer({"max_prepared_transactions": "2"}) as server:
            server.start()
            passed, failed = check_statements(server)
    else:
        with servers.LumaServer(args.preset, options=["-c", "max_prepared_transactions=2"]) as few:
            few.start()
            passed, failed = check_statements(few)
        print(f"seed {seed}", flush=True)
        with servers.LumaServer(args.preset,
                                options=["-c", "max_prepared_transactions=100"]) as server:
            server.start()
            more = check_crash(server, random.Random(seed), args.rounds)
            passed, failed = passed + more[0], failed + more[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
