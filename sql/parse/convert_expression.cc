// Expressions: from PostgreSQL's raw parse tree to ours, field by field.
#include "sql/ast/expression.h"
#include "sql/parse/pg_convert.h"

namespace luma::parse {

LUMA_CONVERT(ColumnRef, ColumnRef) {
  set(to->fields, from->fields);
  to->location = from->location;
}
LUMA_CONVERT(ParamRef, ParamRef) {
  set(to->number, from->number);
  to->location = from->location;
}
LUMA_CONVERT(A_Expr, AExpr) {
  set(to->kind, from->kind);
  set(to->name, from->name);
  set(to->lexpr, from->lexpr);
  set(to->rexpr, from->rexpr);
  to->location = from->location;
}
LUMA_CONVERT(TypeName, TypeName) {
  set(to->names, from->names);
  set(to->setof, from->setof);
  set(to->pct_type, from->pct_type);
  set(to->typmods, from->typmods);
  set(to->array_bounds, from->arrayBounds);
  to->location = from->location;
}
LUMA_CONVERT(TypeCast, TypeCast) {
  set(to->arg, from->arg);
  set(to->type_name, from->typeName);
  to->location = from->location;
}
LUMA_CONVERT(CollateClause, CollateClause) {
  set(to->arg, from->arg);
  set(to->collname, from->collname);
  to->location = from->location;
}
LUMA_CONVERT(FuncCall, FuncCall) {
  set(to->funcname, from->funcname);
  set(to->args, from->args);
  set(to->agg_order, from->agg_order);
  set(to->agg_filter, from->agg_filter);
  set(to->over, from->over);
  set(to->agg_within_group, from->agg_within_group);
  set(to->agg_star, from->agg_star);
  set(to->agg_distinct, from->agg_distinct);
  set(to->func_variadic, from->func_variadic);
  set(to->funcformat, from->funcformat);
  to->location = from->location;
}
LUMA_CONVERT(A_Star, AStar) {
  (void)from;
  (void)to;
}
LUMA_CONVERT(A_Indices, AIndices) {
  set(to->is_slice, from->is_slice);
  set(to->lidx, from->lidx);
  set(to->uidx, from->uidx);
}
LUMA_CONVERT(A_Indirection, AIndirection) {
  set(to->arg, from->arg);
  set(to->indirection, from->indirection);
}
LUMA_CONVERT(A_ArrayExpr, AArrayExpr) {
  set(to->elements, from->elements);
  to->location = from->location;
}
LUMA_CONVERT(NamedArgExpr, NamedArgExpr) {
  set(to->arg, from->arg);
  set(to->name, from->name);
  to->location = from->location;
}
LUMA_CONVERT(BoolExpr, BoolExpr) {
  set(to->boolop, from->boolop);
  set(to->args, from->args);
  to->location = from->location;
}
LUMA_CONVERT(SubLink, SubLink) {
  set(to->sub_link_type, from->subLinkType);
  set(to->testexpr, from->testexpr);
  set(to->oper_name, from->operName);
  set(to->subselect, from->subselect);
  to->location = from->location;
}
LUMA_CONVERT(CaseExpr, CaseExpr) {
  set(to->arg, from->arg);
  set(to->args, from->args);
  set(to->defresult, from->defresult);
  to->location = from->location;
}
LUMA_CONVERT(CaseWhen, CaseWhen) {
  set(to->expr, from->expr);
  set(to->result, from->result);
  to->location = from->location;
}
LUMA_CONVERT(RowExpr, RowExpr) {
  set(to->args, from->args);
  set(to->row_format, from->row_format);
  to->location = from->location;
}
LUMA_CONVERT(CoalesceExpr, CoalesceExpr) {
  set(to->args, from->args);
  to->location = from->location;
}
LUMA_CONVERT(MinMaxExpr, MinMaxExpr) {
  set(to->op, from->op);
  set(to->args, from->args);
  to->location = from->location;
}
LUMA_CONVERT(SQLValueFunction, SQLValueFunction) {
  set(to->op, from->op);
  set(to->typmod, from->typmod);
  to->location = from->location;
}
LUMA_CONVERT(XmlExpr, XmlExpr) {
  set(to->op, from->op);
  set(to->name, from->name);
  set(to->named_args, from->named_args);
  set(to->args, from->args);
  set(to->xmloption, from->xmloption);
  set(to->typmod, from->typmod);
  to->location = from->location;
}
LUMA_CONVERT(XmlSerialize, XmlSerialize) {
  set(to->xmloption, from->xmloption);
  set(to->expr, from->expr);
  set(to->type_name, from->typeName);
  to->location = from->location;
}
LUMA_CONVERT(NullTest, NullTest) {
  set(to->arg, from->arg);
  set(to->nulltesttype, from->nulltesttype);
  to->location = from->location;
}
LUMA_CONVERT(BooleanTest, BooleanTest) {
  set(to->arg, from->arg);
  set(to->booltesttype, from->booltesttype);
  to->location = from->location;
}
LUMA_CONVERT(CurrentOfExpr, CurrentOfExpr) {
  set(to->cursor_name, from->cursor_name);
  set(to->cursor_param, from->cursor_param);
}
LUMA_CONVERT(SetToDefault, SetToDefault) { to->location = from->location; }
LUMA_CONVERT(MultiAssignRef, MultiAssignRef) {
  if (from->source != shared_from_) {
    shared_from_ = from->source;
    shared_to_ = convert(from->source);
  }
  to->source = shared_to_;
  set(to->colno, from->colno);
  set(to->ncolumns, from->ncolumns);
}
LUMA_CONVERT(GroupingFunc, GroupingFunc) {
  set(to->args, from->args);
  to->location = from->location;
}
LUMA_CONVERT(WindowDef, WindowDef) {
  set(to->name, from->name);
  set(to->refname, from->refname);
  set(to->partition_clause, from->partitionClause);
  set(to->order_clause, from->orderClause);
  set(to->frame_options, from->frameOptions);
  set(to->start_offset, from->startOffset);
  set(to->end_offset, from->endOffset);
  to->location = from->location;
}
LUMA_CONVERT(SortBy, SortBy) {
  set(to->node, from->node);
  set(to->sortby_dir, from->sortby_dir);
  set(to->sortby_nulls, from->sortby_nulls);
  set(to->use_op, from->useOp);
  to->location = from->location;
}

const ast::Node* Converter::convert_expression(const ::Node* from) {
  switch (nodeTag(from)) {
    LUMA_CONVERT_CASE(ColumnRef, ColumnRef)
    LUMA_CONVERT_CASE(ParamRef, ParamRef)
    LUMA_CONVERT_CASE(A_Expr, AExpr)
    LUMA_CONVERT_CASE(TypeName, TypeName)
    LUMA_CONVERT_CASE(TypeCast, TypeCast)
    LUMA_CONVERT_CASE(CollateClause, CollateClause)
    LUMA_CONVERT_CASE(FuncCall, FuncCall)
    LUMA_CONVERT_CASE(A_Star, AStar)
    LUMA_CONVERT_CASE(A_Indices, AIndices)
    LUMA_CONVERT_CASE(A_Indirection, AIndirection)
    LUMA_CONVERT_CASE(A_ArrayExpr, AArrayExpr)
    LUMA_CONVERT_CASE(NamedArgExpr, NamedArgExpr)
    LUMA_CONVERT_CASE(BoolExpr, BoolExpr)
    LUMA_CONVERT_CASE(SubLink, SubLink)
    LUMA_CONVERT_CASE(CaseExpr, CaseExpr)
    LUMA_CONVERT_CASE(CaseWhen, CaseWhen)
    LUMA_CONVERT_CASE(RowExpr, RowExpr)
    LUMA_CONVERT_CASE(CoalesceExpr, CoalesceExpr)
    LUMA_CONVERT_CASE(MinMaxExpr, MinMaxExpr)
    LUMA_CONVERT_CASE(SQLValueFunction, SQLValueFunction)
    LUMA_CONVERT_CASE(XmlExpr, XmlExpr)
    LUMA_CONVERT_CASE(XmlSerialize, XmlSerialize)
    LUMA_CONVERT_CASE(NullTest, NullTest)
    LUMA_CONVERT_CASE(BooleanTest, BooleanTest)
    LUMA_CONVERT_CASE(CurrentOfExpr, CurrentOfExpr)
    LUMA_CONVERT_CASE(SetToDefault, SetToDefault)
    LUMA_CONVERT_CASE(MultiAssignRef, MultiAssignRef)
    LUMA_CONVERT_CASE(GroupingFunc, GroupingFunc)
    LUMA_CONVERT_CASE(WindowDef, WindowDef)
    LUMA_CONVERT_CASE(SortBy, SortBy)
    default:
      return nullptr;
  }
}

}  // namespace luma::parse
