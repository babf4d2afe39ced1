#include "sql/catalog/partition.h"

#include <algorithm>

#include "engine/table/partition_router.h"
#include "engine/type/type_info.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/definition_text.h"
#include "sql/parse/deparse.h"

namespace luma {
namespace {

// A constant that stands alone (`typed`: as part of an expression).
std::string literal(const std::string& text, TypeRef type, bool typed) {
  bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  switch (type.oid) {
    case type_oid::kInt4:
      if (digits) return text;
      break;
    case type_oid::kNumeric:
      if (!text.empty() && text.find_first_not_of("0123456789.") == text.npos) {
        bool integral = text.find('.') == text.npos;
        if (!typed || !integral) return text;
      }
      break;
    case type_oid::kBool:
      return text == "t" || text == "true" ? "true" : "false";
    default:
      break;
  }
  std::string quoted = quote_literal(text);
  if (!typed) return quoted;
  return quoted + "::" + format_type(type.oid, type.typmod);
}

std::string value_text(const PartitionBound::Value& value, TypeRef type) {
  switch (value.kind) {
    case 'n':
      return "NULL";
    case '-':
      return "MINVALUE";
    case '+':
      return "MAXVALUE";
    default:
      return literal(value.text, type, false);
  }
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

// " text_pattern_ops"; "" for the type's usual one.
std::string operator_class_of(const IndexKey& part) {
  const OpClassFact* opclass = find_opclass_fact(part.opclass);
  if (opclass == nullptr || opclass->is_default) return "";
  return " " + quote_identifier(opclass->name);
}

std::string conjunction(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return parts[0];
  return "(" + joined(parts, " AND ") + ")";
}

// A key column as it stands in conditions.
std::string operand(const Table& table, const IndexKey& part) {
  if (part.column > 0) return quote_identifier(table.column(part.column)->name);
  return "(" + std::string(without_outer_parentheses(part.expression)) + ")";
}

std::string list_condition(const Table& parent, const PartitionBound& bound) {
  const IndexKey& part = parent.partition_key.parts[0];
  std::string key = operand(parent, part);
  bool takes_null = false;
  std::vector<std::string> values;
  for (const PartitionBound::Value& value : bound.values) {
    if (value.kind == 'n') {
      takes_null = true;
    } else {
      values.push_back(literal(value.text, part.type, true));
    }
  }
  std::string is_one;
  if (values.size() == 1) {
    is_one = fmt::format("({} = {})", key, values[0]);
  } else if (!values.empty() && type_info(part.type.oid).is_array()) {
    // An array of arrays is no list of values.
    std::vector<std::string> each;
    for (const std::string& value : values) each.push_back(fmt::format("({} = {})", key, value));
    is_one = "(" + joined(each, " OR ") + ")";
  } else if (!values.empty()) {
    is_one = fmt::format("({} = ANY (ARRAY[{}]))", key, joined(values, ", "));
  }
  if (takes_null && values.empty()) return fmt::format("({} IS NULL)", key);
  if (takes_null) return fmt::format("(({} IS NULL) OR {})", key, is_one);
  return fmt::format("(({} IS NOT NULL) AND {})", key, is_one);
}

// key >= lower, or key < upper, of several columns: (a > 1) OR ((a = 1) AND (b >= 2)) from the
// `first` column on.
std::string side_condition(const Table& parent, const std::vector<PartitionBound::Value>& bound,
                           bool lower, size_t first) {
  const std::vector<IndexKey>& parts = parent.partition_key.parts;
  std::vector<std::string> any;
  std::vector<std::string> equal;
  for (size_t i = first; i < parts.size(); ++i) {
    std::string key = operand(parent, parts[i]);
    const PartitionBound::Value& value = bound[i];
    bool unbounded = value.kind != 'v';
    // (1, MAXVALUE) as a lower bound excludes all that begins with 1; MINVALUE includes it.
    bool includes_all = unbounded && ((value.kind == '-') == lower);
    if (unbounded) {
      if (!equal.empty() && includes_all) any.push_back(conjunction(equal));
      if (equal.empty() && includes_all) return "";
      break;
    }
    std::string text = literal(value.text, parts[i].type, true);
    bool last = i + 1 == parts.size();
    std::vector<std::string> term = equal;
    std::string_view op = lower ? (last ? ">=" : ">") : "<";
    // What follows is unbounded on this side: the prefix itself belongs to it.
    bool next_includes = !last && bound[i + 1].kind != 'v' && ((bound[i + 1].kind == '-') == lower);
    if (next_includes) op = lower ? ">=" : "<=";
    term.push_back(fmt::format("({} {} {})", key, op, text));
    any.push_back(conjunction(term));
    if (next_includes) break;
    equal.push_back(fmt::format("({} = {})", key, text));
  }
  if (any.empty()) return "";
  if (any.size() == 1) return any[0];
  return "(" + joined(any, " OR ") + ")";
}

std::string range_condition(const Table& parent, const PartitionBound& bound) {
  const std::vector<IndexKey>& parts = parent.partition_key.parts;
  std::vector<std::string> all;
  for (const IndexKey& part : parts) {
    all.push_back(fmt::format("({} IS NOT NULL)", operand(parent, part)));
  }
  size_t first = 0;
  while (first + 1 < parts.size() && bound.lower[first].kind == 'v' &&
         bound.upper[first].kind == 'v' && bound.lower[first].text == bound.upper[first].text) {
    all.push_back(fmt::format("({} = {})", operand(parent, parts[first]),
                              literal(bound.lower[first].text, parts[first].type, true)));
    ++first;
  }
  for (bool lower : {true, false}) {
    std::string side = side_condition(parent, lower ? bound.lower : bound.upper, lower, first);
    if (!side.empty()) all.push_back(std::move(side));
  }
  return conjunction(all);
}

std::string hash_condition(const Table& parent, const PartitionBound& bound) {
  std::string out = fmt::format("satisfies_hash_partition('{}'::oid, {}, {}", parent.oid,
                                bound.modulus, bound.remainder);
  for (const IndexKey& part : parent.partition_key.parts) out += ", " + operand(parent, part);
  return out + ")";
}

}  // namespace

const Table* partition_parent(const Catalog& catalog, const Table& table) {
  return is_partition(table) ? catalog.table(table.inherits[0]) : nullptr;
}

std::vector<const Table*> partitions_of(const Catalog& catalog, const Table& table) {
  struct Placed {
    const Table* table;
    EncodedBound bound;
    const std::string& place() const {
      static const std::string kNone;
      if (!bound.values.empty()) return *std::ranges::min_element(bound.values);
      return bound.values.empty() && bound.takes_null ? kNone : bound.lower;
    }
  };
  std::vector<Placed> placed;
  PartitionKeyCodec codec(table.partition_key);
  for (const Table* child : catalog.children_of(table.oid)) {
    placed.push_back({child, codec.encode(child->partition_bound)});
  }
  std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
    auto null_only = [](const Placed& p) { return p.bound.takes_null && p.bound.values.empty(); };
    auto rank = [&](const Placed& p) { return p.bound.is_default ? 2 : null_only(p) ? 1 : 0; };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (a.bound.modulus != b.bound.modulus) return a.bound.modulus < b.bound.modulus;
    if (a.bound.remainder != b.bound.remainder) return a.bound.remainder < b.bound.remainder;
    if (a.place() != b.place()) return a.place() < b.place();
    return a.table->oid < b.table->oid;
  });
  std::vector<const Table*> out;
  for (const Placed& p : placed) out.push_back(p.table);
  return out;
}

