#pragma once
// One join to be ordered, taken apart: the relations below a tree of joins and the conditions
// between them, and what every set of the relations is expected to hold and to cost.
//
// Relations of inner joins may be joined in any order. The right side of an outer, semi or anti
// join is a relation too, which is only ever the right side of that join, once everything that its
// condition refers to is on the left: those joins keep the left rows apart from each other, so they
// commute with inner joins and among themselves.
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sql/optimize/estimate.h"
#include "sql/optimize/join_graph.h"

namespace luma {

class JoinProblem {
 public:
  explicit JoinProblem(OptimizerContext& context) : context_(context) {}

  // Takes the joins at `op` apart. Pointers are to where the relations hang.
  void flatten(LogicalOp*& op);
  const std::vector<LogicalOp**>& slots() const { return slots_; }
  size_t size() const { return slots_.size(); }
  // All relations have their final form and estimates.
  void prepare();

  const JoinGraph& graph() const { return graph_; }
  double rows(RelationSet set);
  // What joining two disjoint sets costs beyond what is below; nullopt: they cannot be joined that
  // way round.
  std::optional<double> join_cost(RelationSet left, RelationSet right);
  double relation_cost(size_t relation) const { return relations_[relation].cost; }
  LogicalOp* relation(size_t i) const { return relations_[i].op; }
  // The join itself, with all conditions that have become possible.
  LogicalOp* make_join(LogicalOp* left, RelationSet left_set, LogicalOp* right,
                       RelationSet right_set);
  // Conditions that no join takes.
  const std::vector<Expr*>& left_over() const { return elsewhere_; }

 private:
  struct Relation {
    LogicalOp* op = nullptr;
    double rows = 1, cost = 0, width_bytes = 32;
    const JoinOp* attached = nullptr;  // the join whose right side this is
    RelationSet needs = 0;             // what must be on its left
    std::vector<Expr*> conditions;     // of that join
    bool hashable = false;             // there is an equality among them
    double factor = 1;                 // by which it changes the number of left rows
  };
  struct Condition {
    Expr* expr;
    RelationSet relations;
    double selectivity = 1;
    RelationSet sides[2] = {0, 0};  // of an equality
  };
  // Columns that are all equal to each other, one of a relation.
  struct Member {
    size_t relation;
    Expr* expr;
    double distinct;
  };
  struct Equals {
    std::vector<Member> members;
    Expr* pattern;  // one of the conditions: others are made after it
    std::vector<std::pair<Expr*, RelationSet>> written;
  };

  RelationSet relations_of(const Expr& expr) const;
  void attach(JoinOp& join, size_t relation, RelationSet below);
  void add_condition(Expr* expr);
  bool add_equality(Expr* expr);
  void connect();
  double class_selectivity(const Equals& equals, RelationSet set) const;
  double key_factor(RelationSet set, std::vector<RelationSet>& gone);
  Expr* equality_between(const Equals& equals, const Member& left, const Member& right);
  std::vector<Expr*> conditions_between(RelationSet left, RelationSet right);
  bool has_equality(RelationSet left, RelationSet right) const;
  std::optional<double> lookup_cost(RelationSet right, const std::vector<Expr*>& conditions,
                                    double left_rows);

  OptimizerContext& context_;
  std::vector<LogicalOp**> slots_;
  std::vector<Expr*> written_;  // conditions of inner joins
  struct Attachment {
    JoinOp* join;
    size_t relation;
    RelationSet below;
  };
  std::vector<Attachment> attachments_;
  std::vector<Relation> relations_;
  std::unordered_map<ColumnId, size_t> owner_;
  std::vector<Condition> conditions_;
  std::vector<Equals> classes_;
  std::vector<Expr*> elsewhere_;
  JoinGraph graph_{0};
  std::unordered_map<RelationSet, double> rows_;
  std::map<std::pair<RelationSet, std::vector<Expr*>>, std::optional<double>> lookups_;
};

}  // namespace luma
