import asyncio
import datetime
import decimal
import uuid

import asyncpg


async def main():
    db = await asyncpg.connect()
    await db.execute("create table t(id serial primary key, n numeric, d date, ts timestamptz, "
                     "a int[], j jsonb, u uuid, i interval, s text)")
    key = uuid.uuid4()
    now = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    row = await db.fetchrow(
        "insert into t(n, d, ts, a, j, u, i, s) values ($1, $2, $3, $4, $5, $6, $7, $8) "
        "returning *",
        decimal.Decimal("3.14"), datetime.date(2024, 1, 1), now, [1, 2], '{"k": 1}', key,
        datetime.timedelta(hours=5), "text")
    assert row["n"] == decimal.Decimal("3.14") and row["ts"] == now and row["u"] == key, row
    assert row["a"] == [1, 2] and row["i"] == datetime.timedelta(hours=5), row
    await db.executemany("insert into t(s) values ($1)", [(str(i),) for i in range(100)])
    assert await db.fetchval("select count(*) from t") == 101
    statement = await db.prepare("select id from t where s = $1")
    assert [p.name for p in statement.get_parameters()] == ["text"]
    assert await statement.fetchval("7") == 9
    async with db.transaction():
        seen = 0
        async for _ in db.cursor("select id from t order by id"):
            seen += 1
        assert seen == 101
    try:
        async with db.transaction(isolation="serializable"):
            await db.execute("insert into t(id) values (1)")
    except asyncpg.UniqueViolationError as error:
        assert error.constraint_name == "t_pkey"
    await db.copy_records_to_table("t", records=[("r1",), ("r2",)], columns=["s"])
    assert await db.fetchval("select count(*) from t where s like 'r_'") == 2
    rows = await db.fetch("select * from unnest($1::text[], $2::int[]) as u(a, b)", ["x"], [5])
    assert tuple(rows[0]) == ("x", 5)
    await db.execute("create type mood as enum ('sad', 'ok')")
    assert await db.fetchval("select 'ok'::mood") == "ok"
    assert await db.fetchval("select $1::mood::text", "sad") == "sad"
    try:
        await db.fetchval("select pg_sleep(10)", timeout=0.3)
        raise AssertionError("no timeout")
    except asyncio.TimeoutError:
        pass
    assert await db.fetchval("select 1") == 1
    pool = await asyncpg.create_pool(min_size=2, max_size=4)
    async with pool:
        values = await asyncio.gather(*[pool.fetchval("select $1::int", i) for i in range(20)])
        assert values == list(range(20))
    await db.close()


asyncio.run(main())
