#pragma once
// Listeners, event loops, sessions: the network side of one instance.
#include <cstdint>
#include <memory>

#include "engine/base/log.h"
#include "server/configuration.h"
#include "server/instance.h"

namespace luma {

enum class ShutdownMode : uint8_t {
  kSmart,  // finish what runs, then send everybody away
  kFast,   // cancel what runs
};

class Server {
 public:
  // All of them outlive the server. Throws SqlError F0000 for unusable TLS files or [[hba]] rules.
  Server(const Configuration& configuration, Instance& instance, Logger& logger);
  ~Server();

  // Opens the listeners. Throws SqlError with one sentence: an address in use, or one beyond this
  // machine while nobody would be asked for a password.
  void listen();
  // The TCP port in use (for port 0).
  uint16_t port() const;
  // SIGTERM, SIGINT and SIGQUIT end run(); a second signal hurries it. Before run().
  void handle_signals();
  // Serves until shutdown() has taken effect and every session is gone.
  void run();
  // Any thread.
  void shutdown(ShutdownMode mode);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma
