#include "sql/lower/virtual_scan.h"

#include <algorithm>
#include <array>

#include "engine/base/sql_error.h"
#include "engine/table/scan.h"
#include "sql/catalog/live_state.h"

namespace luma {
namespace {

class RowKeeper final : public VirtualRowSink {
 public:
  RowKeeper(std::vector<Value>& rows, size_t& row_count, const std::vector<int32_t>& attributes,
            Oid relation, Interrupt* interrupt)
      : rows_(rows),
        row_count_(row_count),
        attributes_(attributes),
        relation_(relation),
        interrupt_(interrupt) {}

  void add(std::span<const Value> row) override {
    if (interrupt_ != nullptr && (row_count_ & 255) == 0) interrupt_->check();
    for (int32_t attribute : attributes_) {
      if (attribute < 0) {
        rows_.emplace_back(Datum::of_oid(relation_));
      } else {
        rows_.push_back(row[static_cast<size_t>(attribute)]);
      }
    }
    ++row_count_;
  }

 private:
  std::vector<Value>& rows_;
  size_t& row_count_;
  const std::vector<int32_t>& attributes_;
  Oid relation_;
  Interrupt* interrupt_;
};

// Types whose equal values have equal bytes.
bool is_bytewise(Oid type) {
  constexpr Oid kTypes[] = {type_oid::kOid,     type_oid::kInt2,    type_oid::kInt4,
                            type_oid::kInt8,    type_oid::kName,    type_oid::kText,
                            type_oid::kRegproc, type_oid::kRegtype, type_oid::kRegclass,
                            type_oid::kChar,    type_oid::kBool};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

uint64_t hash_of(const Datum& datum, PhysicalType type) {
  if (type == PhysicalType::kVarlen) return std::hash<std::string_view>()(datum.str.view());
  uint64_t bytes = 0;
  std::memcpy(&bytes, &datum, physical_size(type));
  return bytes;
}

}  // namespace

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
  for (const VirtualScanFilter& one : filters_) {
    values_.push_back(std::make_unique<ExprEvaluator>(*one.value, 1));
  }
  chunk_.init(types);
  output_.init(types);
  explain.node_type = "Seq Scan";
}

bool VirtualScanOperator::finds_by_key(const Table& relation) const {
  return std::ranges::any_of(filters_, [&](const VirtualScanFilter& filter) {
    return relation_->is_key(relation.columns[filter.attribute].name);
  });
}

void VirtualScanOperator::choose_index(const Table& relation) {
  can_index_ = false;
  for (size_t i = 0; i < filters_.size() && !can_index_; ++i) {
    auto slot = std::ranges::find(attributes_, static_cast<int32_t>(filters_[i].attribute));
    if (slot == attributes_.end()) continue;
    if (!is_bytewise(relation.columns[filters_[i].attribute].type.oid)) continue;
    can_index_ = true;
    index_filter_ = i;
    index_slot_ = static_cast<size_t>(slot - attributes_.begin());
  }
}

void VirtualScanOperator::build_index() {
  index_.reserve(row_count_);
  const PhysicalType type = output_types()[index_slot_];
  for (size_t i = 0; i < row_count_; ++i) {
    const Value& value = rows_[i * attributes_.size() + index_slot_];
    if (!value.is_null) index_.emplace(hash_of(value.datum, type), static_cast<uint32_t>(i));
  }
  is_indexed_ = true;
}

void VirtualScanOperator::generate(ExecContext& context, const SessionCatalog& session,
                                   const std::vector<VirtualFilter>& filters) {
  forget();
  arena_ = std::make_unique<Arena>(context.memory);
  RowKeeper keeper(rows_, row_count_, attributes_, oid_, context.interrupt);
  const Table* relation = session.catalog().table(oid_);
  LUMA_CHECK(relation != nullptr);
  uint64_t wanted = 0;
  for (int32_t attribute : attributes_) {
    if (attribute >= 0) wanted |= uint64_t{1} << (attribute & 63);
  }
  if (relation->columns.size() > 64) wanted = ~uint64_t{0};
  scan_virtual_relation(session, *relation, filters, *arena_, keeper, wanted);
}

void VirtualScanOperator::forget() {
  rows_.clear();
  row_count_ = 0;
  index_.clear();
  is_indexed_ = false;
  whole_ = {};
}

void VirtualScanOperator::do_open(ExecContext& context) {
  next_row_ = 0;
  picked_.clear();
  is_picked_ = false;
  const SessionCatalog& session = session_catalog(context);
  if (session.catalog().sequence(oid_) != nullptr) {
    forget();
    SequenceRow row = session.live_state().sequence(oid_);
    RowKeeper keeper(rows_, row_count_, attributes_, oid_, context.interrupt);
    keeper.add(std::array<Value, 3>{Datum::of_int64(row.last_value), Datum::of_int64(row.log_count),
                                    Datum::of_bool(row.is_called)});
    return;
  }
  key_arena_ = std::make_unique<Arena>(context.memory);
  std::vector<VirtualFilter> filters;
  for (size_t i = 0; i < filters_.size(); ++i) {
    Value value = values_[i]->evaluate_scalar(context);
    if (value.is_null) {  // nothing equals NULL
      is_picked_ = true;
      return;
    }
    value.datum = copy_datum(value.datum, filters_[i].value->physical, *key_arena_);
    filters.push_back({filters_[i].attribute, value});
  }
  const Table* relation = session.catalog().table(oid_);
  LUMA_CHECK(relation != nullptr);
  if (finds_by_key(*relation)) return generate(context, session, filters);
  Made now{context.execution_id, session.catalog().local_objects(),
           session.catalog().shared_objects()};
  auto is_now = [&](const Made& made) {
    return made.execution_id == now.execution_id && made.local == now.local &&
           made.shared == now.shared;
  };
  if (!is_now(whole_)) {
    const bool again = is_now(opened_);
    opened_ = now;
    generate(context, session, again ? std::vector<VirtualFilter>() : filters);
    if (!again && !filters.empty()) return;
    whole_ = now;
    choose_index(*relation);
  }
  if (!can_index_) return;
  if (!is_indexed_) build_index();
  auto [first, last] =
      index_.equal_range(hash_of(filters[index_filter_].value.datum, output_types()[index_slot_]));
  for (auto at = first; at != last; ++at) picked_.push_back(at->second);
  std::ranges::sort(picked_);
  is_picked_ = true;
}

const Chunk* VirtualScanOperator::do_next(ExecContext& context) {
  const size_t width = attributes_.size();
  while (next_row_ < row_count()) {
    chunk_.begin();
    uint32_t count = 0;
    for (; count < kVectorSize && next_row_ < row_count(); ++count, ++next_row_) {
      const Value* row = rows_.data() + (is_picked_ ? picked_[next_row_] : next_row_) * width;
      for (size_t i = 0; i < width; ++i) chunk_.columns[i].set_value(count, row[i], false);
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
  forget();
  opened_ = {};
  rows_.shrink_to_fit();
  picked_.clear();
  is_picked_ = false;
  arena_.reset();
  key_arena_.reset();
  next_row_ = 0;
}

}  // namespace luma
