#include "engine/type/uuid.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

constexpr size_t kBytes = sizeof(Uuid::bytes);

Datum uuid_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_uuid(parse_uuid(text));
}
void uuid_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_uuid(value.uuid, out);
}
Datum uuid_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  Uuid uuid;
  std::memcpy(uuid.bytes, reader.take(kBytes).data(), kBytes);
  reader.expect_end();
  return Datum::of_uuid(uuid);
}
void uuid_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(reinterpret_cast<const char*>(value.uuid.bytes), kBytes);
}
int uuid_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return std::memcmp(a.uuid.bytes, b.uuid.bytes, kBytes);
}
uint64_t uuid_hash(const Datum& value, const TypeInfo&) {
  return hash_bytes({reinterpret_cast<const char*>(value.uuid.bytes), kBytes});
}
void uuid_key(const Datum& value, const TypeInfo&, std::string& out) {
  out.append(reinterpret_cast<const char*>(value.uuid.bytes), kBytes);
}
Datum uuid_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  Uuid uuid;
  std::memcpy(uuid.bytes, take_key_bytes(key, kBytes).data(), kBytes);
  return Datum::of_uuid(uuid);
}

constexpr TypeCodec kCodecs[] = {
    {"uuid", PhysicalType::kUuid, uuid_in, uuid_out, uuid_recv, uuid_send, uuid_compare, uuid_hash,
     uuid_key, uuid_from_key},
};

}  // namespace

Uuid parse_uuid(std::string_view text) {
  auto invalid = [&] {
    return sql_error(SqlState::kInvalidTextRepresentation,
                     "invalid input syntax for type uuid: \"{}\"", text);
  };
  std::string_view rest = text;
  bool braces = !rest.empty() && rest[0] == '{';
  if (braces) rest.remove_prefix(1);
  auto digit = [&]() -> int {
    if (rest.empty()) throw invalid();
    char c = rest[0];
    rest.remove_prefix(1);
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    throw invalid();
  };
  Uuid uuid;
  for (size_t i = 0; i < kBytes; ++i) {
    int high = digit();
    uuid.bytes[i] = static_cast<uint8_t>(high << 4 | digit());
    // A hyphen may follow every two bytes.
    if (i % 2 == 1 && i + 1 < kBytes && !rest.empty() && rest[0] == '-') rest.remove_prefix(1);
  }
  if (braces) {
    if (rest.empty() || rest[0] != '}') throw invalid();
    rest.remove_prefix(1);
  }
  if (!rest.empty()) throw invalid();
  return uuid;
}

void append_uuid(const Uuid& uuid, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < kBytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kDigits[uuid.bytes[i] >> 4]);
    out.push_back(kDigits[uuid.bytes[i] & 15]);
  }
}

std::span<const TypeCodec> uuid_codecs() { return kCodecs; }

}  // namespace luma
