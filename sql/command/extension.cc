// CREATE, ALTER and DROP EXTENSION. An extension's functions are objects of the catalog that depend
// on it; what they run is built in.
#include "sql/function/extension.h"

#include "engine/base/sql_error.h"
#include "engine/type/extension_type.h"
#include "sql/catalog/clone_object.h"
#include "sql/catalog/extension_facts.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/stored_text.h"
#include "sql/command/table_storage.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {

constexpr std::string_view kPlpgsql = "plpgsql";

Dependency membership(Oid extension) {
  Dependency edge;
  edge.referenced = {class_oid::kExtension, extension, 0};
  edge.kind = 'e';
  return edge;
}

// The text up to the next comma, which goes with it.
std::string_view take_item(std::string_view& list) {
  std::string_view item = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), item.size() + 1));
  return item;
}

// A built-in type or one of the extension's own.
Oid member_type(std::string_view name, const Extension& extension, CommandContext& context) {
  if (const TypeInfo* info = find_type(name)) return info->oid;
  Oid own = context.ddl().view()->find_type_oid(extension.schema, name);
  LUMA_CHECK(own != kInvalidOid);
  return own;
}

std::shared_ptr<Function> make_member(const ExtensionFunction& row, const Extension& extension,
                                      CommandContext& context) {
  size_t open = row.signature.find('(');
  auto function = std::make_shared<Function>();
  function->oid = context.ddl().new_oid();
  function->name = row.signature.substr(0, open);
  if (row.implementation.aggregate != nullptr) function->routine = 'a';
  function->owner = extension.owner;
  function->schema = extension.schema;
  std::string_view types = row.signature.substr(open + 1, row.signature.size() - open - 2);
  std::string_view names = row.input_names, outputs = row.outputs;
  while (!types.empty()) {
    std::string_view type = take_item(types);
    function->arguments.push_back(
        {std::string(take_item(names)), find_type(type)->oid, 'i', std::string(row.input_default)});
  }
  while (!outputs.empty()) {
    std::string_view output = take_item(outputs);
    size_t space = output.find(' ');
    function->arguments.push_back(
        {std::string(output.substr(0, space)), find_type(output.substr(space + 1))->oid, 'o', ""});
  }
  if (row.returns_set) function->rows = 1000;
  if (row.owner_only) function->acl = Acl{{extension.owner, extension.owner, "X", ""}};
  function->result = member_type(row.result, extension, context);
  function->returns_set = row.returns_set;
  function->language = row.sql.empty() ? "c" : "sql";
  function->source =
      row.sql.empty() ? fmt::format("{}/{}", extension.name, row.signature) : std::string(row.sql);
  function->volatility = row.volatility;
  function->parallel = 's';
  function->strict = row.strict;
  function->cost = 1;
  Dependency edge = membership(extension.oid);
  edge.dependent = function->address();
  function->dependencies.push_back(edge);
  return function;
}

// Base types, with the oids that they have everywhere.
void put_types(const Extension& extension, CommandContext& context) {
  for (const TypeInfo& info : all_types()) {
    if (!is_extension_type(info.oid) || info.array == kInvalidOid) continue;
    if (extension_of_type(info.oid) != extension.name) continue;
    if (context.ddl().view()->find_type_oid(extension.schema, info.name) != kInvalidOid) {
      throw sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", info.name);
    }
    auto type = std::make_shared<Type>();
    type->oid = info.oid;
    type->name = info.name;
    type->schema = extension.schema;
    type->owner = extension.owner;
    type->type_type = 'b';
    type->array_type = info.array;
    type->collation = info.collation;
    Dependency edge = membership(extension.oid);
    edge.dependent = type->address();
    type->dependencies.push_back(edge);
    context.ddl().put(std::move(type));
  }
}

void make_type(const ExtensionType& row, const Extension& extension, CommandContext& context) {
  const std::string schema = quote_identifier(context.ddl().view()->schema(extension.schema)->name);
  const std::string sql = fmt::format("create type {}.{} as ({})", schema, row.name, row.columns);
  Arena arena;
  ParseResult parsed = parse_sql(sql, arena, {});
  create_composite_type(*ast::as<ast::CompositeTypeStmt>(parsed.statements[0].node), context);
  Oid made = context.ddl().view()->find_type_oid(extension.schema, row.name);
  auto type = std::make_shared<Type>(*context.ddl().view()->type(made));
  Dependency edge = membership(extension.oid);
  edge.dependent = type->address();
  type->dependencies.push_back(edge);
  context.ddl().put(std::move(type));
}

