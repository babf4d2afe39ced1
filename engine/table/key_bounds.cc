#include "engine/table/key_bounds.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/table/index_entry.h"
#include "engine/type/array.h"

namespace luma {

KeyBounds::KeyBounds(const IndexDesc& index, uint32_t storage_id, const KeyRange& range)
    : codec_(index.keys),
      storage_id_(storage_id),
      lower_inclusive_(range.lower_inclusive),
      upper_inclusive_(range.upper_inclusive) {
  if (!range.alternatives.empty()) {
    points_ = true;
    for (const KeyRange& each : range.alternatives) {
      points_ = alternatives_.emplace_back(index, storage_id, each).points_ && points_;
    }
    // One key is a range, too.
    for (KeyBounds& each : alternatives_) each.points_ = points_;
    return;
  }
  bool whole_key = range.parts.size() == codec_.size() && range.lower == nullptr &&
                   range.upper == nullptr && (index.clustered || holds_row_key_in_value(index));
  for (size_t i = 0; i < range.parts.size(); ++i) {
    const KeyRange::Part& part = range.parts[i];
    if (part.any_of != nullptr) {
      LUMA_CHECK(i + 1 == range.parts.size());
      any_of_.emplace(*part.any_of, 1);
      break;
    }
    Part& mine = parts_.emplace_back();
    mine.is_null = part.is_null;
    if (part.is_null) {
      whole_key = false;
    } else {
      LUMA_CHECK(part.equal != nullptr);
      mine.equal.emplace(*part.equal, 1);
    }
  }
  LUMA_CHECK(range.parts.size() <= codec_.size());
  if (range.lower != nullptr) lower_.emplace(*range.lower, 1);
  if (range.upper != nullptr) upper_.emplace(*range.upper, 1);
  LUMA_CHECK((!lower_ && !upper_) || range.parts.size() < codec_.size());
  points_ = whole_key;
}

KeyBounds::Range& KeyBounds::add_range() {
  if (count_ == ranges_.size()) ranges_.emplace_back();
  return ranges_[count_++];
}

void KeyBounds::evaluate_alternatives(EvalContext& context) {
  std::vector<std::pair<std::string_view, std::string_view>> found;
  for (KeyBounds& each : alternatives_) {
    each.evaluate(context);
    for (size_t i = 0; i < each.count(); ++i) found.emplace_back(each.lower(i), each.upper(i));
  }
  std::ranges::sort(found);
  for (const auto& [lower, upper] : found) {
    if (count_ > 0) {
      Range& last = ranges_[count_ - 1];
      if (points_ ? lower == last.lower : lower <= last.upper) {
        if (upper > last.upper) last.upper.assign(upper);
        continue;
      }
    }
    Range& range = add_range();
    range.lower.assign(lower);
    range.upper.assign(upper);
  }
}

void KeyBounds::evaluate(EvalContext& context) {
  count_ = 0;
  if (!alternatives_.empty()) return evaluate_alternatives(context);
  prefix_.clear();
  append_storage_id(prefix_, storage_id_);
  for (size_t i = 0; i < parts_.size(); ++i) {
    Value value;
    if (!parts_[i].is_null) {
      value = parts_[i].equal->evaluate_scalar(context);
      if (value.is_null) return;
    } else if (!codec_.nullable(i)) {
      return;
    }
    codec_.append(i, value, prefix_);
  }
  if (!evaluate_bounds(context)) return;
  if (!any_of_) return add_bounded(prefix_);
  Value list = any_of_->evaluate_scalar(context);
  if (list.is_null) return;
  ArrayView array(list.datum);
  prefixes_.resize(array.size());
  size_t used = 0;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) continue;
    prefixes_[used].assign(prefix_);
    codec_.append(parts_.size(), array.element(i), prefixes_[used]);
    ++used;
  }
  prefixes_.resize(used);
  std::sort(prefixes_.begin(), prefixes_.end());
  prefixes_.erase(std::unique(prefixes_.begin(), prefixes_.end()), prefixes_.end());
  for (const std::string& prefix : prefixes_) add_bounded(prefix);
}

// Encodes the bounds without prefix; false when one is NULL.
bool KeyBounds::evaluate_bounds(EvalContext& context) {
  size_t part = parts_.size() + (any_of_ ? 1 : 0);
  auto encode = [&](std::optional<ExprEvaluator>& bound, std::string& out) {
    if (!bound) return true;
    Value value = bound->evaluate_scalar(context);
    if (value.is_null) return false;
    out.clear();
    codec_.append(part, value, out);
    return true;
  };
  return encode(lower_, lower_key_) && encode(upper_, upper_key_);
}

void KeyBounds::add_bounded(const std::string& prefix) {
  Range& range = add_range();
  range.lower.assign(prefix);
  if (points_) return;
  range.upper.assign(prefix);
  if (!lower_ && !upper_) return make_prefix_end(range.upper);
  size_t part = parts_.size() + (any_of_ ? 1 : 0);
  bool descending = codec_.descending(part);
  const auto& first = descending ? upper_ : lower_;
  const auto& last = descending ? lower_ : upper_;
  bool first_inclusive = descending ? upper_inclusive_ : lower_inclusive_;
  bool last_inclusive = descending ? lower_inclusive_ : upper_inclusive_;
  const std::string& first_key = descending ? upper_key_ : lower_key_;
  const std::string& last_key = descending ? lower_key_ : upper_key_;
  // A bound excludes NULLs on its open side, too.
  if (first) {
    range.lower.append(first_key);
    if (!first_inclusive) make_prefix_end(range.lower);
  } else {
    codec_.append_value_tag(part, range.lower);
  }
  if (last) {
    range.upper.append(last_key);
    if (last_inclusive) make_prefix_end(range.upper);
  } else {
    codec_.append_value_tag(part, range.upper);
    make_prefix_end(range.upper);
  }
  if (range.upper <= range.lower) --count_;
}

}  // namespace luma
