#include "sql/session/statement_environment.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/bind/binder.h"
#include "sql/bind/partition_route.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/virtual_relation.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"
#include "sql/session/expr_copy.h"

namespace luma {
namespace {

constexpr uint64_t kPrivateVersionBit = uint64_t{1} << 63;
// What a table that was never analysed is taken to have at the least: it may be about to grow.
constexpr double kUnknownRows = 1000;

// Enough of a description to bind expressions over the table's columns.
TableDesc columns_of(const Table& table) {
  TableDesc desc;
  desc.oid = table.oid;
  desc.name = table.name;
  for (const Column& column : table.columns) {
    ColumnDesc out;
    out.name = column.name;
    out.type = column.type;
    const TypeInfo* type = find_type(column.type.oid);
    out.physical = type == nullptr ? PhysicalType::kVarlen : type->physical;
    out.collation = column.collation;
    out.not_null = column.not_null;
    out.dropped = column.dropped;
    desc.columns.push_back(std::move(out));
  }
  return desc;
}

uint32_t row_width_bytes(const TableDesc& table) {
  uint32_t width = 24;  // key and row header
  for (const ColumnDesc& column : table.columns) {
    if (column.dropped) continue;
    width += column.physical == PhysicalType::kVarlen ? 24 : physical_size(column.physical);
  }
  return width;
}

}  // namespace

void StatementEnvironment::connect(Oid database, Oid session_user) {
  database_ = database;
  session_user_ = current_user_ = session_user;
  refresh();
}

void StatementEnvironment::refresh() {
  if (ddl_ != nullptr) {
    ddl_->refresh();
  } else {
    uint64_t version = instance_.catalog().version();
    if (view_ == nullptr || version != store_version_) {
      view_ = instance_.catalog().snapshot(database_);
      store_version_ = version;
    }
  }
  sync();
  int64_t now = io_.now_micros;
  io_ = settings_.vars().io;
  io_.now_micros = now;
  io_.names = &*names_;
}

// Follows the transaction's changes and the search path; cheap when nothing happened.
void StatementEnvironment::sync() const {
  if (ddl_ != nullptr && ddl_->view() != view_) view_ = ddl_->view();
  LUMA_DCHECK(view_ != nullptr);
  if (path_epoch_ == settings_.plan_epoch() && path_catalog_version_ == view_->version()) return;
  const Role* role = view_->role(current_user_);
  path_ = resolve_search_path(*view_, settings_.vars().search_path,
                              role == nullptr ? std::string_view() : role->name, temp_schema_);
  path_epoch_ = settings_.plan_epoch();
  path_catalog_version_ = view_->version();
  names_.emplace(self(), *view_, path_, builtins(), services_);
  io_.names = &*names_;
}

void StatementEnvironment::forget_ddl() noexcept {
  if (ddl_ == nullptr) return;
  ddl_.reset();
  private_tables_.clear();
  // The view with the changes is still shown until the next statement takes the committed one.
  store_version_ = 0;
}

CatalogTransaction& StatementEnvironment::ddl() {
  if (ddl_ == nullptr) ddl_ = std::make_unique<CatalogTransaction>(instance_.catalog(), database_);
  return *ddl_;
}

const SearchPath& StatementEnvironment::search_path() const {
  sync();
  return path_;
}

SearchPath StatementEnvironment::resolve_path(std::string_view setting) const {
  const Role* role = catalog().role(current_user_);
  return resolve_search_path(catalog(), setting, role == nullptr ? std::string_view() : role->name,
                             temp_schema_, true);
}

const BuiltinAvailability& StatementEnvironment::builtins() const {
  return FunctionRegistry::instance();
}

TableDescPtr StatementEnvironment::table_desc(const Table& table) {
  TableDescPtr desc = committed_or_own_desc(table);
  const uint64_t seen_ts = kept_snapshot_ts_ ? kept_snapshot_ts_() : UINT64_MAX;
  const IndexBirths& births = instance_.index_births();
  if (!births.any_after(seen_ts)) return desc;
  // Indexes that are too new for the snapshot are kept in step and not read.
  auto usable = std::make_shared<TableDesc>(*desc);
  for (IndexDesc& index : usable->indexes) {
    if (!index.clustered && births.is_after(index.storage_id, seen_ts)) index.valid = false;
  }
  for (ColumnarCopyDesc& copy : usable->copies) {
    if (births.is_after(copy.rows->storage_id, seen_ts)) copy.valid = false;
  }
  return usable;
}

TableDescPtr StatementEnvironment::committed_or_own_desc(const Table& table) {
  const Catalog& now = current();
  uint64_t version = now.version();
  if ((version & kPrivateVersionBit) == 0) {
    if (TableDescPtr found = instance_.cached_table(database_, version, table.oid)) return found;
    TableDescPtr made = build_table_desc(now, table, *this);
    instance_.cache_table(database_, version, made);
    return made;
  }
  if (private_version_ != version) {
    private_tables_.clear();
    private_version_ = version;
  }
  if (auto it = private_tables_.find(table.oid); it != private_tables_.end()) return it->second;
  // The object given may be newer than the view (a definition in the making): do not keep those.
  TableDescPtr made = build_table_desc(now, table, *this);
  if (now.table(table.oid) == &table) private_tables_[table.oid] = made;
  return made;
}

TableDescPtr StatementEnvironment::table(Oid oid) {
  const Table* found = catalog().table(oid);
  if (found == nullptr) {
    throw sql_error(SqlState::kInternalError, "could not open relation with OID {}", oid);
  }
  return table_desc(*found);
}

const Table& StatementEnvironment::declaring_table_of(const TableDesc& child, Oid key) const {
  const Table* leaf = catalog().table(child.oid);
  const Constraint* own = leaf == nullptr ? nullptr : leaf->find_constraint(key);
  LUMA_CHECK(own != nullptr);
  return declaring_table(catalog(), *leaf, *own);
}

TableDescPtr StatementEnvironment::table_of_key(const TableDesc& child, Oid key) {
  return table_desc(declaring_table_of(child, key));
}

std::shared_ptr<const PartitionedTarget> StatementEnvironment::target_of_key(const TableDesc& child,
                                                                             Oid key) {
  const Table& root = declaring_table_of(child, key);
  struct Owner {
    Arena arena;
    PartitionedTarget target;
  };
  auto owner = std::make_shared<Owner>();
  owner->target.root = table_desc(root);
  std::map<Oid, int32_t> leaf_numbers;
  for (const PartitionNode& node : partition_tree(catalog(), root)) {
    if (is_partitioned(*node.table)) continue;
    leaf_numbers[node.table->oid] = static_cast<int32_t>(owner->target.leaves.size());
    owner->target.leaves.push_back(
        {table_desc(*node.table), attributes_of_root(*node.table, root)});
  }
  // Keys of lower levels name their own tables' columns: by name they are the root's.
  owner->target.route = make_partition_route(
      catalog(), root, leaf_numbers, [&](const Table&, const std::string& sql) {
        return const_cast<Expr*>(bind_text(root, sql, TypeRef{}, owner->arena));
      });
  return {owner, &owner->target};
}

std::shared_ptr<ColumnarTable> StatementEnvironment::columnar_table(uint32_t storage_id) {
  return instance_.columnar().table(storage_id);
}

const Expr* StatementEnvironment::bind_over_table(const Catalog&, const Table& table,
                                                  std::string_view sql, Arena& arena) {
  return bind_text(table, sql, TypeRef{}, arena);
}

const Expr* StatementEnvironment::bind_column_value(const Catalog&, const Table& table,
                                                    const Column& column, Arena& arena) {
  return bind_text(table, column.default_sql, column.type, arena);
}

const Expr* StatementEnvironment::bind_trigger_condition(const Catalog&, const Table& table,
                                                         std::string_view sql, Arena& arena) {
  Arena tree;
  const ast::Node* node = parse_expression(sql, tree);
  Binder binder(*this, {});
  return copy_expr_deep(*binder.bind_trigger_condition(node, table), arena);
}

const Expr* StatementEnvironment::bind_text(const Table& table, std::string_view sql,
                                            TypeRef target, Arena& arena) {
  Arena tree;
  const ast::Node* node = parse_expression(sql, tree);
  TableDesc columns = columns_of(table);
  Binder binder(*this, {});
  Expr* bound = binder.bind_table_expr(node, &columns, Clause::kGenerated, target);
  return copy_expr_deep(*bound, arena);
}

std::shared_ptr<const TableStatisticsObject> StatementEnvironment::statistics(
    const TableDesc& table) const {
  return std::static_pointer_cast<const TableStatisticsObject>(
      catalog().share({class_oid::kStatistics, table.oid, 0}));
}

double StatementEnvironment::row_count(const TableDesc& table) const {
  double by_size = instance_.estimated_rows(table.storage_id, row_width_bytes(table));
  const TableStatisticsObject* known = catalog().statistics(table.oid);
  bool counted = known != nullptr && known->storage_id == table.storage_id;
  auto live = static_cast<double>(
      instance_.statistics()
          .relation(database_, table.oid, table.storage_id, counted ? known->rows : 0)
          .live_rows);
  // The transaction's own changes count when it commits; for its statements they count now.
  if (auto* own = dynamic_cast<StatisticsState*>(&live_)) {
    live += static_cast<double>(own->transaction_activity(table.oid).live_change);
  }
  // What changed before the server started is not counted; a small table's rows may all be in
  // memory, where the store does not count them.
  if (!counted) return std::max({live, by_size, kUnknownRows});
  return std::max({live, by_size / 16, 1.0});
}

double StatementEnvironment::generated_rows(Oid relation) const {
  const Table* table = catalog().table(relation);
  return table == nullptr ? 1 : estimate_virtual_relation(catalog(), *table).rows;
}

double StatementEnvironment::generated_distinct(Oid relation, int32_t attribute) const {
  const Table* table = catalog().table(relation);
  if (table == nullptr || attribute < 0) return 0;
  return estimate_virtual_relation(catalog(), *table)
      .distinct(table->columns[static_cast<size_t>(attribute)]);
}

}  // namespace luma
