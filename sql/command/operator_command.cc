// CREATE and DROP of operators and casts.
#include <algorithm>

#include "sql/ast/ast.h"
#include "sql/bind/polymorphic.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/definition_options.h"
#include "sql/command/function_target.h"
#include "sql/command/table_storage.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

std::string shown(std::string_view schema, std::string_view name) {
  return schema.empty() ? std::string(name) : fmt::format("{}.{}", schema, name);
}

}  // namespace

Oid find_operator_oid(CommandContext& context, const WrittenName& name, Oid left, Oid right) {
  const QualifiedName wanted = qualified_name(name);
  const SearchPath& path = context.environment().search_path();
  const Catalog& catalog = *context.ddl().view();
  std::vector<Oid> schemas = path.schemas;
  if (!wanted.schema.empty()) schemas = {require_schema(catalog, path, wanted.schema).oid};
  for (Oid schema : schemas) {
    for (const UserOperator* op : catalog.operators_named(schema, wanted.name)) {
      if (op->left == left && op->right == right) return op->oid;
    }
    if (schema != schema_oid::kPgCatalog) continue;
    const OperatorEntry* entry =
        FunctionRegistry::instance().find_operator(wanted.name, left, right);
    if (entry != nullptr) return entry->oid;
  }
  return kInvalidOid;
}

namespace {

struct OperatorOptions {
  WrittenName function, commutator, negator, restrict_estimator, join_estimator;
};

void apply(CommandContext& context, const ast::DefElem& option, OperatorOptions& options,
           UserOperator& op) {
  const std::string_view name = option.defname;
  auto type = [&] {
    Oid found = written_type(context, option);
    if (const auto* written = ast::try_as<ast::TypeName>(option.arg);
        written != nullptr && written->setof) {
      throw SqlError(SqlState::kInvalidFunctionDefinition,
                     "SETOF type not allowed for operator argument");
    }
    return found;
  };
  if (name == "leftarg") {
    op.left = type();
  } else if (name == "rightarg") {
    op.right = type();
  } else if (name == "function" || name == "procedure") {
    options.function = written_name(option);
  } else if (name == "commutator") {
    options.commutator = written_name(option);
  } else if (name == "negator") {
    options.negator = written_name(option);
  } else if (name == "restrict") {
    options.restrict_estimator = written_name(option);
  } else if (name == "join") {
    options.join_estimator = written_name(option);
  } else if (name == "hashes") {
    op.can_hash = option_bool(option);
  } else if (name == "merges") {
    op.can_merge = option_bool(option);
  } else if (name == "sort1" || name == "sort2" || name == "ltcmp" || name == "gtcmp") {
    op.can_merge = true;
  } else {
    warning(context, SqlState::kSyntaxError,
            fmt::format("operator attribute \"{}\" not recognized", name));
  }
}

Oid estimator(const WrittenName& name, std::string_view signature_types) {
  if (name.empty()) return kInvalidOid;
  auto facts = proc_facts_named(name.back());
  if (facts.empty()) {
    throw sql_error(SqlState::kUndefinedFunction, "function {}({}) does not exist", name.back(),
                    signature_types);
  }
  return facts.front()->oid;
}

void check_shape(const UserOperator& op, const OperatorOptions& options) {
  auto refuse = [](std::string text) {
    throw SqlError(SqlState::kInvalidFunctionDefinition, std::move(text));
  };
  if (op.left == kInvalidOid) {
    if (!options.commutator.empty()) refuse("only binary operators can have commutators");
    if (op.join_estimator != kInvalidOid) refuse("only binary operators can have join selectivity");
    if (op.can_merge) refuse("only binary operators can merge join");
    if (op.can_hash) refuse("only binary operators can hash");
  }
  if (op.result == type_oid::kBool) return;
  if (!options.negator.empty()) refuse("only boolean operators can have negators");
  if (op.restrict_estimator != kInvalidOid) {
    refuse("only boolean operators can have restriction selectivity");
  }
  if (op.join_estimator != kInvalidOid) refuse("only boolean operators can have join selectivity");
  if (op.can_merge) refuse("only boolean operators can merge join");
  if (op.can_hash) refuse("only boolean operators can hash");
}

// Operators that name each other are linked from both sides; one that is not there yet will be
// linked when it is made and names this one.
Oid link(CommandContext& context, const WrittenName& name, const UserOperator& op, bool negator) {
  if (name.empty()) return kInvalidOid;
  Oid left = negator ? op.left : op.right, right = negator ? op.right : op.left;
  bool itself = name.back() == op.name && left == op.left && right == op.right;
  if (itself && negator) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "operator cannot be its own negator or sort operator");
  }
  return itself ? op.oid : find_operator_oid(context, name, left, right);
}

