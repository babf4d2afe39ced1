#include <algorithm>

#include "engine/exec/expr.h"
#include "engine/type/typmod.h"
#include "sql/ast/rewrite.h"
#include "sql/catalog/text_search_objects.h"
#include "sql/command/bound_shape.h"
#include "sql/command/canonical_text.h"
#include "sql/command/expression_text.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

constexpr Oid kBitOid = 1560;

// Types whose text forms are names of catalog objects.
bool names_objects(Oid type) {
  return type == type_oid::kRegproc || type == type_oid::kRegrole ||
         type == type_oid::kRegnamespace || type == type_oid::kRegconfig ||
         type == type_oid::kRegdictionary || type == type_oid::kRegcollation ||
         (type >= type_oid::kRegprocedure && type <= type_oid::kRegtype);
}

// The text of a constant that means the same under any settings.
std::string text_of(const Expr& constant) {
  const TypeInfo& type = type_info(constant.type.oid);
  std::string text;
  IoContext io;
  type.output(constant.constant.datum, type, io, text);
  return text;
}

// A text search configuration or dictionary that a user has made, with its schema: what is stored
// is read under other search paths.
std::string object_name(const Catalog& catalog, Oid type, Oid oid) {
  if (oid < kFirstUserOid) return {};
  if (type == type_oid::kRegconfig) {
    const TextConfigurationObject* found = text_configuration(catalog, oid);
    if (found != nullptr) return quote_qualified(catalog.schema_name(found->schema), found->name);
  }
  if (type == type_oid::kRegdictionary) {
    const TextDictionaryObject* found = text_dictionary(catalog, oid);
    if (found != nullptr) return quote_qualified(catalog.schema_name(found->schema), found->name);
  }
  return {};
}

}  // namespace

const Expr* CanonicalText::bound(const ast::Node* node) const {
  auto found = record_.expressions.find(node);
  return found == record_.expressions.end() ? nullptr : found->second;
}

const ast::Node* CanonicalText::table_expression(const ast::Node* node, const Expr& outer) {
  qualify_ = false;
  const auto* plain = ast::try_as<ast::AConst>(node);
  if (plain == nullptr) return expression(node);
  const Expr* inner = constant_below(&outer);
  const Expr* own = bound(node);
  if (inner == nullptr || own == nullptr) return expression(node);
  if (own->type.oid == inner->type.oid) return constant(*plain, *own);
  // A length that the context gives is not in the text either.
  bool cut = inner->type.typmod >= 0 && inner->type.oid != type_oid::kInterval && !plain->isnull();
  return cut ? quoted(plain->text, {inner->type.oid, -1}) : constant(*plain, *inner);
}

const ast::Node* CanonicalText::trigger_condition(const ast::Node* node, const ScopeItem& old_row,
                                                  const ScopeItem& new_row) {
  item_names_[&old_row] = "old";
  item_names_[&new_row] = "new";
  return expression(node);
}

const ast::Node* CanonicalText::condition(const ast::SelectStmt& probe) {
  for (const ast::Node* item : probe.from_clause) name_items(item);
  qualify_ = false;
  return expression(probe.where_clause);
}

const ast::Node* CanonicalText::expression(const ast::Node* node, const Expr* outer) {
  const Expr* own = bound(node);
  if (const auto* plain = ast::try_as<ast::AConst>(node)) return literal(*plain, own, outer);
  return with_conversions(by_kind(node, own), own, outer);
}

const ast::Node* CanonicalText::value(const ast::Node* node) {
  const Expr* own = bound(node);
  const auto* plain = ast::try_as<ast::AConst>(node);
  if (plain != nullptr && own != nullptr && own->type.oid == type_oid::kUnknown) {
    return plain->isnull() ? cast(node, {type_oid::kText, -1})
                           : quoted(plain->text, {type_oid::kText, -1});
  }
  return expression(node);
}

