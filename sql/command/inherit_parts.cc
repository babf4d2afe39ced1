#include "sql/command/inherit_parts.h"

#include <algorithm>

#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"
#include "sql/command/constraint_build.h"
#include "sql/command/expression_text.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

std::string type_text(CommandContext& context, TypeRef type) {
  return context.ddl().view()->type_name(type.oid, type.typmod);
}

std::string collation_text(CommandContext& context, Oid collation) {
  return collation == kInvalidOid
             ? std::string("default")
             : context.ddl().view()->describe({class_oid::kCollation, collation, 0}, nullptr);
}

// `what`: "inherited column" or "column".
void require_same_type(CommandContext& context, const Column& a, const Column& b,
                       std::string_view what) {
  if (a.type.oid != b.type.oid || a.type.typmod != b.type.typmod) {
    throw sql_error(SqlState::kDatatypeMismatch, "{} \"{}\" has a type conflict", what, b.name)
        .detail(
            fmt::format("{} versus {}", type_text(context, a.type), type_text(context, b.type)));
  }
  if (a.collation != b.collation) {
    throw sql_error(SqlState::kCollationMismatch, "{} \"{}\" has a collation conflict", what,
                    b.name)
        .detail(fmt::format("\"{}\" versus \"{}\"", collation_text(context, a.collation),
                            collation_text(context, b.collation)));
  }
}

const Table& open_parent(CommandContext& context, const ast::RangeVar& name, const Table& child) {
  const Relation& found = require_and_lock(context, name, TableLockMode::kShareUpdateExclusive);
  if (found.relkind != 'r' && found.relkind != 'p') {
    throw sql_error(SqlState::kWrongObjectType,
                    "inherited relation \"{}\" is not a table or foreign table", found.name);
  }
  const auto& parent = static_cast<const Table&>(found);
  if (is_partitioned(parent)) {
    throw sql_error(SqlState::kWrongObjectType, "cannot inherit from partitioned table \"{}\"",
                    parent.name);
  }
  if (is_partition(parent)) {
    throw sql_error(SqlState::kWrongObjectType, "cannot inherit from partition \"{}\"",
                    parent.name);
  }
  if (parent.persistence == 't' && child.persistence != 't') {
    throw sql_error(SqlState::kWrongObjectType, "cannot inherit from temporary relation \"{}\"",
                    parent.name);
  }
  require_owner(context, parent);
  return parent;
}

void add_column(CommandContext& context, InheritedParts& parts, const Table& parent,
                ColumnPlan& plan) {
  const Column& source = *parent.find_column(plan.column.name);
  auto known = std::ranges::find(parts.columns, plan.column.name,
                                 [](const ColumnPlan& p) { return p.column.name; });
  if (known == parts.columns.end()) {
    plan.column.is_local = false;
    plan.column.inherit_count = 1;
    plan.column.default_sql = source.default_sql;  // to compare with other parents'
    parts.columns.push_back(std::move(plan));
    parts.default_conflicts.push_back(false);
    return;
  }
  notice(context,
         fmt::format("merging multiple inherited definitions of column \"{}\"", plan.column.name));
  require_same_type(context, known->column, plan.column, "inherited column");
  if (known->column.generated != plan.column.generated) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "inherited column \"{}\" has a generation conflict", plan.column.name);
  }
  ++known->column.inherit_count;
  known->column.not_null |= plan.column.not_null;
  if (source.default_sql.empty()) return;
  if (known->column.default_sql.empty()) {
    known->column.default_sql = source.default_sql;
    known->default_node = plan.default_node;
    known->generated_node = plan.generated_node;
  } else if (known->column.default_sql != source.default_sql) {
    parts.default_conflicts[static_cast<size_t>(known - parts.columns.begin())] = true;
  }
}

void add_check(InheritedParts& parts, const Constraint& source) {
  auto known = std::ranges::find(parts.checks, source.name, &InheritedParts::Check::name);
  if (known == parts.checks.end()) {
    parts.checks.push_back({source.name, source.expression});
    return;
  }
  if (known->expression != source.expression) {
    throw sql_error(SqlState::kDuplicateObject,
                    "check constraint name \"{}\" appears multiple times but with different "
                    "expressions",
                    source.name);
  }
  ++known->count;
}

}  // namespace

InheritedParts inherited_parts(CommandContext& context, const ast::NodeList& parents,
                               const Table& child) {
  InheritedParts parts;
  for (const ast::Node* node : parents) {
    const auto& name = *ast::as<ast::RangeVar>(node);
    Oid oid = open_parent(context, name, child).oid;
    if (std::ranges::find(parts.parents, oid) != parts.parents.end()) {
      throw sql_error(SqlState::kDuplicateTable,
                      "relation \"{}\" would be inherited from more than once",
                      context.ddl().view()->table(oid)->name);
    }
    parts.parents.push_back(oid);
  }
  for (const ast::Node* node : parents) {
    ast::TableLikeClause all;
    all.relation = ast::as<ast::RangeVar>(node);
    all.options = ast::kLikeDefaults | ast::kLikeGenerated | ast::kLikeStorage;
    LikeCopy& like = parts.sources.emplace_back(copy_like_columns(context, all));
    for (ColumnPlan& plan : like.columns) add_column(context, parts, *like.source, plan);
    for (const Constraint& constraint : like.source->constraints) {
      if (constraint.type == 'c' && !constraint.no_inherit) add_check(parts, constraint);
    }
  }
  for (ColumnPlan& plan : parts.columns) plan.column.default_sql.clear();
  return parts;
}

