#pragma once
// A small store and pipeline for the tests of this folder.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/row/kv.h"
#include "engine/txn/commit_pipeline.h"
#include "engine/txn/lock_manager.h"

namespace luma {

struct TestStore {
  std::string root;  // "" in memory
  KvOptions kv_options;
  std::unique_ptr<Kv> kv;
  std::unique_ptr<CommitPipeline> pipeline;

  explicit TestStore(bool on_disk = false, CommitOptions options = {}, std::string faults = {}) {
    kv_options.in_memory = !on_disk;
    kv_options.block_cache_size = 8 << 20;
    kv_options.memtable_size = 4 << 20;
    kv_options.disk_reserve_size = 1 << 20;
    kv_options.faults = std::move(faults);
    if (on_disk) {
      std::string name = (std::filesystem::temp_directory_path() / "luma_txn_XXXXXX").string();
      root = mkdtemp(name.data());
      kv_options.path = root + "/db";
    }
    open(options);
  }
  ~TestStore() {
    pipeline.reset();
    kv.reset();
    if (!root.empty()) std::filesystem::remove_all(root);
  }
  void open(CommitOptions options = {}) {
    Kv::open(kv_options, &kv).check();
    pipeline = std::make_unique<CommitPipeline>(*kv, options);
  }
  void reopen(CommitOptions options = {}) {
    pipeline.reset();
    kv.reset();
    open(options);
  }
  // What a crash at this moment would leave behind: a copy of the files as they are.
  std::string copy_files() {
    std::string copy = root + "/crashed";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(kv_options.path, copy, std::filesystem::copy_options::recursive);
    return copy;
  }

  std::unique_ptr<Transaction> begin(IsolationLevel level = IsolationLevel::kReadCommitted) {
    TransactionOptions options;
    options.isolation = level;
    return std::make_unique<Transaction>(*pipeline, nullptr, nullptr, options);
  }
  CommitResult put(std::string_view key, std::string_view value) {
    auto txn = begin();
    txn->put(KvFamily::kData, key, stamped(value), true);
    return pipeline->commit(*txn);
  }
  CommitResult remove(std::string_view key) {
    auto txn = begin();
    txn->remove(KvFamily::kData, key);
    return pipeline->commit(*txn);
  }
  static std::string stamped(std::string_view value) {
    return std::string(8, '\0') + std::string(value);
  }
  static std::optional<std::string> get(Transaction& txn, std::string_view key,
                                        ReadView view = ReadView::kStatement) {
    KvValue value;
    if (!txn.get(KvFamily::kData, key, &value, view)) return std::nullopt;
    return std::string(value.view().substr(8));
  }
};

}  // namespace luma
