"""The databases of the analytical benchmark behind one interface: load, run, sizes."""

import os
import shutil
import subprocess
import tempfile
import time

from harness import libpq, servers

MISSING = "DuckDB's Python module is missing: `python3 -m venv DIR && DIR/bin/pip install duckdb`, " \
          "then run this script with DIR/bin/python, or leave it out with --without duckdb"


class QueryFailed(Exception):
    pass


class WireSide:
    """A server behind PostgreSQL's protocol. One connection for all queries."""

    def __init__(self, server, setup, vacuum):
        self.server, self.vacuum = server, vacuum
        self.setup = setup
        self.connection = None
        self.start()
        self.connect()

    def start(self):
        self.server.start()

    def connect(self):
        self.connection = self.server.connect()
        for sql in self.setup:
            self.connection.run(sql)

    def create(self, schema):
        for result in self.connection.execute(schema, 60):
            if result.failed:
                raise QueryFailed(result.message)

    def copy(self, table, path, delimiter, null):
        started = time.monotonic()
        done = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
             f"\\copy {table} from '{path}' with (format csv, delimiter '{delimiter}', "
             f"null '{null}')"],
            env=self.server.environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise QueryFailed(f"COPY {table}: {done.stderr.strip()[:300]}")
        return time.monotonic() - started

    def settle(self):
        self.connection.run(self.vacuum, timeout_s=1800)

    def size(self, tables):
        return sum(int(self.connection.value(f"select pg_total_relation_size('{t}')"))
                   for t in tables)

    def run(self, statements, timeout_s):
        """(rows, seconds); rows of the one statement that has some. The time ends when the client
        library has all rows: that Python is slow to look at each is not the server's."""
        started, found = time.monotonic(), None
        try:
            for sql in statements:
                result = self.connection.run(sql, timeout_s=timeout_s)
                if result.columns:
                    found = result
        except (libpq.ServerError, libpq.TimedOut, libpq.ConnectionLost) as error:
            self.connection.close()
            self.clean(statements)
            raise QueryFailed(str(error)) from error
        seconds = time.monotonic() - started
        return None if found is None else found.rows, seconds

    def clean(self, statements):
        try:
            self.connect()
            self.connection.execute(";".join(s for s in statements if s.startswith("drop ")) or "")
        except libpq.ConnectionLost as error:
            raise QueryFailed(f"{self.server.name} is gone: {error}") from error

    def stop(self):
        self.server.stop()


class IndexSide(WireSide):
    """Row tables with a columnar index over all columns, in a schema of its own of the server that
    has the columnar tables."""

    SCHEMA = "indexed"

    def __init__(self, other):
        self.tables = []
        super().__init__(other.server, [], other.vacuum)
        self.setup = [s for s in other.setup if "access_method" not in s]
        self.setup.append(f"set search_path = {self.SCHEMA}")
        self.connection.run(f"create schema {self.SCHEMA}")
        self.connect()

    def start(self):
        """The other side has."""

    def copy(self, table, path, delimiter, null):
        seconds = super().copy(f"{self.SCHEMA}.{table}", path, delimiter, null)
        columns = self.connection.value(
            "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
            "where attrelid = $1::regclass and attnum > 0", (f"{self.SCHEMA}.{table}",))
        self.connection.run(f"create index on {table} using columnar ({columns})", timeout_s=1800)
        return seconds

    def stop(self):
        self.connection.close()


def luma(args):
    options = ["--preset", "fast", "--set", "columnar.cache_size=2GB",
               "--set", f"memory.work_mem={args.work_mem}", *args.option]
    setup = ["set default_table_access_method = columnar"]
    if args.threads != os.cpu_count():
        setup.append(f"set max_parallel_workers_per_gather = {args.threads - 1}")
    return WireSide(servers.LumaServer(options=options), setup, "vacuum analyze")


def postgres(args):
    settings = {"shared_buffers": "2GB", "work_mem": args.work_mem, "max_wal_size": "8GB",
                "fsync": "on", "full_page_writes": "on", "effective_cache_size": "8GB",
                "max_parallel_workers": str(args.threads),
                "max_parallel_workers_per_gather": str(args.threads - 1)}
    return WireSide(servers.PostgresServer(settings), [], "vacuum analyze")


class DuckSide:
    """DuckDB inside this process, on a database file. Its tables have no keys, as is usual there:
    the queries gain nothing from them."""

    def __init__(self, args):
        import duckdb  # pylint: disable=import-outside-toplevel
        self.duckdb = duckdb
        self.directory = tempfile.mkdtemp(prefix="luma_bench_duckdb_")
        self.path = os.path.join(self.directory, "bench.db")
        self.connection = duckdb.connect(self.path, config={"threads": args.threads})

    def create(self, schema):
        for sql in schema.split(";\n"):
            head, _, keys = sql.partition(", primary key (")
            sql = head + (")" if keys else "")
            self.connection.execute(sql.replace(" primary key", ""))

    def copy(self, table, path, delimiter, null):
        started = time.monotonic()
        self.connection.execute(f"copy {table} from '{path}' (format csv, header false, "
                                f"delimiter '{delimiter}', nullstr '{null}', quote '\"')")
        return time.monotonic() - started

    def settle(self):
        self.connection.execute("checkpoint")
        self.connection.execute("analyze")

    def size(self, _tables):
        return os.path.getsize(self.path)

    def run(self, statements, _timeout_s):
        started, rows = time.monotonic(), None
        try:
            for sql in statements:
                done = self.connection.execute(sql)
                if not sql.startswith(("create ", "drop ")):
                    rows = done.fetchall()
        except self.duckdb.Error as error:
            raise QueryFailed(str(error)) from error
        seconds = time.monotonic() - started
        return [tuple(None if v is None else str(v) for v in row) for row in rows], seconds

    def stop(self):
        self.connection.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def start(names, args):
    """By name the sides, in the order in which they are shown."""
    makers = {"luma": luma, "duckdb": DuckSide, "pg": postgres}
    sides = {}
    for name in names:
        try:
            sides[name] = IndexSide(sides["luma"]) if name == "index" else makers[name](args)
        except ImportError as error:
            raise servers.StartFailed(MISSING) from error
    return sides
