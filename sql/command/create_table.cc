// CREATE TABLE.
#include <algorithm>

#include "sql/command/access_method.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/constraint_build.h"
#include "sql/command/inherit_parts.h"
#include "sql/command/like_clause.h"
#include "sql/command/partition_build.h"
#include "sql/command/partition_references.h"
#include "sql/command/partition_triggers.h"
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
    prepare_storage();
    if (statement_.partbound != nullptr) {
      inherit_from_parent();
    } else if (!statement_.inh_relations.empty()) {
      inherit_from_parents();
    }
    add_elements();
    refuse_default_conflicts(inherited_, plans_);
    if (statement_.partspec != nullptr) {
      table_->partition_key = make_partition_key(context_, *table_, *statement_.partspec);
      require_partition_options(*table_);
    }
    require_sort_key(*table_);
    store();
    if (statement_.partbound != nullptr) check_default();
    if (place.persistence == 't') context_.register_temporary(table_->oid, statement_.oncommit);
    return {"CREATE TABLE"};
  }

 private:
  void refuse_unsupported() {
    if (statement_.of_typename != nullptr) throw unsupported("CREATE TABLE OF a type");
    if (!statement_.tablespacename.empty() && statement_.tablespacename != "pg_default") {
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist",
                      statement_.tablespacename);
    }
  }

  void prepare_storage() {
    if (statement_.partspec == nullptr) {
      table_->access_method = table_access_method(context_, statement_.access_method);
    } else if (statement_.access_method.empty()) {
      table_->relkind = 'p';
      table_->access_method = kInvalidOid;
    } else {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "specifying a table access method is not supported on a partitioned table");
    }
    change_options(table_->options, statement_.options,
                   is_partitioned(*table_) ? OptionOwner::kPartitioned : OptionOwner::kTable,
                   false);
  }

  // Columns, constraints and indexes of the partitioned table.
  void inherit_from_parent() {
    const auto& name = *ast::as<ast::RangeVar>(statement_.inh_relations[0]);
    parent_ = copy_of(open_partition_parent(context_, name));
    if (parent_->persistence == 't' && table_->persistence != 't') {
      throw sql_error(SqlState::kWrongObjectType,
                      "cannot create a permanent relation as partition of temporary relation "
                      "\"{}\"",
                      parent_->name);
    }
    if (parent_->persistence != 't' && table_->persistence == 't') {
      throw sql_error(SqlState::kWrongObjectType,
                      "cannot create a temporary relation as partition of permanent relation "
                      "\"{}\"",
                      parent_->name);
    }
    table_->inherits = {parent_->oid};
    table_->partition_bound =
        make_partition_bound(context_, *parent_, *statement_.partbound, table_->name);
    ast::TableLikeClause all;
    all.relation = &name;
    all.options = ast::kLikeDefaults | ast::kLikeGenerated | ast::kLikeConstraints |
                  ast::kLikeIndexes | ast::kLikeStorage;
    LikeCopy& like = likes_.emplace_back(copy_like_columns(context_, all));
    like.as_partition = true;
    for (ColumnPlan& plan : like.columns) {
      plan.column.is_local = false;
      plan.column.inherit_count = 1;
      append(std::move(plan));
    }
  }

  void inherit_from_parents() {
    if (statement_.partspec != nullptr) {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     "cannot create partitioned table as inheritance child");
    }
    std::vector<std::string_view> names;
    for (const ast::Node* node : statement_.table_elts) {
      const auto* column = ast::try_as<ast::ColumnDef>(node);
      if (column == nullptr) continue;
      if (std::ranges::find(names, column->colname) != names.end()) {
        throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                        column->colname);
      }
      names.push_back(column->colname);
    }
    inherited_ = inherited_parts(context_, statement_.inh_relations, *table_);
    table_->inherits = inherited_.parents;
    for (const ColumnPlan& plan : inherited_.columns) append(plan);
  }

  // A definition of the table's own of a column that it inherits.
  void merge_column(size_t at, ColumnPlan own) {
    ColumnPlan& plan = plans_[at];
    if (plan.column.is_local) {
      throw sql_error(SqlState::kDuplicateColumn, "column \"{}\" specified more than once",
                      plan.column.name);
    }
    merge_own_column(context_, plan, std::move(own), at + 1 != own_columns_);
    table_->columns[at] = plan.column;
    for (PendingConstraint& pending : plan.constraints) add_pending(std::move(pending));
  }

  // A column that the parent has: what is said of it adds to that.
  void refine_column(const ast::ColumnDef& definition) {
    if (table_->find_column(definition.colname) == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist",
                      definition.colname);
    }
    for (const ast::Node* node : definition.constraints) {
      const auto& constraint = *ast::as<ast::Constraint>(node);
      size_t at = 0;
      while (table_->columns[at].name != definition.colname) ++at;
      switch (constraint.contype) {
        case ast::ConstrType::kNotNull:
          table_->columns[at].not_null = true;
          break;
        case ast::ConstrType::kDefault:
          plans_[at].default_node = constraint.raw_expr;
          break;
        case ast::ConstrType::kCheck:
        case ast::ConstrType::kPrimary:
        case ast::ConstrType::kUnique:
        case ast::ConstrType::kForeign:
          add_pending({&constraint, std::string(definition.colname), constraint.deferrable,
                       constraint.initdeferred});
          break;
        default:
          throw unsupported("this option of a partition's column").at_byte(node->location);
      }
    }
  }

  // Rows that the default partition has must not belong here.
  void check_default() {
    check_default_partition(context_, *context_.ddl().view()->table(parent_->oid),
                            table_->partition_bound);
  }

  void add_elements() {
    for (const ast::Node* node : statement_.table_elts) {
      const auto* refined = parent_ == nullptr ? nullptr : ast::try_as<ast::ColumnDef>(node);
      if (refined != nullptr) {
        refine_column(*refined);
      } else if (const auto* column = ast::try_as<ast::ColumnDef>(node)) {
        add_column(*column);
      } else if (const auto* constraint = ast::try_as<ast::Constraint>(node)) {
        add_table_constraint(*constraint);
      } else if (const auto* like = ast::try_as<ast::TableLikeClause>(node)) {
        likes_.push_back(copy_like_columns(context_, *like));
        for (ColumnPlan& plan : likes_.back().columns) append_own(std::move(plan));
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
    append_own(plan_column(context_, *table_, definition));
  }

  void append_own(ColumnPlan plan) {
    ++own_columns_;
    for (size_t i = 0; i < inherited_.columns.size(); ++i) {
      if (plans_[i].column.name == plan.column.name) return merge_column(i, std::move(plan));
    }
    append(std::move(plan));
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
        exclusions_.push_back(std::move(pending));
        return;
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
    add_inherited_checks(context_, *table_, inherited_);
    if (!inherited_.checks.empty()) put();
    std::vector<std::string> taken;
    for (const PendingConstraint& check : checks_) {
      if (!merges_with_inherited(check)) add_check(context_, *table_, check, taken);
    }
    for (LikeCopy& like : likes_) add_like_constraints(context_, *table_, like);
    put();
    for (const PendingConstraint& key : keys_) {
      AddedKey added = add_key(context_, *table_, key, true, "CREATE TABLE /");
      context_.ddl().put(std::move(added.index));
      put();
    }
    for (const PendingConstraint& exclusion : exclusions_) {
      AddedKey added = add_exclusion(context_, *table_, exclusion);
      context_.ddl().put(std::move(added.index));
      put();
    }
    for (LikeCopy& like : likes_) {
      add_like_indexes(context_, *table_, like);
      put();
    }
    if (parent_ != nullptr) {
      copy_partition_foreign_keys(context_, *parent_, table_->oid);
      copy_partition_triggers(context_, parent_->oid, table_->oid);
      reference_new_partition(context_, parent_->oid, table_->oid);
      table_ = copy_of(*context_.ddl().view()->table(table_->oid));
    }
    for (const PendingConstraint& key : foreign_keys_) {
      add_foreign_key(context_, *table_, key);
      put();
    }
  }

  bool merges_with_inherited(const PendingConstraint& check) {
    const Constraint* same = table_->find_constraint(check.node->conname);
    if (same == nullptr || same->is_local || same->inherit_count == 0 || parent_ != nullptr) {
      return false;
    }
    return merge_check(context_, *table_, check, {});
  }

  void store_values() {
    for (size_t i = 0; i < plans_.size(); ++i) {
      const ColumnPlan& plan = plans_[i];
      auto number = static_cast<int16_t>(i + 1);
      if (plan.needs_sequence) {
        make_owned_sequence(context_, *table_, number, plan.sequence_options, !plan.serial,
                            "CREATE TABLE");
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
  std::vector<PendingConstraint> checks_, keys_, exclusions_, foreign_keys_;
  std::vector<LikeCopy> likes_;
  std::shared_ptr<const Table> parent_;  // of a partition
  InheritedParts inherited_;
  size_t own_columns_ = 0;  // so far
};

}  // namespace

CommandResult create_table(const ast::CreateStmt& statement, CommandContext& context) {
  return TableCreator(statement, context).run();
}

}  // namespace luma
