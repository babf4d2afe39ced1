// References to columns and whole rows.
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/bind/variable_scope.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

const ScopeColumn* column_of(const ScopeItem& item, std::string_view name, bool& ambiguous) {
  const ScopeColumn* found = nullptr;
  for (const ScopeColumn& column : item.columns) {
    if (column.name != name) continue;
    if (found != nullptr) ambiguous = true;
    found = &column;
  }
  return found;
}

bool names_item(const ScopeItem& item, std::string_view schema, std::string_view alias) {
  if (!item.rel_visible || item.alias != alias || item.alias.empty()) return false;
  return schema.data() == nullptr || item.schema == schema;
}

std::string_view string_of(const ast::Node* node) { return ast::as<ast::String>(node)->sval; }

// database.schema.table.column: of this database.
void check_long_name(const Catalog& catalog, const ast::ColumnRef& ref) {
  std::string written;
  for (const ast::Node* field : ref.fields) {
    written += (written.empty() ? "" : ".") +
               std::string(ast::is<ast::AStar>(field) ? "*" : string_of(field));
  }
  if (ref.fields.size() > 4) {
    throw sql_error(SqlState::kSyntaxError, "improper qualified name (too many dotted names): {}",
                    written)
        .at_byte(ref.location);
  }
  const Database* current = catalog.database(catalog.database_oid());
  if (current != nullptr && current->name != string_of(ref.fields[0])) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "cross-database references are not implemented: {}", written)
        .at_byte(ref.location);
  }
}

}  // namespace

// bind_table_expr: the only columns are the table's.
Expr* Binder::bind_slot_ref(const ast::ColumnRef& ref) {
  std::string_view name = string_of(ref.fields.back());
  if (ref.fields.size() <= 2 &&
      (ref.fields.size() == 1 || string_of(ref.fields[0]) == slot_table_->name)) {
    for (size_t i = 0; i < slot_table_->columns.size(); ++i) {
      const ColumnDesc& column = slot_table_->columns[i];
      if (column.dropped || column.name != name) continue;
      Expr* slot = make_slot(arena(), static_cast<uint32_t>(i), column.type);
      slot->collation = column.collation;
      names_collations_ |=
          column.collation != kInvalidOid && column.collation != kDefaultCollationOid;
      slot->location = ref.location;
      return slot;
    }
  }
  if (ref.fields.size() == 1) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name)
        .at_byte(ref.location);
  }
  throw sql_error(SqlState::kUndefinedTable, "missing FROM-clause entry for table \"{}\"",
                  string_of(ref.fields[0]))
      .at_byte(ref.location);
}

Expr* Binder::column_value(const ScopeColumn& column) {
  return column.compute ? column.compute() : context().column_ref(column.id);
}

void Binder::record_column(const ast::ColumnRef& ref, const Scope& level, const ScopeItem& item,
                           const ScopeColumn& column) {
  if (view_depth_ != 0) return;
  BindRecord::ColumnName name{item.alias.empty() ? nullptr : &item, column.name};
  // A column that a join shows belongs to one of its sides, unless it was merged from both.
  for (const auto& side : level.items) {
    if (name.item != nullptr) break;
    for (const ScopeColumn& own : side->columns) {
      if (own.id != column.id || side->alias.empty() || !side->rel_visible) continue;
      name = {side.get(), own.name};
    }
  }
  record_->columns.insert_or_assign(&ref, std::move(name));
}

Expr* Binder::find_variable(const ast::ColumnRef& ref, bool is_column) {
  std::vector<std::string_view> names;
  for (const ast::Node* field : ref.fields) {
    if (!ast::is<ast::AStar>(field)) names.push_back(string_of(field));
  }
  Expr* found = variables_->find(names, is_column, arena());
  if (found == nullptr) return nullptr;
  Expr* out = arena().make<Expr>(*found);
  out->location = ref.location;
  return out;
}

