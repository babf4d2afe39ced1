// Expressions: dispatch, literals, parameters, boolean logic.
#include "engine/exec/evaluator.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/bind/variable_scope.h"
#include "sql/catalog/collation_object.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

constexpr int kMaxDepth = 2000;

struct DepthGuard {
  explicit DepthGuard(int& depth) : depth_(depth) {
    if (++depth_ > kMaxDepth) {
      --depth_;
      throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded")
          .hint("The expression is nested too deeply; split it up.");
    }
  }
  ~DepthGuard() { --depth_; }
  int& depth_;
};

}  // namespace

Expr* Binder::bind_expr(const ast::Node* node, Scope* scope, Clause clause) {
  DepthGuard guard(depth_);
  Expr* out = bind_expr_by_kind(node, scope, clause);
  if (record_ != nullptr && view_depth_ == 0) record_->expressions.insert_or_assign(node, out);
  return out;
}

Expr* Binder::bind_expr_by_kind(const ast::Node* node, Scope* scope, Clause clause) {
  switch (node->tag) {
    case ast::NodeTag::kColumnRef:
      return bind_column_ref(*ast::as<ast::ColumnRef>(node), scope, clause);
    case ast::NodeTag::kAConst:
      return bind_const(*ast::as<ast::AConst>(node));
    case ast::NodeTag::kParamRef:
      return bind_param(*ast::as<ast::ParamRef>(node));
    case ast::NodeTag::kAExpr:
      return bind_a_expr(*ast::as<ast::AExpr>(node), scope, clause);
    case ast::NodeTag::kBoolExpr:
      return bind_bool_expr(*ast::as<ast::BoolExpr>(node), scope, clause);
    case ast::NodeTag::kFuncCall:
      return bind_func_call(*ast::as<ast::FuncCall>(node), scope, clause);
    case ast::NodeTag::kSubLink:
      return bind_sublink(*ast::as<ast::SubLink>(node), scope, clause);
    case ast::NodeTag::kCaseExpr:
      return bind_case(*ast::as<ast::CaseExpr>(node), scope, clause);
    case ast::NodeTag::kCoalesceExpr:
      return bind_coalesce(*ast::as<ast::CoalesceExpr>(node), scope, clause);
    case ast::NodeTag::kMinMaxExpr:
      return bind_min_max(*ast::as<ast::MinMaxExpr>(node), scope, clause);
    case ast::NodeTag::kRowExpr:
      return bind_row(*ast::as<ast::RowExpr>(node), scope, clause);
    case ast::NodeTag::kAArrayExpr:
      return bind_array(*ast::as<ast::AArrayExpr>(node), scope, clause, kInvalidOid, -1);
    case ast::NodeTag::kTypeCast:
      return bind_type_cast(*ast::as<ast::TypeCast>(node), scope, clause);
    case ast::NodeTag::kAIndirection:
      return bind_indirection(*ast::as<ast::AIndirection>(node), scope, clause);
    case ast::NodeTag::kSQLValueFunction:
      return bind_sql_value_function(*ast::as<ast::SQLValueFunction>(node));
    case ast::NodeTag::kNullTest:
      return bind_null_test(*ast::as<ast::NullTest>(node), scope, clause);
    case ast::NodeTag::kBooleanTest:
      return bind_boolean_test(*ast::as<ast::BooleanTest>(node), scope, clause);
    case ast::NodeTag::kGroupingFunc:
      return bind_grouping(*ast::as<ast::GroupingFunc>(node), scope, clause);
    case ast::NodeTag::kCollateClause: {
      const auto* collate = ast::as<ast::CollateClause>(node);
      Expr* arg = resolve_unknown(bind_expr(collate->arg, scope, clause));
      if (type_info(arg->type.oid).collation == kInvalidOid) {
        throw sql_error(SqlState::kDatatypeMismatch, "collations are not supported by type {}",
                        format_type(arg->type.oid))
            .at_byte(node->location);
      }
      names_collations_ = true;
      Expr* out = arena().make<Expr>(make_node(ExprKind::kRelabel, arg->type.oid, node->location));
      out->type = arg->type;
      out->is_volatile = arg->is_volatile;
      out->args = copy_span(arena(), std::vector<Expr*>{arg});
      // CollationPass tells it from other relabels by this.
      out->index = 1;
      out->collation =
          require_collation(environment_.catalog(), path(), collate->collname, collate->location);
      return out;
    }
    case ast::NodeTag::kSetToDefault:
      throw SqlError(SqlState::kSyntaxError, "DEFAULT is not allowed in this context")
          .at_byte(node->location);
    case ast::NodeTag::kMultiAssignRef:
      throw unsupported("this form of multiple-column assignment").at_byte(node->location);
    case ast::NodeTag::kCurrentOfExpr:
      return bind_current_of(*ast::as<ast::CurrentOfExpr>(node), scope);
    case ast::NodeTag::kXmlExpr:
      return bind_xml_expr(*ast::as<ast::XmlExpr>(node), scope, clause);
    case ast::NodeTag::kXmlSerialize:
      return bind_xml_serialize(*ast::as<ast::XmlSerialize>(node), scope, clause);
    default:
      throw sql_error(SqlState::kInternalError, "unexpected node {} in an expression",
                      ast::node_name(node->tag));
  }
}

