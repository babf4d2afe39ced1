#include "engine/vector/vector.h"

#include <array>

#include "engine/type/type_info.h"

namespace luma {

namespace {

template <typename T>
void copy_strided(std::byte* to, const std::byte* from, const uint32_t* selection, uint32_t count) {
  auto* target = reinterpret_cast<T*>(to);
  auto* source = reinterpret_cast<const T*>(from);
  for (uint32_t i = 0; i < count; ++i) target[i] = source[selection[i]];
}

Datum load(PhysicalType physical, const std::byte* at) {
  Datum datum;
  std::memcpy(&datum, at, physical_size(physical));
  return datum;
}

bool bit_at(const uint64_t* words, uint32_t index) {
  return (words[index >> 6] >> (index & 63)) & 1;
}

}  // namespace

const uint32_t* zero_selection() {
  static const std::array<uint32_t, kVectorSize> kZeros{};
  return kZeros.data();
}

const uint32_t* identity_selection() {
  static const auto kIdentity = [] {
    std::array<uint32_t, kVectorSize> all{};
    for (uint32_t i = 0; i < kVectorSize; ++i) all[i] = i;
    return all;
  }();
  return kIdentity.data();
}

void Vector::ensure_storage() {
  if (!own_data_) own_data_.reset(new std::byte[size_t{capacity_} * physical_size(physical_)]);
  data_ = own_data_.get();
}

void Vector::ensure_validity() {
  if (validity_ != nullptr && validity_ == own_validity_.get()) return;
  uint32_t words = (capacity_ + 63) / 64;
  if (!own_validity_) own_validity_.reset(new uint64_t[words]);
  std::memset(own_validity_.get(), 0xFF, words * sizeof(uint64_t));
  validity_ = own_validity_.get();
}

Arena& Vector::heap() {
  if (!heap_) heap_ = std::make_unique<Arena>();
  return *heap_;
}

StringRef Vector::add_string(std::string_view text) {
  if (text.size() <= StringRef::kInlineBytes) return StringRef(text);
  return StringRef(heap().copy(text));
}

void Vector::begin_flat() {
  ensure_storage();
  form_ = VectorForm::kFlat;
  validity_ = nullptr;
  if (heap_) heap_->reset();
}

void Vector::begin_constant() {
  begin_flat();
  form_ = VectorForm::kConstant;
  selection_ = zero_selection();
}

Value Vector::value(uint32_t row) const {
  uint32_t index = form_ == VectorForm::kFlat ? row : selection_[row];
  if (validity_ != nullptr && !bit_at(validity_, index)) return Value::null();
  return load(physical_, data_ + size_t{index} * physical_size(physical_));
}

void Vector::set_value(uint32_t row, const Value& value, bool copy) {
  if (value.is_null) {
    set_null(row);
    return;
  }
  set_valid(row);
  Datum datum = value.datum;
  if (copy && physical_ == PhysicalType::kVarlen && !datum.str.is_inline()) {
    datum.str = StringRef(heap().copy(datum.str.view()));
  }
  std::memcpy(data_ + size_t{row} * physical_size(physical_), &datum, physical_size(physical_));
}

void Vector::set_constant(const Value& value) {
  begin_constant();
  if (value.is_null) {
    set_null(0);
  } else {
    std::memcpy(data_, &value.datum, physical_size(physical_));
  }
}

void Vector::reference(const Vector& other) {
  physical_ = other.physical_;
  form_ = other.form_;
  data_ = other.data_;
  validity_ = other.validity_;
  selection_ = other.selection_;
}

void Vector::slice(const Vector& other, const uint32_t* selection, uint32_t count) {
  physical_ = other.physical_;
  data_ = other.data_;
  validity_ = other.validity_;
  switch (other.form_) {
    case VectorForm::kConstant:
      form_ = VectorForm::kConstant;
      selection_ = other.selection_;
      break;
    case VectorForm::kFlat:
      form_ = VectorForm::kDictionary;
      selection_ = selection;
      break;
    case VectorForm::kDictionary: {
      // Reuses the buffer of earlier calls, unless it is what is being read (slices of itself).
      uint32_t room = std::max(capacity_, count);
      bool reusable = own_selection_ && own_selection_room_ >= count &&
                      other.selection_ != own_selection_.get() && selection != own_selection_.get();
      std::unique_ptr<uint32_t[]> fresh;
      if (!reusable) fresh.reset(new uint32_t[room]);
      uint32_t* composed = reusable ? own_selection_.get() : fresh.get();
      for (uint32_t i = 0; i < count; ++i) composed[i] = other.selection_[selection[i]];
      if (!reusable) {
        own_selection_ = std::move(fresh);
        own_selection_room_ = room;
      }
      form_ = VectorForm::kDictionary;
      selection_ = own_selection_.get();
      break;
    }
  }
}

void Vector::flatten(uint32_t count) {
  if (form_ == VectorForm::kFlat && data_ == own_data_.get() && data_ != nullptr) return;
  uint32_t size = physical_size(physical_);
  std::unique_ptr<std::byte[]> fresh(new std::byte[size_t{capacity_} * size]);
  const uint32_t* selection = form_ == VectorForm::kFlat ? identity_selection() : selection_;
  switch (size) {
    case 1:
      copy_strided<uint8_t>(fresh.get(), data_, selection, count);
      break;
    case 2:
      copy_strided<uint16_t>(fresh.get(), data_, selection, count);
      break;
    case 4:
      copy_strided<uint32_t>(fresh.get(), data_, selection, count);
      break;
    case 8:
      copy_strided<uint64_t>(fresh.get(), data_, selection, count);
      break;
    default:
      copy_strided<Datum>(fresh.get(), data_, selection, count);
      break;
  }
  if (validity_ != nullptr) {
    uint32_t words = (capacity_ + 63) / 64;
    std::unique_ptr<uint64_t[]> bits(new uint64_t[words]);
    std::memset(bits.get(), 0xFF, words * sizeof(uint64_t));
    for (uint32_t i = 0; i < count; ++i) {
      if (!bit_at(validity_, selection[i])) bits[i >> 6] &= ~(uint64_t{1} << (i & 63));
    }
    own_validity_ = std::move(bits);
    validity_ = own_validity_.get();
  }
  own_data_ = std::move(fresh);
  data_ = own_data_.get();
  form_ = VectorForm::kFlat;
}

Chunk::Chunk(std::span<const PhysicalType> types, uint32_t capacity) { init(types, capacity); }

void Chunk::init(std::span<const PhysicalType> types, uint32_t capacity) {
  columns.clear();
  columns.reserve(types.size());
  for (PhysicalType type : types) columns.emplace_back(type, capacity);
  size = 0;
}

void Chunk::begin() {
  for (Vector& column : columns) column.begin_flat();
  size = 0;
}

void Chunk::reference(const Chunk& other) {
  for (size_t i = 0; i < columns.size(); ++i) columns[i].reference(other.columns[i]);
  size = other.size;
}

void Chunk::slice(const Chunk& other, const uint32_t* selection, uint32_t count) {
  for (size_t i = 0; i < columns.size(); ++i) columns[i].slice(other.columns[i], selection, count);
  size = count;
}

}  // namespace luma
