#include "engine/table/scan_filter.h"

#include <algorithm>
#include <limits>

#include "engine/base/sql_error.h"
#include "engine/column/int_bounds.h"
#include "engine/type/datetime.h"

namespace luma {

namespace {

// A dictionary with more entries than a part of the group's rows is not worth a look at each.
constexpr uint32_t kRowsPerEntry = 4;

void collect_slots(const Expr& expr, std::vector<bool>& used) {
  if (expr.kind == ExprKind::kSlot) used[expr.index] = true;
  for_each_child(expr, [&](const Expr* child) { collect_slots(*child, used); });
}

bool depends_on_values_alone(const Expr& expr) {
  return !expr_contains(
      expr, [](const Expr& e) { return e.kind == ExprKind::kSubplan || e.is_volatile; });
}

std::vector<const Expr*> conjuncts_of(const Expr* condition) {
  if (condition == nullptr) return {};
  if (condition->kind != ExprKind::kAnd) return {condition};
  return {condition->args.begin(), condition->args.end()};
}

int64_t integer_of(PhysicalType physical, const Datum& datum) {
  switch (physical) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return datum.i8;
    case PhysicalType::kInt16:
      return datum.i16;
    case PhysicalType::kInt32:
      return datum.i32;
    default:
      return datum.i64;
  }
}

bool is_integral(PhysicalType physical) {
  return physical <= PhysicalType::kInt64;  // kBool, kInt8, ..., kInt64
}

// Days that compare with a timestamp; infinite ones are days of their own.
IntRange date_range(ZoneCompare compare, int64_t timestamp) {
  if (timestamp == INT64_MAX) return int_range(compare, INT32_MAX);
  if (timestamp == INT64_MIN) return int_range(compare, INT32_MIN);
  return int_range(compare, timestamp, kMicrosPerDay);
}

}  // namespace

ScanFilter::ScanFilter(const TableDesc& table, const std::vector<int32_t>& columns,
                       const Expr* condition, std::vector<ZonePredicate> zones)
    : table_(table), zones_(std::move(zones)), passed_(kVectorSize) {
  dictionary_rows_.columns.resize(columns.size());
  auto number_of = [&](uint32_t slot) {
    return static_cast<size_t>(std::count_if(columns.begin(), columns.begin() + slot,
                                             [](int32_t column) { return column >= 0; }));
  };
  for (const Expr* expr : conjuncts_of(condition)) {
    Conjunct& conjunct = *conjuncts_.emplace_back(std::make_unique<Conjunct>(*expr));
    std::vector<bool> used(columns.size());
    collect_slots(*expr, used);
    for (uint32_t slot = 0; slot < used.size(); ++slot) {
      if (used[slot]) conjunct.slots.push_back(slot);
    }
    if (conjunct.slots.size() != 1 || columns[conjunct.slots[0]] < 0) continue;
    if (depends_on_values_alone(*expr)) conjunct.number = number_of(conjunct.slots[0]);
  }
  for (size_t i = 0; i < zones_.size(); ++i) {
    values_.emplace_back(*zones_[i].value, 1);
    const std::optional<size_t>& at = zones_[i].conjunct;
    if (at && *at < conjuncts_.size() && conjuncts_[*at]->number) conjuncts_[*at]->zone = i;
  }
}

ScanFilter::Bound ScanFilter::bind(ExecContext& context, const ZonePredicate& zone,
                                   ExprEvaluator& value) const {
  Bound bound{zone.attribute, zone.compare, zone.value->physical, value.evaluate_scalar(context),
              std::nullopt};
  const TypeRef& type = table_.columns[static_cast<size_t>(zone.attribute)].type;
  if (bound.value.is_null) {
    bound.range = IntRange{1, 0};  // such a comparison is never true
  } else if (type.oid == type_oid::kDate && zone.value->type.oid == type_oid::kTimestamp) {
    bound.range = date_range(zone.compare, bound.value.datum.i64);
  } else if (is_integral(bound.physical)) {
    bound.range = int_range(zone.compare, integer_of(bound.physical, bound.value.datum));
  }
  return bound;
}

