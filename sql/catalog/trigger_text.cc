#include "sql/catalog/trigger_text.h"

#include <fmt/format.h>

#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/definition_text.h"

namespace luma {
namespace {

bool has(const Trigger& trigger, int16_t bit) { return (trigger.type & bit) != 0; }

// Of a function without arguments: qualified when its name alone finds another one, or none.
std::string function_name(const Catalog& catalog, const SearchPath& path, Oid oid) {
  const Function* user = catalog.function(oid);
  if (user == nullptr) {
    const ProcFact* fact = find_proc_fact(oid);
    return fact == nullptr ? "?" : quote_identifier(std::string(fact->name));
  }
  for (Oid schema : path.schemas) {
    const Function* found = catalog.find_function(schema, user->name, {});
    if (found == nullptr) continue;
    if (found->oid == oid) return quote_identifier(user->name);
    break;
  }
  return quote_qualified(catalog.schema_name(user->schema), user->name);
}

std::string events_text(const Table& table, const Trigger& trigger) {
  std::string out;
  auto add = [&](int16_t bit, std::string_view word) {
    if (!has(trigger, bit)) return;
    out += out.empty() ? " " : " OR ";
    out += word;
  };
  add(trigger_type::kInsert, "INSERT");
  add(trigger_type::kDelete, "DELETE");
  add(trigger_type::kUpdate, "UPDATE");
  if (!trigger.columns.empty()) {
    std::string names;
    for (int16_t number : trigger.columns) {
      names += (names.empty() ? " OF " : ", ") + quote_identifier(table.column(number)->name);
    }
    out += names;
  }
  add(trigger_type::kTruncate, "TRUNCATE");
  return out;
}

}  // namespace

std::string trigger_action(const Catalog& catalog, const SearchPath& path, const Trigger& trigger) {
  std::string arguments;
  for (const std::string& argument : trigger.arguments) {
    arguments += (arguments.empty() ? "" : ", ") + quote_literal(argument);
  }
  return fmt::format("EXECUTE FUNCTION {}({})", function_name(catalog, path, trigger.function),
                     arguments);
}

std::string trigger_definition(const Catalog& catalog, const SearchPath& path, const Table& table,
                               const Trigger& trigger, bool pretty) {
  std::string out =
      fmt::format("CREATE {}TRIGGER {} {}", trigger.constraint != kInvalidOid ? "CONSTRAINT " : "",
                  quote_identifier(trigger.name),
                  has(trigger, trigger_type::kBefore)    ? "BEFORE"
                  : has(trigger, trigger_type::kInstead) ? "INSTEAD OF"
                                                         : "AFTER");
  out += events_text(table, trigger);
  out += " ON ";
  out += pretty ? relation_display_name(catalog, path, table)
                : quote_qualified(catalog.schema_name(table.schema), table.name);
  if (trigger.constraint != kInvalidOid) {
    const Relation* other = catalog.relation(trigger.constraint_table);
    if (other != nullptr) out += " FROM " + relation_display_name(catalog, path, *other);
    out += trigger.deferrable ? " DEFERRABLE" : " NOT DEFERRABLE";
    out += trigger.initially_deferred ? " INITIALLY DEFERRED" : " INITIALLY IMMEDIATE";
  }
  if (!trigger.old_table.empty() || !trigger.new_table.empty()) {
    out += " REFERENCING";
    if (!trigger.old_table.empty()) {
      out += " OLD TABLE AS " + quote_identifier(trigger.old_table);
    }
    if (!trigger.new_table.empty()) {
      out += " NEW TABLE AS " + quote_identifier(trigger.new_table);
    }
  }
  out += has(trigger, trigger_type::kRow) ? " FOR EACH ROW" : " FOR EACH STATEMENT";
  if (!trigger.when_sql.empty()) {
    out += fmt::format(" WHEN ({})", shown_expression(catalog, path, trigger.when_sql, pretty));
  }
  return out + " " + trigger_action(catalog, path, trigger);
}

}  // namespace luma
