#pragma once
// What a thread has read and written so far, for EXPLAIN ANALYZE: blocks of 8 kB as PostgreSQL
// counts them, and what goes to the log. Counted where the work is done, by the thread that does
// it; who wants the work of a piece of code takes the difference of two readings.
#include <cstdint>

namespace luma {

struct WorkCounts {
  // Of tables and indexes: found in memory, read from files.
  uint64_t hit_blocks = 0, read_blocks = 0;
  // Of temporary files.
  uint64_t temp_read_blocks = 0, temp_written_blocks = 0;
  // What the transaction's commit will write to the log.
  uint64_t log_records = 0, log_bytes = 0;

  static constexpr uint64_t kBlockBytes = 8192;
  // A piece that is read or written at once is whole blocks.
  static constexpr uint64_t blocks_of(uint64_t bytes) {
    return (bytes + kBlockBytes - 1) / kBlockBytes;
  }

  WorkCounts& operator+=(const WorkCounts& other) {
    hit_blocks += other.hit_blocks;
    read_blocks += other.read_blocks;
    temp_read_blocks += other.temp_read_blocks;
    temp_written_blocks += other.temp_written_blocks;
    log_records += other.log_records;
    log_bytes += other.log_bytes;
    return *this;
  }
  WorkCounts operator-(const WorkCounts& before) const {
    return {hit_blocks - before.hit_blocks,
            read_blocks - before.read_blocks,
            temp_read_blocks - before.temp_read_blocks,
            temp_written_blocks - before.temp_written_blocks,
            log_records - before.log_records,
            log_bytes - before.log_bytes};
  }
};

// The calling thread's, since it began; what the key-value store reads is not among it
// (engine/row/kv_work.h adds that).
WorkCounts& thread_work();

}  // namespace luma
