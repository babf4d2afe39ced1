#include "engine/exec/sorter.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

// Runs merged at once; more are merged in several passes, so that descriptors stay bounded.
constexpr size_t kMaxRuns = 64;
constexpr size_t kRadixMinRows = 512;

std::vector<PhysicalType> sorted_row_types(std::vector<PhysicalType> payload,
                                           const SortKeyEncoder& keys) {
  if (keys.is_encodable()) {
    payload.push_back(PhysicalType::kVarlen);
  } else {
    for (const SortColumn& column : keys.columns()) payload.push_back(column.type.physical);
  }
  return payload;
}

int compare_bytes(std::string_view a, std::string_view b) {
  int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

// Eight key bytes after the first `skip` as a number that orders like them.
uint64_t load_prefix(std::string_view key, size_t skip) {
  unsigned char bytes[8] = {};
  if (key.size() > skip)
    std::memcpy(bytes, key.data() + skip, std::min<size_t>(8, key.size() - skip));
  uint64_t prefix;
  std::memcpy(&prefix, bytes, 8);
  return __builtin_bswap64(prefix);
}

}  // namespace

// A sorted run on disk and the chunk of it that is being merged.
struct Sorter::Run {
  Run(const ExecContext& context, const std::vector<PhysicalType>& types)
      : file(context, types), chunk(types) {}

  SpillFile file;
  std::unique_ptr<SpillFile::Reader> reader;
  Chunk chunk;
  uint32_t row = 0;

  bool advance() {
    if (reader && ++row < chunk.size) return true;
    if (!reader) reader = std::make_unique<SpillFile::Reader>(file);
    row = 0;
    return reader->next(chunk);
  }
};

Sorter::Sorter(std::vector<PhysicalType> payload, std::vector<SortColumn> columns)
    : payload_(std::move(payload)),
      encoder_(std::move(columns)),
      layout_(sorted_row_types(payload_, encoder_)),
      key_column_(static_cast<uint32_t>(payload_.size())),
      selection_(kVectorSize),
      addresses_(kVectorSize) {}

Sorter::~Sorter() { close(); }

void Sorter::open(ExecContext& context, uint64_t bound) {
  close();
  bound_ = bound;
  budget_ = context.memory;
  rows_ = std::make_unique<RowCollection>(layout_, budget_);
  row_count_ = 0;
  spilled_bytes_ = 0;
  peak_memory_bytes_ = 0;
}

void Sorter::close() {
  runs_.clear();
  heap_.clear();
  rows_.reset();
  entries_ = {};
  scratch_ = {};
  if (charged_bytes_ != 0 && budget_ != nullptr) budget_->release(charged_bytes_);
  charged_bytes_ = 0;
  merging_ = false;
  has_threshold_ = false;
  position_ = 0;
}

void Sorter::charge_entries(size_t entries) {
  size_t bytes = entries * sizeof(Entry) * 2;  // sorting needs them twice
  if (bytes <= charged_bytes_) return;
  if (budget_ != nullptr) budget_->charge(bytes - charged_bytes_);
  charged_bytes_ = bytes;
}

StringRef Sorter::key_of(const std::byte* row) const {
  StringRef key;
  std::memcpy(&key, row + layout_.offsets[key_column_], sizeof key);
  return key;
}

void Sorter::values_of(const std::byte* row, std::vector<Value>& values) const {
  values.resize(encoder_.columns().size());
  for (uint32_t c = 0; c < values.size(); ++c) values[c] = layout_.value(row, key_column_ + c);
}

int Sorter::compare_rows(ExecContext& context, const std::byte* a, const std::byte* b) {
  if (encoder_.is_encodable()) {
    StringRef x = key_of(a), y = key_of(b);
    return compare_bytes(x.view(), y.view());
  }
  values_of(a, values_a_);
  values_of(b, values_b_);
  return encoder_.compare(context, values_a_.data(), values_b_.data());
}

void Sorter::append(ExecContext& context, std::span<const Vector* const> sort_columns,
                    std::span<const Vector* const> payload, uint32_t count) {
  columns_.assign(payload.begin(), payload.end());
  const uint32_t* selection = nullptr;
  if (encoder_.is_encodable()) {
    encoder_.encode(sort_columns, count, keys_);
    columns_.push_back(&keys_);
    if (has_threshold_) {
      const auto* keys = keys_.mutable_data<StringRef>();
      uint32_t kept = 0;
      for (uint32_t i = 0; i < count; ++i) {
        if (compare_bytes(keys[i].view(), threshold_) < 0) selection_[kept++] = i;
      }
      selection = selection_.data();
      count = kept;
    }
  } else {
    columns_.insert(columns_.end(), sort_columns.begin(), sort_columns.end());
  }
  if (count == 0) return;
  charge_entries(entries_.size() + count);
  rows_->append(columns_, selection, count, addresses_.data());
  for (uint32_t i = 0; i < count; ++i) entries_.push_back({0, addresses_[i]});
  row_count_ += count;

  auto memory = [&] { return rows_->bytes() + entries_.size() * sizeof(Entry) * 2; };
  const bool trims = bound_ != kNoBound && entries_.size() / 2 >= bound_;
  if (trims && (entries_.size() / 2 >= kVectorSize || memory() > context.work_mem_bytes))
    trim(context);
  size_t bytes = memory();
  peak_memory_bytes_ = std::max(peak_memory_bytes_, bytes);
  if (bytes > context.work_mem_bytes && SpillFile::possible(context)) write_run(context);
}

