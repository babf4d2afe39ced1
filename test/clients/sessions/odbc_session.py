"""psqlODBC through pyodbc: catalog functions, typed values, arrays of parameters, transactions."""

import datetime
import decimal
import os
import sys

try:
    import pyodbc
except ImportError:
    print("python3-pyodbc is not installed")
    sys.exit(77)
if "PostgreSQL Unicode" not in pyodbc.drivers():
    print("odbc-postgresql is not installed")
    sys.exit(77)

SOURCE = ("Driver={{PostgreSQL Unicode}};Server={PGHOST};Port={PGPORT};Uid={PGUSER};"
          "Database={PGDATABASE};").format(**os.environ)


def catalog(db):
    cursor = db.cursor()
    assert [(r.table_name, r.table_type) for r in cursor.tables(schema="public")] == [
        ("dept", "TABLE"), ("emp", "TABLE"), ("rich", "VIEW")]
    columns = [(r.column_name, r.type_name, r.column_size, r.nullable, r.column_def)
               for r in cursor.columns("emp")]
    assert columns[:3] == [("id", "int4", 10, 0, "nextval('emp_id_seq'::regclass)"),
                           ("dept", "int4", 10, 1, None), ("name", "varchar", 30, 0, None)], columns
    assert [r.column_name for r in cursor.primaryKeys("emp")] == ["id"]
    assert [(r.pktable_name, r.pkcolumn_name, r.fkcolumn_name)
            for r in cursor.foreignKeys(foreignTable="emp")] == [("dept", "id", "dept")]
    indexes = sorted((r.index_name, r.column_name) for r in cursor.statistics("emp") if r.index_name)
    assert indexes == [
        ("emp_name_key", "name"), ("emp_pkey", "id"), ("emp_seen", "seen")], indexes
    assert "int4" in {r.type_name for r in cursor.getTypeInfo()}
    assert db.getinfo(pyodbc.SQL_DBMS_NAME) == "PostgreSQL"
    assert db.getinfo(pyodbc.SQL_DBMS_VER).startswith("15.")


def values(db):
    cursor = db.cursor()
    cursor.execute("insert into dept values (1, 'one')")
    seen = datetime.datetime(2020, 2, 29, 12, 34, 56, 789000)
    row = (1, "Zoë's", decimal.Decimal("12.50"), 1.5, seen, datetime.date(2020, 1, 2),
           datetime.time(1, 2, 3), True, b"\x00\xff", "x" * 5000)
    insert = ("insert into emp(dept, name, salary, ratio, seen, born, at, ok, photo, notes) "
              "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    cursor.execute(insert, row)
    read = cursor.execute("select dept, name, salary, ratio, seen, born, at, ok, photo, notes from emp "
                          "where name = ?", "Zoë's").fetchone()
    assert tuple(read)[:7] == row[:7], read
    assert read.ok in (True, "1") and read.photo == b"\x00\xff" and read.notes == "x" * 5000
    assert [d[0] for d in cursor.description][:2] == ["dept", "name"]
    cursor.executemany("insert into emp(dept, name) values (?, ?)", [(1, f"n{i}") for i in range(200)])
    cursor.fast_executemany = True
    cursor.executemany("insert into emp(dept, name) values (?, ?)", [(1, f"f{i}") for i in range(200)])
    assert cursor.execute("select count(*) from emp").fetchval() == 401
    assert cursor.execute("update emp set salary = 1 where name like 'n%'").rowcount == 200
    cursor.execute("select 1; select 2")
    assert cursor.fetchval() == 1 and cursor.nextset() and cursor.fetchval() == 2
    assert cursor.execute("{call int4pl(?, ?)}", 2, 3).fetchval() == 5
    assert cursor.execute("select {fn ucase('a')}, {d '2020-01-02'}").fetchone()[0] == "A"
    db.commit()


def transactions(db):
    cursor = db.cursor()
    try:
        cursor.execute("insert into dept values (1, 'again')")
        raise AssertionError("a duplicate passed")
    except pyodbc.IntegrityError as error:
        assert error.args[0] == "23505", error
    db.rollback()
    cursor.execute("delete from emp")
    db.rollback()
    assert cursor.execute("select count(*) from emp").fetchval() == 401
    db.commit()
    with pyodbc.connect(SOURCE + "UseDeclareFetch=1;Fetch=7", autocommit=False) as fetching:
        assert len(fetching.execute("select * from emp").fetchall()) == 401
    with pyodbc.connect(SOURCE + "UseServerSidePrepare=0;Protocol=7.4-0") as simple:
        assert simple.execute("select name from dept where id = ?", 1).fetchval() == "one"


DB = pyodbc.connect(SOURCE)
DB.execute("create table dept(id int primary key, name text)")
DB.execute("create table emp(id serial primary key, dept int references dept, name varchar(30) not null "
           "unique, salary numeric(10,2), ratio float8, seen timestamp, born date, at time, ok bool, "
           "photo bytea, notes text)")
DB.execute("create index emp_seen on emp(seen)")
DB.execute("create view rich as select * from emp where salary > 100")
DB.commit()
catalog(DB)
values(DB)
transactions(DB)
