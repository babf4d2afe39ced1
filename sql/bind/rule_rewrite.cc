#include "sql/bind/rule_rewrite.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/ast/data_modification.h"
#include "sql/ast/tree.h"
#include "sql/bind/view_target.h"
#include "sql/function/updatable_view.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

char event_of(const ast::Node* node) {
  if (ast::is<ast::InsertStmt>(node)) return '3';
  if (ast::is<ast::UpdateStmt>(node)) return '2';
  return ast::is<ast::DeleteStmt>(node) ? '4' : '\0';
}

bool has_returning(const ast::Node* node) { return !ast::returning_list_of(node).empty(); }

bool mentions_row(const ast::Node* node, std::string_view name) {
  bool found = false;
  ast::walk(node, [&](const ast::Node* inner) {
    const auto* column = ast::try_as<ast::ColumnRef>(inner);
    const auto* first = column == nullptr ? nullptr : ast::try_as<ast::String>(column->fields[0]);
    found |= first != nullptr && first->sval == name;
    return !found;
  });
  return found;
}

bool is_enabled(const Rule& rule, bool replica) {
  if (rule.enabled == 'A') return true;
  return rule.enabled == (replica ? 'R' : 'O');
}

ModifyKind kind_of(char event) {
  return event == '3'   ? ModifyKind::kInsert
         : event == '2' ? ModifyKind::kUpdate
                        : ModifyKind::kDelete;
}

class Rewriter {
 public:
  Rewriter(BindEnvironment& environment, Arena& arena)
      : environment_(environment), arena_(arena), path_(rule_path(environment)) {}

  bool any_rule_fired() const { return fired_; }

  // Appends what becomes of the statement; `wants_rows`: somebody reads what it returns.
  void expand(RuleStatement statement, std::vector<RuleStatement>& out) {
    const char event = event_of(statement.node);
    if (event == '\0') {
      out.push_back(std::move(statement));
      return;
    }
    const Table* table = statement.target;
    if (table == nullptr) table = named_table(*ast::target_of(statement.node), statement);
    if (table == nullptr) {  // told when it is bound
      out.push_back(std::move(statement));
      return;
    }
    Products products = fire(statement, *table, event);
    if (products.fired) {
      fired_ = true;
      refuse_conflict_clause(statement.node);
    } else if (has_rules_for(*table, '2')) {
      refuse_conflict_clause(statement.node);
    }
    const Table* below = products.instead ? nullptr : table_below(*table, event);
    if (below != nullptr && products.conditional) throw conditional_rules(*table, event);
    const bool entered = !products.statements.empty() || below != nullptr;
    if (entered) enter(*table, event);
    auto original = [&] {
      if (products.instead) return;
      RuleStatement kept = statement;
      kept.excluded = std::move(products.excluded);
      if (below == nullptr) {
        kept.target = table;
        out.push_back(std::move(kept));
        return;
      }
      kept.target = below;
      expand(std::move(kept), out);
    };
    const bool first = event == '3';
    if (first) original();
    for (RuleStatement& product : products.statements) expand(std::move(product), out);
    if (!first) original();
    if (entered) open_.pop_back();
    const bool wants_rows = statement.frame == nullptr || statement.returns;
    if ((products.instead || products.conditional) && has_returning(statement.node) && wants_rows &&
        !products.returns) {
      throw cannot_return(*table, event);
    }
  }

 private:
  struct Products {
    bool fired = false;
    bool instead = false;      // by a rule without condition
    bool conditional = false;  // by one with a condition
    bool returns = false;
    std::vector<RuleStatement> statements;
    std::vector<const ast::Node*> excluded;
  };

  const Table* named_table(const ast::RangeVar& var, const RuleStatement& statement) const {
    const SearchPath& path = statement.frame != nullptr ? path_ : environment_.search_path();
    const Relation* found = find_relation(
        environment_.catalog(), path, {var.schemaname, var.relname, var.catalogname, var.location});
    return found != nullptr && found->kind == ObjectKind::kTable ? static_cast<const Table*>(found)
                                                                 : nullptr;
  }

