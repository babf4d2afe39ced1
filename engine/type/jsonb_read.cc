// Read operations of jsonb: access, containment, existence, taking apart.
#include "engine/base/sql_error.h"
#include "engine/type/jsonb.h"
#include "engine/type/numeric.h"

namespace luma {
namespace {

SqlError wrong_kind(std::string text) {
  return sql_error(SqlState::kInvalidParameterValue, "{}", text);
}

bool contains_nested(JsonbView whole, JsonbView part);

bool object_contains(JsonbView whole, JsonbView part) {
  if (whole.size() < part.size()) return false;
  for (uint32_t i = 0; i < part.size(); ++i) {
    auto found = whole.find(part.key(i));
    if (!found || !contains_nested(*found, part.value(i))) return false;
  }
  return true;
}

bool array_has(JsonbView array, JsonbView wanted) {
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (contains_nested(array.element(i), wanted)) return true;
  }
  return false;
}

bool contains_nested(JsonbView whole, JsonbView part) {
  if (part.is_scalar()) return whole.is_scalar() && jsonb_equal(whole, part);
  if (whole.kind() != part.kind()) return false;
  if (part.is_object()) return object_contains(whole, part);
  for (uint32_t i = 0; i < part.size(); ++i) {
    if (!array_has(whole, part.element(i))) return false;
  }
  return true;
}

// A scalar at the top counts as an array of one string, as far as existence goes.
bool has_string(JsonbView view, std::string_view key) {
  return view.kind() == JsonKind::kString && view.string() == key;
}

std::string_view kind_name(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kString:
      return "string";
    case JsonKind::kNumber:
      return "numeric";
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return "boolean";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "array or object";
}

[[noreturn]] void cannot_cast(JsonbView view, std::string_view type_name) {
  throw wrong_kind(
      fmt::format("cannot cast jsonb {} to type {}", kind_name(view.kind()), type_name));
}

}  // namespace

std::optional<JsonbView> jsonb_get_field(JsonbView view, std::string_view key) {
  return view.find(key);
}

std::optional<JsonbView> jsonb_get_element(JsonbView view, int64_t index) {
  // A bare scalar counts as an array of one.
  if (view.is_scalar()) return index == 0 || index == -1 ? std::optional(view) : std::nullopt;
  if (!view.is_array()) return std::nullopt;
  if (index < 0) index += view.size();
  if (index < 0 || index >= view.size()) return std::nullopt;
  return view.element(static_cast<uint32_t>(index));
}

std::optional<JsonbView> jsonb_get_path(JsonbView view, std::span<const std::string_view> path) {
  std::optional<JsonbView> at = view;
  for (std::string_view step : path) {
    if (at->is_object()) {
      at = at->find(step);
    } else if (at->is_array()) {
      auto index = json_path_index(step);
      if (!index) return std::nullopt;
      at = jsonb_get_element(*at, *index);
    } else {
      return std::nullopt;
    }
    if (!at) return std::nullopt;
  }
  return at;
}

bool jsonb_value_text(JsonbView view, std::string& out) {
  if (view.is_null()) return false;
  if (view.kind() == JsonKind::kString) {
    out.append(view.string());
  } else {
    jsonb_to_text(view, out);
  }
  return true;
}

std::string_view jsonb_typeof(JsonbView view) {
  return view.kind() == JsonKind::kNumber ? "number" : kind_name(view.kind());
}

int32_t jsonb_array_length(JsonbView view) {
  if (view.is_scalar()) throw wrong_kind("cannot get array length of a scalar");
  if (!view.is_array()) throw wrong_kind("cannot get array length of a non-array");
  return static_cast<int32_t>(view.size());
}

void jsonb_each_member(JsonbView view, std::string_view function_name,
                       const std::function<void(std::string_view, JsonbView)>& visit) {
  if (!view.is_object())
    throw wrong_kind(fmt::format("cannot call {} on a non-object", function_name));
  for (uint32_t i = 0; i < view.size(); ++i) visit(view.key(i), view.value(i));
}

void jsonb_each_element(JsonbView view, const std::function<void(JsonbView)>& visit) {
  if (view.is_scalar()) throw wrong_kind("cannot extract elements from a scalar");
  if (!view.is_array()) throw wrong_kind("cannot extract elements from an object");
  for (uint32_t i = 0; i < view.size(); ++i) visit(view.element(i));
}

void jsonb_each_key(JsonbView view, const std::function<void(std::string_view)>& visit) {
  if (view.is_scalar()) throw wrong_kind("cannot call jsonb_object_keys on a scalar");
  if (view.is_array()) throw wrong_kind("cannot call jsonb_object_keys on an array");
  for (uint32_t i = 0; i < view.size(); ++i) visit(view.key(i));
}

bool jsonb_contains(JsonbView whole, JsonbView part) {
  // An array may contain a bare scalar, only at the top.
  if (whole.is_array() && part.is_scalar()) return array_has(whole, part);
  return contains_nested(whole, part);
}

bool jsonb_exists(JsonbView view, std::string_view key) {
  if (view.is_object()) return view.find(key).has_value();
  if (has_string(view, key)) return true;
  if (view.is_array()) {
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (has_string(view.element(i), key)) return true;
    }
  }
  return false;
}

bool jsonb_exists_any(JsonbView view, std::span<const std::string_view> keys) {
  for (std::string_view key : keys) {
    if (jsonb_exists(view, key)) return true;
  }
  return false;
}

bool jsonb_exists_all(JsonbView view, std::span<const std::string_view> keys) {
  for (std::string_view key : keys) {
    if (!jsonb_exists(view, key)) return false;
  }
  return true;
}

bool jsonb_to_bool(JsonbView view) {
  if (view.kind() != JsonKind::kFalse && view.kind() != JsonKind::kTrue)
    cannot_cast(view, "boolean");
  return view.boolean();
}

Datum jsonb_to_numeric(JsonbView view, std::string_view type_name) {
  if (view.kind() != JsonKind::kNumber) cannot_cast(view, type_name);
  return view.number();
}

}  // namespace luma
