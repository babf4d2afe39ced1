#include "sql/command/partition_build.h"

#include <algorithm>

#include "engine/exec/evaluator.h"
#include "engine/table/table_build.h"
#include "sql/ast/tree.h"
#include "sql/bind/binder.h"
#include "sql/catalog/collation_object.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/partition_references.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// Bounds are compared by bytes.
void require_bytewise_order(CommandContext& context, Oid collation_of) {
  auto found = collation(*context.ddl().view(), collation_of);
  bool by_bytes =
      !found || found->provider == 'd' ||
      (found->provider == 'c' && (found->collate.starts_with("C") || found->collate == "POSIX"));
  if (!by_bytes) throw unsupported("a partition key with collation \"{}\"", found->name);
}

using Value_ = PartitionBound::Value;

constexpr size_t kMaxKeyParts = 32;

char strategy_of(const ast::PartitionSpec& spec) {
  std::string name;
  for (char c : spec.strategy) name += static_cast<char>(std::tolower(c));
  if (name == "range") return 'r';
  if (name == "list") return 'l';
  if (name == "hash") return 'h';
  throw sql_error(SqlState::kInvalidParameterValue, "unrecognized partitioning strategy \"{}\"",
                  spec.strategy);
}

// A column in parentheses is still a column.
std::string_view column_name(const ast::PartitionElem& element) {
  if (!element.name.empty()) return element.name;
  const auto* ref = ast::try_as<ast::ColumnRef>(element.expr);
  if (ref == nullptr || ref->fields.size() != 1 || !ast::is<ast::String>(ref->fields[0])) return "";
  return ast::as<ast::String>(ref->fields[0])->sval;
}

void refuse_generated(const Table& table, const std::vector<int16_t>& columns, int location) {
  for (int16_t number : columns) {
    const Column& column = *table.column(number);
    if (column.generated == '\0') continue;
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "cannot use generated column in partition key")
        .detail(fmt::format("Column \"{}\" is a generated column.", column.name))
        .at_byte(location);
  }
}

IndexKey expression_part(CommandContext& context, Table& table, const ast::PartitionElem& element) {
  StoredExpression stored = store_expression(context, table, element.expr, Clause::kPartition, {});
  if (stored.columns.empty()) {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "cannot use constant expression as partition key")
        .at_byte(element.location);
  }
  if (stored.volatility != 'i') {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "functions in partition key expression must be marked IMMUTABLE");
  }
  refuse_generated(table, stored.columns, element.location);
  Column as_column;
  as_column.type = stored.type;
  as_column.collation = stored.collation;
  IndexKey part = column_index_key(context, as_column, kBtreeAm);
  part.column = 0;
  part.expression = stored.sql;
  for (int16_t number : stored.columns) {
    table.dependencies.push_back({table.address(), {class_oid::kRelation, table.oid, number}, 'i'});
  }
  return part;
}

IndexKey key_part(CommandContext& context, Table& table, const ast::PartitionElem& element,
                  char strategy) {
  const Oid method = strategy == 'h' ? kHashAm : kBtreeAm;
  std::string_view name = column_name(element);
  if (name.empty()) {
    IndexKey part = expression_part(context, table, element);
    if (!element.opclass.empty()) set_operator_class(context, part, element.opclass, method);
    return part;
  }
  const Column* column = table.find_column(name);
  if (column == nullptr) {
    if (is_system_column(name)) {
      throw sql_error(SqlState::kInvalidObjectDefinition,
                      "cannot use system column \"{}\" in partition key", name)
          .at_byte(element.location);
    }
    throw sql_error(SqlState::kUndefinedColumn,
                    "column \"{}\" named in partition key does not exist", name)
        .at_byte(element.location);
  }
  refuse_generated(table, {column->number}, element.location);
  IndexKey part = column_index_key(context, *column, method);
  if (!element.opclass.empty()) set_operator_class(context, part, element.opclass, method);
  if (!element.collation.empty()) part.collation = collation_oid(context, element.collation, -1);
  require_bytewise_order(context, part.collation);
  return part;
}

// --- bounds ---

bool is_name(const ast::Node* node, std::string_view name) {
  const auto* ref = ast::try_as<ast::ColumnRef>(node);
  if (ref == nullptr || ref->fields.size() != 1) return false;
  const auto* field = ast::try_as<ast::String>(ref->fields[0]);
  return field != nullptr && field->sval == name;
}

