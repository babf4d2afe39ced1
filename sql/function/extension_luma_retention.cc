// luma_stat_retention(): what the server did for tables with retention, since it started.
#include "engine/base/sql_error.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/extension.h"

namespace luma {
namespace {

constexpr std::string_view kColumns =
    "relid oid,partitions_created int8,partitions_dropped int8,last_created timestamptz,"
    "last_dropped timestamptz,last_drop_ms float8,last_failure timestamptz,failure text";

class RetentionRows final : public TableFunctionState {
 public:
  explicit RetentionRows(std::vector<RetentionRow> rows) : rows_(std::move(rows)) {}

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    for (; at_ < rows_.size() && count < out.columns[0].capacity(); ++at_, ++count) {
      write(rows_[at_], count, out);
    }
    out.size = count;
  }

 private:
  static void write(const RetentionRow& row, uint32_t at, Chunk& out) {
    auto time = [](const std::optional<int64_t>& micros) {
      return micros ? Value(Datum::of_int64(*micros)) : Value::null();
    };
    const Value values[] = {
        Datum::of_oid(row.table),
        Datum::of_int64(row.partitions_created),
        Datum::of_int64(row.partitions_dropped),
        time(row.last_created),
        time(row.last_dropped),
        row.last_dropped ? Value(Datum::of_double(row.last_drop_ms)) : Value::null(),
        time(row.last_failure),
        row.last_failure ? Value(Datum::of_string(std::string_view(row.failure))) : Value::null()};
    for (size_t i = 0; i < out.columns.size(); ++i) out.columns[i].set_value(at, values[i]);
  }

  std::vector<RetentionRow> rows_;
  size_t at_ = 0;
};

std::unique_ptr<TableFunctionState> retention_rows(EvalContext& context, const Expr&,
                                                   std::span<const Value>) {
  OperationsState* state = nullptr;
  if (context.session != nullptr) {
    state = dynamic_cast<OperationsState*>(&session_catalog(context).live_state());
  }
  if (state == nullptr) throw unsupported("retention outside of a session");
  return std::make_unique<RetentionRows>(state->retention_rows());
}

}  // namespace

std::span<const ExtensionFunction> luma_retention_functions() {
  static const ExtensionFunction kRows[] = {[] {
    ExtensionFunction row{"luma_stat_retention()", "record", {}, 'v'};
    row.implementation.table = retention_rows;
    row.returns_set = true;
    row.outputs = kColumns;
    return row;
  }()};
  return kRows;
}

}  // namespace luma
