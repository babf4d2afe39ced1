#pragma once
// Definitions of relations, types and schemas, and the ALTER/DROP/COMMENT statements for any
// object.
#include <cstdint>
#include <string_view>

#include "sql/ast/query.h"

namespace luma::ast {

struct DefElem : NodeOf<NodeTag::kDefElem> {
  std::string_view defnamespace;
  std::string_view defname;
  const Node* arg = nullptr;  // any node, ListNode or null
  DefElemAction defaction{};
  LUMA_AST_FIELDS(defnamespace, defname, arg, defaction)
};

struct RoleSpec : NodeOf<NodeTag::kRoleSpec> {
  RoleSpecType roletype{};
  std::string_view rolename;
  LUMA_AST_FIELDS(roletype, rolename)
};

struct ObjectWithArgs : NodeOf<NodeTag::kObjectWithArgs> {
  NameList objname;
  NodeList objargs;
  NodeList objfuncargs;
  bool args_unspecified = false;
  LUMA_AST_FIELDS(objname, objargs, objfuncargs, args_unspecified)
};

struct ColumnDef : NodeOf<NodeTag::kColumnDef> {
  std::string_view colname;
  const TypeName* type_name = nullptr;
  std::string_view compression;
  bool is_not_null = false;
  const Node* raw_default = nullptr;
  const CollateClause* coll_clause = nullptr;
  NodeList constraints;
  NodeList fdwoptions;
  LUMA_AST_FIELDS(colname, type_name, compression, is_not_null, raw_default, coll_clause,
                  constraints, fdwoptions)
};

struct Constraint : NodeOf<NodeTag::kConstraint> {
  ConstrType contype{};
  std::string_view conname;
  bool deferrable = false;
  bool initdeferred = false;
  bool is_no_inherit = false;
  const Node* raw_expr = nullptr;
  char generated_when = 0;  // 'a' always, 'd' by default
  bool nulls_not_distinct = false;
  NameList keys;
  NameList including;
  NodeList exclusions;  // ListNodes of (IndexElem, ListNode of operator names)
  NodeList options;
  std::string_view indexname;
  std::string_view indexspace;
  bool reset_default_tblspc = false;
  std::string_view access_method;
  const Node* where_clause = nullptr;
  const RangeVar* pktable = nullptr;
  NameList fk_attrs;
  NameList pk_attrs;
  char fk_matchtype = 0;  // 'f' full, 'p' partial, 's' simple
  char fk_upd_action =
      0;  // 'a' no action, 'r' restrict, 'c' cascade, 'n' set null, 'd' set default
  char fk_del_action = 0;
  NameList fk_del_set_cols;
  bool skip_validation = false;
  bool initially_valid = false;
  LUMA_AST_FIELDS(contype, conname, deferrable, initdeferred, is_no_inherit, raw_expr,
                  generated_when, nulls_not_distinct, keys, including, exclusions, options,
                  indexname, indexspace, reset_default_tblspc, access_method, where_clause, pktable,
                  fk_attrs, pk_attrs, fk_matchtype, fk_upd_action, fk_del_action, fk_del_set_cols,
                  skip_validation, initially_valid)
};

struct TableLikeClause : NodeOf<NodeTag::kTableLikeClause> {
  const RangeVar* relation = nullptr;
  uint32_t options = 0;  // TableLikeOption bits
  LUMA_AST_FIELDS(relation, options)
};

struct PartitionElem : NodeOf<NodeTag::kPartitionElem> {
  std::string_view name;
  const Node* expr = nullptr;
  NameList collation;
  NameList opclass;
  LUMA_AST_FIELDS(name, expr, collation, opclass)
};

struct PartitionSpec : NodeOf<NodeTag::kPartitionSpec> {
  std::string_view strategy;
  NodeList part_params;
  LUMA_AST_FIELDS(strategy, part_params)
};

struct PartitionBoundSpec : NodeOf<NodeTag::kPartitionBoundSpec> {
  char strategy = 0;  // 'h', 'l' or 'r'
  bool is_default = false;
  int32_t modulus = 0;
  int32_t remainder = 0;
  NodeList listdatums;
  NodeList lowerdatums;
  NodeList upperdatums;
  LUMA_AST_FIELDS(strategy, is_default, modulus, remainder, listdatums, lowerdatums, upperdatums)
};

struct PartitionRangeDatum : NodeOf<NodeTag::kPartitionRangeDatum> {
  PartitionRangeDatumKind kind{};
  const Node* value = nullptr;
  LUMA_AST_FIELDS(kind, value)
};

struct PartitionCmd : NodeOf<NodeTag::kPartitionCmd> {
  const RangeVar* name = nullptr;
  const PartitionBoundSpec* bound = nullptr;
  bool concurrent = false;
  LUMA_AST_FIELDS(name, bound, concurrent)
};

struct CreateStmt : NodeOf<NodeTag::kCreateStmt> {
  const RangeVar* relation = nullptr;
  NodeList table_elts;
  NodeList inh_relations;
  const PartitionBoundSpec* partbound = nullptr;
  const PartitionSpec* partspec = nullptr;
  const TypeName* of_typename = nullptr;
  NodeList constraints;
  NodeList options;
  OnCommitAction oncommit{};
  std::string_view tablespacename;
  std::string_view access_method;
  bool if_not_exists = false;
  LUMA_AST_FIELDS(relation, table_elts, inh_relations, partbound, partspec, of_typename,
                  constraints, options, oncommit, tablespacename, access_method, if_not_exists)
};

struct AlterTableStmt : NodeOf<NodeTag::kAlterTableStmt> {
  const RangeVar* relation = nullptr;
  NodeList cmds;
  ObjectType objtype{};
  bool missing_ok = false;
  LUMA_AST_FIELDS(relation, cmds, objtype, missing_ok)
};

struct AlterTableCmd : NodeOf<NodeTag::kAlterTableCmd> {
  AlterTableType subtype{};
  std::string_view name;
  int16_t num = 0;  // column number for ALTER INDEX ... ALTER COLUMN n
  const RoleSpec* newowner = nullptr;
  const Node* def = nullptr;
  DropBehavior behavior{};
  bool missing_ok = false;
  LUMA_AST_FIELDS(subtype, name, num, newowner, def, behavior, missing_ok)
};

struct ReplicaIdentityStmt : NodeOf<NodeTag::kReplicaIdentityStmt> {
  char identity_type = 0;  // 'd', 'n', 'f' or 'i'
  std::string_view name;
  LUMA_AST_FIELDS(identity_type, name)
};

struct IndexStmt : NodeOf<NodeTag::kIndexStmt> {
  std::string_view idxname;
  const RangeVar* relation = nullptr;
  std::string_view access_method;
  std::string_view table_space;
  NodeList index_params;
  NodeList index_including_params;
  NodeList options;
  const Node* where_clause = nullptr;
  NodeList exclude_op_names;
  bool unique = false;
  bool nulls_not_distinct = false;
  bool primary = false;
  bool isconstraint = false;
  bool deferrable = false;
  bool initdeferred = false;
  bool concurrent = false;
  bool if_not_exists = false;
  bool reset_default_tblspc = false;
  LUMA_AST_FIELDS(idxname, relation, access_method, table_space, index_params,
                  index_including_params, options, where_clause, exclude_op_names, unique,
                  nulls_not_distinct, primary, isconstraint, deferrable, initdeferred, concurrent,
                  if_not_exists, reset_default_tblspc)
};

struct IndexElem : NodeOf<NodeTag::kIndexElem> {
  std::string_view name;
  const Node* expr = nullptr;
  std::string_view indexcolname;
  NameList collation;
  NameList opclass;
  NodeList opclassopts;
  SortByDir ordering{};
  SortByNulls nulls_ordering{};
  LUMA_AST_FIELDS(name, expr, indexcolname, collation, opclass, opclassopts, ordering,
                  nulls_ordering)
};

struct CreateStatsStmt : NodeOf<NodeTag::kCreateStatsStmt> {
  NameList defnames;
  NameList stat_types;
  NodeList exprs;
  NodeList relations;
  bool if_not_exists = false;
  LUMA_AST_FIELDS(defnames, stat_types, exprs, relations, if_not_exists)
};

struct StatsElem : NodeOf<NodeTag::kStatsElem> {
  std::string_view name;
  const Node* expr = nullptr;
  LUMA_AST_FIELDS(name, expr)
};

struct AlterStatsStmt : NodeOf<NodeTag::kAlterStatsStmt> {
  NameList defnames;
  int32_t stxstattarget = 0;
  bool missing_ok = false;
  LUMA_AST_FIELDS(defnames, stxstattarget, missing_ok)
};

struct ViewStmt : NodeOf<NodeTag::kViewStmt> {
  const RangeVar* view = nullptr;
  NameList aliases;
  const Node* query = nullptr;
  bool replace = false;
  NodeList options;
  ViewCheckOption with_check_option{};
  LUMA_AST_FIELDS(view, aliases, query, replace, options, with_check_option)
};

struct CreateTableAsStmt : NodeOf<NodeTag::kCreateTableAsStmt> {
  const Node* query = nullptr;
  const IntoClause* into = nullptr;
  ObjectType objtype{};
  bool is_select_into = false;
  bool if_not_exists = false;
  LUMA_AST_FIELDS(query, into, objtype, is_select_into, if_not_exists)
};

struct RefreshMatViewStmt : NodeOf<NodeTag::kRefreshMatViewStmt> {
  bool concurrent = false;
  bool skip_data = false;
  const RangeVar* relation = nullptr;
  LUMA_AST_FIELDS(concurrent, skip_data, relation)
};

struct CreateSeqStmt : NodeOf<NodeTag::kCreateSeqStmt> {
  const RangeVar* sequence = nullptr;
  NodeList options;
  bool for_identity = false;
  bool if_not_exists = false;
  LUMA_AST_FIELDS(sequence, options, for_identity, if_not_exists)
};

struct AlterSeqStmt : NodeOf<NodeTag::kAlterSeqStmt> {
  const RangeVar* sequence = nullptr;
  NodeList options;
  bool for_identity = false;
  bool missing_ok = false;
  LUMA_AST_FIELDS(sequence, options, for_identity, missing_ok)
};

struct CreateSchemaStmt : NodeOf<NodeTag::kCreateSchemaStmt> {
  std::string_view schemaname;
  const RoleSpec* authrole = nullptr;
  NodeList schema_elts;
  bool if_not_exists = false;
  LUMA_AST_FIELDS(schemaname, authrole, schema_elts, if_not_exists)
};

struct CreateDomainStmt : NodeOf<NodeTag::kCreateDomainStmt> {
  NameList domainname;
  const TypeName* type_name = nullptr;
  const CollateClause* coll_clause = nullptr;
  NodeList constraints;
  LUMA_AST_FIELDS(domainname, type_name, coll_clause, constraints)
};

struct AlterDomainStmt : NodeOf<NodeTag::kAlterDomainStmt> {
  char subtype = 0;  // 'T' default, 'N' drop not null, 'O' set not null, 'C' add, 'X' drop, 'V'
                     // validate constraint
  NameList type_name;
  std::string_view name;
  const Node* def = nullptr;
  DropBehavior behavior{};
  bool missing_ok = false;
  LUMA_AST_FIELDS(subtype, type_name, name, def, behavior, missing_ok)
};

struct CreateEnumStmt : NodeOf<NodeTag::kCreateEnumStmt> {
  NameList type_name;
  NameList vals;
  LUMA_AST_FIELDS(type_name, vals)
};

struct AlterEnumStmt : NodeOf<NodeTag::kAlterEnumStmt> {
  NameList type_name;
  std::string_view old_val;
  std::string_view new_val;
  std::string_view new_val_neighbor;
  bool new_val_is_after = false;
  bool skip_if_new_val_exists = false;
  LUMA_AST_FIELDS(type_name, old_val, new_val, new_val_neighbor, new_val_is_after,
                  skip_if_new_val_exists)
};

struct CreateRangeStmt : NodeOf<NodeTag::kCreateRangeStmt> {
  NameList type_name;
  NodeList params;
  LUMA_AST_FIELDS(type_name, params)
};

struct CompositeTypeStmt : NodeOf<NodeTag::kCompositeTypeStmt> {
  const RangeVar* typevar = nullptr;
  NodeList coldeflist;
  LUMA_AST_FIELDS(typevar, coldeflist)
};

struct AlterTypeStmt : NodeOf<NodeTag::kAlterTypeStmt> {
  NameList type_name;
  NodeList options;
  LUMA_AST_FIELDS(type_name, options)
};

struct RenameStmt : NodeOf<NodeTag::kRenameStmt> {
  ObjectType rename_type{};
  ObjectType relation_type{};
  const RangeVar* relation = nullptr;
  const Node* object = nullptr;
  std::string_view subname;
  std::string_view newname;
  DropBehavior behavior{};
  bool missing_ok = false;
  LUMA_AST_FIELDS(rename_type, relation_type, relation, object, subname, newname, behavior,
                  missing_ok)
};

struct AlterObjectSchemaStmt : NodeOf<NodeTag::kAlterObjectSchemaStmt> {
  ObjectType object_type{};
  const RangeVar* relation = nullptr;
  const Node* object = nullptr;
  std::string_view newschema;
  bool missing_ok = false;
  LUMA_AST_FIELDS(object_type, relation, object, newschema, missing_ok)
};

struct AlterObjectDependsStmt : NodeOf<NodeTag::kAlterObjectDependsStmt> {
  ObjectType object_type{};
  const RangeVar* relation = nullptr;
  const Node* object = nullptr;
  const String* extname = nullptr;
  bool remove = false;
  LUMA_AST_FIELDS(object_type, relation, object, extname, remove)
};

struct AlterOwnerStmt : NodeOf<NodeTag::kAlterOwnerStmt> {
  ObjectType object_type{};
  const RangeVar* relation = nullptr;
  const Node* object = nullptr;
  const RoleSpec* newowner = nullptr;
  LUMA_AST_FIELDS(object_type, relation, object, newowner)
};

struct DropStmt : NodeOf<NodeTag::kDropStmt> {
  NodeList objects;  // String, ListNode, TypeName or ObjectWithArgs by remove_type
  ObjectType remove_type{};
  DropBehavior behavior{};
  bool missing_ok = false;
  bool concurrent = false;
  LUMA_AST_FIELDS(objects, remove_type, behavior, missing_ok, concurrent)
};

struct TruncateStmt : NodeOf<NodeTag::kTruncateStmt> {
  NodeList relations;
  bool restart_seqs = false;
  DropBehavior behavior{};
  LUMA_AST_FIELDS(relations, restart_seqs, behavior)
};

struct CommentStmt : NodeOf<NodeTag::kCommentStmt> {
  ObjectType objtype{};
  const Node* object = nullptr;  // as in DropStmt
  std::string_view comment;      // null: remove
  LUMA_AST_FIELDS(objtype, object, comment)
};

struct SecLabelStmt : NodeOf<NodeTag::kSecLabelStmt> {
  ObjectType objtype{};
  const Node* object = nullptr;
  std::string_view provider;
  std::string_view label;
  LUMA_AST_FIELDS(objtype, object, provider, label)
};

}  // namespace luma::ast
