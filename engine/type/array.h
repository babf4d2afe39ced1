#pragma once
// In-memory form of array values (also of int2vector and oidvector). The bytes of the varlen value:
//   u32 dimensions, u32 flags (1: has NULLs), u32 element type, per dimension i32 length and i32
//   lower bound, a bitmap of NULLs (bit set = NULL) when flagged, then the elements in row-major
//   order: fixed-size types packed by physical_size() (zeros for NULL), others as u32 end offsets
//   followed by their bytes. Little-endian, unaligned. The empty array has no dimensions.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/type_codec.h"

namespace luma {

inline constexpr int kMaxArrayDimensions = 6;
inline constexpr int64_t kMaxArraySize = 134217727;

struct ArrayDimension {
  int32_t length;
  int32_t lower_bound;
  bool operator==(const ArrayDimension&) const = default;
};

// Codec of every true array type; and those of int2vector and oidvector.
const TypeCodec& array_codec();
std::span<const TypeCodec> array_vector_codecs();

// Reads an array in place: elements point into the array's bytes, which must outlive the view. (An
// empty array may be inline in `value`; the view copies what it needs of it.)
class ArrayView {
 public:
  explicit ArrayView(const Datum& value);

  int dimension_count() const { return dimension_count_; }
  ArrayDimension dimension(int i) const { return dimensions_[i]; }
  std::span<const ArrayDimension> dimensions() const {
    return {dimensions_, static_cast<size_t>(dimension_count_)};
  }
  Oid element_oid() const { return element_oid_; }
  const TypeInfo& element_type() const { return *element_type_; }
  bool has_nulls() const { return nulls_ != nullptr; }

  // Number of elements over all dimensions; `i` counts from 0 in row-major order.
  uint32_t size() const { return size_; }
  bool is_null(uint32_t i) const {
    return nulls_ != nullptr && (static_cast<uint8_t>(nulls_[i / 8]) >> (i % 8) & 1) != 0;
  }
  Value element(uint32_t i) const { return is_null(i) ? Value::null() : Value(datum(i)); }
  // Of an element that is not NULL.
  Datum datum(uint32_t i) const;
  // array[subscripts]; NULL when out of bounds or with the wrong number of subscripts.
  Value at(std::span<const int32_t> subscripts) const;

 private:
  int dimension_count_ = 0;
  ArrayDimension dimensions_[kMaxArrayDimensions];
  Oid element_oid_ = kInvalidOid;
  const TypeInfo* element_type_ = nullptr;
  uint32_t size_ = 0;
  uint32_t element_bytes_ = 0;  // 0: varlen
  const char* nulls_ = nullptr;
  const char* elements_ = nullptr;
};

// Collects elements in row-major order, then makes the value. Long elements need to live only until
// add() returns.
class ArrayBuilder {
 public:
  // `element_oid` must be a type that find_type() knows, or pass its physical type.
  explicit ArrayBuilder(Oid element_oid);
  ArrayBuilder(Oid element_oid, PhysicalType physical);

  void add(const Value& value);
  uint32_t size() const { return size_; }
  void clear();

  // One dimension from `lower_bound`; without elements the empty array.
  Datum finish(Arena& arena, int32_t lower_bound = 1) const;
  // The product of the lengths must be size().
  Datum finish(std::span<const ArrayDimension> dimensions, Arena& arena) const;

 private:
  Oid element_oid_;
  PhysicalType physical_;
  uint32_t size_ = 0;
  bool has_nulls_ = false;
  std::vector<bool> nulls_;
  std::vector<uint32_t> ends_;  // varlen only
  std::string bytes_;
};

Datum empty_array(Oid element_oid);

// Number of elements; throws 54000 beyond the limits.
uint32_t array_element_count(std::span<const ArrayDimension> dimensions);

int compare_arrays(const Datum& a, const Datum& b);
// '{' '}' form of the element texts: true when `text` must be quoted in an array literal.
bool array_element_needs_quotes(std::string_view text, char delimiter);

}  // namespace luma
