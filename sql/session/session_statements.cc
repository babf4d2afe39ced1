// What pg_stat_statements counts of a session: the statements of clients, in databases that have
// the extension.
#include <charconv>

#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"
#include "sql/session/statement_statistics.h"
#include "sql/session/statement_text.h"

namespace luma {
namespace {

constexpr std::string_view kExtension = "pg_stat_statements";
constexpr size_t kMaxEntries = 5000;

// "INSERT 0 5": 5; "SELECT 3": 3. Other tags have no rows.
int64_t rows_of(std::string_view tag) {
  int64_t rows = 0;
  std::string_view last = tag.substr(tag.rfind(' ') + 1);
  std::from_chars(last.data(), last.data() + last.size(), rows);
  return rows;
}

bool is_query(std::string_view tag) {
  static constexpr std::string_view kTags[] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE ",
                                               "MERGE "};
  return std::ranges::any_of(kTags, [&](std::string_view each) { return tag.starts_with(each); });
}

}  // namespace

void SqlSession::Live::begin_statement(std::string_view text) {
  const uint64_t version = session_.environment_.catalog_version();
  if (version != counting_version_) {
    counting_version_ = version;
    counting_ = session_.environment_.catalog().find_extension(kExtension) != nullptr;
  }
  if (!counting_) return;
  counted_text_ = text;
  counted_from_ = std::chrono::steady_clock::now();
}

void SqlSession::Live::end_statement(std::string_view tag) {
  if (!counting_ || counted_text_.empty()) return;
  // These only get others going, or are about nothing that runs.
  if (tag.starts_with("PREPARE") || tag.starts_with("DEALLOCATE")) return;
  std::optional<std::string> track = session_.settings_.show("pg_stat_statements.track", true);
  if (track == "none") return;
  const bool query = is_query(tag);
  if (!query && session_.settings_.show("pg_stat_statements.track_utility", true) == "off") return;
  const std::chrono::duration<double, std::milli> spent =
      std::chrono::steady_clock::now() - counted_from_;
  StatementText text = text_of_statement(counted_text_, !query);
  const StatementEnvironment& environment = session_.environment_;
  session_.instance_.statement_statistics().add(
      {environment.current_user_oid(), environment.database(), text.fingerprint}, text.shown,
      spent.count(), rows_of(tag), kMaxEntries);
  counted_text_.clear();
}

std::vector<StatementRow> SqlSession::Live::statement_rows() {
  std::vector<StatementRow> rows = session_.instance_.statement_statistics().rows();
  const Catalog& catalog = session_.environment_.catalog();
  const Oid user = session_.environment_.current_user_oid();
  if (has_privileges_of(catalog, user, kReadAllStatsRole)) return rows;
  for (StatementRow& row : rows) {
    if (row.key.user == user) continue;
    row.query = "<insufficient privilege>";
    row.key.query_id = 0;
  }
  return rows;
}

StatementTotals SqlSession::Live::statement_totals() {
  StatementTotals totals = session_.instance_.statement_statistics().totals();
  if (totals.reset_micros == 0) totals.reset_micros = session_.instance_.start_micros();
  return totals;
}

void SqlSession::Live::reset_statements(Oid user, Oid database, int64_t query_id) {
  session_.instance_.statement_statistics().reset(user, database, query_id,
                                                  current_timestamp_micros());
}

}  // namespace luma
