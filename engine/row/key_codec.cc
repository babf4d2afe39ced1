#include "engine/row/key_codec.h"

#include "engine/base/sql_error.h"
#include "engine/type/key_bytes.h"

namespace luma {

void append_storage_id(std::string& out, uint32_t storage_id) { put_u32(out, storage_id); }

void append_row_id(std::string& out, uint64_t row_id) { put_u64(out, row_id); }

void make_prefix_end(std::string& prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
}

KeyCodec::KeyCodec(std::span<const KeyPart> parts) {
  parts_.reserve(parts.size());
  bool decodable = true;
  for (const KeyPart& part : parts) {
    const TypeInfo& type = type_info(part.type.oid);
    if (type.key_encode == nullptr) {
      throw unsupported("an index over type {}", format_type(part.type.oid));
    }
    parts_.push_back({&type, part.nullable, part.descending,
                      part.nulls_first ? kKeyNullFirstTag : kKeyNullLastTag});
    decodable = decodable && type.key_decode != nullptr;
    if (decodable) ++decodable_parts_;
  }
}

void KeyCodec::append(size_t number, const Value& value, std::string& out) const {
  const Part& part = parts_[number];
  if (value.is_null) {
    LUMA_CHECK(part.nullable);
    out.push_back(part.null_tag);
    return;
  }
  if (part.nullable) out.push_back(kKeyValueTag);
  size_t start = out.size();
  part.type->key_encode(value.datum, *part.type, out);
  if (part.descending) {
    for (size_t i = start; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
}

Value KeyCodec::decode(size_t number, std::string_view& key, Arena& arena) const {
  const Part& part = parts_[number];
  LUMA_CHECK(part.type->key_decode != nullptr);
  if (part.nullable && take_key_bytes(key, 1)[0] != kKeyValueTag) return Value::null();
  if (!part.descending) return part.type->key_decode(key, *part.type, arena);
  char* inverted = arena.allocate_bytes(key.size());
  for (size_t i = 0; i < key.size(); ++i) inverted[i] = static_cast<char>(~key[i]);
  std::string_view rest(inverted, key.size());
  Datum datum = part.type->key_decode(rest, *part.type, arena);
  key.remove_prefix(key.size() - rest.size());
  return datum;
}

}  // namespace luma
