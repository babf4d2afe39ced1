#include "engine/type/array_in_place.h"

#include <cstring>
#include <optional>

#include "engine/type/array.h"
#include "engine/type/type_info.h"

namespace luma {

namespace {

constexpr size_t kLengthOffset = 12, kLowerBoundOffset = 16, kElementsOffset = 20;
constexpr size_t kMaxBytes = size_t{1} << 30;

uint32_t u32_at(const std::string& bytes, size_t offset) {
  uint32_t out;
  std::memcpy(&out, bytes.data() + offset, sizeof(out));
  return out;
}

// One dimension and no NULLs: what can be changed in place.
struct Shape {
  uint32_t length;
  int32_t lower_bound;
  uint32_t element_bytes;  // 0: of variable length
};

std::optional<Shape> shape_of(const std::string& array) {
  if (array.size() < kElementsOffset || u32_at(array, 0) != 1 || u32_at(array, 4) != 0) {
    return std::nullopt;
  }
  const TypeInfo* type = find_type(u32_at(array, 8));
  if (type == nullptr) return std::nullopt;
  bool fixed = type->physical != PhysicalType::kVarlen;
  return Shape{u32_at(array, kLengthOffset), static_cast<int32_t>(u32_at(array, kLowerBoundOffset)),
               fixed ? physical_size(type->physical) : 0};
}

}  // namespace

bool set_element_in_place(std::string& array, int32_t subscript, const Datum& element) {
  std::optional<Shape> shape = shape_of(array);
  if (!shape) return false;
  int64_t at = int64_t{subscript} - shape->lower_bound;
  if (at == shape->length) return append_element_in_place(array, element);
  if (at < 0 || at > shape->length || shape->element_bytes == 0) return false;
  std::memcpy(array.data() + kElementsOffset + static_cast<size_t>(at) * shape->element_bytes,
              &element, shape->element_bytes);
  return true;
}

bool append_element_in_place(std::string& array, const Datum& element) {
  std::optional<Shape> shape = shape_of(array);
  if (!shape || int64_t{shape->length} + 1 > kMaxArraySize) return false;
  if (int64_t{shape->lower_bound} + shape->length > INT32_MAX - 1) return false;
  if (shape->element_bytes != 0) {
    if (array.size() + shape->element_bytes > kMaxBytes) return false;
    array.append(reinterpret_cast<const char*>(&element), shape->element_bytes);
  } else {
    std::string_view text = element.str.view();
    if (array.size() + text.size() + sizeof(uint32_t) > kMaxBytes) return false;
    // The offsets of the ends stand before all bytes.
    size_t ends = size_t{shape->length} * sizeof(uint32_t);
    auto end = static_cast<uint32_t>(array.size() - kElementsOffset - ends + text.size());
    array.append(text);
    array.insert(kElementsOffset + ends, reinterpret_cast<const char*>(&end), sizeof(end));
  }
  uint32_t length = shape->length + 1;
  std::memcpy(array.data() + kLengthOffset, &length, sizeof(length));
  return true;
}

}  // namespace luma
