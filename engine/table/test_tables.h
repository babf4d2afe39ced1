#pragma once
// Tables, expressions and statements for the tests of this folder.
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/op_values.h"
#include "engine/table/deferred_checks.h"
#include "engine/table/modify.h"
#include "engine/table/scan.h"
#include "engine/txn/id_allocator.h"
#include "engine/txn/lock_manager.h"
#include "engine/txn/test_store.h"

namespace luma {

inline Value int_value(int32_t v) { return Datum::of_int32(v); }
inline Value text_value(std::string_view v) { return Datum::of_string(v); }

// Makes expressions; owns them.
class TestExprs {
 public:
  Expr* constant(Oid type, const Value& value) {
    return make_constant(arena_, TypeRef{type, -1}, value);
  }
  Expr* integer(int32_t v) { return constant(type_oid::kInt4, int_value(v)); }
  Expr* null(Oid type) { return constant(type, Value::null()); }
  Expr* slot(uint32_t number, Oid type) { return make_slot(arena_, number, TypeRef{type, -1}); }
  Expr* call(VectorKernel kernel, Oid type, std::vector<Expr*> args) {
    Expr* expr = arena_.make<Expr>();
    expr->kind = ExprKind::kFunction;
    expr->type = {type, -1};
    expr->physical = type_info(type).physical;
    expr->args = copy_span(arena_, args);
    expr->implementation.kernel = kernel;
    return expr;
  }
  // Over int4.
  Expr* add(Expr* a, Expr* b) { return call(add_kernel, type_oid::kInt4, {a, b}); }
  Expr* greater(Expr* a, Expr* b) { return call(greater_kernel, type_oid::kBool, {a, b}); }
  Expr* equals(Expr* a, Expr* b) { return call(equals_kernel, type_oid::kBool, {a, b}); }
  Arena& arena() { return arena_; }

 private:
  template <typename Combine>
  static void combine(const KernelCall& call, Vector& result, Combine&& function) {
    result.begin_flat();
    for (uint32_t i = 0; i < call.count; ++i) {
      Value a = call.args[0]->value(i);
      Value b = call.args[1]->value(i);
      bool null = a.is_null || b.is_null;
      result.set_value(i, null ? Value::null() : Value(function(a.datum.i32, b.datum.i32)));
    }
  }
  static void add_kernel(const KernelCall& call, Vector& result) {
    combine(call, result, [](int32_t a, int32_t b) { return Datum::of_int32(a + b); });
  }
  static void equals_kernel(const KernelCall& call, Vector& result) {
    combine(call, result, [](int32_t a, int32_t b) { return Datum::of_bool(a == b); });
  }
  static void greater_kernel(const KernelCall& call, Vector& result) {
    combine(call, result, [](int32_t a, int32_t b) { return Datum::of_bool(a > b); });
  }
  Arena arena_;
};

struct TestColumn {
  std::string name;
  Oid type = type_oid::kInt4;
  bool not_null = false;
};

// One store with its tables.
struct TestTables : TableResolver {
  TestStore store;
  LockManager locks;
  IdAllocator ids{*store.pipeline};
  TestExprs exprs;
  std::map<Oid, std::shared_ptr<TableDesc>> tables;
  uint32_t last_storage = 2000;

  TableDescPtr table(Oid oid) override { return tables.at(oid); }

