// CREATE TYPE AS ENUM, composite types, ALTER TYPE ... ADD VALUE.
#include <algorithm>

#include "engine/type/user_type.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/relation_create.h"
#include "sql/command/type_build.h"

namespace luma {
namespace {

constexpr size_t kMaxLabelBytes = 63;

void check_label(std::string_view label) {
  if (label.size() <= kMaxLabelBytes) return;
  throw sql_error(SqlState::kInvalidName, "invalid enum label \"{}\"", label)
      .detail(fmt::format("Labels must be {} bytes or less.", kMaxLabelBytes));
}

// Engine code must know the type before anything in the same transaction uses it.
void define_enum(const Type& type) {
  UserType user;
  user.oid = type.oid;
  user.name = type.name;
  user.type_type = 'e';
  user.array = type.array_type;
  for (const Type::EnumLabel& label : type.labels) {
    user.labels.push_back({label.oid, label.sort_order, label.label});
  }
  define_user_type(std::move(user));
}

}  // namespace

CommandResult create_enum(const ast::CreateEnumStmt& statement, CommandContext& context) {
  std::shared_ptr<Type> type = new_type(context, qualified_name(statement.type_name), 'e');
  float order = 1;
  for (std::string_view label : statement.vals) {
    check_label(label);
    if (std::ranges::find(type->labels, label, &Type::EnumLabel::label) != type->labels.end()) {
      throw SqlError(SqlState::kUniqueViolation,
                     "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"")
          .detail(
              fmt::format("Key (enumtypid, enumlabel)=({}, {}) already exists.", type->oid, label))
          .table("pg_catalog", "pg_enum")
          .constraint("pg_enum_typid_label_index");
    }
    type->labels.push_back({context.ddl().new_oid(), order++, std::string(label)});
  }
  define_enum(*type);
  context.ddl().put(std::move(type));
  return {"CREATE TYPE"};
}

CommandResult alter_enum(const ast::AlterEnumStmt& statement, CommandContext& context) {
  auto type =
      std::make_shared<Type>(require_own_type(context, qualified_name(statement.type_name), 'e'));
  auto find = [&](std::string_view label) {
    return std::ranges::find(type->labels, label, &Type::EnumLabel::label);
  };
  check_label(statement.new_val);
  if (statement.old_val.data() != nullptr) {
    auto old_label = find(statement.old_val);
    if (old_label == type->labels.end()) {
      throw sql_error(SqlState::kInvalidParameterValue, "\"{}\" is not an existing enum label",
                      statement.old_val);
    }
    if (find(statement.new_val) != type->labels.end()) {
      throw sql_error(SqlState::kDuplicateObject, "enum label \"{}\" already exists",
                      statement.new_val);
    }
    old_label->label = statement.new_val;
    define_enum(*type);
    context.ddl().put(std::move(type));
    return {"ALTER TYPE"};
  }
  if (find(statement.new_val) != type->labels.end()) {
    std::string text = fmt::format("enum label \"{}\" already exists", statement.new_val);
    if (!statement.skip_if_new_val_exists) throw SqlError(SqlState::kDuplicateObject, text);
    context.notice({.state = SqlState::kDuplicateObject, .message = text + ", skipping"});
    return {"ALTER TYPE"};
  }
  std::ranges::sort(type->labels, {}, &Type::EnumLabel::sort_order);
  size_t position = type->labels.size();
  if (statement.new_val_neighbor.data() != nullptr) {
    auto neighbor = find(statement.new_val_neighbor);
    if (neighbor == type->labels.end()) {
      throw sql_error(SqlState::kInvalidParameterValue, "\"{}\" is not an existing enum label",
                      statement.new_val_neighbor);
    }
    position =
        static_cast<size_t>(neighbor - type->labels.begin()) + (statement.new_val_is_after ? 1 : 0);
  }
  float order = 1;
  if (!type->labels.empty()) {
    bool first = position == 0, last = position == type->labels.size();
    order = first ? type->labels.front().sort_order - 1
            : last
                ? type->labels.back().sort_order + 1
                : (type->labels[position - 1].sort_order + type->labels[position].sort_order) / 2;
    bool crowded = !first && !last &&
                   (order == type->labels[position - 1].sort_order ||
                    order == type->labels[position].sort_order);
    if (crowded) throw unsupported("adding another value at this place of the enum");
  }
  type->labels.insert(type->labels.begin() + static_cast<ptrdiff_t>(position),
                      {context.ddl().new_oid(), order, std::string(statement.new_val)});
  define_enum(*type);
  context.ddl().put(std::move(type));
  return {"ALTER TYPE"};
}

CommandResult create_composite_type(const ast::CompositeTypeStmt& statement,
                                    CommandContext& context) {
  const ast::RangeVar& name = *statement.typevar;
  std::shared_ptr<Type> type = new_type(context, qualified_name(name), 'c');
  auto table = std::make_shared<Table>();
  table->oid = context.ddl().new_oid();
  table->name = type->name;
  table->schema = type->schema;
  table->owner = type->owner;
  table->relkind = 'c';
  table->access_method = kInvalidOid;
  table->row_type = type->oid;
  table->array_type = type->array_type;
  UserType user;
  for (const ast::Node* node : statement.coldeflist) {
    ColumnPlan plan = plan_column(context, *table, *ast::as<ast::ColumnDef>(node));
    if (table->find_column(plan.column.name) != nullptr) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                      plan.column.name);
    }
    plan.column.number = static_cast<int16_t>(table->columns.size() + 1);
    user.fields.push_back(plan.column.type);
    user.field_names.push_back(plan.column.name);
    table->columns.push_back(std::move(plan.column));
  }
  type->relation = table->oid;
  user.oid = type->oid;
  user.name = type->name;
  user.type_type = 'c';
  user.array = type->array_type;
  user.relation = table->oid;
  define_user_type(std::move(user));
  context.ddl().put(std::move(type));
  context.ddl().put(std::move(table));
  return {"CREATE TYPE"};
}

}  // namespace luma
