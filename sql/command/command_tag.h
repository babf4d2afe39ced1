#pragma once
// What statements are called before they run: the words that event triggers know them by.
// Thread-safe.
#include <string>
#include <string_view>

#include "sql/ast/enums.h"
#include "sql/ast/node.h"

namespace luma {

// "CREATE TABLE", "ALTER INDEX", ...; empty for what is no data definition.
std::string command_tag(const ast::Node* statement);

// "TEXT SEARCH DICTIONARY": a kind of object as in tags.
std::string_view object_type_words(ast::ObjectType type);

bool is_command_tag(std::string_view tag);
// Whether event triggers fire for it; and for the event table_rewrite.
bool fires_event_triggers(std::string_view tag);
bool may_rewrite_tables(std::string_view tag);

}  // namespace luma
