#include "sql/catalog/object_codec.h"

#include <nlohmann/json.hpp>

#include "engine/base/sql_error.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/text_search_objects.h"

namespace nlohmann {
template <typename T>
struct adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    value.has_value() ? j = *value : j = nullptr;
  }
  static void from_json(const json& j, std::optional<T>& value) {
    j.is_null() ? value = std::nullopt : value = j.get<T>();
  }
};
}  // namespace nlohmann

namespace luma {
namespace {
constexpr char kFormatVersion = 1;
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TypeRef, oid, typmod)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ObjectAddress, class_id, oid, sub_id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Dependency, dependent, referenced, kind)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AclItem, grantee, grantor, privileges, grantable)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Role::Membership, role, grantor, admin)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Column, name, number, type, collation, dimensions,
                                                not_null, dropped, identity, generated, default_sql,
                                                default_oid, since_version, missing_text, storage,
                                                statistics_target, is_local, inherit_count, acl,
                                                comment)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Constraint, oid, name, type, deferrable,
                                                initially_deferred, validated, no_inherit, is_local,
                                                inherit_count, columns, expression, index,
                                                referenced_table, referenced_columns, match,
                                                on_update, on_delete, set_columns,
                                                equality_operators, exclusion_operators,
                                                child_enabled, parent_enabled, parent, comment)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Rule, oid, name, event, instead, enabled,
                                                condition_sql, actions, comment, dependencies)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Policy, oid, name, command, permissive, roles,
                                                using_sql, check_sql, comment, dependencies)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(IndexKey, column, expression, type, opclass,
                                                collation, descending, nulls_first)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Trigger, oid, name, function, type, enabled,
                                                constraint, constraint_table, deferrable,
                                                initially_deferred, columns, arguments, when_sql,
                                                old_table, new_table, parent, comment, dependencies)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PartitionKey, strategy, parts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PartitionBound::Value, kind, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PartitionBound, strategy, is_default, modulus,
                                                remainder, values, lower, upper)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Type::EnumLabel, oid, sort_order, label)

