// System relations whose rows are PostgreSQL's facts, less what LumaDB cannot run.
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <unordered_map>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "sql/catalog/fact_rows.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// Rows by the value of one column.
using RowIndex = std::unordered_multimap<uint64_t, uint32_t>;

// Values of one relation, made once and kept until the process ends.
struct ParsedRows {
  Arena arena;
  std::vector<std::vector<Value>> rows;
  std::map<uint32_t, RowIndex> by_column;
};

int64_t whole_number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_object_id(Oid type) {
  switch (type) {
    case type_oid::kOid:
    case type_oid::kRegproc:
    case type_oid::kRegtype:
    case type_oid::kRegclass:
      return true;
    default:
      return false;
  }
}

Value parse_value(const Column& column, std::string_view text, Arena& arena) {
  if (text.data() == nullptr) return Value::null();
  if (is_object_id(column.type.oid)) return Datum::of_oid(static_cast<Oid>(whole_number(text)));
  const TypeInfo& type = type_info(column.type.oid);
  if (type.input == nullptr) return Datum::of_string(text);
  static const IoContext io;
  return type.input(text, type, -1, io, arena);
}

std::unique_ptr<ParsedRows> parse_rows(const Table& relation) {
  auto parsed = std::make_unique<ParsedRows>();
  const FactTable& facts = fact_table(relation.name);
  for (size_t i = 0; i < facts.row_count(); ++i) {
    auto fields = facts.row(i);
    std::vector<Value>& row = parsed->rows.emplace_back();
    for (size_t c = 0; c < relation.columns.size(); ++c) {
      row.push_back(parse_value(relation.columns[c], fields[c], parsed->arena));
    }
  }
  return parsed;
}

// Whether LumaDB has what a row is about.
using RowFilter = bool (*)(const BuiltinAvailability& builtins, std::span<const Value> row);

bool function_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  return builtin_function_exists(builtins, row[0].datum.oid());
}
bool operator_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  const OperatorFact* fact = find_operator_fact(row[0].datum.oid());
  return fact != nullptr && builtin_operator_exists(builtins, *fact);
}
bool aggregate_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  return builtins.has_function(row[0].datum.oid());
}
bool cast_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  Oid function = row[3].datum.oid();
  return function == kInvalidOid || builtins.has_function(function);
}
bool amop_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  const OperatorFact* fact = find_operator_fact(row[6].datum.oid());
  return fact != nullptr && builtin_operator_exists(builtins, *fact);
}
bool amproc_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  return builtins.has_function(row[5].datum.oid());
}
bool type_row(const BuiltinAvailability&, std::span<const Value> row) {
  return builtin_type_exists(row[0].datum.oid());
}
bool description_row(const BuiltinAvailability& builtins, std::span<const Value> row) {
  switch (row[1].datum.oid()) {
    case class_oid::kProc:
      return function_row(builtins, row);
    case class_oid::kOperator:
      return operator_row(builtins, row);
    case class_oid::kType:
      return type_row(builtins, row);
    default:
      return true;
  }
}

RowFilter filter_of(std::string_view relation) {
  if (relation == "pg_proc") return function_row;
  if (relation == "pg_operator") return operator_row;
  if (relation == "pg_aggregate") return aggregate_row;
  if (relation == "pg_cast") return cast_row;
  if (relation == "pg_amop") return amop_row;
  if (relation == "pg_amproc") return amproc_row;
  if (relation == "pg_type" || relation == "pg_range") return type_row;
  if (relation == "pg_description") return description_row;
  return nullptr;
}

bool is_name(Oid type) { return type == type_oid::kName || type == type_oid::kText; }

uint64_t key_of(Oid type, const Datum& datum) {
  return is_name(type) ? std::hash<std::string_view>()(datum.str.view()) : datum.oid();
}

bool passes(const VirtualScan& scan, std::span<const Value> row) {
  for (const VirtualFilter& filter : scan.filters) {
    // Oids and names are the filters that matter; others are left to the scan's own test.
    const Oid type = scan.relation.columns[filter.column].type.oid;
    if (filter.value.is_null || (!is_object_id(type) && !is_name(type))) continue;
    const Value& value = row[filter.column];
    if (value.is_null) return false;
    bool same = is_name(type) ? value.datum.str.view() == filter.value.datum.str.view()
                              : value.datum.oid() == filter.value.datum.oid();
    if (!same) return false;
  }
  return true;
}

