// pg_stat_get_*(): what was counted since the server started. Counts are never NULL, not even those
// of relations that do not exist; times are NULL until something happened.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "sql/catalog/statistics_state.h"
#include "sql/function/catalog_functions.h"

namespace luma {
namespace {

StatisticsState& statistics_of(RowCall& call) {
  auto* state = dynamic_cast<StatisticsState*>(&session_of(call).live_state());
  if (state == nullptr) throw unsupported("statistics outside of a session");
  return *state;
}

template <int64_t TableActivity::*field>
Value relation_count(RowCall& call, const Value* args) {
  return Datum::of_int64(statistics_of(call).relation_statistics(args[0].datum.oid()).activity.*
                         field);
}
template <int64_t TableActivity::*field>
Value transaction_count(RowCall& call, const Value* args) {
  return Datum::of_int64(statistics_of(call).transaction_activity(args[0].datum.oid()).*field);
}
template <int64_t RelationStatistics::*field>
Value relation_number(RowCall& call, const Value* args) {
  return Datum::of_int64(statistics_of(call).relation_statistics(args[0].datum.oid()).*field);
}
template <std::optional<int64_t> RelationStatistics::*field>
Value relation_time(RowCall& call, const Value* args) {
  std::optional<int64_t> time = statistics_of(call).relation_statistics(args[0].datum.oid()).*field;
  return time.has_value() ? Value(Datum::of_int64(*time)) : Value::null();
}
template <int64_t TableActivity::*field>
Value database_count(RowCall& call, const Value* args) {
  return Datum::of_int64(statistics_of(call).database_statistics(args[0].datum.oid()).activity.*
                         field);
}
template <int64_t DatabaseStatistics::*field>
Value database_number(RowCall& call, const Value* args) {
  return Datum::of_int64(statistics_of(call).database_statistics(args[0].datum.oid()).*field);
}
Value database_sessions(RowCall& call, const Value* args) {
  return Datum::of_int32(statistics_of(call).database_statistics(args[0].datum.oid()).sessions);
}

// What cannot happen here: versions that nobody can see are not rows of the table, updates never
// stay within a page, and nothing vacuums or analyses by itself.
Value never_happens(RowCall&, const Value*) { return Datum::of_int64(0); }
Value no_time(RowCall&, const Value*) { return Value::null(); }
// Counts are always up to date.
Value nothing_to_do(RowCall&, const Value*) { return Datum(); }

using Activity = TableActivity;
using Statistics = RelationStatistics;

const KernelRow kRows[] = {
    scalar_row("pg_stat_get_numscans(oid)", row_kernel<relation_count<&Activity::scans>>),
    scalar_row("pg_stat_get_tuples_returned(oid)",
               row_kernel<relation_count<&Activity::rows_read>>),
    scalar_row("pg_stat_get_tuples_fetched(oid)",
               row_kernel<relation_count<&Activity::rows_fetched>>),
    scalar_row("pg_stat_get_tuples_inserted(oid)", row_kernel<relation_count<&Activity::inserted>>),
    scalar_row("pg_stat_get_tuples_updated(oid)", row_kernel<relation_count<&Activity::updated>>),
    scalar_row("pg_stat_get_tuples_deleted(oid)", row_kernel<relation_count<&Activity::deleted>>),
    scalar_row("pg_stat_get_tuples_hot_updated(oid)", row_kernel<never_happens>),
    scalar_row("pg_stat_get_live_tuples(oid)", row_kernel<relation_number<&Statistics::live_rows>>),
    scalar_row("pg_stat_get_dead_tuples(oid)", row_kernel<never_happens>),
    scalar_row("pg_stat_get_mod_since_analyze(oid)",
               row_kernel<relation_number<&Statistics::changed_since_analyze>>),
    scalar_row("pg_stat_get_ins_since_vacuum(oid)",
               row_kernel<relation_number<&Statistics::inserted_since_vacuum>>),
    scalar_row("pg_stat_get_last_vacuum_time(oid)",
               row_kernel<relation_time<&Statistics::last_vacuum>>),
    scalar_row("pg_stat_get_last_autovacuum_time(oid)", row_kernel<no_time>),
    scalar_row("pg_stat_get_last_analyze_time(oid)",
               row_kernel<relation_time<&Statistics::last_analyze>>),
    scalar_row("pg_stat_get_last_autoanalyze_time(oid)",
               row_kernel<relation_time<&Statistics::last_autoanalyze>>),
    scalar_row("pg_stat_get_vacuum_count(oid)",
               row_kernel<relation_number<&Statistics::vacuum_count>>),
    scalar_row("pg_stat_get_autovacuum_count(oid)", row_kernel<never_happens>),
    scalar_row("pg_stat_get_analyze_count(oid)",
               row_kernel<relation_number<&Statistics::analyze_count>>),
    scalar_row("pg_stat_get_autoanalyze_count(oid)",
               row_kernel<relation_number<&Statistics::autoanalyze_count>>),
    scalar_row("pg_stat_get_xact_numscans(oid)", row_kernel<transaction_count<&Activity::scans>>),
    scalar_row("pg_stat_get_xact_tuples_returned(oid)",
               row_kernel<transaction_count<&Activity::rows_read>>),
    scalar_row("pg_stat_get_xact_tuples_fetched(oid)",
               row_kernel<transaction_count<&Activity::rows_fetched>>),
    scalar_row("pg_stat_get_xact_tuples_inserted(oid)",
               row_kernel<transaction_count<&Activity::inserted>>),
    scalar_row("pg_stat_get_xact_tuples_updated(oid)",
               row_kernel<transaction_count<&Activity::updated>>),
    scalar_row("pg_stat_get_xact_tuples_deleted(oid)",
               row_kernel<transaction_count<&Activity::deleted>>),
    scalar_row("pg_stat_get_xact_tuples_hot_updated(oid)", row_kernel<never_happens>),
    scalar_row("pg_stat_get_db_numbackends(oid)", row_kernel<database_sessions>),
    scalar_row("pg_stat_get_db_xact_commit(oid)",
               row_kernel<database_number<&DatabaseStatistics::commits>>),
    scalar_row("pg_stat_get_db_xact_rollback(oid)",
               row_kernel<database_number<&DatabaseStatistics::rollbacks>>),
    scalar_row("pg_stat_get_db_tuples_returned(oid)",
               row_kernel<database_count<&Activity::rows_read>>),
    scalar_row("pg_stat_get_db_tuples_fetched(oid)",
               row_kernel<database_count<&Activity::rows_fetched>>),
    scalar_row("pg_stat_get_db_tuples_inserted(oid)",
               row_kernel<database_count<&Activity::inserted>>),
    scalar_row("pg_stat_get_db_tuples_updated(oid)",
               row_kernel<database_count<&Activity::updated>>),
    scalar_row("pg_stat_get_db_tuples_deleted(oid)",
               row_kernel<database_count<&Activity::deleted>>),
    scalar_row("pg_stat_force_next_flush()", row_kernel<nothing_to_do>),
    scalar_row("pg_stat_clear_snapshot()", row_kernel<nothing_to_do>),
};

}  // namespace

std::span<const KernelRow> statistics_kernels() { return kRows; }

}  // namespace luma
