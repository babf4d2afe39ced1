#pragma once
// Quoting of literals as PostgreSQL does it; quote_identifier() is in sql/catalog/name_resolution.h.
// Thread-safe.
#include <string>
#include <string_view>

namespace luma {

// 'text', or E'text' when there are backslashes.
std::string quote_literal(std::string_view text);

}  // namespace luma
