"""The mixed load that the fault tests run, and the ledger of what the server told it."""

import collections
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq  # noqa: E402

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
create table facts(client int, batch int, n int, v int, tag int, pad text,
  primary key (client, batch, n)) using columnar with (sort_key = 'tag, n desc');
create index facts_tag on facts(tag);
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
        self.facts = {}  # (client, batch) -> the (rows, v) it may have; several while unknown
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
    def __init__(self, server, ledger, stop, number, next_n, seed, tolerated=frozenset()):
        """`tolerated`: the SQLSTATEs, besides those that ask for a retry, that a statement may
        fail with; they are counted in `refused`."""
        super().__init__(daemon=True)
        self.server, self.ledger, self.stop_flag = server, ledger, stop
        self.tolerated, self.refused = tolerated, collections.Counter()
        self.number, self.n = number, next_n
        self.random = random.Random(seed)
        self.work = (self.transfer, self.insert, self.count, self.read, self.draw,
                     self.insert_many, self.define, self.load)[number % 8]

    def run(self):
        while not self.stop_flag.is_set():
            try:
                self.work_until_stopped()
                return
            except libpq.ConnectionLost:
                # Killing servers is what the crash test is here for. Failing disks end sessions
                # whose replies nobody can vouch for; their clients come back.
                if not self.tolerated or not self.server.running():
                    return
                time.sleep(0.05)
            except libpq.TimedOut as error:
                self.ledger.problem(f"client {self.number}: {error}")
                return

    def work_until_stopped(self):
        with self.server.connect() as self.connection:
            while not self.stop_flag.is_set():
                try:
                    self.work()
                    self.ledger.operations += 1
                except libpq.ServerError as error:
                    if error.sqlstate in self.tolerated:
                        self.refused[error.sqlstate] += 1
                        time.sleep(0.01)
                    elif error.sqlstate not in RETRY:
                        if error.sqlstate.startswith("57P") or self.stop_flag.is_set():
                            return
                        self.ledger.problem(f"client {self.number}: {error}")
                        return
                    if self.connection.transaction_status() != "idle":
                        self.connection.run("rollback")

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

    def load(self):
        """Batches of a columnar table with a sort key: loaded, changed and removed as a whole, while
        the table is rewritten in all ways."""
        mine = [key for key in self.ledger.facts if key[0] == self.number]
        what = self.random.random()
        if what < 0.15:
            return self.reorganize()
        if what < 0.5 or not mine:
            key, self.n = (self.number, self.n), self.n + 1
            rows, columns = self.random.choice([3, 40, 400]), "client, batch, n, v, tag, pad"
            sql = f"insert into facts ({columns}) select $1::int, $2::int, x, 0, x % {TAGS}, " \
                  f"repeat('pad ' || x, 10) from generate_series(1, {rows}) x"
            return self.change_facts(key, (0, None), (rows, 0), sql)
        key = self.random.choice(mine)
        if len(self.ledger.facts[key]) > 1:
            return None
        rows, v = next(iter(self.ledger.facts[key]))
        where = "where client = $1::int and batch = $2::int"
        if len(mine) > 6 or what > 0.9:
            return self.change_facts(key, (rows, v), (0, None), f"delete from facts {where}")
        return self.change_facts(key, (rows, v), (rows, v + 1) if rows else (0, None),
                                 f"update facts set v = v + 1 {where}")

    def change_facts(self, key, before, after, sql):
        facts = self.ledger.facts
        with self.ledger.lock:
            facts[key] = {before, after}
        gives_up = self.random.random() < 0.1
        try:
            self.connection.run("begin")
            self.connection.run(sql, key)
            self.connection.run("rollback" if gives_up else "commit")
        except libpq.ServerError as error:
            if error.sqlstate in RETRY:
                with self.ledger.lock:
                    facts[key] = {before}
            raise
        with self.ledger.lock:
            facts[key] = {before if gives_up else after}
            if facts[key] == {(0, None)}:
                del facts[key]

    def reorganize(self):
        name = f"extra_{self.number}"
        for sql in self.random.choice([
                ["vacuum facts"], ["cluster facts"],
                [f"alter table facts add column {name} int default {self.n}",
                 f"alter table facts alter column {name} type bigint",
                 f"alter table facts drop column {name}"],
                ["alter table facts set (sort_key = 'v, tag')", "vacuum facts",
                 "alter table facts set (sort_key = 'tag, n desc')"],
                [f"drop index if exists facts_{name}",
                 f"create index if not exists facts_{name} on facts(v)"],
                [f"create table copy_{self.number} using columnar as select * from facts",
                 f"truncate copy_{self.number}", f"drop table copy_{self.number}"]]):
            try:
                self.connection.run(sql)
            except libpq.ServerError as error:
                # Left by a round that ended in the middle.
                if error.sqlstate not in ("42701", "42P07"):
                    raise
                self.connection.run(f"drop table if exists copy_{self.number}")
                self.connection.run(f"alter table facts drop column if exists {name}")
                return

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


def create_schema(server):
    with server.connect() as c:
        for statement in SCHEMA.strip().split(";\n"):
            c.run(statement.rstrip(";\n"))


def trim(server, ledger, log, transfers, limit=20_000):
    """Empties the growing tables when they hold more than `limit` rows, so that checking a round
    stays as quick as the first one was. Says whether it did."""
    if len(log) + len(transfers) <= limit:
        return False
    with server.connect() as c:
        c.run("begin")
        c.run("truncate log, transfers, drawn")
        c.run(f"update accounts set balance = {BALANCE}")
        c.run("commit")
    ledger.transfers.clear()
    ledger.logged.clear()
    ledger.seen_log.clear()
    return True


def next_numbers(rows):
    last = collections.Counter()
    for client, n in rows:
        last[client] = max(last[client], n)
    return last
