#include "engine/column/segment.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <random>

#include "engine/base/fault_plan.h"
#include "engine/base/sql_error.h"
#include "engine/column/segment_store.h"
#include "engine/type/numeric.h"

namespace luma {

namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "segments-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

enum class Pattern { kRandom, kSorted, kRepeated, kConstant, kExtreme, kNull };

// A value of any type, reproducible from its number.
Value make_value(ColumnSpec spec, Pattern pattern, uint64_t i, Arena& arena) {
  uint64_t n = i;
  if (pattern == Pattern::kRandom) n = std::mt19937_64(i)();
  if (pattern == Pattern::kRepeated) n = i / 50 % 7;
  if (pattern == Pattern::kConstant) n = 42;
  if (pattern == Pattern::kNull || i % 11 == 3) return {};
  if (pattern == Pattern::kExtreme) n = i % 2 == 0 ? uint64_t{INT64_MAX} : uint64_t{1} << 63;
  auto s = static_cast<int64_t>(n);
  switch (spec.physical) {
    case PhysicalType::kBool:
      return Datum::of_bool(n % 2 == 1);
    case PhysicalType::kInt8:
      return Datum::of_int8(static_cast<int8_t>(s));
    case PhysicalType::kInt16:
      return Datum::of_int16(static_cast<int16_t>(s));
    case PhysicalType::kInt32:
      return Datum::of_int32(static_cast<int32_t>(s));
    case PhysicalType::kInt64:
      return Datum::of_int64(s);
    case PhysicalType::kFloat:
      return Datum::of_float(static_cast<float>(s % 100000) / 10);
    case PhysicalType::kDouble:
      return Datum::of_double(i % 5 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                         : static_cast<double>(s % 100000) / 100);
    case PhysicalType::kInterval:
      return Datum::of_interval({s, static_cast<int32_t>(s % 30), 7});
    case PhysicalType::kUuid: {
      Uuid uuid;
      std::memcpy(uuid.bytes, &n, 8);
      std::memcpy(uuid.bytes + 8, &i, 8);
      return Datum::of_uuid(uuid);
    }
    case PhysicalType::kTimeTz:
      return Datum::of_timetz({s, static_cast<int32_t>(s % 3600), 0});
    case PhysicalType::kVarlen:
      break;
  }
  if (spec.numeric) {
    // Some leave the small form.
    if (pattern == Pattern::kRandom && i % 9000 == 0) {
      return numeric_from_text("123456789012345678901234567890.5", arena);
    }
    return numeric_make(s % 100000, pattern == Pattern::kRepeated ? 2 : int(i % 3), arena);
  }
  std::string text = "value number " + std::to_string(n) + std::string(n % 40, 'x');
  if (i % 17 == 0) text = std::string(n % 3, '\0');
  if (pattern == Pattern::kRandom && i % 1000 == 0) text = std::string(70000, char('a' + n % 26));
  return Datum::of_string(StringRef(arena.copy(text)));
}

bool same(ColumnSpec spec, const Value& a, const Value& b) {
  if (a.is_null || b.is_null) return a.is_null == b.is_null;
  if (spec.physical == PhysicalType::kVarlen) return a.datum.str == b.datum.str;
  return std::memcmp(&a.datum, &b.datum, physical_size(spec.physical)) == 0;
}

const std::vector<ColumnSpec>& all_specs() {
  static const std::vector<ColumnSpec> kSpecs = [] {
    std::vector<ColumnSpec> specs;
    for (int i = 0; i <= static_cast<int>(PhysicalType::kVarlen); ++i) {
      specs.push_back({static_cast<PhysicalType>(i), false});
    }
    specs.push_back({PhysicalType::kVarlen, true});
    return specs;
  }();
  return kSpecs;
}

SegmentSummary write_segment(SegmentFile file, Pattern pattern, uint32_t rows,
                             const SegmentOptions& options) {
  SegmentWriter writer(std::move(file), all_specs(), true, options);
  std::vector<PhysicalType> types;
  for (const ColumnSpec& spec : all_specs()) types.push_back(spec.physical);
  constexpr uint32_t kRows = 1000;
  Chunk chunk(types, kRows);
  for (uint32_t first = 0; first < rows; first += kRows) {
    Arena arena;
    uint32_t count = std::min(kRows, rows - first);
    chunk.begin();
    std::vector<uint64_t> ids, stamps;
    for (uint32_t row = 0; row < count; ++row) {
      for (size_t c = 0; c < all_specs().size(); ++c) {
        Value value = make_value(all_specs()[c], pattern, first + row, arena);
        if (value.is_null) {
          chunk.columns[c].set_null(row);
        } else {
          chunk.columns[c].set_value(row, value);
        }
      }
      ids.push_back(10 + (first + row) * 3);
      stamps.push_back(1000 + (first + row) / 100);
    }
    chunk.size = count;
    writer.append(chunk, 0, ids, stamps);
  }
  return writer.finish();
}

void check_segment(const SegmentReader& reader, Pattern pattern, uint32_t rows) {
  REQUIRE(reader.footer().row_count == rows);
  uint32_t first = 0;
  for (uint32_t g = 0; g < reader.footer().groups.size(); ++g) {
    const RowGroup& group = reader.footer().groups[g];
    for (uint32_t c = 0; c < all_specs().size() + 2; ++c) {
      bool system = c >= all_specs().size();
      ColumnSpec spec = system ? ColumnSpec{PhysicalType::kInt64, false} : all_specs()[c];
      ChunkRef chunk = reader.chunk(g, c);
      Vector out(spec.physical, kBlockRows);
      for (uint32_t block = 0; block < block_count(group.row_count); ++block) {
        out.begin_flat();
        chunk->reader.read_block(block, out);
        uint32_t begin = block * kBlockRows;
        for (uint32_t i = begin; i < std::min(begin + kBlockRows, group.row_count); ++i) {
          Arena arena;
          uint64_t n = first + i;
          Value wanted = c == reader.footer().row_id_column() ? Datum::of_int64(int64_t(10 + n * 3))
                         : system ? Datum::of_int64(int64_t(1000 + n / 100))
                                  : make_value(spec, pattern, n, arena);
          if (!same(spec, wanted, out.value(i - begin))) {
            FAIL("column " << c << " row " << n << " pattern " << int(pattern));
          }
        }
      }
    }
    first += group.row_count;
  }
}

// Some rows of each block are what the whole block has for them.
void check_rows(const SegmentReader& reader, uint32_t step) {
  for (uint32_t g = 0; g < reader.footer().groups.size(); ++g) {
    const uint32_t row_count = reader.footer().groups[g].row_count;
    for (uint32_t c = 0; c < all_specs().size(); ++c) {
      ColumnSpec spec = all_specs()[c];
      ChunkRef chunk = reader.chunk(g, c);
      Vector block_values(spec.physical, kBlockRows), some(spec.physical, kBlockRows);
      for (uint32_t block = 0; block < block_count(row_count); ++block) {
        block_values.begin_flat();
        chunk->reader.read_block(block, block_values);
        std::vector<uint32_t> rows;
        const uint32_t end = std::min(kBlockRows, row_count - block * kBlockRows);
        for (uint32_t row = step / 2; row < end; row += step) rows.push_back(row);
        some.begin_flat();
        const auto count = static_cast<uint32_t>(rows.size());
        chunk->reader.read_rows(block, rows.data(), count / 2, some, 0);
        chunk->reader.read_rows(block, rows.data() + count / 2, count - count / 2, some, count / 2);
        for (uint32_t i = 0; i < count; ++i) {
          if (!same(spec, block_values.value(rows[i]), some.value(i))) {
            FAIL("column " << c << " row " << rows[i] << " step " << step);
          }
        }
      }
    }
  }
}

// Conditions on encoded strings and decimals keep the rows that they are true for.
void check_predicates(const SegmentReader& reader) {
  const auto strings = static_cast<uint32_t>(all_specs().size() - 2), decimals = strings + 1;
  for (uint32_t g = 0; g < reader.footer().groups.size(); ++g) {
    const uint32_t row_count = reader.footer().groups[g].row_count;
    ChunkRef text = reader.chunk(g, strings), numbers = reader.chunk(g, decimals);
    std::span<const StringRef> entries = text->reader.dictionary();
    std::vector<uint8_t> flags;
    for (const StringRef& entry : entries) flags.push_back(entry.size() % 3 == 1);
    std::optional<int> scale = numbers->reader.decimal_scale();
    for (uint32_t block = 0; block < block_count(row_count); ++block) {
      const uint32_t rows = std::min(kBlockRows, row_count - block * kBlockRows);
      Vector values(PhysicalType::kVarlen, kBlockRows);
      for (bool keep_nulls : {false, true}) {
        if (entries.empty()) break;
        values.begin_flat();
        text->reader.read_block(block, values);
        RowMask mask;
        mask.set_range(7, rows);
        text->reader.keep_entries(block, flags, keep_nulls, mask);
        for (uint32_t row = 0; row < rows; ++row) {
          bool wanted =
              row >= 7 &&
              (values.is_null(row) ? keep_nulls : values.value(row).datum.str.size() % 3 == 1);
          if (((mask.words[row / 64] >> row % 64) & 1) != wanted) FAIL("row " << row);
        }
      }
      if (!scale) continue;
      values.begin_flat();
      numbers->reader.read_block(block, values);
      RowMask mask;
      mask.set_range(0, rows);
      numbers->reader.keep_range(block, {2, 5}, mask);
      for (uint32_t row = 0; row < rows; ++row) {
        bool wanted = false;
        if (!values.is_null(row)) {
          int64_t scaled = numeric_small(values.value(row).datum).scaled;
          wanted = scaled >= 2 && scaled <= 5;
        }
        if (((mask.words[row / 64] >> row % 64) & 1) != wanted) FAIL("row " << row);
      }
    }
  }
}

void flip_byte(const std::string& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x10));
}

