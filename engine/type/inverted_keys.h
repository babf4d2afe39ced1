#pragma once
// Inverted indexes (gin, gist, spgist, brin): how values are taken apart into keys, and which keys
// a search asks for. What the keys promise is a superset of the rows: searches test every row that
// they find. One row of the table in the .cc file for each operator class. Immutable, thread-safe.
#include <cstdint>
#include <string>
#include <vector>

#include "engine/type/type_info.h"

namespace luma {

struct InvertedQuery {
  enum class Kind : uint8_t {
    kKey,     // values with this key
    kPrefix,  // values with a key that begins so
    // Values with a key before, up to, from or behind this one.
    kBelow,
    kThrough,
    kFrom,
    kAbove,
    kRanges,  // values with a key in one of `ranges`
    kAnd,
    kOr,
    kAll,   // any value
    kNone,  // no value
    kEmpty  // values without keys
  };
  Kind kind = Kind::kAll;
  std::string key;
  std::vector<InvertedQuery> parts;
  struct Range {
    std::string from, to;  // both included
  };
  std::vector<Range> ranges;  // ascending and apart from each other
};

struct InvertedKeys {
  Oid opclass = kInvalidOid;
  // Appends the keys of a value that is not NULL: any bytes, in any order, repeated ones too.
  void (*extract)(const Datum& value, const TypeInfo& type, std::vector<std::string>& keys);
  struct Search {
    int16_t strategy;  // of the operator in its class
    InvertedQuery (*make)(const Datum& query, const TypeInfo& type);
  };
  std::vector<Search> searches;
  // Operators between values of other types than the key's find nothing.
  bool same_type_only = false;

  const Search* search(int16_t strategy) const;  // nullptr: the index does not help
};

// nullptr: values of that operator class are not taken apart.
const InvertedKeys* find_inverted_keys(Oid opclass);
// Whether an index of the class can be made for values of the type.
bool can_invert(const InvertedKeys& keys, const TypeInfo& type);

}  // namespace luma
