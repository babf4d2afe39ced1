#pragma once
// Comparison, hash and key functions that several families of types share. Include in .cc files
// only.
#include "engine/type/key_bytes.h"
#include "engine/type/type_info.h"
#include "engine/type/value_hash.h"

namespace luma {

inline std::string_view trim_spaces(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

template <auto member>
int compare_member(const Datum& a, const Datum& b, const TypeInfo&) {
  return a.*member < b.*member ? -1 : a.*member > b.*member;
}

template <auto member>
uint64_t hash_member(const Datum& value, const TypeInfo&) {
  return hash_int64(static_cast<int64_t>(value.*member));
}

inline void encode_int16_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_int16(out, value.i16);
}
inline void encode_int32_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_int32(out, value.i32);
}
inline void encode_int64_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_int64(out, value.i64);
}
inline Datum decode_int16_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int16(take_key_int16(key));
}
inline Datum decode_int32_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int32(take_key_int32(key));
}
inline Datum decode_int64_key(std::string_view& key, const TypeInfo&, Arena&) {
  return Datum::of_int64(take_key_int64(key));
}

// Bytes of a varlen value.
inline int compare_bytes(const Datum& a, const Datum& b, const TypeInfo&) {
  int order = a.str.view().compare(b.str.view());
  return order < 0 ? -1 : order > 0;
}
inline uint64_t hash_varlen(const Datum& value, const TypeInfo&) {
  return hash_bytes(value.str.view());
}
inline void encode_bytes_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_text(out, value.str.view());
}
inline Datum decode_bytes_key(std::string_view& key, const TypeInfo&, Arena& arena) {
  std::string text;
  take_key_text(key, text);
  return Datum::of_string(text.size() > StringRef::kInlineBytes ? arena.copy(text)
                                                                : std::string_view(text));
}

}  // namespace luma
