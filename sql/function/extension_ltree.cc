// ltree: labels of trees. What the types are is in engine/type/ltree.h.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/extension_type.h"
#include "engine/type/ltree.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"
#include "sql/function/type_comparison.h"

namespace luma {

namespace {

using std::string_view;
using OptionalDatum = std::optional<Datum>;

// --- paths ---
Datum part(RowCall& call, const LtreeLabels& labels, int64_t start, int64_t end) {
  const auto levels = static_cast<int64_t>(labels.size());
  if (start < 0 || end < 0 || start >= levels || start > end) {
    throw SqlError(SqlState::kInvalidParameterValue, "invalid positions");
  }
  end = std::min(end, levels);
  return arena_string(call.arena,
                      join_labels(labels, static_cast<size_t>(start), static_cast<size_t>(end)));
}
Datum subltree(RowCall& call, string_view tree, int32_t start, int32_t end) {
  return part(call, ltree_labels(tree), start, end);
}
constexpr int64_t kToTheEnd = 0xFFFF;
Datum subpath_of(RowCall& call, string_view tree, int64_t start, std::optional<int32_t> length) {
  const LtreeLabels labels = ltree_labels(tree);
  const auto levels = static_cast<int64_t>(labels.size());
  // A start before the beginning counts from the end, twice if need be.
  for (int i = 0; i < 2 && start < 0; ++i) start += levels;
  int64_t end = kToTheEnd;
  if (length) end = *length < 0 ? levels + *length : start + *length;
  return part(call, labels, start, end);
}
Datum subpath(RowCall& call, string_view tree, int32_t start, int32_t length) {
  return subpath_of(call, tree, start, length);
}
Datum subpath_from(RowCall& call, string_view tree, int32_t start) {
  return subpath_of(call, tree, start, std::nullopt);
}
int32_t level_count(string_view tree) { return static_cast<int32_t>(ltree_labels(tree).size()); }

int32_t index_from(string_view tree, string_view wanted, int32_t from) {
  const LtreeLabels labels = ltree_labels(tree), part = ltree_labels(wanted);
  const auto levels = static_cast<int64_t>(labels.size());
  int64_t start = from;
  if (start < 0) start = -start >= levels ? 0 : levels + start;
  if (levels - start < static_cast<int64_t>(part.size()) || labels.empty() || part.empty()) {
    return -1;
  }
  auto found = std::search(labels.begin() + start, labels.end(), part.begin(), part.end());
  return found == labels.end() ? -1 : static_cast<int32_t>(found - labels.begin());
}
int32_t index_of(string_view tree, string_view wanted) { return index_from(tree, wanted, 0); }

Datum concatenated(RowCall& call, string_view a, string_view b) {
  const size_t levels = ltree_labels(a).size() + ltree_labels(b).size();
  if (levels > kMaxLtreeLevels) {
    throw sql_error(SqlState::kProgramLimitExceeded,
                    "number of ltree levels ({}) exceeds the maximum allowed ({})", levels,
                    kMaxLtreeLevels);
  }
  std::string out(a);
  if (!a.empty() && !b.empty()) out += '.';
  out += b;
  return arena_string(call.arena, out);
}
Datum with_text(RowCall& call, string_view tree, string_view text) {
  return concatenated(call, tree, parse_ltree(text));
}
Datum after_text(RowCall& call, string_view text, string_view tree) {
  return concatenated(call, parse_ltree(text), tree);
}
Datum to_text(RowCall& call, string_view tree) { return arena_string(call.arena, tree); }
Datum of_text(RowCall& call, string_view text) {
  return arena_string(call.arena, parse_ltree(text));
}

// The longest path that is above all of them; NULL when one is empty.
OptionalDatum common_ancestor(RowCall& call, const std::vector<std::string>& trees) {
  if (trees.empty() || trees[0].empty()) return std::nullopt;
  const LtreeLabels first = ltree_labels(trees[0]);
  size_t common = first.size() - 1;
  for (const std::string& tree : trees) {
    if (tree.empty()) return std::nullopt;
    const LtreeLabels labels = ltree_labels(tree);
    common = std::min(common, labels.size() - 1);
    auto differ = std::mismatch(first.begin(), first.begin() + static_cast<ptrdiff_t>(common),
                                labels.begin());
    common = static_cast<size_t>(differ.first - first.begin());
  }
  return arena_string(call.arena, join_labels(first, 0, common));
}
Value common_of_arguments(RowCall& call, const Value* args) {
  std::vector<std::string> trees;
  for (size_t i = 0; i < call.expr.args.size(); ++i) {
    if (args[i].is_null) return Value::null();
    trees.emplace_back(args[i].datum.str.view());
  }
  OptionalDatum found = common_ancestor(call, trees);
  return found ? Value(*found) : Value::null();
}

// --- arrays ---
std::vector<std::string> elements_of(const Datum& array) {
  ArrayView view(array);
  if (view.dimension_count() > 1) {
    throw SqlError(SqlState::kArraySubscriptError, "array must be one-dimensional");
  }
  std::vector<std::string> out;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) {
      throw SqlError(SqlState::kNullValueNotAllowed, "array must not contain nulls");
    }
    Datum element = view.datum(i);
    out.emplace_back(element.str.view());
  }
  return out;
}
OptionalDatum common_of_array(RowCall& call, const Datum& array) {
  return common_ancestor(call, elements_of(array));
}