namespace {

void add_tree(const Catalog& catalog, const Table& table, int level,
              std::vector<PartitionNode>& out) {
  out.push_back({&table, level});
  if (!is_partitioned(table)) return;
  for (const Table* child : partitions_of(catalog, table)) {
    add_tree(catalog, *child, level + 1, out);
  }
}

}  // namespace

std::vector<PartitionNode> partition_tree(const Catalog& catalog, const Table& table) {
  std::vector<PartitionNode> out;
  add_tree(catalog, table, 0, out);
  return out;
}

PartitionKeyCodec::PartitionKeyCodec(const PartitionKey& key) {
  for (const IndexKey& part : key.parts) types_.push_back(&type_info(part.type.oid));
}

void PartitionKeyCodec::append(size_t part, const Datum& value, std::string& out) const {
  append_partition_key(*types_[part], value, out);
}

void PartitionKeyCodec::append_text(size_t part, const PartitionBound::Value& value,
                                    std::string& out) const {
  if (value.kind != 'v') {
    out.push_back(value.kind == '-' ? kPartitionMinimum : kPartitionMaximum);
    return;
  }
  Arena arena;
  IoContext io;
  append(part, types_[part]->input(value.text, *types_[part], -1, io, arena), out);
}

EncodedBound PartitionKeyCodec::encode(const PartitionBound& bound) const {
  EncodedBound out;
  out.is_default = bound.is_default;
  out.modulus = bound.modulus;
  out.remainder = bound.remainder;
  for (const PartitionBound::Value& value : bound.values) {
    if (value.kind == 'n') {
      out.takes_null = true;
    } else {
      append_text(0, value, out.values.emplace_back());
    }
  }
  for (size_t i = 0; i < bound.lower.size(); ++i) append_text(i, bound.lower[i], out.lower);
  for (size_t i = 0; i < bound.upper.size(); ++i) append_text(i, bound.upper[i], out.upper);
  return out;
}

