#include "sql/command/operator_class_command.h"

#include <algorithm>

#include "sql/catalog/access_method.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_target.h"
#include "sql/command/definition_options.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

using Member = OperatorFamily::Member;

// What an access method has: numbers of operators and of functions.
struct MethodRow {
  Oid method;
  int16_t operators, functions;
  int16_t options;  // the number of the function that reads a class's parameters
  bool stores_others, orders;
};
constexpr MethodRow kMethods[] = {
    {kBtreeAm, 5, 5, 5, false, false},        {kHashAm, 1, 3, 3, false, false},
    {kGistAm, INT16_MAX, 11, 10, true, true}, {kGinAm, INT16_MAX, 7, 7, true, false},
    {kSpgistAm, INT16_MAX, 7, 6, true, true}, {kBrinAm, INT16_MAX, 15, 5, true, false},
};

const MethodRow& row_of(Oid method) {
  for (const MethodRow& row : kMethods) {
    if (row.method == method) return row;
  }
  throw unsupported("operator classes of access method \"{}\"", access_method_name(method));
}

[[noreturn]] void refuse(std::string text) {
  throw SqlError(SqlState::kInvalidObjectDefinition, std::move(text));
}

std::string written(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}

WrittenName written_name(const ast::ObjectWithArgs& object) {
  return {object.objname.begin(), object.objname.end()};
}

// The members that a statement names, checked as PostgreSQL does.
class MemberReader {
 public:
  MemberReader(CommandContext& context, const MethodRow& method, Oid input)
      : context_(context), method_(method), input_(input) {}

  // `input` 0: ALTER OPERATOR FAMILY, where types must be told.
  Member read(const ast::CreateOpClassItem& item) {
    return item.itemtype == 1 ? read_operator(item) : read_function(item);
  }
  // DROP names members by number and types.
  Member read_dropped(const ast::CreateOpClassItem& item) {
    Member member;
    member.is_operator = item.itemtype == 1;
    check_number(item);
    member.number = static_cast<int16_t>(item.number);
    read_types(item.class_args, member);
    return member;
  }
  std::string shown(const Member& member) const {
    const Catalog& catalog = *context_.ddl().view();
    return fmt::format("({},{})", catalog.type_name(member.left), catalog.type_name(member.right));
  }

 private:
  void check_number(const ast::CreateOpClassItem& item) {
    const bool is_operator = item.itemtype == 1;
    const int most = is_operator ? method_.operators : method_.functions;
    if (item.number >= 1 && item.number <= most) return;
    refuse(fmt::format("invalid {} number {}, must be between 1 and {}",
                       is_operator ? "operator" : "function", item.number, most));
  }

  Oid type_of(const ast::Node* node) {
    return resolve_type_name(*context_.ddl().view(), context_.environment().search_path(),
                             *ast::as<ast::TypeName>(node))
        .oid;
  }

  void read_types(const ast::NodeList& types, Member& member) {
    if (types.empty() || types.size() > 2) {
      throw SqlError(SqlState::kSyntaxError, "one or two argument types must be specified");
    }
    member.left = type_of(types[0]);
    member.right = type_of(types[types.size() - 1]);
  }

