#include "pgwire/scram.h"

#include <charconv>

#include "engine/base/sql_error.h"
#include "pgwire/crypto.h"

namespace luma {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kSaltBytes = 16;
constexpr size_t kNonceBytes = 18;

[[noreturn]] void malformed(std::string detail) {
  throw sql_error(SqlState::kProtocolViolation, "malformed SCRAM message")
      .detail(std::move(detail));
}

// "<name>=<value>" up to the next comma; advances past it.
std::string_view read_attribute(std::string_view& message, char name) {
  if (message.empty() || message[0] != name) {
    malformed(
        fmt::format("Expected attribute \"{}\" but found \"{}\".", name,
                    message.empty() ? std::string("end of message") : std::string(1, message[0])));
  }
  message.remove_prefix(1);
  if (message.empty() || message[0] != '=') {
    malformed(fmt::format("Expected character \"=\" for attribute \"{}\".", name));
  }
  message.remove_prefix(1);
  size_t comma = message.find(',');
  std::string_view value = message.substr(0, comma);
  message.remove_prefix(comma == std::string_view::npos ? message.size() : comma + 1);
  return value;
}

bool is_printable_nonce(std::string_view nonce) {
  for (char c : nonce) {
    if (c < 0x21 || c > 0x7E || c == ',') return false;
  }
  return !nonce.empty();
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  std::string out(a);
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ b[i]);
  return out;
}

}  // namespace

std::optional<ScramVerifier> ScramVerifier::parse(std::string_view text) {
  constexpr std::string_view kPrefix = "SCRAM-SHA-256$";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  size_t colon = text.find(':'), dollar = text.find('$'), colon2 = text.rfind(':');
  if (colon == text.npos || dollar == text.npos || colon > dollar || colon2 < dollar)
    return std::nullopt;
  ScramVerifier verifier;
  auto number = text.substr(0, colon);
  auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), verifier.iterations);
  if (error != std::errc{} || end != number.data() + number.size() || verifier.iterations < 1) {
    return std::nullopt;
  }
  auto salt = base64_decode(text.substr(colon + 1, dollar - colon - 1));
  auto stored = base64_decode(text.substr(dollar + 1, colon2 - dollar - 1));
  auto server = base64_decode(text.substr(colon2 + 1));
  if (!salt || !stored || !server || stored->size() != kKeyBytes || server->size() != kKeyBytes) {
    return std::nullopt;
  }
  verifier.salt = *salt;
  verifier.stored_key = *stored;
  verifier.server_key = *server;
  return verifier;
}

ScramVerifier ScramVerifier::from_password(std::string_view password, std::string salt,
                                           int iterations) {
  ScramVerifier verifier;
  verifier.iterations = iterations;
  verifier.salt = salt.empty() ? random_bytes(kSaltBytes) : std::move(salt);
  std::string salted = pbkdf2_sha256(password, verifier.salt, iterations);
  verifier.stored_key = sha256(hmac_sha256(salted, "Client Key"));
  verifier.server_key = hmac_sha256(salted, "Server Key");
  return verifier;
}

ScramVerifier ScramVerifier::mock(std::string_view user, std::string_view cluster_secret) {
  ScramVerifier verifier;
  verifier.salt = hmac_sha256(cluster_secret, user).substr(0, kSaltBytes);
  verifier.stored_key.assign(kKeyBytes, '\0');
  verifier.server_key.assign(kKeyBytes, '\0');
  return verifier;
}

std::string ScramVerifier::to_string() const {
  return fmt::format("SCRAM-SHA-256${}:{}${}:{}", iterations, base64_encode(salt),
                     base64_encode(stored_key), base64_encode(server_key));
}

bool ScramVerifier::matches_password(std::string_view password) const {
  std::string salted = pbkdf2_sha256(password, salt, iterations);
  return equal_in_constant_time(hmac_sha256(salted, "Server Key"), server_key);
}

ScramServer::ScramServer(ScramVerifier verifier, bool doomed, std::string channel_binding,
                         std::string server_nonce)
    : verifier_(std::move(verifier)),
      doomed_(doomed),
      channel_binding_(std::move(channel_binding)),
      server_nonce_(server_nonce.empty() ? base64_encode(random_bytes(kNonceBytes))
                                         : std::move(server_nonce)) {}

