// CREATE TYPE ... AS RANGE: the range type, its multirange type and their constructors.
#include <algorithm>

#include "engine/type/user_type.h"
#include "sql/bind/polymorphic.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/index_build.h"
#include "sql/command/type_build.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

constexpr size_t kMaxNameBytes = 63;

// A name that may be qualified.
using Name = std::vector<std::string_view>;

struct RangeOptions {
  const ast::TypeName* subtype = nullptr;
  Name opclass, collation, canonical, subtype_diff, multirange_name;
};

QualifiedName qualified_name(const Name& name) {
  return luma::qualified_name(ast::NameList(name.data(), name.size()));
}

// The grammar has names as types or as lists.
Name name_of(const ast::DefElem& option) {
  if (const auto* type = ast::try_as<ast::TypeName>(option.arg)) {
    return {type->names.begin(), type->names.end()};
  }
  if (const auto* text = ast::try_as<ast::String>(option.arg)) return {text->sval};
  if (const auto* list = ast::try_as<ast::ListNode>(option.arg)) {
    Name parts;
    for (const ast::Node* node : list->items) parts.push_back(ast::as<ast::String>(node)->sval);
    return parts;
  }
  throw sql_error(SqlState::kSyntaxError, "argument of {} must be a name", option.defname);
}

RangeOptions read_options(const ast::CreateRangeStmt& statement) {
  RangeOptions out;
  std::vector<std::string_view> seen;
  for (const ast::Node* node : statement.params) {
    const auto& option = *ast::as<ast::DefElem>(node);
    std::string_view name = option.defname;
    if (std::ranges::find(seen, name) != seen.end()) {
      throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
          .at_byte(option.location);
    }
    seen.push_back(name);
    if (name == "subtype") {
      out.subtype = ast::try_as<ast::TypeName>(option.arg);
      if (out.subtype == nullptr) {
        throw sql_error(SqlState::kSyntaxError, "argument of {} must be a type name", name);
      }
    } else if (name == "subtype_opclass") {
      out.opclass = name_of(option);
    } else if (name == "collation") {
      out.collation = name_of(option);
    } else if (name == "canonical") {
      out.canonical = name_of(option);
    } else if (name == "subtype_diff") {
      out.subtype_diff = name_of(option);
    } else if (name == "multirange_type_name") {
      out.multirange_name = name_of(option);
    } else {
      throw sql_error(SqlState::kSyntaxError, "type attribute \"{}\" not recognized", name);
    }
  }
  if (out.subtype == nullptr) {
    throw SqlError(SqlState::kSyntaxError, "type attribute \"subtype\" is required");
  }
  return out;
}

Oid subtype_opclass(CommandContext& context, const RangeOptions& options, Oid subtype) {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const std::string shown = context.ddl().view()->type_name(subtype);
  if (options.opclass.empty()) {
    const OpClassFact* found = registry.default_opclass(kBtreeAm, base_type_of(subtype));
    if (found != nullptr) return found->oid;
    throw sql_error(SqlState::kUndefinedObject,
                    "data type {} has no default operator class for access method \"btree\"", shown)
        .hint(
            "You must specify an operator class for the range type or define a default operator "
            "class for the subtype.");
  }
  const OpClassFact* found = registry.opclass(kBtreeAm, options.opclass.back());
  if (found == nullptr) {
    throw sql_error(SqlState::kUndefinedObject,
                    "operator class \"{}\" does not exist for access method \"btree\"",
                    options.opclass.back());
  }
  const TypeInfo& info = type_info(subtype);
  bool accepts = is_binary_coercible(subtype, found->input_type) ||
                 (info.type_type == 'e' && found->input_type == type_oid::kAnyEnum);
  if (!accepts) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "operator class \"{}\" does not accept data type {}", options.opclass.back(),
                    shown);
  }
  // Values are compared as the default class does it, which text_pattern_ops shares.
  if (!found->is_default && !found->name.ends_with("_pattern_ops")) {
    throw unsupported("operator class \"{}\"", options.opclass.back());
  }
  return found->oid;
}

struct DiffFunction {
  Oid oid = kInvalidOid, result = kInvalidOid;
  char volatility = 'v';
};

DiffFunction find_diff_function(CommandContext& context, const Name& name, Oid subtype) {
  const QualifiedName wanted = qualified_name(name);
  const SearchPath& path = context.environment().search_path();
  const Catalog& catalog = *context.ddl().view();
  std::vector<Oid> schemas = path.schemas;
  if (!wanted.schema.empty()) schemas = {require_schema(catalog, path, wanted.schema).oid};
  const std::vector<Oid> types{subtype, subtype};
  for (Oid schema : schemas) {
    if (const Function* user = catalog.find_function(schema, wanted.name, types)) {
      return {user->oid, user->result, user->volatility};
    }
    for (const FunctionEntry* entry : FunctionRegistry::instance().functions(wanted.name)) {
      if (entry->schema == schema && std::ranges::equal(entry->arg_types, types)) {
        return {entry->oid, entry->result, entry->volatility};
      }
    }
  }
  const std::string shown = catalog.type_name(subtype);
  throw sql_error(SqlState::kUndefinedFunction, "function {}({}, {}) does not exist",
                  wanted.schema.empty() ? std::string(wanted.name)
                                        : fmt::format("{}.{}", wanted.schema, wanted.name),
                  shown, shown);
}