void merge_own_column(CommandContext& context, ColumnPlan& inherited, ColumnPlan own, bool moves) {
  const std::string& name = inherited.column.name;
  if (moves) {
    notice(context, fmt::format("moving and merging column \"{}\" with inherited definition", name),
           "User-specified column moved to the position of the inherited column.");
  } else {
    notice(context, fmt::format("merging column \"{}\" with inherited definition", name));
  }
  require_same_type(context, inherited.column, own.column, "column");
  if (inherited.column.generated != '\0') {
    if (own.generated_node != nullptr) {
      throw sql_error(SqlState::kInvalidColumnDefinition,
                      "child column \"{}\" specifies generation expression", name)
          .hint(
              "Omit the generation expression in the definition of the child table column to "
              "inherit the generation expression from the parent table.");
    }
    if (own.default_node != nullptr) {
      throw sql_error(SqlState::kInvalidColumnDefinition,
                      "column \"{}\" inherits from generated column but specifies default", name);
    }
    if (own.column.identity != '\0') {
      throw sql_error(SqlState::kInvalidColumnDefinition,
                      "column \"{}\" inherits from generated column but specifies identity", name);
    }
  } else if (own.generated_node != nullptr) {
    throw sql_error(SqlState::kInvalidColumnDefinition,
                    "child column \"{}\" specifies generation expression", name)
        .hint("A child table column cannot be generated unless its parent column is.");
  }
  inherited.column.is_local = true;
  inherited.column.not_null |= own.column.not_null;
  if (own.default_node != nullptr) inherited.default_node = own.default_node;
  if (own.needs_sequence) {
    inherited.serial = own.serial;
    inherited.needs_sequence = true;
    inherited.sequence_options = own.sequence_options;
    inherited.column.identity = own.column.identity;
    if (own.column.identity != '\0') inherited.default_node = nullptr;
  }
  inherited.constraints = std::move(own.constraints);
}

void refuse_default_conflicts(const InheritedParts& parts, const std::vector<ColumnPlan>& columns) {
  for (size_t i = 0; i < parts.default_conflicts.size(); ++i) {
    if (!parts.default_conflicts[i]) continue;
    const bool generated = columns[i].generated_node != nullptr;
    const bool replaced = columns[i].default_node != parts.columns[i].default_node;
    if (replaced && !generated) continue;
    throw sql_error(SqlState::kInvalidColumnDefinition, "column \"{}\" inherits conflicting {}",
                    columns[i].column.name, generated ? "generation expressions" : "default values")
        .hint(generated ? "To resolve the conflict, specify a generation expression explicitly."
                        : "To resolve the conflict, specify a default explicitly.");
  }
}

void add_inherited_checks(CommandContext& context, Table& table, const InheritedParts& parts) {
  std::vector<std::string> taken;
  for (const InheritedParts::Check& check : parts.checks) {
    Arena arena;
    ast::Constraint node;
    node.contype = ast::ConstrType::kCheck;
    node.conname = check.name;
    node.raw_expr = parse_expression(check.expression, arena);
    add_check(context, table, {&node, "", false, false}, taken);
    table.constraints.back().is_local = false;
    table.constraints.back().inherit_count = check.count;
  }
}

bool merge_check(CommandContext& context, Table& table, const PendingConstraint& pending,
                 const CheckMerge& how) {
  const ast::Constraint& node = *pending.node;
  if (node.conname.empty()) return false;
  auto own = std::ranges::find(table.constraints, truncated_name(node.conname), &Constraint::name);
  if (own == table.constraints.end()) return false;
  StoredExpression wanted =
      store_expression(context, table, node.raw_expr, Clause::kCheck, {type_oid::kBool, -1});
  const bool same = own->type == 'c' && own->expression == wanted.sql;
  const bool may_merge = how.may_merge || (how.is_local && !own->is_local && !is_partition(table));
  if (!same || !may_merge) {
    throw sql_error(SqlState::kDuplicateObject,
                    "constraint \"{}\" for relation \"{}\" already exists", own->name, table.name);
  }
  auto refuse = [&](std::string_view kind) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "constraint \"{}\" conflicts with {} constraint on relation \"{}\"", own->name,
                    kind, table.name);
  };
  if (own->no_inherit) refuse("non-inherited");
  if (own->inherit_count > 0 && node.is_no_inherit) refuse("inherited");
  if (how.validated && !own->validated) refuse("NOT VALID");
  notice(context, fmt::format("merging constraint \"{}\" with inherited definition", own->name));
  if (is_partition(table)) {
    own->inherit_count = 1;
    own->is_local = false;
  } else if (how.is_local) {
    own->is_local = true;
  } else {
    ++own->inherit_count;
  }
  return true;
}

}  // namespace luma
