// pg_snapshot, xid8, pg_lsn; amounts of money in words.
#include "engine/type/snapshot.h"

#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/type/numeric.h"
#include "engine/type/utf8_text.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

// --- snapshots ---
uint64_t snapshot_xmin(string_view value) { return read_snapshot(value).xmin; }
uint64_t snapshot_xmax(string_view value) { return read_snapshot(value).xmax; }
bool is_visible(uint64_t id, string_view value) { return read_snapshot(value).is_visible(id); }

class RunningIds final : public TableFunctionState {
 public:
  explicit RunningIds(std::vector<uint64_t> ids) : ids_(std::move(ids)) {}
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < ids_.size() && count < out.columns[0].capacity()) {
      out.columns[0].set_value(count++, Datum::of_int64(static_cast<int64_t>(ids_[at_++])));
    }
    out.size = count;
  }

 private:
  std::vector<uint64_t> ids_;
  size_t at_ = 0;
};
std::unique_ptr<TableFunctionState> running_ids(EvalContext&, const Expr&,
                                                std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  return std::make_unique<RunningIds>(read_snapshot(args[0].datum.str.view()).running);
}

// --- pg_lsn ---
constexpr auto kLarger = [](uint64_t a, uint64_t b) -> uint64_t { return std::max(a, b); };
constexpr auto kSmaller = [](uint64_t a, uint64_t b) -> uint64_t { return std::min(a, b); };
constexpr auto kXidOfXid8 = [](uint64_t a) -> uint32_t { return static_cast<uint32_t>(a); };

Datum numeric_of(uint64_t lsn, Arena& arena) {
  return numeric_from_int128(static_cast<Int128>(lsn), arena);
}
std::string numeric_text(const Datum& value) {
  const TypeInfo& type = type_info(type_oid::kNumeric);
  std::string text;
  type.output(value, type, IoContext(), text);
  return text;
}
uint64_t lsn_of(const Datum& value, Arena& arena) {
  std::string text = numeric_text(numeric_round(value, 0, arena));
  if (text == "NaN")
    throw sql_error(SqlState::kFeatureNotSupported, "cannot convert NaN to pg_lsn");
  if (text.ends_with("Infinity"))
    throw sql_error(SqlState::kFeatureNotSupported, "cannot convert infinity to pg_lsn");
  uint64_t lsn = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lsn);
  if (error != std::errc() || end != text.data() + text.size())
    throw sql_error(SqlState::kInvalidParameterValue, "pg_lsn out of range");
  return lsn;
}
uint64_t lsn_of_numeric(RowCall& call, const Datum& value) { return lsn_of(value, call.arena); }
uint64_t lsn_plus(RowCall& call, uint64_t lsn, const Datum& bytes) {
  if (numeric_text(bytes) == "NaN")
    throw sql_error(SqlState::kFeatureNotSupported, "cannot add NaN to pg_lsn");
  return lsn_of(numeric_add(numeric_of(lsn, call.arena), bytes, call.arena), call.arena);
}
uint64_t plus_lsn(RowCall& call, const Datum& bytes, uint64_t lsn) {
  return lsn_plus(call, lsn, bytes);
}
uint64_t lsn_minus(RowCall& call, uint64_t lsn, const Datum& bytes) {
  if (numeric_text(bytes) == "NaN")
    throw sql_error(SqlState::kFeatureNotSupported, "cannot subtract NaN from pg_lsn");
  return lsn_of(numeric_sub(numeric_of(lsn, call.arena), bytes, call.arena), call.arena);
}
Datum lsn_difference(RowCall& call, uint64_t a, uint64_t b) {
  return numeric_from_int128(static_cast<Int128>(a) - static_cast<Int128>(b), call.arena);
}

