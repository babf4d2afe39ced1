# pgcli: its completion reads the catalog, its commands are psql's.
set -euo pipefail
command -v pgcli >/dev/null || { echo "pgcli is not installed"; exit 77; }
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
export HOME=$directory XDG_CONFIG_HOME=$directory PGPASSWORD= PAGER=cat
psql -X -q -c 'create table t(id serial primary key, name text default $$x$$, check (id > 0))' \
  -c 'create index on t(name)' -c 'create view v as select * from t' -c "insert into t(name) values ('a')" \
  -c 'create schema s' -c 'create sequence s.q' -c "create type mood as enum ('sad')" \
  -c 'create table child(t int references t)'
printf '%s\n' 'select * from t;' '\d t' '\d+ t' '\d v' '\dt' '\dv' '\di' '\ds' '\dn' '\dT' '\du' '\l' \
  '\df upper' '\dx' '\dD' '\db' '\sf upper' 'begin; insert into t(name) values ($$b$$); commit;' \
  'select count(*) from t;' '\q' \
  | timeout 60 pgcli --no-password -w >"$directory/out" 2>&1 || { cat "$directory/out"; exit 1; }
for expected in 't_pkey' 'REFERENCES t(id)\|FOREIGN KEY' 'mood' 'postgres' 'SELECT 1' 'INSERT 0 1'; do
  grep -q "$expected" "$directory/out" || { echo "$expected is missing"; cat "$directory/out"; exit 1; }
done
if grep -qi 'traceback\|does not exist\|not supported' "$directory/out"; then
  cat "$directory/out"
  exit 1
fi
/usr/bin/python3 - <<'END'
import os
from pgcli.pgexecute import PGExecute
run = PGExecute(os.environ["PGDATABASE"], os.environ["PGUSER"], "", os.environ["PGHOST"], os.environ["PGPORT"])
assert ("public", "t") in list(run.tables())
assert ("public", "v") in list(run.views())
assert "s" in list(run.schemata())
assert ("public", "t", "id", "integer", True, "nextval('t_id_seq'::regclass)") in list(run.table_columns())
assert [c[2] for c in run.view_columns() if c[1] == "v"] == ["id", "name"]
assert [k.childcolumn for k in run.foreignkeys()] == ["t"]
assert ("public", "mood") in list(run.datatypes())
functions = list(run.functions())
assert any(f.func_name == "lower" for f in functions), len(functions)
assert os.environ["PGDATABASE"] in run.databases()
assert run.view_definition("v")
assert run.search_path()[0] in ("pg_catalog", "public")
END
