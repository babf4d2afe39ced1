// postgres.js: fragments, types, transactions with savepoints, cursors, COPY, listen, errors.
let postgres;
try {
  postgres = require('postgres');
} catch (error) {
  console.log('postgres of npm is not installed');
  process.exit(77);
}
const assert = require('assert');
const {pipeline} = require('stream/promises');
const {Readable} = require('stream');

async function main() {
  const sql = postgres({max: 3, onnotice: () => {}});
  await sql`create table item(id int generated always as identity primary key, name text not null unique,
    price numeric, tags text[], doc jsonb, at timestamptz, raw bytea, big bigint)`;
  const at = new Date(Date.UTC(2021, 5, 1, 12));
  const rows = [{name: 'a', price: '1.50', tags: ['x', 'y'], doc: sql.json({k: [1, 2]}), at,
                 raw: Buffer.from([0, 255]), big: '9007199254740993'},
                {name: "it's", price: null, tags: [], doc: null, at: null, raw: null, big: null}];
  const made = await sql`insert into item ${sql(rows)} returning *`;
  assert.strictEqual(made.count, 2);
  assert.deepStrictEqual(made[0].tags, ['x', 'y']);
  assert.deepStrictEqual(made[0].doc, {k: [1, 2]});
  assert.strictEqual(made[0].at.getTime(), at.getTime());
  assert.deepStrictEqual([...made[0].raw], [0, 255]);
  assert.strictEqual(made[0].big, '9007199254740993');

  const where = sql`where name in ${sql(['a', 'b', "it's"])}`;
  assert.strictEqual((await sql`select count(*)::int as n from item ${where}`)[0].n, 2);
  assert.deepStrictEqual([...await sql`select name, price from ${sql('item')} order by ${sql('name')}`],
                         [{name: 'a', price: '1.50'}, {name: "it's", price: null}]);
  await sql`update item set ${sql({name: 'b', price: 2}, 'name', 'price')} where name = 'a'`;

  await assert.rejects(sql`insert into item(name) values ('b')`,
                       {code: '23505', constraint_name: 'item_name_key', table_name: 'item'});
  await assert.rejects(sql`select * from nowhere`, {code: '42P01', position: '15'});
  await assert.rejects(sql.begin(async tx => {
    await tx`insert into item(name) values ('c')`;
    await assert.rejects(tx.savepoint(sp => sp`insert into item(name) values ('b')`), {code: '23505'});
    assert.strictEqual((await tx`select 1 as x`)[0].x, 1);
    throw new Error('undo');
  }), /undo/);
  assert.strictEqual((await sql`select 1 from item where name = 'c'`).count, 0);

  let seen = 0;
  await sql`select g from generate_series(1, 100) g`.cursor(30, batch => { seen += batch.length; });
  assert.strictEqual(seen, 100);
  await pipeline(Readable.from(['d\t4\n', 'e\t5\n']),
                 await sql`copy item(name, price) from stdin`.writable());
  let copied = '';
  for await (const chunk of await sql`copy (select name from item order by 1) to stdout`.readable()) {
    copied += chunk;
  }
  assert.strictEqual(copied, "b\nd\ne\nit's\n");

  const heard = new Promise(resolve => sql.listen('news', resolve));
  await new Promise(resolve => setTimeout(resolve, 100));
  await sql.notify('news', 'hello');
  assert.strictEqual(await heard, 'hello');

  const described = await sql`select id, name from item`.describe();
  assert.deepStrictEqual(described.columns.map(c => [c.name, c.type]), [['id', 23], ['name', 25]]);
  const slow = sql`select pg_sleep(10)`.execute();
  setTimeout(() => slow.cancel(), 100);
  await assert.rejects(slow, {code: '57014'});
  const many = await Promise.all([...Array(40).keys()].map(i => sql`select ${i}::int as x`));
  assert.deepStrictEqual(many.map(([r]) => r.x), [...Array(40).keys()]);
  const several = await sql`select 1 as a; select 2 as b`.simple();
  assert.deepStrictEqual(several.map(([r]) => r), [{a: 1}, {b: 2}]);
  await sql.end();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
