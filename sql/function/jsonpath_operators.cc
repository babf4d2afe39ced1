// Arithmetic, methods and predicates of jsonpath.
#include <cmath>

#include "engine/type/float.h"
#include "engine/type/numeric.h"
#include "sql/function/jsonpath_run.h"
#include "sql/function/regexp.h"

namespace luma {

using Kind = JsonPathKind;
using Outcome = JsonPathRun::Outcome;
using Values = JsonPathRun::Values;

namespace {

// Ids of key/value pairs are the object's offset plus this much for every document.
constexpr int64_t kDocumentIdFactor = 10000000000;

bool is_number(const JsonPathValue& value) {
  return value.is_json() && value.json.kind() == JsonKind::kNumber;
}
bool is_string(const JsonPathValue& value) {
  return value.is_json() && value.json.kind() == JsonKind::kString;
}
bool is_boolean(JsonbView json) {
  return json.kind() == JsonKind::kTrue || json.kind() == JsonKind::kFalse;
}

Datum calculate(Kind op, const Datum& a, const Datum& b, Arena& arena) {
  switch (op) {
    case Kind::kAdd:
      return numeric_add(a, b, arena);
    case Kind::kSubtract:
      return numeric_sub(a, b, arena);
    case Kind::kMultiply:
      return numeric_mul(a, b, arena);
    case Kind::kDivide:
      return numeric_div(a, b, arena);
    default:
      return numeric_mod(a, b, arena);
  }
}

std::optional<int> compare_json(JsonbView a, JsonbView b) {
  if (is_boolean(a) && is_boolean(b)) return int{a.boolean()} - int{b.boolean()};
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case JsonKind::kNull:
      return 0;
    case JsonKind::kNumber:
      return numeric_compare(a.number(), b.number());
    case JsonKind::kString:
      return a.string().compare(b.string());
    default:
      return std::nullopt;
  }
}

bool holds(Kind op, int order) {
  switch (op) {
    case Kind::kEqual:
      return order == 0;
    case Kind::kNotEqual:
      return order != 0;
    case Kind::kLess:
      return order < 0;
    case Kind::kLessOrEqual:
      return order <= 0;
    case Kind::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

bool matches_regex(const JsonPathItem& item, std::string_view text) {
  RegexpFlags flags;
  flags.ignore_case = item.regex.ignore_case;
  flags.literal = item.regex.quote;
  if (!flags.literal) {
    flags.dot_matches_newline = item.regex.dot_all;
    flags.multi_line = item.regex.multi_line;
  }
  return Regexp::compile(item.text, flags).matches(text);
}

}  // namespace

Outcome JsonPathRun::run_arithmetic(const Item& item, const Value& value, Values* found) {
  Values left, right;
  if (run_unwrapped(*item.left, value, &left, true) == Outcome::kFailed ||
      run_unwrapped(*item.right, value, &right, true) == Outcome::kFailed) {
    return Outcome::kFailed;
  }
  auto complain = [&](std::string_view side) {
    return fail(SqlState::kSingletonSqlJsonItemRequired,
                "{} operand of jsonpath operator {} is not a single numeric value", side,
                jsonpath_kind_text(item.kind));
  };
  if (left.size() != 1 || !is_number(left[0])) return complain("left");
  if (right.size() != 1 || !is_number(right[0])) return complain("right");
  Datum result;
  try {
    result = calculate(item.kind, left[0].json.number(), right[0].json.number(), arena_);
  } catch (const SqlError&) {
    if (throws_) throw;
    return Outcome::kFailed;
  }
  return run_next(item, number(result), found);
}

Outcome JsonPathRun::run_sign(const Item& item, const Value& value, Values* found) {
  Values operands;
  if (run_unwrapped(*item.left, value, &operands, true) == Outcome::kFailed) {
    return Outcome::kFailed;
  }
  Outcome outcome = Outcome::kNotFound;
  for (const Value& operand : operands) {
    if (!is_number(operand)) {
      if (found == nullptr && !item.next) continue;
      return fail(SqlState::kSqlJsonNumberNotFound,
                  "operand of unary jsonpath operator {} is not a numeric value",
                  jsonpath_kind_text(item.kind));
    }
    Value result = operand;
    if (item.kind == Kind::kMinus) result = number(numeric_neg(operand.json.number(), arena_));
    Outcome one = run_next(item, result, found);
    if (one == Outcome::kFailed) return one;
    if (one != Outcome::kFound) continue;
    outcome = one;
    if (found == nullptr) return outcome;
  }
  return outcome;
}

Outcome JsonPathRun::run_method(const Item& item, const Value& value, Values* found, bool unwrap) {
  bool array = value.is_json() && value.json.is_array();
  if (item.kind == Kind::kType) {
    return run_next(item,
                    text(value.is_json() ? jsonb_typeof(value.json)
                                         : jsonpath_datetime_type_name(value.datetime_type)),
                    found);
  }
  if (item.kind == Kind::kSize) {
    if (!array && !lax_) {
      if (ignores_structure_) return Outcome::kNotFound;
      return fail(SqlState::kSqlJsonArrayNotFound,
                  "jsonpath item method .size() can only be applied to an array");
    }
    return run_next(item, number(numeric_from_int64(array ? value.json.size() : 1)), found);
  }
  if (unwrap && array) return run_elements(&item, value, found, false);
  if (item.kind == Kind::kDouble) return run_double(item, value, found);
  if (item.kind == Kind::kDatetime) return run_datetime(item, value, found);
  if (item.kind == Kind::kKeyValue) return run_key_value(item, value, found);
  if (!is_number(value)) {
    return fail(SqlState::kNonNumericSqlJsonItem,
                "jsonpath item method .{}() can only be applied to a numeric value",
                jsonpath_kind_text(item.kind));
  }
  Datum operand = value.json.number();
  Datum result = item.kind == Kind::kAbs     ? numeric_abs(operand, arena_)
                 : item.kind == Kind::kFloor ? numeric_floor(operand, arena_)
                                             : numeric_ceil(operand, arena_);
  return run_next(item, number(result), found);
}

Outcome JsonPathRun::run_double(const Item& item, const Value& value, Values* found) {
  if (is_number(value)) {
    try {
      numeric_to_float8(value.json.number());
    } catch (const SqlError&) {
      return fail(SqlState::kNonNumericSqlJsonItem,
                  "numeric argument of jsonpath item method .double() is out of range for type "
                  "double precision");
    }
    return run_next(item, value, found);
  }
  if (!is_string(value)) {
    return fail(SqlState::kNonNumericSqlJsonItem,
                "jsonpath item method .double() can only be applied to a string or numeric value");
  }
  double result = std::nan("");
  try {
    result = parse_float8(value.json.string());
  } catch (const SqlError&) {
    result = std::nan("");  // told below, as for NaN itself
  }
  if (!std::isfinite(result)) {
    return fail(SqlState::kNonNumericSqlJsonItem,
                "string argument of jsonpath item method .double() is not a valid representation "
                "of a double precision number");
  }
  return run_next(item, number(numeric_from_float8(result, arena_)), found);
}

Outcome JsonPathRun::run_datetime(const Item& item, const Value& value, Values* found) {
  if (!is_string(value)) {
    return fail(SqlState::kInvalidArgumentForSqlJsonDatetimeFunction,
                "jsonpath item method .datetime() can only be applied to a string");
  }
  if (item.has_template) {
    Value result;
    try {
      result = jsonpath_datetime(value.json.string(), item.text);
    } catch (const SqlError& error) {
      if (throws_ || error.state == SqlState::kFeatureNotSupported) throw;
      return Outcome::kFailed;
    }
    return run_next(item, result, found);
  }
  std::optional<Value> result = jsonpath_datetime(value.json.string());
  if (result) return run_next(item, *result, found);
  if (!throws_) return Outcome::kFailed;
  throw sql_error(SqlState::kInvalidArgumentForSqlJsonDatetimeFunction,
                  "datetime format is not recognized: \"{}\"", value.json.string())
      .hint("Use a datetime template argument to specify the input data format.");
}

Outcome JsonPathRun::run_key_value(const Item& item, const Value& value, Values* found) {
  if (!value.is_json() || !value.json.is_object()) {
    return fail(SqlState::kSqlJsonObjectNotFound,
                "jsonpath item method .keyvalue() can only be applied to an object");
  }
  int64_t id =
      value.document_id * kDocumentIdFactor + jsonpath_object_offset(value.document, value.json);
  Outcome outcome = Outcome::kNotFound;
  for (uint32_t i = 0; i < value.json.size(); ++i) {
    JsonbBuilder builder;
    builder.begin_object();
    builder.key("key");
    builder.string(value.json.key(i));
    builder.key("value");
    builder.value(value.json.value(i));
    builder.key("id");
    builder.numeric(numeric_from_int64(id));
    builder.end_object();
    Datum made = builder.finish(arena_);
    Value pair;
    pair.json = pair.document = JsonbView(made);  // an object is never inline
    pair.document_id = next_document_id_++;
    outcome = run_next(item, pair, found);
    if (outcome == Outcome::kFailed || (outcome == Outcome::kFound && found == nullptr)) break;
  }
  return outcome;
}

JsonPathRun::Truth JsonPathRun::test(const Item& item, const Value& value) {
  switch (item.kind) {
    case Kind::kAnd: {
      Truth left = test(*item.left, value);
      if (left == Truth::kFalse) return left;
      Truth right = test(*item.right, value);
      return right == Truth::kTrue ? left : right;
    }
    case Kind::kOr: {
      Truth left = test(*item.left, value);
      if (left == Truth::kTrue) return left;
      Truth right = test(*item.right, value);
      return right == Truth::kFalse ? left : right;
    }
    case Kind::kNot: {
      Truth truth = test(*item.left, value);
      if (truth == Truth::kUnknown) return truth;
      return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
    }
    case Kind::kIsUnknown:
      return test(*item.left, value) == Truth::kUnknown ? Truth::kTrue : Truth::kFalse;
    case Kind::kExists:
      return test_exists(*item.left, value);
    default:
      return test_pairs(item, value);
  }
}

JsonPathRun::Truth JsonPathRun::test_exists(const Item& item, const Value& value) {
  Values found;
  Outcome outcome = run_quietly(item, value, lax_ ? nullptr : &found, false);
  if (outcome == Outcome::kFailed) return Truth::kUnknown;
  if (!lax_) return found.empty() ? Truth::kFalse : Truth::kTrue;
  return outcome == Outcome::kFound ? Truth::kTrue : Truth::kFalse;
}

// A predicate holds when it does for some pair of its operands' items.
JsonPathRun::Truth JsonPathRun::test_pairs(const Item& item, const Value& value) {
  Values left, right;
  if (run_quietly(*item.left, value, &left, true) == Outcome::kFailed) return Truth::kUnknown;
  bool unwrap_right = item.kind != Kind::kStartsWith;
  if (item.right && run_quietly(*item.right, value, &right, unwrap_right) == Outcome::kFailed) {
    return Truth::kUnknown;
  }
  bool unknown = false, found = false;
  auto add = [&](const Value& a, const Value* b) {  // false: the answer is known
    Truth truth = test_pair(item, a, b);
    unknown |= truth == Truth::kUnknown;
    found |= truth == Truth::kTrue;
    return lax_ ? !found : !unknown;
  };
  auto all = [&] {
    for (const Value& a : left) {
      if (!item.right && !add(a, nullptr)) return;
      for (const Value& b : right) {
        if (!add(a, &b)) return;
      }
    }
  };
  all();
  if (!lax_ && unknown) return Truth::kUnknown;
  if (found) return Truth::kTrue;
  return unknown ? Truth::kUnknown : Truth::kFalse;
}

JsonPathRun::Truth JsonPathRun::test_pair(const Item& item, const Value& left, const Value* right) {
  if (item.kind == Kind::kLikeRegex) {
    if (!is_string(left)) return Truth::kUnknown;
    return matches_regex(item, left.json.string()) ? Truth::kTrue : Truth::kFalse;
  }
  if (item.kind == Kind::kStartsWith) {
    if (!is_string(left) || !is_string(*right)) return Truth::kUnknown;
    return left.json.string().starts_with(right->json.string()) ? Truth::kTrue : Truth::kFalse;
  }
  return compare(item.kind, left, *right);
}

JsonPathRun::Truth JsonPathRun::compare(JsonPathKind op, const Value& a, const Value& b) const {
  std::optional<int> order;
  if (a.is_json() && b.is_json()) {
    order = compare_json(a.json, b.json);
  } else if (!a.is_json() && !b.is_json()) {
    order = jsonpath_compare_datetime(a, b, options_.zone_allowed, *options_.io);
  }
  if (order) return holds(op, *order) ? Truth::kTrue : Truth::kFalse;
  // null differs from everything else, and is neither less nor greater.
  bool with_null = (a.is_json() && a.json.is_null()) || (b.is_json() && b.json.is_null());
  if (!with_null) return Truth::kUnknown;
  return op == Kind::kNotEqual ? Truth::kTrue : Truth::kFalse;
}

}  // namespace luma
