#pragma once
// uuid.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> uuid_codecs();

Uuid parse_uuid(std::string_view text);
void append_uuid(const Uuid& uuid, std::string& out);

}  // namespace luma
