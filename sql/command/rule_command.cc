// CREATE, DROP and ALTER RULE.
#include <algorithm>

#include "sql/ast/data_modification.h"
#include "sql/ast/rewrite.h"
#include "sql/ast/tree.h"
#include "sql/bind/bind_record.h"
#include "sql/bind/rule_rewrite.h"
#include "sql/command/canonical_text.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/expression_text.h"
#include "sql/command/view_text.h"
#include "sql/parse/deparse.h"

namespace luma {
namespace {

constexpr std::string_view kViewRule = "_RETURN";

char event_letter(ast::CmdType event) {
  switch (event) {
    case ast::CmdType::kInsert:
      return '3';
    case ast::CmdType::kUpdate:
      return '2';
    case ast::CmdType::kDelete:
      return '4';
    default:
      return '1';
  }
}

const ast::String* row_name(const ast::Node* node) {
  const auto* column = ast::try_as<ast::ColumnRef>(node);
  const auto* first = column == nullptr ? nullptr : ast::try_as<ast::String>(column->fields[0]);
  if (first == nullptr || column->fields.size() < 2) return nullptr;
  return first->sval == "old" || first->sval == "new" ? first : nullptr;
}

// Makes a rule of a statement, under the search path of whoever creates it.
class RuleBuilder {
 public:
  RuleBuilder(CommandContext& context, const Table& table, const ast::RuleStmt& statement)
      : context_(context), table_(table), statement_(statement) {}

  Rule build() {
    rule_.name = truncated_name(statement_.rulename);
    rule_.event = event_letter(statement_.event);
    rule_.instead = statement_.instead;
    check_returning_lists();
    if (statement_.where_clause != nullptr) add_condition();
    for (const ast::Node* action : statement_.actions) add_action(action);
    return std::move(rule_);
  }

 private:
  std::shared_ptr<RuleFrame> make_frame() const {
    auto frame = std::make_shared<RuleFrame>();
    frame->table = &table_;
    frame->event = rule_.event;
    return frame;
  }

  // The row that the event does not have.
  void refuse_missing_row(const ast::Node* node) const {
    std::string_view missing = rule_.event == '3' ? "old" : rule_.event == '4' ? "new" : "";
    ast::walk(node, [&](const ast::Node* inner) {
      const ast::String* name = row_name(inner);
      if (name == nullptr || name->sval != missing) return true;
      throw sql_error(SqlState::kUndefinedTable,
                      "invalid reference to FROM-clause entry for table \"{}\"", missing)
          .hint(fmt::format("There is an entry for table \"{}\", but it cannot be referenced "
                            "from this part of the query.",
                            missing))
          .at_byte(inner->location);
    });
  }

  void add_condition() {
    refuse_missing_row(statement_.where_clause);
    auto* one = arena_.make<ast::AConst>();
    one->kind = ast::ConstKind::kInteger;
    one->ival = 1;
    auto* target = arena_.make<ast::ResTarget>();
    target->val = one;
    auto* probe = arena_.make<ast::SelectStmt>();
    probe->target_list = ast::make_list<const ast::Node*>(arena_, {target});
    RuleStatement bound_as;
    bound_as.node = probe;
    auto frame = make_frame();
    frame->condition = statement_.where_clause;
    bound_as.frame = frame;
    Binder binder(context_.environment(), {});
    BindRecord record;
    binder.record(&record);
    BoundQuery bound = binder.bind(bound_as);
    probe->where_clause = statement_.where_clause;
    CatalogPtr catalog = context_.ddl().view();
    CanonicalText canonical(*catalog, context_.environment().search_path(), record, arena_);
    const ast::Node* text = canonical.rule_condition(*probe, binder.rule_rows());
    rule_.condition_sql = stored_form(text);
    depend(probe, bound);
    depend_on_rows(text);
  }

