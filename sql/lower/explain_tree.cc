#include "sql/lower/explain_tree.h"

#include <algorithm>

#include "sql/catalog/name_resolution.h"
#include "sql/function/registry.h"
#include "sql/lower/explain_expr.h"
#include "sql/lower/explain_work.h"
#include "sql/optimize/predicates.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

ExplainItem list_item(std::string name, std::vector<std::string> values) {
  ExplainItem item;
  item.name = std::move(name);
  item.values = std::move(values);
  item.is_list = true;
  return item;
}

std::string_view join_word(JoinKind kind) {
  switch (kind) {
    case JoinKind::kLeft:
    case JoinKind::kSingle:
      return "Left";
    case JoinKind::kRight:
      return "Right";
    case JoinKind::kFull:
      return "Full";
    case JoinKind::kSemi:
      return "Semi";
    case JoinKind::kAnti:
    case JoinKind::kNullAwareAnti:
      return "Anti";
    case JoinKind::kMark:
      return "Mark";
    case JoinKind::kInner:
      break;
  }
  return "Inner";
}

bool is_hashed(const ExplainNode& node) {
  return node.type == "Aggregate" && std::ranges::any_of(node.facts, [](const ExplainItem& fact) {
           return fact.name == "Strategy" && fact.values[0] != "Plain";
         });
}

// Of what several threads read: the scan below takes its share of the table.
void mark_parallel(ExplainNode& node) {
  ExplainNode* at = &node;
  while (!at->children.empty() && at->children.front().relationship == "Outer" &&
         at->type != "Gather") {
    at = &at->children.front();
  }
  if (!at->children.empty() || !at->type.ends_with("Scan") || at->stats.loops == 0) return;
  at->is_parallel = true;
  at->title = "Parallel " + at->title;
}

class TreeBuilder {
 public:
  TreeBuilder(const PhysicalPlan& plan, const ExplainOptions& options)
      : plan_(plan),
        options_(options),
        notes_(plan.notes),
        names_(*plan.context, *plan.notes->root, options.verbose) {
    names_.set_parameters(options.parameters);
    for (size_t i = 0; i < notes_->subplans.size(); ++i) {
      names_.number_subplan(notes_->subplans[i].first, i + 1);
    }
  }

  ExplainNode build() { return node(*plan_.root); }

 private:
  ExplainNode node(Operator& op);
  ExplainNode own_node(Operator& op);
  ExplainNode folded(Operator& op, const ExplainNote& note);
  void describe(Operator& op, const ExplainNote* note, ExplainNode& out);
  void describe_scan(const ScanOp& scan, const ExplainNote& note, ExplainNode& out);
  void describe_join(const LogicalOp& op, ExplainNode& out);
  void describe_aggregate(const AggregateOp& op, ExplainNode& out);
  void describe_modify(const ModifyOp& op, ExplainNode& out);
  void describe_set_op(const SetOpOp& op, ExplainNode& out);
  void add_relation(const std::string& schema, const std::string& name, const std::string& alias,
                    ExplainNode& out);
  void add_children(Operator& op, const ExplainNote* note, ExplainNode& out);
  void add_ctes(Operator& op, const WithOp& with, ExplainNode& out);
  void add_subplans(const LogicalOp& op, ExplainNode& out);
  void add_conditions(Operator& op, const ExplainNote& note, ExplainNode& out);
  void set_output(const ExplainNote& note, ExplainNode& out);
  void set_numbers(Operator& op, const ExplainNote* note, ExplainNode& out);
  void add_sort_work(Operator& op, bool limited, ExplainNode& out);
  ExplainNode hash_node(ExplainNode input, const OperatorStats& join);
  ExplainNode limit_above(ExplainNode input, double rows);
  std::string sort_keys(const SortKey& key) const;

  const PhysicalPlan& plan_;
  const ExplainOptions& options_;
  std::shared_ptr<ExplainNotes> notes_;
  ExprDeparser names_;
  std::vector<OperatorPtr> made_;  // of subplans, for looking at
  std::vector<const SubqueryInfo*> shown_;
};