  // What an automatically updatable view stands for.
  const Table* table_below(const Table& table, char event) const {
    if (!table.is_view() || has_instead_trigger(table, kind_of(event))) return nullptr;
    SearchPath path = environment_.resolve_path(table.definition_search_path);
    ViewShape shape = shape_of_view(environment_.catalog(), table, path, arena_);
    return shape.obstacle.empty() ? shape.below : nullptr;
  }

  void enter(const Table& table, char event) {
    for (const auto& [open, open_event] : open_) {
      if (open != table.oid || open_event != event) continue;
      throw sql_error(SqlState::kInvalidObjectDefinition,
                      "infinite recursion detected in rules for relation \"{}\"", table.name);
    }
    open_.emplace_back(table.oid, event);
  }

  Products fire(const RuleStatement& statement, const Table& table, char event) {
    Products out;
    for (const Rule& rule : table.rules) {
      if (rule.event != event || !is_enabled(rule, environment_.replays_changes())) continue;
      out.fired = true;
      const ast::Node* condition =
          rule.condition_sql.empty() ? nullptr : parse_expression(rule.condition_sql, arena_);
      const RuleSource source = !rule.instead          ? RuleSource::kAlso
                                : condition == nullptr ? RuleSource::kInstead
                                                       : RuleSource::kConditionalInstead;
      out.instead |= source == RuleSource::kInstead;
      if (source == RuleSource::kConditionalInstead) {
        out.conditional = true;
        out.excluded.push_back(condition);
      }
      for (const std::string& sql : rule.actions) {
        RuleStatement action;
        action.node = parse_sql(sql, arena_).statements[0].node;
        refuse_set_operation(action.node);
        action.source = source;
        auto frame = std::make_shared<RuleFrame>();
        frame->statement = statement;
        frame->statement.target = &table;
        frame->table = &table;
        frame->event = event;
        frame->condition = condition;
        frame->names_rows = names_rows(action.node, condition, event);
        action.frame = std::move(frame);
        const bool wants_rows = statement.frame == nullptr || statement.returns;
        if (has_returning(action.node) && has_returning(statement.node) && wants_rows) {
          action.returns = out.returns = true;
        }
        out.statements.push_back(std::move(action));
      }
    }
    return out;
  }

  static bool names_rows(const ast::Node* action, const ast::Node* condition, char event) {
    bool old_row = mentions_row(action, "old") || mentions_row(condition, "old");
    bool new_row = mentions_row(action, "new") || mentions_row(condition, "new");
    return event == '3' || old_row || (event == '2' && new_row);
  }

  static void refuse_conflict_clause(const ast::Node* node) {
    const auto* insert = ast::try_as<ast::InsertStmt>(node);
    if (insert == nullptr || insert->on_conflict_clause == nullptr) return;
    throw SqlError(SqlState::kFeatureNotSupported,
                   "INSERT with ON CONFLICT clause cannot be used with table that has INSERT or "
                   "UPDATE rules");
  }

  static SqlError cannot_return(const Table& table, char event) {
    std::string_view verb = event == '3' ? "INSERT" : event == '2' ? "UPDATE" : "DELETE";
    return sql_error(SqlState::kFeatureNotSupported,
                     "cannot perform {} RETURNING on relation \"{}\"", verb, table.name)
        .hint(fmt::format(
            "You need an unconditional ON {} DO INSTEAD rule with a RETURNING clause.", verb));
  }

  static SqlError conditional_rules(const Table& view, char event) {
    struct Words {
      const char *verb, *doing, *event;
    };
    const Words words = event == '3'   ? Words{"insert into", "inserting into", "INSERT"}
                        : event == '2' ? Words{"update", "updating", "UPDATE"}
                                       : Words{"delete from", "deleting from", "DELETE"};
    return sql_error(SqlState::kObjectNotInPrerequisiteState, "cannot {} view \"{}\"", words.verb,
                     view.name)
        .detail("Views with conditional DO INSTEAD rules are not automatically updatable.")
        .hint(fmt::format("To enable {} the view, provide an INSTEAD OF {} trigger or an "
                          "unconditional ON {} DO INSTEAD rule.",
                          words.doing, words.event, words.event));
  }

  BindEnvironment& environment_;
  Arena& arena_;
  SearchPath path_;
  std::vector<std::pair<Oid, char>> open_;
  bool fired_ = false;
};

