#include "server/hba.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

// 4 or 16 bytes in network order; IPv4 addresses in IPv6 clothes become 4 bytes. Empty when
// malformed.
std::string address_bytes(const std::string& text) {
  char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes) != 1) return {};
  static constexpr char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\xff', '\xff'};
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) return {bytes + 12, 4};
  return {bytes, 16};
}

bool same_prefix(std::string_view a, std::string_view b, int bits) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size() && bits > 0; ++i, bits -= 8) {
    int mask = bits >= 8 ? 0xFF : (0xFF << (8 - bits)) & 0xFF;
    if (((a[i] ^ b[i]) & mask) != 0) return false;
  }
  return true;
}

AuthMethod method_of(const std::string& name) {
  if (name == "trust") return AuthMethod::kTrust;
  if (name == "reject") return AuthMethod::kReject;
  if (name == "scram-sha-256") return AuthMethod::kScram;
  if (name == "md5") return AuthMethod::kMd5;
  if (name == "password") return AuthMethod::kPassword;
  throw config_error(
      fmt::format("hba method \"{}\" is not supported: it is one of trust, reject, scram-sha-256, "
                  "md5, password",
                  name));
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

bool is_loopback(const std::string& address) {
  std::string bytes = address_bytes(address);
  if (bytes.size() == 4) return bytes[0] == 127;
  return address == "localhost" || address == "::1";
}

Hba::Hba(const Configuration& configuration, bool superuser_has_password) {
  for (const HbaRule& rule : effective_rules(configuration, superuser_has_password)) {
    rules_.push_back(compile(rule));
  }
}

std::vector<HbaRule> Hba::effective_rules(const Configuration& configuration,
                                          bool superuser_has_password) {
  if (!configuration.hba.empty()) return configuration.hba;
  std::vector<HbaRule> rules;
  auto add = [&](std::string type, std::string address, std::string method) {
    rules.push_back({std::move(type), {"all"}, {"all"}, std::move(address), std::move(method)});
  };
  bool automatic = configuration.auth == "auto";
  std::string method = !automatic               ? configuration.auth
                       : superuser_has_password ? "scram-sha-256"
                                                : "trust";
  add("local", "all", method);
  if (automatic && !superuser_has_password) {
    add("host", "127.0.0.0/8", method);
    add("host", "::1/128", method);
  } else {
    add("host", "all", method);
  }
  return rules;
}

Hba::Rule Hba::compile(const HbaRule& source) {
  Rule rule;
  rule.local = source.type == "local";
  if (source.type == "hostssl") {
    rule.tls = 1;
  } else if (source.type == "hostnossl") {
    rule.tls = 0;
  } else if (source.type != "local" && source.type != "host") {
    throw config_error(
        fmt::format("hba type \"{}\" is not one of local, host, hostssl, hostnossl", source.type));
  }
  rule.databases = source.databases;
  rule.users = source.users;
  for (const auto* names : {&rule.databases, &rule.users}) {
    for (const std::string& name : *names) {
      if (name.starts_with('+') || name.starts_with('@') || name == "samerole" ||
          name == "samegroup") {
        throw config_error(
            fmt::format("hba entry \"{}\" is not supported: name databases and users", name));
      }
    }
  }
  rule.method = method_of(source.method);
  if (rule.local || source.address == "all") return rule;
  size_t slash = source.address.find('/');
  rule.network = address_bytes(source.address.substr(0, slash));
  if (rule.network.empty()) {
    throw config_error(
        fmt::format("hba address \"{}\" is neither all nor an IP address with an optional "
                    "/bits",
                    source.address));
  }
  int all_bits = static_cast<int>(rule.network.size()) * 8;
  rule.prefix_bits = all_bits;
  if (slash != source.address.npos) {
    std::string_view bits = std::string_view(source.address).substr(slash + 1);
    auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), rule.prefix_bits);
    if (error != std::errc{} || end != bits.data() + bits.size() || rule.prefix_bits < 0 ||
        rule.prefix_bits > all_bits) {
      throw config_error(
          fmt::format("hba address \"{}\" has a bad number of bits", source.address));
    }
  }
  return rule;
}

bool Hba::matches(const Rule& rule, const ClientInfo& client, const StartupParameters& parameters) {
  if (rule.local != (client.port < 0)) return false;
  if (rule.tls >= 0 && (rule.tls == 1) != client.tls) return false;
  // As in PostgreSQL, `all` does not mean physical replication.
  bool replication = parameters.replication == "true" || parameters.replication == "on" ||
                     parameters.replication == "yes" || parameters.replication == "1";
  bool database_matches =
      replication
          ? contains(rule.databases, "replication")
          : contains(rule.databases, "all") || contains(rule.databases, parameters.database) ||
                (contains(rule.databases, "sameuser") && parameters.user == parameters.database);
  if (!database_matches) return false;
  if (!contains(rule.users, "all") && !contains(rule.users, parameters.user)) return false;
  return rule.network.empty() ||
         same_prefix(rule.network, address_bytes(client.address), rule.prefix_bits);
}

AuthMethod Hba::match(const ClientInfo& client, const StartupParameters& parameters) const {
  std::string what = "no pg_hba.conf entry for";
  for (const Rule& rule : rules_) {
    if (!matches(rule, client, parameters)) continue;
    if (rule.method != AuthMethod::kReject) return rule.method;
    what = "pg_hba.conf rejects connection for";
    break;
  }
  SqlError error = sql_error(SqlState::kInvalidAuthorizationSpecification,
                             "{} host \"{}\", user \"{}\", database \"{}\", {}", what,
                             client.host_name, parameters.user, parameters.database,
                             client.tls ? "SSL encryption" : "no encryption");
  error.fatal = true;
  throw error;
}

}  // namespace luma
