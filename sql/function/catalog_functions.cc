// Names, visibility, comments, sizes: what clients ask about objects besides their definitions.
#include "sql/function/catalog_functions.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/extension_type.h"
#include "engine/type/numeric.h"
#include "engine/type/typmod.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/comments.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/large_objects.h"
#include "sql/catalog/object_names.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/text_search_objects.h"
#include "sql/function/updatable_view.h"
#include "sql/function/variadic.h"

namespace luma {

const Relation& relation_of_text(const SessionCatalog& session, std::string_view text) {
  std::vector<std::string> names = split_qualified_name(text);
  QualifiedName name;
  name.name = names.back();
  if (names.size() > 1) name.schema = names[names.size() - 2];
  if (names.size() > 2) name.database = names[names.size() - 3];
  return require_relation(session.catalog(), session.search_path(), name);
}

namespace {

Value user_name(RowCall& call, const Value* args) {
  return text_value(call, session_of(call).catalog().role_name(args[0].datum.oid()));
}

// --- visibility: NULL when there is no such object ---
Value relation_visible(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Relation* relation = session.catalog().relation(args[0].datum.oid());
  if (relation == nullptr) return Value::null();
  return Datum::of_bool(relation_is_visible(session.catalog(), session.search_path(), *relation));
}

Value type_visible(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  Oid oid = args[0].datum.oid();
  const Catalog& catalog = session.catalog();
  bool exists = find_type(oid) != nullptr || catalog.type(oid) != nullptr ||
                catalog.type_of_array(oid) != nullptr || catalog.table_of_row_type(oid) != nullptr;
  if (!exists) return Value::null();
  return Datum::of_bool(type_is_visible(catalog, session.search_path(), oid));
}

// Objects that only pg_catalog has are always visible.
Value function_visible(RowCall& call, const Value* args) {
  Oid oid = args[0].datum.oid();
  const SessionCatalog& session = session_of(call);
  if (const Function* user = session.catalog().function(oid)) {
    for (Oid schema : session.search_path().schemas) {
      const Function* first =
          session.catalog().find_function(schema, user->name, user->input_types());
      if (first != nullptr) return Datum::of_bool(first == user);
    }
    return Datum::of_bool(false);
  }
  bool exists = find_proc_fact(oid) != nullptr || session_of(call).builtins().has_function(oid);
  return exists ? Value(Datum::of_bool(true)) : Value::null();
}
Value operator_visible(RowCall& call, const Value* args) {
  Oid oid = args[0].datum.oid();
  if (find_operator_fact(oid) != nullptr) return Datum::of_bool(true);
  auto created = find_created_operator(session_of(call).catalog(), oid);
  if (!created) return Value::null();
  return Datum::of_bool(session_of(call).search_path().contains(created->schema));
}
// Of an operator class, or (`kFamily`) a family, of an extension.
template <bool kFamily>
std::optional<bool> extension_class_visible(RowCall& call, Oid oid) {
  for (const ExtensionOpClassFact& row : extension_opclass_facts()) {
    if ((kFamily ? row.family : row.oid) != oid) continue;
    const Extension* extension = session_of(call).catalog().find_extension(row.extension);
    if (extension == nullptr) return std::nullopt;
    return session_of(call).search_path().contains(extension->schema);
  }
  return std::nullopt;
}
// Of an operator class, or (`kFamily`) a family, that was created.
template <bool kFamily>
std::optional<bool> created_class_visible(RowCall& call, Oid oid) {
  const Catalog& catalog = session_of(call).catalog();
  const SearchPath& path = session_of(call).search_path();
  if constexpr (kFamily) {
    const OperatorFamily* family = created_operator_family(catalog, oid);
    if (family == nullptr) return std::nullopt;
    return find_operator_family(catalog, path, family->access_method, {{}, family->name}) == oid;
  } else {
    const OperatorClass* made = created_operator_class(catalog, oid);
    if (made == nullptr) return std::nullopt;
    return find_operator_class(catalog, path, made->access_method, {{}, made->name}) == oid;
  }
}
Value opclass_visible(RowCall& call, const Value* args) {
  Oid oid = args[0].datum.oid();
  if (auto created = created_class_visible<false>(call, oid)) return Datum::of_bool(*created);
  if (find_extension_opclass(oid) == nullptr) {
    bool exists = find_opclass_fact(oid) != nullptr;
    return exists ? Value(Datum::of_bool(true)) : Value::null();
  }
  auto visible = extension_class_visible<false>(call, oid);
  return visible ? Value(Datum::of_bool(*visible)) : Value::null();
}
// Whether the search path finds this very object by its name.
Value named_visible(RowCall& call, const CatalogObject* object,
                    Oid (*find)(const Catalog&, const SearchPath&, const QualifiedName&)) {
  if (object == nullptr) return Value::null();
  const SessionCatalog& session = session_of(call);
  QualifiedName name;
  name.name = object->name;
  return Datum::of_bool(find(session.catalog(), session.search_path(), name) == object->oid);
}
Value collation_visible(RowCall& call, const Value* args) {
  auto found = collation(session_of(call).catalog(), args[0].datum.oid());
  return named_visible(call, found ? &*found : nullptr, find_collation);
}
Value text_configuration_visible(RowCall& call, const Value* args) {
  return named_visible(call, text_configuration(session_of(call).catalog(), args[0].datum.oid()),
                       find_text_configuration);
}
Value text_dictionary_visible(RowCall& call, const Value* args) {
  return named_visible(call, text_dictionary(session_of(call).catalog(), args[0].datum.oid()),
                       find_text_dictionary);
}

template <const char* relation>
Value fact_visible(RowCall&, const Value* args) {
  const FactTable& facts = fact_table(relation);
  std::string wanted = std::to_string(args[0].datum.oid());
  for (size_t i = 0; i < facts.row_count(); ++i) {
    if (facts.row(i)[0] == wanted) return Datum::of_bool(true);
  }
  return Value::null();
}
constexpr char kOpfamily[] = "pg_opfamily", kConversion[] = "pg_conversion",
               kTsParser[] = "pg_ts_parser", kTsTemplate[] = "pg_ts_template";

Value opfamily_visible(RowCall& call, const Value* args) {
  if (auto created = created_class_visible<true>(call, args[0].datum.oid())) {
    return Datum::of_bool(*created);
  }
  auto visible = extension_class_visible<true>(call, args[0].datum.oid());
  return visible ? Value(Datum::of_bool(*visible)) : fact_visible<kOpfamily>(call, args);
}

// --- comments ---
Oid class_of_name(RowCall& call, std::string_view name) {
  const Relation* relation = session_of(call).catalog().find_relation(schema_oid::kPgCatalog, name);
  return relation == nullptr ? ~Oid{0} : relation->oid;
}

std::optional<std::string> large_object_comment(RowCall& call, Oid oid) {
  auto* state = dynamic_cast<OperationsState*>(&session_of(call).live_state());
  if (state == nullptr) return std::nullopt;
  std::optional<LargeObjectInfo> info = state->large_objects().find(oid);
  if (!info || info->comment.empty()) return std::nullopt;
  return info->comment;
}
Value comment_of_class(RowCall& call, const Value* args) {
  Oid class_id = class_of_name(call, args[1].datum.str.view());
  if (class_id == kLargeObjectClass) {
    return optional_text(call, large_object_comment(call, args[0].datum.oid()));
  }
  return optional_text(
      call, object_comment(session_of(call).catalog(), {class_id, args[0].datum.oid(), 0}));
}
Value comment_of_any(RowCall& call, const Value* args) {
  return optional_text(call,
                       object_comment(session_of(call).catalog(), {0, args[0].datum.oid(), 0}));
}
Value comment_of_column(RowCall& call, const Value* args) {
  return optional_text(
      call, object_comment(session_of(call).catalog(),
                           {class_oid::kRelation, args[0].datum.oid(), args[1].datum.i32}));
}

Value describe_object(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  if (args[0].datum.oid() == 0 && args[1].datum.oid() == 0) return Value::null();
  auto visible = [&](const Relation& r) {
    return relation_is_visible(session.catalog(), session.search_path(), r);
  };
  return text_value(call,
                    session.catalog().describe(
                        {args[0].datum.oid(), args[1].datum.oid(), args[2].datum.i32}, visible));
}

// --- type and object names ---
Value type_text(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  const SessionCatalog& session = session_of(call);
  Oid type = args[0].datum.oid();
  if (type == kInvalidOid) return text_value(call, "-");
  if (!is_created_type(type) && find_type(type) != nullptr) {
    return text_value(call, args[1].is_null ? format_type(type)
                                            : format_type_with_typmod(type, args[1].datum.i32));
  }
  return text_value(call, type_display_name(session.catalog(), session.search_path(), type));
}

template <Oid alias_type>
Value to_object_id(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  CatalogObjectNames names(session.catalog(), session.search_path(), session.builtins());
  Oid oid = names.find_oid(alias_type, args[0].datum.str.view());
  return oid == kInvalidOid ? Value::null() : Value(Datum::of_oid(oid));
}

Value regclass_of_text(RowCall& call, const Value* args) {
  const TypeInfo& type = type_info(type_oid::kRegclass);
  return type.input(args[0].datum.str.view(), type, -1, io_of(call.context), call.arena);
}

// --- schemas of the session ---
Value current_schema(RowCall& call, const Value*) {
  const SessionCatalog& session = session_of(call);
  Oid schema = session.search_path().creation_schema;
  return schema == kInvalidOid ? Value::null()
                               : text_value(call, session.catalog().schema_name(schema));
}

Value current_schemas(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const SearchPath& path = session.search_path();
  ArrayBuilder builder(type_oid::kName);
  for (Oid schema : args[0].datum.b ? path.schemas : path.explicit_schemas) {
    std::string name = session.catalog().schema_name(schema);
    builder.add(Datum::of_string(std::string_view(name)));
  }
  return builder.finish(call.arena);
}

Value my_temp_schema(RowCall& call, const Value*) {
  return Datum::of_oid(session_of(call).search_path().temp_schema);
}

Value is_other_temp_schema(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  Oid oid = args[0].datum.oid();
  const Schema* schema = session.catalog().schema(oid);
  bool temp = schema != nullptr && schema->name.starts_with("pg_temp_");
  return Datum::of_bool(temp && oid != session.search_path().temp_schema);
}

// --- sizes ---
int64_t own_size(RowCall& call, Oid relation) {
  return session_of(call).live_state().relation_size(relation).bytes;
}
int64_t index_sizes(RowCall& call, Oid table) {
  int64_t total = 0;
  for (Oid index : session_of(call).catalog().indexes_of(table)) total += own_size(call, index);
  return total;
}
bool relation_exists(RowCall& call, const Value& oid) {
  return session_of(call).catalog().relation(oid.datum.oid()) != nullptr;
}

Value relation_size(RowCall& call, const Value* args) {
  if (!relation_exists(call, args[0])) return Value::null();
  if (call.expr.args.size() == 2) {
    std::string_view fork = args[1].datum.str.view();
    if (fork != "main" && fork != "fsm" && fork != "vm" && fork != "init") {
      throw sql_error(SqlState::kInvalidParameterValue, "invalid fork name")
          .hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
    }
    if (fork != "main") return Datum::of_int64(0);
  }
  return Datum::of_int64(own_size(call, args[0].datum.oid()));
}
Value indexes_size(RowCall& call, const Value* args) {
  if (!relation_exists(call, args[0])) return Value::null();
  return Datum::of_int64(index_sizes(call, args[0].datum.oid()));
}
Value total_relation_size(RowCall& call, const Value* args) {
  if (!relation_exists(call, args[0])) return Value::null();
  Oid oid = args[0].datum.oid();
  return Datum::of_int64(own_size(call, oid) + index_sizes(call, oid));
}
Value database_size(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  if (call.expr.args[0]->physical == PhysicalType::kVarlen) {
    Oid oid = require_database(session.catalog(), args[0].datum.str.view()).oid;
    return Datum::of_int64(session.live_state().database_size(oid));
  }
  if (session.catalog().database(args[0].datum.oid()) == nullptr) return Value::null();
  return Datum::of_int64(session.live_state().database_size(args[0].datum.oid()));
}

Value tablespace_size(RowCall& call, const Value*) {
  const SessionCatalog& session = session_of(call);
  int64_t total = 0;
  session.catalog().for_each_database(
      [&](const Database& d) { total += session.live_state().database_size(d.oid); });
  return Datum::of_int64(total);
}

// 10 kB and 20 GB: the largest unit that keeps at least four digits, halves rounded away from zero.
Value size_pretty(RowCall& call, const Value* args) {
  constexpr std::string_view kUnits[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  constexpr int64_t kLimits[] = {10 * 1024, 20 * 1024 - 1, 20 * 1024 - 1, 20 * 1024 - 1,
                                 20 * 1024 - 1};
  int64_t size = args[0].datum.i64;
  auto magnitude = [](int64_t v) {
    return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
  };
  size_t unit = 0;
  // From kB on the value is kept in half units, so that the last step can round.
  while (unit < std::size(kLimits) && magnitude(size) >= static_cast<uint64_t>(kLimits[unit])) {
    ++unit;
    size /= unit == 1 ? 512 : 1024;
  }
  if (unit > 0) size = (size + (size < 0 ? -1 : 1)) / 2;
  return text_value(call, fmt::format("{} {}", size, kUnits[unit]));
}

// A number and perhaps a unit: "10 GB" -> bytes.
Value size_bytes(RowCall& call, const Value* args) {
  constexpr std::pair<std::string_view, int> kUnits[] = {{"bytes", 0}, {"kb", 10}, {"mb", 20},
                                                         {"gb", 30},   {"tb", 40}, {"pb", 50}};
  std::string_view all = args[0].datum.str.view(), text = all;
  auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  size_t end = 0;
  bool has_digits = false;
  auto skip_digits = [&](bool counts) {
    size_t begin = end;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (counts && end > begin) has_digits = true;
    return end > begin;
  };
  if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
  skip_digits(true);
  if (end < text.size() && text[end] == '.') {
    ++end;
    skip_digits(true);
  }
  if (!has_digits) {
    throw sql_error(SqlState::kInvalidParameterValue, "invalid size: \"{}\"", all);
  }
  if (size_t mantissa_end = end; end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    ++end;
    if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
    if (!skip_digits(false)) end = mantissa_end;
  }
  Datum number = numeric_from_text(text.substr(0, end), call.arena);
  std::string_view unit = text.substr(end);
  while (!unit.empty() && is_space(unit.front())) unit.remove_prefix(1);
  if (unit.empty()) return Datum::of_int64(numeric_to_int64(number));
  std::string lower(unit);
  for (char& c : lower) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  for (auto [name, bits] : kUnits) {
    if (lower != name) continue;
    Datum factor = numeric_from_text(std::to_string(int64_t{1} << bits), call.arena);
    return Datum::of_int64(numeric_to_int64(numeric_mul(number, factor, call.arena)));
  }
  throw sql_error(SqlState::kInvalidParameterValue, "invalid size: \"{}\"", all)
      .detail(fmt::format("Invalid size unit: \"{}\".", unit))
      .hint(R"(Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".)");
}

Value never_visible(RowCall&, const Value*) { return Value::null(); }

Value relation_filenode(RowCall& call, const Value* args) {
  const Relation* relation = session_of(call).catalog().relation(args[0].datum.oid());
  if (relation == nullptr || relation->storage_id == 0) return Value::null();
  return Datum::of_oid(relation->oid);
}

Value tablespace_location(RowCall& call, const Value*) { return text_value(call, ""); }

// What INSTEAD OF triggers of a view can do, in the same bits as updatable_events().
int32_t events_of_triggers(const Catalog& catalog, Oid oid) {
  const Table* view = catalog.table(oid);
  if (view == nullptr || !view->is_view()) return 0;
  int32_t events = 0;
  for (const Trigger& trigger : view->triggers) {
    if ((trigger.type & trigger_type::kInstead) == 0) continue;
    if ((trigger.type & trigger_type::kInsert) != 0) events |= kInsertEvent;
    if ((trigger.type & trigger_type::kUpdate) != 0) events |= kUpdateEvent;
    if ((trigger.type & trigger_type::kDelete) != 0) events |= kDeleteEvent;
  }
  return events;
}

Value relation_is_updatable(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  Oid relation = args[0].datum.oid();
  int32_t events =
      updatable_events(session.catalog(), relation, session.search_path().temp_schema, nullptr);
  if (args[1].datum.b) events |= events_of_triggers(session.catalog(), relation);
  return Datum::of_int32(events);
}
Value column_is_updatable(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  std::set<int16_t> column = {args[1].datum.i16};
  if (*column.begin() <= 0) return Datum::of_bool(false);
  int32_t events = updatable_events(session.catalog(), args[0].datum.oid(),
                                    session.search_path().temp_schema, &column);
  return Datum::of_bool((events & kUpdateEvent) != 0 && (events & kDeleteEvent) != 0);
}
Value relation_is_publishable(RowCall& call, const Value* args) {
  const Relation* relation = session_of(call).catalog().relation(args[0].datum.oid());
  if (relation == nullptr) return Value::null();
  return Datum::of_bool(relation->relkind == 'r' && relation->persistence == 'p' &&
                        relation->oid >= kFirstUserOid);
}

Value sequence_last_value(RowCall& call, const Value* args) {
  SequenceRow state = session_of(call).live_state().sequence(args[0].datum.oid());
  return state.is_called ? Value(Datum::of_int64(state.last_value)) : Value::null();
}

const KernelRow kRows[] = {
    scalar_row("pg_get_userbyid(oid)", row_kernel<user_name>, "name of a role"),
    scalar_row("pg_table_is_visible(oid)", row_kernel<relation_visible>,
               "found without its schema?"),
    scalar_row("pg_type_is_visible(oid)", row_kernel<type_visible>, "found without its schema?"),
    scalar_row("pg_function_is_visible(oid)", row_kernel<function_visible>),
    scalar_row("pg_operator_is_visible(oid)", row_kernel<operator_visible>),
    scalar_row("pg_opclass_is_visible(oid)", row_kernel<opclass_visible>),
    scalar_row("pg_opfamily_is_visible(oid)", row_kernel<opfamily_visible>),
    scalar_row("pg_collation_is_visible(oid)", row_kernel<collation_visible>),
    scalar_row("pg_conversion_is_visible(oid)", row_kernel<fact_visible<kConversion>>),
    scalar_row("pg_ts_config_is_visible(oid)", row_kernel<text_configuration_visible>),
    scalar_row("pg_ts_dict_is_visible(oid)", row_kernel<text_dictionary_visible>),
    scalar_row("pg_ts_parser_is_visible(oid)", row_kernel<fact_visible<kTsParser>>),
    scalar_row("pg_ts_template_is_visible(oid)", row_kernel<fact_visible<kTsTemplate>>),
    scalar_row("obj_description(oid,name)", row_kernel<comment_of_class>, "comment on an object"),
    scalar_row("obj_description(oid)", row_kernel<comment_of_any>, "comment on an object"),
    scalar_row("col_description(oid,int4)", row_kernel<comment_of_column>, "comment on a column"),
    scalar_row("shobj_description(oid,name)", row_kernel<comment_of_class>,
               "comment on a shared object"),
    scalar_row("pg_describe_object(oid,oid,int4)", row_kernel<describe_object>),
    scalar_row("format_type(oid,int4)", row_kernel<type_text, false>, "SQL name of a type"),
    scalar_row("regclass(text)", row_kernel<regclass_of_text>),
    scalar_row("to_regclass(text)", row_kernel<to_object_id<type_oid::kRegclass>>),
    scalar_row("to_regtype(text)", row_kernel<to_object_id<type_oid::kRegtype>>),
    scalar_row("to_regproc(text)", row_kernel<to_object_id<type_oid::kRegproc>>),
    scalar_row("to_regprocedure(text)", row_kernel<to_object_id<type_oid::kRegprocedure>>),
    scalar_row("to_regoper(text)", row_kernel<to_object_id<type_oid::kRegoper>>),
    scalar_row("to_regoperator(text)", row_kernel<to_object_id<type_oid::kRegoperator>>),
    scalar_row("to_regnamespace(text)", row_kernel<to_object_id<type_oid::kRegnamespace>>),
    scalar_row("to_regrole(text)", row_kernel<to_object_id<type_oid::kRegrole>>),
    scalar_row("to_regcollation(text)", row_kernel<to_object_id<type_oid::kRegcollation>>),
    scalar_row("current_schema()", row_kernel<current_schema>, "where CREATE puts objects"),
    scalar_row("current_schemas(bool)", row_kernel<current_schemas>, "the search path"),
    scalar_row("pg_my_temp_schema()", row_kernel<my_temp_schema>),
    scalar_row("pg_is_other_temp_schema(oid)", row_kernel<is_other_temp_schema>),
    scalar_row("pg_relation_size(regclass)", row_kernel<relation_size>, "bytes of a relation"),
    scalar_row("pg_relation_size(regclass,text)", row_kernel<relation_size>),
    scalar_row("pg_table_size(regclass)", row_kernel<relation_size>),
    scalar_row("pg_indexes_size(regclass)", row_kernel<indexes_size>),
    scalar_row("pg_total_relation_size(regclass)", row_kernel<total_relation_size>),
    scalar_row("pg_database_size(name)", row_kernel<database_size>),
    scalar_row("pg_database_size(oid)", row_kernel<database_size>),
    scalar_row("pg_tablespace_size(oid)", row_kernel<tablespace_size>),
    scalar_row("pg_tablespace_size(name)", row_kernel<tablespace_size>),
    scalar_row("pg_size_pretty(int8)", row_kernel<size_pretty>, "a size with its unit"),
    scalar_row("pg_size_bytes(text)", row_kernel<size_bytes>, "bytes of a size with its unit"),
    scalar_row("pg_statistics_obj_is_visible(oid)", row_kernel<never_visible>),
    scalar_row("pg_relation_filenode(regclass)", row_kernel<relation_filenode>),
    scalar_row("pg_tablespace_location(oid)", row_kernel<tablespace_location>),
    scalar_row("pg_relation_is_updatable(regclass,bool)", row_kernel<relation_is_updatable>),
    scalar_row("pg_column_is_updatable(regclass,int2,bool)", row_kernel<column_is_updatable>),
    scalar_row("pg_relation_is_publishable(regclass)", row_kernel<relation_is_publishable>),
    scalar_row("pg_sequence_last_value(regclass)", row_kernel<sequence_last_value>),
};

}  // namespace

std::span<const KernelRow> catalog_kernels() { return kRows; }

}  // namespace luma
