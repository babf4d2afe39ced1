// macaddr and macaddr8.
#include "engine/base/sql_error.h"
#include "sql/function/comparison_rows.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

constexpr uint64_t kSixBytes = 0xFFFFFFFFFFFFu;

constexpr auto kNot6 = [](uint64_t a) -> uint64_t { return ~a & kSixBytes; };
constexpr auto kNot8 = [](uint64_t a) -> uint64_t { return ~a; };
constexpr auto kAnd = [](uint64_t a, uint64_t b) -> uint64_t { return a & b; };
constexpr auto kOr = [](uint64_t a, uint64_t b) -> uint64_t { return a | b; };
// The maker's three bytes stay.
constexpr auto kTrunc6 = [](uint64_t a) -> uint64_t { return a & ~uint64_t{0xFFFFFF}; };
constexpr auto kTrunc8 = [](uint64_t a) -> uint64_t { return a & ~uint64_t{0xFFFFFFFFFF}; };
constexpr auto kSet7 = [](uint64_t a) -> uint64_t { return a | uint64_t{2} << 56; };
constexpr auto kWiden = [](uint64_t a) -> uint64_t {
  return (a & 0xFFFFFF000000u) << 16 | uint64_t{0xFFFE} << 24 | (a & 0xFFFFFFu);
};

uint64_t narrow(uint64_t a) {
  if ((a >> 24 & 0xFFFF) != 0xFFFE) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "macaddr8 data out of range to convert to macaddr")
        .hint(
            "Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, "
            "for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to "
            "macaddr.");
  }
  return (a >> 16 & 0xFFFFFF000000u) | (a & 0xFFFFFFu);
}

const KernelRow kRows[] = {
    LUMA_COMPARISONS("macaddr_", "macaddr", "macaddr", uint64_t, uint64_t),
    LUMA_COMPARE_ROW("macaddr_cmp", "macaddr", "macaddr", uint64_t, uint64_t),
    LUMA_COMPARISONS("macaddr8_", "macaddr8", "macaddr8", uint64_t, uint64_t),
    LUMA_COMPARE_ROW("macaddr8_cmp", "macaddr8", "macaddr8", uint64_t, uint64_t),
    scalar_row("macaddr_not(macaddr)", total_kernel<kNot6>),
    scalar_row("macaddr_and(macaddr,macaddr)", total_kernel<kAnd>),
    scalar_row("macaddr_or(macaddr,macaddr)", total_kernel<kOr>),
    scalar_row("macaddr8_not(macaddr8)", total_kernel<kNot8>),
    scalar_row("macaddr8_and(macaddr8,macaddr8)", total_kernel<kAnd>),
    scalar_row("macaddr8_or(macaddr8,macaddr8)", total_kernel<kOr>),
    scalar_row("trunc(macaddr)", total_kernel<kTrunc6>, "without the last three bytes"),
    scalar_row("trunc(macaddr8)", total_kernel<kTrunc8>, "without the last five bytes"),
    scalar_row("macaddr8_set7bit(macaddr8)", total_kernel<kSet7>, "in modified EUI-64 form"),
    scalar_row("macaddr8(macaddr)", total_kernel<kWiden>, "with FF FE in the middle"),
    scalar_row("macaddr(macaddr8)", strict_kernel<&narrow>, "without FF FE in the middle"),
};

}  // namespace

std::span<const KernelRow> mac_address_kernels() { return kRows; }

}  // namespace luma
