#pragma once
// Bound scalar expressions: typed trees whose names are resolved. One structure serves the logical
// plan (columns by ColumnId) and the physical plan (columns by slot in the input chunk); lowering
// rewrites kColumn into kSlot. Nodes live in an arena and are immutable once built: rewrites make
// new nodes.
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/exec/function.h"
#include "engine/type/datum.h"
#include "engine/type/type_info.h"

namespace luma {

struct FunctionEntry;  // sql/function: the pg_proc row behind a call
struct LogicalOp;      // sql/plan
class SubplanSpec;     // engine/exec: a lowered subquery

// Query-unique identity of a column that some operator produces.
using ColumnId = uint32_t;
inline constexpr ColumnId kNoColumn = ~ColumnId{0};

enum class ExprKind : uint8_t {
  kConstant,       // constant
  kColumn,         // column (logical); when `level` > 0 it belongs to an enclosing query
  kSlot,           // index: column of the input chunk (physical)
  kParameter,      // index: statement parameter, 0-based ($1 is 0)
  kExecParameter,  // index: EvalContext::exec_parameters (physical correlation)
  kFunction,       // implementation.kernel(args); function
  kAnd,
  kOr,
  kNot,  // three-valued logic; AND/OR have 2..n args
  kIsNull,
  kIsNotNull,  // 1 arg; on composites PostgreSQL's row rule applies
  kIsTrue,
  kIsNotTrue,
  kIsFalse,
  kIsNotFalse,
  kIsUnknown,
  kIsNotUnknown,
  kIsDistinct,
  kIsNotDistinct,  // 2 args, implementation.kernel is the type's equality
  kNullIf,         // 2 args, implementation.kernel is the equality
  kCase,           // args: when1, then1, ..., else (always present); searched form only
  kCoalesce,       // args, evaluated as far as needed
  kGreatest,
  kLeast,
  kArrayAny,
  kArrayAll,      // args: scalar, array; implementation.kernel is the comparison
  kArray,         // ARRAY[args] of type.oid (elements may be arrays: index = 1 for nested)
  kRow,           // ROW(args) -> record
  kField,         // args[0].field; index = 0-based field number
  kSubscript,     // args[0][args[1]]...; see SubscriptInfo
  kRelabel,       // args[0] under another type; same physical form, no work
  kCoerceViaIo,   // text output of args[0], then text input of type
  kCoerceArray,   // each element of args[0] through element_coercion
  kApplyTypmod,   // args[0] with type.typmod applied; index = 1 for an explicit cast
  kAggregate,     // only directly under an Aggregate operator: see AggregateInfo
  kWindow,        // only under a Window operator: see WindowInfo
  kGrouping,      // GROUPING(args): args are the grouping expressions
  kSubquery,      // subquery; see SubqueryInfo (logical, before unnesting)
  kSubplan,       // physical subquery that could not be unnested
  kSetReturning,  // a set-returning function call under ProjectSet; implementation.table
  kDefault,       // DEFAULT in INSERT/UPDATE before the binder replaces it
};

struct Expr;
using ExprList = std::span<Expr* const>;

struct SortKey {
  Expr* expr = nullptr;
  bool descending = false;
  bool nulls_first = false;
  // Set when ORDER BY ... USING or an operator class differs from the type's default order.
  VectorKernel less_than = nullptr;
};

struct AggregateInfo {
  bool distinct = false;
  Expr* filter = nullptr;             // FILTER (WHERE ...)
  std::span<const SortKey> order_by;  // inside the call, or WITHIN GROUP
  uint32_t direct_args = 0;           // ordered-set aggregates: the first n args are direct
};

enum class FrameMode : uint8_t { kRows, kRange, kGroups };
enum class FrameBound : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing
};
enum class FrameExclude : uint8_t { kNone, kCurrentRow, kGroup, kTies };
struct WindowFrame {
  FrameMode mode = FrameMode::kRange;
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  Expr* start_offset = nullptr;
  Expr* end_offset = nullptr;
  FrameExclude exclude = FrameExclude::kNone;
  // RANGE with offsets: in_range(value, base, offset, sub, less) of the sort type.
  VectorKernel in_range_start = nullptr;
  VectorKernel in_range_end = nullptr;
};
struct WindowInfo {
  ExprList partition_by;
  std::span<const SortKey> order_by;
  WindowFrame frame;
  Expr* filter = nullptr;
};

