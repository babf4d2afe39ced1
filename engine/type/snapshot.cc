#include "engine/type/snapshot.h"

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

// Adds an id, in ascending order; false when it does not belong into the snapshot.
bool add_running(SnapshotValue& snapshot, uint64_t id) {
  uint64_t least = snapshot.running.empty() ? snapshot.xmin : snapshot.running.back();
  if (id < least || id >= snapshot.xmax) return false;
  if (snapshot.running.empty() || snapshot.running.back() != id) snapshot.running.push_back(id);
  return true;
}

// "xmin:xmax:id,id"
bool parse(std::string_view text, SnapshotValue& snapshot) {
  const char* at = text.data();
  const char* end = at + text.size();
  auto number = [&](uint64_t& value) {
    auto [stop, error] = std::from_chars(at, end, value);
    at = stop;
    return error == std::errc();
  };
  auto accept = [&](char c) { return at != end && *at++ == c; };
  if (!number(snapshot.xmin) || !accept(':') || !number(snapshot.xmax) || !accept(':'))
    return false;
  if (snapshot.xmin == 0 || snapshot.xmax == 0 || snapshot.xmax < snapshot.xmin) return false;
  while (at != end) {
    uint64_t id = 0;
    if (!number(id) || !add_running(snapshot, id)) return false;
    if (at != end && !accept(',')) return false;
  }
  return true;
}

Datum snapshot_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  SnapshotValue snapshot;
  if (!parse(text, snapshot)) {
    throw sql_error(SqlState::kInvalidTextRepresentation,
                    "invalid input syntax for type pg_snapshot: \"{}\"", text);
  }
  return store_snapshot(snapshot, arena);
}

void snapshot_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  SnapshotValue snapshot = read_snapshot(value.str.view());
  fmt::format_to(std::back_inserter(out), "{}:{}:", snapshot.xmin, snapshot.xmax);
  for (size_t i = 0; i < snapshot.running.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ",", snapshot.running[i]);
  }
}

Datum snapshot_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                    Arena& arena) {
  WireReader reader(bytes);
  SnapshotValue snapshot;
  auto count = static_cast<int32_t>(reader.u32());
  snapshot.xmin = reader.u64();
  snapshot.xmax = reader.u64();
  bool valid = count >= 0 && snapshot.xmin != 0 && snapshot.xmax >= snapshot.xmin;
  for (int32_t i = 0; valid && i < count; ++i) valid = add_running(snapshot, reader.u64());
  if (!valid) {
    throw sql_error(SqlState::kInvalidBinaryRepresentation, "invalid external pg_snapshot data");
  }
  reader.expect_end();
  return store_snapshot(snapshot, arena);
}

void snapshot_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  SnapshotValue snapshot = read_snapshot(value.str.view());
  put_u32(out, static_cast<uint32_t>(snapshot.running.size()));
  put_u64(out, snapshot.xmin);
  put_u64(out, snapshot.xmax);
  for (uint64_t id : snapshot.running) put_u64(out, id);
}

constexpr TypeCodec kCodecs[] = {
    {"pg_snapshot", PhysicalType::kVarlen, snapshot_in, snapshot_out, snapshot_recv, snapshot_send},
    {"txid_snapshot", PhysicalType::kVarlen, snapshot_in, snapshot_out, snapshot_recv,
     snapshot_send},
};

}  // namespace

bool SnapshotValue::is_visible(uint64_t id) const {
  if (id < xmin) return true;
  return id < xmax && !std::binary_search(running.begin(), running.end(), id);
}

SnapshotValue read_snapshot(std::string_view value) {
  SnapshotValue snapshot;
  std::vector<uint64_t> words(value.size() / sizeof(uint64_t));
  std::memcpy(words.data(), value.data(), words.size() * sizeof(uint64_t));
  snapshot.xmin = words[0];
  snapshot.xmax = words[1];
  snapshot.running.assign(words.begin() + 2, words.end());
  return snapshot;
}

Datum store_snapshot(const SnapshotValue& snapshot, Arena& arena) {
  std::vector<uint64_t> words = {snapshot.xmin, snapshot.xmax};
  words.insert(words.end(), snapshot.running.begin(), snapshot.running.end());
  return Datum::of_string(arena.copy(std::string_view(reinterpret_cast<const char*>(words.data()),
                                                      words.size() * sizeof(uint64_t))));
}

std::span<const TypeCodec> snapshot_codecs() { return kCodecs; }

}  // namespace luma
