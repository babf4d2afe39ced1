// SQL values as JSON: to_json() and to_jsonb().
#include <fmt/format.h>

#include <utility>

#include "engine/type/array.h"
#include "engine/type/datetime.h"
#include "engine/type/json.h"
#include "engine/type/json_lexer.h"
#include "engine/type/jsonb.h"
#include "engine/type/numeric.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

// How JSON shows a type.
enum class Shape : uint8_t {
  kBool,
  kNumber,
  kDate,
  kTimestamp,
  kTimestamptz,
  kJson,
  kJsonb,
  kArray,
  kRecord,
  kText
};

// Statistics have arrays of any type, which know their own.
Oid element_of(const Datum& array, const TypeInfo& type) {
  return type.oid == type_oid::kAnyArray ? ArrayView(array).element_type().oid : type.element;
}

Shape shape_of(const TypeInfo& type) {
  switch (type.oid) {
    case type_oid::kBool:
      return Shape::kBool;
    case type_oid::kInt2:
    case type_oid::kInt4:
    case type_oid::kInt8:
    case type_oid::kFloat4:
    case type_oid::kFloat8:
    case type_oid::kNumeric:
      return Shape::kNumber;
    case type_oid::kDate:
      return Shape::kDate;
    case type_oid::kTimestamp:
      return Shape::kTimestamp;
    case type_oid::kTimestamptz:
      return Shape::kTimestamptz;
    case type_oid::kJson:
      return Shape::kJson;
    case type_oid::kJsonb:
      return Shape::kJsonb;
    case type_oid::kRecord:
      return Shape::kRecord;
    case type_oid::kRecordArray:
    case type_oid::kAnyArray:
      return Shape::kArray;
    default:
      break;
  }
  if (Oid base = base_type_of(type.oid); base != type.oid) return shape_of(type_info(base));
  if (type.is_array()) return Shape::kArray;
  return type.type_type == 'c' ? Shape::kRecord : Shape::kText;
}

void put_date_text(const Datum& v, Shape shape, const IoContext& io, std::string& out) {
  if (shape == Shape::kDate) return date_to_json_text(v.i32, out);
  if (shape == Shape::kTimestamp) return timestamp_to_json_text(v.i64, out);
  timestamptz_to_json_text(v.i64, io.time_zone, out);
}

std::string field_name(const RecordFieldNames* names, TypeRef type, uint32_t i) {
  // Users' types know their fields themselves.
  const TypeInfo* info = find_type(type.oid);
  if (info != nullptr && info->user != nullptr && i < info->user->field_names.size())
    return info->user->field_names[i];
  return names ? names->field_name(type, i) : fmt::format("f{}", i + 1);
}

// visit(level begin/end, elements) over an array of any dimensions, in row-major order.
template <typename Begin, typename End, typename Element>
void walk_array(const ArrayView& array, int dimension, uint32_t& next, Begin begin, End end,
                Element element) {
  begin(dimension);
  int32_t length = array.dimension_count() == 0 ? 0 : array.dimension(dimension).length;
  for (int32_t i = 0; i < length; ++i) {
    if (dimension + 1 < array.dimension_count()) {
      walk_array(array, dimension + 1, next, begin, end, element);
    } else {
      element(array.element(next++));
    }
  }
  end();
}

// Writes compact JSON text: [1,2], {"a":1}. Used for one value.
class TextSink {
 public:
  TextSink(const IoContext& io, const RecordFieldNames* names, std::string& out, JsonLayout layout)
      : io_(io),
        names_(names),
        out_(out),
        separator_(layout == JsonLayout::kLines ? ",\n " : ",") {}

  void value(const Value& v, TypeRef ref) {
    if (v.is_null) {
      out_ += "null";
      return;
    }
    const TypeInfo& type = type_info(ref.oid);
    Shape shape = shape_of(type);
    std::string text;
    switch (shape) {
      case Shape::kBool:
        out_ += v.datum.b ? "true" : "false";
        return;
      case Shape::kNumber:
        type.output(v.datum, type, io_, text);
        if (is_json_number(text)) {
          out_ += text;
          return;
        }
        break;
      case Shape::kDate:
      case Shape::kTimestamp:
      case Shape::kTimestamptz:
        put_date_text(v.datum, shape, io_, text);
        break;
      case Shape::kJson:
        out_ += v.datum.str.view();
        return;
      case Shape::kJsonb:
        jsonb_to_text(JsonbView(v.datum), out_);
        return;
      case Shape::kArray:
        return array(v.datum, element_of(v.datum, type));
      case Shape::kRecord:
        return record(v.datum, ref);
      case Shape::kText:
        type.output(v.datum, type, io_, text);
        break;
    }
    append_json_string(text, out_);
  }