void link_back(CommandContext& context, Oid other, Oid self, Oid UserOperator::*member) {
  const UserOperator* found = context.ddl().view()->user_operator(other);
  if (found == nullptr || other == self || found->*member != kInvalidOid) return;
  auto copy = std::make_shared<UserOperator>(*found);
  (*copy).*member = self;
  context.ddl().put(std::move(copy));
}

TypeRef named_type(CommandContext& context, const ast::TypeName& name) {
  return resolve_type_name(*context.ddl().view(), context.environment().search_path(), name);
}

std::string written_text(const ast::TypeName& name) {
  std::string text;
  for (std::string_view part : name.names) text += (text.empty() ? "" : ".") + std::string(part);
  for (size_t i = 0; i < name.array_bounds.size(); ++i) text += "[]";
  return text;
}

void require_type_owner(CommandContext& context, Oid source, Oid target) {
  const Catalog& catalog = *context.ddl().view();
  auto owns = [&](Oid type) {
    const Type* found = catalog.type(type);
    return has_privileges_of(catalog, context.current_user(),
                             found == nullptr ? kBootstrapRole : found->owner);
  };
  if (is_superuser_now(context) || owns(source) || owns(target)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of type {} or type {}",
                  catalog.type_name(source), catalog.type_name(target));
}

void check_cast_function(CommandContext& context, const FoundFunction& function, const Cast& cast) {
  auto refuse = [](std::string_view text) {
    throw SqlError(SqlState::kInvalidObjectDefinition, std::string(text));
  };
  const std::vector<Oid>& types = function.arguments;
  if (types.empty() || types.size() > 3) refuse("cast function must take one to three arguments");
  if (!is_binary_coercible(cast.source, types[0])) {
    refuse("argument of cast function must match or be binary-coercible from source data type");
  }
  if (types.size() > 1 && types[1] != type_oid::kInt4) {
    refuse("second argument of cast function must be type integer");
  }
  if (types.size() > 2 && types[2] != type_oid::kBool) {
    refuse("third argument of cast function must be type boolean");
  }
  if (!is_binary_coercible(function.result, cast.target)) {
    refuse(
        "return data type of cast function must match or be binary-coercible to target data "
        "type");
  }
  if (function.kind != 'f') refuse("cast function must be a normal function");
  if (function.returns_set) refuse("cast function must not return a set");
  (void)context;
}

void check_binary_cast(const Cast& cast) {
  const TypeInfo& from = type_info(cast.source);
  const TypeInfo& to = type_info(cast.target);
  auto refuse = [](std::string_view text) {
    throw SqlError(SqlState::kInvalidObjectDefinition, std::string(text));
  };
  if (from.len != to.len || from.by_value != to.by_value || from.align != to.align) {
    refuse("source and target data types are not physically compatible");
  }
  struct Row {
    char type_type;
    std::string_view text;
  };
  for (const Row& row : {Row{'c', "composite data types are not binary-compatible"},
                         Row{'e', "enum data types are not binary-compatible"},
                         Row{'d', "domain data types must not be marked binary-compatible"}}) {
    if (from.type_type == row.type_type || to.type_type == row.type_type) refuse(row.text);
  }
  if (from.is_array() || to.is_array()) refuse("array data types are not binary-compatible");
  // The two may have one form in PostgreSQL and two here.
  bool same_form = from.physical == to.physical &&
                   (from.physical != PhysicalType::kVarlen || from.output == to.output);
  if (!same_form) {
    throw unsupported("a cast without function from {} to {}", format_type(cast.source),
                      format_type(cast.target));
  }
}

}  // namespace

CommandResult create_operator(const ast::DefineStmt& statement, CommandContext& context) {
  auto op = std::make_shared<UserOperator>();
  const QualifiedName name = qualified_name(statement.defnames);
  op->name = name.name;
  op->schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                               name.schema, name.location);
  require_create_privilege(context, op->schema);
  op->owner = context.current_user();
  OperatorOptions options;
  for (const ast::Node* node : statement.definition) {
    apply(context, *ast::as<ast::DefElem>(node), options, *op);
  }
  if (options.function.empty()) {
    throw SqlError(SqlState::kInvalidFunctionDefinition, "operator function must be specified");
  }
  if (op->left == kInvalidOid && op->right == kInvalidOid) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "operator argument types must be specified");
  }
  if (op->right == kInvalidOid) {
    throw SqlError(SqlState::kInvalidFunctionDefinition,
                   "operator right argument type must be specified")
        .detail("Postfix operators are not supported.");
  }
  std::vector<Oid> types{op->right};
  if (op->left != kInvalidOid) types.insert(types.begin(), op->left);
  const FoundFunction function = require_function(context, options.function, types);
  op->function = function.oid;
  op->result = function.result;
  for (const UserOperator* other : context.ddl().view()->operators_named(op->schema, op->name)) {
    if (other->left != op->left || other->right != op->right) continue;
    throw sql_error(SqlState::kDuplicateFunction, "operator {} already exists", op->name);
  }
  op->oid = context.ddl().new_oid();
  op->restrict_estimator =
      estimator(options.restrict_estimator, "internal, oid, internal, integer");
  op->join_estimator =
      estimator(options.join_estimator, "internal, oid, internal, smallint, internal");
  check_shape(*op, options);
  op->commutator = link(context, options.commutator, *op, false);
  op->negator = link(context, options.negator, *op, true);
  const UserOperator made = *op;
  context.ddl().put(std::move(op));
  link_back(context, made.commutator, made.oid, &UserOperator::commutator);
  link_back(context, made.negator, made.oid, &UserOperator::negator);
  return {"CREATE OPERATOR"};
}

