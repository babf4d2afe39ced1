#include "engine/table/index_entry.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/row/row_codec.h"
#include "engine/type/inverted_keys.h"
#include "engine/type/key_bytes.h"

namespace luma {

namespace {

[[noreturn]] void damaged(const IndexDesc& index) {
  throw sql_error(SqlState::kIndexCorrupted, "index \"{}\" has a damaged entry", index.name);
}

uint16_t load_u16(std::string_view bytes, size_t at) {
  uint16_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void append_u16(std::string& out, size_t value) {
  if (value > UINT16_MAX) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "index row size {} exceeds maximum {} for an index", value, UINT16_MAX);
  }
  auto narrow = static_cast<uint16_t>(value);
  out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

std::string_view included_bytes(const IndexDesc& index, std::string_view value) {
  size_t skip = 2;
  if (holds_row_key_in_value(index)) {
    if (value.size() < kRowStampBytes + 2) damaged(index);
    skip = kRowStampBytes + 2 + load_u16(value, kRowStampBytes);
  }
  if (value.size() < skip) damaged(index);
  return value.substr(skip);
}

}  // namespace

IndexEntryBuilder::IndexEntryBuilder(const TableDesc& table, const IndexDesc& index,
                                     uint32_t capacity)
    : table_(table),
      index_(index),
      codec_(index.is_inverted() ? std::span<const KeyPart>() : std::span(index.keys)),
      parts_(index.keys.size()) {
  for (const KeyPart& part : index.keys) {
    auto& evaluator = expressions_.emplace_back();
    if (part.expression != nullptr) evaluator.emplace(*part.expression, capacity);
  }
  if (index.predicate != nullptr) predicate_.emplace(*index.predicate, capacity);
}

void IndexEntryBuilder::bind(EvalContext& context, const Chunk& rows) {
  rows_ = &rows;
  covered_ = predicate_ ? &predicate_->evaluate(context, rows) : nullptr;
  for (size_t i = 0; i < parts_.size(); ++i) {
    parts_[i] = expressions_[i] ? &expressions_[i]->evaluate(context, rows)
                                : &rows.columns[static_cast<size_t>(index_.keys[i].column)];
  }
}

bool IndexEntryBuilder::covers(uint32_t row) const {
  if (covered_ == nullptr) return true;
  Value value = covered_->value(row);
  return !value.is_null && value.datum.b;
}

Value IndexEntryBuilder::key_value(uint32_t row, size_t part) const {
  return parts_[part]->value(row);
}

bool IndexEntryBuilder::key_columns(uint32_t row, std::string& key) const {
  key.clear();
  append_storage_id(key, index_.storage_id);
  bool comparable = true;
  for (size_t i = 0; i < parts_.size(); ++i) {
    Value value = parts_[i]->value(row);
    if (value.is_null) comparable = comparable && index_.nulls_not_distinct;
    codec_.append(i, value, key);
  }
  return comparable;
}

void IndexEntryBuilder::entry(uint32_t row, std::string_view row_key, std::string& key,
                              std::string& value) const {
  bool comparable = key_columns(row, key);
  std::string_view suffix = row_key.substr(kStorageIdBytes);
  value.clear();
  if (holds_row_key_in_value(index_)) {
    if (!comparable) key.append(suffix);
    value.append(kRowStampBytes, '\0');
    append_u16(value, suffix.size());
    value.append(suffix);
  } else {
    append_u16(value, key.size());
    key.append(suffix);
  }
  if (!index_.include.empty()) append_included(row, value);
}

std::vector<IndexEntry> IndexEntryBuilder::entries(uint32_t row, std::string_view row_key) const {
  std::vector<IndexEntry> out;
  if (!index_.is_inverted()) {
    IndexEntry& one = out.emplace_back();
    entry(row, row_key, one.key, one.value);
    return out;
  }
  std::vector<std::string> keys;
  for (size_t part = 0; part < parts_.size(); ++part) {
    Value value = parts_[part]->value(row);
    if (value.is_null) continue;
    keys.clear();
    const KeyPart& desc = index_.keys[part];
    desc.inverted->extract(value.datum, type_info(desc.type.oid), keys);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    EntryClass entry_class = keys.empty() ? EntryClass::kEmpty : EntryClass::kKey;
    if (keys.empty()) keys.emplace_back();
    for (const std::string& key : keys) {
      IndexEntry& one = out.emplace_back();
      append_inverted_key(index_, part, entry_class, key, false, one.key);
      append_u16(one.value, one.key.size());
      one.key.append(row_key.substr(kStorageIdBytes));
    }
  }
  return out;
}

void append_inverted_key(const IndexDesc& index, size_t part, EntryClass entry,
                         std::string_view key, bool open, std::string& out) {
  append_storage_id(out, index.storage_id);
  if (index.keys.size() > 1) out.push_back(static_cast<char>(part));
  out.push_back(static_cast<char>(entry));
  put_key_text(out, key);
  constexpr size_t kEndBytes = 2;
  if (open) out.resize(out.size() - kEndBytes);
}

void IndexEntryBuilder::append_included(uint32_t row, std::string& value) const {
  size_t bitmap = value.size();
  value.append((index_.include.size() + 7) / 8, '\0');
  for (size_t i = 0; i < index_.include.size(); ++i) {
    const Vector& column = rows_->columns[static_cast<size_t>(index_.include[i])];
    Value item = column.value(row);
    if (item.is_null) {
      char& byte = value[bitmap + i / 8];
      byte = static_cast<char>(byte | (1 << (i % 8)));
    } else if (column.physical() == PhysicalType::kVarlen) {
      uint32_t size = item.datum.str.size();
      value.append(reinterpret_cast<const char*>(&size), sizeof size);
      value.append(item.datum.str.view());
    } else {
      value.append(reinterpret_cast<const char*>(&item.datum), physical_size(column.physical()));
    }
  }
}

std::string_view entry_row_key(const IndexDesc& index, std::string_view key,
                               std::string_view value) {
  if (holds_row_key_in_value(index)) {
    if (value.size() < kRowStampBytes + 2) damaged(index);
    size_t size = load_u16(value, kRowStampBytes);
    if (value.size() < kRowStampBytes + 2 + size) damaged(index);
    return value.substr(kRowStampBytes + 2, size);
  }
  if (value.size() < 2 || load_u16(value, 0) > key.size()) damaged(index);
  return key.substr(load_u16(value, 0));
}

IndexEntryReader::IndexEntryReader(const TableDesc& table, const IndexDesc& index)
    : table_(table), index_(index), key_(index.keys), row_key_(table.row_key) {}

std::unique_ptr<IndexEntryReader> IndexEntryReader::make(const TableDesc& table,
                                                         const IndexDesc& index,
                                                         std::span<const int32_t> columns) {
  std::unique_ptr<IndexEntryReader> made(new IndexEntryReader(table, index));
  IndexEntryReader& reader = *made;
  auto find_part = [](std::span<const KeyPart> parts, size_t count, int32_t column) {
    for (size_t i = 0; i < count; ++i) {
      if (parts[i].expression == nullptr && parts[i].column == column) return static_cast<int>(i);
    }
    return kNotWanted;
  };
  // One place can serve one output column only.
  auto set = [](std::vector<int>& targets, int place, size_t column) {
    auto at = static_cast<size_t>(place);
    if (targets.size() <= at) targets.resize(at + 1, kNotWanted);
    return std::exchange(targets[at], static_cast<int>(column)) == kNotWanted;
  };
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] < 0) return nullptr;
    int place = find_part(index.keys, reader.key_.decodable_parts(), columns[i]);
    bool unused = false;
    if (place != kNotWanted) {
      unused = set(reader.key_targets_, place, i);
    } else if ((place = find_part(table.row_key, reader.row_key_.decodable_parts(), columns[i])) !=
               kNotWanted) {
      unused = set(reader.row_key_targets_, place, i);
    } else {
      for (size_t k = 0; k < index.include.size(); ++k) {
        if (index.include[k] == columns[i]) place = static_cast<int>(k);
      }
      unused = place != kNotWanted && set(reader.include_targets_, place, i);
    }
    if (!unused) return nullptr;
  }
  return made;
}

