// CREATE and DROP TRIGGER, ALTER TRIGGER RENAME, ALTER TABLE ENABLE and DISABLE TRIGGER.
#include <algorithm>

#include "engine/exec/expr.h"
#include "sql/ast/tree.h"
#include "sql/bind/binder.h"
#include "sql/bind/privilege_check.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/command/canonical_text.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/partition_triggers.h"
#include "sql/command/trigger_function.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

SqlError refusal(std::string_view text) {
  return SqlError(SqlState::kFeatureNotSupported, std::string(text));
}

bool has(int16_t bits, int16_t bit) { return (bits & bit) != 0; }

SqlError wrong_relation(const Relation& relation, std::string_view detail) {
  return sql_error(SqlState::kWrongObjectType, "\"{}\" is a {}", relation.name,
                   relkind_name(relation.relkind))
      .detail(std::string(detail));
}

std::string_view plural_of(char relkind) {
  switch (relkind) {
    case 'i':
      return "indexes";
    case 'S':
      return "sequences";
    case 'm':
      return "materialized views";
    case 'c':
      return "composite types";
    default:
      return "relations of this kind";
  }
}

void check_relation(const Relation& relation, const ast::CreateTrigStmt& statement) {
  const bool is_instead = has(statement.timing, trigger_type::kInstead);
  switch (relation.relkind) {
    case 'r':
      if (!is_instead) break;
      throw wrong_relation(relation, "Tables cannot have INSTEAD OF triggers.");
    case 'p':
      if (is_instead) {
        throw wrong_relation(relation, "Tables cannot have INSTEAD OF triggers.");
      }
      if (statement.row && !statement.transition_rels.empty()) {
        throw sql_error(SqlState::kFeatureNotSupported, "\"{}\" is a partitioned table",
                        relation.name)
            .detail("ROW triggers with transition tables are not supported on partitioned tables.");
      }
      break;
    case 'v':
      if (!is_instead && statement.row) {
        throw wrong_relation(relation, "Views cannot have row-level BEFORE or AFTER triggers.");
      }
      if (has(statement.events, trigger_type::kTruncate)) {
        throw wrong_relation(relation, "Views cannot have TRUNCATE triggers.");
      }
      break;
    default:
      throw sql_error(SqlState::kWrongObjectType, "relation \"{}\" cannot have triggers",
                      relation.name)
          .detail(
              fmt::format("This operation is not supported for {}.", plural_of(relation.relkind)));
  }
  if (relation.oid < kFirstUserOid) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system catalog", relation.name);
  }
}

void require_trigger_privilege(CommandContext& context, const Relation& relation) {
  if (has_relation_privilege(*context.ddl().view(), context.current_user(), relation, 't')) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for {} {}",
                  relation.relkind == 'v' ? "view" : "table", relation.name);
}

void check_form(const ast::CreateTrigStmt& statement) {
  if (statement.row && has(statement.events, trigger_type::kTruncate)) {
    throw refusal("TRUNCATE FOR EACH ROW triggers are not supported");
  }
  if (!has(statement.timing, trigger_type::kInstead)) return;
  if (!statement.row) throw refusal("INSTEAD OF triggers must be FOR EACH ROW");
  if (statement.when_clause != nullptr) {
    throw refusal("INSTEAD OF triggers cannot have WHEN conditions");
  }
  if (!statement.columns.empty()) {
    throw refusal("INSTEAD OF triggers cannot have column lists");
  }
}

void refuse(std::string_view text) {
  throw SqlError(SqlState::kInvalidObjectDefinition, std::string(text));
}

