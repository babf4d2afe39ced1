// Comparisons of text, varchar, bpchar, name and bytea: bytewise, which for UTF-8 is code point
// order.
#include "engine/exec/kernel_adapter.h"
#include "engine/type/string.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

int compare_strings(const StringRef& a, const StringRef& b) {
  size_t common = std::min(a.size(), b.size());
  int order = std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order < 0 ? -1 : 1;
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

int compare_padded(const StringRef& a, const StringRef& b) {
  int order = trim_trailing_blanks(a.view()).compare(trim_trailing_blanks(b.view()));
  return order < 0 ? -1 : order > 0;
}

// Where one has something else than the other, no blanks behind it make them equal.
bool equal_padded(const StringRef& a, const StringRef& b) {
  const size_t common = std::min(a.size(), b.size());
  if (std::memcmp(a.data(), b.data(), common) != 0) return false;
  const string_view rest = (a.size() > b.size() ? a : b).view().substr(common);
  return rest.find_first_not_of(' ') == string_view::npos;
}

constexpr auto kEq = [](const StringRef& a, const StringRef& b) -> bool { return a == b; };
constexpr auto kNe = [](const StringRef& a, const StringRef& b) -> bool { return !(a == b); };

constexpr auto kPaddedEq = [](const StringRef& a, const StringRef& b) -> bool {
  return equal_padded(a, b);
};
constexpr auto kPaddedNe = [](const StringRef& a, const StringRef& b) -> bool {
  return !equal_padded(a, b);
};

template <int (*compare)(const StringRef&, const StringRef&)>
struct Order {
  static constexpr auto kLess = [](const StringRef& a, const StringRef& b) -> bool {
    return compare(a, b) < 0;
  };
  static constexpr auto kLessEqual = [](const StringRef& a, const StringRef& b) -> bool {
    return compare(a, b) <= 0;
  };
  static constexpr auto kGreater = [](const StringRef& a, const StringRef& b) -> bool {
    return compare(a, b) > 0;
  };
  static constexpr auto kGreaterEqual = [](const StringRef& a, const StringRef& b) -> bool {
    return compare(a, b) >= 0;
  };
  static constexpr auto kThreeWay = [](const StringRef& a, const StringRef& b) -> int32_t {
    return compare(a, b);
  };
  static constexpr auto kLarger = [](const StringRef& a, const StringRef& b) -> StringRef {
    return compare(a, b) > 0 ? a : b;
  };
  static constexpr auto kSmaller = [](const StringRef& a, const StringRef& b) -> StringRef {
    return compare(a, b) < 0 ? a : b;
  };
};
using Plain = Order<compare_strings>;
using Padded = Order<compare_padded>;

#define LUMA_STRING_ORDER(lt, le, gt, ge, args, O)                 \
  comparison_row(lt args, strict_comparison<O::kLess>()),          \
      comparison_row(le args, strict_comparison<O::kLessEqual>()), \
      comparison_row(gt args, strict_comparison<O::kGreater>()),   \
      comparison_row(ge args, strict_comparison<O::kGreaterEqual>())

const KernelRow kRows[] = {
    comparison_row("texteq(text,text)", strict_comparison<kEq>(true)),
    comparison_row("textne(text,text)", strict_comparison<kNe>()),
    LUMA_STRING_ORDER("text_lt", "text_le", "text_gt", "text_ge", "(text,text)", Plain),
    LUMA_STRING_ORDER("text_pattern_lt", "text_pattern_le", "text_pattern_gt", "text_pattern_ge",
                      "(text,text)", Plain),
    scalar_row("bttextcmp(text,text)", strict_kernel<Plain::kThreeWay>),
    scalar_row("bttext_pattern_cmp(text,text)", strict_kernel<Plain::kThreeWay>),
    scalar_row("text_larger(text,text)", strict_kernel<Plain::kLarger>),
    scalar_row("text_smaller(text,text)", strict_kernel<Plain::kSmaller>),
    comparison_row("bpchareq(bpchar,bpchar)", strict_comparison<kPaddedEq>(true)),
    comparison_row("bpcharne(bpchar,bpchar)", strict_comparison<kPaddedNe>()),
    LUMA_STRING_ORDER("bpcharlt", "bpcharle", "bpchargt", "bpcharge", "(bpchar,bpchar)", Padded),
    LUMA_STRING_ORDER("bpchar_pattern_lt", "bpchar_pattern_le", "bpchar_pattern_gt",
                      "bpchar_pattern_ge", "(bpchar,bpchar)", Padded),
    scalar_row("bpcharcmp(bpchar,bpchar)", strict_kernel<Padded::kThreeWay>),
    scalar_row("btbpchar_pattern_cmp(bpchar,bpchar)", strict_kernel<Padded::kThreeWay>),
    scalar_row("bpchar_larger(bpchar,bpchar)", strict_kernel<Padded::kLarger>),
    scalar_row("bpchar_smaller(bpchar,bpchar)", strict_kernel<Padded::kSmaller>),
    comparison_row("nameeq(name,name)", strict_comparison<kEq>(true)),
    comparison_row("namene(name,name)", strict_comparison<kNe>()),
    LUMA_STRING_ORDER("namelt", "namele", "namegt", "namege", "(name,name)", Plain),
    scalar_row("btnamecmp(name,name)", strict_kernel<Plain::kThreeWay>),
    comparison_row("nameeqtext(name,text)", strict_comparison<kEq>(true)),
    comparison_row("namenetext(name,text)", strict_comparison<kNe>()),
    LUMA_STRING_ORDER("namelttext", "nameletext", "namegttext", "namegetext", "(name,text)", Plain),
    scalar_row("btnametextcmp(name,text)", strict_kernel<Plain::kThreeWay>),
    comparison_row("texteqname(text,name)", strict_comparison<kEq>(true)),
    comparison_row("textnename(text,name)", strict_comparison<kNe>()),
    LUMA_STRING_ORDER("textltname", "textlename", "textgtname", "textgename", "(text,name)", Plain),
    scalar_row("bttextnamecmp(text,name)", strict_kernel<Plain::kThreeWay>),
    comparison_row("byteaeq(bytea,bytea)", strict_comparison<kEq>(true)),
    comparison_row("byteane(bytea,bytea)", strict_comparison<kNe>()),
    LUMA_STRING_ORDER("bytealt", "byteale", "byteagt", "byteage", "(bytea,bytea)", Plain),
    scalar_row("byteacmp(bytea,bytea)", strict_kernel<Plain::kThreeWay>),
};

}  // namespace

std::span<const KernelRow> text_compare_kernels() { return kRows; }

}  // namespace luma
