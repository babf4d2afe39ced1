// JSON objects as rows: json_populate_record() and its relatives, for json and jsonb.
#include <algorithm>
#include <utility>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/json.h"
#include "engine/type/jsonb.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/function/families.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

enum class Shape : uint8_t { kNull, kScalar, kString, kArray, kObject };

// json: pieces of its text.
struct TextJson {
  explicit TextJson(const Datum& value) : text(value.str.view()) {}
  explicit TextJson(std::string_view piece) : text(piece) {}

  Shape shape() const {
    std::string_view kind = json_typeof(text);
    return kind == "null"     ? Shape::kNull
           : kind == "string" ? Shape::kString
           : kind == "array"  ? Shape::kArray
           : kind == "object" ? Shape::kObject
                              : Shape::kScalar;
  }
  template <typename Visit>
  void each_member(Visit&& visit) const {
    json_each_member(text, "", [&](std::string_view key, std::string_view value) {
      visit(key, TextJson(value));
    });
  }
  template <typename Visit>
  void each_element(Visit&& visit) const {
    json_each_element(text, "", [&](std::string_view value) { visit(TextJson(value)); });
  }
  void plain_text(std::string& out) const { json_value_text(text, out); }
  void as_json(std::string& out) const { out += text; }

  std::string_view text;
};

struct BinaryJson {
  explicit BinaryJson(const Datum& value) : view(value) {}
  explicit BinaryJson(JsonbView piece) : view(piece) {}

  Shape shape() const {
    switch (view.kind()) {
      case JsonKind::kNull:
        return Shape::kNull;
      case JsonKind::kString:
        return Shape::kString;
      case JsonKind::kArray:
        return Shape::kArray;
      case JsonKind::kObject:
        return Shape::kObject;
      default:
        return Shape::kScalar;
    }
  }
  template <typename Visit>
  void each_member(Visit&& visit) const {
    for (uint32_t i = 0; i < view.size(); ++i) visit(view.key(i), BinaryJson(view.value(i)));
  }
  template <typename Visit>
  void each_element(Visit&& visit) const {
    for (uint32_t i = 0; i < view.size(); ++i) visit(BinaryJson(view.element(i)));
  }
  void plain_text(std::string& out) const { jsonb_value_text(view, out); }
  void as_json(std::string& out) const { jsonb_to_text(view, out); }

  JsonbView view;
};

// The fields of the rows to make.
struct RowShape {
  std::vector<std::string> names;
  std::vector<TypeRef> types;
};

RowShape shape_of(const UserType& type) { return {type.field_names, type.fields}; }

// One conversion of JSON values to SQL values.
template <typename Json>
class Populator {
 public:
  Populator(const IoContext& io, Arena& arena) : io_(io), arena_(arena) {}

  // `base` gives the fields that the object lacks; NULL: they are NULL.
  Value record(const Json& json, const RowShape& shape, const Value& base,
               std::string_view function) {
    Shape kind = json.shape();
    if (kind != Shape::kObject) {
      throw sql_error(SqlState::kInvalidParameterValue, "cannot call {} on {}", function,
                      kind == Shape::kArray ? "an array" : "a scalar");
    }
    std::vector<std::optional<Json>> found(shape.names.size());
    bool any = false;
    json.each_member([&](std::string_view key, Json value) {
      any = true;
      auto name = std::find(shape.names.begin(), shape.names.end(), key);
      // Of equal keys the last one counts.
      if (name != shape.names.end())
        found[static_cast<size_t>(name - shape.names.begin())].emplace(value);
    });
    if (!any && !base.is_null) return base;
    std::optional<RecordView> old;
    if (!base.is_null) old.emplace(base.datum);
    RecordBuilder builder;
    for (uint32_t i = 0; i < shape.names.size(); ++i) {
      if (!found[i] && old && i < old->size()) {
        builder.add(shape.types[i], old->field(i));
      } else {
        builder.add(shape.types[i], found[i] ? field(*found[i], shape.types[i], shape.names[i])
                                             : missing(shape.types[i]));
      }
    }
    return builder.finish(arena_);
  }

 private:
  Value missing(TypeRef type) {
    if (type_info(type.oid).type_type == 'd') check_domain(type.oid, Value::null(), io_);
    return Value::null();
  }

  Value field(const Json& json, TypeRef type, std::string_view key) {
    Shape kind = json.shape();
    if (kind == Shape::kNull) return missing(type);
    TypeRef plain = base_type_of(type);
    const TypeInfo& info = type_info(plain.oid);
    Value value;
    if (info.is_array() && kind != Shape::kString) {
      if (kind != Shape::kArray) throw expected_array(key);
      value = array(json, {info.element, plain.typmod}, key);
    } else if (info.type_type == 'c' && info.user != nullptr && kind != Shape::kString) {
      value = record(json, shape_of(*info.user), Value::null(), "populate_composite");
    } else {
      return scalar(json, type);
    }
    if (plain.oid != type.oid) check_domain(type.oid, value, io_);
    return value;
  }

