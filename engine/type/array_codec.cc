// Text, wire and key forms of arrays, and of int2vector and oidvector.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/array_literal.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

enum KeyMark : uint8_t { kKeyEnd = 0, kKeyValue = 1, kKeyNull = 2 };

Datum array_in(std::string_view text, const TypeInfo& type, int32_t typmod, const IoContext& io,
               Arena& arena) {
  const TypeInfo& element = type_info(type.element);
  ArrayLiteral literal = parse_array_literal(text, element.delimiter);
  ArrayBuilder builder(element.oid, element.physical);
  for (const ArrayLiteral::Element& item : literal.elements) {
    builder.add(item.is_null ? Value::null()
                             : Value(element.input(item.text, element, typmod, io, arena)));
  }
  return builder.finish(literal.dimensions, arena);
}

void append_quoted(std::string_view text, std::string& out) {
  out.push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void array_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  ArrayView array(value);
  if (array.size() == 0) {
    out += "{}";
    return;
  }
  std::span<const ArrayDimension> dimensions = array.dimensions();
  bool shifted = std::any_of(dimensions.begin(), dimensions.end(),
                             [](const auto& d) { return d.lower_bound != 1; });
  if (shifted) {
    for (const ArrayDimension& d : dimensions) {
      fmt::format_to(std::back_inserter(out), "[{}:{}]", d.lower_bound,
                     d.lower_bound + d.length - 1);
    }
    out.push_back('=');
  }
  const TypeInfo& element = array.element_type();
  std::string text;
  int32_t position[kMaxArrayDimensions] = {};
  int last = array.dimension_count() - 1;
  out.append(dimensions.size(), '{');
  for (uint32_t i = 0;;) {
    if (array.is_null(i)) {
      out += "NULL";
    } else {
      text.clear();
      element.output(array.datum(i), element, io, text);
      if (array_element_needs_quotes(text, element.delimiter)) {
        append_quoted(text, out);
      } else {
        out += text;
      }
    }
    if (++i == array.size()) break;
    int level = last;
    while (++position[level] == dimensions[static_cast<size_t>(level)].length)
      position[level--] = 0;
    out.append(static_cast<size_t>(last - level), '}');
    out.push_back(element.delimiter);
    out.append(static_cast<size_t>(last - level), '{');
  }
  out.append(dimensions.size(), '}');
}

Datum array_recv(std::string_view bytes, const TypeInfo& type, int32_t typmod, const IoContext& io,
                 Arena& arena) {
  auto fail = [](std::string text) {
    return SqlError(SqlState::kInvalidBinaryRepresentation, std::move(text));
  };
  const TypeInfo& element = type_info(type.element);
  WireReader reader(bytes);
  auto count = static_cast<int32_t>(reader.u32());
  if (count < 0) throw fail(fmt::format("invalid number of dimensions: {}", count));
  if (count > kMaxArrayDimensions) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "number of array dimensions ({}) exceeds the maximum allowed ({})", count,
                    kMaxArrayDimensions);
  }
  if (reader.u32() > 1) throw fail("invalid array flags");
  Oid sent = reader.u32();
  if (sent != element.oid) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "binary data has array element type {} ({}) instead of expected {} ({})", sent,
                    format_type(sent), element.oid, format_type(element.oid));
  }
  ArrayDimension dimensions[kMaxArrayDimensions];
  for (int i = 0; i < count; ++i) {
    dimensions[i].length = static_cast<int32_t>(reader.u32());
    dimensions[i].lower_bound = static_cast<int32_t>(reader.u32());
    if (dimensions[i].length < 0)
      throw fail(fmt::format("invalid array dimension: {}", dimensions[i].length));
  }
  std::span<const ArrayDimension> used(dimensions, static_cast<size_t>(count));
  uint32_t elements = array_element_count(used);
  if (elements == 0) return empty_array(element.oid);
  ArrayBuilder builder(element.oid, element.physical);
  for (uint32_t i = 0; i < elements; ++i) {
    auto length = static_cast<int32_t>(reader.u32());
    if (length == -1) {
      builder.add(Value::null());
    } else {
      if (length < 0) throw fail("insufficient data left in message");
      builder.add(
          element.receive(reader.take(static_cast<size_t>(length)), element, typmod, io, arena));
    }
  }
  reader.expect_end();
  return builder.finish(used, arena);
}

void array_send(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  ArrayView array(value);
  const TypeInfo& element = array.element_type();
  put_u32(out, static_cast<uint32_t>(array.dimension_count()));
  put_u32(out, array.has_nulls() ? 1 : 0);
  put_u32(out, array.element_oid());
  for (const ArrayDimension& dimension : array.dimensions()) {
    put_u32(out, static_cast<uint32_t>(dimension.length));
    put_u32(out, static_cast<uint32_t>(dimension.lower_bound));
  }
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) {
      put_u32(out, 0xFFFFFFFFu);
      continue;
    }
    size_t start = out.size();
    put_u32(out, 0);
    element.send(array.datum(i), element, io, out);
    uint32_t length = __builtin_bswap32(static_cast<uint32_t>(out.size() - start - 4));
    std::memcpy(out.data() + start, &length, sizeof length);
  }
}

