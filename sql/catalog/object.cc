#include "sql/catalog/object.h"

#include <algorithm>

#include "engine/base/sql_error.h"

namespace luma {

Oid CatalogObject::class_id() const {
  switch (kind) {
    case ObjectKind::kDatabase:
      return class_oid::kDatabase;
    case ObjectKind::kRole:
      return class_oid::kRole;
    case ObjectKind::kSchema:
      return class_oid::kSchema;
    case ObjectKind::kType:
      return class_oid::kType;
    case ObjectKind::kDefaultAcl:
      return class_oid::kDefaultAcl;
    case ObjectKind::kAccessList:
      return class_oid::kInitPrivs;
    case ObjectKind::kFunction:
      return class_oid::kProc;
    case ObjectKind::kStatistics:
      return class_oid::kStatistics;
    case ObjectKind::kExtension:
      return class_oid::kExtension;
    case ObjectKind::kOperator:
      return class_oid::kOperator;
    case ObjectKind::kCast:
      return class_oid::kCast;
    case ObjectKind::kExtendedStatistics:
      return class_oid::kStatisticExt;
    case ObjectKind::kTextDictionary:
      return class_oid::kTsDict;
    case ObjectKind::kTextConfiguration:
      return class_oid::kTsConfig;
    case ObjectKind::kCollation:
      return class_oid::kCollation;
    case ObjectKind::kEventTrigger:
      return class_oid::kEventTrigger;
    case ObjectKind::kOperatorFamily:
      return class_oid::kOpFamily;
    case ObjectKind::kOperatorClass:
      return class_oid::kOpClass;
    case ObjectKind::kTable:
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
      return class_oid::kRelation;
  }
  LUMA_CHECK(false);
}

std::string default_acl_name(Oid role, Oid schema, char object_type) {
  return fmt::format("{} {} {}", role, schema, object_type);
}

std::string cast_name(Oid source, Oid target) { return fmt::format("{} {}", source, target); }

std::vector<Oid> Function::input_types() const {
  std::vector<Oid> types;
  for (const Argument& argument : arguments) {
    if (argument.is_input()) types.push_back(argument.type);
  }
  return types;
}

bool Function::is_variadic() const {
  return std::ranges::any_of(arguments, [](const Argument& a) { return a.mode == 'v'; });
}

std::string function_signature(std::string_view name, const std::vector<Oid>& input_types) {
  return fmt::format("{}({})", name, fmt::join(input_types, ","));
}

const Column* Table::find_column(std::string_view column_name) const {
  for (const Column& column : columns) {
    if (!column.dropped && column.name == column_name) return &column;
  }
  return nullptr;
}

const Column* Table::column(int16_t number) const {
  size_t index = static_cast<size_t>(number) - 1;
  return number >= 1 && index < columns.size() ? &columns[index] : nullptr;
}

const Constraint* Table::find_constraint(std::string_view constraint_name) const {
  auto it = std::ranges::find(constraints, constraint_name, &Constraint::name);
  return it == constraints.end() ? nullptr : &*it;
}

const Constraint* Table::find_constraint(Oid constraint_oid) const {
  auto it = std::ranges::find(constraints, constraint_oid, &Constraint::oid);
  return it == constraints.end() ? nullptr : &*it;
}

const Constraint* Table::primary_key() const {
  auto it = std::ranges::find(constraints, 'p', &Constraint::type);
  return it == constraints.end() ? nullptr : &*it;
}

}  // namespace luma
