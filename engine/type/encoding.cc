#include "engine/type/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

using Byte = unsigned char;
using Form = EncodingForm;

constexpr TextEncoding kEncodings[] = {
    {0, "SQL_ASCII", nullptr, Form::kNone, 1},
    {1, "EUC_JP", "EUC-JP", Form::kEucJp, 3},
    {2, "EUC_CN", "EUC-CN", Form::kEuc, 3},
    {3, "EUC_KR", "EUC-KR", Form::kEuc, 3},
    {4, "EUC_TW", "EUC-TW", Form::kEucTw, 4},
    {5, "EUC_JIS_2004", "EUC-JISX0213", Form::kEucJp, 3},
    {6, "UTF8", nullptr, Form::kUtf8, 4},
    {7, "MULE_INTERNAL", nullptr, Form::kNone, 4},
    {8, "LATIN1", "ISO-8859-1", Form::kSingleByte, 1},
    {9, "LATIN2", "ISO-8859-2", Form::kSingleByte, 1},
    {10, "LATIN3", "ISO-8859-3", Form::kSingleByte, 1},
    {11, "LATIN4", "ISO-8859-4", Form::kSingleByte, 1},
    {12, "LATIN5", "ISO-8859-9", Form::kSingleByte, 1},
    {13, "LATIN6", "ISO-8859-10", Form::kSingleByte, 1},
    {14, "LATIN7", "ISO-8859-13", Form::kSingleByte, 1},
    {15, "LATIN8", "ISO-8859-14", Form::kSingleByte, 1},
    {16, "LATIN9", "ISO-8859-15", Form::kSingleByte, 1},
    {17, "LATIN10", "ISO-8859-16", Form::kSingleByte, 1},
    {18, "WIN1256", "CP1256", Form::kSingleByte, 1},
    {19, "WIN1258", "CP1258", Form::kSingleByte, 1},
    {20, "WIN866", "CP866", Form::kSingleByte, 1},
    {21, "WIN874", "CP874", Form::kSingleByte, 1},
    {22, "KOI8R", "KOI8-R", Form::kSingleByte, 1},
    {23, "WIN1251", "CP1251", Form::kSingleByte, 1},
    {24, "WIN1252", "CP1252", Form::kSingleByte, 1},
    {25, "ISO_8859_5", "ISO-8859-5", Form::kSingleByte, 1},
    {26, "ISO_8859_6", "ISO-8859-6", Form::kSingleByte, 1},
    {27, "ISO_8859_7", "ISO-8859-7", Form::kSingleByte, 1},
    {28, "ISO_8859_8", "ISO-8859-8", Form::kSingleByte, 1},
    {29, "WIN1250", "CP1250", Form::kSingleByte, 1},
    {30, "WIN1253", "CP1253", Form::kSingleByte, 1},
    {31, "WIN1254", "CP1254", Form::kSingleByte, 1},
    {32, "WIN1255", "CP1255", Form::kSingleByte, 1},
    {33, "WIN1257", "CP1257", Form::kSingleByte, 1},
    {34, "KOI8U", "KOI8-U", Form::kSingleByte, 1},
    {35, "SJIS", "CP932", Form::kShiftJis, 2},
    {36, "BIG5", "CP950", Form::kTwoByte, 2},
    {37, "GBK", "CP936", Form::kTwoByte, 2},
    {38, "UHC", "CP949", Form::kTwoByte, 2},
    {39, "GB18030", "GB18030", Form::kGb18030, 4},
    {40, "JOHAB", "JOHAB", Form::kJohab, 3},
    {41, "SHIFT_JIS_2004", "SHIFT_JISX0213", Form::kShiftJis, 2},
};

struct Alias {
  std::string_view alias, name;
};
// Besides the names themselves.
constexpr Alias kAliases[] = {
    {"abc", "WIN1258"},         {"alt", "WIN866"},          {"iso88591", "LATIN1"},
    {"iso885910", "LATIN6"},    {"iso885913", "LATIN7"},    {"iso885914", "LATIN8"},
    {"iso885915", "LATIN9"},    {"iso885916", "LATIN10"},   {"iso88592", "LATIN2"},
    {"iso88593", "LATIN3"},     {"iso88594", "LATIN4"},     {"iso88599", "LATIN5"},
    {"koi8", "KOI8R"},          {"mskanji", "SJIS"},        {"shiftjis", "SJIS"},
    {"tcvn", "WIN1258"},        {"tcvn5712", "WIN1258"},    {"unicode", "UTF8"},
    {"vscii", "WIN1258"},       {"win", "WIN1251"},         {"win932", "SJIS"},
    {"win936", "GBK"},          {"win949", "UHC"},          {"win950", "BIG5"},
    {"windows1250", "WIN1250"}, {"windows1251", "WIN1251"}, {"windows1252", "WIN1252"},
    {"windows1253", "WIN1253"}, {"windows1254", "WIN1254"}, {"windows1255", "WIN1255"},
    {"windows1256", "WIN1256"}, {"windows1257", "WIN1257"}, {"windows1258", "WIN1258"},
    {"windows866", "WIN866"},   {"windows874", "WIN874"},   {"windows932", "SJIS"},
    {"windows936", "GBK"},      {"windows949", "UHC"},      {"windows950", "BIG5"},
};

