"""ClickBench's schema, queries and generated rows, for the scripts that run them."""

import os
import re

import tpch

HERE = os.path.dirname(os.path.abspath(__file__))
DELIMITER, NULL = ",", "\\N"


def schema():
    with open(os.path.join(HERE, "hits.sql"), encoding="utf-8") as file:
        return file.read().strip().rstrip(";")


def data(rows):
    """The path of a CSV file."""
    directory = os.path.join(tpch.ROOT, "build", f"hits-{rows}")
    path = os.path.join(directory, "hits.csv")
    tpch.generated(directory, "hits_generate", path, str(rows))
    return path


def queries():
    """(number, statement, decided, order) of each query: `decided` is the form with one right
    answer, None when the statement has one itself; `order` counts the result columns that ORDER BY
    compares, None when there are none."""
    with open(os.path.join(HERE, "clickbench.sql"), encoding="utf-8") as file:
        text = file.read()
    for number, order, ties, sql in re.findall(
            r"^-- Q(\d+)(?: order (\w+) ties ([^\n]*))?\n(.*?);\n", text, flags=re.M | re.S):
        decided = None
        if ties:
            head, limit, rest = sql.rpartition(" limit ") if " limit " in sql else (sql, "", "")
            decided = f"{head}{',' if 'order by' in head else ' order by'} {ties}{limit}{rest}"
        yield int(number), sql, decided, int(order) if order and order != "none" else None