// --- money in words ---
constexpr const char* kSmall[] = {"zero",    "one",     "two",       "three",    "four",
                                  "five",    "six",     "seven",     "eight",    "nine",
                                  "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                  "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr const char* kTens[] = {"",      "",      "twenty",  "thirty", "forty",
                                 "fifty", "sixty", "seventy", "eighty", "ninety"};

std::string words_below_thousand(uint64_t number) {
  std::string out;
  uint64_t rest = number % 100;
  if (number > 99) {
    out = fmt::format("{} hundred", kSmall[number / 100]);
    if (rest == 0) return out;
    out += rest < 20 && rest != 0 ? " and " : " ";
  }
  if (rest < 20) return out + kSmall[rest];
  out += kTens[rest / 10];
  return rest % 10 == 0 ? out : out + " " + kSmall[rest % 10];
}

Datum money_words(RowCall& call, int64_t cents) {
  struct Unit {
    uint64_t cents;
    const char* name;
  };
  constexpr Unit kUnits[] = {{100'000'000'000'000'000u, " quadrillion "},
                             {100'000'000'000'000u, " trillion "},
                             {100'000'000'000u, " billion "},
                             {100'000'000u, " million "},
                             {100'000u, " thousand "},
                             {100u, ""}};
  auto amount = static_cast<uint64_t>(cents);
  std::string out;
  if (cents < 0) {
    amount = 0 - amount;
    out = "minus ";
  }
  for (const Unit& unit : kUnits) {
    uint64_t count = amount / unit.cents % 1000;
    if (count != 0) out += words_below_thousand(count) + unit.name;
  }
  if (amount < 100) out += kSmall[0];
  out += amount / 100 == 1 ? " dollar and " : " dollars and ";
  out += words_below_thousand(amount % 100);
  out += amount % 100 == 1 ? " cent" : " cents";
  out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return arena_string(call.arena, out);
}

const KernelRow kRows[] = {
    scalar_row("pg_snapshot_xmin(pg_snapshot)", strict_kernel<&snapshot_xmin>,
               "lowest transaction still running"),
    scalar_row("pg_snapshot_xmax(pg_snapshot)", strict_kernel<&snapshot_xmax>,
               "first transaction not yet begun"),
    scalar_row("pg_visible_in_snapshot(xid8,pg_snapshot)", strict_kernel<&is_visible>,
               "whether the transaction had committed"),
    table_row("pg_snapshot_xip(pg_snapshot)", running_ids, "running transactions"),
    table_row("txid_snapshot_xip(txid_snapshot)", running_ids, "running transactions"),
    LUMA_COMPARISONS("xid8", "xid8", "xid8", uint64_t, uint64_t),
    LUMA_COMPARE_ROW("xid8cmp", "xid8", "xid8", uint64_t, uint64_t),
    scalar_row("xid8_larger(xid8,xid8)", total_kernel<kLarger>),
    scalar_row("xid8_smaller(xid8,xid8)", total_kernel<kSmaller>),
    scalar_row("xid(xid8)", total_kernel<kXidOfXid8>, "the lower 32 bits"),
    LUMA_COMPARISONS("pg_lsn_", "pg_lsn", "pg_lsn", uint64_t, uint64_t),
    LUMA_COMPARE_ROW("pg_lsn_cmp", "pg_lsn", "pg_lsn", uint64_t, uint64_t),
    scalar_row("pg_lsn_larger(pg_lsn,pg_lsn)", total_kernel<kLarger>),
    scalar_row("pg_lsn_smaller(pg_lsn,pg_lsn)", total_kernel<kSmaller>),
    scalar_row("pg_lsn(numeric)", strict_kernel<&lsn_of_numeric>, "log position of a number"),
    scalar_row("pg_lsn_pli(pg_lsn,numeric)", strict_kernel<&lsn_plus>),
    scalar_row("numeric_pl_pg_lsn(numeric,pg_lsn)", strict_kernel<&plus_lsn>),
    scalar_row("pg_lsn_mii(pg_lsn,numeric)", strict_kernel<&lsn_minus>),
    scalar_row("pg_lsn_mi(pg_lsn,pg_lsn)", strict_kernel<&lsn_difference>),
    scalar_row("pg_wal_lsn_diff(pg_lsn,pg_lsn)", strict_kernel<&lsn_difference>,
               "bytes between two log positions"),
    scalar_row("cash_words(money)", strict_kernel<&money_words>, "amount in words"),
};

}  // namespace

std::span<const KernelRow> snapshot_kernels() { return kRows; }

}  // namespace luma