const UserOperator* find_user_operator(CommandContext& context, const ast::ObjectWithArgs& object,
                                       bool missing_ok) {
  const QualifiedName name = qualified_name(object.objname);
  std::vector<Oid> types;
  for (const ast::Node* node : object.objargs) {
    const auto* type = ast::try_as<ast::TypeName>(node);
    types.push_back(type == nullptr ? kInvalidOid : named_type(context, *type).oid);
  }
  types.resize(2, kInvalidOid);
  const Oid oid = find_operator_oid(
      context, WrittenName(object.objname.begin(), object.objname.end()), types[0], types[1]);
  const Catalog& catalog = *context.ddl().view();
  if (oid != kInvalidOid) {
    const UserOperator* found = catalog.user_operator(oid);
    if (found != nullptr) return found;
    throw sql_error(SqlState::kDependentObjectsStillExist,
                    "cannot drop operator {}({},{}) because it is required by the database system",
                    name.name, types[0] == kInvalidOid ? "none" : catalog.type_name(types[0]),
                    catalog.type_name(types[1]));
  }
  if (missing_ok) return nullptr;
  const std::string written = shown(name.schema, name.name);
  if (types[0] == kInvalidOid) {
    throw sql_error(SqlState::kUndefinedFunction, "operator does not exist: {} {}", written,
                    catalog.type_name(types[1]));
  }
  throw sql_error(SqlState::kUndefinedFunction, "operator does not exist: {} {} {}",
                  catalog.type_name(types[0]), written, catalog.type_name(types[1]));
}

CommandResult alter_operator(const ast::AlterOperatorStmt& statement, CommandContext& context) {
  auto op =
      std::make_shared<UserOperator>(*find_user_operator(context, *statement.opername, false));
  if (!has_privileges_of(*context.ddl().view(), context.current_user(), op->owner)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of operator {}", op->name);
  }
  OperatorOptions options;
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    const bool is_join = option.defname == "join";
    if (is_join || option.defname == "restrict") {
      WrittenName name = option.arg == nullptr ? WrittenName() : written_name(option);
      Oid& place = is_join ? op->join_estimator : op->restrict_estimator;
      place = estimator(name, is_join ? "internal, oid, internal, smallint, internal"
                                      : "internal, oid, internal, integer");
      continue;
    }
    const bool is_fixed = option.defname == "leftarg" || option.defname == "rightarg" ||
                          option.defname == "function" || option.defname == "procedure" ||
                          option.defname == "commutator" || option.defname == "negator" ||
                          option.defname == "hashes" || option.defname == "merges";
    throw sql_error(SqlState::kSyntaxError, "operator attribute \"{}\" {}", option.defname,
                    is_fixed ? "cannot be changed" : "not recognized");
  }
  check_shape(*op, options);
  context.ddl().put(std::move(op));
  return {"ALTER OPERATOR"};
}

CommandResult drop_operators(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    const auto& object = *ast::as<ast::ObjectWithArgs>(node);
    const UserOperator* found = find_user_operator(context, object, statement.missing_ok);
    if (found == nullptr) {
      const QualifiedName name = qualified_name(object.objname);
      notice(context,
             fmt::format("operator {} does not exist, skipping", shown(name.schema, name.name)));
      continue;
    }
    if (!has_privileges_of(*context.ddl().view(), context.current_user(), found->owner)) {
      throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of operator {}",
                      found->name);
    }
    targets.push_back(found->address());
  }
  // Others no longer refer to what goes.
  std::vector<std::shared_ptr<UserOperator>> changed;
  auto goes = [&](Oid oid) {
    return std::ranges::any_of(targets, [&](const ObjectAddress& t) { return t.oid == oid; });
  };
  context.ddl().view()->for_each_operator([&](const UserOperator& op) {
    if (goes(op.oid) || (!goes(op.commutator) && !goes(op.negator))) return;
    auto copy = std::make_shared<UserOperator>(op);
    if (goes(copy->commutator)) copy->commutator = kInvalidOid;
    if (goes(copy->negator)) copy->negator = kInvalidOid;
    changed.push_back(std::move(copy));
  });
  for (auto& op : changed) context.ddl().put(std::move(op));
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {"DROP OPERATOR"};
}

