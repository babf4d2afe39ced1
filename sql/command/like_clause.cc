#include "sql/command/like_clause.h"

#include <algorithm>

#include "sql/ast/rewrite.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"
#include "sql/command/constraint_build.h"
#include "sql/command/index_build.h"
#include "sql/command/object_name.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// The options of an identity column's sequence, for a copy of it.
ast::NodeList sequence_options_of(const Sequence& sequence, Arena& arena) {
  std::vector<const ast::Node*> out;
  auto add = [&](std::string_view name, const ast::Node* arg) {
    auto* option = arena.make<ast::DefElem>();
    option->defname = name;
    option->arg = arg;
    out.push_back(option);
  };
  auto number = [&](int64_t value) {
    auto* node = arena.make<ast::Float>();
    node->fval = arena.copy(std::to_string(value));
    return node;
  };
  add("start", number(sequence.start));
  add("increment", number(sequence.increment));
  add("minvalue", number(sequence.min_value));
  add("maxvalue", number(sequence.max_value));
  add("cache", number(sequence.cache));
  auto* cycle = arena.make<ast::Boolean>();
  cycle->boolval = sequence.cycle;
  add("cycle", cycle);
  return ast::make_list(arena, out);
}

const Sequence* identity_sequence(const Catalog& catalog, Oid table, int16_t column) {
  for (const Sequence* sequence : catalog.sequences_owned_by(table)) {
    if (sequence->is_identity && sequence->owned_by_column == column) return sequence;
  }
  return nullptr;
}

// Marks a constraint of a partition as that of the partitioned table.
void inherit_from(const Constraint& source, Constraint& copy) {
  copy.parent = source.oid;
  copy.is_local = false;
  copy.inherit_count = 1;
}

// Rows can be keyed by values only when keys hold all there is to tell rows apart.
bool keys_rows(const Table& table, const Table& source, const Index& index) {
  if (table.access_method != kHeapAm || table.relkind != 'r') return false;
  if (!is_partitioned(source)) return source.row_key_index == index.oid;
  return index.immediate && index.include.empty();
}

std::vector<int16_t> mapped(const std::vector<int16_t>& numbers, const LikeCopy& like) {
  std::vector<int16_t> out;
  for (int16_t number : numbers) {
    // 0 stands for an expression.
    out.push_back(number == 0 ? 0 : like.number_in_copy[static_cast<size_t>(number) - 1]);
  }
  return out;
}

void map_columns(const Table& table, LikeCopy& like) {
  like.number_in_copy.assign(like.source->columns.size(), 0);
  for (const Column& column : like.source->columns) {
    if (column.dropped) continue;
    const Column* copy = table.find_column(column.name);
    LUMA_CHECK(copy != nullptr);
    like.number_in_copy[static_cast<size_t>(column.number) - 1] = copy->number;
  }
}

std::vector<std::string> index_column_names(const Table& table, const Index& index,
                                            const LikeCopy& like) {
  std::vector<std::string> names;
  for (const IndexKey& key : index.keys) {
    if (key.column > 0) {
      names.push_back(table.column(mapped({key.column}, like)[0])->name);
    } else {
      Arena arena;
      names.push_back(index_column_name(parse_expression(key.expression, arena)));
    }
  }
  for (int16_t number : index.include) {
    names.push_back(table.column(mapped({number}, like)[0])->name);
  }
  return names;
}

// The table inherits the same CHECK.
bool merges_with_inherited(CommandContext& context, Table& table, const Constraint& copy) {
  auto own = std::ranges::find(table.constraints, copy.name, &Constraint::name);
  if (own == table.constraints.end() || own->is_local || own->inherit_count == 0) return false;
  if (own->type != 'c' || own->expression != copy.expression) return false;
  notice(context, fmt::format("merging constraint \"{}\" with inherited definition", copy.name));
  own->is_local = true;
  own->comment = copy.comment;
  return true;
}

}  // namespace

LikeCopy copy_like_columns(CommandContext& context, const ast::TableLikeClause& clause) {
  const Relation& relation =
      require_and_lock(context, *clause.relation, TableLockMode::kAccessShare);
  if (relation.kind != ObjectKind::kTable) {
    throw sql_error(SqlState::kWrongObjectType, "relation \"{}\" is invalid in LIKE clause",
                    relation.name)
        .detail(relation.kind == ObjectKind::kIndex
                    ? "This operation is not supported for indexes."
                    : "This operation is not supported for sequences.")
        .at_byte(clause.relation->location);
  }
  LikeCopy like;
  like.source = copy_of(static_cast<const Table&>(relation));
  like.options = clause.options;
  like.arena = std::make_unique<Arena>();
  auto including = [&](ast::TableLikeOption option) { return (clause.options & option) != 0; };
  for (const Column& column : like.source->columns) {
    if (column.dropped) continue;
    ColumnPlan plan;
    plan.column.name = column.name;
    plan.column.type = column.type;
    plan.column.collation = column.collation;
    plan.column.dimensions = column.dimensions;
    plan.column.not_null = column.not_null;
    if (column.has_default() && column.generated == '\0' && including(ast::kLikeDefaults)) {
      plan.default_node = parse_expression(column.default_sql, *like.arena);
    }
    if (column.generated != '\0' && including(ast::kLikeGenerated)) {
      plan.generated_node = parse_expression(column.default_sql, *like.arena);
      plan.column.generated = column.generated;
    }
    if (column.identity != '\0' && including(ast::kLikeIdentity)) {
      plan.column.identity = column.identity;
      plan.needs_sequence = true;
      const Sequence* sequence =
          identity_sequence(*context.ddl().view(), like.source->oid, column.number);
      if (sequence != nullptr) plan.sequence_options = sequence_options_of(*sequence, *like.arena);
    }
    if (including(ast::kLikeStorage)) plan.column.storage = column.storage;
    if (including(ast::kLikeComments)) plan.column.comment = column.comment;
    like.columns.push_back(std::move(plan));
  }
  return like;
}

