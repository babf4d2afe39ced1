"""Compares answers and writes the analytical benchmark's Markdown."""

import datetime
import decimal
import math
import os
import platform
import statistics

NAMES = {"luma": "LumaDB", "index": "LumaDB, columnar index", "duckdb": "DuckDB",
         "pg": "PostgreSQL 15"}
TOLERANCE = decimal.Decimal("1e-9")


def as_number(text):
    try:
        return decimal.Decimal(text)
    except (decimal.InvalidOperation, TypeError):
        return None


def same_value(a, b):
    """Numbers may differ by rounding: averages of integers are decimals here and doubles there.
    Blanks at the end belong to char(n), which DuckDB does not pad."""
    if a == b:
        return True
    if a is None or b is None:
        return False
    x, y = as_number(a), as_number(b)
    if x is None or y is None or not (x.is_finite() and y.is_finite()):
        return a.rstrip(" ") == b.rstrip(" ")
    return abs(x - y) <= TOLERANCE * max(1, abs(x), abs(y))


def same_row(a, b, exact):
    return len(a) == len(b) and (a == b if exact else all(map(same_value, a, b)))


def sort_key(row):
    key = []
    for value in row:
        number = as_number(value)
        key.append((value is None, str(value).rstrip(" ") if number is None
                    else f"{float(number):.8e}"))
    return key


def difference(rows, wanted, exact):
    """None, or what the first difference is. Rows that tie may come in either order."""
    if len(rows) != len(wanted):
        return f"{len(rows)} rows instead of {len(wanted)}"
    if all(same_row(a, b, exact) for a, b in zip(rows, wanted)):
        return None
    for a, b in zip(sorted(rows, key=sort_key), sorted(wanted, key=sort_key)):
        if not same_row(a, b, exact):
            return f"{a} instead of {b}"
    return None


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else float("nan")


def milliseconds(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def gigabytes(size):
    return f"{size / 1e9:.2f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def query_table(title, results, sides):
    """One line for each query: medians, and how many times as long LumaDB takes as each peer, or as
    its own columnar table where that has a columnar index."""
    peers = [s for s in sides if s != "luma"]
    lines = [f"### {title}", "",
             "| query | " + " | ".join(f"{NAMES[s]} ms" for s in sides)
             + "".join(" | index / table" if p == "index" else f" | / {NAMES[p]}" for p in peers)
             + " | answer |",
             "|---|" + "---:|" * (len(sides) + len(peers)) + "---|"]
    ratios = {p: [] for p in peers}
    for result in results:
        cells = [milliseconds(result.median(s)) if result.median(s) else "failed" for s in sides]
        for peer in peers:
            if result.median(peer) and result.median("luma"):
                ratio = result.median("luma") / result.median(peer)
                ratios[peer].append(1 / ratio if peer == "index" else ratio)
                cells.append(f"{ratios[peer][-1]:.2f}")
            else:
                cells.append("")
        lines.append(f"| {result.name} | " + " | ".join(cells) + f" | {result.verdict} |")
    indexes = ""
    if ratios.get("index"):
        indexes = (f"Columnar indexes on row tables take {geometric_mean(ratios['index']):.2f} times "
                   f"as long as columnar tables, {max(ratios['index']):.2f} times at most.")
    means = "; ".join(f"{geometric_mean(ratios[p]):.2f} times {NAMES[p]}'s ({len(ratios[p])} "
                      "queries)" for p in peers if ratios[p] and p != "index")
    lines += ["", f"Geometric mean of LumaDB's time: {means}." if means else
              "No query ran on two databases."]
    if indexes:
        lines.append(indexes)
    return lines


def load_table(loads, sizes, sides):
    lines = ["### Loading and size", "",
             "| | " + " | ".join(NAMES[s] for s in sides) + " |",
             "|---|" + "---:|" * len(sides)]
    for table, (rows, seconds) in loads.items():
        lines.append(f"| COPY {table}, {rows:,} rows: rows/s | "
                     + " | ".join(f"{rows / seconds[s]:,.0f}" for s in sides) + " |")
    for table, by_side in sizes.items():
        lines.append(f"| size of {table} | "
                     + " | ".join(gigabytes(by_side[s]) for s in sides) + " |")
    return lines


def heading(args, sides, version):
    return (f"Measured {datetime.date.today()} on {os.cpu_count()} CPUs, {platform.machine()}, "
            f"Linux {platform.release()}, load average {os.getloadavg()[1]:.1f}; TPC-H at scale "
            f"factor {args.scale:g}, ClickBench's queries over {args.hits:,} generated rows; "
            f"{args.threads} threads each; medians of {args.rounds} interleaved rounds, data in "
            f"memory; " + ", ".join(NAMES[s] + (f" {version}" if s == "duckdb" else "")
                                   for s in sides)
            + ". LumaDB's tables are columnar with TPC-H's keys, DuckDB runs in the client's "
            "process and has no keys.")
