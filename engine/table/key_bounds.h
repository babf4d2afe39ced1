#pragma once
// Turns a KeyRange into byte ranges of an index's keys, once per open(). One thread.
#include <optional>
#include <string>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/row/key_codec.h"
#include "engine/table/scan.h"

namespace luma {

class KeyBounds {
 public:
  KeyBounds(const IndexDesc& index, uint32_t storage_id, const KeyRange& range);

  // True when every range is the one key of at most one entry; lower() is that key.
  bool points() const { return points_; }
  // At most one range, whatever the parameters.
  bool single() const { return !any_of_ && alternatives_.empty(); }

  void evaluate(EvalContext& context);
  // Disjoint, in ascending order.
  size_t count() const { return count_; }
  std::string_view lower(size_t i) const { return ranges_[i].lower; }
  std::string_view upper(size_t i) const { return ranges_[i].upper; }

 private:
  struct Part {
    std::optional<ExprEvaluator> equal;
    bool is_null = false;
  };
  struct Range {
    std::string lower, upper;
  };
  Range& add_range();
  // Narrows to the bounds on the part after the prefix; drops the range when nothing can match.
  void add_bounded(const std::string& prefix);
  bool evaluate_bounds(EvalContext& context);
  void evaluate_alternatives(EvalContext& context);

  std::vector<KeyBounds> alternatives_;
  KeyCodec codec_;
  uint32_t storage_id_;
  std::vector<Part> parts_;
  std::optional<ExprEvaluator> any_of_;
  std::optional<ExprEvaluator> lower_, upper_;
  bool lower_inclusive_, upper_inclusive_;
  bool points_;
  std::string prefix_, lower_key_, upper_key_;
  std::vector<std::string> prefixes_;
  std::vector<Range> ranges_;
  size_t count_ = 0;
};

}  // namespace luma
