#pragma once
// bytea: any bytes.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> bytea_codecs();

void append_bytea(std::string_view bytes, ByteaOutput format, std::string& out);
// Both text forms, \\x... and escapes; throws 22P02 and 22023.
Datum parse_bytea(std::string_view text, Arena& arena);

}  // namespace luma
