#include "engine/column/int_codec.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "engine/column/section.h"

namespace luma {

namespace {

constexpr size_t kDictionaryLimit = 1 << 14;
constexpr uint32_t kSamples = 1024;

uint64_t distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

struct IntStatistics {
  int64_t least = 0, greatest = 0;
  size_t runs = 1;
  size_t packed_bytes = 0, delta_bytes = 0;
};

std::span<const int64_t> block_of(std::span<const int64_t> values, size_t block) {
  size_t first = block * kBlockRows;
  return values.subspan(first, std::min<size_t>(kBlockRows, values.size() - first));
}

struct Range {
  int64_t least, greatest;
};
Range range_of(std::span<const int64_t> values) {
  Range range{values[0], values[0]};
  for (int64_t value : values) {
    range.least = std::min(range.least, value);
    range.greatest = std::max(range.greatest, value);
  }
  return range;
}
// Differences wrap: what decodes is their sum, which wraps back.
Range delta_range_of(std::span<const int64_t> values) {
  if (values.size() < 2) return {0, 0};
  Range range{INT64_MAX, INT64_MIN};
  for (size_t i = 1; i < values.size(); ++i) {
    auto delta = static_cast<int64_t>(distance(values[i - 1], values[i]));
    range.least = std::min(range.least, delta);
    range.greatest = std::max(range.greatest, delta);
  }
  return range;
}

IntStatistics statistics_of(std::span<const int64_t> values) {
  IntStatistics all;
  all.least = all.greatest = values[0];
  for (size_t i = 1; i < values.size(); ++i) all.runs += values[i] != values[i - 1];
  for (size_t block = 0; block < block_count(static_cast<uint32_t>(values.size())); ++block) {
    std::span<const int64_t> part = block_of(values, block);
    auto rows = static_cast<uint32_t>(part.size());
    Range range = range_of(part);
    all.least = std::min(all.least, range.least);
    all.greatest = std::max(all.greatest, range.greatest);
    all.packed_bytes +=
        sizeof(IntReader::PackedBlock) +
        packed_size_bytes(bit_width_of(distance(range.least, range.greatest)), rows);
    Range delta = delta_range_of(part);
    all.delta_bytes += sizeof(IntReader::DeltaBlock) +
                       packed_size_bytes(bit_width_of(distance(delta.least, delta.greatest)), rows);
  }
  return all;
}

// Different values in a sample: many of them rule a dictionary out.
bool may_repeat(std::span<const int64_t> values) {
  std::vector<int64_t> sample;
  size_t step = std::max<size_t>(1, values.size() / kSamples);
  for (size_t i = 0; i < values.size(); i += step) sample.push_back(values[i]);
  std::sort(sample.begin(), sample.end());
  auto distinct = std::unique(sample.begin(), sample.end()) - sample.begin();
  return static_cast<size_t>(distinct) * 2 < sample.size();
}

// Sorted distinct values; empty when there are too many.
std::vector<int64_t> dictionary_of(std::span<const int64_t> values) {
  std::unordered_map<int64_t, bool> seen;
  for (int64_t value : values) {
    if (seen.emplace(value, true).second && seen.size() > kDictionaryLimit) return {};
  }
  std::vector<int64_t> all;
  all.reserve(seen.size());
  for (const auto& [value, unused] : seen) all.push_back(value);
  std::sort(all.begin(), all.end());
  return all;
}

void write_header(SectionWriter& writer, IntEncoding encoding, size_t count) {
  writer.value(static_cast<uint32_t>(encoding));
  writer.value(static_cast<uint32_t>(count));
}

// Block headers first, then the blocks' data.
template <typename Block, typename Fill>
void write_blocks(SectionWriter& writer, std::span<const int64_t> values, Fill&& fill) {
  uint32_t blocks = block_count(static_cast<uint32_t>(values.size()));
  std::vector<Block> headers(blocks);
  std::string data;
  SectionWriter packed(data);
  std::vector<uint64_t> offsets(kBlockRows);
  for (uint32_t block = 0; block < blocks; ++block) {
    std::span<const int64_t> part = block_of(values, block);
    std::fill(offsets.begin(), offsets.end(), 0);
    fill(part, headers[block], offsets.data());
    headers[block].offset = static_cast<uint32_t>(packed.position() / 8);
    auto rows = static_cast<uint32_t>(part.size());
    pack_block(offsets.data(), headers[block].width, rows,
               packed.reserve(packed_size_bytes(headers[block].width, rows)));
  }
  writer.array(std::span<const Block>(headers));
  writer.array(std::span<const char>(data));
}

void write_packed(std::span<const int64_t> values, std::string& out) {
  SectionWriter writer(out);
  write_header(writer, IntEncoding::kPacked, values.size());
  write_blocks<IntReader::PackedBlock>(
      writer, values, [](auto part, IntReader::PackedBlock& header, uint64_t* offsets) {
        Range range = range_of(part);
        header.base = range.least;
        header.width = bit_width_of(distance(range.least, range.greatest));
        for (size_t i = 0; i < part.size(); ++i) offsets[i] = distance(range.least, part[i]);
      });
}

void write_delta(std::span<const int64_t> values, std::string& out) {
  SectionWriter writer(out);
  write_header(writer, IntEncoding::kDelta, values.size());
  write_blocks<IntReader::DeltaBlock>(
      writer, values, [](auto part, IntReader::DeltaBlock& header, uint64_t* offsets) {
        Range range = delta_range_of(part);
        header.first = part[0];
        header.least_delta = range.least;
        header.width = bit_width_of(distance(range.least, range.greatest));
        for (size_t i = 1; i < part.size(); ++i) {
          offsets[i] = distance(part[i - 1], part[i]) - static_cast<uint64_t>(range.least);
        }
      });
}

void write_runs(std::span<const int64_t> values, std::string& out) {
  std::vector<int64_t> run_values;
  std::vector<uint32_t> ends, first_runs;
  for (uint32_t i = 0; i < values.size(); ++i) {
    if (i == 0 || values[i] != values[i - 1]) {
      run_values.push_back(values[i]);
      ends.push_back(i);
    }
    ends.back() = i + 1;
    if (i % kBlockRows == 0) first_runs.push_back(static_cast<uint32_t>(ends.size() - 1));
  }
  SectionWriter writer(out);
  write_header(writer, IntEncoding::kRuns, values.size());
  writer.value(static_cast<uint64_t>(ends.size()));
  writer.array(std::span<const int64_t>(run_values));
  writer.array(std::span<const uint32_t>(ends));
  writer.array(std::span<const uint32_t>(first_runs));
}

void write_dictionary(std::span<const int64_t> values, const std::vector<int64_t>& dictionary,
                      std::string& out) {
  std::unordered_map<int64_t, int64_t> codes;
  for (size_t i = 0; i < dictionary.size(); ++i) codes[dictionary[i]] = static_cast<int64_t>(i);
  std::vector<int64_t> encoded(values.size());
  for (size_t i = 0; i < values.size(); ++i) encoded[i] = codes[values[i]];
  SectionWriter writer(out);
  write_header(writer, IntEncoding::kDictionary, values.size());
  writer.value(static_cast<uint64_t>(dictionary.size()));
  writer.array(std::span<const int64_t>(dictionary));
  write_blocks<IntReader::PackedBlock>(
      writer, encoded, [](auto part, IntReader::PackedBlock& header, uint64_t* offsets) {
        Range range = range_of(part);
        header.base = range.least;
        header.width = bit_width_of(distance(range.least, range.greatest));
        for (size_t i = 0; i < part.size(); ++i) offsets[i] = distance(range.least, part[i]);
      });
}

void write_constant(int64_t value, size_t count, std::string& out) {
  SectionWriter writer(out);
  write_header(writer, IntEncoding::kConstant, count);
  writer.value(value);
}

}  // namespace

void encode_ints_as(IntEncoding encoding, std::span<const int64_t> values, std::string& out) {
  if (values.empty()) return write_constant(0, 0, out);
  switch (encoding) {
    case IntEncoding::kConstant:
      return write_constant(values[0], values.size(), out);
    case IntEncoding::kPacked:
      return write_packed(values, out);
    case IntEncoding::kDelta:
      return write_delta(values, out);
    case IntEncoding::kRuns:
      return write_runs(values, out);
    case IntEncoding::kDictionary:
      return write_dictionary(values, dictionary_of(values), out);
  }
}

void encode_ints(std::span<const int64_t> values, std::string& out) {
  if (values.empty()) return write_constant(0, 0, out);
  IntStatistics facts = statistics_of(values);
  if (facts.least == facts.greatest) return write_constant(values[0], values.size(), out);
  // Slower decoders must save something.
  size_t best = facts.packed_bytes;
  IntEncoding choice = IntEncoding::kPacked;
  if (facts.delta_bytes + facts.delta_bytes / 4 < best) {
    best = facts.delta_bytes + facts.delta_bytes / 4;
    choice = IntEncoding::kDelta;
  }
  size_t run_bytes = facts.runs * (sizeof(int64_t) + sizeof(uint32_t));
  if (run_bytes < best) {
    best = run_bytes;
    choice = IntEncoding::kRuns;
  }
  if (best > values.size() && may_repeat(values)) {
    std::vector<int64_t> dictionary = dictionary_of(values);
    size_t bytes =
        dictionary.size() * sizeof(int64_t) + values.size() * bit_width_of(dictionary.size()) / 8;
    if (!dictionary.empty() && bytes + bytes / 4 < best) {
      return write_dictionary(values, dictionary, out);
    }
  }
  encode_ints_as(choice, values, out);
}

IntReader::IntReader(std::string_view bytes) {
  SectionReader reader(bytes);
  auto encoding = reader.value<uint32_t>();
  if (encoding > static_cast<uint32_t>(IntEncoding::kDictionary)) {
    throw CorruptChunk{"unknown integer encoding"};
  }
  encoding_ = static_cast<IntEncoding>(encoding);
  count_ = reader.value<uint32_t>();
  uint32_t blocks = block_count(count_);
  switch (encoding_) {
    case IntEncoding::kConstant:
      constant_ = reader.value<int64_t>();
      return;
    case IntEncoding::kDictionary:
      values_ = reader.array<int64_t>(reader.value<uint64_t>());
      [[fallthrough]];
    case IntEncoding::kPacked:
      packed_ = reader.array<PackedBlock>(blocks);
      break;
    case IntEncoding::kDelta:
      delta_ = reader.array<DeltaBlock>(blocks);
      break;
    case IntEncoding::kRuns: {
      auto runs = reader.value<uint64_t>();
      values_ = reader.array<int64_t>(runs);
      run_ends_ = reader.array<uint32_t>(runs);
      first_runs_ = reader.array<uint32_t>(blocks);
      return;
    }
  }
  std::string_view data = reader.rest();
  data_ = reinterpret_cast<const std::byte*>(data.data());
  auto require = [&](uint32_t block, uint32_t offset, uint32_t width) {
    if (width > 64 ||
        size_t{offset} * 8 + packed_size_bytes(width, rows_of_block(block)) > data.size()) {
      throw CorruptChunk{"a block lies outside of its chunk"};
    }
  };
  for (uint32_t i = 0; i < packed_.size(); ++i) require(i, packed_[i].offset, packed_[i].width);
  for (uint32_t i = 0; i < delta_.size(); ++i) require(i, delta_[i].offset, delta_[i].width);
}

template <typename T>
void IntReader::read_runs(uint32_t block, T* out) const {
  uint32_t row = block * kBlockRows;
  uint32_t end = row + rows_of_block(block);
  for (uint32_t run = first_runs_[block]; row < end; ++run) {
    uint32_t until = std::min(run_ends_[run], end);
    std::fill(out, out + (until - row), static_cast<T>(values_[run]));
    out += until - row;
    row = until;
  }
}

template <typename T>
void IntReader::read_block(uint32_t block, T* out) const {
  uint32_t rows = rows_of_block(block);
  switch (encoding_) {
    case IntEncoding::kConstant:
      std::fill(out, out + rows, static_cast<T>(constant_));
      return;
    case IntEncoding::kPacked: {
      const PackedBlock& header = packed_[block];
      unpack_block(data_ + size_t{header.offset} * 8, header.width,
                   static_cast<uint64_t>(header.base), rows, out);
      return;
    }
    case IntEncoding::kDelta: {
      const DeltaBlock& header = delta_[block];
      int64_t deltas[kBlockRows];
      unpack_block(data_ + size_t{header.offset} * 8, header.width,
                   static_cast<uint64_t>(header.least_delta), rows, deltas);
      auto sum = static_cast<uint64_t>(header.first);
      out[0] = static_cast<T>(sum);
      for (uint32_t i = 1; i < rows; ++i) {
        sum += static_cast<uint64_t>(deltas[i]);
        out[i] = static_cast<T>(sum);
      }
      return;
    }
    case IntEncoding::kRuns:
      return read_runs(block, out);
    case IntEncoding::kDictionary: {
      const PackedBlock& header = packed_[block];
      int32_t codes[kBlockRows];
      unpack_block(data_ + size_t{header.offset} * 8, header.width,
                   static_cast<uint64_t>(header.base), rows, codes);
      for (uint32_t i = 0; i < rows; ++i) {
        out[i] = static_cast<T>(values_[static_cast<uint32_t>(codes[i])]);
      }
      return;
    }
  }
}
template void IntReader::read_block(uint32_t, int8_t*) const;
template void IntReader::read_block(uint32_t, int16_t*) const;
template void IntReader::read_block(uint32_t, int32_t*) const;
template void IntReader::read_block(uint32_t, int64_t*) const;

int64_t IntReader::value(uint32_t index) const {
  uint32_t block = index / kBlockRows;
  if (encoding_ == IntEncoding::kConstant) return constant_;
  if (encoding_ == IntEncoding::kPacked || encoding_ == IntEncoding::kDictionary) {
    const PackedBlock& header = packed_[block];
    auto at = static_cast<uint64_t>(header.base) +
              packed_value(data_ + size_t{header.offset} * 8, header.width, index % kBlockRows);
    return encoding_ == IntEncoding::kPacked ? static_cast<int64_t>(at) : values_[at];
  }
  if (encoding_ == IntEncoding::kRuns) {
    auto run = std::upper_bound(run_ends_.begin(), run_ends_.end(), index) - run_ends_.begin();
    return values_[static_cast<size_t>(run)];
  }
  if (index % kBlockRows == 0) return delta_[block].first;
  int64_t values[kBlockRows];
  read_block(block, values);
  return values[index % kBlockRows];
}

}  // namespace luma