const ast::Node* CanonicalText::by_kind(const ast::Node* node, const Expr* own) {
  switch (node->tag) {
    case ast::NodeTag::kColumnRef:
      return column(*ast::as<ast::ColumnRef>(node));
    case ast::NodeTag::kTypeCast:
      return type_cast(*ast::as<ast::TypeCast>(node), own);
    case ast::NodeTag::kAExpr:
      return a_expr(*ast::as<ast::AExpr>(node), own);
    case ast::NodeTag::kCaseExpr:
      return case_expr(*ast::as<ast::CaseExpr>(node), own);
    case ast::NodeTag::kSubLink:
      return sub_link(*ast::as<ast::SubLink>(node), own);
    case ast::NodeTag::kFuncCall:
      return call(*ast::as<ast::FuncCall>(node), own);
    case ast::NodeTag::kAArrayExpr:
      return array(*ast::as<ast::AArrayExpr>(node), array_below(own));
    case ast::NodeTag::kCoalesceExpr: {
      auto* out = copy(*ast::as<ast::CoalesceExpr>(node));
      if (own != nullptr) out->args = expressions(out->args, own->args);
      return out;
    }
    case ast::NodeTag::kMinMaxExpr: {
      auto* out = copy(*ast::as<ast::MinMaxExpr>(node));
      if (own != nullptr) out->args = expressions(out->args, own->args);
      return out;
    }
    case ast::NodeTag::kRowExpr: {
      auto* out = copy(*ast::as<ast::RowExpr>(node));
      out->row_format = ast::CoercionForm::kExplicitCall;
      std::vector<const ast::Node*> fields;
      for (const ast::Node* field : out->args) fields.push_back(value(field));
      out->args = ast::make_list(arena_, fields);
      return out;
    }
    case ast::NodeTag::kNullTest: {
      auto* out = copy(*ast::as<ast::NullTest>(node));
      out->arg = expression(out->arg, argument(own, 0));
      return out;
    }
    case ast::NodeTag::kCollateClause: {
      auto* out = copy(*ast::as<ast::CollateClause>(node));
      out->arg = value(out->arg);
      if (out->collname.size() == 2 && out->collname[0] == "pg_catalog") {
        out->collname = ast::make_list<std::string_view>(arena_, {out->collname[1]});
      }
      return out;
    }
    default:
      return generic(node);
  }
}

// Nodes without rules of their own: only what is below them changes.
const ast::Node* CanonicalText::generic(const ast::Node* node) {
  if (const auto* test = ast::try_as<ast::BooleanTest>(node)) {
    auto* out = copy(*test);
    out->arg = expression(out->arg);
    return out;
  }
  auto list = [&](const ast::NodeList& nodes) {
    std::vector<const ast::Node*> out;
    for (const ast::Node* item : nodes) out.push_back(expression(item));
    return ast::make_list(arena_, out);
  };
  if (const auto* logic = ast::try_as<ast::BoolExpr>(node)) {
    auto* out = copy(*logic);
    out->args = list(out->args);
    return out;
  }
  if (const auto* grouping = ast::try_as<ast::GroupingFunc>(node)) {
    auto* out = copy(*grouping);
    out->args = list(out->args);
    return out;
  }
  if (const auto* part = ast::try_as<ast::AIndirection>(node)) {
    auto* out = copy(*part);
    out->arg = expression(out->arg);
    std::vector<const ast::Node*> steps;
    for (const ast::Node* step : out->indirection) {
      const auto* index = ast::try_as<ast::AIndices>(step);
      if (index == nullptr) {
        steps.push_back(step);
        continue;
      }
      auto* bounds = copy(*index);
      bounds->lidx = optional_expression(bounds->lidx);
      bounds->uidx = optional_expression(bounds->uidx);
      steps.push_back(bounds);
    }
    out->indirection = ast::make_list(arena_, steps);
    return out;
  }
  return ast::copy(node, arena_);
}

ast::NodeList CanonicalText::expressions(const ast::NodeList& nodes,
                                         std::span<Expr* const> outers) {
  std::vector<const ast::Node*> out;
  for (size_t i = 0; i < nodes.size(); ++i) {
    out.push_back(expression(nodes[i], i < outers.size() ? outers[i] : nullptr));
  }
  return ast::make_list(arena_, out);
}

