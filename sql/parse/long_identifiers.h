#pragma once
// Names that are longer than PostgreSQL keeps: the grammar cuts them, and the user is told.
#include <string>
#include <string_view>
#include <vector>

namespace luma {

inline constexpr size_t kMaxNameBytes = 63;

struct LongIdentifier {
  std::string name, kept;
};

// The identifiers of the text that are cut, in order. Thread-safe.
std::vector<LongIdentifier> long_identifiers(std::string_view sql,
                                             bool standard_conforming_strings = true);

}  // namespace luma
