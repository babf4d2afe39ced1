#include "sql/command/expression_text.h"

#include <algorithm>
#include <map>

#include "engine/exec/expr.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

// A literal or column of the text and what binding made of it.
struct Leaf {
  TypeRef own;    // its type
  TypeRef outer;  // after the implicit conversions around it
  const Expr* expr = nullptr;
};
using Leaves = std::map<int, Leaf>;

bool converts(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kRelabel:
    case ExprKind::kCoerceViaIo:
    case ExprKind::kCoerceArray:
    case ExprKind::kApplyTypmod:
      return true;
    case ExprKind::kFunction:
      return expr.operator_oid == kInvalidOid && !expr.args.empty();
    default:
      return false;
  }
}

void collect_leaves(const Expr& expr, Leaves& leaves) {
  const Expr* inner = &expr;
  while (converts(*inner) && inner->args[0] != nullptr &&
         (inner->location < 0 || inner->location == inner->args[0]->location)) {
    inner = inner->args[0];
  }
  if (inner->location >= 0 &&
      (inner->kind == ExprKind::kConstant || inner->kind == ExprKind::kSlot)) {
    leaves.try_emplace(inner->location, Leaf{inner->type, expr.type, inner});
  }
  for_each_child(expr, [&](const Expr* child) { collect_leaves(*child, leaves); });
}

const ast::Node* operator_node(Arena& arena, std::string_view name, const ast::Node* left,
                               const ast::Node* right, ast::AExprKind kind = ast::AExprKind::kOp) {
  auto* out = arena.make<ast::AExpr>();
  out->kind = kind;
  out->name = ast::make_list<std::string_view>(arena, {arena.copy(name)});
  out->lexpr = left;
  out->rexpr = right;
  return out;
}

// Rewrites a tree into the form in which PostgreSQL shows stored expressions.
class Canonicalizer {
 public:
  Canonicalizer(CommandContext& context, Arena& arena, const Leaves& leaves)
      : context_(context), arena_(arena), leaves_(leaves) {}

  const ast::Node* operator()(ast::Node* node) {
    switch (node->tag) {
      case ast::NodeTag::kTypeName:
        return type_name(*static_cast<ast::TypeName*>(node));
      case ast::NodeTag::kAConst:
        return constant(*static_cast<ast::AConst*>(node));
      case ast::NodeTag::kColumnRef:
        return column(static_cast<ast::ColumnRef*>(node));
      case ast::NodeTag::kTypeCast: {
        auto* cast = static_cast<ast::TypeCast*>(node);
        while (is_ours(cast->arg)) cast->arg = ast::as<ast::TypeCast>(cast->arg)->arg;
        return cast;
      }
      case ast::NodeTag::kAExpr:
        return a_expr(*static_cast<ast::AExpr*>(node));
      default:
        return node;
    }
  }

 private:
  bool is_ours(const ast::Node* node) const {
    return ast::is<ast::TypeCast>(node) && std::ranges::find(ours_, node) != ours_.end();
  }

  const ast::Node* cast(const ast::Node* arg, TypeRef type) {
    auto* out = arena_.make<ast::TypeCast>();
    out->arg = arg;
    out->type_name =
        parse_type_name(type_display_name(*context_.ddl().view(), naming_path(), type.oid), arena_);
    ours_.push_back(out);
    return out;
  }

