// pg_trgm: how alike two texts are, by the groups of three characters that they share.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/string.h"
#include "engine/type/trigram.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

using std::string_view;

float share(size_t common, size_t first, size_t second) {
  return static_cast<float>(common) / static_cast<float>(first + second - common);
}

float similarity_of(string_view a, string_view b) {
  std::vector<Trigram> left = trigram_set(a), right = trigram_set(b);
  if (left.empty() || right.empty()) return 0;
  std::vector<Trigram> common;
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::back_inserter(common));
  return share(common.size(), left.size(), right.size());
}

// The best similarity of the first text's set with the set of any stretch of the second text.
// `strict`: only stretches of whole words.
float word_similarity_of(string_view a, string_view b, bool strict) {
  Trigrams needle = trigrams_in_order(a), text = trigrams_in_order(b);
  std::vector<Trigram> all = needle.list;
  all.insert(all.end(), text.list.begin(), text.list.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  auto number_of = [&](const Trigram& trigram) {
    return static_cast<size_t>(std::lower_bound(all.begin(), all.end(), trigram) - all.begin());
  };
  std::vector<bool> wanted(all.size(), false);
  size_t wanted_count = 0;
  for (const Trigram& trigram : needle.list) {
    auto flag = wanted[number_of(trigram)];
    if (!flag) ++wanted_count;
    flag = true;
  }
  std::vector<size_t> numbers;
  for (const Trigram& trigram : text.list) numbers.push_back(number_of(trigram));

  // A stretch from `lower` on: how many different trigrams, how many of them wanted, and where each
  // stands last.
  std::vector<int64_t> last_place(all.size(), -1);
  size_t different = 0, found = 0;
  std::optional<size_t> lower;
  if (strict) lower = 0;
  float best = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    size_t number = numbers[i];
    if (lower || wanted[number]) {
      if (last_place[number] < 0) {
        ++different;
        found += wanted[number];
      }
      last_place[number] = static_cast<int64_t>(i);
    }
    if (strict ? (text.bounds[i] & kTrigramRight) == 0 : !wanted[number]) continue;
    if (!lower) {
      lower = i;
      different = 1;
    }
    float current = share(found, wanted_count, different);
    size_t fewer = different, fewer_found = found, begin = *lower;
    for (size_t from = begin; from <= i; ++from) {
      if (!strict || (text.bounds[from] & kTrigramLeft) != 0) {
        float shorter = share(fewer_found, wanted_count, fewer);
        if (shorter > current) {
          current = shorter;
          different = fewer;
          found = fewer_found;
          lower = from;
        }
      }
      if (last_place[numbers[from]] == static_cast<int64_t>(from)) {
        --fewer;
        fewer_found -= wanted[numbers[from]];
      }
    }
    best = std::max(best, current);
    for (size_t from = begin; from < *lower; ++from) {
      if (last_place[numbers[from]] == static_cast<int64_t>(from)) last_place[numbers[from]] = -1;
    }
  }
  return best;
}

float similarity(string_view a, string_view b) { return similarity_of(a, b); }
float distance(string_view a, string_view b) { return 1.0F - similarity_of(a, b); }
template <bool kStrict>
float word_similarity(string_view a, string_view b) {
  return word_similarity_of(a, b, kStrict);
}

Datum show_trgm(RowCall& call, string_view text) {
  ArrayBuilder out(type_oid::kText);
  for (const Trigram& trigram : trigram_set(text)) {
    if (trigram.hashed) {
      auto byte = [&](size_t i) { return static_cast<uint8_t>(trigram.bytes[i]); };
      out.add(
          arena_string(call.arena, fmt::format("0x{:02x}{:02x}{:02x}", byte(0), byte(1), byte(2))));
    } else {
      out.add(arena_string(call.arena,
                           string_view(reinterpret_cast<const char*>(trigram.bytes.data()), 3)));
    }
  }
  return out.finish(call.arena);
}