 private:
  void array(const Datum& datum, Oid element_oid) {
    ArrayView view(datum);
    uint32_t next = 0;
    // What stands between elements at each level; inner levels stay on their line.
    std::string_view outer = std::exchange(separator_, ",");
    int level = 0;
    auto separate = [&] {
      if (out_.back() != '[') out_ += level == 1 ? outer : ",";
    };
    auto begin = [&](int dimension) {
      if (dimension > 0) separate();
      ++level;
      out_.push_back('[');
    };
    auto end = [&] {
      --level;
      out_.push_back(']');
    };
    auto element = [&](const Value& v) {
      separate();
      value(v, {element_oid, -1});
    };
    walk_array(view, 0, next, begin, end, element);
  }

  void record(const Datum& datum, TypeRef ref) {
    RecordView view(datum);
    std::string_view outer = std::exchange(separator_, ",");
    const RecordFieldNames* own = names_;
    names_ = own == nullptr ? nullptr : own->inside();
    out_.push_back('{');
    for (uint32_t i = 0; i < view.size(); ++i) {
      if (i > 0) out_ += outer;
      append_json_string(field_name(own, ref, i), out_);
      out_.push_back(':');
      value(view.field(i), view.type(i));
    }
    names_ = own;
    out_.push_back('}');
  }

  const IoContext& io_;
  const RecordFieldNames* names_;
  std::string& out_;
  std::string_view separator_;  // between the elements of the next array or record
};

}  // namespace

void value_to_json(const Value& value, TypeRef type, const IoContext& io,
                   const RecordFieldNames* names, std::string& out, JsonLayout layout) {
  TextSink(io, names, out, layout).value(value, type);
}

void add_to_jsonb(const Value& value, TypeRef ref, const IoContext& io,
                  const RecordFieldNames* names, JsonbBuilder& builder) {
  if (value.is_null) return builder.null();
  const TypeInfo& type = type_info(ref.oid);
  Shape shape = shape_of(type);
  const Datum& v = value.datum;
  std::string text;
  switch (shape) {
    case Shape::kBool:
      return builder.boolean(v.b);
    case Shape::kNumber:
      if (ref.oid == type_oid::kNumeric) return builder.numeric(v);
      type.output(v, type, io, text);
      if (is_json_number(text)) return builder.number(text);
      return builder.string(text);
    case Shape::kDate:
    case Shape::kTimestamp:
    case Shape::kTimestamptz:
      put_date_text(v, shape, io, text);
      return builder.string(text);
    case Shape::kJson:
      return parse_json_text(v.str.view(), builder);
    case Shape::kJsonb:
      return builder.value(JsonbView(v));
    case Shape::kArray: {
      ArrayView array(v);
      uint32_t next = 0;
      return walk_array(
          array, 0, next, [&](int) { builder.begin_array(); }, [&] { builder.end_array(); },
          [&](const Value& e) {
            add_to_jsonb(e, {element_of(v, type), -1}, io, names, builder);
          });
    }
    case Shape::kRecord: {
      RecordView record(v);
      builder.begin_object();
      for (uint32_t i = 0; i < record.size(); ++i) {
        builder.key(field_name(names, ref, i));
        add_to_jsonb(record.field(i), record.type(i), io,
                     names == nullptr ? nullptr : names->inside(), builder);
      }
      return builder.end_object();
    }
    case Shape::kText:
      type.output(v, type, io, text);
      return builder.string(text);
  }
}

Datum to_jsonb(const Value& value, TypeRef type, const IoContext& io, const RecordFieldNames* names,
               Arena& arena) {
  JsonbBuilder builder;
  add_to_jsonb(value, type, io, names, builder);
  return builder.finish(arena);
}

}  // namespace luma
