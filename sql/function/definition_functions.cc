// pg_get_*: SQL text of what the catalog holds.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/table/partition_router.h"
#include "engine/type/type_info.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/definition_text.h"
#include "sql/catalog/domain_text.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/object_lookup.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/trigger_text.h"
#include "sql/function/catalog_functions.h"
#include "sql/function/user_function.h"

namespace luma {
namespace {

// The "pretty" argument: a boolean, or a wrap column, which means pretty too.
bool is_pretty(const RowCall& call, const Value* args, size_t position) {
  if (call.expr.args.size() <= position) return false;
  return call.expr.args[position]->physical == PhysicalType::kBool ? args[position].datum.b : true;
}

Value expression_text(RowCall& call, const Value* args) {
  std::string_view text = args[0].datum.str.view();
  const SessionCatalog& session = session_of(call);
  // The bound of a partition is no expression.
  if (text == "DEFAULT" || text.starts_with("FOR VALUES ")) {
    return text_value(call, std::string(text));
  }
  return text_value(call, shown_expression(session.catalog(), session.search_path(), text,
                                           is_pretty(call, args, 2)));
}

Value index_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Catalog& catalog = session.catalog();
  const Index* index = catalog.index(args[0].datum.oid());
  if (index == nullptr) return Value::null();
  int column = call.expr.args.size() == 3 ? args[1].datum.i32 : 0;
  bool pretty = is_pretty(call, args, 2);
  return text_value(
      call, column == 0
                ? index_definition(catalog, session.search_path(), *index, pretty)
                : index_column_definition(catalog, session.search_path(), *index, column, pretty));
}

Value constraint_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Catalog& catalog = session.catalog();
  Oid oid = args[0].datum.oid();
  bool pretty = is_pretty(call, args, 1);
  if (const Table* table = catalog.table_of_constraint(oid)) {
    return text_value(call, constraint_definition(catalog, session.search_path(), *table,
                                                  *table->find_constraint(oid), pretty));
  }
  Value result;
  catalog.for_each_type([&](const Type& type) {
    for (const Constraint& constraint : type.constraints) {
      if (constraint.oid != oid) continue;
      static const Table no_table;
      result = text_value(call, with_capital_value(constraint_definition(
                                    catalog, session.search_path(), no_table, constraint, pretty)));
    }
  });
  return result;
}

Value view_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Relation* relation = call.expr.args[0]->physical == PhysicalType::kVarlen
                                 ? &relation_of_text(session, args[0].datum.str.view())
                                 : session.catalog().relation(args[0].datum.oid());
  const auto* view = dynamic_cast<const Table*>(relation);
  if (view == nullptr || view->definition.empty()) return Value::null();
  return text_value(call, view_definition(session.catalog(), session.search_path(), *view,
                                          is_pretty(call, args, 1)));
}

Value rule_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Catalog& catalog = session.catalog();
  Oid rule = args[0].datum.oid();
  bool pretty = is_pretty(call, args, 1);
  if (const Table* table = catalog.table_of_rule(rule)) {
    return text_value(call,
                      rule_definition(catalog, session.search_path(), *table,
                                      *std::ranges::find(table->rules, rule, &Rule::oid), pretty));
  }
  const Table* view = view_of_rule(catalog, rule);
  if (view == nullptr) return Value::null();
  std::string name = pretty ? relation_display_name(catalog, session.search_path(), *view)
                            : quote_qualified(catalog.schema_name(view->schema), view->name);
  return text_value(
      call, fmt::format("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO {} DO INSTEAD {}", name,
                        view_definition(catalog, session.search_path(), *view, pretty)));
}

Value trigger_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Catalog& catalog = session.catalog();
  Oid oid = args[0].datum.oid();
  const Table* table = catalog.table_of_trigger(oid);
  if (table == nullptr) return Value::null();
  return text_value(call,
                    trigger_definition(catalog, session.search_path(), *table,
                                       *std::ranges::find(table->triggers, oid, &Trigger::oid),
                                       is_pretty(call, args, 1)));
}

Value partition_key_definition(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Table* table = session.catalog().table(args[0].datum.oid());
  if (table == nullptr || !is_partitioned(*table)) return Value::null();
  return text_value(call,
                    partition_key_text(session.catalog(), session.search_path(), *table, false));
}

Value partition_constraint_definition(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Table* table = session.catalog().table(args[0].datum.oid());
  if (table == nullptr || !is_partition(*table)) return Value::null();
  std::string condition = partition_constraint(session.catalog(), *table);
  return condition.empty() ? Value::null() : text_value(call, condition);
}