template <typename Action>
std::string corruption_of(Action&& action) {
  try {
    action();
  } catch (const SqlError& error) {
    CHECK(error.state == SqlState::kDataCorrupted);
    return error.message;
  }
  return "";
}

}  // namespace

TEST_CASE("every type comes back from a segment") {
  Directory directory;
  SegmentStore store({directory.path()});
  for (Pattern pattern : {Pattern::kRandom, Pattern::kSorted, Pattern::kRepeated,
                          Pattern::kConstant, Pattern::kExtreme, Pattern::kNull}) {
    for (int level : {0, 1}) {
      SegmentOptions options;
      options.zstd_level = level;
      options.row_group_rows = 4 * kBlockRows;
      options.in_background = level == 0;
      auto made = store.create();
      SegmentSummary summary = write_segment(std::move(made.file), pattern, 10000, options);
      CHECK(summary.first_row_id == 10);
      CHECK(summary.last_row_id == 10 + 9999 * 3);
      auto reader = store.open(made.file_id);
      CHECK(reader->size_bytes() == summary.size_bytes);
      check_segment(*reader, pattern, 10000);
      check_rows(*reader, 3);
      check_rows(*reader, 190);
      check_predicates(*reader);
      reader->verify();
    }
  }
}

TEST_CASE("small segments come back") {
  Directory directory;
  SegmentStore store({directory.path()});
  for (uint32_t rows : {1u, 2u, 63u, 64u, 65u, 2047u, 2048u, 2049u}) {
    auto made = store.create();
    write_segment(std::move(made.file), Pattern::kRandom, rows, {});
    check_segment(*store.open(made.file_id), Pattern::kRandom, rows);
  }
}

