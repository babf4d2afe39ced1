// EXPLAIN [ANALYZE]: reads its options, plans, runs and shows.
#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/base/sql_error.h"
#include "engine/row/kv_work.h"
#include "sql/ast/ast.h"
#include "sql/catalog/name_resolution.h"
#include "sql/lower/explain_work.h"
#include "sql/session/session_parts.h"

namespace luma {
namespace {

std::string_view word_of(const ast::Node* node) {
  if (const auto* value = ast::try_as<ast::String>(node)) return value->sval;
  if (const auto* value = ast::try_as<ast::AConst>(node)) return value->text;
  return {};
}

bool flag_of(const ast::DefElem& option) {
  if (option.arg == nullptr) return true;
  if (const auto* number = ast::try_as<ast::Integer>(option.arg)) {
    if (number->ival == 0 || number->ival == 1) return number->ival == 1;
  }
  if (const auto* value = ast::try_as<ast::Boolean>(option.arg)) return value->boolval;
  bool flag = false;
  if (parse_setting_bool(word_of(option.arg), &flag)) return flag;
  throw sql_error(SqlState::kSyntaxError, "{} requires a Boolean value", option.defname);
}

ExplainOptions read_options(const ast::NodeList& list) {
  ExplainOptions out;
  bool timing_given = false, summary_given = false;
  for (const ast::Node* node : list) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname == "analyze") {
      out.analyze = flag_of(option);
    } else if (option.defname == "costs") {
      out.costs = flag_of(option);
    } else if (option.defname == "timing") {
      out.timing = flag_of(option);
      timing_given = true;
    } else if (option.defname == "summary") {
      out.summary = flag_of(option);
      summary_given = true;
    } else if (option.defname == "verbose") {
      out.verbose = flag_of(option);
    } else if (option.defname == "settings") {
      out.settings = flag_of(option);
    } else if (option.defname == "buffers") {
      out.buffers = flag_of(option);
    } else if (option.defname == "wal") {
      out.wal = flag_of(option);
    } else if (option.defname == "format") {
      std::string_view word = word_of(option.arg);
      if (word == "text") {
        out.format = ExplainOptions::kText;
      } else if (word == "json") {
        out.format = ExplainOptions::kJson;
      } else if (word == "xml") {
        out.format = ExplainOptions::kXml;
      } else if (word == "yaml") {
        out.format = ExplainOptions::kYaml;
      } else {
        throw sql_error(SqlState::kInvalidParameterValue,
                        "unrecognized value for EXPLAIN option \"format\": \"{}\"", word)
            .at_byte(option.location);
      }
    } else {
      throw sql_error(SqlState::kSyntaxError, "unrecognized EXPLAIN option \"{}\"", option.defname)
          .at_byte(option.location);
    }
  }
  if (!out.analyze && out.wal) {
    throw SqlError(SqlState::kInvalidParameterValue, "EXPLAIN option WAL requires ANALYZE");
  }
  if (!out.analyze && timing_given && out.timing) {
    throw SqlError(SqlState::kInvalidParameterValue, "EXPLAIN option TIMING requires ANALYZE");
  }
  if (!summary_given) out.summary = out.analyze;
  return out;
}

// Settings that plans depend on and that the session has changed.
ExplainItem changed_settings(const SessionSettings& settings) {
  static constexpr std::string_view kOthers[] = {"work_mem", "search_path", "temp_buffers",
                                                 "hash_mem_multiplier"};
  std::string text;
  for (const SettingRow& row : settings.rows()) {
    bool planning = row.category.starts_with("Query Tuning") ||
                    std::ranges::find(kOthers, row.name) != std::end(kOthers);
    if (!planning || row.setting == row.reset_value.value_or(row.setting)) continue;
    std::string shown = settings.show(row.name, true).value_or(row.setting);
    text += (text.empty() ? "" : ", ") + row.name + " = " + quote_literal(shown);
  }
  ExplainItem item;
  item.name = "Settings";
  item.values = {std::move(text)};
  return item;
}

