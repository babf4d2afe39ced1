#include "sql/optimize/inverted_path.h"

#include <algorithm>

#include "sql/catalog/extension_objects.h"
#include "sql/function/registry.h"
#include "sql/optimize/access_path.h"
#include "sql/optimize/cost_model.h"
#include "sql/optimize/predicates.h"

namespace luma {

namespace {

bool refers_to_scan(const ScanOp& scan, const Expr& expr) {
  for (ColumnId column : columns_of(expr)) {
    if (std::find(scan.output.begin(), scan.output.end(), column) != scan.output.end()) return true;
  }
  return false;
}

// Whether an expression of an index is one of the query.
bool same_expression(const ScanOp& scan, const Expr& stored, const Expr& wanted) {
  if (stored.kind == ExprKind::kSlot) {
    return scan_attribute(scan, wanted) == static_cast<int32_t>(stored.index);
  }
  if (stored.kind != wanted.kind || stored.args.size() != wanted.args.size() ||
      stored.type.oid != wanted.type.oid) {
    return false;
  }
  if (stored.kind == ExprKind::kConstant) return expr_equal(stored, wanted);
  if ((stored.function == nullptr) != (wanted.function == nullptr)) return false;
  if (stored.function != nullptr && stored.function->oid != wanted.function->oid) return false;
  bool known = stored.kind == ExprKind::kFunction || stored.kind == ExprKind::kRelabel ||
               stored.kind == ExprKind::kCoalesce;
  if (!known) return false;
  for (size_t i = 0; i < stored.args.size(); ++i) {
    if (!same_expression(scan, *stored.args[i], *wanted.args[i])) return false;
  }
  return true;
}

bool is_key(const ScanOp& scan, const KeyPart& key, const Expr& expr) {
  if (key.expression == nullptr) return scan_attribute(scan, expr) == key.column;
  return same_expression(scan, *key.expression, expr);
}

// `value <@ column` as `column @> value`; nullptr when there is no such operator.
Expr* turned(PlanContext& context, Expr* conjunct) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const OperatorEntry* op = registry.operator_by_oid(conjunct->operator_oid);
  if (op == nullptr) return nullptr;
  const OperatorEntry* other = registry.operator_by_oid(op->commutator);
  if (other == nullptr) return nullptr;
  Expr* out = context.arena().make<Expr>(*conjunct);
  out->operator_oid = other->oid;
  out->function = other->implementation;
  out->implementation = other->implementation->implementation;
  out->args = copy_span(context.arena(), std::vector<Expr*>{conjunct->args[1], conjunct->args[0]});
  return out;
}

void match(PlanContext& context, const ScanOp& scan, Expr* conjunct, InvertedPath& path) {
  bool binary = conjunct->kind == ExprKind::kFunction && conjunct->args.size() == 2 &&
                conjunct->operator_oid != kInvalidOid;
  if (!binary || has_volatile(*conjunct) || has_subquery(*conjunct)) return;
  for (size_t part = 0; part < path.index->keys.size(); ++part) {
    const KeyPart& key = path.index->keys[part];
    for (int side = 0; side < 2; ++side) {
      if (!is_key(scan, key, *conjunct->args[side])) continue;
      if (refers_to_scan(scan, *conjunct->args[1 - side])) continue;
      Expr* shown = side == 0 ? conjunct : turned(context, conjunct);
      if (shown == nullptr) continue;
      const OperatorEntry* op = FunctionRegistry::instance().operator_by_oid(shown->operator_oid);
      if (key.inverted->same_type_only && (op == nullptr || op->left != op->right)) continue;
      int16_t strategy = opclass_strategy(key.inverted->opclass, shown->operator_oid);
      const InvertedKeys::Search* search = key.inverted->search(strategy);
      if (search == nullptr) continue;
      path.conditions.push_back({part, search, shown->args[1]});
      path.given.push_back(conjunct);
      path.used.push_back(shown);
      return;
    }
  }
}

}  // namespace

std::optional<InvertedPath> choose_inverted_path(PlanContext& context, const ScanOp& scan,
                                                 const std::vector<Expr*>& conjuncts,
                                                 Estimator& estimator,
                                                 const PlannerSettings& settings) {
  std::optional<InvertedPath> best;
  for (const IndexDesc& index : scan.table->indexes) {
    if (!index.valid || !index.is_inverted()) continue;
    if (index.predicate != nullptr && !predicate_implied(scan, index, conjuncts)) continue;
    InvertedPath path;
    path.index = &index;
    for (Expr* conjunct : conjuncts) match(context, scan, conjunct, path);
    if (path.conditions.empty()) continue;
    estimator.set_focus(&scan);
    path.rows = std::max(1.0, estimator.table_rows(*scan.table) * estimator.selectivity(path.used));
    estimator.set_focus(nullptr);
    path.cost = static_cast<double>(path.conditions.size() + 1) * cost::kLookup +
                path.rows * (2 * cost::kScanRow + cost::kFetchRow) +
                (settings.bitmap_scan ? 0 : cost::kDisabled);
    if (!best || path.cost < best->cost) best = std::move(path);
  }
  return best;
}

}  // namespace luma
