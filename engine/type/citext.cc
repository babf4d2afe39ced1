// citext: text that is compared, hashed and ordered by its lower case.
#include "engine/type/codec_templates.h"
#include "engine/type/extension_type.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

Datum citext_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return arena_string(arena, text);
}
Datum citext_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                  Arena& arena) {
  verify_utf8(bytes);
  return arena_string(arena, bytes);
}
void citext_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(value.str.view());
}

int citext_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  int order = lower_text(a.str.view()).compare(lower_text(b.str.view()));
  return order < 0 ? -1 : order > 0;
}
uint64_t citext_hash(const Datum& value, const TypeInfo&) {
  return hash_bytes(lower_text(value.str.view()));
}
void citext_key(const Datum& value, const TypeInfo&, std::string& out) {
  put_key_text(out, lower_text(value.str.view()));
}

// Keys hold the lower case only, so the value comes from the row.
constexpr TypeCodec kCodecs[] = {
    {"citext", PhysicalType::kVarlen, citext_in, citext_out, citext_recv, citext_out,
     citext_compare, citext_hash, citext_key, nullptr},
};

}  // namespace

std::span<const TypeCodec> citext_codecs() { return kCodecs; }

}  // namespace luma