  Member read_operator(const ast::CreateOpClassItem& item) {
    check_number(item);
    Member member;
    member.number = static_cast<int16_t>(item.number);
    const Catalog& catalog = *context_.ddl().view();
    if (!item.name->objargs.empty()) {
      const auto* left = ast::try_as<ast::TypeName>(item.name->objargs[0]);
      const auto* right = ast::try_as<ast::TypeName>(item.name->objargs[1]);
      member.left = left == nullptr ? kInvalidOid : type_of(left);
      member.right = right == nullptr ? kInvalidOid : type_of(right);
    } else if (input_ != kInvalidOid) {
      member.left = member.right = input_;
    } else {
      throw SqlError(SqlState::kSyntaxError,
                     "operator argument types must be specified in ALTER OPERATOR FAMILY");
    }
    member.target =
        find_operator_oid(context_, written_name(*item.name), member.left, member.right);
    if (member.target == kInvalidOid) {
      throw sql_error(SqlState::kUndefinedFunction, "operator does not exist: {} {} {}",
                      catalog.type_name(member.left), written(qualified_name(item.name->objname)),
                      catalog.type_name(member.right));
    }
    if (member.left == kInvalidOid || member.right == kInvalidOid) {
      refuse("index operators must be binary");
    }
    if (!item.order_family.empty()) {
      member.sort_family =
          require_operator_family(context_, kBtreeAm, qualified_name(item.order_family));
      if (!method_.orders) {
        refuse(fmt::format("access method \"{}\" does not support ordering operators",
                           access_method_name(method_.method)));
      }
      return member;
    }
    const UserOperator* user = catalog.user_operator(member.target);
    const OperatorFact* fact = find_operator_fact(member.target);
    const Oid result = user != nullptr   ? user->result
                       : fact != nullptr ? fact->result
                                         : kInvalidOid;
    if (result != type_oid::kBool) refuse("index search operators must return boolean");
    return member;
  }

  Member read_function(const ast::CreateOpClassItem& item) {
    check_number(item);
    Member member;
    member.is_operator = false;
    member.number = static_cast<int16_t>(item.number);
    std::vector<Oid> types;
    for (const ast::Node* node : item.name->objargs) types.push_back(type_of(node));
    const FoundFunction found = support_function(*item.name, types);
    member.target = found.oid;
    if (!item.class_args.empty()) read_types(item.class_args, member);
    if (member.number == method_.options) throw unsupported("parameters of operator classes");
    if (method_.method == kBtreeAm) check_btree(found, member);
    if (method_.method == kHashAm) check_hash(found, member);
    if (member.left == kInvalidOid) member.left = input_;
    if (member.right == kInvalidOid) member.right = input_;
    if (member.left == kInvalidOid || member.right == kInvalidOid) {
      refuse("associated data types must be specified for index support function");
    }
    return member;
  }

  // Support functions are facts also where nothing calls them.
  FoundFunction support_function(const ast::ObjectWithArgs& object, const std::vector<Oid>& types) {
    const QualifiedName name = qualified_name(object.objname);
    if (name.schema.empty() || name.schema == "pg_catalog") {
      for (const ProcFact* fact : proc_facts_named(name.name)) {
        if (!std::ranges::equal(fact->arg_types, types)) continue;
        FoundFunction found;
        found.oid = fact->oid;
        found.result = fact->result;
        found.arguments = types;
        return found;
      }
    }
    return require_function(context_, written_name(object), types);
  }

  void infer(Member& member, Oid left, Oid right) {
    if (member.left == kInvalidOid) member.left = left;
    if (member.right == kInvalidOid) member.right = right;
  }

  void check_btree(const FoundFunction& found, Member& member) {
    const std::vector<Oid>& types = found.arguments;
    switch (member.number) {
      case 1:
        if (types.size() != 2) refuse("btree comparison functions must have two arguments");
        if (found.result != type_oid::kInt4) {
          refuse("btree comparison functions must return integer");
        }
        return infer(member, types[0], types[1]);
      case 2:
        if (types.size() != 1 || types[0] != type_oid::kInternal) {
          refuse("btree sort support functions must accept type \"internal\"");
        }
        if (found.result != type_oid::kVoid)
          refuse("btree sort support functions must return void");
        return;
      case 3:
        if (types.size() != 5) refuse("btree in_range functions must have five arguments");
        if (found.result != type_oid::kBool) refuse("btree in_range functions must return boolean");
        return infer(member, types[0], types[2]);
      default:
        if (types.size() != 1) refuse("btree equal image functions must have one argument");
        if (found.result != type_oid::kBool) {
          refuse("btree equal image functions must return boolean");
        }
        if (member.left != member.right)
          refuse("btree equal image functions must not be cross-type");
    }
  }

