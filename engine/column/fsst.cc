#include "engine/column/fsst.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "engine/column/section.h"

namespace luma {

namespace {

constexpr int kRounds = 5;
constexpr uint32_t kCodes = 512;  // symbols, then single bytes from 256 on

uint64_t mask_of(uint32_t size) {
  return size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
}

uint64_t load(const char* text, size_t left) {
  uint64_t word = 0;
  if (left >= 8) {
    std::memcpy(&word, text, 8);
  } else {
    std::memcpy(&word, text, left);
  }
  return word;
}

}  // namespace

void SymbolTable::clear() {
  symbols_.clear();
  // No word masked with 0 is 1.
  long_.assign(size_t{1} << kLongBits, {1, 0, 0, 0});
  short_.assign(1 << 16, kEscape | 1 << 8);
}

void SymbolTable::add_for_compression(uint64_t bytes, uint32_t size) {
  const auto code = static_cast<uint16_t>(symbols_.size());
  const auto packed = static_cast<uint16_t>(code | size << 8);
  if (size >= 3) {
    Long& place = long_[long_place(bytes)];
    if (place.size != 0) return;
    place = {bytes, mask_of(size), code, static_cast<uint16_t>(size)};
  } else if (size == 2) {
    short_[bytes] = packed;
  } else {
    for (size_t second = 0; second < 256; ++second) {
      uint16_t& place = short_[bytes | second << 8];
      if (place >> 8 == 1) place = packed;
    }
  }
  symbols_.push_back({bytes, size});
}

SymbolTable::Found SymbolTable::find(uint64_t word) const {
  const Long& candidate = long_[long_place(word)];
  const uint32_t shorter = short_[word & 0xFFFF];
  const bool matches = (word & candidate.mask) == candidate.bytes;
  return {matches ? candidate.code : shorter & 0xFF, matches ? candidate.size : shorter >> 8};
}

SymbolTable::Found SymbolTable::find_within(uint64_t word, size_t left) const {
  const Found found = find(word);
  if (found.size <= left) return found;
  // Bytes behind the text are zero: what matched with them may have hidden a shorter symbol.
  const uint32_t shorter = short_[word & 0xFFFF];
  if (shorter >> 8 <= left) return {shorter & 0xFF, shorter >> 8};
  for (size_t code = 0; code < symbols_.size(); ++code) {
    if (symbols_[code].size == 1 && symbols_[code].bytes == (word & 0xFF)) {
      return {static_cast<uint32_t>(code), 1};
    }
  }
  return {kEscape, 1};
}

void SymbolTable::count(std::string_view text, std::vector<uint32_t>& singles,
                        std::vector<uint32_t>& pairs) const {
  size_t before = kCodes;
  for (size_t at = 0; at < text.size();) {
    const size_t left = text.size() - at;
    const Found found = find_within(load(text.data() + at, left), left);
    const size_t code = found.code != kEscape
                            ? found.code
                            : 256 + static_cast<size_t>(static_cast<uint8_t>(text[at]));
    ++singles[code];
    if (before != kCodes) ++pairs[before * kCodes + code];
    before = code;
    at += found.size;
  }
}

SymbolTable SymbolTable::train(std::span<const std::string_view> sample) {
  SymbolTable table;
  table.clear();
  std::vector<uint32_t> singles(kCodes), pairs(size_t{kCodes} * kCodes);
  for (int round = 0; round < kRounds; ++round) {
    std::fill(singles.begin(), singles.end(), 0);
    std::fill(pairs.begin(), pairs.end(), 0);
    for (std::string_view text : sample) table.count(text, singles, pairs);
    auto symbol_of = [&](size_t code) {
      return code < 256 ? table.symbols_[code] : Symbol{code - 256, 1};
    };
    // What a symbol saves: its bytes as often as it occurs.
    struct Key {
      uint64_t bytes;
      uint32_t size;
      bool operator==(const Key&) const = default;
    };
    struct KeyHash {
      size_t operator()(const Key& key) const {
        return (key.bytes ^ key.size) * 0x9E3779B97F4A7C15ull >> 7;
      }
    };
    std::unordered_map<Key, uint64_t, KeyHash> gains;
    for (size_t code = 0; code < kCodes; ++code) {
      if (singles[code] == 0) continue;
      Symbol symbol = symbol_of(code);
      gains[{symbol.bytes, symbol.size}] += uint64_t{singles[code]} * symbol.size;
      if (symbol.size >= 8) continue;
      for (size_t next = 0; next < kCodes; ++next) {
        uint32_t times = pairs[code * kCodes + next];
        if (times == 0) continue;
        Symbol second = symbol_of(next);
        uint32_t size = std::min<uint32_t>(8, symbol.size + second.size);
        uint64_t bytes = (symbol.bytes | second.bytes << (8 * symbol.size)) & mask_of(size);
        gains[{bytes, size}] += uint64_t{times} * size;
      }
    }
    std::vector<std::pair<uint64_t, Key>> best;
    for (const auto& [key, gain] : gains) best.push_back({gain, key});
    std::sort(best.begin(), best.end(), [](const auto& a, const auto& b) {
      if (a.first != b.first) return a.first > b.first;
      if (a.second.size != b.second.size) return a.second.size > b.second.size;
      return a.second.bytes < b.second.bytes;
    });
    table.clear();
    for (const auto& [gain, key] : best) {
      if (table.symbols_.size() == kGreatestCount) break;
      table.add_for_compression(key.bytes, key.size);
    }
  }
  return table;
}

char* SymbolTable::compress(std::string_view text, char* out) const {
  const char* at = text.data();
  const char* end = at + text.size();
  // Each step writes a code and the byte that an escape needs, without asking.
  while (end - at >= 8) {
    const Found found = find(load(at, 8));
    out[0] = static_cast<char>(found.code);
    out[1] = *at;
    out += 1 + (found.code == kEscape);
    at += found.size;
  }
  auto left = static_cast<size_t>(end - at);
  if (left == 0) return out;
  for (uint64_t word = load(at, left); left > 0;) {
    const Found found = find_within(word, left);
    out[0] = static_cast<char>(found.code);
    out[1] = static_cast<char>(word);
    out += 1 + (found.code == kEscape);
    word >>= 8 * found.size;
    left -= found.size;
  }
  return out;
}

void SymbolTable::append_to(std::string& out) const {
  SectionWriter writer(out);
  writer.value(static_cast<uint64_t>(symbols_.size()));
  for (const Symbol& symbol : symbols_) writer.value(symbol.bytes);
  for (const Symbol& symbol : symbols_) writer.value(static_cast<uint8_t>(symbol.size));
  writer.align();
}

SymbolTable SymbolTable::parse(std::string_view bytes) {
  SectionReader reader(bytes);
  SymbolTable table;
  auto count = reader.value<uint64_t>();
  if (count > kGreatestCount) throw CorruptChunk{"too many symbols"};
  auto words = reader.array<uint64_t>(count);
  auto sizes = reader.array<uint8_t>(count);
  for (size_t i = 0; i < count; ++i) {
    if (sizes[i] == 0 || sizes[i] > 8) throw CorruptChunk{"a symbol of a wrong size"};
    table.symbols_.push_back({words[i], sizes[i]});
  }
  return table;
}

size_t SymbolTable::decompress(std::string_view codes, char* out, size_t room) const {
  const char* begin = out;
  const char* limit = out + room;
  const Symbol* symbols = symbols_.data();
  const size_t count = symbols_.size();
  for (size_t at = 0; at < codes.size(); ++at) {
    if (out > limit) break;
    auto code = static_cast<uint8_t>(codes[at]);
    if (code < count) {
      std::memcpy(out, &symbols[code].bytes, 8);
      out += symbols[code].size;
    } else {
      if (++at == codes.size()) throw CorruptChunk{"text ends within an escape"};
      *out++ = codes[at];
    }
  }
  if (out > limit) throw CorruptChunk{"text is longer than recorded"};
  return static_cast<size_t>(out - begin);
}

}  // namespace luma
