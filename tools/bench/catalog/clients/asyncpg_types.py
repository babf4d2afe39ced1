"""asyncpg's introspection of types it does not know: row types and enums of tables and functions."""

import asyncio
import statistics
import sys
import time

try:
    import asyncpg
except ImportError:
    print("python3-asyncpg is not installed")
    sys.exit(77)

QUERIES = {"asyncpg, row type of a table": "select t from t00500 t",
           "asyncpg, array of row types": "select array_agg(t) from t00500 t",
           "asyncpg, row type and enum": "select null::t00100, null::e00100, null::d00100"}


async def main():
    connection = await asyncpg.connect()
    for name, query in QUERIES.items():
        times = []
        for _ in range(3):
            await connection.reload_schema_state()
            started = time.monotonic()
            await (await connection.prepare(query)).fetch()
            times.append(time.monotonic() - started)
        print(f"{name}\t{statistics.median(times)}")
    await connection.close()


asyncio.run(main())
