#!/usr/bin/env python3
"""The same answers whatever a query runs on: tables of all kinds, with all instruction sets, with
1, 2 and 4 threads, with operators that spill, and with vectors of two rows.

tools/test --matrix, or tools/harness/matrix.py [--only queries,sql,random] [--vector2]
    [--scale 0.02] [--hits 30000] [--schemas 6] [--quick]

  queries  TPC-H and ClickBench on row tables, columnar tables and row tables with columnar indexes,
           in every combination of instruction set, threads and memory, against PostgreSQL 15
  sql      the SQL tests, on row tables and on columnar ones, with one thing changed at a time
  random   random queries in the same way, sides against each other and PostgreSQL

--vector2 adds the preset of that name, which has to be built; --quick is a short walk through
`queries` alone. The last line is "N passed, N failed".
"""

import argparse
import itertools
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.dirname(HERE)
sys.path[:0] = [TOOLS, os.path.join(TOOLS, "bench", "olap"), os.path.join(TOOLS, "bench", "tpch")]
import clickbench  # noqa: E402
import report  # noqa: E402
import tpch  # noqa: E402
from harness import libpq, servers  # noqa: E402

# What makes every plan use threads that can; how many is said beside it.
DIVIDED = {"min_parallel_table_scan_size": "0", "luma.inline_cost_limit": "0"}
THREADS = (1, 2, 4)
LITTLE_MEMORY = {"work_mem": "64kB", "hash_mem_multiplier": "1"}
# For tables of a few rows, where 64 kB are plenty.
NO_MEMORY = {"luma.spill_above": "0", "hash_mem_multiplier": "1"}
# The schemas of the three kinds of table, and how they are made.
KINDS = ("rows", "columnar", "indexed")
TIMEOUT_S = 120.0
GAPS = os.path.join(servers.ROOT, "test", "sql", "known_gaps_settings.txt")


