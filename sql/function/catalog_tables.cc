// Set-returning functions over the catalog.
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/type/array.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/partition.h"
#include "sql/function/catalog_functions.h"

namespace luma {
namespace {

using State = std::unique_ptr<TableFunctionState>;

// Rows made at once, handed out chunk by chunk.
class Rows final : public TableFunctionState {
 public:
  explicit Rows(size_t columns) : columns_(columns) {}
  void add(const Value& value) { values_.push_back(value); }
  void add_text(std::string_view text) { add(Datum::of_string(arena_.copy(text))); }

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < values_.size() && count < out.columns[0].capacity()) {
      for (size_t c = 0; c < columns_; ++c) out.columns[c].set_value(count, values_[at_++]);
      ++count;
    }
    out.size = count;
  }

 private:
  size_t columns_;
  Arena arena_;
  std::vector<Value> values_;
  size_t at_ = 0;
};

State keywords(EvalContext&, const Expr&, std::span<const Value>) {
  const FactTable& facts = fact_table("keywords");
  auto rows = std::make_unique<Rows>(5);
  for (size_t i = 0; i < facts.row_count(); ++i) {
    auto f = facts.row(i);
    rows->add_text(f[0]);
    rows->add(Datum::of_int8(static_cast<int8_t>(f[1][0])));
    rows->add(Datum::of_bool(f[2] == "t"));
    rows->add_text(f[3]);
    rows->add_text(f[4]);
  }
  return rows;
}

std::string_view privilege_name(char letter) {
  switch (letter) {
    case 'a':
      return "INSERT";
    case 'r':
      return "SELECT";
    case 'w':
      return "UPDATE";
    case 'd':
      return "DELETE";
    case 'D':
      return "TRUNCATE";
    case 'x':
      return "REFERENCES";
    case 't':
      return "TRIGGER";
    case 'X':
      return "EXECUTE";
    case 'U':
      return "USAGE";
    case 'C':
      return "CREATE";
    case 'T':
      return "TEMPORARY";
    case 'c':
      return "CONNECT";
    case 's':
      return "SET";
    case 'A':
      return "ALTER SYSTEM";
    default:
      return "";
  }
}