ParsedRows& parsed_rows(const Table& relation) {
  static std::map<Oid, std::unique_ptr<ParsedRows>> parsed;
  auto& entry = parsed[relation.oid];
  if (entry == nullptr) entry = parse_rows(relation);
  return *entry;
}

std::mutex& facts_mutex() {
  static std::mutex mutex;
  return mutex;
}

// What never changes once it is made, so that it may be read without the lock.
const RowIndex& index_rows(const Table& relation, uint32_t column) {
  std::lock_guard lock(facts_mutex());
  ParsedRows& parsed = parsed_rows(relation);
  auto [entry, is_new] = parsed.by_column.try_emplace(column);
  if (is_new) {
    const Oid type = relation.columns[column].type.oid;
    for (uint32_t i = 0; i < parsed.rows.size(); ++i) {
      const Value& value = parsed.rows[i][column];
      if (!value.is_null) entry->second.emplace(key_of(type, value.datum), i);
    }
  }
  return entry->second;
}

// The column that finds rows at once, if there is one.
const VirtualFilter* indexed_filter(const VirtualScan& scan) {
  for (const VirtualFilter& filter : scan.filters) {
    const Column& column = scan.relation.columns[filter.column];
    if (filter.value.is_null || (!is_object_id(column.type.oid) && !is_name(column.type.oid))) {
      continue;
    }
    if (column.name == "oid" || scan.relation.virtual_relation->is_key(column.name)) return &filter;
  }
  return nullptr;
}

}  // namespace

bool builtin_type_exists(Oid oid) {
  const TypeInfo* type = find_type(oid);
  return type != nullptr && (type->output != nullptr || type->type_type == 'p');
}

const std::vector<std::vector<Value>>& fact_rows(const Table& relation) {
  std::lock_guard lock(facts_mutex());
  return parsed_rows(relation).rows;
}

void generate_fact_rows(const VirtualScan& scan, VirtualRowSink& sink) {
  RowFilter exists = filter_of(scan.relation.name);
  const BuiltinAvailability& builtins = scan.session.builtins();
  const std::vector<std::vector<Value>>& rows = fact_rows(scan.relation);
  auto add = [&](const std::vector<Value>& row) {
    if (passes(scan, row) && (exists == nullptr || exists(builtins, row))) sink.add(row);
  };
  const VirtualFilter* filter = indexed_filter(scan);
  if (filter == nullptr) {
    for (const std::vector<Value>& row : rows) add(row);
    return;
  }
  const Oid type = scan.relation.columns[filter->column].type.oid;
  const RowIndex& index = index_rows(scan.relation, filter->column);
  auto [first, last] = index.equal_range(key_of(type, filter->value.datum));
  std::vector<uint32_t> found;
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  std::ranges::sort(found);
  for (uint32_t row : found) add(rows[row]);
}

namespace {

// Fills in proacl, which facts do not have.
class FunctionAclSink final : public VirtualRowSink {
 public:
  FunctionAclSink(const VirtualScan& scan, VirtualRowSink& sink) : scan_(scan), sink_(sink) {}
  void add(std::span<const Value> row) override {
    std::optional<Acl> acl = function_acl(scan_.catalog(), row[0].datum.oid());
    if (!acl.has_value()) return sink_.add(row);
    row_.assign(row.begin(), row.end());
    row_.back() = acl_value(scan_.catalog(), acl, scan_.arena);
    sink_.add(row_);
  }

 private:
  const VirtualScan& scan_;
  VirtualRowSink& sink_;
  std::vector<Value> row_;
};

}  // namespace

