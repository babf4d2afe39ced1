// Operator expressions: plain operators, IN, BETWEEN, LIKE, IS DISTINCT FROM, NULLIF, row
// comparisons and comparisons with subqueries.
#include <utility>

#include "sql/ast/tree.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"

namespace luma {

namespace {

Expr* bool_node(Arena& arena, ExprKind kind, std::vector<Expr*> args, int location) {
  Expr* out = arena.make<Expr>();
  out->kind = kind;
  out->type = {type_oid::kBool, -1};
  out->physical = PhysicalType::kBool;
  out->location = location;
  out->args = copy_span(arena, args);
  return out;
}

bool is_row(const Expr* expr) { return expr->kind == ExprKind::kRow; }

std::vector<Expr*> fields_of(const Expr* row) { return {row->args.begin(), row->args.end()}; }

bool is_null_literal(const ast::Node* node) {
  const auto* constant = ast::try_as<ast::AConst>(node);
  return constant != nullptr && constant->kind == ast::ConstKind::kNull;
}

}  // namespace

Expr* Binder::bind_a_expr(const ast::AExpr& node, Scope* scope, Clause clause) {
  switch (node.kind) {
    case ast::AExprKind::kOp: {
      if (node.lexpr == nullptr) {
        Expr* operand = bind_expr(node.rexpr, scope, clause);
        return make_operator(node.name, nullptr, operand, node.location);
      }
      const auto* link = ast::try_as<ast::SubLink>(node.rexpr);
      if (link != nullptr && link->sub_link_type == ast::SubLinkType::kExpr &&
          ast::is<ast::RowExpr>(node.lexpr)) {
        // row op (subquery): the subquery's columns are compared with the row's fields.
        auto* compare = arena().make<ast::SubLink>(*link);
        compare->sub_link_type = ast::SubLinkType::kRowcompare;
        compare->testexpr = node.lexpr;
        compare->oper_name = node.name;
        compare->location = node.location;
        return bind_sublink(*compare, scope, clause);
      }
      Expr* left = bind_expr(node.lexpr, scope, clause);
      Expr* right = bind_expr(node.rexpr, scope, clause);
      // Rows that are written out compare field by field; whole rows are values (NULL fields are
      // equal).
      if (is_row(left) && is_row(right) && ast::is<ast::RowExpr>(node.lexpr) &&
          ast::is<ast::RowExpr>(node.rexpr)) {
        return bind_row_comparison(std::string(node.name.back()), fields_of(left), fields_of(right),
                                   node.location);
      }
      return make_operator(node.name, left, right, node.location);
    }
    case ast::AExprKind::kOpAny:
    case ast::AExprKind::kOpAll: {
      Expr* left = bind_expr(node.lexpr, scope, clause);
      Expr* right = bind_expr(node.rexpr, scope, clause);
      return make_array_comparison(node.name, left, right, node.kind == ast::AExprKind::kOpAny,
                                   node.location);
    }
    case ast::AExprKind::kDistinct:
    case ast::AExprKind::kNotDistinct: {
      bool distinct = node.kind == ast::AExprKind::kDistinct;
      // x IS [NOT] DISTINCT FROM NULL is a null test.
      for (auto [constant, other] :
           {std::pair(node.rexpr, node.lexpr), std::pair(node.lexpr, node.rexpr)}) {
        if (is_null_literal(constant)) {
          Expr* arg = bind_expr(other, scope, clause);
          return bool_node(arena(), distinct ? ExprKind::kIsNotNull : ExprKind::kIsNull, {arg},
                           node.location);
        }
      }
      Expr* left = bind_expr(node.lexpr, scope, clause);
      Expr* right = bind_expr(node.rexpr, scope, clause);
      if (is_row(left) && is_row(right)) {
        std::vector<Expr*> parts;
        for (size_t i = 0; i < left->args.size() && i < right->args.size(); ++i) {
          Expr* equal = make_operator("=", left->args[i], right->args[i], node.location);
          Expr* part = bool_node(arena(), ExprKind::kIsDistinct, fields_of(equal), node.location);
          part->implementation = equal->implementation;
          part->function = equal->function;
          parts.push_back(part);
        }
        Expr* any = make_or(arena(), parts);
        return distinct ? any : make_not(arena(), any);
      }
      Expr* equal = make_operator("=", left, right, node.location);
      Expr* out = bool_node(arena(), distinct ? ExprKind::kIsDistinct : ExprKind::kIsNotDistinct,
                            fields_of(equal), node.location);
      out->implementation = equal->implementation;
      out->function = equal->function;
      out->operator_oid = equal->operator_oid;
      return out;
    }
    case ast::AExprKind::kNullif: {
      Expr* left = bind_expr(node.lexpr, scope, clause);
      Expr* right = bind_expr(node.rexpr, scope, clause);
      Expr* equal = make_operator("=", left, right, node.location);
      Expr* out = arena().make<Expr>(*equal);
      out->kind = ExprKind::kNullIf;
      // The result is the first operand as the comparison sees it.
      out->type = equal->args[0]->type;
      out->physical = equal->args[0]->physical;
      out->collation = equal->args[0]->collation;
      return out;
    }
    case ast::AExprKind::kIn:
      return bind_in(node, scope, clause);
    case ast::AExprKind::kLike:
    case ast::AExprKind::kIlike:
    case ast::AExprKind::kSimilar: {
      Expr* left = bind_expr(node.lexpr, scope, clause);
      Expr* right = bind_expr(node.rexpr, scope, clause);
      return make_operator(node.name, left, right, node.location);
    }
    case ast::AExprKind::kBetween:
    case ast::AExprKind::kNotBetween:
    case ast::AExprKind::kBetweenSym:
    case ast::AExprKind::kNotBetweenSym:
      return bind_between(node, scope, clause);
  }
  throw SqlError(SqlState::kInternalError, "unknown kind of operator expression");
}

Expr* Binder::bind_between(const ast::AExpr& node, Scope* scope, Clause clause) {
  const auto* bounds = ast::as<ast::ListNode>(node.rexpr);
  Expr* value = bind_expr(node.lexpr, scope, clause);
  auto compare = [&](const char* op, const ast::Node* bound) {
    return make_operator(op, value, bind_expr(bound, scope, clause), node.location);
  };
  const ast::Node* low = bounds->items[0];
  const ast::Node* high = bounds->items[1];
  auto inside = [&](const ast::Node* a, const ast::Node* b) {
    return make_and(arena(), std::vector<Expr*>{compare(">=", a), compare("<=", b)});
  };
  auto outside = [&](const ast::Node* a, const ast::Node* b) {
    return make_or(arena(), std::vector<Expr*>{compare("<", a), compare(">", b)});
  };
  switch (node.kind) {
    case ast::AExprKind::kBetween:
      return inside(low, high);
    case ast::AExprKind::kNotBetween:
      return outside(low, high);
    case ast::AExprKind::kBetweenSym:
      return make_or(arena(), std::vector<Expr*>{inside(low, high), inside(high, low)});
    default:
      return make_and(arena(), std::vector<Expr*>{outside(low, high), outside(high, low)});
  }
}

Expr* Binder::bind_in(const ast::AExpr& node, Scope* scope, Clause clause) {
  bool negated = node.name.back() == "<>";
  const auto* list = ast::as<ast::ListNode>(node.rexpr);
  Expr* left = bind_expr(node.lexpr, scope, clause);
  std::vector<Expr*> constants, others;
  for (const ast::Node* item : list->items) {
    Expr* value = bind_expr(item, scope, clause);
    bool has_columns = expr_contains(*value, [](const Expr& e) {
      return e.kind == ExprKind::kColumn || e.kind == ExprKind::kSlot ||
             e.kind == ExprKind::kSubquery;
    });
    (has_columns || is_row(value) ? others : constants).push_back(value);
  }
  std::vector<Expr*> parts;
  if (constants.size() > 1 && !is_row(left)) {
    // Several constants: one comparison with an array, if all have a common type.
    std::vector<Expr*> all = {left};
    all.insert(all.end(), constants.begin(), constants.end());
    Oid common = kInvalidOid;
    try {
      common = select_common_type(all, "IN");
    } catch (const SqlError&) {
      common = kInvalidOid;
    }
    Oid array_type = common == kInvalidOid ? kInvalidOid : type_info(common).array;
    if (array_type != kInvalidOid) {
      for (Expr*& item : constants) item = coerce_to_common(item, common, "IN");
      Expr* array = arena().make<Expr>();
      array->kind = ExprKind::kArray;
      array->type = {array_type, -1};
      array->physical = PhysicalType::kVarlen;
      array->location = node.location;
      array->args = copy_span(arena(), constants);
      parts.push_back(make_array_comparison(node.name, left, array, !negated, node.location));
      constants.clear();
    }
  }
  constants.insert(constants.end(), others.begin(), others.end());
  for (Expr* item : constants) {
    if (is_row(left) && is_row(item)) {
      parts.push_back(bind_row_comparison(negated ? "<>" : "=", fields_of(left), fields_of(item),
                                          node.location));
    } else {
      parts.push_back(coerce_to_boolean(make_operator(node.name, left, item, node.location), "IN"));
    }
  }
  return negated ? make_and(arena(), parts) : make_or(arena(), parts);
}

Expr* Binder::bind_row_comparison(const std::string& op, std::vector<Expr*> left,
                                  std::vector<Expr*> right, int location) {
  if (left.size() != right.size()) {
    throw SqlError(SqlState::kSyntaxError, "unequal number of entries in row expressions")
        .at_byte(location);
  }
  if (left.empty()) {
    throw SqlError(SqlState::kFeatureNotSupported, "cannot compare rows of zero length")
        .at_byte(location);
  }
  auto compare = [&](const std::string& name, size_t i) {
    return coerce_to_boolean(make_operator(name, left[i], right[i], location), "row comparison");
  };
  std::vector<Expr*> parts;
  if (op == "=" || op == "<>") {
    for (size_t i = 0; i < left.size(); ++i) parts.push_back(compare(op, i));
    return op == "=" ? make_and(arena(), parts) : make_or(arena(), parts);
  }
  if (op != "<" && op != "<=" && op != ">" && op != ">=") {
    for (size_t i = 0; i < left.size(); ++i) compare(op, i);
    throw sql_error(SqlState::kFeatureNotSupported,
                    "could not determine interpretation of row comparison operator {}", op)
        .hint("Row comparison operators must be associated with btree operator families.")
        .at_byte(location);
  }
  // (a, b) < (x, y)  ==  a < x OR (a = x AND b < y), as three-valued logic has it for btree
  // comparison: the first pair that differs decides, a NULL there makes the result NULL.
  std::string strict = op.substr(0, 1);
  Expr* result = compare(left.size() == 1 ? op : op, left.size() - 1);
  for (size_t i = left.size() - 1; i-- > 0;) {
    Expr* equal = compare("=", i);
    Expr* less = compare(strict, i);
    Expr* choice = arena().make<Expr>();
    choice->kind = ExprKind::kCase;
    choice->type = {type_oid::kBool, -1};
    choice->physical = PhysicalType::kBool;
    choice->location = location;
    choice->args = copy_span(arena(), std::vector<Expr*>{equal, result, less});
    result = choice;
  }
  return result;
}

uint32_t Binder::meaning_of(const ast::SubLink& link, const Scope* scope) {
  for (size_t i = 0; i < sublinks_.size(); ++i) {
    if (sublinks_[i].second == scope && ast::equal(sublinks_[i].first, &link))
      return static_cast<uint32_t>(i + 1);
  }
  sublinks_.emplace_back(&link, scope);
  return static_cast<uint32_t>(sublinks_.size());
}

Expr* Binder::bind_sublink(const ast::SubLink& link, Scope* scope, Clause clause) {
  if (slot_table_ != nullptr || clause == Clause::kCheck || clause == Clause::kDefault ||
      clause == Clause::kIndex || clause == Clause::kGenerated) {
    std::string_view where = clause == Clause::kCheck            ? "check constraint"
                             : clause == Clause::kDefault        ? "DEFAULT expression"
                             : clause == Clause::kGenerated      ? "column generation expression"
                             : clause == Clause::kIndexPredicate ? "index predicate"
                             : clause == Clause::kCopyWhere      ? "COPY FROM WHERE condition"
                                                                 : "index expression";
    throw sql_error(SqlState::kFeatureNotSupported, "cannot use subquery in {}", where)
        .at_byte(link.location);
  }
  // Aggregates and windows of the subquery are its own, whatever surrounds it.
  bool in_aggregate = std::exchange(in_aggregate_, false);
  bool in_window = std::exchange(in_window_, false);
  bool has_volatile = std::exchange(query_.has_volatile, false);
  open_sublinks_.push_back({scope, clause, in_aggregate});
  BoundSelect sub = bind_query(link.subselect, scope);
  open_sublinks_.pop_back();
  in_aggregate_ = in_aggregate;
  in_window_ = in_window;
  auto* info = arena().make<SubqueryInfo>();
  info->plan = sub.plan;
  if (!query_.has_volatile) info->meaning = meaning_of(link, scope);
  query_.has_volatile |= has_volatile;
  std::vector<ColumnId> columns;
  for (const auto& column : sub.columns) columns.push_back(column.column);
  info->columns = copy_span(arena(), columns);
  info->correlated = !free_columns(*sub.plan).empty();
  Expr* out = arena().make<Expr>();
  out->kind = ExprKind::kSubquery;
  out->location = link.location;
  out->subquery = info;
  out->type = {type_oid::kBool, -1};
  out->physical = PhysicalType::kBool;
  auto single_column = [&] {
    if (columns.size() == 1) return;
    throw SqlError(SqlState::kSyntaxError, columns.empty() ? "subquery must return a column"
                                                           : "subquery must return only one column")
        .at_byte(link.location);
  };
  auto take_type = [&](TypeRef type) {
    out->type = type;
    out->physical = type_info(type.oid).physical;
    out->collation = type_info(type.oid).collation;
  };
  switch (link.sub_link_type) {
    case ast::SubLinkType::kExists:
      info->kind = SubqueryKind::kExists;
      return out;
    case ast::SubLinkType::kExpr:
      single_column();
      info->kind = SubqueryKind::kScalar;
      take_type(context().column(columns[0]).type);
      return out;
    case ast::SubLinkType::kArray: {
      single_column();
      info->kind = SubqueryKind::kArray;
      Oid element = context().column(columns[0]).type.oid;
      Oid array = type_info(element).is_array() ? element : type_info(element).array;
      if (array == kInvalidOid) {
        throw sql_error(SqlState::kUndefinedObject, "could not find array type for data type {}",
                        format_type(element))
            .at_byte(link.location);
      }
      take_type({array, -1});
      return out;
    }
    case ast::SubLinkType::kAny:
    case ast::SubLinkType::kAll:
    case ast::SubLinkType::kRowcompare: {
      Expr* test = bind_expr(link.testexpr, scope, clause);
      // A row by its name is one value, ROW(...) several.
      bool is_list = is_row(test) && ast::is<ast::RowExpr>(link.testexpr);
      std::vector<Expr*> left = is_list ? fields_of(test) : std::vector<Expr*>{test};
      if (left.size() != columns.size()) {
        throw SqlError(SqlState::kSyntaxError, left.size() < columns.size()
                                                   ? "subquery has too many columns"
                                                   : "subquery has too few columns")
            .at_byte(link.location);
      }
      std::vector<Expr*> right;
      for (ColumnId column : columns) {
        Expr* ref = context().column_ref(column);
        ref->location = link.location;
        right.push_back(ref);
      }
      std::string op = link.oper_name.empty() ? "=" : std::string(link.oper_name.back());
      if (left.size() == 1) {
        info->test = link.oper_name.empty()
                         ? make_operator(op, left[0], right[0], link.location)
                         : make_operator(link.oper_name, left[0], right[0], link.location);
      } else {
        info->test = bind_row_comparison(op, left, right, link.location);
      }
      if (info->test->type.oid != type_oid::kBool) {
        throw sql_error(SqlState::kDatatypeMismatch, "operator {} must return type boolean", op)
            .at_byte(link.location);
      }
      info->kind = link.sub_link_type == ast::SubLinkType::kAll   ? SubqueryKind::kAll
                   : link.sub_link_type == ast::SubLinkType::kAny ? SubqueryKind::kAny
                                                                  : SubqueryKind::kRow;
      return out;
    }
    default:
      throw unsupported("this kind of subquery").at_byte(link.location);
  }
}

}  // namespace luma
