#include "engine/type/tuple_id.h"

#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/value_hash.h"

namespace luma {
namespace {

constexpr size_t kPlaceBytes = 6;
constexpr int kOffsetBits = 15;
constexpr uint32_t kOffsetMask = (1u << kOffsetBits) - 1;
// Numbers from here on do not fit below the blocks that stand for hashes.
constexpr int64_t kLastNumber = (int64_t{1} << (31 + kOffsetBits)) - 1;
constexpr uint32_t kHashedBlock = 1u << 31;

std::string place(uint32_t block, uint16_t offset) {
  std::string out;
  put_u32(out, block);
  put_u16(out, offset);
  return out;
}

Datum make(std::string_view bytes, Arena& arena) {
  return Datum::of_string(bytes.size() > StringRef::kInlineBytes ? arena.copy(bytes) : bytes);
}

template <typename T>
bool read_number(std::string_view text, T& out) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Datum tid_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  auto invalid = [&] {
    return sql_error(SqlState::kInvalidTextRepresentation,
                     "invalid input syntax for type tid: \"{}\"", text);
  };
  size_t open = text.find('('), comma = text.find(','), close = text.find(')');
  if (open == std::string_view::npos || comma == std::string_view::npos ||
      close == std::string_view::npos || open > comma || comma > close) {
    throw invalid();
  }
  std::string_view first = text.substr(open + 1, comma - open - 1);
  std::string_view second = text.substr(comma + 1, close - comma - 1);
  int64_t block = 0;
  uint16_t offset = 0;
  if (!read_number(first, block) || !read_number(second, offset) || block < INT32_MIN ||
      block > UINT32_MAX) {
    throw invalid();
  }
  return make(place(static_cast<uint32_t>(block), offset), arena);
}

void tid_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  std::string_view bytes = value.str.view();
  WireReader reader(bytes.substr(0, kPlaceBytes));
  uint32_t block = reader.u32();
  fmt::format_to(std::back_inserter(out), "({},{})", block, reader.u16());
}

Datum tid_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  WireReader reader(bytes);
  uint32_t block = reader.u32();
  uint16_t offset = reader.u16();
  reader.expect_end();
  return make(place(block, offset), arena);
}

void tid_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out += value.str.view().substr(0, kPlaceBytes);
}

int tid_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  std::string_view x = a.str.view(), y = b.str.view();
  int order = x.substr(0, kPlaceBytes).compare(y.substr(0, kPlaceBytes));
  if (order == 0 && x.size() > kPlaceBytes && y.size() > kPlaceBytes) order = x.compare(y);
  return order < 0 ? -1 : order > 0;
}

uint64_t tid_hash(const Datum& value, const TypeInfo&) {
  return hash_bytes(value.str.view().substr(0, kPlaceBytes));
}

constexpr TypeCodec kCodecs[] = {
    {"tid", PhysicalType::kVarlen, tid_in, tid_out, tid_recv, tid_send, tid_compare, tid_hash,
     nullptr, nullptr},
};

}  // namespace

Datum tuple_id_of_key(std::string_view key, Arena& arena) {
  uint64_t hash = hash_bytes(key);
  std::string bytes = place(kHashedBlock | static_cast<uint32_t>(hash >> 32),
                            static_cast<uint16_t>((hash & kOffsetMask) + 1));
  bytes += key;
  return make(bytes, arena);
}

Datum tuple_id_of_number(int64_t number, Arena& arena) {
  if (number < 0 || number > kLastNumber) {
    std::string key;
    put_u64(key, static_cast<uint64_t>(number));
    return tuple_id_of_key(key, arena);
  }
  return make(place(static_cast<uint32_t>(number >> kOffsetBits),
                    static_cast<uint16_t>((number & kOffsetMask) + 1)),
              arena);
}

std::span<const TypeCodec> tuple_id_codecs() { return kCodecs; }

}  // namespace luma
