#pragma once
// What rules (CREATE RULE) make of a statement: itself, other statements, or both, in the order in
// which they are to be run. Decided on syntax trees before anything is bound; a rule's action reads
// the rows of the statement it stands for as OLD and NEW, which the Binder joins to it.
#include <memory>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "sql/ast/ast.h"
#include "sql/bind/bind_environment.h"
#include "sql/catalog/object.h"

namespace luma {

struct RuleFrame;

// Why a statement is run.
enum class RuleSource : uint8_t { kOriginal, kInstead, kConditionalInstead, kAlso };

struct RuleStatement {
  const ast::Node* node = nullptr;
  // Where it is an action: the statement whose rows it names. Null for a user's statement.
  std::shared_ptr<const RuleFrame> frame;
  // What it changes: its relation, or a view or table below that one when rules of relations above
  // had nothing against it. Null: its relation.
  const Table* target = nullptr;
  // The conditions of INSTEAD rules of `target`: their rows are none of the statement's.
  std::vector<const ast::Node*> excluded;
  // An action whose RETURNING list stands for that of the statement in `frame`.
  bool returns = false;
  RuleSource source = RuleSource::kOriginal;
};

// Where OLD and NEW come from.
struct RuleFrame {
  RuleStatement statement;               // no node: any statement, while a rule is being defined
  const Table* table = nullptr;          // the rule's
  char event = '3';                      // as Rule::event
  const ast::Node* condition = nullptr;  // of the rule
  // Whether rule or action look at the rows. Otherwise an UPDATE or DELETE without condition runs
  // the action once, as PostgreSQL does.
  bool names_rows = true;
  bool is_definition() const { return statement.node == nullptr; }
};

struct RuleRewrite {
  Arena arena;  // of the rules' trees
  std::vector<RuleStatement> statements;
  // The one that gives the command tag and the rows of RETURNING; -1: none does.
  int main = -1;
  char command = 'S';  // of the tag then: I, U, D
};

// Null when no rule applies to the statement (the usual case). `environment` must outlive the
// result, whose tables belong to its catalog. Throws 42P17 for rules that lead back to themselves,
// 0A000 for what rules cannot do.
std::unique_ptr<RuleRewrite> rewrite_with_rules(BindEnvironment& environment,
                                                const ast::Node* statement);
// Of a data-modifying statement in WITH: the only one that it may become.
std::unique_ptr<RuleRewrite> rewrite_in_with(BindEnvironment& environment, const SearchPath& path,
                                             const ast::Node* statement);

// Nothing can be joined to a set operation: 0A000 where an action that needs a row is one.
void refuse_set_operation(const ast::Node* action);

// The path that rules' texts are read under.
SearchPath rule_path(BindEnvironment& environment);
// ON CONFLICT and MERGE do not go together with rules.
bool has_rules_for(const Table& table, char event);

}  // namespace luma
