#!/usr/bin/env python3
"""Kills the server under load, again and again, and checks that it kept its word.

Every round: clients transfer money, insert rows, count, draw from a sequence, make and drop tables,
and read, while the checker keeps what the server acknowledged and what readers were told; then
SIGKILL (every fifth round SIGTERM), restart, and the checks of `verify`. The data
directory lives through all rounds.

test/faults/crash.py [--rounds 5] [--seed N] [--clients 14] [--keep]
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402

ACCOUNTS, BALANCE, TAGS, COUNTERS = 50, 1000, 17, 8
RETRY = {"40001", "40P01", "55P03"}

SCHEMA = f"""
create table accounts(id int primary key, balance bigint not null);
create table transfers(client int, n int, src int, dst int, amount int, primary key (client, n));
create table log(client int, n int, payload text unique, tag int, primary key (client, n));
create index log_tag on log(tag);
create table counters(id int primary key, v bigint not null);
create sequence numbers;
create table drawn(v bigint primary key, client int);
insert into accounts select x, {BALANCE} from generate_series(1, {ACCOUNTS}) x;
insert into counters select x, 0 from generate_series(1, {COUNTERS}) x;
"""


class Ledger:
    """What the server told the clients. Written by them, read by verify() when they are gone."""

    def __init__(self):
        self.lock = threading.Lock()
        self.transfers = {}  # (client, n) -> (src, dst, amount), acknowledged
        self.logged = {}  # (client, n) -> (payload, tag), acknowledged
        self.seen_log = collections.Counter()  # client -> largest n a reader saw
        self.counters = collections.Counter()  # id -> largest value acknowledged or read
        self.tables = {}  # name -> whether it must exist; absent while its fate is unknown
        self.numbers = set()  # all values of the sequence that anybody was told
        self.problems = []
        self.operations = 0

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def draw(self, value):
        with self.lock:
            if value in self.numbers:
                self.problems.append(f"the sequence gave {value} twice")
            self.numbers.add(value)


class Client(threading.Thread):
    def __init__(self, server, ledger, stop, number, next_n, seed):
        super().__init__(daemon=True)
        self.server, self.ledger, self.stop_flag = server, ledger, stop
        self.number, self.n = number, next_n
        self.random = random.Random(seed)
        self.work = (self.transfer, self.insert, self.count, self.read, self.draw,
                     self.insert_many, self.define)[number % 7]

    def run(self):
        try:
            with self.server.connect() as self.connection:
                while not self.stop_flag.is_set():
                    try:
                        self.work()
                        self.ledger.operations += 1
                    except libpq.ServerError as error:
                        if error.sqlstate not in RETRY:
                            if error.sqlstate.startswith("57P") or self.stop_flag.is_set():
                                return
                            self.ledger.problem(f"client {self.number}: {error}")
                            return
                        if self.connection.transaction_status() != "idle":
                            self.connection.run("rollback")
        except libpq.ConnectionLost:
            pass  # that is what we are here for
        except libpq.TimedOut as error:
            self.ledger.problem(f"client {self.number}: {error}")

    def transfer(self):
        src, dst = self.random.sample(range(1, ACCOUNTS + 1), 2)
        amount = self.random.randint(1, 20)
        key, self.n = (self.number, self.n), self.n + 1
        run = self.connection.run
        run("begin")
        run("update accounts set balance = balance - $1 where id = $2", (amount, src))
        run("update accounts set balance = balance + $1 where id = $2", (amount, dst))
        run("insert into transfers values ($1, $2, $3, $4, $5)", (*key, src, dst, amount))
        if self.random.random() < 0.1:
            run("rollback")
            return
        run("commit")
        with self.ledger.lock:
            self.ledger.transfers[key] = (src, dst, amount)

    def insert(self):
        key, self.n = (self.number, self.n), self.n + 1
        payload, tag = f"payload {key[0]} {key[1]}", self.random.randrange(TAGS)
        self.connection.run("insert into log values ($1, $2, $3, $4)", (*key, payload, tag))
        with self.ledger.lock:
            self.ledger.logged[key] = (payload, tag)

    def insert_many(self):
        first, self.n = self.n, self.n + 20
        tag = self.random.randrange(TAGS)
        self.connection.run(
            "insert into log select $1::int, x, 'payload ' || $1::int || ' ' || x, $2::int "
            "from generate_series($3::int, $4::int) x",
            (self.number, tag, first, first + 19))
        with self.ledger.lock:
            for n in range(first, first + 20):
                self.ledger.logged[(self.number, n)] = (f"payload {self.number} {n}", tag)

    def count(self):
        which = self.random.randint(1, COUNTERS)
        value = int(self.connection.value(
            "update counters set v = v + 1 where id = $1 returning v", (which,)))
        with self.ledger.lock:
            self.ledger.counters[which] = max(self.ledger.counters[which], value)

    def draw(self):
        value = int(self.connection.value("select nextval('numbers')"))
        self.ledger.draw(value)
        if self.random.random() < 0.5:
            self.connection.run("insert into drawn values ($1, $2)", (value, self.number))

    def define(self):
        name, self.n = f"made_{self.number}_{self.n}", self.n + 1
        run, tables = self.connection.run, self.ledger.tables
        run("begin")
        run(f"create table {name}(a int primary key, b text unique)")
        run(f"insert into {name} values (1, 'one'), (2, 'two')")
        if self.random.random() < 0.2:
            run("rollback")
            with self.ledger.lock:
                tables[name] = False
            return
        run("commit")
        with self.ledger.lock:
            tables[name] = True
        if self.random.random() < 0.5:
            with self.ledger.lock:
                del tables[name]
            run(f"drop table {name}")
            with self.ledger.lock:
                tables[name] = False
            return
        run(f"alter table {name} add column c int default 7")

    def read(self):
        rows = self.connection.rows("select client, max(n) from log group by client")
        counters = self.connection.rows("select id, v from counters")
        total = self.connection.value("select sum(balance) from accounts")
        if int(total) != ACCOUNTS * BALANCE:
            self.ledger.problem(f"a reader saw a half transfer: the sum was {total}")
        with self.ledger.lock:
            for client, n in rows:
                self.ledger.seen_log[int(client)] = max(self.ledger.seen_log[int(client)], int(n))
            for which, v in counters:
                self.ledger.counters[int(which)] = max(self.ledger.counters[int(which)], int(v))


def verify(server, ledger):
    """Every broken promise, as a sentence."""
    broken = list(ledger.problems)
    ledger.problems.clear()
    with server.connect() as c:
        total = c.value("select sum(balance) from accounts")
        if int(total) != ACCOUNTS * BALANCE:
            broken.append(f"the sum of all balances is {total}, not {ACCOUNTS * BALANCE}")
        balance = dict((int(a), int(b)) for a, b in c.rows("select id, balance from accounts"))
        transfers = {(int(r[0]), int(r[1])): tuple(map(int, r[2:]))
                     for r in c.rows("select client, n, src, dst, amount from transfers")}
        derived = dict.fromkeys(range(1, ACCOUNTS + 1), BALANCE)
        for src, dst, amount in transfers.values():
            derived[src] -= amount
            derived[dst] += amount
        if derived != balance:
            broken.append("balances don't follow from the recorded transfers: half transactions")
        for key, value in ledger.transfers.items():
            if transfers.get(key) != value:
                broken.append(f"acknowledged transfer {key} is {transfers.get(key)}, not {value}")

        log = {(int(r[0]), int(r[1])): (r[2], int(r[3]))
               for r in c.rows("select client, n, payload, tag from log")}
        for key, value in ledger.logged.items():
            if log.get(key) != value:
                broken.append(f"acknowledged row {key} is {log.get(key)}, not {value}")
        last = collections.Counter()
        for client, n in log:
            last[client] = max(last[client], n)
        for client, n in ledger.seen_log.items():
            if last[client] < n:
                broken.append(f"a reader saw row {n} of client {client}; the last is "
                              f"{last[client]}")
        broken += verify_indexes(c, log)

        broken += verify_tables(c, ledger.tables)
        for which, v in c.rows("select id, v from counters"):
            if int(v) < ledger.counters[int(which)]:
                broken.append(f"counter {which} went back from {ledger.counters[int(which)]} "
                              f"to {v}")
        ledger.draw(int(c.value("select nextval('numbers')")))
        broken += ledger.problems
        ledger.problems.clear()
    return broken, log, transfers


def verify_tables(c, tables):
    broken = []
    present = {name for (name,) in
               c.rows("select relname from pg_class where relname like 'made%' and relkind = 'r'")}
    for name, must in tables.items():
        if must != (name in present):
            broken.append(f"table {name} is {'missing' if must else 'back'}")
    for name in sorted(present):
        rows = c.rows(f"select a, b from {name} order by a")
        if rows != [("1", "one"), ("2", "two")]:
            broken.append(f"table {name} holds {rows}")
        c.run(f"drop table {name}")
    tables.clear()
    return broken


def verify_indexes(c, log):
    broken = []
    by_tag = collections.Counter(tag for _, tag in log.values())
    counted = 0
    for tag in range(TAGS):
        n = int(c.value("select count(*) from log where tag = $1", (tag,)))
        counted += n
        if n != by_tag[tag]:
            broken.append(f"index log_tag finds {n} rows of tag {tag}; the table has {by_tag[tag]}")
    if counted != int(c.value("select count(*) from log")):
        broken.append("count(*) differs from the counts through the index")
    sample = random.Random(len(log)).sample(sorted(log), min(200, len(log)))
    for key in sample:
        rows = c.rows("select client, n from log where payload = $1", (log[key][0],))
        if rows != [(str(key[0]), str(key[1]))]:
            broken.append(f"the unique index finds {rows} for row {key}")
    if sample:
        try:
            c.run("insert into log values (-1, 0, $1, 0)", (log[sample[0]][0],))
            broken.append("a duplicate of a unique value was accepted after the restart")
            c.run("delete from log where client = -1")
        except libpq.ServerError as error:
            if error.sqlstate != "23505":
                broken.append(f"a duplicate was refused with {error}")
    return broken


def next_numbers(rows):
    last = collections.Counter()
    for client, n in rows:
        last[client] = max(last[client], n)
    return last


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clients", type=int, default=14)
    parser.add_argument("--seconds", type=float, default=2.0, help="mean time before the kill")
    parser.add_argument("--preset", default="release")
    parser.add_argument("--option", action="append", default=[], help="passed on to lumadb")
    parser.add_argument("--keep", action="store_true", help="keep the data directory of a failure")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    directory = tempfile.mkdtemp(prefix="luma_crash_")
    server = servers.LumaServer(args.preset, directory=directory, options=args.option)
    ledger, passed, failed = Ledger(), 0, 0
    next_log, next_transfer = collections.Counter(), collections.Counter()
    try:
        server.start()
        with server.connect() as c:
            for statement in SCHEMA.strip().split(";\n"):
                c.run(statement.rstrip(";\n"))
        for number in range(1, args.rounds + 1):
            before = ledger.operations
            stop = threading.Event()
            clients = [Client(server, ledger, stop, i,
                              max(next_log[i], next_transfer[i]) + 1000 * number,
                              dice.random()) for i in range(args.clients)]
            for client in clients:
                client.start()
            time.sleep(args.seconds * (0.2 + 1.6 * dice.random()))
            graceful = number % 5 == 0
            if graceful:
                stop.set()
                server.process.send_signal(signal.SIGTERM)
                server.process.wait(60)
            else:
                server.kill()
            stop.set()
            for client in clients:
                client.join(60)
            started = time.monotonic()
            server.start()
            recovery_s = time.monotonic() - started
            broken, log, transfers = verify(server, ledger)
            next_log, next_transfer = next_numbers(log), next_numbers(transfers)
            how = "SIGTERM" if graceful else "SIGKILL"
            print(f"[{number}/{args.rounds}] {how} after {ledger.operations - before} operations, "
                  f"back in {recovery_s:.2f} s, {len(log)} rows: "
                  + ("kept its word" if not broken else f"{len(broken)} broken promises"),
                  flush=True)
            for text in broken[:20]:
                print(f"    {text}")
            if ledger.operations == before:
                print("    no operation succeeded")
                broken.append("no operation")
            passed, failed = passed + (not broken), failed + bool(broken)
    except (servers.StartFailed, libpq.ConnectionLost, libpq.ServerError,
            libpq.TimedOut) as error:
        failed += 1
        print(f"    {error}; log: {server.log_tail(10)}")
    finally:
        server.kill()
        if failed and args.keep:
            print(f"kept {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