std::string partition_key_part(const Table& table, const IndexKey& part) {
  if (part.column > 0) return quote_identifier(table.column(part.column)->name);
  return part.expression;
}

std::string partition_key_text(const Catalog& catalog, const SearchPath& path, const Table& table,
                               bool pretty) {
  const PartitionKey& key = table.partition_key;
  std::string out = key.strategy == 'r' ? "RANGE (" : key.strategy == 'l' ? "LIST (" : "HASH (";
  bool first = true;
  for (const IndexKey& part : key.parts) {
    if (!first) out += ", ";
    first = false;
    if (part.column > 0) {
      out += quote_identifier(table.column(part.column)->name) + operator_class_of(part);
      continue;
    }
    std::string text = shown_expression(catalog, path, part.expression, pretty);
    // As in indexes: a call needs no parentheses.
    std::string_view inner = without_outer_parentheses(text);
    out +=
        inner.size() == text.size() && text.ends_with(')') ? text : "(" + std::string(text) + ")";
    out += operator_class_of(part);
  }
  return out + ")";
}

std::string partition_bound_text(const PartitionKey& key, const PartitionBound& bound) {
  if (bound.is_default) return "DEFAULT";
  auto list = [&](const std::vector<PartitionBound::Value>& values, bool by_part) {
    std::vector<std::string> texts;
    for (size_t i = 0; i < values.size(); ++i) {
      texts.push_back(value_text(values[i], key.parts[by_part ? i : 0].type));
    }
    return joined(texts, ", ");
  };
  switch (bound.strategy) {
    case 'r':
      return fmt::format("FOR VALUES FROM ({}) TO ({})", list(bound.lower, true),
                         list(bound.upper, true));
    case 'l':
      return fmt::format("FOR VALUES IN ({})", list(bound.values, false));
    default:
      return fmt::format("FOR VALUES WITH (modulus {}, remainder {})", bound.modulus,
                         bound.remainder);
  }
}

std::string partition_condition(const Catalog& catalog, const Table& parent,
                                const PartitionBound& bound, Oid except) {
  if (!bound.is_default) {
    switch (bound.strategy) {
      case 'r':
        return range_condition(parent, bound);
      case 'l':
        return list_condition(parent, bound);
      default:
        return hash_condition(parent, bound);
    }
  }
  std::vector<std::string> others;
  for (const Table* sibling : partitions_of(catalog, parent)) {
    if (sibling->partition_bound.is_default || sibling->oid == except) continue;
    others.push_back(partition_condition(catalog, parent, sibling->partition_bound, kInvalidOid));
  }
  if (others.empty()) return "";
  std::string any = others.size() == 1 ? others[0] : "(" + joined(others, " OR ") + ")";
  // A key that is NULL makes the others' conditions false by their IS NOT NULL.
  return "(NOT " + any + ")";
}

std::string partition_constraint(const Catalog& catalog, const Table& table) {
  std::vector<std::string> all;
  const Table* at = &table;
  while (const Table* parent = partition_parent(catalog, *at)) {
    std::string own = partition_condition(catalog, *parent, at->partition_bound, kInvalidOid);
    const PartitionBound& bound = at->partition_bound;
    bool takes_null =
        std::ranges::any_of(bound.values, [](const auto& v) { return v.kind == 'n'; });
    bool is_conjunction = !bound.is_default && bound.strategy != 'h' && !takes_null;
    if (is_conjunction && own.starts_with("((")) own = without_outer_parentheses(own);
    if (!own.empty()) all.insert(all.begin(), std::move(own));
    at = parent;
  }
  if (all.size() == 1 && !all[0].starts_with("(")) return all[0];
  if (all.size() == 1 && without_outer_parentheses(all[0]).size() < all[0].size()) return all[0];
  return all.empty() ? "" : "(" + joined(all, " AND ") + ")";
}

}  // namespace luma
