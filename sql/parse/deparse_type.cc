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

}  // namespace

void Deparser::type_name(const ast::TypeName& node) {
  if (node.setof) put("SETOF ");
  const SqlType* type = find_sql_type(node);
  if (type != nullptr) {
    put(type->head);
  } else {
    qualified(node.names);
  }
  if (node.pct_type) put("%TYPE");
  if (!node.typmods.empty()) {
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