void IndexEntryReader::decode(std::string_view key, std::string_view value, Chunk& out,
                              uint32_t row) {
  scratch_->reset();
  auto read_parts = [&](const KeyCodec& codec, const std::vector<int>& targets,
                        std::string_view bytes) {
    for (size_t i = 0; i < targets.size(); ++i) {
      Value item = codec.decode(i, bytes, *scratch_);
      if (targets[i] != kNotWanted) {
        out.columns[static_cast<size_t>(targets[i])].set_value(row, item);
      }
    }
  };
  if (!key_targets_.empty()) read_parts(key_, key_targets_, key.substr(kStorageIdBytes));
  if (!row_key_targets_.empty()) {
    read_parts(row_key_, row_key_targets_, entry_row_key(index_, key, value));
  }
  if (include_targets_.empty()) return;
  std::string_view bytes = included_bytes(index_, value);
  size_t bitmap_bytes = (index_.include.size() + 7) / 8;
  if (bytes.size() < bitmap_bytes) damaged(index_);
  std::string_view bitmap = bytes.substr(0, bitmap_bytes);
  bytes.remove_prefix(bitmap_bytes);
  for (size_t i = 0; i < include_targets_.size(); ++i) {
    bool null = ((static_cast<uint8_t>(bitmap[i / 8]) >> (i % 8)) & 1) != 0;
    int target = include_targets_[i];
    Vector* column = target == kNotWanted ? nullptr : &out.columns[static_cast<size_t>(target)];
    if (null) {
      if (column != nullptr) column->set_null(row);
      continue;
    }
    PhysicalType physical = table_.columns[static_cast<size_t>(index_.include[i])].physical;
    uint32_t size = physical_size(physical);
    Datum datum;
    if (physical == PhysicalType::kVarlen) {
      if (bytes.size() < 4) damaged(index_);
      std::memcpy(&size, bytes.data(), 4);
      bytes.remove_prefix(4);
      if (bytes.size() < size) damaged(index_);
      datum.str = StringRef(bytes.data(), size);
    } else {
      if (bytes.size() < size) damaged(index_);
      std::memcpy(&datum, bytes.data(), size);
    }
    bytes.remove_prefix(size);
    if (column != nullptr) column->set_value(row, datum);
  }
}

}  // namespace luma