Value_ bound_value(CommandContext& context, const Table& parent, const IndexKey& part,
                   const ast::Node* node) {
  ast::walk(node, [&](const ast::Node* inner) {
    if (ast::is<ast::ColumnRef>(inner)) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot use column reference in partition bound expression")
          .at_byte(inner->location);
    }
    if (ast::is<ast::SubLink>(inner)) {
      throw SqlError(SqlState::kFeatureNotSupported, "cannot use subquery in partition bound")
          .at_byte(inner->location);
    }
    return true;
  });
  Binder binder(context.environment(), {});
  Expr* bound = nullptr;
  try {
    bound = binder.bind_standalone(node, Clause::kPartition, part.type, Coercion::kAssignment);
  } catch (const SqlError& error) {
    if (error.state != SqlState::kCannotCoerce && error.state != SqlState::kDatatypeMismatch) throw;
    throw sql_error(
        SqlState::kDatatypeMismatch, "specified value cannot be cast to type {} for column \"{}\"",
        context.ddl().view()->type_name(part.type.oid), partition_key_part(parent, part))
        .at_byte(node->location);
  }
  ExprEvaluator evaluator(*bound, 1);  // has the value
  Value result = evaluator.evaluate_scalar(context.exec());
  if (result.is_null) return {'n', ""};
  Value_ out;
  const TypeInfo& type = type_info(part.type.oid);
  IoContext io;
  type.output(result.datum, type, io, out.text);
  return out;
}

std::vector<Value_> range_side(CommandContext& context, const Table& parent,
                               const ast::NodeList& nodes, std::string_view side) {
  const std::vector<IndexKey>& parts = parent.partition_key.parts;
  if (nodes.size() != parts.size()) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "{} must specify exactly one value per partitioning column", side);
  }
  std::vector<Value_> out;
  for (size_t i = 0; i < parts.size(); ++i) {
    bool minimum = is_name(nodes[i], "minvalue");
    char before = out.empty() ? 'v' : out.back().kind;
    Value_ value = minimum || is_name(nodes[i], "maxvalue")
                       ? Value_{minimum ? '-' : '+', ""}
                       : bound_value(context, parent, parts[i], nodes[i]);
    if (value.kind == 'n') {
      throw SqlError(SqlState::kInvalidObjectDefinition, "cannot specify NULL in range bound");
    }
    if (before != 'v' && value.kind != before) {
      throw sql_error(SqlState::kDatatypeMismatch, "every bound following {} must also be {}",
                      before == '-' ? "MINVALUE" : "MAXVALUE",
                      before == '-' ? "MINVALUE" : "MAXVALUE")
          .at_byte(nodes[i]->location);
    }
    out.push_back(std::move(value));
  }
  return out;
}

void check_hash_bound(const ast::PartitionBoundSpec& spec) {
  if (spec.modulus <= 0) {
    throw SqlError(SqlState::kInvalidTableDefinition,
                   "modulus for hash partition must be an integer value greater than zero");
  }
  if (spec.remainder < 0) {
    throw SqlError(
        SqlState::kInvalidTableDefinition,
        "remainder for hash partition must be an integer value greater than or equal to zero");
  }
  if (spec.remainder >= spec.modulus) {
    throw SqlError(SqlState::kInvalidTableDefinition,
                   "remainder for hash partition must be less than modulus");
  }
}

void check_moduli(const std::vector<const Table*>& siblings, const PartitionBound& bound) {
  auto refuse = [&](std::string detail) {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "every hash partition modulus must be a factor of the next larger modulus")
        .detail(std::move(detail));
  };
  const Table* below = nullptr;
  const Table* above = nullptr;
  for (const Table* sibling : siblings) {
    if (sibling->partition_bound.modulus <= bound.modulus) below = sibling;
    if (sibling->partition_bound.modulus > bound.modulus && above == nullptr) above = sibling;
  }
  if (below != nullptr && bound.modulus % below->partition_bound.modulus != 0) {
    refuse(fmt::format(
        "The new modulus {} is not divisible by {}, the modulus of existing partition \"{}\".",
        bound.modulus, below->partition_bound.modulus, below->name));
  }
  if (above != nullptr && above->partition_bound.modulus % bound.modulus != 0) {
    refuse(
        fmt::format("The new modulus {} is not a factor of {}, the modulus of existing partition "
                    "\"{}\".",
                    bound.modulus, above->partition_bound.modulus, above->name));
  }
}

bool overlap(const EncodedBound& a, const EncodedBound& b, char strategy) {
  switch (strategy) {
    case 'r':
      return a.lower < b.upper && b.lower < a.upper;
    case 'l':
      if (a.takes_null && b.takes_null) return true;
      return std::ranges::any_of(a.values, [&](const std::string& value) {
        return std::ranges::find(b.values, value) != b.values.end();
      });
    default: {
      int32_t modulus = std::min(a.modulus, b.modulus);
      return a.remainder % modulus == b.remainder % modulus;
    }
  }
}