  const ast::Node* constant(ast::AConst& node) {
    auto it = leaves_.find(node.location);
    if (it == leaves_.end()) return &node;
    const Leaf& leaf = it->second;
    if (leaf.own.oid == type_oid::kUnknown) return &node;
    const ast::Node* out = &node;
    if (node.kind == ast::ConstKind::kString || node.kind == ast::ConstKind::kNull) {
      if (leaf.own.oid == type_oid::kRegclass && !leaf.expr->constant.is_null) {
        const Relation* relation = context_.ddl().view()->relation(leaf.expr->constant.datum.oid());
        if (relation != nullptr) {
          node.kind = ast::ConstKind::kString;
          node.text =
              arena_.copy(relation_display_name(*context_.ddl().view(), naming_path(), *relation));
        }
      } else if (!leaf.expr->constant.is_null && !names_objects(leaf.own.oid)) {
        node.text = arena_.copy(constant_text(*leaf.expr));
      }
      out = cast(&node, leaf.own);
    } else if ((node.kind == ast::ConstKind::kInteger && node.ival < 0) ||
               (node.kind == ast::ConstKind::kFloat && node.text.starts_with('-'))) {
      std::string text = node.kind == ast::ConstKind::kInteger ? std::to_string(node.ival)
                                                               : std::string(node.text);
      node.kind = ast::ConstKind::kString;
      node.text = arena_.copy(text);
      out = cast(&node, leaf.own);
    }
    if (leaf.outer.oid != leaf.own.oid) out = cast(out, leaf.outer);
    return out;
  }

  // The text of a constant that means the same under any settings.
  static std::string constant_text(const Expr& constant) {
    const TypeInfo& type = type_info(constant.type.oid);
    std::string text;
    IoContext io;
    type.output(constant.constant.datum, type, io, text);
    return text;
  }

  // Types whose text forms are names of catalog objects.
  static bool names_objects(Oid type) {
    return type == type_oid::kRegproc || type == type_oid::kRegrole ||
           type == type_oid::kRegnamespace || type == type_oid::kRegconfig ||
           type == type_oid::kRegdictionary || type == type_oid::kRegcollation ||
           (type >= type_oid::kRegprocedure && type <= type_oid::kRegtype);
  }

  // Users' types get their schema, as later readers may have another search path.
  const ast::Node* type_name(ast::TypeName& node) {
    if (node.names.size() != 1) return &node;
    QualifiedName name{{}, node.names[0]};
    const Catalog& catalog = *context_.ddl().view();
    const Type* type = catalog.type(find_type(catalog, context_.environment().search_path(), name));
    if (type == nullptr) return &node;
    node.names = ast::make_list<std::string_view>(
        arena_, {arena_.copy(catalog.schema_name(type->schema)), node.names[0]});
    return &node;
  }

  const ast::Node* column(ast::ColumnRef* node) {
    // All columns are those of one table: the name alone says it.
    if (node->fields.size() > 1 && ast::is<ast::String>(node->fields.back())) {
      node->fields = ast::make_list<const ast::Node*>(arena_, {node->fields.back()});
    }
    auto it = leaves_.find(node->location);
    if (it == leaves_.end() || it->second.own.oid == it->second.outer.oid) return node;
    return cast(node, it->second.outer);
  }

  const ast::Node* a_expr(ast::AExpr& node) {
    switch (node.kind) {
      case ast::AExprKind::kLike:
      case ast::AExprKind::kIlike:
        node.kind = ast::AExprKind::kOp;
        return &node;
      case ast::AExprKind::kIn: {
        const auto* list = ast::try_as<ast::ListNode>(node.rexpr);
        if (list == nullptr) return &node;
        bool negated = node.name.back() == "<>";
        if (list->items.size() == 1) {
          return operator_node(arena_, node.name.back(), node.lexpr, list->items[0]);
        }
        auto* array = arena_.make<ast::AArrayExpr>();
        array->elements = list->items;
        return operator_node(arena_, node.name.back(), node.lexpr, array,
                             negated ? ast::AExprKind::kOpAll : ast::AExprKind::kOpAny);
      }
      case ast::AExprKind::kBetween:
      case ast::AExprKind::kNotBetween: {
        const auto& bounds = ast::as<ast::ListNode>(node.rexpr)->items;
        bool negated = node.kind == ast::AExprKind::kNotBetween;
        auto* both = arena_.make<ast::BoolExpr>();
        both->boolop = negated ? ast::BoolExprType::kOr : ast::BoolExprType::kAnd;
        both->args = ast::make_list<const ast::Node*>(
            arena_, {operator_node(arena_, negated ? "<" : ">=", node.lexpr, bounds[0]),
                     operator_node(arena_, negated ? ">" : "<=", node.lexpr, bounds[1])});
        return both;
      }
      default:
        return &node;
    }
  }