// A role name at the start of an aclitem, quoted or not; advances `text` past it.
std::string take_role(std::string_view& text) {
  std::string out;
  if (text.empty() || text.front() != '"') {
    size_t end = std::min(text.find_first_of("=/"), text.size());
    out = text.substr(0, end);
    text.remove_prefix(end);
    return out;
  }
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() == '"') {
      text.remove_prefix(1);
      if (text.empty() || text.front() != '"') break;
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

State explode_acl(EvalContext& context, const Expr&, std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  const Catalog& catalog = session_catalog(context).catalog();
  ArrayView items(args[0].datum);
  auto rows = std::make_unique<Rows>(4);
  auto role_oid = [&](const std::string& name) {
    return name.empty() ? kPublicGrantee : require_role(catalog, name).oid;
  };
  for (uint32_t i = 0; i < items.size(); ++i) {
    Datum item = items.datum(i);
    std::string_view text = item.str.view();
    Oid grantee = role_oid(take_role(text));
    size_t slash = text.find('/');
    if (text.empty() || slash == std::string_view::npos) {
      throw sql_error(SqlState::kInvalidTextRepresentation, "a name must follow the \"/\" sign");
    }
    std::string_view privileges = text.substr(1, slash - 1);
    text.remove_prefix(slash + 1);
    Oid grantor = role_oid(take_role(text));
    for (size_t p = 0; p < privileges.size(); ++p) {
      if (privileges[p] == '*') continue;
      rows->add(Datum::of_oid(grantor));
      rows->add(Datum::of_oid(grantee));
      rows->add_text(privilege_name(privileges[p]));
      rows->add(Datum::of_bool(p + 1 < privileges.size() && privileges[p + 1] == '*'));
    }
  }
  return rows;
}

State options(EvalContext&, const Expr&, std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  ArrayView items(args[0].datum);
  auto rows = std::make_unique<Rows>(2);
  for (uint32_t i = 0; i < items.size(); ++i) {
    Datum item = items.datum(i);
    std::string_view text = item.str.view();
    size_t equals = text.find('=');
    rows->add_text(text.substr(0, equals));
    if (equals == std::string_view::npos) {
      rows->add(Value::null());
    } else {
      rows->add_text(text.substr(equals + 1));
    }
  }
  return rows;
}

// Tables and indexes that have partitions, or are some.
struct TreeNode {
  Oid relation, parent;
  bool is_leaf;
  int level;
};

void add_index_tree(const Catalog& catalog, const Index& index, int level,
                    std::vector<TreeNode>& out) {
  out.push_back({index.oid, index.parent, index.relkind != 'I', level});
  if (index.relkind != 'I') return;
  for (const Table* child : partitions_of(catalog, *catalog.table(index.table))) {
    for (Oid oid : catalog.indexes_of(child->oid)) {
      const Index& below = *catalog.index(oid);
      if (below.parent == index.oid) add_index_tree(catalog, below, level + 1, out);
    }
  }
}

std::vector<TreeNode> tree_below(const Catalog& catalog, Oid oid) {
  std::vector<TreeNode> out;
  if (const Index* index = catalog.index(oid)) {
    if (index->relkind == 'I' || index->parent != kInvalidOid) {
      add_index_tree(catalog, *index, 0, out);
    }
    return out;
  }
  const Table* table = catalog.table(oid);
  if (table == nullptr || (!is_partitioned(*table) && !is_partition(*table))) return out;
  for (const PartitionNode& node : partition_tree(catalog, *table)) {
    const Table* parent = partition_parent(catalog, *node.table);
    out.push_back({node.table->oid, parent == nullptr ? kInvalidOid : parent->oid,
                   !is_partitioned(*node.table), node.level});
  }
  return out;
}

State partition_tree_rows(EvalContext& context, const Expr&, std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<Rows>(4);
  for (const TreeNode& node : tree_below(session_catalog(context).catalog(), args[0].datum.oid())) {
    rows->add(Datum::of_oid(node.relation));
    rows->add(node.parent == kInvalidOid ? Value::null() : Value(Datum::of_oid(node.parent)));
    rows->add(Datum::of_bool(node.is_leaf));
    rows->add(Datum::of_int32(node.level));
  }
  return rows;
}

State partition_ancestors(EvalContext& context, const Expr&, std::span<const Value> args) {
  if (args[0].is_null) return nullptr;
  auto rows = std::make_unique<Rows>(1);
  const Catalog& catalog = session_catalog(context).catalog();
  std::vector<TreeNode> tree = tree_below(catalog, args[0].datum.oid());
  if (tree.empty()) return rows;
  Oid at = tree[0].relation;
  while (at != kInvalidOid) {
    rows->add(Datum::of_oid(at));
    const Index* index = catalog.index(at);
    const Table* parent =
        index != nullptr ? nullptr : partition_parent(catalog, *catalog.table(at));
    at = index != nullptr ? index->parent : parent == nullptr ? kInvalidOid : parent->oid;
  }
  return rows;
}

const KernelRow kRows[] = {
    table_row("pg_get_keywords()", keywords, "the grammar's key words"),
    table_row("aclexplode(aclitem[])", explode_acl, "privileges of an access control list"),
    table_row("pg_options_to_table(text[])", options, "name=value options as rows"),
    table_row("pg_partition_ancestors(regclass)", partition_ancestors,
              "a partition and the partitioned tables above it"),
    table_row("pg_partition_tree(regclass)", partition_tree_rows,
              "a partitioned table and what is below it"),
};

}  // namespace

std::span<const KernelRow> catalog_table_kernels() { return kRows; }

}  // namespace luma