std::string side_text(const PartitionKey& key, const std::vector<Value_>& side) {
  PartitionBound shown;
  shown.strategy = 'r';
  shown.lower = shown.upper = side;
  std::string text = partition_bound_text(key, shown);
  // "FOR VALUES FROM (...) TO (...)" with both the same.
  constexpr std::string_view kHead = "FOR VALUES FROM ";
  return text.substr(kHead.size(), (text.size() - kHead.size() - 4) / 2);
}

void compare_with_siblings(CommandContext& context, const Table& parent,
                           const PartitionBound& bound, std::string_view name, int location) {
  std::vector<const Table*> siblings = partitions_of(*context.ddl().view(), parent);
  PartitionKeyCodec codec(parent.partition_key);
  EncodedBound encoded = codec.encode(bound);
  if (bound.strategy == 'r' && !bound.is_default && encoded.lower >= encoded.upper) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "empty range bound specified for partition \"{}\"", name)
        .detail(fmt::format("Specified lower bound {} is greater than or equal to upper bound {}.",
                            side_text(parent.partition_key, bound.lower),
                            side_text(parent.partition_key, bound.upper)))
        .at_byte(location);
  }
  if (bound.strategy == 'h') check_moduli(siblings, bound);
  for (const Table* sibling : siblings) {
    const PartitionBound& other = sibling->partition_bound;
    if (bound.is_default && other.is_default) {
      throw sql_error(SqlState::kInvalidObjectDefinition,
                      "partition \"{}\" conflicts with existing default partition \"{}\"", name,
                      sibling->name)
          .at_byte(location);
    }
    if (bound.is_default || other.is_default) continue;
    if (!overlap(encoded, codec.encode(other), bound.strategy)) continue;
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "partition \"{}\" would overlap partition \"{}\"", name, sibling->name)
        .at_byte(location);
  }
}

// 23514 with `message` when a row of the table, or of those below it, does not fulfil the
// condition.
void check_rows(CommandContext& context, const Table& table, const std::string& condition,
                const std::string& message) {
  if (condition.empty()) return;
  CatalogPtr catalog = context.ddl().view();
  for (const PartitionNode& node : partition_tree(*catalog, table)) {
    if (is_partitioned(*node.table)) continue;
    Binder binder(context.environment(), {});
    TableDesc columns = columns_only_desc(*node.table);
    Arena arena;
    Expr* bound = binder.bind_table_expr(parse_expression(condition, arena), &columns,
                                         Clause::kCheck, {type_oid::kBool, -1});
    try {
      validate_check(context.exec(), context.environment().table_desc(*node.table), "", *bound);
    } catch (const SqlError& error) {
      if (error.state != SqlState::kCheckViolation) throw;
      throw SqlError(SqlState::kCheckViolation, message)
          .table(catalog->schema_name(node.table->schema), node.table->name);
    }
  }
}

}  // namespace

PartitionKey make_partition_key(CommandContext& context, Table& table,
                                const ast::PartitionSpec& spec) {
  PartitionKey key;
  key.strategy = strategy_of(spec);
  if (key.strategy == 'l' && spec.part_params.size() != 1) {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "cannot use \"list\" partition strategy with more than one column");
  }
  if (spec.part_params.size() > kMaxKeyParts) {
    throw sql_error(SqlState::kTooManyColumns, "cannot partition using more than {} columns",
                    kMaxKeyParts);
  }
  for (const ast::Node* node : spec.part_params) {
    key.parts.push_back(key_part(context, table, *ast::as<ast::PartitionElem>(node), key.strategy));
  }
  return key;
}

PartitionBound make_partition_bound(CommandContext& context, const Table& parent,
                                    const ast::PartitionBoundSpec& spec, std::string_view name) {
  const PartitionKey& key = parent.partition_key;
  PartitionBound bound;
  bound.strategy = key.strategy;
  bound.is_default = spec.is_default;
  if (spec.is_default) {
    if (key.strategy == 'h') {
      throw SqlError(SqlState::kInvalidTableDefinition,
                     "a hash-partitioned table may not have a default partition");
    }
  } else if (spec.strategy != key.strategy) {
    throw sql_error(SqlState::kInvalidTableDefinition,
                    "invalid bound specification for a {} partition",
                    key.strategy == 'r'   ? "range"
                    : key.strategy == 'l' ? "list"
                                          : "hash")
        .at_byte(spec.location);
  } else if (key.strategy == 'r') {
    bound.lower = range_side(context, parent, spec.lowerdatums, "FROM");
    bound.upper = range_side(context, parent, spec.upperdatums, "TO");
  } else if (key.strategy == 'l') {
    for (const ast::Node* node : spec.listdatums) {
      Value_ value = bound_value(context, parent, key.parts[0], node);
      bool again = std::ranges::any_of(bound.values, [&](const Value_& other) {
        return other.kind == value.kind && other.text == value.text;
      });
      if (!again) bound.values.push_back(std::move(value));
    }
  } else {
    check_hash_bound(spec);
    bound.modulus = spec.modulus;
    bound.remainder = spec.remainder;
  }
  compare_with_siblings(context, parent, bound, name, spec.location);
  return bound;
}

