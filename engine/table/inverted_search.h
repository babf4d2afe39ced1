#pragma once
// Finds the rows whose values may satisfy conditions, in an inverted index: streams of row keys
// that are merged in order. One thread; streams end before the transaction does.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/row/table_desc.h"
#include "engine/table/index_entry.h"
#include "engine/txn/transaction.h"
#include "engine/type/inverted_keys.h"

namespace luma {

// Row keys (without storage id) in ascending order, each once; those of a search that nothing
// narrows in a columnar table in no order.
class RowKeys {
 public:
  virtual ~RowKeys() = default;
  // To the first key >= `key`; never moves back.
  virtual void seek(std::string_view key) = 0;
  virtual void next() = 0;
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
};
using RowKeysPtr = std::unique_ptr<RowKeys>;

class InvertedSearch {
 public:
  // `index`: one of the table's.
  InvertedSearch(Transaction& txn, const TableDesc& table, const IndexDesc& index, ReadView view);

  // Rows must also satisfy this condition on a key part.
  void require(size_t part, InvertedQuery query);
  // The rows that satisfy all conditions, and maybe others; all rows of the table when none narrows
  // the search. Once.
  RowKeysPtr open();

 private:
  RowKeysPtr open_part(const InvertedQuery& query, size_t part) const;
  RowKeysPtr entries_of(size_t part, EntryClass entry, std::string_view key) const;
  RowKeysPtr rows_of_side(size_t part, const InvertedQuery& query) const;
  RowKeysPtr rows_between(std::string_view lower, std::string_view upper) const;
  RowKeysPtr rows_of_ranges(size_t part, const InvertedQuery& query) const;

  Transaction& txn_;
  const TableDesc& table_;
  const IndexDesc& index_;
  ReadView view_;
  std::vector<RowKeysPtr> streams_;
  bool none_ = false;
};

}  // namespace luma
