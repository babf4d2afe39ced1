# ruby-pg: parameters of both formats, prepared statements, type maps, COPY, errors, notifications.
begin
  require 'pg'
rescue LoadError
  puts 'ruby-pg is not installed'
  exit 77
end
require 'bigdecimal'

def same(expected, seen)
  raise "expected #{expected.inspect}, got #{seen.inspect}" unless expected == seen
end

db = PG.connect
db.exec('create table t(id serial primary key, name text unique, n numeric, at timestamptz, ' \
        'tags text[], photo bytea, ok bool)')
db.type_map_for_results = PG::BasicTypeMapForResults.new(db)
db.type_map_for_queries = PG::BasicTypeMapForQueries.new(db)
time = Time.utc(2020, 2, 29, 12, 34, 56)
row = db.exec_params('insert into t(name, n, at, tags, ok) values ($1, $2, $3, $4::text[], $5) returning *',
                     ["it's", BigDecimal('12.5'), time, ['a', nil, 'c"d'], true]).first
same 1, row['id']
same BigDecimal('12.5'), row['n']
same time, row['at']
same ['a', nil, 'c"d'], row['tags']
same true, row['ok']
db.prepare('add', 'insert into t(name, photo) values ($1, $2)')
binary = { value: "\x00\xFF".b, format: 1, type: 17 }
same 1, db.exec_prepared('add', ['blob', binary], 0, PG::TypeMapAllStrings.new).cmd_tuples
same "\x00\xFF".b, db.exec_params('select photo from t where name = $1', ['blob'], 1).getvalue(0, 0)
same %w[$1 $2].size, db.describe_prepared('add').nparams
result = db.exec('select id, name from t order by id')
same %w[id name], result.fields
same [23, 25], [result.ftype(0), result.ftype(1)]
same db.exec("select 't'::regclass::oid").getvalue(0, 0).to_i, result.ftable(0)
same [1, 2], result.column_values(0)
begin
  db.transaction do |c|
    c.exec("insert into t(name) values ('gone')")
    c.exec("insert into t(name) values ('blob')")
  end
  raise 'a duplicate passed'
rescue PG::UniqueViolation => e
  same 't_name_key', e.result.error_field(PG::Result::PG_DIAG_CONSTRAINT_NAME)
end
same 2, db.exec('select count(*) from t').getvalue(0, 0)
encoder = PG::TextEncoder::CopyRow.new
db.copy_data('copy t(id, name) from stdin', encoder) do
  (10...110).each { |n| db.put_copy_data([n.to_s, "row\t#{n}"]) }
end
lines = []
db.copy_data('copy (select id, name from t where id >= 10 order by id) to stdout',
             PG::TextDecoder::CopyRow.new) do
  while (line = db.get_copy_data)
    lines << line
  end
end
same 100, lines.size
same %W[10 row\t10], lines[0]
db.copy_data('copy t(id, name) to stdout with binary') { nil while db.get_copy_data }
db.send_query('select id from t order by id')
db.set_single_row_mode
count = 0
db.get_result.stream_each { count += 1 } while count.zero?
db.get_last_result
same 102, count
other = PG.connect
other.exec('listen news')
db.exec("notify news, 'hello'")
same 'news', other.wait_for_notify(5) { |_, _, payload| same 'hello', payload }
notices = []
db.set_notice_processor { |text| notices << text }
db.exec('drop table if exists none')
same ["NOTICE:  table \"none\" does not exist, skipping\n"], notices
db.enter_pipeline_mode
db.send_query_params('select $1::int', [1])
db.send_query_params('select 1/$1::int', [0])
db.send_query_params('select 3', [])
db.pipeline_sync
same 1, db.get_result.getvalue(0, 0)
same nil, db.get_result
same '22012', db.get_result.error_field(PG::Result::PG_DIAG_SQLSTATE)
same nil, db.get_result
same PG::PGRES_PIPELINE_ABORTED, db.get_result.result_status
same nil, db.get_result
same PG::PGRES_PIPELINE_SYNC, db.get_result.result_status
db.exit_pipeline_mode
other.send_query('select pg_sleep(10)')
other.cancel
begin
  other.get_last_result
  raise 'was not cancelled'
rescue PG::QueryCanceled
  nil
end
same '"a""b"', db.quote_ident('a"b')
same 'UTF-8', db.get_client_encoding.sub('UTF8', 'UTF-8')