const Table& open_partition_parent(CommandContext& context, const ast::RangeVar& name) {
  const Relation& found = require_and_lock(context, name, TableLockMode::kAccessExclusive);
  if (found.relkind != 'p') {
    throw sql_error(SqlState::kInvalidObjectDefinition, "\"{}\" is not partitioned", found.name);
  }
  require_owner(context, found);
  return static_cast<const Table&>(found);
}

void require_partition_columns(const Table& table, const Index& index, std::string_view kind) {
  if (!is_partitioned(table)) return;
  for (const IndexKey& part : table.partition_key.parts) {
    if (part.column == 0) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "unsupported {} constraint with partition key definition", kind)
          .detail(fmt::format(
              "{} constraints cannot be used when partition keys include expressions.", kind));
    }
    bool found = std::ranges::any_of(
        index.keys, [&](const IndexKey& key) { return key.column == part.column; });
    if (found) continue;
    throw sql_error(SqlState::kFeatureNotSupported,
                    "unique constraint on partitioned table must include all partitioning columns")
        .detail(fmt::format("{} constraint on table \"{}\" lacks column \"{}\" which is part of "
                            "the partition key.",
                            kind, table.name, table.column(part.column)->name));
  }
}

void check_default_partition(CommandContext& context, const Table& parent,
                             const PartitionBound& bound) {
  CatalogPtr catalog = context.ddl().view();
  if (bound.is_default) return;
  for (const Table* sibling : catalog->children_of(parent.oid)) {
    if (!sibling->partition_bound.is_default) continue;
    context.lock_table(sibling->oid, TableLockMode::kAccessExclusive);
    std::string condition = partition_condition(*catalog, parent, bound, kInvalidOid);
    check_rows(context, *sibling, "(NOT " + condition + ")",
               fmt::format("updated partition constraint for default partition \"{}\" would be "
                           "violated by some row",
                           sibling->name));
  }
}

void check_partition_rows(CommandContext& context, const Table& parent, const Table& table,
                          const PartitionBound& bound) {
  CatalogPtr catalog = context.ddl().view();
  std::vector<std::string> conditions;
  std::string own = partition_condition(*catalog, parent, bound, table.oid);
  if (!own.empty()) conditions.push_back(std::move(own));
  std::string outer = partition_constraint(*catalog, parent);
  if (!outer.empty()) conditions.push_back(std::move(outer));
  for (const std::string& condition : conditions) {
    check_rows(
        context, table, condition,
        fmt::format("partition constraint of relation \"{}\" is violated by some row", table.name));
  }
}

void lock_partition_tree(CommandContext& context, Oid table, TableLockMode mode) {
  context.lock_table(table, mode);
  const Table* root = context.ddl().view()->table(table);
  if (root == nullptr || root->relkind != 'p') return;
  std::vector<Oid> partitions;
  for (const PartitionNode& node : partition_tree(*context.ddl().view(), *root)) {
    if (node.table->oid != table) partitions.push_back(node.table->oid);
  }
  for (Oid oid : partitions) context.lock_table(oid, mode);
}

void copy_partition_foreign_keys(CommandContext& context, const Table& parent, Oid partition) {
  // Nobody takes away what the rows refer to before the keys are there.
  for (const Constraint& source : parent.constraints) {
    if (source.type != 'f' || is_partition_reference(parent, source)) continue;
    lock_partition_tree(context, source.referenced_table, TableLockMode::kShareRowExclusive);
  }
  std::shared_ptr<Table> table = table_to_change(context, partition);
  auto mapped = [&](const std::vector<int16_t>& numbers) {
    std::vector<int16_t> out;
    for (int16_t number : numbers) {
      out.push_back(table->find_column(parent.column(number)->name)->number);
    }
    return out;
  };
  for (const Constraint& source : parent.constraints) {
    if (source.type != 'f' || is_partition_reference(parent, source)) continue;
    Constraint copy = source;
    copy.oid = context.ddl().new_oid();
    copy.parent = source.oid;
    copy.is_local = false;
    copy.inherit_count = 1;
    copy.columns = mapped(source.columns);
    copy.set_columns = mapped(source.set_columns);
    copy.comment.clear();
    table->constraints.push_back(std::move(copy));
  }
  context.ddl().put(std::move(table));
}

}  // namespace luma
