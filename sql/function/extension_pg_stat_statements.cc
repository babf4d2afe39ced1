// pg_stat_statements: what statements have cost. Numbers that nobody counts are 0.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/numeric.h"
#include "sql/catalog/session_catalog.h"
#include "sql/catalog/statement_state.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

StatementState& statements_of(EvalContext& context) {
  StatementState* state = nullptr;
  if (context.session != nullptr) {
    state = dynamic_cast<StatementState*>(&session_catalog(context).live_state());
  }
  if (state == nullptr) throw unsupported("statistics of statements outside of a session");
  return *state;
}

constexpr std::string_view kColumns =
    "userid oid,dbid oid,toplevel bool,queryid int8,query text,plans int8,total_plan_time float8,"
    "min_plan_time float8,max_plan_time float8,mean_plan_time float8,stddev_plan_time float8,"
    "calls int8,total_exec_time float8,min_exec_time float8,max_exec_time float8,"
    "mean_exec_time float8,stddev_exec_time float8,rows int8,shared_blks_hit int8,"
    "shared_blks_read int8,shared_blks_dirtied int8,shared_blks_written int8,local_blks_hit int8,"
    "local_blks_read int8,local_blks_dirtied int8,local_blks_written int8,temp_blks_read int8,"
    "temp_blks_written int8,blk_read_time float8,blk_write_time float8,temp_blk_read_time float8,"
    "temp_blk_write_time float8,wal_records int8,wal_fpi int8,wal_bytes numeric,"
    "jit_functions int8,jit_generation_time float8,jit_inlining_count int8,"
    "jit_inlining_time float8,jit_optimization_count int8,jit_optimization_time float8,"
    "jit_emission_count int8,jit_emission_time float8";

class Statements final : public TableFunctionState {
 public:
  Statements(std::vector<StatementRow> rows, bool show_text)
      : rows_(std::move(rows)), show_text_(show_text) {}

  void next(EvalContext& context, Chunk& out) override {
    uint32_t count = 0;
    for (; at_ < rows_.size() && count < out.columns[0].capacity(); ++at_) {
      write(rows_[at_], count++, out, *context.arena);
    }
    out.size = count;
  }

 private:
  void write(const StatementRow& row, uint32_t at, Chunk& out, Arena& arena) const {
    size_t column = 0;
    auto put = [&](Value value) { out.columns[column++].set_value(at, value); };
    auto number = [&](int64_t value) { put(Datum::of_int64(value)); };
    auto time = [&](double value) { put(Datum::of_double(value)); };
    put(Datum::of_oid(row.key.user));
    put(Datum::of_oid(row.key.database));
    put(Datum::of_bool(true));
    row.key.query_id == 0 ? put(Value::null()) : number(row.key.query_id);
    show_text_ ? put(Datum::of_string(std::string_view(row.query))) : put(Value::null());
    number(0);
    for (int i = 0; i < 5; ++i) time(0);
    number(row.calls);
    for (double value : {row.total, row.min, row.max, row.mean, row.deviation()}) time(value);
    number(row.rows);
    for (; column < out.columns.size(); ++column) {
      const PhysicalType type = out.columns[column].physical();
      Value zero = type == PhysicalType::kDouble  ? Value(Datum::of_double(0))
                   : type == PhysicalType::kInt64 ? Value(Datum::of_int64(0))
                                                  : Value(numeric_from_int128(0, arena));
      out.columns[column].set_value(at, zero);
    }
  }

  std::vector<StatementRow> rows_;
  bool show_text_;
  size_t at_ = 0;
};

std::unique_ptr<TableFunctionState> statements(EvalContext& context, const Expr&,
                                               std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  return std::make_unique<Statements>(statements_of(context).statement_rows(), args[0].datum.b);
}

class Totals final : public TableFunctionState {
 public:
  explicit Totals(StatementTotals totals) : totals_(totals) {}
  void next(EvalContext&, Chunk& out) override {
    out.size = done_ ? 0 : 1;
    if (done_) return;
    out.columns[0].set_value(0, Datum::of_int64(totals_.forgotten));
    out.columns[1].set_value(0, Datum::of_int64(totals_.reset_micros));
    done_ = true;
  }

 private:
  StatementTotals totals_;
  bool done_ = false;
};

std::unique_ptr<TableFunctionState> totals(EvalContext& context, const Expr&,
                                           std::span<const Value>) {
  return std::make_unique<Totals>(statements_of(context).statement_totals());
}

Value reset(RowCall& call, const Value* args) {
  statements_of(call.context)
      .reset_statements(args[0].datum.oid(), args[1].datum.oid(), args[2].datum.i64);
  return Datum();
}

ExtensionFunction table_function(std::string_view signature, TableFunction table,
                                 std::string_view input_names, std::string_view outputs) {
  ExtensionFunction row{signature, "record", {}, 'v'};
  row.implementation.table = table;
  row.returns_set = true;
  row.input_names = input_names;
  row.outputs = outputs;
  return row;
}

std::vector<ExtensionFunction> make_rows() {
  ExtensionFunction reset_row =
      extension_row("pg_stat_statements_reset(oid,oid,int8)", "void", row_kernel<reset>, 'v');
  reset_row.input_names = "userid,dbid,queryid";
  reset_row.input_default = "0";
  reset_row.owner_only = true;
  return {reset_row,
          table_function("pg_stat_statements_info()", totals, {},
                         "dealloc int8,stats_reset timestamptz"),
          table_function("pg_stat_statements(bool)", statements, "showtext", kColumns)};
}

}  // namespace

std::span<const ExtensionFunction> pg_stat_statements_functions() {
  static const std::vector<ExtensionFunction> kRows = make_rows();
  return kRows;
}

}  // namespace luma