int array_compare(const Datum& a, const Datum& b, const TypeInfo&) { return compare_arrays(a, b); }

uint64_t array_hash(const Datum& value, const TypeInfo&) {
  ArrayView array(value);
  const TypeInfo& element = array.element_type();
  if (element.hash == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction, "could not identify a hash function for type {}",
                    format_type(element.oid));
  }
  uint64_t hash = array.size();
  for (uint32_t i = 0; i < array.size(); ++i) {
    hash = hash_mix(hash, array.is_null(i) ? 0 : element.hash(array.datum(i), element));
  }
  return hash;
}

void array_key(const Datum& value, const TypeInfo&, std::string& out) {
  ArrayView array(value);
  const TypeInfo& element = array.element_type();
  for (uint32_t i = 0; i < array.size(); ++i) {
    put_u8(out, array.is_null(i) ? kKeyNull : kKeyValue);
    if (!array.is_null(i)) element.key_encode(array.datum(i), element, out);
  }
  put_u8(out, kKeyEnd);
  put_u8(out, static_cast<uint8_t>(array.dimension_count()));
  for (const ArrayDimension& d : array.dimensions()) put_key_int32(out, d.length);
  for (const ArrayDimension& d : array.dimensions()) put_key_int32(out, d.lower_bound);
}

Datum array_from_key(std::string_view& key, const TypeInfo& type, Arena& arena) {
  const TypeInfo& element = type_info(type.element);
  ArrayBuilder builder(element.oid, element.physical);
  for (;;) {
    auto mark = static_cast<uint8_t>(take_key_bytes(key, 1)[0]);
    if (mark == kKeyEnd) break;
    builder.add(mark == kKeyNull ? Value::null() : Value(element.key_decode(key, element, arena)));
  }
  auto count = static_cast<size_t>(take_key_bytes(key, 1)[0]);
  ArrayDimension dimensions[kMaxArrayDimensions];
  for (size_t i = 0; i < count; ++i) dimensions[i].length = take_key_int32(key);
  for (size_t i = 0; i < count; ++i) dimensions[i].lower_bound = take_key_int32(key);
  return builder.finish({dimensions, count}, arena);
}

// int2vector and oidvector: one dimension from 0, no NULLs, elements between blanks.
Datum vector_in(std::string_view text, const TypeInfo& type, int32_t typmod, const IoContext& io,
                Arena& arena) {
  const TypeInfo& element = type_info(type.element);
  ArrayBuilder builder(element.oid, element.physical);
  constexpr std::string_view kBlanks = " \t\n\r\v\f";
  for (;;) {
    size_t start = text.find_first_not_of(kBlanks);
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    builder.add(element.input(word, element, typmod, io, arena));
    text.remove_prefix(word.size());
  }
  return builder.finish(arena, 0);
}

void vector_out(const Datum& value, const TypeInfo&, const IoContext& io, std::string& out) {
  ArrayView array(value);
  const TypeInfo& element = array.element_type();
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (i != 0) out.push_back(' ');
    element.output(array.datum(i), element, io, out);
  }
}

// Shorter vectors come first.
int vector_compare(const Datum& a, const Datum& b, const TypeInfo&) {
  uint32_t x = ArrayView(a).size();
  uint32_t y = ArrayView(b).size();
  return x != y ? (x < y ? -1 : 1) : compare_arrays(a, b);
}

void vector_key(const Datum& value, const TypeInfo& type, std::string& out) {
  put_u32(out, ArrayView(value).size());
  array_key(value, type, out);
}

Datum vector_from_key(std::string_view& key, const TypeInfo& type, Arena& arena) {
  take_key_u32(key);
  return array_from_key(key, type, arena);
}

constexpr TypeCodec kArrayCodec = {
    "array",    PhysicalType::kVarlen, array_in,   array_out, array_recv,
    array_send, array_compare,         array_hash, array_key, array_from_key};

constexpr TypeCodec kVectorCodecs[] = {
    {"int2vector", PhysicalType::kVarlen, vector_in, vector_out, array_recv, array_send,
     vector_compare, array_hash, vector_key, vector_from_key},
    {"oidvector", PhysicalType::kVarlen, vector_in, vector_out, array_recv, array_send,
     vector_compare, array_hash, vector_key, vector_from_key},
};

}  // namespace

bool array_element_needs_quotes(std::string_view text, char delimiter) {
  if (text.empty()) return true;
  bool is_null_word =
      text.size() == 4 && std::equal(text.begin(), text.end(), "NULL", [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? a - 32 : a) == b;
      });
  return is_null_word || std::any_of(text.begin(), text.end(), [delimiter](char c) {
           return c == '"' || c == '\\' || c == '{' || c == '}' || c == delimiter || c == ' ' ||
                  (c >= '\t' && c <= '\r');
         });
}

const TypeCodec& array_codec() { return kArrayCodec; }

std::span<const TypeCodec> array_vector_codecs() { return kVectorCodecs; }

}  // namespace luma