// REFERENCING.
void set_transition_tables(const ast::CreateTrigStmt& statement, const Relation& relation,
                           Trigger& trigger) {
  for (const ast::Node* node : statement.transition_rels) {
    const auto& item = *ast::as<ast::TriggerTransition>(node);
    if (!item.is_table) {
      throw refusal("ROW variable naming in the REFERENCING clause is not supported")
          .hint("Use OLD TABLE or NEW TABLE for naming transition tables.");
    }
    if (relation.relkind == 'v') {
      throw wrong_relation(relation, "Triggers on views cannot have transition tables.");
    }
    if (statement.timing != 0) {
      refuse("transition table name can only be specified for an AFTER trigger");
    }
    if (has(trigger.type, trigger_type::kTruncate)) {
      throw refusal("TRUNCATE triggers with transition tables are not supported");
    }
    int events = has(trigger.type, trigger_type::kInsert) +
                 has(trigger.type, trigger_type::kUpdate) +
                 has(trigger.type, trigger_type::kDelete);
    if (events != 1) {
      throw refusal("transition tables cannot be specified for triggers with more than one event");
    }
    if (!statement.columns.empty()) {
      throw refusal("transition tables cannot be specified for triggers with column lists");
    }
    std::string& name = item.is_new ? trigger.new_table : trigger.old_table;
    if (item.is_new && has(trigger.type, trigger_type::kDelete)) {
      refuse("NEW TABLE can only be specified for an INSERT or UPDATE trigger");
    }
    if (!item.is_new && has(trigger.type, trigger_type::kInsert)) {
      refuse("OLD TABLE can only be specified for a DELETE or UPDATE trigger");
    }
    if (!name.empty()) {
      refuse(item.is_new ? "NEW TABLE cannot be specified multiple times"
                         : "OLD TABLE cannot be specified multiple times");
    }
    name = item.name;
  }
  if (!trigger.old_table.empty() && trigger.old_table == trigger.new_table) {
    refuse("OLD TABLE name and NEW TABLE name cannot be the same");
  }
}

// --- WHEN ---

bool has_generated_column(const Table& table) {
  return std::ranges::any_of(table.columns, [](const Column& column) {
    return !column.dropped && column.generated != '\0';
  });
}

// What a condition may not refer to, in the order of the text.
class ConditionCheck {
 public:
  ConditionCheck(const Table& table, int16_t type) : table_(table), type_(type) {}

  void visit(const Expr& expr, int location = -1) {
    if (expr.location >= 0) location = expr.location;
    if (expr.kind == ExprKind::kSlot) {
      check(expr.index, location);
    } else if (expr.kind == ExprKind::kRow && !expr.field_names.empty() && !expr.args.empty() &&
               expr.args[0]->kind == ExprKind::kSlot &&
               expr.args[0]->index >= table_.columns.size()) {
      check(expr.args[0]->index, location, true);
    }
    for_each_child(expr, [&](const Expr* child) { visit(*child, location); });
  }

 private:
  [[noreturn]] void fail(std::string_view text, int location) const {
    throw SqlError(SqlState::kInvalidObjectDefinition, std::string(text)).at_byte(location);
  }
  void check(uint32_t slot, int location, bool whole_row = false) const {
    const auto width = static_cast<uint32_t>(table_.columns.size());
    const bool is_new = slot >= width;
    if (!has(type_, trigger_type::kRow)) {
      fail("statement trigger's WHEN condition cannot reference column values", location);
    }
    if (!is_new && has(type_, trigger_type::kInsert)) {
      fail("INSERT trigger's WHEN condition cannot reference OLD values", location);
    }
    if (is_new && has(type_, trigger_type::kDelete)) {
      fail("DELETE trigger's WHEN condition cannot reference NEW values", location);
    }
    if (!is_new || !has(type_, trigger_type::kBefore)) return;
    const Column& column = table_.columns[slot - width];
    std::string detail;
    if (whole_row) {
      if (!has_generated_column(table_)) return;
      detail = "A whole-row reference is used and the table contains generated columns.";
    } else {
      if (column.generated == '\0') return;
      detail = fmt::format("Column \"{}\" is a generated column.", column.name);
    }
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "BEFORE trigger's WHEN condition cannot reference NEW generated columns")
        .detail(detail)
        .at_byte(location);
  }

  const Table& table_;
  int16_t type_;
};

