#pragma once
// Exclusion constraints: whether a row's key conflicts with that of another one. Rows that other
// transactions have yet to commit are waited for. One thread.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/columnar/columnar_rows.h"
#include "engine/exec/operator.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_event.h"
#include "engine/table/index_entry.h"
#include "engine/table/inverted_search.h"

namespace luma {

class ExclusionCheck {
 public:
  // Both outlive this; `index` is one of the table's with IndexDesc::exclusion.
  ExclusionCheck(const TableDesc& table, const IndexDesc& index);
  ~ExclusionCheck();

  struct Conflict {
    std::string row_key;
    OwnedValues values;  // of the stored row's key
  };
  // A row that may not be there together with one that has the key `values`; `own_key`: the row
  // itself, where it is stored already. Waits for transactions at work on such rows and makes
  // others wait for this one, or, under a lock that keeps writers away, neither.
  std::optional<Conflict> find(ExecContext& context, const std::vector<Value>& values,
                               std::string_view own_key, bool others_may_write = true);
  // The same for a stored row, if it is still there and has a key; its values are left in
  // `values`.
  std::optional<Conflict> find_of_stored(ExecContext& context, std::string_view row_key,
                                         OwnedValues& values);
  // The key of row `row` of what `entry` is bound to; false when nothing conflicts with it: a NULL
  // is in it, or the index leaves the row out.
  static bool key_of(const IndexEntryBuilder& entry, uint32_t row, std::vector<Value>& values);

 private:
  void claim(ExecContext& context, const std::vector<Value>& values);
  bool conflict(ExecContext& context, const std::vector<Value>& stored,
                const std::vector<Value>& added);
  RowKeysPtr candidates(ExecContext& context, const std::vector<Value>& values) const;
  bool load(ExecContext& context, std::string_view row_key, std::vector<Value>& values);

  const TableDesc& table_;
  const IndexDesc& index_;
  StoredLayout layout_;
  StoredRows rows_;
  AttributeChunk row_;
  IndexEntryBuilder entry_;
  KeyCodec codec_;  // of indexes that are not inverted
  ExprEvaluator excludes_;
  Chunk pair_;
  KvValue value_;
};

}  // namespace luma
