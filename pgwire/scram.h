#pragma once
// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's half (RFC 5802, 7677, channel binding
// tls-server-end-point of RFC 5929), and PostgreSQL's format of stored verifiers.
#include <optional>
#include <string>
#include <string_view>

namespace luma {

// rolpassword: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in base64.
struct ScramVerifier {
  int iterations = 4096;
  std::string salt;
  std::string stored_key;
  std::string server_key;

  // nullopt when `text` is not a well-formed verifier.
  static std::optional<ScramVerifier> parse(std::string_view text);
  // What CREATE ROLE ... PASSWORD stores. `salt` empty: 16 random bytes.
  static ScramVerifier from_password(std::string_view password, std::string salt = {},
                                     int iterations = 4096);
  // For a role that cannot log in: looks the same at every attempt, and never verifies.
  static ScramVerifier mock(std::string_view user, std::string_view cluster_secret);
  std::string to_string() const;
  bool matches_password(std::string_view password) const;
};

inline constexpr std::string_view kScramMechanism = "SCRAM-SHA-256";
inline constexpr std::string_view kScramPlusMechanism = "SCRAM-SHA-256-PLUS";

// One exchange. Malformed messages throw 08P01 (fatal), a wrong password only makes verify() false.
class ScramServer {
 public:
  // `channel_binding` is the hash of the server certificate; empty without TLS. `doomed`: the
  // exchange runs to its end and then fails, so that nobody learns which roles exist.
  // `server_nonce` is for tests.
  ScramServer(ScramVerifier verifier, bool doomed, std::string channel_binding,
              std::string server_nonce = {});

  // client-first-message in, server-first-message out. `mechanism` is the one the client chose.
  std::string first(std::string_view mechanism, std::string_view client_first);
  // client-final-message in; server-final-message out, or nullopt when the proof is wrong.
  std::optional<std::string> final(std::string_view client_final);

 private:
  void parse_channel_binding_flag(std::string_view& message, bool plus);

  ScramVerifier verifier_;
  bool doomed_;
  std::string channel_binding_;
  std::string server_nonce_;
  std::string gs2_header_;
  char binding_flag_ = 'n';
  std::string client_first_bare_;
  std::string server_first_;
  std::string nonce_;
};

}  // namespace luma
