#include "sql/bind/candidates.h"

#include <algorithm>

#include "engine/type/type_info.h"
#include "sql/bind/polymorphic.h"

namespace luma {

namespace {

char category_of(Oid type) {
  const TypeInfo* info = find_type(type);
  return info == nullptr ? 'X' : info->category;
}

bool is_preferred(char category, Oid type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr && info->category == category && info->preferred;
}

// Keeps the candidates with the highest score.
template <typename Score>
void keep_best(std::vector<const Candidate*>& candidates, Score&& score) {
  int best = -1;
  std::vector<const Candidate*> kept;
  for (const Candidate* candidate : candidates) {
    int points = score(*candidate);
    if (points > best) {
      best = points;
      kept.clear();
    }
    if (points == best) kept.push_back(candidate);
  }
  candidates = std::move(kept);
}

// Unknown arguments: settle on a type category per position, string preferred, and drop the
// candidates of other categories. False when the categories conflict.
bool filter_by_category(std::span<const Oid> actual, std::vector<const Candidate*>& candidates) {
  std::vector<char> category(actual.size(), 0);
  std::vector<bool> has_preferred(actual.size(), false);
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] != type_oid::kUnknown) continue;
    bool conflict = false;
    for (const Candidate* candidate : candidates) {
      Oid type = candidate->arg_types[i];
      char current = category_of(type);
      if (category[i] == 0) {
        category[i] = current;
        has_preferred[i] = is_preferred(current, type);
      } else if (category[i] == current) {
        has_preferred[i] = has_preferred[i] || is_preferred(current, type);
      } else if (current == 'S') {
        category[i] = current;
        has_preferred[i] = is_preferred(current, type);
        conflict = false;
      } else if (category[i] != 'S') {
        conflict = true;
      }
    }
    if (conflict) return false;
  }
  std::vector<const Candidate*> kept;
  for (const Candidate* candidate : candidates) {
    bool keep = true;
    for (size_t i = 0; i < actual.size() && keep; ++i) {
      if (actual[i] != type_oid::kUnknown) continue;
      Oid type = candidate->arg_types[i];
      if (category_of(type) != category[i]) keep = false;
      if (has_preferred[i] && !is_preferred(category[i], type)) keep = false;
    }
    if (keep) kept.push_back(candidate);
  }
  if (!kept.empty()) candidates = std::move(kept);
  return true;
}

}  // namespace

const Candidate* choose_candidate(std::span<const Oid> actual,
                                  const std::vector<const Candidate*>& viable,
                                  const AcceptsTypes& accepts) {
  std::vector<const Candidate*> candidates = viable;
  if (candidates.size() == 1) return candidates[0];
  if (candidates.empty()) return nullptr;
  size_t unknowns = std::count(actual.begin(), actual.end(), type_oid::kUnknown);
  keep_best(candidates, [&](const Candidate& candidate) {
    int exact = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      exact += actual[i] != type_oid::kUnknown && candidate.arg_types[i] == actual[i];
    }
    return exact;
  });
  if (candidates.size() == 1) return candidates[0];
  keep_best(candidates, [&](const Candidate& candidate) {
    int points = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      if (actual[i] == type_oid::kUnknown) continue;
      points += candidate.arg_types[i] == actual[i] ||
                is_preferred(category_of(actual[i]), candidate.arg_types[i]);
    }
    return points;
  });
  if (candidates.size() == 1) return candidates[0];
  if (unknowns == 0) return nullptr;
  if (filter_by_category(actual, candidates) && candidates.size() == 1) return candidates[0];
  // Last resort: when all known arguments have one type, suppose the unknown ones have it too.
  if (unknowns < actual.size()) {
    Oid known = kInvalidOid;
    for (Oid type : actual) {
      if (type == type_oid::kUnknown) continue;
      if (known == kInvalidOid) known = type;
      if (known != type) return nullptr;
    }
    std::vector<Oid> supposed(actual.size(), known);
    const Candidate* found = nullptr;
    for (const Candidate* candidate : candidates) {
      if (!accepts(supposed, candidate->arg_types)) continue;
      if (found != nullptr) return nullptr;
      found = candidate;
    }
    return found;
  }
  return nullptr;
}

}  // namespace luma
