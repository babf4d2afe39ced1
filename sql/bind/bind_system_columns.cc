// tableoid, ctid, xmin, cmin, xmax, cmax.
#include <algorithm>

#include "sql/bind/binder.h"
#include "sql/bind/variable_scope.h"
#include "sql/catalog/partition.h"
#include "sql/function/system_columns.h"

namespace luma {
namespace {

struct SystemColumn {
  std::string_view name;
  int16_t number;
};
constexpr SystemColumn kSystemColumns[] = {{"ctid", -1}, {"xmin", -2}, {"cmin", -3},
                                           {"xmax", -4}, {"cmax", -5}, {"tableoid", -6}};

}  // namespace

bool is_system_column(std::string_view name) {
  return std::any_of(std::begin(kSystemColumns), std::end(kSystemColumns),
                     [&](const SystemColumn& column) { return column.name == name; });
}

Expr* Binder::bind_system_column(ScopeItem& item, std::string_view name, int location) {
  const auto* found = std::find_if(std::begin(kSystemColumns), std::end(kSystemColumns),
                                   [&](const SystemColumn& column) { return column.name == name; });
  bool has_system_columns = item.scan != nullptr || item.virtual_scan != nullptr ||
                            item.changed_table != nullptr || item.partitioned;
  if (found == std::end(kSystemColumns) || !has_system_columns) return nullptr;
  use_system_column(item, found->number);
  Expr* out = nullptr;
  if (name == "tableoid") {
    out = table_oid_column(item);
  } else if (name == "xmin") {
    out = row_version(item);
  } else if (name == "ctid") {
    if (item.partitioned) throw unsupported("ctid of a partitioned table").at_byte(location);
    if (item.virtual_scan != nullptr) {
      throw unsupported("ctid of a system relation").at_byte(location);
    }
    out = row_place(item, item.scan != nullptr ? *item.scan->table : *item.changed_table, location);
  } else {
    // Nothing here is numbered by commands, and a row that is seen has not been removed.
    TypeRef type = {name == "xmax" ? type_oid::kXid : type_oid::kCid, -1};
    out = make_constant(arena(), type, Value(Datum::of_oid(0)));
  }
  out->location = location;
  return out;
}

Expr* Binder::table_oid_column(ScopeItem& item) {
  auto add = [&](auto* scan, Oid table) {
    for (size_t i = 0; i < scan->attribute.size(); ++i) {
      if (scan->attribute[i] == ScanOp::kTableOidAttribute)
        return context().column_ref(scan->output[i]);
    }
    ColumnId id = context().new_column({"tableoid", {type_oid::kOid, -1}, kInvalidOid, table, -6});
    scan->attribute.push_back(ScanOp::kTableOidAttribute);
    scan->output.push_back(id);
    return context().column_ref(id);
  };
  if (item.leaf_oid != kNoColumn) return context().column_ref(item.leaf_oid);
  if (item.scan != nullptr) return add(item.scan, item.scan->table->oid);
  if (item.virtual_scan != nullptr) return add(item.virtual_scan, item.virtual_scan->relation);
  return make_constant(arena(), {type_oid::kOid, -1},
                       Value(Datum::of_oid(item.changed_table->oid)));
}

// nullptr: a new row.
Expr* Binder::row_key_column(ScopeItem& item) {
  if (item.leaf_key != kNoColumn) return context().column_ref(item.leaf_key);
  if (item.scan == nullptr) {
    return item.row_key == kNoColumn ? nullptr : context().column_ref(item.row_key);
  }
  for (size_t i = 0; i < item.scan->attribute.size(); ++i) {
    if (item.scan->attribute[i] == ScanOp::kRowKeyAttribute)
      return context().column_ref(item.scan->output[i]);
  }
  ColumnId id = context().new_column({"row key", {type_oid::kBytea, -1}});
  item.scan->attribute.push_back(ScanOp::kRowKeyAttribute);
  item.scan->output.push_back(id);
  return context().column_ref(id);
}

Expr* Binder::system_call(const FunctionEntry& function, const std::vector<Expr*>& args) {
  Expr* call = arena().make<Expr>();
  call->kind = ExprKind::kFunction;
  call->type = {function.result, -1};
  call->physical = type_info(function.result).physical;
  call->function = &function;
  call->implementation = function.implementation;
  call->strict = function.strict;
  call->args = copy_span(arena(), args);
  return call;
}

Expr* Binder::row_place(ScopeItem& item, const TableDesc& table, int location) {
  if (table.row_key.size() == 1) {
    auto key = static_cast<size_t>(table.row_key[0].column);
    Oid type = table.columns[key].type.oid;
    if (type == type_oid::kInt2 || type == type_oid::kInt4 || type == type_oid::kInt8) {
      size_t position = 0;
      for (size_t i = 0; i < key; ++i) position += table.columns[i].dropped ? 0 : 1;
      return system_call(ctid_of_number(), {column_value(item.columns[position])});
    }
  }
  Expr* key = row_key_column(item);
  if (key == nullptr) throw unsupported("ctid of a new row").at_byte(location);
  return system_call(table.row_key.empty() ? ctid_of_row_id() : ctid_of_row_key(), {key});
}

// The target row's key is that of the row the cursor is on.
Expr* Binder::bind_current_of(const ast::CurrentOfExpr& node, Scope* scope) {
  if (node.cursor_name.data() == nullptr) throw unsupported("a cursor variable");
  ScopeItem& item = *scope->items[0];
  if (item.partitioned) {
    const Table* table = environment_.catalog().table_of_row_type(item.row_type);
    if (table != nullptr && !is_partitioned(*table)) {
      throw unsupported("WHERE CURRENT OF a table that others inherit from");
    }
    throw unsupported("WHERE CURRENT OF a partitioned table");
  }
  if (item.scan == nullptr) {
    throw SqlError(SqlState::kFeatureNotSupported, "WHERE CURRENT OF on a view is not implemented");
  }
  const TableDesc& table = *item.scan->table;
  auto* name = make_constant(arena(), {type_oid::kText, -1},
                             Value(Datum::of_string(arena().copy(node.cursor_name))));
  // A variable has the cursor's name.
  if (variables_in_reach()) {
    const std::string_view names[] = {node.cursor_name};
    Expr* variable = variables_->find(names, false, arena());
    if (variable != nullptr && variable->type.oid == type_oid::kRefcursor) {
      name = arena().make<Expr>(*variable);
      name->type = {type_oid::kText, -1};
    }
  }
  auto part_of_cursor = [&](const FunctionEntry& function, int32_t part) {
    auto constant = [&](Oid type, Datum datum) {
      return make_constant(arena(), {type, -1}, Value(datum));
    };
    return system_call(function, {name, constant(type_oid::kOid, Datum::of_oid(table.oid)),
                                  constant(type_oid::kInt4, Datum::of_int32(part))});
  };
  if (table.row_key.empty()) {
    return make_operator("=", row_place(item, table, node.location),
                         part_of_cursor(ctid_of_cursor(), 0), node.location);
  }
  std::vector<Expr*> parts;
  for (size_t i = 0; i < table.row_key.size(); ++i) {
    auto attribute = static_cast<size_t>(table.row_key[i].column);
    const ColumnDesc& column = table.columns[attribute];
    size_t position = 0;
    for (size_t j = 0; j < attribute; ++j) position += table.columns[j].dropped ? 0 : 1;
    Expr* value = part_of_cursor(key_of_cursor(), static_cast<int32_t>(i));
    value->type = column.type;
    value->physical = column.physical;
    value->collation = column.collation;
    parts.push_back(make_operator("=", column_value(item.columns[position]), value, node.location));
  }
  return make_and(arena(), parts);
}

Expr* Binder::row_version(ScopeItem& item) {
  Expr* present = item.virtual_scan != nullptr ? table_oid_column(item)
                  : item.scan != nullptr || item.leaf_key != kNoColumn
                      ? row_key_column(item)
                      : make_constant(arena(), {type_oid::kBool, -1}, Value(Datum::of_bool(true)));
  std::vector<Expr*> args = {present};
  for (const ScopeColumn& column : item.columns) args.push_back(context().column_ref(column.id));
  return system_call(xmin_of_row(), args);
}

}  // namespace luma
