#include "sql/command/command_target.h"

#include <charconv>

#include "engine/base/ascii_case.h"
#include "sql/catalog/privileges.h"
#include "sql/parse/deparse.h"

namespace luma {

QualifiedName qualified_name(const ast::RangeVar& name) {
  return {name.schemaname, name.relname, name.catalogname, name.location};
}

std::string display_name(const ast::RangeVar& name) {
  std::string out;
  if (!name.catalogname.empty()) out += fmt::format("{}.", name.catalogname);
  if (!name.schemaname.empty()) out += fmt::format("{}.", name.schemaname);
  return out + std::string(name.relname);
}

namespace {

QualifiedName name_of_parts(const ast::NameList& names, std::string_view what) {
  QualifiedName out;
  if (names.size() > 3) {
    throw sql_error(SqlState::kSyntaxError, "improper {} name (too many dotted names): {}", what,
                    fmt::join(names, "."));
  }
  out.name = names.back();
  if (names.size() > 1) out.schema = names[names.size() - 2];
  if (names.size() > 2) out.database = names[0];
  return out;
}

}  // namespace

QualifiedName qualified_name(const ast::NameList& names) {
  return name_of_parts(names, "qualified");
}

QualifiedName qualified_name(const ast::NodeList& names) {
  std::vector<std::string_view> texts;
  for (const ast::Node* node : names) texts.push_back(ast::as<ast::String>(node)->sval);
  return name_of_parts(ast::NameList(texts.data(), texts.size()), "relation");
}

QualifiedName qualified_name(const ast::Node* node) {
  if (const auto* text = ast::try_as<ast::String>(node)) return {{}, text->sval};
  if (const auto* type = ast::try_as<ast::TypeName>(node)) {
    QualifiedName out = qualified_name(type->names);
    out.location = type->location;
    return out;
  }
  return qualified_name(ast::as<ast::ListNode>(node)->items);
}

const Relation* find_and_lock(CommandContext& context, const ast::RangeVar& name,
                              TableLockMode mode) {
  while (true) {
    const Relation* found = find_relation(
        *context.ddl().view(), context.environment().search_path(), qualified_name(name));
    if (found == nullptr) return nullptr;
    Oid oid = found->oid;
    context.lock_table(oid, mode);
    context.ddl().refresh();
    found = find_relation(*context.ddl().view(), context.environment().search_path(),
                          qualified_name(name));
    if (found != nullptr && found->oid == oid) return found;
  }
}

const Relation& require_and_lock(CommandContext& context, const ast::RangeVar& name,
                                 TableLockMode mode) {
  if (const Relation* found = find_and_lock(context, name, mode)) return *found;
  throw sql_error(SqlState::kUndefinedTable, "relation \"{}\" does not exist", display_name(name));
}

std::shared_ptr<Table> copy_of(const Table& table) { return std::make_shared<Table>(table); }

std::shared_ptr<Table> table_to_change(CommandContext& context, Oid table) {
  const Table* found = context.ddl().view()->table(table);
  LUMA_CHECK(found != nullptr);
  return copy_of(*found);
}

std::string_view relkind_name(char relkind) {
  switch (relkind) {
    case 'v':
      return "view";
    case 'm':
      return "materialized view";
    case 'i':
    case 'I':
      return "index";
    case 'S':
      return "sequence";
    case 'c':
      return "type";
    case 'f':
      return "foreign table";
    default:
      return "table";
  }
}

bool is_superuser_now(CommandContext& context) {
  return is_superuser(*context.ddl().view(), context.current_user());
}

void require_owner(CommandContext& context, const Relation& relation) {
  if (relation.oid < kFirstUserOid && is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", relation.name);
  }
  if (has_privileges_of(*context.ddl().view(), context.current_user(), relation.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of {} {}",
                  relation.relkind == 'i' ? "index" : relkind_name(relation.relkind),
                  relation.name);
}

void require_owner(CommandContext& context, const Schema& schema) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), schema.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of schema {}", schema.name);
}

void require_database_owner(CommandContext& context) {
  const Catalog& catalog = *context.ddl().view();
  const Database* database = catalog.database(catalog.database_oid());
  if (database == nullptr || has_privileges_of(catalog, context.current_user(), database->owner)) {
    return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of database {}", database->name);
}

void require_owner(CommandContext& context, const Type& type) {
  const Catalog& catalog = *context.ddl().view();
  if (has_privileges_of(catalog, context.current_user(), type.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of type {}",
                  type_display_name(catalog, context.environment().search_path(), type.oid));
}

void require_create_privilege(CommandContext& context, Oid schema_oid) {
  const Catalog& catalog = *context.ddl().view();
  const Schema* schema = catalog.schema(schema_oid);
  LUMA_CHECK(schema != nullptr);
  if (schema_oid == schema_oid::kPgCatalog || schema_oid == schema_oid::kInformationSchema) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for schema {}",
                    schema->name);
  }
  if (schema_oid == context.temp_schema(false)) return;
  if (has_schema_privilege(catalog, context.current_user(), *schema, 'C')) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for schema {}",
                  schema->name);
}

