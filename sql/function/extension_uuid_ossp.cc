// uuid-ossp: UUIDs of versions 1, 3, 4 and 5, and the name spaces of the last but one.
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstring>
#include <mutex>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

using Bytes = std::array<uint8_t, 16>;

Uuid uuid_of(const Bytes& bytes) {
  Uuid out;
  std::memcpy(&out, bytes.data(), sizeof(out));
  return out;
}

void set_version(Bytes& bytes, int version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | (version << 4));
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
}

void fill_random(uint8_t* to, size_t count) {
  if (RAND_bytes(to, static_cast<int>(count)) != 1) {
    throw SqlError(SqlState::kInternalError, "could not generate random values");
  }
}

Uuid name_space(uint8_t number) {
  // 6ba7b81x-9dad-11d1-80b4-00c04fd430c8 of RFC 4122
  return uuid_of({0x6b, 0xa7, 0xb8, number, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f,
                  0xd4, 0x30, 0xc8});
}

template <uint8_t kNumber>
Value name_space_row(RowCall&, const Value*) {
  return Datum::of_uuid(kNumber == 0 ? uuid_of({}) : name_space(kNumber));
}

// Times since 1582 in units of 100 ns never repeat: a clock that stands still or goes back is
// pushed on.
uint64_t next_time() {
  constexpr uint64_t kUnixEpoch = 0x01B21DD213814000ull;
  static std::mutex mutex;
  static uint64_t last = 0;
  auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                 .count();
  std::lock_guard guard(mutex);
  last = std::max(last + 1, kUnixEpoch + static_cast<uint64_t>(now) / 100);
  return last;
}

// The node is random, with the bit that tells it from a network card's number. Version 1 keeps it
// for the life of the process, 1mc takes a new one each time.
Uuid time_based(bool new_node) {
  static const std::array<uint8_t, 8> kProcessNode = [] {
    std::array<uint8_t, 8> node;
    fill_random(node.data(), node.size());
    return node;
  }();
  std::array<uint8_t, 8> node = kProcessNode;
  if (new_node) fill_random(node.data(), node.size());
  node[2] |= 0x01;
  uint64_t time = next_time();
  Bytes bytes{};
  auto put = [&](size_t at, uint64_t value, int count) {
    for (int i = 0; i < count; ++i) {
      bytes[at + static_cast<size_t>(i)] = static_cast<uint8_t>(value >> (8 * (count - 1 - i)));
    }
  };
  put(0, time & 0xFFFFFFFF, 4);
  put(4, (time >> 32) & 0xFFFF, 2);
  put(6, (time >> 48) & 0x0FFF, 2);
  std::copy(node.begin(), node.end(), bytes.begin() + 8);
  set_version(bytes, 1);
  return uuid_of(bytes);
}

Value version1(RowCall&, const Value*) { return Datum::of_uuid(time_based(false)); }
Value version1mc(RowCall&, const Value*) { return Datum::of_uuid(time_based(true)); }

Value version4(RowCall&, const Value*) {
  Bytes bytes;
  fill_random(bytes.data(), bytes.size());
  set_version(bytes, 4);
  return Datum::of_uuid(uuid_of(bytes));
}

Uuid name_based(const Uuid& space, std::string_view name, const EVP_MD* digest, int version) {
  std::string input(reinterpret_cast<const char*>(&space), sizeof(space));
  input += name;
  uint8_t hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(input.data(), input.size(), hash, &length, digest, nullptr) != 1) {
    throw SqlError(SqlState::kInternalError, "could not compute a digest");
  }
  Bytes bytes;
  std::copy(hash, hash + bytes.size(), bytes.begin());
  set_version(bytes, version);
  return uuid_of(bytes);
}
Uuid version3(const Uuid& space, std::string_view name) {
  return name_based(space, name, EVP_md5(), 3);
}
Uuid version5(const Uuid& space, std::string_view name) {
  return name_based(space, name, EVP_sha1(), 5);
}

const ExtensionFunction kRows[] = {
    extension_row("uuid_nil()", "uuid", row_kernel<name_space_row<0>>),
    extension_row("uuid_ns_dns()", "uuid", row_kernel<name_space_row<0x10>>),
    extension_row("uuid_ns_url()", "uuid", row_kernel<name_space_row<0x11>>),
    extension_row("uuid_ns_oid()", "uuid", row_kernel<name_space_row<0x12>>),
    extension_row("uuid_ns_x500()", "uuid", row_kernel<name_space_row<0x14>>),
    extension_row("uuid_generate_v1()", "uuid", row_kernel<version1>, 'v'),
    extension_row("uuid_generate_v1mc()", "uuid", row_kernel<version1mc>, 'v'),
    extension_row("uuid_generate_v3(uuid,text)", "uuid", strict_kernel<version3>),
    extension_row("uuid_generate_v4()", "uuid", row_kernel<version4>, 'v'),
    extension_row("uuid_generate_v5(uuid,text)", "uuid", strict_kernel<version5>),
};

}  // namespace

std::span<const ExtensionFunction> uuid_ossp_functions() { return kRows; }

}  // namespace luma