Expr* Binder::bind_value(const ast::Node* node, Scope* scope, Clause clause) {
  return resolve_unknown(bind_expr(node, scope, clause));
}

Expr* Binder::bind_boolean(const ast::Node* node, Scope* scope, Clause clause,
                           std::string_view construct) {
  return coerce_to_boolean(bind_expr(node, scope, clause), construct);
}

Expr* Binder::bind_const(const ast::AConst& value) {
  switch (value.kind) {
    case ast::ConstKind::kNull: {
      Expr* out = make_constant(arena(), {type_oid::kUnknown, -1}, Value::null());
      out->location = value.location;
      return out;
    }
    case ast::ConstKind::kInteger: {
      Expr* out = make_constant(arena(), {type_oid::kInt4, -1}, Value(Datum::of_int32(value.ival)));
      out->location = value.location;
      return out;
    }
    case ast::ConstKind::kBoolean: {
      Expr* out = make_bool(arena(), value.boolval);
      out->location = value.location;
      return out;
    }
    case ast::ConstKind::kFloat: {
      // Integers too large for int4 come as floats: int8 when they fit, numeric otherwise.
      int64_t integer = 0;
      auto [end, error] =
          std::from_chars(value.text.data(), value.text.data() + value.text.size(), integer);
      bool is_integer = error == std::errc() && end == value.text.data() + value.text.size();
      // -2147483648 is int4 again: the sign was folded into the literal.
      bool is_int4 = is_integer && integer >= INT32_MIN && integer <= INT32_MAX;
      Oid type = is_int4 ? type_oid::kInt4 : is_integer ? type_oid::kInt8 : type_oid::kNumeric;
      Expr literal = make_node(ExprKind::kConstant, type_oid::kUnknown, value.location);
      literal.constant = Value(Datum::of_string(value.text));
      return coerce_literal(literal, {type, -1}, value.location);
    }
    case ast::ConstKind::kString: {
      Expr* out = make_constant(arena(), {type_oid::kUnknown, -1},
                                Value(Datum::of_string(arena().copy(value.text))));
      out->location = value.location;
      return out;
    }
    case ast::ConstKind::kBitString: {
      constexpr Oid kBitOid = 1560;
      Expr literal = make_node(ExprKind::kConstant, type_oid::kUnknown, value.location);
      literal.constant = Value(Datum::of_string(value.text));
      return coerce_literal(literal, {kBitOid, -1}, value.location);
    }
  }
  throw SqlError(SqlState::kInternalError, "unknown kind of literal");
}

