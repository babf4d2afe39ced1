#!/usr/bin/env python3
"""Random queries on row tables, columnar tables, under other settings, and on PostgreSQL 15.

test/random_queries/run.py [--seed 1] [--schemas 10] [--queries 100] [--no-oracle]
                           [--set name=value ...] [--option OPTION ...]

Every schema has its own seed (--seed, --seed + 1, ...), and everything follows from it. A query
whose answers differ is made smaller as long as they do, and printed with the schema's seed and both
answers. Without PostgreSQL the sides of LumaDB are compared with one another.
"""

import argparse
import collections
import decimal
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tools")]
from generator import Generator  # noqa: E402
from harness import libpq, servers  # noqa: E402
from harness.servers import COLUMNAR_OPTIONS  # noqa: E402
from tree import shrink  # noqa: E402

# Data errors may or may not show up, depending on what is evaluated first; so do timeouts.
OPEN_ERRORS = ("22", "57014", "53", "54", "21000")
# Sides of LumaDB: schema of the tables, settings.
SIDES = {
    "rows": ("r", {}),
    "columnar": ("c", {}),
    "columnar index": ("i", {}),
    "rows, little memory": ("r", {"work_mem": "64kB"}),
    "columnar, little memory": ("c", {"work_mem": "64kB"}),
    # Dependent joins, too, are made joins wherever that is possible.
    "rows, no nested loops": ("r", {"enable_nestloop": "off"}),
}
# What makes every plan parallel that can be; a side of its own where the server knows the setting.
PARALLEL = {"max_parallel_workers_per_gather": "2", "min_parallel_table_scan_size": "0",
            "parallel_setup_cost": "0", "parallel_tuple_cost": "0", "luma.inline_cost_limit": "0"}
MONTH_US, DAY_US = 30 * 86_400_000_000, 86_400_000_000


class Side:
    """One connection, its tables and settings."""

    def __init__(self, name, server, schema, settings, method=None):
        self.name, self.server, self.schema = name, server, schema
        self.settings, self.method = settings, method
        self.connection = None

    def connect(self):
        self.connection = self.server.connect()
        for name, value in dict(self.settings, statement_timeout="5s", timezone="UTC",
                                search_path=self.schema).items():
            self.connection.run(f"set {name} = '{value}'")

    def make_tables(self, statements, changes):
        self.connection.execute(f"drop schema if exists {self.schema} cascade")
        self.connection.run(f"create schema {self.schema}")
        if self.method:
            table_method = "heap" if self.method == "index" else self.method
            self.connection.run(f"set default_table_access_method = {table_method}")
        for sql in statements:
            self.connection.run(sql)
        if self.method == "index":
            self.index_everything()
        self.connection.run("analyze")
        if self.method in ("columnar", "index"):
            self.connection.run("vacuum")
        for sql in changes:
            self.connection.run(sql)

    def index_everything(self):
        """A columnar index with all columns for every table, which no scan can do without."""
        for table, columns in self.connection.rows(
                "select table_name, string_agg(column_name, ',') from information_schema.columns "
                "where table_schema = $1 group by 1", (self.schema,)):
            self.connection.run(f"create index on {table} using columnar ({columns})")

    def answer(self, sql):
        """Rows as a sorted list, or (SQLSTATE, message)."""
        try:
            return sorted(self.connection.run(sql, timeout_s=20).rows,
                          key=lambda row: tuple((v is None, v or "") for v in row))
        except libpq.ServerError as error:
            return error.sqlstate, error.message
        except libpq.TimedOut:
            return "57014", "timed out"
        except libpq.ConnectionLost as error:
            self.connect()
            return "LOST", str(error)


def interval_us(text):
    """Microseconds of an interval's text with days of 24 hours and months of 30 days, or None."""
    found = re.fullmatch(r"(?:(-?\d+) years? ?)?(?:(-?\d+) mons? ?)?(?:(-?\d+) days? ?)?"
                         r"(?:(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?))?", text)
    if not found or not text:
        return None
    years, months, days, sign, hours, minutes, seconds = found.groups()
    time_us = (int(hours or 0) * 3600 + int(minutes or 0) * 60) * 1_000_000 \
        + round(float(seconds or 0) * 1_000_000)
    return (int(years or 0) * 12 + int(months or 0)) * MONTH_US + int(days or 0) * DAY_US \
        + (-time_us if sign else time_us)


def same_value(a, b):
    """Equal, or as near as sums of floats in another order are; decimals whose scale depends on
    which of several equal values was met first, and such intervals, count as equal."""
    if a == b:
        return True
    if a is None or b is None:
        return False
    try:
        x, y = decimal.Decimal(a), decimal.Decimal(b)
        if x.is_finite() and y.is_finite():
            return abs(x - y) <= decimal.Decimal("1e-9") * max(1, abs(x), abs(y))
    except decimal.InvalidOperation:
        pass
    if a[:1] in ("[", "{") and b[:1] in ("[", "{"):  # jsonb, with numbers of other scales
        try:
            return json.loads(a) == json.loads(b)
        except json.JSONDecodeError:
            return False
    x, y = interval_us(a), interval_us(b)
    return x is not None and x == y


def sort_key(row):
    def key(value):
        if value is None:
            return (1, "")
        try:
            number = decimal.Decimal(value)
            return (0, f"{float(number):.6e}" if number.is_finite() else value)
        except decimal.InvalidOperation:
            us = interval_us(value)
            return (0, value if us is None else f"interval {us}")
    return tuple(map(key, row))


