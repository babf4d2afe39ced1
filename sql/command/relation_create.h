#pragma once
// What CREATE TABLE, VIEW, SEQUENCE and their like have in common: where the relation goes.
#include <optional>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

struct NewRelationPlace {
  Oid schema = kInvalidOid;
  char persistence = 'p';
};

// Schema and persistence of a relation to be made; temporary ones go to pg_temp. Checks the CREATE
// privilege. Throws 3F000, 42P16, 42501.
NewRelationPlace place_of_new_relation(CommandContext& context, const ast::RangeVar& name,
                                       char persistence);

// True when the name is taken and IF NOT EXISTS says to skip (a notice was sent); throws 42P07 when
// it is taken otherwise.
bool skip_existing(CommandContext& context, Oid schema, std::string_view name, bool if_not_exists);

}  // namespace luma
