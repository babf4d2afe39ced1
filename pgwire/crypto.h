#pragma once
// The few cryptographic primitives that authentication needs. Pure functions, thread-safe.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace luma {

std::string sha256(std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);
std::string md5_hex(std::string_view data);
// Hi() of RFC 5802.
std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations);
std::string base64_encode(std::string_view data);
// nullopt for anything that is not canonical base64.
std::optional<std::string> base64_decode(std::string_view text);
// Cryptographically strong; throws XX000 when the system cannot provide it.
std::string random_bytes(size_t count);
// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace luma
