#pragma once
// Turns syntax trees into typed logical plans by PostgreSQL's rules: names, types, coercions,
// overloads, aggregates, windows, subqueries. One Binder per statement; not thread-safe. Throws
// SqlError with the byte offset of the offending text.
//
// Files: bind_query*.cc (SELECT and FROM), bind_select*.cc (one SELECT level), bind_modify*.cc
// (INSERT, UPDATE, DELETE), bind_expr*.cc (expressions), resolve.cc (functions and operators),
// coerce.cc (types).
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/ast.h"
#include "sql/bind/bind_environment.h"
#include "sql/bind/scope.h"
#include "sql/plan/logical.h"

namespace luma {

struct BindRecord;
struct FunctionEntry;
struct RuleFrame;      // rule_rewrite.h
struct RuleStatement;  // rule_rewrite.h
class VariableScope;   // variable_scope.h
struct OperatorEntry;

// How hard a conversion may try (PostgreSQL's CoercionContext).
enum class Coercion : uint8_t { kImplicit, kAssignment, kExplicit };

// A field of a composite type.
struct RowField {
  std::string name;
  TypeRef type;
  Oid collation = kInvalidOid;
};

// A bound query level: its plan and what it shows.
struct BoundSelect {
  LogicalOp* plan = nullptr;
  std::vector<BoundQuery::ResultColumn> columns;
  // What an enclosing query's FOR UPDATE locks in it, when nothing of the plan decides by the rows
  // that it gives: the enclosing query locks them. `plan` hands up the columns.
  std::vector<LockRowsOp::Target> locks;
};

// ctid, xmin, ...
bool is_system_column(std::string_view name);

class Binder {
 public:
  // `parameter_types`: declared by Parse (0 = infer); grows as $n are met.
  Binder(BindEnvironment& environment, std::vector<Oid> parameter_types);
  ~Binder();

  // SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE (with WITH).
  static bool can_bind(const ast::Node* statement);
  BoundQuery bind(const ast::Node* statement);
  // What rules have made of a statement.
  BoundQuery bind(const RuleStatement& statement);

  // An expression over one table's columns (defaults, checks, index keys, generated columns):
  // kSlot i is the table's attribute i. `target` coerces the result (oid 0: leave it). The
  // expression lives in context().arena().
  Expr* bind_table_expr(const ast::Node* node, const TableDesc* table, Clause clause,
                        TypeRef target);
  // A trigger's condition: slots are the attributes of the old row, then those of the new one.
  struct RowPair {
    std::shared_ptr<ScopeItem> old_row, new_row;
  };
  Expr* bind_trigger_condition(const ast::Node* node, const Table& table, RowPair* rows = nullptr);
  // The rows that the statement bound last has as OLD and NEW, where it is a rule's action.
  const RowPair& rule_rows() const { return rule_rows_; }
  // An expression without columns, coerced to `target` as an assignment (EXECUTE arguments, ...).
  Expr* bind_standalone(const ast::Node* node, Clause clause, TypeRef target, Coercion coercion);
  // The procedure that CALL names, with its arguments in order; those of OUT arguments are not to
  // be evaluated.
  Expr* bind_call(const ast::FuncCall& call);
  // Parameter 0, of type `from`, as `to`; nullptr when there is no such conversion.
  Expr* bind_conversion(TypeRef from, TypeRef to, Coercion coercion);
  // What becomes of parameter `base` when the part of it that `steps` name becomes parameter
  // `part`.
  Expr* bind_part_assignment(TypeRef base_type, uint32_t base,
                             std::span<const ast::Node* const> steps, TypeRef part_type,
                             uint32_t part, std::string_view name);
  // The condition of a domain's CHECK, over kSlot 0 for VALUE of type `base`; boolean.
  Expr* bind_domain_check(const ast::Node* node, TypeRef base);
  // What a column of the type gets without a default of its own: that of a domain, or NULL.
  Expr* type_default(TypeRef type);
  // Throws 42704 for an unknown type.
  TypeRef resolve_type_name(const ast::TypeName& name);

