#pragma once
// Expressions of the syntax tree, as the grammar produces them: nothing is resolved yet.
#include <cstdint>
#include <string_view>

#include "sql/ast/enums.h"
#include "sql/ast/node.h"

namespace luma::ast {

struct WindowDef;

struct ColumnRef : NodeOf<NodeTag::kColumnRef> {
  NodeList fields;  // String nodes, an AStar possibly last
  LUMA_AST_FIELDS(fields)
};

struct ParamRef : NodeOf<NodeTag::kParamRef> {
  int32_t number = 0;
  LUMA_AST_FIELDS(number)
};

struct AExpr : NodeOf<NodeTag::kAExpr> {
  AExprKind kind{};
  NameList name;  // possibly qualified operator
  const Node* lexpr = nullptr;
  const Node* rexpr = nullptr;  // a ListNode for IN and BETWEEN
  LUMA_AST_FIELDS(kind, name, lexpr, rexpr)
};

struct TypeName : NodeOf<NodeTag::kTypeName> {
  NameList names;
  bool setof = false;
  bool pct_type = false;  // names is a column, take its type
  NodeList typmods;
  List<int32_t> array_bounds;
  LUMA_AST_FIELDS(names, setof, pct_type, typmods, array_bounds)
};

struct TypeCast : NodeOf<NodeTag::kTypeCast> {
  const Node* arg = nullptr;
  const TypeName* type_name = nullptr;
  LUMA_AST_FIELDS(arg, type_name)
};

struct CollateClause : NodeOf<NodeTag::kCollateClause> {
  const Node* arg = nullptr;
  NameList collname;
  LUMA_AST_FIELDS(arg, collname)
};

struct FuncCall : NodeOf<NodeTag::kFuncCall> {
  NameList funcname;
  NodeList args;       // may hold NamedArgExpr
  NodeList agg_order;  // SortBy nodes
  const Node* agg_filter = nullptr;
  const WindowDef* over = nullptr;
  bool agg_within_group = false;
  bool agg_star = false;
  bool agg_distinct = false;
  bool func_variadic = false;
  CoercionForm funcformat{};
  LUMA_AST_FIELDS(funcname, args, agg_order, agg_filter, over, agg_within_group, agg_star,
                  agg_distinct, func_variadic, funcformat)
};

struct AStar : NodeOf<NodeTag::kAStar> {
  LUMA_AST_FIELDS()
};

struct AIndices : NodeOf<NodeTag::kAIndices> {
  bool is_slice = false;
  const Node* lidx = nullptr;
  const Node* uidx = nullptr;
  LUMA_AST_FIELDS(is_slice, lidx, uidx)
};

struct AIndirection : NodeOf<NodeTag::kAIndirection> {
  const Node* arg = nullptr;
  NodeList indirection;
  LUMA_AST_FIELDS(arg, indirection)
};

struct AArrayExpr : NodeOf<NodeTag::kAArrayExpr> {
  NodeList elements;
  LUMA_AST_FIELDS(elements)
};

struct NamedArgExpr : NodeOf<NodeTag::kNamedArgExpr> {
  const Node* arg = nullptr;
  std::string_view name;
  LUMA_AST_FIELDS(arg, name)
};

struct BoolExpr : NodeOf<NodeTag::kBoolExpr> {
  BoolExprType boolop{};
  NodeList args;
  LUMA_AST_FIELDS(boolop, args)
};

struct SubLink : NodeOf<NodeTag::kSubLink> {
  SubLinkType sub_link_type{};
  const Node* testexpr = nullptr;
  NameList oper_name;
  const Node* subselect = nullptr;
  LUMA_AST_FIELDS(sub_link_type, testexpr, oper_name, subselect)
};

struct CaseExpr : NodeOf<NodeTag::kCaseExpr> {
  const Node* arg = nullptr;
  NodeList args;
  const Node* defresult = nullptr;
  LUMA_AST_FIELDS(arg, args, defresult)
};

struct CaseWhen : NodeOf<NodeTag::kCaseWhen> {
  const Node* expr = nullptr;
  const Node* result = nullptr;
  LUMA_AST_FIELDS(expr, result)
};

struct RowExpr : NodeOf<NodeTag::kRowExpr> {
  NodeList args;
  CoercionForm row_format{};
  LUMA_AST_FIELDS(args, row_format)
};

struct CoalesceExpr : NodeOf<NodeTag::kCoalesceExpr> {
  NodeList args;
  LUMA_AST_FIELDS(args)
};

struct MinMaxExpr : NodeOf<NodeTag::kMinMaxExpr> {
  MinMaxOp op{};
  NodeList args;
  LUMA_AST_FIELDS(op, args)
};

struct SQLValueFunction : NodeOf<NodeTag::kSQLValueFunction> {
  SQLValueFunctionOp op{};
  int32_t typmod = 0;
  LUMA_AST_FIELDS(op, typmod)
};

struct XmlExpr : NodeOf<NodeTag::kXmlExpr> {
  XmlExprOp op{};
  std::string_view name;
  NodeList named_args;
  NodeList args;
  XmlOptionType xmloption{};
  int32_t typmod = 0;
  LUMA_AST_FIELDS(op, name, named_args, args, xmloption, typmod)
};

struct XmlSerialize : NodeOf<NodeTag::kXmlSerialize> {
  XmlOptionType xmloption{};
  const Node* expr = nullptr;
  const TypeName* type_name = nullptr;
  LUMA_AST_FIELDS(xmloption, expr, type_name)
};

struct NullTest : NodeOf<NodeTag::kNullTest> {
  const Node* arg = nullptr;
  NullTestType nulltesttype{};
  LUMA_AST_FIELDS(arg, nulltesttype)
};

struct BooleanTest : NodeOf<NodeTag::kBooleanTest> {
  const Node* arg = nullptr;
  BoolTestType booltesttype{};
  LUMA_AST_FIELDS(arg, booltesttype)
};

struct CurrentOfExpr : NodeOf<NodeTag::kCurrentOfExpr> {
  std::string_view cursor_name;
  int32_t cursor_param = 0;
  LUMA_AST_FIELDS(cursor_name, cursor_param)
};

struct SetToDefault : NodeOf<NodeTag::kSetToDefault> {
  LUMA_AST_FIELDS()
};

struct MultiAssignRef : NodeOf<NodeTag::kMultiAssignRef> {
  const Node* source = nullptr;  // the whole right side, shared by all its columns
  int32_t colno = 0;
  int32_t ncolumns = 0;
  LUMA_AST_FIELDS(source, colno, ncolumns)
};

struct GroupingFunc : NodeOf<NodeTag::kGroupingFunc> {
  NodeList args;
  LUMA_AST_FIELDS(args)
};

struct WindowDef : NodeOf<NodeTag::kWindowDef> {
  std::string_view name;
  std::string_view refname;
  NodeList partition_clause;
  NodeList order_clause;
  int32_t frame_options = 0;  // FrameOption bits
  const Node* start_offset = nullptr;
  const Node* end_offset = nullptr;
  LUMA_AST_FIELDS(name, refname, partition_clause, order_clause, frame_options, start_offset,
                  end_offset)
};

struct SortBy : NodeOf<NodeTag::kSortBy> {
  const Node* node = nullptr;
  SortByDir sortby_dir{};
  SortByNulls sortby_nulls{};
  NameList use_op;
  LUMA_AST_FIELDS(node, sortby_dir, sortby_nulls, use_op)
};

}  // namespace luma::ast
