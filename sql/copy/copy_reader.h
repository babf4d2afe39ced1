#pragma once
// COPY's input as rows: bytes in pieces that end anywhere come in, batches of rows in vectors go
// out. Knows types, not tables. One COPY each; not thread-safe.
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/sql_error.h"
#include "engine/vector/vector.h"
#include "sql/copy/copy_options.h"
#include "sql/copy/value_reader.h"

namespace luma {

// One field of the input.
struct CopyColumn {
  std::string name;
  TypeRef type;
  uint32_t slot = 0;  // column of the batch's chunk
  bool force_not_null = false, force_null = false;
};

// Rows with the places they come from. Strings in the chunk live in `arena`.
struct RowBatch {
  explicit RowBatch(MemoryBudget* budget) : arena(budget) {}
  Chunk chunk;
  Arena arena;
  std::vector<uint64_t> line_numbers;
  std::vector<std::string_view> lines;  // text formats only
  size_t line_bytes = 0;
};

class CopyReader {
 public:
  // Must consume the batch. Columns of the chunk that are no field's are flat and unset.
  using Emit = std::function<void(RowBatch&)>;
  struct Input {
    CopyOptions options;
    std::vector<CopyColumn> columns;
    std::vector<PhysicalType> slots;  // all columns of the chunk
    std::string relation;             // for error contexts
    const IoContext* io = nullptr;
    MemoryBudget* budget = nullptr;  // may be null
    Emit emit;
  };

  static std::unique_ptr<CopyReader> make(Input input);
  virtual ~CopyReader() = default;
  CopyReader(const CopyReader&) = delete;
  CopyReader& operator=(const CopyReader&) = delete;

  // Errors are PostgreSQL's, with its CONTEXT ("COPY t, line 3, column b: "xyz""). Rows before the
  // faulty one have been emitted then.
  void feed(std::string_view bytes);
  // The input has ended: emits the rest.
  void finish();

  // "COPY t, line 7": where reading stands.
  std::string context() const;
  // Of row `row` of the batch being emitted, with the row's text when `with_line`.
  std::string row_context(uint32_t row, bool with_line) const;

 protected:
  explicit CopyReader(Input input);
  virtual void read(std::string_view bytes, bool at_end) = 0;
  // Context of the row or field being read.
  virtual std::string position_context() const { return context(); }

  // Of an error that reading threw. Emits the rows before the faulty one first: PostgreSQL would
  // have found violations of theirs before it.
  void add_context(SqlError& error);

  void begin_batch();
  void flush();
  // The row at chunk.size is complete.
  void end_row(std::string_view line);

  Input input_;
  RowBatch batch_;
  std::vector<ValueReader> readers_;
  uint64_t line_number_ = 0;
  bool emitting_ = false;
  bool done_ = false;  // end marker seen
  std::chrono::steady_clock::time_point flushed_at_;
  const CopyColumn* current_ = nullptr;  // field being converted
};

}  // namespace luma
