// CREATE DOMAIN, ALTER DOMAIN and the renaming of their constraints.
#include <algorithm>

#include "engine/table/table_build.h"
#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/catalog/domain_text.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/index_build.h"
#include "sql/command/object_name.h"
#include "sql/command/type_build.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// Engine code must know the type before anything in the same transaction uses it.
void define_domain(const Type& type) {
  UserType user;
  user.oid = type.oid;
  user.name = type.name;
  user.type_type = 'd';
  user.array = type.array_type;
  user.base = type.base;
  define_user_type(std::move(user));
}

void refuse_constraint(const ast::Constraint& node) {
  auto impossible = [&](std::string_view kind) {
    throw sql_error(SqlState::kSyntaxError, "{} constraints not possible for domains", kind);
  };
  switch (node.contype) {
    case ast::ConstrType::kUnique:
      impossible("unique");
      break;
    case ast::ConstrType::kPrimary:
      impossible("primary key");
      break;
    case ast::ConstrType::kExclusion:
      impossible("exclusion");
      break;
    case ast::ConstrType::kForeign:
      impossible("foreign key");
      break;
    case ast::ConstrType::kAttrDeferrable:
    case ast::ConstrType::kAttrNotDeferrable:
    case ast::ConstrType::kAttrDeferred:
    case ast::ConstrType::kAttrImmediate:
      throw SqlError(SqlState::kFeatureNotSupported,
                     "specifying constraint deferrability not supported for domains");
    default:
      throw sql_error(SqlState::kInternalError, "unrecognized constraint type: {}",
                      static_cast<int>(node.contype));
  }
}

void add_check(CommandContext& context, Type& type, const ast::Constraint& node) {
  Table values;
  values.name = type.name;
  Column& value = values.columns.emplace_back();
  value.name = "value";
  value.number = 1;
  value.type = type.base;
  value.collation = type.collation;
  StoredExpression stored =
      store_expression(context, values, node.raw_expr, Clause::kCheck, {type_oid::kBool, -1});
  Constraint constraint;
  constraint.oid = context.ddl().new_oid();
  constraint.type = 'c';
  constraint.expression = with_capital_value(stored.sql);
  constraint.validated = !node.skip_validation;
  auto named = [&](std::string_view name) {
    return std::ranges::find(type.constraints, name, &Constraint::name) != type.constraints.end();
  };
  if (!node.conname.empty()) {
    constraint.name = truncated_name(node.conname);
    if (named(constraint.name)) {
      throw sql_error(SqlState::kDuplicateObject,
                      "constraint \"{}\" for domain \"{}\" already exists", constraint.name,
                      type.name);
    }
  } else {
    std::vector<std::string> taken;
    for (const Constraint& other : type.constraints) taken.push_back(other.name);
    constraint.name =
        free_constraint_name(*context.ddl().view(), type.schema, type.name, "", "check", taken);
  }
  depend_on_objects(stored, {class_oid::kConstraint, constraint.oid, 0}, type.dependencies);
  type.constraints.push_back(std::move(constraint));
}

void forget_dependencies(Type& type, const ObjectAddress& dependent) {
  std::erase_if(type.dependencies,
                [&](const Dependency& edge) { return edge.dependent == dependent; });
}

void set_default(CommandContext& context, Type& type, const ast::Node* node) {
  Table none;
  StoredExpression stored =
      store_expression(context, none, node, Clause::kDefault, type.base, type.name);
  type.default_sql = stored.is_null ? std::string() : stored.sql;
  forget_dependencies(type, type.address());
  depend_on_objects(stored, type.address(), type.dependencies);
}

void set_base(CommandContext& context, Type& type, const ast::CreateDomainStmt& statement) {
  const Catalog& catalog = *context.ddl().view();
  const ast::TypeName& name = *statement.type_name;
  type.base = resolve_type_name(catalog, context.environment().search_path(), name);
  require_type_usage(context, type.base.oid);
  const TypeInfo* base = find_type(type.base.oid);
  if (base == nullptr || base->type_type == 'p') {
    throw sql_error(SqlState::kDatatypeMismatch, "\"{}\" is not a valid base type for a domain",
                    name.names.back())
        .at_byte(name.location);
  }
  if (base->input == nullptr) {
    throw unsupported("type {}", format_type(type.base.oid)).at_byte(name.location);
  }
  type.collation = base->collation;
  if (statement.coll_clause != nullptr) {
    if (base->collation == kInvalidOid) {
      throw sql_error(SqlState::kDatatypeMismatch, "collations are not supported by type {}",
                      catalog.type_name(type.base.oid))
          .at_byte(statement.coll_clause->location);
    }
    type.collation =
        collation_oid(context, statement.coll_clause->collname, statement.coll_clause->location);
  }
  // A domain over a domain starts with the default of the latter.
  if (const Type* below = catalog.type(type.base.oid)) {
    type.default_sql = below->default_sql;
    if (statement.coll_clause == nullptr) type.collation = below->collation;
  }
}