ExplainItem time_item(std::string name, double ms) {
  ExplainItem item;
  item.name = std::move(name);
  item.values = {fmt::format("{:.3f}", ms)};
  item.kind = ExplainItem::kNumber;
  item.unit = "ms";
  return item;
}

}  // namespace

void SqlSession::explain(const ast::ExplainStmt& statement, RowReceiver& receiver) {
  ExplainOptions options = read_options(statement.options);
  const ast::Node* inner = statement.query;
  CachedQuery query;
  std::unique_ptr<PlanRun> run;
  std::optional<KvWorkScope> counting;
  if (options.buffers || options.wal) counting.emplace();
  const WorkCounts counts_before = work_so_far();
  auto started = std::chrono::steady_clock::now();
  if (const auto* execute = ast::try_as<ast::ExecuteStmt>(inner)) {
    CachedQuery& prepared = require_statement(execute->name);
    run = bind_execute(prepared, *execute);
  } else {
    if (const auto* create = ast::try_as<ast::CreateTableAsStmt>(inner)) {
      if (options.analyze) throw unsupported("EXPLAIN ANALYZE of CREATE TABLE AS");
      inner = create->query;
    }
    if (const auto* declare = ast::try_as<ast::DeclareCursorStmt>(inner)) inner = declare->query;
    set_statement(query, inner);
    if (query.kind != StatementKind::kPlan) {
      std::vector<std::vector<std::string>> rows{{"Utility Statement"}};
      return emit_text_rows(*utility_columns(&statement), rows, receiver);
    }
    run = make_plan(inner, {});
    if (!run->plan().parameter_types.empty()) {
      throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", 1);
    }
  }
  auto ms_since = [](std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
        .count();
  };
  run->plan().require_constants();
  double planning_ms = ms_since(started);
  const WorkCounts planning_counts = work_so_far() - counts_before;
  check_privileges(*run);
  double execution_ms = 0;
  if (options.analyze) {
    if (!run->before.empty() || !run->after.empty()) {
      throw unsupported("EXPLAIN ANALYZE of what rules make several statements of");
    }
    lock_tables(run->plan());
    if (run->plan().modifies_data) require_writable("EXPLAIN");
    ran_query_ = true;
    fill_context(run->context());
    run->context().instrument = true;
    run->context().count_work = counting.has_value();
    StatementScope scope(*transaction_);
    started = std::chrono::steady_clock::now();
    run->open();
    while (run->next() != nullptr) {
    }
    execution_ms = ms_since(started);
    run->close();  // operators that were divided tell then what they have read
  }
  ExplainSummary summary;
  if (options.settings) {
    ExplainItem item = changed_settings(settings_);
    if (!item.values[0].empty()) summary.push_back(std::move(item));
  }
  if (options.buffers) {
    ExplainItem planning;
    planning.name = "Planning";
    add_buffers(planning_counts, planning.members);
    summary.push_back(std::move(planning));
  }
  if (options.summary) summary.push_back(time_item("Planning Time", planning_ms));
  if (options.analyze) {
    ExplainItem triggers;
    triggers.name = "Triggers";
    triggers.is_list = triggers.machine_only = true;
    summary.push_back(std::move(triggers));
  }
  if (options.summary && options.analyze) {
    summary.push_back(time_item("Execution Time", execution_ms));
  }
  std::vector<std::vector<std::string>> rows;
  if (inner->tag == ast::NodeTag::kExecuteStmt) options.parameters = run->parameters();
  auto add = [&](PlanRun& each) {
    if (!rows.empty()) rows.push_back({""});
    ExplainNode tree = explain_tree(each.plan(), options);
    for (std::string& line : explain_format(tree, summary, options)) {
      rows.push_back({std::move(line)});
    }
  };
  auto add_all = [&](const std::vector<RuleCompanion>& companions) {
    for (const RuleCompanion& companion : companions) {
      if (companion.run != nullptr) add(*companion.run);
    }
  };
  add_all(run->before);
  if (run->has_main) add(*run);
  add_all(run->after);
  if (!options.analyze) run->close();
  emit_text_rows(*utility_columns(&statement), rows, receiver);
}

}  // namespace luma
