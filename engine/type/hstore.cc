#include "engine/type/hstore.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/extension_type.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "engine/type/wire_bytes.h"

namespace luma {
namespace {

constexpr uint32_t kNullBit = 0x80000000u;
constexpr uint32_t kEntryBytes = 8;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// `"a"=>"1", b=>NULL`
class HstoreLiteral {
 public:
  explicit HstoreLiteral(std::string_view text) : text_(text) {}

  struct Pair {
    std::string key, value;
    bool is_null = false;
  };

  std::vector<Pair> parse() {
    std::vector<Pair> pairs;
    Pair pair;
    bool quoted = false;
    while (word(pair.key, false, quoted)) {
      skip_blanks();
      expect('=');
      expect('>');
      if (!word(pair.value, true, quoted)) fail_at_end();
      pair.is_null = !quoted && is_null_word(pair.value);
      pairs.push_back(std::move(pair));
      pair = {};
      skip_blanks();
      if (at_ == text_.size()) break;
      if (text_[at_] != ',') fail_here();
      ++at_;
    }
    return pairs;
  }

 private:
  static bool is_null_word(std::string_view text) {
    return text.size() == 4 && (text[0] | 0x20) == 'n' && (text[1] | 0x20) == 'u' &&
           (text[2] | 0x20) == 'l' && (text[3] | 0x20) == 'l';
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  [[noreturn]] static void fail_at_end() {
    throw SqlError(SqlState::kInternalError, "Unexpected end of string");
  }
  [[noreturn]] void fail_here() const {
    std::string_view shown = text_.substr(at_, utf8_bytes(text_[at_]));
    throw sql_error(SqlState::kInternalError, "Syntax error near \"{}\" at position {}", shown,
                    at_);
  }
  void expect(char wanted) {
    if (at_ == text_.size()) fail_at_end();
    if (text_[at_] != wanted) fail_here();
    ++at_;
  }
  char escaped() {
    if (++at_ >= text_.size()) fail_at_end();
    return text_[at_++];
  }
  // False at the end of the text. A key that is not quoted ends at `=`, a value at a comma.
  bool word(std::string& out, bool is_value, bool& quoted) {
    out.clear();
    skip_blanks();
    quoted = false;
    if (at_ == text_.size()) return false;
    if (text_[at_] == '"') return quoted = true, quoted_word(out);
    if (text_[at_] == '=' && !is_value) fail_here();
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '\\') {
        out.push_back(escaped());
        continue;
      }
      bool first = out.empty();
      if (!first && (is_blank(c) || (c == '=' && !is_value) || (c == ',' && is_value))) break;
      out.push_back(c);
      ++at_;
    }
    return true;
  }
  bool quoted_word(std::string& out) {
    for (++at_;;) {
      if (at_ >= text_.size()) fail_at_end();
      char c = text_[at_];
      if (c == '\\') {
        out.push_back(escaped());
      } else if (c == '"') {
        ++at_;
        return true;
      } else {
        out.push_back(c);
        ++at_;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

Datum hstore_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  std::vector<HstoreLiteral::Pair> parsed = HstoreLiteral(text).parse();
  HstorePairs pairs;
  for (const HstoreLiteral::Pair& pair : parsed) {
    pairs.push_back(
        {pair.key, pair.is_null ? std::nullopt : std::optional<std::string_view>(pair.value)});
  }
  normalize_hstore(pairs);
  return store_hstore(pairs, arena);
}

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void hstore_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  bool first = true;
  for (const HstorePair& pair : read_hstore(value.str.view())) {
    if (!first) out += ", ";
    first = false;
    append_quoted(pair.key, out);
    out += "=>";
    if (pair.value) {
      append_quoted(*pair.value, out);
    } else {
      out += "NULL";
    }
  }
}

Datum hstore_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                  Arena& arena) {
  WireReader reader(bytes);
  auto count = static_cast<int32_t>(reader.u32());
  HstorePairs pairs;
  for (int32_t i = 0; i < count; ++i) {
    auto key_size = static_cast<int32_t>(reader.u32());
    if (key_size < 0) {
      throw SqlError(SqlState::kNullValueNotAllowed, "null value not allowed for hstore key");
    }
    HstorePair pair{reader.take(static_cast<size_t>(key_size)), std::nullopt};
    auto value_size = static_cast<int32_t>(reader.u32());
    if (value_size >= 0) pair.value = reader.take(static_cast<size_t>(value_size));
    verify_utf8(pair.key);
    if (pair.value) verify_utf8(*pair.value);
    pairs.push_back(pair);
  }
  reader.expect_end();
  normalize_hstore(pairs);
  return store_hstore(pairs, arena);
}

void hstore_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  HstorePairs pairs = read_hstore(value.str.view());
  put_u32(out, static_cast<uint32_t>(pairs.size()));
  for (const HstorePair& pair : pairs) {
    put_u32(out, static_cast<uint32_t>(pair.key.size()));
    out += pair.key;
    put_u32(out, pair.value ? static_cast<uint32_t>(pair.value->size()) : UINT32_MAX);
    if (pair.value) out += *pair.value;
  }
}

// PostgreSQL's order: empty ones first, then by all characters of keys and values in a row, then by
// how these are divided. The key of an index says it best.
void hstore_key(const Datum& value, const TypeInfo&, std::string& out) {
  HstorePairs pairs = read_hstore(value.str.view());
  put_u8(out, pairs.empty() ? 0 : 1);
  if (pairs.empty()) return;
  std::string characters, division;
  auto add_end = [&](bool is_null) {
    put_u32(division, static_cast<uint32_t>(characters.size()));
    put_u8(division, is_null ? 1 : 0);
  };
  for (const HstorePair& pair : pairs) {
    characters += pair.key;
    add_end(false);
    if (pair.value) characters += *pair.value;
    add_end(!pair.value.has_value());
  }
  put_key_text(out, characters);
  put_u32(out, static_cast<uint32_t>(pairs.size()));
  out += division;
}

int hstore_compare(const Datum& a, const Datum& b, const TypeInfo& type) {
  std::string x, y;
  hstore_key(a, type, x);
  hstore_key(b, type, y);
  int order = x.compare(y);
  return order < 0 ? -1 : order > 0;
}

uint64_t hstore_hash(const Datum& value, const TypeInfo&) { return hash_bytes(value.str.view()); }

constexpr TypeCodec kCodecs[] = {
    {"hstore", PhysicalType::kVarlen, hstore_in, hstore_out, hstore_recv, hstore_send,
     hstore_compare, hstore_hash, hstore_key, nullptr},
};

}  // namespace