enum class SubqueryKind : uint8_t {
  kScalar,  // at most one row, one column
  kExists,
  kAny,  // test: `args[0] op column` as an expression over args and subquery columns
  kAll,
  kArray,  // ARRAY(SELECT ...)
  kRow,    // (a, b) = (SELECT x, y): a record
};
struct SubqueryInfo {
  SubqueryKind kind = SubqueryKind::kScalar;
  LogicalOp* plan = nullptr;
  // kAny/kAll: boolean expression over outer columns and the subquery's output ColumnIds.
  Expr* test = nullptr;
  std::span<const ColumnId> columns;  // output columns of the subquery
  // True when the subquery refers to columns of an enclosing query.
  bool correlated = false;
  // Subqueries with the same number, other than 0, are written alike in the same place: they have
  // the same value.
  uint32_t meaning = 0;
};

struct SubscriptInfo {
  // For each dimension: lower and upper bound expressions; a plain index has upper only.
  std::span<Expr* const> lower;  // nullptr entries when omitted
  std::span<Expr* const> upper;
  bool slice = false;
};

struct Expr {
  ExprKind kind;
  TypeRef type;  // result
  PhysicalType physical = PhysicalType::kVarlen;
  Oid collation = kInvalidOid;
  int location = -1;  // byte offset in the statement, for run-time errors
  ExprList args;
  Value constant;
  uint32_t index = 0;
  ColumnId column = kNoColumn;
  uint32_t level = 0;
  FunctionImplementation implementation;
  const FunctionEntry* function = nullptr;  // for EXPLAIN, volatility, inlining; may be null
  Oid operator_oid = kInvalidOid;           // the call was written as this operator
  bool strict = false;                      // kFunction: NULL in, NULL out
  bool is_volatile = false;
  // At most one of these, by kind.
  const AggregateInfo* aggregate = nullptr;
  const WindowInfo* window = nullptr;
  const SubqueryInfo* subquery = nullptr;
  const SubscriptInfo* subscript = nullptr;
  Expr* element_coercion = nullptr;  // kCoerceArray: over kSlot 0
  SubplanSpec* subplan = nullptr;    // kSubplan
  // kRow: names of the fields when the row stands for a table row ("f1", ... otherwise).
  std::span<const std::string_view> field_names;
};

// Constant of `type`; the datum's long strings must live as long as the expression.
Expr* make_constant(Arena& arena, TypeRef type, const Value& value);
Expr* make_bool(Arena& arena, bool value);
Expr* make_column(Arena& arena, ColumnId column, TypeRef type, Oid collation = kInvalidOid);
Expr* make_slot(Arena& arena, uint32_t slot, TypeRef type);
Expr* make_not(Arena& arena, Expr* arg);
// AND/OR of `args`, flattening nested ones; nullptr for none, the argument itself for one.
Expr* make_and(Arena& arena, std::span<Expr* const> args);
Expr* make_or(Arena& arena, std::span<Expr* const> args);

template <typename T>
std::span<T> copy_span(Arena& arena, const std::vector<T>& items) {
  T* to = arena.allocate_array<T>(items.size());
  for (size_t i = 0; i < items.size(); ++i) new (to + i) T(items[i]);
  return {to, items.size()};
}

// Structural equality (locations ignored); volatile calls are never equal.
bool expr_equal(const Expr& a, const Expr& b);
uint64_t expr_hash(const Expr& expr);

// Calls visit(child) for every direct child expression, those in side structures included.
template <typename Visit>
void for_each_child(const Expr& expr, Visit&& visit) {
  for (Expr* arg : expr.args) visit(arg);
  if (expr.aggregate != nullptr) {
    if (expr.aggregate->filter != nullptr) visit(expr.aggregate->filter);
    for (const SortKey& key : expr.aggregate->order_by) visit(key.expr);
  }
  if (expr.window != nullptr) {
    for (Expr* key : expr.window->partition_by) visit(key);
    for (const SortKey& key : expr.window->order_by) visit(key.expr);
    if (expr.window->frame.start_offset != nullptr) visit(expr.window->frame.start_offset);
    if (expr.window->frame.end_offset != nullptr) visit(expr.window->frame.end_offset);
    if (expr.window->filter != nullptr) visit(expr.window->filter);
  }
  if (expr.subscript != nullptr) {
    for (Expr* bound : expr.subscript->lower) {
      if (bound != nullptr) visit(bound);
    }
    for (Expr* bound : expr.subscript->upper) {
      if (bound != nullptr) visit(bound);
    }
  }
  if (expr.subquery != nullptr && expr.subquery->test != nullptr) visit(expr.subquery->test);
}

// Rebuilds `expr` bottom-up: `rewrite(node)` gets each node after its children were rewritten and
// returns a replacement or the node itself. Nodes are copied only where something changed.
using ExprRewrite = const std::function<Expr*(Expr*)>&;
Expr* rewrite_expr(Arena& arena, Expr* expr, ExprRewrite rewrite);

// True when `expr` or something below it satisfies `test`.
bool expr_contains(const Expr& expr, const std::function<bool(const Expr&)>& test);

}  // namespace luma
