// Set-returning functions whose rows are known at once: unnest, splitting texts, taking JSON apart.
#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/type/array.h"
#include "engine/type/jsonb.h"
#include "sql/function/families.h"
#include "sql/function/regexp_search.h"
#include "sql/function/row_list.h"
#include "sql/function/string_split.h"

namespace luma {

namespace {

using State = std::unique_ptr<TableFunctionState>;
using Arguments = std::span<const Value>;
using std::string_view;

// Elements are read from the array as they are asked for.
class Unnest final : public TableFunctionState {
 public:
  explicit Unnest(const Datum& array)
      : array_(copy_datum(array, PhysicalType::kVarlen, arena_)), view_(array_) {}
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < view_.size() && count < out.columns[0].capacity()) {
      out.columns[0].set_value(count++, view_.element(at_++));
    }
    out.size = count;
  }

 private:
  Arena arena_;
  Datum array_;
  ArrayView view_;
  uint32_t at_ = 0;
};
State unnest(EvalContext&, const Expr&, Arguments args) {
  return args[0].is_null ? nullptr : std::make_unique<Unnest>(args[0].datum);
}

// The elements with their places, counted from 1.
State expand_array(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  ArrayView array(args[0].datum);
  auto rows = std::make_unique<RowList>(2);
  if (array.dimension_count() == 0) return rows;
  const TypeInfo& type = array.element_type();
  // One subscript of an array with more dimensions is NULL.
  bool plain = array.dimension_count() == 1;
  for (int32_t i = 0; i < array.dimension(0).length; ++i) {
    Value element = plain ? array.element(static_cast<uint32_t>(i)) : Value::null();
    if (!element.is_null) element.datum = copy_datum(element.datum, type.physical, rows->arena());
    rows->add(element);
    rows->add(Value(Datum::of_int32(i + 1)));
  }
  return rows;
}

bool any_null(Arguments args) {
  for (const Value& value : args) {
    if (value.is_null) return true;
  }
  return false;
}

State string_to_table(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(1);
  for (const Value& piece : split_string(args)) {
    if (piece.is_null) {
      rows->add(piece);
    } else {
      rows->add_text(piece.datum.str.view());
    }
  }
  return rows;
}

State regexp_matches(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  RegexpCallShape shape{"regexp_matches", args.size(), true, {}};
  RegexpFlags flags = regexp_flags_argument(args.data(), 2, shape);
  string_view text = text_argument(args.data(), 0);
  bool global = flags.global;
  const Regexp& regexp = Regexp::compile(text_argument(args.data(), 1), flags);
  auto rows = std::make_unique<RowList>(1);
  for (const auto& groups : regexp_all_matches(regexp, text, 0, global, false)) {
    rows->add(regexp_groups_array(groups, text, rows->arena()));
  }
  return rows;
}

State regexp_split_to_table(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  RegexpCallShape shape{"regexp_split_to_table", args.size(), false, {}};
  RegexpFlags flags = regexp_flags_argument(args.data(), 2, shape);
  auto rows = std::make_unique<RowList>(1);
  for (string_view piece :
       regexp_split(text_argument(args.data(), 0), text_argument(args.data(), 1), flags)) {
    rows->add_text(piece);
  }
  return rows;
}

// --- json ---
void add_json_text(RowList& rows, string_view json) {
  std::string text;
  if (json_value_text(json, text)) {
    rows.add_text(text);
  } else {
    rows.add(Value::null());
  }
}
void add_jsonb_text(RowList& rows, JsonbView view) {
  std::string text;
  if (jsonb_value_text(view, text)) {
    rows.add_text(text);
  } else {
    rows.add(Value::null());
  }
}

template <bool as_text>
State json_each(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(2);
  json_each_member(args[0].datum.str.view(), as_text ? "json_each_text" : "json_each",
                   [&](string_view key, string_view value) {
                     rows->add_text(key);
                     as_text ? add_json_text(*rows, value) : rows->add_text(value);
                   });
  return rows;
}
template <bool as_text>
State jsonb_each(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(2);
  jsonb_each_member(JsonbView(args[0].datum), as_text ? "jsonb_each_text" : "jsonb_each",
                    [&](string_view key, JsonbView value) {
                      rows->add_text(key);
                      as_text ? add_jsonb_text(*rows, value)
                              : rows->add(jsonb_of(value, rows->arena()));
                    });
  return rows;
}
template <bool as_text>
State json_elements(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(1);
  json_each_element(
      args[0].datum.str.view(), as_text ? "json_array_elements_text" : "json_array_elements",
      [&](string_view value) { as_text ? add_json_text(*rows, value) : rows->add_text(value); });
  return rows;
}
template <bool as_text>
State jsonb_elements(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(1);
  jsonb_each_element(JsonbView(args[0].datum), [&](JsonbView value) {
    as_text ? add_jsonb_text(*rows, value) : rows->add(jsonb_of(value, rows->arena()));
  });
  return rows;
}
State json_keys(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(1);
  json_each_key(args[0].datum.str.view(), [&](string_view key) { rows->add_text(key); });
  return rows;
}
State jsonb_keys(EvalContext&, const Expr&, Arguments args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<RowList>(1);
  jsonb_each_key(JsonbView(args[0].datum), [&](string_view key) { rows->add_text(key); });
  return rows;
}

const KernelRow kRows[] = {
    table_row("unnest(anyarray)", unnest, "elements of an array"),
    table_row("_pg_expandarray(anyarray)", expand_array, "elements of an array and their places"),
    table_row("string_to_table(text,text)", string_to_table, "pieces between delimiters"),
    table_row("string_to_table(text,text,text)", string_to_table, "pieces between delimiters"),
    table_row("regexp_matches(text,text)", regexp_matches, "groups of the first match"),
    table_row("regexp_matches(text,text,text)", regexp_matches, "groups of the matches"),
    table_row("regexp_split_to_table(text,text)", regexp_split_to_table, "pieces between matches"),
    table_row("regexp_split_to_table(text,text,text)", regexp_split_to_table,
              "pieces between matches"),
    table_row("json_each(json)", json_each<false>, "members of an object"),
    table_row("json_each_text(json)", json_each<true>, "members of an object"),
    table_row("jsonb_each(jsonb)", jsonb_each<false>, "members of an object"),
    table_row("jsonb_each_text(jsonb)", jsonb_each<true>, "members of an object"),
    table_row("json_array_elements(json)", json_elements<false>, "elements of an array"),
    table_row("json_array_elements_text(json)", json_elements<true>, "elements of an array"),
    table_row("jsonb_array_elements(jsonb)", jsonb_elements<false>, "elements of an array"),
    table_row("jsonb_array_elements_text(jsonb)", jsonb_elements<true>, "elements of an array"),
    table_row("json_object_keys(json)", json_keys, "keys of an object"),
    table_row("jsonb_object_keys(jsonb)", jsonb_keys, "keys of an object"),
};

}  // namespace

std::span<const KernelRow> table_split_kernels() { return kRows; }

}  // namespace luma