  CommandContext& context_;
  Arena& arena_;
  const Leaves& leaves_;
  std::vector<const ast::Node*> ours_;
};

bool wants_parentheses(const ast::Node* node) {
  switch (node->tag) {
    case ast::NodeTag::kAExpr:
      return ast::as<ast::AExpr>(node)->kind != ast::AExprKind::kNullif;
    case ast::NodeTag::kBoolExpr:
    case ast::NodeTag::kNullTest:
    case ast::NodeTag::kBooleanTest:
    case ast::NodeTag::kCollateClause:
      return true;
    default:
      return false;
  }
}

std::string canonical_text(CommandContext& context, const ast::Node* node, const Expr& bound) {
  Leaves leaves;
  collect_leaves(bound, leaves);
  // A conversion of the whole value by a function is not shown, nor one of a plain column or
  // constant.
  if (auto it = leaves.find(node->location);
      it != leaves.end() && (ast::is<ast::AConst>(node) || ast::is<ast::ColumnRef>(node))) {
    it->second.outer = it->second.own;
  }
  Arena arena;
  Canonicalizer canonicalize(context, arena, leaves);
  const ast::Node* shown = ast::rewrite(node, arena, canonicalize);
  return stored_form(shown);
}

struct ClauseWords {
  Clause clause;
  std::string_view place;  // "cannot use subquery in ..."
};
constexpr ClauseWords kClauseWords[] = {
    {Clause::kDefault, "DEFAULT expression"},
    {Clause::kCheck, "check constraint"},
    {Clause::kIndex, "index expression"},
    {Clause::kIndexPredicate, "index predicate"},
    {Clause::kGenerated, "column generation expression"},
    {Clause::kAlterColumnUsing, "transform expression"},
};

void refuse_forbidden_nodes(const ast::Node* node, Clause clause) {
  ast::walk(node, [&](const ast::Node* inner) {
    if (ast::is<ast::ColumnRef>(inner) && clause == Clause::kDefault) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "cannot use column reference in DEFAULT expression")
          .at_byte(inner->location);
    }
    if (!ast::is<ast::SubLink>(inner)) return true;
    for (const ClauseWords& words : kClauseWords) {
      if (words.clause != clause) continue;
      throw sql_error(SqlState::kFeatureNotSupported, "cannot use subquery in {}", words.place)
          .at_byte(inner->location);
    }
    return true;
  });
}

void refuse_system_columns(const ast::Node* node, const Table& table) {
  ast::walk(node, [&](const ast::Node* inner) {
    const auto* ref = ast::try_as<ast::ColumnRef>(inner);
    if (ref == nullptr || ref->fields.size() != 1) return true;
    const auto* name = ast::try_as<ast::String>(ref->fields[0]);
    if (name == nullptr || table.find_column(name->sval) != nullptr) return true;
    for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax"}) {
      if (name->sval != system) continue;
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", system)
          .at_byte(ref->location);
    }
    return true;
  });
}

void collect_uses(const Expr& expr, StoredExpression& out) {
  if (expr.kind == ExprKind::kSlot) out.columns.push_back(static_cast<int16_t>(expr.index + 1));
  if (expr.kind == ExprKind::kConstant && expr.type.oid == type_oid::kRegclass &&
      !expr.constant.is_null) {
    out.relations.push_back(expr.constant.datum.oid());
  }
  for_each_child(expr, [&](const Expr* child) { collect_uses(*child, out); });
}