// The top of what the table or index is a part of.
Value partition_root(RowCall& call, const Value* args) {
  const Catalog& catalog = session_of(call).catalog();
  Oid oid = args[0].datum.oid();
  if (const Index* index = catalog.index(oid)) {
    if (index->relkind != 'I' && index->parent == kInvalidOid) return Value::null();
    while (index->parent != kInvalidOid) index = catalog.index(index->parent);
    return Value(Datum::of_oid(index->oid));
  }
  const Table* table = catalog.table(oid);
  if (table == nullptr || (!is_partitioned(*table) && !is_partition(*table))) return Value::null();
  while (const Table* parent = partition_parent(catalog, *table)) table = parent;
  return Value(Datum::of_oid(table->oid));
}

// Whether a key belongs to the hash partition with this modulus and remainder.
Value satisfies_hash_partition(RowCall& call, const Value* args) {
  for (int i = 0; i < 3; ++i) {
    if (args[i].is_null) return Value(Datum::of_bool(false));
  }
  int32_t modulus = args[1].datum.i32, remainder = args[2].datum.i32;
  if (modulus <= 0) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "modulus for hash partition must be an integer value greater than zero");
  }
  if (remainder < 0) {
    throw SqlError(
        SqlState::kInvalidParameterValue,
        "remainder for hash partition must be an integer value greater than or equal to zero");
  }
  if (remainder >= modulus) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "remainder for hash partition must be less than modulus");
  }
  const Table* table = session_of(call).catalog().table(args[0].datum.oid());
  if (table == nullptr || table->partition_key.strategy != 'h') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a hash partitioned table",
                    table == nullptr ? "" : table->name);
  }
  size_t given = call.expr.args.size() - 3;
  const std::vector<IndexKey>& parts = table->partition_key.parts;
  if (given != parts.size()) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "number of partitioning columns ({}) does not match number of partition keys "
                    "provided ({})",
                    parts.size(), given);
  }
  std::vector<const TypeInfo*> types;
  std::vector<Value> values;
  for (size_t i = 0; i < given; ++i) {
    Oid type = call.expr.args[i + 3]->type.oid;
    if (type != parts[i].type.oid) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "column {} of the partition key has type {}, but supplied value is of type "
                      "{}",
                      i + 1, format_type(parts[i].type.oid), format_type(type));
    }
    types.push_back(&type_info(type));
    values.push_back(args[i + 3]);
  }
  uint64_t hash = partition_hash(types, values);
  return Value(
      Datum::of_bool(hash % static_cast<uint64_t>(modulus) == static_cast<uint64_t>(remainder)));
}

Value statistics_text(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const ExtendedStatistics* found = extended_statistics(session.catalog(), args[0].datum.oid());
  if (found == nullptr) return Value::null();
  return text_value(call, statistics_definition(session.catalog(), session.search_path(), *found));
}

Value statistics_columns_text(RowCall& call, const Value* args) {
  const Catalog& catalog = session_of(call).catalog();
  const ExtendedStatistics* found = extended_statistics(catalog, args[0].datum.oid());
  return found == nullptr ? Value::null() : text_value(call, statistics_columns(catalog, *found));
}

// Statistics are of columns only.
Value no_expressions(RowCall&, const Value*) { return Value::null(); }

// brin indexes have an entry for every row: nothing waits to be summarized.
Value summarize_index(RowCall& call, const Value* args) {
  constexpr int64_t kLastBlock = 0xFFFFFFFF;
  if (call.expr.args.size() > 1 && (args[1].datum.i64 < 0 || args[1].datum.i64 > kLastBlock)) {
    throw sql_error(SqlState::kNumericValueOutOfRange, "block number out of range: {}",
                    args[1].datum.i64);
  }
  const Catalog& catalog = session_of(call).catalog();
  const Relation* relation = catalog.relation(args[0].datum.oid());
  const Index* index = catalog.index(args[0].datum.oid());
  if (index == nullptr || index->access_method != kBrinAm) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not {}",
                    relation == nullptr ? std::to_string(args[0].datum.oid()) : relation->name,
                    index == nullptr ? "an index" : "a BRIN index");
  }
  // brin_desummarize_range() returns void.
  return call.expr.type.oid == type_oid::kInt4 ? Value(Datum::of_int32(0)) : Value(Datum());
}

