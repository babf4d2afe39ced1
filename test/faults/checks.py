"""Compares what the database holds with what the ledger of the load says it must hold."""

import collections
import json
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq  # noqa: E402
from load import ACCOUNTS, BALANCE, TAGS  # noqa: E402


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
        broken += verify_facts(c, ledger.facts)
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


def verify_facts(c, facts):
    """Every batch is there as a whole, once, and every way to it finds the same."""
    broken, present, by_tag = [], {}, collections.Counter()
    for client, batch, rows, different, least, greatest in c.rows(
            "select client, batch, count(*), count(distinct n), min(v), max(v) from facts "
            "group by 1, 2"):
        if rows != different or least != greatest:
            broken.append(f"batch {client}, {batch} has {rows} rows, {different} of them different, "
                          f"with v from {least} to {greatest}")
        present[int(client), int(batch)] = (int(rows), int(greatest))
    for key in sorted(set(facts) | set(present)):
        found = present.get(key, (0, None))
        if found not in facts.get(key, {(0, None)}):
            broken.append(f"batch {key} has (rows, v) = {found}, not one of {facts.get(key)}")
    for key in list(facts):
        if key in present:
            facts[key] = {present[key]}
        else:
            del facts[key]
    for (tag,) in c.rows("select tag from facts"):
        by_tag[int(tag)] += 1
    for tag in range(TAGS):
        n = int(c.value("select count(*) from facts where tag = $1", (tag,)))
        if n != by_tag[tag]:
            broken.append(f"{n} facts have the tag {tag} by index or zone map, {by_tag[tag]} by scan")
    for client, batch in sorted(present)[:20]:
        n = int(c.value("select count(*) from facts where client = $1 and batch = $2 and n = 2",
                        (client, batch)))
        if n != 1:
            broken.append(f"the primary key finds {n} rows for batch {client}, {batch}, 2")
    return broken


def verify_segments(server, timeout_s=20.0):
    """No file of a segment is left that no table has. What is replaced goes within seconds."""
    deadline = time.monotonic() + timeout_s
    while True:
        files = sum(name.endswith(".seg") for _, _, names in os.walk(server.data) for name in names)
        known = 0
        with server.connect() as c:
            for (table,) in c.rows("select c.oid::regclass from pg_class c join pg_am a on "
                                   "a.oid = relam where amname = 'columnar' and relkind = 'r'"):
                plan = json.loads(c.value(f"explain (analyze, format json) select * from {table}"))
                known += plan[0]["Plan"].get("Segments", 0)
        if files == known:
            return []
        if time.monotonic() > deadline:
            return [f"{files} files of segments, {known} that tables have"]
        time.sleep(0.1)


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