// What PostgreSQL maps otherwise than the C library. Without `both_ways` only the way from Unicode
// differs.
struct Exception {
  std::string_view encoding;
  std::string_view utf8, bytes;
  bool both_ways;
};
constexpr Exception kExceptions[] = {
    {"SJIS", "\u2116", "\xfa\x59", false},
    {"SJIS", "\u2121", "\xfa\x5a", false},
    {"SJIS", "\u2160", "\xfa\x4a", false},
    {"SJIS", "\u2161", "\xfa\x4b", false},
    {"SJIS", "\u2162", "\xfa\x4c", false},
    {"SJIS", "\u2163", "\xfa\x4d", false},
    {"SJIS", "\u2164", "\xfa\x4e", false},
    {"SJIS", "\u2165", "\xfa\x4f", false},
    {"SJIS", "\u2166", "\xfa\x50", false},
    {"SJIS", "\u2167", "\xfa\x51", false},
    {"SJIS", "\u2168", "\xfa\x52", false},
    {"SJIS", "\u2169", "\xfa\x53", false},
    {"SJIS", "\u3231", "\xfa\x58", false},
    {"SJIS", "\u2014", "", false},
    {"SJIS", "\u00a5", "\x5c", false},
    {"SJIS", "\u203e", "\x7e", false},
    {"EUC_JIS_2004", "\u00a5", "\xa1\xef", true},
    {"EUC_JIS_2004", "\u203e", "\xa1\xb1", true},
    {"EUC_JIS_2004", "\uffe3", "", false},
    {"EUC_JIS_2004", "\uffe5", "", false},
    {"SHIFT_JIS_2004", "\u00a5", "\x5c", false},
    {"SHIFT_JIS_2004", "\u203e", "\x7e", false},
    {"SHIFT_JIS_2004", "\\", "\x81\x5f", true},
    {"SHIFT_JIS_2004", "~", "\x81\xb0", true},
    {"SHIFT_JIS_2004", "\uff3c", "", false},
    {"SHIFT_JIS_2004", "\uff5e", "", false},
    {"EUC_KR", "\u20a9", "", false},
    {"GBK", "\u20ac", "\x80", false},
};

bool is_high(Byte byte) { return byte >= 0x80; }
bool is_euc(Byte byte) { return byte >= 0xa1 && byte <= 0xfe; }
Byte at(std::string_view text, size_t i) { return static_cast<Byte>(text[i]); }

std::string plain_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (std::isalnum(static_cast<Byte>(c)) != 0) {
      out += static_cast<char>(std::tolower(static_cast<Byte>(c)));
    }
  }
  return out;
}

std::string listed(const TextEncoding& encoding, std::string_view text) {
  std::string out;
  size_t count = std::min(character_bytes(encoding, text), text.size());
  for (size_t i = 0; i < count; ++i)
    out += fmt::format("{}0x{:02x}", i == 0 ? "" : " ", at(text, i));
  return out;
}

[[noreturn]] void throw_malformed(const TextEncoding& encoding, std::string_view text) {
  throw sql_error(SqlState::kCharacterNotInRepertoire,
                  "invalid byte sequence for encoding \"{}\": {}", encoding.name,
                  listed(encoding, text));
}

[[noreturn]] void throw_untranslatable(const TextEncoding& from, const TextEncoding& to,
                                       std::string_view text) {
  throw sql_error(SqlState::kUntranslatableCharacter,
                  "character with byte sequence {} in encoding \"{}\" has no equivalent in "
                  "encoding \"{}\"",
                  listed(from, text), from.name, to.name);
}