# Where one of several equal values stands for all of them.
CHOOSES = re.compile(r"distinct|group by|union|intersect|except|min\(|max\(|greatest|least|limit|"
                     r"float8|sqrt|avg|over \(|using \(|in \(|array_agg|percentile", re.I)


def difference(sql, mine, wanted):
    """None, or how the answers differ in a way that no freedom explains."""
    failed = [a[0] for a in (mine, wanted) if isinstance(a, tuple)]
    if failed:
        if "LOST" in failed or "XX000" in failed:
            return "broken"
        if len(failed) == 2 and (failed[0][:2] == failed[1][:2]
                                 or all(f.startswith(OPEN_ERRORS) for f in failed)):
            return None
        if len(failed) == 1 and failed[0].startswith(OPEN_ERRORS):
            return None
        return "fails, too" if len(failed) == 2 else \
            "fails" if isinstance(mine, tuple) else "does not fail"
    if mine == wanted:
        return None
    if len(mine) != len(wanted):
        return "row count"
    if CHOOSES.search(sql) and all(
            len(a) == len(b) and all(map(same_value, a, b))
            for a, b in zip(sorted(mine, key=sort_key), sorted(wanted, key=sort_key))):
        return None
    return "values"


def shown(answer):
    if isinstance(answer, tuple):
        return f"{answer[0]}: {answer[1]}"
    rows = "; ".join(str(row) for row in answer[:4])
    return f"{len(answer)} rows: {rows}"[:600]


class Run:
    def __init__(self, args):
        self.args = args
        self.counts = collections.Counter()
        self.seen = set()
        self.luma = servers.LumaServer(options=COLUMNAR_OPTIONS + args.option).start()
        self.oracle = None if args.no_oracle else servers.PostgresServer().start()
        self.sides = self.make_sides()

    def make_sides(self):
        sides = []
        if self.oracle:
            sides.append(Side("PostgreSQL", self.oracle, "r", {}, "heap"))
        given = dict(s.split("=", 1) for s in self.args.set)
        rows = {name: dict(settings, **given) for name, (_, settings) in SIDES.items()}
        for name, (schema, _) in SIDES.items():
            sides.append(Side(name, self.luma, schema, rows[name]))
        with self.luma.connect() as c:
            known = {r[0] for r in c.rows("select name from pg_settings")}
        parallel = {k: v for k, v in PARALLEL.items() if k in known}
        if "max_parallel_workers_per_gather" in parallel:
            sides.append(Side("rows, parallel", self.luma, "r", dict(parallel, **given)))
            sides.append(Side("columnar, parallel", self.luma, "c", dict(parallel, **given)))
        for side in sides:
            side.connect()
        makers = {}
        for side in sides:  # the first side of a schema makes its tables
            if side.server is self.luma and side.schema not in makers:
                makers[side.schema] = side
                side.method = {"c": "columnar", "i": "index"}.get(side.schema, "heap")
        return sides

    def reference(self, sql):
        return self.sides[0].answer(sql)

    def check(self, node, seed, number):
        sql = node.sql()
        wanted = self.reference(sql)
        if isinstance(wanted, tuple):
            self.counts["failed " + wanted[0][:2]] += 1
        for side in self.sides[1:]:
            found = difference(sql, side.answer(sql), wanted)
            if found:
                self.report(node, side, found, seed, number)
                return
        self.counts["same"] += 1

    def report(self, node, side, found, seed, number):
        def fails(candidate):
            sql = candidate.sql()
            wanted = self.reference(sql)
            return difference(sql, side.answer(sql), wanted) == found

        self.counts["different"] += 1
        small = shrink(node, fails, self.args.shrink).sql()
        wanted, mine = self.reference(small), side.answer(small)
        print(f"seed {seed}, query {number}, {side.name} ({found}):\n  {small};\n"
              f"  {self.sides[0].name}: {shown(wanted)}\n  {side.name}: {shown(mine)}", flush=True)

    def schema(self, seed):
        generator = Generator(seed)
        statements, changes = generator.schema()
        for side in self.sides:
            if side.method:
                side.make_tables(statements, changes)
        if self.args.dump:
            print(";\n".join(statements + changes) + ";")
        for number in range(self.args.queries):
            self.check(generator.statement(), seed, number)

    def stop(self):
        for server in (self.luma, self.oracle):
            if server:
                server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schemas", type=int, default=10)
    parser.add_argument("--queries", type=int, default=100, help="for each schema")
    parser.add_argument("--no-oracle", action="store_true", help="without PostgreSQL")
    parser.add_argument("--set", action="append", default=[], help="name=value on LumaDB's sides")
    parser.add_argument("--option", action="append", default=[], help="passed on to lumadb")
    parser.add_argument("--shrink", type=int, default=300, help="attempts for each difference")
    parser.add_argument("--dump", action="store_true", help="print the schemas")
    args = parser.parse_args()
    started = time.monotonic()
    run = Run(args)
    try:
        for seed in range(args.seed, args.seed + args.schemas):
            run.schema(seed)
    finally:
        run.stop()
    different = run.counts.pop("different", 0)
    same = run.counts.pop("same", 0)
    rest = ", ".join(f"{n} {name}" for name, n in sorted(run.counts.items()))
    print(f"{same} alike, {different} different ({rest or 'none failed'}), "
          f"{time.monotonic() - started:.0f} s")
    print(f"{same} passed, {different} failed")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
