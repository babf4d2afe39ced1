#include "engine/column/string_codec.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "engine/column/section.h"

namespace luma {

namespace {

std::vector<std::vector<std::string>> patterns() {
  std::mt19937_64 random(5);
  auto bytes = [&](size_t size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(random()));
    return text;
  };
  std::vector<std::string> empty(3000), binary, urls, few, single{"x"};
  for (int i = 0; i < 5000; ++i) {
    binary.push_back(bytes(random() % 30));
    urls.push_back("https://www.example.org/articles/" + std::to_string(random() % 100000));
    few.push_back(i % 3 == 0 ? "" : i % 3 == 1 ? std::string("\0\xFF", 2) : "a longer value here");
  }
  binary[17] = bytes(100000);
  // Symbols end in the bytes that stand behind the text's end.
  std::vector<std::string> zeros;
  for (int i = 0; i < 5000; ++i) {
    std::string text = "ab" + std::string(4, '\0') + "cd" + std::string(3, '\0') + "abc";
    zeros.push_back(text.substr(0, static_cast<size_t>(i) % (text.size() + 1)));
  }
  return {empty, binary, urls, few, single, zeros};
}

std::vector<std::string> read_all(const std::string& bytes, StringEncoding* encoding = nullptr) {
  std::vector<uint64_t> aligned(bytes.size() / 8 + 1);
  std::memcpy(aligned.data(), bytes.data(), bytes.size());
  StringReader reader({reinterpret_cast<const char*>(aligned.data()), bytes.size()});
  if (encoding != nullptr) *encoding = reader.encoding();
  std::vector<std::string> out;
  std::vector<StringRef> block(kBlockRows);
  Arena heap;
  for (uint32_t i = 0; i < block_count(reader.size()); ++i) {
    reader.read_block(i, block.data(), heap);
    uint32_t rows = std::min(kBlockRows, reader.size() - i * kBlockRows);
    for (uint32_t row = 0; row < rows; ++row) out.emplace_back(block[row].view());
  }
  return out;
}

std::vector<StringRef> refs(const std::vector<std::string>& values) {
  std::vector<StringRef> out;
  for (const std::string& value : values) out.emplace_back(value);
  return out;
}

}  // namespace

TEST_CASE("strings come back from every encoding") {
  for (const auto& values : patterns()) {
    std::string chosen;
    encode_strings(refs(values), chosen);
    CHECK(read_all(chosen) == values);
    for (StringEncoding encoding :
         {StringEncoding::kDictionary, StringEncoding::kFsst, StringEncoding::kPlain}) {
      std::string bytes;
      encode_strings_as(encoding, refs(values), bytes);
      CHECK(read_all(bytes) == values);
    }
  }
}

TEST_CASE("the encoding of strings follows the data") {
  auto chosen = [](const std::vector<std::string>& values) {
    std::string bytes;
    StringEncoding encoding;
    encode_strings(refs(values), bytes);
    read_all(bytes, &encoding);
    return encoding;
  };
  auto all = patterns();
  CHECK(chosen(all[1]) == StringEncoding::kPlain);
  CHECK(chosen(all[2]) == StringEncoding::kFsst);
  CHECK(chosen(all[3]) == StringEncoding::kDictionary);
}

TEST_CASE("cut strings are noticed") {
  std::string bytes;
  encode_strings_as(StringEncoding::kFsst, refs(patterns()[2]), bytes);
  for (size_t size = 0; size < bytes.size(); size += 1009) {
    CHECK_THROWS_AS(read_all(bytes.substr(0, size)), CorruptChunk);
  }
}

}  // namespace luma
