#pragma once
// A large change of the store, written beside it as sorted files. Taking the files over
// (Kv::take_over) is one atomic step that is durable when it returns; the log and the memory of the
// store never see the change, so its size is bounded by the disk alone. Files that were not taken
// over are removed with the object, or, after a crash, when the store is opened. One thread at a
// time; must not outlive its Kv. Failures of the disk are thrown (53100, 58030).
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/row/kv.h"

namespace luma {

class KvFiles {
 public:
  explicit KvFiles(Kv& kv);
  ~KvFiles();
  KvFiles(const KvFiles&) = delete;
  KvFiles& operator=(const KvFiles&) = delete;

  // The keys of a family ascend, and families come one after the other.
  void put(KvFamily family, std::string_view key, std::string_view value);
  // A value that begins with the 8 bytes of a commit timestamp, which is put in there.
  void put_stamped(KvFamily family, std::string_view key, std::string_view value,
                   uint64_t commit_ts);
  void remove(KvFamily family, std::string_view key);
  // Of a batch: keys in any order, of any family. The last thing to be added.
  void add(const KvBatch& batch);
  // Makes the files durable; nothing can be added afterwards.
  void finish();

 private:
  friend class Kv;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma
