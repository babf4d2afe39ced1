// System views over live state: settings, sessions, locks, time zones.
#include <cctype>
#include <ctime>

#include "engine/type/timezone.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

constexpr int64_t kMicrosPerSecond = 1000000;

VirtualRow& optional_int4(VirtualRow& row, const std::optional<int32_t>& v) {
  return v.has_value() ? row.int4(*v) : row.null();
}
VirtualRow& optional_oid(VirtualRow& row, const std::optional<uint32_t>& v) {
  return v.has_value() ? row.oid(*v) : row.null();
}

Value interval_of_seconds(int32_t secs) {
  return Datum::of_interval({secs * kMicrosPerSecond, 0, 0});
}

}  // namespace

void generate_pg_settings(const VirtualScan& scan, VirtualRowSink& sink) {
  std::optional<std::string_view> name = scan.text_filter("name");
  VirtualRow row(scan, sink);
  for (const SettingRow& s : scan.session.live_state().settings()) {
    if (name.has_value() && s.name != *name) continue;
    row.text(s.name).text(s.setting).optional_text(s.unit).text(s.category).text(s.short_desc);
    row.optional_text(s.extra_desc).text(s.context).text(s.vartype).text(s.source);
    row.optional_text(s.min_value).optional_text(s.max_value).text_array(s.enum_values);
    row.optional_text(s.boot_value).optional_text(s.reset_value).null().null();
    row.boolean(s.pending_restart).emit();
  }
}

void generate_pg_stat_activity(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  for (const ActivityRow& a : scan.session.live_state().activity()) {
    const Database* database = catalog.database(a.database);
    const Role* user = catalog.role(a.user);
    database == nullptr ? row.nulls(2) : row.oid(a.database).text(database->name);
    row.int4(a.pid).null();
    user == nullptr ? row.nulls(2) : row.oid(a.user).text(user->name);
    row.text(a.application_name).optional_text(a.client_address).null();
    optional_int4(row, a.client_port).timestamp(a.backend_start).timestamp(a.transaction_start);
    row.timestamp(a.query_start).timestamp(a.state_change).optional_text(a.wait_event_type);
    row.optional_text(a.wait_event).optional_text(a.state);
    optional_oid(row, a.backend_xid);
    optional_oid(row, a.backend_xmin).null().text(a.query).text(a.backend_type).emit();
  }
}

void generate_pg_stat_ssl(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const ActivityRow& a : scan.session.live_state().activity()) {
    row.int4(a.pid).boolean(a.ssl).text_or_null(a.ssl_version).text_or_null(a.ssl_cipher);
    (a.ssl ? row.int4(a.ssl_bits) : row.null()).nulls(3).emit();
  }
}

void generate_pg_locks(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const LockRow& lock : scan.session.live_state().locks()) {
    row.text(lock.type);
    optional_oid(row, lock.database);
    optional_oid(row, lock.relation).nulls(2);
    lock.type == "virtualxid" ? row.text(lock.virtual_transaction) : row.null();
    optional_oid(row, lock.transaction_id);
    optional_oid(row, lock.class_id);
    optional_oid(row, lock.object_id);
    lock.object_sub_id.has_value() ? row.int2(*lock.object_sub_id) : row.null();
    row.text(lock.virtual_transaction);
    // Locks of prepared transactions belong to no process.
    (lock.pid == 0 ? row.null() : row.int4(lock.pid)).text(lock.mode).boolean(lock.granted);
    row.boolean(false).timestamp(lock.wait_start).emit();
  }
}

void generate_pg_prepared_statements(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const PreparedStatementRow& p : scan.session.live_state().prepared_statements()) {
    row.text(p.name).text(p.statement).int8(p.prepare_time);
    row.oid_array(type_oid::kRegtype, p.parameter_types).boolean(p.from_sql);
    row.int8(p.generic_plans).int8(p.custom_plans).emit();
  }
}

void generate_pg_prepared_xacts(const VirtualScan& scan, VirtualRowSink& sink) {
  auto* state = dynamic_cast<OperationsState*>(&scan.session.live_state());
  if (state == nullptr) return;
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  for (const PreparedTransactionRow& each : state->prepared_transactions()) {
    const Role* owner = catalog.role(each.owner);
    const Database* database = catalog.database(each.database);
    row.oid(static_cast<uint32_t>(each.transaction_id)).text(each.gid);
    row.timestamp(each.prepared_micros);
    owner == nullptr ? row.null() : row.text(owner->name);
    (database == nullptr ? row.null() : row.text(database->name)).emit();
  }
}

void generate_pg_cursors(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  for (const CursorRow& c : scan.session.live_state().cursors()) {
    row.text(c.name).text(c.statement).boolean(c.holdable).boolean(c.binary);
    row.boolean(c.scrollable).int8(c.creation_time).emit();
  }
}

void generate_pg_timezone_names(const VirtualScan& scan, VirtualRowSink& sink) {
  std::optional<std::string_view> wanted = scan.text_filter("name");
  int64_t now = static_cast<int64_t>(time(nullptr));
  VirtualRow row(scan, sink);
  for (const std::string& name : TimeZone::names()) {
    if (wanted.has_value() && name != *wanted) continue;
    const TimeZone* zone = TimeZone::find(name);
    if (zone == nullptr) continue;
    ZoneOffset offset = zone->at_unix(now);
    row.text(name).text(offset.abbreviation).value(interval_of_seconds(offset.east_secs));
    row.boolean(offset.is_dst).emit();
  }
}

void generate_pg_timezone_abbrevs(const VirtualScan& scan, VirtualRowSink& sink) {
  int64_t now = static_cast<int64_t>(time(nullptr));
  VirtualRow row(scan, sink);
  for (const ZoneAbbreviation& abbreviation : zone_abbreviations()) {
    ZoneOffset offset = abbreviation_offset_at(abbreviation, now);
    std::string name(abbreviation.name);
    for (char& c : name) c = static_cast<char>(toupper(c));
    row.text(name).value(interval_of_seconds(offset.east_secs)).boolean(offset.is_dst).emit();
  }
}

void generate_pg_sequences(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  LiveState& live = scan.session.live_state();
  VirtualRow row(scan, sink);
  catalog.for_each_relation([&](const Relation& relation) {
    const auto* s = dynamic_cast<const Sequence*>(&relation);
    if (s == nullptr) return;
    row.text(catalog.schema_name(s->schema)).text(s->name).text(catalog.role_name(s->owner));
    row.oid(s->type).int8(s->start).int8(s->min_value).int8(s->max_value).int8(s->increment);
    row.boolean(s->cycle).int8(s->cache);
    SequenceRow state = live.sequence(s->oid);
    std::optional<int64_t> last;
    if (state.is_called) last = state.last_value;
    last.has_value() ? row.int8(*last) : row.null();
    row.emit();
  });
}

}  // namespace luma
