#include "engine/type/jsonb.h"

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/key_bytes.h"
#include "engine/type/numeric.h"
#include "engine/type/value_hash.h"

namespace luma {
namespace {

constexpr uint32_t kMaxPayloadBytes = 268435455;

int order(size_t a, size_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int key_order(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.empty() ? 0 : std::memcmp(a.data(), b.data(), a.size());
}

void put_word(std::string& out, uint32_t word) {
  out.append(reinterpret_cast<const char*>(&word), 4);
}

// PostgreSQL's order of kinds: Null < String < Number < Boolean < Array < Object.
int kind_rank(JsonKind kind) {
  static constexpr int kRanks[] = {0, 3, 3, 2, 1, 4, 5};
  return kRanks[static_cast<int>(kind)];
}

int compare_scalars(JsonbView a, JsonbView b) {
  switch (a.kind()) {
    case JsonKind::kNull:
      return 0;
    case JsonKind::kString:
      return a.string().compare(b.string());
    case JsonKind::kNumber:
      return numeric_compare(a.number(), b.number());
    default:
      return static_cast<int>(a.boolean()) - static_cast<int>(b.boolean());
  }
}

int compare_nested(JsonbView a, JsonbView b) {
  int ranks = kind_rank(a.kind()) - kind_rank(b.kind());
  if (ranks != 0) return ranks;
  if (a.is_scalar()) return compare_scalars(a, b);
  if (int sizes = order(a.size(), b.size()); sizes != 0) return sizes;
  for (uint32_t i = 0; i < a.size(); ++i) {
    if (a.is_object()) {
      if (int keys = a.key(i).compare(b.key(i)); keys != 0) return keys;
    }
    int result = a.is_object() ? compare_nested(a.value(i), b.value(i))
                               : compare_nested(a.element(i), b.element(i));
    if (result != 0) return result;
  }
  return 0;
}

// At the top an empty array comes before scalars, which come before all other arrays.
int top_rank(JsonbView view) {
  if (view.is_array()) return view.size() == 0 ? 0 : 2;
  return view.is_object() ? 3 : 1;
}

void put_nested_key(JsonbView view, std::string& out) {
  put_u8(out, static_cast<uint8_t>(kind_rank(view.kind()) + 1));
  switch (view.kind()) {
    case JsonKind::kNull:
      break;
    case JsonKind::kFalse:
      put_u8(out, 0);
      break;
    case JsonKind::kTrue:
      put_u8(out, 1);
      break;
    case JsonKind::kString:
      put_key_text(out, view.string());
      break;
    case JsonKind::kNumber: {
      static const TypeInfo& numeric = type_info(type_oid::kNumeric);
      numeric.key_encode(view.number(), numeric, out);
      break;
    }
    case JsonKind::kArray:
      put_u32(out, view.size());
      for (uint32_t i = 0; i < view.size(); ++i) put_nested_key(view.element(i), out);
      break;
    case JsonKind::kObject:
      put_u32(out, view.size());
      for (uint32_t i = 0; i < view.size(); ++i) {
        put_key_text(out, view.key(i));
        put_nested_key(view.value(i), out);
      }
      break;
  }
}

uint64_t hash_nested(JsonbView view) {
  uint64_t hash = hash_int64(static_cast<int64_t>(view.kind()));
  switch (view.kind()) {
    case JsonKind::kString:
      return hash_mix(hash, hash_bytes(view.string()));
    case JsonKind::kNumber:
      return hash_mix(hash, numeric_hash(view.number()));
    case JsonKind::kArray:
      for (uint32_t i = 0; i < view.size(); ++i)
        hash = hash_mix(hash, hash_nested(view.element(i)));
      return hash;
    case JsonKind::kObject:
      for (uint32_t i = 0; i < view.size(); ++i) {
        hash = hash_mix(hash_mix(hash, hash_bytes(view.key(i))), hash_nested(view.value(i)));
      }
      return hash;
    default:
      return hash;
  }
}

void put_scalar_text(JsonbView view, std::string& out) {
  switch (view.kind()) {
    case JsonKind::kNull:
      out += "null";
      break;
    case JsonKind::kFalse:
      out += "false";
      break;
    case JsonKind::kTrue:
      out += "true";
      break;
    case JsonKind::kNumber:
      numeric_append_text(view.number(), out);
      break;
    default:
      append_json_string(view.string(), out);
      break;
  }
}

void put_pretty(JsonbView view, int depth, std::string& out) {
  if (view.is_scalar()) return put_scalar_text(view, out);
  auto new_line = [&](int level) {
    out.push_back('\n');
    out.append(static_cast<size_t>(level) * 4, ' ');
  };
  out.push_back(view.is_object() ? '{' : '[');
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (i > 0) out.push_back(',');
    new_line(depth + 1);
    if (view.is_object()) {
      append_json_string(view.key(i), out);
      out += ": ";
      put_pretty(view.value(i), depth + 1, out);
    } else {
      put_pretty(view.element(i), depth + 1, out);
    }
  }
  new_line(depth);
  out.push_back(view.is_object() ? '}' : ']');
}

// Equal keys: the later one replaces the earlier.
template <typename Child, typename Less>
void sort_unique(std::vector<Child>& children, size_t first, Less less) {
  auto begin = children.begin() + static_cast<std::ptrdiff_t>(first);
  std::stable_sort(begin, children.end(), less);
  auto to = begin;
  for (auto it = begin; it != children.end(); ++it) {
    if (it + 1 != children.end() && !less(*it, *(it + 1))) continue;
    *to++ = *it;
  }
  children.erase(to, children.end());
}

}  // namespace

std::optional<JsonbView> JsonbView::find(std::string_view key_text) const {
  if (!is_object()) return std::nullopt;
  uint32_t low = 0, high = size();
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int result = key_order(key_text, key(middle));
    if (result == 0) return value(middle);
    if (result < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return std::nullopt;
}

uint32_t JsonbBuilder::take_key_begin() {
  auto begin = pending_key_ >= 0 ? static_cast<uint32_t>(pending_key_)
                                 : static_cast<uint32_t>(bytes_.size());
  pending_key_ = -1;
  return begin;
}

void JsonbBuilder::key(std::string_view text) {
  if (text.size() > kMaxPayloadBytes) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "string too long to represent as jsonb string");
  }
  pending_key_ = static_cast<int64_t>(bytes_.size());
  bytes_.append(text);
}

