#pragma once
// Quoting of identifiers and literals as PostgreSQL does it. Thread-safe.
#include <string>
#include <string_view>

namespace luma {

// Double-quoted when it is no plain lower-case identifier or is a keyword that needs it.
std::string quote_identifier(std::string_view name);
// 'text', or E'text' when there are backslashes.
std::string quote_literal(std::string_view text);

}  // namespace luma
