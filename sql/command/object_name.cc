#include "sql/command/object_name.h"

#include <algorithm>

#include "sql/command/command_target.h"

namespace luma {
namespace {

constexpr size_t kMaxNameBytes = 63;

std::string_view clipped(std::string_view text, size_t size_bytes) {
  if (text.size() <= size_bytes) return text;
  while (size_bytes > 0 && (static_cast<unsigned char>(text[size_bytes]) & 0xC0) == 0x80) {
    --size_bytes;
  }
  return text.substr(0, size_bytes);
}

bool constraint_exists(const Catalog& catalog, Oid schema, std::string_view name) {
  bool found = false;
  catalog.for_each_relation([&](const Relation& relation) {
    if (found || relation.kind != ObjectKind::kTable || relation.schema != schema) return;
    found = static_cast<const Table&>(relation).find_constraint(name) != nullptr;
  });
  catalog.for_each_type([&](const Type& type) {
    if (found || type.schema != schema) return;
    found = std::ranges::find(type.constraints, name, &Constraint::name) != type.constraints.end();
  });
  return found;
}

template <typename IsTaken>
std::string first_free(std::string_view first, std::string_view second, std::string_view label,
                       const IsTaken& is_taken) {
  for (int pass = 0;; ++pass) {
    std::string numbered = pass == 0 ? std::string(label) : fmt::format("{}{}", label, pass);
    std::string name = combined_name(first, second, numbered);
    if (!is_taken(name)) return name;
  }
}

}  // namespace

std::string combined_name(std::string_view first, std::string_view second, std::string_view label) {
  size_t overhead = (second.empty() ? 0 : 1) + (label.empty() ? 0 : label.size() + 1);
  size_t available = kMaxNameBytes - overhead;
  size_t first_size = first.size(), second_size = second.size();
  while (first_size + second_size > available) {
    if (first_size > second_size) {
      --first_size;
    } else {
      --second_size;
    }
  }
  std::string out(clipped(first, first_size));
  if (!second.empty()) out += "_" + std::string(clipped(second, second_size));
  if (!label.empty()) out += "_" + std::string(label);
  return out;
}

std::string free_relation_name(const Catalog& catalog, Oid schema, std::string_view first,
                               std::string_view second, std::string_view label, bool constraint) {
  return first_free(first, second, label, [&](const std::string& name) {
    return catalog.find_relation(schema, name) != nullptr ||
           (constraint && constraint_exists(catalog, schema, name));
  });
}

std::string free_constraint_name(const Catalog& catalog, Oid schema, std::string_view first,
                                 std::string_view second, std::string_view label,
                                 const std::vector<std::string>& taken) {
  return first_free(first, second, label, [&](const std::string& name) {
    return std::ranges::find(taken, name) != taken.end() ||
           constraint_exists(catalog, schema, name);
  });
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += '_';
    out += name;
    if (out.size() >= kMaxNameBytes) break;
  }
  return out;
}

std::string index_column_name(const ast::Node* expression) {
  if (const auto* call = ast::try_as<ast::FuncCall>(expression)) {
    return std::string(call->funcname.back());
  }
  if (const auto* cast = ast::try_as<ast::TypeCast>(expression)) {
    std::string inner = index_column_name(cast->arg);
    return inner != "expr" ? inner : std::string(cast->type_name->names.back());
  }
  if (const auto* collate = ast::try_as<ast::CollateClause>(expression)) {
    return index_column_name(collate->arg);
  }
  if (const auto* column = ast::try_as<ast::ColumnRef>(expression)) {
    const auto* name = ast::try_as<ast::String>(column->fields.back());
    if (name != nullptr) return std::string(name->sval);
  }
  if (const auto* field = ast::try_as<ast::AIndirection>(expression)) {
    for (size_t i = field->indirection.size(); i-- > 0;) {
      if (const auto* name = ast::try_as<ast::String>(field->indirection[i])) {
        return std::string(name->sval);
      }
    }
    return index_column_name(field->arg);
  }
  if (ast::is<ast::CoalesceExpr>(expression)) return "coalesce";
  if (ast::is<ast::CaseExpr>(expression)) return "case";
  if (ast::is<ast::AArrayExpr>(expression)) return "array";
  if (ast::is<ast::RowExpr>(expression)) return "row";
  if (const auto* call = ast::try_as<ast::MinMaxExpr>(expression)) {
    return call->op == ast::MinMaxOp::kGreatest ? "greatest" : "least";
  }
  if (const auto* op = ast::try_as<ast::AExpr>(expression);
      op != nullptr && op->kind == ast::AExprKind::kNullif) {
    return "nullif";
  }
  return "expr";
}

}  // namespace luma