  // From now on notes in `record` what becomes of each node (bind_record.h).
  void record(BindRecord* record) { record_ = record; }

  // The statement belongs to a function's body, whose variables it may name; outlives binding.
  void use_variables(VariableScope* variables) { variables_ = variables; }

  // The query's WHERE clause is a policy that is to be stored: the policies of the tables it names
  // do not count.
  void bind_stored_policy() { binds_stored_policy_ = true; }
  // What is bound is stored or described and does not run: policies do not matter.
  void bind_definition() { binds_definition_ = true; }

  PlanContext& context() { return *query_.context; }
  // Gives the context away (after bind_table_expr / bind_standalone), to keep expressions alive.
  std::unique_ptr<PlanContext> release_context() { return std::move(query_.context); }
  std::vector<Oid>& parameter_types() { return parameter_types_; }

 private:
  friend class CollationPass;
  friend class SelectBinder;
  friend class RangeFunctionBinder;
  friend class ModifyBinder;
  friend class ViewTarget;
  Arena& arena() { return query_.context->arena(); }
  const SearchPath& path() const {
    return view_path_ != nullptr ? *view_path_ : environment_.search_path();
  }
  Scope* new_scope(Scope* parent);
  SelectState* new_select_state();
  EvalContext evaluation_context();

  // --- queries (bind_query.cc, bind_from.cc, bind_cte.cc, bind_setop.cc) ---
  BoundSelect bind_query(const ast::Node* node, Scope* parent,
                         const std::vector<TypeRef>* target_types = nullptr);
  BoundSelect bind_select(const ast::SelectStmt& select, Scope* parent,
                          const std::vector<TypeRef>* target_types);
  BoundSelect bind_values(const ast::SelectStmt& select, Scope* parent,
                          const std::vector<TypeRef>* target_types);
  BoundSelect bind_set_operation(const ast::SelectStmt& select, Scope* parent);
  // FOR UPDATE (bind_row_locks.cc): the rows of a stored table in FROM. And a projection that hands
  // up its input's columns, too.
  void lock_rows_of(ScopeItem& item, const RowLock& lock);
  LogicalOp* pass_columns_up(LogicalOp* project);
  BoundSelect bind_data_modifying(const ast::Node* node, Scope* parent);
  // --- rules (bind_rules.cc) ---
  BoundQuery finish(BoundSelect bound);
  BoundSelect bind_modifying_cte(const ast::Node* node, Scope* scope);
  BoundSelect bind_rule_statement(const RuleStatement& statement, Scope* parent);
  // The rows of the statement that an action stands for; adds OLD and NEW to `scope`.
  LogicalOp* bind_rule_rows(const RuleFrame& frame, Scope* scope);
  LogicalOp* filter_rule_rows(const RuleFrame& frame, LogicalOp* rows, const RowPair& pair);
  Expr* bind_rule_condition(const ast::Node* condition, const RowPair& pair);
  // Calls bind() where names mean what they do in the rule's text (no frame: in the user's).
  template <typename Bind>
  auto in_rule(const RuleFrame* frame, Bind bind);
  LogicalOp* set_operation_tree(const ast::SelectStmt& select, Scope* scope,
                                std::vector<BoundQuery::ResultColumn>& columns, bool top);
  LogicalOp* bind_order_limit(const ast::SelectStmt& select, Scope* scope, LogicalOp* plan,
                              std::vector<BoundQuery::ResultColumn>& columns);
  LogicalOp* apply_limit(const ast::SelectStmt& select, Scope* scope, LogicalOp* plan);
  // WITH: binds the CTEs into `scope`; nullptr when there is no clause.
  WithOp* bind_with(const ast::WithClause* with, Scope* scope);
  void bind_cte(const ast::CommonTableExpr& cte, bool recursive, Scope* scope, WithOp& with);
  void bind_searched_cte(const ast::CommonTableExpr& cte, bool recursive, Scope* scope,
                         WithOp& with);
  void bind_recursive_cte(const ast::CommonTableExpr& cte, Scope* scope, CteBinding& binding);

