#pragma once
// hstore: a set of keys, each with a text or NULL. The bytes of a value: u32 count, then for each
// pair the u32 end of its key and the u32 end of its value (the top bit: NULL) among the characters
// that follow. Pairs are in the order of their keys: by length, then by bytes; no key is there
// twice.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"

namespace luma {

struct HstorePair {
  std::string_view key;
  std::optional<std::string_view> value;
};
using HstorePairs = std::vector<HstorePair>;

// The pairs point into `bytes`.
HstorePairs read_hstore(std::string_view bytes);
// Pairs in their order.
Datum store_hstore(const HstorePairs& pairs, Arena& arena);
// Sorts; of equal keys the first one stays.
void normalize_hstore(HstorePairs& pairs);
const HstorePair* find_hstore_key(const HstorePairs& pairs, std::string_view key);
// Whether a key stands before another one.
bool hstore_key_less(std::string_view a, std::string_view b);

}  // namespace luma
