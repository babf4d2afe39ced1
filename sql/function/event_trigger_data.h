#pragma once
// What the function of an event trigger can ask about the statement that fired it. Belongs to the
// session and lives while the functions run.
#include <optional>
#include <string>
#include <vector>

#include "sql/catalog/object_identity.h"

namespace luma {

struct EventTriggerData {
  std::string event;
  std::string tag;
  // ddl_command_end: what was made or changed, in order.
  struct Command {
    std::optional<ObjectAddress> address;  // none: GRANT and the like
    std::string tag;
    std::string object_type;
    std::optional<std::string> schema, identity;
  };
  std::vector<Command> commands;
  // sql_drop
  struct Dropped {
    ObjectAddress address;
    bool original = false, normal = false, is_temporary = false;
    ObjectIdentity identity;
  };
  std::vector<Dropped> dropped;
  // table_rewrite
  Oid rewritten_table = kInvalidOid;
  int32_t rewrite_reason = 0;  // bits as in PostgreSQL's documentation
};

namespace rewrite_reason {
inline constexpr int32_t kPersistence = 1, kDefault = 2, kColumn = 4, kAccessMethod = 8;
}

}  // namespace luma
