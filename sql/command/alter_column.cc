// ALTER TABLE: adding, dropping and changing columns, but for their types.
#include <algorithm>

#include "engine/base/ascii_case.h"
#include "engine/exec/evaluator.h"
#include "engine/table/table_build.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/binder.h"
#include "sql/command/alter_table.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/sequence_options.h"
#include "sql/command/storage_options.h"

namespace luma {
namespace {

void require_relkind(const Table& table, std::string_view kinds, std::string_view action) {
  const char relkind = table.relkind == 'p' ? 'r' : table.relkind;
  if (kinds.find(relkind) != std::string_view::npos) return;
  std::string_view plural = table.relkind == 'v'   ? "views"
                            : table.relkind == 'm' ? "materialized views"
                                                   : "composite types";
  throw sql_error(SqlState::kWrongObjectType,
                  "ALTER action {} cannot be performed on relation \"{}\"", action, table.name)
      .detail(fmt::format("This operation is not supported for {}.", plural));
}

const Sequence* identity_sequence(const Catalog& catalog, Oid table, int16_t column) {
  for (const Sequence* sequence : catalog.sequences_owned_by(table)) {
    if (sequence->is_identity && sequence->owned_by_column == column) return sequence;
  }
  return nullptr;
}

}  // namespace

// --- ADD COLUMN ---

void TableAlterer::add_column(const ast::AlterTableCmd& command) {
  require_relkind(now(), "r", "ADD COLUMN");
  const auto& definition = *ast::as<ast::ColumnDef>(command.def);
  std::string name = truncated_name(definition.colname);
  if (now().find_column(name) != nullptr) {
    std::string text =
        fmt::format("column \"{}\" of relation \"{}\" already exists", name, now().name);
    if (!command.missing_ok) throw SqlError(SqlState::kDuplicateColumn, text);
    context_.notice({.state = SqlState::kDuplicateColumn, .message = text + ", skipping"});
    return;
  }
  check_new_column_name(now(), name);
  if (now().columns.size() >= 1600) {
    throw sql_error(SqlState::kTooManyColumns, "tables can have at most {} columns", 1600);
  }
  ColumnPlan plan = plan_column(context_, now(), definition);
  auto number = static_cast<int16_t>(now().columns.size() + 1);
  plan.column.number = number;
  change([&](Table& table) {
    // Rows written so far lack the column.
    if (table.schema_version == UINT16_MAX) rewrite_ = true;
    if (!rewrite_) plan.column.since_version = ++table.schema_version;
    table.columns.push_back(plan.column);
  });
  later_.insert(later_.end(), plan.constraints.begin(), plan.constraints.end());
  if (plan.needs_sequence) {
    change([&](Table& table) {
      make_owned_sequence(context_, table, number, plan.sequence_options, !plan.serial);
    });
    rewrite_for(rewrite_reason::kDefault);
    Arena arena;
    // The value that an INSERT would give, row by row.
    auto binder = std::make_unique<Binder>(context_.environment(), std::vector<Oid>());
    const Sequence* sequence = nullptr;
    for (const Sequence* owned : context_.ddl().view()->sequences_owned_by(table_)) {
      if (owned->owned_by_column == number) sequence = owned;
    }
    LUMA_CHECK(sequence != nullptr);
    auto* oid_text = arena.make<ast::AConst>();
    oid_text->kind = ast::ConstKind::kString;
    oid_text->text = arena.copy(std::to_string(sequence->oid));
    auto* regclass = arena.make<ast::TypeName>();
    regclass->names = ast::make_list<std::string_view>(arena, {"pg_catalog", "regclass"});
    auto* cast = arena.make<ast::TypeCast>();
    cast->arg = oid_text;
    cast->type_name = regclass;
    auto* call = arena.make<ast::FuncCall>();
    call->funcname = ast::make_list<std::string_view>(arena, {"pg_catalog", "nextval"});
    call->args = ast::make_list<const ast::Node*>(arena, {cast});
    new_values_[number] =
        binder->bind_standalone(call, Clause::kDefault, plan.column.type, Coercion::kAssignment);
    expressions_.push_back(binder->release_context());
  }
  if (plan.default_node != nullptr) {
    change([&](Table& table) { store_default(context_, table, number, plan.default_node); });
    if (!add_instantly(number, plan.default_node)) rewrite_for(rewrite_reason::kDefault);
  } else if (plan.generated_node == nullptr && !plan.needs_sequence) {
    add_domain_value(number);
  }
  if (plan.generated_node != nullptr) {
    change([&](Table& table) { store_generated(context_, table, number, plan.generated_node); });
    Binder binder(context_.environment(), {});
    TableDesc columns = columns_only_desc(now());
    new_values_[number] =
        binder.bind_table_expr(plan.generated_node, &columns, Clause::kGenerated, plan.column.type);
    expressions_.push_back(binder.release_context());
    rewrite_for(rewrite_reason::kDefault);
  }
  if (plan.column.not_null) not_null_.insert(number);
}

// Rows that are there get what their domain says a row without a value gets.
void TableAlterer::add_domain_value(int16_t number) {
  TypeRef type = now().column(number)->type;
  if (type_info(type.oid).type_type != 'd') return;
  Binder binder(context_.environment(), {});
  new_values_[number] = binder.type_default(type);
  expressions_.push_back(binder.release_context());
  rewrite_for(rewrite_reason::kDefault);
}

// The default as one value for all existing rows, when it is the same for all.
bool TableAlterer::add_instantly(int16_t number, const ast::Node* default_node) {
  Binder binder(context_.environment(), {});
  const Column column = *now().column(number);
  Expr* value =
      binder.bind_standalone(default_node, Clause::kDefault, column.type, Coercion::kAssignment);
  bool is_constant = expression_volatility(*value) != 'v';
  new_values_[number] = value;
  const TypeInfo& type = type_info(column.type.oid);
  // Text forms that need the catalog or the session's settings to be read are no good for storing.
  bool plain = type.type_type == 'b' && column.since_version != 0 && type.output != nullptr &&
               !(type.oid >= type_oid::kRegprocedure && type.oid <= type_oid::kRegtype) &&
               type.oid != type_oid::kRegproc;
  bool instant = is_constant && plain && !rewrite_;
  if (is_constant) {
    ExprEvaluator evaluator(*value, 1);
    Value result = evaluator.evaluate_scalar(context_.exec());
    if (instant && !result.is_null) {
      std::string text;
      IoContext io;
      type.output(result.datum, type, io, text);
      change([&](Table& table) { column_at(table, number).missing_text = text; });
    }
    // A later sub-command may still ask for a rewrite: then the same value is stored.
    new_values_[number] = make_constant(
        binder.context().arena(), column.type,
        result.is_null ? Value::null()
                       : Value(copy_datum(result.datum, type.physical, binder.context().arena())));
  }
  expressions_.push_back(binder.release_context());
  return instant;
}

// --- DROP COLUMN ---

void TableAlterer::drop_column(const ast::AlterTableCmd& command) {
  require_relkind(now(), "r", "DROP COLUMN");
  const Column* column = now().find_column(command.name);
  if (column == nullptr) {
    for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
      if (command.name != system) continue;
      throw sql_error(SqlState::kFeatureNotSupported, "cannot drop system column \"{}\"", system);
    }
    std::string text =
        fmt::format("column \"{}\" of relation \"{}\" does not exist", command.name, now().name);
    if (!command.missing_ok) throw SqlError(SqlState::kUndefinedColumn, text);
    notice(context_, text + ", skipping");
    return;
  }
  refuse_sort_key_change(now(), column->number);
  drop_parts({{class_oid::kRelation, table_, column->number}}, command.behavior);
}