void TreeBuilder::set_output(const ExplainNote& note, ExplainNode& out) {
  if (!options_.verbose || note.layout.empty()) return;
  std::vector<std::string> columns;
  for (ColumnId column : note.layout) columns.push_back(names_.column_text(column));
  ExplainItem item = list_item("Output", std::move(columns));
  bool there = !out.details.empty() && out.details[0].name == "Output";
  if (there) {
    out.details[0] = std::move(item);
  } else {
    out.details.insert(out.details.begin(), std::move(item));
  }
}

void TreeBuilder::set_numbers(Operator& op, const ExplainNote* note, ExplainNode& out) {
  if (note != nullptr) {
    out.rows = note->rows;
    out.startup_cost = note->startup_cost;
    out.total_cost = note->total_cost;
    out.width_bytes = static_cast<int64_t>(note->width_bytes);
  }
  out.stats = op.stats();
  out.has_stats = options_.analyze;
}

void TreeBuilder::add_relation(const std::string& schema, const std::string& name,
                               const std::string& alias, ExplainNode& out) {
  std::string full = quote_identifier(name);
  if (options_.verbose && !schema.empty()) full = quote_identifier(schema) + "." + full;
  std::string shown = alias.empty() ? name : alias;
  out.target += " on " + full;
  if (shown != name) out.target += " " + quote_identifier(shown);
  out.facts.push_back(explain_string("Relation Name", name));
  if (options_.verbose && !schema.empty()) out.facts.push_back(explain_string("Schema", schema));
  out.facts.push_back(explain_string("Alias", shown));
}

void TreeBuilder::describe_scan(const ScanOp& scan, const ExplainNote& note, ExplainNode& out) {
  if (out.type == "Append") return;  // of lookups for the sides of an OR
  if (note.inverted == ExplainNote::Inverted::kKeys) {
    out.type = out.title = "Bitmap Index Scan";
    out.target = " on " + quote_identifier(note.index->name);
    out.facts.push_back(explain_string("Index Name", note.index->name));
    return;
  }
  if (note.inverted == ExplainNote::Inverted::kRows) {
    out.type = out.title = "Bitmap Heap Scan";
  } else if (note.index != nullptr) {
    out.type = note.covered ? "Index Only Scan" : "Index Scan";
    out.title = out.type + (note.backward ? " Backward" : "");
    out.target = " using " + quote_identifier(note.index->name);
    out.facts.push_back(explain_string("Scan Direction", note.backward ? "Backward" : "Forward"));
    out.facts.push_back(explain_string("Index Name", note.index->name));
  } else if (note.copy != nullptr) {
    out.type = out.title = "Columnar Index Scan";
    out.target = " using " + quote_identifier(note.copy->name);
    out.facts.push_back(explain_string("Index Name", note.copy->name));
  } else {
    out.type = out.title = scan.table->columnar != nullptr ? "Columnar Scan" : "Seq Scan";
  }
  add_relation(scan.table->schema_name, scan.table->name, scan.alias, out);
}

void TreeBuilder::describe_join(const LogicalOp& op, ExplainNode& out) {
  JoinKind kind = op.kind == OpKind::kJoin ? static_cast<const JoinOp&>(op).join
                                           : static_cast<const ApplyOp&>(op).join;
  // The sides may have been exchanged.
  const bool exchanged = out.type.find("Right") != std::string::npos;
  if (exchanged && kind == JoinKind::kLeft) kind = JoinKind::kRight;
  std::string word(join_word(kind));
  if (exchanged && (kind == JoinKind::kSemi || kind == JoinKind::kAnti)) word = "Right " + word;
  bool hash = out.type.starts_with("Hash");
  out.type = hash ? "Hash Join" : "Nested Loop";
  out.title = hash ? "Hash Join" : "Nested Loop";
  if (kind != JoinKind::kInner) {
    out.title = (hash ? "Hash " : "Nested Loop ") + word + " Join";
  }
  out.facts.push_back(explain_string("Join Type", word));
}

