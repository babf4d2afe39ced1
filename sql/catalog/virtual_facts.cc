// System relations whose rows are PostgreSQL's facts, less what LumaDB cannot run.
#include <charconv>
#include <map>
#include <mutex>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "sql/catalog/fact_rows.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// Values of one relation, made once and kept until the process ends.
struct ParsedRows {
  Arena arena;
  std::vector<std::vector<Value>> rows;
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

bool passes(const VirtualScan& scan, std::span<const Value> row) {
  for (const VirtualFilter& filter : scan.filters) {
    // Oids are the filters that matter; others are left to the scan's own test.
    const Column& column = scan.relation.columns[filter.column];
    if (filter.value.is_null || !is_object_id(column.type.oid)) continue;
    const Value& value = row[filter.column];
    if (value.is_null || value.datum.oid() != filter.value.datum.oid()) return false;
  }
  return true;
}

}  // namespace

bool builtin_type_exists(Oid oid) {
  const TypeInfo* type = find_type(oid);
  return type != nullptr && (type->output != nullptr || type->type_type == 'p');
}

const std::vector<std::vector<Value>>& fact_rows(const Table& relation) {
  static std::mutex mutex;
  static std::map<Oid, std::unique_ptr<ParsedRows>> parsed;
  std::lock_guard lock(mutex);
  auto& entry = parsed[relation.oid];
  if (entry == nullptr) entry = parse_rows(relation);
  return entry->rows;
}

void generate_fact_rows(const VirtualScan& scan, VirtualRowSink& sink) {
  RowFilter exists = filter_of(scan.relation.name);
  const BuiltinAvailability& builtins = scan.session.builtins();
  for (const std::vector<Value>& row : fact_rows(scan.relation)) {
    if (!passes(scan, row)) continue;
    if (exists == nullptr || exists(builtins, row)) sink.add(row);
  }
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
  for (const ProcFact& f : scan.session.builtins().extension_functions()) {
    row.oid(f.oid).text(f.name).oid(f.schema).oid(kBootstrapRole).oid(f.language).float4(f.cost);
    row.float4(f.rows).oid(f.variadic).oid(0).letter(f.kind).boolean(false).boolean(f.leakproof);
    row.boolean(f.strict).boolean(f.returns_set).letter(f.volatility).letter(f.parallel);
    row.int2(static_cast<int64_t>(f.arg_types.size())).int2(0).oid(f.result).oidvector(f.arg_types);
    row.nulls(5).text(f.source).nulls(3).acl(function_acl(scan.catalog(), f.oid)).emit();
  }
  scan.catalog().for_each_function(
      [&](const Function& function) { add_user_function(scan, function, row); });
}

}  // namespace luma