  Value scalar(const Json& json, TypeRef type) {
    const TypeInfo& info = type_info(type.oid);
    Oid plain = base_type_of(type.oid);
    std::string text;
    if (plain == type_oid::kJson || plain == type_oid::kJsonb) {
      json.as_json(text);
    } else {
      json.plain_text(text);
    }
    if (info.input == nullptr) throw unsupported("type {}", format_type(type.oid));
    Datum value = info.input(text, info, type.typmod, io_, arena_);
    value = apply_typmod(value, info, type.typmod, false, arena_);
    // Text-like inputs may return a view of their input.
    return copy_datum(value, info.physical, arena_);
  }

  SqlError expected_array(std::string_view key) const {
    std::string place;
    for (int32_t index : position_) place += fmt::format("[{}]", index);
    return sql_error(SqlState::kInvalidTextRepresentation, "expected JSON array")
        .hint(place.empty() ? fmt::format("See the value of key \"{}\".", key)
                            : fmt::format("See the array element {} of key \"{}\".", place, key));
  }

  Value array(const Json& json, TypeRef element, std::string_view key) {
    std::vector<ArrayDimension> dimensions;
    ArrayBuilder builder(element.oid);
    // Elements may hold arrays of their own.
    size_t outer = std::exchange(closed_, 0);
    std::vector<int32_t> outside = std::exchange(position_, {});
    collect(json, element, key, 0, dimensions, builder);
    closed_ = outer;
    position_ = std::move(outside);
    if (builder.size() == 0) return empty_array(element.oid);
    return builder.finish(dimensions, arena_);
  }

  void collect(const Json& json, TypeRef element, std::string_view key, size_t depth,
               std::vector<ArrayDimension>& dimensions, ArrayBuilder& builder) {
    bool first = depth == dimensions.size();
    if (first) dimensions.push_back({0, 1});
    // The innermost level is known once an element is not an array.
    bool innermost = closed_ != 0 && depth + 1 == closed_;
    int32_t count = 0;
    json.each_element([&](Json item) {
      position_.push_back(count++);
      bool nested = item.shape() == Shape::kArray && !is_json(element.oid);
      if (nested && !innermost && closed_ == 0) {
        collect(item, element, key, depth + 1, dimensions, builder);
      } else if (nested && closed_ > depth + 1) {
        collect(item, element, key, depth + 1, dimensions, builder);
      } else {
        if (closed_ == 0) closed_ = depth + 1;
        if (closed_ != depth + 1 || nested) throw expected_array(key);
        builder.add(field(item, element, key));
      }
      position_.pop_back();
    });
    if (dimensions[depth].length == 0 && first) {
      dimensions[depth].length = count;
    } else if (dimensions[depth].length != count) {
      throw sql_error(SqlState::kInvalidTextRepresentation, "malformed JSON array")
          .detail("Multidimensional arrays must have sub-arrays with matching dimensions.");
    }
  }

  static bool is_json(Oid type) {
    Oid plain = base_type_of(type);
    return plain == type_oid::kJson || plain == type_oid::kJsonb;
  }

  const IoContext& io_;
  Arena& arena_;
  size_t closed_ = 0;              // dimensions of the array at hand, once known
  std::vector<int32_t> position_;  // in it
};

// What the call's rows look like: its composite type, or the record that describes them.
RowShape shape_of_call(const Expr& call, const Value& prototype) {
  const TypeInfo& type = type_info(base_type_of(call.type.oid));
  if (type.user != nullptr && type.user->type_type == 'c') return shape_of(*type.user);
  if (type.oid != type_oid::kRecord) {
    throw sql_error(SqlState::kDatatypeMismatch, "first argument of {} must be a row type",
                    call.function->name);
  }
  if (prototype.is_null) {
    throw sql_error(SqlState::kFeatureNotSupported, "could not determine row type for result of {}",
                    call.function->name)
        .hint(
            "Provide a non-null record argument, or call the function in the FROM clause using a "
            "column definition list.");
  }
  RowShape shape;
  RecordView record(prototype.datum);
  for (uint32_t i = 0; i < record.size(); ++i) {
    shape.types.push_back(record.type(i));
    shape.names.push_back(i < call.field_names.size() ? std::string(call.field_names[i])
                                                      : fmt::format("f{}", i + 1));
  }
  return shape;
}

// The base record must be of the columns that the query lists.
void check_listed_columns(const Value& base, const RowShape& listed) {
  if (base.is_null) return;
  RecordView record(base.datum);
  SqlError mismatch(SqlState::kDatatypeMismatch,
                    "function return row and query-specified return row do not match");
  if (record.size() != listed.types.size()) {
    throw mismatch.detail(fmt::format("Returned row contains {} attribute{}, but query expects {}.",
                                      record.size(), record.size() == 1 ? "" : "s",
                                      listed.types.size()));
  }
  for (uint32_t i = 0; i < record.size(); ++i) {
    if (record.type(i).oid == listed.types[i].oid) continue;
    throw mismatch.detail(
        fmt::format("Returned type {} at ordinal position {}, but query expects {}.",
                    format_type(record.type(i).oid), i + 1, format_type(listed.types[i].oid)));
  }
}

