#include "sql/lower/explain_work.h"

#include <algorithm>

namespace luma {
namespace {

uint64_t kilobytes(uint64_t bytes) { return (bytes + 1023) / 1024; }

// One line in text, which says the same as the numbers behind it.
void add_line(std::string name, std::string text, std::vector<ExplainItem>& out) {
  ExplainItem line = explain_string(std::move(name), std::move(text));
  line.text_only = true;
  out.push_back(std::move(line));
}

void add_for_machines(std::string name, uint64_t value, std::vector<ExplainItem>& out) {
  ExplainItem item = explain_number(std::move(name), value);
  item.machine_only = true;
  out.push_back(std::move(item));
}

// " hit=3 read=1", without zeros.
std::string counted(std::initializer_list<std::pair<const char*, uint64_t>> counts) {
  std::string out;
  for (const auto& [name, count] : counts) {
    if (count > 0) out += fmt::format(" {}={}", name, count);
  }
  return out;
}

}  // namespace

ExplainItem explain_string(std::string name, std::string value) {
  ExplainItem item;
  item.name = std::move(name);
  item.values = {std::move(value)};
  return item;
}

ExplainItem explain_number(std::string name, uint64_t value, std::string unit) {
  ExplainItem item = explain_string(std::move(name), std::to_string(value));
  item.kind = ExplainItem::kNumber;
  item.unit = std::move(unit);
  return item;
}

void add_buffers(const WorkCounts& counts, std::vector<ExplainItem>& out) {
  const std::string shared = counted({{"hit", counts.hit_blocks}, {"read", counts.read_blocks}});
  const std::string temp =
      counted({{"read", counts.temp_read_blocks}, {"written", counts.temp_written_blocks}});
  std::string text = shared.empty() ? "" : "shared" + shared;
  if (!temp.empty()) text += (text.empty() ? "temp" : ", temp") + temp;
  if (!text.empty()) add_line("Buffers", std::move(text), out);
  // Commits write; there are no local buffers.
  const std::pair<const char*, uint64_t> kCounts[] = {
      {"Shared Hit Blocks", counts.hit_blocks},
      {"Shared Read Blocks", counts.read_blocks},
      {"Shared Dirtied Blocks", 0},
      {"Shared Written Blocks", 0},
      {"Local Hit Blocks", 0},
      {"Local Read Blocks", 0},
      {"Local Dirtied Blocks", 0},
      {"Local Written Blocks", 0},
      {"Temp Read Blocks", counts.temp_read_blocks},
      {"Temp Written Blocks", counts.temp_written_blocks}};
  for (const auto& [name, count] : kCounts) add_for_machines(name, count, out);
}

void add_wal(const WorkCounts& counts, std::vector<ExplainItem>& out) {
  if (counts.log_records > 0) {
    add_line("WAL", fmt::format("records={} bytes={}", counts.log_records, counts.log_bytes), out);
  }
  add_for_machines("WAL Records", counts.log_records, out);
  add_for_machines("WAL FPI", 0, out);
  add_for_machines("WAL Bytes", counts.log_bytes, out);
}

void add_hash_table(const OperatorStats& stats, std::vector<ExplainItem>& out) {
  if (stats.batches == 0) return;
  const uint64_t memory = kilobytes(stats.peak_memory_bytes);
  add_line(
      "Buckets",
      fmt::format("{}  Batches: {}  Memory Usage: {}kB{}", stats.buckets, stats.batches, memory,
                  stats.spilled_bytes == 0
                      ? ""
                      : fmt::format("  Disk Usage: {}kB", kilobytes(stats.spilled_bytes))),
      out);
  add_for_machines("Hash Buckets", stats.buckets, out);
  add_for_machines("Original Hash Buckets", stats.buckets, out);
  add_for_machines("Hash Batches", stats.batches, out);
  add_for_machines("Original Hash Batches", 1, out);
  add_for_machines("Peak Memory Usage", memory, out);
  if (stats.spilled_bytes > 0) {
    add_for_machines("Disk Usage", kilobytes(stats.spilled_bytes), out);
  }
}

void add_hash_groups(const OperatorStats& stats, std::vector<ExplainItem>& out) {
  if (stats.loops == 0) return;
  const uint64_t memory = kilobytes(stats.peak_memory_bytes);
  const uint64_t disk = kilobytes(stats.spilled_bytes);
  add_line("Batches",
           fmt::format("{}  Memory Usage: {}kB{}", std::max<uint64_t>(stats.batches, 1), memory,
                       disk == 0 ? "" : fmt::format("  Disk Usage: {}kB", disk)),
           out);
  add_for_machines("HashAgg Batches", std::max<uint64_t>(stats.batches, 1), out);
  add_for_machines("Peak Memory Usage", memory, out);
  add_for_machines("Disk Usage", disk, out);
}

void add_removed(std::string name, uint64_t rows, const OperatorStats& stats,
                 std::vector<ExplainItem>& out) {
  if (stats.loops == 0) return;
  const double removed = static_cast<double>(rows) / static_cast<double>(stats.loops);
  ExplainItem item = explain_string(std::move(name), fmt::format("{:.0f}", removed));
  item.kind = ExplainItem::kNumber;
  item.machine_only = rows == 0;
  out.push_back(std::move(item));
}

}  // namespace luma