void add_like_constraints(CommandContext& context, Table& table, LikeCopy& like) {
  map_columns(table, like);
  if ((like.options & ast::kLikeConstraints) == 0) return;
  for (const Constraint& source : like.source->constraints) {
    if (source.type != 'c') continue;
    Constraint copy = source;
    copy.oid = context.ddl().new_oid();
    copy.columns = mapped(source.columns, like);
    if (like.as_partition) inherit_from(source, copy);
    if ((like.options & ast::kLikeComments) == 0) copy.comment.clear();
    if (table.relkind == 'p' && copy.no_inherit) throw no_inherit_on_partitioned(table);
    if (merges_with_inherited(context, table, copy)) continue;
    if (table.find_constraint(copy.name) != nullptr) {
      throw sql_error(SqlState::kDuplicateObject, "check constraint \"{}\" already exists",
                      copy.name);
    }
    ObjectAddress from{class_oid::kConstraint, source.oid, 0};
    for (const Dependency& edge : like.source->dependencies) {
      if (edge.dependent != from) continue;
      table.dependencies.push_back(
          {{class_oid::kConstraint, copy.oid, 0}, edge.referenced, edge.kind});
    }
    table.constraints.push_back(std::move(copy));
  }
}

void add_like_indexes(CommandContext& context, Table& table, LikeCopy& like) {
  if ((like.options & ast::kLikeIndexes) == 0) return;
  CatalogPtr catalog = context.ddl().view();
  for (Oid oid : catalog->indexes_of(like.source->oid)) {
    const Index& source = *catalog->index(oid);
    const Constraint* constraint = like.source->find_constraint(source.constraint);
    auto index = std::make_shared<Index>(source);
    index->oid = context.ddl().new_oid();
    index->storage_id = 0;
    index->schema = table.schema;
    index->owner = table.owner;
    index->persistence = table.persistence;
    index->table = table.oid;
    index->relkind = is_partitioned(table) ? 'I' : 'i';
    index->parent = like.as_partition ? oid : kInvalidOid;
    index->valid = true;
    index->clustered = index->replica_identity = false;
    index->acl.reset();
    if ((like.options & ast::kLikeComments) == 0) index->comment.clear();
    for (IndexKey& key : index->keys) {
      if (key.column > 0) key.column = mapped({key.column}, like)[0];
    }
    index->include = mapped(source.include, like);
    index->dependencies.clear();
    for (const Dependency& edge : source.dependencies) {
      if (edge.referenced.oid != like.source->oid) {
        index->dependencies.push_back({index->address(), edge.referenced, edge.kind});
        continue;
      }
      if (edge.referenced.sub_id == 0) continue;
      int16_t column = mapped({static_cast<int16_t>(edge.referenced.sub_id)}, like)[0];
      index->dependencies.push_back(
          {index->address(), {class_oid::kRelation, table.oid, column}, edge.kind});
    }
    bool primary = constraint != nullptr && constraint->type == 'p';
    index->name =
        free_relation_name(*context.ddl().view(), table.schema, table.name,
                           primary ? "" : joined_names(index_column_names(table, source, like)),
                           primary                 ? "pkey"
                           : source.exclusion      ? "excl"
                           : constraint != nullptr ? "key"
                                                   : "idx",
                           constraint != nullptr);
    if (constraint != nullptr) {
      if (primary && table.primary_key() != nullptr) {
        throw sql_error(SqlState::kInvalidTableDefinition,
                        "multiple primary keys for table \"{}\" are not allowed", table.name);
      }
      Constraint copy = *constraint;
      copy.oid = context.ddl().new_oid();
      copy.name = index->name;
      copy.index = index->oid;
      copy.columns = mapped(constraint->columns, like);
      if (like.as_partition) inherit_from(*constraint, copy);
      if ((like.options & ast::kLikeComments) == 0) copy.comment.clear();
      index->constraint = copy.oid;
      if (primary) {
        for (int16_t number : copy.columns) column_at(table, number).not_null = true;
        if (keys_rows(table, *like.source, source)) table.row_key_index = index->oid;
      }
      table.constraints.push_back(std::move(copy));
    }
    context.ddl().put(std::move(index));
  }
}

}  // namespace luma