// The fields of each kind of object, those of its bases included.
#define LUMA_OBJECT_FIELDS oid, name, owner, acl, comment, dependencies
#define LUMA_RELATION_FIELDS LUMA_OBJECT_FIELDS, schema, relkind, persistence, storage_id, options
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Database, LUMA_OBJECT_FIELDS, is_template,
                                                allow_connections, connection_limit, collate, ctype,
                                                settings)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Role, LUMA_OBJECT_FIELDS, superuser, inherit,
                                                create_role, create_database, can_login,
                                                replication, bypass_rls, connection_limit, password,
                                                valid_until, member_of, settings)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Schema, LUMA_OBJECT_FIELDS)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DefaultAcl, LUMA_OBJECT_FIELDS, schema, object_type)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AccessList, LUMA_OBJECT_FIELDS, target_class)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Table, LUMA_RELATION_FIELDS, columns, constraints,
                                                policies, triggers, rules, schema_version, row_type,
                                                array_type, access_method, row_key_index, inherits,
                                                partition_key, partition_bound, replica_identity,
                                                row_security, force_row_security, is_populated,
                                                definition, definition_search_path, rule_oid,
                                                check_option)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Index, LUMA_RELATION_FIELDS, table, access_method,
                                                keys, include, predicate, unique, primary,
                                                exclusion, immediate, nulls_not_distinct, valid,
                                                ready, clustered, replica_identity, constraint,
                                                parent)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Sequence, LUMA_RELATION_FIELDS, type, start,
                                                increment, min_value, max_value, cache, cycle,
                                                owned_by_table, owned_by_column, is_identity)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Type, LUMA_OBJECT_FIELDS, schema, type_type,
                                                array_type, relation, labels, base, collation,
                                                not_null, default_sql, constraints, multirange,
                                                subtype_opclass, subtype_diff)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Function::Aggregate, transition, final, combine,
                                                sort_operator, transition_type, transition_space,
                                                initial, final_extra, final_modify)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(UserOperator, LUMA_OBJECT_FIELDS, schema, left,
                                                right, result, commutator, negator, function,
                                                restrict_estimator, join_estimator, can_merge,
                                                can_hash)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Cast, LUMA_OBJECT_FIELDS, source, target, function,
                                                context, method)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ExtendedStatistics, LUMA_OBJECT_FIELDS, schema,
                                                table, columns, kinds, target)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TextDictionaryObject, LUMA_OBJECT_FIELDS, schema,
                                                template_oid, options)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TextMapping, token_type, dictionaries)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TextConfigurationObject, LUMA_OBJECT_FIELDS, schema,
                                                mappings)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CollationObject, LUMA_OBJECT_FIELDS, schema,
                                                provider, deterministic, collate, ctype, icu_locale,
                                                version)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(EventTrigger, LUMA_OBJECT_FIELDS, event, function,
                                                enabled, tags)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OperatorFamily::Member, oid, is_operator, number,
                                                left, right, target, sort_family, member_class)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OperatorFamily, LUMA_OBJECT_FIELDS, schema,
                                                access_method, members)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OperatorClass, LUMA_OBJECT_FIELDS, schema,
                                                access_method, family, input, stored, is_default)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Function::Argument, name, type, mode, default_sql)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Function, LUMA_OBJECT_FIELDS, schema, routine,
                                                arguments, result, returns_set, language, source,
                                                sql_body, definition_search_path, volatility,
                                                parallel, strict, security_definer, leakproof, cost,
                                                rows, settings, revision, aggregate)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Extension, LUMA_OBJECT_FIELDS, schema, version,
                                                relocatable)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ColumnStatistics, number, type, null_fraction,
                                                width_bytes, distinct, common_values,
                                                common_frequencies, histogram, has_correlation,
                                                correlation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TableStatisticsObject::IndexSize, index, rows,
                                                pages)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JointStatistics::Group, columns, value)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JointStatistics, object, distinct, dependencies,
                                                columns, common_values, common_frequencies,
                                                base_frequencies)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(TableStatisticsObject, LUMA_OBJECT_FIELDS,
                                                storage_id, rows, pages, indexes, columns, joint)