  void add_action(const ast::Node* action) {
    if (const auto* wish = ast::try_as<ast::NotifyStmt>(action)) {
      if (statement_.where_clause != nullptr) {
        throw SqlError(SqlState::kInvalidObjectDefinition,
                       "rules with WHERE conditions can only have SELECT, INSERT, UPDATE, or "
                       "DELETE actions");
      }
      std::string sql = "NOTIFY " + quote_identifier(wish->conditionname);
      if (!wish->payload.empty()) sql += ", " + quote_literal(wish->payload);
      rule_.actions.push_back(std::move(sql));
      return;
    }
    refuse_missing_row(action);
    if (mentions_rows(action)) refuse_set_operation(action);
    const ast::Node* plain = without_stars(context_, with_row_columns(action), arena_);
    RuleStatement bound_as;
    bound_as.node = plain;
    bound_as.frame = make_frame();
    Binder binder(context_.environment(), {});
    BindRecord record;
    binder.record(&record);
    BoundQuery bound = binder.bind(bound_as);
    check_returning(plain, bound);
    CatalogPtr catalog = context_.ddl().view();
    CanonicalText canonical(*catalog, context_.environment().search_path(), record, arena_);
    const ast::Node* text = canonical.rule_action(plain, binder.rule_rows());
    rule_.actions.push_back(deparse(text));
    depend(plain, bound);
    depend_on_rows(text);
    depend_on_assigned(text);
  }

  static bool mentions_rows(const ast::Node* action) {
    bool found = false;
    ast::walk(action, [&](const ast::Node* node) {
      found |= row_name(node) != nullptr;
      return !found;
    });
    return found;
  }

  // new.* and old.* written out, in a tree of its own.
  const ast::Node* with_row_columns(const ast::Node* action) {
    return ast::rewrite(action, arena_, [&](ast::Node* node) -> const ast::Node* {
      if (auto* row =
              node->tag == ast::NodeTag::kListNode ? static_cast<ast::ListNode*>(node) : nullptr) {
        row->items = expanded(row->items, false);
      }
      if (node->tag == ast::NodeTag::kSelectStmt) {
        auto& select = static_cast<ast::SelectStmt&>(*node);
        select.target_list = expanded(select.target_list, true);
      }
      if (node->tag == ast::NodeTag::kUpdateStmt) {
        auto& update = static_cast<ast::UpdateStmt&>(*node);
        update.returning_list = expanded(update.returning_list, true);
      }
      if (node->tag == ast::NodeTag::kDeleteStmt) {
        auto& remove = static_cast<ast::DeleteStmt&>(*node);
        remove.returning_list = expanded(remove.returning_list, true);
      }
      return node;
    });
  }

  ast::NodeList expanded(const ast::NodeList& list, bool targets) {
    std::vector<const ast::Node*> out;
    for (const ast::Node* item : list) {
      const ast::Node* value =
          targets && ast::is<ast::ResTarget>(item) ? ast::as<ast::ResTarget>(item)->val : item;
      const ast::String* row = row_name(value);
      if (row == nullptr || !ast::is<ast::AStar>(ast::as<ast::ColumnRef>(value)->fields.back())) {
        out.push_back(item);
        continue;
      }
      for (const Column& column : table_.columns) {
        if (column.dropped) continue;
        auto* name = arena_.make<ast::String>();
        name->sval = arena_.copy(column.name);
        auto* reference = arena_.make<ast::ColumnRef>();
        reference->fields = ast::make_list<const ast::Node*>(arena_, {row, name});
        reference->location = value->location;
        if (!targets) {
          out.push_back(reference);
          continue;
        }
        auto* target = arena_.make<ast::ResTarget>();
        target->val = reference;
        out.push_back(target);
      }
    }
    return ast::make_list(arena_, out);
  }

  static bool returns_rows(const ast::Node* action) {
    return !ast::returning_list_of(action).empty();
  }

  void check_returning_lists() const {
    auto lists = std::ranges::count_if(statement_.actions, returns_rows);
    if (lists == 0) return;
    auto refuse = [](const char* text) { return SqlError(SqlState::kFeatureNotSupported, text); };
    if (lists > 1) throw refuse("cannot have multiple RETURNING lists in a rule");
    if (statement_.where_clause != nullptr) {
      throw refuse("RETURNING lists are not supported in conditional rules");
    }
    if (!statement_.instead) {
      throw refuse("RETURNING lists are not supported in non-INSTEAD rules");
    }
  }