void Sorter::radix_sort() {
  scratch_.resize(entries_.size());
  std::vector<std::array<uint32_t, 256>> counts(8);
  for (const Entry& entry : entries_) {
    for (int digit = 0; digit < 8; ++digit) ++counts[digit][(entry.prefix >> (8 * digit)) & 255];
  }
  for (int digit = 0; digit < 8; ++digit) {
    auto& count = counts[digit];
    if (count[(entries_[0].prefix >> (8 * digit)) & 255] == entries_.size()) continue;
    uint32_t sum = 0;
    for (uint32_t& c : count) sum += std::exchange(c, sum);
    for (const Entry& entry : entries_) {
      scratch_[count[(entry.prefix >> (8 * digit)) & 255]++] = entry;
    }
    entries_.swap(scratch_);
  }
}

void Sorter::sort_entries(ExecContext& context) {
  if (entries_.size() < 2 || encoder_.columns().empty()) return;
  if (!encoder_.is_encodable()) {
    // Stable and tolerant of an operator that is no strict order.
    std::stable_sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
      return compare_rows(context, a.row, b.row) < 0;
    });
    return;
  }
  // The NULL tag of the first column is mostly the same everywhere: then it need not be compared.
  auto first_byte = [&](const Entry& entry) {
    StringRef key = key_of(entry.row);
    return key.size() == 0 ? '\0' : key.data()[0];
  };
  size_t skip = 1;
  size_t longest = 0;
  const char tag = first_byte(entries_[0]);
  for (const Entry& entry : entries_) {
    if (first_byte(entry) != tag) skip = 0;
    longest = std::max<size_t>(longest, key_of(entry.row).size());
  }
  for (Entry& entry : entries_) {
    StringRef key = key_of(entry.row);
    entry.prefix = load_prefix(key.view(), skip);
  }
  const bool prefix_decides = longest <= skip + 8;
  auto by_key = [&](const Entry& a, const Entry& b) {
    StringRef x = key_of(a.row), y = key_of(b.row);
    return compare_bytes(x.view(), y.view()) < 0;
  };
  if (entries_.size() < kRadixMinRows) {
    std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      return !prefix_decides && by_key(a, b);
    });
    return;
  }
  radix_sort();
  if (prefix_decides) return;
  for (size_t i = 0; i < entries_.size();) {
    size_t end = i + 1;
    while (end < entries_.size() && entries_[end].prefix == entries_[i].prefix) ++end;
    if (end - i > 1) {
      if (context.interrupt != nullptr) context.interrupt->check();
      std::sort(entries_.begin() + static_cast<ptrdiff_t>(i),
                entries_.begin() + static_cast<ptrdiff_t>(end), by_key);
    }
    i = end;
  }
}

// Keeps the first `bound_` rows only, in fresh memory.
void Sorter::trim(ExecContext& context) {
  sort_entries(context);
  if (entries_.size() > bound_) entries_.resize(bound_);
  auto kept = std::make_unique<RowCollection>(layout_, budget_);
  Chunk chunk(layout_.types);
  std::vector<const Vector*> columns = column_pointers(chunk);
  std::vector<Entry> entries;
  for (size_t from = 0; from < entries_.size(); from += kVectorSize) {
    auto count = static_cast<uint32_t>(std::min<size_t>(kVectorSize, entries_.size() - from));
    for (uint32_t i = 0; i < count; ++i) addresses_[i] = entries_[from + i].row;
    rows_->gather(addresses_.data(), count, chunk);
    kept->append(columns, nullptr, count, addresses_.data());
    for (uint32_t i = 0; i < count; ++i) entries.push_back({0, addresses_[i]});
  }
  rows_ = std::move(kept);
  entries_ = std::move(entries);
  if (encoder_.is_encodable() && entries_.size() == bound_ && bound_ != 0) {
    StringRef last = key_of(entries_.back().row);
    threshold_.assign(last.view());
    has_threshold_ = true;
  }
}

void Sorter::reset_memory(ExecContext& context) {
  rows_ = std::make_unique<RowCollection>(layout_, context.memory);
  entries_ = {};
  scratch_ = {};
  if (charged_bytes_ != 0 && budget_ != nullptr) budget_->release(charged_bytes_);
  charged_bytes_ = 0;
}

