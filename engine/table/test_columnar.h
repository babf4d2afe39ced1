#pragma once
// A columnar table for the tests of this folder.
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/columnar/columnar_rewrite.h"
#include "engine/table/columnar_scan.h"
#include "engine/table/modify.h"
#include "engine/table/table_build.h"
#include "engine/table/test_tables.h"

namespace luma {

using Rows = std::vector<std::string>;

// A columnar table t(a int4, b text) in a directory of its own.
struct ColumnarFixture {
  ColumnarFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "columnar-XXXXXX").string();
    directory = mkdtemp(name.data());
    options.directory = directory;
    options.load_rows = 100;
    options.segment.row_group_rows = 4096;
    open();
    t = tables.make("t", {{"a"}, {"b"}});
    attach();
  }
  ~ColumnarFixture() { std::filesystem::remove_all(directory); }

  void open() { columnar = std::make_unique<ColumnarTables>(*tables.store.pipeline, options); }
  void attach() { t->columnar = columnar->table(t->storage_id); }
  // What a start of the server does.
  void reopen() {
    open();
    columnar->recover([&](uint32_t id) { return id == t->storage_id; });
    attach();
  }
  RewriteResult flush() {
    RewriteOptions everything;
    everything.hidden_divisor = uint64_t{1} << 32;
    return rewrite_columnar(t, &tables.locks, nullptr, everything);
  }
  Rows rows(TestSession& s) {
    ColumnarScanOperator scan(t, {0, 1}, nullptr);
    return s.run(scan, {type_oid::kInt4, type_oid::kInt4});
  }
  void insert(TestSession& s, int32_t from, int32_t to) {
    std::vector<TestRow> values;
    for (int32_t i = from; i <= to; ++i) values.push_back({int_value(i), int_value(i * 10)});
    s.insert(t, values);
  }
  std::unique_ptr<ColumnarScanOperator> targets(const Expr* filter) {
    return std::make_unique<ColumnarScanOperator>(t, std::vector<int32_t>{0, 1, kRowKeyColumn},
                                                  filter);
  }
  Expr* a_is(int32_t value) {
    return tables.exprs.equals(tables.exprs.slot(0, type_oid::kInt4), tables.exprs.integer(value));
  }
  void remove(TestSession& s, int32_t value) {
    ModifyOperator plan(targets(a_is(value)), s.target_spec(t, ModifyAction::kDelete, a_is(value)));
    s.run(plan, {});
  }
  void update(TestSession& s, int32_t value, int32_t b) {
    ModifySpec spec = s.target_spec(t, ModifyAction::kUpdate, a_is(value));
    spec.assignments = {nullptr, tables.exprs.integer(b)};
    ModifyOperator plan(targets(a_is(value)), std::move(spec));
    s.run(plan, {});
  }
  size_t files() const { return columnar->store().files().size(); }

  TestTables tables;
  std::string directory;
  ColumnarOptions options;
  std::unique_ptr<ColumnarTables> columnar;
  std::shared_ptr<TableDesc> t;
};

}  // namespace luma