Expr* bind_default(Binder& binder, CommandContext& context, const ast::Node* node, TypeRef target,
                   std::string_view column) {
  try {
    return binder.bind_standalone(node, Clause::kDefault, target, Coercion::kAssignment);
  } catch (const SqlError& error) {
    if (error.state != SqlState::kCannotCoerce || column.empty()) throw;
  }
  Binder again(context.environment(), {});
  Expr* expr = again.bind_standalone(node, Clause::kDefault, {}, Coercion::kAssignment);
  const Catalog& catalog = *context.ddl().view();
  throw sql_error(SqlState::kDatatypeMismatch,
                  "column \"{}\" is of type {} but default expression is of type {}", column,
                  catalog.type_name(target.oid), catalog.type_name(expr->type.oid))
      .hint("You will need to rewrite or cast the expression.");
}

}  // namespace

const SearchPath& naming_path() {
  static const SearchPath path{{schema_oid::kPgCatalog}, {}, kInvalidOid, kInvalidOid};
  return path;
}

std::string stored_form(const ast::Node* node) {
  std::string text = deparse(node);
  return wants_parentheses(node) ? fmt::format("({})", text) : text;
}

TableDesc columns_only_desc(const Table& table) {
  TableDesc desc;
  desc.oid = table.oid;
  desc.name = table.name;
  for (const Column& column : table.columns) {
    ColumnDesc& added = desc.columns.emplace_back();
    added.name = column.name;
    added.type = column.type;
    const TypeInfo* type = find_type(column.type.oid);
    added.physical = type == nullptr ? PhysicalType::kVarlen : type->physical;
    added.collation = column.collation;
    added.not_null = column.not_null;
    added.dropped = column.dropped;
  }
  return desc;
}

namespace {

// `text || anything` depends on the other side's text form only.
bool is_text_concatenation(const Expr& expr) {
  if (expr.function == nullptr) return false;
  std::string_view name = static_cast<const ProcFact*>(expr.function)->name;
  return name == "textanycat" || name == "anytextcat";
}

}  // namespace

char expression_volatility(const Expr& expr) {
  char out = expr.is_volatile ? 'v' : 'i';
  if (expr.function != nullptr && out == 'i') {
    out = static_cast<const ProcFact*>(expr.function)->volatility;
  }
  bool concatenates = expr.kind == ExprKind::kFunction && is_text_concatenation(expr);
  if (concatenates && out == 's') out = 'i';
  // Text forms of dates and times depend on settings.
  if ((expr.kind == ExprKind::kCoerceViaIo || concatenates) && out == 'i') {
    auto is_date = [](Oid oid) {
      const TypeInfo* type = find_type(oid);
      return type != nullptr && type->category == 'D';
    };
    bool any = is_date(expr.type.oid);
    for (const Expr* arg : expr.args) any |= is_date(arg->type.oid);
    if (any) out = 's';
  }
  for_each_child(expr, [&](const Expr* child) {
    char below = expression_volatility(*child);
    if (below == 'v' || (below == 's' && out == 'i')) out = below;
  });
  return out;
}

StoredExpression store_expression(CommandContext& context, const Table& table,
                                  const ast::Node* node, Clause clause, TypeRef target,
                                  std::string_view column) {
  refuse_forbidden_nodes(node, clause);
  if (clause != Clause::kDefault) refuse_system_columns(node, table);
  Binder binder(context.environment(), {});
  TableDesc desc = columns_only_desc(table);
  Expr* bound = clause == Clause::kDefault ? bind_default(binder, context, node, target, column)
                                           : binder.bind_table_expr(node, &desc, clause, target);
  StoredExpression out;
  out.type = bound->type;
  out.collation = bound->collation;
  out.volatility = expression_volatility(*bound);
  out.is_null = bound->kind == ExprKind::kConstant && bound->constant.is_null;
  collect_uses(*bound, out);
  std::ranges::sort(out.columns);
  out.columns.erase(std::unique(out.columns.begin(), out.columns.end()), out.columns.end());
  out.sql = canonical_text(context, node, *bound);
  return out;
}

}  // namespace luma
