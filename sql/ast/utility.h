#pragma once
// Session and maintenance statements: transactions, settings, cursors, COPY, EXPLAIN and the like.
#include <cstdint>
#include <string_view>

#include "sql/ast/ddl.h"

namespace luma::ast {

// FetchStmt::how_many of FETCH ALL.
inline constexpr int64_t kFetchAll = INT64_MAX;

struct TransactionStmt : NodeOf<NodeTag::kTransactionStmt> {
  TransactionStmtKind kind{};
  NodeList
      options;  // DefElems: transaction_isolation, transaction_read_only, transaction_deferrable
  std::string_view savepoint_name;
  std::string_view gid;
  bool chain = false;
  LUMA_AST_FIELDS(kind, options, savepoint_name, gid, chain)
};

struct VariableSetStmt : NodeOf<NodeTag::kVariableSetStmt> {
  VariableSetKind kind{};
  std::string_view name;
  NodeList args;  // AConst, or TypeCast for SET TIME ZONE INTERVAL
  bool is_local = false;
  LUMA_AST_FIELDS(kind, name, args, is_local)
};

struct VariableShowStmt : NodeOf<NodeTag::kVariableShowStmt> {
  std::string_view name;
  LUMA_AST_FIELDS(name)
};

struct AlterSystemStmt : NodeOf<NodeTag::kAlterSystemStmt> {
  const VariableSetStmt* setstmt = nullptr;
  LUMA_AST_FIELDS(setstmt)
};

struct PrepareStmt : NodeOf<NodeTag::kPrepareStmt> {
  std::string_view name;
  NodeList argtypes;
  const Node* query = nullptr;
  LUMA_AST_FIELDS(name, argtypes, query)
};

struct ExecuteStmt : NodeOf<NodeTag::kExecuteStmt> {
  std::string_view name;
  NodeList params;
  LUMA_AST_FIELDS(name, params)
};

struct DeallocateStmt : NodeOf<NodeTag::kDeallocateStmt> {
  std::string_view name;  // null: all
  LUMA_AST_FIELDS(name)
};

struct DeclareCursorStmt : NodeOf<NodeTag::kDeclareCursorStmt> {
  std::string_view portalname;
  int32_t options = 0;  // CursorOption bits
  const Node* query = nullptr;
  LUMA_AST_FIELDS(portalname, options, query)
};

struct FetchStmt : NodeOf<NodeTag::kFetchStmt> {
  FetchDirection direction{};
  int64_t how_many = 0;  // kFetchAll: all
  std::string_view portalname;
  bool ismove = false;
  LUMA_AST_FIELDS(direction, how_many, portalname, ismove)
};

struct ClosePortalStmt : NodeOf<NodeTag::kClosePortalStmt> {
  std::string_view portalname;  // null: all
  LUMA_AST_FIELDS(portalname)
};

struct CopyStmt : NodeOf<NodeTag::kCopyStmt> {
  const RangeVar* relation = nullptr;
  const Node* query = nullptr;
  NameList attlist;
  bool is_from = false;
  bool is_program = false;
  std::string_view filename;
  NodeList options;
  const Node* where_clause = nullptr;
  LUMA_AST_FIELDS(relation, query, attlist, is_from, is_program, filename, options, where_clause)
};

struct ExplainStmt : NodeOf<NodeTag::kExplainStmt> {
  const Node* query = nullptr;
  NodeList options;
  LUMA_AST_FIELDS(query, options)
};

struct VacuumStmt : NodeOf<NodeTag::kVacuumStmt> {
  NodeList options;
  NodeList rels;
  bool is_vacuumcmd = false;
  LUMA_AST_FIELDS(options, rels, is_vacuumcmd)
};

struct VacuumRelation : NodeOf<NodeTag::kVacuumRelation> {
  const RangeVar* relation = nullptr;
  NameList va_cols;
  LUMA_AST_FIELDS(relation, va_cols)
};

struct ClusterStmt : NodeOf<NodeTag::kClusterStmt> {
  const RangeVar* relation = nullptr;
  std::string_view indexname;
  NodeList params;
  LUMA_AST_FIELDS(relation, indexname, params)
};

struct ReindexStmt : NodeOf<NodeTag::kReindexStmt> {
  ReindexObjectType kind{};
  const RangeVar* relation = nullptr;
  std::string_view name;
  NodeList params;
  LUMA_AST_FIELDS(kind, relation, name, params)
};

struct LockStmt : NodeOf<NodeTag::kLockStmt> {
  NodeList relations;
  int32_t mode = 0;  // PostgreSQL's lock mode number, 1 to 8
  bool nowait = false;
  LUMA_AST_FIELDS(relations, mode, nowait)
};

struct ListenStmt : NodeOf<NodeTag::kListenStmt> {
  std::string_view conditionname;
  LUMA_AST_FIELDS(conditionname)
};

struct UnlistenStmt : NodeOf<NodeTag::kUnlistenStmt> {
  std::string_view conditionname;  // null: all
  LUMA_AST_FIELDS(conditionname)
};

struct NotifyStmt : NodeOf<NodeTag::kNotifyStmt> {
  std::string_view conditionname;
  std::string_view payload;  // null when absent
  LUMA_AST_FIELDS(conditionname, payload)
};

struct LoadStmt : NodeOf<NodeTag::kLoadStmt> {
  std::string_view filename;
  LUMA_AST_FIELDS(filename)
};

struct DiscardStmt : NodeOf<NodeTag::kDiscardStmt> {
  DiscardMode target{};
  LUMA_AST_FIELDS(target)
};

struct ConstraintsSetStmt : NodeOf<NodeTag::kConstraintsSetStmt> {
  NodeList constraints;
  bool deferred = false;
  LUMA_AST_FIELDS(constraints, deferred)
};

struct CheckPointStmt : NodeOf<NodeTag::kCheckPointStmt> {
  LUMA_AST_FIELDS()
};

struct DoStmt : NodeOf<NodeTag::kDoStmt> {
  NodeList args;
  LUMA_AST_FIELDS(args)
};

struct CallStmt : NodeOf<NodeTag::kCallStmt> {
  const FuncCall* funccall = nullptr;
  LUMA_AST_FIELDS(funccall)
};

}  // namespace luma::ast
