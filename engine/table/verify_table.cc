#include "engine/table/verify_table.h"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <memory>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_keys.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/columnar/row_walk.h"
#include "engine/row/key_codec.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/index_entry.h"
#include "engine/table/row_check.h"
#include "engine/txn/transaction.h"
#include "engine/txn/txn_iterator.h"

namespace luma {

namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

class TableVerifier {
 public:
  TableVerifier(ExecContext& context, const TableDescPtr& table, size_t limit)
      : context_(context), table_(*table), layout_(*table), limit_(limit) {}

  std::vector<std::string> run() {
    std::vector<CheckSpec> checks = table_checks(table_);
    RowCheck check(table_, {}, checks, 1);
    AttributeChunk row(table_, layout_, live_attributes(table_), 1);
    std::vector<std::unique_ptr<IndexEntryBuilder>> builders;
    for (const IndexDesc& index : table_.indexes) {
      if (!index.clustered) {
        builders.push_back(std::make_unique<IndexEntryBuilder>(table_, index, 1));
      }
    }
    std::vector<uint64_t> expected(builders.size(), 0);
    uint64_t row_count = 0;
    RowWalk rows(table_, *context_.transaction, ReadView::kStatement);
    while (rows.next()) {
      std::string_view key = rows.key();
      row.begin();
      row.add(rows.row());
      check_row(check, row.chunk(), key);
      ++row_count;
      for (const ColumnarCopyDesc& copy : table_.copies) check_copy(copy, row.chunk(), key);
      for (size_t i = 0; i < builders.size(); ++i) {
        builders[i]->bind(context_, row.chunk());
        if (!builders[i]->covers(0)) continue;
        for (const IndexEntry& entry : builders[i]->entries(0, key)) {
          ++expected[i];
          check_entry(*builders[i], entry, key);
        }
      }
    }
    for (size_t i = 0; i < builders.size(); ++i) {
      uint64_t found = count_entries(builders[i]->index());
      if (found != expected[i]) {
        report(fmt::format("index {} has {} entries for {} rows", builders[i]->index().name, found,
                           expected[i]));
      }
    }
    for (const ColumnarCopyDesc& copy : table_.copies) {
      uint64_t found = count_rows(*copy.rows);
      if (found != row_count) {
        report(fmt::format("columnar index {} has {} rows for {}", copy.name, found, row_count));
      }
    }
    return std::move(problems_);
  }

 private:
  void report(std::string problem) {
    if (problems_.size() < limit_) problems_.push_back(std::move(problem));
  }

  template <typename Visit>
  void walk(uint32_t storage_id, Visit&& visit) {
    std::string lower;
    append_storage_id(lower, storage_id);
    std::string upper = lower;
    make_prefix_end(upper);
    auto at = context_.transaction->scan(KvFamily::kData, lower, upper);
    for (at->seek_first(); at->valid(); at->next()) visit(at->key(), at->value());
  }

  void check_row(RowCheck& check, const Chunk& row, std::string_view key) {
    try {
      check.check(context_, row);
    } catch (const SqlError& error) {
      report(fmt::format("row {}: {}", hex(key), error.message));
    }
    if (table_.row_key.empty()) return;
    KeyCodec codec(table_.row_key);
    std::string expected;
    append_storage_id(expected, table_.storage_id);
    for (size_t i = 0; i < codec.size(); ++i) {
      auto column = static_cast<size_t>(table_.row_key[i].column);
      codec.append(i, row.columns[column].value(0), expected);
    }
    if (expected != key) report(fmt::format("row {} belongs at {}", hex(key), hex(expected)));
  }

  void check_entry(const IndexEntryBuilder& builder, const IndexEntry& entry,
                   std::string_view row_key) {
    const IndexDesc& index = builder.index();
    const auto& [key, value] = entry;
    KvValue found;
    if (!context_.transaction->get(KvFamily::kData, key, &found)) {
      report(
          fmt::format("index {} lacks the entry {} of row {}", index.name, hex(key), hex(row_key)));
      return;
    }
    size_t skip = holds_row_key_in_value(index) ? kRowStampBytes : 0;
    if (found.view().size() < skip ||
        found.view().substr(skip) != std::string_view(value).substr(skip)) {
      report(fmt::format("index {} has a wrong entry {} for row {}", index.name, hex(key),
                         hex(row_key)));
    }
    if (index.unique && index.deferrable) check_duplicate(builder, row_key);
  }

  void check_duplicate(const IndexEntryBuilder& builder, std::string_view row_key) {
    std::string prefix;
    if (!builder.key_columns(0, prefix)) return;
    uint64_t& count = duplicates_[prefix];
    if (++count == 2) {
      report(fmt::format("unique index {} has duplicates, row {} is one of them",
                         builder.index().name, hex(row_key)));
    }
  }

  void check_copy(const ColumnarCopyDesc& copy, const Chunk& row, std::string_view row_key) {
    Transaction& txn = *context_.transaction;
    std::string key, expected;
    row_map_key(copy.rows->storage_id, row_key, key);
    KvValue value;
    uint64_t row_id = 0;
    if (!txn.get(KvFamily::kColumnar, key, &value) || value.view().size() != sizeof row_id) {
      report(fmt::format("columnar index {} lacks row {}", copy.name, hex(row_key)));
      return;
    }
    std::memcpy(&row_id, value.view().data(), sizeof row_id);
    make_row_key(copy.rows->storage_id, row_id, key);
    encode_row(StoredLayout(*copy.rows), row, 0, expected);
    StoredRows stored(*copy.rows);
    if (!stored.get(txn, key, &value) ||
        value.view().substr(kRowStampBytes) != std::string_view(expected).substr(kRowStampBytes)) {
      report(fmt::format("columnar index {} has another row for {}", copy.name, hex(row_key)));
    }
  }

  uint64_t count_rows(const TableDesc& table) {
    uint64_t count = 0;
    for (RowWalk rows(table, *context_.transaction, ReadView::kStatement); rows.next();) ++count;
    return count;
  }

  uint64_t count_entries(const IndexDesc& index) {
    uint64_t count = 0;
    walk(index.storage_id, [&](std::string_view, std::string_view) { ++count; });
    return count;
  }

  ExecContext& context_;
  const TableDesc& table_;
  StoredLayout layout_;
  size_t limit_;
  std::vector<std::string> problems_;
  std::map<std::string, uint64_t> duplicates_;
};

}  // namespace

std::vector<std::string> verify_table(ExecContext& context, const TableDescPtr& table,
                                      size_t limit) {
  return TableVerifier(context, table, limit).run();
}

}  // namespace luma
