#include "engine/type/record.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/user_type.h"

namespace luma {
namespace {

constexpr uint32_t kNullLength = 0xFFFFFFFFu;
enum KeyMark : uint8_t { kKeyEnd = 0, kKeyValue = 1, kKeyNull = 2 };

uint32_t load_u32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void append_raw(std::string& out, const void* from, size_t count) {
  out.append(static_cast<const char*>(from), count);
}

SqlError anonymous_input() {
  return sql_error(SqlState::kFeatureNotSupported,
                   "input of anonymous composite types is not implemented");
}

Datum record_in(std::string_view, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  throw anonymous_input();
}
Datum record_recv(std::string_view, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  throw anonymous_input();
}

void append_field_text(std::string_view text, std::string& out) {
  bool quote = text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
                 return c == '"' || c == '\\' || c == '(' || c == ')' || c == ',' || c == ' ' ||
                        (c >= '\t' && c <= '\r');
               });
  if (!quote) {
    out += text;
    return;
  }
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back(c);
    out.push_back(c);
  }
  out.push_back('"');
}

void record_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  RecordView record(value);
  std::string text;
  out.push_back('(');
  for (uint32_t i = 0; i < record.size(); ++i) {
    if (i != 0) out.push_back(',');
    Value field = record.field(i);
    if (field.is_null) continue;
    const TypeInfo& type = type_info(record.type(i).oid);
    text.clear();
    type.output(field.datum, type, io, text);
    append_field_text(text, out);
  }
  out.push_back(')');
}

void record_send(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  RecordView record(value);
  put_u32(out, record.size());
  for (uint32_t i = 0; i < record.size(); ++i) {
    put_u32(out, record.type(i).oid);
    Value field = record.field(i);
    if (field.is_null) {
      put_u32(out, kNullLength);
      continue;
    }
    const TypeInfo& type = type_info(record.type(i).oid);
    size_t start = out.size();
    put_u32(out, 0);
    type.send(field.datum, type, io, out);
    uint32_t length = __builtin_bswap32(static_cast<uint32_t>(out.size() - start - 4));
    std::memcpy(out.data() + start, &length, sizeof length);
  }
}

int record_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return compare_records(a, b);
}

uint64_t record_hash(const Datum& value, const TypeInfo&) {
  RecordView record(value);
  uint64_t hash = 0;
  for (uint32_t i = 0; i < record.size(); ++i) {
    Value field = record.field(i);
    const TypeInfo& type = type_info(record.type(i).oid);
    if (!field.is_null && type.hash == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify a hash function for type {}", format_type(type.oid));
    }
    hash = hash_mix(hash, field.is_null ? 0 : type.hash(field.datum, type));
  }
  return hash;
}

void record_key(const Datum& value, const TypeInfo&, std::string& out) {
  RecordView record(value);
  for (uint32_t i = 0; i < record.size(); ++i) {
    Value field = record.field(i);
    put_u8(out, field.is_null ? kKeyNull : kKeyValue);
    if (field.is_null) continue;
    const TypeInfo& type = type_info(record.type(i).oid);
    if (type.key_encode == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify a comparison function for type {}",
                      format_type(type.oid));
    }
    type.key_encode(field.datum, type, out);
  }
  put_u8(out, kKeyEnd);
}

constexpr TypeCodec kCodecs[] = {
    {"record", PhysicalType::kVarlen, record_in, record_out, record_recv, record_send,
     record_compare, record_hash, record_key, nullptr},
};

// Splits "(a,\"b c\",)" into fields.
class RecordLiteral {
 public:
  RecordLiteral(std::string_view text) : text_(text), rest_(text) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != '(') throw malformed("Missing left parenthesis.");
    rest_.remove_prefix(1);
  }

  // The next field; false for an empty one, which is NULL.
  bool next(bool first, std::string& field) {
    if (!first) {
      if (rest_.empty() || rest_[0] != ',') throw malformed("Too few columns.");
      rest_.remove_prefix(1);
    }
    field.clear();
    if (!rest_.empty() && (rest_[0] == ',' || rest_[0] == ')')) return false;
    bool quoted = false;
    for (;;) {
      if (!quoted && !rest_.empty() && (rest_[0] == ',' || rest_[0] == ')')) return true;
      char c = take();
      if (c == '\\') {
        field.push_back(take());
      } else if (c != '"') {
        field.push_back(c);
      } else if (!quoted) {
        quoted = true;
      } else if (!rest_.empty() && rest_[0] == '"') {
        field.push_back(take());
      } else {
        quoted = false;
      }
    }
  }

  void finish() {
    if (rest_.empty() || rest_[0] != ')') throw malformed("Too many columns.");
    rest_.remove_prefix(1);
    skip_blanks();
    if (!rest_.empty()) throw malformed("Junk after right parenthesis.");
  }

 private:
  char take() {
    if (rest_.empty()) throw malformed("Unexpected end of input.");
    char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  void skip_blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || (rest_[0] >= '\t' && rest_[0] <= '\r')))
      rest_.remove_prefix(1);
  }
  SqlError malformed(const char* detail) const {
    return sql_error(SqlState::kInvalidTextRepresentation, "malformed record literal: \"{}\"",
                     text_)
        .detail(detail);
  }

  std::string_view text_;
  std::string_view rest_;
};

}  // namespace

