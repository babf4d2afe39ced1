#pragma once
// Runs jsonpath expressions over jsonb values. A JsonPathRun serves one evaluation on one thread;
// the values it is given must outlive it, and its results lie in the arena it was given.
#include <optional>
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/datetime.h"
#include "engine/type/jsonb.h"
#include "engine/type/jsonpath.h"

namespace luma {

// An item of a path's result: JSON, or a date/time value, which JSON has not.
struct JsonPathValue {
  JsonbView json;
  Oid datetime_type = kInvalidOid;  // date, time, timetz, timestamp, timestamptz
  Datum datetime;
  int32_t zone_east_secs = 0;  // of a timestamptz: the offset it was written with
  // The document that `json` is a part of, for the ids of .keyvalue().
  JsonbView document;
  int64_t document_id = 0;

  bool is_json() const { return datetime_type == kInvalidOid; }
};

// --- date/time items (jsonpath_datetime.cc) ---
// .datetime() without and with a template; nullopt when no known format fits.
std::optional<JsonPathValue> jsonpath_datetime(std::string_view text);
JsonPathValue jsonpath_datetime(std::string_view text, std::string_view format);
std::string_view jsonpath_datetime_type_name(Oid type);
std::string jsonpath_datetime_text(const JsonPathValue& value);
// nullopt: not comparable. 0A000 when it takes a time zone and `zone_allowed` is false.
std::optional<int> jsonpath_compare_datetime(const JsonPathValue& a, const JsonPathValue& b,
                                             bool zone_allowed, const IoContext& io);

// --- ids (jsonpath_keyvalue.cc) ---
// Where `part`, an object inside `document`, would begin in PostgreSQL's format of jsonb: what
// .keyvalue() makes its ids of.
int64_t jsonpath_object_offset(JsonbView document, JsonbView part);

class JsonPathRun {
 public:
  enum class Outcome : uint8_t { kFound, kNotFound, kFailed };
  using Values = std::vector<JsonPathValue>;
  struct Options {
    std::optional<JsonbView> variables;
    bool silent = false;
    bool zone_allowed = false;  // the _tz functions
    const IoContext* io = nullptr;
  };

  // 22023 when the variables are no object.
  JsonPathRun(const JsonPath& path, JsonbView document, const Options& options, Arena& arena);

  // All items; empty after a suppressed error.
  Outcome query(Values& found);
  // Whether there is an item; stops at the first one where the mode permits.
  Outcome exists();

 private:
  enum class Truth : uint8_t { kFalse, kTrue, kUnknown };
  using Item = JsonPathItem;
  using Value = JsonPathValue;

  template <typename... Args>
  Outcome fail(SqlState state, fmt::format_string<Args...> text, Args&&... args) {
    if (throws_) throw sql_error(state, text, std::forward<Args>(args)...);
    return Outcome::kFailed;
  }

  Outcome run(const Item& item, const Value& value, Values* found) {
    return run(item, value, found, lax_);
  }
  Outcome run(const Item& item, const Value& value, Values* found, bool unwrap);
  Outcome run_next(const Item& item, const Value& value, Values* found);
  Outcome run_unwrapped(const Item& item, const Value& value, Values* found, bool unwrap);
  Outcome run_quietly(const Item& item, const Value& value, Values* found, bool unwrap);
  // `item` on the values within `value`, from level `first` to `last`; null collects them.
  Outcome run_within(const Item* item, const Value& value, Values* found, uint32_t level,
                     uint32_t first, uint32_t last, bool ignore_errors, bool unwrap_next);
  Outcome run_elements(const Item* item, const Value& value, Values* found, bool unwrap_next) {
    return run_within(item, value, found, 1, 1, 1, false, unwrap_next);
  }

  Outcome run_key(const Item& item, const Value& value, Values* found, bool unwrap);
  Outcome run_any_key(const Item& item, const Value& value, Values* found, bool unwrap);
  Outcome run_any_element(const Item& item, const Value& value, Values* found);
  Outcome run_subscripts(const Item& item, const Value& value, Values* found);
  Outcome run_any_level(const Item& item, const Value& value, Values* found);
  Outcome run_arithmetic(const Item& item, const Value& value, Values* found);
  Outcome run_sign(const Item& item, const Value& value, Values* found);
  Outcome run_method(const Item& item, const Value& value, Values* found, bool unwrap);
  Outcome run_double(const Item& item, const Value& value, Values* found);
  Outcome run_datetime(const Item& item, const Value& value, Values* found);
  Outcome run_key_value(const Item& item, const Value& value, Values* found);
  Outcome subscript_index(const Item& item, const Value& value, int32_t& index);

  Truth test(const Item& item, const Value& value);
  Truth test_pairs(const Item& item, const Value& value);
  Truth test_pair(const Item& item, const Value& left, const Value* right);
  Truth test_exists(const Item& item, const Value& value);
  Truth compare(JsonPathKind op, const Value& a, const Value& b) const;

  Value variable(std::string_view name) const;
  Value literal(const Item& item);
  Value number(const Datum& value);
  Value text(std::string_view value);

  const JsonPath& path_;
  Options options_;
  Arena& arena_;
  Value root_;
  Value current_;
  bool lax_;
  bool ignores_structure_;
  bool throws_;
  int32_t array_size_ = -1;  // of the innermost subscript
  int64_t next_document_id_;
};

}  // namespace luma
