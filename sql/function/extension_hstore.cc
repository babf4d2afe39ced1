// hstore: operators and functions of sets of keys and values.
#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/extension_type.h"
#include "engine/type/hstore.h"
#include "engine/type/json_lexer.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"
#include "sql/function/row_names.h"
#include "sql/function/type_comparison.h"
#include "sql/function/value_parts.h"

namespace luma {

namespace {

using std::string_view;
using OptionalDatum = std::optional<Datum>;

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io != nullptr ? *context.io : kDefault;
}

// The elements of a text[]; holds what short ones point into.
class Texts {
 public:
  explicit Texts(const Datum& array) : view_(array), datums_(view_.size()) {
    for (uint32_t i = 0; i < view_.size(); ++i) {
      if (view_.is_null(i)) {
        items_.emplace_back(std::nullopt);
        continue;
      }
      datums_[i] = view_.datum(i);
      items_.emplace_back(datums_[i].str.view());
    }
  }
  const ArrayView& array() const { return view_; }
  const std::vector<std::optional<string_view>>& items() const { return items_; }

 private:
  ArrayView view_;
  std::vector<Datum> datums_;
  std::vector<std::optional<string_view>> items_;
};

[[noreturn]] void null_key() {
  throw SqlError(SqlState::kNullValueNotAllowed, "null value not allowed for hstore key");
}
[[noreturn]] void bad_subscripts(string_view text) {
  throw SqlError(SqlState::kArraySubscriptError, std::string(text));
}

OptionalDatum text_or_null(Arena& arena, const HstorePair* pair) {
  if (pair == nullptr || !pair->value) return std::nullopt;
  return arena_string(arena, *pair->value);
}

// --- reading ---
OptionalDatum fetch(RowCall& call, string_view value, string_view key) {
  HstorePairs pairs = read_hstore(value);
  return text_or_null(call.arena, find_hstore_key(pairs, key));
}
bool exists(string_view value, string_view key) {
  HstorePairs pairs = read_hstore(value);
  return find_hstore_key(pairs, key) != nullptr;
}
bool is_defined(string_view value, string_view key) {
  HstorePairs pairs = read_hstore(value);
  const HstorePair* found = find_hstore_key(pairs, key);
  return found != nullptr && found->value.has_value();
}
bool exists_any(string_view value, const Datum& keys) {
  HstorePairs pairs = read_hstore(value);
  Texts wanted(keys);
  for (const auto& key : wanted.items()) {
    if (key && find_hstore_key(pairs, *key) != nullptr) return true;
  }
  return false;
}
bool exists_all(string_view value, const Datum& keys) {
  HstorePairs pairs = read_hstore(value);
  Texts wanted(keys);
  for (const auto& key : wanted.items()) {
    if (key && find_hstore_key(pairs, *key) == nullptr) return false;
  }
  return true;
}
bool contains(string_view whole, string_view part) {
  HstorePairs pairs = read_hstore(whole);
  for (const HstorePair& wanted : read_hstore(part)) {
    const HstorePair* found = find_hstore_key(pairs, wanted.key);
    if (found == nullptr || found->value != wanted.value) return false;
  }
  return true;
}
bool contained(string_view part, string_view whole) { return contains(whole, part); }

Datum slice_array(RowCall& call, string_view value, const Datum& keys) {
  HstorePairs pairs = read_hstore(value);
  Texts wanted(keys);
  if (wanted.array().size() == 0) return empty_array(type_oid::kText);
  ArrayBuilder out(type_oid::kText);
  for (const auto& key : wanted.items()) {
    const HstorePair* found = key ? find_hstore_key(pairs, *key) : nullptr;
    out.add(found == nullptr || !found->value ? Value::null()
                                              : Value(arena_string(call.arena, *found->value)));
  }
  return out.finish(wanted.array().dimensions(), call.arena);
}

Datum slice(RowCall& call, string_view value, const Datum& keys) {
  HstorePairs pairs = read_hstore(value), out;
  Texts wanted(keys);
  for (const auto& key : wanted.items()) {
    const HstorePair* found = key ? find_hstore_key(pairs, *key) : nullptr;
    if (found != nullptr) out.push_back(*found);
  }
  normalize_hstore(out);
  return store_hstore(out, call.arena);
}

// --- changes ---
template <typename Drops>
Datum without(RowCall& call, string_view value, const Drops& drops) {
  HstorePairs pairs = read_hstore(value);
  std::erase_if(pairs, drops);
  return store_hstore(pairs, call.arena);
}
Datum delete_key(RowCall& call, string_view value, string_view key) {
  return without(call, value, [&](const HstorePair& pair) { return pair.key == key; });
}
Datum delete_keys(RowCall& call, string_view value, const Datum& keys) {
  Texts doomed(keys);
  return without(call, value, [&](const HstorePair& pair) {
    return std::ranges::find(doomed.items(), std::optional(pair.key)) != doomed.items().end();
  });
}
Datum delete_pairs(RowCall& call, string_view value, string_view other) {
  HstorePairs doomed = read_hstore(other);
  return without(call, value, [&](const HstorePair& pair) {
    const HstorePair* found = find_hstore_key(doomed, pair.key);
    return found != nullptr && found->value == pair.value;
  });
}
// The second one's values count.
Datum concatenate(RowCall& call, string_view first, string_view second) {
  HstorePairs pairs = read_hstore(second), more = read_hstore(first);
  pairs.insert(pairs.end(), more.begin(), more.end());
  normalize_hstore(pairs);
  return store_hstore(pairs, call.arena);
}

// --- construction ---
Value from_texts(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  HstorePair pair{args[0].datum.str.view(), std::nullopt};
  if (!args[1].is_null) pair.value = args[1].datum.str.view();
  return store_hstore({pair}, call.arena);
}

Value from_arrays(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  Texts keys(args[0].datum);
  if (keys.array().dimension_count() > 1) bad_subscripts("wrong number of array subscripts");
  std::optional<Texts> values;
  if (!args[1].is_null) {
    values.emplace(args[1].datum);
    if (values->array().dimension_count() > 1) bad_subscripts("wrong number of array subscripts");
    bool alike = std::ranges::equal(keys.array().dimensions(), values->array().dimensions());
    if (!alike) bad_subscripts("arrays must have same bounds");
  }
  HstorePairs pairs;
  for (size_t i = 0; i < keys.items().size(); ++i) {
    if (!keys.items()[i]) null_key();
    pairs.push_back({*keys.items()[i], values ? values->items()[i] : std::nullopt});
  }
  normalize_hstore(pairs);
  return store_hstore(pairs, call.arena);
}

Datum from_array(RowCall& call, const Datum& array) {
  Texts items(array);
  const ArrayView& view = items.array();
  if (view.dimension_count() > 2) bad_subscripts("wrong number of array subscripts");
  if (view.dimension_count() == 2 && view.dimension(1).length != 2) {
    bad_subscripts("array must have two columns");
  }
  if (view.dimension_count() == 1 && view.size() % 2 != 0) {
    bad_subscripts("array must have even number of elements");
  }
  HstorePairs pairs;
  for (size_t i = 0; i + 1 < items.items().size(); i += 2) {
    if (!items.items()[i]) null_key();
    pairs.push_back({*items.items()[i], items.items()[i + 1]});
  }
  normalize_hstore(pairs);
  return store_hstore(pairs, call.arena);
}

const UserType* composite_of(Oid type) {
  const TypeInfo& info = type_info(base_type_of(type));
  return info.type_type == 'c' ? info.user : nullptr;
}

Value from_record(RowCall& call, const Value* args) {
  const Expr& row = *call.expr.args[0];
  std::vector<std::string> names, texts;
  HstorePairs pairs;
  if (args[0].is_null) {
    const UserType* type = composite_of(row.type.oid);
    if (type == nullptr) return Value::null();
    for (const std::string& name : type->field_names) pairs.push_back({name, std::nullopt});
  } else {
    RecordView record(args[0].datum);
    RowNames known(row, call.context.field_names);
    const RecordFieldNames* field_names = known.get();
    names.reserve(record.size());
    texts.resize(record.size());
    for (uint32_t i = 0; i < record.size(); ++i) {
      names.push_back(field_names != nullptr ? field_names->field_name(row.type, i)
                                             : fmt::format("f{}", i + 1));
      HstorePair pair{names.back(), std::nullopt};
      if (Value value = record.field(i); !value.is_null) {
        const TypeInfo& type = type_info(record.type(i).oid);
        type.output(value.datum, type, io_of(call.context), texts[i]);
        pair.value = texts[i];
      }
      pairs.push_back(pair);
    }
  }
  normalize_hstore(pairs);
  return store_hstore(pairs, call.arena);
}

// (base, hstore): the base's row with the fields that the hstore has.
Value populate_record(RowCall& call, const Value* args) {
  const UserType* type = composite_of(call.expr.type.oid);
  if (type == nullptr && type_info(call.expr.type.oid).oid != type_oid::kRecord) {
    throw SqlError(SqlState::kDatatypeMismatch, "first argument must be a rowtype");
  }
  if (args[1].is_null) return args[0];
  std::optional<RecordView> old;
  if (!args[0].is_null) old.emplace(args[0].datum);
  if (type == nullptr && !old) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "could not determine row type for result of populate_record");
  }
  HstorePairs pairs = read_hstore(args[1].datum.str.view());
  if (pairs.empty() && old) return args[0];
  const IoContext& io = io_of(call.context);
  RecordBuilder out;
  size_t count = type != nullptr ? type->fields.size() : old->size();
  for (uint32_t i = 0; i < count; ++i) {
    TypeRef field = type != nullptr ? type->fields[i] : old->type(i);
    std::string name = type != nullptr ? type->field_names[i] : fmt::format("f{}", i + 1);
    const HstorePair* given = find_hstore_key(pairs, name);
    if (given == nullptr && old && i < old->size()) {
      out.add(field, old->field(i));
      continue;
    }
    const TypeInfo& info = type_info(field.oid);
    if (given == nullptr || !given->value) {
      if (info.type_type == 'd') check_domain(field.oid, Value::null(), io);
      out.add(field, Value::null());
      continue;
    }
    if (info.input == nullptr) throw unsupported("type {}", format_type(field.oid));
    Datum value = info.input(*given->value, info, field.typmod, io, call.arena);
    value = apply_typmod(value, info, field.typmod, false, call.arena);
    out.add(field, Value(copy_datum(value, info.physical, call.arena)));
  }
  return out.finish(call.arena);
}