  void check_hash(const FoundFunction& found, Member& member) {
    const std::vector<Oid>& types = found.arguments;
    if (member.number == 1) {
      if (types.size() != 1) refuse("hash function 1 must have one argument");
      if (found.result != type_oid::kInt4) refuse("hash function 1 must return integer");
    } else {
      if (types.size() != 2) refuse("hash function 2 must have two arguments");
      if (found.result != type_oid::kInt8) refuse("hash function 2 must return bigint");
    }
    infer(member, types[0], types[0]);
  }

  CommandContext& context_;
  const MethodRow& method_;
  Oid input_;
};

// Whether the class needs it; what it does not need is loose in the family.
bool belongs_to_class(Oid method, const Member& member) {
  constexpr int16_t kGist[] = {1, 2, 5, 6, 7}, kGin[] = {2, 3}, kSpgist[] = {1, 2, 3, 4, 5};
  auto is_one_of = [&](std::span<const int16_t> needed) {
    return !member.is_operator && std::ranges::find(needed, member.number) != needed.end();
  };
  switch (method) {
    case kBtreeAm:
    case kHashAm:
      return member.left == member.right && (member.is_operator || member.number == 1);
    case kGistAm:
      return is_one_of(kGist);
    case kGinAm:
      return is_one_of(kGin);
    case kSpgistAm:
      return is_one_of(kSpgist);
    default:
      return true;
  }
}

bool same_place(const Member& a, const Member& b) {
  return a.is_operator == b.is_operator && a.number == b.number && a.left == b.left &&
         a.right == b.right;
}

void add_once(std::vector<Member>& members, Member member, const MemberReader& reader) {
  auto same = [&](const Member& other) { return same_place(member, other); };
  if (std::ranges::any_of(members, same)) {
    refuse(fmt::format("{} number {} for {} appears more than once",
                       member.is_operator ? "operator" : "function", member.number,
                       reader.shown(member)));
  }
  members.push_back(member);
}

// What a built-in family has counts, too.
bool has_member(const OperatorFamily& family, const Member& member) {
  auto same = [&](const Member& other) { return same_place(member, other); };
  if (std::ranges::any_of(family.members, same)) return true;
  if (member.is_operator) {
    return std::ranges::any_of(amop_facts(), [&](const AmOpFact& row) {
      return row.family == family.oid && row.strategy == member.number && row.left == member.left &&
             row.right == member.right;
    });
  }
  return std::ranges::any_of(amproc_facts(), [&](const AmProcFact& row) {
    return row.family == family.oid && row.number == member.number && row.left == member.left &&
           row.right == member.right;
  });
}

// To be changed; a built-in one gets a place for what is added to it.
std::shared_ptr<OperatorFamily> family_to_change(CommandContext& context, Oid oid,
                                                 Oid access_method, std::string_view name) {
  if (const OperatorFamily* found = created_operator_family(*context.ddl().view(), oid)) {
    return std::make_shared<OperatorFamily>(*found);
  }
  auto made = std::make_shared<OperatorFamily>();
  made->oid = oid;
  made->name = name;
  made->schema = schema_oid::kPgCatalog;
  made->access_method = access_method;
  return made;
}

std::shared_ptr<OperatorFamily> new_family(CommandContext& context, Oid schema, Oid access_method,
                                           std::string_view name) {
  auto made = std::make_shared<OperatorFamily>();
  made->oid = context.ddl().new_oid();
  made->name = truncated_name(name);
  made->schema = schema;
  made->owner = context.current_user();
  made->access_method = access_method;
  return made;
}

Oid place_of(CommandContext& context, const QualifiedName& name) {
  return place_of_new_object(context, name.schema, -1);
}

// As the statement says, of the class's own name, or a new one.
std::shared_ptr<OperatorFamily> family_of_class(const ast::CreateOpClassStmt& statement,
                                                CommandContext& context, Oid schema,
                                                Oid access_method) {
  const Catalog& catalog = *context.ddl().view();
  const QualifiedName name = qualified_name(statement.opclassname);
  if (!statement.opfamilyname.empty()) {
    const QualifiedName family = qualified_name(statement.opfamilyname);
    return family_to_change(context, require_operator_family(context, access_method, family),
                            access_method, family.name);
  }
  const Oid found = operator_family_in(catalog, schema, access_method, name.name);
  if (found != kInvalidOid) return family_to_change(context, found, access_method, name.name);
  return new_family(context, schema, access_method, name.name);
}