// Length of the well-formed character at the beginning of `text`; 0: there is none. `text` is at
// least character_bytes() long.
size_t well_formed(const TextEncoding& encoding, std::string_view text) {
  const Byte lead = at(text, 0);
  if (lead == 0) return 0;
  if (!is_high(lead)) return 1;
  const size_t bytes = character_bytes(encoding, text);
  auto euc_from = [&](size_t first) {
    return std::all_of(text.begin() + static_cast<ptrdiff_t>(first),
                       text.begin() + static_cast<ptrdiff_t>(bytes),
                       [](char c) { return is_euc(static_cast<Byte>(c)); });
  };
  bool good = true;
  switch (encoding.form) {
    case Form::kEucJp:
      if (lead == 0x8e) {
        good = at(text, 1) >= 0xa1 && at(text, 1) <= 0xdf;
      } else {
        good = euc_from(lead == 0x8f ? 1 : 0);
      }
      break;
    case Form::kEuc:
      good = euc_from(0);
      break;
    case Form::kEucTw:
      good = lead != 0x8f && euc_from(1) && (lead != 0x8e || at(text, 1) <= 0xa7);
      break;
    case Form::kJohab:
      good = euc_from(1);
      break;
    case Form::kShiftJis:
      if (bytes == 2) {
        const Byte tail = at(text, 1);
        good = ((lead >= 0x81 && lead <= 0x9f) || (lead >= 0xe0 && lead <= 0xfc)) &&
               ((tail >= 0x40 && tail <= 0x7e) || (tail >= 0x80 && tail <= 0xfc));
      }
      break;
    case Form::kTwoByte:
      good = at(text, 1) != 0 && !(lead == 0x8d && at(text, 1) == ' ');
      break;
    case Form::kGb18030: {
      auto high = [&](size_t i) { return at(text, i) >= 0x81 && at(text, i) <= 0xfe; };
      const Byte second = at(text, 1);
      if (bytes == 4) {
        good = high(0) && high(2) && at(text, 3) >= 0x30 && at(text, 3) <= 0x39;
      } else {
        good = high(0) && second >= 0x40 && second != 0x7f && second <= 0xfe;
      }
      break;
    }
    case Form::kUtf8:
    case Form::kSingleByte:
    case Form::kNone:
      break;
  }
  return good ? bytes : 0;
}

}  // namespace

const TextEncoding* find_encoding(int id) {
  return id >= 0 && static_cast<size_t>(id) < std::size(kEncodings) ? &kEncodings[id] : nullptr;
}

const TextEncoding* find_encoding(std::string_view name) {
  std::string plain = plain_name(name);
  for (const Alias& alias : kAliases) {
    if (alias.alias == plain) plain = plain_name(alias.name);
  }
  for (const TextEncoding& encoding : kEncodings) {
    if (plain_name(encoding.name) == plain) return &encoding;
  }
  return nullptr;
}

size_t character_bytes(const TextEncoding& encoding, std::string_view text) {
  const Byte lead = at(text, 0);
  if (!is_high(lead)) return 1;
  switch (encoding.form) {
    case Form::kUtf8:
      return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
    case Form::kSingleByte:
    case Form::kNone:
      return 1;
    case Form::kEucJp:
    case Form::kJohab:
      return lead == 0x8f ? 3 : 2;
    case Form::kEuc:
    case Form::kTwoByte:
      return 2;
    case Form::kEucTw:
      return lead == 0x8e ? 4 : lead == 0x8f ? 3 : 2;
    case Form::kShiftJis:
      return lead >= 0xa1 && lead <= 0xdf ? 1 : 2;
    case Form::kGb18030:
      return text.size() > 1 && at(text, 1) >= 0x30 && at(text, 1) <= 0x39 ? 4 : 2;
  }
  return 1;
}

void verify_encoding(const TextEncoding& encoding, std::string_view text) {
  while (!text.empty()) {
    if (text.size() < character_bytes(encoding, text)) throw_malformed(encoding, text);
    size_t bytes = well_formed(encoding, text);
    if (bytes == 0) throw_malformed(encoding, text);
    text.remove_prefix(bytes);
  }
}

size_t whole_characters(const TextEncoding& encoding, std::string_view text) {
  size_t done = 0;
  while (done < text.size()) {
    std::string_view rest = text.substr(done);
    // Whether it has two bytes or four is not known yet.
    if (encoding.form == Form::kGb18030 && rest.size() == 1 && is_high(at(rest, 0))) break;
    size_t bytes = character_bytes(encoding, rest);
    if (bytes > rest.size()) break;
    done += bytes;
  }
  return done;
}