void TreeBuilder::describe_aggregate(const AggregateOp& op, ExplainNode& out) {
  bool plain = op.groups.empty() && op.grouping_sets.size() <= 1;
  bool mixed = op.grouping_sets.size() > 1;
  out.type = "Aggregate";
  out.title = plain ? "Aggregate" : mixed ? "MixedAggregate" : "HashAggregate";
  out.facts.push_back(explain_string("Strategy", plain ? "Plain" : mixed ? "Mixed" : "Hashed"));
  out.facts.push_back(explain_string("Partial Mode", "Simple"));
  std::vector<std::string> keys;
  for (const ProjectItem& group : op.groups) keys.push_back(names_.text(*group.expr));
  if (!mixed) {
    if (!keys.empty()) out.details.push_back(list_item("Group Key", keys));
    return;
  }
  for (const auto& set : op.grouping_sets) {
    std::vector<std::string> part;
    for (uint32_t i : set) part.push_back(keys[i]);
    if (part.empty()) {
      out.details.push_back(list_item("Group Key", {"()"}));
    } else {
      out.details.push_back(list_item("Hash Key", std::move(part)));
    }
  }
}

void TreeBuilder::describe_modify(const ModifyOp& op, ExplainNode& out) {
  static constexpr const char* kNames[] = {"Insert", "Update", "Delete", "Merge"};
  out.type = "ModifyTable";
  out.title = kNames[static_cast<size_t>(op.modify)];
  out.facts.push_back(explain_string("Operation", out.title));
  add_relation(op.table->schema_name, op.table->name, op.table->name, out);
  if (op.on_conflict == nullptr) return;
  out.details.push_back(
      explain_string("Conflict Resolution", op.on_conflict->update ? "UPDATE" : "NOTHING"));
  std::vector<std::string> arbiters;
  for (const IndexDesc& index : op.table->indexes) {
    if (std::ranges::find(op.on_conflict->indexes, index.oid) != op.on_conflict->indexes.end()) {
      arbiters.push_back(index.name);
    }
  }
  if (!arbiters.empty()) {
    out.details.push_back(list_item("Conflict Arbiter Indexes", std::move(arbiters)));
  }
}

void TreeBuilder::describe_set_op(const SetOpOp& op, ExplainNode& out) {
  if (op.set_op == SetOpKind::kUnion) {
    if (op.all) {
      out.type = out.title = "Append";
      return;
    }
    out.type = "Aggregate";
    out.title = "HashAggregate";
    out.facts.push_back(explain_string("Strategy", "Hashed"));
    std::vector<std::string> keys;
    for (ColumnId column : op.output) keys.push_back(names_.column_text(column));
    out.details.push_back(list_item("Group Key", std::move(keys)));
    return;
  }
  std::string command = op.set_op == SetOpKind::kIntersect ? "Intersect" : "Except";
  if (op.all) command += " All";
  out.type = "SetOp";
  out.title = "HashSetOp " + command;
  out.facts.push_back(explain_string("Strategy", "Hashed"));
  out.facts.push_back(explain_string("Command", command));
}

std::string TreeBuilder::sort_keys(const SortKey& key) const {
  std::string out = names_.output_text(*key.expr);
  if (key.descending) out += " DESC";
  if (key.nulls_first != key.descending) out += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  return out;
}

