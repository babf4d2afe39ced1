import datetime
import decimal

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

with psycopg.connect("") as db:
    db.execute("create table t(id int generated always as identity primary key, n numeric, "
               "ts timestamp, a text[], j jsonb, b bytea)")
    row = db.execute("insert into t(n, ts, a, j, b) values (%s, %s, %s, %s, %s) returning *",
                     (decimal.Decimal("1.10"), datetime.datetime(2024, 1, 2, 3, 4), ["x", None],
                      Jsonb({"a": 1}), b"\x01")).fetchone()
    assert row == (1, decimal.Decimal("1.10"), datetime.datetime(2024, 1, 2, 3, 4), ["x", None],
                   {"a": 1}, b"\x01"), row
    with db.cursor(binary=True, row_factory=dict_row) as cur:
        cur.execute("select n, ts, a, j, b, 1.5::float8 as f, 'x'::text as s, true as o, "
                    "null::int as z, '1 day 02:00'::interval as i, current_date as d from t")
        got = cur.fetchone()
        assert got["n"] == decimal.Decimal("1.10") and got["a"] == ["x", None], got
        assert got["i"] == datetime.timedelta(days=1, hours=2) and got["o"] is True, got
    with db.cursor() as cur:
        cur.executemany("insert into t(n) values (%s)", [(i,) for i in range(50)])
        assert cur.rowcount == 50, cur.rowcount
    with db.cursor().copy("copy t(n, a) from stdin") as copy:
        for i in range(10):
            copy.write_row((i, ["c"]))
    with db.cursor().copy("copy (select n from t order by id limit 2) to stdout") as copy:
        assert [r[0] for r in copy.rows()] == ["1.10", "0"]
    with db.cursor().copy("copy t(n) to stdout (format binary)") as copy:
        assert b"".join(copy).startswith(b"PGCOPY")
    with db.transaction():
        db.execute("insert into t(n) values (1000)")
        try:
            with db.transaction():
                db.execute("insert into t(n) values (2000)")
                db.execute("select 1/0")
        except psycopg.errors.DivisionByZero:
            pass
    assert db.execute("select count(*) from t where n >= 1000").fetchone() == (1,)
    for i in range(10):  # becomes a prepared statement on the way
        assert db.execute("select %s::int + 1", (i,)).fetchone() == (i + 1,)
    with db.pipeline():
        cursors = [db.execute("select %s::int", (i,)) for i in range(20)]
        assert [c.fetchone()[0] for c in cursors] == list(range(20))
    assert db.execute("select 'a'::text as x").description[0].name == "x"
    with db.cursor(name="big") as cur:
        cur.execute("select generate_series(1, 1000)")
        assert len(cur.fetchmany(10)) == 10
        cur.scroll(100)
        assert cur.fetchone() == (111,)
    assert db.info.server_version >= 150000
    assert db.info.parameter_status("standard_conforming_strings") == "on"
