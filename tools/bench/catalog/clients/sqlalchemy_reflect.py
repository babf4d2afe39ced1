"""SQLAlchemy: reflection of one table, of 100 tables, and lists of names."""

import os
import sys
import time

try:
    import psycopg2  # noqa: F401
    import sqlalchemy
except ImportError:
    print("python3-sqlalchemy or python3-psycopg2 is not installed")
    sys.exit(77)

engine = sqlalchemy.create_engine(
    f"postgresql+psycopg2://postgres@{os.environ['PGHOST']}:{os.environ['PGPORT']}/"
    f"{os.environ['PGDATABASE']}")


def timed(name, action):
    action()
    started = time.monotonic()
    action()
    print(f"{name}\t{time.monotonic() - started}")


def reflect(names):
    metadata = sqlalchemy.MetaData()
    metadata.reflect(engine, only=names, resolve_fks=False)


timed("SQLAlchemy, names of tables", lambda: sqlalchemy.inspect(engine).get_table_names())
timed("SQLAlchemy, names of views", lambda: sqlalchemy.inspect(engine).get_view_names())
timed("SQLAlchemy, reflection of one table", lambda: reflect(["t00500"]))
timed("SQLAlchemy, reflection of 100 tables", lambda: reflect([f"t{i:05}" for i in range(100)]))
timed("SQLAlchemy, enums", lambda: sqlalchemy.inspect(engine).get_enums())
