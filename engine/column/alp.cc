#include "engine/column/alp.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/base/simd_call.h"
#include "engine/column/section.h"

namespace luma {

namespace {

constexpr int kMaxExponent = 18;
constexpr uint32_t kSampleValues = 32;
// Integers this large survive the way through a double and back.
constexpr double kGreatest = 1125899906842624.0;  // 2^50

constexpr std::array<double, kMaxExponent + 1> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                          1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                          1e14, 1e15, 1e16, 1e17, 1e18};
constexpr std::array<double, kMaxExponent + 1> kFractions = {
    1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8, 1e-9,
    1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18};

struct Scale {
  int exponent = 0, factor = 0;
};

template <typename Float>
Float decoded(int64_t value, Scale scale) {
  auto e = static_cast<size_t>(scale.exponent), f = static_cast<size_t>(scale.factor);
  return static_cast<Float>(static_cast<double>(value) * kPowers[f] * kFractions[e]);
}

// False when the value does not come back unchanged.
template <typename Float>
bool encode_one(Float value, Scale scale, int64_t* out) {
  auto e = static_cast<size_t>(scale.exponent), f = static_cast<size_t>(scale.factor);
  double scaled = static_cast<double>(value) * kPowers[e] * kFractions[f];
  if (!(std::fabs(scaled) < kGreatest)) return false;
  *out = std::llround(scaled);
  Float back = decoded<Float>(*out, scale);
  return std::memcmp(&back, &value, sizeof value) == 0;
}

// Bits per value that a scale needs for a sample.
template <typename Float>
double cost_of(std::span<const Float> sample, Scale scale) {
  int64_t least = INT64_MAX, greatest = INT64_MIN;
  size_t exceptions = 0;
  for (Float value : sample) {
    int64_t encoded;
    if (!encode_one(value, scale, &encoded)) {
      ++exceptions;
      continue;
    }
    least = std::min(least, encoded);
    greatest = std::max(greatest, encoded);
  }
  size_t good = sample.size() - exceptions;
  if (good == 0) return 1e9;
  double width = bit_width_of(static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least));
  return width + static_cast<double>(exceptions) * (sizeof(Float) * 8 + 16) /
                     static_cast<double>(sample.size());
}

template <typename Float>
std::vector<Float> sample_of(std::span<const Float> values, size_t wanted) {
  std::vector<Float> sample;
  size_t step = std::max<size_t>(1, values.size() / wanted);
  for (size_t i = 0; i < values.size(); i += step) sample.push_back(values[i]);
  return sample;
}