TEST_CASE("broken segments are found and named") {
  Directory directory;
  SegmentStore store({directory.path()});
  auto made = store.create();
  SegmentSummary summary = write_segment(std::move(made.file), Pattern::kSorted, 3000, {});
  std::string path = store.path_of(made.file_id);
  auto open_and_verify = [&] {
    SegmentStore fresh({directory.path()});
    fresh.open(made.file_id)->verify();
  };
  CHECK(corruption_of(open_and_verify).empty());
  // Padding between chunks does not exist: every byte counts.
  for (uint64_t at = 0; at < summary.size_bytes; at += 251) {
    flip_byte(path, at);
    INFO(at);
    CHECK(corruption_of(open_and_verify).find(path) != std::string::npos);
    flip_byte(path, at);
  }
  for (uint64_t size : {uint64_t{0}, uint64_t{7}, uint64_t{100}, summary.size_bytes - 1}) {
    std::filesystem::resize_file(path, size);
    CHECK(corruption_of(open_and_verify).find(path) != std::string::npos);
  }
  store.remove(made.file_id);
  CHECK(corruption_of(open_and_verify).find("is missing") != std::string::npos);
}

TEST_CASE("zone maps tell what cannot be in a row group") {
  Directory directory;
  SegmentStore store({directory.path()});
  auto made = store.create();
  write_segment(std::move(made.file), Pattern::kSorted, 3000, {});
  auto reader = store.open(made.file_id);
  auto zone = [&](PhysicalType type) {
    return reader->footer().groups[0].columns[static_cast<size_t>(type)].zone;
  };
  ZoneMap ints = zone(PhysicalType::kInt64);
  CHECK(ints.null_count == 273);
  CHECK(zone_may_contain(ints, ZoneCompare::kEqual, int64_t{2999}));
  CHECK(!zone_may_contain(ints, ZoneCompare::kEqual, int64_t{3000}));
  CHECK(!zone_may_contain(ints, ZoneCompare::kLess, int64_t{0}));
  CHECK(zone_may_contain(ints, ZoneCompare::kLessEqual, int64_t{0}));
  CHECK(!zone_may_contain(ints, ZoneCompare::kGreater, int64_t{2999}));
  // NaN is the greatest.
  CHECK(zone_may_contain(zone(PhysicalType::kDouble), ZoneCompare::kGreater, 1e300));
  ZoneMap texts = zone(PhysicalType::kVarlen);
  CHECK(zone_may_contain(texts, ZoneCompare::kEqual, std::string_view("value number 2500")));
  CHECK(!zone_may_contain(texts, ZoneCompare::kEqual, std::string_view("w")));
  ZoneMap long_texts;
  long_texts.row_count = 1;
  long_texts.add_bytes("abcdefghijklmnopqrstuvwxyz");
  CHECK(zone_may_contain(long_texts, ZoneCompare::kEqual,
                         std::string_view("abcdefghijklmnopqrstuvwxyz")));
  CHECK(
      !zone_may_contain(long_texts, ZoneCompare::kGreater, std::string_view("abcdefghijklmnoq0")));
}