  // FROM. Adds the item(s) to `scope` and joins with `left` (may be nullptr).
  LogicalOp* bind_from_list(const ast::NodeList& from, Scope* scope);
  LogicalOp* bind_from_item(const ast::Node* node, Scope* scope,
                            std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_from_item_by_kind(const ast::Node* node, Scope* scope,
                                    std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_range_var(const ast::RangeVar& var, Scope* scope,
                            std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_range_subselect(const ast::RangeSubselect& node, Scope* scope,
                                  std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_range_function(const ast::RangeFunction& node, Scope* scope,
                                 std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* asof_inputs(const ast::JoinExpr& join, LogicalOp* left, LogicalOp* right,
                         Expr* condition);
  LogicalOp* bind_join(const ast::JoinExpr& join, Scope* scope,
                       std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_table_sample(const ast::RangeTableSample& node, Scope* scope,
                               std::vector<std::shared_ptr<ScopeItem>>& items);
  LogicalOp* bind_cte_reference(CteBinding& cte, const ast::RangeVar& var, ScopeItem& item);
  LogicalOp* make_scan(const TableDescPtr& table, const std::string& alias, ScopeItem& item);
  // An append of the leaves' scans; `only`: the table itself, which has no rows.
  LogicalOp* make_partition_scan(const Table& table, const std::string& alias, ScopeItem& item,
                                 uint8_t lock_mode, bool only);
  LogicalOp* bind_view(const Table& view, ScopeItem& item);
  LogicalOp* make_sequence_scan(const Relation& sequence, ScopeItem& item);
  LogicalOp* make_virtual_scan(const Table& table, const std::string& alias, ScopeItem& item);
  LogicalOp* join_inputs(LogicalOp* left, LogicalOp* right, JoinKind kind, Expr* condition);
  void apply_column_aliases(ScopeItem& item, const ast::Alias* alias);
  void check_duplicate_alias(const std::vector<std::shared_ptr<ScopeItem>>& items,
                             const ScopeItem& item, int location);

  // --- expressions ---
  Expr* bind_expr(const ast::Node* node, Scope* scope, Clause clause);
  Expr* bind_expr_by_kind(const ast::Node* node, Scope* scope, Clause clause);
  // Untyped literals become text, unresolved parameters too.
  Expr* bind_value(const ast::Node* node, Scope* scope, Clause clause);
  // An expression that is not part of a plan, after CollationPass.
  Expr* with_collations(Expr* expr);
  Expr* bind_boolean(const ast::Node* node, Scope* scope, Clause clause,
                     std::string_view construct);
  Expr* bind_column_ref(const ast::ColumnRef& ref, Scope* scope, Clause clause);
  Expr* bind_column_name(const ast::ColumnRef& ref, Scope* scope, Clause clause);
  // The variable of that name; nullptr when there is none.
  Expr* find_variable(const ast::ColumnRef& ref, bool is_column);
  bool variables_in_reach() const { return variables_ != nullptr && view_path_ == nullptr; }
  LogicalOp* bind_named_rows(const ast::RangeVar& var, ScopeItem& item);
  Expr* bind_slot_ref(const ast::ColumnRef& ref);
  void record_column(const ast::ColumnRef& ref, const Scope& level, const ScopeItem& item,
                     const ScopeColumn& column);
  Expr* column_value(const ScopeColumn& column);
  Expr* bind_const(const ast::AConst& value);
  Expr* bind_param(const ast::ParamRef& param);
  Expr* bind_a_expr(const ast::AExpr& node, Scope* scope, Clause clause);
  Expr* bind_in(const ast::AExpr& node, Scope* scope, Clause clause);
  Expr* bind_between(const ast::AExpr& node, Scope* scope, Clause clause);
  Expr* bind_bool_expr(const ast::BoolExpr& node, Scope* scope, Clause clause);
  Expr* bind_func_call(const ast::FuncCall& call, Scope* scope, Clause clause);
  Expr* bind_sublink(const ast::SubLink& link, Scope* scope, Clause clause);
  // A number, the same for subqueries that are written alike in the same scope.
  uint32_t meaning_of(const ast::SubLink& link, const Scope* scope);
  Expr* bind_case(const ast::CaseExpr& node, Scope* scope, Clause clause);
  Expr* bind_coalesce(const ast::CoalesceExpr& node, Scope* scope, Clause clause);
  Expr* bind_min_max(const ast::MinMaxExpr& node, Scope* scope, Clause clause);
  Expr* bind_row(const ast::RowExpr& node, Scope* scope, Clause clause);
  Expr* bind_array(const ast::AArrayExpr& node, Scope* scope, Clause clause, Oid array_type,
                   int32_t typmod);
  Expr* bind_type_cast(const ast::TypeCast& cast, Scope* scope, Clause clause);
  Expr* bind_indirection(const ast::AIndirection& node, Scope* scope, Clause clause);
  Expr* bind_subscripts(Expr* base, std::span<const ast::AIndices* const> indices, Scope* scope,
                        Clause clause);
  Expr* bind_field(Expr* base, std::string_view field, int location);
  // --- composite values (bind_rows.cc) ---
  // The live fields of a composite type, or of a record whose fields the binder can see.
  bool row_fields(const Expr& row, std::vector<RowField>& fields);
  bool row_fields(Oid type, std::vector<RowField>& fields);
  // `column` has the values of `value`: when these are records, their fields are known by it, too.
  void keep_record_fields(ColumnId column, const Expr& value);
  Expr* make_field(Expr* base, uint32_t index, const RowField& field, int location);
  // The fields behind "row.*".
  std::vector<Expr*> expand_row(Expr* row, std::vector<RowField>& fields, int location);
  // A call that returns "record", told the fields that its caller wants: as its last argument, a
  // record of NULLs of these types, and as the names of its fields.
  Expr* describe_record(Expr* call, const std::vector<RowField>& fields);
  Expr* bind_star_operand(const ast::Node* node, Scope* scope, Clause clause);
  // --- assignment to parts of values (bind_parts.cc) ---
  // What becomes of `base`, a column's value, when the part that `steps` name is set to `value`
  // (bound, any type).
  Expr* assign_part(Expr* base, std::span<const ast::Node* const> steps, Expr* value,
                    std::string_view column, int location, Scope* scope);
  Expr* store_field(Expr* base, uint32_t index, Expr* value, int location);
  Expr* assign_elements(Expr* base, std::span<const ast::Node* const> steps, size_t count,
                        Expr* value, int location, Scope* scope);
  // Of an aggregate that a user has created (bind_user_aggregate.cc).
  void attach_aggregate_steps(Expr& call);
  Expr* call_over_slots(Oid function, const std::vector<TypeRef>& types, int location);
  // The key in h['key'] of an hstore.
  Expr* hstore_key(std::span<const ast::AIndices* const> indices, Scope* scope, Clause clause);
  Expr* jsonb_path_text(const ast::AIndices& index, Scope* scope, Clause clause);
  Expr* bind_sql_value_function(const ast::SQLValueFunction& node);
  // --- XML (bind_xml.cc) ---
  Expr* bind_xml_expr(const ast::XmlExpr& node, Scope* scope, Clause clause);
  Expr* bind_xml_serialize(const ast::XmlSerialize& node, Scope* scope, Clause clause);
  Expr* xml_argument(const ast::Node* node, Oid type, Scope* scope, Clause clause,
                     std::string_view construct);
  std::string xml_argument_name(const ast::ResTarget& target, bool attribute);
  Expr* bind_null_test(const ast::NullTest& node, Scope* scope, Clause clause);
  Expr* bind_boolean_test(const ast::BooleanTest& node, Scope* scope, Clause clause);
  Expr* bind_grouping(const ast::GroupingFunc& node, Scope* scope, Clause clause);
  // Privileges (bind_privileges.cc): what the query needs is collected as names are resolved.
  // An entry for `relation`, to be filled in; valid until the next one is added.
  RequiredPrivilege& require_privilege(const Relation& relation);
  int32_t last_privilege() const { return static_cast<int32_t>(query_.privileges.size()) - 1; }
  // Ties the item's columns, in order, to the live columns of the table.
  void tie_columns(const Table& table, int32_t privilege, ScopeItem& item);
  void use_column(const ScopeColumn& column);
  void use_system_column(const ScopeItem& item, int16_t number);
  void use_row(const ScopeItem& item);
  void use_function(const FunctionEntry& function);
  void forget_unused_privileges();

  // Row level security (bind_policies.cc). `check_as` 0: whoever runs the query.
  bool row_security_applies(const Table& table, Oid check_as) const;
  Expr* bind_policy(const Table& table, const std::string& sql,
                    const std::shared_ptr<ScopeItem>& row);
  // Which rows of the table may be reached by the command (r, a, w, d).
  Expr* policy_condition(const Table& table, Oid check_as, char command,
                         const std::shared_ptr<ScopeItem>& row);
  // What a new row must pass: WITH CHECK, or USING where there is none (`by_using`: always).
  std::vector<CheckExpr> policy_checks(const Table& table, Oid check_as, char command,
                                       const std::shared_ptr<ScopeItem>& row, bool by_using);
  FilterOp* add_barrier(LogicalOp* plan);
  LogicalOp* with_policies(const Table& table, LogicalOp* scan, ScopeItem& item);
  void add_update_policies(const ScopeItem& item);
  Expr* bind_whole_row(ScopeItem& item, int location);
  Expr* row_if_present(Expr* row, ScopeItem& item);
  Expr* bind_system_column(ScopeItem& item, std::string_view name, int location);
  Expr* table_oid_column(ScopeItem& item);
  Expr* row_key_column(ScopeItem& item);
  Expr* row_place(ScopeItem& item, const TableDesc& table, int location);
  Expr* row_version(ScopeItem& item);
  Expr* bind_current_of(const ast::CurrentOfExpr& node, Scope* scope);
  Expr* system_call(const FunctionEntry& function, const std::vector<Expr*>& args);
  Expr* bind_row_comparison(const std::string& op, std::vector<Expr*> left,
                            std::vector<Expr*> right, int location);
  // Aggregate, window and set-returning calls, after resolution.
  Expr* make_aggregate(const ast::FuncCall& call, Expr* bound, std::vector<SortKey> order,
                       Scope* scope, Clause clause);
  Expr* make_window_call(const ast::FuncCall& call, Expr* bound, Scope* scope, Clause clause);
  Expr* make_set_returning(Expr* bound, Scope* scope, Clause clause);
  const WindowInfo* bind_window(const ast::WindowDef& window, Scope* scope);
  std::vector<SortKey> bind_sort_list(const ast::NodeList& list, Scope* scope, Clause clause);
  SortKey make_sort_key(Expr* expr, const ast::SortBy& sort);
  Scope* scope_of_column(Scope* scope, ColumnId column);

  // --- functions and operators (resolve.cc) ---
  // `name` as written; args may be unknown literals; applies implicit casts, defaults, VARIADIC.
  Expr* make_function_call(const ast::NameList& name, std::vector<Expr*> args,
                           const std::vector<std::string>& arg_names, bool variadic, bool star,
                           int location, const ast::FuncCall* call);
  Expr* make_operator(const std::string& name, Expr* left, Expr* right, int location,
                      Oid schema = kInvalidOid);
  Expr* make_operator(const ast::NameList& name, Expr* left, Expr* right, int location);
  // `schema` 0: as the search path says.
  const OperatorEntry* find_operator(const std::string& name, Oid left, Oid right, int location,
                                     Oid schema = kInvalidOid);
  Expr* make_array_comparison(const ast::NameList& name, Expr* scalar, Expr* array, bool any,
                              int location);
  Expr* build_call(const FunctionEntry& function, std::vector<Expr*> args, int location,
                   std::span<const Oid> declared, Oid result_type);

  // --- types (coerce.cc) ---
  bool can_coerce(std::span<const Oid> from, std::span<const Oid> to, Coercion coercion);
  // nullptr when there is no conversion.
  Expr* coerce(Expr* expr, TypeRef target, Coercion coercion, int location,
               bool explicit_form = false);
  // Throws 42804 naming both types.
  Expr* coerce_to_boolean(Expr* expr, std::string_view construct);
  Expr* coerce_to_bigint(Expr* expr, std::string_view construct);
  Expr* coerce_assignment(Expr* expr, TypeRef target, std::string_view column, int location);
  // For UNION, CASE, VALUES, ARRAY...; `context` names the construct in errors.
  Oid select_common_type(std::span<Expr* const> exprs, std::string_view context);
  Expr* coerce_to_common(Expr* expr, Oid type, std::string_view context);
  Expr* coerce_literal(const Expr& literal, TypeRef target, int location);
  // ROW(...) or a whole row to a composite type; nullptr for rows that are not spelled out.
  Expr* coerce_row(Expr* expr, Oid target, Coercion coercion, int location);
  // The value as `domain`, which it is checked for when evaluated.
  Expr* coerce_to_domain(Expr* expr, Oid domain, Coercion coercion, int location);
  // Types that PostgreSQL has and we cannot read or write yet are refused where they are named:
  // 0A000.
  static void require_usable_type(Oid type, int location);
  Expr* with_typmod(Expr* expr, int32_t typmod, Coercion coercion, int location);
  void set_parameter_type(Expr& parameter, Oid type);
  Expr* resolve_unknown(Expr* expr);
  [[noreturn]] void cannot_coerce(const Expr& expr, Oid target, int location);

  BindEnvironment& environment_;
  BoundQuery query_;
  std::vector<Oid> parameter_types_;
  std::vector<Expr*> parameter_nodes_;  // every kParameter made, for late type resolution
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<std::unique_ptr<SelectState>> select_states_;
  // The fields of records that subqueries hand up as columns.
  std::unordered_map<ColumnId, std::vector<RowField>> record_columns_;
  std::vector<std::unique_ptr<CteBinding>> cte_bindings_;
  std::vector<std::pair<const ast::SubLink*, const Scope*>> sublinks_;  // by meaning - 1
  // The subqueries around the one at hand, outermost first, and where they stand.
  struct OpenSublink {
    Scope* scope;
    Clause clause;
    bool in_aggregate;
  };
  std::vector<OpenSublink> open_sublinks_;
  const TableDesc* slot_table_ = nullptr;  // bind_table_expr: columns become slots
  bool names_collations_ = false;          // a COLLATE clause, or an expression over such a column
  TypeRef domain_value_;                   // bind_domain_check: what VALUE is
  BindRecord* record_ = nullptr;
  VariableScope* variables_ = nullptr;
  int depth_ = 0;
  bool in_aggregate_ = false;
  bool in_window_ = false;
  uint32_t view_depth_ = 0;
  // Set while a view's definition is bound: the path it was written under, and whose privileges
  // count (0: the caller's).
  const SearchPath* view_path_ = nullptr;
  Oid check_as_ = kInvalidOid;
  uint32_t query_level_ = 0;
  RowLock handed_lock_;  // by an enclosing query's FOR UPDATE, to the query that is bound next
  // A rule's action that is a SELECT, or the SELECT of its INSERT: FROM starts with these rows.
  const RuleFrame* open_frame_ = nullptr;
  const ast::Node* frame_select_ = nullptr;
  RowPair rule_rows_;
  std::vector<std::shared_ptr<void>> rule_trees_;  // keep what bound expressions may point into
  std::vector<Oid> open_policies_;                 // tables whose policies are being bound
  bool binds_stored_policy_ = false;
  bool binds_definition_ = false;
};

}  // namespace luma