// An aggregate's step is a function that was made before it.
void describe_aggregate(const ExtensionFunction& row, const Extension& extension,
                        CommandContext& context, Function& function) {
  size_t open = row.transition.find('(');
  std::string_view types = row.transition.substr(open + 1, row.transition.size() - open - 2);
  std::vector<Oid> arguments;
  while (!types.empty()) arguments.push_back(find_type(take_item(types))->oid);
  const Function* step = context.ddl().view()->find_function(
      extension.schema, row.transition.substr(0, open), arguments);
  LUMA_CHECK(step != nullptr);
  Function::Aggregate& aggregate = function.aggregate.emplace();
  aggregate.transition = step->oid;
  aggregate.transition_type = step->result;
}

void make_view(const ExtensionView& row, const Extension& extension, CommandContext& context) {
  const std::string schema = quote_identifier(context.ddl().view()->schema(extension.schema)->name);
  const std::string sql =
      fmt::format("create view {0}.{1} as select * from {0}.{2}", schema, row.name, row.call);
  Arena arena;
  ParseResult parsed = parse_sql(sql, arena, {});
  create_view(*ast::as<ast::ViewStmt>(parsed.statements[0].node), context);
  const Relation* made = context.ddl().view()->find_relation(extension.schema, row.name);
  auto view = copy_of(static_cast<const Table&>(*made));
  Dependency edge = membership(extension.oid);
  edge.dependent = view->address();
  view->dependencies.push_back(edge);
  // Everybody may read it.
  view->acl = Acl{{extension.owner, extension.owner, "arwdDxt", ""},
                  {kPublicGrantee, extension.owner, "r", ""}};
  context.ddl().put(std::move(view));
}

struct CreateOptions {
  std::string_view schema, version;
};

CreateOptions read_options(const ast::CreateExtensionStmt& statement) {
  CreateOptions out;
  for (const ast::Node* node : statement.options) {
    const auto* option = ast::as<ast::DefElem>(node);
    std::string_view value;
    if (const auto* text = ast::try_as<ast::String>(option->arg)) value = text->sval;
    if (option->defname == "schema") out.schema = value;
    if (option->defname == "new_version") out.version = value;
  }
  return out;
}

[[noreturn]] void throw_unavailable(std::string_view name) {
  throw sql_error(SqlState::kFeatureNotSupported, "extension \"{}\" is not available", name)
      .detail(fmt::format("Could not open extension control file "
                          "\"/usr/share/postgresql/15/extension/{}.control\": No such file or "
                          "directory.",
                          name))
      .hint("The extension must first be installed on the system where PostgreSQL is running.");
}

void require_may_create(CommandContext& context, const ExtensionFact& fact) {
  if (is_superuser_now(context)) return;
  const Catalog& catalog = *context.ddl().view();
  const Database* database = catalog.database(catalog.database_oid());
  if (fact.trusted && database != nullptr &&
      has_database_privilege(catalog, context.current_user(), *database, 'C')) {
    return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to create extension \"{}\"",
                  fact.name)
      .hint(fact.trusted
                ? "Must have CREATE privilege on current database to create this extension."
                : "Must be superuser to create this extension.");
}

const Extension& require_extension(CommandContext& context, std::string_view name) {
  const Extension* found = context.ddl().view()->find_extension(name);
  if (found == nullptr) {
    throw sql_error(SqlState::kUndefinedObject, "extension \"{}\" does not exist", name);
  }
  return *found;
}

void require_extension_owner(CommandContext& context, const Extension& extension) {
  if (is_superuser_now(context) ||
      is_member_of(*context.ddl().view(), context.current_user(), extension.owner)) {
    return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of extension {}",
                  extension.name);
}

}  // namespace

