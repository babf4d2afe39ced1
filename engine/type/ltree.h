#pragma once
// ltree, lquery and ltxtquery: paths of labels, patterns of paths, and conditions on their labels.
// The bytes of all three are their texts in canonical form. Pure functions. Errors are those of
// PostgreSQL's extension.
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/type_codec.h"

namespace luma {

inline constexpr size_t kMaxLtreeLevels = 65535;

// Throw 42601, 42622, 54000.
std::string parse_ltree(std::string_view text);
std::string parse_lquery(std::string_view text);
std::string parse_ltxtquery(std::string_view text);  // 22023 too

using LtreeLabels = std::vector<std::string_view>;
LtreeLabels ltree_labels(std::string_view tree);
std::string join_labels(const LtreeLabels& labels, size_t from, size_t to);

int compare_ltree(std::string_view a, std::string_view b);
// Every label of `ancestor` is where it is in `tree`.
bool ltree_contains(std::string_view ancestor, std::string_view tree);
bool lquery_matches(std::string_view query, std::string_view tree);
bool ltxtquery_matches(std::string_view query, std::string_view tree);

}  // namespace luma
