#!/usr/bin/env python3
"""Runs the examples of the documentation: every ```sql block with a ```text block right behind it
is given to psql, and must print what the text block says. Blocks of a page share one database.

test/docs/run.py [--record] [page ...]     --record writes what LumaDB says into the pages
"""

import argparse
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from harness import servers  # noqa: E402

EXAMPLE = re.compile(r"^```sql\n(?P<sql>.*?)^```\n(?:\n?```text\n(?P<text>.*?)^```\n)?",
                     re.M | re.S)


def said(server, sql):
    done = subprocess.run(["psql", "-X", "-q", "-P", "footer=off", "-v", "VERBOSITY=terse"],
                          input=sql, env=server.environment(), capture_output=True, text=True,
                          check=False, timeout=60)
    lines = [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def run_page(path, record):
    """(passed, failed) of one page; blocks without a text block only have to succeed."""
    with open(path, encoding="utf-8") as file:
        page = file.read()
    passed = failed = 0
    pieces, at = [], 0
    with servers.LumaServer().start() as server:
        for example in EXAMPLE.finditer(page):
            answer = said(server, example["sql"])
            wanted = example["text"]
            right = not answer.strip() if wanted is None else answer == wanted
            line = page.count("\n", 0, example.start()) + 1
            if record and wanted is not None:
                pieces += [page[at:example.start("text")], answer]
                at = example.end("text")
                right = True
            if not right:
                print(f"{os.path.relpath(path, ROOT)}:{line}: says\n{answer}"
                      f"instead of\n{wanted or 'nothing'}")
            passed, failed = passed + right, failed + (not right)
    if record:
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(pieces) + page[at:])
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("pages", nargs="*")
    args = parser.parse_args()
    pages = args.pages or sorted(
        page for page in glob.glob(os.path.join(ROOT, "docs", "**", "*.md"), recursive=True)
        if "```text" in open(page, encoding="utf-8").read())
    counts = [run_page(page, args.record) for page in pages]
    failed = sum(f for _, f in counts)
    print(f"{sum(p for p, _ in counts)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