// --- other forms ---
enum class Half : uint8_t { kKeys, kValues };

template <Half kHalf>
Datum half_array(RowCall& call, string_view value) {
  ArrayBuilder out(type_oid::kText);
  for (const HstorePair& pair : read_hstore(value)) {
    std::optional<string_view> item = kHalf == Half::kKeys ? pair.key : pair.value;
    out.add(item ? Value(arena_string(call.arena, *item)) : Value::null());
  }
  return out.finish(call.arena);
}

template <bool kMatrix>
Datum to_array(RowCall& call, string_view value) {
  HstorePairs pairs = read_hstore(value);
  if (pairs.empty()) return empty_array(type_oid::kText);
  ArrayBuilder out(type_oid::kText);
  for (const HstorePair& pair : pairs) {
    out.add(arena_string(call.arena, pair.key));
    out.add(pair.value ? Value(arena_string(call.arena, *pair.value)) : Value::null());
  }
  if (!kMatrix) return out.finish(call.arena);
  const ArrayDimension dimensions[] = {{static_cast<int32_t>(pairs.size()), 1}, {2, 1}};
  return out.finish(dimensions, call.arena);
}

bool is_json_number(string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  auto digits = [&] {
    size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - start;
  };
  bool zero = at < text.size() && text[at] == '0';
  size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// `loose`: what looks like a number or a boolean becomes one.
std::string json_text(string_view value, bool loose) {
  std::string out = "{";
  for (const HstorePair& pair : read_hstore(value)) {
    if (out.size() > 1) out += ", ";
    append_json_string(pair.key, out);
    out += ": ";
    if (!pair.value) {
      out += "null";
    } else if (loose && (*pair.value == "t" || *pair.value == "f")) {
      out += *pair.value == "t" ? "true" : "false";
    } else if (loose && is_json_number(*pair.value)) {
      out += *pair.value;
    } else {
      append_json_string(*pair.value, out);
    }
  }
  return out + "}";
}
template <bool kLoose>
Datum to_json(RowCall& call, string_view value) {
  return arena_string(call.arena, json_text(value, kLoose));
}
template <bool kLoose>
Datum to_jsonb(RowCall& call, string_view value) {
  const TypeInfo& type = type_info(type_oid::kJsonb);
  return type.input(json_text(value, kLoose), type, -1, io_of(call.context), call.arena);
}

Datum from_text(RowCall& call, string_view text) {
  const TypeInfo& type = type_info(type_oid::kHstore);
  return type.input(text, type, -1, io_of(call.context), call.arena);
}
template <auto kCodec>
Datum to_bytes(RowCall& call, string_view value) {
  const TypeInfo& type = type_info(type_oid::kHstore);
  std::string out;
  (type.*kCodec)(Datum::of_string(value), type, io_of(call.context), out);
  return arena_string(call.arena, out);
}
int32_t version(string_view) { return 2; }
// Subscripts are bound to operators of their own: nobody calls it.
Datum same(RowCall& call, string_view value) { return arena_string(call.arena, value); }

// --- sets ---
class PairSet final : public TableFunctionState {
 public:
  PairSet(string_view value, bool keys, bool values)
      : bytes_(value), pairs_(read_hstore(bytes_)), keys_(keys), values_(values) {}

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    for (; count < kVectorSize && at_ < pairs_.size(); ++count, ++at_) {
      const HstorePair& pair = pairs_[at_];
      size_t column = 0;
      if (keys_) out.columns[column++].set_value(count, Value(Datum::of_string(pair.key)));
      if (values_) {
        out.columns[column].set_value(
            count, pair.value ? Value(Datum::of_string(*pair.value)) : Value::null());
      }
    }
    out.size = count;
  }

 private:
  std::string bytes_;
  HstorePairs pairs_;
  size_t at_ = 0;
  bool keys_, values_;
};