bool hstore_key_less(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

HstorePairs read_hstore(std::string_view bytes) {
  auto number = [&](size_t at) {
    uint32_t n;
    std::memcpy(&n, bytes.data() + at, sizeof n);
    return n;
  };
  HstorePairs pairs(number(0));
  std::string_view characters = bytes.substr(sizeof(uint32_t) + pairs.size() * kEntryBytes);
  uint32_t start = 0;
  for (size_t i = 0; i < pairs.size(); ++i) {
    size_t entry = sizeof(uint32_t) + i * kEntryBytes;
    uint32_t key_end = number(entry), value_end = number(entry + 4);
    pairs[i].key = characters.substr(start, key_end - start);
    start = value_end & ~kNullBit;
    if ((value_end & kNullBit) == 0) pairs[i].value = characters.substr(key_end, start - key_end);
  }
  return pairs;
}

Datum store_hstore(const HstorePairs& pairs, Arena& arena) {
  std::string out, characters;
  auto put_number = [&](size_t n) {
    auto narrow = static_cast<uint32_t>(n);
    out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  };
  put_number(pairs.size());
  for (const HstorePair& pair : pairs) {
    characters += pair.key;
    put_number(characters.size());
    if (pair.value) characters += *pair.value;
    if (characters.size() >= kNullBit) {
      throw SqlError(SqlState::kProgramLimitExceeded, "hstore value is too long");
    }
    put_number(characters.size() | (pair.value ? 0 : kNullBit));
  }
  return arena_string(arena, out + characters);
}

void normalize_hstore(HstorePairs& pairs) {
  std::stable_sort(pairs.begin(), pairs.end(), [](const HstorePair& a, const HstorePair& b) {
    return hstore_key_less(a.key, b.key);
  });
  auto end = std::unique(pairs.begin(), pairs.end(),
                         [](const HstorePair& a, const HstorePair& b) { return a.key == b.key; });
  pairs.erase(end, pairs.end());
}

const HstorePair* find_hstore_key(const HstorePairs& pairs, std::string_view key) {
  auto found = std::lower_bound(pairs.begin(), pairs.end(), key,
                                [](const HstorePair& pair, std::string_view wanted) {
                                  return hstore_key_less(pair.key, wanted);
                                });
  return found == pairs.end() || found->key != key ? nullptr : &*found;
}

std::span<const TypeCodec> hstore_codecs() { return kCodecs; }

}  // namespace luma