const ast::Node* CanonicalText::with_conversions(const ast::Node* out, const Expr* own,
                                                 const Expr* outer) {
  if (own == nullptr || outer == nullptr || outer == own || outer->type.oid == own->type.oid) {
    return out;
  }
  const Expr* inner = outer;
  while (inner != own && converts(*inner)) inner = inner->args[0];
  return inner == own ? cast(out, outer->type) : out;
}

// --- constants and types ---

const ast::Node* CanonicalText::literal(const ast::AConst& node, const Expr* own,
                                        const Expr* outer) {
  const Expr* inner = constant_below(outer == nullptr ? own : outer);
  if (inner == nullptr) return &node;
  const ast::Node* out = constant(node, *inner);
  bool converted = outer != nullptr && outer->type.oid != inner->type.oid;
  return converted ? cast(out, outer->type) : out;
}

// `node` is how it was written.
const ast::Node* CanonicalText::constant(const ast::AConst& node, const Expr& constant) {
  Oid type = constant.type.oid;
  if (type == type_oid::kUnknown) return &node;
  if (constant.constant.is_null) {
    auto* null = arena_.make<ast::AConst>();
    return cast(null, constant.type);
  }
  if (type == type_oid::kRegclass) {
    const Relation* relation = catalog_.relation(constant.constant.datum.oid());
    return quoted(
        relation == nullptr ? node.text : relation_display_name(catalog_, naming_path(), *relation),
        {type, -1});
  }
  if (names_objects(type)) {
    std::string name = object_name(catalog_, type, constant.constant.datum.oid());
    return quoted(name.empty() ? std::string(node.text) : name, {type, -1});
  }
  std::string text = text_of(constant);
  auto* out = arena_.make<ast::AConst>();
  bool is_number = !text.empty() && text[0] >= '0' && text[0] <= '9';
  if (type == type_oid::kBool) {
    out->kind = ast::ConstKind::kBoolean;
    out->boolval = constant.constant.datum.b;
    return out;
  }
  if (type == type_oid::kInt4 && is_number) {
    out->kind = ast::ConstKind::kInteger;
    out->ival = constant.constant.datum.i32;
    return out;
  }
  if (type == type_oid::kNumeric && is_number && text.find_first_of("eE.") != text.npos) {
    out->kind = ast::ConstKind::kFloat;
    out->text = arena_.copy(text);
    return constant.type.typmod < 0 ? static_cast<const ast::Node*>(out) : cast(out, constant.type);
  }
  return quoted(text, constant.type);
}

const ast::Node* CanonicalText::quoted(std::string_view text, TypeRef type) {
  auto* out = arena_.make<ast::AConst>();
  out->kind = ast::ConstKind::kString;
  out->text = arena_.copy(text);
  return cast(out, type);
}

const ast::Node* CanonicalText::cast(const ast::Node* arg, TypeRef type) {
  auto* out = arena_.make<ast::TypeCast>();
  out->arg = arg;
  out->type_name = type_name(type);
  return out;
}

const ast::TypeName* CanonicalText::type_name(TypeRef type) {
  // Their usual names without a length mean a length of one.
  std::string text = type.oid == type_oid::kBpchar && type.typmod < 0 ? "bpchar"
                     : type.oid == kBitOid && type.typmod < 0
                         ? "\"bit\""
                         : type_display_name(catalog_, naming_path(), type.oid, type.typmod);
  return parse_type_name(text, arena_);
}

const ast::Node* CanonicalText::array(const ast::AArrayExpr& node, const Expr* own) {
  if (own == nullptr) return ast::copy(&node, arena_);
  auto* out = copy(node);
  std::vector<const ast::Node*> elements;
  for (size_t i = 0; i < node.elements.size(); ++i) {
    const auto* nested = ast::try_as<ast::AArrayExpr>(node.elements[i]);
    const Expr* element = argument(own, i);
    elements.push_back(nested != nullptr ? array(*nested, array_below(element))
                                         : expression(node.elements[i], element));
  }
  out->elements = ast::make_list(arena_, elements);
  return elements.empty() ? cast(out, own->type) : out;
}

