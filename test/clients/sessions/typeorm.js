// TypeORM: schema synchronization there and back, repositories, relations, query builder, streams.
let T;
try {
  require('reflect-metadata');
  T = require('typeorm');
  require('pg');
} catch (error) {
  console.log('typeorm, reflect-metadata and pg of npm are not installed');
  process.exit(77);
}
const assert = require('assert');

const User = new T.EntitySchema({
  name: 'User',
  columns: {
    id: {type: 'int', primary: true, generated: 'increment'},
    name: {type: 'varchar', length: 80},
    balance: {type: 'numeric', precision: 10, scale: 2, default: 0},
    role: {type: 'enum', enum: ['admin', 'guest'], default: 'guest'},
    tags: {type: 'text', array: true, default: () => "'{}'"},
    doc: {type: 'jsonb', nullable: true},
    made: {type: 'timestamptz', createDate: true},
  },
  indices: [{name: 'user_name', columns: ['name'], unique: true}],
  checks: [{name: 'rich', expression: '"balance" >= 0'}],
  relations: {posts: {type: 'one-to-many', target: 'Post', inverseSide: 'user', cascade: true}},
});
const Post = new T.EntitySchema({
  name: 'Post',
  columns: {
    id: {type: 'bigint', primary: true, generated: 'increment'},
    title: {type: 'text', comment: 'shown in lists'},
    deletedAt: {type: 'timestamp', deleteDate: true, nullable: true},
  },
  relations: {user: {type: 'many-to-one', target: 'User', inverseSide: 'posts', onDelete: 'CASCADE',
                     joinColumn: {name: 'user_id'}, nullable: false}},
});

async function main() {
  const source = new T.DataSource({
    type: 'postgres', host: process.env.PGHOST, port: +process.env.PGPORT,
    username: process.env.PGUSER, database: process.env.PGDATABASE, entities: [User, Post],
    installExtensions: false});
  await source.initialize();
  await source.synchronize();
  // Nothing is left to do: what was made reads back as what is wanted.
  const rest = await source.driver.createSchemaBuilder().log();
  assert.deepStrictEqual(rest.upQueries.map(q => q.query), []);

  const users = source.getRepository('User'), posts = source.getRepository('Post');
  const ann = await users.save({name: 'Ann', balance: 12.5, tags: ['x', "y'z"], doc: {a: [1]},
                                posts: [{title: 'one'}, {title: 'two'}]});
  await users.save([{name: 'Bob', role: 'admin'}, {name: 'Eve'}]);
  const found = await users.findOne({where: {name: T.ILike('a%')}, relations: {posts: true},
                                     order: {posts: {title: 'DESC'}}});
  assert.deepStrictEqual(found.posts.map(p => p.title), ['two', 'one']);
  assert.deepStrictEqual([found.balance, found.tags, found.doc], ['12.50', ['x', "y'z"], {a: [1]}]);
  const counted = await users.createQueryBuilder('u').leftJoin('u.posts', 'p')
      .select('u.name', 'name').addSelect('count(p.id)', 'n').groupBy('u.id').orderBy('u.id').getRawMany();
  assert.deepStrictEqual(counted, [{name: 'Ann', n: '2'}, {name: 'Bob', n: '0'}, {name: 'Eve', n: '0'}]);
  assert.strictEqual((await users.findAndCount({skip: 1, take: 1, order: {id: 'ASC'}}))[1], 3);
  await users.upsert([{name: 'Bob', balance: 3}], ['name']);
  assert.strictEqual((await users.findOneBy({name: 'Bob'})).balance, '3.00');
  await users.increment({name: 'Eve'}, 'balance', 7);
  await assert.rejects(users.insert({name: 'Ann'}), {code: '23505'});
  await assert.rejects(users.insert({name: 'Neg', balance: -1}), {code: '23514', constraint: 'rich'});
  await posts.softDelete({title: 'one'});
  assert.strictEqual(await posts.count(), 1);
  assert.strictEqual(await posts.count({withDeleted: true}), 2);
  await assert.rejects(source.transaction('REPEATABLE READ', async m => {
    await m.getRepository('User').insert({name: 'Zoe'});
    await m.createQueryBuilder('User', 'u').setLock('pessimistic_write').getMany();
    throw new Error('undo');
  }), /undo/);
  assert.strictEqual(await users.count(), 3);

  const runner = source.createQueryRunner();
  const table = await runner.getTable('user');
  assert.deepStrictEqual(table.columns.map(c => c.name).sort(),
                         ['balance', 'doc', 'id', 'made', 'name', 'role', 'tags']);
  await runner.addColumn('user', new T.TableColumn({name: 'age', type: 'smallint', isNullable: true}));
  await runner.createIndex('user', new T.TableIndex({columnNames: ['age'], where: '"age" > 0'}));
  assert.strictEqual((await runner.getTable('user')).indices.length, 2);
  await runner.dropColumn('user', 'age');
  await runner.release();
  await users.remove(await users.findOneBy({id: ann.id}));
  assert.strictEqual(await posts.count({withDeleted: true}), 0);
  await source.dropDatabase();
  await source.destroy();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
