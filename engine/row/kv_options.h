#pragma once
// What the configuration may say about the key-value store. Sizes are bytes.
#include <cstdint>
#include <string>

namespace luma {

class Logger;

enum class KvCompression : uint8_t { kNone, kSnappy, kLz4, kZstd };
enum class KvCompactionStyle : uint8_t { kLevel, kUniversal, kFifo };

struct KvOptions {
  std::string path;        // directory; created when missing
  bool in_memory = false;  // nothing touches the disk; `path` is only a name then

  uint64_t memtable_size = 64ull << 20;
  int max_memtables = 4;
  uint64_t block_size = 16 << 10;
  KvCompression compression = KvCompression::kLz4;  // upper levels
  KvCompression bottom_compression = KvCompression::kZstd;
  bool direct_io = false;
  bool use_mmap = false;
  double bloom_bits_per_key = 10;
  KvCompactionStyle compaction_style = KvCompactionStyle::kLevel;
  int max_background_compactions = 2;
  uint64_t block_cache_size = 256ull << 20;
  uint64_t max_total_wal_size = 512ull << 20;
  int max_open_files = -1;
  // A file kept for the day the disk is full: removing it makes room to save what is in memory.
  uint64_t disk_reserve_size = 64ull << 20;
  bool manual_wal_flush = true;  // log records stay in our buffer until flush_wal()
  bool statistics = false;
  Logger* logger = nullptr;  // gets the store's warnings and errors; must outlive the store
  std::string faults;  // tests only, see fault_plan.h; the environment's LUMA_FAULTS otherwise
};

}  // namespace luma