void refuse_second_default(CommandContext& context, const OperatorClass& made,
                           std::string_view type_text) {
  std::string_view held;
  for (const OpClassFact& fact : opclass_facts()) {
    if (fact.method == made.access_method && fact.is_default && fact.input_type == made.input) {
      held = fact.name;
    }
  }
  std::vector<const OperatorClass*> created = created_operator_classes(*context.ddl().view());
  for (const OperatorClass* one : created) {
    if (one->access_method == made.access_method && one->is_default && one->input == made.input) {
      held = one->name;
    }
  }
  if (held.empty()) return;
  throw sql_error(SqlState::kDuplicateObject,
                  "could not make operator class \"{}\" be default for type {}", made.name,
                  type_text)
      .detail(fmt::format("Operator class \"{}\" already is the default.", held));
}

std::string type_text(const ast::TypeName& type) {
  std::string out;
  for (std::string_view part : type.names) {
    if (part == "pg_catalog" && type.names.size() > 1) continue;
    out += (out.empty() ? "" : ".") + std::string(part);
  }
  return out;
}

}  // namespace

Oid require_index_method(std::string_view name) {
  const IndexMethod* found = find_index_method(name);
  if (found != nullptr) return found->oid;
  throw sql_error(SqlState::kUndefinedObject, "access method \"{}\" does not exist", name);
}

Oid require_operator_family(CommandContext& context, Oid access_method, const QualifiedName& name) {
  const Oid found = find_operator_family(*context.ddl().view(), context.environment().search_path(),
                                         access_method, name);
  if (found != kInvalidOid) return found;
  throw sql_error(SqlState::kUndefinedObject,
                  "operator family \"{}\" does not exist for access method \"{}\"", written(name),
                  access_method_name(access_method));
}

CommandResult create_operator_class(const ast::CreateOpClassStmt& statement,
                                    CommandContext& context) {
  const QualifiedName name = qualified_name(statement.opclassname);
  const Oid schema = place_of(context, name);
  const MethodRow& method = row_of(require_index_method(statement.amname));
  require_superuser(context, "create an operator class");
  auto made = std::make_shared<OperatorClass>();
  made->oid = context.ddl().new_oid();
  made->name = truncated_name(name.name);
  made->schema = schema;
  made->owner = context.current_user();
  made->access_method = method.method;
  made->is_default = statement.is_default;
  made->input = resolve_type_name(*context.ddl().view(), context.environment().search_path(),
                                  *statement.datatype)
                    .oid;
  std::shared_ptr<OperatorFamily> family =
      family_of_class(statement, context, schema, method.method);
  made->family = family->oid;
  MemberReader reader(context, method, made->input);
  std::vector<Member> members;
  for (const ast::Node* node : statement.items) {
    const auto& item = *ast::as<ast::CreateOpClassItem>(node);
    if (item.itemtype == 3) {
      if (made->stored != kInvalidOid) refuse("storage type specified more than once");
      made->stored = resolve_type_name(*context.ddl().view(), context.environment().search_path(),
                                       *item.storedtype)
                         .oid;
      continue;
    }
    Member member = reader.read(item);
    if (belongs_to_class(method.method, member)) member.member_class = made->oid;
    add_once(members, member, reader);
  }
  if (made->stored == made->input) made->stored = kInvalidOid;
  if (made->stored != kInvalidOid && !method.stores_others) {
    refuse(fmt::format("storage type cannot be different from data type for access method \"{}\"",
                       statement.amname));
  }
  if (operator_class_in(*context.ddl().view(), schema, method.method, made->name) != kInvalidOid) {
    throw sql_error(SqlState::kDuplicateObject,
                    "operator class \"{}\" for access method \"{}\" already exists", made->name,
                    statement.amname);
  }
  if (made->is_default) refuse_second_default(context, *made, type_text(*statement.datatype));
  for (const Member& member : members) {
    if (has_member(*family, member)) {
      throw sql_error(SqlState::kUniqueViolation,
                      "duplicate key value violates unique constraint \"{}\"",
                      member.is_operator ? "pg_amop_fam_strat_index" : "pg_amproc_fam_proc_index")
          .detail(fmt::format(
              "Key ({}family, {}lefttype, {}righttype, {})=({}, {}, {}, {}) already "
              "exists.",
              member.is_operator ? "amop" : "amproc", member.is_operator ? "amop" : "amproc",
              member.is_operator ? "amop" : "amproc",
              member.is_operator ? "amopstrategy" : "amprocnum", family->oid, member.left,
              member.right, member.number));
    }
    family->members.push_back(member);
  }
  context.ddl().put(std::move(family));
  context.ddl().put(std::move(made));
  return {"CREATE OPERATOR CLASS"};
}

