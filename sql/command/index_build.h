#pragma once
// Indexes as catalog objects, for CREATE INDEX and for key constraints, and filling them from rows.
#include <memory>
#include <string>
#include <vector>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

// A key part over a column with the type's default operator class. Throws 42704 without one.
IndexKey column_index_key(CommandContext& context, const Column& column, Oid access_method);
// The operator class of that name instead of the type's usual one. Throws 42704, 42804.
void set_operator_class(CommandContext& context, IndexKey& key, const ast::NameList& names,
                        Oid access_method);

// What an index of a PRIMARY KEY or UNIQUE constraint is made of.
struct KeyIndexSpec {
  std::string name;
  std::vector<int16_t> columns;
  std::vector<int16_t> include;
  bool primary = false;
  bool deferrable = false;
  bool nulls_not_distinct = false;
  Oid constraint = kInvalidOid;
  ast::NodeList options;
};
std::shared_ptr<Index> make_key_index(CommandContext& context, const Table& table,
                                      const KeyIndexSpec& spec);

// The index a CREATE INDEX describes, named and bound; not yet put. `table` is in the catalog.
std::shared_ptr<Index> make_index(CommandContext& context, const Table& table,
                                  const ast::IndexStmt& statement);

// Puts the rows of its table into an index that is in the catalog and has no entries.
void fill_index(CommandContext& context, Oid index);
// Gives an index new storage and fills it.
void rebuild_index(CommandContext& context, Oid index);

// Marks one index of the table (0: none) as that of CLUSTER.
void mark_clustered(CommandContext& context, Oid table, Oid index);
// The index of CLUSTER ON; throws when it is none of the table's or no order.
Oid clusterable_index(CommandContext& context, const Table& table, std::string_view index_name);

// Throws 42704 for an unknown name.
Oid collation_oid(CommandContext& context, const ast::NameList& name, int location);
// 0A000 where texts that differ would have to be equal.
void require_bytewise_equality(CommandContext& context, Oid collation, std::string_view what);

}  // namespace luma
