#pragma once
// money: 64-bit cents, printed as PostgreSQL does with lc_monetary C.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> money_codecs();

void append_money(int64_t cents, std::string& out);

}  // namespace luma
