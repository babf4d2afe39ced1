// has_*_privilege and pg_has_role. All have the shape ([role,] object, [column,] privilege list): a
// role or an object is given by name or by oid, and each argument's form tells which.
#include <cctype>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/type_info.h"
#include "sql/catalog/object_names.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/virtual_row.h"
#include "sql/function/catalog_functions.h"

namespace luma {
namespace {

struct PrivilegeName {
  std::string_view name;
  char letter;
};
constexpr PrivilegeName kTablePrivileges[] = {
    {"SELECT", 'r'},   {"INSERT", 'a'},     {"UPDATE", 'w'},  {"DELETE", 'd'},
    {"TRUNCATE", 'D'}, {"REFERENCES", 'x'}, {"TRIGGER", 't'}, {"RULE", '\0'}};
constexpr PrivilegeName kColumnPrivileges[] = {
    {"SELECT", 'r'}, {"INSERT", 'a'}, {"UPDATE", 'w'}, {"REFERENCES", 'x'}};
constexpr PrivilegeName kSequencePrivileges[] = {{"USAGE", 'U'}, {"SELECT", 'r'}, {"UPDATE", 'w'}};
constexpr PrivilegeName kSchemaPrivileges[] = {{"CREATE", 'C'}, {"USAGE", 'U'}};
constexpr PrivilegeName kDatabasePrivileges[] = {
    {"CREATE", 'C'}, {"TEMPORARY", 'T'}, {"TEMP", 'T'}, {"CONNECT", 'c'}};
constexpr PrivilegeName kFunctionPrivileges[] = {{"EXECUTE", 'X'}};
constexpr PrivilegeName kUsagePrivileges[] = {{"USAGE", 'U'}};
constexpr PrivilegeName kTablespacePrivileges[] = {{"CREATE", 'C'}};
constexpr PrivilegeName kParameterPrivileges[] = {{"SET", 's'}, {"ALTER SYSTEM", 'A'}};
constexpr PrivilegeName kRolePrivileges[] = {{"USAGE", 'U'}, {"MEMBER", 'M'}};

struct WantedPrivilege {
  char letter;
  bool grant_option;
};

std::string upper_trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// "SELECT, INSERT WITH GRANT OPTION": any of them suffices.
std::vector<WantedPrivilege> parse_privileges(std::string_view text,
                                              std::span<const PrivilegeName> known) {
  constexpr std::string_view kGrantOption = " WITH GRANT OPTION",
                             kAdminOption = " WITH ADMIN OPTION";
  std::vector<WantedPrivilege> out;
  for (;;) {
    size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    std::string name = upper_trimmed(part);
    bool grant_option = false;
    for (std::string_view suffix : {kGrantOption, kAdminOption}) {
      if (!name.ends_with(suffix)) continue;
      name.resize(name.size() - suffix.size());
      grant_option = true;
    }
    const PrivilegeName* found = nullptr;
    for (const PrivilegeName& row : known) {
      if (row.name == name) found = &row;
    }
    if (found == nullptr) {
      while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
      throw sql_error(SqlState::kInvalidParameterValue, "unrecognized privilege type: \"{}\"",
                      part);
    }
    if (found->letter != '\0') out.push_back({found->letter, grant_option});
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

// The arguments of one call, in the order [role,] object [, column], privileges.
class PrivilegeCall {
 public:
  PrivilegeCall(RowCall& call, const Value* args, size_t full_count)
      : call_(call), session_(session_of(call)), args_(args) {
    if (call.expr.args.size() == full_count) {
      role_ = is_name(0) ? role_by_name(text(0)) : args[0].datum.oid();
      next_ = 1;
    } else {
      role_ = session_.current_user_oid();
    }
  }

  const Catalog& catalog() const { return session_.catalog(); }
  const SessionCatalog& session() const { return session_; }
  Oid role() const { return role_; }
  bool is_name(size_t i) const { return call_.expr.args[i]->physical == PhysicalType::kVarlen; }
  std::string_view text(size_t i) const { return args_[i].datum.str.view(); }
  size_t object() const { return next_; }
  const Value& argument(size_t i) const { return args_[i]; }
  std::vector<WantedPrivilege> privileges(std::span<const PrivilegeName> known) const {
    return parse_privileges(text(call_.expr.args.size() - 1), known);
  }
  // nullptr: an oid of nothing (the result is NULL). Names of nothing throw.
  const Relation* relation() const {
    if (is_name(next_)) return &relation_of_text(session_, text(next_));
    return catalog().relation(args_[next_].datum.oid());
  }
  Oid object_id(Oid alias_type) const {
    if (!is_name(next_)) return args_[next_].datum.oid();
    CatalogObjectNames names(catalog(), session_.search_path(), session_.builtins());
    return names.oid_of(alias_type, text(next_));
  }

 private:
  Oid role_by_name(std::string_view name) const {
    return name == "public" ? kPublicGrantee : require_role(catalog(), name).oid;
  }

  RowCall& call_;
  const SessionCatalog& session_;
  const Value* args_;
  Oid role_ = kInvalidOid;
  size_t next_ = 0;
};

template <typename Test>
Value any_of(const std::vector<WantedPrivilege>& wanted, const Test& test) {
  for (const WantedPrivilege& privilege : wanted) {
    if (test(privilege)) return Datum::of_bool(true);
  }
  return Datum::of_bool(false);
}

Value table_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kTablePrivileges);
  const Relation* relation = call.relation();
  if (relation == nullptr) return Value::null();
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_relation_privilege(call.catalog(), call.role(), *relation, p.letter, p.grant_option);
  });
}

