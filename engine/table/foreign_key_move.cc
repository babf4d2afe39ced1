#include "engine/table/foreign_key_move.h"

#include "engine/base/sql_error.h"
#include "engine/table/attribute_chunk.h"
#include "engine/table/constraint_queue.h"
#include "engine/table/row_assignment.h"
#include "engine/table/row_check.h"
#include "engine/table/row_writer.h"
#include "engine/table/trigger_firing.h"

namespace luma {

// A partition that rows have moved to.
struct ForeignKeyMover::Home {
  Home(ExecContext& context, ConstraintQueue& queue, const PartitionedTarget::Leaf& leaf)
      : attributes(leaf.root_attribute),
        checks(table_checks(*leaf.table)),
        check(*leaf.table, leaf.table->generated, checks, 1),
        writer(leaf.table, {}, 1),
        row(make_row_views(*leaf.table)) {
    writer.begin(context, queue);
    if (leaf.table->triggers.empty()) return;
    firing.emplace(leaf.table, std::vector<bool>());
    firing->begin(context, queue);
  }
  const std::vector<int32_t>& attributes;
  std::vector<CheckSpec> checks;
  RowCheck check;
  RowWriter writer;
  std::optional<TriggerFiring> firing;
  Chunk row;
};

std::unique_ptr<ForeignKeyMover> ForeignKeyMover::make(const TableDescPtr& child,
                                                       const ForeignKeyDesc& key) {
  if (key.declared_table.empty()) return nullptr;
  // The bound is the check without a name.
  for (const auto& [name, expr] : child->checks) {
    if (name.empty())
      return std::unique_ptr<ForeignKeyMover>(new ForeignKeyMover(child, key.oid, *expr));
  }
  return nullptr;
}

ForeignKeyMover::ForeignKeyMover(TableDescPtr child, Oid key, const Expr& bound)
    : child_(std::move(child)), key_(key), bound_(bound, 1) {}

ForeignKeyMover::~ForeignKeyMover() = default;

bool ForeignKeyMover::leaves(ExecContext& context, const Chunk& row) {
  Value stays = bound_.evaluate(context, row).value(0);
  return !stays.is_null && !stays.datum.b;
}

void ForeignKeyMover::find_target(ExecContext& context) {
  if (target_ != nullptr) return;
  auto* partitions = dynamic_cast<PartitionedTableResolver*>(context.tables);
  LUMA_CHECK(partitions != nullptr);
  target_ = partitions->target_of_key(*child_, key_);
  for (const PartitionedTarget::Leaf& leaf : target_->leaves) {
    if (leaf.table->oid == child_->oid) from_ = &leaf;
  }
  LUMA_CHECK(from_ != nullptr);
  router_.emplace(*target_->route, 1);
  root_row_ = make_row_views(*target_->root);
}

ForeignKeyMover::Home& ForeignKeyMover::home(ExecContext& context, ConstraintQueue& queue,
                                             int32_t leaf) {
  auto& found = homes_[leaf];
  if (found == nullptr) {
    found = std::make_unique<Home>(context, queue, target_->leaves[static_cast<size_t>(leaf)]);
  }
  return *found;
}

const Expr* ForeignKeyMover::default_of(ExecContext& context, size_t attribute) {
  find_target(context);
  const auto& defaults = target_->root->defaults;
  auto at = static_cast<size_t>(from_->root_attribute[attribute]);
  return at < defaults.size() ? defaults[at] : nullptr;
}

void ForeignKeyMover::insert(ExecContext& context, ConstraintQueue& queue, const Chunk& row) {
  find_target(context);
  for (size_t i = 0; i < from_->root_attribute.size(); ++i) {
    int32_t attribute = from_->root_attribute[i];
    if (attribute < 0) continue;
    root_row_.columns[static_cast<size_t>(attribute)].reference(row.columns[i]);
  }
  root_row_.size = 1;
  std::vector<int32_t> leaves;
  router_->route(context, root_row_, leaves);
  Home& to = home(context, queue, leaves[0]);
  for (size_t i = 0; i < to.attributes.size(); ++i) {
    if (to.attributes[i] < 0) continue;
    to.row.columns[i].reference(root_row_.columns[static_cast<size_t>(to.attributes[i])]);
  }
  to.row.size = 1;
  if (to.firing && !to.firing->before_row(TriggerEvent::kInsert, nullptr, &to.row)) return;
  to.check.compute_generated(context, to.row);
  to.check.check(context, to.row);
  to.writer.bind_new(to.row);
  to.writer.insert(0);
  if (to.firing) to.firing->after_row(TriggerEvent::kInsert, nullptr, &to.row, 0);
}

}  // namespace luma