RecordView::RecordView(const Datum& value) {
  const char* at = value.str.data();
  uint32_t count = load_u32(at);
  at += 4;
  fields_.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    Field field;
    field.type.oid = load_u32(at);
    field.type.typmod = static_cast<int32_t>(load_u32(at + 4));
    field.length = load_u32(at + 8);
    at += 12;
    field.data = field.length == kNullLength ? nullptr : at;
    if (field.data != nullptr) at += field.length;
    fields_.push_back(field);
  }
}

Value RecordView::field(uint32_t i) const {
  const Field& field = fields_[i];
  if (field.data == nullptr) return Value::null();
  if (type_info(field.type.oid).physical == PhysicalType::kVarlen) {
    return Datum::of_string(StringRef(field.data, field.length));
  }
  Datum datum;
  std::memcpy(&datum, field.data, field.length);
  return datum;
}

void RecordBuilder::add(TypeRef type, const Value& value) {
  add(type, type_info(type.oid).physical, value);
}

void RecordBuilder::add(TypeRef type, PhysicalType physical, const Value& value) {
  ++count_;
  append_raw(bytes_, &type.oid, sizeof type.oid);
  append_raw(bytes_, &type.typmod, sizeof type.typmod);
  bool varlen = physical == PhysicalType::kVarlen;
  uint32_t length = value.is_null ? kNullLength
                    : varlen      ? value.datum.str.size()
                                  : physical_size(physical);
  append_raw(bytes_, &length, sizeof length);
  if (value.is_null) return;
  if (varlen) {
    bytes_.append(value.datum.str.view());
  } else {
    append_raw(bytes_, &value.datum, length);
  }
}

Datum RecordBuilder::finish(Arena& arena) const {
  size_t total = sizeof count_ + bytes_.size();
  char* bytes = arena.allocate_bytes(total);
  std::memcpy(bytes, &count_, sizeof count_);
  if (!bytes_.empty()) std::memcpy(bytes + sizeof count_, bytes_.data(), bytes_.size());
  return Datum::of_string(StringRef(bytes, static_cast<uint32_t>(total)));
}

Datum parse_record(std::string_view text, std::span<const TypeRef> fields, const IoContext& io,
                   Arena& arena) {
  RecordLiteral literal(text);
  RecordBuilder builder;
  std::string field;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!literal.next(i == 0, field)) {
      builder.add(fields[i], Value::null());
      continue;
    }
    const TypeInfo& type = type_info(fields[i].oid);
    Datum datum = type.input(field, type, fields[i].typmod, io, arena);
    builder.add(fields[i], apply_typmod(datum, type, fields[i].typmod, false, arena));
  }
  literal.finish();
  return builder.finish(arena);
}

Datum receive_record(std::string_view bytes, std::span<const TypeRef> fields, const IoContext& io,
                     Arena& arena) {
  WireReader reader(bytes);
  uint32_t count = reader.u32();
  if (count != fields.size()) {
    throw sql_error(SqlState::kDatatypeMismatch, "wrong number of columns: {}, expected {}", count,
                    fields.size());
  }
  RecordBuilder builder;
  for (size_t i = 0; i < fields.size(); ++i) {
    const TypeInfo& type = type_info(fields[i].oid);
    Oid sent = reader.u32();
    if (sent != type.oid) {
      throw sql_error(
          SqlState::kDatatypeMismatch,
          "binary data has type {} ({}) instead of expected {} ({}) in record column {}", sent,
          format_type(sent), type.oid, format_type(type.oid), i + 1);
    }
    uint32_t length = reader.u32();
    if (length == kNullLength) {
      builder.add(fields[i], Value::null());
      continue;
    }
    Datum datum = type.receive(reader.take(length), type, fields[i].typmod, io, arena);
    builder.add(fields[i], apply_typmod(datum, type, fields[i].typmod, false, arena));
  }
  reader.expect_end();
  return builder.finish(arena);
}

int compare_records(const Datum& a, const Datum& b) {
  RecordView x(a);
  RecordView y(b);
  uint32_t common = std::min(x.size(), y.size());
  for (uint32_t i = 0; i < common; ++i) {
    if (x.type(i).oid != y.type(i).oid) {
      throw sql_error(SqlState::kDatatypeMismatch,
                      "cannot compare dissimilar column types {} and {} at record column {}",
                      format_type(x.type(i).oid), format_type(y.type(i).oid), i + 1);
    }
    Value p = x.field(i);
    Value q = y.field(i);
    if (p.is_null || q.is_null) {
      if (p.is_null && q.is_null) continue;
      return p.is_null ? 1 : -1;
    }
    const TypeInfo& type = type_info(x.type(i).oid);
    if (type.compare == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify a comparison function for type {}",
                      format_type(type.oid));
    }
    int order = type.compare(p.datum, q.datum, type);
    if (order != 0) return order;
  }
  if (x.size() != y.size()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "cannot compare record types with different numbers of columns");
  }
  return 0;
}

std::span<const TypeCodec> record_codecs() { return kCodecs; }

bool is_read_alike(const TypeInfo& a, const TypeInfo& b) {
  if (base_type_of(a.oid) == base_type_of(b.oid)) return true;
  if (a.is_array() && b.is_array())
    return is_read_alike(type_info(a.element), type_info(b.element));
  return a.category == 'S' && b.category == 'S' && a.physical == b.physical;
}

}  // namespace luma
