#pragma once
// macaddr and macaddr8: the address as an unsigned number, its first byte the highest (of 6 or 8).
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> mac_address_codecs();

}  // namespace luma
