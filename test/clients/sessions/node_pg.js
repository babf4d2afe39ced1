// node-postgres: types, prepared statements, transactions on a pool, cursors, notifications, cancel.
let pg, Cursor;
try {
  pg = require('pg');
  Cursor = require('pg-cursor');
} catch (error) {
  console.log('pg and pg-cursor of npm are not installed');
  process.exit(77);
}
const assert = require('assert');

async function main() {
  const pool = new pg.Pool({max: 4});
  await pool.query(`create table t(id serial primary key, name text unique, n numeric, at timestamptz,
    tags text[], doc jsonb, photo bytea, big bigint, ok bool)`);
  const at = new Date(Date.UTC(2020, 1, 29, 12, 34, 56, 789));
  const values = ["it's", '12.50', at, ['a', null, 'c"d'], {a: [1]}, Buffer.from([0, 255]), '9007199254740993', true];
  const insert = {name: 'add', text: `insert into t(name, n, at, tags, doc, photo, big, ok)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`};
  let {rows, rowCount, fields} = await pool.query({...insert, values});
  assert.deepStrictEqual(Object.values(rows[0]), [1, ...values]);
  assert.strictEqual(rowCount, 1);
  assert.deepStrictEqual(fields.map(f => f.dataTypeID), [23, 25, 1700, 1184, 1009, 3802, 17, 20, 16]);

  const client = await pool.connect();
  for (let i = 0; i < 5; ++i) {
    await client.query({...insert, values: [`n${i}`, ...values.slice(1)]});
  }
  await client.query('begin');
  await assert.rejects(client.query({...insert, values}), {code: '23505', constraint: 't_name_key'});
  await assert.rejects(client.query('select 1'), {code: '25P02'});
  await client.query('rollback');
  const both = await client.query("select 1 as a; select 'x' as b");
  assert.deepStrictEqual(both.map(r => r.rows[0]), [{a: 1}, {b: 'x'}]);
  const found = await client.query({text: 'select name from t where id = any($1) order by id',
                                    values: [[1, 2]], rowMode: 'array'});
  assert.deepStrictEqual(found.rows, [["it's"], ['n0']]);

  const cursor = client.query(new Cursor('select g from generate_series(1, $1::int) g', [100]));
  assert.strictEqual((await cursor.read(30)).length, 30);
  assert.strictEqual((await cursor.read(1000)).length, 70);
  await cursor.close();

  const news = new Promise(resolve => client.on('notification', resolve));
  await client.query('listen news');
  await pool.query("select pg_notify('news', 'hello')");
  assert.strictEqual((await news).payload, 'hello');

  const notice = new Promise(resolve => client.on('notice', resolve));
  await client.query('drop table if exists none');
  assert.strictEqual((await notice).code, '00000');

  const {rows: [{pid}]} = await client.query('select pg_backend_pid() as pid');
  const sleeping = assert.rejects(client.query('select pg_sleep(10)'), {code: '57014'});
  await new Promise(resolve => setTimeout(resolve, 100));
  await pool.query('select pg_cancel_backend($1)', [pid]);
  await sleeping;
  client.release();

  const many = await Promise.all([...Array(50).keys()].map(i => pool.query('select $1::int + 1 as x', [i])));
  assert.strictEqual(many.reduce((sum, r) => sum + r.rows[0].x, 0), 1275);
  await pool.end();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