// Of the functions with a base: a column list adds a record that describes it to the arguments.
RowShape shape_of_populated(const Expr& call, const Value& base, const Value& last) {
  if (call.field_names.empty()) return shape_of_call(call, base);
  RowShape shape = shape_of_call(call, last);
  check_listed_columns(base, shape);
  // The base is a row without names for its fields.
  for (size_t i = 0; i < shape.names.size() && !base.is_null; ++i) {
    shape.names[i] = fmt::format("f{}", i + 1);
  }
  return shape;
}

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io != nullptr ? *context.io : kDefault;
}

Value checked(RowCall& call, const Value& row) {
  if (type_info(call.expr.type.oid).type_type == 'd')
    check_domain(call.expr.type.oid, row, io_of(call.context));
  return row;
}

// (base, json)
template <typename Json>
Value populate_record(RowCall& call, const Value* args) {
  RowShape shape = shape_of_populated(call.expr, args[0], args[call.expr.args.size() - 1]);
  if (args[1].is_null) return args[0];
  Populator<Json> populator(io_of(call.context), call.arena);
  return checked(call, populator.record(Json(args[1].datum), shape, args[0], "populate_composite"));
}

// (json, prototype)
template <typename Json>
Value to_record(RowCall& call, const Value* args) {
  if (call.expr.args.size() < 2) return shape_of_call(call.expr, Value::null()), Value::null();
  RowShape shape = shape_of_call(call.expr, args[1]);
  if (args[0].is_null) return Value::null();
  Populator<Json> populator(io_of(call.context), call.arena);
  return populator.record(Json(args[0].datum), shape, Value::null(), "populate_composite");
}

class RecordSet final : public TableFunctionState {
 public:
  Arena& arena() { return arena_; }
  void add(const Value& row) { rows_.push_back(row); }
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    for (; count < kVectorSize && position_ < rows_.size(); ++count, ++position_)
      out.columns[0].set_value(count, rows_[position_]);
    out.size = count;
  }

 private:
  Arena arena_;
  std::vector<Value> rows_;
  size_t position_ = 0;
};

template <typename Json>
std::unique_ptr<TableFunctionState> populate_set(EvalContext& context, const Expr& call,
                                                 const Value& json, const RowShape& shape,
                                                 const Value& base) {
  std::string_view function = call.function->name;
  Json list(json.datum);
  if (list.shape() != Shape::kArray) {
    throw sql_error(SqlState::kInvalidParameterValue, "cannot call {} on {}", function,
                    list.shape() == Shape::kObject ? "an object" : "a scalar");
  }
  auto rows = std::make_unique<RecordSet>();
  list.each_element([&](Json item) {
    if (item.shape() != Shape::kObject) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "argument of {} must be an array of objects", function);
    }
    rows->add(Populator<Json>(io_of(context), rows->arena()).record(item, shape, base, function));
  });
  return rows;
}

template <typename Json>
std::unique_ptr<TableFunctionState> populate_recordset(EvalContext& context, const Expr& call,
                                                       std::span<const Value> args) {
  if (args[1].is_null) return nullptr;
  return populate_set<Json>(context, call, args[1], shape_of_populated(call, args[0], args.back()),
                            args[0]);
}

template <typename Json>
std::unique_ptr<TableFunctionState> to_recordset(EvalContext& context, const Expr& call,
                                                 std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  RowShape shape = shape_of_call(call, args.size() > 1 ? args.back() : Value::null());
  return populate_set<Json>(context, call, args[0], shape, Value::null());
}

const KernelRow kRows[] = {
    scalar_row("json_populate_record(anyelement,json,bool)",
               row_kernel<populate_record<TextJson>, false>, "object as a row of the base's type"),
    scalar_row("jsonb_populate_record(anyelement,jsonb)",
               row_kernel<populate_record<BinaryJson>, false>,
               "object as a row of the base's type"),
    table_row("json_populate_recordset(anyelement,json,bool)", populate_recordset<TextJson>,
              "objects as rows of the base's type"),
    table_row("jsonb_populate_recordset(anyelement,jsonb)", populate_recordset<BinaryJson>,
              "objects as rows of the base's type"),
    scalar_row("json_to_record(json)", row_kernel<to_record<TextJson>, false>,
               "object as a row of the columns asked for"),
    scalar_row("jsonb_to_record(jsonb)", row_kernel<to_record<BinaryJson>, false>,
               "object as a row of the columns asked for"),
    table_row("json_to_recordset(json)", to_recordset<TextJson>,
              "objects as rows of the columns asked for"),
    table_row("jsonb_to_recordset(jsonb)", to_recordset<BinaryJson>,
              "objects as rows of the columns asked for"),
};

}  // namespace

std::span<const KernelRow> json_record_kernels() { return kRows; }

}  // namespace luma
