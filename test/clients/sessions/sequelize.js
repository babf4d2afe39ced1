// Sequelize: models, associations, transactions, migrations by its query interface, introspection.
let S;
try {
  S = require('sequelize');
  require('pg');
} catch (error) {
  console.log('sequelize and pg of npm are not installed');
  process.exit(77);
}
const assert = require('assert');
const {DataTypes, Op} = S;

async function main() {
  const db = new S.Sequelize(process.env.PGDATABASE, process.env.PGUSER, '',
                             {host: process.env.PGHOST, port: process.env.PGPORT, dialect: 'postgres',
                              logging: false});
  await db.authenticate();
  const Author = db.define('Author', {
    name: {type: DataTypes.STRING(50), allowNull: false, unique: true},
    born: DataTypes.DATEONLY,
    rating: {type: DataTypes.DECIMAL(5, 2), defaultValue: 1.5},
    kind: DataTypes.ENUM('poet', 'novelist'),
    tags: DataTypes.ARRAY(DataTypes.TEXT),
    extra: DataTypes.JSONB,
    key: {type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4},
  });
  const Book = db.define('Book', {title: DataTypes.STRING, pages: DataTypes.INTEGER},
                         {indexes: [{fields: ['title', {name: 'pages', order: 'DESC'}]}]});
  Author.hasMany(Book, {foreignKey: {name: 'authorId', allowNull: false}, onDelete: 'CASCADE'});
  Book.belongsTo(Author, {foreignKey: 'authorId'});
  await db.sync({force: true});
  await db.sync({alter: true});

  const ann = await Author.create({name: 'Ann', born: '1970-01-02', kind: 'poet', tags: ['a', "b'c"],
                                   extra: {city: {name: 'Ulm'}}});
  assert.strictEqual(ann.id, 1);
  await Author.bulkCreate([{name: 'Bob', kind: 'novelist'}, {name: 'Eve', extra: {city: {name: 'Bonn'}}}]);
  await ann.createBook({title: 'One', pages: 10});
  await Book.bulkCreate([{title: 'Two', pages: 20, authorId: 1}, {title: 'Three', pages: 30, authorId: 2}]);
  const found = await Author.findOne({where: {extra: {city: {name: 'Ulm'}}}, include: Book,
                                      order: [[Book, 'pages', 'DESC']]});
  assert.deepStrictEqual(found.Books.map(b => b.title), ['Two', 'One']);
  assert.deepStrictEqual(found.tags, ['a', "b'c"]);
  assert.strictEqual(await Author.count({where: {name: {[Op.iLike]: '%B%'}}}), 1);
  assert.strictEqual(await Author.count({where: {tags: {[Op.contains]: ['a']}}}), 1);
  const sums = await Book.findAll({attributes: ['authorId', [db.fn('sum', db.col('pages')), 'total']],
                                   group: 'authorId', order: ['authorId'], raw: true});
  assert.deepStrictEqual(sums, [{authorId: 1, total: '30'}, {authorId: 2, total: '30'}]);

  const [, created] = await Author.findOrCreate({where: {name: 'Ann'}});
  assert.strictEqual(created, false);
  const [row] = await Author.upsert({id: 2, name: 'Bob', rating: 9.25});
  assert.strictEqual(row.rating, '9.25');
  await assert.rejects(Author.create({name: 'Ann'}), S.UniqueConstraintError);
  await assert.rejects(Book.create({title: 'x', authorId: 99}), S.ForeignKeyConstraintError);
  await assert.rejects(db.transaction({isolationLevel: S.Transaction.ISOLATION_LEVELS.SERIALIZABLE},
      async t => {
        await Author.create({name: 'Zoe'}, {transaction: t});
        await Book.findAll({lock: t.LOCK.UPDATE, skipLocked: true, transaction: t});
        throw new Error('undo');
      }), /undo/);
  assert.strictEqual(await Author.count(), 3);
  const [page, n] = [await Author.findAndCountAll({limit: 2, offset: 1, order: ['id']}), 3];
  assert.deepStrictEqual([page.count, page.rows.length], [n, 2]);

  const q = db.getQueryInterface();
  assert.deepStrictEqual((await q.showAllTables()).sort(), ['Authors', 'Books']);
  await q.addColumn('Books', 'isbn', {type: DataTypes.STRING(20)});
  await q.changeColumn('Books', 'isbn', {type: DataTypes.TEXT, defaultValue: '-'});
  await q.renameColumn('Books', 'isbn', 'code');
  await q.addIndex('Books', ['code'], {unique: false, name: 'by_code'});
  const columns = await q.describeTable('Books');
  assert.deepStrictEqual([columns.code.type, columns.id.primaryKey, columns.authorId.allowNull],
                         ['TEXT', true, false]);
  assert.deepStrictEqual((await q.showIndex('Books')).map(i => i.name).sort(),
                         ['Books_pkey', 'books_title_pages', 'by_code']);
  const keys = await q.getForeignKeyReferencesForTable('Books');
  assert.deepStrictEqual(keys.map(k => [k.columnName, k.referencedTableName, k.referencedColumnName]),
                         [['authorId', 'Authors', 'id']]);
  await ann.destroy();
  assert.strictEqual(await Book.count(), 1);
  await q.dropTable('Books', {});
  await q.dropTable('Authors', {cascade: true});
  await db.close();
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
