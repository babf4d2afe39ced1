// Segments that are read through io_uring and through the page cache say the same.
#include "engine/column/segment_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "engine/base/sql_error.h"
#include "engine/column/segment_store.h"

namespace luma {
namespace {

struct Directory {
  Directory() {
    // Direct I/O needs a file system on a disk.
    std::string name = (std::filesystem::current_path() / "segment-io-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

constexpr uint32_t kRows = 3 * 8192 + 100;

uint64_t write_segment(SegmentStore& store) {
  SegmentStore::NewSegment made = store.create();
  SegmentOptions options;
  options.row_group_rows = 8192;
  SegmentWriter writer(std::move(made.file),
                       {{PhysicalType::kInt64, false}, {PhysicalType::kDouble, false}}, false,
                       options);
  const PhysicalType types[] = {PhysicalType::kInt64, PhysicalType::kDouble};
  Chunk rows(types);
  std::vector<uint64_t> ids;
  for (uint64_t first = 0; first < kRows; first += kVectorSize) {
    rows.begin();
    rows.size = static_cast<uint32_t>(std::min<uint64_t>(kVectorSize, kRows - first));
    ids.resize(rows.size);
    std::iota(ids.begin(), ids.end(), first);
    for (uint32_t i = 0; i < rows.size; ++i) {
      const auto n = static_cast<int64_t>(first + i);
      rows.columns[0].mutable_data<int64_t>()[i] = n * 0x9E3779B97F4A7C15;
      rows.columns[1].mutable_data<double>()[i] = 1.0 / static_cast<double>(n + 1);
    }
    writer.append(rows, 0, ids, {});
  }
  writer.finish();
  return made.file_id;
}

std::string contents(const SegmentReader& reader, bool ahead) {
  std::string out;
  const uint32_t columns[] = {0, 1};
  for (uint32_t group = 0; group < reader.footer().groups.size(); ++group) {
    if (ahead) reader.read_ahead(group, columns);
    for (uint32_t column : columns) {
      const ChunkRef chunk = reader.chunk(group, column);
      out.append(reinterpret_cast<const char*>(chunk->bytes.get()), chunk->size_bytes);
    }
  }
  return out;
}

TEST_CASE("io_uring and pread read the same bytes") {
  Directory directory;
  SegmentStore plain({.directory = directory.path});
  CHECK(plain.io_description() == "pread");
  const uint64_t id = write_segment(plain);
  const std::string expected = contents(*plain.open(id), false);
  CHECK(expected.size() > kRows);
  for (bool ahead : {false, true}) {
    // A cache that holds next to nothing: everything is read.
    SegmentStoreOptions options{.directory = directory.path, .io = SegmentIoMode::kAuto};
    options.cache_bytes = 1024;
    SegmentStore direct(options);
    INFO(direct.io_description());
    CHECK(
        (direct.io_description() == "io_uring" || direct.io_description().starts_with("pread (")));
    const auto reader = direct.open(id);
    const bool equal = contents(*reader, ahead) == expected;
    CHECK(equal);
    reader->verify();
  }
}

TEST_CASE("pieces of any size and place, and files that end too early") {
  std::string reason;
  std::unique_ptr<SegmentIo> io = SegmentIo::make(reason);
  if (io == nullptr) return;  // not allowed here
  Directory directory;
  const std::string path = directory.path + "/file";
  std::string bytes(3'000'017, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  std::ofstream(path) << bytes;
  const int file = ::open(path.c_str(), O_RDONLY | O_DIRECT);
  if (file < 0) return;  // the file system has no direct I/O
  const std::pair<uint64_t, size_t> kPieces[] = {
      {0, bytes.size()},    {1, 1}, {4095, 2}, {4096, 4096}, {2'999'000, 1017},
      {777'777, 1'000'001}, {5, 0}};
  std::vector<std::string> read;
  std::vector<SegmentIo::Piece> pieces;
  for (const auto& [offset, size] : kPieces) read.emplace_back(size, '\0');
  for (size_t i = 0; i < read.size(); ++i) {
    pieces.push_back({file, kPieces[i].first, kPieces[i].second, read[i].data()});
  }
  REQUIRE(io->read(pieces) == 0);
  for (size_t i = 0; i < read.size(); ++i) {
    const bool equal = read[i] == bytes.substr(kPieces[i].first, kPieces[i].second);
    CHECK(equal);
  }
  char rest[64];
  const SegmentIo::Piece behind{file, bytes.size() - 10, 20, rest};
  CHECK(io->read({&behind, 1}) == ENODATA);
  const SegmentIo::Piece nowhere{-1, 0, 20, rest};
  CHECK(io->read({&nowhere, 1}) == EBADF);
  CHECK(io->read({pieces.data() + 1, 1}) == 0);
  ::close(file);
}

}  // namespace
}  // namespace luma
