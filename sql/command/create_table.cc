// CREATE TABLE.
#include <algorithm>

#include "sql/command/access_method.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/constraint_build.h"
#include "sql/command/like_clause.h"
#include "sql/command/relation_create.h"
#include "sql/command/storage_options.h"

namespace luma {
namespace {

constexpr size_t kMaxColumns = 1600;

class TableCreator {
 public:
  TableCreator(const ast::CreateStmt& statement, CommandContext& context)
      : statement_(statement), context_(context) {}

  CommandResult run() {
    refuse_unsupported();
    NewRelationPlace place =
        place_of_new_relation(context_, *statement_.relation, statement_.relation->relpersistence);
    std::string name = truncated_name(statement_.relation->relname);
    if (skip_existing(context_, place.schema, name, statement_.if_not_exists)) {
      return {"CREATE TABLE"};
    }
    if (statement_.oncommit != ast::OnCommitAction::kNoop && place.persistence != 't') {
      throw SqlError(SqlState::kInvalidTableDefinition,
                     "ON COMMIT can only be used on temporary tables");
    }
    table_->oid = context_.ddl().new_oid();
    table_->name = name;
    table_->schema = place.schema;
    table_->persistence = place.persistence;
    table_->owner = context_.current_user();
    table_->access_method = table_access_method(context_, statement_.access_method);
    change_options(table_->options, statement_.options, OptionOwner::kTable, false);
    add_elements();
    store();
    if (place.persistence == 't') context_.register_temporary(table_->oid, statement_.oncommit);
    return {"CREATE TABLE"};
  }

 private:
  void refuse_unsupported() {
    if (!statement_.inh_relations.empty()) {
      if (statement_.partbound != nullptr) throw unsupported("PARTITION OF");
      throw unsupported("INHERITS");
    }
    if (statement_.partspec != nullptr) throw unsupported("PARTITION BY");
    if (statement_.of_typename != nullptr) throw unsupported("CREATE TABLE OF a type");
    if (!statement_.tablespacename.empty() && statement_.tablespacename != "pg_default") {
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                      statement_.tablespacename);
    }
  }

  void add_elements() {
    for (const ast::Node* node : statement_.table_elts) {
      if (const auto* column = ast::try_as<ast::ColumnDef>(node)) {
        add_column(*column);
      } else if (const auto* constraint = ast::try_as<ast::Constraint>(node)) {
        add_table_constraint(*constraint);
      } else if (const auto* like = ast::try_as<ast::TableLikeClause>(node)) {
        likes_.push_back(copy_like_columns(context_, *like));
        for (ColumnPlan& plan : likes_.back().columns) append(std::move(plan));
      } else {
        throw unsupported("{} in CREATE TABLE", ast::node_name(node->tag));
      }
    }
    for (const ast::Node* node : statement_.constraints) {
      add_table_constraint(*ast::as<ast::Constraint>(node));
    }
    if (table_->columns.size() > kMaxColumns) {
      throw sql_error(SqlState::kTooManyColumns, "tables can have at most {} columns", kMaxColumns);
    }
  }

  void add_column(const ast::ColumnDef& definition) {
    append(plan_column(context_, *table_, definition));
  }

  void append(ColumnPlan plan) {
    if (table_->find_column(plan.column.name) != nullptr) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                      plan.column.name);
    }
    check_new_column_name(*table_, plan.column.name);
    plan.column.number = static_cast<int16_t>(table_->columns.size() + 1);
    table_->columns.push_back(plan.column);
    for (PendingConstraint& pending : plan.constraints) add_pending(std::move(pending));
    plans_.push_back(std::move(plan));
  }

  void add_table_constraint(const ast::Constraint& node) {
    add_pending({&node, "", node.deferrable, node.initdeferred});
  }

  void add_pending(PendingConstraint pending) {
    switch (pending.node->contype) {
      case ast::ConstrType::kCheck:
        checks_.push_back(std::move(pending));
        return;
      case ast::ConstrType::kPrimary:
        keys_.insert(keys_.begin(), std::move(pending));
        return;
      case ast::ConstrType::kUnique:
        if (!pending.node->indexname.empty()) break;
        keys_.push_back(std::move(pending));
        return;
      case ast::ConstrType::kForeign:
        foreign_keys_.push_back(std::move(pending));
        return;
      case ast::ConstrType::kExclusion:
        throw unsupported("an exclusion constraint").at_byte(pending.node->location);
      default:
        break;
    }
    throw unsupported("this constraint in CREATE TABLE").at_byte(pending.node->location);
  }

  // Puts the table and everything that belongs to it into the catalog.
  void store() {
    size_t primary_keys =
        static_cast<size_t>(std::ranges::count_if(keys_, [](const PendingConstraint& p) {
          return p.node->contype == ast::ConstrType::kPrimary;
        }));
    if (primary_keys > 1) {
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "multiple primary keys for table \"{}\" are not allowed", table_->name)
          .at_byte(keys_[0].node->location);
    }
    put();
    store_values();
    std::vector<std::string> taken;
    for (const PendingConstraint& check : checks_) add_check(context_, *table_, check, taken);
    for (LikeCopy& like : likes_) add_like_constraints(context_, *table_, like);
    put();
    for (const PendingConstraint& key : keys_) {
      AddedKey added = add_key(context_, *table_, key, true);
      context_.ddl().put(std::move(added.index));
      put();
    }
    for (LikeCopy& like : likes_) {
      add_like_indexes(context_, *table_, like);
      put();
    }
    for (const PendingConstraint& key : foreign_keys_) {
      add_foreign_key(context_, *table_, key);
      put();
    }
  }

  void store_values() {
    for (size_t i = 0; i < plans_.size(); ++i) {
      const ColumnPlan& plan = plans_[i];
      auto number = static_cast<int16_t>(i + 1);
      if (plan.needs_sequence) {
        make_owned_sequence(context_, *table_, number, plan.sequence_options, !plan.serial);
      }
      if (plan.default_node != nullptr) store_default(context_, *table_, number, plan.default_node);
    }
    for (size_t i = 0; i < plans_.size(); ++i) {
      if (plans_[i].generated_node == nullptr) continue;
      store_generated(context_, *table_, static_cast<int16_t>(i + 1), plans_[i].generated_node);
    }
  }

  // The catalog keeps what was put: go on with a copy.
  void put() {
    context_.ddl().put(table_);
    table_ = copy_of(*context_.ddl().view()->table(table_->oid));
  }

  const ast::CreateStmt& statement_;
  CommandContext& context_;
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
  std::vector<ColumnPlan> plans_;
  std::vector<PendingConstraint> checks_, keys_, foreign_keys_;
  std::vector<LikeCopy> likes_;
};

}  // namespace

CommandResult create_table(const ast::CreateStmt& statement, CommandContext& context) {
  return TableCreator(statement, context).run();
}

}  // namespace luma
