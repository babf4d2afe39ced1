#pragma once
// What a sort that needs only its first rows knows about the first sort key once it has seen enough
// of them: rows that are worse than the worst of the best so far need not come at all. Operators
// below leave them out before they make the rest of their columns.
//
// Any thread may note and ask after begin(); until the first full set of rows everything passes.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/exec/key_type.h"
#include "engine/exec/operator.h"

namespace luma {

class TopBound {
 public:
  // `keeps_ties`: further sort keys decide between rows of one first key.
  TopBound(KeyType type, bool descending, bool keeps_ties)
      : type_(type),
        is_integer_(type.orders_as_integer()),
        descending_(descending),
        keeps_ties_(keeps_ties) {}

  // Begins anew: `rows` are wanted. With too many of them it stays without a bound.
  void begin(uint64_t rows);
  // These keys have come.
  void note(const Vector& keys, uint32_t count);

  bool is_set() const { return bound().has_value(); }
  bool is_descending() const { return descending_; }
  // The numbers of the rows that may be among the first into `selection`; returns how many. NULLs
  // are kept, and rows that tie with the bound where further keys decide.
  uint32_t keep(const Vector& keys, uint32_t count, uint32_t* selection) const;

  bool compares_integers() const { return is_integer_; }
  // Of integers: no row whose key is between these two can be among the first.
  bool rules_out(int64_t least, int64_t greatest) const;

 private:
  static constexpr uint64_t kMaxRows = 1024;

  // The worst of the best so far; nothing while there are too few.
  std::optional<Datum> bound() const;
  int64_t integer_of(const Datum& value) const;
  bool is_better(const Datum& a, const Datum& b) const {
    const int order = key_compare(type_, a, b);
    return descending_ ? order > 0 : order < 0;
  }
  template <typename T, bool descending>
  uint32_t keep_integers(const Datum& bound, bool keeps_ties, const Vector& keys, uint32_t count,
                         uint32_t* selection) const;
  uint32_t keep(const Datum& bound, bool keeps_ties, const Vector& keys, uint32_t count,
                uint32_t* selection) const;

  KeyType type_;
  bool is_integer_;  // decided without a call per value
  bool descending_, keeps_ties_;
  uint64_t rows_ = 0;
  mutable std::mutex mutex_;
  std::vector<Datum> best_;  // a heap, the worst of them on top; no long strings
};

// Operators that can use a bound, or pass it on to where their rows come from.
class TopBoundTarget {
 public:
  virtual ~TopBoundTarget() = default;
  // Rows of the output may be left out whose `column` the bound rules out. Called before the first
  // open(). The bound outlives the operator's use.
  virtual void accept_bound(uint32_t column, const std::shared_ptr<const TopBound>& bound) = 0;
};

// Offers `bound` to an operator of any kind.
void offer_bound(Operator& op, uint32_t column, const std::shared_ptr<const TopBound>& bound);

}  // namespace luma