  std::shared_ptr<TableDesc> make(std::string name, std::vector<TestColumn> columns) {
    auto desc = std::make_shared<TableDesc>();
    desc->oid = 20000 + static_cast<Oid>(tables.size());
    desc->storage_id = ++last_storage;
    desc->schema_name = "public";
    desc->name = std::move(name);
    for (TestColumn& column : columns) {
      ColumnDesc& made = desc->columns.emplace_back();
      made.name = column.name;
      made.type = {column.type, -1};
      made.physical = type_info(column.type).physical;
      made.not_null = column.not_null;
    }
    tables[desc->oid] = desc;
    return desc;
  }
  static KeyPart part(const TableDesc& table, int32_t column) {
    KeyPart part;
    const ColumnDesc& desc = table.columns[static_cast<size_t>(column)];
    part.column = column;
    part.type = desc.type;
    part.physical = desc.physical;
    part.nullable = !desc.not_null;
    return part;
  }
  IndexDesc& add_index(TableDesc& table, std::string name, std::vector<int32_t> columns,
                       bool unique = false) {
    IndexDesc& index = table.indexes.emplace_back();
    index.storage_id = ++last_storage;
    index.oid = index.storage_id + 30000;
    index.name = std::move(name);
    index.unique = unique;
    for (int32_t column : columns) index.keys.push_back(part(table, column));
    return index;
  }
  void set_primary_key(TableDesc& table, std::vector<int32_t> columns) {
    for (int32_t column : columns) table.columns[static_cast<size_t>(column)].not_null = true;
    IndexDesc& index = add_index(table, table.name + "_pkey", columns, true);
    index.primary = index.clustered = true;
    index.constraint_name = index.name;
    table.row_key = index.keys;
  }
  ForeignKeyDesc& add_foreign_key(TableDesc& child, TableDesc& parent,
                                  std::vector<int32_t> child_columns,
                                  std::vector<int32_t> parent_columns, ForeignKeyDesc key = {}) {
    key.oid = ++last_storage + 50000;
    key.name = child.name + "_fkey";
    key.child_table = child.oid;
    key.parent_table = parent.oid;
    key.child_columns = std::move(child_columns);
    key.parent_columns = std::move(parent_columns);
    for (const IndexDesc& index : parent.indexes) {
      if (index.unique && index.keys.size() == key.parent_columns.size() &&
          index.keys[0].column == key.parent_columns[0]) {
        key.parent_index = index.oid;
      }
    }
    child.foreign_keys.push_back(key);
    parent.referenced_by.push_back(key);
    return child.foreign_keys.back();
  }
};

using TestRow = std::vector<Value>;

// A session: a transaction at a time, statements in it.
struct TestSession {
  TestTables& tables;
  Interrupt interrupt;
  LockOwner owner;
  std::unique_ptr<Transaction> txn;
  DeferredChecks deferred;
  Arena arena;
  IoContext io;
  TriggerCaller* triggers = nullptr;

  explicit TestSession(TestTables& all, int32_t pid = 1)
      : tables(all), owner(all.locks, pid, &interrupt) {}
  ~TestSession() { txn.reset(); }

  Transaction& begin(IsolationLevel level = IsolationLevel::kReadCommitted) {
    TransactionOptions options;
    options.isolation = level;
    txn = std::make_unique<Transaction>(*tables.store.pipeline, &tables.locks, &owner, options);
    return *txn;
  }
  void commit() {
    {
      StatementScope scope(*txn);
      ExecContext context = make_context();
      deferred.run(context);
    }
    deferred.clear();
    tables.store.pipeline->commit(*txn);
    txn.reset();
  }
  void rollback() {
    deferred.clear();
    txn.reset();
  }
  ExecContext make_context() {
    ExecContext context;
    context.io = &io;
    context.interrupt = &interrupt;
    context.transaction = txn.get();
    context.tables = &tables;
    context.ids = &tables.ids;
    context.deferred = &deferred;
    context.triggers = triggers;
    context.arena = &arena;
    return context;
  }

  // Runs a plan as a statement; in a transaction of its own when none is open. Rows as text.
  std::vector<std::string> run(Operator& plan, const std::vector<Oid>& types,
                               uint64_t* affected = nullptr) {
    bool own = txn == nullptr;
    if (own) begin();
    std::vector<std::string> rows;
    try {
      StatementScope scope(*txn);
      ExecContext context = make_context();
      plan.open(context);
      while (const Chunk* chunk = plan.next(context)) {
        for (uint32_t row = 0; row < chunk->size; ++row) rows.push_back(text(*chunk, row, types));
      }
      if (affected != nullptr) *affected = context.rows_affected;
      plan.close(context);
    } catch (...) {
      ExecContext context = make_context();
      plan.close(context);
      if (own) rollback();
      throw;
    }
    if (own) commit();
    return rows;
  }
  std::string text(const Chunk& chunk, uint32_t row, const std::vector<Oid>& types) {
    std::string line;
    for (size_t i = 0; i < types.size(); ++i) {
      if (i > 0) line += "|";
      Value value = chunk.columns[i].value(row);
      if (value.is_null) continue;
      const TypeInfo& type = type_info(types[i]);
      type.output(value.datum, type, io, line);
    }
    return line;
  }

