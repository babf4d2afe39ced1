// bit and bit varying: operators, parts, single bits, casts to and from integers, aggregates.
#include "engine/type/bit_string.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/type_comparison.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

// Where the bits of typed integers begin in a longer bit string, and how they fill a shorter one.
template <typename T>
Datum bits_of_integer(RowCall& call, T value, int32_t typmod) {
  // Without a length the cast is to bit(1).
  uint32_t length = typmod <= 0 ? 1 : static_cast<uint32_t>(typmod);
  constexpr uint32_t kWidth = sizeof(T) * 8;
  BitBuilder builder(length);
  for (uint32_t i = 0; i < length; ++i) {
    uint32_t place = length - 1 - i;  // from the lowest bit; the sign fills what is beyond
    builder.set(i, (value >> std::min(place, kWidth - 1) & 1) != 0);
  }
  return builder.finish(call.arena);
}

template <typename T>
T integer_of_bits(string_view value) {
  BitView bits(value);
  if (bits.size() > sizeof(T) * 8) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "{} out of range",
                    sizeof(T) == 8 ? "bigint" : "integer");
  }
  std::make_unsigned_t<T> result = 0;
  for (uint32_t i = 0; i < bits.size(); ++i) result = result << 1 | (bits.bit(i) ? 1u : 0u);
  return static_cast<T>(result);
}

int32_t length(string_view value) { return static_cast<int32_t>(BitView(value).size()); }
int32_t byte_length(string_view value) {
  return static_cast<int32_t>(BitView(value).bytes().size());
}
int64_t bit_count(string_view value) {
  int64_t count = 0;
  for (char c : BitView(value).bytes()) count += __builtin_popcount(static_cast<unsigned char>(c));
  return count;
}

Datum concatenate(RowCall& call, string_view a, string_view b) {
  BitView x(a), y(b);
  constexpr int64_t kMaxBits = INT32_MAX - 7;
  if (int64_t{x.size()} + y.size() > kMaxBits) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "bit string length exceeds the maximum allowed ({})", kMaxBits);
  }
  BitBuilder builder(x.size() + y.size());
  builder.copy(x, 0, x.size(), 0);
  builder.copy(y, 0, y.size(), x.size());
  return builder.finish(call.arena);
}

// Bits from the 1-based `from` up to before `end`, as far as there are any.
Datum slice(RowCall& call, const BitView& bits, int64_t from, int64_t end) {
  int64_t first = std::max<int64_t>(from, 1);
  int64_t last = std::min<int64_t>(end, int64_t{bits.size()} + 1);
  uint32_t count = last > first ? static_cast<uint32_t>(last - first) : 0;
  BitBuilder builder(count);
  if (count > 0) builder.copy(bits, static_cast<uint32_t>(first - 1), count, 0);
  return builder.finish(call.arena);
}
Datum part(RowCall& call, string_view value, int32_t from, int32_t count) {
  int64_t end = int64_t{from} + count;
  if (count < 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  return slice(call, BitView(value), from, end);
}
Datum part_from(RowCall& call, string_view value, int32_t from) {
  return slice(call, BitView(value), from, INT64_MAX);
}
Datum overlay4(RowCall& call, string_view value, string_view with, int32_t from, int32_t count) {
  if (from <= 0)
    throw sql_error(SqlState::kSubstringError, "negative substring length not allowed");
  int32_t after;
  if (__builtin_add_overflow(from, count, &after)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "integer out of range");
  }
  Datum head = slice(call, BitView(value), 1, from);
  Datum tail = slice(call, BitView(value), after, INT64_MAX);
  Datum start = concatenate(call, head.str.view(), with);
  return concatenate(call, start.str.view(), tail.str.view());
}
Datum overlay3(RowCall& call, string_view value, string_view with, int32_t from) {
  return overlay4(call, value, with, from, length(with));
}

int32_t position_of(string_view value, string_view wanted) {
  BitView bits(value), part(wanted);
  if (part.size() == 0) return bits.size() == 0 ? 0 : 1;
  if (part.size() > bits.size()) return 0;
  for (uint32_t start = 0; start <= bits.size() - part.size(); ++start) {
    uint32_t same = 0;
    while (same < part.size() && bits.bit(start + same) == part.bit(same)) ++same;
    if (same == part.size()) return static_cast<int32_t>(start) + 1;
  }
  return 0;
}

uint32_t checked_index(const BitView& bits, int32_t index) {
  if (index < 0 || static_cast<uint32_t>(index) >= bits.size()) {
    throw sql_error(SqlState::kArraySubscriptError, "bit index {} out of valid range (0..{})",
                    index, static_cast<int64_t>(bits.size()) - 1);
  }
  return static_cast<uint32_t>(index);
}
int32_t get_bit(string_view value, int32_t index) {
  BitView bits(value);
  return bits.bit(checked_index(bits, index)) ? 1 : 0;
}
Datum set_bit(RowCall& call, string_view value, int32_t index, int32_t on) {
  BitView bits(value);
  uint32_t at = checked_index(bits, index);
  if (on != 0 && on != 1)
    throw sql_error(SqlState::kInvalidParameterValue, "new bit must be 0 or 1");
  BitBuilder builder(bits.size());
  builder.copy(bits, 0, bits.size(), 0);
  builder.set(at, on == 1);
  return builder.finish(call.arena);
}

