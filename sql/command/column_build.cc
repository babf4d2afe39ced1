#include "sql/command/column_build.h"

#include <algorithm>

#include "sql/ast/tree.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/object_name.h"
#include "sql/command/sequence_options.h"
#include "sql/command/type_build.h"

namespace luma {
namespace {

// Integer type of a serial pseudo-type; 0 for anything else.
Oid serial_type(const ast::TypeName& type) {
  if (type.names.size() != 1) return kInvalidOid;
  std::string_view name = type.names[0];
  if (name == "serial" || name == "serial4") return type_oid::kInt4;
  if (name == "bigserial" || name == "serial8") return type_oid::kInt8;
  if (name == "smallserial" || name == "serial2") return type_oid::kInt2;
  return kInvalidOid;
}

void check_column_type(CommandContext& context, std::string_view column, TypeRef type,
                       int location) {
  const TypeInfo* info = find_type(type.oid);
  if (info == nullptr) {
    // Row types of tables.
    throw unsupported("a column of type {}", context.ddl().view()->type_name(type.oid))
        .at_byte(location);
  }
  if (info->type_type == 'p') {
    throw sql_error(SqlState::kInvalidTableDefinition, "column \"{}\" has pseudo-type {}", column,
                    context.ddl().view()->type_name(type.oid));
  }
  if (info->input == nullptr) {
    throw unsupported("type {}", context.ddl().view()->type_name(type.oid)).at_byte(location);
  }
}

class ColumnPlanner {
 public:
  ColumnPlanner(CommandContext& context, const Table& table, const ast::ColumnDef& definition)
      : context_(context), table_(table), definition_(definition) {}

  ColumnPlan plan() {
    plan_.column.name = truncated_name(definition_.colname);
    set_type();
    for (const ast::Node* node : definition_.constraints) {
      add_constraint(*ast::as<ast::Constraint>(node));
    }
    if (definition_.is_not_null) plan_.column.not_null = true;
    if (definition_.raw_default != nullptr) plan_.default_node = definition_.raw_default;
    if (!definition_.compression.empty() && definition_.compression != "default" &&
        definition_.compression != "pglz" && definition_.compression != "lz4") {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid compression method \"{}\"",
                      definition_.compression);
    }
    check_conflicts();
    return std::move(plan_);
  }

