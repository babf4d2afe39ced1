// Character encodings: names, and conversion of bytes between them.
#include "engine/type/encoding.h"

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

const TextEncoding& encoding_named(string_view name, string_view role) {
  const TextEncoding* found = find_encoding(name);
  if (found != nullptr) return *found;
  throw sql_error(SqlState::kInvalidParameterValue, "invalid {}encoding name \"{}\"", role, name);
}

void verify(const TextEncoding& encoding, string_view bytes) {
  encoding.id == kUtf8Encoding ? verify_utf8(bytes) : verify_encoding(encoding, bytes);
}

// Encodings between which PostgreSQL converts without UTF-8's being one of the two.
bool is_direct_pair(string_view a, string_view b) {
  struct Pair {
    string_view a, b;
  };
  static constexpr Pair kPairs[] = {
      {"LATIN2", "WIN1250"},    {"KOI8R", "WIN1251"},
      {"KOI8R", "WIN866"},      {"KOI8R", "ISO_8859_5"},
      {"WIN1251", "WIN866"},    {"WIN1251", "ISO_8859_5"},
      {"WIN866", "ISO_8859_5"}, {"EUC_JP", "SJIS"},
      {"EUC_TW", "BIG5"},       {"EUC_JIS_2004", "SHIFT_JIS_2004"},
  };
  for (const Pair& pair : kPairs) {
    if ((pair.a == a && pair.b == b) || (pair.a == b && pair.b == a)) return true;
  }
  return false;
}

std::string transcode(string_view bytes, const TextEncoding& from, const TextEncoding& to) {
  verify(from, bytes);
  if (from.id == to.id || to.id == kSqlAsciiEncoding || bytes.empty()) return std::string(bytes);
  if (from.id == kSqlAsciiEncoding) {
    verify(to, bytes);
    return std::string(bytes);
  }
  const bool from_utf8 = from.id == kUtf8Encoding, to_utf8 = to.id == kUtf8Encoding;
  const bool convertible = (from_utf8 || from.iconv_name != nullptr) &&
                           (to_utf8 || to.iconv_name != nullptr) &&
                           (from_utf8 || to_utf8 || is_direct_pair(from.name, to.name));
  if (!convertible) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "default conversion function for encoding \"{}\" to \"{}\" does not exist",
                    from.name, to.name);
  }
  std::string text = from_utf8 ? std::string(bytes) : Transcoder(from).to_utf8(bytes);
  return to_utf8 ? text : Transcoder(to).from_utf8(text);
}

Datum convert(RowCall& call, string_view bytes, string_view from, string_view to) {
  return arena_string(call.arena, transcode(bytes, encoding_named(from, "source "),
                                            encoding_named(to, "destination ")));
}
Datum convert_from(RowCall& call, string_view bytes, string_view from) {
  return arena_string(
      call.arena, transcode(bytes, encoding_named(from, "source "), *find_encoding(kUtf8Encoding)));
}
Datum convert_to(RowCall& call, string_view text, string_view to) {
  return arena_string(call.arena, transcode(text, *find_encoding(kUtf8Encoding),
                                            encoding_named(to, "destination ")));
}

int32_t length_in_encoding(string_view bytes, string_view name) {
  const TextEncoding& encoding = encoding_named(name, "");
  verify(encoding, bytes);
  int32_t count = 0;
  for (; !bytes.empty(); ++count) bytes.remove_prefix(character_bytes(encoding, bytes));
  return count;
}

Value encoding_name(RowCall& call, const Value* args) {
  const TextEncoding* found = find_encoding(args[0].datum.i32);
  return arena_string(call.arena, found == nullptr ? string_view() : found->name);
}
Value encoding_number(RowCall&, const Value* args) {
  const TextEncoding* found = find_encoding(args[0].datum.str.view());
  return Datum::of_int32(found == nullptr ? -1 : found->id);
}
Value encoding_width(RowCall&, const Value* args) {
  const TextEncoding* found = find_encoding(args[0].datum.i32);
  if (found == nullptr) return Value::null();
  return Datum::of_int32(found->max_bytes);
}

const KernelRow kRows[] = {
    scalar_row("convert(bytea,name,name)", strict_kernel<convert>,
               "bytes of text in another encoding"),
    scalar_row("convert_from(bytea,name)", strict_kernel<convert_from>,
               "text of bytes in an encoding"),
    scalar_row("convert_to(text,name)", strict_kernel<convert_to>,
               "bytes of a text in an encoding"),
    scalar_row("length(bytea,name)", strict_kernel<length_in_encoding>,
               "number of characters of a text in the encoding"),
    scalar_row("pg_encoding_to_char(int4)", row_kernel<encoding_name>, "name of an encoding"),
    scalar_row("pg_char_to_encoding(name)", row_kernel<encoding_number>, "number of an encoding"),
    scalar_row("pg_encoding_max_length(int4)", row_kernel<encoding_width>,
               "most bytes of one character"),
};

}  // namespace

std::span<const KernelRow> encoding_kernels() { return kRows; }

}  // namespace luma