Value serial_sequence(RowCall& call, const Value* args) {
  const SessionCatalog& session = session_of(call);
  const Relation& relation = relation_of_text(session, args[0].datum.str.view());
  std::string_view column_name = args[1].datum.str.view();
  const auto* table = dynamic_cast<const Table*>(&relation);
  const Column* column = table == nullptr ? nullptr : table->find_column(column_name);
  if (column == nullptr) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                    column_name, relation.name);
  }
  for (const Sequence* sequence : session.catalog().sequences_owned_by(table->oid)) {
    if (sequence->owned_by_column != column->number) continue;
    return text_value(
        call, quote_qualified(session.catalog().schema_name(sequence->schema), sequence->name));
  }
  return Value::null();
}

// --- functions ---
const ProcFact* function_fact(RowCall& call, Oid oid) {
  if (const ProcFact* fact = find_proc_fact(oid)) return fact;
  if (const Function* user = session_of(call).catalog().function(oid)) {
    return user_function_entry(*user, call.arena);
  }
  for (const ProcFact& fact : session_of(call).builtins().extension_functions()) {
    if (fact.oid == oid) return &fact;
  }
  return nullptr;
}

int direct_argument_count(const ProcFact& fact) {
  for (const AggregateFact& aggregate : aggregate_facts()) {
    if (aggregate.function == fact.oid && aggregate.kind != 'n') return aggregate.direct_args;
  }
  return -1;
}

bool is_input(char mode) { return mode == 'i' || mode == 'b' || mode == 'v'; }

// As format_type() shows it: with its schema unless the search path finds it.
std::string shown_type(const SessionCatalog& session, Oid type) {
  return type_display_name(session.catalog(), session.search_path(), type);
}

std::string argument_text(const SessionCatalog& session, const ProcFact& fact, bool with_defaults) {
  std::span<const Oid> types = fact.all_arg_types.empty() ? fact.arg_types : fact.all_arg_types;
  size_t first_default = fact.arg_types.size() - fact.defaults.size();
  int direct = direct_argument_count(fact);
  std::string out;
  size_t inputs = 0;
  int shown = 0;
  for (size_t i = 0; i < types.size(); ++i) {
    char mode = fact.arg_modes.empty() ? 'i' : fact.arg_modes[i];
    if (mode == 't') continue;
    if (shown == direct) {
      out += out.empty() ? "ORDER BY " : " ORDER BY ";
    } else if (shown > 0) {
      out += ", ";
    }
    ++shown;
    std::string part = mode == 'o'        ? "OUT "
                       : mode == 'b'      ? "INOUT "
                       : mode == 'v'      ? "VARIADIC "
                       : fact.kind == 'p' ? "IN "
                                          : "";
    if (i < fact.arg_names.size() && !fact.arg_names[i].empty()) {
      part += quote_identifier(fact.arg_names[i]) + " ";
    }
    part += shown_type(session, types[i]);
    out += part;
    if (is_input(mode)) {
      if (with_defaults && inputs >= first_default) {
        out += fmt::format(" DEFAULT {}", fact.defaults[inputs - first_default]);
      }
      ++inputs;
    }
    // A VARIADIC direct argument stands for the ordered ones too.
    if (shown == direct && i + 1 == types.size()) out += " ORDER BY " + part;
  }
  return out;
}

Value function_arguments(RowCall& call, const Value* args) {
  const ProcFact* fact = function_fact(call, args[0].datum.oid());
  if (fact == nullptr) return Value::null();
  return text_value(call, argument_text(session_of(call), *fact, true));
}

Value function_identity_arguments(RowCall& call, const Value* args) {
  const ProcFact* fact = function_fact(call, args[0].datum.oid());
  if (fact == nullptr) return Value::null();
  return text_value(call, argument_text(session_of(call), *fact, false));
}

std::string result_text(const SessionCatalog& session, const ProcFact& fact) {
  std::string columns;
  for (size_t i = 0; i < fact.arg_modes.size(); ++i) {
    if (fact.arg_modes[i] != 't') continue;
    if (!columns.empty()) columns += ", ";
    columns +=
        quote_identifier(fact.arg_names[i]) + " " + shown_type(session, fact.all_arg_types[i]);
  }
  if (!columns.empty()) return fmt::format("TABLE({})", columns);
  return (fact.returns_set ? "SETOF " : "") + shown_type(session, fact.result);
}

