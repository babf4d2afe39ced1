# pg_dump of a database with one of everything, restored into a second one, dumped again: the same, in
# every format. Its definitions are what PostgreSQL 15 writes for the same statements
# (dump_restore.expected, its pg_dump of dump_restore.sql).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
forget() {
  rm -rf "$work"
  dropdb --if-exists dump_copy 2>/dev/null
  psql -X -q -c 'drop owned by dump_r1, dump_r2, dump_r3 cascade' -c 'drop role dump_r1, dump_r2, dump_r3' 2>/dev/null
}
trap forget EXIT
# Every dump has a random key of its own, and names the server's version.
plain() { grep -vE 'restrict |^-- Dumped (from|by)' "$1"; }
same() { diff <(plain "$1") <(plain "$2"); }
fresh() {
  dropdb --if-exists dump_copy
  createdb dump_copy
}
psql -X -q -v ON_ERROR_STOP=1 -f "$here/dump_restore.sql" >/dev/null
pg_dump --schema-only >"$work/schema.sql"
diff "$here/dump_restore.expected" <(plain "$work/schema.sql")
pg_dump >"$work/first.sql"
pg_dump --data-only --inserts -t parent >"$work/inserts.sql"
grep -q "INSERT INTO public.parent VALUES (1, 'a')" "$work/inserts.sql"
pg_dumpall --globals-only >"$work/globals.sql"
grep -q 'CREATE ROLE dump_r1;' "$work/globals.sql"

fresh
psql -X -q -v ON_ERROR_STOP=1 -d dump_copy -f "$work/first.sql" >/dev/null
pg_dump -d dump_copy >"$work/again.sql"
same "$work/first.sql" "$work/again.sql"

# Over what is there already.
pg_dump --clean --if-exists --inserts >"$work/clean.sql"
psql -X -q -v ON_ERROR_STOP=1 -d dump_copy -f "$work/clean.sql" >/dev/null
pg_dump -d dump_copy >"$work/again.sql"
same "$work/first.sql" "$work/again.sql"

for format in custom directory tar; do
  fresh
  pg_dump -F "$format" -f "$work/$format.dump"
  pg_restore --exit-on-error -d dump_copy "$work/$format.dump"
  pg_dump -d dump_copy >"$work/again.sql"
  same "$work/first.sql" "$work/again.sql"
done