Expr* Binder::bind_param(const ast::ParamRef& param) {
  // What Bind can give ends at 65535; PostgreSQL prepares statements that nobody can execute.
  if (param.number < 1 || param.number > (1 << 20)) {
    throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", param.number)
        .at_byte(param.location);
  }
  if (variables_in_reach()) {
    if (Expr* found = variables_->parameter(param.number, arena())) return found;
    throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", param.number)
        .at_byte(param.location);
  }
  auto index = static_cast<uint32_t>(param.number - 1);
  if (parameter_types_.size() <= index) parameter_types_.resize(index + 1, kInvalidOid);
  Oid type = parameter_types_[index] == kInvalidOid ? type_oid::kUnknown : parameter_types_[index];
  Expr* out = arena().make<Expr>(make_node(ExprKind::kParameter, type, param.location));
  out->index = index;
  parameter_nodes_.push_back(out);
  return out;
}

// --- logic ---

Expr* Binder::bind_bool_expr(const ast::BoolExpr& node, Scope* scope, Clause clause) {
  std::string_view name = node.boolop == ast::BoolExprType::kAnd  ? "AND"
                          : node.boolop == ast::BoolExprType::kOr ? "OR"
                                                                  : "NOT";
  std::vector<Expr*> args;
  for (const ast::Node* arg : node.args) args.push_back(bind_boolean(arg, scope, clause, name));
  switch (node.boolop) {
    case ast::BoolExprType::kAnd:
      return make_and(arena(), args);
    case ast::BoolExprType::kOr:
      return make_or(arena(), args);
    default:
      return make_not(arena(), args[0]);
  }
}

Expr* Binder::bind_null_test(const ast::NullTest& node, Scope* scope, Clause clause) {
  Expr* arg = bind_expr(node.arg, scope, clause);
  bool is_null = node.nulltesttype == ast::NullTestType::kIsNull;
  Expr* out = arena().make<Expr>(make_node(is_null ? ExprKind::kIsNull : ExprKind::kIsNotNull,
                                           type_oid::kBool, node.location));
  out->args = copy_span(arena(), std::vector<Expr*>{arg});
  return out;
}

Expr* Binder::bind_boolean_test(const ast::BooleanTest& node, Scope* scope, Clause clause) {
  static constexpr struct {
    ExprKind kind;
    std::string_view name;
  } kTests[] = {{ExprKind::kIsTrue, "IS TRUE"},       {ExprKind::kIsNotTrue, "IS NOT TRUE"},
                {ExprKind::kIsFalse, "IS FALSE"},     {ExprKind::kIsNotFalse, "IS NOT FALSE"},
                {ExprKind::kIsUnknown, "IS UNKNOWN"}, {ExprKind::kIsNotUnknown, "IS NOT UNKNOWN"}};
  const auto& test = kTests[static_cast<size_t>(node.booltesttype)];
  Expr* arg = bind_boolean(node.arg, scope, clause, test.name);
  Expr* out = arena().make<Expr>(make_node(test.kind, type_oid::kBool, node.location));
  out->args = copy_span(arena(), std::vector<Expr*>{arg});
  return out;
}

namespace {

// CASE and COALESCE evaluate their arguments only when needed: a set has no place there.
class NoSetsInside {
 public:
  NoSetsInside(const Scope* scope, std::string_view construct)
      : state_(scope == nullptr ? nullptr : scope->select),
        construct_(construct),
        before_(count()) {}
  void check() const {
    if (count() == before_) return;
    throw sql_error(SqlState::kFeatureNotSupported, "set-returning functions are not allowed in {}",
                    construct_)
        .hint("You might be able to move the set-returning function into a LATERAL FROM item.")
        .at_byte(state_->set_returning.back().expr->location);
  }

 private:
  size_t count() const { return state_ == nullptr ? 0 : state_->set_returning.size(); }
  const SelectState* state_;
  std::string_view construct_;
  size_t before_;
};

}  // namespace