 private:
  void set_type() {
    const ast::TypeName& name = *definition_.type_name;
    Column& column = plan_.column;
    if (Oid serial = serial_type(name); serial != kInvalidOid) {
      if (!name.array_bounds.empty()) {
        throw SqlError(SqlState::kFeatureNotSupported, "array of serial is not implemented")
            .at_byte(name.location);
      }
      if (!name.typmods.empty()) {
        throw sql_error(SqlState::kSyntaxError, "type modifier is not allowed for type \"{}\"",
                        name.names[0])
            .at_byte(name.location);
      }
      column.type = {serial, -1};
      column.not_null = true;
      plan_.serial = plan_.needs_sequence = true;
      return;
    }
    if (name.setof) {
      throw sql_error(SqlState::kInvalidTableDefinition, "column \"{}\" cannot be declared SETOF",
                      column.name)
          .at_byte(name.location);
    }
    column.type =
        resolve_type_name(*context_.ddl().view(), context_.environment().search_path(), name);
    require_type_usage(context_, column.type.oid);
    column.dimensions = static_cast<int16_t>(name.array_bounds.size());
    check_column_type(context_, column.name, column.type, name.location);
    if (table_.row_type != kInvalidOid && holds_type(column.type.oid, table_.row_type)) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "composite type {} cannot be made a member of itself", table_.name);
    }
    const TypeInfo& info = type_info(column.type.oid);
    const Type* domain = context_.ddl().view()->type(column.type.oid);
    bool is_domain = domain != nullptr && domain->type_type == 'd';
    column.collation = is_domain ? domain->collation : info.collation;
    if (definition_.coll_clause != nullptr) set_collation(*definition_.coll_clause, info);
  }

  void set_collation(const ast::CollateClause& clause, const TypeInfo& info) {
    if (info.collation == kInvalidOid) {
      throw sql_error(SqlState::kDatatypeMismatch, "collations are not supported by type {}",
                      context_.ddl().view()->type_name(plan_.column.type.oid))
          .at_byte(clause.location);
    }
    plan_.column.collation = collation_oid(context_, clause.collname, clause.location);
  }

  [[noreturn]] void throw_twice(std::string_view what, int location) {
    throw sql_error(SqlState::kSyntaxError, "{} for column \"{}\" of table \"{}\"", what,
                    plan_.column.name, table_.name)
        .at_byte(location);
  }

  void add_constraint(const ast::Constraint& node) {
    switch (node.contype) {
      case ast::ConstrType::kNull:
        if (said_not_null_) {
          throw_twice("conflicting NULL/NOT NULL declarations", node.location);
        }
        said_null_ = true;
        return;
      case ast::ConstrType::kNotNull:
        if (said_null_) throw_twice("conflicting NULL/NOT NULL declarations", node.location);
        said_not_null_ = true;
        plan_.column.not_null = true;
        return;
      case ast::ConstrType::kDefault:
        if (plan_.default_node != nullptr || plan_.serial) {
          throw_twice("multiple default values specified", node.location);
        }
        plan_.default_node = node.raw_expr;
        return;
      case ast::ConstrType::kIdentity:
        add_identity(node);
        return;
      case ast::ConstrType::kGenerated:
        if (plan_.generated_node != nullptr) {
          throw_twice("multiple generation clauses specified", node.location);
        }
        plan_.generated_node = node.raw_expr;
        return;
      case ast::ConstrType::kCheck:
      case ast::ConstrType::kPrimary:
      case ast::ConstrType::kUnique:
      case ast::ConstrType::kExclusion:
      case ast::ConstrType::kForeign:
        plan_.constraints.push_back({&node, plan_.column.name, node.deferrable, node.initdeferred});
        return;
      default:
        add_attribute(node);
        return;
    }
  }

  void add_identity(const ast::Constraint& node) {
    Column& column = plan_.column;
    if (column.identity != '\0') {
      throw_twice("multiple identity specifications", node.location);
    }
    if (column.type.oid != type_oid::kInt2 && column.type.oid != type_oid::kInt4 &&
        column.type.oid != type_oid::kInt8) {
      throw SqlError(SqlState::kInvalidParameterValue,
                     "identity column type must be smallint, integer, or bigint");
    }
    if (said_null_) throw_twice("conflicting NULL/NOT NULL declarations", node.location);
    column.identity = node.generated_when;
    column.not_null = true;
    plan_.needs_sequence = true;
    plan_.sequence_options = node.options;
  }

  // [NOT] DEFERRABLE, INITIALLY ...: of the constraint before it.
  void add_attribute(const ast::Constraint& node) {
    PendingConstraint* last = plan_.constraints.empty() ? nullptr : &plan_.constraints.back();
    bool fits = last != nullptr && last->node->contype != ast::ConstrType::kCheck;
    auto misplaced = [&](std::string_view what) {
      throw sql_error(SqlState::kSyntaxError, "misplaced {} clause", what).at_byte(node.location);
    };
    switch (node.contype) {
      case ast::ConstrType::kAttrDeferrable:
        if (!fits) misplaced("DEFERRABLE");
        last->deferrable = true;
        return;
      case ast::ConstrType::kAttrNotDeferrable:
        if (!fits) misplaced("NOT DEFERRABLE");
        if (last->initially_deferred) {
          throw SqlError(SqlState::kSyntaxError,
                         "constraint declared INITIALLY DEFERRED must be DEFERRABLE")
              .at_byte(node.location);
        }
        last->deferrable = false;
        return;
      case ast::ConstrType::kAttrDeferred:
        if (!fits) misplaced("INITIALLY DEFERRED");
        last->deferrable = last->initially_deferred = true;
        return;
      case ast::ConstrType::kAttrImmediate:
        if (!fits) misplaced("INITIALLY IMMEDIATE");
        last->initially_deferred = false;
        return;
      default:
        LUMA_CHECK(false);
    }
  }

  void check_conflicts() {
    Column& column = plan_.column;
    int location = definition_.location;
    bool has_default = plan_.default_node != nullptr || plan_.serial;
    if (has_default && column.identity != '\0') {
      throw_twice("both default and identity specified", location);
    }
    if (has_default && plan_.generated_node != nullptr) {
      throw_twice("both default and generation expression specified", location);
    }
    if (column.identity != '\0' && plan_.generated_node != nullptr) {
      throw_twice("both identity and generation expression specified", location);
    }
    if (said_null_ && plan_.serial) {
      throw_twice("conflicting NULL/NOT NULL declarations", location);
    }
    if (plan_.generated_node != nullptr) column.generated = 's';
  }

  CommandContext& context_;
  const Table& table_;
  const ast::ColumnDef& definition_;
  ColumnPlan plan_;
  bool said_null_ = false, said_not_null_ = false;
};

// The sequence's name: the one of the SEQUENCE NAME option or table_column_seq.
std::string sequence_name(CommandContext& context, const Table& table, const Column& column,
                          const ast::NodeList& options) {
  for (const ast::Node* node : options) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (option->defname == "sequence_name") return std::string(qualified_name(option->arg).name);
  }
  return free_relation_name(*context.ddl().view(), table.schema, table.name, column.name, "seq");
}

int location_of(const ast::Node* expression, std::string_view column) {
  int location = expression->location;
  bool found = false;
  ast::walk(expression, [&](const ast::Node* node) {
    const auto* ref = ast::try_as<ast::ColumnRef>(node);
    const auto* name = ref == nullptr ? nullptr : ast::try_as<ast::String>(ref->fields.back());
    if (found || name == nullptr || name->sval != column) return true;
    location = ref->location;
    found = true;
    return true;
  });
  return location;
}

}  // namespace

