#include "sql/function/trigger_functions.h"

#include <algorithm>
#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/row/row_codec.h"
#include "engine/type/text_vector.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/entry.h"
#include "sql/function/families.h"
#include "sql/function/text_parser.h"
#include "sql/function/type_families.h"

namespace luma {
namespace {

constexpr Oid kTsvectorOid = 3614;

SqlError misuse(std::string_view function, std::string_view text) {
  return sql_error(SqlState::kERIETriggerProtocolViolated, "{}: {}", function, text);
}

// --- suppress_redundant_updates_trigger ---

TriggerResult suppress_redundant_update(ExecContext&, const TriggerCall& call, Arena&) {
  constexpr std::string_view kName = "suppress_redundant_updates_trigger";
  if (call.event != TriggerEvent::kUpdate) throw misuse(kName, "must be called on update");
  if (call.trigger->timing != TriggerTiming::kBefore) {
    throw misuse(kName, "must be called before update");
  }
  if (!call.trigger->for_each_row) throw misuse(kName, "must be called for each row");
  // Rows are the same when their stored forms are.
  StoredLayout layout(*call.table);
  std::string before, after;
  encode_row(layout, call.old_row, before);
  encode_row(layout, call.new_row, after);
  TriggerResult result;
  result.skip = before == after;
  return result;
}

// --- tsvector_update_trigger ---

// PostgreSQL takes these for errors of its own.
SqlError vector_misuse(std::string_view text) {
  return sql_error(SqlState::kInternalError, "tsvector_update_trigger: {}", text);
}

size_t attribute_of(const TableDesc& table, std::string_view name, std::string_view what) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped && table.columns[i].name == name) return i;
  }
  throw sql_error(SqlState::kUndefinedColumn, "{} \"{}\" does not exist", what, name);
}

Oid configuration_named(ExecContext& context, const std::string& text) {
  std::vector<std::string> parts = split_qualified_name(text);
  if (parts.size() < 2) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "text search configuration name \"{}\" must be schema-qualified", text);
  }
  const TypeInfo& type = type_info(type_oid::kRegconfig);
  Arena arena;
  return type.input(text, type, -1, *context.io, arena).oid();
}

bool is_character_type(Oid type) {
  return type == type_oid::kText || type == type_oid::kVarchar || type == type_oid::kBpchar;
}

TriggerResult update_vector(ExecContext& context, const TriggerCall& call, Arena& arena,
                            bool by_column) {
  if (!call.trigger->for_each_row) throw vector_misuse("must be fired for row");
  if (call.trigger->timing != TriggerTiming::kBefore) {
    throw vector_misuse("must be fired BEFORE event");
  }
  if (call.event != TriggerEvent::kInsert && call.event != TriggerEvent::kUpdate) {
    throw vector_misuse("must be fired for INSERT or UPDATE");
  }
  const std::vector<std::string>& names = call.trigger->arguments;
  if (names.size() < 3) {
    throw vector_misuse("arguments must be tsvector_field, ts_config, text_field1, ...)");
  }
  const TableDesc& table = *call.table;
  size_t target = attribute_of(table, names[0], "tsvector column");
  if (table.columns[target].type.oid != kTsvectorOid) {
    throw sql_error(SqlState::kDatatypeMismatch, "column \"{}\" is not of tsvector type", names[0]);
  }
  Oid configuration;
  if (by_column) {
    size_t source = attribute_of(table, names[1], "configuration column");
    if (table.columns[source].type.oid != type_oid::kRegconfig) {
      throw sql_error(SqlState::kDatatypeMismatch, "column \"{}\" is not of regconfig type",
                      names[1]);
    }
    if (call.new_row[source].is_null) {
      throw sql_error(SqlState::kNullValueNotAllowed,
                      "configuration column \"{}\" must not be null", names[1]);
    }
    configuration = call.new_row[source].datum.oid();
  } else {
    configuration = configuration_named(context, names[1]);
  }
  TextConfiguration words(context, configuration);
  TextVector vector;
  int places = 0;  // of the columns so far
  for (size_t i = 2; i < names.size(); ++i) {
    size_t source = attribute_of(table, names[i], "column");
    if (!is_character_type(table.columns[source].type.oid)) {
      throw sql_error(SqlState::kDatatypeMismatch, "column \"{}\" is not of a character type",
                      names[i]);
    }
    if (call.new_row[source].is_null) continue;
    std::string_view text = call.new_row[source].datum.str.view();
    int count = 0;
    for (PlacedLexeme& lexeme : lexemes_of(words, text, &count)) {
      auto place = static_cast<uint32_t>(places + lexeme.place);
      vector.push_back({std::move(lexeme.text), {LexemePosition::of(place, 0)}});
    }
    places += count;
  }
  TriggerResult result;
  result.row.emplace(call.new_row.begin(), call.new_row.end());
  (*result.row)[target] = store_text_vector(std::move(vector), arena);
  return result;
}

TriggerResult update_vector_of_named(ExecContext& context, const TriggerCall& call, Arena& arena) {
  return update_vector(context, call, arena, false);
}

TriggerResult update_vector_of_column(ExecContext& context, const TriggerCall& call, Arena& arena) {
  return update_vector(context, call, arena, true);
}

struct BuiltinRow {
  std::string_view name;
  BuiltinTrigger run;
};
constexpr BuiltinRow kBuiltins[] = {
    {"suppress_redundant_updates_trigger", suppress_redundant_update},
    {"tsvector_update_trigger", update_vector_of_named},
    {"tsvector_update_trigger_column", update_vector_of_column},
};

// Called by a query.
Value not_by_trigger(RowCall& call, const Value*) {
  std::string_view name = static_cast<const ProcFact&>(*call.expr.function).name;
  if (name == kBuiltins[0].name) throw misuse(name, "must be called as trigger");
  throw vector_misuse("not fired by trigger manager");
}

Value trigger_depth(RowCall& call, const Value*) {
  return Value(Datum::of_int32(session_catalog(call.context).trigger_depth()));
}

const KernelRow kRows[] = {
    scalar_row("suppress_redundant_updates_trigger()", row_kernel<not_by_trigger>),
    scalar_row("tsvector_update_trigger()", row_kernel<not_by_trigger>),
    scalar_row("tsvector_update_trigger_column()", row_kernel<not_by_trigger>),
    scalar_row("pg_trigger_depth()", row_kernel<trigger_depth>,
               "how deep calls of triggers are nested"),
};

}  // namespace

BuiltinTrigger find_builtin_trigger(Oid function) {
  const ProcFact* fact = find_proc_fact(function);
  if (fact == nullptr) return nullptr;
  auto row = std::ranges::find(kBuiltins, fact->name, &BuiltinRow::name);
  return row == std::end(kBuiltins) ? nullptr : row->run;
}

std::span<const KernelRow> trigger_kernels() { return kRows; }

}  // namespace luma