// A threshold of the session: a setting of its own name, whose default is the extension's.
float threshold(RowCall& call, std::string_view name, float standard) {
  std::string text;
  if (call.context.session == nullptr || !call.context.session->setting(name, true, text) ||
      text.empty()) {
    return standard;
  }
  return std::stof(text);
}
constexpr string_view kSimilaritySetting = "pg_trgm.similarity_threshold";
constexpr float kSimilarityDefault = 0.3F;

Value show_limit(RowCall& call, const Value*) {
  return Datum::of_float(threshold(call, kSimilaritySetting, kSimilarityDefault));
}
float set_limit(RowCall& call, float value) {
  if (!(value >= 0 && value <= 1)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "{:g} is outside the valid range for parameter \"{}\" (0 .. 1)", value,
                    kSimilaritySetting);
  }
  call.context.session->set_setting(kSimilaritySetting, fmt::format("{:g}", value), false);
  return value;
}
bool similarity_op(RowCall& call, string_view a, string_view b) {
  return similarity_of(a, b) >= threshold(call, kSimilaritySetting, kSimilarityDefault);
}
bool word_similarity_op(RowCall& call, string_view a, string_view b) {
  return word_similarity_of(a, b, false) >=
         threshold(call, "pg_trgm.word_similarity_threshold", 0.6F);
}
bool strict_word_similarity_op(RowCall& call, string_view a, string_view b) {
  return word_similarity_of(a, b, true) >=
         threshold(call, "pg_trgm.strict_word_similarity_threshold", 0.5F);
}
template <auto kFunction>
bool turned(RowCall& call, string_view a, string_view b) {
  return kFunction(call, b, a);
}
template <bool kStrict, bool kTurned>
float word_distance(string_view a, string_view b) {
  return 1.0F - (kTurned ? word_similarity_of(b, a, kStrict) : word_similarity_of(a, b, kStrict));
}

const ExtensionFunction kRows[] = {
    extension_row("set_limit(float4)", "float4", strict_kernel<set_limit>, 'v'),
    extension_row("show_limit()", "float4", row_kernel<show_limit>, 's'),
    extension_row("show_trgm(text)", "_text", strict_kernel<show_trgm>),
    extension_row("similarity(text,text)", "float4", strict_kernel<similarity>),
    extension_row("similarity_op(text,text)", "bool", strict_kernel<similarity_op>, 's'),
    extension_row("similarity_dist(text,text)", "float4", strict_kernel<distance>),
    extension_row("word_similarity(text,text)", "float4", strict_kernel<(word_similarity<false>)>),
    extension_row("word_similarity_op(text,text)", "bool", strict_kernel<word_similarity_op>, 's'),
    extension_row("word_similarity_commutator_op(text,text)", "bool",
                  strict_kernel<(turned<word_similarity_op>)>, 's'),
    extension_row("word_similarity_dist_op(text,text)", "float4",
                  strict_kernel<(word_distance<false, false>)>),
    extension_row("word_similarity_dist_commutator_op(text,text)", "float4",
                  strict_kernel<(word_distance<false, true>)>),
    extension_row("strict_word_similarity(text,text)", "float4",
                  strict_kernel<(word_similarity<true>)>),
    extension_row("strict_word_similarity_op(text,text)", "bool",
                  strict_kernel<strict_word_similarity_op>, 's'),
    extension_row("strict_word_similarity_commutator_op(text,text)", "bool",
                  strict_kernel<(turned<strict_word_similarity_op>)>, 's'),
    extension_row("strict_word_similarity_dist_op(text,text)", "float4",
                  strict_kernel<(word_distance<true, false>)>),
    extension_row("strict_word_similarity_dist_commutator_op(text,text)", "float4",
                  strict_kernel<(word_distance<true, true>)>),
};

}  // namespace

std::span<const ExtensionFunction> pg_trgm_functions() { return kRows; }

}  // namespace luma
