// Partitioned tables, and those that others inherit from: reading one is reading all of its leaves
// (the tables that have rows), changing one is changing the leaf that a row belongs to.
#include <algorithm>
#include <map>

#include "sql/bind/bind_modify.h"
#include "sql/bind/partition_route.h"
#include "sql/catalog/inheritance.h"
#include "sql/parse/parser.h"
#include "sql/plan/partition_place.h"

namespace luma {
namespace {

using Siblings = std::shared_ptr<const std::vector<EncodedBound>>;

Siblings bounds_of(const Catalog& catalog, const Table& table) {
  auto out = std::make_shared<std::vector<EncodedBound>>();
  PartitionKeyCodec codec(table.partition_key);
  for (const Table* child : catalog.children_of(table.oid)) {
    if (!child->partition_bound.is_default) out->push_back(codec.encode(child->partition_bound));
  }
  return out;
}

class AppendMaker {
 public:
  AppendMaker(PlanContext& context, const Catalog& catalog, const Table& root)
      : context_(context), catalog_(catalog), root_(root) {}

  struct Branch {
    LogicalOp* plan;
    std::vector<ColumnId> columns;
  };

  Branch scan(const Table& leaf, TableDescPtr desc, const std::string& alias) {
    auto* scan = context_.make<ScanOp>();
    scan->table = std::move(desc);
    scan->alias = alias;
    std::vector<ColumnId> by_name;
    for (const Column& column : root_.columns) {
      if (column.dropped) continue;
      const Column* own = leaf.find_column(column.name);
      LUMA_CHECK(own != nullptr);
      add(*scan, {own->name, own->type, own->collation, leaf.oid, own->number}, own->number - 1);
    }
    add(*scan, {"row key", {type_oid::kBytea, -1}}, ScanOp::kRowKeyAttribute);
    add(*scan, {"tableoid", {type_oid::kOid, -1}, kInvalidOid, leaf.oid, -6},
        ScanOp::kTableOidAttribute);
    scan->place = place_of(leaf, *scan, alias);
    return {scan, scan->output};
  }

  Branch append(std::span<Branch> branches) {
    if (branches.size() == 1) return branches[0];
    size_t half = branches.size() / 2;
    Branch sides[2] = {append(branches.first(half)), append(branches.subspan(half))};
    auto* op = context_.make<SetOpOp>();
    op->all = op->partitions = true;
    for (int side = 0; side < 2; ++side) {
      op->inputs.push_back(sides[side].plan);
      op->columns[side] = sides[side].columns;
    }
    for (ColumnId column : sides[0].columns) {
      PlanColumn info = context_.column(column);
      // What the client sees is the table it has named.
      info.table = root_.oid;
      const Column* own = info.attnum > 0 ? root_.find_column(info.name) : nullptr;
      if (own != nullptr) info.attnum = own->number;
      op->output.push_back(context_.new_column(std::move(info)));
    }
    return {op, op->output};
  }

  // No partitions: no rows.
  Branch nothing() {
    auto* filter = context_.make<FilterOp>();
    filter->inputs = {context_.make<OneRowOp>()};
    filter->condition = make_bool(context_.arena(), false);
    auto* project = context_.make<ProjectOp>();
    project->inputs = {filter};
    auto add_null = [&](PlanColumn info) {
      Expr* null = make_constant(context_.arena(), info.type, Value::null());
      ColumnId id = context_.new_column(std::move(info));
      project->items.push_back({id, null});
      project->output.push_back(id);
    };
    for (const Column& column : root_.columns) {
      if (column.dropped) continue;
      add_null({column.name, column.type, column.collation, root_.oid, column.number});
    }
    add_null({"row key", {type_oid::kBytea, -1}});
    add_null({"tableoid", {type_oid::kOid, -1}});
    return {project, project->output};
  }

 private:
  void add(ScanOp& scan, PlanColumn info, int32_t attribute) {
    scan.output.push_back(context_.new_column(std::move(info)));
    scan.attribute.push_back(attribute);
  }

  std::shared_ptr<const PartitionPlace> place_of(const Table& leaf, const ScanOp& scan,
                                                 const std::string& alias) {
    auto place = std::make_shared<PartitionPlace>();
    place->alias = alias;
    const Table* at = &leaf;
    while (is_partitioned(root_) && at->oid != root_.oid) {
      const Table* parent = partition_parent(catalog_, *at);
      LUMA_CHECK(parent != nullptr);
      PartitionPlace::Level& level = place->levels.emplace_back();
      level.strategy = parent->partition_key.strategy;
      level.bound = PartitionKeyCodec(parent->partition_key).encode(at->partition_bound);
      if (level.bound.is_default) {
        Siblings& known = siblings_[parent->oid];
        if (known == nullptr) known = bounds_of(catalog_, *parent);
        level.siblings = known;
      }
      for (const IndexKey& part : parent->partition_key.parts) {
        level.types.push_back(&type_info(part.type.oid));
        ColumnId column = kNoColumn;
        const Column* own =
            part.column == 0 ? nullptr : leaf.find_column(parent->column(part.column)->name);
        for (size_t i = 0; own != nullptr && i < scan.attribute.size(); ++i) {
          if (scan.attribute[i] == own->number - 1) column = scan.output[i];
        }
        level.columns.push_back(column);
      }
      at = parent;
    }
    return place;
  }

