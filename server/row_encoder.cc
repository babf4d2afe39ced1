#include "server/row_encoder.h"

#include <array>
#include <charconv>

#include "engine/type/encoding.h"
#include "engine/type/user_type.h"
#include "server/binary_text.h"

namespace luma {

namespace {

int16_t format_of(std::span<const int16_t> formats, size_t i) {
  if (formats.empty()) return 0;
  return formats.size() == 1 ? formats[0] : i < formats.size() ? formats[i] : int16_t{0};
}

template <typename T>
void append_integer(std::string& out, T value) {
  char digits[24];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  static_cast<void>(error);
  out.append(digits, static_cast<size_t>(end - digits));
}

bool is_plain_text(Oid type) {
  return type == type_oid::kText || type == type_oid::kVarchar || type == type_oid::kBpchar ||
         type == type_oid::kName || type == type_oid::kJson || type == type_oid::kUnknown;
}

NoticeSeverity severity_of(MessageLevel level) {
  switch (level) {
    case MessageLevel::kLog:
      return NoticeSeverity::kLog;
    case MessageLevel::kInfo:
      return NoticeSeverity::kInfo;
    case MessageLevel::kNotice:
      return NoticeSeverity::kNotice;
    case MessageLevel::kWarning:
    case MessageLevel::kError:
      return NoticeSeverity::kWarning;
    default:
      return NoticeSeverity::kDebug;
  }
}

}  // namespace

void send_row_description(ResultSink& sink, std::span<const ResultColumnInfo> columns,
                          std::span<const int16_t> formats, bool binary) {
  std::array<ColumnDescription, 16> few;
  std::vector<ColumnDescription> many(columns.size() > few.size() ? columns.size() : 0);
  std::span<ColumnDescription> described =
      many.empty() ? std::span<ColumnDescription>(few).first(columns.size()) : std::span(many);
  for (size_t i = 0; i < columns.size(); ++i) {
    const ResultColumnInfo& column = columns[i];
    ColumnDescription& out = described[i];
    out.name = column.name;
    out.table = column.table;
    out.attribute_number = column.attnum;
    // Clients are told what lies below a domain.
    TypeRef base = base_type_of(column.type);
    out.type = base.oid;
    const TypeInfo* type = find_type(base.oid);
    out.type_length = type == nullptr ? int16_t{-1} : type->len;
    out.typmod = base.typmod;
    out.format = binary ? int16_t{1} : format_of(formats, i);
  }
  sink.row_description(described);
}

void RowEncoder::begin_rows(std::span<const ResultColumnInfo> columns) {
  bool all_binary = session_.binary_rows();
  if (describe_) send_row_description(sink_, columns, formats_, all_binary);
  transcoder_ = sink_.transcoder();
  columns_.clear();
  columns_.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    Column column;
    column.type = &type_info(base_type_of(columns[i].type.oid));
    bool binary = all_binary || format_of(formats_, i) == 1;
    Oid oid = column.type->oid;
    if (binary && transcoder_ != nullptr) require_convertible(*column.type, *transcoder_);
    if (is_plain_text(oid)) {
      column.coding = Column::Coding::kBytes;
    } else if (binary) {
      if (column.type->send == nullptr) {
        throw sql_error(SqlState::kUndefinedFunction,
                        "no binary output function available for type {}", format_type(oid));
      }
      column.coding = Column::Coding::kBinary;
    } else if (oid == type_oid::kInt4) {
      column.coding = Column::Coding::kInt32;
    } else if (oid == type_oid::kInt8) {
      column.coding = Column::Coding::kInt64;
    } else if (oid == type_oid::kInt2) {
      column.coding = Column::Coding::kInt16;
    } else if (column.type->output == nullptr && oid != type_oid::kVoid &&
               oid != type_oid::kTrigger) {  // A call outside a trigger fails by itself.
      throw sql_error(SqlState::kUndefinedFunction, "no output function available for type {}",
                      format_type(oid));
    }
    columns_.push_back(column);
  }
}

void RowEncoder::encode(const Column& column, const Vector& vector, uint32_t row) {
  if (vector.is_null(row)) {
    sink_.null_column();
    return;
  }
  if (__builtin_expect(transcoder_ != nullptr, 0)) return encode_converted(column, vector, row);
  std::string& out = sink_.begin_column();
  switch (column.coding) {
    case Column::Coding::kInt16:
      append_integer(out, vector.unified<int16_t>()[row]);
      break;
    case Column::Coding::kInt32:
      append_integer(out, vector.unified<int32_t>()[row]);
      break;
    case Column::Coding::kInt64:
      append_integer(out, vector.unified<int64_t>()[row]);
      break;
    case Column::Coding::kBytes: {
      const StringRef& text = vector.unified<StringRef>()[row];
      out.append(text.data(), text.size());
      break;
    }
    case Column::Coding::kText:
      if (column.type->output != nullptr) {
        column.type->output(vector.value(row).datum, *column.type, session_.io(), out);
      }
      break;
    case Column::Coding::kBinary:
      column.type->send(vector.value(row).datum, *column.type, session_.io(), out);
      break;
  }
  sink_.end_column();
}

void RowEncoder::encode_converted(const Column& column, const Vector& vector, uint32_t row) {
  const Datum datum = vector.value(row).datum;
  std::string bytes;
  if (column.coding == Column::Coding::kBytes) {
    bytes = datum.str.view();
  } else if (column.coding == Column::Coding::kBinary) {
    column.type->send(datum, *column.type, session_.io(), bytes);
    if (!is_binary_text(*column.type)) return sink_.column(bytes);
  } else if (column.type->output != nullptr) {
    column.type->output(datum, *column.type, session_.io(), bytes);
  }
  sink_.column(transcoder_->from_utf8(bytes));
}

void RowEncoder::rows(const Chunk& chunk, uint32_t from, uint32_t count) {
  auto width = static_cast<int>(columns_.size());
  for (uint32_t row = from; row < from + count; ++row) {
    sink_.begin_row(width);
    for (int i = 0; i < width; ++i) {
      encode(columns_[static_cast<size_t>(i)], chunk.columns[static_cast<size_t>(i)], row);
    }
    sink_.end_row();
  }
}

void RowEncoder::notice(MessageLevel level, const SqlError& notice) {
  sink_.notice(severity_of(level), notice);
}

}  // namespace luma