Value function_result(RowCall& call, const Value* args) {
  const ProcFact* fact = function_fact(call, args[0].datum.oid());
  if (fact == nullptr || fact->kind == 'p') return Value::null();
  return text_value(call, result_text(session_of(call), *fact));
}

Value function_argument_default(RowCall& call, const Value* args) {
  const ProcFact* fact = function_fact(call, args[0].datum.oid());
  if (fact == nullptr) return Value::null();
  size_t position = 0;  // among the inputs, from 1
  size_t argument = static_cast<size_t>(args[1].datum.i32);
  std::span<const Oid> types = fact->all_arg_types.empty() ? fact->arg_types : fact->all_arg_types;
  if (args[1].datum.i32 < 1 || argument > types.size()) return Value::null();
  for (size_t i = 0; i < argument; ++i) {
    bool input = fact->arg_modes.empty() || is_input(fact->arg_modes[i]);
    if (input) ++position;
    if (!input && i + 1 == argument) return Value::null();
  }
  size_t first_default = fact->arg_types.size() - fact->defaults.size();
  if (position <= first_default) return Value::null();
  return text_value(call, fact->defaults[position - first_default - 1]);
}

std::string_view language_name(Oid language) {
  return language == 14 ? "sql" : language == 13 ? "c" : "internal";
}

// CREATE OR REPLACE FUNCTION of a function that a user made.
std::string user_definition(const SessionCatalog& session, const Function& f, const ProcFact& fact,
                            const std::string& result) {
  std::string out =
      fmt::format("CREATE OR REPLACE {} {}({})\n", f.is_procedure() ? "PROCEDURE" : "FUNCTION",
                  quote_qualified(session.catalog().schema_name(f.schema), f.name),
                  argument_text(session, fact, true));
  if (!f.is_procedure()) out += fmt::format(" RETURNS {}\n", result);
  out += fmt::format(" LANGUAGE {}\n", f.language);
  std::string line;
  if (f.volatility != 'v') line += f.volatility == 'i' ? " IMMUTABLE" : " STABLE";
  if (f.parallel != 'u') line += f.parallel == 's' ? " PARALLEL SAFE" : " PARALLEL RESTRICTED";
  if (f.strict) line += " STRICT";
  if (f.security_definer) line += " SECURITY DEFINER";
  if (f.leakproof) line += " LEAKPROOF";
  if (f.cost != 100) line += fmt::format(" COST {}", f.cost);
  if (f.rows > 0 && f.rows != 1000) line += fmt::format(" ROWS {}", f.rows);
  if (!line.empty()) out += line + "\n";
  for (const std::string& setting : f.settings) {
    size_t equals = setting.find('=');
    out += fmt::format(" SET {} TO {}\n", setting.substr(0, equals),
                       quote_literal(setting.substr(equals + 1)));
  }
  if (!f.sql_body.empty()) return out + "BEGIN ATOMIC\n " + f.sql_body + ";\nEND\n";
  std::string tag = f.is_procedure() ? "$procedure" : "$function";
  while (f.source.find(tag) != std::string::npos) tag += 'x';
  return out + fmt::format("AS {}${}{}$\n", tag, f.source, tag);
}

// The body that was written without quotes; other functions have none.
Value function_sql_body(RowCall& call, const Value* args) {
  const Function* user = session_of(call).catalog().function(args[0].datum.oid());
  if (user == nullptr || user->sql_body.empty()) return Value::null();
  return text_value(call, fmt::format("BEGIN ATOMIC\n {};\nEND", user->sql_body));
}

Value function_definition(RowCall& call, const Value* args) {
  const ProcFact* fact = function_fact(call, args[0].datum.oid());
  if (fact == nullptr) return Value::null();
  if (fact->kind == 'a') {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is an aggregate function", fact->name);
  }
  const Catalog& catalog = session_of(call).catalog();
  if (const Function* user = catalog.function(fact->oid)) {
    const SessionCatalog& session = session_of(call);
    return text_value(call, user_definition(session, *user, *fact, result_text(session, *fact)));
  }
  std::string out =
      fmt::format("CREATE OR REPLACE FUNCTION pg_catalog.{}({})\n RETURNS {}{}\n LANGUAGE {}\n",
                  quote_identifier(fact->name), argument_text(session_of(call), *fact, true),
                  fact->returns_set ? "SETOF " : "", catalog.type_name(fact->result),
                  language_name(fact->language));
  std::string line;
  if (fact->kind == 'w') line += " WINDOW";
  if (fact->volatility != 'v') line += fact->volatility == 'i' ? " IMMUTABLE" : " STABLE";
  if (fact->parallel != 'u')
    line += fact->parallel == 's' ? " PARALLEL SAFE" : " PARALLEL RESTRICTED";
  if (fact->strict) line += " STRICT";
  if (fact->leakproof) line += " LEAKPROOF";
  if (float usual = fact->language == 14 ? 100 : 1; fact->cost != usual) {
    line += fmt::format(" COST {}", fact->cost);
  }
  if (fact->rows > 0 && fact->rows != 1000) line += fmt::format(" ROWS {}", fact->rows);
  if (const ProcFact* support = find_proc_fact(fact->support)) {
    line += " SUPPORT " + quote_identifier(support->name);
  }
  if (!line.empty()) out += line + "\n";
  out += fmt::format("AS $function${}$function$\n", fact->source);
  return text_value(call, out);
}

