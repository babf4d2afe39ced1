#!/usr/bin/env bash
# What only whole sessions show, with psql alone: timeouts, cancelling, waiting for locks, temporary
# tables, notifications, definitions that change under a session, a restart. Prints "N passed, N failed".
#   test/session/smoke.sh [server binary]
set -uo pipefail
cd "$(dirname "$0")/../.."
binary=${1:-build/release/bin/lumadb}
home=$(mktemp -d)
server=
cp "$binary" "$home/lumadb"  # a build may replace it meanwhile
passed=0
failed=0

start() {
  "$home/lumadb" --data-dir "$home/data" --port 6997 --listen "" --socket-dir "$home" "$@" \
    >>"$home/log" 2>&1 </dev/null &
  server=$!
  for _ in $(seq 100); do
    socket=$(ls "$home"/.s.PGSQL.* 2>/dev/null | grep -v lock | head -n 1)
    if [ -n "$socket" ] && q 'select 1' >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  echo "the server did not start:"; cat "$home/log"; exit 1
}
stop() { kill -TERM "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -f "$home"/.s.PGSQL.*; }
trap 'stop; rm -rf "$home"' EXIT
# One session: every argument is a query string of its own.
q() {
  local arguments=()
  for text in "$@"; do arguments+=(-c "$text"); done
  PGOPTIONS= psql -X -q -A -t -h "$home" -p "${socket##*.}" -U postgres -d postgres "${arguments[@]}" 2>&1
}
check() {  # name, expected, got
  if [ "$2" == "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  fi
}

start
check "constant" 1 "$(q 'select 1')"
q 'create table t(a int primary key, b text)' "insert into t select g, 'x' from generate_series(1, 1000) g" >/dev/null
check "rows" 1000 "$(q 'select count(*) from t')"

check "statement_timeout" "ERROR:  canceling statement due to statement timeout" \
  "$(q "set statement_timeout = '50ms'" 'select pg_sleep(5)')"
check "cancel" "ERROR:  canceling statement due to user request" "$(
  q 'select pg_sleep(5)' &
  sleep 0.3
  q "select pg_cancel_backend(pid) from pg_stat_activity
     where query like '%sleep(5)' and pid <> pg_backend_pid()" >/dev/null
  wait $!)"
check "terminate" "FATAL:  terminating connection due to administrator command" "$(
  q 'select pg_sleep(6)' | head -n 1 &
  sleep 0.3
  q "select pg_terminate_backend(pid) from pg_stat_activity
     where query like '%sleep(6)' and pid <> pg_backend_pid()" >/dev/null
  wait $!)"
check "lock_timeout" "ERROR:  canceling statement due to lock timeout" "$(
  q 'begin' 'update t set b = b where a = 1' 'select pg_sleep(0.8)' 'commit' >/dev/null &
  sleep 0.3
  q "set lock_timeout = '50ms'" 'update t set b = b where a = 1' | head -n 1
  wait)"
check "waiting for a row" "y" "$(
  q 'begin' "update t set b = 'y' where a = 2" 'select pg_sleep(0.5)' 'commit' >/dev/null &
  sleep 0.2
  q "update t set b = b where a = 2 returning b"
  wait)"
check "a table changes while a statement waits for it" "3|x|7" "$(
  q 'begin' 'alter table t add c int default 7' 'select pg_sleep(0.5)' 'commit' >/dev/null &
  sleep 0.2
  q 'select * from t where a = 3'
  wait)"
check "memory limit" "ERROR:  out of memory" \
  "$(q "set luma.query_memory_limit = '1MB'" "set work_mem = '1GB'" \
    'select g from generate_series(1, 1000000) g order by g desc limit 1 offset 500000' | head -n 1)"

check "temporary tables are private" "ERROR:  relation \"mine\" does not exist" "$(
  q 'create temp table mine(a int)' 'select pg_sleep(0.3)' >/dev/null &
  sleep 0.1
  q 'select * from mine' | head -n 1
  wait)"
check "and go with their session" 0 "$(sleep 0.1; q "select count(*) from pg_class where relname = 'mine'")"
check "notification" "Asynchronous notification \"news\" with payload \"hello\" received" "$(
  q 'listen news' "notify news, 'hello'" | sed 's/ from server.*//')"
check "a prepared statement sees the new table" "1
ERROR:  cached plan must not change result type" \
  "$(q 'create table p(a int)' 'insert into p values (1)' \
    'prepare s as select * from p' 'execute s' 'alter table p add b int' 'execute s')"
# Other sessions change definitions all the time: a statement is planned anew as often as it takes.
q 'create table base(id int, k int)' 'insert into base select g, g % 5 from generate_series(1, 50) g' \
  >/dev/null
cat >"$home/churn.sql" <<'SQL'
create table if not exists churn_:client_id (a int);
alter table churn_:client_id add column b int;
drop table churn_:client_id;
SQL
cat >"$home/group.sql" <<'SQL'
select k, count(*) from base group by k;
insert into base select 1, 2 where exists (select 1 from base group by k);
SQL
bench() {
  pgbench -h "$home" -p "${socket##*.}" -U postgres -n -M simple -c 4 -T 2 -f "$1" postgres 2>&1
}
check "statements among changing definitions" "" "$(
  bench "$home/churn.sql" >/dev/null &
  bench "$home/group.sql" | grep -E 'ERROR|aborted' | head -n 3
  wait)"
check "serial" "1
2" "$(q 'create table n(id serial, a int)' 'insert into n(a) values (1), (2)' 'select id from n order by id')"

stop
start
check "rows after a restart" 1000 "$(q 'select count(*) from t')"
check "sequences after a restart" 3 "$(q 'insert into n(a) values (3) returning id')"
check "indexes after a restart" "5|x|7" "$(q 'select * from t where a = 5')"
kill -KILL "$server"; wait "$server" 2>/dev/null; rm -f "$home"/.s.PGSQL.*
start
check "rows after a kill" 1000 "$(q 'select count(*) from t')"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