// --- values that are there already ---

// Calls visit(table, attribute) for each stored column of the domain or a domain over it. Values
// inside of others cannot be looked at (0A000), as in PostgreSQL.
template <typename Visit>
void for_each_stored(CommandContext& context, const Type& type, Visit&& visit) {
  CatalogPtr catalog = context.ddl().view();
  for (const TypeUse& use : uses_of_type(*catalog, type.oid)) {
    const Table& table = *catalog->table(use.table);
    if (!use.direct) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot alter type \"{}\" because column \"{}.{}\" uses it", type.name,
                      table.name, table.column(use.column)->name);
    }
    context.lock_table(use.table, TableLockMode::kShare);
    visit(table, use.column - 1);
  }
}

void validate_stored_check(CommandContext& context, const Type& type,
                           const Constraint& constraint) {
  for_each_stored(context, type, [&](const Table& table, int32_t attribute) {
    Arena tree;
    Binder binder(context.environment(), {});
    TypeRef base = base_type_of(type.base);
    Expr* check = binder.bind_domain_check(parse_expression(constraint.expression, tree), base);
    Arena& arena = binder.context().arena();
    Expr* column = make_slot(arena, static_cast<uint32_t>(attribute), base);
    check = rewrite_expr(arena, check,
                         [&](Expr* node) { return node->kind == ExprKind::kSlot ? column : node; });
    try {
      validate_check(context.exec(), context.environment().table_desc(table), constraint.name,
                     *check);
    } catch (const SqlError& error) {
      if (error.state != SqlState::kCheckViolation) throw;
      const std::string& name = table.columns[static_cast<size_t>(attribute)].name;
      throw sql_error(
          SqlState::kCheckViolation,
          "column \"{}\" of table \"{}\" contains values that violate the new constraint", name,
          table.name)
          .table(context.ddl().view()->schema_name(table.schema), table.name)
          .column(name);
    }
  });
}

void validate_stored_not_null(CommandContext& context, const Type& type) {
  for_each_stored(context, type, [&](const Table& table, int32_t attribute) {
    try {
      validate_not_null(context.exec(), context.environment().table_desc(table), attribute);
    } catch (const SqlError& error) {
      if (error.state != SqlState::kNotNullViolation) throw;
      const std::string& name = table.columns[static_cast<size_t>(attribute)].name;
      throw sql_error(SqlState::kNotNullViolation,
                      "column \"{}\" of table \"{}\" contains null values", name, table.name)
          .table(context.ddl().view()->schema_name(table.schema), table.name)
          .column(name);
    }
  });
}

// --- ALTER ---

void alter_add(CommandContext& context, Type& type, const ast::Node* definition) {
  const auto& node = *ast::as<ast::Constraint>(definition);
  if (node.contype != ast::ConstrType::kCheck) refuse_constraint(node);
  add_check(context, type, node);
  if (!node.skip_validation) validate_stored_check(context, type, type.constraints.back());
}

std::vector<Constraint>::iterator find_constraint(Type& type, std::string_view name) {
  return std::ranges::find(type.constraints, name, &Constraint::name);
}

SqlError no_constraint(const Type& type, std::string_view name) {
  return sql_error(SqlState::kUndefinedObject, "constraint \"{}\" of domain \"{}\" does not exist",
                   name, type.name);
}

void alter_drop(CommandContext& context, Type& type, const ast::AlterDomainStmt& statement) {
  auto found = find_constraint(type, statement.name);
  if (found != type.constraints.end()) {
    forget_dependencies(type, {class_oid::kConstraint, found->oid, 0});
    type.constraints.erase(found);
    return;
  }
  SqlError error = no_constraint(type, statement.name);
  if (!statement.missing_ok) throw error;
  notice(context, error.message + ", skipping");
}