const KernelRow kRows[] = {
    scalar_row("pg_get_expr(pg_node_tree,oid)", row_kernel<expression_text>,
               "SQL of an expression"),
    scalar_row("pg_get_expr(pg_node_tree,oid,bool)", row_kernel<expression_text>),
    scalar_row("pg_get_indexdef(oid)", row_kernel<index_text>, "CREATE INDEX of an index"),
    scalar_row("pg_get_indexdef(oid,int4,bool)", row_kernel<index_text>),
    scalar_row("pg_get_constraintdef(oid)", row_kernel<constraint_text>, "SQL of a constraint"),
    scalar_row("pg_get_constraintdef(oid,bool)", row_kernel<constraint_text>),
    scalar_row("pg_get_viewdef(text)", row_kernel<view_text>, "query of a view"),
    scalar_row("pg_get_viewdef(text,bool)", row_kernel<view_text>),
    scalar_row("pg_get_viewdef(oid)", row_kernel<view_text>),
    scalar_row("pg_get_viewdef(oid,bool)", row_kernel<view_text>),
    scalar_row("pg_get_viewdef(oid,int4)", row_kernel<view_text>),
    scalar_row("pg_get_ruledef(oid)", row_kernel<rule_text>),
    scalar_row("pg_get_ruledef(oid,bool)", row_kernel<rule_text>),
    scalar_row("pg_get_triggerdef(oid)", row_kernel<trigger_text>, "CREATE TRIGGER of a trigger"),
    scalar_row("pg_get_triggerdef(oid,bool)", row_kernel<trigger_text>),
    scalar_row("pg_get_partkeydef(oid)", row_kernel<partition_key_definition>,
               "key of a partitioned table"),
    scalar_row("pg_get_partition_constraintdef(oid)", row_kernel<partition_constraint_definition>,
               "condition that a partition's bounds make"),
    scalar_row("pg_partition_root(regclass)", row_kernel<partition_root>,
               "topmost partitioned table or index"),
    scalar_row("satisfies_hash_partition(oid,int4,int4,any)",
               row_kernel<satisfies_hash_partition, false>, "whether a key is of a hash partition"),
    scalar_row("pg_get_statisticsobjdef(oid)", row_kernel<statistics_text>),
    scalar_row("pg_get_statisticsobjdef_columns(oid)", row_kernel<statistics_columns_text>),
    scalar_row("pg_get_statisticsobjdef_expressions(oid)", row_kernel<no_expressions>),
    scalar_row("brin_summarize_new_values(regclass)", row_kernel<summarize_index>),
    scalar_row("brin_summarize_range(regclass,int8)", row_kernel<summarize_index>),
    scalar_row("brin_desummarize_range(regclass,int8)", row_kernel<summarize_index>),
    scalar_row("pg_get_function_sqlbody(oid)", row_kernel<function_sql_body>),
    scalar_row("pg_get_serial_sequence(text,text)", row_kernel<serial_sequence>,
               "sequence that a column owns"),
    scalar_row("pg_get_function_arguments(oid)", row_kernel<function_arguments>),
    scalar_row("pg_get_function_identity_arguments(oid)", row_kernel<function_identity_arguments>),
    scalar_row("pg_get_functiondef(oid)", row_kernel<function_definition>, "CREATE FUNCTION"),
    scalar_row("pg_get_function_result(oid)", row_kernel<function_result>),
    scalar_row("pg_get_function_arg_default(oid,int4)", row_kernel<function_argument_default>),
};

}  // namespace

std::span<const KernelRow> catalog_definition_kernels() { return kRows; }

}  // namespace luma
