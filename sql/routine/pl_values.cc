#include "sql/routine/pl_values.h"

#include "engine/type/user_type.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"

namespace luma {

void PlSlot::assign(const Value& value, PhysicalType physical) {
  if (value.is_null || physical != PhysicalType::kVarlen || value.datum.str.is_inline()) {
    value_ = value;
    owns_ = false;
    return;
  }
  std::string_view text = value.datum.str.view();
  if (text.data() != bytes_.data()) bytes_.assign(text);
  owns_ = true;
  point_to_bytes();
}

std::unique_ptr<PlConversions::Conversion> PlConversions::make(TypeRef from, TypeRef to) {
  Binder binder(host_.environment(), {});
  Expr* expr = binder.bind_conversion(from, to, Coercion::kAssignment);
  if (expr == nullptr) {
    Arena& arena = binder.context().arena();
    Expr* value = arena.make<Expr>(make_node(ExprKind::kParameter, from.oid, -1));
    expr = arena.make<Expr>(make_node(ExprKind::kCoerceViaIo, to.oid, -1));
    expr->type = to;
    expr->args = copy_span(arena, std::vector<Expr*>{value});
  }
  auto made = std::make_unique<Conversion>();
  made->plan = binder.release_context();
  made->evaluator = std::make_unique<ExprEvaluator>(*expr, 1);
  made->physical = expr->physical;
  return made;
}

Value PlConversions::convert(const Value& value, TypeRef from, TypeRef to, Arena& arena) {
  if (from.oid == type_oid::kUnknown) from = {type_oid::kText, -1};
  if (from.oid == to.oid && (to.typmod < 0 || to.typmod == from.typmod)) return value;
  if (from.oid == kInvalidOid || to.oid == kInvalidOid || to.oid == type_oid::kVoid) return value;
  if (type_info(to.oid).type_type == 'd') {
    // A value becomes one of the base type first: only that conversion may go through text.
    const TypeRef base = base_type_of(to);
    if (value.is_null) {
      from = base;
    } else if (from.oid != base.oid) {
      return convert(convert(value, from, base, arena), base, to, arena);
    }
  } else if (value.is_null) {
    return value;
  }
  PlanStamp now = host_.stamp();
  if (now != stamp_) {
    idle_.clear();
    stamp_ = now;
  }
  auto key = std::pair(std::pair(from.oid, from.typmod), std::pair(to.oid, to.typmod));
  auto& idle = idle_[key];
  std::unique_ptr<Conversion> conversion;
  if (!idle.empty()) {
    conversion = std::move(idle.back());
    idle.pop_back();
  } else {
    conversion = make(from, to);
  }
  ExecContext context;
  host_.fill_context(context);
  context.arena = &arena;
  context.parameters = std::span(&value, 1);
  Value out = conversion->evaluator->evaluate_scalar(context);
  if (!out.is_null) out.datum = copy_datum(out.datum, conversion->physical, arena);
  idle_[key].push_back(std::move(conversion));
  return out;
}

}  // namespace luma
