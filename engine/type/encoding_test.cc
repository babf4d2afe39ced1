#include "engine/type/encoding.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

// Converts there and back; false when the bytes are refused.
bool survives(Transcoder& transcoder, std::string_view bytes) {
  try {
    std::string text = transcoder.to_utf8(bytes);
    std::string again = transcoder.to_utf8(transcoder.from_utf8(text));
    CHECK(again == text);
    return true;
  } catch (const SqlError& error) {
    const bool known = error.state == SqlState::kCharacterNotInRepertoire ||
                       error.state == SqlState::kUntranslatableCharacter;
    CHECK(known);
    return false;
  }
}

TEST_CASE("every encoding takes any bytes, or refuses them") {
  for (int id = 0; find_encoding(id) != nullptr; ++id) {
    const TextEncoding& encoding = *find_encoding(id);
    CHECK(find_encoding(encoding.name) == &encoding);
    if (encoding.iconv_name == nullptr) continue;
    Transcoder transcoder(encoding);
    int accepted = 0;
    for (int a = 1; a < 256; ++a) {
      const char one = static_cast<char>(a);
      accepted += survives(transcoder, {&one, 1});
      for (int b = 0; b < 256; b += 3) {
        const char bytes[] = {one, static_cast<char>(b), static_cast<char>(0xa1 + b % 94),
                              static_cast<char>(0x30 + b % 10)};
        for (size_t count = 2; count <= sizeof bytes; ++count) {
          accepted += survives(transcoder, {bytes, count});
        }
      }
    }
    INFO(encoding.name);
    CHECK(accepted > 127);
  }
  CHECK(find_encoding("nosuch") == nullptr);
  CHECK(find_encoding(-1) == nullptr);
}

TEST_CASE("pieces of text end between characters") {
  const TextEncoding& sjis = *find_encoding("SJIS");
  CHECK(whole_characters(sjis, "\x93\xfa\x96") == 2);
  CHECK(whole_characters(sjis, "a\xb1") == 2);
  const TextEncoding& gb18030 = *find_encoding("GB18030");
  CHECK(whole_characters(gb18030, "a\x81") == 1);
  CHECK(whole_characters(gb18030, "\x81\x30\x81") == 0);
  CHECK(whole_characters(gb18030, "\x81\x30\x81\x30") == 4);
  CHECK(whole_characters(*find_encoding("EUC_TW"), "\x8e\xa2\xa1") == 0);
}

TEST_CASE("messages get through with question marks") {
  Transcoder latin(*find_encoding("LATIN1"));
  CHECK(latin.from_utf8_or_question_marks("a\u00e9\u20ac\U00020000z") == "a\xe9??z");
  CHECK(latin.from_utf8_or_question_marks("cut \xe2\x82") == "cut ?");
}

}  // namespace
}  // namespace luma
