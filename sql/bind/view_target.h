#pragma once
// The target of INSERT, UPDATE or DELETE when it is an automatically updatable view: the chain of
// views down to the table that is changed in truth, what the view shows of one of its rows, and
// which rows may pass. Belongs to one ModifyBinder and must outlive its binding: columns that a
// view computes are bound where they are used.
#include <memory>
#include <string>
#include <vector>

#include "sql/bind/binder.h"
#include "sql/function/updatable_view.h"

namespace luma {

// Whether triggers of the view do what the statement wants.
bool has_instead_trigger(const Table& view, ModifyKind kind);

class ViewTarget {
 public:
  // Throws 55000 when a view of the chain cannot be written through.
  // `stop` is where the chain ends at the latest: a view that is changed by its rules.
  ViewTarget(Binder& binder, const Table& view, ModifyKind kind, const Table* stop = nullptr);

  // The table that is changed; or a view below whose triggers or rules do it.
  const Table& base() const { return *levels_.back().shape.below; }
  const Table& view() const { return *levels_.front().view; }
  // False when the innermost view's query says FROM ONLY.
  bool inherits() const { return levels_.back().shape.from->inh; }
  // The base table's attribute behind a column of the view; -1: there is no such column. Throws
  // 0A000 for one that cannot be assigned.
  int attribute_of(std::string_view name) const;
  // The attributes that INSERT without a column list assigns; kNotAssignable where none stands
  // behind a column.
  static constexpr int kNotAssignable = -1;
  std::vector<int> attributes() const;
  [[noreturn]] void refuse_column(size_t position) const;
  // The view's column over a base attribute; "" when it shows none.
  std::string_view name_of(int attribute) const;
  // A default that a view of the chain gives the attribute, as SQL; "" = the base table's counts.
  std::string_view default_of(int attribute) const;

  // The entry of BoundQuery::privileges for the base table.
  int32_t base_privilege() const { return base_privilege_; }
  // The columns of the views that stand for those that the base table's entry says are assigned.
  void require_assigned();

  // What the view shows of the row in `columns` (by attribute of the base table).
  std::shared_ptr<ScopeItem> item(const std::vector<ColumnId>& columns, std::string alias);
  // The rows that the views' WHERE clauses let through; nullptr = all.
  Expr* condition(const std::vector<ColumnId>& columns);
  // WITH CHECK OPTION over the stored row, innermost view first.
  std::vector<CheckExpr> checks(const std::vector<ColumnId>& columns);

 private:
  struct Level {
    const Table* view = nullptr;
    SearchPath path;
    ViewShape shape;
    std::vector<const Column*> columns;  // of the view
    // By column: attribute of the base table, or -1 and the level whose view is the obstacle.
    std::vector<int> attribute;
    int32_t privilege = -1;      // what the statement needs of the view
    Oid check_as = kInvalidOid;  // whose privileges count for what the view's query names
  };
  void open(const Table& view, const Table* stop);
  void map_columns();
  void require_privileges();
  std::shared_ptr<ScopeItem> base_item(const std::vector<ColumnId>& columns);
  // Scopes in which the views' queries stand, outermost view first.
  std::vector<Scope*> scopes(const std::vector<ColumnId>& columns);
  std::shared_ptr<ScopeItem> shown(const Level& level, Scope* scope);
  template <typename Bind>
  Expr* under(const Level& level, Bind bind);

  Binder& binder_;
  ModifyKind kind_;
  std::vector<Level> levels_;  // outermost view first
  int32_t base_privilege_ = -1;
};

}  // namespace luma
