#include "pgwire/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

const unsigned char* bytes_of(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

std::string digest(const EVP_MD* algorithm, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  // MD5 may be disabled by the system's policy: then it must fail, not return garbage.
  if (EVP_Digest(data.data(), data.size(), out, &length, algorithm, nullptr) != 1) {
    throw sql_error(SqlState::kInternalError, "could not compute a message digest");
  }
  return {reinterpret_cast<char*>(out), length};
}

}  // namespace

std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }

std::string hmac_sha256(std::string_view key, std::string_view data) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(), out,
           &length) == nullptr) {
    throw sql_error(SqlState::kInternalError, "could not compute an HMAC");
  }
  return {reinterpret_cast<char*>(out), length};
}

std::string md5_hex(std::string_view data) {
  std::string hex;
  for (char byte : digest(EVP_md5(), data))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

std::string pbkdf2_sha256(std::string_view password, std::string_view salt, int iterations) {
  std::string out(32, '\0');
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt),
                        static_cast<int>(salt.size()), iterations, EVP_sha256(),
                        static_cast<int>(out.size()),
                        reinterpret_cast<unsigned char*>(out.data())) != 1) {
    throw sql_error(SqlState::kInternalError, "could not derive a key");
  }
  return out;
}

std::string base64_encode(std::string_view data) {
  std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');
  int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(data),
                               static_cast<int>(data.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                               static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  size_t padding = text.size() - (text.find_last_not_of('=') + 1);
  if (text.empty()) padding = 0;
  if (padding > 2) return std::nullopt;
  out.resize(static_cast<size_t>(length) - padding);
  // OpenSSL skips white space; encoding again settles what is canonical.
  if (base64_encode(out) != text) return std::nullopt;
  return out;
}

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1) {
    throw sql_error(SqlState::kInternalError, "could not generate random bytes");
  }
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace luma