const ast::Node* CanonicalText::type_cast(const ast::TypeCast& node, const Expr* own) {
  if (own == nullptr) return ast::copy(&node, arena_);
  if (const auto* elements = ast::try_as<ast::AArrayExpr>(node.arg)) {
    const Expr* made = array_below(own);
    const ast::Node* out = array(*elements, made);
    return made == nullptr || made->type.oid == own->type.oid ? out : cast(out, own->type);
  }
  const Expr* arg = bound(node.arg);
  const auto* text = ast::try_as<ast::AConst>(node.arg);
  if (text != nullptr && arg != nullptr && arg->type.oid == type_oid::kUnknown) {
    const Expr* made = constant_below(own);
    if (made == nullptr) return cast(text, own->type);
    // With a modifier the text stays as it was written: the modifier is what changes it.
    bool rewrite = made->type.typmod < 0 || made->type.oid == type_oid::kInterval;
    if (made->type.oid == type_oid::kNumeric && !rewrite && !text->isnull()) {
      auto* number = copy(*text);
      bool plain = text->text.find('.') != text->text.npos && !text->text.starts_with('-');
      if (plain) number->kind = ast::ConstKind::kFloat;
      return cast(number, own->type);
    }
    const ast::Node* out = rewrite ? constant(*text, *made) : cast(text, made->type);
    return made->type.oid == own->type.oid ? out : cast(out, own->type);
  }
  if (text != nullptr && own->kind == ExprKind::kConstant) {
    return own->type.oid == type_oid::kNumeric && text->kind == ast::ConstKind::kFloat
               ? cast(text, own->type)
               : constant(*text, *own);
  }
  bool same = arg != nullptr && arg->type.oid == own->type.oid &&
              (own->type.typmod < 0 || arg->type.typmod == own->type.typmod);
  const ast::Node* inner = expression(node.arg);
  return same ? inner : cast(inner, own->type);
}

// --- columns ---

const ast::Node* CanonicalText::column(const ast::ColumnRef& node) {
  auto make = [&](std::string_view alias, std::string_view name) {
    std::vector<const ast::Node*> fields;
    for (std::string_view field : {alias, name}) {
      if (field.empty()) continue;
      auto* part = arena_.make<ast::String>();
      part->sval = arena_.copy(field);
      fields.push_back(part);
    }
    auto* out = arena_.make<ast::ColumnRef>();
    out->fields = ast::make_list(arena_, fields);
    return out;
  };
  if (!qualify_) {
    const auto* name = ast::try_as<ast::String>(node.fields.back());
    return name == nullptr ? ast::copy(&node, arena_) : make("", name->sval);
  }
  auto found = record_.columns.find(&node);
  if (found == record_.columns.end()) return ast::copy(&node, arena_);
  auto item = item_names_.find(found->second.item);
  if (item != item_names_.end()) return make(item->second, found->second.name);
  if (found->second.item == nullptr) return make("", found->second.name);
  // The row that ON CONFLICT is about has a name of its own.
  const auto* first = node.fields.size() == 2 ? ast::try_as<ast::String>(node.fields[0]) : nullptr;
  const bool excluded = first != nullptr && first->sval == "excluded";
  return make(excluded ? first->sval : target_alias_, found->second.name);
}

// --- calls ---

ast::NodeList CanonicalText::call_arguments(const ast::FuncCall& node, const Expr& bound) {
  std::vector<const ast::Node*> out;
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (const auto* named = ast::try_as<ast::NamedArgExpr>(node.args[i])) {
      auto* copied = copy(*named);
      copied->arg = expression(named->arg);
      out.push_back(copied);
      continue;
    }
    const Expr* outer = argument(&bound, i);
    const auto* plain = ast::try_as<ast::AConst>(node.args[i]);
    // The standard's own forms of calls do not show conversions.
    if (node.funcformat == ast::CoercionForm::kSqlSyntax && plain == nullptr) outer = nullptr;
    const auto& function = static_cast<const ProcFact&>(*bound.function);
    bool any = function.variadic == type_oid::kAny && i + 1 >= function.arg_types.size();
    const Expr* own = this->bound(node.args[i]);
    if (any && plain != nullptr && own != nullptr && own->type.oid == type_oid::kUnknown) {
      out.push_back(plain);
      continue;
    }
    bool packed = function.variadic != kInvalidOid && function.variadic != type_oid::kAny &&
                  !node.func_variadic && i + 1 >= bound.args.size();
    if (packed) {
      const Expr* rest = bound.args.back();
      outer = rest->kind == ExprKind::kArray ? argument(rest, i + 1 - bound.args.size()) : nullptr;
    }
    out.push_back(expression(node.args[i], outer));
  }
  return ast::make_list(arena_, out);
}

