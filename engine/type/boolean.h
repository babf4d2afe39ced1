#pragma once
// bool and "char" (one byte).
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> boolean_codecs();

// Accepts what PostgreSQL accepts: any unambiguous prefix of true, false, yes, no, on, off; 1, 0.
// False when `text` (already without blanks around it) is none of them.
bool parse_bool(std::string_view text, bool& result);

}  // namespace luma
