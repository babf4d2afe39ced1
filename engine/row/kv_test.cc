#include "engine/row/kv.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>

#include "engine/base/fault_plan.h"

namespace luma {
namespace {

struct TemporaryDirectory {
  std::string path;
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "luma_kv_XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

std::unique_ptr<Kv> open_kv(KvOptions options) {
  std::unique_ptr<Kv> kv;
  options.block_cache_size = 8 << 20;
  options.memtable_size = 1 << 20;
  Kv::open(options, &kv).check();
  return kv;
}

void put(Kv& kv, std::string_view key, std::string_view value, KvFamily family = KvFamily::kData) {
  KvBatch batch;
  batch.put(family, key, value);
  kv.write(batch, false).check();
}

std::optional<std::string> get(Kv& kv, std::string_view key, const KvSnapshot* snapshot = nullptr,
                               KvFamily family = KvFamily::kData) {
  KvValue value;
  if (!kv.get(family, key, snapshot, &value).found()) return std::nullopt;
  return std::string(value.view());
}

}  // namespace

TEST_CASE("a batch is atomic across families and survives reopening") {
  TemporaryDirectory directory;
  KvOptions options;
  options.path = directory.path;
  {
    auto kv = open_kv(options);
    KvBatch batch;
    batch.put(KvFamily::kCatalog, "t", "table");
    batch.put_stamped(KvFamily::kData, "k", std::string(8, '\0') + "row");
    batch.stamp(77);
    kv->write(batch, false).check();
    kv->flush_wal(true).check();
    std::unique_ptr<Kv> second;
    KvStatus status = Kv::open(options, &second);
    REQUIRE(status.code() == KvCode::kLocked);
    REQUIRE(status.to_sql_error().state == SqlState::kObjectInUse);
  }
  auto kv = open_kv(options);
  REQUIRE(get(*kv, "t", nullptr, KvFamily::kCatalog) == "table");
  REQUIRE(get(*kv, "k")->substr(8) == "row");
  REQUIRE(static_cast<unsigned char>((*get(*kv, "k"))[0]) == 77);
  REQUIRE(!get(*kv, "t"));
}

TEST_CASE("snapshots, multi-get, range removal") {
  KvOptions options;
  options.in_memory = true;
  auto kv = open_kv(options);
  put(*kv, "a", "1");
  KvSnapshot before = kv->snapshot();
  put(*kv, "a", "2");
  put(*kv, "b", "3");
  REQUIRE(get(*kv, "a", &before) == "1");
  REQUIRE(!get(*kv, "b", &before));
  std::string_view keys[] = {"a", "b", "c"};
  KvValue values[3];
  KvStatus statuses[3];
  kv->multi_get(KvFamily::kData, keys, nullptr, true, values, statuses);
  REQUIRE(values[0].view() == "2");
  REQUIRE(values[1].view() == "3");
  REQUIRE(statuses[2].is_not_found());
  KvValue moved = std::move(values[0]);
  REQUIRE(moved.view() == "2");

  KvBatch batch;
  batch.put(KvFamily::kCatalog, "a", "1");
  batch.put(KvFamily::kCatalog, "b", "2");
  kv->write(batch, false).check();
  kv->remove_range(KvFamily::kCatalog, "a", "b").check();
  KvValue value;
  REQUIRE(kv->get(KvFamily::kCatalog, "a", nullptr, &value).is_not_found());
  REQUIRE(kv->get(KvFamily::kCatalog, "b", nullptr, &value).found());
}

TEST_CASE("a reused iterator obeys new bounds in both directions") {
  KvOptions options;
  options.in_memory = true;
  options.block_size = 256;
  auto kv = open_kv(options);
  std::map<std::string, std::string> expected;
  std::mt19937 random(7);
  auto random_key = [&] { return fmt::format("k{:04}", random() % 3000); };
  for (int i = 0; i < 2000; ++i) {
    std::string key = random_key();
    put(*kv, key, std::to_string(i));
    expected[key] = std::to_string(i);
    if (i == 1200) kv->flush().check();
  }
  auto iterator = kv->new_iterator(KvFamily::kData, {});
  for (int round = 0; round < 2000; ++round) {
    std::string lower = random_key(), upper = random_key(), target = random_key();
    if (upper < lower) std::swap(lower, upper);
    iterator->set_bounds(lower, upper);
    auto begin = expected.lower_bound(lower), end = expected.lower_bound(upper);
    auto at =
        std::max(lower, target) >= upper ? end : expected.lower_bound(std::max(lower, target));
    iterator->seek(target);
    for (int i = 0; i < 5 && at != end; ++i, ++at, iterator->next()) {
      REQUIRE(iterator->valid());
      REQUIRE(iterator->key() == at->first);
      REQUIRE(iterator->value() == at->second);
    }
    if (at == end) REQUIRE(!iterator->valid());
    iterator->seek_last();
    at = end;
    for (int i = 0; i < 5 && at != begin; ++i, iterator->prev()) {
      --at;
      REQUIRE(iterator->valid());
      REQUIRE(iterator->key() == at->first);
    }
  }
}

TEST_CASE("running out of space stops writes until resumed") {
  TemporaryDirectory directory;
  KvOptions options;
  options.path = directory.path;
  options.faults = "enospc:*.log:append:after=20:count=1";
  auto kv = open_kv(options);
  KvStatus status;
  int written = 0;
  for (; written < 100 && status.ok(); ++written) {
    put(*kv, fmt::format("k{}", written), "v");
    status = kv->flush_wal(true);
  }
  REQUIRE(status.code() == KvCode::kNoSpace);
  REQUIRE(status.to_sql_error().state == SqlState::kDiskFull);
  REQUIRE(kv->fault_plan()->failures() == 1);
  KvBatch batch;
  batch.put(KvFamily::kData, "later", "v");
  REQUIRE(!kv->write(batch, false).ok());
  KvStatus resumed = kv->resume();
  INFO(resumed.message());
  REQUIRE(resumed.ok());
  kv->write(batch, true).check();
  kv.reset();
  options.faults.clear();
  kv = open_kv(options);
  REQUIRE(get(*kv, "later") == "v");
  for (int i = 0; i + 1 < written; ++i) REQUIRE(get(*kv, fmt::format("k{}", i)));
}

TEST_CASE("a compaction that finds no space does not stop the store") {
  TemporaryDirectory directory;
  KvOptions options;
  options.path = directory.path;
  options.faults = "enospc:*.sst:append";
  auto kv = open_kv(options);
  kv->fault_plan()->set_active(false);
  for (int i = 0; i < 3; ++i) {
    put(*kv, fmt::format("k{}", i), "v");
    put(*kv, "shared", std::to_string(i));
    kv->flush().check();
  }
  kv->fault_plan()->set_active(true);
  CHECK_FALSE(kv->compact_range(KvFamily::kData, "", "").ok());
  CHECK(kv->fault_plan()->failures() > 0);
  kv->fault_plan()->set_active(false);
  CHECK_FALSE(kv->stopped());
  put(*kv, "later", "v");
  kv->flush().check();
  kv->compact_range(KvFamily::kData, "", "").check();
  CHECK(get(*kv, "shared") == "2");
  CHECK(get(*kv, "later") == "v");
}

// The newest log of a store, with its path.
std::pair<std::string, std::string> newest_log(const std::string& store) {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(store)) {
    if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
  }
  std::ifstream file(newest, std::ios::binary);
  return {newest, std::string(std::istreambuf_iterator<char>(file), {})};
}

TEST_CASE("a crash leaves zeros behind the log, and perhaps half a record before them") {
  TemporaryDirectory directory;
  KvOptions options;
  options.path = directory.path + "/db";
  std::string copy = directory.path + "/copy";
  int written = 0;
  // Sizes around those of the log's blocks (32 KiB), so that records end everywhere in them.
  auto write = [&](Kv& kv, size_t bytes) {
    put(kv, fmt::format("key{:04}", written++), std::string(bytes, 'v'));
    kv.flush_wal(true).check();
  };
  auto recovered = [&](auto&& damage) {
    std::filesystem::remove_all(copy);
    std::filesystem::copy(options.path, copy, std::filesystem::copy_options::recursive);
    auto [path, bytes] = newest_log(copy);
    damage(bytes);
    std::ofstream(path, std::ios::binary) << bytes;
    KvOptions again = options;
    again.path = copy;
    auto kv = open_kv(again);
    int found = 0;
    while (get(*kv, fmt::format("key{:04}", found))) ++found;
    for (int i = found; i < written; ++i) REQUIRE(!get(*kv, fmt::format("key{:04}", i)));
    // What it has recovered stays, and it goes on.
    put(*kv, "new", "value");
    kv.reset();
    kv = open_kv(again);
    REQUIRE(get(*kv, "new"));
    for (int i = 0; i < found; ++i) REQUIRE(get(*kv, fmt::format("key{:04}", i)));
    return found;
  };
  auto kv = open_kv(options);
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 5; ++i) write(*kv, 10 + random() % 200);
    if (round % 4 == 0) write(*kv, 20000 + random() % 40000);
    if (round % 8 == 7) kv->flush().check();  // another log
    std::string log = newest_log(options.path).second;
    size_t end = log.find_last_not_of('\0') + 1;
    if (end == 0) continue;
    REQUIRE(log.size() > end);
    REQUIRE(recovered([](std::string&) {}) == written);
    // The end of the last record never reached the disk, or did and the rest did not.
    size_t lost = 1 + random() % 8;
    REQUIRE(recovered([&](std::string& bytes) {
              std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(end - lost), lost, '\0');
            }) == written - 1);
    REQUIRE(recovered([&](std::string& bytes) { bytes.resize(end - lost); }) == written - 1);
  }
  kv.reset();
  // Closed in order, nothing is left of them.
  std::string log = newest_log(options.path).second;
  REQUIRE((log.empty() || log.back() != '\0'));
}

TEST_CASE("a checkpoint opens as a store of its own") {
  TemporaryDirectory directory;
  KvOptions options;
  options.path = directory.path + "/db";
  auto kv = open_kv(options);
  put(*kv, "a", "1");
  kv->checkpoint(directory.path + "/copy").check();
  put(*kv, "a", "2");
  options.path = directory.path + "/copy";
  auto copy = open_kv(options);
  REQUIRE(get(*copy, "a") == "1");
}

}  // namespace luma