TEST_CASE("files that nothing lists are removed") {
  Directory directory;
  uint64_t kept, orphan;
  {
    SegmentStore store({directory.path()});
    auto first = store.create();
    auto second = store.create();
    kept = first.file_id;
    orphan = second.file_id;
    write_segment(std::move(first.file), Pattern::kSorted, 10, {});
  }
  SegmentStore store({directory.path()});
  store.remove_orphans({kept});
  CHECK(store.files() == std::vector<uint64_t>{kept});
  CHECK(store.create().file_id > orphan);
}

TEST_CASE("files of segments fail as a fault plan says") {
  Directory directory;
  auto state_of = [](auto action) -> std::optional<SqlState> {
    try {
      action();
    } catch (const SqlError& error) {
      return error.state;
    }
    return std::nullopt;
  };
  auto plan = FaultPlan::parse(
      "eio:*.seg:append:after=1:count=1;short:*.seg:append:after=1:count=1;enospc:*.seg:sync:count="
      "1;"
      "eio:*.seg:read:count=1;enospc:9.seg:open");
  REQUIRE(state_of([&] { SegmentFile::create(directory.path() + "/9.seg", plan.get()); }) ==
          SqlState::kDiskFull);
  REQUIRE(!std::filesystem::exists(directory.path() + "/9.seg"));
  SegmentFile file = SegmentFile::create(directory.path() + "/1.seg", plan.get());
  file.append("1234");
  REQUIRE(state_of([&] { file.append("5678"); }) == SqlState::kIoError);
  REQUIRE(file.size_bytes() == 4);
  REQUIRE(state_of([&] { file.append("5678"); }) == SqlState::kDiskFull);
  REQUIRE(file.size_bytes() == 6);
  REQUIRE(state_of([&] { file.sync(); }) == SqlState::kDiskFull);
  file.sync();
  SegmentFile written = SegmentFile::open(file.path(), plan.get());
  std::string bytes(6, ' ');
  REQUIRE(state_of([&] { written.read(0, 6, bytes.data()); }) == SqlState::kIoError);
  written.read(0, 6, bytes.data());
  REQUIRE(bytes == "123456");
  REQUIRE(plan->failures() == 5);
}

}  // namespace luma
