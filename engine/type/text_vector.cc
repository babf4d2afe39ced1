#include "engine/type/text_vector.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/string.h"

namespace luma {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void syntax_error(std::string_view text) {
  throw sql_error(SqlState::kSyntaxError, "syntax error in tsvector: \"{}\"", text);
}

// ":1A,2"
void read_positions(std::string_view text, size_t& at, std::vector<LexemePosition>& positions) {
  do {
    ++at;
    uint32_t place = 0;
    size_t start = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      place = std::min<uint32_t>(place * 10 + static_cast<uint32_t>(text[at] - '0'),
                                 kMaxLexemePosition);
    }
    if (at == start) syntax_error(text);
    if (place == 0) {
      throw sql_error(SqlState::kSyntaxError, "wrong position info in tsvector: \"{}\"", text);
    }
    // The input form, unlike the functions, also takes * for A.
    int weight = at >= text.size() ? -1 : weight_of_letter(text[at] == '*' ? 'A' : text[at]);
    if (weight >= 0) ++at;
    positions.push_back(LexemePosition::of(place, std::max(weight, 0)));
  } while (at < text.size() && text[at] == ',');
  if (at < text.size() && !is_blank(text[at])) syntax_error(text);
}

Datum vector_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  TextVector vector;
  size_t at = 0;
  for (;;) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at == text.size()) break;
    LiteralWord word;
    if (!read_literal_word(text, at, ":", word) || (word.text.empty() && !word.quoted)) {
      syntax_error(text);
    }
    if (word.text.empty()) syntax_error(text);
    if (word.text.size() > kMaxLexemeBytes) {
      throw sql_error(SqlState::kProgramLimitExceeded, "word is too long ({} bytes, max {} bytes)",
                      word.text.size(), kMaxLexemeBytes);
    }
    Lexeme lexeme{word.text, {}};
    if (at < text.size() && text[at] == ':') read_positions(text, at, lexeme.positions);
    vector.push_back(std::move(lexeme));
  }
  return store_text_vector(std::move(vector), arena);
}

void vector_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  static constexpr const char* kLetters[] = {"", "C", "B", "A"};
  bool first = true;
  for (const Lexeme& lexeme : read_text_vector(value.str.view())) {
    if (!first) out.push_back(' ');
    first = false;
    append_lexeme_text(lexeme.text, out);
    for (size_t i = 0; i < lexeme.positions.size(); ++i) {
      LexemePosition position = lexeme.positions[i];
      fmt::format_to(std::back_inserter(out), "{}{}{}", i == 0 ? ':' : ',', position.place(),
                     kLetters[position.weight()]);
    }
  }
}

Datum vector_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&,
                  Arena& arena) {
  WireReader reader(bytes);
  TextVector vector;
  for (uint32_t left = reader.u32(); left > 0; --left) {
    size_t end = reader.rest().find('\0');
    if (end == std::string_view::npos) {
      throw sql_error(SqlState::kProtocolViolation, "invalid string in message");
    }
    Lexeme lexeme{std::string(reader.take(end)), {}};
    verify_utf8(lexeme.text);
    reader.u8();
    for (uint16_t count = reader.u16(); count > 0; --count) {
      lexeme.positions.push_back({reader.u16()});
    }
    vector.push_back(std::move(lexeme));
  }
  reader.expect_end();
  return store_text_vector(std::move(vector), arena);
}

void vector_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  TextVector vector = read_text_vector(value.str.view());
  put_u32(out, static_cast<uint32_t>(vector.size()));
  for (const Lexeme& lexeme : vector) {
    out += lexeme.text;
    out.push_back('\0');
    put_u16(out, static_cast<uint16_t>(lexeme.positions.size()));
    for (LexemePosition position : lexeme.positions) put_u16(out, position.bits);
  }
}

// PostgreSQL's order has no meaning for people: shorter vectors first, then by their parts.
int vector_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  auto three_way = [](auto x, auto y) { return x < y ? -1 : x > y; };
  TextVector x = read_text_vector(a.str.view()), y = read_text_vector(b.str.view());
  if (x.size() != y.size()) return three_way(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (int order = three_way(x[i].positions.empty(), y[i].positions.empty())) return -order;
    if (int order = x[i].text.compare(y[i].text)) return order < 0 ? -1 : 1;
    if (int order = three_way(x[i].positions.size(), y[i].positions.size())) return -order;
    for (size_t k = 0; k < x[i].positions.size(); ++k) {
      LexemePosition p = x[i].positions[k], q = y[i].positions[k];
      if (int order = three_way(p.place(), q.place())) return -order;
      if (int order = three_way(p.weight(), q.weight())) return -order;
    }
  }
  return 0;
}