const ast::Node* CanonicalText::call(const ast::FuncCall& node, const Expr* own) {
  auto found = record_.calls.find(&node);
  const Expr* made = found == record_.calls.end() ? nullptr : found->second;
  if (made == nullptr || made->function == nullptr) {
    // type(value) is a conversion.
    if (node.args.size() == 1 && own != nullptr && node.over == nullptr) {
      const ast::Node* arg = expression(node.args[0], constant_below(own));
      const Expr* plain = bound(node.args[0]);
      bool same = plain != nullptr && plain->type.oid == own->type.oid;
      return same || constant_below(own) != nullptr ? arg : cast(arg, own->type);
    }
    return ast::copy(&node, arena_);
  }
  auto* out = copy(node);
  const auto& function = static_cast<const ProcFact&>(*made->function);
  if (node.funcformat != ast::CoercionForm::kSqlSyntax && node.funcname[0] == "pg_catalog") {
    out->funcname = ast::make_list<std::string_view>(arena_, {arena_.copy(function.name)});
  }
  // Found again whatever the search path says; who shows it leaves the schema out (NameShortener).
  if (function.oid >= kFirstUserOid) {
    out->funcname = ast::make_list<std::string_view>(
        arena_, {arena_.copy(catalog_.schema_name(function.schema)), arena_.copy(function.name)});
  }
  out->args = call_arguments(node, *made);
  if (node.agg_within_group) {
    std::vector<const ast::Node*> keys;
    for (size_t i = 0; i < node.agg_order.size(); ++i) {
      auto* key = copy(*ast::as<ast::SortBy>(node.agg_order[i]));
      key->node = expression(key->node, argument(made, node.args.size() + i));
      keys.push_back(key);
    }
    out->agg_order = ast::make_list(arena_, keys);
  } else {
    out->agg_order = sort_list(node.agg_order, nullptr, {});
  }
  out->agg_filter = optional_expression(node.agg_filter);
  if (node.over != nullptr) out->over = window(*node.over);
  return out;
}

const ast::WindowDef* CanonicalText::window(const ast::WindowDef& node) {
  auto* out = copy(node);
  std::vector<const ast::Node*> partition;
  for (const ast::Node* item : node.partition_clause) partition.push_back(expression(item));
  out->partition_clause = ast::make_list(arena_, partition);
  out->order_clause = sort_list(node.order_clause, nullptr, {});
  out->start_offset = optional_expression(node.start_offset);
  out->end_offset = optional_expression(node.end_offset);
  return out;
}

ast::NodeList CanonicalText::sort_list(const ast::NodeList& items, const ast::SelectStmt* select,
                                       ast::NodeList targets) {
  std::vector<const ast::Node*> out;
  for (const ast::Node* item : items) {
    auto* key = copy(*ast::as<ast::SortBy>(item));
    const ast::Node* meant =
        select == nullptr ? nullptr : target_meant(key->node, *select, targets);
    key->node = meant != nullptr ? meant : expression(key->node);
    if (key->sortby_dir == ast::SortByDir::kAsc) key->sortby_dir = ast::SortByDir::kDefault;
    bool descending = key->sortby_dir == ast::SortByDir::kDesc;
    ast::SortByNulls usual = descending ? ast::SortByNulls::kFirst : ast::SortByNulls::kLast;
    if (key->sortby_nulls == usual) key->sortby_nulls = ast::SortByNulls::kDefault;
    out.push_back(key);
  }
  return ast::make_list(arena_, out);
}

}  // namespace luma
