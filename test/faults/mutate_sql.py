#!/usr/bin/env python3
"""Absurd statements: those of the SQL tests with tokens dropped, doubled, swapped and taken from
other statements. Whatever they answer, the server lives on, no statement outlives its timeout, and
no answer is an internal error (XX000) unless PostgreSQL calls it one.

test/faults/mutate_sql.py [--statements 3000] [--seed N]
"""

import argparse
import glob
import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from harness import libpq, servers, slt_file  # noqa: E402

TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\$\$.*?\$\$|\w+|\s+|[^\w\s]+", re.S)
EXTREMES = ["null", "0", "-1", "2147483648", "9223372036854775807", "1e308", "'NaN'", "''", "'{}'",
            "array[]::int[]", "(select 1 where false)", "repeat('x', 1000)", "*", "default", "()",
            "row(1, 'x')", "interval '1 month'", "'infinity'::date", "current_user", "$1"]
# Not statements for a shared server, or ones that never end by themselves.
UNWANTED = re.compile(r"pg_sleep|program|pg_terminate|pg_cancel|drop\s+database|shutdown|"
                      r"alter\s+(role|user|database|system)|drop\s+(role|user|owned)|reassign|"
                      r"statement_timeout|session\s+authorization|set\s+role|copy\s.*'/", re.I | re.S)
TIMEOUT_S = 30
# PostgreSQL itself says XX000 here.
KNOWN_XX000 = ("tsvector_update_trigger: not fired by trigger manager",
               "tsvector_update_trigger: arguments must be",
               "Unexpected end of string", 'Syntax error near "',
               "could not open relation with OID", "cache lookup failed", "unrecognized weight",
               "unrecognized object type abbreviation", "unsupported jsonb version number",
               "unsupported jsonpath version number", "invalid INTERVAL typmod",
               "tuple concurrently updated", "cannot alter constraint",
               "invalid XPath expression", "could not create XPath object",
               "could not register XML namespace")


def corpus():
    statements = []
    for path in sorted(glob.glob(os.path.join(ROOT, "test", "sql", "**", "*.slt"), recursive=True)):
        for record in slt_file.read(path):
            if record.sql and record.data is None and not UNWANTED.search(record.sql):
                statements.append(record.sql)
    return statements


def mutate(dice, statements):
    tokens = TOKEN.findall(dice.choice(statements))
    for _ in range(dice.choice([1, 1, 1, 2, 3, 5])):
        if not tokens:
            break
        at = dice.randrange(len(tokens))
        action = dice.randrange(6)
        if action == 0:
            del tokens[at]
        elif action == 1:
            tokens.insert(at, tokens[dice.randrange(len(tokens))])
        elif action == 2:
            other = dice.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif action == 3:
            tokens[at] = dice.choice(EXTREMES)
        elif action == 4:
            tokens[at] = dice.choice(TOKEN.findall(dice.choice(statements)) or [""])
        else:
            donor = TOKEN.findall(dice.choice(statements))
            start = dice.randrange(len(donor)) if donor else 0
            tokens[at:at + 1] = donor[start:start + dice.randint(1, 8)]
    return "".join(tokens).replace("\0", "")


def fresh(server):
    connection = server.connect()
    for statement in ("set statement_timeout = '2s'", "set lock_timeout = '1s'",
                      "set luma.query_memory_limit = '64MB'", "set client_min_messages = error"):
        connection.run(statement)
    return connection


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--statements", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--preset", default="release")
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    dice = random.Random(seed)
    statements = corpus()
    failures, answered = [], 0
    with servers.LumaServer(args.preset).start() as server:
        connection = fresh(server)
        for number in range(args.statements):
            # The plain corpus in between makes the tables that mutants work on.
            sql = dice.choice(statements) if number % 3 == 0 else mutate(dice, statements)
            if UNWANTED.search(sql):
                continue
            try:
                for result in connection.execute(sql, TIMEOUT_S):
                    if result.failed and result.sqlstate is None:
                        raise libpq.ConnectionLost(result.message)
                    if result.sqlstate == "XX000" and not result.message.startswith(KNOWN_XX000):
                        failures.append(f"{result.message}: {sql}")
                answered += 1
            except (libpq.ConnectionLost, libpq.TimedOut) as error:
                if not server.running():
                    failures.append(f"the server died ({server.process.returncode}): {sql}")
                    server.start()
                elif isinstance(error, libpq.TimedOut):
                    failures.append(f"no answer within {TIMEOUT_S} s: {sql}")
                connection = fresh(server)
            if number % 50 == 49:
                connection.close()
                connection = fresh(server)
    for text in failures:
        print("    " + text.replace("\n", " "))
    print(f"{answered} statements answered")
    print(f"{0 if failures else 1} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
