// pg_trigger, information_schema.triggers and triggered_update_columns.
#include <algorithm>

#include "sql/catalog/privileges.h"
#include "sql/catalog/session_catalog.h"
#include "sql/catalog/trigger_text.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

template <typename Visit>
void for_each_trigger(const VirtualScan& scan, const Visit& visit) {
  auto visit_table = [&](const Relation& relation) {
    if (relation.kind != ObjectKind::kTable) return;
    const auto& table = static_cast<const Table&>(relation);
    for (const Trigger& trigger : table.triggers) visit(table, trigger);
  };
  if (std::optional<Oid> of = scan.oid_filter("tgrelid")) {
    if (const Relation* relation = scan.catalog().relation(*of)) visit_table(*relation);
    return;
  }
  scan.catalog().for_each_relation(visit_table);
}

bool has(const Trigger& trigger, int16_t bit) { return (trigger.type & bit) != 0; }

// tgargs: the arguments, each with a zero byte behind it.
std::string argument_bytes(const Trigger& trigger) {
  std::string out;
  for (const std::string& argument : trigger.arguments) {
    out += argument;
    out += '\0';
  }
  return out;
}

// Those who own the table or may do more with it than look.
bool shows_triggers(const VirtualScan& scan, const Table& table) {
  Oid user = scan.session.current_user_oid();
  const Catalog& catalog = scan.catalog();
  if (has_privileges_of(catalog, user, table.owner)) return true;
  constexpr std::string_view kAny = "awdDxt";
  return std::ranges::any_of(
      kAny, [&](char letter) { return has_relation_privilege(catalog, user, table, letter); });
}

struct EventRow {
  int16_t bit;
  std::string_view name;
};
constexpr EventRow kEvents[] = {{trigger_type::kInsert, "INSERT"},
                                {trigger_type::kDelete, "DELETE"},
                                {trigger_type::kUpdate, "UPDATE"}};

// Its place among the table's triggers of the same event, level and timing, by name.
int64_t action_order(const Table& table, const Trigger& trigger, int16_t event) {
  constexpr int16_t kSameKind = trigger_type::kRow | trigger_type::kBefore | trigger_type::kInstead;
  return 1 + std::ranges::count_if(table.triggers, [&](const Trigger& other) {
           return has(other, event) && (other.type & kSameKind) == (trigger.type & kSameKind) &&
                  other.name < trigger.name;
         });
}

}  // namespace

void generate_pg_trigger(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for_each_trigger(scan, [&](const Table& table, const Trigger& trigger) {
    row.oid(trigger.oid).oid(table.oid).oid(trigger.parent).text(trigger.name);
    row.oid(trigger.function).int2(trigger.type).letter(trigger.enabled).boolean(false);
    row.oid(trigger.constraint_table).oid(kInvalidOid).oid(trigger.constraint);
    row.boolean(trigger.deferrable).boolean(trigger.initially_deferred);
    row.int2(static_cast<int64_t>(trigger.arguments.size())).int2vector(trigger.columns);
    row.text(argument_bytes(trigger)).text_or_null(trigger.when_sql);
    row.text_or_null(trigger.old_table).text_or_null(trigger.new_table).emit();
  });
}

void generate_triggers(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  const Catalog& catalog = scan.catalog();
  const Database* database = catalog.database(catalog.database_oid());
  for_each_trigger(scan, [&](const Table& table, const Trigger& trigger) {
    if (!shows_triggers(scan, table)) return;
    const std::string schema = catalog.schema_name(table.schema);
    for (const EventRow& event : kEvents) {
      if (!has(trigger, event.bit)) continue;
      row.text(database->name).text(schema).text(trigger.name).text(event.name);
      row.text(database->name).text(schema).text(table.name);
      row.int4(action_order(table, trigger, event.bit)).text_or_null(trigger.when_sql);
      row.text(trigger_action(catalog, scan.session.search_path(), trigger));
      row.text(has(trigger, trigger_type::kRow) ? "ROW" : "STATEMENT");
      row.text(has(trigger, trigger_type::kBefore)    ? "BEFORE"
               : has(trigger, trigger_type::kInstead) ? "INSTEAD OF"
                                                      : "AFTER");
      row.text_or_null(trigger.old_table).text_or_null(trigger.new_table);
      row.nulls(3).emit();
    }
  });
}

void generate_triggered_update_columns(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  const Catalog& catalog = scan.catalog();
  const Database* database = catalog.database(catalog.database_oid());
  for_each_trigger(scan, [&](const Table& table, const Trigger& trigger) {
    if (!shows_triggers(scan, table)) return;
    const std::string schema = catalog.schema_name(table.schema);
    for (int16_t number : trigger.columns) {
      row.text(database->name).text(schema).text(trigger.name);
      row.text(database->name).text(schema).text(table.name);
      row.text(table.column(number)->name).emit();
    }
  });
}

}  // namespace luma
