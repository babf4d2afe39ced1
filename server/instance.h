#pragma once
// The opened database as the server sees it: makes sessions, knows roles, says what is durable.
#include <memory>

#include "engine/base/log.h"
#include "pgwire/backend.h"
#include "pgwire/durability.h"
#include "server/configuration.h"

namespace luma {

class Instance : public BackendFactory {
 public:
  // A seed for what is shown to clients whose role does not exist; the same after a restart.
  virtual std::string cluster_secret() const = 0;
  // Decides whether the server may listen beyond this machine.
  virtual bool superuser_has_password() const = 0;
  virtual Durability& durability() = 0;
  // Called when all sessions are gone: makes everything durable and closes the files. Not twice.
  virtual void shutdown() = 0;
};

// Opens or makes the data directory (or memory), creating the bootstrap superuser with
// `superuser_password` when the database is new. Throws SqlError with one sentence (55006 when
// another process has the directory).
std::unique_ptr<Instance> open_instance(const Configuration& configuration, Logger& logger);

}  // namespace luma