struct And {
  static constexpr const char* kVerb = "AND";
  static char apply(char a, char b) { return static_cast<char>(a & b); }
};
struct Or {
  static constexpr const char* kVerb = "OR";
  static char apply(char a, char b) { return static_cast<char>(a | b); }
};
struct Xor {
  static constexpr const char* kVerb = "XOR";
  static char apply(char a, char b) { return static_cast<char>(a ^ b); }
};
template <typename Op>
Datum combine(const BitView& x, const BitView& y, Arena& arena) {
  if (x.size() != y.size()) {
    throw sql_error(SqlState::kStringDataLengthMismatch, "cannot {} bit strings of different sizes",
                    Op::kVerb);
  }
  std::string bytes(x.bytes());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = Op::apply(bytes[i], y.bytes()[i]);
  return bits_of_bytes(x.size(), bytes, arena);
}
template <typename Op>
Datum combined(RowCall& call, string_view a, string_view b) {
  return combine<Op>(BitView(a), BitView(b), call.arena);
}
Datum inverted(RowCall& call, string_view value) {
  BitView bits(value);
  std::string bytes(bits.bytes());
  for (char& c : bytes) c = static_cast<char>(~c);
  return bits_of_bytes(bits.size(), bytes, call.arena);
}

// The length stays; zeros move in.
Datum shifted(RowCall& call, const BitView& bits, int64_t right) {
  BitBuilder builder(bits.size());
  auto distance =
      static_cast<uint32_t>(std::min<int64_t>(right < 0 ? -right : right, int64_t{bits.size()}));
  uint32_t kept = bits.size() - distance;
  builder.copy(bits, right < 0 ? distance : 0, kept, right < 0 ? 0 : distance);
  return builder.finish(call.arena);
}
Datum shift_left(RowCall& call, string_view value, int32_t distance) {
  return shifted(call, BitView(value), -int64_t{distance});
}
Datum shift_right(RowCall& call, string_view value, int32_t distance) {
  return shifted(call, BitView(value), distance);
}

template <bool is_fixed>
Datum fit(RowCall& call, const Datum& value, int32_t typmod, bool is_explicit) {
  return apply_bit_typmod(value, is_fixed, typmod, is_explicit, call.arena);
}

template <typename Op>
struct FoldBits {
  using Args = TypeList<StringRef>;
  struct State {
    std::string value;
    bool any = false;
  };
  static void add(const AggregateCall&, State& state, const StringRef& value) {
    if (!state.any) {
      state.value = value.view();
      state.any = true;
      return;
    }
    Arena arena;
    state.value = combine<Op>(BitView(state.value), BitView(value.view()), arena).str.view();
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, StringRef(from.value));
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    return copy_datum(Datum::of_string(state.value), PhysicalType::kVarlen, call.arena);
  }
};

const KernelRow kRows[] = {
    LUMA_TYPE_COMPARISONS("bit", "bit"),
    LUMA_TYPE_COMPARISONS("varbit", "varbit"),
    scalar_row("bitcmp(bit,bit)", strict_kernel<&TypeOrder::cmp>),
    scalar_row("varbitcmp(varbit,varbit)", strict_kernel<&TypeOrder::cmp>),
    scalar_row("bit(bit,int4,bool)", strict_kernel<&fit<true>>),
    scalar_row("varbit(varbit,int4,bool)", strict_kernel<&fit<false>>),
    scalar_row("bit(int4,int4)", strict_kernel<&bits_of_integer<int32_t>>, "bits of an integer"),
    scalar_row("bit(int8,int4)", strict_kernel<&bits_of_integer<int64_t>>, "bits of an integer"),
    scalar_row("int4(bit)", strict_kernel<&integer_of_bits<int32_t>>, "integer of bits"),
    scalar_row("int8(bit)", strict_kernel<&integer_of_bits<int64_t>>, "integer of bits"),
    scalar_row("length(bit)", strict_kernel<&length>, "number of bits"),
    scalar_row("bit_length(bit)", strict_kernel<&length>, "number of bits"),
    scalar_row("octet_length(bit)", strict_kernel<&byte_length>, "number of bytes"),
    scalar_row("bit_count(bit)", strict_kernel<&bit_count>, "number of bits set"),
    scalar_row("bitcat(varbit,varbit)", strict_kernel<&concatenate>),
    scalar_row("substring(bit,int4,int4)", strict_kernel<&part>, "part of the bits"),
    scalar_row("substring(bit,int4)", strict_kernel<&part_from>, "part of the bits"),
    scalar_row("overlay(bit,bit,int4,int4)", strict_kernel<&overlay4>, "replaces a part"),
    scalar_row("overlay(bit,bit,int4)", strict_kernel<&overlay3>, "replaces a part"),
    scalar_row("position(bit,bit)", strict_kernel<&position_of>, "where a part begins"),
    scalar_row("get_bit(bit,int4)", strict_kernel<&get_bit>, "one bit"),
    scalar_row("set_bit(bit,int4,int4)", strict_kernel<&set_bit>, "with one bit changed"),
    scalar_row("bitand(bit,bit)", strict_kernel<&combined<And>>),
    scalar_row("bitor(bit,bit)", strict_kernel<&combined<Or>>),
    scalar_row("bitxor(bit,bit)", strict_kernel<&combined<Xor>>),
    scalar_row("bitnot(bit)", strict_kernel<&inverted>),
    scalar_row("bitshiftleft(bit,int4)", strict_kernel<&shift_left>),
    scalar_row("bitshiftright(bit,int4)", strict_kernel<&shift_right>),
    aggregate_row("bit_and(bit)", aggregate_of<FoldBits<And>>(), "AND of all"),
    aggregate_row("bit_or(bit)", aggregate_of<FoldBits<Or>>(), "OR of all"),
    aggregate_row("bit_xor(bit)", aggregate_of<FoldBits<Xor>>(), "exclusive OR of all"),
};

}  // namespace

std::span<const KernelRow> bit_string_kernels() { return kRows; }

}  // namespace luma
