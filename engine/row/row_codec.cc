#include "engine/row/row_codec.h"

#include "engine/base/sql_error.h"

namespace luma {

namespace {

constexpr size_t kMaxRowBytes = size_t{1} << 30;

[[noreturn]] void bad_row(const char* what) {
  throw sql_error(SqlState::kDataCorrupted, "stored row is damaged: {}", what);
}

uint32_t load_offset(const char* at, bool wide) {
  if (wide) {
    uint32_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// The parts of a row being written, from whatever holds its values.
template <typename IsNull, typename Data>
void encode_columns(const StoredLayout& layout, IsNull&& is_null, Data&& data_of,
                    std::string& out) {
  const StoredLayout::Shape& shape = layout.shape(layout.schema_version());
  const auto& columns = layout.columns();
  size_t varlen_bytes = 0;
  for (uint32_t i = 0; i < shape.column_count; ++i) {
    if (columns[i].physical != PhysicalType::kVarlen || is_null(i)) continue;
    varlen_bytes += reinterpret_cast<const StringRef*>(data_of(i))->size();
  }
  bool wide = varlen_bytes > UINT16_MAX;
  size_t offset_bytes = wide ? 4 : 2;
  size_t offsets_at = shape.offsets_at();
  size_t bytes_at = offsets_at + shape.varlen_count * offset_bytes;
  if (bytes_at + varlen_bytes > kMaxRowBytes) {
    throw sql_error(SqlState::kProgramLimitExceeded, "row is too big: size {}, maximum size {}",
                    bytes_at + varlen_bytes, kMaxRowBytes);
  }
  out.clear();
  out.resize(bytes_at + varlen_bytes);
  char* row = out.data();
  uint16_t version = layout.schema_version();
  std::memcpy(row + kRowStampBytes, &version, sizeof version);
  uint8_t flags = wide ? StoredRow::kWideOffsets : 0;
  char* bitmap = row + kRowHeaderBytes;
  char* fixed = bitmap + shape.bitmap_bytes;
  char* offsets = row + offsets_at;
  char* bytes = row + bytes_at;
  uint32_t end = 0;
  for (uint32_t i = 0; i < shape.column_count; ++i) {
    const StoredLayout::Column& column = columns[i];
    bool null = is_null(i);
    if (null) {
      flags |= StoredRow::kHasNulls;
      bitmap[i / 8] = static_cast<char>(bitmap[i / 8] | (1 << (i % 8)));
    }
    if (column.physical != PhysicalType::kVarlen) {
      if (!null) std::memcpy(fixed + column.position, data_of(i), physical_size(column.physical));
      continue;
    }
    if (!null) {
      const auto* text = reinterpret_cast<const StringRef*>(data_of(i));
      std::memcpy(bytes + end, text->data(), text->size());
      end += text->size();
    }
    if (wide) {
      std::memcpy(offsets + size_t{column.position} * 4, &end, 4);
    } else {
      auto narrow = static_cast<uint16_t>(end);
      std::memcpy(offsets + size_t{column.position} * 2, &narrow, 2);
    }
  }
  row[kRowHeaderBytes - 1] = static_cast<char>(flags);
}

}  // namespace

StoredLayout::StoredLayout(const TableDesc& table) : schema_version_(table.schema_version) {
  Shape shape{0, 0, 0, 0, 0};
  std::vector<Shape> oldest_first;
  for (const ColumnDesc& column : table.columns) {
    if (column.since_version > shape.first_version) {
      oldest_first.push_back(shape);
      shape.first_version = column.since_version;
    }
    bool fixed = column.physical != PhysicalType::kVarlen;
    uint32_t position = fixed ? shape.fixed_bytes : shape.varlen_count;
    columns_.push_back({column.physical, column.dropped, position, &column.missing_value});
    if (fixed) {
      shape.fixed_bytes += physical_size(column.physical);
    } else {
      ++shape.varlen_count;
    }
    ++shape.column_count;
    shape.bitmap_bytes = static_cast<uint16_t>((shape.column_count + 7) / 8);
  }
  oldest_first.push_back(shape);
  shapes_.assign(oldest_first.rbegin(), oldest_first.rend());
}

const StoredLayout::Shape& StoredLayout::older_shape(uint16_t schema_version) const {
  for (const Shape& shape : shapes_) {
    if (schema_version >= shape.first_version) return shape;
  }
  return shapes_.back();
}

const StoredLayout::Shape& StoredRow::check(const StoredLayout& layout, std::string_view bytes) {
  if (bytes.size() < kRowHeaderBytes) bad_row("it has no header");
  uint16_t version;
  std::memcpy(&version, bytes.data() + kRowStampBytes, sizeof version);
  const StoredLayout::Shape& shape = layout.shape(version);
  bool wide = (static_cast<uint8_t>(bytes[kRowHeaderBytes - 1]) & kWideOffsets) != 0;
  size_t bytes_at = shape.offsets_at() + size_t{shape.varlen_count} * (wide ? 4 : 2);
  if (bytes.size() < bytes_at) bad_row("it is too short for its columns");
  return shape;
}

std::string_view StoredRow::varlen(uint32_t number) const {
  bool wide = (flags() & kWideOffsets) != 0;
  size_t width = wide ? 4 : 2;
  const char* offsets = bytes_.data() + shape_.offsets_at();
  uint32_t begin = number == 0 ? 0 : load_offset(offsets + (number - 1) * width, wide);
  uint32_t end = load_offset(offsets + number * width, wide);
  size_t bytes_at = shape_.offsets_at() + shape_.varlen_count * width;
  if (begin > end || bytes_at + end > bytes_.size()) bad_row("a column ends beyond the row");
  return {bytes_.data() + bytes_at + begin, end - begin};
}

Value StoredRow::value(uint32_t column) const {
  const StoredLayout::Column& at = layout_.columns()[column];
  if (at.dropped) return Value::null();
  if (column >= shape_.column_count) return *at.missing;
  if (has_nulls() && null_bit(column)) return Value::null();
  if (at.physical == PhysicalType::kVarlen) return Datum::of_string(varlen(at.position));
  Datum datum;
  std::memcpy(&datum, fixed(at.position), physical_size(at.physical));
  return datum;
}

void encode_row(const StoredLayout& layout, const Chunk& rows, uint32_t row, std::string& out) {
  const auto& columns = layout.columns();
  auto index_of = [row](const Vector& vector) {
    const uint32_t* selection = vector.selection();
    return selection == nullptr ? row : selection[row];
  };
  encode_columns(
      layout, [&](uint32_t i) { return columns[i].dropped || rows.columns[i].is_null(row); },
      [&](uint32_t i) {
        const Vector& vector = rows.columns[i];
        return vector.raw_data() + size_t{index_of(vector)} * physical_size(columns[i].physical);
      },
      out);
}

void encode_row(const StoredLayout& layout, std::span<const Value> values, std::string& out) {
  const auto& columns = layout.columns();
  encode_columns(
      layout, [&](uint32_t i) { return columns[i].dropped || values[i].is_null; },
      [&](uint32_t i) { return reinterpret_cast<const std::byte*>(&values[i].datum); }, out);
}

RowDecoder::RowDecoder(const StoredLayout& layout, std::span<const int32_t> columns,
                       std::span<const uint32_t> targets)
    : layout_(layout) {
  for (size_t i = 0; i < columns.size(); ++i) {
    auto attribute = static_cast<uint32_t>(columns[i]);
    const StoredLayout::Column& column = layout.columns().at(attribute);
    bool fixed = column.physical != PhysicalType::kVarlen;
    items_.push_back({attribute, column.position, targets[i],
                      static_cast<uint8_t>(fixed ? physical_size(column.physical) : 0)});
  }
}

void RowDecoder::attach(Chunk& chunk) {
  for (Item& item : items_) {
    item.vector = &chunk.columns[item.target];
    item.data = item.vector->mutable_data<std::byte>();
  }
}

void RowDecoder::decode(std::string_view bytes, uint32_t row, bool copy_strings) {
  StoredRow view(layout_, bytes);
  bool has_nulls = view.has_nulls();
  for (const Item& item : items_) {
    if (__builtin_expect(item.column >= view.shape().column_count, 0) ||
        __builtin_expect(layout_.columns()[item.column].dropped, 0)) {
      item.vector->set_value(row, view.value(item.column));
      continue;
    }
    if (has_nulls && view.null_bit(item.column)) {
      item.vector->set_null(row);
      continue;
    }
    const char* fixed = view.fixed(item.position);
    switch (item.bytes) {
      case 1:
        std::memcpy(item.data + row, fixed, 1);
        break;
      case 2:
        std::memcpy(item.data + size_t{row} * 2, fixed, 2);
        break;
      case 4:
        std::memcpy(item.data + size_t{row} * 4, fixed, 4);
        break;
      case 8:
        std::memcpy(item.data + size_t{row} * 8, fixed, 8);
        break;
      case 16:
        std::memcpy(item.data + size_t{row} * 16, fixed, 16);
        break;
      default: {
        std::string_view text = view.varlen(item.position);
        reinterpret_cast<StringRef*>(item.data)[row] =
            copy_strings ? item.vector->add_string(text) : StringRef(text);
      }
    }
  }
}

}  // namespace luma