// Whether any rule may be in reach of the statement: the common answer, no, is found without
// parsing anything.
bool may_have_rules(BindEnvironment& environment, const SearchPath& path,
                    const ast::RangeVar& var) {
  const Relation* found = find_relation(environment.catalog(), path,
                                        {var.schemaname, var.relname, var.catalogname, -1});
  if (found == nullptr || found->kind != ObjectKind::kTable) return false;
  return found->relkind == 'v' || !static_cast<const Table*>(found)->rules.empty();
}

std::unique_ptr<RuleRewrite> rewrite(BindEnvironment& environment, const SearchPath& path,
                                     const ast::Node* statement) {
  const ast::RangeVar* var = ast::target_of(statement);
  if (var == nullptr || !may_have_rules(environment, path, *var)) return nullptr;
  auto out = std::make_unique<RuleRewrite>();
  Rewriter rewriter(environment, out->arena);
  RuleStatement original;
  original.node = statement;
  rewriter.expand(std::move(original), out->statements);
  if (!rewriter.any_rule_fired()) return nullptr;
  return out;
}

bool is_query(const ast::Node* node) {
  return event_of(node) != '\0' || ast::is<ast::SelectStmt>(node);
}

}  // namespace

SearchPath rule_path(BindEnvironment& environment) {
  return environment.resolve_path("pg_catalog");
}

bool has_rules_for(const Table& table, char event) {
  return std::ranges::any_of(table.rules, [&](const Rule& rule) { return rule.event == event; });
}

std::unique_ptr<RuleRewrite> rewrite_with_rules(BindEnvironment& environment,
                                                const ast::Node* statement) {
  auto out = rewrite(environment, environment.search_path(), statement);
  if (out == nullptr) return nullptr;
  const char event = event_of(statement);
  out->command = event == '3' ? 'I' : event == '2' ? 'U' : 'D';
  bool has_original = false;
  for (size_t i = 0; i < out->statements.size(); ++i) {
    const RuleStatement& each = out->statements[i];
    if (each.source == RuleSource::kOriginal) {
      out->main = static_cast<int>(i);
      has_original = true;
    }
    bool instead =
        each.source == RuleSource::kInstead || each.source == RuleSource::kConditionalInstead;
    if (!has_original && instead && event_of(each.node) == event) out->main = static_cast<int>(i);
  }
  if (ast::with_clause_of(statement) != nullptr) {
    auto queries = std::ranges::count_if(
        out->statements, [](const RuleStatement& each) { return is_query(each.node); });
    if (queries > 1) {
      throw SqlError(
          SqlState::kFeatureNotSupported,
          "WITH cannot be used in a query that is rewritten by rules into multiple queries");
    }
  }
  return out;
}

std::unique_ptr<RuleRewrite> rewrite_in_with(BindEnvironment& environment, const SearchPath& path,
                                             const ast::Node* statement) {
  auto out = rewrite(environment, path, statement);
  if (out == nullptr) return nullptr;
  auto refuse = [](std::string_view what) {
    return sql_error(SqlState::kFeatureNotSupported,
                     "{} rules are not supported for data-modifying statements in WITH", what);
  };
  if (out->statements.empty()) throw refuse("DO INSTEAD NOTHING");
  if (out->statements.size() == 1) {
    if (!is_query(out->statements[0].node)) throw refuse("DO INSTEAD NOTIFY");
    return out;
  }
  for (const RuleStatement& each : out->statements) {
    if (each.source == RuleSource::kConditionalInstead) throw refuse("conditional DO INSTEAD");
    if (each.source == RuleSource::kAlso) throw refuse("DO ALSO");
  }
  throw refuse("multi-statement DO INSTEAD");
}

void refuse_set_operation(const ast::Node* action) {
  const auto* select = ast::try_as<ast::SelectStmt>(action);
  if (const auto* insert = ast::try_as<ast::InsertStmt>(action)) {
    select = ast::try_as<ast::SelectStmt>(insert->select_stmt);
  }
  if (select == nullptr || select->op == ast::SetOperation::kNone) return;
  throw SqlError(SqlState::kFeatureNotSupported,
                 "conditional UNION/INTERSECT/EXCEPT statements are not implemented");
}

}  // namespace luma