void JsonbBuilder::add(JsonKind kind, std::string_view payload) {
  if (bytes_.size() + payload.size() > kMaxPayloadBytes) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "total size of jsonb elements exceeds the maximum of {} bytes",
                    kMaxPayloadBytes);
  }
  uint32_t key_begin = take_key_begin();
  auto begin = static_cast<uint32_t>(bytes_.size());
  bytes_.append(payload);
  children_.push_back({kind, key_begin, begin, static_cast<uint32_t>(bytes_.size())});
}

void JsonbBuilder::number(std::string_view text) {
  Arena arena(nullptr, 256);
  numeric(numeric_from_text(text, arena));
}

void JsonbBuilder::numeric(const Datum& value) {
  if (numeric_is_nan(value) || numeric_is_infinite(value)) {
    std::string text;
    numeric_append_text(value, text);
    string(text);
  } else {
    add(JsonKind::kNumber, value.str.view());
  }
}

void JsonbBuilder::open(bool is_object) {
  uint32_t key_begin = take_key_begin();
  levels_.push_back({is_object, key_begin, static_cast<uint32_t>(bytes_.size()), children_.size()});
}

void JsonbBuilder::close() {
  Level level = levels_.back();
  levels_.pop_back();
  auto key_of = [this](const Child& c) {
    return std::string_view(bytes_).substr(c.key_begin, c.begin - c.key_begin);
  };
  if (level.is_object) {
    sort_unique(children_, level.first_child, [&](const Child& a, const Child& b) {
      return key_order(key_of(a), key_of(b)) < 0;
    });
  }
  std::span<const Child> children(
      children_.begin() + static_cast<std::ptrdiff_t>(level.first_child), children_.end());
  std::string payload;
  payload.reserve(bytes_.size() - level.begin + 8 * children.size() + 4);
  put_word(payload, static_cast<uint32_t>(children.size()));
  uint32_t end = 0;
  auto put_entry = [&](JsonKind kind, uint32_t size) {
    end += size;
    put_word(payload, static_cast<uint32_t>(kind) << 29 | end);
  };
  if (level.is_object) {
    for (const Child& c : children) put_entry(JsonKind::kString, c.begin - c.key_begin);
  }
  for (const Child& c : children) put_entry(c.kind, c.end - c.begin);
  if (level.is_object) {
    for (const Child& c : children) payload.append(key_of(c));
  }
  for (const Child& c : children) payload.append(bytes_, c.begin, c.end - c.begin);
  children_.resize(level.first_child);
  bytes_.resize(level.begin);
  pending_key_ = level.key_begin;
  add(level.is_object ? JsonKind::kObject : JsonKind::kArray, payload);
}

Datum JsonbBuilder::finish(Arena& arena) const {
  LUMA_CHECK(levels_.empty() && children_.size() == 1);
  const Child& root = children_[0];
  return jsonb_of(
      JsonbView(root.kind, std::string_view(bytes_).substr(root.begin, root.end - root.begin)),
      arena);
}

Datum jsonb_of(JsonbView view, Arena& arena) {
  size_t size = view.payload().size() + 1;
  char* bytes = arena.allocate_bytes(size);
  bytes[0] = static_cast<char>(view.kind());
  if (size > 1) std::memcpy(bytes + 1, view.payload().data(), size - 1);
  return Datum::of_string(std::string_view(bytes, size));
}

Datum jsonb_from_text(std::string_view text, Arena& arena) {
  JsonbBuilder builder;
  parse_json_text(text, builder);
  return builder.finish(arena);
}

void jsonb_to_text(JsonbView view, std::string& out) {
  if (view.is_scalar()) return put_scalar_text(view, out);
  out.push_back(view.is_object() ? '{' : '[');
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (i > 0) out += ", ";
    if (view.is_object()) {
      append_json_string(view.key(i), out);
      out += ": ";
      jsonb_to_text(view.value(i), out);
    } else {
      jsonb_to_text(view.element(i), out);
    }
  }
  out.push_back(view.is_object() ? '}' : ']');
}

void jsonb_pretty(JsonbView view, std::string& out) { put_pretty(view, 0, out); }

int jsonb_compare(JsonbView a, JsonbView b) {
  int ranks = top_rank(a) - top_rank(b);
  int result = ranks != 0 ? ranks : compare_nested(a, b);
  return result < 0 ? -1 : result > 0 ? 1 : 0;
}

bool jsonb_equal(JsonbView a, JsonbView b) { return compare_nested(a, b) == 0; }

uint64_t jsonb_hash(JsonbView view) { return hash_nested(view); }

void jsonb_to_key(JsonbView view, std::string& out) {
  put_u8(out, static_cast<uint8_t>(top_rank(view) + 1));
  put_nested_key(view, out);
}

std::optional<int32_t> json_path_index(std::string_view step) {
  std::string text(step);
  errno = 0;
  char* end = nullptr;
  long value = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != '\0' || errno != 0 || value > INT32_MAX || value < INT32_MIN) {
    return std::nullopt;
  }
  return static_cast<int32_t>(value);
}

}  // namespace luma