  PlanContext& context_;
  const Catalog& catalog_;
  const Table& root_;
  std::map<Oid, Siblings> siblings_;
};

}  // namespace

// By attribute of `leaf`: the root's attribute with that name, -1 for a dropped one.
std::vector<int32_t> attributes_of_root(const Table& leaf, const Table& root) {
  std::vector<int32_t> out;
  for (const Column& column : leaf.columns) {
    const Column* same = column.dropped ? nullptr : root.find_column(column.name);
    out.push_back(same == nullptr ? -1 : same->number - 1);
  }
  return out;
}

LogicalOp* Binder::make_partition_scan(const Table& table, const std::string& alias,
                                       ScopeItem& item, uint8_t lock_mode, bool only) {
  AppendMaker maker(context(), environment_.catalog(), table);
  std::vector<AppendMaker::Branch> branches;
  const Oid temp_schema = environment_.search_path().temp_schema;
  for (const FamilyMember& node : family_in_session(environment_.catalog(), table, temp_schema)) {
    query_.locks.push_back({node.table->oid, lock_mode});
    if (only || is_partitioned(*node.table)) continue;
    branches.push_back(maker.scan(*node.table, environment_.table_desc(*node.table), alias));
    item.leaves.push_back(static_cast<ScanOp*>(branches.back().plan));
  }
  AppendMaker::Branch all = branches.empty() ? maker.nothing() : maker.append(branches);
  item.row_type = table.row_type;
  item.partitioned = true;
  size_t position = 0;
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    item.columns.push_back({column.name, all.columns[position++]});
  }
  item.leaf_key = all.columns[position];
  item.leaf_oid = all.columns[position + 1];
  return all.plan;
}

// --- INSERT, UPDATE, DELETE ---

namespace {

// The oid of the index that `index` is a part of, directly or further up.
bool belongs_to(const Catalog& catalog, const Index& index, Oid wanted) {
  for (const Index* at = &index; at != nullptr; at = catalog.index(at->parent)) {
    if (at->oid == wanted) return true;
  }
  return false;
}

bool has_before_row_trigger(const Table& table) {
  return std::ranges::any_of(table.triggers, [](const Trigger& trigger) {
    constexpr int16_t kBits = trigger_type::kRow | trigger_type::kBefore;
    return (trigger.type & kBits) == kBits;
  });
}

}  // namespace

Expr* ModifyBinder::bind_leaf_expression(const std::string& sql, Scope* scope, Clause clause) {
  try {
    return binder_.bind_expr(parse_expression(sql, binder_.arena()), scope, clause);
  } catch (SqlError& error) {
    error.byte_offset = -1;
    throw;
  }
}

// By attribute of `table`, which is the target or below it: the columns of the new row.
std::vector<ColumnId> ModifyBinder::new_columns_of(const Table& table) {
  std::vector<ColumnId> out;
  for (const Column& column : table.columns) {
    const Column* root = column.dropped ? nullptr : table_->find_column(column.name);
    if (root != nullptr) {
      out.push_back(modify_->new_columns[static_cast<size_t>(root->number) - 1]);
    } else {
      out.push_back(column.dropped ? kNoColumn
                                   : binder_.context().new_column(
                                         {column.name, column.type, column.collation, table.oid}));
    }
  }
  return out;
}

// The names of the table's columns for the new row's.
Scope* ModifyBinder::leaf_scope(const Table& table, const std::vector<ColumnId>& columns) {
  auto item = std::make_shared<ScopeItem>();
  item->alias = table.name;
  item->row_type = table.row_type;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] != kNoColumn) item->columns.push_back({table.columns[i].name, columns[i]});
  }
  Scope* scope = binder_.new_scope(nullptr);
  scope->items.push_back(std::move(item));
  return scope;
}

