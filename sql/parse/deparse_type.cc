#include <optional>
#include <string>
#include <vector>

#include "sql/parse/deparser.h"

namespace luma::parse {
namespace {

enum class Modifiers : uint8_t { kNone, kOptional, kRequired };

// Types that the grammar spells in its own way and stores as pg_catalog.internal; the modifier, if
// any, follows `head`. bit and character without a length mean a length of one, so they need it.
struct SqlType {
  std::string_view internal;
  std::string_view head;
  std::string_view tail;
  Modifiers modifiers;
};

constexpr SqlType kSqlTypes[] = {
    {"bool", "boolean", "", Modifiers::kNone},
    {"int2", "smallint", "", Modifiers::kNone},
    {"int4", "integer", "", Modifiers::kNone},
    {"int8", "bigint", "", Modifiers::kNone},
    {"float4", "real", "", Modifiers::kNone},
    {"float8", "double precision", "", Modifiers::kNone},
    {"interval", "interval", "", Modifiers::kNone},
    {"numeric", "numeric", "", Modifiers::kOptional},
    {"varchar", "character varying", "", Modifiers::kOptional},
    {"bpchar", "character", "", Modifiers::kRequired},
    {"bit", "bit", "", Modifiers::kRequired},
    {"varbit", "bit varying", "", Modifiers::kOptional},
    {"time", "time", " without time zone", Modifiers::kOptional},
    {"timetz", "time", " with time zone", Modifiers::kOptional},
    {"timestamp", "timestamp", " without time zone", Modifiers::kOptional},
    {"timestamptz", "timestamp", " with time zone", Modifiers::kOptional},
};

const SqlType* find_sql_type(const ast::TypeName& node) {
  if (node.names.size() != 2 || node.names[0] != "pg_catalog" || node.pct_type) return nullptr;
  for (const SqlType& type : kSqlTypes) {
    if (type.internal != node.names[1]) continue;
    bool fits = type.modifiers == Modifiers::kOptional ||
                (type.modifiers == Modifiers::kRequired) == !node.typmods.empty();
    return fits ? &type : nullptr;
  }
  return nullptr;
}

// INTERVAL's modifiers as the grammar stores them: a mask of fields, then a precision.
constexpr int kYear = 1 << 2, kMonth = 1 << 1, kDay = 1 << 3, kHour = 1 << 10, kMinute = 1 << 11,
              kSecond = 1 << 12, kAllFields = 0x7FFF;

struct IntervalFields {
  int mask;
  std::string_view text;
};

constexpr IntervalFields kIntervalFields[] = {
    {kYear, " year"},
    {kMonth, " month"},
    {kDay, " day"},
    {kHour, " hour"},
    {kMinute, " minute"},
    {kSecond, " second"},
    {kYear | kMonth, " year to month"},
    {kDay | kHour, " day to hour"},
    {kDay | kHour | kMinute, " day to minute"},
    {kDay | kHour | kMinute | kSecond, " day to second"},
    {kHour | kMinute, " hour to minute"},
    {kHour | kMinute | kSecond, " hour to second"},
    {kMinute | kSecond, " minute to second"},
    {kAllFields, ""},
};

// " day to second(3)"; nothing when the modifiers are of another form.
std::optional<std::string> interval_modifiers(const ast::NodeList& typmods) {
  std::vector<int64_t> values;
  for (const ast::Node* node : typmods) {
    const auto* value = ast::try_as<ast::AConst>(node);
    if (value == nullptr || value->kind != ast::ConstKind::kInteger) return std::nullopt;
    values.push_back(value->ival);
  }
  for (const IntervalFields& fields : kIntervalFields) {
    if (values.empty() || values.size() > 2 || values[0] != fields.mask) continue;
    return std::string(fields.text) +
           (values.size() == 2 ? "(" + std::to_string(values[1]) + ")" : "");
  }
  return std::nullopt;
}

}  // namespace

void Deparser::type_name(const ast::TypeName& node) {
  if (node.setof) put("SETOF ");
  const SqlType* type = find_sql_type(node);
  bool is_interval =
      node.names.size() == 2 && node.names[0] == "pg_catalog" && node.names[1] == "interval";
  std::optional<std::string> interval;
  if (is_interval && !node.typmods.empty()) interval = interval_modifiers(node.typmods);
  if (interval) {
    put("interval");
    put(*interval);
  } else if (type != nullptr) {
    put(type->head);
  } else {
    qualified(node.names);
  }
  if (node.pct_type) put("%TYPE");
  if (!node.typmods.empty() && !interval) {
    put("(");
    list(node.typmods, ",");
    put(")");
  }
  if (type != nullptr) put(type->tail);
  for (int32_t bound : node.array_bounds) {
    put("[");
    if (bound >= 0) put(std::to_string(bound));
    put("]");
  }
}

void Deparser::cast(const ast::TypeCast& node) {
  const auto* constant = ast::try_as<ast::AConst>(node.arg);
  const auto* array = ast::try_as<ast::AArrayExpr>(node.arg);
  bool bare = array != nullptr && array->elements.empty();
  if (constant != nullptr) {
    bool is_numeric = node.type_name->names.back() == "numeric" && !constant->text.starts_with('-');
    bare = constant->kind == ast::ConstKind::kString || constant->kind == ast::ConstKind::kNull ||
           (constant->kind == ast::ConstKind::kFloat && is_numeric);
  }
  if (bare) {
    this->node(node.arg);
  } else if (parentheses_ == Parentheses::kAll) {
    parenthesized(node.arg);
  } else {
    operand(node.arg, &node);
  }
  put("::");
  type_name(*node.type_name);
}

}  // namespace luma::parse