// What is known before binding: subqueries and system columns.
void refuse_forbidden_nodes(const ast::Node* condition, int16_t type) {
  ast::walk(condition, [&](const ast::Node* node) {
    if (ast::is<ast::SubLink>(node)) {
      throw refusal("cannot use subquery in trigger WHEN condition").at_byte(node->location);
    }
    const auto* column = ast::try_as<ast::ColumnRef>(node);
    if (column == nullptr || column->fields.size() != 2) return true;
    const auto* row = ast::try_as<ast::String>(column->fields[0]);
    const auto* name = ast::try_as<ast::String>(column->fields[1]);
    if (row == nullptr || name == nullptr || !is_system_column(name->sval)) return true;
    if (row->sval == "new" && has(type, trigger_type::kBefore)) {
      throw refusal("BEFORE trigger's WHEN condition cannot reference NEW system columns")
          .at_byte(column->location);
    }
    throw unsupported("system columns in WHEN conditions of triggers").at_byte(column->location);
  });
}

void collect_dependencies(const Expr& expr, const Table& table, std::vector<Dependency>& out) {
  auto add = [&](ObjectAddress referenced) {
    Dependency edge{{}, referenced, 'n'};
    if (std::ranges::find(out, edge) == out.end()) out.push_back(edge);
  };
  if (expr.kind == ExprKind::kSlot) {
    auto attribute = static_cast<int32_t>(expr.index % table.columns.size());
    add({class_oid::kRelation, table.oid, attribute + 1});
  }
  if (expr.function != nullptr && expr.function->oid >= kFirstUserOid) {
    add({class_oid::kProc, expr.function->oid, 0});
  }
  for_each_child(expr, [&](const Expr* child) { collect_dependencies(*child, table, out); });
}

void set_condition(CommandContext& context, const ast::CreateTrigStmt& statement,
                   const Table& table, Trigger& trigger) {
  if (statement.when_clause == nullptr) return;
  refuse_forbidden_nodes(statement.when_clause, trigger.type);
  BindRecord record;
  Binder binder(context.environment(), {});
  binder.record(&record);
  Binder::RowPair rows;
  Expr* bound = binder.bind_trigger_condition(statement.when_clause, table, &rows);
  ConditionCheck(table, trigger.type).visit(*bound);
  collect_dependencies(*bound, table, trigger.dependencies);
  Arena arena;
  CatalogPtr catalog = context.ddl().view();
  CanonicalText canonical(*catalog, context.environment().search_path(), record, arena);
  trigger.when_sql =
      stored_form(canonical.trigger_condition(statement.when_clause, *rows.old_row, *rows.new_row));
}

// --- the function ---

struct FoundFunction {
  Oid oid = kInvalidOid;
  Oid result = kInvalidOid;
};

FoundFunction function_in(CommandContext& context, Oid schema, std::string_view name) {
  if (const Function* user = context.ddl().view()->find_function(schema, name, {})) {
    return {user->oid, user->result};
  }
  if (schema != schema_oid::kPgCatalog) return {};
  for (const ProcFact* fact : proc_facts_named(name)) {
    if (fact->arg_types.empty() && context.builtins().has_function(fact->oid)) {
      return {fact->oid, fact->result};
    }
  }
  return {};
}

}  // namespace

Oid trigger_function(CommandContext& context, const ast::NameList& names, Oid result) {
  QualifiedName name = qualified_name(names);
  FoundFunction found;
  if (!name.schema.empty()) {
    const Schema& schema =
        require_schema(*context.ddl().view(), context.environment().search_path(), name.schema);
    found = function_in(context, schema.oid, name.name);
  } else {
    for (Oid schema : context.environment().search_path().schemas) {
      found = function_in(context, schema, name.name);
      if (found.oid != kInvalidOid) break;
    }
  }
  std::string shown =
      name.schema.empty() ? std::string(name.name) : fmt::format("{}.{}", name.schema, name.name);
  if (found.oid == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedFunction, "function {}() does not exist", shown);
  }
  check_privileges(*context.ddl().view(), context.current_user(), {}, std::span(&found.oid, 1));
  if (found.result != result) {
    throw sql_error(SqlState::kInvalidObjectDefinition, "function {} must return type {}", shown,
                    context.ddl().view()->type_name(result));
  }
  return found.oid;
}

