#pragma once
// ctid and xmin, computed of what a row has: LumaDB's rows have neither a place nor a transaction
// number. Calls of these are made by the binder; they have no row in pg_proc.
#include "sql/function/entry.h"

namespace luma {

// (row key as scans give it) -> tid, for tables keyed by hidden row ids or by anything.
const FunctionEntry& ctid_of_row_id();
const FunctionEntry& ctid_of_row_key();
// (integer that is the row's whole key) -> tid.
const FunctionEntry& ctid_of_number();
// (cursor, table, part of its row key) -> the value at the row that the cursor is on; the caller
// says of what type. For tables keyed by hidden row ids: -> tid.
const FunctionEntry& key_of_cursor();
const FunctionEntry& ctid_of_cursor();
// (something that is not NULL when there is a row, column, ...) -> xid: a hash of the columns, so
// it changes with every update that changes the row, and RETURNING knows it before the commit.
const FunctionEntry& xmin_of_row();

}  // namespace luma
