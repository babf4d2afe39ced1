#include "sql/lower/virtual_scan.h"

#include <array>

#include "engine/base/sql_error.h"
#include "engine/table/scan.h"
#include "sql/catalog/live_state.h"

namespace luma {

VirtualScanOperator::VirtualScanOperator(std::string_view relation_name, Oid relation,
                                         std::vector<int32_t> attributes,
                                         std::vector<PhysicalType> types,
                                         std::vector<VirtualScanFilter> filters, const Expr* filter)
    : Operator(types),
      relation_(find_virtual_relation(relation_name)),
      oid_(relation),
      attributes_(std::move(attributes)),
      filters_(std::move(filters)),
      filter_(filter == nullptr ? nullptr : std::make_unique<ExprEvaluator>(*filter)),
      selection_(kVectorSize) {
  if (relation_ == nullptr && relation < kFirstUserOid) {
    throw unsupported("system relation \"{}\"", relation_name);
  }
  chunk_.init(types);
  output_.init(types);
  explain.node_type = "Seq Scan";
}

namespace {

class RowKeeper final : public VirtualRowSink {
 public:
  RowKeeper(std::vector<std::vector<Value>>& rows, const std::vector<int32_t>& attributes,
            const std::vector<PhysicalType>& types, Oid relation, Arena& arena,
            Interrupt* interrupt)
      : rows_(rows),
        attributes_(attributes),
        types_(types),
        relation_(relation),
        arena_(arena),
        interrupt_(interrupt) {}

  void add(std::span<const Value> row) override {
    if (interrupt_ != nullptr && (rows_.size() & 255) == 0) interrupt_->check();
    std::vector<Value> kept;
    kept.reserve(attributes_.size());
    for (size_t i = 0; i < attributes_.size(); ++i) {
      if (attributes_[i] < 0) {
        kept.emplace_back(Datum::of_oid(relation_));
        continue;
      }
      Value value = row[static_cast<size_t>(attributes_[i])];
      if (!value.is_null) value.datum = copy_datum(value.datum, types_[i], arena_);
      kept.push_back(value);
    }
    rows_.push_back(std::move(kept));
  }

 private:
  std::vector<std::vector<Value>>& rows_;
  const std::vector<int32_t>& attributes_;
  const std::vector<PhysicalType>& types_;
  Oid relation_;
  Arena& arena_;
  Interrupt* interrupt_;
};

}  // namespace

void VirtualScanOperator::do_open(ExecContext& context) {
  rows_.clear();
  next_row_ = 0;
  arena_ = std::make_unique<Arena>(context.memory);
  std::vector<VirtualFilter> filters;
  for (const VirtualScanFilter& filter : filters_) {
    Value value = ExprEvaluator(*filter.value, 1).evaluate_scalar(context);
    if (value.is_null) return;  // nothing equals NULL
    value.datum = copy_datum(value.datum, filter.value->physical, *arena_);
    filters.push_back({filter.attribute, value});
  }
  RowKeeper keeper(rows_, attributes_, output_types(), oid_, *arena_, context.interrupt);
  const SessionCatalog& session = session_catalog(context);
  if (session.catalog().sequence(oid_) != nullptr) {
    SequenceRow row = session.live_state().sequence(oid_);
    keeper.add(std::array<Value, 3>{Datum::of_int64(row.last_value), Datum::of_int64(row.log_count),
                                    Datum::of_bool(row.is_called)});
    return;
  }
  const Table* relation = session.catalog().table(oid_);
  LUMA_CHECK(relation != nullptr);
  uint64_t wanted = 0;
  for (int32_t attribute : attributes_) {
    if (attribute >= 0) wanted |= uint64_t{1} << (attribute & 63);
  }
  if (relation->columns.size() > 64) wanted = ~uint64_t{0};
  scan_virtual_relation(session, *relation, filters, *arena_, keeper, wanted);
}

const Chunk* VirtualScanOperator::do_next(ExecContext& context) {
  while (next_row_ < rows_.size()) {
    chunk_.begin();
    uint32_t count = 0;
    for (; count < kVectorSize && next_row_ < rows_.size(); ++count, ++next_row_) {
      for (size_t i = 0; i < attributes_.size(); ++i)
        chunk_.columns[i].set_value(count, rows_[next_row_][i], false);
    }
    chunk_.size = count;
    if (filter_ == nullptr) return &chunk_;
    uint32_t passed = filter_->select(context, chunk_, selection_.data());
    stats().filtered_rows += count - passed;
    if (passed == 0) continue;
    if (passed == count) return &chunk_;
    output_.slice(chunk_, selection_.data(), passed);
    return &output_;
  }
  return nullptr;
}

void VirtualScanOperator::do_close(ExecContext&) {
  rows_.clear();
  rows_.shrink_to_fit();
  arena_.reset();
  next_row_ = 0;
}

}  // namespace luma
