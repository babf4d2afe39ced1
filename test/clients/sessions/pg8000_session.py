import datetime
import os

import pg8000.native

db = pg8000.native.Connection(os.environ["PGUSER"], host=os.environ["PGHOST"],
                              port=int(os.environ["PGPORT"]), database=os.environ["PGDATABASE"])
db.run("create table t(id int primary key, s text, d date)")
db.run("insert into t values (:id, :s, :d)", id=1, s="x", d=datetime.date(2024, 1, 1))
assert db.run("select * from t") == [[1, "x", datetime.date(2024, 1, 1)]]
assert [c["name"] for c in db.columns] == ["id", "s", "d"]
statement = db.prepare("select :a + 1")
assert statement.run(a=41) == [[42]]
db.run("start transaction")
db.run("delete from t")
db.run("rollback")
assert db.run("select count(*) from t") == [[1]]
try:
    db.run("select nosuch")
    raise AssertionError("no error")
except pg8000.native.DatabaseError as error:
    assert error.args[0]["C"] == "42703", error
db.close()
