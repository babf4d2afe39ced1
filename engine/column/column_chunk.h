#pragma once
// One column of one row group: collecting values, encoding them, and decoding block by block
// straight into the executor's vectors.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/column/alp.h"
#include "engine/column/int_codec.h"
#include "engine/column/string_codec.h"
#include "engine/column/zone_map.h"
#include "engine/vector/vector.h"

namespace luma {

struct ColumnSpec {
  PhysicalType physical = PhysicalType::kInt32;
  // Decimals (type numeric) are kept as scaled integers when they fit.
  bool numeric = false;
  // Integers are looked up one by one: encoded so that this is quick.
  bool single_access = false;
  bool operator==(const ColumnSpec&) const = default;
};

// Collects the values of a row group. One thread.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(ColumnSpec spec) : spec_(spec) {}

  void append(const Vector& values, uint32_t from, uint32_t count);
  // For columns of storage itself: row ids and commit timestamps.
  void append_ints(std::span<const uint64_t> values);
  uint32_t size() const { return count_; }
  size_t memory_bytes() const;
  // Appends the encoded chunk and empties the builder.
  ZoneMap encode(std::string& out);

 private:
  template <typename Store>
  void each(const Vector& values, uint32_t from, uint32_t count, Store&& store);
  void encode_values(std::string& out, ZoneMap& zone);
  void encode_varlen(std::string& out, ZoneMap& zone);
  bool encode_decimals(std::string& out, ZoneMap& zone);
  template <typename Float>
  void encode_floats(const std::vector<Float>& values, std::string& out, ZoneMap& zone);
  bool valid(uint32_t row) const { return ((validity_[row >> 6] >> (row & 63)) & 1) != 0; }
  template <typename T>
  void fill_nulls(std::vector<T>& values) const;

  ColumnSpec spec_;
  uint32_t count_ = 0;
  uint32_t null_count_ = 0;
  std::vector<uint64_t> validity_;
  std::vector<int64_t> ints_, more_ints_;
  std::vector<double> doubles_;
  std::vector<float> floats_;
  std::vector<StringRef> strings_;
  std::unique_ptr<Arena> heap_ = std::make_unique<Arena>();
};

enum class ChunkKind : uint32_t { kNull, kInt, kFloatBits, kAlp, kString, kDecimal, kPair };

// A view of an encoded chunk, whose bytes begin at an 8-byte boundary and outlive it. Threads may
// share it. Throws CorruptChunk.
class ColumnChunkReader {
 public:
  ColumnChunkReader() = default;
  ColumnChunkReader(std::string_view bytes, ColumnSpec spec);

  uint32_t rows() const { return rows_; }
  ChunkKind kind() const { return kind_; }
  bool has_nulls() const { return null_count_ > 0; }
  // Names the encodings, for statistics.
  std::string description() const;
  // The block's values, as rows 0... of `out`, which is flat, begun and has room for kBlockRows.
  // Strings may refer to the chunk.
  void read_block(uint32_t block, Vector& out) const;
  // The values of some rows of the block, ascending, as rows `at`... of `out`, which is flat.
  // Unlike read_block() this copies strings that are not stored as such to the heap of `out`, which
  // other rows may share.
  void read_rows(uint32_t block, const uint32_t* rows, uint32_t count, Vector& out,
                 uint32_t at) const;
  // Strings come from the chunk itself, not from a heap.
  bool has_strings_in_place() const { return strings_.encoding() != StringEncoding::kFsst; }

  // --- predicates on encoded data: they clear rows of `mask` ---
  bool is_integers() const { return kind_ == ChunkKind::kInt; }
  // Of such a chunk: some rows of the block, ascending. Under a NULL there is any integer.
  void read_integers(uint32_t block, const uint32_t* rows, uint32_t count, int64_t* out) const {
    ints_.read_rows(block, rows, count, out);
  }
  // The scale of all values, when the chunk has decimals that share one.
  std::optional<int> decimal_scale() const;
  // For the two kinds above (scaled integers): keeps values of the range. NULL is in none.
  void keep_range(uint32_t block, IntRange range, RowMask& mask) const;
  // Of a chunk of strings with a dictionary, which may still have NULLs; empty otherwise.
  std::span<const StringRef> dictionary() const;
  // Keeps the entries of the dictionary whose flag is 1 (the other flags are 0), and NULLs when
  // asked to.
  void keep_entries(uint32_t block, std::span<const uint8_t> flags, bool keep_nulls,
                    RowMask& mask) const;

  // Where an ascending column of integers without NULLs has the value.
  std::optional<uint32_t> find_sorted(uint64_t value) const;
  // Where a column of integers without NULLs has the value; `order` has its rows in ascending order
  // of it.
  std::optional<uint32_t> find_ordered(const ColumnChunkReader& order, uint64_t value) const;

 private:
  void read_decimals(uint32_t block, StringRef* out) const;
  void read_some_decimals(uint32_t block, const uint32_t* rows, uint32_t count,
                          StringRef* out) const;
  void read_values(uint32_t block, const uint32_t* rows, uint32_t count, Vector& out,
                   uint32_t at) const;
  // The validity of the block's rows 64 * word...
  uint64_t valid_word(uint32_t block, uint32_t word) const;
  template <typename T>
  void read_pairs(uint32_t block, T* out) const;

  ColumnSpec spec_;
  ChunkKind kind_ = ChunkKind::kNull;
  uint32_t rows_ = 0;
  uint32_t null_count_ = 0;
  std::span<const uint64_t> validity_;
  IntReader ints_, more_ints_;
  AlpReader<double> doubles_;
  AlpReader<float> floats_;
  StringReader strings_;
};

}  // namespace luma