void TreeBuilder::add_sort_work(Operator& op, bool limited, ExplainNode& out) {
  if (!options_.analyze || op.stats().loops == 0) return;
  bool disk = op.stats().spilled_bytes > 0;
  std::string method = disk ? "external merge" : limited ? "top-N heapsort" : "quicksort";
  size_t bytes = disk ? op.stats().spilled_bytes : op.stats().peak_memory_bytes;
  const uint64_t kilobytes = (bytes + 1023) / 1024;
  ExplainItem text = explain_string(
      "Sort Method", fmt::format("{}  {}: {}kB", method, disk ? "Disk" : "Memory", kilobytes));
  text.text_only = true;
  out.details.push_back(std::move(text));
  for (ExplainItem item :
       {explain_string("Sort Method", method), explain_number("Sort Space Used", kilobytes),
        explain_string("Sort Space Type", disk ? "Disk" : "Memory")}) {
    item.machine_only = true;
    out.details.push_back(std::move(item));
  }
}

// Names of nodes, by what they were made for.
void TreeBuilder::describe(Operator& op, const ExplainNote* note, ExplainNode& out) {
  out.type = out.title = op.explain.node_type;
  if (note == nullptr || note->op == nullptr) return;
  const LogicalOp& made_for = *note->op;
  switch (made_for.kind) {
    case OpKind::kScan:
      return describe_scan(static_cast<const ScanOp&>(made_for), *note, out);
    case OpKind::kVirtualScan: {
      const auto& scan = static_cast<const VirtualScanOp&>(made_for);
      out.type = out.title = "Catalog Scan";
      return add_relation("pg_catalog", scan.name, scan.alias, out);
    }
    case OpKind::kValues:
      if (static_cast<const ValuesOp&>(made_for).value_rows.size() == 1) {
        out.type = out.title = "Result";
        return;
      }
      out.type = out.title = "Values Scan";
      out.target = " on \"*VALUES*\"";
      out.facts.push_back(explain_string("Alias", "*VALUES*"));
      return;
    case OpKind::kOneRow:
      out.type = out.title = "Result";
      return;
    case OpKind::kJoin:
    case OpKind::kApply:
      return describe_join(made_for, out);
    case OpKind::kAsofJoin: {
      const bool is_left = static_cast<const AsofJoinOp&>(made_for).is_left;
      out.type = "Asof Join";
      out.title = is_left ? "Asof Left Join" : "Asof Join";
      out.facts.push_back(explain_string("Join Type", is_left ? "Left" : "Inner"));
      return;
    }
    case OpKind::kAggregate:
      return describe_aggregate(static_cast<const AggregateOp&>(made_for), out);
    case OpKind::kDistinct: {
      const auto& distinct = static_cast<const DistinctOp&>(made_for);
      if (!distinct.on.empty()) {
        out.type = out.title = "Unique";
        return;
      }
      out.type = "Aggregate";
      out.title = "HashAggregate";
      out.facts.push_back(explain_string("Strategy", "Hashed"));
      std::vector<std::string> keys;
      for (ColumnId column : note->layout) keys.push_back(names_.column_text(column));
      out.details.push_back(list_item("Group Key", std::move(keys)));
      return;
    }
    case OpKind::kSort: {
      std::vector<std::string> keys;
      for (const SortKey& key : static_cast<const SortOp&>(made_for).keys) {
        keys.push_back(sort_keys(key));
      }
      out.type = out.title = "Sort";
      out.details.push_back(list_item("Sort Key", std::move(keys)));
      return add_sort_work(op, note->limit != nullptr, out);
    }
    case OpKind::kSetOp:
      if (note->order != nullptr) {
        std::vector<std::string> keys;
        for (const SortKey& key : note->order->keys) keys.push_back(sort_keys(key));
        out.type = out.title = "Merge Append";
        out.details.push_back(list_item("Sort Key", std::move(keys)));
        return;
      }
      return describe_set_op(static_cast<const SetOpOp&>(made_for), out);
    case OpKind::kCteScan: {
      const auto& scan = static_cast<const CteScanOp&>(made_for);
      out.target = " on " + quote_identifier(scan.cte->name);
      if (scan.alias != scan.cte->name) out.target += " " + quote_identifier(scan.alias);
      out.facts.push_back(explain_string("CTE Name", scan.cte->name));
      out.facts.push_back(explain_string("Alias", scan.alias));
      return;
    }
    case OpKind::kWorkTableScan: {
      const auto& scan = static_cast<const WorkTableScanOp&>(made_for);
      out.target = " on " + quote_identifier(scan.alias);
      out.facts.push_back(explain_string("CTE Name", scan.alias));
      out.facts.push_back(explain_string("Alias", scan.alias));
      return;
    }
    case OpKind::kTableFunction: {
      const auto& scan = static_cast<const TableFunctionOp&>(made_for);
      std::string name = scan.calls.size() == 1 && scan.calls[0].call->function != nullptr
                             ? std::string(scan.calls[0].call->function->name)
                             : std::string();
      if (!name.empty()) {
        out.target = " on " + quote_identifier(name);
        out.facts.push_back(explain_string("Function Name", name));
      }
      if (name.empty()) out.target = " on";
      if (scan.alias != name) out.target += " " + quote_identifier(scan.alias);
      out.facts.push_back(explain_string("Alias", scan.alias));
      return;
    }
    case OpKind::kModify:
      return describe_modify(static_cast<const ModifyOp&>(made_for), out);
    default:
      return;
  }
}

