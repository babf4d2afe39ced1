// Join order of inner joins: a tree of inner joins is taken apart into relations and conditions and
// put together anew, cheapest intermediate results first. Up to kExactRelations relations by
// dynamic programming over connected subsets (after: G. Moerkotte, T. Neumann, "Dynamic Programming
// Strikes Back", SIGMOD 2008, here in its plain subset form), more by always joining the pair with
// the smallest result. Cost is the sum of intermediate result sizes. Outer, semi and other joins
// stay where they are; their inputs are ordered on their own.
#include <algorithm>
#include <bit>
#include <unordered_map>

#include "sql/optimize/estimate.h"
#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"

namespace luma {

namespace {

constexpr size_t kExactRelations = 11;
constexpr size_t kMostRelations = 63;

class JoinOrderer {
 public:
  explicit JoinOrderer(OptimizerContext& context) : context_(context) {}

  void run(LogicalOp*& op) {
    if (is_inner_join(op)) {
      std::vector<LogicalOp*> relations;
      std::vector<Expr*> conditions;
      flatten(op, relations, conditions);
      for (LogicalOp*& relation : relations) run(relation);
      if (relations.size() > kMostRelations) {
        // Sets are 64 bits wide; a join of that many tables keeps the order it was written in.
        return;
      }
      if (relations.size() > 2) {
        op = order(relations, conditions);
      } else {
        op->inputs = relations;
      }
      return;
    }
    for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
  }

 private:
  using Set = uint64_t;
  struct Condition {
    Expr* expr;
    Set relations;
  };
  struct Entry {
    double rows = 0, cost = 0;
    Set left = 0, right = 0;
    bool valid = false;
  };

  static bool is_inner_join(const LogicalOp* op) {
    return op->kind == OpKind::kJoin && static_cast<const JoinOp*>(op)->join == JoinKind::kInner;
  }

  static void flatten(LogicalOp* op, std::vector<LogicalOp*>& relations,
                      std::vector<Expr*>& conditions) {
    if (!is_inner_join(op)) {
      relations.push_back(op);
      return;
    }
    split_conjuncts(static_cast<JoinOp*>(op)->condition, conditions);
    for (LogicalOp* input : op->inputs) flatten(input, relations, conditions);
  }

  double relation_rows(LogicalOp* relation) {
    estimate_rows(relation, context_);
    return std::max(1.0, relation->rows);
  }

  // Selectivity of joining two disjoint sets; `connected` tells whether any equality links them.
  double combined_rows(Set left, Set right, double left_rows, double right_rows, bool& connected) {
    double rows = left_rows * right_rows;
    connected = false;
    for (const Condition& condition : conditions_) {
      bool spans = (condition.relations & left) && (condition.relations & right) &&
                   (condition.relations & ~(left | right)) == 0;
      if (!spans) continue;
      rows *= selectivity(condition, left_rows, right_rows, left, right);
      connected = true;
    }
    return std::max(1.0, rows);
  }

  // Equality: one over the larger of the two base relations involved, which stands for its distinct
  // keys.
  double selectivity(const Condition& condition, double, double, Set left, Set right) {
    ColumnSet left_columns, right_columns;
    double largest = 1;
    for (size_t i = 0; i < base_.size(); ++i) {
      Set bit = Set{1} << i;
      if (!(condition.relations & bit)) continue;
      if (left & bit) left_columns.merge(output_of(*base_[i]));
      if (right & bit) right_columns.merge(output_of(*base_[i]));
      largest = std::max(largest, key_count(i, *condition.expr));
    }
    Equality equality;
    if (as_equality(condition.expr, left_columns, right_columns, equality)) return 1 / largest;
    return condition_selectivity(*condition.expr);
  }

  // Distinct values that relation i's side of an equality has at the most: its unfiltered size when
  // the column is a key of the table, the filtered size otherwise.
  double key_count(size_t i, const Expr& condition) {
    const LogicalOp* op = base_[i];
    while (op->kind == OpKind::kFilter || op->kind == OpKind::kProject) op = op->inputs[0];
    if (op->kind != OpKind::kScan) return rows_[i];
    const auto& scan = static_cast<const ScanOp&>(*op);
    double all = std::max(1.0, context_.statistics.row_count(*scan.table));
    for (ColumnId column : columns_of(condition)) {
      for (size_t k = 0; k < scan.output.size(); ++k) {
        if (scan.output[k] != column) continue;
        for (const IndexDesc& index : scan.table->indexes) {
          if (index.unique && !index.keys.empty() && index.keys[0].column == scan.attribute[k]) {
            return index.keys.size() == 1 ? all : std::max(1.0, all / 4);
          }
        }
        return std::max(1.0, std::min(all, all / 10));
      }
    }
    return rows_[i];
  }

