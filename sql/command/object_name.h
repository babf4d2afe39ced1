#pragma once
// Names that PostgreSQL makes up for indexes, constraints and sequences.
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/ddl.h"
#include "sql/catalog/catalog.h"

namespace luma {

// "first_second_label" within 63 bytes; the longer of the first two is cut.
std::string combined_name(std::string_view first, std::string_view second, std::string_view label);

// A name that no relation of the schema has; with `constraint` no constraint either.
std::string free_relation_name(const Catalog& catalog, Oid schema, std::string_view first,
                               std::string_view second, std::string_view label,
                               bool constraint = false);
// A name that no constraint of the schema has, nor `taken` (names given in the same command).
std::string free_constraint_name(const Catalog& catalog, Oid schema, std::string_view first,
                                 std::string_view second, std::string_view label,
                                 const std::vector<std::string>& taken);

// "a_b" of several columns.
std::string joined_names(const std::vector<std::string>& names);

// What an index expression is called in an index name: the function's name, else "expr".
std::string index_column_name(const ast::Node* expression);

}  // namespace luma