// --- tests: of a tree and what it is compared with, in that order ---
using Test = bool (*)(string_view tree, string_view other);
bool is_above(string_view tree, string_view other) { return ltree_contains(tree, other); }
bool is_below(string_view tree, string_view other) { return ltree_contains(other, tree); }
bool fits_query(string_view tree, string_view query) { return lquery_matches(query, tree); }
bool fits_condition(string_view tree, string_view query) { return ltxtquery_matches(query, tree); }

template <Test test>
bool turned(string_view other, string_view tree) {
  return test(tree, other);
}
template <Test test>
bool any_tree(const Datum& trees, string_view other) {
  auto all = elements_of(trees);
  return std::ranges::any_of(all, [&](const std::string& tree) { return test(tree, other); });
}
template <Test test>
bool any_tree_turned(string_view other, const Datum& trees) {
  return any_tree<test>(trees, other);
}
// The first tree that passes.
template <Test test>
OptionalDatum first_tree(RowCall& call, const Datum& trees, string_view other) {
  for (const std::string& tree : elements_of(trees)) {
    if (test(tree, other)) return arena_string(call.arena, tree);
  }
  return std::nullopt;
}
bool fits_any_query(string_view tree, const Datum& queries) {
  auto all = elements_of(queries);
  return std::ranges::any_of(all,
                             [&](const std::string& query) { return lquery_matches(query, tree); });
}
bool fits_any_query_turned(const Datum& queries, string_view tree) {
  return fits_any_query(tree, queries);
}
bool any_fits_any(const Datum& trees, const Datum& queries) {
  auto all = elements_of(trees);
  return std::ranges::any_of(
      all, [&](const std::string& tree) { return fits_any_query(tree, queries); });
}
bool any_fits_any_turned(const Datum& queries, const Datum& trees) {
  return any_fits_any(trees, queries);
}

ExtensionFunction equality_row(string_view signature) {
  ExtensionFunction row = extension_row(signature, "bool", strict_kernel<&TypeOrder::eq>);
  row.implementation.is_equality = true;
  return row;
}
constexpr ExtensionFunction test_row(string_view signature, VectorKernel kernel) {
  return extension_row(signature, "bool", kernel);
}
constexpr ExtensionFunction lca_row(string_view signature) {
  return extension_row(signature, "ltree", row_kernel<common_of_arguments>);
}

