"""SQLAlchemy: every type there and back, reflection through the inspector, cursors, COPY, savepoints."""

import datetime
import decimal
import io
import os
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

ADDRESS = "postgresql+{}://{PGUSER}@{PGHOST}:{PGPORT}/{PGDATABASE}"
engine = sa.create_engine(ADDRESS.format("psycopg2", **os.environ))
metadata = sa.MetaData()
seen = datetime.datetime(2020, 2, 29, 12, 34, 56, 789, tzinfo=datetime.timezone.utc)
COLUMNS = [
    (sa.SmallInteger, -7), (sa.BigInteger, 2**60), (sa.Float, 1.25), (pg.REAL, 0.5),
    (sa.Numeric(12, 4), decimal.Decimal("12.3400")), (sa.Boolean, True), (sa.String(20), "it's"),
    (sa.Text, "Zoë"), (sa.CHAR(4), "ab  "), (sa.LargeBinary, b"\x00\xff"), (sa.Date, seen.date()),
    (sa.Time, datetime.time(1, 2, 3, 4)), (sa.DateTime, seen.replace(tzinfo=None)),
    (sa.DateTime(timezone=True), seen), (sa.Interval, datetime.timedelta(days=3, seconds=5)),
    (pg.UUID(as_uuid=True), uuid.UUID(int=5)), (sa.JSON, {"a": [1, None]}), (pg.JSONB, {"b": {"c": 2}}),
    (pg.ARRAY(sa.Integer), [1, None, 3]), (pg.ARRAY(sa.Text, dimensions=2), [["a"], ["b\"c"]]),
    (pg.INET, "10.0.0.1"), (pg.CIDR, "10.0.0.0/8"), (pg.MACADDR, "08:00:2b:01:02:03"),
    (sa.Enum("sad", "happy", name="mood"), "happy"), (pg.BIT(3), "101"), (pg.TSVECTOR, "'a':1"),
    (pg.INT4RANGE, None), (pg.OID, 26), (pg.TIMESTAMP(precision=3), None),
]
wide = sa.Table("wide", metadata, sa.Column("id", sa.Integer, sa.Identity(start=5), primary_key=True),
                *(sa.Column(f"c{i}", kind) for i, (kind, _) in enumerate(COLUMNS)))
parent = sa.Table(
    "parent", metadata, sa.Column("a", sa.Integer), sa.Column("b", sa.String(5), comment="the second"),
    sa.Column("twice", sa.Integer, sa.Computed("a * 2")), sa.PrimaryKeyConstraint("a", "b", name="parent_key"),
    sa.CheckConstraint("a > 0", name="positive"), schema="far", comment="a table")
child = sa.Table(
    "child", metadata, sa.Column("id", sa.BigInteger, sa.Sequence("child_ids"), primary_key=True),
    sa.Column("a", sa.Integer), sa.Column("b", sa.String(5)), sa.Column("note", sa.Text, server_default="none"),
    sa.ForeignKeyConstraint(["a", "b"], ["far.parent.a", "far.parent.b"], name="child_parent",
                            onupdate="CASCADE", ondelete="SET NULL", deferrable=True, initially="DEFERRED"),
    sa.UniqueConstraint("note", "a", name="child_note"))
sa.Index("child_part", child.c.note.desc(), postgresql_where=child.c.a > 3, postgresql_include=["b"])


def there_and_back():
    values = {f"c{i}": value for i, (_, value) in enumerate(COLUMNS)}
    with engine.begin() as c:
        assert c.execute(wide.insert().values(values)).inserted_primary_key == (5,)
        row = c.execute(sa.select(wide)).one()
        for i, (kind, value) in enumerate(COLUMNS):
            assert row[i + 1] == value, (kind, value, row[i + 1])
        for i, (kind, value) in enumerate(COLUMNS):  # as a condition, too
            if value is not None and kind not in (sa.JSON, pg.TSVECTOR):
                assert c.scalar(sa.select(sa.func.count()).where(wide.c[f"c{i}"] == value)) == 1, kind
        assert c.scalar(sa.select(wide.c.c17["b"]["c"].astext)) == "2"
        assert c.scalar(sa.select(wide.c.c18[3])) == 3
        statement = pg.insert(wide).values(id=5, c0=1)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_={"c0": statement.excluded.c0})
        assert c.execute(statement.returning(wide.c.c0)).scalar() == 1


