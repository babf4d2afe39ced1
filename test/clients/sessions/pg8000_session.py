import datetime
import os

import pg8000

db = pg8000.connect(user=os.environ["PGUSER"], host=os.environ["PGHOST"],
                    port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"])
cursor = db.cursor()
cursor.execute("create table t(id int primary key, s text, d date, n numeric)")
cursor.executemany("insert into t values (%s, %s, %s, %s)",
                   [(i, f"row {i}", datetime.date(2024, 1, i), i) for i in range(1, 11)])
db.commit()
cursor.execute("select id, s, d from t where id = %s", (3,))
assert list(cursor.fetchone()) == [3, "row 3", datetime.date(2024, 1, 3)]
assert [c[0] for c in cursor.description] == [b"id", b"s", b"d"]
cursor.execute("delete from t")
db.rollback()
cursor.execute("select count(*) from t")
assert list(cursor.fetchone()) == [10]
try:
    cursor.execute("select nosuch")
    raise AssertionError("no error")
except pg8000.ProgrammingError as error:
    assert "42703" in error.args, error.args
db.rollback()
db.close()
