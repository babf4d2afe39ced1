#include "pgwire/authenticator.h"

#include <cstring>

#include "pgwire/crypto.h"
#include "pgwire/message_reader.h"

namespace luma {
namespace {

constexpr uint32_t kCleartextPassword = 3, kMd5Password = 5, kSasl = 10, kSaslContinue = 11,
                   kSaslFinal = 12;

void append_request(std::string& output, uint32_t code, std::string_view data) {
  uint32_t words[] = {__builtin_bswap32(static_cast<uint32_t>(8 + data.size())),
                      __builtin_bswap32(code)};
  output.push_back('R');
  output.append(reinterpret_cast<const char*>(words), sizeof words);
  output.append(data);
}

}  // namespace

Authenticator::Authenticator(AuthMethod method, std::string user,
                             std::optional<RoleCredentials> role, std::string channel_binding,
                             std::string cluster_secret)
    : method_(method),
      user_(std::move(user)),
      role_(role.value_or(RoleCredentials{})),
      may_log_in_(role.has_value() && !role_.verifier.empty() && !role_.expired),
      channel_binding_(std::move(channel_binding)),
      cluster_secret_(std::move(cluster_secret)) {
  // A stored SCRAM verifier cannot answer an MD5 challenge, and SCRAM is the better exchange
  // anyway.
  if (method_ == AuthMethod::kMd5 && !role_.verifier.starts_with("md5"))
    method_ = AuthMethod::kScram;
}

bool Authenticator::begin(std::string& output) {
  switch (method_) {
    case AuthMethod::kTrust:
      return true;
    case AuthMethod::kPassword:
      append_request(output, kCleartextPassword, {});
      return false;
    case AuthMethod::kMd5:
      md5_salt_ = random_bytes(4);
      append_request(output, kMd5Password, md5_salt_);
      return false;
    case AuthMethod::kScram: {
      std::string mechanisms;
      if (!channel_binding_.empty()) mechanisms.append(kScramPlusMechanism).push_back('\0');
      mechanisms.append(kScramMechanism).append(2, '\0');
      append_request(output, kSasl, mechanisms);
      return false;
    }
    case AuthMethod::kReject:
      break;
  }
  refuse();
}

bool Authenticator::respond(std::string_view body, std::string& output) {
  try {
    switch (method_) {
      case AuthMethod::kScram:
        return respond_sasl(body, output);
      case AuthMethod::kMd5:
        check_md5(body);
        return true;
      case AuthMethod::kPassword:
        check_password(body);
        return true;
      default:
        refuse();
    }
  } catch (SqlError& error) {
    error.fatal = true;  // there is no second try
    throw;
  }
}

bool Authenticator::respond_sasl(std::string_view body, std::string& output) {
  if (sasl_step_ == SaslStep::kFinal) {
    std::optional<std::string> answer = scram_->final(body);
    if (!answer) refuse();
    append_request(output, kSaslFinal, *answer);
    return true;
  }
  MessageReader reader(body);
  std::string_view mechanism = reader.read_string();
  if (mechanism != kScramMechanism &&
      !(mechanism == kScramPlusMechanism && !channel_binding_.empty())) {
    throw sql_error(SqlState::kProtocolViolation,
                    "client selected an invalid SASL authentication mechanism");
  }
  int32_t length = reader.read_int32();
  // Without an initial response there is nothing to go on: SCRAM's first word is the client's.
  std::string_view client_first = reader.read_bytes(length < 0 ? 0 : static_cast<size_t>(length));
  reader.expect_end();
  std::optional<ScramVerifier> verifier = ScramVerifier::parse(role_.verifier);
  bool doomed = !may_log_in_ || !verifier;
  if (doomed) verifier = ScramVerifier::mock(user_, cluster_secret_);
  scram_ = std::make_unique<ScramServer>(*std::move(verifier), doomed, channel_binding_);
  append_request(output, kSaslContinue, scram_->first(mechanism, client_first));
  sasl_step_ = SaslStep::kFinal;
  return false;
}

void Authenticator::check_md5(std::string_view body) {
  std::string_view response = body.substr(0, body.find('\0'));
  // The stored form is "md5" + md5(password + user); the answer is "md5" + md5(stored hash + salt).
  std::string expected = "md5" + md5_hex(role_.verifier.substr(3) + md5_salt_);
  if (!equal_in_constant_time(response, expected) || !may_log_in_) refuse();
}

void Authenticator::check_password(std::string_view body) {
  std::string_view password = body.substr(0, body.find('\0'));
  if (password.empty()) {
    throw sql_error(SqlState::kInvalidPassword, "empty password returned by client");
  }
  bool matches;
  if (role_.verifier.starts_with("md5")) {
    matches =
        equal_in_constant_time(role_.verifier, "md5" + md5_hex(std::string(password) + user_));
  } else {
    ScramVerifier verifier =
        ScramVerifier::parse(role_.verifier).value_or(ScramVerifier::mock(user_, cluster_secret_));
    matches = verifier.matches_password(password);
  }
  if (!matches || !may_log_in_) refuse();
}

void Authenticator::refuse() const {
  throw sql_error(SqlState::kInvalidPassword, "password authentication failed for user \"{}\"",
                  user_);
}

}  // namespace luma