Oid subtype_diff(CommandContext& context, const RangeOptions& options, Oid subtype) {
  if (options.subtype_diff.empty()) return kInvalidOid;
  const DiffFunction found = find_diff_function(context, options.subtype_diff, subtype);
  const std::string_view name = options.subtype_diff.back();
  if (found.result != type_oid::kFloat8) {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "range subtype diff function {}({}, {}) must return type double precision",
                    name, context.ddl().view()->type_name(subtype),
                    context.ddl().view()->type_name(subtype));
  }
  if (found.volatility != 'i') {
    throw sql_error(SqlState::kInvalidObjectDefinition,
                    "range subtype diff function {} must be immutable", name);
  }
  return found.oid;
}

// "intrange" -> "intmultirange", "span" -> "span_multirange"; cut to what names may have.
std::string multirange_name(std::string_view range) {
  size_t at = range.find("range");
  std::string_view head = at == range.npos ? range : range.substr(0, at);
  std::string tail = at == range.npos ? "_multirange" : "multi" + std::string(range.substr(at));
  if (tail.size() > kMaxNameBytes) tail.resize(kMaxNameBytes);
  return truncated_name(std::string(head.substr(0, kMaxNameBytes - tail.size())) + tail);
}

std::shared_ptr<Type> new_multirange(CommandContext& context, const RangeOptions& options,
                                     const Type& range) {
  auto type = std::make_shared<Type>();
  type->schema = range.schema;
  if (options.multirange_name.empty()) {
    type->name = multirange_name(range.name);
  } else {
    const QualifiedName name = qualified_name(options.multirange_name);
    type->name = truncated_name(name.name);
    if (!name.schema.empty()) {
      type->schema = creation_schema(*context.ddl().view(), context.environment().search_path(),
                                     name.schema, name.location);
    }
  }
  if (type->name == range.name ||
      context.ddl().view()->find_type_oid(type->schema, type->name) != kInvalidOid) {
    SqlError error =
        sql_error(SqlState::kDuplicateObject, "type \"{}\" already exists", type->name);
    if (!options.multirange_name.empty()) throw error;
    throw error
        .detail(fmt::format("Failed while creating a multirange type for type \"{}\".", range.name))
        .hint(
            "You can manually specify a multirange type name using the \"multirange_type_name\" "
            "attribute.");
  }
  type->oid = context.ddl().new_oid();
  type->array_type = context.ddl().new_oid();
  type->owner = range.owner;
  type->type_type = 'm';
  type->base.oid = range.oid;
  return type;
}

// Constructors are functions with the name of their type and belong to it.
void put_constructor(CommandContext& context, const Type& type, std::string_view source,
                     const std::vector<Function::Argument>& arguments, bool strict) {
  auto function = std::make_shared<Function>();
  function->oid = context.ddl().new_oid();
  function->name = type.name;
  function->schema = type.schema;
  function->arguments = arguments;
  function->result = type.oid;
  function->language = "internal";
  function->source = source;
  function->volatility = 'i';
  function->parallel = 's';
  function->strict = strict;
  function->cost = 1;
  function->dependencies.push_back({function->address(), type.address(), 'i'});
  context.ddl().put(std::move(function));
}

void put_constructors(CommandContext& context, const Type& range, const Type& multirange) {
  const Function::Argument bound{"", range.base.oid, 'i', ""};
  const Function::Argument flags{"", type_oid::kText, 'i', ""};
  put_constructor(context, range, "range_constructor2", {bound, bound}, false);
  put_constructor(context, range, "range_constructor3", {bound, bound, flags}, false);
  put_constructor(context, multirange, "multirange_constructor0", {}, true);
  put_constructor(context, multirange, "multirange_constructor1", {{"", range.oid, 'i', ""}}, true);
  put_constructor(context, multirange, "multirange_constructor2", {{"", range.array_type, 'v', ""}},
                  true);
}

void define(const Type& type) {
  UserType user;
  user.oid = type.oid;
  user.name = type.name;
  user.type_type = type.type_type;
  user.array = type.array_type;
  user.base = type.base;
  user.multirange = type.multirange;
  define_user_type(std::move(user));
}

}  // namespace

CommandResult create_range_type(const ast::CreateRangeStmt& statement, CommandContext& context) {
  std::shared_ptr<Type> range = new_type(context, luma::qualified_name(statement.type_name), 'r');
  const RangeOptions options = read_options(statement);
  range->base.oid = resolve_type_name(*context.ddl().view(), context.environment().search_path(),
                                      *options.subtype)
                        .oid;
  const Oid subtype = range->base.oid;
  const TypeInfo& info = type_info(subtype);
  if (info.type_type == 'p') {
    throw sql_error(SqlState::kDatatypeMismatch, "range subtype cannot be {}",
                    context.ddl().view()->type_name(subtype));
  }
  range->subtype_opclass = subtype_opclass(context, options, subtype);
  if (!options.collation.empty()) {
    if (info.collation == kInvalidOid) {
      throw SqlError(SqlState::kWrongObjectType,
                     "range collation specified but subtype does not support collation");
    }
    range->collation = collation_oid(
        context, ast::NameList(options.collation.data(), options.collation.size()), -1);
  } else {
    range->collation = info.collation;
  }
  if (!options.canonical.empty()) throw unsupported("CREATE TYPE AS RANGE with CANONICAL");
  if (info.compare == nullptr || info.input == nullptr) {
    throw unsupported("ranges of type {}", context.ddl().view()->type_name(subtype));
  }
  range->subtype_diff = subtype_diff(context, options, subtype);
  require_type_usage(context, subtype);
  std::shared_ptr<Type> multirange = new_multirange(context, options, *range);
  range->multirange = multirange->oid;
  define(*range);
  define(*multirange);
  const Type range_copy = *range, multirange_copy = *multirange;
  context.ddl().put(std::move(range));
  context.ddl().put(std::move(multirange));
  put_constructors(context, range_copy, multirange_copy);
  return {"CREATE TYPE"};
}

}  // namespace luma
