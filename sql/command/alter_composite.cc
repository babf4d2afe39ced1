// ALTER TYPE ... ADD, DROP, ALTER and RENAME ATTRIBUTE. Stored values of the type carry their
// fields by position: columns that hold them are stored anew.
#include <algorithm>
#include <map>

#include "engine/exec/expr.h"
#include "engine/type/user_type.h"
#include "sql/command/column_build.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/table_storage.h"
#include "sql/command/type_build.h"

namespace luma {
namespace {

std::vector<int16_t> live_columns(const Table& table) {
  std::vector<int16_t> out;
  for (const Column& column : table.columns) {
    if (!column.dropped) out.push_back(column.number);
  }
  return out;
}

void define_composite(const Type& type, const Table& table) {
  UserType user;
  user.oid = type.oid;
  user.name = type.name;
  user.type_type = 'c';
  user.array = type.array_type;
  user.relation = table.oid;
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    user.fields.push_back(column.type);
    user.field_names.push_back(column.name);
  }
  define_user_type(std::move(user));
}

// A row of the type as it was, with the attributes that it has now: each is a field of the old row
// or NULL. A NULL row stays one, which IS NULL does not tell from a row of NULLs.
Expr* converted_row(Arena& arena, Expr* old, const Table& before, const Table& after) {
  std::vector<int16_t> old_columns = live_columns(before);
  std::vector<Expr*> fields;
  for (const Column& column : after.columns) {
    if (column.dropped) continue;
    auto at = std::ranges::find(old_columns, column.number);
    if (at == old_columns.end()) {
      fields.push_back(make_constant(arena, column.type, Value::null()));
      continue;
    }
    Expr* field = arena.make<Expr>();
    field->kind = ExprKind::kField;
    field->type = column.type;
    field->physical = type_info(column.type.oid).physical;
    field->index = static_cast<uint32_t>(at - old_columns.begin());
    field->args = copy_span(arena, std::vector<Expr*>{old});
    fields.push_back(field);
  }
  Expr* bytes = arena.make<Expr>();
  bytes->kind = ExprKind::kRelabel;
  bytes->type = {type_oid::kBytea, -1};
  bytes->args = copy_span(arena, std::vector<Expr*>{old});
  Expr* is_null = arena.make<Expr>();
  is_null->kind = ExprKind::kIsNull;
  is_null->type = {type_oid::kBool, -1};
  is_null->physical = PhysicalType::kBool;
  is_null->args = copy_span(arena, std::vector<Expr*>{bytes});
  Expr* row = arena.make<Expr>();
  row->kind = ExprKind::kRow;
  row->type = old->type;
  row->args = copy_span(arena, fields);
  Expr* out = arena.make<Expr>();
  out->kind = ExprKind::kCase;
  out->type = old->type;
  out->args = copy_span(
      arena, std::vector<Expr*>{is_null, make_constant(arena, old->type, Value::null()), row});
  return out;
}

class CompositeAlterer {
 public:
  CompositeAlterer(CommandContext& context, const Table& table)
      : context_(context),
        before_(table),
        type_(*context.ddl().view()->type(table.row_type)),
        after_(copy_of(table)) {}

  void run(const ast::AlterTableCmd& command) {
    switch (command.subtype) {
      case ast::AlterTableType::kAddColumn:
        return add(command);
      case ast::AlterTableType::kDropColumn:
        return drop(command);
      case ast::AlterTableType::kAlterColumnType:
        return alter(command);
      default:
        throw unsupported("this form of ALTER TYPE");
    }
  }

  void finish() {
    CatalogPtr catalog = context_.ddl().view();
    std::vector<TypeUse> uses;
    if (live_columns(before_) != live_columns(*after_)) {
      uses = uses_of_type(*catalog, type_.oid);
    }
    std::map<Oid, TableDescPtr> tables;
    for (const TypeUse& use : uses) {
      const Table& table = *catalog->table(use.table);
      if (!use.direct) {
        throw unsupported(
            "changing the attributes of type {}, which column \"{}\" of table \"{}\" has inside of "
            "its values",
            type_.name, table.column(use.column)->name, table.name);
      }
      context_.lock_table(use.table, TableLockMode::kAccessExclusive);
      tables.emplace(use.table, context_.environment().table_desc(table));
    }
    context_.ddl().put(after_);
    define_composite(type_, *after_);
    for (const auto& [oid, from] : tables) store_anew(oid, from, uses);
  }

