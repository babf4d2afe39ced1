#pragma once
// The codec of one type: how LumaDB reads, prints, sends, compares, hashes and keys its values.
// Each family of types (numbers, strings, date and time, json, ...) offers a table of these; the
// registry binds them by name to the pg_type facts. A nullptr member means that the operation does
// not exist.
#include <span>
#include <string_view>

#include "engine/type/type_info.h"

namespace luma {

struct TypeCodec {
  std::string_view name;  // internal type name, "int4"
  PhysicalType physical = PhysicalType::kVarlen;
  TextInput input = nullptr;
  TextOutput output = nullptr;
  BinaryReceive receive = nullptr;
  BinarySend send = nullptr;
  CompareFn compare = nullptr;
  HashFn hash = nullptr;
  KeyEncode key_encode = nullptr;
  KeyDecode key_decode = nullptr;
};

}  // namespace luma
