#pragma once
// jsonpath: SQL/JSON path expressions. A value is kept as its canonical text (what output shows);
// parse_jsonpath() makes the tree that runs. Trees are immutable and own all they point to; the
// functions are thread-safe. Regular expressions are compiled where they run, not here.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/type_codec.h"

namespace luma {

enum class JsonPathKind : uint8_t {
  // primaries
  kNull,
  kTrue,
  kFalse,
  kNumber,
  kString,
  kVariable,
  kRoot,
  kCurrent,
  kLast,
  // predicates
  kOr,
  kAnd,
  kNot,
  kIsUnknown,
  kExists,
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kStartsWith,
  kLikeRegex,
  // arithmetic
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPlus,
  kMinus,
  // accessors
  kKey,
  kAnyKey,
  kAnyElement,
  kElements,
  kAnyLevel,
  kFilter,
  // methods
  kType,
  kSize,
  kAbs,
  kFloor,
  kCeiling,
  kDouble,
  kDatetime,
  kKeyValue,
};

// How an operator or method is written: "==", "floor".
std::string_view jsonpath_kind_text(JsonPathKind kind);

struct JsonPathItem;
using JsonPathItemPtr = std::unique_ptr<JsonPathItem>;

struct JsonPathSubscript {
  JsonPathItemPtr from;
  JsonPathItemPtr to;  // null: one element
};

struct JsonPathRegexFlags {
  bool ignore_case = false;   // i
  bool dot_all = false;       // s
  bool multi_line = false;    // m
  bool ignore_blank = false;  // x, only beside q
  bool quote = false;         // q
};

inline constexpr uint32_t kJsonPathLastLevel = UINT32_MAX;

struct JsonPathItem {
  explicit JsonPathItem(JsonPathKind item_kind) : kind(item_kind) {}

  JsonPathKind kind;
  JsonPathRegexFlags regex;
  bool has_template = false;     // kDatetime: `text` is one
  uint32_t first = 0, last = 0;  // kAnyLevel
  std::string text;              // key, string, variable, pattern, template
  Datum number;                  // kNumber; in the path's arena
  JsonPathItemPtr left;          // operand
  JsonPathItemPtr right;         // second operand
  std::vector<JsonPathSubscript> subscripts;
  JsonPathItemPtr next;  // the accessor that follows

  bool is_predicate() const {
    return kind >= JsonPathKind::kOr && kind <= JsonPathKind::kLikeRegex && next == nullptr;
  }
};

struct JsonPath {
  bool lax = true;
  JsonPathItemPtr root;
  Arena arena{nullptr, 256};
};

// 42601 with PostgreSQL's texts, also when nested too deeply; 22P02 of an empty text.
std::unique_ptr<JsonPath> parse_jsonpath(std::string_view text);
void jsonpath_to_text(const JsonPath& path, std::string& out);

std::span<const TypeCodec> jsonpath_codecs();

}  // namespace luma