const ExtensionFunction kRows[] = {
    equality_row("ltree_eq(ltree,ltree)"),
    test_row("ltree_ne(ltree,ltree)", strict_kernel<&TypeOrder::ne>),
    test_row("ltree_lt(ltree,ltree)", strict_kernel<&TypeOrder::lt>),
    test_row("ltree_le(ltree,ltree)", strict_kernel<&TypeOrder::le>),
    test_row("ltree_gt(ltree,ltree)", strict_kernel<&TypeOrder::gt>),
    test_row("ltree_ge(ltree,ltree)", strict_kernel<&TypeOrder::ge>),
    extension_row("ltree_cmp(ltree,ltree)", "int4", strict_kernel<&TypeOrder::cmp>),
    extension_row("subltree(ltree,int4,int4)", "ltree", strict_kernel<&subltree>),
    extension_row("subpath(ltree,int4,int4)", "ltree", strict_kernel<&subpath>),
    extension_row("subpath(ltree,int4)", "ltree", strict_kernel<&subpath_from>),
    extension_row("index(ltree,ltree)", "int4", strict_kernel<&index_of>),
    extension_row("index(ltree,ltree,int4)", "int4", strict_kernel<&index_from>),
    extension_row("nlevel(ltree)", "int4", strict_kernel<&level_count>),
    extension_row("ltree2text(ltree)", "text", strict_kernel<&to_text>),
    extension_row("text2ltree(text)", "ltree", strict_kernel<&of_text>),
    extension_row("lca(_ltree)", "ltree", strict_kernel<&common_of_array>),
    lca_row("lca(ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree,ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree,ltree,ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree,ltree,ltree,ltree,ltree)"),
    lca_row("lca(ltree,ltree,ltree,ltree,ltree,ltree,ltree,ltree)"),
    extension_row("ltree_addltree(ltree,ltree)", "ltree", strict_kernel<&concatenated>),
    extension_row("ltree_addtext(ltree,text)", "ltree", strict_kernel<&with_text>),
    extension_row("ltree_textadd(text,ltree)", "ltree", strict_kernel<&after_text>),
    test_row("ltree_isparent(ltree,ltree)", strict_kernel<&is_above>),
    test_row("ltree_risparent(ltree,ltree)", strict_kernel<&is_below>),
    test_row("ltq_regex(ltree,lquery)", strict_kernel<&fits_query>),
    test_row("ltq_rregex(lquery,ltree)", strict_kernel<&turned<fits_query>>),
    test_row("lt_q_regex(ltree,_lquery)", strict_kernel<&fits_any_query>),
    test_row("lt_q_rregex(_lquery,ltree)", strict_kernel<&fits_any_query_turned>),
    test_row("ltxtq_exec(ltree,ltxtquery)", strict_kernel<&fits_condition>),
    test_row("ltxtq_rexec(ltxtquery,ltree)", strict_kernel<&turned<fits_condition>>),
    test_row("_ltree_isparent(_ltree,ltree)", strict_kernel<&any_tree<is_above>>),
    test_row("_ltree_r_isparent(ltree,_ltree)", strict_kernel<&any_tree_turned<is_above>>),
    test_row("_ltree_risparent(_ltree,ltree)", strict_kernel<&any_tree<is_below>>),
    test_row("_ltree_r_risparent(ltree,_ltree)", strict_kernel<&any_tree_turned<is_below>>),
    test_row("_ltq_regex(_ltree,lquery)", strict_kernel<&any_tree<fits_query>>),
    test_row("_ltq_rregex(lquery,_ltree)", strict_kernel<&any_tree_turned<fits_query>>),
    test_row("_lt_q_regex(_ltree,_lquery)", strict_kernel<&any_fits_any>),
    test_row("_lt_q_rregex(_lquery,_ltree)", strict_kernel<&any_fits_any_turned>),
    test_row("_ltxtq_exec(_ltree,ltxtquery)", strict_kernel<&any_tree<fits_condition>>),
    test_row("_ltxtq_rexec(ltxtquery,_ltree)", strict_kernel<&any_tree_turned<fits_condition>>),
    extension_row("_ltree_extract_isparent(_ltree,ltree)", "ltree",
                  strict_kernel<&first_tree<is_above>>),
    extension_row("_ltree_extract_risparent(_ltree,ltree)", "ltree",
                  strict_kernel<&first_tree<is_below>>),
    extension_row("_ltq_extract_regex(_ltree,lquery)", "ltree",
                  strict_kernel<&first_tree<fits_query>>),
    extension_row("_ltxtq_extract_exec(_ltree,ltxtquery)", "ltree",
                  strict_kernel<&first_tree<fits_condition>>),
};

}  // namespace

std::span<const ExtensionFunction> ltree_functions() { return kRows; }

}  // namespace luma
