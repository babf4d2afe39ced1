// pgcrypto: digests, password hashes, random bytes and raw ciphers, by OpenSSL and libcrypt.
#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

using std::string_view;

SqlError invalid(std::string text) { return {SqlState::kInvalidParameterValue, std::move(text)}; }

std::string lower_name(string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return out;
}

const EVP_MD* digest_named(string_view name) {
  struct Row {
    string_view name;
    const EVP_MD* (*digest)();
  };
  static constexpr Row kDigests[] = {{"md5", EVP_md5},       {"sha1", EVP_sha1},
                                     {"sha224", EVP_sha224}, {"sha256", EVP_sha256},
                                     {"sha384", EVP_sha384}, {"sha512", EVP_sha512}};
  std::string wanted = lower_name(name);
  for (const Row& row : kDigests) {
    if (row.name == wanted) return row.digest();
  }
  throw invalid(fmt::format("Cannot use \"{}\": No such hash algorithm", name));
}

Datum digest(RowCall& call, string_view data, string_view algorithm) {
  uint8_t out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(data.data(), data.size(), out, &length, digest_named(algorithm), nullptr) != 1) {
    throw SqlError(SqlState::kInternalError, "could not compute a digest");
  }
  return arena_string(call.arena, string_view(reinterpret_cast<char*>(out), length));
}

Datum hmac(RowCall& call, string_view data, string_view key, string_view algorithm) {
  uint8_t out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const EVP_MD* method = digest_named(algorithm);
  if (HMAC(method, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const uint8_t*>(data.data()), data.size(), out, &length) == nullptr) {
    throw SqlError(SqlState::kInternalError, "could not compute a digest");
  }
  return arena_string(call.arena, string_view(reinterpret_cast<char*>(out), length));
}

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<uint8_t*>(out.data()), static_cast<int>(count)) != 1) {
    throw SqlError(SqlState::kInternalError, "could not generate a random number");
  }
  return out;
}

Datum gen_random_bytes(RowCall& call, int32_t count) {
  if (count < 1 || count > 1024) {
    throw SqlError(SqlState::kExternalRoutineInvocationException, "Length not in range");
  }
  return arena_string(call.arena, random_bytes(static_cast<size_t>(count)));
}

// --- password hashes ---

// Digits of crypt's own base 64.
constexpr string_view kCryptDigits =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr string_view kBlowfishDigits =
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

std::string random_digits(size_t count) {
  std::string out = random_bytes(count);
  for (char& c : out) c = kCryptDigits[static_cast<unsigned char>(c) & 63];
  return out;
}

// 16 bytes as 22 digits, most significant bits first.
std::string blowfish_salt() {
  std::string bytes = random_bytes(16);
  std::string out;
  for (size_t bit = 0; bit < 128; bit += 6) {
    unsigned value = 0;
    for (size_t i = bit; i < bit + 6; ++i) {
      bool set = i < 128 && ((static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8)) & 1) != 0;
      value = value * 2 + (set ? 1 : 0);
    }
    out += kBlowfishDigits[value];
  }
  return out;
}

// `rounds` 0: the algorithm's own.
std::string make_salt(string_view algorithm, int32_t rounds) {
  std::string name = lower_name(algorithm);
  auto in_range = [&](int32_t low, int32_t high) {
    if (rounds < low || rounds > high) {
      throw invalid("gen_salt: Incorrect number of rounds");
    }
  };
  if (name == "des") {
    if (rounds != 0) in_range(25, 25);
    return random_digits(2);
  }
  if (name == "md5") {
    if (rounds != 0) in_range(1000, 1000);
    return "$1$" + random_digits(8);
  }
  if (name == "xdes") {
    if (rounds == 0) rounds = 29 * 25;
    in_range(1, 0xFFFFFF);
    // Even counts would show weak keys.
    if (rounds % 2 == 0) throw invalid("gen_salt: Incorrect number of rounds");
    std::string out = "_";
    for (int shift = 0; shift < 24; shift += 6) {
      out += kCryptDigits[static_cast<size_t>(rounds >> shift) & 63];
    }
    return out + random_digits(4);
  }
  if (name == "bf") {
    if (rounds == 0) rounds = 6;
    in_range(4, 31);
    return fmt::format("$2a${:02}${}", rounds, blowfish_salt());
  }
  throw invalid("gen_salt: Unknown salt algorithm");
}

Datum gen_salt(RowCall& call, string_view algorithm) {
  return arena_string(call.arena, make_salt(algorithm, 0));
}
Datum gen_salt_rounds(RowCall& call, string_view algorithm, int32_t rounds) {
  return arena_string(call.arena, make_salt(algorithm, rounds));
}

bool known_salt(string_view salt) {
  if (salt.starts_with("$2a$") || salt.starts_with("$2x$") || salt.starts_with("$1$")) return true;
  if (salt.starts_with("_")) return salt.size() >= 9;
  return !salt.starts_with("$") && salt.size() >= 2;
}

Datum crypt_password(RowCall& call, string_view password, string_view salt) {
  if (salt.size() < 2) throw invalid("invalid salt");
  if (!known_salt(salt)) throw invalid("invalid salt");
  auto data = std::make_unique<crypt_data>();
  std::string clear(password.substr(0, password.find('\0'))), setting(salt);
  const char* hash = crypt_r(clear.c_str(), setting.c_str(), data.get());
  if (hash == nullptr || hash[0] == '*') throw invalid("invalid salt");
  return arena_string(call.arena, string_view(hash));
}

// --- raw ciphers ---

struct Cipher {
  const EVP_CIPHER* method;
  bool pads;
};