void ScanFilter::open(ExecContext& context) {
  bounds_.clear();
  for (size_t i = 0; i < zones_.size(); ++i)
    bounds_.push_back(bind(context, zones_[i], values_[i]));
  for (const auto& conjunct : conjuncts_) conjunct->chunk.reset();
  for (KeyFilter& key : join_filters_) key.asked = key.passed = 0;
}

void ScanFilter::add_join_filter(int32_t attribute, size_t number, JoinFilterRef filter) {
  join_filters_.push_back({attribute, number, std::move(filter)});
}

void ScanFilter::close() {
  for (const auto& conjunct : conjuncts_) conjunct->chunk.reset();
}

bool ScanFilter::may_pass(const ZoneMap& zone, const Bound& bound) const {
  if (bound.value.is_null) return false;
  switch (zone.kind) {
    case ZoneKind::kNone:
      return !zone.all_null();
    case ZoneKind::kInt:
      return !zone.all_null() &&
             (!bound.range || (bound.range->least <= zone.greatest_int &&
                               zone.least_int <= bound.range->greatest && !bound.range->empty()));
    case ZoneKind::kFloat:
      return zone_may_contain(zone, bound.compare,
                              bound.physical == PhysicalType::kFloat
                                  ? static_cast<double>(bound.value.datum.f32)
                                  : bound.value.datum.f64);
    case ZoneKind::kDecimal:
      return zone_may_contain_decimal(zone, bound.compare, bound.value.datum);
    case ZoneKind::kBytes:
      return zone_may_contain(zone, bound.compare, bound.value.datum.str.view());
  }
  return true;
}

bool ScanFilter::may_pass(const SegmentFooter& footer, const RowGroup& group) const {
  for (const KeyFilter& key : join_filters_) {
    const auto attribute = static_cast<size_t>(key.attribute);
    if (!key.filter->is_ready() || attribute >= footer.columns.size()) continue;
    const ZoneMap& zone = group.columns[attribute].zone;
    if (zone.kind == ZoneKind::kInt &&
        (key.filter->greatest() < zone.least_int || zone.greatest_int < key.filter->least())) {
      return false;
    }
  }
  return std::all_of(bounds_.begin(), bounds_.end(), [&](const Bound& bound) {
    // Columns added later read as a default.
    const auto attribute = static_cast<size_t>(bound.attribute);
    return attribute >= footer.columns.size() || may_pass(group.columns[attribute].zone, bound);
  });
}

const std::vector<ScanFilter::Conjunct*>& ScanFilter::reduce(ExecContext& context,
                                                             ColumnarCursor& cursor,
                                                             RowMask* mask) {
  rest_.clear();
  if (mask == nullptr) {
    for (const auto& conjunct : conjuncts_) rest_.push_back(conjunct.get());
    return rest_;
  }
  // Ranges first: they are the cheapest, and often leave nothing to be done.
  for (const auto& conjunct : conjuncts_) {
    if (conjunct->zone && keep_range(*conjunct, cursor, *mask)) {
      if (!mask->any()) return rest_;
    } else {
      rest_.push_back(conjunct.get());
    }
  }
  const uint32_t before_keys = context.instrument ? mask->count() : 0;
  for (KeyFilter& key : join_filters_) {
    if (key.filter->is_ready() && mask->any()) keep_keys(key, cursor, *mask);
  }
  if (context.instrument) rows_without_key_ += before_keys - mask->count();
  auto decided = [&](Conjunct* conjunct) {
    return conjunct->number && mask->any() && keep_entries(context, *conjunct, cursor, *mask);
  };
  rest_.erase(std::remove_if(rest_.begin(), rest_.end(), decided), rest_.end());
  return rest_;
}