namespace {

// Ours alone: PostgreSQL's differs from one database cluster to the next.
constexpr Oid kPlpgsqlLanguage = 13563;

Value mode_array(const std::string& modes, Arena& arena) {
  ArrayBuilder array(type_oid::kChar);
  for (char mode : modes) array.add(Datum::of_int8(static_cast<int8_t>(mode)));
  return array.finish(arena);
}

void add_user_function(const VirtualScan& scan, const Function& f, VirtualRow& row) {
  constexpr Oid kInternalLanguage = 12, kCLanguage = 13, kSqlLanguage = 14;
  std::vector<Oid> inputs = f.input_types(), all;
  std::vector<std::string> names;
  std::string modes;
  bool any_output = false, any_name = false;
  std::string defaults;
  int64_t default_count = 0;
  for (const Function::Argument& argument : f.arguments) {
    all.push_back(argument.type);
    modes += argument.mode;
    names.push_back(argument.name);
    any_name |= !argument.name.empty();
    any_output |= argument.mode != 'i';
    if (argument.default_sql.empty()) continue;
    ++default_count;
    defaults += (defaults.empty() ? "" : ", ") + argument.default_sql;
  }
  Oid variadic = kInvalidOid;
  if (f.is_variadic()) {
    const TypeInfo* array = find_type(inputs.back());
    variadic = array == nullptr || array->element == kInvalidOid ? type_oid::kAny : array->element;
  }
  row.oid(f.oid).text(f.name).oid(f.schema).oid(f.owner);
  row.oid(f.language == "sql"        ? kSqlLanguage
          : f.language == "c"        ? kCLanguage
          : f.language == "internal" ? kInternalLanguage
                                     : kPlpgsqlLanguage);
  row.float4(f.cost).float4(f.rows).oid(variadic).oid(0).letter(f.routine);
  row.boolean(f.security_definer).boolean(f.leakproof).boolean(f.strict).boolean(f.returns_set);
  row.letter(f.volatility).letter(f.parallel).int2(static_cast<int64_t>(inputs.size()));
  row.int2(default_count).oid(f.result).oidvector(inputs);
  if (!any_output) {
    row.nulls(2);
  } else {
    row.oid_array(type_oid::kOid, all).value(mode_array(modes, scan.arena));
  }
  if (any_name) {
    row.text_array(names);
  } else {
    row.null();
  }
  if (defaults.empty()) {
    row.null();
  } else {
    row.text(defaults);
  }
  row.null().text(f.source).null();
  if (f.sql_body.empty()) {
    row.null();
  } else {
    row.text(f.sql_body);
  }
  row.text_array(f.settings).acl(f.acl).emit();
}

}  // namespace

void generate_pg_proc(const VirtualScan& scan, VirtualRowSink& sink) {
  FunctionAclSink with_acl(scan, sink);
  generate_fact_rows(scan, with_acl);
  VirtualRow row(scan, sink);
  const std::optional<Oid> oid = scan.oid_filter("oid");
  const std::optional<std::string_view> name = scan.text_filter("proname");
  for (const ProcFact& f : scan.session.builtins().extension_functions()) {
    if ((oid.has_value() && f.oid != *oid) || (name.has_value() && f.name != *name)) continue;
    row.oid(f.oid).text(f.name).oid(f.schema).oid(kBootstrapRole).oid(f.language).float4(f.cost);
    row.float4(f.rows).oid(f.variadic).oid(0).letter(f.kind).boolean(false).boolean(f.leakproof);
    row.boolean(f.strict).boolean(f.returns_set).letter(f.volatility).letter(f.parallel);
    row.int2(static_cast<int64_t>(f.arg_types.size())).int2(0).oid(f.result).oidvector(f.arg_types);
    row.nulls(5).text(f.source).nulls(3).acl(function_acl(scan.catalog(), f.oid)).emit();
  }
  const Catalog& catalog = scan.catalog();
  if (oid.has_value()) {
    if (const Function* function = catalog.function(*oid)) add_user_function(scan, *function, row);
    return;
  }
  if (name.has_value()) {
    catalog.for_each_schema([&](const Schema& schema) {
      for (const Function* function : catalog.functions_named(schema.oid, *name)) {
        add_user_function(scan, *function, row);
      }
    });
    return;
  }
  catalog.for_each_function(
      [&](const Function& function) { add_user_function(scan, function, row); });
}

}  // namespace luma