// "aes-cbc/pad:pkcs" and its parts; `key_bytes` decides which AES.
Cipher cipher_named(string_view name, size_t key_bytes) {
  std::string text = lower_name(name);
  auto unknown = [&] {
    return invalid(fmt::format("Cannot use \"{}\": No such cipher algorithm", name));
  };
  std::string padding = "pkcs", mode = "cbc";
  if (size_t slash = text.find('/'); slash != text.npos) {
    std::string option = text.substr(slash + 1);
    if (!option.starts_with("pad:")) throw unknown();
    padding = option.substr(4);
    text.resize(slash);
  }
  if (size_t dash = text.find('-'); dash != text.npos) {
    mode = text.substr(dash + 1);
    text.resize(dash);
  }
  if ((padding != "pkcs" && padding != "none") || (mode != "cbc" && mode != "ecb")) {
    throw unknown();
  }
  bool cbc = mode == "cbc";
  const EVP_CIPHER* method = nullptr;
  if (text == "aes" || text == "rijndael") {
    method = key_bytes <= 16   ? (cbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb())
             : key_bytes <= 24 ? (cbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb())
                               : (cbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb());
  } else if (text == "3des" || text == "des3") {
    method = cbc ? EVP_des_ede3_cbc() : EVP_des_ede3_ecb();
  } else if (text == "bf" || text == "blowfish" || text == "des" || text == "cast5") {
    throw unsupported("a cipher of pgcrypto other than aes and 3des");
  } else {
    throw unknown();
  }
  return {method, padding == "pkcs"};
}

Datum run_cipher(RowCall& call, bool encrypt, string_view data, string_view key, string_view iv,
                 string_view name) {
  Cipher cipher = cipher_named(name, key.size());
  auto key_size = static_cast<size_t>(EVP_CIPHER_key_length(cipher.method));
  auto block = static_cast<size_t>(EVP_CIPHER_block_size(cipher.method));
  std::string full_key(key), full_iv(iv.substr(0, block));
  full_key.resize(key_size);
  full_iv.resize(block);
  std::vector<uint8_t> out(data.size() + 2 * block);
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                          EVP_CIPHER_CTX_free);
  const auto* in = reinterpret_cast<const uint8_t*>(data.data());
  int first = 0, last = 0;
  bool fine = EVP_CipherInit_ex(context.get(), cipher.method, nullptr,
                                reinterpret_cast<const uint8_t*>(full_key.data()),
                                reinterpret_cast<const uint8_t*>(full_iv.data()), encrypt) == 1;
  fine = fine && EVP_CIPHER_CTX_set_padding(context.get(), cipher.pads ? 1 : 0) == 1;
  if (fine && !cipher.pads && data.size() % block != 0) {
    throw SqlError(
        SqlState::kExternalRoutineInvocationException,
        encrypt ? "encrypt error: Encryption failed" : "decrypt error: Decryption failed");
  }
  fine = fine && EVP_CipherUpdate(context.get(), out.data(), &first, in,
                                  static_cast<int>(data.size())) == 1;
  fine = fine && EVP_CipherFinal_ex(context.get(), out.data() + first, &last) == 1;
  if (!fine) {
    throw SqlError(
        SqlState::kExternalRoutineInvocationException,
        encrypt ? "encrypt error: Encryption failed" : "decrypt error: Decryption failed");
  }
  return arena_string(call.arena, string_view(reinterpret_cast<char*>(out.data()),
                                              static_cast<size_t>(first + last)));
}

template <bool kEncrypt>
Datum cipher(RowCall& call, string_view data, string_view key, string_view name) {
  return run_cipher(call, kEncrypt, data, key, {}, name);
}
template <bool kEncrypt>
Datum cipher_iv(RowCall& call, string_view data, string_view key, string_view iv,
                string_view name) {
  return run_cipher(call, kEncrypt, data, key, iv, name);
}

Value gen_random_uuid(RowCall&, const Value*) {
  std::string bytes = random_bytes(sizeof(Uuid));
  Uuid out;
  std::copy(bytes.begin(), bytes.end(), out.bytes);
  out.bytes[6] = static_cast<uint8_t>((out.bytes[6] & 0x0F) | 0x40);
  out.bytes[8] = static_cast<uint8_t>((out.bytes[8] & 0x3F) | 0x80);
  return Datum::of_uuid(out);
}

const ExtensionFunction kRows[] = {
    extension_row("digest(text,text)", "bytea", strict_kernel<digest>),
    extension_row("digest(bytea,text)", "bytea", strict_kernel<digest>),
    extension_row("hmac(text,text,text)", "bytea", strict_kernel<hmac>),
    extension_row("hmac(bytea,bytea,text)", "bytea", strict_kernel<hmac>),
    extension_row("crypt(text,text)", "text", strict_kernel<crypt_password>),
    extension_row("gen_salt(text)", "text", strict_kernel<gen_salt>, 'v'),
    extension_row("gen_salt(text,int4)", "text", strict_kernel<gen_salt_rounds>, 'v'),
    extension_row("encrypt(bytea,bytea,text)", "bytea", strict_kernel<(cipher<true>)>),
    extension_row("decrypt(bytea,bytea,text)", "bytea", strict_kernel<(cipher<false>)>),
    extension_row("encrypt_iv(bytea,bytea,bytea,text)", "bytea", strict_kernel<(cipher_iv<true>)>),
    extension_row("decrypt_iv(bytea,bytea,bytea,text)", "bytea", strict_kernel<(cipher_iv<false>)>),
    extension_row("gen_random_bytes(int4)", "bytea", strict_kernel<gen_random_bytes>, 'v'),
    extension_row("gen_random_uuid()", "uuid", row_kernel<gen_random_uuid>, 'v'),
};

}  // namespace

std::span<const ExtensionFunction> pgcrypto_functions() { return kRows; }

}  // namespace luma
