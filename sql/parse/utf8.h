#pragma once
// Private to sql/parse: the encoding check that PostgreSQL does on every text a client sends.
#include <string_view>

namespace luma::parse {

// Throws SqlError 22021 in PostgreSQL's words when `text` has a NUL or is not UTF-8.
void check_utf8(std::string_view text);

bool is_utf8(std::string_view text);  // and without NUL

// Where the character `position` (from 1) begins; the text must be valid UTF-8.
int byte_offset_of_character(std::string_view text, int position);

}  // namespace luma::parse
