#pragma once
// Entries of secondary indexes. Keys are described in engine/row/key_codec.h. Values:
//   unique, not deferrable: u64 commit timestamp (stamped), u16 length of the row key, row key
//                           without storage id, included columns
//   others:                 u16 length of the key up to the row key, included columns
// Deferrable unique indexes are stored like others, since they may hold duplicates for a while.
// Inverted indexes have any number of entries for a row: the key is the number of the key part (if
// there are several), an EntryClass and the key that the value was taken apart into.
// Included columns: a null bitmap, then each value that is not NULL: its fixed bytes, or u32 length
// and bytes.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/row/key_codec.h"
#include "engine/row/table_desc.h"

namespace luma {

// True when the key alone identifies the entry, and the row key stands in the value.
inline bool holds_row_key_in_value(const IndexDesc& index) {
  return index.unique && !index.deferrable;
}

// Of inverted indexes: what an entry stands for.
enum class EntryClass : uint8_t { kKey = 1, kEmpty = 2 };
// The beginning of the entries for a key of part `part`; without the end of a key, for prefixes,
// when `open`.
void append_inverted_key(const IndexDesc& index, size_t part, EntryClass entry,
                         std::string_view key, bool open, std::string& out);

struct IndexEntry {
  std::string key, value;
  bool operator==(const IndexEntry&) const = default;
};

// Makes the entries of one index for the rows of a chunk. One thread.
class IndexEntryBuilder {
 public:
  IndexEntryBuilder(const TableDesc& table, const IndexDesc& index, uint32_t capacity);

  const IndexDesc& index() const { return index_; }
  // The rows that the calls below are about; they must stay valid. Columns: the table's attributes.
  void bind(EvalContext& context, const Chunk& rows);
  // False when a partial index leaves the row out.
  bool covers(uint32_t row) const;
  Value key_value(uint32_t row, size_t part) const;
  // Replaces `key` by storage id and key columns. False when a NULL makes the key differ from all.
  bool key_columns(uint32_t row, std::string& key) const;
  // Replaces both; `row_key` is complete, with its storage id. Not of inverted indexes.
  void entry(uint32_t row, std::string_view row_key, std::string& key, std::string& value) const;
  // All entries of a row, in order of their keys; any index.
  std::vector<IndexEntry> entries(uint32_t row, std::string_view row_key) const;

 private:
  void append_included(uint32_t row, std::string& value) const;

  const TableDesc& table_;
  const IndexDesc& index_;
  KeyCodec codec_;
  std::vector<std::optional<ExprEvaluator>> expressions_;  // by key part
  std::optional<ExprEvaluator> predicate_;
  const Chunk* rows_ = nullptr;
  std::vector<const Vector*> parts_;
  const Vector* covered_ = nullptr;
};

// The row key that an entry points to, without the table's storage id. Refers to the arguments.
std::string_view entry_row_key(const IndexDesc& index, std::string_view key,
                               std::string_view value);

// Reads output columns from index entries alone. One thread.
class IndexEntryReader {
 public:
  // Null when the entries do not hold all of `columns` (attributes).
  static std::unique_ptr<IndexEntryReader> make(const TableDesc& table, const IndexDesc& index,
                                                std::span<const int32_t> columns);
  // Stores into row `row` of `out`, whose columns are flat: column i gets columns[i].
  void decode(std::string_view key, std::string_view value, Chunk& out, uint32_t row);

 private:
  IndexEntryReader(const TableDesc& table, const IndexDesc& index);
  static constexpr int kNotWanted = -1;
  const TableDesc& table_;
  const IndexDesc& index_;
  KeyCodec key_;
  KeyCodec row_key_;
  // Output column by key part, row key part and included column, as far as they must be read.
  std::vector<int> key_targets_, row_key_targets_, include_targets_;
  std::unique_ptr<Arena> scratch_ = std::make_unique<Arena>();
};

}  // namespace luma