// Without key_encode: sorting compares, and no index can be made.
constexpr TypeCodec kCodecs[] = {
    {"tsvector", PhysicalType::kVarlen, vector_in, vector_out, vector_recv, vector_send,
     vector_compare, hash_varlen},
};

void normalize_positions(std::vector<LexemePosition>& positions) {
  std::sort(positions.begin(), positions.end(), [](LexemePosition a, LexemePosition b) {
    return a.place() != b.place() ? a.place() < b.place() : a.weight() > b.weight();
  });
  auto last = std::unique(positions.begin(), positions.end(),
                          [](auto a, auto b) { return a.place() == b.place(); });
  positions.erase(last, positions.end());
  if (positions.size() > kMaxLexemePositions) positions.resize(kMaxLexemePositions);
}

}  // namespace

int weight_of_letter(char c) {
  switch (c) {
    case 'A':
    case 'a':
      return 3;
    case 'B':
    case 'b':
      return 2;
    case 'C':
    case 'c':
      return 1;
    case 'D':
    case 'd':
      return 0;
    default:
      return -1;
  }
}

TextVector read_text_vector(std::string_view value) {
  uint32_t count;
  std::memcpy(&count, value.data(), sizeof count);
  value.remove_prefix(sizeof count);
  TextVector vector(count);
  for (Lexeme& lexeme : vector) {
    uint16_t sizes[2];
    std::memcpy(sizes, value.data(), sizeof sizes);
    value.remove_prefix(sizeof sizes);
    lexeme.text = value.substr(0, sizes[0]);
    value.remove_prefix(sizes[0]);
    lexeme.positions.resize(sizes[1]);
    size_t bytes = sizes[1] * sizeof(LexemePosition);
    if (bytes > 0) std::memcpy(static_cast<void*>(lexeme.positions.data()), value.data(), bytes);
    value.remove_prefix(bytes);
  }
  return vector;
}

Datum store_text_vector(TextVector vector, Arena& arena) {
  std::stable_sort(vector.begin(), vector.end(),
                   [](const Lexeme& a, const Lexeme& b) { return a.text < b.text; });
  TextVector joined;
  for (Lexeme& lexeme : vector) {
    if (joined.empty() || joined.back().text != lexeme.text) {
      joined.push_back(std::move(lexeme));
    } else {
      auto& positions = joined.back().positions;
      positions.insert(positions.end(), lexeme.positions.begin(), lexeme.positions.end());
    }
  }
  std::string out;
  auto count = static_cast<uint32_t>(joined.size());
  out.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (Lexeme& lexeme : joined) {
    normalize_positions(lexeme.positions);
    uint16_t sizes[2] = {static_cast<uint16_t>(lexeme.text.size()),
                         static_cast<uint16_t>(lexeme.positions.size())};
    out.append(reinterpret_cast<const char*>(sizes), sizeof sizes);
    out += lexeme.text;
    out.append(reinterpret_cast<const char*>(lexeme.positions.data()),
               lexeme.positions.size() * sizeof(LexemePosition));
  }
  return Datum::of_string(out.size() > StringRef::kInlineBytes ? arena.copy(out)
                                                               : std::string_view(out));
}

const Lexeme* find_lexeme(const TextVector& vector, std::string_view text) {
  auto at = std::lower_bound(
      vector.begin(), vector.end(), text,
      [](const Lexeme& lexeme, std::string_view wanted) { return lexeme.text < wanted; });
  return at != vector.end() && at->text == text ? &*at : nullptr;
}

bool read_literal_word(std::string_view text, size_t& at, std::string_view stops,
                       LiteralWord& word) {
  word = {};
  if (at < text.size() && text[at] == '\'') {
    word.quoted = true;
    for (++at; at < text.size(); ++at) {
      if (text[at] == '\\') {
        if (++at == text.size()) return false;
      } else if (text[at] == '\'') {
        if (at + 1 == text.size() || text[at + 1] != '\'') {
          ++at;
          return true;
        }
        ++at;
      }
      word.text.push_back(text[at]);
    }
    return false;
  }
  for (; at < text.size() && !is_blank(text[at]); ++at) {
    if (stops.find(text[at]) != std::string_view::npos) break;
    if (text[at] == '\\' && ++at == text.size()) return false;
    word.text.push_back(text[at]);
  }
  return true;
}

void append_lexeme_text(std::string_view lexeme, std::string& out) {
  out.push_back('\'');
  for (char c : lexeme) {
    if (c == '\'' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('\'');
}

std::span<const TypeCodec> text_vector_codecs() { return kCodecs; }

}  // namespace luma
