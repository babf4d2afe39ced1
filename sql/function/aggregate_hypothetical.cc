// Hypothetical-set aggregates: where a row would come among the others. The arguments are (the
// row's columns..., the sort columns...), and rows arrive in the order of WITHIN GROUP.
#include <optional>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/families.h"

namespace luma {

namespace {

int compare_by(const SortKey& key, const Value& a, const Value& b) {
  if (a.is_null || b.is_null) {
    if (a.is_null && b.is_null) return 0;
    return a.is_null == key.nulls_first ? -1 : 1;
  }
  const TypeInfo& type = type_info(key.expr->type.oid);
  int order = type.compare(a.datum, b.datum, type);
  return key.descending ? -order : order;
}

int compare_rows(std::span<const SortKey> keys, const Value* a, const Value* b) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (int order = compare_by(keys[i], a[i], b[i]); order != 0) return order;
  }
  return 0;
}

struct Position {
  int64_t rows = 0;
  int64_t before = 0;           // rows that sort before the imagined one
  int64_t peers = 0;            // rows equal to it
  int64_t groups_before = 0;    // different rows among those before
  std::vector<Value> previous;  // the last row that sorted before
};

struct Hypothetical {
  using State = Position;
  static void add(const AggregateCall& call, State& state, const Value* values) {
    std::span<const SortKey> keys = call.expr.aggregate->order_by;
    for (const SortKey& key : keys) {
      if (key.less_than != nullptr) {
        throw unsupported("ORDER BY ... USING in a hypothetical-set aggregate");
      }
    }
    const Value* row = values + keys.size();
    ++state.rows;
    int order = compare_rows(keys, row, values);
    if (order == 0) ++state.peers;
    if (order >= 0) return;
    ++state.before;
    if (!state.previous.empty() && compare_rows(keys, row, state.previous.data()) == 0) return;
    ++state.groups_before;
    state.previous.assign(row, row + keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      Value& kept = state.previous[i];
      if (!kept.is_null) kept.datum = copy_datum(kept.datum, keys[i].expr->physical, call.arena);
    }
  }
};

struct Rank : Hypothetical {
  static Value finish(const AggregateCall&, const State& state) {
    return Datum::of_int64(state.before + 1);
  }
};
struct DenseRank : Hypothetical {
  static Value finish(const AggregateCall&, const State& state) {
    return Datum::of_int64(state.groups_before + 1);
  }
};
struct PercentRank : Hypothetical {
  static Value finish(const AggregateCall&, const State& state) {
    if (state.rows == 0) return Datum::of_double(0);
    return Datum::of_double(static_cast<double>(state.before) / static_cast<double>(state.rows));
  }
};
struct CumeDist : Hypothetical {
  static Value finish(const AggregateCall&, const State& state) {
    return Datum::of_double(static_cast<double>(state.before + state.peers + 1) /
                            static_cast<double>(state.rows + 1));
  }
};

const KernelRow kRows[] = {
    aggregate_row("rank(any)", aggregate_of<Rank>(), "rank that a row would have"),
    aggregate_row("dense_rank(any)", aggregate_of<DenseRank>(),
                  "rank that a row would have, without gaps"),
    aggregate_row("percent_rank(any)", aggregate_of<PercentRank>(),
                  "relative rank that a row would have"),
    aggregate_row("cume_dist(any)", aggregate_of<CumeDist>(),
                  "part of the rows up to where a row would be"),
};

}  // namespace

std::span<const KernelRow> hypothetical_kernels() { return kRows; }

}  // namespace luma