namespace {

// --- the table's list ---

std::vector<Trigger>::iterator find_trigger(Table& table, std::string_view name) {
  return std::ranges::find(table.triggers, name, &Trigger::name);
}

void set_columns(const ast::CreateTrigStmt& statement, const Table& table, Trigger& trigger) {
  for (std::string_view name : statement.columns) {
    const Column* column = table.find_column(name);
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                      name, table.name);
    }
    if (std::ranges::find(trigger.columns, column->number) != trigger.columns.end()) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once", name);
    }
    trigger.columns.push_back(column->number);
  }
}

}  // namespace

CommandResult create_trigger(const ast::CreateTrigStmt& statement, CommandContext& context) {
  if (statement.replace && statement.isconstraint) {
    throw refusal("CREATE OR REPLACE CONSTRAINT TRIGGER is not supported");
  }
  const Relation& relation =
      require_and_lock(context, *statement.relation, TableLockMode::kShareRowExclusive);
  check_relation(relation, statement);
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
  Trigger trigger;
  if (statement.constrrel != nullptr) {
    trigger.constraint_table =
        require_and_lock(context, *statement.constrrel, TableLockMode::kAccessShare).oid;
  }
  require_trigger_privilege(context, *table);
  if (trigger.constraint_table != kInvalidOid) {
    require_trigger_privilege(context, *context.ddl().view()->relation(trigger.constraint_table));
  }
  check_form(statement);
  trigger.name = truncated_name(statement.trigname);
  trigger.type = static_cast<int16_t>(statement.timing | statement.events |
                                      (statement.row ? trigger_type::kRow : 0));
  set_transition_tables(statement, *table, trigger);
  set_condition(context, statement, *table, trigger);
  trigger.function = trigger_function(context, statement.funcname, type_oid::kTrigger);
  for (std::string_view argument : statement.args) trigger.arguments.emplace_back(argument);
  trigger.deferrable = statement.deferrable;
  trigger.initially_deferred = statement.initdeferred;
  replace_trigger(*table, trigger, statement.replace, false);
  set_columns(statement, *table, trigger);
  if (statement.isconstraint) add_trigger_constraint(context, *table, trigger);
  if (trigger.oid == kInvalidOid) trigger.oid = context.ddl().new_oid();
  table->triggers.push_back(trigger);
  sort_triggers(*table);
  context.ddl().put(table);
  if (is_partitioned(*table) && statement.row) {
    std::vector<Oid> partitions;
    for (const Table* child : context.ddl().view()->children_of(table->oid)) {
      partitions.push_back(child->oid);
    }
    for (Oid partition : partitions) {
      add_partition_trigger(context, *table, trigger, partition, statement.replace);
    }
  }
  return {"CREATE TRIGGER"};
}

void rename_trigger(const ast::RenameStmt& statement, CommandContext& context) {
  const Relation& relation =
      require_and_lock(context, *statement.relation, TableLockMode::kAccessExclusive);
  if (relation.kind != ObjectKind::kTable) {
    throw sql_error(SqlState::kWrongObjectType, "relation \"{}\" cannot have triggers",
                    relation.name)
        .detail(
            fmt::format("This operation is not supported for {}.", plural_of(relation.relkind)));
  }
  require_owner(context, relation);
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
  std::string name = truncated_name(statement.newname);
  auto trigger = find_trigger(*table, statement.subname);
  if (trigger == table->triggers.end()) {
    throw sql_error(SqlState::kUndefinedObject, "trigger \"{}\" for table \"{}\" does not exist",
                    statement.subname, table->name);
  }
  if (const Table* parent = table_of_parent_trigger(*context.ddl().view(), *table, *trigger)) {
    throw sql_error(SqlState::kInternalError, "cannot rename trigger \"{}\" on table \"{}\"",
                    trigger->name, table->name)
        .hint(fmt::format("Rename the trigger on the partitioned table \"{}\" instead.",
                          parent->name));
  }
  auto set_name = [&](Table& owner, Trigger& changed) {
    if (find_trigger(owner, name) != owner.triggers.end()) {
      throw sql_error(SqlState::kDuplicateObject,
                      "trigger \"{}\" for relation \"{}\" already exists", name, owner.name);
    }
    changed.name = name;
    sort_triggers(owner);
  };
  Oid oid = trigger->oid, owner = table->oid;
  set_name(*table, *trigger);
  context.ddl().put(std::move(table));
  change_trigger_copies(context, owner, oid, set_name);
}

