// Configuration to RocksDB options, and RocksDB's statuses to ours.
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "engine/base/log.h"
#include "engine/row/kv_rocksdb.h"
#include "engine/row/kv_rocksdb_memtable.h"

namespace luma {
namespace {

rocksdb::CompressionType compression_of(KvCompression compression) {
  switch (compression) {
    case KvCompression::kNone:
      return rocksdb::kNoCompression;
    case KvCompression::kSnappy:
      return rocksdb::kSnappyCompression;
    case KvCompression::kLz4:
      return rocksdb::kLZ4Compression;
    case KvCompression::kZstd:
      return rocksdb::kZSTD;
  }
  return rocksdb::kNoCompression;
}

rocksdb::CompactionStyle compaction_of(KvCompactionStyle style) {
  switch (style) {
    case KvCompactionStyle::kLevel:
      return rocksdb::kCompactionStyleLevel;
    case KvCompactionStyle::kUniversal:
      return rocksdb::kCompactionStyleUniversal;
    case KvCompactionStyle::kFifo:
      return rocksdb::kCompactionStyleFIFO;
  }
  return rocksdb::kCompactionStyleLevel;
}

// Replaces RocksDB's LOG file: on a full disk, writing that one ends the process (an assertion).
class ForwardingLogger : public rocksdb::Logger {
 public:
  explicit ForwardingLogger(luma::Logger& target)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), target_(target) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    LogLevel to =
        level == rocksdb::InfoLogLevel::WARN_LEVEL ? LogLevel::kWarning : LogLevel::kError;
    if (!target_.enabled(to)) return;
    char text[2000];
    std::vsnprintf(text, sizeof(text), format, arguments);
    target_.log(to, text, {{"component", "storage"}});
  }

 private:
  luma::Logger& target_;
};

}  // namespace

KvStatus kv_status_of(const rocksdb::Status& status) {
  if (__builtin_expect(status.ok(), 1)) return {};
  if (status.IsNotFound()) return KvStatus::not_found();
  if (status.IsNoSpace()) return {KvCode::kNoSpace, status.ToString()};
  if (status.IsMemoryLimit()) return {KvCode::kOutOfMemory, status.ToString()};
  if (status.IsCorruption()) return {KvCode::kCorruption, status.ToString()};
  std::string text = status.ToString();
  if (status.IsIOError()) {
    if (text.find("No space left") != std::string::npos) return {KvCode::kNoSpace, text};
    return {KvCode::kIoError, text};
  }
  if (status.IsBusy() || status.IsTryAgain() || status.IsIncomplete()) {
    return {KvCode::kStopped, text};
  }
  return {KvCode::kInvalid, text};
}

rocksdb::DBOptions make_db_options(const KvOptions& options,
                                   const std::shared_ptr<FailurePolicy>& failures) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.max_background_jobs = std::max(2, options.max_background_compactions + 1);
  db.max_open_files = options.max_open_files;
  db.max_total_wal_size = options.max_total_wal_size;
  // No recycled log files: RocksDB 7.8 turns them off unless recovery skips corrupt records.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.manual_wal_flush = options.manual_wal_flush;
  db.bytes_per_sync = 1 << 20;
  db.wal_bytes_per_sync = 0;  // our own syncs come more often
  db.use_direct_reads = options.direct_io && !options.in_memory;
  db.use_direct_io_for_flush_and_compaction = db.use_direct_reads;
  db.allow_mmap_reads = options.use_mmap && !options.in_memory && !options.direct_io;
  db.unordered_write = false;                  // would break snapshots
  db.enable_pipelined_write = false;           // one writer at a time: nothing to overlap
  db.allow_concurrent_memtable_write = false;  // our memtables have one writer
  db.atomic_flush = true;  // both families always recover to one point, even without the log
  db.avoid_unnecessary_blocking_io = true;
  db.skip_stats_update_on_db_open = true;
  db.stats_dump_period_sec = 0;
  db.info_log = std::make_shared<ForwardingLogger>(options.logger != nullptr ? *options.logger
                                                                             : null_logger());
  db.max_manifest_file_size = 64 << 20;
  db.max_bgerror_resume_count = 0;  // we resume ourselves, in step with the commit pipeline
  db.listeners.push_back(failures);
  return db;
}

rocksdb::ColumnFamilyOptions make_family_options(const KvOptions& options, KvFamily family,
                                                 const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = options.block_size;
  table.format_version = 5;
  table.filter_policy.reset(options.bloom_bits_per_key > 0
                                ? rocksdb::NewBloomFilterPolicy(options.bloom_bits_per_key)
                                : nullptr);
  table.whole_key_filtering = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.data_block_hash_table_util_ratio = 0.75;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.metadata_cache_options.unpartitioned_pinning = rocksdb::PinningTier::kAll;

  rocksdb::ColumnFamilyOptions result;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  result.memtable_factory = make_memtable_factory();
  bool is_data = family == KvFamily::kData;
  result.write_buffer_size =
      is_data ? options.memtable_size : std::min<uint64_t>(options.memtable_size, 16ull << 20);
  result.max_write_buffer_number = std::max(2, options.max_memtables);
  result.compression = compression_of(options.compression);
  result.bottommost_compression = options.compression == KvCompression::kNone
                                      ? rocksdb::kNoCompression
                                      : compression_of(options.bottom_compression);
  result.compaction_style = compaction_of(options.compaction_style);
  result.level_compaction_dynamic_level_bytes =
      options.compaction_style == KvCompactionStyle::kLevel;
  result.target_file_size_base = 64ull << 20;
  result.max_bytes_for_level_base = std::max<uint64_t>(256ull << 20, options.memtable_size * 4);
  // Files full of marks of deletion are merged soon: scans have to step over every one.
  constexpr size_t kWindowEntries = 8192, kManyDeletions = 4096;
  result.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kWindowEntries, kManyDeletions));
  result.memtable_prefix_bloom_size_ratio = 0.02;
  result.memtable_whole_key_filtering = true;
  return result;
}

}  // namespace luma