void TreeBuilder::add_conditions(Operator& op, const ExplainNote& note, ExplainNode& out) {
  bool scan = note.op != nullptr &&
              (note.op->kind == OpKind::kScan || note.op->kind == OpKind::kVirtualScan);
  if (scan) names_.set_own(note.op);
  for (const auto& [label, conjuncts] : note.conditions) {
    if (conjuncts.empty()) continue;
    out.details.push_back(explain_string(label, names_.conjunction(conjuncts)));
    bool index = options_.analyze && std::string_view(label) == "Index Cond";
    if (index && !note.covered) {
      // Keys are exact: nothing is ever checked again.
      ExplainItem item = explain_number("Rows Removed by Index Recheck", 0);
      item.machine_only = true;
      out.details.push_back(std::move(item));
    }
    if (!options_.analyze) continue;
    if (std::string_view(label) == "Filter") {
      add_removed("Rows Removed by Filter", op.stats().filtered_rows, op.stats(), out.details);
    } else if (std::string_view(label) == "Join Filter") {
      add_removed("Rows Removed by Join Filter", op.stats().join_filtered_rows, op.stats(),
                  out.details);
    }
  }
  if (options_.analyze && note.covered && op.stats().loops > 0) {
    out.details.push_back(explain_number("Heap Fetches", 0));
  }
  // What a join told the scan about its keys.
  if (options_.analyze && scan && op.stats().join_filtered_rows > 0) {
    add_removed("Rows Removed by Join Keys", op.stats().join_filtered_rows, op.stats(),
                out.details);
  }
  names_.set_own(nullptr);
}

void TreeBuilder::add_ctes(Operator& op, const WithOp& with, ExplainNode& out) {
  std::vector<Operator*> children = op.children();
  std::vector<ExplainNode> ctes;
  for (size_t i = 0; i < with.ctes.size() && i + 1 < children.size(); ++i) {
    ExplainNode cte = node(*children[i + 1]);
    cte.relationship = "InitPlan";
    cte.subplan = "CTE " + with.ctes[i]->name;
    ctes.push_back(std::move(cte));
  }
  out.children.insert(out.children.begin(), std::make_move_iterator(ctes.begin()),
                      std::make_move_iterator(ctes.end()));
}