ColumnPlan plan_column(CommandContext& context, const Table& table,
                       const ast::ColumnDef& definition) {
  return ColumnPlanner(context, table, definition).plan();
}

void check_new_column_name(const Table& table, std::string_view name) {
  for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
    if (name != system || table.relkind == 'v' || table.relkind == 'c') continue;
    throw sql_error(SqlState::kDuplicateColumn,
                    "column name \"{}\" conflicts with a system column name", name);
  }
}

Column& column_at(Table& table, int16_t number) {
  LUMA_CHECK(number >= 1 && static_cast<size_t>(number) <= table.columns.size());
  return table.columns[static_cast<size_t>(number) - 1];
}

const Column& require_column_of(const Table& table, std::string_view name) {
  if (const Column* column = table.find_column(name)) return *column;
  for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
    if (name == system) {
      throw sql_error(SqlState::kFeatureNotSupported, "cannot alter system column \"{}\"", name);
    }
  }
  throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                  name, table.name);
}

Column& require_column_of(Table& table, std::string_view name) {
  return column_at(table, require_column_of(std::as_const(table), name).number);
}

void make_owned_sequence(CommandContext& context, Table& table, int16_t column_number,
                         const ast::NodeList& options, bool identity, std::string_view command) {
  Column& column = column_at(table, column_number);
  auto sequence = std::make_shared<Sequence>();
  sequence->oid = context.ddl().new_oid();
  sequence->name = sequence_name(context, table, column, options);
  sequence->schema = table.schema;
  sequence->owner = table.owner;
  sequence->persistence = table.persistence;
  sequence->type = column.type.oid;
  sequence->owned_by_table = table.oid;
  sequence->owned_by_column = column.number;
  sequence->is_identity = identity;
  context.notice(
      {.severity = NoticeSeverity::kDebug,
       .message = fmt::format("{} will create implicit sequence \"{}\" for serial column \"{}.{}\"",
                              command, sequence->name, table.name, column.name)});
  SequenceChange change = apply_sequence_options(context, *sequence, options, true, true);
  context.sequences().create(context.transaction(), context.sequence_id(sequence->oid),
                             *change.restart);
  context.ddl().put(sequence);
  if (identity) return;
  std::string shown = relation_display_name(*context.ddl().view(), naming_path(), *sequence);
  column.default_sql = fmt::format("nextval({}::regclass)", quote_literal(shown));
  if (column.default_oid == kInvalidOid) column.default_oid = context.ddl().new_oid();
  table.dependencies.push_back(
      {{class_oid::kAttrDef, column.default_oid, 0}, sequence->address(), 'n'});
}

void clear_default(Table& table, int16_t column_number) {
  Column& column = column_at(table, column_number);
  ObjectAddress attrdef{class_oid::kAttrDef, column.default_oid, 0};
  ObjectAddress self{class_oid::kRelation, table.oid, column.number};
  std::erase_if(table.dependencies, [&](const Dependency& edge) {
    return (column.default_oid != kInvalidOid && edge.dependent == attrdef) ||
           (column.generated != '\0' && edge.dependent == self);
  });
  column.default_sql.clear();
  column.default_oid = kInvalidOid;
}

void store_default(CommandContext& context, Table& table, int16_t column_number,
                   const ast::Node* node) {
  Column& column = column_at(table, column_number);
  StoredExpression stored =
      store_expression(context, table, node, Clause::kDefault, column.type, column.name);
  clear_default(table, column_number);
  if (stored.is_null) return;
  column.default_sql = stored.sql;
  column.default_oid = context.ddl().new_oid();
  depend_on_objects(stored, {class_oid::kAttrDef, column.default_oid, 0}, table.dependencies);
}

void store_generated(CommandContext& context, Table& table, int16_t column_number,
                     const ast::Node* node) {
  Column& column = column_at(table, column_number);
  StoredExpression stored =
      store_expression(context, table, node, Clause::kGenerated, column.type, column.name);
  for (int16_t used : stored.columns) {
    const Column& source = column_at(table, used);
    if (source.generated == '\0' && used != column_number) continue;
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "cannot use generated column \"{}\" in column generation expression",
                    source.name)
        .detail(used == column_number
                    ? "This would cause the generated column to depend on its own value."
                    : "A generated column cannot reference another generated column.")
        .at_byte(location_of(node, source.name));
  }
  if (stored.volatility != 'i') {
    throw SqlError(SqlState::kInvalidObjectDefinition, "generation expression is not immutable");
  }
  column.default_sql = stored.sql;
  column.default_oid = context.ddl().new_oid();
  depend_on_objects(stored, {class_oid::kRelation, table.oid, column.number}, table.dependencies);
  for (int16_t used : stored.columns) {
    table.dependencies.push_back({{class_oid::kRelation, table.oid, column.number},
                                  {class_oid::kRelation, table.oid, used},
                                  'n'});
  }
}

}  // namespace luma
