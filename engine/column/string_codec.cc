#include "engine/column/string_codec.h"

#include <algorithm>
#include <cstring>

#include "engine/column/section.h"
#include "engine/type/value_hash.h"

namespace luma {

namespace {

constexpr size_t kDictionaryLimit = 1 << 16;
constexpr size_t kSampleBytes = 16 << 10;
constexpr size_t kSampleStrings = 2048;

struct Dictionary {
  std::vector<std::string_view> values;
  std::vector<int64_t> codes;
  size_t bytes = 0;
};

// Values by their hashes, with open addressing: nothing is allocated for a value.
class CodeTable {
 public:
  // The value's place among `values`, to which it is added when it is new.
  uint32_t find_or_add(std::string_view value, std::vector<std::string_view>& values) {
    const auto hash = static_cast<uint32_t>(hash_bytes(value) >> 32);
    size_t at = hash & mask();
    for (; slots_[at].code != kNone; at = (at + 1) & mask()) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && values[slot.code] == value) return slot.code;
    }
    const auto code = static_cast<uint32_t>(values.size());
    slots_[at] = {hash, code};
    values.push_back(value);
    if (values.size() * 2 > slots_.size()) grow();
    return code;
  }

 private:
  struct Slot {
    uint32_t hash, code;
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  size_t mask() const { return slots_.size() - 1; }
  void grow() {
    std::vector<Slot> old(slots_.size() * 4, Slot{0, kNone});
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.code == kNone) continue;
      size_t at = slot.hash & mask();
      while (slots_[at].code != kNone) at = (at + 1) & mask();
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1024, Slot{0, kNone});
};

// False when values do not repeat enough.
bool make_dictionary(std::span<const StringRef> values, Dictionary& dictionary, size_t limit) {
  CodeTable codes;
  dictionary.codes.reserve(values.size());
  for (const StringRef& value : values) {
    const uint32_t code = codes.find_or_add(value.view(), dictionary.values);
    if (dictionary.values.size() > limit) return false;
    dictionary.codes.push_back(code);
  }
  for (std::string_view value : dictionary.values) dictionary.bytes += value.size();
  return true;
}

bool may_repeat(std::span<const StringRef> values) {
  std::vector<std::string_view> sample;
  size_t step = std::max<size_t>(1, values.size() / kSampleStrings);
  for (size_t i = 0; i < values.size(); i += step) sample.push_back(values[i].view());
  std::sort(sample.begin(), sample.end());
  auto distinct = std::unique(sample.begin(), sample.end()) - sample.begin();
  return static_cast<size_t>(distinct) * 10 < sample.size() * 8;
}

std::vector<std::string_view> fsst_sample(std::span<const StringRef> values) {
  std::vector<std::string_view> sample;
  size_t step = std::max<size_t>(1, values.size() / kSampleStrings);
  size_t bytes = 0;
  for (size_t i = 0; i < values.size() && bytes < kSampleBytes; i += step) {
    std::string_view text = values[i].view().substr(0, 512);
    sample.push_back(text);
    bytes += text.size();
  }
  return sample;
}

void write_dictionary(const Dictionary& dictionary, std::string& out) {
  SectionWriter writer(out);
  writer.value(static_cast<uint64_t>(StringEncoding::kDictionary));
  std::string codes;
  encode_ints_as(IntEncoding::kPacked, dictionary.codes, codes);
  writer.part(codes);
  std::vector<uint32_t> lengths;
  std::string bytes;
  for (std::string_view value : dictionary.values) {
    lengths.push_back(static_cast<uint32_t>(value.size()));
    bytes.append(value);
  }
  writer.value(static_cast<uint64_t>(lengths.size()));
  writer.array(std::span<const uint32_t>(lengths));
  writer.part(bytes);
}