CommandResult create_extension(const ast::CreateExtensionStmt& statement, CommandContext& context) {
  const CommandResult done{"CREATE EXTENSION"};
  std::string_view name = statement.extname;
  if (name == kPlpgsql || context.ddl().view()->find_extension(name) != nullptr) {
    if (!statement.if_not_exists) {
      throw sql_error(SqlState::kDuplicateObject, "extension \"{}\" already exists", name);
    }
    context.notice({.state = SqlState::kDuplicateObject,
                    .message = fmt::format("extension \"{}\" already exists, skipping", name)});
    return done;
  }
  const ExtensionFact* fact = find_extension_fact(name);
  if (fact == nullptr) throw_unavailable(name);
  CreateOptions options = read_options(statement);
  if (!options.version.empty() && options.version != fact->version) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "extension \"{}\" has no installation script nor update path for version "
                    "\"{}\"",
                    name, options.version);
  }
  require_may_create(context, *fact);
  auto extension = std::make_shared<Extension>();
  extension->oid = context.ddl().new_oid();
  extension->name = name;
  extension->owner = context.current_user();
  extension->schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                                      options.schema, -1);
  extension->version = fact->version;
  extension->relocatable = fact->relocatable;
  extension->comment = fact->comment;
  context.ddl().put(extension);
  put_types(*extension, context);
  for (const ExtensionType& row : extension_types()) {
    if (row.extension == name) make_type(row, *extension, context);
  }
  for (const ExtensionFunction& row : extension_functions(name)) {
    std::shared_ptr<Function> member = make_member(row, *extension, context);
    if (!row.transition.empty()) describe_aggregate(row, *extension, context, *member);
    context.ddl().put(std::move(member));
  }
  for (const ExtensionView& row : extension_views()) {
    if (row.extension == name) make_view(row, *extension, context);
  }
  return done;
}

// UPDATE: there is one version of each.
CommandResult alter_extension(const ast::AlterExtensionStmt& statement, CommandContext& context) {
  if (statement.extname == kPlpgsql) throw unsupported("ALTER EXTENSION plpgsql");
  const Extension& extension = require_extension(context, statement.extname);
  require_extension_owner(context, extension);
  std::string_view version = find_extension_fact(extension.name)->version;
  for (const ast::Node* node : statement.options) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (const auto* text = ast::try_as<ast::String>(option->arg)) version = text->sval;
  }
  if (version != extension.version) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "extension \"{}\" has no update path from version \"{}\" to version \"{}\"",
                    extension.name, extension.version, version);
  }
  context.notice({.message = fmt::format("version \"{}\" of extension \"{}\" is already installed",
                                         version, extension.name)});
  return {"ALTER EXTENSION"};
}

CommandResult drop_extensions(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    std::string name(qualified_name(node).name);
    if (name == kPlpgsql) throw unsupported("dropping extension \"plpgsql\"");
    const Extension* found = context.ddl().view()->find_extension(name);
    if (found == nullptr) {
      if (!statement.missing_ok) require_extension(context, name);
      notice(context, fmt::format("extension \"{}\" does not exist, skipping", name));
      continue;
    }
    require_extension_owner(context, *found);
    targets.push_back(found->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {"DROP EXTENSION"};
}

// ALTER EXTENSION ... SET SCHEMA: its members move with it.
CommandResult move_extension(std::string_view name, std::string_view schema_name,
                             CommandContext& context) {
  if (name == kPlpgsql) throw unsupported("ALTER EXTENSION plpgsql");
  const Extension& extension = require_extension(context, name);
  require_extension_owner(context, extension);
  const Oid schema =
      creation_schema(*context.ddl().view(), context.environment().search_path(), schema_name, -1);
  const Oid oid = extension.oid;
  auto moved = std::make_shared<Extension>(extension);
  moved->schema = schema;
  context.ddl().put(std::move(moved));
  std::vector<Oid> members;
  context.ddl().view()->for_each_function([&](const Function& function) {
    for (const Dependency& edge : function.dependencies) {
      if (edge.kind == 'e' && edge.referenced.oid == oid) members.push_back(function.oid);
    }
  });
  for (Oid member : members) {
    // Definitions are stored with the names of functions.
    if (!context.ddl().view()->dependents_of({class_oid::kProc, member, 0}).empty()) {
      throw unsupported("ALTER EXTENSION ... SET SCHEMA while views use its functions");
    }
  }
  for (const TypeInfo& info : all_types()) {
    const Type* type = context.ddl().view()->type(info.oid);
    if (type == nullptr || !is_extension_type(info.oid) || extension_of_type(info.oid) != name) {
      continue;
    }
    if (!context.ddl().view()->dependents_of(type->address()).empty()) {
      // Its functions are among them; what else is there may be stored with the type's name.
      follow_type_rename(context, *type, context.ddl().view()->schema_name(schema), type->name);
    }
    auto copy = std::make_shared<Type>(*context.ddl().view()->type(info.oid));
    copy->schema = schema;
    context.ddl().put(std::move(copy));
  }
  for (Oid member : members) {
    auto copy = std::make_shared<Function>(*context.ddl().view()->function(member));
    copy->schema = schema;
    context.ddl().put(std::move(copy));
  }
  return {"ALTER EXTENSION"};
}

}  // namespace luma