  // RETURNING shows a row of the rule's relation.
  void check_returning(const ast::Node* action, const BoundQuery& bound) const {
    if (!returns_rows(action)) return;
    size_t at = 0;
    auto invalid = [](std::string text) {
      return SqlError(SqlState::kInvalidObjectDefinition, text);
    };
    for (const Column& column : table_.columns) {
      if (column.dropped) continue;
      if (at == bound.result.size()) throw invalid("RETURNING list has too few entries");
      const TypeRef type = bound.context->column(bound.result[at++].column).type;
      if (type.oid != column.type.oid) {
        throw invalid(fmt::format("RETURNING list's entry {} has different type from column \"{}\"",
                                  at, column.name))
            .detail(
                fmt::format("RETURNING list entry has type {}, but column has type {}.",
                            context_.ddl().view()->type_name(type.oid, type.typmod),
                            context_.ddl().view()->type_name(column.type.oid, column.type.typmod)));
      }
    }
    if (at < bound.result.size()) throw invalid("RETURNING list has too many entries");
  }

  void add_edge(const ObjectAddress& referenced) {
    Dependency edge{{}, referenced, 'n'};
    if (referenced == table_.address()) return;
    if (std::ranges::find(rule_.dependencies, edge) == rule_.dependencies.end()) {
      rule_.dependencies.push_back(edge);
    }
  }

  void depend(const ast::Node* node, const BoundQuery& bound) {
    for (const Dependency& edge : view_dependencies(context_, node, bound, {})) {
      add_edge(edge.referenced);
    }
  }

  void depend_on_rows(const ast::Node* text) {
    ast::walk(text, [&](const ast::Node* node) {
      if (row_name(node) == nullptr) return true;
      const auto& fields = ast::as<ast::ColumnRef>(node)->fields;
      const auto* name = ast::try_as<ast::String>(fields[1]);
      const Column* column = name == nullptr ? nullptr : table_.find_column(name->sval);
      if (column != nullptr) add_edge({class_oid::kRelation, table_.oid, column->number});
      return true;
    });
  }

  void depend_on_assigned(const ast::Node* text) {
    const ast::RangeVar* var = nullptr;
    ast::NodeList targets;
    if (const auto* insert = ast::try_as<ast::InsertStmt>(text)) {
      var = insert->relation;
      targets = insert->cols;
    } else if (const auto* update = ast::try_as<ast::UpdateStmt>(text)) {
      var = update->relation;
      targets = update->target_list;
    } else {
      return;
    }
    const auto* changed = dynamic_cast<const Table*>(
        find_relation(*context_.ddl().view(), naming_path(), {var->schemaname, var->relname}));
    if (changed == nullptr) return;
    for (const ast::Node* target : targets) {
      const Column* column = changed->find_column(ast::as<ast::ResTarget>(target)->name);
      if (column != nullptr) add_edge({class_oid::kRelation, changed->oid, column->number});
    }
  }

  CommandContext& context_;
  const Table& table_;
  const ast::RuleStmt& statement_;
  Arena arena_;
  Rule rule_;
};

// Views are made by CREATE VIEW; turning tables into them is not supported.
[[noreturn]] void refuse_select_rule(const ast::RuleStmt& statement) {
  auto refuse = [](const char* text) { return SqlError(SqlState::kFeatureNotSupported, text); };
  if (statement.actions.size() > 1) {
    throw refuse("multiple actions for rules on SELECT are not implemented")
        .hint("Use views instead.");
  }
  if (statement.actions.empty() || !ast::is<ast::SelectStmt>(statement.actions[0]) ||
      !statement.instead) {
    throw refuse("rules on SELECT must have action INSTEAD SELECT");
  }
  if (statement.where_clause != nullptr) {
    throw refuse("event qualifications are not implemented for rules on SELECT");
  }
  throw unsupported("CREATE RULE ... ON SELECT");
}

SqlError no_rule(std::string_view name, const Relation& relation) {
  return sql_error(SqlState::kUndefinedObject, "rule \"{}\" for relation \"{}\" does not exist",
                   name, relation.name);
}

const Relation& lock_owned(CommandContext& context, const ast::RangeVar& name) {
  const Relation& relation = require_and_lock(context, name, TableLockMode::kAccessExclusive);
  char kind = relation.relkind;
  if (kind == 'm') {
    throw SqlError(SqlState::kFeatureNotSupported, "rules on materialized views are not supported");
  }
  if (kind != 'r' && kind != 'v' && kind != 'p') {
    throw sql_error(SqlState::kWrongObjectType, "relation \"{}\" cannot have rules", relation.name)
        .detail(fmt::format("This operation is not supported for {}s.", relkind_name(kind)));
  }
  require_owner(context, relation);
  return relation;
}

}  // namespace

CommandResult create_rule(const ast::RuleStmt& statement, CommandContext& context) {
  const Relation& relation = lock_owned(context, *statement.relation);
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
  if (statement.event == ast::CmdType::kSelect) refuse_select_rule(statement);
  std::string name = truncated_name(statement.rulename);
  if (name == kViewRule) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "non-view rule for \"{}\" must not be named \"{}\"", table->name, name);
  }
  Rule rule = RuleBuilder(context, *table, statement).build();
  auto place = std::ranges::lower_bound(table->rules, name, {}, &Rule::name);
  if (place != table->rules.end() && place->name == name) {
    if (!statement.replace) {
      throw sql_error(SqlState::kDuplicateObject, "rule \"{}\" for relation \"{}\" already exists",
                      name, table->name);
    }
    rule.oid = place->oid;
    rule.comment = place->comment;
    rule.enabled = place->enabled;
    *place = std::move(rule);
  } else {
    table->rules.insert(place, std::move(rule));
  }
  context.ddl().put(std::move(table));
  return {"CREATE RULE"};
}