// Plain and FSST: stored lengths, where the blocks begin, bytes.
void write_bytes(std::span<const StringRef> values, const SymbolTable* symbols, std::string& out) {
  std::vector<int64_t> lengths;
  lengths.reserve(values.size());
  std::vector<StringReader::Block> blocks;
  std::string bytes;
  for (size_t first = 0; first < values.size(); first += kBlockRows) {
    std::span<const StringRef> block =
        values.subspan(first, std::min<size_t>(kBlockRows, values.size() - first));
    size_t text_bytes = 0;
    for (const StringRef& value : block) text_bytes += value.size();
    const size_t before = bytes.size();
    blocks.push_back({before, text_bytes});
    bytes.resize(before + (symbols == nullptr ? text_bytes : 2 * text_bytes + 1));
    char* to = bytes.data() + before;
    for (const StringRef& value : block) {
      const char* start = to;
      if (symbols == nullptr) {
        std::memcpy(to, value.data(), value.size());
        to += value.size();
      } else {
        to = symbols->compress(value.view(), to);
      }
      lengths.push_back(to - start);
    }
    bytes.resize(static_cast<size_t>(to - bytes.data()));
  }
  blocks.push_back({bytes.size(), 0});
  SectionWriter writer(out);
  writer.value(
      static_cast<uint64_t>(symbols == nullptr ? StringEncoding::kPlain : StringEncoding::kFsst));
  std::string encoded;
  encode_ints_as(IntEncoding::kPacked, lengths, encoded);
  writer.part(encoded);
  writer.value(static_cast<uint64_t>(blocks.size()));
  writer.array(std::span<const StringReader::Block>(blocks));
  std::string table;
  if (symbols != nullptr) symbols->append_to(table);
  writer.part(table);
  writer.part(bytes);
}

// One string on its own; long ones lie in the heap.
StringRef decompressed(const SymbolTable& symbols, std::string_view codes, Arena& heap) {
  char local[1024];
  const size_t room = codes.size() * SymbolTable::kGreatestSymbolBytes;
  if (room + SymbolTable::kGreatestSymbolBytes > sizeof local) {
    char* text = heap.allocate_bytes(room + SymbolTable::kGreatestSymbolBytes);
    return {text, static_cast<uint32_t>(symbols.decompress(codes, text, room))};
  }
  const size_t size = symbols.decompress(codes, local, room);
  std::string_view text(local, size);
  return StringRef(size <= StringRef::kInlineBytes ? text : heap.copy(text));
}

}  // namespace

void encode_strings_as(StringEncoding encoding, std::span<const StringRef> values,
                       std::string& out) {
  switch (encoding) {
    case StringEncoding::kDictionary: {
      Dictionary dictionary;
      make_dictionary(values, dictionary, values.size());
      return write_dictionary(dictionary, out);
    }
    case StringEncoding::kFsst: {
      SymbolTable symbols = SymbolTable::train(fsst_sample(values));
      return write_bytes(values, &symbols, out);
    }
    case StringEncoding::kPlain:
      return write_bytes(values, nullptr, out);
  }
}

void encode_strings(std::span<const StringRef> values, std::string& out) {
  size_t total = 0;
  for (const StringRef& value : values) total += value.size();
  Dictionary dictionary;
  if (may_repeat(values) &&
      make_dictionary(values, dictionary, std::min(kDictionaryLimit, values.size() / 2 + 1))) {
    size_t bytes = dictionary.bytes + dictionary.values.size() * sizeof(uint32_t) +
                   values.size() * bit_width_of(dictionary.values.size()) / 8;
    if (bytes < total + values.size() || dictionary.values.size() == 1) {
      return write_dictionary(dictionary, out);
    }
  }
  // Short texts fit a StringRef anyway: decoding them would cost more than it saves.
  if (values.empty() || total / values.size() < 6) return write_bytes(values, nullptr, out);
  std::vector<std::string_view> sample = fsst_sample(values);
  SymbolTable symbols = SymbolTable::train(sample);
  std::string coded;
  size_t coded_bytes = 0, sample_bytes = 0;
  for (std::string_view text : sample) {
    coded.resize(std::max(coded.size(), 2 * text.size() + 1));
    coded_bytes += static_cast<size_t>(symbols.compress(text, coded.data()) - coded.data());
    sample_bytes += text.size();
  }
  bool saves = coded_bytes * 10 < sample_bytes * 8;
  write_bytes(values, saves ? &symbols : nullptr, out);
}