// --- defaults, NOT NULL ---

void TableAlterer::set_default(const ast::AlterTableCmd& command) {
  require_relkind(now(), "rv", "ALTER COLUMN ... SET DEFAULT");
  const Column& column = require_column_of(now(), command.name);
  if (column.identity != '\0') {
    SqlError error =
        sql_error(SqlState::kSyntaxError, "column \"{}\" of relation \"{}\" is an identity column",
                  column.name, now().name);
    if (command.def == nullptr) {
      error.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.");
    }
    throw error;
  }
  if (column.generated != '\0') {
    SqlError error =
        sql_error(SqlState::kSyntaxError, "column \"{}\" of relation \"{}\" is a generated column",
                  column.name, now().name);
    if (command.def == nullptr) {
      error.hint("Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
    }
    throw error;
  }
  int16_t number = column.number;
  change([&](Table& table) {
    if (command.def == nullptr) {
      clear_default(table, number);
    } else {
      store_default(context_, table, number, command.def);
    }
  });
}

// Key bytes tell NULL from a value only where the column may be NULL.
void TableAlterer::rebuild_indexes_with(int16_t column) {
  for (Oid oid : context_.ddl().view()->indexes_of(table_)) {
    const Index& index = *context_.ddl().view()->index(oid);
    bool uses =
        std::ranges::any_of(index.keys, [&](const IndexKey& key) { return key.column == column; });
    if (uses && oid != now().row_key_index) stale_indexes_.insert(oid);
  }
}

void TableAlterer::set_not_null(int16_t column) {
  if (now().column(column)->not_null) return;
  change([&](Table& table) { column_at(table, column).not_null = true; });
  not_null_.insert(column);
  rebuild_indexes_with(column);
}

void TableAlterer::drop_not_null(std::string_view name) {
  const Column& column = require_column_of(now(), name);
  int16_t number = column.number;
  if (!column.not_null) return;
  if (column.identity != '\0') {
    throw sql_error(SqlState::kSyntaxError,
                    "column \"{}\" of relation \"{}\" is an identity column", column.name,
                    now().name);
  }
  if (const Constraint* key = now().primary_key();
      key != nullptr && std::ranges::find(key->columns, number) != key->columns.end()) {
    throw sql_error(SqlState::kInvalidTableDefinition, "column \"{}\" is in a primary key", name);
  }
  for (Oid oid : context_.ddl().view()->indexes_of(table_)) {
    const Index& index = *context_.ddl().view()->index(oid);
    if (!index.replica_identity) continue;
    for (const IndexKey& key : index.keys) {
      if (key.column != number) continue;
      throw sql_error(SqlState::kInvalidTableDefinition,
                      "column \"{}\" is in index used as replica identity", name);
    }
  }
  change([&](Table& table) { column_at(table, number).not_null = false; });
  rebuild_indexes_with(number);
}

void TableAlterer::drop_expression(const ast::AlterTableCmd& command) {
  require_table("ALTER COLUMN ... DROP EXPRESSION");
  const Column& column = require_column_of(now(), command.name);
  if (column.generated == '\0') {
    std::string text =
        fmt::format("column \"{}\" of relation \"{}\" is not a stored generated column",
                    column.name, now().name);
    if (!command.missing_ok) throw SqlError(SqlState::kObjectNotInPrerequisiteState, text);
    notice(context_, text + ", skipping");
    return;
  }
  int16_t number = column.number;
  change([&](Table& table) {
    clear_default(table, number);
    column_at(table, number).generated = '\0';
  });
}

// --- storage attributes ---

void TableAlterer::set_statistics(const ast::AlterTableCmd& command) {
  require_relkind(now(), "rm", "ALTER COLUMN ... SET STATISTICS");
  const auto* number = ast::try_as<ast::Integer>(command.def);
  int target = number == nullptr ? -1 : number->ival;
  if (target < -1) {
    throw sql_error(SqlState::kInvalidParameterValue, "statistics target {} is too low", target);
  }
  if (target > 10000) {
    target = 10000;
    warning(context_, SqlState::kInvalidParameterValue,
            fmt::format("lowering statistics target to {}", target));
  }
  int16_t column = require_column_of(now(), command.name).number;
  change([&](Table& table) { column_at(table, column).statistics_target = target; });
}

void TableAlterer::set_storage(const ast::AlterTableCmd& command) {
  require_relkind(now(), "rm", "ALTER COLUMN ... SET STORAGE");
  std::string word = ascii_lower(ast::as<ast::String>(command.def)->sval);
  char storage = word == "plain"      ? 'p'
                 : word == "external" ? 'e'
                 : word == "extended" ? 'x'
                 : word == "main"     ? 'm'
                                      : '\0';
  if (storage == '\0') {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid storage type \"{}\"", word);
  }
  const Column& column = require_column_of(now(), command.name);
  if (type_info(column.type.oid).storage == 'p' && storage != 'p') {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "column data type {} can only have storage PLAIN",
                    context_.ddl().view()->type_name(column.type.oid));
  }
  int16_t number = column.number;
  change([&](Table& table) { column_at(table, number).storage = storage; });
}

