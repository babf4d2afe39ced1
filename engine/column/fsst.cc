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

void SymbolTable::add(uint64_t bytes, uint32_t size) { symbols_.push_back({bytes, size}); }

void SymbolTable::index() {
  auto prefix = [&](size_t code) { return symbols_[code].bytes & 0xFFFF; };
  ordered_.clear();
  single_.assign(256, -1);
  for (size_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].size > 1) {
      ordered_.push_back(static_cast<uint8_t>(i));
    } else {
      single_[symbols_[i].bytes & 0xFF] = static_cast<int16_t>(i);
    }
  }
  std::sort(ordered_.begin(), ordered_.end(), [&](uint8_t a, uint8_t b) {
    if (prefix(a) != prefix(b)) return prefix(a) < prefix(b);
    return symbols_[a].size > symbols_[b].size;
  });
  begins_.assign(1 << 16, 0);
  counts_.assign(1 << 16, 0);
  for (size_t i = ordered_.size(); i-- > 0;) {
    begins_[prefix(ordered_[i])] = static_cast<uint8_t>(i);
    ++counts_[prefix(ordered_[i])];
  }
}

int SymbolTable::find(const char* text, size_t left) const {
  uint64_t word = load(text, left);
  const uint64_t prefix = word & 0xFFFF;
  const uint8_t* candidate = ordered_.data() + begins_[prefix];
  for (uint8_t i = 0; i < counts_[prefix]; ++i) {
    const Symbol& symbol = symbols_[candidate[i]];
    if (symbol.size <= left && (word & mask_of(symbol.size)) == symbol.bytes) return candidate[i];
  }
  return single_[word & 0xFF];
}

void SymbolTable::count(std::string_view text, std::vector<uint32_t>& singles,
                        std::vector<uint32_t>& pairs) const {
  size_t before = kCodes;
  for (size_t at = 0; at < text.size();) {
    int found = find(text.data() + at, text.size() - at);
    size_t code = found >= 0 ? static_cast<size_t>(found)
                             : 256 + static_cast<size_t>(static_cast<uint8_t>(text[at]));
    ++singles[code];
    if (before != kCodes) ++pairs[before * kCodes + code];
    before = code;
    at += found >= 0 ? symbols_[code].size : 1;
  }
}

SymbolTable SymbolTable::train(std::span<const std::string_view> sample) {
  SymbolTable table;
  table.index();
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
    table.symbols_.clear();
    for (size_t i = 0; i < std::min<size_t>(best.size(), kGreatestCount); ++i) {
      table.add(best[i].second.bytes, best[i].second.size);
    }
    table.index();
  }
  return table;
}

void SymbolTable::compress(std::string_view text, std::string& out) const {
  const size_t before = out.size();
  out.resize(before + 2 * text.size());
  char* to = out.data() + before;
  for (size_t at = 0; at < text.size();) {
    int code = find(text.data() + at, text.size() - at);
    if (code >= 0) {
      *to++ = static_cast<char>(code);
      at += symbols_[static_cast<size_t>(code)].size;
    } else {
      *to++ = static_cast<char>(kEscape);
      *to++ = text[at++];
    }
  }
  out.resize(static_cast<size_t>(to - out.data()));
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
    table.add(words[i], sizes[i]);
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
