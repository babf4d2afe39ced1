#pragma once
// What a cursor's rows must carry for WHERE CURRENT OF: where the rows of its tables are. The plan
// gets result columns for it behind those that clients see.
#include <vector>

#include "sql/plan/logical.h"

namespace luma {

struct CursorKey {
  Oid table = kInvalidOid;
  // Result columns: the row key's columns in order, or one with the scan's row key where the key is
  // a hidden row id.
  size_t first_column = 0;
};

// Of a simply updatable query: rows of one table without sorting, or of the tables it locks FOR
// UPDATE or SHARE. Empty for all others.
std::vector<CursorKey> add_cursor_keys(BoundQuery& query);

}  // namespace luma
