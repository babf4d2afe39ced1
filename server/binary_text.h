#pragma once
// Values in binary format that are text all the same, for clients that do not use UTF-8. Stateless,
// or used by one call.
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/encoding.h"
#include "engine/type/type_info.h"

namespace luma {

// The type's binary format is text, perhaps after ASCII.
bool is_binary_text(const TypeInfo& type);

// 0A000 when values of the type have text between other bytes.
void require_convertible(const TypeInfo& type, const Transcoder& transcoder);

// Parameters of a Bind or FunctionCall message whose binary ones the server has to convert; those
// in text format have been converted.
class BinaryTextParameters {
 public:
  using Values = std::span<const std::optional<std::string_view>>;
  // The result is valid as long as this object and `values` are.
  Values convert(Values values, std::span<const int16_t> formats, std::span<const Oid> types,
                 Transcoder& transcoder);

 private:
  std::vector<std::optional<std::string_view>> values_;
  std::deque<std::string> converted_;
};

}  // namespace luma