Value sequence_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kSequencePrivileges);
  const Relation* relation = call.relation();
  if (relation == nullptr) return Value::null();
  if (relation->kind != ObjectKind::kSequence) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a sequence", relation->name);
  }
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_relation_privilege(call.catalog(), call.role(), *relation, p.letter, p.grant_option);
  });
}

Value any_column_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kColumnPrivileges);
  const Relation* relation = call.relation();
  if (relation == nullptr) return Value::null();
  return any_of(wanted, [&](WantedPrivilege p) {
    const Catalog& catalog = call.catalog();
    if (has_relation_privilege(catalog, call.role(), *relation, p.letter, p.grant_option))
      return true;
    const auto* table = dynamic_cast<const Table*>(relation);
    if (table == nullptr) return false;
    for (const Column& column : table->columns) {
      if (column.dropped) continue;
      if (has_column_privilege(catalog, call.role(), *table, column, p.letter, p.grant_option))
        return true;
    }
    return false;
  });
}

Value column_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 4);
  auto wanted = call.privileges(kColumnPrivileges);
  const auto* table = dynamic_cast<const Table*>(call.relation());
  if (table == nullptr) return Value::null();
  size_t position = call.object() + 1;
  const Column* column = nullptr;
  if (call.is_name(position)) {
    column = table->find_column(call.text(position));
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                      call.text(position), table->name);
    }
  } else {
    column = table->column(call.argument(position).datum.i16);
    if (column == nullptr || column->dropped) return Value::null();
  }
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_column_privilege(call.catalog(), call.role(), *table, *column, p.letter,
                                p.grant_option);
  });
}

Value schema_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kSchemaPrivileges);
  const Schema* schema = nullptr;
  if (call.is_name(call.object())) {
    schema =
        &require_schema(call.catalog(), call.session().search_path(), call.text(call.object()));
  } else {
    schema = call.catalog().schema(call.argument(call.object()).datum.oid());
  }
  if (schema == nullptr) return Value::null();
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_schema_privilege(call.catalog(), call.role(), *schema, p.letter, p.grant_option);
  });
}

Value database_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kDatabasePrivileges);
  const Database* database =
      call.is_name(call.object())
          ? &require_database(call.catalog(), call.text(call.object()))
          : call.catalog().database(call.argument(call.object()).datum.oid());
  if (database == nullptr) return Value::null();
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_database_privilege(call.catalog(), call.role(), *database, p.letter, p.grant_option);
  });
}

// Built-in objects have no list: everybody may use them.
Value default_privilege(const PrivilegeCall& call, const std::vector<WantedPrivilege>& wanted,
                        std::string_view default_public) {
  return any_of(wanted, [&](WantedPrivilege p) {
    return has_privilege(call.catalog(), call.role(), kBootstrapRole, std::nullopt, p.letter,
                         p.grant_option, default_public);
  });
}

