#include "sql/parse/pg_convert.h"

namespace luma::parse {
namespace {

[[noreturn]] void throw_too_deep() {
  throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded")
      .hint(
          "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after "
          "ensuring the platform's stack depth limit is adequate.");
}

}  // namespace

const ast::Node* Converter::convert(const ::Node* from) {
  if (from == nullptr) return nullptr;
  if (--depth_left_ < 0) throw_too_deep();
  const ast::Node* to = convert_value(from);
  if (to == nullptr) to = convert_expression(from);
  if (to == nullptr) to = convert_query(from);
  if (to == nullptr) to = convert_ddl(from);
  if (to == nullptr) to = convert_utility(from);
  if (to == nullptr) to = convert_object(from);
  if (to == nullptr) {
    throw sql_error(SqlState::kInternalError, "unexpected parse node {}",
                    static_cast<int>(nodeTag(from)));
  }
  ++depth_left_;
  return to;
}

const ast::Node* Converter::convert_const(const ::A_Const* from) {
  auto* to = arena_.make<ast::AConst>();
  to->location = from->location;
  if (from->isnull) return to;
  switch (nodeTag(&from->val)) {
    case T_Integer:
      to->kind = ast::ConstKind::kInteger;
      to->ival = from->val.ival.ival;
      break;
    case T_Float:
      to->kind = ast::ConstKind::kFloat;
      to->text = text(from->val.fval.fval);
      break;
    case T_Boolean:
      to->kind = ast::ConstKind::kBoolean;
      to->boolval = from->val.boolval.boolval;
      break;
    case T_String:
      to->kind = ast::ConstKind::kString;
      to->text = text(from->val.sval.sval);
      break;
    case T_BitString:
      to->kind = ast::ConstKind::kBitString;
      to->text = text(from->val.bsval.bsval);
      break;
    default:
      LUMA_CHECK(!"unknown kind of constant");
  }
  return to;
}

const ast::Node* Converter::convert_value(const ::Node* from) {
  switch (nodeTag(from)) {
    case T_A_Const:
      return convert_const(reinterpret_cast<const ::A_Const*>(from));
    case T_List: {
      auto* to = arena_.make<ast::ListNode>();
      to->items = convert_list(reinterpret_cast<const ::List*>(from));
      return to;
    }
    case T_String: {
      auto* to = arena_.make<ast::String>();
      to->sval = text(reinterpret_cast<const ::String*>(from)->sval);
      return to;
    }
    case T_Integer: {
      auto* to = arena_.make<ast::Integer>();
      to->ival = reinterpret_cast<const ::Integer*>(from)->ival;
      return to;
    }
    case T_Float: {
      auto* to = arena_.make<ast::Float>();
      to->fval = text(reinterpret_cast<const ::Float*>(from)->fval);
      return to;
    }
    case T_Boolean: {
      auto* to = arena_.make<ast::Boolean>();
      to->boolval = reinterpret_cast<const ::Boolean*>(from)->boolval;
      return to;
    }
    case T_BitString: {
      auto* to = arena_.make<ast::BitString>();
      to->bsval = text(reinterpret_cast<const ::BitString*>(from)->bsval);
      return to;
    }
    default:
      return nullptr;
  }
}

ast::NodeList Converter::convert_list(const ::List* from) {
  if (from == nullptr) return {};
  LUMA_CHECK(from->type == T_List);
  auto size = static_cast<size_t>(from->length);
  auto** items = arena_.allocate_array<const ast::Node*>(size);
  for (size_t i = 0; i < size; ++i) {
    items[i] = convert(static_cast<const ::Node*>(from->elements[i].ptr_value));
  }
  return {items, size};
}

void Converter::refuse_param(const ::Node* from) {
  if (from == nullptr || nodeTag(from) != T_ParamRef) return;
  const auto* param = reinterpret_cast<const ::ParamRef*>(from);
  throw sql_error(SqlState::kSyntaxError, "syntax error at or near \"${}\"", param->number)
      .at_byte(param->location);
}

void Converter::set(ast::NameList& to, const ::List* from) {
  if (from == nullptr) return;
  LUMA_CHECK(from->type == T_List);
  auto size = static_cast<size_t>(from->length);
  auto* items = arena_.allocate_array<std::string_view>(size);
  for (size_t i = 0; i < size; ++i) {
    const auto* item = static_cast<const ::Node*>(from->elements[i].ptr_value);
    LUMA_CHECK(nodeTag(item) == T_String);
    items[i] = text(reinterpret_cast<const ::String*>(item)->sval);
  }
  to = {items, size};
}

void Converter::set(ast::List<int32_t>& to, const ::List* from) {
  if (from == nullptr) return;
  LUMA_CHECK(from->type == T_List);
  auto size = static_cast<size_t>(from->length);
  auto* items = arena_.allocate_array<int32_t>(size);
  for (size_t i = 0; i < size; ++i) {
    const auto* item = static_cast<const ::Node*>(from->elements[i].ptr_value);
    LUMA_CHECK(nodeTag(item) == T_Integer);
    items[i] = reinterpret_cast<const ::Integer*>(item)->ival;
  }
  to = {items, size};
}

}  // namespace luma::parse