def simd_levels():
    """Those that the machine has, as luma.simd calls them."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        flags = set(re.search(r"^flags\s*:(.*)$", file.read(), re.M)[1].split())
    levels = ["sse2"]
    if "avx2" in flags:
        levels.append("avx2")
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
            levels.append("avx512")
    return levels


def threads_settings(threads):
    return dict(DIVIDED, max_parallel_workers_per_gather=str(threads - 1))


class Counts:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, name, good, what=""):
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        if not good:
            print(f"  {name}: {what}", flush=True)


# --- TPC-H and ClickBench ---

def copy(server, schema, table, path, options):
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
         f"\\copy {schema}.{table} from '{path}' with ({options})"],
        env=server.environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise servers.StartFailed(f"{server.name}, {table}: {done.stderr.strip()[:300]}")


def load(server, kind, args):
    schemas = ([tpch.schema()] if args.scale else []) + ([clickbench.schema()] if args.hits else [])
    with server.connect() as c:
        c.run(f"create schema {kind}")
        c.run(f"set search_path = {kind}")
        if kind == "columnar":
            c.run("set default_table_access_method = columnar")
        for text in schemas:
            for result in c.execute(text, 60):
                if result.failed:
                    raise servers.StartFailed(f"{server.name}: {result.message}")
        for table in tpch.TABLES if args.scale else ():
            copy(server, kind, table, os.path.join(tpch.data(args.scale), table + ".tbl"),
                 "delimiter '|'")
        if args.hits:
            copy(server, kind, "hits", clickbench.data(args.hits),
                 f"format csv, delimiter '{clickbench.DELIMITER}', null '{clickbench.NULL}'")
        if kind == "indexed":
            for table, columns in c.rows(
                    "select table_name, string_agg(column_name, ',') "
                    "from information_schema.columns where table_schema = $1 group by 1", (kind,)):
                c.run(f"create index on {table} using columnar ({columns})", timeout_s=120)
        c.run("vacuum analyze", timeout_s=300)


def statements(args):
    """(name, statements of which one has rows, whether their order is decided)."""
    for number, sql in tpch.queries(args.scale).items() if args.scale else ():
        yield f"Q{number}", sql, False
    for number, sql, decided, _ in clickbench.queries() if args.hits else ():
        yield f"C{number}", [decided or sql], bool(decided)


def answer(connection, sql):
    rows = None
    for statement in sql:
        result = connection.run(statement, timeout_s=TIMEOUT_S)
        if result.columns:
            rows = result.rows
    return rows


def wanted_answers(args):
    with servers.PostgresServer({"shared_buffers": "256MB", "work_mem": "64MB"}).start() as server:
        load(server, "rows", args)
        with server.connect() as c:
            c.run("set search_path = rows")
            return {name: answer(c, sql) for name, sql, _ in statements(args)}


def compare(connection, kind, config, args, wanted, counts):
    for name, sql, decided in statements(args):
        label = f"{name} on {kind}, {config}"
        try:
            rows = answer(connection, sql)
        except (libpq.ServerError, libpq.TimedOut) as error:
            counts.add(label, False, f"{error}")
            continue
        found = report.difference(rows, wanted[name], True)
        if not found and decided and rows != wanted[name]:
            found = "the order of rows differs"
        counts.add(label, not found, found)


def run_queries(args, presets):
    counts, started = Counts(), time.monotonic()
    wanted = wanted_answers(args)
    memories = {"work_mem": {}, "little memory": LITTLE_MEMORY}
    for preset in presets:
        server = servers.LumaServer(preset)
        server.start()
        try:
            for kind in KINDS:
                load(server, kind, args)
            used = indexes_used(server, args)
            counts.add(f"{preset}: columnar indexes", used > 0, "no query reads one")
            print(f"  {preset}: {used} queries read columnar indexes", flush=True)
            levels = simd_levels() if preset == "release" else ["auto"]
            for level in levels[-1:] if args.quick else levels:
                server.kill()
                server.options = ["-c", f"luma.simd={level}"]
                server.start()
                for threads, memory, kind in itertools.product(
                        (4,) if args.quick else THREADS, memories, KINDS):
                    before = counts.failed
                    config = f"{preset}, {level}, {threads} threads, {memory}"
                    with server.connect() as c:
                        c.run(f"set search_path = {kind}")
                        for name, value in dict(threads_settings(threads),
                                                **memories[memory]).items():
                            c.run(f"set {name} = '{value}'")
                        compare(c, kind, config, args, wanted, counts)
                    print(f"  {config}, {kind}: {counts.failed - before} wrong "
                          f"({time.monotonic() - started:.0f} s)", flush=True)
        finally:
            server.stop()
    return counts


def indexes_used(server, args):
    used = 0
    with server.connect() as c:
        c.run("set search_path = indexed")
        for _, sql, _ in statements(args):
            text = next((s for s in sql if not s.startswith(("create ", "drop "))), None)
            if text is None or len(sql) > 1:
                continue
            used += any("columnar" in row[0].lower() for row in c.rows("explain " + text))
    return used


# --- the SQL tests and random queries, one thing changed at a time ---

def changes(presets):
    """(name, preset, settings): each differs from what the other tests run with in one thing."""
    if "release" in presets:
        yield "spilling", "release", NO_MEMORY
        for level in simd_levels()[:-1]:
            yield level, "release", {"luma.simd": level}
        for threads in THREADS:
            yield f"{threads} threads", "release", threads_settings(threads)
        yield "spilling, 4 threads", "release", dict(NO_MEMORY, **threads_settings(4))
    if "vector2" in presets:
        yield "vectors of 2", "vector2", {}
        yield "vectors of 2, spilling, 4 threads", "vector2", dict(NO_MEMORY, **threads_settings(4))


def script(name, command, preset, counts):
    print(f"  {name}: {' '.join(command)}", flush=True)
    binary = os.path.join(servers.ROOT, "build", preset, "bin", "lumadb")
    done = subprocess.run([sys.executable, *command], cwd=servers.ROOT, capture_output=True,
                          text=True, errors="replace", check=False,
                          env=dict(os.environ, LUMA_BINARY=binary))
    lines = (done.stdout + done.stderr).strip().splitlines()
    found = re.match(r"^(\d+) passed, (\d+) failed$", lines[-1] if lines else "")
    passed, failed = (int(found[1]), int(found[2])) if found else (0, 1)
    if failed:
        shown = [line for line in lines if not re.search(r"passed, 0 failed$", line)]
        print("    " + "\n    ".join(shown[:400]), flush=True)
    counts.passed, counts.failed = counts.passed + passed, counts.failed + failed
    print(f"  {name}: {passed} passed, {failed} failed", flush=True)


def run_sql(args, presets):
    counts = Counts()
    for name, preset, settings in changes(presets):
        options = [f"--option={part}" for key, value in settings.items()
                   for part in option_of(key, value)]
        for columnar in ([], ["--columnar"]):
            script(f"{name}{', columnar tables' if columnar else ''}",
                   ["tools/slt", "--quiet", f"--more-gaps={GAPS}", "--timeout=120",
                    f"--jobs={args.jobs}", *columnar, *options], preset, counts)
    return counts


def option_of(name, value):
    """The server's settings have names of their own for some of PostgreSQL's."""
    if name == "work_mem":
        return "--set", f"memory.work_mem={value}"
    return "-c", f"{name}={value}"


def run_random(args, presets):
    counts = Counts()
    for name, preset, settings in changes(presets):
        options = [f"--option={part}" for key, value in settings.items()
                   for part in option_of(key, value) if "luma.simd" in settings]
        given = [part for key, value in settings.items() if key != "luma.simd"
                 for part in ("--set", f"{key}={value}")]
        script(name, ["test/random_queries/run.py", "--schemas", str(args.schemas), "--seed",
                      str(args.seed), *given, *options], preset, counts)
    return counts


PARTS = {"queries": run_queries, "sql": run_sql, "random": run_random}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="some of: " + ",".join(PARTS))
    parser.add_argument("--vector2", action="store_true", help="the preset vector2, too")
    parser.add_argument("--preset", help="this one alone")
    parser.add_argument("--scale", type=float, default=0.02, help="TPC-H's scale factor; 0: none")
    parser.add_argument("--hits", type=int, default=30_000, help="ClickBench's rows; 0: none")
    parser.add_argument("--schemas", type=int, default=6, help="of random queries, for each change")
    parser.add_argument("--seed", type=int, default=1, help="of random queries")
    parser.add_argument("--jobs", type=int, default=2, help="SQL tests at a time")
    parser.add_argument("--quick", action="store_true", help="queries alone, two combinations")
    args = parser.parse_args()
    presets = [args.preset] if args.preset else ["release"] + ["vector2"] * args.vector2
    if args.quick:
        args.only, args.scale, args.hits = "queries", 0.01, 10_000
    total = Counts()
    for part in args.only.split(","):
        started = time.monotonic()
        print(f"== {part}", flush=True)
        try:
            counts = PARTS[part](args, presets)
        except (servers.StartFailed, libpq.ConnectionLost, libpq.ServerError, libpq.TimedOut,
                tpch.BuildFailed) as error:
            counts = Counts()
            counts.add(part, False, str(error))
        total.passed, total.failed = total.passed + counts.passed, total.failed + counts.failed
        print(f"== {part}: {counts.passed} passed, {counts.failed} failed "
              f"({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{total.passed} passed, {total.failed} failed")
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    main()
