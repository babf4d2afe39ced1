#include "sql/catalog/object_identity.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/object_lookup.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/text_search_objects.h"

namespace luma {
namespace {

using Found = std::optional<ObjectIdentity>;

// Temporary schemas have a number that means nothing elsewhere.
std::string shown_schema(const Catalog& catalog, Oid schema) {
  std::string name = catalog.schema_name(schema);
  return name.starts_with("pg_temp_") ? "pg_temp" : name;
}

std::string_view relation_type(char relkind) {
  switch (relkind) {
    case 'i':
    case 'I':
      return "index";
    case 'S':
      return "sequence";
    case 'v':
      return "view";
    case 'm':
      return "materialized view";
    case 'c':
      return "composite type";
    case 'f':
      return "foreign table";
    default:
      return "table";
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

// Types with names of the SQL standard are found whatever the search path.
bool has_sql_name(Oid type) {
  constexpr Oid kBit = 1560, kVarbit = 1562;
  constexpr Oid kTypes[] = {type_oid::kBool,
                            type_oid::kInt2,
                            type_oid::kInt4,
                            type_oid::kInt8,
                            type_oid::kFloat4,
                            type_oid::kFloat8,
                            type_oid::kNumeric,
                            type_oid::kBpchar,
                            type_oid::kVarchar,
                            type_oid::kTime,
                            type_oid::kTimetz,
                            type_oid::kTimestamp,
                            type_oid::kInterval,
                            type_oid::kTimestamptz,
                            kBit,
                            kVarbit};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

// What its schema and its name tell.
Found in_schema(const Catalog& catalog, std::string_view type, Oid schema, std::string_view name) {
  ObjectIdentity out;
  out.type = type;
  out.schema = shown_schema(catalog, schema);
  out.name = name;
  out.identity = quote_qualified(*out.schema, name);
  out.names = {*out.schema, std::string(name)};
  return out;
}

// What its name tells.
Found named(std::string_view type, std::string_view name) {
  ObjectIdentity out;
  out.type = type;
  out.name = name;
  out.identity = quote_identifier(name);
  out.names = {std::string(name)};
  return out;
}

Found identify_relation(const Catalog& catalog, const ObjectAddress& address) {
  const Relation* relation = catalog.relation(address.oid);
  if (relation == nullptr) return std::nullopt;
  Found out =
      in_schema(catalog, relation_type(relation->relkind), relation->schema, relation->name);
  if (address.sub_id == 0) return out;
  const auto* table = dynamic_cast<const Table*>(relation);
  const Column* column =
      table == nullptr ? nullptr : table->column(static_cast<int16_t>(address.sub_id));
  if (column == nullptr) return std::nullopt;
  out->type += " column";
  out->identity += "." + quote_identifier(column->name);
  out->names.push_back(column->name);
  return out;
}

Found routine_identity(const Catalog& catalog, char kind, Oid schema, std::string_view name,
                       std::span<const Oid> types) {
  Found out = in_schema(catalog,
                        kind == 'p'   ? "procedure"
                        : kind == 'a' ? "aggregate"
                                      : "function",
                        schema, name);
  for (Oid type : types) out->arguments.push_back(qualified_type_name(catalog, type));
  out->name.reset();
  out->identity += "(" + joined(out->arguments) + ")";
  return out;
}

Found identify_routine(const Catalog& catalog, Oid oid) {
  if (const Function* user = catalog.function(oid)) {
    return routine_identity(catalog, user->routine, user->schema, user->name, user->input_types());
  }
  const ProcFact* fact = find_proc_fact(oid);
  if (fact == nullptr) return std::nullopt;
  return routine_identity(catalog, fact->kind, schema_oid::kPgCatalog, fact->name, fact->arg_types);
}

Found identify_operator(const Catalog& catalog, Oid oid) {
  std::optional<OperatorFact> fact = find_created_operator(catalog, oid);
  const UserOperator* user = catalog.user_operator(oid);
  if (!fact) return std::nullopt;
  ObjectIdentity out;
  out.type = "operator";
  out.schema = shown_schema(catalog, user == nullptr ? schema_oid::kPgCatalog : user->schema);
  std::string left = fact->left == kInvalidOid ? "NONE" : qualified_type_name(catalog, fact->left);
  std::string right = qualified_type_name(catalog, fact->right);
  out.identity =
      fmt::format("{}.{}({},{})", quote_identifier(*out.schema), fact->name, left, right);
  out.names = {*out.schema, std::string(fact->name)};
  if (fact->left != kInvalidOid) out.arguments.push_back(std::move(left));
  out.arguments.push_back(std::move(right));
  return out;
}

Found identify_cast(const Catalog& catalog, Oid oid) {
  const ObjectPtr* found = catalog.local_objects()->find({class_oid::kCast, oid});
  if (found == nullptr) return std::nullopt;
  const auto& cast = static_cast<const Cast&>(**found);
  ObjectIdentity out;
  out.type = "cast";
  out.names = {qualified_type_name(catalog, cast.source)};
  out.arguments = {qualified_type_name(catalog, cast.target)};
  out.identity = fmt::format("({} AS {})", out.names[0], out.arguments[0]);
  return out;
}

Found identify_type(const Catalog& catalog, Oid oid) {
  ObjectIdentity out;
  out.type = "type";
  out.identity = qualified_type_name(catalog, oid);
  if (out.identity.empty()) return std::nullopt;
  out.names = {out.identity};
  Oid schema = schema_oid::kPgCatalog;
  const Type* type = catalog.type(oid);
  const Type* element = catalog.type_of_array(oid);
  const Table* table = catalog.table_of_row_type(oid);
  if (type != nullptr) {
    schema = type->schema;
    out.name = type->name;
  } else if (element != nullptr) {
    schema = element->schema;
    out.name = "_" + element->name;
  } else if (table != nullptr) {
    schema = table->schema;
    out.name = table->row_type == oid ? table->name : "_" + table->name;
  } else if (const TypeInfo* builtin = find_type(oid)) {
    out.name = builtin->name;
  } else {
    return std::nullopt;
  }
  out.schema = shown_schema(catalog, schema);
  return out;
}

// A constraint, trigger, rule or policy: its name and its table.
Found on_table(const Catalog& catalog, std::string_view type, const Table* table,
               std::string_view name) {
  if (table == nullptr) return std::nullopt;
  ObjectIdentity out;
  out.type = type;
  std::string schema = shown_schema(catalog, table->schema);
  out.identity =
      fmt::format("{} on {}", quote_identifier(name), quote_qualified(schema, table->name));
  out.names = {schema, table->name, std::string(name)};
  return out;
}

Found identify_constraint(const Catalog& catalog, Oid oid) {
  if (const Table* table = catalog.table_of_constraint(oid)) {
    Found out = on_table(catalog, "table constraint", table, table->find_constraint(oid)->name);
    out->schema = shown_schema(catalog, table->schema);
    return out;
  }
  Found out;
  catalog.for_each_type([&](const Type& type) {
    auto found = std::ranges::find(type.constraints, oid, &Constraint::oid);
    if (found == type.constraints.end()) return;
    out.emplace();
    out->type = "domain constraint";
    out->schema = shown_schema(catalog, type.schema);
    out->names = {qualified_type_name(catalog, type.oid)};
    out->arguments = {found->name};
    out->identity = fmt::format("{} on {}", quote_identifier(found->name), out->names[0]);
  });
  return out;
}

template <typename Part>
Found identify_part(const Catalog& catalog, std::string_view type, const Table* table,
                    const std::vector<Part> Table::*parts, Oid oid) {
  if (table == nullptr) return std::nullopt;
  auto found = std::ranges::find(table->*parts, oid, &Part::oid);
  return on_table(catalog, type, table, found->name);
}

Found identify_rule(const Catalog& catalog, Oid oid) {
  if (const Table* table = catalog.table_of_rule(oid)) {
    return identify_part(catalog, "rule", table, &Table::rules, oid);
  }
  const Table* view = view_of_rule(catalog, oid);
  return view == nullptr ? Found() : on_table(catalog, "rule", view, "_RETURN");
}

Found identify_default(const Catalog& catalog, Oid oid) {
  const Table* table = catalog.table_of_default(oid);
  if (table == nullptr) return std::nullopt;
  auto column = std::ranges::find(table->columns, oid, &Column::default_oid);
  Found out = in_schema(catalog, "default value", table->schema, table->name);
  out->identity = fmt::format("for {}.{}", out->identity, quote_identifier(column->name));
  out->names.push_back(column->name);
  out->schema.reset();
  out->name.reset();
  return out;
}

Found identify_default_acl(const Catalog& catalog, Oid oid) {
  const DefaultAcl* list = catalog.default_acl(oid);
  if (list == nullptr) return std::nullopt;
  ObjectIdentity out;
  out.type = "default acl";
  std::string role = catalog.role_name(list->owner);
  out.identity = "for role " + quote_identifier(role);
  out.names = {role};
  if (list->schema != kInvalidOid) {
    std::string schema = shown_schema(catalog, list->schema);
    out.identity += " in schema " + quote_identifier(schema);
    out.names.push_back(schema);
  }
  const char type = list->object_type;
  out.identity += type == 'r'   ? " on tables"
                  : type == 'S' ? " on sequences"
                  : type == 'f' ? " on functions"
                  : type == 'T' ? " on types"
                                : " on schemas";
  out.arguments = {std::string(1, type)};
  return out;
}

Found identify_schema(const Catalog& catalog, Oid oid) {
  if (catalog.schema(oid) == nullptr) return std::nullopt;
  return named("schema", shown_schema(catalog, oid));
}

}  // namespace

std::string qualified_type_name(const Catalog& catalog, Oid type) {
  const TypeInfo* info = find_type(type);
  const bool is_array = info != nullptr && info->is_array();
  const Oid base = is_array ? info->element : type;
  const TypeInfo* builtin = base < kFirstUserOid ? find_type(base) : nullptr;
  std::string name = type_display_name(catalog, SearchPath{}, type, -1, true);
  if (name.starts_with("pg_temp_")) return "pg_temp" + name.substr(name.find('.'));
  if (builtin == nullptr || builtin->user != nullptr || has_sql_name(base)) return name;
  if (name.find('.') != std::string::npos) return name;  // of an extension
  return fmt::format("pg_catalog.{}{}", quote_identifier(builtin->name), is_array ? "[]" : "");
}

std::optional<ObjectIdentity> identify_object(const Catalog& catalog,
                                              const ObjectAddress& address) {
  const Oid oid = address.oid;
  switch (address.class_id) {
    case class_oid::kRelation:
      return identify_relation(catalog, address);
    case class_oid::kProc:
      return identify_routine(catalog, oid);
    case class_oid::kType:
      return identify_type(catalog, oid);
    case class_oid::kOperator:
      return identify_operator(catalog, oid);
    case class_oid::kCast:
      return identify_cast(catalog, oid);
    case class_oid::kConstraint:
      return identify_constraint(catalog, oid);
    case class_oid::kTrigger:
      return identify_part(catalog, "trigger", catalog.table_of_trigger(oid), &Table::triggers,
                           oid);
    case class_oid::kPolicy:
      return identify_part(catalog, "policy", catalog.table_of_policy(oid), &Table::policies, oid);
    case class_oid::kRewrite:
      return identify_rule(catalog, oid);
    case class_oid::kAttrDef:
      return identify_default(catalog, oid);
    case class_oid::kSchema:
      return identify_schema(catalog, oid);
    case class_oid::kDefaultAcl:
      return identify_default_acl(catalog, oid);
    default:
      break;
  }
  ObjectPtr object = catalog.share({address.class_id, oid, 0});
  if (object == nullptr) return std::nullopt;
  switch (object->kind) {
    case ObjectKind::kRole:
      return named("role", object->name);
    case ObjectKind::kDatabase:
      return named("database", object->name);
    case ObjectKind::kExtension:
      return named("extension", object->name);
    case ObjectKind::kEventTrigger:
      return named("event trigger", object->name);
    case ObjectKind::kExtendedStatistics:
      return in_schema(catalog, "statistics object",
                       static_cast<const ExtendedStatistics&>(*object).schema, object->name);
    case ObjectKind::kTextDictionary:
      return in_schema(catalog, "text search dictionary",
                       static_cast<const TextDictionaryObject&>(*object).schema, object->name);
    case ObjectKind::kTextConfiguration:
      return in_schema(catalog, "text search configuration",
                       static_cast<const TextConfigurationObject&>(*object).schema, object->name);
    case ObjectKind::kCollation:
      return in_schema(catalog, "collation", static_cast<const CollationObject&>(*object).schema,
                       object->name);
    default:
      return std::nullopt;
  }
}

}  // namespace luma