  LogicalOp* order(std::vector<LogicalOp*>& relations, const std::vector<Expr*>& conditions) {
    base_ = relations;
    rows_.clear();
    conditions_.clear();
    for (LogicalOp* relation : relations) rows_.push_back(relation_rows(relation));
    std::vector<Expr*> elsewhere;
    for (Expr* expr : conditions) {
      Set set = 0;
      for (ColumnId column : columns_of(*expr)) {
        for (size_t i = 0; i < relations.size(); ++i) {
          const auto& output = relations[i]->output;
          if (std::find(output.begin(), output.end(), column) != output.end()) set |= Set{1} << i;
        }
      }
      if (std::popcount(set) < 2 || has_subquery(*expr)) {
        elsewhere.push_back(expr);
      } else {
        conditions_.push_back({expr, set});
      }
    }
    LogicalOp* plan = relations.size() <= kExactRelations ? order_exactly() : order_greedily();
    return make_filter(context_.plan, plan, make_and(context_.plan.arena(), elsewhere));
  }

  LogicalOp* build_join(LogicalOp* left, LogicalOp* right, Set left_set, Set right_set,
                        double left_rows, double right_rows) {
    // Hash joins build on the right: the smaller side goes there.
    if (left_rows < right_rows) {
      std::swap(left, right);
      std::swap(left_set, right_set);
    }
    auto* join = context_.plan.make<JoinOp>();
    join->inputs = {left, right};
    join->output = left->output;
    join->output.insert(join->output.end(), right->output.begin(), right->output.end());
    std::vector<Expr*> conditions;
    for (const Condition& condition : conditions_) {
      bool spans = (condition.relations & left_set) && (condition.relations & right_set) &&
                   (condition.relations & ~(left_set | right_set)) == 0;
      if (spans) conditions.push_back(condition.expr);
    }
    join->condition = make_and(context_.plan.arena(), conditions);
    return join;
  }

  LogicalOp* order_exactly() {
    size_t count = base_.size();
    Set all = (Set{1} << count) - 1;
    std::vector<Entry> table(size_t{1} << count);
    for (size_t i = 0; i < count; ++i) table[Set{1} << i] = {rows_[i], 0, 0, 0, true};
    for (Set set = 1; set <= all; ++set) {
      if (std::popcount(set) < 2) continue;
      Entry& best = table[set];
      // Products only when nothing connected makes the set.
      for (bool allow_product : {false, true}) {
        if (best.valid) break;
        for (Set left = (set - 1) & set; left != 0; left = (left - 1) & set) {
          Set right = set & ~left;
          if (left < right || !table[left].valid || !table[right].valid) continue;
          bool connected = false;
          double rows = combined_rows(left, right, table[left].rows, table[right].rows, connected);
          if (!connected && !allow_product) continue;
          double smaller = std::min(table[left].rows, table[right].rows);
          double cost = table[left].cost + table[right].cost + rows + smaller * 0.5;
          if (!best.valid || cost < best.cost) best = {rows, cost, left, right, true};
        }
        if (set != all && !best.valid) break;  // unconnected subsets are left out unless needed
      }
    }
    if (!table[all].valid) return order_greedily();
    std::function<LogicalOp*(Set)> build = [&](Set set) -> LogicalOp* {
      if (std::popcount(set) == 1) return base_[std::countr_zero(set)];
      const Entry& entry = table[set];
      return build_join(build(entry.left), build(entry.right), entry.left, entry.right,
                        table[entry.left].rows, table[entry.right].rows);
    };
    return build(all);
  }

  LogicalOp* order_greedily() {
    struct Part {
      LogicalOp* plan;
      Set set;
      double rows;
    };
    std::vector<Part> parts;
    for (size_t i = 0; i < base_.size(); ++i) parts.push_back({base_[i], Set{1} << i, rows_[i]});
    while (parts.size() > 1) {
      size_t best_a = 0, best_b = 1;
      double best_rows = -1;
      bool best_connected = false;
      for (size_t a = 0; a < parts.size(); ++a) {
        for (size_t b = a + 1; b < parts.size(); ++b) {
          bool connected = false;
          double rows =
              combined_rows(parts[a].set, parts[b].set, parts[a].rows, parts[b].rows, connected);
          bool better = best_rows < 0 || (connected && !best_connected) ||
                        (connected == best_connected && rows < best_rows);
          if (!better) continue;
          best_a = a;
          best_b = b;
          best_rows = rows;
          best_connected = connected;
        }
      }
      Part joined{build_join(parts[best_a].plan, parts[best_b].plan, parts[best_a].set,
                             parts[best_b].set, parts[best_a].rows, parts[best_b].rows),
                  parts[best_a].set | parts[best_b].set, best_rows};
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best_b));
      parts[best_a] = joined;
    }
    return parts[0].plan;
  }

  OptimizerContext& context_;
  std::vector<LogicalOp*> base_;
  std::vector<double> rows_;
  std::vector<Condition> conditions_;
};

}  // namespace

LogicalOp* order_joins(LogicalOp* root, OptimizerContext& context) {
  JoinOrderer(context).run(root);
  return root;
}

}  // namespace luma
