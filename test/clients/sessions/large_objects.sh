#!/bin/bash
# Large objects and extensions through psql and pg_dump: import, export, list, dump and restore.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
same() { [ "$1" = "$2" ] || { echo "expected: $1"; echo "got:      $2"; exit 1; }; }

head -c 100000 /dev/urandom >"$work/in"
oid=$(run -c "\\lo_import $work/in 'a picture'" -c '\echo :LASTOID' | tail -n 1)
run -c "\\lo_export $oid $work/out"
cmp "$work/in" "$work/out"
same "$oid|postgres|a picture" "$(run -c '\lo_list')"
run -c "select lo_put($oid, 50000, 'changed')"
same "changed" "$(run -c "select convert_from(lo_get($oid, 50000, 7), 'utf8')")"
same "49" "$(run -c "select count(*) from pg_largeobject where loid = $oid")"
run -c "create role lo_user; grant select on large object $oid to lo_user"

run -c 'create extension fuzzystrmatch; create schema more; create extension unaccent schema more'
run -c "create table word(w text); insert into word values ('Hôtel')
" -c "create view plain as select more.unaccent(w) as w, soundex('Anne') as code from word"

pg_dump -Fc -f "$work/dump" "$PGDATABASE"
pg_dump "$PGDATABASE" | grep -v '^\\' >"$work/first.sql"
createdb "${PGDATABASE}_copy"
pg_restore --exit-on-error -d "${PGDATABASE}_copy" "$work/dump"
pg_dump "${PGDATABASE}_copy" | grep -v '^\\' >"$work/second.sql"
diff "$work/first.sql" "$work/second.sql"
grep -q 'CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA more' "$work/first.sql"
if grep -q 'CREATE FUNCTION' "$work/first.sql"; then echo 'members of extensions were dumped'; exit 1; fi
export PGDATABASE=${PGDATABASE}_copy
same "changed" "$(run -c "select convert_from(lo_get($oid, 50000, 7), 'utf8')")"
same "Hotel|A500" "$(run -c 'select * from plain')"
run -c "\\lo_unlink $oid"
same "" "$(run -c '\lo_list')"
run -c '\dx' | grep -q '^unaccent|1.1|more|'
cd "$work"
export PGDATABASE=${PGDATABASE%_copy}
run -c "drop database \"${PGDATABASE}_copy\""
run -c "\\lo_unlink $oid" -c 'drop role lo_user'
