#!/usr/bin/env python3
"""What sessions cost, over real connections: 1,000 idle ones that have worked before take less than
150 MB, 10,000 half-open ones don't keep others out, and a query that wants more memory than it may
have fails alone (53200) while others go on.

test/faults/resources.py
"""

import argparse
import os
import resource
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools"))
from harness import libpq, servers  # noqa: E402

IDLE, IDLE_LIMIT_MB = 1000, 150
HALF_OPEN = 10_000


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def idle_connections(server):
    with server.connect() as c:
        c.run("create table item(id int primary key, name text, price numeric)")
        c.run("insert into item select x, 'item ' || x, x / 3.0 from generate_series(1, 10000) x")
        c.rows("select count(*), sum(price) from item")
    before = resident_mb(server.process.pid)
    connections = []
    for i in range(IDLE):
        c = server.connect()
        connections.append(c)
        c.run("set application_name = 'idle'")
        c.rows("select name, price from item where id = $1", (i + 1,))
        c.run("begin")
        c.run("update item set price = price + 1 where id = $1", (i + 1,))
        c.run("commit")
        c.rows("select i.name from item i join item j on i.id = j.id + 1 where i.id < $1", (20,))
    busy = resident_mb(server.process.pid) - before
    time.sleep(16)  # sessions that stay silent give their memory back after some seconds
    extra = resident_mb(server.process.pid) - before
    with server.connect() as c:
        c.rows("select 1")
    for c in connections[::100]:
        c.rows("select i.name from item i join item j on i.id = j.id + 1 where i.id < $1", (20,))
    print(f"{IDLE} idle connections: {extra:.1f} MB extra resident memory ({busy:.1f} MB at once)")
    for c in connections:
        c.close()
    # Sanitizers keep freed memory back.
    return extra < IDLE_LIMIT_MB or "LUMA_SANITIZER" in os.environ


def half_open(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(HALF_OPEN, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 200)), hard))
    silent = []
    for _ in range(count):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect((server.host, server.port))
        except BlockingIOError:
            pass
        silent.append(s)
    with server.connect() as c:
        answered = c.value("select 42") == "42"
    print(f"{count} half-open connections: others are {'served' if answered else 'kept out'}")
    for s in silent:
        s.close()
    return answered


def memory_budget(server):
    stop, problems, done = threading.Event(), [], [0]

    def others():
        with server.connect() as c:
            while not stop.is_set():
                if c.value("select count(*) from item") != "10000":
                    problems.append("another session saw a wrong count")
                done[0] += 1

    thread = threading.Thread(target=others)
    thread.start()
    states = []
    with server.connect() as c:
        c.run("set luma.query_memory_limit = '16MB'")
        c.run("set work_mem = '1GB'")
        for query in ("select string_agg(repeat('x', 1000), '') from generate_series(1, 1000000)",
                      "select array_agg(repeat('x', 1000)) from generate_series(1, 1000000)",
                      "select repeat('x', 1000000000)",
                      "select x, repeat('y', 500) from generate_series(1, 3000000) x order by 2, 1",
                      "select count(*) from (select distinct repeat('y', 100) || x "
                      "from generate_series(1, 3000000) x) t"):
            try:
                c.rows(query)
                states.append("ok")
            except libpq.ServerError as error:
                states.append(error.sqlstate)
    stop.set()
    thread.join()
    print(f"memory budget: {states}; another session ran {done[0]} queries meanwhile")
    return set(states) == {"53200"} and done[0] > 0 and not problems


def main():
    argparse.ArgumentParser(description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    passed = failed = 0
    with servers.LumaServer(options=["--set", "server.max_connections=1100"]).start() as server:
        for test in (idle_connections, half_open, memory_budget):
            good = test(server) and server.running()
            print(f"{test.__name__}: {'ok' if good else 'FAILED'}", flush=True)
            passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
