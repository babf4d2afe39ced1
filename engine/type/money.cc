#include "engine/type/money.h"

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"

namespace luma {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Sign, "$" and parentheses may stand around the number in any usual order; commas group digits.
int64_t parse_money(std::string_view text) {
  std::string_view rest = text;
  auto skip_blanks = [&] {
    while (!rest.empty() && is_blank(rest[0])) rest.remove_prefix(1);
  };
  auto accept = [&](char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  };
  bool negative = false;
  skip_blanks();
  accept('$');
  skip_blanks();
  if (accept('-') || accept('(')) {
    negative = true;
  } else {
    accept('+');
  }
  skip_blanks();
  accept('$');
  skip_blanks();
  // Accumulated as a negative number, whose range is the larger one.
  int64_t value = 0;
  bool overflow = false;
  int decimals = 0;
  bool seen_point = false;
  auto append = [&](int digit) {
    overflow |= __builtin_mul_overflow(value, int64_t{10}, &value);
    overflow |= __builtin_sub_overflow(value, int64_t{digit}, &value);
  };
  for (; !rest.empty(); rest.remove_prefix(1)) {
    char c = rest[0];
    if (is_digit(c) && (!seen_point || decimals < 2)) {
      append(c - '0');
      decimals += seen_point ? 1 : 0;
    } else if (c == '.' && !seen_point) {
      seen_point = true;
    } else if (c != ',' || seen_point) {
      break;
    }
  }
  if (!rest.empty() && is_digit(rest[0]) && rest[0] >= '5')
    overflow |= __builtin_sub_overflow(value, int64_t{1}, &value);
  for (; decimals < 2; ++decimals) append(0);
  while (!rest.empty() && is_digit(rest[0])) rest.remove_prefix(1);
  for (; !rest.empty(); rest.remove_prefix(1)) {
    char c = rest[0];
    if (c == '-') negative = true;
    if (!is_blank(c) && c != ')' && c != '-' && c != '+' && c != '$') {
      throw sql_error(SqlState::kInvalidTextRepresentation,
                      "invalid input syntax for type money: \"{}\"", text);
    }
  }
  if (!negative) overflow |= __builtin_sub_overflow(int64_t{0}, value, &value);
  if (overflow) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "value \"{}\" is out of range for type money", text);
  }
  return value;
}

Datum money_in(std::string_view text, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  return Datum::of_int64(parse_money(text));
}
void money_out(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  append_money(value.i64, out);
}
Datum money_recv(std::string_view bytes, const TypeInfo&, int32_t, const IoContext&, Arena&) {
  WireReader reader(bytes);
  auto value = static_cast<int64_t>(reader.u64());
  reader.expect_end();
  return Datum::of_int64(value);
}
void money_send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  put_u64(out, static_cast<uint64_t>(value.i64));
}

constexpr TypeCodec kCodecs[] = {
    {"money", PhysicalType::kInt64, money_in, money_out, money_recv, money_send,
     compare_member<&Datum::i64>, hash_member<&Datum::i64>, encode_int64_key, decode_int64_key},
};

}  // namespace

void append_money(int64_t cents, std::string& out) {
  uint64_t magnitude = cents < 0 ? 0 - static_cast<uint64_t>(cents) : static_cast<uint64_t>(cents);
  std::string whole = std::to_string(magnitude / 100);
  if (cents < 0) out.push_back('-');
  out.push_back('$');
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i != 0 && (whole.size() - i) % 3 == 0) out.push_back(',');
    out.push_back(whole[i]);
  }
  fmt::format_to(std::back_inserter(out), ".{:02}", magnitude % 100);
}

std::span<const TypeCodec> money_codecs() { return kCodecs; }

}  // namespace luma