  static std::vector<int32_t> all_columns(const TableDesc& table) {
    std::vector<int32_t> columns;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (!table.columns[i].dropped) columns.push_back(static_cast<int32_t>(i));
    }
    return columns;
  }
  static std::vector<Oid> column_oids(const TableDesc& table, const std::vector<int32_t>& columns) {
    std::vector<Oid> oids;
    for (int32_t c : columns) oids.push_back(table.columns[static_cast<size_t>(c)].type.oid);
    return oids;
  }
  OperatorPtr values(const TableDesc& table, const std::vector<TestRow>& rows) {
    std::vector<PhysicalType> types;
    for (const ColumnDesc& column : table.columns) types.push_back(column.physical);
    std::vector<std::vector<const Expr*>> lists;
    for (const TestRow& row : rows) {
      auto& list = lists.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) {
        Value value = row[i];
        if (!value.is_null && table.columns[i].physical == PhysicalType::kVarlen) {
          value.datum = copy_datum(value.datum, PhysicalType::kVarlen, tables.exprs.arena());
        }
        list.push_back(tables.exprs.constant(table.columns[i].type.oid, value));
      }
    }
    return std::make_unique<ValuesOperator>(types, lists);
  }
  ModifySpec insert_spec(const TableDescPtr& table) {
    ModifySpec spec;
    spec.table = table;
    for (uint32_t i = 0; i < table->columns.size(); ++i) {
      spec.assignments.push_back(tables.exprs.slot(i, table->columns[i].type.oid));
    }
    spec.generated = table->generated;
    for (const auto& [name, expr] : table->checks) spec.checks.push_back({name, expr, false});
    return spec;
  }
  uint64_t insert(const TableDescPtr& table, const std::vector<TestRow>& rows) {
    uint64_t affected = 0;
    ModifyOperator plan(values(*table, rows), insert_spec(table));
    run(plan, {}, &affected);
    return affected;
  }
  // The child of an UPDATE or DELETE: all attributes and the row key.
  std::unique_ptr<TableScanOperator> target_scan(const TableDescPtr& table, const Expr* filter) {
    std::vector<int32_t> columns = all_columns(*table);
    columns.push_back(kRowKeyColumn);
    return std::make_unique<TableScanOperator>(table, columns, filter);
  }
  ModifySpec target_spec(const TableDescPtr& table, ModifyAction action, const Expr* filter) {
    ModifySpec spec;
    spec.action = action;
    spec.table = table;
    spec.recheck = filter;
    spec.old_slots.assign(table->columns.size(), -1);
    for (int32_t c : all_columns(*table)) {
      spec.old_slots[static_cast<size_t>(c)] = static_cast<int32_t>(spec.row_key_slot++);
    }
    spec.generated = table->generated;
    for (const auto& [name, expr] : table->checks) spec.checks.push_back({name, expr, false});
    return spec;
  }
  uint64_t update(const TableDescPtr& table, const std::map<int32_t, const Expr*>& set,
                  const Expr* filter = nullptr) {
    ModifySpec spec = target_spec(table, ModifyAction::kUpdate, filter);
    spec.assignments.assign(table->columns.size(), nullptr);
    for (auto [column, expr] : set) spec.assignments[static_cast<size_t>(column)] = expr;
    uint64_t affected = 0;
    ModifyOperator plan(target_scan(table, filter), std::move(spec));
    run(plan, {}, &affected);
    return affected;
  }
  uint64_t remove(const TableDescPtr& table, const Expr* filter = nullptr) {
    uint64_t affected = 0;
    ModifyOperator plan(target_scan(table, filter),
                        target_spec(table, ModifyAction::kDelete, filter));
    run(plan, {}, &affected);
    return affected;
  }
  std::vector<std::string> rows(const TableDescPtr& table) {
    TableScanOperator plan(table, all_columns(*table), nullptr);
    return run(plan, column_oids(*table, all_columns(*table)));
  }
  std::vector<std::string> index_rows(const TableDescPtr& table, const IndexDesc& index,
                                      KeyRange range = {}, bool reverse = false,
                                      std::vector<int32_t> columns = {}) {
    if (columns.empty()) columns = all_columns(*table);
    IndexScanOperator plan(table, &index, std::move(range), reverse, columns, nullptr);
    return run(plan, column_oids(*table, columns));
  }
};

}  // namespace luma