Value function_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kFunctionPrivileges);
  Oid function = call.object_id(type_oid::kRegprocedure);
  if (const Function* made = call.catalog().function(function)) {
    return any_of(wanted, [&](WantedPrivilege p) {
      return has_privilege(call.catalog(), call.role(), made->owner, made->acl, p.letter,
                           p.grant_option, "X");
    });
  }
  bool exists =
      find_proc_fact(function) != nullptr || call.session().builtins().has_function(function);
  return exists ? default_privilege(call, wanted, "X") : Value::null();
}

Value type_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kUsagePrivileges);
  Oid oid = call.object_id(type_oid::kRegtype);
  // An array type has its element's privileges.
  const Type* type = call.catalog().type_of_array(oid);
  if (type == nullptr) type = call.catalog().type(oid);
  if (type != nullptr) {
    return any_of(wanted, [&](WantedPrivilege p) {
      return has_privilege(call.catalog(), call.role(), type->owner, type->acl, p.letter,
                           p.grant_option, "U");
    });
  }
  bool exists = find_type(oid) != nullptr || call.catalog().table_of_row_type(oid) != nullptr;
  return exists ? default_privilege(call, wanted, "U") : Value::null();
}

struct LanguageFact {
  std::string_view name;
  Oid oid;
};
constexpr LanguageFact kLanguages[] = {
    {"internal", 12}, {"c", 13}, {"sql", 14}, {"plpgsql", 13563}};

Value language_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kUsagePrivileges);
  bool by_name = call.is_name(call.object());
  for (const LanguageFact& language : kLanguages) {
    bool same = by_name ? call.text(call.object()) == language.name
                        : call.argument(call.object()).datum.oid() == language.oid;
    if (same) return default_privilege(call, wanted, "U");
  }
  if (!by_name) return Value::null();
  throw sql_error(SqlState::kUndefinedObject, "language \"{}\" does not exist",
                  call.text(call.object()));
}

Value tablespace_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kTablespacePrivileges);
  if (call.is_name(call.object())) {
    std::string_view name = call.text(call.object());
    if (name != "pg_default" && name != "pg_global") {
      throw sql_error(SqlState::kUndefinedObject, "tablespace \"{}\" does not exist", name);
    }
  } else {
    Oid oid = call.argument(call.object()).datum.oid();
    if (oid != kDefaultTablespace && oid != kGlobalTablespace) return Value::null();
  }
  return default_privilege(call, wanted, "");
}

// Settings have no lists: what needs a privilege is for superusers.
Value parameter_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kParameterPrivileges);
  return any_of(wanted, [&](WantedPrivilege) { return is_superuser(call.catalog(), call.role()); });
}

// There are no foreign-data wrappers and servers.
template <bool kServer>
Value foreign_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  if (call.is_name(call.object())) {
    throw sql_error(SqlState::kUndefinedObject, "{} \"{}\" does not exist",
                    kServer ? "server" : "foreign-data wrapper", call.text(call.object()));
  }
  call.privileges(kUsagePrivileges);
  return Value::null();
}

Value role_privilege(RowCall& row, const Value* args) {
  PrivilegeCall call(row, args, 3);
  auto wanted = call.privileges(kRolePrivileges);
  Oid other = call.is_name(call.object())
                  ? require_role(call.catalog(), call.text(call.object())).oid
                  : call.argument(call.object()).datum.oid();
  return any_of(wanted, [&](WantedPrivilege p) {
    if (p.grant_option) return is_member_of(call.catalog(), call.role(), other, true);
    return p.letter == 'U' ? has_privileges_of(call.catalog(), call.role(), other)
                           : is_member_of(call.catalog(), call.role(), other);
  });
}

Value row_security_active(RowCall& row, const Value* args) {
  const SessionCatalog& session = session_of(row);
  const Relation* relation = row.expr.args[0]->physical == PhysicalType::kVarlen
                                 ? &relation_of_text(session, args[0].datum.str.view())
                                 : session.catalog().relation(args[0].datum.oid());
  const auto* table = dynamic_cast<const Table*>(relation);
  bool active = table != nullptr &&
                is_subject_to_row_security(session.catalog(), session.current_user_oid(), *table);
  return Datum::of_bool(active);
}

