// EXCLUDE constraints: an index that says which pairs of rows must not be.
#include "sql/bind/binder.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/fact_table.h"
#include "sql/command/command_target.h"
#include "sql/command/constraint_build.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/partition_build.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

std::string_view family_name(Oid opclass) {
  if (const ExtensionOpClassFact* extension = find_extension_opclass(opclass)) {
    return extension->name;
  }
  const std::string family = std::to_string(find_opclass_fact(opclass)->family);
  const FactTable& families = fact_table("pg_opfamily");
  for (size_t i = 0; i < families.row_count(); ++i) {
    if (families.row(i)[0] == family) return families.row(i)[2];
  }
  return "";
}

// Between two values of a key.
Oid exclusion_operator(CommandContext& context, const IndexKey& key, const ast::ListNode& name) {
  std::vector<std::string_view> words;
  for (const ast::Node* node : name.items) words.push_back(ast::as<ast::String>(node)->sval);
  std::string sql = "stored OPERATOR(";
  for (size_t i = 0; i + 1 < words.size(); ++i) sql += quote_identifier(words[i]) + ".";
  if (words.size() == 1) sql.resize(sql.size() - std::string_view("OPERATOR(").size());
  sql += words.back();
  sql += words.size() == 1 ? " added" : ") added";
  Table keys;
  for (std::string_view column : {"stored", "added"}) {
    Column& one = keys.columns.emplace_back();
    one.name = column;
    one.number = static_cast<int16_t>(keys.columns.size());
    one.type = key.type;
    one.collation = key.collation;
  }
  TableDesc columns = columns_only_desc(keys);
  Arena arena;
  Binder binder(context.environment(), {});
  const Expr* bound = nullptr;
  try {
    bound = binder.bind_table_expr(parse_expression(sql, arena), &columns, Clause::kCheck, {});
  } catch (SqlError& error) {
    throw error.at_byte(-1);  // not a place in the statement
  }
  const OperatorEntry* op = FunctionRegistry::instance().operator_by_oid(bound->operator_oid);
  const Catalog& catalog = *context.ddl().view();
  auto shown = [&] {
    return fmt::format("{}({},{})", op->name, catalog.type_name(op->left),
                       catalog.type_name(op->right));
  };
  if (op->commutator != op->oid) {
    throw sql_error(SqlState::kWrongObjectType, "operator {} is not commutative", shown())
        .detail("Only commutative operators can be used in exclusion constraints.");
  }
  if (opclass_strategy(key.opclass, op->oid) == 0) {
    throw sql_error(SqlState::kWrongObjectType,
                    "operator {} is not a member of operator family \"{}\"", shown(),
                    family_name(key.opclass))
        .detail(
            "The exclusion operator must be related to the index operator class for the "
            "constraint.");
  }
  return op->oid;
}

// The index of the constraint, as CREATE INDEX would have it.
std::shared_ptr<Index> make_exclusion_index(CommandContext& context, const Table& table,
                                            const ast::Constraint& node) {
  Arena arena;
  std::vector<const ast::Node*> keys, operators, included;
  for (const ast::Node* pair : node.exclusions) {
    const auto& items = ast::as<ast::ListNode>(pair)->items;
    std::string_view column = ast::as<ast::IndexElem>(items[0])->name;
    if (!column.empty() && table.find_column(column) == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" named in key does not exist",
                      column)
          .at_byte(node.location);
    }
    keys.push_back(items[0]);
    operators.push_back(items[1]);
  }
  for (std::string_view name : node.including) {
    auto* element = arena.make<ast::IndexElem>();
    element->name = name;
    included.push_back(element);
  }
  auto list_of = [](const std::vector<const ast::Node*>& nodes) {
    return ast::NodeList(nodes.data(), nodes.size());
  };
  ast::IndexStmt statement;
  statement.idxname = node.conname;
  statement.access_method = node.access_method;
  statement.index_params = list_of(keys);
  statement.index_including_params = list_of(included);
  statement.exclude_op_names = list_of(operators);
  statement.options = node.options;
  statement.where_clause = node.where_clause;
  return make_index(context, table, statement);
}

}  // namespace

AddedKey add_exclusion(CommandContext& context, Table& table, const PendingConstraint& pending) {
  const ast::Constraint& node = *pending.node;
  if (is_partitioned(table)) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "exclusion constraints are not supported on partitioned tables")
        .at_byte(node.location);
  }
  if (!node.conname.empty()) require_new_constraint_name(table, truncated_name(node.conname));
  std::shared_ptr<Index> index = make_exclusion_index(context, table, node);
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  constraint.name = index->name;
  constraint.type = 'x';
  constraint.deferrable = pending.deferrable;
  constraint.initially_deferred = pending.initially_deferred;
  constraint.index = index->oid;
  for (size_t i = 0; i < index->keys.size(); ++i) {
    const auto& pair = ast::as<ast::ListNode>(node.exclusions[i])->items;
    constraint.columns.push_back(index->keys[i].column);
    constraint.exclusion_operators.push_back(
        exclusion_operator(context, index->keys[i], *ast::as<ast::ListNode>(pair[1])));
  }
  index->exclusion = true;
  index->immediate = !pending.deferrable;
  index->constraint = constraint.oid;
  table.constraints.push_back(constraint);
  return {constraint.oid, std::move(index)};
}

}  // namespace luma
