#pragma once
// Bound expressions as EXPLAIN shows them: columns by name, qualified where there are several
// tables, computed ones by what computes them; operators infix.
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/plan/logical.h"

namespace luma {

class ExprDeparser {
 public:
  // Knows the columns of all plans below `root`.
  ExprDeparser(const PlanContext& context, const LogicalOp& root, bool verbose);

  std::string text(const Expr& expr) const { return deparse(expr, false); }
  // Of a column handed up by the operator below: what is computed there stands in parentheses.
  std::string output_text(const Expr& expr) const;
  std::string column_text(ColumnId column) const;
  std::string conjunction(const std::vector<Expr*>& conjuncts) const;
  // "(SubPlan 1)" for this subquery from now on.
  void number_subplan(const SubqueryInfo* subquery, size_t number) { subplans_[subquery] = number; }
  // Values that stand for $1, $2, ... from now on; they outlive this.
  void set_parameters(std::span<const Value> values) { parameters_ = values; }
  // While a scan's conditions are written: its own columns stand alone, others do not.
  void set_own(const LogicalOp* scan) { own_ = scan; }
  // Aggregates of this operator are written plainly: a condition on them belongs to it.
  void set_plain(const LogicalOp* op) { plain_ = op; }

 private:
  struct Source {
    std::string alias, name;
    const Expr* computed = nullptr;
    const LogicalOp* by = nullptr;
  };
  void learn(const LogicalOp& op);
  void add_columns(const LogicalOp& op, const std::string& alias);
  std::string deparse(const Expr& expr, bool in_list) const;
  std::string call(const Expr& expr) const;
  std::string subplan(const Expr& expr) const;
  std::string list(ExprList args, std::string_view separator) const;
  std::string array(const Expr& expr) const;
  std::string column(ColumnId id, bool parentheses) const;

  const PlanContext& context_;
  std::unordered_map<ColumnId, Source> columns_;
  std::map<const SubqueryInfo*, size_t> subplans_;
  size_t tables_ = 0;
  bool verbose_;
  const LogicalOp* own_ = nullptr;
  std::span<const Value> parameters_;
  const LogicalOp* plain_ = nullptr;
  mutable int depth_ = 0;
};

}  // namespace luma
