#include "sql/command/expression_text.h"

#include <algorithm>

#include "engine/exec/expr.h"
#include "engine/type/extension_type.h"
#include "sql/ast/tree.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/binder.h"
#include "sql/command/canonical_text.h"
#include "sql/function/registry.h"
#include "sql/parse/deparse.h"

namespace luma {
namespace {

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

void collect_type(Oid oid, StoredExpression& out) {
  const TypeInfo* type = is_created_type(oid) ? find_type(oid) : nullptr;
  if (type == nullptr) return;
  // An array is there as long as its element type.
  out.objects.push_back({class_oid::kType, type->is_array() ? type->element : oid, 0});
}

void collect_uses(const Expr& expr, StoredExpression& out) {
  if (expr.kind == ExprKind::kSlot) out.columns.push_back(static_cast<int16_t>(expr.index + 1));
  if (expr.kind == ExprKind::kConstant && expr.type.oid == type_oid::kRegclass &&
      !expr.constant.is_null) {
    out.objects.push_back({class_oid::kRelation, expr.constant.datum.oid(), 0});
  }
  if (expr.kind == ExprKind::kConstant) collect_type(expr.type.oid, out);
  if (expr.operator_oid >= kFirstUserOid) {
    out.objects.push_back({class_oid::kOperator, expr.operator_oid, 0});
  } else if (expr.function != nullptr && expr.function->oid >= kFirstUserOid) {
    out.objects.push_back({class_oid::kProc, expr.function->oid, 0});
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

std::string stored_form(const ast::Node* node) { return deparse_definition(node, false); }

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
  BindRecord record;
  Binder binder(context.environment(), {});
  binder.record(&record);
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
  std::ranges::sort(out.objects);
  out.objects.erase(std::unique(out.objects.begin(), out.objects.end()), out.objects.end());
  Arena arena;
  CatalogPtr catalog = context.ddl().view();
  CanonicalText canonical(*catalog, context.environment().search_path(), record, arena);
  out.sql = stored_form(canonical.table_expression(node, *bound));
  return out;
}

void depend_on_objects(const StoredExpression& stored, const ObjectAddress& dependent,
                       std::vector<Dependency>& out) {
  for (const ObjectAddress& object : stored.objects) {
    Dependency edge{dependent, object, 'n'};
    if (std::ranges::find(out, edge) == out.end()) out.push_back(edge);
  }
}

}  // namespace luma