// What an object without a list of its own grants; the letter is its kind.
Value default_list(RowCall& row, const Value* args) {
  std::string_view owner_may;
  std::string_view public_may;
  switch (args[0].datum.i8) {
    case 'c':
      break;
    case 'r':
      owner_may = "arwdDxt";
      break;
    case 's':
      owner_may = "rwU";
      break;
    case 'd':
      owner_may = "CTc", public_may = "Tc";
      break;
    case 'f':
      owner_may = public_may = "X";
      break;
    case 'l':
    case 'T':
      owner_may = public_may = "U";
      break;
    case 'L':
      owner_may = "rw";
      break;
    case 'n':
      owner_may = "UC";
      break;
    case 'p':
      owner_may = "sA";
      break;
    case 't':
      owner_may = "C";
      break;
    case 'F':
    case 'S':
      owner_may = "U";
      break;
    default:
      throw sql_error(SqlState::kInternalError, "unrecognized object type abbreviation: {}",
                      static_cast<char>(args[0].datum.i8));
  }
  Oid owner = args[1].datum.oid();
  Acl acl;
  if (!public_may.empty()) acl.push_back({kPublicGrantee, owner, std::string(public_may), ""});
  if (!owner_may.empty()) acl.push_back({owner, owner, std::string(owner_may), ""});
  return acl_value(session_of(row).catalog(), acl, row.arena);
}

