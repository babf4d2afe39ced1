// PL/pgSQL: assignment to parts of values, and to arrays that grow.
#include "engine/type/array_in_place.h"
#include "engine/type/type_info.h"
#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"
#include "sql/function/value_parts.h"
#include "sql/routine/pl_run.h"

namespace luma {

namespace {

bool has_volatile_part(const Expr& expr) {
  return expr_contains(expr, [](const Expr& e) { return e.is_volatile; });
}

VectorKernel append_kernel() {
  static const VectorKernel kKernel =
      FunctionRegistry::instance()
          .by_signature("array_append(anycompatiblearray,anycompatible)")
          ->implementation.kernel;
  return kKernel;
}

}  // namespace

std::shared_ptr<PlPart> PlRun::prepare_part(const PlTarget& target, TypeRef base_type, TypeRef type,
                                            const std::string& name) {
  PlanStamp now = host_.stamp();
  if (target.part != nullptr && target.part->whole.stamp == now &&
      target.part->base_type == base_type && target.part->part_type == type &&
      is_current(target.part->whole)) {
    return target.part;
  }
  auto part = std::make_shared<PlPart>();
  part->whole.stamp = now;
  part->base_type = base_type;
  part->part_type = type;
  constexpr uint32_t kBase = 0, kNewPart = 1;
  part->whole.parameters.resize(2);
  part->whole.parameters[kNewPart].field = PlPrepared::kNewPart;
  PlScope scope(*this, target.names, part->whole.parameters);
  Binder binder(host_.environment(), {});
  binder.use_variables(&scope);
  const Expr* expr =
      binder.bind_part_assignment(base_type, kBase, target.steps, type, kNewPart, name);
  if (expr_contains(*expr, [](const Expr& e) { return e.kind == ExprKind::kSubquery; })) {
    throw unsupported("a subquery in a subscript that is assigned to");
  }
  part->whole.context = binder.release_context();
  part->whole.expr = expr;
  // base, value, lower bound, subscript
  bool single = expr->kind == ExprKind::kFunction && expr->args.size() == 4 &&
                expr->implementation.kernel == assign_elements_kernel() &&
                (expr->index & kSliceAssignment) == 0 &&
                expr->args[0]->kind == ExprKind::kParameter && expr->args[0]->index == kBase;
  if (single && !has_volatile_part(*expr)) {
    part->element = expr->args[1];
    part->subscript = expr->args[3];
  }
  target.part = part;
  return part;
}

bool PlRun::store_element(PlPart& part, PlSlot& place, std::span<const Value> values) {
  if (part.subscript == nullptr || !place.owns()) return false;
  Value subscript = evaluate_bound(*part.subscript, part.idle_subscripts, values);
  if (subscript.is_null) return false;
  Value element = evaluate_bound(*part.element, part.idle_elements, values);
  if (element.is_null) return false;
  return place.change_bytes([&](std::string& array) {
    return set_element_in_place(array, subscript.datum.i32, element.datum);
  });
}

// a[i] := v: stored in place, or the whole value is made anew, as in UPDATE.
void PlRun::assign_part(const PlTarget& target, const Value& value, TypeRef type) {
  const PlVariable& variable = declared(target.variable);
  TypeRef base_type = variable.type;
  PlSlot* place = nullptr;
  if (!target.field.empty()) {
    PlRow& record = row(target.variable);
    for (size_t i = 0; i < record.fields.size(); ++i) {
      if (record.fields[i].name != target.field) continue;
      place = &record.values[i];
      base_type = record.fields[i].type;
    }
    if (place == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "record \"{}\" has no field \"{}\"",
                      variable.name, target.field);
    }
  } else if (variable.kind == PlVariable::Kind::kScalar) {
    place = &slot(target.variable);
  } else {
    throw unsupported("assignment to a part of a field of a record");
  }
  std::shared_ptr<PlPart> part = prepare_part(target, base_type, type, variable.name);
  std::vector<Value> values;
  gather(part->whole, values);
  values[0] = place->value();
  values[1] = value;
  if (store_element(*part, *place, values)) return;
  const Expr& whole = *part->whole.expr;
  Value out = evaluate_bound(whole, part->whole.idle, values);
  if (target.field.empty()) {
    place->assign(out, whole.physical);
  } else {
    change_record(target.variable, [&] {
      place->assign(out, whole.physical);
      row(target.variable).assigned = true;
    });
  }
}

bool PlRun::append_element(const PlAssign& assignment) {
  const PlTarget& target = assignment.target;
  if (!target.steps.empty() || !target.field.empty()) return false;
  const PlVariable& variable = declared(target.variable);
  if (variable.kind != PlVariable::Kind::kScalar || !slot(target.variable).owns()) return false;
  std::shared_ptr<PlPrepared> prepared = prepare(*assignment.value);
  const Expr* expr = prepared->expr;
  if (expr == nullptr || expr->kind != ExprKind::kFunction || expr->args.size() != 2 ||
      expr->implementation.kernel != append_kernel() || expr->type.oid != variable.type.oid ||
      expr->args[0]->kind != ExprKind::kParameter || has_volatile_part(*expr)) {
    return false;
  }
  const PlPrepared::Parameter& array = prepared->parameters[expr->args[0]->index];
  if (array.variable != target.variable || array.field != -1) return false;
  std::vector<Value> values;
  gather(*prepared, values);
  Value element = evaluate_bound(*expr->args[1], prepared->idle_elements, values);
  if (element.is_null) return false;
  return slot(target.variable).change_bytes([&](std::string& bytes) {
    return append_element_in_place(bytes, element.datum);
  });
}

}  // namespace luma