StringReader::StringReader(std::string_view bytes) {
  SectionReader reader(bytes);
  auto encoding = reader.value<uint64_t>();
  if (encoding > static_cast<uint64_t>(StringEncoding::kPlain)) {
    throw CorruptChunk{"unknown string encoding"};
  }
  encoding_ = static_cast<StringEncoding>(encoding);
  lengths_or_codes_ = IntReader(reader.part());
  auto count = reader.value<uint64_t>();
  if (encoding_ == StringEncoding::kDictionary) {
    auto lengths = reader.array<uint32_t>(count);
    bytes_ = reader.part();
    size_t at = 0;
    dictionary_.reserve(count);
    for (uint32_t length : lengths) {
      if (length > bytes_.size() - at) throw CorruptChunk{"a dictionary is cut short"};
      dictionary_.emplace_back(bytes_.data() + at, length);
      at += length;
    }
    return;
  }
  if (count != block_count(size()) + 1) throw CorruptChunk{"wrong number of blocks"};
  blocks_ = reader.array<Block>(count);
  std::string_view table = reader.part();
  bytes_ = reader.part();
  if (encoding_ == StringEncoding::kFsst) symbols_ = SymbolTable::parse(table);
  if (blocks_.back().offset > bytes_.size()) throw CorruptChunk{"strings are cut short"};
}

void StringReader::read_block(uint32_t block, StringRef* out, Arena& heap) const {
  uint32_t rows = lengths_or_codes_.rows_of_block(block);
  int32_t numbers[kBlockRows];
  lengths_or_codes_.read_block(block, numbers);
  if (encoding_ == StringEncoding::kDictionary) {
    for (uint32_t i = 0; i < rows; ++i) out[i] = dictionary_[static_cast<uint32_t>(numbers[i])];
    return;
  }
  const char* at = bytes_.data() + blocks_[block].offset;
  const char* end = bytes_.data() + blocks_[block + 1].offset;
  if (encoding_ == StringEncoding::kPlain) {
    for (uint32_t i = 0; i < rows; ++i) {
      auto length = static_cast<uint32_t>(numbers[i]);
      if (length > static_cast<size_t>(end - at)) throw CorruptChunk{"a string is cut short"};
      out[i] = StringRef(at, length);
      at += length;
    }
    return;
  }
  size_t room = blocks_[block].text_bytes;
  char* text = heap.allocate_bytes(room + 8);
  for (uint32_t i = 0; i < rows; ++i) {
    auto length = static_cast<uint32_t>(numbers[i]);
    if (length > static_cast<size_t>(end - at)) throw CorruptChunk{"a string is cut short"};
    size_t size = symbols_.decompress({at, length}, text, room);
    out[i] = StringRef(text, static_cast<uint32_t>(size));
    text += size;
    room -= size;
    at += length;
  }
}

void StringReader::read_rows(uint32_t block, const uint32_t* rows, uint32_t count, StringRef* out,
                             Arena& heap) const {
  int32_t numbers[kBlockRows];
  if (encoding_ == StringEncoding::kDictionary) {
    lengths_or_codes_.read_rows(block, rows, count, numbers);
    for (uint32_t i = 0; i < count; ++i) out[i] = dictionary_[static_cast<uint32_t>(numbers[i])];
    return;
  }
  lengths_or_codes_.read_block(block, numbers);
  const char* at = bytes_.data() + blocks_[block].offset;
  size_t left = blocks_[block + 1].offset - blocks_[block].offset;
  uint32_t row = 0;
  for (uint32_t i = 0; i < count; ++i) {
    size_t skipped = 0;
    for (; row < rows[i]; ++row) skipped += static_cast<uint32_t>(numbers[row]);
    const auto length = static_cast<uint32_t>(numbers[row++]);
    if (skipped > left || length > left - skipped) throw CorruptChunk{"a string is cut short"};
    at += skipped;
    out[i] = encoding_ == StringEncoding::kPlain ? StringRef(at, length)
                                                 : decompressed(symbols_, {at, length}, heap);
    at += length;
    left -= skipped + length;
  }
}

}  // namespace luma
