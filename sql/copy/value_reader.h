#pragma once
// Text of one field to a value of a column's type, written straight into a vector. Common types in
// their usual spelling are read here; everything else, and every error, goes through the type's own
// input function.
#include <cstddef>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/user_type.h"
#include "engine/vector/vector.h"

namespace luma {

class ValueReader {
 public:
  ValueReader(TypeRef type, const IoContext& io);

  // Before the first row of a batch: where the values go. `column` must be flat.
  void begin(Vector& column) {
    column_ = &column;
    data_ = column.mutable_data<std::byte>();
  }
  // 23502 when the column's domain does not allow NULL.
  void read_null(uint32_t row) {
    if (type_->type_type == 'd') check_domain(type_->oid, Value::null(), *io_);
    column_->set_null(row);
  }
  // `text` stays valid as long as the batch (strings refer to it); `arena` likewise. Throws what
  // the type's input throws.
  void read_text(uint32_t row, std::string_view text, Arena& arena);
  void read_binary(uint32_t row, std::string_view bytes, Arena& arena);

 private:
  enum class Path : uint8_t {
    kGeneric,
    kBool,
    kInt2,
    kInt4,
    kInt8,
    kDouble,
    kText,
    kVarchar,
    kBpchar,
    kNumeric,
    kDate,
    kTimestamp,
    kTimestamptz
  };
  static Path path_of(TypeRef type);
  bool read_fast(uint32_t row, std::string_view text, Arena& arena);
  bool read_numeric(uint32_t row, std::string_view text);
  bool read_fixed_text(uint32_t row, std::string_view text, Arena& arena);
  void store(uint32_t row, const Datum& value);
  template <typename T>
  bool put(uint32_t row, T value) {
    reinterpret_cast<T*>(data_)[row] = value;
    return true;
  }

  const TypeInfo* type_;
  int32_t typmod_;
  const IoContext* io_;
  Path path_;
  Vector* column_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace luma
