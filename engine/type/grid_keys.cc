#include "engine/type/grid_keys.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "engine/type/wire_bytes.h"

namespace luma {

namespace {

constexpr int kLevels = 32;
// More cells than that are not looked at one by one.
constexpr size_t kMaxCells = 64;

// A box of numbers that are in the order of the coordinates.
struct Cells {
  uint32_t low_x = 0, high_x = UINT32_MAX, low_y = 0, high_y = UINT32_MAX;
};

uint32_t ordered(double value) {
  if (value == 0) value = 0;  // -0
  auto bits = std::bit_cast<uint64_t>(value);
  constexpr uint64_t kSign = uint64_t{1} << 63;
  bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return static_cast<uint32_t>(bits >> 32);
}

Cells cells_of(const GridBox& box) {
  if (!(box.low_x <= box.high_x) || !(box.low_y <= box.high_y)) return {};
  return {ordered(box.low_x), ordered(box.high_x), ordered(box.low_y), ordered(box.high_y)};
}

uint64_t spread(uint32_t value) {
  uint64_t out = value;
  out = (out | out << 16) & 0x0000FFFF0000FFFFu;
  out = (out | out << 8) & 0x00FF00FF00FF00FFu;
  out = (out | out << 4) & 0x0F0F0F0F0F0F0F0Fu;
  out = (out | out << 2) & 0x3333333333333333u;
  return (out | out << 1) & 0x5555555555555555u;
}

// A square of 2^size by 2^size numbers.
struct Cell {
  uint32_t x = 0, y = 0;  // its lowest corner
  int size = kLevels;

  uint64_t first() const { return spread(x) << 1 | spread(y); }
  uint64_t last() const {
    return size == kLevels ? UINT64_MAX : first() + ((uint64_t{1} << (2 * size)) - 1);
  }
  uint32_t high(uint32_t low) const {
    return static_cast<uint32_t>(low + ((uint64_t{1} << size) - 1));
  }
  bool meets(const Cells& box) const {
    return x <= box.high_x && high(x) >= box.low_x && y <= box.high_y && high(y) >= box.low_y;
  }
  bool is_within(const Cells& box) const {
    return x >= box.low_x && high(x) <= box.high_x && y >= box.low_y && high(y) <= box.high_y;
  }
};

// Larger cells come before the cells in them.
std::string key_of(uint64_t place, int size) {
  std::string out;
  put_u64(out, place);
  out.push_back(static_cast<char>(kLevels - size));
  return out;
}

uint32_t aligned(uint32_t value, int size) {
  return static_cast<uint32_t>(uint64_t{value} >> size << size);
}

}  // namespace

void append_grid_keys(const GridBox& box, std::vector<std::string>& keys) {
  const Cells cells = cells_of(box);
  auto span = [](uint32_t low, uint32_t high, int size) {
    return (uint64_t{high} >> size) - (uint64_t{low} >> size);
  };
  int size = 0;
  while (span(cells.low_x, cells.high_x, size) > 1 || span(cells.low_y, cells.high_y, size) > 1) {
    ++size;
  }
  for (uint32_t x : {aligned(cells.low_x, size), aligned(cells.high_x, size)}) {
    for (uint32_t y : {aligned(cells.low_y, size), aligned(cells.high_y, size)}) {
      keys.push_back(key_of(Cell{x, y, size}.first(), size));
    }
  }
}

InvertedQuery boxes_that_meet(const GridBox& box) {
  const Cells wanted = cells_of(box);
  InvertedQuery out;
  out.kind = InvertedQuery::Kind::kRanges;
  auto add_all = [&](const Cell& cell) {
    out.ranges.push_back({key_of(cell.first(), cell.size), key_of(cell.last(), 0)});
  };
  std::vector<Cell> level{Cell{}}, next;
  while (!level.empty()) {
    next.clear();
    for (const Cell& cell : level) {
      if (cell.size == 0 || cell.is_within(wanted)) {
        add_all(cell);
        continue;
      }
      const std::string own = key_of(cell.first(), cell.size);
      out.ranges.push_back({own, own});
      const auto half = static_cast<uint32_t>(uint64_t{1} << (cell.size - 1));
      for (uint32_t x : {cell.x, cell.x + half}) {
        for (uint32_t y : {cell.y, cell.y + half}) {
          Cell part{x, y, cell.size - 1};
          if (part.meets(wanted)) next.push_back(part);
        }
      }
    }
    if (next.size() > kMaxCells) {
      for (const Cell& cell : next) add_all(cell);
      break;
    }
    level.swap(next);
  }
  std::sort(out.ranges.begin(), out.ranges.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
  return out;
}

}  // namespace luma
