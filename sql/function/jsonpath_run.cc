// Accessors and literals; arithmetic, methods and predicates are in jsonpath_operators.cc.
#include "sql/function/jsonpath_run.h"

#include "engine/type/numeric.h"

namespace luma {

using Kind = JsonPathKind;
using Outcome = JsonPathRun::Outcome;
using Values = JsonPathRun::Values;

namespace {

// Restores a member when the scope ends, also by an exception.
template <typename T>
class Scoped {
 public:
  Scoped(T& place, T value) : place_(place), saved_(place) { place_ = value; }
  ~Scoped() { place_ = saved_; }
  Scoped(const Scoped&) = delete;
  Scoped& operator=(const Scoped&) = delete;

 private:
  T& place_;
  T saved_;
};

bool is_array(const JsonPathValue& value) { return value.is_json() && value.json.is_array(); }
bool is_object(const JsonPathValue& value) { return value.is_json() && value.json.is_object(); }

// A part of the same document.
JsonPathValue part_of(const JsonPathValue& whole, JsonbView part) {
  JsonPathValue value = whole;
  value.json = part;
  return value;
}

}  // namespace

JsonPathRun::JsonPathRun(const JsonPath& path, JsonbView document, const Options& options,
                         Arena& arena)
    : path_(path),
      options_(options),
      arena_(arena),
      lax_(path.lax),
      ignores_structure_(path.lax),
      throws_(!options.silent),
      next_document_id_(options.variables ? 2 : 1) {
  if (options.variables && !options.variables->is_object()) {
    throw sql_error(SqlState::kInvalidParameterValue, "\"vars\" argument is not an object")
        .detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.");
  }
  root_.json = root_.document = document;
  current_ = root_;
}

Outcome JsonPathRun::query(Values& found) { return run(*path_.root, root_, &found); }

Outcome JsonPathRun::exists() {
  if (lax_) return run(*path_.root, root_, nullptr);
  // Strict mode sees every item, as any of them may fail.
  Values found;
  Outcome outcome = run(*path_.root, root_, &found);
  if (outcome == Outcome::kFailed) return outcome;
  return found.empty() ? Outcome::kNotFound : Outcome::kFound;
}

JsonPathValue JsonPathRun::number(const Datum& value) {
  JsonPathValue out;
  out.json = JsonbView(JsonKind::kNumber, arena_.copy(value.str.view()));
  return out;
}
JsonPathValue JsonPathRun::text(std::string_view value) {
  JsonPathValue out;
  out.json = JsonbView(JsonKind::kString, arena_.copy(value));
  return out;
}

JsonPathValue JsonPathRun::variable(std::string_view name) const {
  std::optional<JsonbView> value;
  if (options_.variables) value = options_.variables->find(name);
  if (!value) {
    throw sql_error(SqlState::kUndefinedObject, "could not find jsonpath variable \"{}\"", name);
  }
  JsonPathValue out;
  out.json = *value;
  out.document = *options_.variables;
  out.document_id = 1;
  return out;
}

JsonPathValue JsonPathRun::literal(const Item& item) {
  JsonPathValue out;
  switch (item.kind) {
    case Kind::kTrue:
      out.json = JsonbView(JsonKind::kTrue, {});
      break;
    case Kind::kFalse:
      out.json = JsonbView(JsonKind::kFalse, {});
      break;
    case Kind::kNumber:
      out.json = JsonbView(JsonKind::kNumber, item.number.str.view());
      break;
    case Kind::kString:
      out.json = JsonbView(JsonKind::kString, item.text);
      break;
    case Kind::kVariable:
      return variable(item.text);
    case Kind::kLast:
      return number(numeric_from_int64(array_size_ - 1));
    default:
      break;
  }
  return out;
}

Outcome JsonPathRun::run_next(const Item& item, const Value& value, Values* found) {
  if (item.next) return run(*item.next, value, found);
  if (found != nullptr) found->push_back(value);
  return Outcome::kFound;
}

Outcome JsonPathRun::run_unwrapped(const Item& item, const Value& value, Values* found,
                                   bool unwrap) {
  if (!unwrap || !lax_) return run(item, value, found);
  Values all;
  if (run(item, value, &all) == Outcome::kFailed) return Outcome::kFailed;
  if (found == nullptr) {
    for (const Value& each : all) {
      if (!is_array(each) || each.json.size() > 0) return Outcome::kFound;
    }
    return Outcome::kNotFound;
  }
  for (const Value& each : all) {
    if (is_array(each)) {
      run_elements(nullptr, each, found, false);
    } else {
      found->push_back(each);
    }
  }
  return Outcome::kFound;
}

Outcome JsonPathRun::run_quietly(const Item& item, const Value& value, Values* found, bool unwrap) {
  Scoped<bool> quiet(throws_, false);
  return run_unwrapped(item, value, found, unwrap);
}

Outcome JsonPathRun::run_within(const Item* item, const Value& value, Values* found, uint32_t level,
                                uint32_t first, uint32_t last, bool ignore_errors,
                                bool unwrap_next) {
  Outcome outcome = Outcome::kNotFound;
  if (level > last) return outcome;
  bool only_leaves = first == kJsonPathLastLevel && last == kJsonPathLastLevel;
  for (uint32_t i = 0; i < value.json.size(); ++i) {
    Value part =
        part_of(value, value.json.is_object() ? value.json.value(i) : value.json.element(i));
    if (level >= first || (only_leaves && part.json.is_scalar())) {
      if (item != nullptr) {
        Scoped<bool> ignore(ignores_structure_, ignore_errors || ignores_structure_);
        outcome = run(*item, part, found, unwrap_next);
      } else {
        outcome = Outcome::kFound;
        if (found != nullptr) found->push_back(part);
      }
      if (outcome == Outcome::kFailed || (outcome == Outcome::kFound && found == nullptr)) break;
    }
    if (level < last && !part.json.is_scalar()) {
      outcome = run_within(item, part, found, level + 1, first, last, ignore_errors, unwrap_next);
      if (outcome == Outcome::kFailed || (outcome == Outcome::kFound && found == nullptr)) break;
    }
  }
  return outcome;
}

Outcome JsonPathRun::run(const Item& item, const Value& value, Values* found, bool unwrap) {
  switch (item.kind) {
    case Kind::kNull:
    case Kind::kTrue:
    case Kind::kFalse:
    case Kind::kNumber:
    case Kind::kString:
    case Kind::kVariable:
    case Kind::kLast:
      return run_next(item, literal(item), found);
    case Kind::kRoot:
      return run_next(item, root_, found);
    case Kind::kCurrent:
      return run_next(item, current_, found);
    case Kind::kKey:
      return run_key(item, value, found, unwrap);
    case Kind::kAnyKey:
      return run_any_key(item, value, found, unwrap);
    case Kind::kAnyElement:
      return run_any_element(item, value, found);
    case Kind::kElements:
      return run_subscripts(item, value, found);
    case Kind::kAnyLevel:
      return run_any_level(item, value, found);
    case Kind::kFilter: {
      if (unwrap && is_array(value)) return run_elements(&item, value, found, false);
      Truth truth;
      {
        Scoped<Value> inner(current_, value);
        truth = test(*item.left, value);
      }
      return truth == Truth::kTrue ? run_next(item, value, found) : Outcome::kNotFound;
    }
    case Kind::kAdd:
    case Kind::kSubtract:
    case Kind::kMultiply:
    case Kind::kDivide:
    case Kind::kModulo:
      return run_arithmetic(item, value, found);
    case Kind::kPlus:
    case Kind::kMinus:
      return run_sign(item, value, found);
    default:
      break;
  }
  if (item.kind >= Kind::kType) return run_method(item, value, found, unwrap);
  Value result;
  if (Truth truth = test(item, value); truth != Truth::kUnknown) {
    result.json = JsonbView(truth == Truth::kTrue ? JsonKind::kTrue : JsonKind::kFalse, {});
  }
  return run_next(item, result, found);
}

Outcome JsonPathRun::run_key(const Item& item, const Value& value, Values* found, bool unwrap) {
  if (is_object(value)) {
    if (std::optional<JsonbView> member = value.json.find(item.text)) {
      return run_next(item, part_of(value, *member), found);
    }
    if (ignores_structure_) return Outcome::kNotFound;
    return fail(SqlState::kSqlJsonMemberNotFound, "JSON object does not contain key \"{}\"",
                item.text);
  }
  if (unwrap && is_array(value)) return run_elements(&item, value, found, false);
  if (ignores_structure_) return Outcome::kNotFound;
  return fail(SqlState::kSqlJsonMemberNotFound,
              "jsonpath member accessor can only be applied to an object");
}

Outcome JsonPathRun::run_any_key(const Item& item, const Value& value, Values* found, bool unwrap) {
  if (is_object(value)) return run_elements(item.next.get(), value, found, lax_);
  if (unwrap && is_array(value)) return run_elements(&item, value, found, false);
  if (ignores_structure_) return Outcome::kNotFound;
  return fail(SqlState::kSqlJsonObjectNotFound,
              "jsonpath wildcard member accessor can only be applied to an object");
}

Outcome JsonPathRun::run_any_element(const Item& item, const Value& value, Values* found) {
  if (is_array(value)) return run_elements(item.next.get(), value, found, lax_);
  if (lax_) return run_next(item, value, found);
  if (ignores_structure_) return Outcome::kNotFound;
  return fail(SqlState::kSqlJsonArrayNotFound,
              "jsonpath wildcard array accessor can only be applied to an array");
}

Outcome JsonPathRun::subscript_index(const Item& item, const Value& value, int32_t& index) {
  Values found;
  if (run(item, value, &found) == Outcome::kFailed) return Outcome::kFailed;
  if (found.size() != 1 || !found[0].is_json() || found[0].json.kind() != JsonKind::kNumber) {
    return fail(SqlState::kInvalidSqlJsonSubscript,
                "jsonpath array subscript is not a single numeric value");
  }
  try {
    index = numeric_to_int32(numeric_trunc(found[0].json.number(), 0, arena_));
  } catch (const SqlError&) {
    return fail(SqlState::kInvalidSqlJsonSubscript,
                "jsonpath array subscript is out of integer range");
  }
  return Outcome::kFound;
}

Outcome JsonPathRun::run_subscripts(const Item& item, const Value& value, Values* found) {
  bool single = !is_array(value);
  if (single && !lax_) {
    if (ignores_structure_) return Outcome::kNotFound;
    return fail(SqlState::kSqlJsonArrayNotFound,
                "jsonpath array accessor can only be applied to an array");
  }
  Outcome outcome = Outcome::kNotFound;
  auto size = single ? 1 : static_cast<int32_t>(value.json.size());
  Scoped<int32_t> inner(array_size_, size);
  for (const JsonPathSubscript& subscript : item.subscripts) {
    int32_t from = 0, to = 0;
    if (subscript_index(*subscript.from, value, from) == Outcome::kFailed) return Outcome::kFailed;
    to = from;
    if (subscript.to && subscript_index(*subscript.to, value, to) == Outcome::kFailed) {
      return Outcome::kFailed;
    }
    if (!ignores_structure_ && (from < 0 || from > to || to >= size)) {
      return fail(SqlState::kInvalidSqlJsonSubscript, "jsonpath array subscript is out of bounds");
    }
    for (int32_t i = std::max(from, 0); i <= std::min(to, size - 1); ++i) {
      Value part = single ? value : part_of(value, value.json.element(static_cast<uint32_t>(i)));
      outcome = run_next(item, part, found);
      if (outcome == Outcome::kFailed) return outcome;
      if (outcome == Outcome::kFound && found == nullptr) return outcome;
    }
  }
  return outcome;
}

Outcome JsonPathRun::run_any_level(const Item& item, const Value& value, Values* found) {
  Outcome outcome = Outcome::kNotFound;
  if (item.first == 0) {
    Scoped<bool> ignore(ignores_structure_, true);
    outcome = run_next(item, value, found);
    if (outcome == Outcome::kFailed || (outcome == Outcome::kFound && found == nullptr)) {
      return outcome;
    }
  }
  if (!value.is_json() || value.json.is_scalar()) return outcome;
  return run_within(item.next.get(), value, found, 1, item.first, item.last, true, lax_);
}

}  // namespace luma