// Plans of subqueries in the operator's expressions. Their counts are those of no single execution
// and are left out.
void TreeBuilder::add_subplans(const LogicalOp& op, ExplainNode& out) {
  for_each_expr(op, [&](const Expr& expr) {
    std::function<void(const Expr&)> visit = [&](const Expr& e) {
      if (e.subquery != nullptr && std::ranges::find(shown_, e.subquery) == shown_.end()) {
        for (size_t i = 0; i < notes_->subplans.size(); ++i) {
          if (notes_->subplans[i].first != e.subquery) continue;
          shown_.push_back(e.subquery);
          made_.push_back(notes_->subplans[i].second(notes_));
          for (size_t more = i; more < notes_->subplans.size(); ++more) {
            names_.number_subplan(notes_->subplans[more].first, more + 1);
          }
          ExplainNode child = node(*made_.back());
          std::function<void(ExplainNode&)> without_stats = [&](ExplainNode& n) {
            n.has_stats = false;
            for (ExplainNode& below : n.children) without_stats(below);
          };
          without_stats(child);
          child.relationship = "SubPlan";
          child.subplan = fmt::format("SubPlan {}", i + 1);
          out.children.push_back(std::move(child));
          break;
        }
      }
      for_each_child(e, [&](const Expr* child) { visit(*child); });
    };
    visit(expr);
  });
}

ExplainNode TreeBuilder::hash_node(ExplainNode input, const OperatorStats& join) {
  ExplainNode hash;
  hash.type = hash.title = "Hash";
  hash.rows = input.rows;
  hash.startup_cost = hash.total_cost = input.total_cost;
  hash.width_bytes = input.width_bytes;
  hash.has_stats = input.has_stats;
  hash.stats = input.stats;
  hash.stats.startup_ns = hash.stats.total_ns;
  if (options_.analyze && join.loops > 0) add_hash_table(join, hash.details);
  input.relationship = "Outer";
  hash.relationship = "Inner";
  hash.children.push_back(std::move(input));
  return hash;
}

ExplainNode TreeBuilder::limit_above(ExplainNode input, double rows) {
  ExplainNode limit;
  limit.type = limit.title = "Limit";
  limit.rows = rows;
  limit.startup_cost = input.startup_cost;
  limit.total_cost = input.total_cost;
  limit.width_bytes = input.width_bytes;
  limit.has_stats = input.has_stats;
  limit.stats = input.stats;
  input.relationship = "Outer";
  limit.children.push_back(std::move(input));
  return limit;
}

void TreeBuilder::add_children(Operator& op, const ExplainNote* note, ExplainNode& out) {
  std::vector<Operator*> children = op.children();
  bool several = note != nullptr && note->op != nullptr && note->op->kind == OpKind::kSetOp;
  for (size_t i = 0; i < children.size(); ++i) {
    ExplainNode child = node(*children[i]);
    child.relationship = several ? "Member" : i == 0 ? "Outer" : "Inner";
    if (i == 1 && out.type == "Hash Join") child = hash_node(std::move(child), op.stats());
    out.children.push_back(std::move(child));
  }
}

// Conditions and projections belong to the node below, which has their rows.
ExplainNode TreeBuilder::folded(Operator& op, const ExplainNote& note) {
  ExplainNode out = node(*op.children()[0]);
  bool is_filter = note.op->kind == OpKind::kFilter;
  bool takes_filter = out.type.ends_with("Scan") || out.type == "Aggregate" ||
                      out.type == "Hash Join" || out.type == "Nested Loop" || out.type == "Result";
  uint64_t rows_below = out.stats.rows;
  if (is_filter && !takes_filter) {
    ExplainNode result;
    result.type = result.title = "Result";
    out.relationship = "Outer";
    result.children.push_back(std::move(out));
    out = std::move(result);
  }
  if (is_filter) {
    std::vector<Expr*> conjuncts;
    split_conjuncts(static_cast<const FilterOp&>(*note.op).condition, conjuncts);
    const LogicalOp* below = note.op->inputs[0];
    names_.set_plain(below);
    if (below->kind == OpKind::kCteScan || below->kind == OpKind::kTableFunction ||
        below->kind == OpKind::kWorkTableScan || below->kind == OpKind::kValues) {
      names_.set_own(below);
    }
    out.details.push_back(
        explain_string(below->kind == OpKind::kOneRow ? "One-Time Filter" : "Filter",
                       names_.conjunction(conjuncts)));
    names_.set_plain(nullptr);
    names_.set_own(nullptr);
    if (options_.analyze) {
      uint64_t removed = rows_below - std::min(rows_below, op.stats().rows);
      add_removed("Rows Removed by Filter", removed, op.stats(), out.details);
    }
  }
  set_numbers(op, &note, out);
  if (!is_filter) set_output(note, out);
  add_subplans(*note.op, out);
  return out;
}

