#include "engine/type/trigram.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "engine/type/utf8_text.h"

namespace luma {

namespace {

// The CRC that PostgreSQL has kept for what is stored on disk: the table of the reflected
// polynomial, used in the direction of the other one.
uint32_t legacy_crc(std::string_view bytes) {
  static const auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xEDB88320u : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = 0xFFFFFFFFu;
  for (char c : bytes) crc = kTable[(crc >> 24) ^ static_cast<uint8_t>(c)] ^ (crc << 8);
  return crc ^ 0xFFFFFFFFu;
}

Trigram make_trigram(std::string_view characters) {
  Trigram out{};
  if (characters.size() == 3) {
    std::memcpy(out.bytes.data(), characters.data(), 3);
  } else {
    uint32_t crc = legacy_crc(characters);
    std::memcpy(out.bytes.data(), &crc, 3);
    out.hashed = true;
  }
  return out;
}

// Of a word or a part of one; what is known of its ends is a blank there.
void add_word(std::string_view word, bool left, bool right, Trigrams& out) {
  std::string padded = (left ? "  " : "") + lower_text(word) + (right ? " " : "");
  std::vector<size_t> starts;
  for (size_t i = 0; i < padded.size(); ++i) {
    if ((static_cast<unsigned char>(padded[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  if (starts.size() < 3) return;
  starts.push_back(padded.size());
  size_t count = starts.size() - 3;
  for (size_t i = 0; i < count; ++i) {
    out.list.push_back(
        make_trigram(std::string_view(padded).substr(starts[i], starts[i + 3] - starts[i])));
    out.bounds.push_back(
        static_cast<uint8_t>((i == 0 ? kTrigramLeft : 0) | (i + 1 == count ? kTrigramRight : 0)));
  }
}

std::vector<Trigram> as_set(std::vector<Trigram> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

}  // namespace

// Words are runs of letters and digits.
Trigrams trigrams_in_order(std::string_view text) {
  Trigrams out;
  std::string word;
  auto finish = [&] {
    if (!word.empty()) add_word(word, true, true, out);
    word.clear();
  };
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    if (code_point_is_alnum(utf8_next(text, at))) {
      word += text.substr(begin, at - begin);
    } else {
      finish();
    }
  }
  finish();
  return out;
}

std::vector<Trigram> trigram_set(std::string_view text) {
  return as_set(trigrams_in_order(text).list);
}

std::vector<Trigram> pattern_trigrams(std::string_view pattern) {
  Trigrams out;
  std::string word;
  bool left = true;  // the word begins here, it does not go on to the left
  auto finish = [&](bool ends) {
    if (!word.empty()) add_word(word, left, ends, out);
    word.clear();
    left = ends;
  };
  for (size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '%' || pattern[at] == '_') {
      finish(false);
      ++at;
      continue;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    size_t begin = at;
    if (code_point_is_alnum(utf8_next(pattern, at))) {
      word += pattern.substr(begin, at - begin);
    } else {
      finish(true);
    }
  }
  finish(true);
  return as_set(std::move(out.list));
}

}  // namespace luma