def inspection():
    look = sa.inspect(engine)
    assert {"far", "public", "information_schema"} <= set(look.get_schema_names())
    assert look.get_table_names(schema="far") == ["parent"] and look.has_table("wide")
    columns = look.get_columns("wide")
    assert columns[0]["identity"]["start"] == 5
    for (kind, _), column in zip(COLUMNS, columns[1:]):
        wanted, found = (sa.types.to_instance(t).compile(engine.dialect) for t in (kind, column["type"]))
        wanted = wanted.replace("FLOAT", "DOUBLE PRECISION").replace("[][]", "[]")
        assert wanted == found, (wanted, found)
    far = look.get_columns("parent", schema="far")
    assert far[1]["comment"] == "the second" and far[2]["computed"]["sqltext"] == "(a * 2)"
    assert look.get_table_comment("parent", schema="far") == {"text": "a table"}
    assert look.get_pk_constraint("parent", schema="far") == {
        "constrained_columns": ["a", "b"], "name": "parent_key"}
    assert look.get_check_constraints("parent", schema="far")[0] == {"name": "positive", "sqltext": "a > 0"}
    key, = look.get_foreign_keys("child")
    assert key["options"] == {"onupdate": "CASCADE", "ondelete": "SET NULL", "deferrable": True,
                              "initially": "DEFERRED"}, key
    assert (key["referred_schema"], key["referred_columns"]) == ("far", ["a", "b"])
    indexes = {i["name"]: i for i in look.get_indexes("child")}
    assert indexes["child_part"]["include_columns"] == ["b"], indexes
    assert indexes["child_part"]["dialect_options"]["postgresql_where"] == "(a > 3)"
    assert indexes["child_note"]["duplicates_constraint"] == "child_note"
    assert sorted(look.get_sequence_names()) == ["child_ids", "wide_id_seq"]
    assert look.get_enums()[0]["labels"] == ["sad", "happy"]
    assert look.get_view_names() == ["shown"] and "child" in look.get_view_definition("shown")
    copy = sa.MetaData()
    copy.reflect(engine, views=True)
    assert {"wide", "child", "shown", "far.parent"} <= set(copy.tables)


def cursors_and_copy():
    with engine.connect() as c:
        rows = c.execution_options(stream_results=True, max_row_buffer=7).execute(
            sa.text("select g from generate_series(1, 1000) g"))
        assert sum(r.g for r in rows) == 500500
    raw = engine.raw_connection()
    cursor = raw.cursor()
    cursor.copy_expert("copy child(id, note) from stdin (format csv)", io.StringIO('1,"a,b"\n2,\n'))
    out = io.StringIO()
    cursor.copy_expert("copy (select id, note from child order by id) to stdout (format csv)", out)
    assert out.getvalue() == '1,"a,b"\n2,\n', out.getvalue()
    raw.commit()
    raw.close()
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as c, c.begin():
        nested = c.begin_nested()
        c.execute(child.delete())
        nested.rollback()
        assert c.scalar(sa.select(sa.func.count()).select_from(child)) == 2
        try:
            with c.begin_nested():
                c.execute(child.insert().values(id=1))
            raise AssertionError("a duplicate passed")
        except sa.exc.IntegrityError as error:
            assert error.orig.diag.constraint_name == "child_pkey"
        assert c.get_isolation_level() == "SERIALIZABLE"


with engine.begin() as connection:
    connection.execute(sa.schema.CreateSchema("far"))
metadata.create_all(engine)
with engine.begin() as connection:
    connection.execute(sa.text("create view shown as select id, note from child"))
there_and_back()
inspection()
cursors_and_copy()
with engine.begin() as connection:
    connection.execute(sa.text("drop view shown"))
metadata.drop_all(engine)
