#include "sql/command/statistics_command.h"

#include <algorithm>

#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

constexpr size_t kMaxColumns = 8;
constexpr int32_t kMaxTarget = 10000;

const ExtendedStatistics* find_statistics(CommandContext& context, const QualifiedName& name) {
  const Catalog& catalog = *context.ddl().view();
  if (!name.schema.empty()) {
    const Schema& schema =
        require_schema(catalog, context.environment().search_path(), name.schema);
    return find_extended_statistics(catalog, schema.oid, name.name);
  }
  for (Oid schema : context.environment().search_path().schemas) {
    if (const auto* found = find_extended_statistics(catalog, schema, name.name)) return found;
  }
  return nullptr;
}

std::string shown(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}

std::string missing_text(const QualifiedName& name) {
  return fmt::format("statistics object \"{}\" does not exist", shown(name));
}

void require_free_name(CommandContext& context, Oid schema, std::string_view name) {
  if (find_extended_statistics(*context.ddl().view(), schema, name) == nullptr) return;
  throw sql_error(SqlState::kDuplicateObject,
                  "statistics object \"{}\" already exists in schema \"{}\"", name,
                  context.ddl().view()->schema_name(schema));
}

const Table& lock_described_table(const ast::CreateStatsStmt& statement, CommandContext& context) {
  if (statement.relations.size() != 1) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "only a single relation is allowed in CREATE STATISTICS");
  }
  const auto* name = ast::try_as<ast::RangeVar>(statement.relations.front());
  if (name == nullptr) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "CREATE STATISTICS only supports relation names in the FROM clause");
  }
  const Relation& relation = require_and_lock(context, *name, TableLockMode::kShareUpdateExclusive);
  if (std::string_view("rmfp").find(relation.relkind) == std::string_view::npos) {
    SqlError error = sql_error(SqlState::kWrongObjectType,
                               "cannot define statistics for relation \"{}\"", relation.name);
    std::string_view plural = relation.relkind == 'v'   ? "views"
                              : relation.relkind == 'S' ? "sequences"
                              : relation.relkind == 'c' ? "composite types"
                                                        : "indexes";
    throw error.detail(fmt::format("This operation is not supported for {}.", plural));
  }
  require_owner(context, relation);
  return static_cast<const Table&>(relation);
}

void require_order(CommandContext& context, std::string_view what, TypeRef type) {
  if (FunctionRegistry::instance().default_opclass(kBtreeAm, type.oid) != nullptr) return;
  throw sql_error(SqlState::kFeatureNotSupported,
                  "{} cannot be used in statistics because its type {} has no default btree "
                  "operator class",
                  what, context.ddl().view()->type_name(type.oid));
}

class StatisticsMaker {
 public:
  StatisticsMaker(CommandContext& context, const Table& table, ExtendedStatistics& out)
      : context_(context), table_(table), out_(out) {}

  void add_all(const ast::NodeList& elements) {
    for (const ast::Node* node : elements) {
      const auto& element = *ast::as<ast::StatsElem>(node);
      if (out_.columns.size() == kMaxColumns) {
        throw sql_error(SqlState::kTooManyColumns, "cannot have more than {} columns in statistics",
                        kMaxColumns);
      }
      if (!element.name.empty()) {
        add_column(element.name);
      } else if (const auto* column = plain_column(element.expr)) {
        add_column(*column);
      } else {
        throw unsupported("statistics on expressions");
      }
    }
  }

  void set_kinds(const ast::NameList& names) {
    std::string wanted;
    for (std::string_view name : names) {
      char kind = name == "ndistinct"      ? 'd'
                  : name == "dependencies" ? 'f'
                  : name == "mcv"          ? 'm'
                                           : '\0';
      if (kind == '\0') {
        throw sql_error(SqlState::kSyntaxError, "unrecognized statistics kind \"{}\"", name);
      }
      wanted += kind;
    }
    if (wanted.empty()) wanted = "dfm";
    for (char kind : {'d', 'f', 'm'}) {
      if (wanted.find(kind) != std::string::npos) out_.kinds += kind;
    }
  }

  void check() {
    if (out_.columns.size() < 2) {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     "extended statistics require at least 2 columns");
    }
    std::ranges::sort(out_.columns);
    if (std::ranges::adjacent_find(out_.columns) != out_.columns.end()) {
      throw SqlError(SqlState::kDuplicateColumn, "duplicate column name in statistics definition");
    }
  }

 private:
  // A column in parentheses is a column.
  static const std::string_view* plain_column(const ast::Node* node) {
    const auto* ref = ast::try_as<ast::ColumnRef>(node);
    if (ref == nullptr || ref->fields.size() != 1) return nullptr;
    const auto* name = ast::try_as<ast::String>(ref->fields[0]);
    return name == nullptr ? nullptr : &name->sval;
  }

  void add_column(std::string_view name) {
    const Column* column = table_.find_column(name);
    if (column == nullptr) {
      for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
        if (name != system) continue;
        throw SqlError(SqlState::kFeatureNotSupported,
                       "statistics creation on system columns is not supported");
      }
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name);
    }
    require_order(context_, fmt::format("column \"{}\"", name), column->type);
    out_.columns.push_back(column->number);
    out_.dependencies.push_back(
        {out_.address(), {class_oid::kRelation, table_.oid, column->number}, 'a'});
  }

  CommandContext& context_;
  const Table& table_;
  ExtendedStatistics& out_;
};