// --- identity ---

void TableAlterer::add_identity(const ast::AlterTableCmd& command) {
  require_table("ALTER COLUMN ... ADD IDENTITY");
  const Column& column = require_column_of(now(), command.name);
  int16_t number = column.number;
  if (!column.not_null) {
    throw sql_error(
        SqlState::kObjectNotInPrerequisiteState,
        "column \"{}\" of relation \"{}\" must be declared NOT NULL before identity can "
        "be added",
        column.name, now().name);
  }
  if (column.identity != '\0') {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "column \"{}\" of relation \"{}\" is already an identity column", column.name,
                    now().name);
  }
  if (column.has_default()) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "column \"{}\" of relation \"{}\" already has a default value", column.name,
                    now().name);
  }
  if (column.type.oid != type_oid::kInt2 && column.type.oid != type_oid::kInt4 &&
      column.type.oid != type_oid::kInt8) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "identity column type must be smallint, integer, or bigint");
  }
  const auto& node = *ast::as<ast::Constraint>(command.def);
  change([&](Table& table) {
    column_at(table, number).identity = node.generated_when;
    make_owned_sequence(context_, table, number, node.options, true);
  });
}

void TableAlterer::set_identity(const ast::AlterTableCmd& command) {
  require_table("ALTER COLUMN ... SET");
  const Column& column = require_column_of(now(), command.name);
  int16_t number = column.number;
  if (column.identity == '\0') {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                    "column \"{}\" of relation \"{}\" is not an identity column", column.name,
                    now().name);
  }
  std::vector<const ast::Node*> options;
  for (const ast::Node* node : ast::as<ast::ListNode>(command.def)->items) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname != "generated") {
      options.push_back(node);
      continue;
    }
    auto when = static_cast<char>(ast::as<ast::Integer>(option.arg)->ival);
    change([&](Table& table) { column_at(table, number).identity = when; });
  }
  if (options.empty()) return;
  const Sequence* owned = identity_sequence(*context_.ddl().view(), table_, number);
  LUMA_CHECK(owned != nullptr);
  auto sequence = std::make_shared<Sequence>(*owned);
  SequenceChange changed = apply_sequence_options(
      context_, *sequence, ast::NodeList(options.data(), options.size()), false, true);
  SequenceState state =
      context_.sequences().read(&context_.transaction(), context_.sequence_id(sequence->oid));
  context_.sequences().create(context_.transaction(), context_.sequence_id(sequence->oid),
                              changed.restart.value_or(state.last_value),
                              !changed.restart.has_value() && state.is_called);
  context_.ddl().put(std::move(sequence));
}

void TableAlterer::drop_identity(const ast::AlterTableCmd& command) {
  require_table("ALTER COLUMN ... DROP IDENTITY");
  const Column& column = require_column_of(now(), command.name);
  int16_t number = column.number;
  if (column.identity == '\0') {
    std::string text = fmt::format("column \"{}\" of relation \"{}\" is not an identity column",
                                   column.name, now().name);
    if (!command.missing_ok) throw SqlError(SqlState::kObjectNotInPrerequisiteState, text);
    notice(context_, text + ", skipping");
    return;
  }
  change([&](Table& table) { column_at(table, number).identity = '\0'; });
  const Sequence* sequence = identity_sequence(*context_.ddl().view(), table_, number);
  if (sequence == nullptr) return;
  context_.sequences().drop(context_.transaction(), context_.sequence_id(sequence->oid));
  context_.ddl().remove(sequence->address());
}

}  // namespace luma