Expr* Binder::bind_case(const ast::CaseExpr& node, Scope* scope, Clause clause) {
  NoSetsInside no_sets(scope, "CASE");
  Expr* arg = node.arg == nullptr ? nullptr : bind_value(node.arg, scope, clause);
  std::vector<Expr*> conditions, results;
  for (const ast::Node* item : node.args) {
    const auto* when = ast::as<ast::CaseWhen>(item);
    Expr* condition = bind_expr(when->expr, scope, clause);
    if (arg != nullptr) {
      condition = make_operator("=", arg, condition, when->location);
    }
    conditions.push_back(coerce_to_boolean(condition, "CASE/WHEN"));
    results.push_back(bind_expr(when->result, scope, clause));
  }
  Expr* otherwise = node.defresult == nullptr
                        ? make_constant(arena(), {type_oid::kUnknown, -1}, Value::null())
                        : bind_expr(node.defresult, scope, clause);
  no_sets.check();
  // PostgreSQL looks at ELSE first when it decides on the type.
  std::vector<Expr*> all = {otherwise};
  all.insert(all.end(), results.begin(), results.end());
  Oid type = select_common_type(all, "CASE");
  Expr* out = arena().make<Expr>(make_node(ExprKind::kCase, type, node.location));
  std::vector<Expr*> args;
  int32_t typmod = -2;
  auto add_result = [&](Expr* result) {
    Expr* coerced = coerce_to_common(result, type, "CASE/WHEN");
    typmod = typmod == -2 || typmod == coerced->type.typmod ? coerced->type.typmod : -1;
    args.push_back(coerced);
  };
  for (size_t i = 0; i < conditions.size(); ++i) {
    args.push_back(conditions[i]);
    add_result(results[i]);
  }
  add_result(otherwise);
  out->type.typmod = typmod;
  out->args = copy_span(arena(), args);
  return out;
}

Expr* Binder::bind_coalesce(const ast::CoalesceExpr& node, Scope* scope, Clause clause) {
  NoSetsInside no_sets(scope, "COALESCE");
  std::vector<Expr*> args;
  for (const ast::Node* arg : node.args) args.push_back(bind_expr(arg, scope, clause));
  no_sets.check();
  Oid type = select_common_type(args, "COALESCE");
  int32_t typmod = -2;
  for (Expr*& arg : args) {
    arg = coerce_to_common(arg, type, "COALESCE");
    typmod = typmod == -2 || typmod == arg->type.typmod ? arg->type.typmod : -1;
  }
  Expr* out = arena().make<Expr>(make_node(ExprKind::kCoalesce, type, node.location));
  out->type.typmod = typmod;
  out->args = copy_span(arena(), args);
  return out;
}

Expr* Binder::bind_min_max(const ast::MinMaxExpr& node, Scope* scope, Clause clause) {
  bool greatest = node.op == ast::MinMaxOp::kGreatest;
  std::string_view name = greatest ? "GREATEST" : "LEAST";
  std::vector<Expr*> args;
  for (const ast::Node* arg : node.args) args.push_back(bind_expr(arg, scope, clause));
  Oid type = select_common_type(args, name);
  for (Expr*& arg : args) arg = coerce_to_common(arg, type, name);
  if (type_info(type).compare == nullptr) {
    throw sql_error(SqlState::kUndefinedFunction,
                    "could not identify a comparison function for type {}", format_type(type))
        .at_byte(node.location);
  }
  Expr* out = arena().make<Expr>(
      make_node(greatest ? ExprKind::kGreatest : ExprKind::kLeast, type, node.location));
  out->args = copy_span(arena(), args);
  return out;
}

