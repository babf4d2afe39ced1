#pragma once
// What a data definition has made or changed, for event triggers: told from the statement and the
// catalog before and after it. Thread-safe.
#include <string>
#include <vector>

#include "sql/ast/node.h"
#include "sql/catalog/name_resolution.h"
#include "sql/function/event_trigger_data.h"

namespace luma {

std::vector<EventTriggerData::Command> logged_commands(const ast::Node* statement,
                                                       const std::string& tag,
                                                       const Catalog& before, const Catalog& after,
                                                       const SearchPath& path);

// What the statement has dropped, in PostgreSQL's order.
std::vector<EventTriggerData::Dropped> logged_drops(const ast::Node* statement,
                                                    const Catalog& before, const Catalog& after,
                                                    const SearchPath& path);

// False for definitions of roles, databases and other objects of the whole server.
bool is_of_one_database(const ast::Node* statement);

}  // namespace luma