std::shared_ptr<ExtendedStatistics> copy_to_change(CommandContext& context,
                                                   const QualifiedName& name) {
  return std::make_shared<ExtendedStatistics>(require_own_statistics(context, name));
}

}  // namespace

const ExtendedStatistics& require_own_statistics(CommandContext& context,
                                                 const QualifiedName& name) {
  const ExtendedStatistics* found = find_statistics(context, name);
  if (found == nullptr) throw SqlError(SqlState::kUndefinedObject, missing_text(name));
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), found->owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of statistics object {}",
                    shown(name));
  }
  return *found;
}

CommandResult create_statistics(const ast::CreateStatsStmt& statement, CommandContext& context) {
  const Table& table = lock_described_table(statement, context);
  QualifiedName name = qualified_name(statement.defnames);
  const Oid schema = place_of_new_object(context, name.schema, -1);
  auto made = std::make_shared<ExtendedStatistics>();
  made->name = truncated_name(name.name);
  if (find_extended_statistics(*context.ddl().view(), schema, made->name) != nullptr) {
    std::string text = fmt::format("statistics object \"{}\" already exists", made->name);
    if (!statement.if_not_exists) throw SqlError(SqlState::kDuplicateObject, text);
    context.notice({.state = SqlState::kDuplicateObject, .message = text + ", skipping"});
    return {"CREATE STATISTICS"};
  }
  made->oid = context.ddl().new_oid();
  made->schema = schema;
  made->owner = context.current_user();
  made->table = table.oid;
  made->dependencies.push_back({made->address(), {class_oid::kSchema, schema, 0}, 'n'});
  StatisticsMaker maker(context, table, *made);
  maker.add_all(statement.exprs);
  maker.set_kinds(statement.stat_types);
  maker.check();
  context.ddl().put(std::move(made));
  return {"CREATE STATISTICS"};
}

CommandResult alter_statistics(const ast::AlterStatsStmt& statement, CommandContext& context) {
  int32_t target = statement.stxstattarget;
  if (target < -1) {
    throw sql_error(SqlState::kInvalidParameterValue, "statistics target {} is too low", target);
  }
  if (target > kMaxTarget) {
    target = kMaxTarget;
    warning(context, SqlState::kInvalidParameterValue,
            fmt::format("lowering statistics target to {}", target));
  }
  QualifiedName name = qualified_name(statement.defnames);
  if (statement.missing_ok && find_statistics(context, name) == nullptr) {
    notice(context, missing_text(name) + ", skipping");
    return {"ALTER STATISTICS"};
  }
  auto copy = copy_to_change(context, name);
  copy->target = target;
  context.ddl().put(std::move(copy));
  return {"ALTER STATISTICS"};
}

CommandResult drop_statistics(const ast::DropStmt& statement, CommandContext& context) {
  for (const ast::Node* node : statement.objects) {
    QualifiedName name = qualified_name(node);
    if (statement.missing_ok && !name.schema.empty() &&
        context.ddl().view()->find_schema(name.schema) == nullptr) {
      notice(context, fmt::format("schema \"{}\" does not exist, skipping", name.schema));
      continue;
    }
    if (statement.missing_ok && find_statistics(context, name) == nullptr) {
      notice(context, missing_text(name) + ", skipping");
      continue;
    }
    context.ddl().remove(require_own_statistics(context, name).address());
  }
  return {"DROP STATISTICS"};
}

CommandResult rename_statistics(const ast::RenameStmt& statement, CommandContext& context) {
  auto copy = copy_to_change(context, qualified_name(statement.object));
  std::string new_name = truncated_name(statement.newname);
  require_free_name(context, copy->schema, new_name);
  copy->name = new_name;
  context.ddl().put(std::move(copy));
  return {"ALTER STATISTICS"};
}

CommandResult move_statistics(const ast::AlterObjectSchemaStmt& statement,
                              CommandContext& context) {
  auto copy = copy_to_change(context, qualified_name(statement.object));
  const Oid schema = require_schema(*context.ddl().view(), context.environment().search_path(),
                                    statement.newschema)
                         .oid;
  require_create_privilege(context, schema);
  if (schema == copy->schema) return {"ALTER STATISTICS"};
  require_free_name(context, schema, copy->name);
  for (Dependency& edge : copy->dependencies) {
    if (edge.referenced.class_id == class_oid::kSchema) edge.referenced.oid = schema;
  }
  copy->schema = schema;
  context.ddl().put(std::move(copy));
  return {"ALTER STATISTICS"};
}

}  // namespace luma
