# Many clients on few connections: PgBouncer pooling whole transactions.
set -euo pipefail
bouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || { echo "pgbouncer is not installed"; exit 77; }
directory=$(mktemp -d)
trap 'kill "$process" 2>/dev/null; wait "$process" 2>/dev/null || true; rm -rf "$directory"' EXIT
chmod 777 "$directory"  # the pooler refuses to run as root
port=$((20000 + RANDOM % 10000))
server_host=$PGHOST server_port=$PGPORT
cat >"$directory/ini" <<END
[databases]
* = host=$server_host port=$server_port user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
server_reset_query_always = 1
ignore_startup_parameters = extra_float_digits
admin_users = postgres
logfile = $directory/log
END
chmod 666 "$directory/ini"
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
"${as[@]}" "$bouncer" -q "$directory/ini" &
process=$!
export PGHOST=127.0.0.1 PGPORT=$port
for _ in $(seq 50); do pg_isready -q && break || sleep 0.1; done
pgbench -q -i -s 1 2>/dev/null
pgbench -n -c 20 -j 2 -t 20 -M simple >"$directory/out" 2>&1 || { cat "$directory/out"; exit 1; }
pgbench -n -c 20 -j 2 -t 20 -M extended >"$directory/out" 2>&1 || { cat "$directory/out"; exit 1; }
grep -q 'transactions actually processed: 400/400' "$directory/out"
test "$(psql -X -At -c 'select count(*) from pgbench_history')" = 800
test "$(psql -X -At -c "select count(*) <= 4 from pg_stat_activity where datname = '$PGDATABASE'")" = t
# What one client sets does not reach the next.
psql -X -q -c "set work_mem = '7MB'" -c 'create temp table mine(a int)' -c 'listen news'
test "$(psql -X -At -c 'show work_mem')" != 7MB
test "$(psql -X -At -c "select count(*) from pg_class where relname = 'mine'")" = 0
test "$(psql -X -At -d pgbouncer -c 'show pools' | grep -c "^$PGDATABASE|")" = 1
# A client that goes away in a transaction leaves nothing behind.
psql -X -q -c begin -c 'delete from pgbench_history'
test "$(psql -X -At -c 'select count(*) from pgbench_history')" = 800
