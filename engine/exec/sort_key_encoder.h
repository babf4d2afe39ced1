#pragma once
// Turns the sort columns of rows into byte strings whose bytewise order is the rows' order: a NULL
// tag and the value's key per column, inverted for DESC. Types without such an encoding (and ORDER
// BY USING an operator) are compared value by value instead; see is_encodable(). Not thread-safe.
#include <span>
#include <string>
#include <vector>

#include "engine/exec/expr.h"
#include "engine/exec/key_type.h"

namespace luma {

struct SortColumn {
  KeyType type;
  bool descending = false;
  bool nulls_first = false;
  VectorKernel less_than = nullptr;  // ORDER BY ... USING
  const Expr* expr = nullptr;        // what `less_than` is called with

  static SortColumn of(const SortKey& key);
  static SortColumn ascending(KeyType type) { return {.type = type}; }
};

class SortKeyEncoder {
 public:
  explicit SortKeyEncoder(std::vector<SortColumn> columns);

  const std::vector<SortColumn>& columns() const { return columns_; }
  bool is_encodable() const { return encodable_; }

  // One key per row into `out` (kVarlen, begun here). Needs is_encodable().
  void encode(std::span<const Vector* const> columns, uint32_t count, Vector& out);

  // Compares two rows by their values.
  int compare(EvalContext& context, const Value* a, const Value* b) const;

 private:
  void encode_fixed(std::span<const Vector* const> columns, uint32_t count);
  void encode_value(const SortColumn& column, const Value& value, std::string& out) const;

  std::vector<SortColumn> columns_;
  bool encodable_ = true;
  uint32_t fixed_bytes_ = 0;  // length of every key, 0 when it varies
  std::string bytes_;
  std::vector<uint32_t> ends_;
};

}  // namespace luma