void ScramServer::parse_channel_binding_flag(std::string_view& message, bool plus) {
  std::string_view whole = message;
  if (message.empty()) malformed("The message is empty.");
  binding_flag_ = message[0];
  if (binding_flag_ == 'p') {
    if (!plus)
      malformed(
          "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM "
          "message includes channel binding data.");
    std::string_view type = read_attribute(message, 'p');
    if (type != "tls-server-end-point") {
      throw sql_error(SqlState::kProtocolViolation, "unsupported SCRAM channel-binding type \"{}\"",
                      type);
    }
  } else if (binding_flag_ == 'n' || binding_flag_ == 'y') {
    if (plus)
      malformed(
          "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include "
          "channel binding data.");
    if (binding_flag_ == 'y' && !channel_binding_.empty()) {
      // The client believes we lack what we offered: somebody in the middle removed it.
      throw sql_error(SqlState::kInvalidAuthorizationSpecification,
                      "SCRAM channel binding negotiation error")
          .detail(
              "The client supports SCRAM channel binding but thinks the server does not.  However, "
              "this server does support channel binding.");
    }
    message.remove_prefix(1);
    if (message.empty() || message[0] != ',')
      malformed("Comma expected, but found something else.");
    message.remove_prefix(1);
  } else {
    malformed(fmt::format("Unexpected channel-binding flag \"{}\".", binding_flag_));
  }
  if (message.starts_with("a=")) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "client uses authorization identity, but it is not supported");
  }
  if (message.empty() || message[0] != ',')
    malformed("Unexpected attribute in client-first-message.");
  message.remove_prefix(1);
  gs2_header_ = whole.substr(0, whole.size() - message.size());
}

std::string ScramServer::first(std::string_view mechanism, std::string_view client_first) {
  if (client_first.find('\0') != client_first.npos) {
    malformed("Message length does not match input length.");
  }
  parse_channel_binding_flag(client_first, mechanism == kScramPlusMechanism);
  client_first_bare_ = client_first;
  if (client_first.starts_with("m=")) {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "client requires an unsupported SCRAM extension");
  }
  read_attribute(client_first, 'n');  // the user of the startup packet counts, as in PostgreSQL
  std::string_view client_nonce = read_attribute(client_first, 'r');
  if (!is_printable_nonce(client_nonce)) {
    throw sql_error(SqlState::kProtocolViolation, "non-printable characters in SCRAM nonce");
  }
  nonce_ = std::string(client_nonce) + server_nonce_;
  server_first_ =
      fmt::format("r={},s={},i={}", nonce_, base64_encode(verifier_.salt), verifier_.iterations);
  return server_first_;
}

std::optional<std::string> ScramServer::final(std::string_view client_final) {
  std::string_view rest = client_final;
  std::string_view binding = read_attribute(rest, 'c');
  std::string expected = gs2_header_ + (binding_flag_ == 'p' ? channel_binding_ : std::string());
  if (binding != base64_encode(expected)) {
    if (binding_flag_ == 'p') {
      throw sql_error(SqlState::kInvalidAuthorizationSpecification,
                      "SCRAM channel binding check failed");
    }
    throw sql_error(SqlState::kProtocolViolation,
                    "unexpected SCRAM channel-binding attribute in client-final-message");
  }
  std::string_view nonce = read_attribute(rest, 'r');
  if (nonce != nonce_) {
    throw sql_error(SqlState::kProtocolViolation, "invalid SCRAM response")
        .detail("Nonce does not match.");
  }
  // Extensions may stand between the nonce and the proof, which is always last.
  size_t proof_at = client_final.rfind(",p=");
  if (proof_at == client_final.npos)
    malformed("Expected attribute \"p\" but found \"end of message\".");
  auto proof = base64_decode(client_final.substr(proof_at + 3));
  if (!proof || proof->size() != kKeyBytes) malformed("Malformed proof in client-final-message.");

  std::string auth_message = client_first_bare_ + "," + server_first_ + ",";
  auth_message += client_final.substr(0, proof_at);
  std::string client_key = exclusive_or(*proof, hmac_sha256(verifier_.stored_key, auth_message));
  bool matches = equal_in_constant_time(sha256(client_key), verifier_.stored_key);
  if (!matches || doomed_) return std::nullopt;
  return "v=" + base64_encode(hmac_sha256(verifier_.server_key, auth_message));
}

}  // namespace luma