// Who divided the rows of `op` among threads sees them through a Gather.
ExplainNode TreeBuilder::node(Operator& op) {
  ExplainNode out = own_node(op);
  const DivisionStats* division = op.stats().division.get();
  if (!options_.analyze || division == nullptr) return out;
  mark_parallel(out);
  ExplainNode gather;
  gather.type = gather.title = "Gather";
  gather.rows = out.rows;
  gather.startup_cost = out.startup_cost;
  gather.total_cost = out.total_cost;
  gather.width_bytes = out.width_bytes;
  gather.has_stats = true;
  static_cast<OperatorWork&>(gather.stats) = division->whole;
  const uint64_t loops = std::max<uint64_t>(division->whole.loops, 1);
  gather.details.push_back(explain_number("Workers Planned", division->planned / loops));
  gather.details.push_back(explain_number("Workers Launched", division->launched / loops));
  ExplainItem single = explain_string("Single Copy", "false");
  single.kind = ExplainItem::kBoolean;
  single.machine_only = true;
  gather.details.push_back(std::move(single));
  out.relationship = "Outer";
  gather.children.push_back(std::move(out));
  return gather;
}

ExplainNode TreeBuilder::own_node(Operator& op) {
  const ExplainNote* note = notes_->find(op);
  std::vector<Operator*> children = op.children();
  // Made by lowering itself: columns put in order.
  bool bare_projection =
      (note == nullptr || note->op == nullptr) && children.size() == 1 &&
      (op.explain.node_type == "Result" || op.explain.node_type == "Statement Constraints");
  if (bare_projection) {
    ExplainNode out = node(*children[0]);
    if (options_.analyze) out.stats.total_ns = op.stats().total_ns;
    if (note != nullptr) set_output(*note, out);
    return out;
  }
  bool folds = note != nullptr && note->op != nullptr && children.size() == 1 &&
               (note->op->kind == OpKind::kFilter || note->op->kind == OpKind::kProject);
  if (folds) return folded(op, *note);
  if (note != nullptr && note->op != nullptr && note->op->kind == OpKind::kWith &&
      !children.empty()) {
    ExplainNode out = node(*children[0]);
    add_ctes(op, static_cast<const WithOp&>(*note->op), out);
    return out;
  }
  ExplainNode out;
  describe(op, note, out);
  if (note != nullptr) set_output(*note, out);
  if (note != nullptr) add_conditions(op, *note, out);
  for (const ExplainProperty& property : op.explain.properties) {
    ExplainItem item = explain_string(property.name, property.value);
    bool number = !property.value.empty() &&
                  std::ranges::all_of(property.value, [](char c) { return c >= '0' && c <= '9'; });
    if (number) item.kind = ExplainItem::kNumber;
    out.details.push_back(std::move(item));
  }
  set_numbers(op, note, out);
  if (note != nullptr && note->op != nullptr) add_subplans(*note->op, out);
  add_children(op, note, out);
  if (options_.analyze && is_hashed(out)) {
    add_hash_groups(op.stats(), out.details);
  } else if (options_.analyze && op.stats().spilled_bytes > 0 && out.type != "Sort" &&
             out.type != "Hash Join") {
    out.details.push_back(explain_number("Disk Usage", op.stats().spilled_bytes / 1024, "kB"));
  }
  if (note != nullptr && note->limit != nullptr && out.type == "Sort") {
    return limit_above(std::move(out), note->limit->rows);
  }
  return out;
}

}  // namespace

ExplainNode explain_tree(const PhysicalPlan& plan, const ExplainOptions& options) {
  return TreeBuilder(plan, options).build();
}

}  // namespace luma