// The C library's converters, used for one character at a time: some combine characters.
class Transcoder::Library {
 public:
  explicit Library(const char* name)
      : to_utf8_(iconv_open("UTF-8", name)), from_utf8_(iconv_open(name, "UTF-8")) {
    if (to_utf8_ == kFailed || from_utf8_ == kFailed) {
      close();
      throw unsupported("encoding \"{}\" with this C library", name);
    }
  }
  ~Library() { close(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // Empty when there is no equivalent.
  std::string decode(std::string_view character) { return run(to_utf8_, character); }
  std::string encode(std::string_view character) { return run(from_utf8_, character); }

 private:
  static inline const iconv_t kFailed = reinterpret_cast<iconv_t>(-1);
  void close() {
    if (to_utf8_ != kFailed) iconv_close(to_utf8_);
    if (from_utf8_ != kFailed) iconv_close(from_utf8_);
  }
  static std::string run(iconv_t converter, std::string_view character) {
    char in[8], out[32];
    character.copy(in, sizeof in);
    char* from = in;
    char* to = out;
    size_t left = character.size(), room = sizeof out;
    iconv(converter, nullptr, nullptr, nullptr, nullptr);
    size_t result = iconv(converter, &from, &left, &to, &room);
    if (result != 0 || left != 0) return {};
    iconv(converter, nullptr, nullptr, &to, &room);  // what it holds back to combine
    return {out, static_cast<size_t>(to - out)};
  }

  iconv_t to_utf8_, from_utf8_;
};

Transcoder::Transcoder(const TextEncoding& encoding)
    : encoding_(encoding), library_(std::make_unique<Library>(encoding.iconv_name)) {
  if (encoding.form == Form::kSingleByte) build_single_byte_tables();
}

Transcoder::~Transcoder() = default;

void Transcoder::build_single_byte_tables() {
  for (size_t i = 0; i < high_.size(); ++i) {
    const char byte = static_cast<char>(i + high_.size());
    high_[i] = library_->decode({&byte, 1});
    if (!high_[i].empty()) low_.emplace_back(high_[i], byte);
  }
  std::sort(low_.begin(), low_.end());
}

void Transcoder::append_decoded(std::string_view character, std::string& out) {
  if (encoding_.form == Form::kSingleByte) {
    const std::string& found = high_[at(character, 0) - high_.size()];
    if (found.empty()) throw_untranslatable(encoding_, kEncodings[kUtf8Encoding], character);
    out += found;
    return;
  }
  for (const Exception& exception : kExceptions) {
    if (exception.both_ways && exception.encoding == encoding_.name &&
        exception.bytes == character) {
      out += exception.utf8;
      return;
    }
  }
  std::string found = library_->decode(character);
  // Places that the C library lets users define, and bytes that are no character of their own.
  const bool defined_by_users = encoding_.name == "SJIS" && found.starts_with('\xee');
  if (found.empty() || defined_by_users) {
    throw_untranslatable(encoding_, kEncodings[kUtf8Encoding], character);
  }
  out += found;
}

bool Transcoder::append_encoded(std::string_view character, std::string& out) {
  if (encoding_.form == Form::kSingleByte) {
    auto found = std::lower_bound(
        low_.begin(), low_.end(), character,
        [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    if (found == low_.end() || found->first != character) return false;
    out += found->second;
    return true;
  }
  for (const Exception& exception : kExceptions) {
    if (exception.encoding != encoding_.name || exception.utf8 != character) continue;
    out += exception.bytes;
    return !exception.bytes.empty();
  }
  std::string found = library_->encode(character);
  const bool euc = encoding_.form == Form::kEuc || encoding_.form == Form::kEucJp;
  if (found.empty() || !is_high(at(found, 0)) || (euc && found.size() == 1)) return false;
  if (encoding_.name == "SJIS" && at(found, 0) >= 0xf0 && at(found, 0) <= 0xf9) return false;
  out += found;
  return true;
}

std::string Transcoder::to_utf8(std::string_view bytes) {
  verify_encoding(encoding_, bytes);
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  while (!bytes.empty()) {
    size_t count = character_bytes(encoding_, bytes);
    if (!is_high(at(bytes, 0))) {
      out += bytes[0];
    } else {
      append_decoded(bytes.substr(0, count), out);
    }
    bytes.remove_prefix(count);
  }
  return out;
}

std::string Transcoder::from_utf8(std::string_view text) {
  const TextEncoding& utf8 = kEncodings[kUtf8Encoding];
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t count = std::min(character_bytes(utf8, text), text.size());
    if (count == 1 && !is_high(at(text, 0))) {
      out += text[0];
    } else if (!append_encoded(text.substr(0, count), out)) {
      throw_untranslatable(utf8, encoding_, text);
    }
    text.remove_prefix(count);
  }
  return out;
}

std::string Transcoder::from_utf8_or_question_marks(std::string_view text) {
  const TextEncoding& utf8 = kEncodings[kUtf8Encoding];
  std::string out;
  while (!text.empty()) {
    size_t count = std::min(character_bytes(utf8, text), text.size());
    if (count == 1 && !is_high(at(text, 0))) {
      out += text[0];
    } else if (!append_encoded(text.substr(0, count), out)) {
      out += '?';
    }
    text.remove_prefix(count);
  }
  return out;
}

}  // namespace luma
