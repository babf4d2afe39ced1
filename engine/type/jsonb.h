#pragma once
// jsonb: a JSON value in a compact tree. Thread-safe, immutable.
//
// Bytes of the varlen value: u8 kind, then the payload of that kind:
//   null, false, true   nothing
//   number              the bytes of a numeric value (numeric.h)
//   string              UTF-8
//   array               u32 count, count entries, the elements' payloads
//   object              u32 count, count key entries, count value entries, keys, values' payloads
// An entry is u32: kind << 29 | end offset of its payload, from the end of the entries. Keys are
// unique and ordered by length, then bytes. Little-endian, unaligned.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/json.h"
#include "engine/type/json_lexer.h"
#include "engine/type/type_info.h"

namespace luma {

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

// Reads a jsonb value in place. The view points into the value's bytes, also when they are inline
// in the Datum: keep the Datum alive and in its place.
class JsonbView {
 public:
  JsonbView() = default;
  explicit JsonbView(const Datum& value)
      : kind_(static_cast<JsonKind>(value.str.data()[0])), payload_(value.str.view().substr(1)) {}
  JsonbView(JsonKind kind, std::string_view payload) : kind_(kind), payload_(payload) {}

  JsonKind kind() const { return kind_; }
  std::string_view payload() const { return payload_; }
  bool is_object() const { return kind_ == JsonKind::kObject; }
  bool is_array() const { return kind_ == JsonKind::kArray; }
  bool is_scalar() const { return kind_ < JsonKind::kArray; }
  bool is_null() const { return kind_ == JsonKind::kNull; }
  bool boolean() const { return kind_ == JsonKind::kTrue; }
  std::string_view string() const { return payload_; }
  Datum number() const { return Datum::of_string(payload_); }  // numeric

  // Members or elements; 0 of a scalar.
  uint32_t size() const { return is_scalar() ? 0 : read(0); }
  JsonbView element(uint32_t i) const { return entry(size(), i); }  // array
  std::string_view key(uint32_t i) const { return entry(2 * size(), i).payload_; }
  JsonbView value(uint32_t i) const { return entry(2 * size(), size() + i); }  // object
  // Member by key, in logarithmic time.
  std::optional<JsonbView> find(std::string_view key) const;

 private:
  static constexpr uint32_t kOffsetMask = (1u << 29) - 1;
  uint32_t read(size_t index) const {
    uint32_t word;
    std::memcpy(&word, payload_.data() + 4 * index, sizeof word);
    return word;
  }
  JsonbView entry(uint32_t entries, uint32_t i) const {
    uint32_t word = read(i + 1);
    uint32_t begin = i == 0 ? 0 : read(i) & kOffsetMask;
    uint32_t end = word & kOffsetMask;
    return {static_cast<JsonKind>(word >> 29),
            payload_.substr(4 + 4 * size_t{entries} + begin, end - begin)};
  }

  JsonKind kind_ = JsonKind::kNull;
  std::string_view payload_;
};

// Builds a value front to back: one scalar, or begin/end pairs around elements, or keys and values.
// Of equal keys the last one stays.
class JsonbBuilder : public JsonHandler {
 public:
  void begin_object() override { open(true); }
  void key(std::string_view text) override;
  void end_object() override { close(); }
  void begin_array() override { open(false); }
  void end_array() override { close(); }
  void string(std::string_view text) override { add(JsonKind::kString, text); }
  void number(std::string_view text) override;  // 22P02, 22003
  void boolean(bool value) override { add(value ? JsonKind::kTrue : JsonKind::kFalse, {}); }
  void null() override { add(JsonKind::kNull, {}); }
  void numeric(const Datum& value);  // NaN and infinity become strings
  void value(JsonbView view) { add(view.kind(), view.payload()); }
  Datum finish(Arena& arena) const;

 private:
  struct Child {
    JsonKind kind;
    uint32_t key_begin, begin, end;  // in bytes_; the key is [key_begin, begin)
  };
  struct Level {
    bool is_object;
    uint32_t key_begin;  // of its own key in the level above
    uint32_t begin;      // of its children's bytes
    size_t first_child;  // in children_
  };
  void open(bool is_object);
  void close();
  void add(JsonKind kind, std::string_view payload);
  uint32_t take_key_begin();