// False when the chunk does not store the integers that the bound is about.
bool ScanFilter::keep_range(Conjunct& conjunct, ColumnarCursor& cursor, RowMask& mask) {
  const ChunkRef& chunk = cursor.chunk(*conjunct.number);
  if (chunk == nullptr) return false;
  Bound& bound = bounds_[*conjunct.zone];
  if (bound.value.is_null) {
    mask.clear();
    return true;
  }
  if (chunk->reader.is_integers()) {
    if (!bound.range) return false;
    chunk->reader.keep_range(cursor.block(), *bound.range, mask);
    return true;
  }
  std::optional<int> scale = chunk->reader.decimal_scale();
  if (!scale || bound.physical != PhysicalType::kVarlen) return false;
  if (bound.scale != *scale) {
    bound.range = decimal_range(bound.compare, bound.value.datum, *scale);
    bound.scale = *scale;
  }
  chunk->reader.keep_range(cursor.block(), *bound.range, mask);
  return true;
}

void ScanFilter::keep_keys(KeyFilter& key, ColumnarCursor& cursor, RowMask& mask) {
  constexpr uint64_t kRowsToLearn = 16384;
  const ChunkRef& chunk = cursor.chunk(key.number);
  if (chunk == nullptr || !chunk->reader.is_integers()) return;
  chunk->reader.keep_range(cursor.block(), {key.filter->least(), key.filter->greatest()}, mask);
  if (key.asked > kRowsToLearn && key.passed > key.asked / 4 * 3) return;
  uint32_t rows[kBlockRows];
  int64_t values[kBlockRows];
  const uint32_t count = mask.list(rows);
  chunk->reader.read_integers(cursor.block(), rows, count, values);
  mask.clear();
  uint32_t passed = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const bool found = key.filter->may_contain(values[i]);
    mask.words[rows[i] >> 6] |= uint64_t{found} << (rows[i] & 63);
    passed += found;
  }
  key.asked += count;
  key.passed += passed;
}

bool ScanFilter::keep_entries(ExecContext& context, Conjunct& conjunct, ColumnarCursor& cursor,
                              RowMask& mask) {
  const ChunkRef& chunk = cursor.chunk(*conjunct.number);
  if (chunk == nullptr) return false;
  if (conjunct.chunk != chunk) {
    std::span<const StringRef> entries = chunk->reader.dictionary();
    conjunct.decided = !entries.empty() && entries.size() <= chunk->reader.rows() / kRowsPerEntry &&
                       evaluate_dictionary(context, conjunct, entries);
    conjunct.chunk = chunk;
  }
  if (!conjunct.decided) return false;
  chunk->reader.keep_entries(cursor.block(), conjunct.flags, conjunct.keeps_nulls, mask);
  return true;
}

// The condition for each entry, and for NULL. False when it fails for one: rows that do not get as
// far must not fail, so they are looked at one by one.
bool ScanFilter::evaluate_dictionary(ExecContext& context, Conjunct& conjunct,
                                     std::span<const StringRef> entries) {
  Chunk& rows = dictionary_rows_;
  rows.columns[conjunct.slots[0]] = Vector(PhysicalType::kVarlen, kVectorSize);
  Vector& values = rows.columns[conjunct.slots[0]];
  conjunct.flags.assign(entries.size(), 0);
  try {
    for (size_t first = 0; first < entries.size(); first += kVectorSize) {
      rows.size = static_cast<uint32_t>(std::min<size_t>(kVectorSize, entries.size() - first));
      values.begin_flat();
      std::copy_n(entries.begin() + static_cast<ptrdiff_t>(first), rows.size,
                  values.mutable_data<StringRef>());
      const uint32_t count = conjunct.evaluator.select(context, rows, passed_.data());
      for (uint32_t i = 0; i < count; ++i) conjunct.flags[first + passed_[i]] = 1;
    }
    rows.size = 1;
    values.begin_flat();
    values.mutable_data<StringRef>()[0] = StringRef();
    values.set_null(0);
    conjunct.keeps_nulls = conjunct.evaluator.select(context, rows, passed_.data()) == 1;
  } catch (const SqlError&) {
    if (context.interrupt != nullptr) context.interrupt->check();
    return false;
  }
  return true;
}

}  // namespace luma