void ModifyBinder::bind_leaf(const Table& table) {
  const Catalog& catalog = binder_.environment_.catalog();
  ModifyLeaf& leaf = modify_->leaves.emplace_back();
  leaf.table = binder_.environment_.table_desc(table);
  leaf.root_attribute = attributes_of_root(table, *table_);
  leaf.generated.assign(table.columns.size(), nullptr);
  if (modify_->modify == ModifyKind::kDelete) return;
  leaf.new_columns = new_columns_of(table);
  Scope* scope = leaf_scope(table, leaf.new_columns);
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.dropped || column.generated == '\0') continue;
    leaf.generated[i] = binder_.coerce_assignment(
        bind_leaf_expression(column.default_sql, scope, Clause::kGenerated), column.type,
        column.name, -1);
  }
  auto condition = [&](const std::string& sql) {
    return binder_.coerce_to_boolean(bind_leaf_expression(sql, scope, Clause::kCheck), "CHECK");
  };
  for (const Constraint& constraint : table.constraints) {
    if (constraint.type == 'c') {
      leaf.checks.push_back({constraint.name, condition(constraint.expression)});
    }
  }
  std::ranges::sort(leaf.checks, {}, &CheckExpr::name);
  for (const CheckExpr& check : modify_->checks) {
    if (check.view_option || check.policy) leaf.checks.push_back(check);
  }
  // What is below a partition keeps to its bound, too.
  if (is_partition(*table_)) {
    std::string sql = partition_constraint(catalog, *table_);
    if (!sql.empty()) {
      leaf.checks.push_back({.name = table_->name, .expr = condition(sql), .partition = true});
    }
  }
  bool updates = modify_->modify == ModifyKind::kUpdate ||
                 (modify_->on_conflict != nullptr && modify_->on_conflict->update) ||
                 std::ranges::any_of(modify_->merge_actions, [](const MergeAction& action) {
                   return action.modify == ModifyKind::kUpdate;
                 });
  if (updates || has_before_row_trigger(table)) {
    std::string sql = partition_constraint(catalog, table);
    if (!sql.empty()) leaf.bound = condition(sql);
  }
  if (modify_->on_conflict == nullptr) return;
  for (Oid wanted : modify_->on_conflict->indexes) {
    for (Oid oid : catalog.indexes_of(table.oid)) {
      if (belongs_to(catalog, *catalog.index(oid), wanted)) leaf.arbiters.push_back(oid);
    }
  }
}

std::unique_ptr<PartitionRoute> make_partition_route(
    const Catalog& catalog, const Table& table, const std::map<Oid, int32_t>& leaf_numbers,
    const std::function<Expr*(const Table& of, const std::string& sql)>& bind) {
  auto route = std::make_unique<PartitionRoute>();
  route->schema_name = catalog.schema_name(table.schema);
  route->name = table.name;
  route->strategy = table.partition_key.strategy;
  for (const IndexKey& part : table.partition_key.parts) {
    std::string sql = partition_key_part(table, part);
    if (!route->key_names.empty()) route->key_names += ", ";
    route->key_names += sql;
    route->keys.push_back(bind(table, sql));
  }
  PartitionKeyCodec codec(table.partition_key);
  for (const Table* child : partitions_of(catalog, table)) {
    auto number = static_cast<uint32_t>(route->targets.size());
    PartitionRoute::Target& target = route->targets.emplace_back();
    if (is_partitioned(*child)) {
      target.below = make_partition_route(catalog, *child, leaf_numbers, bind);
    } else {
      target.leaf = leaf_numbers.at(child->oid);
    }
    EncodedBound bound = codec.encode(child->partition_bound);
    if (bound.is_default) {
      route->default_target = static_cast<int32_t>(number);
    } else if (route->strategy == 'r') {
      route->ranges.push_back({bound.lower, bound.upper, number});
    } else if (route->strategy == 'h') {
      route->remainders.push_back(
          {static_cast<uint64_t>(bound.modulus), static_cast<uint64_t>(bound.remainder), number});
    } else {
      for (std::string& value : bound.values) route->values.emplace(std::move(value), number);
      if (bound.takes_null) route->null_target = static_cast<int32_t>(number);
    }
  }
  return route;
}

void ModifyBinder::bind_leaves() {
  const Catalog& catalog = binder_.environment_.catalog();
  modify_->is_partitioned = true;
  for (const Trigger& trigger : table_->triggers) {
    if (trigger.old_table.empty() && trigger.new_table.empty()) continue;
    throw unsupported("triggers with transition tables on a partitioned table");
  }
  std::map<Oid, int32_t> number_of_leaf;
  const Oid temp_schema = binder_.environment_.search_path().temp_schema;
  for (const FamilyMember& node : family_in_session(catalog, *table_, temp_schema)) {
    binder_.query_.locks.push_back({node.table->oid, 3});
    if (is_partitioned(*node.table)) continue;
    number_of_leaf[node.table->oid] = static_cast<int32_t>(modify_->leaves.size());
    bind_leaf(*node.table);
  }
  if (modify_->modify != ModifyKind::kDelete && is_partitioned(*table_)) {
    std::map<Oid, Scope*> scopes;
    modify_->route = make_partition_route(
        catalog, *table_, number_of_leaf, [&](const Table& of, const std::string& sql) {
          Scope*& scope = scopes[of.oid];
          if (scope == nullptr) scope = leaf_scope(of, new_columns_of(of));
          return bind_leaf_expression(sql, scope, Clause::kPartition);
        });
  }
}

}  // namespace luma