namespace {

void append_u32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

uint32_t read_u32(std::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

template <typename T>
ObjectPtr read_object(const nlohmann::json& j) {
  auto object = std::make_shared<T>();
  from_json(j, *object);
  return object;
}

}  // namespace

std::string encode_object_key(const StoredKey& key) {
  std::string out;
  append_u32(out, key.database);
  append_u32(out, key.class_id);
  append_u32(out, key.oid);
  return out;
}

StoredKey decode_object_key(std::string_view bytes) {
  if (bytes.size() != 12) {
    throw sql_error(SqlState::kDataCorrupted, "catalog key has {} bytes", bytes.size());
  }
  return {read_u32(bytes), read_u32(bytes.substr(4)), read_u32(bytes.substr(8))};
}

std::string encode_object(const CatalogObject& object) {
  nlohmann::json j;
  switch (object.kind) {
    case ObjectKind::kDatabase:
      j = static_cast<const Database&>(object);
      break;
    case ObjectKind::kRole:
      j = static_cast<const Role&>(object);
      break;
    case ObjectKind::kSchema:
      j = static_cast<const Schema&>(object);
      break;
    case ObjectKind::kTable:
      j = static_cast<const Table&>(object);
      break;
    case ObjectKind::kIndex:
      j = static_cast<const Index&>(object);
      break;
    case ObjectKind::kSequence:
      j = static_cast<const Sequence&>(object);
      break;
    case ObjectKind::kType:
      j = static_cast<const Type&>(object);
      break;
    case ObjectKind::kDefaultAcl:
      j = static_cast<const DefaultAcl&>(object);
      break;
    case ObjectKind::kAccessList:
      j = static_cast<const AccessList&>(object);
      break;
    case ObjectKind::kFunction:
      j = static_cast<const Function&>(object);
      break;
    case ObjectKind::kStatistics:
      j = static_cast<const TableStatisticsObject&>(object);
      break;
    case ObjectKind::kExtension:
      j = static_cast<const Extension&>(object);
      break;
    case ObjectKind::kOperator:
      j = static_cast<const UserOperator&>(object);
      break;
    case ObjectKind::kCast:
      j = static_cast<const Cast&>(object);
      break;
    case ObjectKind::kExtendedStatistics:
      j = static_cast<const ExtendedStatistics&>(object);
      break;
    case ObjectKind::kTextDictionary:
      j = static_cast<const TextDictionaryObject&>(object);
      break;
    case ObjectKind::kTextConfiguration:
      j = static_cast<const TextConfigurationObject&>(object);
      break;
    case ObjectKind::kCollation:
      j = static_cast<const CollationObject&>(object);
      break;
    case ObjectKind::kEventTrigger:
      j = static_cast<const EventTrigger&>(object);
      break;
    case ObjectKind::kOperatorFamily:
      j = static_cast<const OperatorFamily&>(object);
      break;
    case ObjectKind::kOperatorClass:
      j = static_cast<const OperatorClass&>(object);
      break;
  }
  std::string out{kFormatVersion, static_cast<char>(object.kind)};
  nlohmann::json::to_cbor(j, nlohmann::detail::output_adapter<char>(out));
  return out;
}

ObjectPtr decode_object(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kFormatVersion) {
    throw sql_error(SqlState::kDataCorrupted, "catalog object has an unknown format version");
  }
  try {
    nlohmann::json j = nlohmann::json::from_cbor(bytes.begin() + 2, bytes.end());
    switch (static_cast<ObjectKind>(bytes[1])) {
      case ObjectKind::kDatabase:
        return read_object<Database>(j);
      case ObjectKind::kRole:
        return read_object<Role>(j);
      case ObjectKind::kSchema:
        return read_object<Schema>(j);
      case ObjectKind::kTable:
        return read_object<Table>(j);
      case ObjectKind::kIndex:
        return read_object<Index>(j);
      case ObjectKind::kSequence:
        return read_object<Sequence>(j);
      case ObjectKind::kType:
        return read_object<Type>(j);
      case ObjectKind::kDefaultAcl:
        return read_object<DefaultAcl>(j);
      case ObjectKind::kAccessList:
        return read_object<AccessList>(j);
      case ObjectKind::kFunction:
        return read_object<Function>(j);
      case ObjectKind::kStatistics:
        return read_object<TableStatisticsObject>(j);
      case ObjectKind::kExtension:
        return read_object<Extension>(j);
      case ObjectKind::kOperator:
        return read_object<UserOperator>(j);
      case ObjectKind::kCast:
        return read_object<Cast>(j);
      case ObjectKind::kExtendedStatistics:
        return read_object<ExtendedStatistics>(j);
      case ObjectKind::kTextDictionary:
        return read_object<TextDictionaryObject>(j);
      case ObjectKind::kTextConfiguration:
        return read_object<TextConfigurationObject>(j);
      case ObjectKind::kCollation:
        return read_object<CollationObject>(j);
      case ObjectKind::kEventTrigger:
        return read_object<EventTrigger>(j);
      case ObjectKind::kOperatorFamily:
        return read_object<OperatorFamily>(j);
      case ObjectKind::kOperatorClass:
        return read_object<OperatorClass>(j);
    }
  } catch (const nlohmann::json::exception& error) {
    throw sql_error(SqlState::kDataCorrupted, "catalog object cannot be read: {}", error.what());
  }
  throw sql_error(SqlState::kDataCorrupted, "catalog object has an unknown kind");
}

}  // namespace luma
