#pragma once
// The condition of a columnar scan, conjunct by conjunct. What storage can decide is decided there:
// row groups by their zone maps, blocks and rows by comparing encoded integers with a range, and
// any condition on one column of a chunk with a dictionary by evaluating it once for each entry.
// The rest is evaluated over vectors, for the rows that are left. One thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/column/segment.h"
#include "engine/column/zone_map.h"
#include "engine/columnar/columnar_cursor.h"
#include "engine/exec/evaluator.h"
#include "engine/exec/join_filter.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"

namespace luma {

// `attribute compare value`, a conjunct of the scan's filter that zone maps can decide. The value
// has no slots and is evaluated at open(); it is of the attribute's type, or both are integers, or
// the attribute is a date and the value a timestamp.
struct ZonePredicate {
  int32_t attribute = 0;
  ZoneCompare compare = ZoneCompare::kEqual;
  const Expr* value = nullptr;
  // Its place among the filter's conjuncts; without one, it is not all that the conjunct says.
  std::optional<size_t> conjunct;
};

class ScanFilter {
 public:
  // One conjunct of the filter. `slots`: the output columns that it reads.
  struct Conjunct {
    explicit Conjunct(const Expr& expr) : evaluator(expr) {}
    ExprEvaluator evaluator;
    std::vector<uint32_t> slots;
    // The zone predicate that says the same, and of that the cursor's column.
    std::optional<size_t> zone;
    std::optional<size_t> number;
    // The chunk whose dictionary was looked at last, and the result.
    ChunkRef chunk;
    bool decided = false;
    bool keeps_nulls = false;
    std::vector<uint8_t> flags;
  };

  // `columns`: attributes or kRowKeyColumn..., what slots refer to. `condition` may be null.
  ScanFilter(const TableDesc& table, const std::vector<int32_t>& columns, const Expr* condition,
             std::vector<ZonePredicate> zones);
  ScanFilter(const ScanFilter&) = delete;
  ScanFilter& operator=(const ScanFilter&) = delete;

  // Rows whose integer in the column (`number`: the cursor's) the filter rules out need not pass.
  void add_join_filter(int32_t attribute, size_t number, JoinFilterRef filter);
  // Evaluates the bounds.
  void open(ExecContext& context);
  void close();
  // Rows that join filters have ruled out since this was asked last; counted for EXPLAIN ANALYZE.
  uint64_t take_rows_without_key() { return std::exchange(rows_without_key_, 0); }
  // False: no row of the group passes.
  bool may_pass(const SegmentFooter& footer, const RowGroup& group) const;
  // Of the cursor's window: clears rows that cannot pass, and returns the conjuncts that are still
  // to be evaluated. Without a mask (rows that are not encoded): all of them. Valid until the next
  // call.
  const std::vector<Conjunct*>& reduce(ExecContext& context, ColumnarCursor& cursor, RowMask* mask);

 private:
  // A zone predicate with its value of this execution.
  struct Bound {
    int32_t attribute;
    ZoneCompare compare;
    PhysicalType physical;  // of the value
    Value value;
    // What the column's integers have to be; for decimals it depends on their scale.
    std::optional<IntRange> range;
    int scale = -1;
  };
  struct KeyFilter {
    int32_t attribute;
    size_t number;
    JoinFilterRef filter;
    // How it has done so far; looking up keys stops when nearly all of them are found.
    uint64_t asked = 0, passed = 0;
  };
  Bound bind(ExecContext& context, const ZonePredicate& zone, ExprEvaluator& value) const;
  bool may_pass(const ZoneMap& zone, const Bound& bound) const;
  void keep_keys(KeyFilter& key, ColumnarCursor& cursor, RowMask& mask);
  bool keep_range(Conjunct& conjunct, ColumnarCursor& cursor, RowMask& mask);
  bool keep_entries(ExecContext& context, Conjunct& conjunct, ColumnarCursor& cursor,
                    RowMask& mask);
  bool evaluate_dictionary(ExecContext& context, Conjunct& conjunct,
                           std::span<const StringRef> entries);

  const TableDesc& table_;
  std::vector<std::unique_ptr<Conjunct>> conjuncts_;
  std::vector<ZonePredicate> zones_;
  std::vector<ExprEvaluator> values_;
  std::vector<Bound> bounds_;  // by zone
  std::vector<KeyFilter> join_filters_;
  std::vector<Conjunct*> rest_;
  uint64_t rows_without_key_ = 0;
  Chunk dictionary_rows_;
  std::vector<uint32_t> passed_;
};

}  // namespace luma