const KernelRow kRows[] = {
    scalar_row("acldefault(char,oid)", row_kernel<default_list>, "privileges without a list"),
    scalar_row("has_table_privilege(name,text,text)", row_kernel<table_privilege>),
    scalar_row("has_table_privilege(name,oid,text)", row_kernel<table_privilege>),
    scalar_row("has_table_privilege(oid,text,text)", row_kernel<table_privilege>),
    scalar_row("has_table_privilege(oid,oid,text)", row_kernel<table_privilege>),
    scalar_row("has_table_privilege(text,text)", row_kernel<table_privilege>),
    scalar_row("has_table_privilege(oid,text)", row_kernel<table_privilege>),
    scalar_row("has_sequence_privilege(name,text,text)", row_kernel<sequence_privilege>),
    scalar_row("has_sequence_privilege(name,oid,text)", row_kernel<sequence_privilege>),
    scalar_row("has_sequence_privilege(oid,text,text)", row_kernel<sequence_privilege>),
    scalar_row("has_sequence_privilege(oid,oid,text)", row_kernel<sequence_privilege>),
    scalar_row("has_sequence_privilege(text,text)", row_kernel<sequence_privilege>),
    scalar_row("has_sequence_privilege(oid,text)", row_kernel<sequence_privilege>),
    scalar_row("has_any_column_privilege(name,text,text)", row_kernel<any_column_privilege>),
    scalar_row("has_any_column_privilege(name,oid,text)", row_kernel<any_column_privilege>),
    scalar_row("has_any_column_privilege(oid,text,text)", row_kernel<any_column_privilege>),
    scalar_row("has_any_column_privilege(oid,oid,text)", row_kernel<any_column_privilege>),
    scalar_row("has_any_column_privilege(text,text)", row_kernel<any_column_privilege>),
    scalar_row("has_any_column_privilege(oid,text)", row_kernel<any_column_privilege>),
    scalar_row("has_schema_privilege(name,text,text)", row_kernel<schema_privilege>),
    scalar_row("has_schema_privilege(name,oid,text)", row_kernel<schema_privilege>),
    scalar_row("has_schema_privilege(oid,text,text)", row_kernel<schema_privilege>),
    scalar_row("has_schema_privilege(oid,oid,text)", row_kernel<schema_privilege>),
    scalar_row("has_schema_privilege(text,text)", row_kernel<schema_privilege>),
    scalar_row("has_schema_privilege(oid,text)", row_kernel<schema_privilege>),
    scalar_row("has_database_privilege(name,text,text)", row_kernel<database_privilege>),
    scalar_row("has_database_privilege(name,oid,text)", row_kernel<database_privilege>),
    scalar_row("has_database_privilege(oid,text,text)", row_kernel<database_privilege>),
    scalar_row("has_database_privilege(oid,oid,text)", row_kernel<database_privilege>),
    scalar_row("has_database_privilege(text,text)", row_kernel<database_privilege>),
    scalar_row("has_database_privilege(oid,text)", row_kernel<database_privilege>),
    scalar_row("has_function_privilege(name,text,text)", row_kernel<function_privilege>),
    scalar_row("has_function_privilege(name,oid,text)", row_kernel<function_privilege>),
    scalar_row("has_function_privilege(oid,text,text)", row_kernel<function_privilege>),
    scalar_row("has_function_privilege(oid,oid,text)", row_kernel<function_privilege>),
    scalar_row("has_function_privilege(text,text)", row_kernel<function_privilege>),
    scalar_row("has_function_privilege(oid,text)", row_kernel<function_privilege>),
    scalar_row("has_type_privilege(name,text,text)", row_kernel<type_privilege>),
    scalar_row("has_type_privilege(name,oid,text)", row_kernel<type_privilege>),
    scalar_row("has_type_privilege(oid,text,text)", row_kernel<type_privilege>),
    scalar_row("has_type_privilege(oid,oid,text)", row_kernel<type_privilege>),
    scalar_row("has_type_privilege(text,text)", row_kernel<type_privilege>),
    scalar_row("has_type_privilege(oid,text)", row_kernel<type_privilege>),
    scalar_row("has_language_privilege(name,text,text)", row_kernel<language_privilege>),
    scalar_row("has_language_privilege(name,oid,text)", row_kernel<language_privilege>),
    scalar_row("has_language_privilege(oid,text,text)", row_kernel<language_privilege>),
    scalar_row("has_language_privilege(oid,oid,text)", row_kernel<language_privilege>),
    scalar_row("has_language_privilege(text,text)", row_kernel<language_privilege>),
    scalar_row("has_language_privilege(oid,text)", row_kernel<language_privilege>),
    scalar_row("has_tablespace_privilege(name,text,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_tablespace_privilege(name,oid,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_tablespace_privilege(oid,text,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_tablespace_privilege(oid,oid,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_tablespace_privilege(text,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_tablespace_privilege(oid,text)", row_kernel<tablespace_privilege>),
    scalar_row("has_parameter_privilege(name,text,text)", row_kernel<parameter_privilege>),
    scalar_row("has_parameter_privilege(oid,text,text)", row_kernel<parameter_privilege>),
    scalar_row("has_parameter_privilege(text,text)", row_kernel<parameter_privilege>),
    scalar_row("has_foreign_data_wrapper_privilege(name,text,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_foreign_data_wrapper_privilege(name,oid,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_foreign_data_wrapper_privilege(oid,text,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_foreign_data_wrapper_privilege(oid,oid,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_foreign_data_wrapper_privilege(text,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_foreign_data_wrapper_privilege(oid,text)",
               row_kernel<foreign_privilege<false>>),
    scalar_row("has_server_privilege(name,text,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_server_privilege(name,oid,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_server_privilege(oid,text,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_server_privilege(oid,oid,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_server_privilege(text,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_server_privilege(oid,text)", row_kernel<foreign_privilege<true>>),
    scalar_row("has_column_privilege(name,text,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(name,text,int2,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(name,oid,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(name,oid,int2,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,text,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,text,int2,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,oid,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,oid,int2,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(text,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(text,int2,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,text,text)", row_kernel<column_privilege>),
    scalar_row("has_column_privilege(oid,int2,text)", row_kernel<column_privilege>),
    scalar_row("pg_has_role(name,name,text)", row_kernel<role_privilege>),
    scalar_row("pg_has_role(name,oid,text)", row_kernel<role_privilege>),
    scalar_row("pg_has_role(oid,name,text)", row_kernel<role_privilege>),
    scalar_row("pg_has_role(oid,oid,text)", row_kernel<role_privilege>),
    scalar_row("pg_has_role(name,text)", row_kernel<role_privilege>),
    scalar_row("pg_has_role(oid,text)", row_kernel<role_privilege>),
    scalar_row("row_security_active(oid)", row_kernel<row_security_active>),
    scalar_row("row_security_active(text)", row_kernel<row_security_active>),
};

}  // namespace

std::span<const KernelRow> privilege_kernels() { return kRows; }

}  // namespace luma
