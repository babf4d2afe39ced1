#pragma once
// Stored rows in bulk, without a plan: COPY, CREATE INDEX, ALTER TABLE. Everything is buffered in
// ExecContext::transaction like the effects of a statement; callers hold the table lock that their
// command takes (build_index, validate_* and rewrite_table need SHARE or stronger, so that nobody
// else writes). All of them look at the newest committed rows and the transaction's own.
// ExecContext needs transaction, ids (tables without row key), tables (foreign keys), io, arena.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/exec/operator.h"
#include "engine/row/kv.h"
#include "engine/row/table_desc.h"

namespace luma {

// Inserts chunks of rows with all checks that an INSERT makes.
class TableWriter {
 public:
  // `context` must outlive the writer. `is_leaf`: of a partitioned table that the statement names;
  // statement triggers are that table's.
  TableWriter(ExecContext& context, TableDescPtr table, bool is_leaf = false);
  ~TableWriter();

  // One column for every attribute, in order; generated ones and dropped ones are ignored (the
  // former are computed here). Throws 23502, 23514, 23505. failed_row() then is the row in `rows`.
  void write(const Chunk& rows);
  uint32_t failed_row() const;
  // Checks what is due at the end of a statement (foreign keys). Returns the number of rows.
  uint64_t finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Fills an index that has no entries yet from the table's rows; 23505 "could not create unique
// index" with PostgreSQL's detail. Nothing to do for a clustered one (its keys are the rows').
void build_index(ExecContext& context, const TableDescPtr& table, const IndexDesc& index);

// Copies the rows of `from` to `to` (another storage id, or other columns): ALTER TYPE, ADD PRIMARY
// KEY, DROP CONSTRAINT of a primary key, ADD COLUMN with a volatile default. `mapping`: by
// attribute of `to`, over the attributes of `from`; nullptr: NULL. Builds all indexes of `to` and
// checks NOT NULL, CHECKs and uniqueness, not foreign keys. `to`'s indexes need storage ids of
// their own. Hidden row ids are kept where both tables have them. The old storage is left alone.
void rewrite_table(ExecContext& context, const TableDescPtr& from, const TableDescPtr& to,
                   std::span<const Expr* const> mapping);

// 23514 `check constraint "x" of relation "t" is violated by some row`. `check` is over attributes.
void validate_check(ExecContext& context, const TableDescPtr& table, std::string_view name,
                    const Expr& check);
// 23502 `column "c" of relation "t" contains null values`.
void validate_not_null(ExecContext& context, const TableDescPtr& table, int32_t column);
// 23503 as an INSERT would give. `key` is one of the child's foreign keys.
void validate_foreign_key(ExecContext& context, const TableDescPtr& child,
                          const ForeignKeyDesc& key);
// Throws 23503 when a row refers, by `key` of its referenced_by, to a row of the partition.
void refuse_referenced_rows(ExecContext& context, const TableDescPtr& partition,
                            const ForeignKeyDesc& key);
// True when the table has no row.
bool table_is_empty(ExecContext& context, const TableDesc& table);

// Removes everything below a storage id (a table's or an index's), for good and at once. Only after
// the transaction that dropped it has committed, and when no snapshot needs it any more.
void remove_storage(Kv& kv, uint32_t storage_id);

}  // namespace luma
