#pragma once
// The password exchange of one connection. Roles that do not exist, have no password or have
// expired go through the same messages as others and fail at the same point.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pgwire/backend.h"
#include "pgwire/scram.h"

namespace luma {

enum class AuthMethod : uint8_t { kTrust, kReject, kScram, kMd5, kPassword };

class Authenticator {
 public:
  // `channel_binding`: hash of the server's certificate under TLS, else empty. `cluster_secret`
  // seeds the salts shown for roles that have none.
  Authenticator(AuthMethod method, std::string user, std::optional<RoleCredentials> role,
                std::string channel_binding, std::string cluster_secret);

  // Appends the first request. True when nothing is to be asked (trust).
  bool begin(std::string& output);
  // Verifying costs milliseconds of CPU: not for an event loop.
  bool needs_worker() const { return method_ == AuthMethod::kPassword; }
  // `body` of a 'p' message. True when the client is who it says. Throws FATAL 28P01, 08P01.
  bool respond(std::string_view body, std::string& output);

 private:
  enum class SaslStep : uint8_t { kInitial, kFinal };

  bool respond_sasl(std::string_view body, std::string& output);
  void check_md5(std::string_view body);
  void check_password(std::string_view body);
  [[noreturn]] void refuse() const;

  AuthMethod method_;
  std::string user_;
  RoleCredentials role_;
  bool may_log_in_;
  std::string channel_binding_;
  std::string cluster_secret_;
  std::string md5_salt_;
  SaslStep sasl_step_ = SaslStep::kInitial;
  std::unique_ptr<ScramServer> scram_;
};

}  // namespace luma