template <bool kKeys, bool kValues>
std::unique_ptr<TableFunctionState> pair_set(EvalContext&, const Expr&,
                                             std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  return std::make_unique<PairSet>(args[0].datum.str.view(), kKeys, kValues);
}

int64_t hash_extended(RowCall& call, const Datum& value, int64_t seed) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  return static_cast<int64_t>(type.hash(value, type) + static_cast<uint64_t>(seed));
}
int32_t hash(RowCall& call, const Datum& value) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  return static_cast<int32_t>(type.hash(value, type));
}

// (whole, value, key): an assignment to whole[key].
Value assign(RowCall& call, const Value* args) {
  if (args[2].is_null) {
    throw SqlError(SqlState::kNullValueNotAllowed,
                   "hstore subscript in assignment must not be null");
  }
  HstorePair pair{args[2].datum.str.view(), std::nullopt};
  if (!args[1].is_null) pair.value = args[1].datum.str.view();
  HstorePairs pairs{pair};
  if (!args[0].is_null) {
    HstorePairs old = read_hstore(args[0].datum.str.view());
    pairs.insert(pairs.end(), old.begin(), old.end());
  }
  normalize_hstore(pairs);
  return store_hstore(pairs, call.arena);
}

ExtensionFunction lax_row(string_view signature, string_view result, VectorKernel kernel) {
  ExtensionFunction row = extension_row(signature, result, kernel);
  row.strict = false;
  return row;
}
ExtensionFunction set_row(string_view signature, string_view result, TableFunction table,
                          string_view outputs = {}) {
  ExtensionFunction row{signature, result, {}};
  row.implementation.table = table;
  row.returns_set = true;
  row.outputs = outputs;
  if (!outputs.empty()) row.input_names = "hs";
  return row;
}
ExtensionFunction equality_row(string_view signature) {
  ExtensionFunction row = extension_row(signature, "bool", strict_kernel<&TypeOrder::eq>);
  row.implementation.is_equality = true;
  return row;
}

