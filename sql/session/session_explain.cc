// EXPLAIN [ANALYZE].
#include <chrono>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/session/session_parts.h"

namespace luma {
namespace {

struct ExplainOptions {
  bool analyze = false, costs = true, timing = true, summary = false, summary_given = false;
  enum Format { kText, kJson, kXml, kYaml } format = kText;
};

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
  bool timing_given = false;
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
      out.summary_given = true;
    } else if (option.defname == "verbose" || option.defname == "buffers" ||
               option.defname == "wal" || option.defname == "settings") {
      flag_of(option);  // nothing more to show than is shown anyway
    } else if (option.defname == "format") {
      std::string_view word = word_of(option.arg);
      if (word == "text") {
        out.format = ExplainOptions::kText;
      } else if (word == "json") {
        out.format = ExplainOptions::kJson;
      } else if (word == "xml" || word == "yaml") {
        throw unsupported("EXPLAIN (FORMAT {})", word);
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
  if (!out.analyze && timing_given && out.timing) {
    throw SqlError(SqlState::kInvalidParameterValue, "EXPLAIN option TIMING requires ANALYZE");
  }
  if (!out.summary_given) out.summary = out.analyze;
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 32) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

void json_operator(Operator& op, int indent, const ExplainOptions& options, std::string& out) {
  std::string pad(static_cast<size_t>(indent), ' ');
  const Operator::Explain& info = op.explain;
  out += pad + "\"Node Type\": " + json_string(info.node_type);
  out += ",\n" + pad + "\"Parallel Aware\": false,\n" + pad + "\"Async Capable\": false";
  if (!trim(info.target).empty())
    out += ",\n" + pad + "\"Target\": " + json_string(trim(info.target));
  if (options.costs) {
    out += fmt::format(
        ",\n{0}\"Startup Cost\": {1:.2f},\n{0}\"Total Cost\": {2:.2f},\n{0}\"Plan Rows\": "
        "{3:.0f},\n{0}\"Plan Width\": {4}",
        pad, info.startup_cost, info.total_cost, std::max(1.0, info.estimated_rows),
        info.width_bytes);
  }
  if (options.analyze) {
    const OperatorStats& stats = op.stats();
    double loops = static_cast<double>(std::max<uint64_t>(stats.loops, 1));
    if (options.timing) {
      out +=
          fmt::format(",\n{0}\"Actual Startup Time\": {1:.3f},\n{0}\"Actual Total Time\": {2:.3f}",
                      pad, static_cast<double>(stats.startup_ns) / 1e6 / loops,
                      static_cast<double>(stats.total_ns) / 1e6 / loops);
    }
    out += fmt::format(",\n{0}\"Actual Rows\": {1:.0f},\n{0}\"Actual Loops\": {2}", pad,
                       static_cast<double>(stats.rows) / loops, stats.loops);
  }
  for (const ExplainProperty& property : info.properties) {
    out += ",\n" + pad + json_string(property.name) + ": " + json_string(property.value);
  }
  std::vector<Operator*> children = op.children();
  if (children.empty()) {
    out += '\n';
    return;
  }
  out += ",\n" + pad + "\"Plans\": [\n";
  for (size_t i = 0; i < children.size(); ++i) {
    out += pad + "  {\n";
    json_operator(*children[i], indent + 4, options, out);
    out += pad + (i + 1 < children.size() ? "  },\n" : "  }\n");
  }
  out += pad + "]\n";
}

}  // namespace

void SqlSession::explain(const ast::ExplainStmt& statement, RowReceiver& receiver) {
  ExplainOptions options = read_options(statement.options);
  const ast::Node* inner = statement.query;
  CachedQuery query;
  std::unique_ptr<PlanRun> run;
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
  }
  auto ms_since = [](std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
        .count();
  };
  double planning_ms = ms_since(started);
  check_privileges(*run);
  double execution_ms = 0;
  if (options.analyze) {
    lock_tables(run->plan());
    if (run->plan().modifies_data) require_writable("EXPLAIN");
    ran_query_ = true;
    fill_context(run->context());
    run->context().instrument = true;
    StatementScope scope(*transaction_);
    started = std::chrono::steady_clock::now();
    run->open();
    while (run->next() != nullptr) {
    }
    execution_ms = ms_since(started);
  }
  std::vector<std::vector<std::string>> rows;
  if (options.format == ExplainOptions::kJson) {
    std::string text = "[\n  {\n    \"Plan\": {\n";
    json_operator(*run->plan().root, 6, options, text);
    text += "    }";
    if (options.summary) text += fmt::format(",\n    \"Planning Time\": {:.3f}", planning_ms);
    if (options.analyze) text += fmt::format(",\n    \"Execution Time\": {:.3f}", execution_ms);
    rows.push_back({text + "\n  }\n]"});
  } else {
    for (std::string& line :
         explain_text(run->plan(), options.analyze, options.costs, options.timing)) {
      rows.push_back({std::move(line)});
    }
    if (options.summary) {
      rows.push_back({fmt::format("Planning Time: {:.3f} ms", planning_ms)});
      if (options.analyze) rows.push_back({fmt::format("Execution Time: {:.3f} ms", execution_ms)});
    }
  }
  run->close();
  emit_text_rows(*utility_columns(&statement), rows, receiver);
}

}  // namespace luma