bool drop_trigger(CommandContext& context, const Relation& relation, std::string_view name,
                  bool cascade) {
  if (relation.kind != ObjectKind::kTable) return false;
  const auto& table = static_cast<const Table&>(relation);
  auto found = std::ranges::find(table.triggers, name, &Trigger::name);
  if (found == table.triggers.end()) return false;
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), relation.owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of relation {}",
                    relation.name);
  }
  if (const Table* parent = table_of_parent_trigger(*context.ddl().view(), table, *found)) {
    std::string original = fmt::format("trigger {} on table {}", quote_identifier(found->name),
                                       quote_identifier(parent->name));
    throw sql_error(SqlState::kDependentObjectsStillExist,
                    "cannot drop trigger {} on table {} because {} requires it",
                    quote_identifier(found->name), quote_identifier(table.name), original)
        .hint(fmt::format("You can drop {} instead.", original));
  }
  ObjectAddress address{class_oid::kTrigger, found->oid, 0};
  context.lock_table(relation.oid, TableLockMode::kAccessExclusive);
  context.ddl().refresh();
  DropResult result = context.ddl().drop(
      {address}, cascade ? DropBehavior::kCascade : DropBehavior::kRestrict, visibility(context));
  if (!result.notice.empty()) notice(context, result.notice, result.notice_detail);
  return true;
}

void enable_triggers(const ast::AlterTableCmd& command, CommandContext& context, Oid oid,
                     bool recurse) {
  using Type = ast::AlterTableType;
  struct Row {
    Type type;
    char enabled;
    bool named, user_only;
  };
  static constexpr Row kRows[] = {
      {Type::kEnableTrig, 'O', true, true},       {Type::kDisableTrig, 'D', true, true},
      {Type::kEnableAlwaysTrig, 'A', true, true}, {Type::kEnableReplicaTrig, 'R', true, true},
      {Type::kEnableTrigAll, 'O', false, false},  {Type::kDisableTrigAll, 'D', false, false},
      {Type::kEnableTrigUser, 'O', false, true},  {Type::kDisableTrigUser, 'D', false, true}};
  const Row& row = *std::ranges::find(kRows, command.subtype, &Row::type);
  std::shared_ptr<Table> table = table_to_change(context, oid);
  if (row.named && find_trigger(*table, command.name) == table->triggers.end()) {
    throw sql_error(SqlState::kUndefinedObject, "trigger \"{}\" for table \"{}\" does not exist",
                    command.name, table->name);
  }
  std::vector<Oid> changed_triggers;
  for (Trigger& trigger : table->triggers) {
    if (row.named && trigger.name != command.name) continue;
    trigger.enabled = row.enabled;
    changed_triggers.push_back(trigger.oid);
  }
  context.ddl().put(table);
  for (Oid trigger : changed_triggers) {
    if (!recurse) break;
    change_trigger_copies(context, oid, trigger,
                          [&](Table&, Trigger& copy) { copy.enabled = row.enabled; });
  }
  if (row.user_only) return;
  table = table_to_change(context, oid);
  // Foreign keys are triggers of both tables; only superusers may do without them.
  if (!is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied: \"{}\" is a system trigger", "RI_ConstraintTrigger");
  }
  for (Constraint& constraint : table->constraints) {
    if (constraint.type != 'f') continue;
    constraint.child_enabled = row.enabled;
    if (constraint.referenced_table == oid) constraint.parent_enabled = row.enabled;
  }
  context.ddl().put(std::move(table));
  std::vector<Oid> children;
  for (const auto& ref : context.ddl().view()->foreign_keys_to(oid)) {
    if (ref.table->oid != oid) children.push_back(ref.table->oid);
  }
  for (Oid child : children) {
    std::shared_ptr<Table> changed = table_to_change(context, child);
    for (Constraint& constraint : changed->constraints) {
      if (constraint.type == 'f' && constraint.referenced_table == oid) {
        constraint.parent_enabled = row.enabled;
      }
    }
    context.ddl().put(std::move(changed));
  }
}

}  // namespace luma