// The few scales worth trying for each block, best first.
template <typename Float>
std::vector<Scale> candidates_of(std::span<const Float> values) {
  std::vector<Float> sample = sample_of(values, 8 * kSampleValues);
  std::vector<std::pair<double, Scale>> all;
  for (int e = kMaxExponent; e >= 0; --e) {
    for (int f = e; f >= 0; --f) {
      all.push_back({cost_of<Float>(sample, {e, f}), {e, f}});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (all[0].first > sizeof(Float) * 8 * 0.85) return {};
  std::vector<Scale> best;
  for (size_t i = 0; i < 5; ++i) best.push_back(all[i].second);
  return best;
}

LUMA_SIMD_LOOP void scale_ints(const int64_t* in, uint32_t rows, double power, double fraction,
                               double* out) {
  // Adding the integer to the bits of 1.5 * 2^52 is a conversion that every SIMD level has.
  constexpr double kMagic = 6755399441055744.0;
  const auto magic = static_cast<uint64_t>(std::bit_cast<int64_t>(kMagic));
  for (uint32_t i = 0; i < rows; ++i) {
    double value = std::bit_cast<double>(static_cast<uint64_t>(in[i]) + magic) - kMagic;
    out[i] = value * power * fraction;
  }
}

}  // namespace

template <typename Float>
bool encode_alp(std::span<const Float> values, std::string& out) {
  std::vector<Scale> candidates = candidates_of(values);
  if (candidates.empty()) return false;
  using Block = typename AlpReader<Float>::Block;
  uint32_t blocks = block_count(static_cast<uint32_t>(values.size()));
  std::vector<Block> headers;
  std::vector<uint16_t> positions;
  std::vector<Float> exceptions;
  std::vector<int64_t> ints(values.size());
  for (uint32_t block = 0; block < blocks; ++block) {
    size_t first = size_t{block} * kBlockRows;
    std::span<const Float> part =
        values.subspan(first, std::min<size_t>(kBlockRows, values.size() - first));
    std::vector<Float> sample = sample_of(part, kSampleValues);
    Scale best = *std::min_element(candidates.begin(), candidates.end(),
                                   [&](const Scale& a, const Scale& b) {
                                     return cost_of<Float>(sample, a) < cost_of<Float>(sample, b);
                                   });
    headers.push_back({static_cast<uint8_t>(best.exponent), static_cast<uint8_t>(best.factor), 0,
                       static_cast<uint32_t>(positions.size())});
    int64_t filler = 0;
    std::vector<size_t> waiting;  // exceptions before the first good value
    bool any = false;
    for (size_t i = 0; i < part.size(); ++i) {
      int64_t encoded;
      if (encode_one(part[i], best, &encoded)) {
        ints[first + i] = filler = encoded;
        if (!any) {
          for (size_t at : waiting) ints[first + at] = encoded;
        }
        any = true;
        continue;
      }
      // An exception's place holds a neighbour's value, which costs no bits.
      ints[first + i] = filler;
      if (!any) waiting.push_back(i);
      positions.push_back(static_cast<uint16_t>(i));
      exceptions.push_back(part[i]);
    }
  }
  if (positions.size() * 3 > values.size()) return false;
  headers.push_back({0, 0, 0, static_cast<uint32_t>(positions.size())});
  std::string encoded;
  encode_ints(ints, encoded);
  SectionWriter writer(out);
  writer.part(encoded);
  writer.value(uint64_t{blocks});
  writer.array(std::span<const Block>(headers));
  writer.array(std::span<const uint16_t>(positions));
  writer.array(std::span<const Float>(exceptions));
  return true;
}

template <typename Float>
AlpReader<Float>::AlpReader(std::string_view bytes) {
  SectionReader reader(bytes);
  ints_ = IntReader(reader.part());
  auto blocks = reader.value<uint64_t>();
  if (blocks != block_count(ints_.size())) throw CorruptChunk{"wrong number of blocks"};
  blocks_ = reader.array<Block>(blocks + 1);
  positions_ = reader.array<uint16_t>(blocks_[blocks].first_exception);
  exceptions_ = reader.array<Float>(positions_.size());
}

template <typename Float>
void AlpReader<Float>::read_block(uint32_t block, Float* out) const {
  int64_t ints[kBlockRows];
  ints_.read_block(block, ints);
  const Block& header = blocks_[block];
  double power = kPowers[header.factor % kPowers.size()];
  double fraction = kFractions[header.exponent % kFractions.size()];
  uint32_t rows = ints_.rows_of_block(block);
  if constexpr (sizeof(Float) == 8) {
    simd_call<scale_ints>(ints, rows, power, fraction, out);
  } else {
    double scaled[kBlockRows];
    simd_call<scale_ints>(ints, rows, power, fraction, scaled);
    for (uint32_t i = 0; i < rows; ++i) out[i] = static_cast<Float>(scaled[i]);
  }
  for (uint32_t i = header.first_exception; i < blocks_[block + 1].first_exception; ++i) {
    out[positions_[i] % kBlockRows] = exceptions_[i];
  }
}

template bool encode_alp(std::span<const float>, std::string&);
template bool encode_alp(std::span<const double>, std::string&);
template class AlpReader<float>;
template class AlpReader<double>;

}  // namespace luma
