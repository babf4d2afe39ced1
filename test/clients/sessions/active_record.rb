# ActiveRecord: migrations, models, associations, prepared statements, schema reflection, locks.
begin
  require 'active_record'
  require 'pg'
rescue LoadError
  puts 'ruby-activerecord and ruby-pg are not installed'
  exit 77
end

def same(expected, seen)
  raise "expected #{expected.inspect}, got #{seen.inspect}" unless expected == seen
end

ActiveRecord::Base.establish_connection(adapter: 'postgresql', host: ENV['PGHOST'], port: ENV['PGPORT'],
                                        username: ENV['PGUSER'], database: ENV['PGDATABASE'], pool: 4)
ActiveRecord::Migration.verbose = false

class MakeShop < ActiveRecord::Migration[6.1]
  def change
    create_table :owners, comment: 'who buys' do |t|
      t.string :name, null: false, limit: 40
      t.decimal :balance, precision: 10, scale: 2, default: 0
      t.jsonb :extra, default: {}
      t.string :tags, array: true, default: []
      t.uuid :key
      t.timestamps
      t.index :name, unique: true
    end
    create_table :orders do |t|
      t.references :owner, null: false, foreign_key: { on_delete: :cascade }
      t.integer :amount
      t.date :day
    end
    add_index :orders, 'amount desc', where: 'amount > 10', name: 'large'
    add_check_constraint :orders, 'amount >= 0', name: 'positive'
  end
end

class Owner < ActiveRecord::Base
  has_many :orders
  validates :name, presence: true
end

class Order < ActiveRecord::Base
  belongs_to :owner
end

MakeShop.migrate(:up)
ann = Owner.create!(name: 'Ann', balance: '12.50', extra: { 'a' => [1] }, tags: ['x', "y'z"],
                    key: '0b0e7d1c-5e0f-4a4f-8f5f-3c1f2ad3b6c1')
Owner.create!([{ name: 'Bob' }, { name: 'Eve' }])
ann.orders.create!([{ amount: 5, day: '2020-02-29' }, { amount: 50 }])
ann.reload
same BigDecimal('12.5'), ann.balance
same({ 'a' => [1] }, ann.extra)
same ['x', "y'z"], ann.tags
same [5, 50], ann.orders.order(:amount).pluck(:amount)
same({ 'Ann' => 55 }, Owner.joins(:orders).group(:name).sum(:amount))
same ['Ann'], Owner.includes(:orders).where(orders: { amount: 50 }).map(&:name)
same 1, Owner.where("extra @> ?", { a: [1] }.to_json).count
same %w[Ann Bob Eve], Owner.in_batches(of: 2).flat_map { |b| b.order(:id).pluck(:name) }
same 2, Owner.where(name: %w[Ann Bob]).update_all('balance = balance + 1')
same [true, false], [Owner.exists?(name: 'Ann'), Owner.exists?(name: 'Zoe')]
Owner.insert_all([{ name: 'Dan', created_at: Time.now, updated_at: Time.now }])
Owner.upsert_all([{ name: 'Dan', balance: 7, created_at: Time.now, updated_at: Time.now }], unique_by: :name)
same BigDecimal('7'), Owner.find_by(name: 'Dan').balance

begin
  Owner.create!(name: 'Ann')
  raise 'no error'
rescue ActiveRecord::RecordNotUnique
end
begin
  Order.create!(owner: ann, amount: -1)
  raise 'no error'
rescue ActiveRecord::StatementInvalid => e
  same PG::CheckViolation, e.cause.class
end
Owner.transaction(isolation: :serializable) do
  ann.lock!
  Owner.transaction(requires_new: true) do
    Owner.create!(name: 'Zoe')
    raise ActiveRecord::Rollback
  end
  ann.update!(balance: 1)
end
same nil, Owner.find_by(name: 'Zoe')

c = ActiveRecord::Base.connection
same %w[orders owners], (c.tables - %w[schema_migrations ar_internal_metadata]).sort
same 'who buys', c.table_comment('owners')
same [['large', false, '(amount > 10)']], c.indexes('orders').select(&:where).map { |i| [i.name, i.unique, i.where] }
same [['owners', 'owner_id', :cascade]], c.foreign_keys('orders').map { |k| [k.to_table, k.column, k.on_delete] }
same [['positive', 'amount >= 0']], c.check_constraints('orders').map { |k| [k.name, k.expression] }
same 'id', c.primary_key('owners')
same [:string, 40, false], c.columns('owners').find { |x| x.name == 'name' }.then { |x| [x.type, x.limit, x.null] }
require 'stringio'
dump = StringIO.new
ActiveRecord::SchemaDumper.dump(c, dump)
same true, dump.string.include?('create_table "owners"')
ActiveRecord::Migration.suppress_messages do
  c.change_column :orders, :amount, :bigint
  c.add_column :orders, :note, :text, default: 'none', null: false
  c.rename_column :orders, :note, :remark
end
Order.reset_column_information
same 'none', Order.first.remark
ann.destroy
same 0, Order.count
same true, c.exec_query('explain ' + Owner.where(name: 'Bob').to_sql).rows.any?
c.drop_table :orders
c.drop_table :owners
same [], c.tables - %w[schema_migrations ar_internal_metadata]