const ExtensionFunction kRows[] = {
    extension_row("hstore_in(cstring)", "hstore", strict_kernel<from_text>),
    extension_row("hstore_out(hstore)", "cstring", strict_kernel<to_bytes<&TypeInfo::output>>),
    extension_row("hstore_recv(internal)", "hstore", strict_kernel<from_text>),
    extension_row("hstore_send(hstore)", "bytea", strict_kernel<to_bytes<&TypeInfo::send>>),
    extension_row("hstore_version_diag(hstore)", "int4", strict_kernel<version>),
    extension_row("fetchval(hstore,text)", "text", strict_kernel<fetch>),
    extension_row("slice_array(hstore,_text)", "_text", strict_kernel<slice_array>),
    extension_row("slice(hstore,_text)", "hstore", strict_kernel<slice>),
    extension_row("isexists(hstore,text)", "bool", strict_kernel<exists>),
    extension_row("exist(hstore,text)", "bool", strict_kernel<exists>),
    extension_row("exists_any(hstore,_text)", "bool", strict_kernel<exists_any>),
    extension_row("exists_all(hstore,_text)", "bool", strict_kernel<exists_all>),
    extension_row("isdefined(hstore,text)", "bool", strict_kernel<is_defined>),
    extension_row("defined(hstore,text)", "bool", strict_kernel<is_defined>),
    extension_row("delete(hstore,text)", "hstore", strict_kernel<delete_key>),
    extension_row("delete(hstore,_text)", "hstore", strict_kernel<delete_keys>),
    extension_row("delete(hstore,hstore)", "hstore", strict_kernel<delete_pairs>),
    extension_row("hs_concat(hstore,hstore)", "hstore", strict_kernel<concatenate>),
    extension_row("hs_contains(hstore,hstore)", "bool", strict_kernel<contains>),
    extension_row("hs_contained(hstore,hstore)", "bool", strict_kernel<contained>),
    lax_row("tconvert(text,text)", "hstore", row_kernel<from_texts, false>),
    lax_row("hstore(text,text)", "hstore", row_kernel<from_texts, false>),
    lax_row("hstore(_text,_text)", "hstore", row_kernel<from_arrays, false>),
    extension_row("hstore(_text)", "hstore", strict_kernel<from_array>),
    extension_row("hstore_to_json(hstore)", "json", strict_kernel<to_json<false>>),
    extension_row("hstore_to_json_loose(hstore)", "json", strict_kernel<to_json<true>>),
    extension_row("hstore_to_jsonb(hstore)", "jsonb", strict_kernel<to_jsonb<false>>),
    extension_row("hstore_to_jsonb_loose(hstore)", "jsonb", strict_kernel<to_jsonb<true>>),
    lax_row("hstore(record)", "hstore", row_kernel<from_record, false>),
    extension_row("hstore_to_array(hstore)", "_text", strict_kernel<to_array<false>>),
    extension_row("hstore_to_matrix(hstore)", "_text", strict_kernel<to_array<true>>),
    extension_row("akeys(hstore)", "_text", strict_kernel<half_array<Half::kKeys>>),
    extension_row("avals(hstore)", "_text", strict_kernel<half_array<Half::kValues>>),
    set_row("skeys(hstore)", "text", pair_set<true, false>),
    set_row("svals(hstore)", "text", pair_set<false, true>),
    set_row("each(hstore)", "record", pair_set<true, true>, "key text,value text"),
    lax_row("populate_record(anyelement,hstore)", "anyelement", row_kernel<populate_record, false>),
    extension_row("hstore_subscript_handler(internal)", "internal", strict_kernel<same>),
    equality_row("hstore_eq(hstore,hstore)"),
    extension_row("hstore_ne(hstore,hstore)", "bool", strict_kernel<&TypeOrder::ne>),
    extension_row("hstore_gt(hstore,hstore)", "bool", strict_kernel<&TypeOrder::gt>),
    extension_row("hstore_ge(hstore,hstore)", "bool", strict_kernel<&TypeOrder::ge>),
    extension_row("hstore_lt(hstore,hstore)", "bool", strict_kernel<&TypeOrder::lt>),
    extension_row("hstore_le(hstore,hstore)", "bool", strict_kernel<&TypeOrder::le>),
    extension_row("hstore_cmp(hstore,hstore)", "int4", strict_kernel<&TypeOrder::cmp>),
    extension_row("hstore_hash(hstore)", "int4", strict_kernel<hash>),
    extension_row("hstore_hash_extended(hstore,int8)", "int8", strict_kernel<hash_extended>),
};

}  // namespace

VectorKernel assign_hstore_kernel() { return row_kernel<assign, false>; }

std::span<const ExtensionFunction> hstore_functions() { return kRows; }

}  // namespace luma