// In a function's body a name may be that of a variable.
Expr* Binder::bind_column_ref(const ast::ColumnRef& ref, Scope* scope, Clause clause) {
  if (!variables_in_reach()) return bind_column_name(ref, scope, clause);
  VariableConflict conflict = variables_->on_conflict();
  if (conflict == VariableConflict::kVariable) {
    if (Expr* variable = find_variable(ref, false)) return variable;
    return bind_column_name(ref, scope, clause);
  }
  Expr* column = nullptr;
  try {
    column = bind_column_name(ref, scope, clause);
  } catch (const SqlError& error) {
    if (error.state != SqlState::kUndefinedColumn && error.state != SqlState::kUndefinedTable &&
        error.state != SqlState::kFeatureNotSupported) {
      throw;
    }
    if (Expr* variable = find_variable(ref, false)) return variable;
    throw;
  }
  if (conflict == VariableConflict::kError && find_variable(ref, true) != nullptr) {
    std::string name;
    for (const ast::Node* field : ref.fields) {
      name += (name.empty() ? "" : ".") +
              std::string(ast::is<ast::AStar>(field) ? "*" : string_of(field));
    }
    throw sql_error(SqlState::kAmbiguousColumn, "column reference \"{}\" is ambiguous", name)
        .detail("It could refer to either a PL/pgSQL variable or a table column.")
        .at_byte(ref.location);
  }
  return column;
}

Expr* Binder::bind_column_name(const ast::ColumnRef& ref, Scope* scope, Clause clause) {
  if (ast::is<ast::AStar>(ref.fields.back())) {
    // t.* as a value: the whole row.
    if (ref.fields.size() == 1) {
      throw SqlError(SqlState::kSyntaxError, "row expansion via \"*\" is not supported here")
          .at_byte(ref.location);
    }
  }
  if (slot_table_ != nullptr) return bind_slot_ref(ref);
  if (domain_value_.oid != kInvalidOid && ref.fields.size() == 1 &&
      string_of(ref.fields[0]) == "value") {
    Expr* value = make_slot(arena(), 0, domain_value_);
    value->location = ref.location;
    return value;
  }
  if (clause == Clause::kDefault) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "cannot use column reference in DEFAULT expression")
        .at_byte(ref.location);
  }
  auto found = [&](const Scope& level, const ScopeItem& item, const ScopeColumn& column) {
    if (item.is_target || (item.lateral_only && !item.lateral_ok)) {
      SqlError error =
          sql_error(SqlState::kInvalidColumnReference,
                    "invalid reference to FROM-clause entry for table \"{}\"", item.alias);
      if (item.is_target) {
        error.hint(
            fmt::format("There is an entry for table \"{}\", but it cannot be referenced "
                        "from this part of the query.",
                        item.alias));
      } else {
        error.detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.");
      }
      throw error.at_byte(ref.location);
    }
    use_column(column);
    if (record_ != nullptr) record_column(ref, level, item, column);
    Expr* out = column_value(column);
    out->location = ref.location;
    return out;
  };
  size_t count = ref.fields.size();
  if (count == 1) {
    std::string_view name = string_of(ref.fields[0]);
    for (Scope* level = scope; level != nullptr; level = level->parent) {
      const ScopeColumn* match = nullptr;
      ScopeItem* owner = nullptr;
      bool ambiguous = false;
      for (const auto& item : level->items) {
        if (!item->cols_visible) continue;
        const ScopeColumn* column = column_of(*item, name, ambiguous);
        if (column == nullptr) continue;
        if (match != nullptr) ambiguous = true;
        match = column;
        owner = item.get();
      }
      if (ambiguous) {
        throw sql_error(SqlState::kAmbiguousColumn, "column reference \"{}\" is ambiguous", name)
            .at_byte(ref.location);
      }
      if (match != nullptr) return found(*level, *owner, *match);
      for (const auto& item : level->items) {
        if (!item->cols_visible) continue;
        if (Expr* system = bind_system_column(*item, name, ref.location)) return system;
      }
    }
    for (Scope* level = scope; level != nullptr; level = level->parent) {
      for (const auto& item : level->items) {
        if (names_item(*item, {}, name)) return bind_whole_row(*item, ref.location);
      }
    }
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name)
        .at_byte(ref.location);
  }
  if (count > 3) check_long_name(environment_.catalog(), ref);
  bool whole_row = ast::is<ast::AStar>(ref.fields.back());
  std::string_view name = whole_row ? std::string_view{} : string_of(ref.fields[count - 1]);
  std::string_view alias = string_of(ref.fields[count - 2]);
  std::string_view schema = count > 2 ? string_of(ref.fields[count - 3]) : std::string_view{};
  for (Scope* level = scope; level != nullptr; level = level->parent) {
    for (const auto& item : level->items) {
      if (!names_item(*item, schema, alias)) continue;
      if (whole_row) return bind_whole_row(*item, ref.location);
      bool ambiguous = false;
      const ScopeColumn* column = column_of(*item, name, ambiguous);
      if (ambiguous) {
        throw sql_error(SqlState::kAmbiguousColumn, "column reference \"{}\" is ambiguous", name)
            .at_byte(ref.location);
      }
      if (column != nullptr) return found(*level, *item, *column);
      if (Expr* system = bind_system_column(*item, name, ref.location)) return system;
      // "t.f" that is no column may be f(t).
      Expr* computed = nullptr;
      try {
        computed = bind_field(bind_whole_row(*item, ref.location), name, ref.location);
      } catch (const SqlError&) {
        computed = nullptr;  // then there is no such column
      }
      if (computed != nullptr && computed->function != nullptr) {
        return computed->function->returns_set ? make_set_returning(computed, scope, clause)
                                               : computed;
      }
      throw sql_error(SqlState::kUndefinedColumn, "column {}.{} does not exist", alias, name)
          .at_byte(ref.location);
    }
  }
  if (count == 2 && !whole_row) {
    // column.field of a composite column is written (column).field; PostgreSQL wants the
    // parentheses.
    for (Scope* level = scope; level != nullptr; level = level->parent) {
      for (const auto& item : level->items) {
        if (item->alias == alias && !item->rel_visible) {
          throw sql_error(SqlState::kUndefinedTable,
                          "invalid reference to FROM-clause entry for table \"{}\"", alias)
              .hint(fmt::format("There is an entry for table \"{}\", but it cannot be referenced "
                                "from this part of "
                                "the query.",
                                alias))
              .at_byte(ref.location);
        }
      }
    }
  }
  for (Scope* level = scope; level != nullptr; level = level->parent) {
    for (const auto& item : level->items) {
      if (item->scan == nullptr || item->scan->table->name != alias) continue;
      throw sql_error(SqlState::kUndefinedTable,
                      "invalid reference to FROM-clause entry for table \"{}\"", alias)
          .hint(fmt::format("Perhaps you meant to reference the table alias \"{}\".", item->alias))
          .at_byte(ref.location);
    }
    if (level->out_of_reach == nullptr) continue;
    for (const auto& item : level->out_of_reach->items) {
      if (!names_item(*item, schema, alias)) continue;
      throw sql_error(SqlState::kUndefinedTable,
                      "invalid reference to FROM-clause entry for table \"{}\"", alias)
          .detail(fmt::format("There is an entry for table \"{}\", but it cannot be referenced "
                              "from this part of the "
                              "query.",
                              alias))
          .hint("To reference that table, you must mark this subquery with LATERAL.")
          .at_byte(ref.location);
    }
  }
  throw sql_error(SqlState::kUndefinedTable, "missing FROM-clause entry for table \"{}\"", alias)
      .at_byte(ref.location);
}