 private:
  void store_anew(Oid table, const TableDescPtr& from, const std::vector<TypeUse>& uses) {
    Arena arena;
    std::vector<const Expr*> mapping;
    for (size_t i = 0; i < from->columns.size(); ++i) {
      const ColumnDesc& column = from->columns[i];
      if (column.dropped) {
        mapping.push_back(nullptr);
        continue;
      }
      Expr* value = make_slot(arena, static_cast<uint32_t>(i), column.type);
      bool holds = std::ranges::any_of(uses, [&](const TypeUse& use) {
        return use.table == table && use.column == static_cast<int16_t>(i + 1);
      });
      mapping.push_back(holds ? converted_row(arena, value, before_, *after_) : value);
    }
    rewrite_rows(context_, from, table, mapping);
  }

  SqlError no_column(std::string_view name) const {
    return sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                     name, type_.name);
  }

  Column* find(std::string_view name) {
    for (Column& column : after_->columns) {
      if (!column.dropped && column.name == name) return &column;
    }
    return nullptr;
  }

  void add(const ast::AlterTableCmd& command) {
    const auto& definition = *ast::as<ast::ColumnDef>(command.def);
    std::string name = truncated_name(definition.colname);
    if (find(name) != nullptr) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                      name, type_.name);
    }
    ColumnPlan plan = plan_column(context_, *after_, definition);
    plan.column.number = static_cast<int16_t>(after_->columns.size() + 1);
    after_->columns.push_back(std::move(plan.column));
  }

  void drop(const ast::AlterTableCmd& command) {
    Column* column = find(command.name);
    if (column == nullptr) {
      SqlError error = no_column(command.name);
      if (!command.missing_ok) throw error;
      notice(context_, error.message + ", skipping");
      return;
    }
    column->dropped = true;
    column->name = fmt::format("........pg.dropped.{}........", column->number);
    column->type = {kInvalidOid, -1};
  }

  void alter(const ast::AlterTableCmd& command) {
    Column* column = find(command.name);
    if (column == nullptr) throw no_column(command.name);
    CatalogPtr catalog = context_.ddl().view();
    for (const TypeUse& use : uses_of_type(*catalog, type_.oid)) {
      const Table& table = *catalog->table(use.table);
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot alter type \"{}\" because column \"{}.{}\" uses it", type_.name,
                      table.name, table.column(use.column)->name);
    }
    ast::ColumnDef bare = *ast::as<ast::ColumnDef>(command.def);
    bare.colname = column->name;
    ColumnPlan plan = plan_column(context_, *after_, bare);
    column->type = plan.column.type;
    column->collation = plan.column.collation;
    column->dimensions = plan.column.dimensions;
  }

  CommandContext& context_;
  const Table before_;
  const Type type_;
  std::shared_ptr<Table> after_;
};

}  // namespace

void alter_composite_type(CommandContext& context, const Table& table,
                          const ast::NodeList& commands) {
  CompositeAlterer alterer(context, table);
  for (const ast::Node* node : commands) alterer.run(*ast::as<ast::AlterTableCmd>(node));
  alterer.finish();
}

CommandResult rename_attribute(const ast::RenameStmt& statement, CommandContext& context) {
  const Relation& relation =
      require_and_lock(context, *statement.relation, TableLockMode::kAccessExclusive);
  if (relation.relkind != 'c') throw_wrong_kind(relation, "composite type");
  require_owner(context, relation);
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
  const Column* column = table->find_column(statement.subname);
  if (column == nullptr) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", statement.subname);
  }
  std::string name = truncated_name(statement.newname);
  if (table->find_column(name) != nullptr) {
    throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                    name, table->name);
  }
  column_at(*table, column->number).name = name;
  define_composite(*context.ddl().view()->type(table->row_type), *table);
  context.ddl().put(std::move(table));
  return {"ALTER TYPE"};
}

void refuse_row_type_change(CommandContext& context, const Table& table,
                            const ast::NodeList& commands) {
  if (table.row_type == kInvalidOid) return;
  for (const ast::Node* node : commands) {
    ast::AlterTableType change = ast::as<ast::AlterTableCmd>(node)->subtype;
    bool alters = change == ast::AlterTableType::kAlterColumnType;
    if (!alters && change != ast::AlterTableType::kAddColumn &&
        change != ast::AlterTableType::kDropColumn) {
      continue;
    }
    CatalogPtr catalog = context.ddl().view();
    for (const TypeUse& use : uses_of_type(*catalog, table.row_type)) {
      const Table& user = *catalog->table(use.table);
      const std::string& column = user.column(use.column)->name;
      if (!alters) {
        throw unsupported(
            "changing the columns of table \"{}\", whose row type column \"{}.{}\" has,",
            table.name, user.name, column);
      }
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot alter table \"{}\" because column \"{}.{}\" uses its row type",
                      table.name, user.name, column);
    }
  }
}

}  // namespace luma
