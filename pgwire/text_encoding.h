#pragma once
// UTF-8, the one encoding text arrives in.
#include <cstddef>
#include <string_view>

namespace luma {

// Length of the longest valid prefix of `text`: its size when all of it is valid. Overlong forms,
// surrogates and zero bytes are invalid, as in PostgreSQL.
size_t valid_utf8_prefix(std::string_view text);

// Throws 22021 naming the first offending bytes.
void check_utf8(std::string_view text);

}  // namespace luma
