#pragma once
// json: the text as it was given, validated. Read operations work on the text itself and return
// pieces of it (views into the argument). Thread-safe. Misuse (wrong kind of value) is 22023 with
// PostgreSQL's texts.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/type/datum.h"
#include "engine/type/type_codec.h"
#include "engine/type/type_info.h"

namespace luma {

// Codecs of json and jsonb.
std::span<const TypeCodec> json_codecs();

// json -> key, json -> index (negative counts from the end), json #> path. nullopt is SQL NULL.
std::optional<std::string_view> json_get_field(std::string_view json, std::string_view key);
std::optional<std::string_view> json_get_element(std::string_view json, int64_t index);
std::optional<std::string_view> json_get_path(std::string_view json,
                                              std::span<const std::string_view> path);
// The text of a value as ->> gives it: strings without quotes; false for null (SQL NULL).
bool json_value_text(std::string_view json, std::string& out);

// "object", "array", "string", "number", "boolean", "null".
std::string_view json_typeof(std::string_view json);
int32_t json_array_length(std::string_view json);
// Members in order; keys are decoded. `function_name` ("json_each", ...) is for error texts.
void json_each_member(
    std::string_view json, std::string_view function_name,
    const std::function<void(std::string_view key, std::string_view value)>& visit);
void json_each_element(std::string_view json, std::string_view function_name,
                       const std::function<void(std::string_view value)>& visit);
void json_each_key(std::string_view json, const std::function<void(std::string_view key)>& visit);
// json_strip_nulls(): compact text without members that are null.
void json_strip_nulls(std::string_view json, std::string& out);

// Names of a record's fields, which record values do not carry.
class RecordFieldNames {
 public:
  virtual ~RecordFieldNames() = default;
  // `type` is a composite type, or record with a typmod.
  virtual std::string field_name(TypeRef type, uint32_t field) const = 0;
  // Those of records within a record's fields.
  virtual const RecordFieldNames* inside() const { return this; }
};

// kLines: a line for each element of the outermost array or record.
enum class JsonLayout : uint8_t { kOneLine, kLines };

// to_json(): appends any value as JSON. Arrays and records go in depth; fields of records are
// called f1, f2, ... when `names` is null.
void value_to_json(const Value& value, TypeRef type, const IoContext& io,
                   const RecordFieldNames* names, std::string& out,
                   JsonLayout layout = JsonLayout::kOneLine);

}  // namespace luma