  std::string bytes_;
  std::vector<Child> children_;
  std::vector<Level> levels_;
  int64_t pending_key_ = -1;  // where the key of the next value begins
};

// Parses; 22P02 and 22P05 as json does.
Datum jsonb_from_text(std::string_view text, Arena& arena);
void jsonb_to_text(JsonbView view, std::string& out);  // {"a": 1, "b": [1, 2]}
void jsonb_pretty(JsonbView view, std::string& out);
Datum jsonb_of(JsonbView view, Arena& arena);  // a value from a part of another

// PostgreSQL's btree order and what belongs to it. Strings compare bytewise.
int jsonb_compare(JsonbView a, JsonbView b);
bool jsonb_equal(JsonbView a, JsonbView b);
uint64_t jsonb_hash(JsonbView view);
void jsonb_to_key(JsonbView view, std::string& out);

// ---- reading: ->  #>  typeof  ...   (nullopt is SQL NULL)
std::optional<JsonbView> jsonb_get_field(JsonbView view, std::string_view key);
std::optional<JsonbView> jsonb_get_element(JsonbView view, int64_t index);
std::optional<JsonbView> jsonb_get_path(JsonbView view, std::span<const std::string_view> path);
// As ->> shows it; false for null.
bool jsonb_value_text(JsonbView view, std::string& out);
std::string_view jsonb_typeof(JsonbView view);
int32_t jsonb_array_length(JsonbView view);  // 22023
void jsonb_each_member(JsonbView view, std::string_view function_name,
                       const std::function<void(std::string_view, JsonbView)>& visit);    // 22023
void jsonb_each_element(JsonbView view, const std::function<void(JsonbView)>& visit);     // 22023
void jsonb_each_key(JsonbView view, const std::function<void(std::string_view)>& visit);  // 22023
bool jsonb_contains(JsonbView whole, JsonbView part);     // whole @> part
bool jsonb_exists(JsonbView view, std::string_view key);  // ?
bool jsonb_exists_any(JsonbView view, std::span<const std::string_view> keys);
bool jsonb_exists_all(JsonbView view, std::span<const std::string_view> keys);

// Casts to SQL types: 22023 "cannot cast jsonb string to type integer".
bool jsonb_to_bool(JsonbView view);
Datum jsonb_to_numeric(JsonbView view, std::string_view type_name);

// ---- editing (22023 on scalars and wrong kinds, as PostgreSQL words it)
Datum jsonb_concat(JsonbView a, JsonbView b, Arena& arena);
Datum jsonb_delete_key(JsonbView view, std::string_view key, Arena& arena);
Datum jsonb_delete_keys(JsonbView view, std::span<const std::string_view> keys, Arena& arena);
Datum jsonb_delete_element(JsonbView view, int32_t index, Arena& arena);
// A path step of SQL NULL is nullopt: 22004.
using JsonPathStep = std::optional<std::string_view>;
Datum jsonb_delete_path(JsonbView view, std::span<const JsonPathStep> path, Arena& arena);
Datum jsonb_set(JsonbView view, std::span<const JsonPathStep> path, JsonbView value, bool create,
                Arena& arena);
Datum jsonb_insert(JsonbView view, std::span<const JsonPathStep> path, JsonbView value, bool after,
                   Arena& arena);
// view[path...] = value as subscripts assign: missing keys, containers and elements are made.
Datum jsonb_assign(JsonbView view, std::span<const std::string_view> path, JsonbView value,
                   Arena& arena);
Datum jsonb_strip_nulls(JsonbView view, Arena& arena);

// ---- making
// to_jsonb(): any value. Records as value_to_json().
Datum to_jsonb(const Value& value, TypeRef type, const IoContext& io, const RecordFieldNames* names,
               Arena& arena);
void add_to_jsonb(const Value& value, TypeRef type, const IoContext& io,
                  const RecordFieldNames* names, JsonbBuilder& builder);

// "3", "-1": an array subscript in a path; nullopt when it is no int32.
std::optional<int32_t> json_path_index(std::string_view step);

}  // namespace luma