void Sorter::write_run(ExecContext& context) {
  sort_entries(context);
  if (bound_ < entries_.size()) entries_.resize(bound_);
  auto run = std::make_unique<Run>(context, layout_.types);
  Chunk chunk(layout_.types);
  std::vector<const Vector*> columns = column_pointers(chunk);
  for (size_t from = 0; from < entries_.size(); from += kVectorSize) {
    auto count = static_cast<uint32_t>(std::min<size_t>(kVectorSize, entries_.size() - from));
    for (uint32_t i = 0; i < count; ++i) addresses_[i] = entries_[from + i].row;
    rows_->gather(addresses_.data(), count, chunk);
    run->file.append(columns, nullptr, count);
  }
  spilled_bytes_ += run->file.bytes();
  runs_.push_back(std::move(run));
  reset_memory(context);
  if (runs_.size() == kMaxRuns) merge_all_runs(context);
}

void Sorter::merge_all_runs(ExecContext& context) {
  auto merged = std::make_unique<Run>(context, layout_.types);
  start_merge(context);
  Chunk chunk(layout_.types);
  std::vector<const Vector*> columns = column_pointers(chunk);
  while (merge_next(context, chunk)) merged->file.append(columns, nullptr, chunk.size);
  spilled_bytes_ += merged->file.bytes();
  runs_.clear();
  runs_.push_back(std::move(merged));
}

void Sorter::absorb(Sorter& other) {
  charge_entries(entries_.size() + other.entries_.size());
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
  rows_->absorb(std::move(*other.rows_));
  for (auto& run : other.runs_) runs_.push_back(std::move(run));
  row_count_ += other.row_count_;
  spilled_bytes_ += other.spilled_bytes_;
  peak_memory_bytes_ += other.peak_memory_bytes_;
  other.close();
}

void Sorter::finish(ExecContext& context) {
  position_ = 0;
  if (runs_.empty()) {
    sort_entries(context);
    if (bound_ < entries_.size()) entries_.resize(bound_);
    return;
  }
  if (!entries_.empty()) write_run(context);
  start_merge(context);
  merging_ = true;
}

int Sorter::compare_runs(ExecContext& context, Run& a, Run& b) {
  if (encoder_.is_encodable()) {
    const auto& x = a.chunk.columns[key_column_].mutable_data<StringRef>()[a.row];
    const auto& y = b.chunk.columns[key_column_].mutable_data<StringRef>()[b.row];
    return compare_bytes(x.view(), y.view());
  }
  size_t columns = encoder_.columns().size();
  values_a_.resize(columns);
  values_b_.resize(columns);
  for (size_t c = 0; c < columns; ++c) {
    values_a_[c] = a.chunk.columns[key_column_ + c].value(a.row);
    values_b_[c] = b.chunk.columns[key_column_ + c].value(b.row);
  }
  return encoder_.compare(context, values_a_.data(), values_b_.data());
}

// Whether run `a` is to be read after run `b`: equal rows keep the order of their runs.
bool Sorter::is_later(ExecContext& context, uint32_t a, uint32_t b) {
  int order = compare_runs(context, *runs_[a], *runs_[b]);
  return order != 0 ? order > 0 : a > b;
}

void Sorter::start_merge(ExecContext& context) {
  heap_.clear();
  for (uint32_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i]->advance()) heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [&](uint32_t a, uint32_t b) { return is_later(context, a, b); });
}

bool Sorter::merge_next(ExecContext& context, Chunk& out) {
  auto later = [&](uint32_t a, uint32_t b) { return is_later(context, a, b); };
  if (context.interrupt != nullptr) context.interrupt->check();
  out.begin();
  uint32_t row = 0;
  for (; row < kVectorSize && !heap_.empty(); ++row) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Run& run = *runs_[heap_.back()];
    for (size_t c = 0; c < out.columns.size(); ++c) {
      out.columns[c].set_value(row, run.chunk.columns[c].value(run.row));
    }
    if (run.advance()) {
      std::push_heap(heap_.begin(), heap_.end(), later);
    } else {
      heap_.pop_back();
    }
  }
  out.size = row;
  return row != 0;
}

bool Sorter::next(ExecContext& context, Chunk& out) {
  if (merging_) return merge_next(context, out);
  auto count = static_cast<uint32_t>(std::min<size_t>(kVectorSize, entries_.size() - position_));
  if (count == 0) return false;
  for (uint32_t i = 0; i < count; ++i) {
    addresses_[i] = entries_[position_ + i].row;
    if (position_ + i + 16 < entries_.size()) __builtin_prefetch(entries_[position_ + i + 16].row);
  }
  rows_->gather(addresses_.data(), count, out);
  position_ += count;
  return true;
}

}  // namespace luma