void alter_validate(CommandContext& context, Type& type, std::string_view name) {
  auto found = find_constraint(type, name);
  if (found == type.constraints.end()) throw no_constraint(type, name);
  if (found->validated) return;
  validate_stored_check(context, type, *found);
  found->validated = true;
}

}  // namespace

namespace {

// PostgreSQL gives no positions in the definitions of domains.
template <typename Command>
CommandResult without_position(Command&& command) {
  try {
    return command();
  } catch (SqlError& error) {
    error.byte_offset = -1;
    throw;
  }
}

CommandResult run_create(const ast::CreateDomainStmt& statement, CommandContext& context) {
  std::shared_ptr<Type> type = new_type(context, qualified_name(statement.domainname), 'd');
  set_base(context, *type, statement);
  bool null_said = false, default_said = false;
  std::vector<const ast::Constraint*> checks;
  for (const ast::Node* item : statement.constraints) {
    const auto& node = *ast::as<ast::Constraint>(item);
    switch (node.contype) {
      case ast::ConstrType::kDefault:
        if (default_said) throw SqlError(SqlState::kSyntaxError, "multiple default expressions");
        default_said = true;
        set_default(context, *type, node.raw_expr);
        break;
      case ast::ConstrType::kNull:
      case ast::ConstrType::kNotNull: {
        bool not_null = node.contype == ast::ConstrType::kNotNull;
        if (null_said && type->not_null != not_null) {
          throw SqlError(SqlState::kSyntaxError, "conflicting NULL/NOT NULL constraints");
        }
        null_said = true;
        type->not_null = not_null;
        break;
      }
      case ast::ConstrType::kCheck:
        if (node.is_no_inherit) {
          throw SqlError(SqlState::kInvalidObjectDefinition,
                         "check constraints for domains cannot be marked NO INHERIT");
        }
        checks.push_back(&node);
        break;
      default:
        refuse_constraint(node);
    }
  }
  define_domain(*type);
  for (const ast::Constraint* check : checks) add_check(context, *type, *check);
  context.ddl().put(std::move(type));
  return {"CREATE DOMAIN"};
}

CommandResult run_alter(const ast::AlterDomainStmt& statement, CommandContext& context) {
  auto type =
      std::make_shared<Type>(require_own_type(context, qualified_name(statement.type_name), 'd'));
  switch (statement.subtype) {
    case 'T':
      if (statement.def == nullptr) {
        type->default_sql.clear();
        forget_dependencies(*type, type->address());
      } else {
        set_default(context, *type, statement.def);
      }
      break;
    case 'N':
      type->not_null = false;
      break;
    case 'O':
      if (!type->not_null) validate_stored_not_null(context, *type);
      type->not_null = true;
      break;
    case 'C':
      alter_add(context, *type, statement.def);
      break;
    case 'X':
      alter_drop(context, *type, statement);
      break;
    case 'V':
      alter_validate(context, *type, statement.name);
      break;
    default:
      throw unsupported("this form of ALTER DOMAIN");
  }
  context.ddl().put(std::move(type));
  return {"ALTER DOMAIN"};
}

}  // namespace

CommandResult create_domain(const ast::CreateDomainStmt& statement, CommandContext& context) {
  return without_position([&] { return run_create(statement, context); });
}

CommandResult alter_domain(const ast::AlterDomainStmt& statement, CommandContext& context) {
  return without_position([&] { return run_alter(statement, context); });
}

CommandResult rename_domain_constraint(const ast::RenameStmt& statement, CommandContext& context) {
  auto type =
      std::make_shared<Type>(require_own_type(context, qualified_name(statement.object), 'd'));
  auto found = find_constraint(*type, statement.subname);
  if (found == type->constraints.end()) {
    throw sql_error(SqlState::kUndefinedObject, "constraint \"{}\" for domain {} does not exist",
                    statement.subname, type->name);
  }
  std::string name = truncated_name(statement.newname);
  if (find_constraint(*type, name) != type->constraints.end()) {
    throw sql_error(SqlState::kDuplicateObject, "constraint \"{}\" for domain {} already exists",
                    name, type->name);
  }
  found->name = name;
  context.ddl().put(std::move(type));
  return {"ALTER DOMAIN"};
}

}  // namespace luma
