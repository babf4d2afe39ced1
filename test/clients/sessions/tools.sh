# The small client tools.
set -euo pipefail
pg_isready -q
createdb tool_db
psql -X -q -d tool_db -c 'create table t(a int primary key)' -c 'insert into t values (1)'
vacuumdb -q -z -d tool_db
reindexdb -q -d tool_db
createuser tool_user
dropuser tool_user
dropdb tool_db
psql -X -At -c 'select 1' | grep -qx 1
psql -X -l >/dev/null