namespace {

// "f.*" of FROM f(...), a scalar: the one column.
bool is_value_of_scalar_function(const ast::ColumnRef& ref, const Scope* scope) {
  const auto* name = ast::try_as<ast::String>(ref.fields[0]);
  if (name == nullptr || ref.fields.size() != 2) return false;
  for (const Scope* level = scope; level != nullptr; level = level->parent) {
    for (const auto& item : level->items) {
      if (item->alias == name->sval && item->rel_visible) return item->scalar_function;
    }
  }
  return false;
}

}  // namespace

Expr* Binder::bind_row(const ast::RowExpr& node, Scope* scope, Clause clause) {
  std::vector<Expr*> args;
  for (const ast::Node* arg : node.args) {
    const auto* ref = ast::try_as<ast::ColumnRef>(arg);
    bool star = ref != nullptr && ref->fields.size() > 1 && ast::is<ast::AStar>(ref->fields.back());
    const auto* value = ast::try_as<ast::AIndirection>(arg);
    if (star || (value != nullptr && ast::is<ast::AStar>(value->indirection.back()))) {
      Expr* row =
          star ? bind_column_ref(*ref, scope, clause) : bind_star_operand(arg, scope, clause);
      std::vector<RowField> fields;
      if (star && is_value_of_scalar_function(*ref, scope)) {
        args.push_back(row);
        continue;
      }
      std::vector<Expr*> values = expand_row(row, fields, arg->location);
      args.insert(args.end(), values.begin(), values.end());
      continue;
    }
    // Untyped fields stay so: a comparison gives them the other side's type.
    args.push_back(bind_expr(arg, scope, clause));
  }
  Expr* out = arena().make<Expr>(make_node(ExprKind::kRow, type_oid::kRecord, node.location));
  out->args = copy_span(arena(), args);
  return out;
}

Expr* Binder::bind_sql_value_function(const ast::SQLValueFunction& node) {
  using Op = ast::SQLValueFunctionOp;
  auto call = [&](std::string_view name, Oid type) {
    // The text is static: a name list of one.
    std::string_view names[] = {name};
    ast::NameList list(names, 1);
    Expr* out = make_function_call(list, {}, {}, false, false, node.location, nullptr);
    return out->type.oid == type ? out
                                 : coerce(out, {type, -1}, Coercion::kExplicit, node.location);
  };
  switch (node.op) {
    case Op::kCurrentDate:
      return call("now", type_oid::kDate);
    case Op::kCurrentTime:
      return call("now", type_oid::kTimetz);
    case Op::kCurrentTimeN:
      return with_typmod(call("now", type_oid::kTimetz), node.typmod, Coercion::kExplicit,
                         node.location);
    case Op::kCurrentTimestamp:
      return call("now", type_oid::kTimestamptz);
    case Op::kCurrentTimestampN:
      return with_typmod(call("now", type_oid::kTimestamptz), node.typmod, Coercion::kExplicit,
                         node.location);
    case Op::kLocaltime:
      return call("now", type_oid::kTime);
    case Op::kLocaltimeN:
      return with_typmod(call("now", type_oid::kTime), node.typmod, Coercion::kExplicit,
                         node.location);
    case Op::kLocaltimestamp:
      return call("now", type_oid::kTimestamp);
    case Op::kLocaltimestampN:
      return with_typmod(call("now", type_oid::kTimestamp), node.typmod, Coercion::kExplicit,
                         node.location);
    case Op::kCurrentRole:
    case Op::kCurrentUser:
    case Op::kUser:
      return call("current_user", type_oid::kName);
    case Op::kSessionUser:
      return call("session_user", type_oid::kName);
    case Op::kCurrentCatalog:
      return call("current_database", type_oid::kName);
    case Op::kCurrentSchema:
      return call("current_schema", type_oid::kName);
  }
  throw SqlError(SqlState::kInternalError, "unknown SQL value function");
}

EvalContext Binder::evaluation_context() {
  EvalContext context;
  context.io = &environment_.io();
  context.arena = &arena();
  return context;
}

}  // namespace luma
