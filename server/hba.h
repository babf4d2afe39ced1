#pragma once
// Which authentication a client has to pass: pg_hba.conf's rules, from [[hba]] or made from `auth`.
#include <string>
#include <vector>

#include "pgwire/authenticator.h"
#include "pgwire/backend.h"
#include "server/configuration.h"

namespace luma {

class Hba {
 public:
  // Throws SqlError F0000 for a malformed rule. Without rules, `auth` applies to everybody; "auto"
  // is SCRAM when `superuser_has_password`, else trust for local clients and nothing for others.
  Hba(const Configuration& configuration, bool superuser_has_password);

  // The rules that hold, [[hba]]'s or those that `auth` stands for.
  static std::vector<HbaRule> effective_rules(const Configuration& configuration,
                                              bool superuser_has_password);
  // Throws FATAL 28000 when no rule matches or the matching one rejects.
  AuthMethod match(const ClientInfo& client, const StartupParameters& parameters) const;

 private:
  struct Rule {
    bool local = false;
    int tls = -1;  // 1 only with, 0 only without, -1 whichever
    std::vector<std::string> databases, users;
    std::string network;  // address bytes; empty: all
    int prefix_bits = 0;
    AuthMethod method = AuthMethod::kReject;
  };
  static Rule compile(const HbaRule& source);
  static bool matches(const Rule& rule, const ClientInfo& client,
                      const StartupParameters& parameters);

  std::vector<Rule> rules_;
};

// True for 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(const std::string& address);

}  // namespace luma
