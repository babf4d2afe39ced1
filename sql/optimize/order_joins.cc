// Join order by cost: dynamic programming over connected sets of relations, bushy trees included
// (join_graph.h), and greedily, cheapest next join first, where there are too many of them. What is
// ordered, and how rows and costs are estimated: join_problem.h.
#include <algorithm>
#include <bit>
#include <functional>
#include <unordered_map>

#include "sql/optimize/join_problem.h"
#include "sql/optimize/nested_plans.h"
#include "sql/optimize/passes.h"

namespace luma {
namespace {

constexpr size_t kMostRelations = 63;
// Pairs of sets that dynamic programming looks at: some milliseconds.
constexpr size_t kMostPairs = 10000;

struct Entry {
  double cost = 0;
  RelationSet left = 0, right = 0;  // 0: a relation
};

class JoinOrderer {
 public:
  explicit JoinOrderer(OptimizerContext& context) : context_(context) {}

  void run(LogicalOp*& op) {
    if (op->kind != OpKind::kJoin) {
      for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
      return;
    }
    JoinProblem problem(context_);
    problem.flatten(op);
    if (problem.size() < 2) {
      // A join of a kind that stays where it is: its sides are problems of their own.
      for_each_nested_plan(*op, [&](LogicalOp*& plan) { run(plan); });
      return;
    }
    for (LogicalOp** slot : problem.slots()) run(*slot);
    // Sets are 64 bits wide; a join of that many tables keeps the order it was written in. Two
    // relations have but one order.
    if (problem.size() <= 2 || problem.size() > kMostRelations) return;
    problem.prepare();
    op = make_filter(context_.plan, order(problem),
                     make_and(context_.plan.arena(), problem.left_over()));
  }

 private:
  using Table = std::unordered_map<RelationSet, Entry>;

  static LogicalOp* build(JoinProblem& problem, const Table& table, RelationSet set) {
    const Entry& entry = table.at(set);
    if (entry.left == 0) return problem.relation(static_cast<size_t>(std::countr_zero(set)));
    return problem.make_join(build(problem, table, entry.left), entry.left,
                             build(problem, table, entry.right), entry.right);
  }

  static LogicalOp* order(JoinProblem& problem) {
    Table table;
    for (size_t i = 0; i < problem.size(); ++i) {
      table[RelationSet{1} << i] = {problem.relation_cost(i), 0, 0};
    }
    auto consider = [&](RelationSet left, RelationSet right) {
      auto a = table.find(left), b = table.find(right);
      if (a == table.end() || b == table.end()) return;
      auto joined = problem.join_cost(left, right);
      if (!joined) return;
      double cost = a->second.cost + b->second.cost + *joined;
      auto best = table.find(left | right);
      if (best == table.end()) {
        table[left | right] = {cost, left, right};
      } else if (cost < best->second.cost) {
        best->second = {cost, left, right};
      }
    };
    RelationSet all = (RelationSet{1} << problem.size()) - 1;
    bool complete = problem.graph().for_each_pair(kMostPairs, [&](RelationSet a, RelationSet b) {
      consider(a, b);
      consider(b, a);
    });
    if (!complete || !table.contains(all)) order_greedily(problem, table);
    return build(problem, table, all);
  }

  // Fills in what leads to the set of all relations.
  static void order_greedily(JoinProblem& problem, Table& table) {
    std::vector<RelationSet> parts;
    for (size_t i = 0; i < problem.size(); ++i) parts.push_back(RelationSet{1} << i);
    while (parts.size() > 1) {
      size_t best_left = 0, best_right = 0;
      double best = -1;
      bool best_connected = false;
      for (size_t a = 0; a < parts.size(); ++a) {
        RelationSet around = problem.graph().neighbors(parts[a]);
        for (size_t b = 0; b < parts.size(); ++b) {
          if (a == b) continue;
          auto cost = problem.join_cost(parts[a], parts[b]);
          if (!cost) continue;
          bool connected = (around & parts[b]) != 0;
          // Small results first: they are what later joins start from.
          double measure = problem.rows(parts[a] | parts[b]) * 0.01 + *cost;
          if (best >= 0 && (connected == best_connected ? measure >= best : best_connected)) {
            continue;
          }
          best = measure;
          best_connected = connected;
          best_left = a;
          best_right = b;
        }
      }
      RelationSet left = parts[best_left], right = parts[best_right];
      table[left | right] = {0, left, right};
      parts[best_left] = left | right;
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best_right));
    }
  }

  OptimizerContext& context_;
};

}  // namespace

LogicalOp* order_joins(LogicalOp* root, OptimizerContext& context) {
  context.estimator.learn(*root);
  JoinOrderer(context).run(root);
  return root;
}

}  // namespace luma