CommandResult create_cast(const ast::CreateCastStmt& statement, CommandContext& context) {
  auto cast = std::make_shared<Cast>();
  cast->source = named_type(context, *statement.sourcetype).oid;
  cast->target = named_type(context, *statement.targettype).oid;
  const Catalog& catalog = *context.ddl().view();
  for (auto [type, side] : {std::pair(cast->source, "source"), std::pair(cast->target, "target")}) {
    if (type_info(type).type_type != 'p') continue;
    throw sql_error(SqlState::kWrongObjectType, "{} data type {} is a pseudo-type", side,
                    catalog.type_name(type));
  }
  require_type_owner(context, cast->source, cast->target);
  for (auto [type, side] : {std::pair(cast->source, "source"), std::pair(cast->target, "target")}) {
    if (type_info(type).type_type != 'd') continue;
    warning(context, SqlState::kWrongObjectType,
            fmt::format("cast will be ignored because the {} data type is a domain", side));
  }
  cast->context = statement.context == ast::CoercionContext::kImplicit     ? 'i'
                  : statement.context == ast::CoercionContext::kAssignment ? 'a'
                                                                           : 'e';
  cast->method = statement.func != nullptr ? 'f' : statement.inout ? 'i' : 'b';
  if (statement.func != nullptr) {
    std::vector<Oid> types;
    for (const ast::Node* node : statement.func->objargs) {
      types.push_back(named_type(context, *ast::as<ast::TypeName>(node)).oid);
    }
    const FoundFunction function = require_function(
        context, WrittenName(statement.func->objname.begin(), statement.func->objname.end()),
        types);
    check_cast_function(context, function, *cast);
    cast->function = function.oid;
  } else if (cast->method == 'b') {
    require_superuser(context, "create a cast WITHOUT FUNCTION");
    check_binary_cast(*cast);
  }
  bool takes_more = cast->function != kInvalidOid &&
                    function_by_oid(context, cast->function).arguments.size() > 1;
  if (cast->source == cast->target && !takes_more) {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "source data type and target data type are the same");
  }
  if (cast->source == cast->target) throw unsupported("a cast from a type to itself");
  if (FunctionRegistry::instance().cast(cast->source, cast->target) != nullptr ||
      catalog.find_cast(cast->source, cast->target) != nullptr) {
    throw sql_error(SqlState::kDuplicateObject, "cast from type {} to type {} already exists",
                    catalog.type_name(cast->source), catalog.type_name(cast->target));
  }
  cast->oid = context.ddl().new_oid();
  cast->name = cast_name(cast->source, cast->target);
  context.ddl().put(std::move(cast));
  return {"CREATE CAST"};
}

const Cast& own_cast(CommandContext& context, const ast::TypeName& from, const ast::TypeName& to) {
  Oid source = named_type(context, from).oid, target = named_type(context, to).oid;
  const Catalog& catalog = *context.ddl().view();
  if (const Cast* found = catalog.find_cast(source, target)) {
    require_type_owner(context, source, target);
    return *found;
  }
  if (FunctionRegistry::instance().cast(source, target) != nullptr) {
    throw unsupported("COMMENT ON a built-in cast");
  }
  throw sql_error(SqlState::kUndefinedObject, "cast from type {} to type {} does not exist",
                  catalog.type_name(source), catalog.type_name(target));
}

CommandResult drop_casts(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    const auto& types = ast::as<ast::ListNode>(node)->items;
    const auto& from = *ast::as<ast::TypeName>(types[0]);
    const auto& to = *ast::as<ast::TypeName>(types[1]);
    Oid source = named_type(context, from).oid, target = named_type(context, to).oid;
    const Cast* found = context.ddl().view()->find_cast(source, target);
    if (found == nullptr) {
      const Catalog& catalog = *context.ddl().view();
      if (FunctionRegistry::instance().cast(source, target) != nullptr) {
        throw sql_error(SqlState::kDependentObjectsStillExist,
                        "cannot drop cast from {} to {} because it is required by the database "
                        "system",
                        catalog.type_name(source), catalog.type_name(target));
      }
      if (!statement.missing_ok) {
        throw sql_error(SqlState::kUndefinedObject, "cast from type {} to type {} does not exist",
                        catalog.type_name(source), catalog.type_name(target));
      }
      notice(context, fmt::format("cast from type {} to type {} does not exist, skipping",
                                  written_text(from), written_text(to)));
      continue;
    }
    require_type_owner(context, source, target);
    targets.push_back(found->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {"DROP CAST"};
}

}  // namespace luma
