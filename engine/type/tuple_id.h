#pragma once
// tid: where a row is. Six bytes, block and offset as PostgreSQL writes them, high byte first.
// Where the row's key is more than they can tell, they are a hash of it and the key follows: two
// such values are equal when the keys are; a value read from text equals all with its six bytes.
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/type_codec.h"

namespace luma {

// For rows that are numbered.
Datum tuple_id_of_number(int64_t number, Arena& arena);
// For rows that are known by the bytes of a key.
Datum tuple_id_of_key(std::string_view key, Arena& arena);

std::span<const TypeCodec> tuple_id_codecs();

}  // namespace luma
