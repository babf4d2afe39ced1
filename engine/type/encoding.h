#pragma once
// PostgreSQL's character encodings, and the way between them and UTF-8, in which everything is
// stored. The tables are those of the C library, with what PostgreSQL maps differently. Tables are
// immutable; a Transcoder belongs to one thread at a time.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace luma {

enum class EncodingForm : uint8_t {
  kUtf8,
  kSingleByte,
  kEucJp,
  kEuc,
  kEucTw,
  kShiftJis,
  kTwoByte,
  kJohab,
  kGb18030,
  kNone  // SQL_ASCII and MULE_INTERNAL: no conversion
};

struct TextEncoding {
  int id;  // as pg_encoding_to_char() counts
  std::string_view name;
  const char* iconv_name;  // null where there is no conversion
  EncodingForm form;
  int max_bytes;
};

inline constexpr int kSqlAsciiEncoding = 0;
inline constexpr int kUtf8Encoding = 6;

// nullptr when there is none. Names are compared by their letters and digits, without case, and
// have PostgreSQL's aliases.
const TextEncoding* find_encoding(int id);
const TextEncoding* find_encoding(std::string_view name);

// Bytes of the character that begins with `lead`, as error messages count them.
size_t character_bytes(const TextEncoding& encoding, std::string_view text);
// 22021 "invalid byte sequence" unless `text` is made of whole, well-formed characters. Not for
// UTF8.
void verify_encoding(const TextEncoding& encoding, std::string_view text);
// The longest prefix that does not end inside of a character (COPY gets its data in pieces).
size_t whole_characters(const TextEncoding& encoding, std::string_view text);

// Between one encoding and UTF-8. Input of from_utf8() must be valid.
class Transcoder {
 public:
  // The encoding has an iconv_name.
  explicit Transcoder(const TextEncoding& encoding);
  ~Transcoder();
  Transcoder(const Transcoder&) = delete;
  Transcoder& operator=(const Transcoder&) = delete;

  const TextEncoding& encoding() const { return encoding_; }
  // 22021 for malformed bytes, 22P05 for characters that Unicode lacks.
  std::string to_utf8(std::string_view bytes);
  // 22P05 for characters that the encoding lacks.
  std::string from_utf8(std::string_view text);
  // The same with '?' for what is lacking: for messages that must get through.
  std::string from_utf8_or_question_marks(std::string_view text);

 private:
  class Library;
  void append_decoded(std::string_view character, std::string& out);
  // False when the encoding lacks it.
  bool append_encoded(std::string_view character, std::string& out);
  void build_single_byte_tables();

  const TextEncoding& encoding_;
  std::unique_ptr<Library> library_;
  std::array<std::string, 128> high_;              // UTF-8 of the bytes from 0x80; empty: none
  std::vector<std::pair<std::string, char>> low_;  // the way back, sorted
};

}  // namespace luma