CommandResult create_operator_family(const ast::CreateOpFamilyStmt& statement,
                                     CommandContext& context) {
  const QualifiedName name = qualified_name(statement.opfamilyname);
  const Oid schema = place_of(context, name);
  const MethodRow& method = row_of(require_index_method(statement.amname));
  require_superuser(context, "create an operator family");
  const std::string kept = truncated_name(name.name);
  if (operator_family_in(*context.ddl().view(), schema, method.method, kept) != kInvalidOid) {
    throw sql_error(SqlState::kDuplicateObject,
                    "operator family \"{}\" for access method \"{}\" already exists", kept,
                    statement.amname);
  }
  context.ddl().put(new_family(context, schema, method.method, kept));
  return {"CREATE OPERATOR FAMILY"};
}

CommandResult alter_operator_family(const ast::AlterOpFamilyStmt& statement,
                                    CommandContext& context) {
  const MethodRow& method = row_of(require_index_method(statement.amname));
  const QualifiedName name = qualified_name(statement.opfamilyname);
  const Oid oid = require_operator_family(context, method.method, name);
  require_superuser(context, "alter an operator family");
  std::shared_ptr<OperatorFamily> family = family_to_change(context, oid, method.method, name.name);
  MemberReader reader(context, method, kInvalidOid);
  std::vector<Member> members;
  for (const ast::Node* node : statement.items) {
    const auto& item = *ast::as<ast::CreateOpClassItem>(node);
    if (item.itemtype == 3) {
      throw SqlError(SqlState::kSyntaxError,
                     "STORAGE cannot be specified in ALTER OPERATOR FAMILY");
    }
    add_once(members, statement.is_drop ? reader.read_dropped(item) : reader.read(item), reader);
  }
  for (const Member& member : members) {
    const std::string_view kind = member.is_operator ? "operator" : "function";
    auto found = std::ranges::find_if(family->members,
                                      [&](const Member& m) { return same_place(m, member); });
    if (!statement.is_drop) {
      if (has_member(*family, member)) {
        throw sql_error(SqlState::kDuplicateObject,
                        "{} {}{} already exists in operator family \"{}\"", kind, member.number,
                        reader.shown(member), written(name));
      }
      family->members.push_back(member);
      continue;
    }
    if (found == family->members.end()) {
      throw sql_error(SqlState::kUndefinedObject,
                      "{} {}{} does not exist in operator family \"{}\"", kind, member.number,
                      reader.shown(member), written(name));
    }
    if (found->member_class != kInvalidOid) {
      const Catalog& catalog = *context.ddl().view();
      std::string owner =
          catalog.describe({class_oid::kOpClass, found->member_class, 0}, visibility(context));
      throw sql_error(SqlState::kDependentObjectsStillExist,
                      "cannot drop {} because {} requires it", catalog.describe(found->address()),
                      owner)
          .hint(fmt::format("You can drop {} instead.", owner));
    }
    family->members.erase(found);
  }
  context.ddl().put(std::move(family));
  return {"ALTER OPERATOR FAMILY"};
}

}  // namespace luma