Expr* Binder::bind_whole_row(ScopeItem& item, int location) {
  use_row(item);
  if (item.scalar_function && item.columns.size() == 1) {
    Expr* out = context().column_ref(item.columns[0].id);
    out->location = location;
    return out;
  }
  Expr* row = arena().make<Expr>(make_node(ExprKind::kRow, type_oid::kRecord, location));
  std::vector<Expr*> fields;
  std::vector<std::string_view> names;
  for (const ScopeColumn& column : item.columns) {
    fields.push_back(column_value(column));
    names.push_back(arena().copy(column.name));
  }
  row->args = copy_span(arena(), fields);
  row->field_names = copy_span(arena(), names);
  if (item.row_type != kInvalidOid) row->type.oid = item.row_type;
  return item.nullable ? row_if_present(row, item) : row;
}

// A row that an outer join did not find is NULL, not a row of NULLs.
Expr* Binder::row_if_present(Expr* row, ScopeItem& item) {
  Expr* key = item.present != kNoColumn                  ? context().column_ref(item.present)
              : item.scan != nullptr || item.partitioned ? row_key_column(item)
                                                         : nullptr;
  if (key == nullptr) return row;
  Expr* present = arena().make<Expr>(make_node(ExprKind::kIsNotNull, type_oid::kBool, -1));
  present->args = copy_span(arena(), std::vector<Expr*>{key});
  Expr* out = arena().make<Expr>(*row);
  out->kind = ExprKind::kCase;
  out->field_names = {};
  out->args = copy_span(
      arena(), std::vector<Expr*>{present, row, make_constant(arena(), row->type, Value::null())});
  return out;
}

}  // namespace luma
