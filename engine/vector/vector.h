#pragma once
// A column of up to kVectorSize values: the unit that all execution works on.
//
// Forms: flat (value i at data[i]), constant (one value for all rows, at data[0]) and dictionary
// (value i at data[selection[i]]). Kernels read any form through UnifiedVector and write flat or
// constant.
//
// Ownership: a Vector is a view plus storage of its own that it may or may not be viewing.
// reference() and slice() make it a view of another vector's storage without copying; such a view
// is valid only as long as the other's contents are. The rule of the engine: what an operator hands
// out is valid until it is asked for the next chunk; who keeps values longer copies them. Long
// strings follow the same rule; results of kernels put theirs into the result vector's heap(). Not
// thread-safe.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"

namespace luma {

#ifndef LUMA_VECTOR_SIZE
#define LUMA_VECTOR_SIZE 2048
#endif
inline constexpr uint32_t kVectorSize = LUMA_VECTOR_SIZE;
// Words of a validity bitmap for one vector.
inline constexpr uint32_t kValidityWords = (kVectorSize + 63) / 64;

enum class VectorForm : uint8_t { kFlat, kConstant, kDictionary };

// Read access to any form: value of row i is data[index(i)], NULL unless valid(index(i)).
template <typename T>
struct UnifiedVector {
  const T* data;
  const uint32_t* selection;  // nullptr: identity
  const uint64_t* validity;   // nullptr: no NULLs

  uint32_t index(uint32_t row) const { return selection == nullptr ? row : selection[row]; }
  bool valid_at(uint32_t index) const {
    return validity == nullptr || ((validity[index >> 6] >> (index & 63)) & 1) != 0;
  }
  bool valid(uint32_t row) const { return valid_at(index(row)); }
  const T& operator[](uint32_t row) const { return data[index(row)]; }
};

class Vector {
 public:
  explicit Vector(PhysicalType physical = PhysicalType::kInt32, uint32_t capacity = kVectorSize)
      : physical_(physical), capacity_(capacity) {}
  Vector(Vector&&) noexcept = default;
  Vector& operator=(Vector&&) noexcept = default;

  PhysicalType physical() const { return physical_; }
  VectorForm form() const { return form_; }
  uint32_t capacity() const { return capacity_; }
  bool is_constant() const { return form_ == VectorForm::kConstant; }
  bool has_nulls() const { return validity_ != nullptr; }  // may be true without any NULL present

  // --- reading ---
  template <typename T>
  UnifiedVector<T> unified() const {
    return {reinterpret_cast<const T*>(data_), form_ == VectorForm::kFlat ? nullptr : selection_,
            validity_};
  }
  bool is_null(uint32_t row) const {
    uint32_t index = form_ == VectorForm::kFlat ? row : selection_[row];
    return validity_ != nullptr && ((validity_[index >> 6] >> (index & 63)) & 1) == 0;
  }
  // The value of one row; convenient, not for hot loops.
  Value value(uint32_t row) const;
  // Raw parts, for kernels that special-case forms. selection() is nullptr for flat vectors.
  const std::byte* raw_data() const { return data_; }
  const uint64_t* validity() const { return validity_; }
  const uint32_t* selection() const { return form_ == VectorForm::kFlat ? nullptr : selection_; }

  // --- writing (after one of the begin_* calls) ---
  // Flat, own storage, all valid, heap emptied. Contents are undefined until written.
  void begin_flat();
  // Constant, own storage, valid.
  void begin_constant();
  template <typename T>
  T* mutable_data() {
    return reinterpret_cast<T*>(data_);
  }
  void set_null(uint32_t row) {
    ensure_validity();
    own_validity_[row >> 6] &= ~(uint64_t{1} << (row & 63));
  }
  void set_valid(uint32_t row) {
    if (validity_ != nullptr) own_validity_[row >> 6] |= uint64_t{1} << (row & 63);
  }
  // Writable bitmap (all ones when it did not exist); flat own storage only.
  uint64_t* mutable_validity() {
    ensure_validity();
    return own_validity_.get();
  }
  // Stores a value into row `row` of a flat vector; long strings are copied to heap() when `copy`.
  void set_value(uint32_t row, const Value& value, bool copy = true);
  // Makes the vector the constant `value` (NULL allowed); long strings are not copied.
  void set_constant(const Value& value);
  void set_constant_null() { set_constant(Value::null()); }
  // Where results of variable length live; emptied by begin_flat/begin_constant.
  Arena& heap();
  size_t heap_bytes() const { return heap_ == nullptr ? 0 : heap_->allocated_bytes(); }
  StringRef add_string(std::string_view text);

  // --- views ---
  void reference(const Vector& other);
  // Row i of this is row selection[i] of `other`. `selection` must stay valid as long as this view,
  // unless `other` is itself a dictionary, when the composed selection is stored here.
  void slice(const Vector& other, const uint32_t* selection, uint32_t count);
  // Turns this into a flat vector with own storage (copying what it viewed; strings by reference).
  void flatten(uint32_t count);

 private:
  void ensure_storage();
  void ensure_validity();

  PhysicalType physical_;
  VectorForm form_ = VectorForm::kFlat;
  uint32_t capacity_;
  std::byte* data_ = nullptr;            // viewed values
  const uint64_t* validity_ = nullptr;   // viewed bitmap, nullptr = no NULLs
  const uint32_t* selection_ = nullptr;  // for constant: a shared array of zeros
  std::unique_ptr<std::byte[]> own_data_;
  std::unique_ptr<uint64_t[]> own_validity_;
  std::unique_ptr<uint32_t[]> own_selection_;
  uint32_t own_selection_room_ = 0;
  std::unique_ptr<Arena> heap_;
};

// Columns of equal length. Owned by the operator that produces it.
struct Chunk {
  std::vector<Vector> columns;
  uint32_t size = 0;

  Chunk() = default;
  explicit Chunk(std::span<const PhysicalType> types, uint32_t capacity = kVectorSize);
  Chunk(Chunk&&) noexcept = default;
  Chunk& operator=(Chunk&&) noexcept = default;

  void init(std::span<const PhysicalType> types, uint32_t capacity = kVectorSize);
  // Every column flat, own storage, empty.
  void begin();
  void reference(const Chunk& other);
  void slice(const Chunk& other, const uint32_t* selection, uint32_t count);
};

// 0, 0, 0, ...: the selection of constants.
const uint32_t* zero_selection();
// 0, 1, 2, ...
const uint32_t* identity_selection();

}  // namespace luma
