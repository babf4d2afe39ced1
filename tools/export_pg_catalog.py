#!/usr/bin/env python3
"""Writes sql/catalog/facts/*.inc: what a fresh PostgreSQL 15 database says about its built-in objects.

Usage: tools/export_pg_catalog.py "host=/run/postgresql user=postgres dbname=fresh"
The database must be a copy of template0. Each file is one string literal in COPY text format, columns in
the order of the system relation; regproc and the like are written as oids, node trees as SQL text.
"""
import pathlib
import subprocess
import sys

FACTS = pathlib.Path(__file__).resolve().parent.parent / "sql/catalog/facts"
# Relations whose rows are the same in every database. Filter, replaced columns, appended columns.
TABLES = {
    "pg_proc": ("oid < 16384", {
        "proargdefaults": "pg_get_expr(proargdefaults, 0)",
        "prosqlbody": "null",
        "proacl": "null",
    }, ["array(select pg_get_function_arg_default(p.oid, i) from generate_series(1, "
        "coalesce(array_length(proallargtypes, 1), pronargs)) i "
        "where pg_get_function_arg_default(p.oid, i) is not null order by i)"]),
    "pg_operator": ("oid < 16384", {}, []),
    "pg_cast": ("oid < 16384", {}, []),
    "pg_aggregate": ("true", {}, []),
    "pg_am": ("oid < 16384", {}, []),
    "pg_opclass": ("oid < 16384", {}, []),
    "pg_opfamily": ("oid < 16384", {}, []),
    "pg_amop": ("oid < 16384", {}, []),
    "pg_amproc": ("oid < 16384", {}, []),
    "pg_collation": ("oid < 16384", {}, []),
    "pg_language": ("true", {"lanacl": "null"}, []),
    "pg_range": ("true", {}, []),
    "pg_type": ("oid < 16384 and typrelid = 0 and typnamespace = 11 and not exists "
                "(select from pg_type e where e.oid = p.typelem and e.typrelid <> 0)", {"typacl": "null"}, []),
    "pg_ts_config": ("oid < 16384", {}, []),
    "pg_ts_config_map": ("true", {}, []),
    "pg_ts_dict": ("oid < 16384", {}, []),
    "pg_ts_parser": ("oid < 16384", {}, []),
    "pg_ts_template": ("oid < 16384", {}, []),
    "pg_conversion": ("oid < 16384", {}, []),
    "pg_tablespace": ("oid < 16384", {"spcacl": "null"}, []),
    "pg_description": ("classoid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass, "
                       "'pg_am'::regclass, 'pg_language'::regclass, 'pg_ts_config'::regclass, "
                       "'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass, 'pg_ts_template'::regclass, "
                       "'pg_conversion'::regclass) or objoid in (100, 950, 951)", {}, []),
}
OTHERS = {
    # Relations and their columns; domains are replaced by their base types.
    "relations": """select c.oid, c.relnamespace, c.relname, c.relkind, c.reltype,
        coalesce((select typarray from pg_type where oid = c.reltype), 0), c.relisshared
        from pg_class c where c.relnamespace in (11, 'information_schema'::regnamespace)
        and c.relkind in ('r', 'v') order by c.oid""",
    "relation_columns": """select a.attrelid, a.attnum, a.attname,
        case when t.typtype = 'd' then t.typbasetype else a.atttypid end,
        case when t.typtype = 'd' then t.typtypmod else a.atttypmod end, a.attcollation, a.attnotnull
        from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
        where c.relnamespace in (11, 'information_schema'::regnamespace) and c.relkind in ('r', 'v')
        and a.attnum > 0 order by a.attrelid, a.attnum""",
    "settings": """select name, unit, category, short_desc, extra_desc, context, vartype, min_val, max_val,
        enumvals, boot_val from pg_settings where name not like '%.%' order by name collate "C" """,
    "keywords": """select word, catcode, barelabel, catdesc, baredesc from pg_get_keywords()
        order by word collate "C" """,
}


def run(connection: str, query: str) -> str:
    result = subprocess.run(["psql", "-X", "-At", "-d", connection, "-c", f"copy ({query}) to stdout"],
                            check=True, capture_output=True, text=True)
    return result.stdout


def write(name: str, rows: str) -> None:
    assert ')luma"' not in rows
    (FACTS / f"{name}.inc").write_text(f'R"luma({rows})luma"\n')
    print(f"{name}: {rows.count(chr(10))} rows, {len(rows)} bytes")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    connection = sys.argv[1]
    FACTS.mkdir(exist_ok=True)
    for table, (condition, replaced, appended) in TABLES.items():
        columns = subprocess.run(
            ["psql", "-X", "-At", "-F", " ", "-d", connection, "-c",
             f"select attname, atttypid::regtype from pg_attribute where attrelid = '{table}'::regclass "
             "and attnum > 0 order by attnum"], check=True, capture_output=True, text=True).stdout
        parts = []
        for line in columns.splitlines():
            name, kind = line.split(" ", 1)
            if name in replaced:
                parts.append(replaced[name])
            elif kind in ("regproc", "regtype", "regclass"):
                parts.append(f"{name}::oid")
            else:
                parts.append(name)
        order = "oid" if columns.startswith("oid ") else "1, 2, 3" if len(parts) > 2 else "1"
        write(table, run(connection, f"select {', '.join(parts + appended)} from {table} p "
                                     f"where {condition} order by {order}"))
    for name, query in OTHERS.items():
        write(name, run(connection, query))


if __name__ == "__main__":
    main()