Oid place_of_new_object(CommandContext& context, std::string_view schema_name, int location) {
  if (schema_name == "pg_temp") return context.temp_schema(true);
  Oid schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                               schema_name, location);
  require_create_privilege(context, schema);
  return schema;
}

void require_type_usage(CommandContext& context, Oid oid) {
  const Catalog& catalog = *context.ddl().view();
  const Type* type = catalog.type_of_array(oid);
  if (type == nullptr) type = catalog.type(oid);
  if (type == nullptr ||
      has_privilege(catalog, context.current_user(), type->owner, type->acl, 'U', false, "U")) {
    return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for type {}",
                  type_display_name(catalog, context.environment().search_path(), type->oid));
}

void require_superuser(CommandContext& context, std::string_view what) {
  if (is_superuser_now(context)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be superuser to {}", what);
}

void throw_wrong_kind(const Relation& relation, std::string_view wanted) {
  std::string_view article = wanted.starts_with("index") ? "an" : "a";
  throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not {} {}", relation.name, article,
                  wanted);
}

void notice(CommandContext& context, std::string message, std::string detail) {
  context.notice({.message = std::move(message), .detail = std::move(detail)});
}

void warning(CommandContext& context, SqlState state, std::string message) {
  context.notice(
      {.severity = NoticeSeverity::kWarning, .state = state, .message = std::move(message)});
}

std::function<bool(const Relation&)> visibility(CommandContext& context) {
  CatalogPtr catalog = context.ddl().view();
  SearchPath path = context.environment().search_path();
  return [catalog, path](const Relation& relation) {
    return relation_is_visible(*catalog, path, relation);
  };
}

Oid role_oid(CommandContext& context, const ast::RoleSpec& role, bool allow_public) {
  switch (role.roletype) {
    case ast::RoleSpecType::kCurrentRole:
    case ast::RoleSpecType::kCurrentUser:
      return context.current_user();
    case ast::RoleSpecType::kSessionUser:
      return context.session_user();
    case ast::RoleSpecType::kPublic:
      if (allow_public) return kPublicGrantee;
      throw SqlError(SqlState::kUndefinedObject, "role \"public\" does not exist");
    case ast::RoleSpecType::kCstring:
      return require_role(*context.ddl().view(), role.rolename).oid;
  }
  LUMA_CHECK(false);
}

std::string truncated_name(std::string_view name) {
  constexpr size_t kMaxBytes = 63;
  if (name.size() <= kMaxBytes) return std::string(name);
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return std::string(name.substr(0, end));
}

std::string option_text(const ast::DefElem& option) {
  const ast::Node* arg = option.arg;
  if (arg == nullptr) return "";
  if (const auto* text = ast::try_as<ast::String>(arg)) return std::string(text->sval);
  if (const auto* number = ast::try_as<ast::Integer>(arg)) return std::to_string(number->ival);
  if (const auto* number = ast::try_as<ast::Float>(arg)) return std::string(number->fval);
  if (const auto* flag = ast::try_as<ast::Boolean>(arg)) return flag->boolval ? "true" : "false";
  if (const auto* constant = ast::try_as<ast::AConst>(arg)) {
    switch (constant->kind) {
      case ast::ConstKind::kInteger:
        return std::to_string(constant->ival);
      case ast::ConstKind::kBoolean:
        return constant->boolval ? "true" : "false";
      default:
        return std::string(constant->text);
    }
  }
  if (const auto* type = ast::try_as<ast::TypeName>(arg)) {
    return type->names.size() == 1 ? std::string(type->names[0]) : deparse(type);
  }
  throw sql_error(SqlState::kSyntaxError, "invalid argument for option \"{}\"", option.defname);
}

bool option_bool(const ast::DefElem& option) {
  if (option.arg == nullptr) return true;
  std::string text = ascii_lower(option_text(option));
  if (text == "true" || text == "on" || text == "1") return true;
  if (text == "false" || text == "off" || text == "0") return false;
  throw sql_error(SqlState::kSyntaxError, "{} requires a Boolean value", option.defname);
}

int64_t option_int64(const ast::DefElem& option) {
  std::string text = option_text(option);
  if (option.arg == nullptr || text.empty()) {
    throw sql_error(SqlState::kSyntaxError, "{} requires a numeric value", option.defname);
  }
  int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc::result_out_of_range) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "value \"{}\" is out of range for type bigint", text);
  }
  if (code != std::errc() || end != text.data() + text.size()) {
    throw sql_error(SqlState::kSyntaxError, "{} requires a numeric value", option.defname);
  }
  return value;
}

}  // namespace luma