void rename_rule(const ast::RenameStmt& statement, CommandContext& context) {
  const Relation& relation = lock_owned(context, *statement.relation);
  std::shared_ptr<Table> table = copy_of(static_cast<const Table&>(relation));
  auto found = std::ranges::find(table->rules, statement.subname, &Rule::name);
  if (found == table->rules.end()) {
    if (statement.subname == kViewRule && table->rule_oid != kInvalidOid) {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     "renaming an ON SELECT rule is not allowed");
    }
    throw no_rule(statement.subname, *table);
  }
  std::string name = truncated_name(statement.newname);
  if (std::ranges::find(table->rules, name, &Rule::name) != table->rules.end() ||
      (name == kViewRule && table->is_view())) {
    throw sql_error(SqlState::kDuplicateObject, "rule \"{}\" for relation \"{}\" already exists",
                    name, table->name);
  }
  found->name = std::move(name);
  std::ranges::sort(table->rules, {}, &Rule::name);
  context.ddl().put(std::move(table));
}

bool drop_rule(CommandContext& context, const Relation& relation, std::string_view name,
               bool cascade) {
  if (relation.kind != ObjectKind::kTable) return false;
  const auto& table = static_cast<const Table&>(relation);
  if (name == kViewRule && table.rule_oid != kInvalidOid) {
    require_owner(context, relation);
    std::string shown = context.ddl().view()->describe(table.address(), visibility(context));
    throw sql_error(SqlState::kDependentObjectsStillExist,
                    "cannot drop rule {} on {} because {} requires it", name, shown, shown)
        .hint(fmt::format("You can drop {} instead.", shown));
  }
  auto found = std::ranges::find(table.rules, name, &Rule::name);
  if (found == table.rules.end()) return false;
  require_owner(context, relation);
  ObjectAddress address{class_oid::kRewrite, found->oid, 0};
  context.lock_table(relation.oid, TableLockMode::kAccessExclusive);
  context.ddl().refresh();
  DropResult result = context.ddl().drop(
      {address}, cascade ? DropBehavior::kCascade : DropBehavior::kRestrict, visibility(context));
  if (!result.notice.empty()) notice(context, result.notice, result.notice_detail);
  return true;
}

void enable_rule(const ast::AlterTableCmd& command, CommandContext& context, Oid oid) {
  using Type = ast::AlterTableType;
  std::shared_ptr<Table> table = table_to_change(context, oid);
  auto found = std::ranges::find(table->rules, command.name, &Rule::name);
  if (found == table->rules.end()) throw no_rule(command.name, *table);
  found->enabled = command.subtype == Type::kEnableRule         ? 'O'
                   : command.subtype == Type::kEnableAlwaysRule ? 'A'
                   : command.subtype == Type::kDisableRule      ? 'D'
                                                                : 'R';
  context.ddl().put(std::move(table));
}

}  // namespace luma
