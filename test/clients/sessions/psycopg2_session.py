import datetime
import decimal
import io
import os

import psycopg2
import psycopg2.errors
import psycopg2.extras

db = psycopg2.connect("")
cur = db.cursor()
cur.execute("create table t(id serial primary key, n numeric(10,2), d date, ts timestamptz, "
            "a int[], j jsonb, b bytea, u uuid, f float8, o bool, s text)")
row = (decimal.Decimal("12.50"), datetime.date(2024, 2, 29),
       datetime.datetime(2024, 1, 2, 3, 4, 5, 678, datetime.timezone.utc), [1, None, 3],
       psycopg2.extras.Json({"k": [1, "x"]}), b"\x00\xff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
       1.5, True, "it's \\ é")
cur.execute("insert into t(n, d, ts, a, j, b, u, f, o, s) values (%s, %s, %s, %s, %s, %s, %s, %s, "
            "%s, %s) returning id", row)
assert cur.fetchone() == (1,)
cur.execute("select n, d, ts, a, j, b, f, o, s from t where id = %s", (1,))
got = cur.fetchone()
assert got[:4] == row[:4] and got[4] == {"k": [1, "x"]} and bytes(got[5]) == row[5], got
assert got[6:] == (1.5, True, "it's \\ é"), got
db.commit()
try:
    cur.execute("insert into t(id) values (1)")
    raise AssertionError("duplicate accepted")
except psycopg2.errors.UniqueViolation as error:
    assert error.diag.constraint_name == "t_pkey", error.diag.constraint_name
    assert error.diag.table_name == "t", error.diag.table_name
db.rollback()
psycopg2.extras.execute_values(cur, "insert into t(s) values %s", [(f"v{i}",) for i in range(100)])
cur.execute("select count(*) from t")
assert cur.fetchone() == (101,)
cur.copy_expert("copy t(s) from stdin", io.StringIO("x\ny\n\\N\n"))
out = io.StringIO()
cur.copy_expert("copy (select s from t where id = 1) to stdout", out)
assert out.getvalue() == "it's \\\\ é\n", out.getvalue()
named = db.cursor("server_side")
named.itersize = 10
named.execute("select id from t order by id")
assert sum(1 for _ in named) == 104
named.close()
db.set_session(isolation_level="SERIALIZABLE", readonly=True) if not db.rollback() else None
cur.execute("show transaction_isolation")
assert cur.fetchone() == ("serializable",)
try:
    cur.execute("delete from t")
    raise AssertionError("read only ignored")
except psycopg2.errors.ReadOnlySqlTransaction:
    db.rollback()
db.set_session(autocommit=True, readonly=False)
with db.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as dict_cur:
    dict_cur.execute("select 1 as one, array['a', 'b'] as two, '1 day'::interval as i")
    assert dict_cur.fetchone() == {"one": 1, "two": ["a", "b"], "i": datetime.timedelta(days=1)}
assert db.server_version // 10000 >= 15
assert os.environ["PGDATABASE"] == db.info.dbname
db.close()
