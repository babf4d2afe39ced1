#include "sql/session/session_settings.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/encoding.h"
#include "engine/type/timezone.h"
#include "sql/session/setting_checks.h"

namespace luma {
namespace {

bool is_on(std::string_view text) { return text == "on"; }
int32_t to_int(std::string_view text) {
  return static_cast<int32_t>(std::atoll(std::string(text).c_str()));
}
double to_double(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

template <typename T>
T index_in(std::string_view text, std::initializer_list<std::string_view> words, T fallback) {
  size_t i = 0;
  for (std::string_view word : words) {
    if (word == text) return static_cast<T>(i);
    ++i;
  }
  return fallback;
}

// How a stored value becomes a typed variable; one row a setting.
struct Variable {
  std::string_view name;
  void (*assign)(SessionVariables& vars, std::string_view text);
};
const Variable kVariables[] = {
    {"DateStyle",
     [](SessionVariables& v, std::string_view t) {
       parse_date_style(t, &v.io.date_style, &v.io.date_order);
     }},
    {"IntervalStyle",
     [](SessionVariables& v, std::string_view t) {
       v.io.interval_style =
           index_in(t, {"postgres", "postgres_verbose", "sql_standard", "iso_8601"},
                    IntervalStyle::kPostgres);
     }},
    {"TimeZone",
     [](SessionVariables& v, std::string_view t) { v.io.time_zone = TimeZone::find_setting(t); }},
    {"bytea_output",
     [](SessionVariables& v, std::string_view t) {
       v.io.bytea_output = t == "hex" ? ByteaOutput::kHex : ByteaOutput::kEscape;
     }},
    {"extra_float_digits",
     [](SessionVariables& v, std::string_view t) { v.io.extra_float_digits = to_int(t); }},
    {"search_path", [](SessionVariables& v, std::string_view t) { v.search_path = t; }},
    {"default_transaction_isolation",
     [](SessionVariables& v, std::string_view t) {
       v.default_isolation =
           index_in(t, {"read uncommitted", "read committed", "repeatable read", "serializable"},
                    IsolationLevel::kReadCommitted);
     }},
    {"default_transaction_read_only",
     [](SessionVariables& v, std::string_view t) { v.default_read_only = is_on(t); }},
    {"default_transaction_deferrable",
     [](SessionVariables& v, std::string_view t) { v.default_deferrable = is_on(t); }},
    {"synchronous_commit",
     [](SessionVariables& v, std::string_view t) {
       v.sync_commit =
           index_in(t, {"off", "local", "remote_write", "on", "remote_apply"}, SyncCommit::kOn);
     }},
    {"client_min_messages",
     [](SessionVariables& v, std::string_view t) {
       v.client_min_messages = index_in(t,
                                        {"debug5", "debug4", "debug3", "debug2", "debug1", "log",
                                         "info", "notice", "warning", "error"},
                                        MessageLevel::kNotice);
     }},
    {"statement_timeout",
     [](SessionVariables& v, std::string_view t) { v.statement_timeout_ms = to_int(t); }},
    {"lock_timeout",
     [](SessionVariables& v, std::string_view t) { v.lock_timeout_ms = to_int(t); }},
    {"deadlock_timeout",
     [](SessionVariables& v, std::string_view t) { v.deadlock_timeout_ms = to_int(t); }},
    {"idle_in_transaction_session_timeout",
     [](SessionVariables& v, std::string_view t) { v.idle_in_transaction_timeout_ms = to_int(t); }},
    {"idle_session_timeout",
     [](SessionVariables& v, std::string_view t) { v.idle_session_timeout_ms = to_int(t); }},
    {"work_mem",
     [](SessionVariables& v, std::string_view t) {
       v.work_mem_bytes = static_cast<size_t>(to_int(t)) * 1024;
     }},
    {"hash_mem_multiplier",
     [](SessionVariables& v, std::string_view t) { v.hash_mem_multiplier = to_double(t); }},
    {"max_parallel_workers",
     [](SessionVariables& v, std::string_view t) { v.max_parallel_workers = to_int(t); }},
    {"max_parallel_workers_per_gather",
     [](SessionVariables& v, std::string_view t) { v.max_workers_per_gather = to_int(t); }},
    {"min_parallel_table_scan_size",
     [](SessionVariables& v, std::string_view t) {
       v.min_parallel_scan_bytes = static_cast<uint64_t>(to_int(t)) * 8192;
     }},
    {"luma.query_memory_limit",
     [](SessionVariables& v, std::string_view t) {
       v.query_memory_bytes = static_cast<size_t>(to_int(t)) * 1024;
     }},
    {"log_statement",
     [](SessionVariables& v, std::string_view t) {
       v.log_statement = index_in(t, {"none", "ddl", "mod", "all"}, StatementLog::kNone);
     }},
    {"log_min_duration_statement",
     [](SessionVariables& v, std::string_view t) { v.log_min_duration_ms = to_int(t); }},
    {"client_encoding",
     [](SessionVariables& v, std::string_view t) { v.client_encoding = find_encoding(t)->id; }},
    {"standard_conforming_strings",
     [](SessionVariables& v, std::string_view t) { v.standard_conforming_strings = is_on(t); }},
    {"session_replication_role",
     [](SessionVariables& v, std::string_view t) { v.replays_changes = t == "replica"; }},
    {"enable_hashjoin",
     [](SessionVariables& v, std::string_view t) { v.planner.hash_join = is_on(t); }},
    {"enable_nestloop",
     [](SessionVariables& v, std::string_view t) { v.planner.nested_loop = is_on(t); }},
    {"enable_seqscan",
     [](SessionVariables& v, std::string_view t) { v.planner.seq_scan = is_on(t); }},
    {"enable_indexscan",
     [](SessionVariables& v, std::string_view t) { v.planner.index_scan = is_on(t); }},
    {"enable_indexonlyscan",
     [](SessionVariables& v, std::string_view t) { v.planner.index_only_scan = is_on(t); }},
    {"enable_bitmapscan",
     [](SessionVariables& v, std::string_view t) { v.planner.bitmap_scan = is_on(t); }},
    {"luma.disabled_passes",
     [](SessionVariables& v, std::string_view t) { v.disabled_passes = t; }},
    {"luma.inline_cost_limit",
     [](SessionVariables& v, std::string_view t) { v.inline_cost_limit = to_int(t); }},
    {"luma.plan_cache_size",
     [](SessionVariables& v,
        std::string_view t) { v.plan_cache_size = static_cast<size_t>(to_int(t)); }},
    {"luma.spill_above",
     [](SessionVariables& v, std::string_view t) { v.spill_above_bytes = to_int(t); }},
};

// `a.b`: both parts must look like identifiers.
bool is_custom_name(std::string_view name) {
  if (name.find('.') == name.npos) return false;
  bool start = true;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '.') {
      if (start) return false;
      start = true;
    } else if (start) {
      if (!std::isalpha(byte) && c != '_' && byte < 128) return false;
      start = false;
    } else if (!std::isalnum(byte) && c != '_' && c != '$' && byte < 128) {
      return false;
    }
  }
  return !start;
}

SqlError unrecognized(std::string_view name) {
  return sql_error(SqlState::kUndefinedObject, "unrecognized configuration parameter \"{}\"", name);
}

constexpr std::string_view kSourceNames[] = {
    "default", "configuration file", "database", "user", "client", "session"};

}  // namespace

SessionSettings::SessionSettings() {
  const SettingRegistry& registry = SettingRegistry::instance();
  for (const Variable& row : kVariables) {
    const SettingDefinition* definition = registry.find(row.name);
    LUMA_CHECK(definition != nullptr);
    row.assign(vars_, definition->boot_value);
  }
}

void SessionSettings::set_special(std::string_view name, Special special) {
  specials_.insert_or_assign(std::string(name), std::move(special));
}

const SettingDefinition* SessionSettings::find(std::string_view name) const {
  return SettingRegistry::instance().find(name);
}

const SettingDefinition& SessionSettings::require(std::string_view name) const {
  const SettingDefinition* definition = find(name);
  if (definition == nullptr) throw unrecognized(name);
  return *definition;
}

std::string_view SessionSettings::setting_name(std::string_view name) const {
  const SettingDefinition* definition = find(name);
  return definition == nullptr ? name : std::string_view(definition->name);
}

std::string_view SessionSettings::value(const SettingDefinition& definition) const {
  auto it = entries_.find(definition.name);
  if (it != entries_.end()) {
    if (const std::string* text = it->second.current()) return *text;
  }
  return definition.boot_value;
}

std::string SessionSettings::current_text(const SettingDefinition& definition) const {
  auto special = specials_.find(definition.name);
  if (special != specials_.end() && special->second.show) return special->second.show();
  return std::string(value(definition));
}

void SessionSettings::check_permission(const SettingDefinition& d, bool superuser, bool starting) {
  switch (d.context) {
    case SettingContext::kInternal:
      throw sql_error(SqlState::kCantChangeRuntimeParam, "parameter \"{}\" cannot be changed",
                      d.name);
    case SettingContext::kPostmaster:
      throw sql_error(SqlState::kCantChangeRuntimeParam,
                      "parameter \"{}\" cannot be changed without restarting the server", d.name);
    case SettingContext::kSighup:
      throw sql_error(SqlState::kCantChangeRuntimeParam, "parameter \"{}\" cannot be changed now",
                      d.name);
    case SettingContext::kSuperuserBackend:
    case SettingContext::kBackend:
      if (!starting) {
        throw sql_error(SqlState::kCantChangeRuntimeParam,
                        "parameter \"{}\" cannot be set after connection start", d.name);
      }
      if (d.context == SettingContext::kBackend || superuser) return;
      break;
    case SettingContext::kSuperuser:
      if (superuser) return;
      break;
    case SettingContext::kUser:
      return;
  }
  throw sql_error(SqlState::kInsufficientPrivilege, "permission denied to set parameter \"{}\"",
                  d.name);
}

std::string SessionSettings::prepare(const SettingDefinition& definition,
                                     std::string_view value_text) const {
  std::string stored = check_setting_value(definition, value_text);
  if (definition.name != "DateStyle") return stored;
  // What was not named keeps its present value.
  std::string_view now = value(definition);
  size_t comma = stored.find(", ");
  std::string style = stored.substr(0, comma), order = stored.substr(comma + 2);
  if (style.empty()) style = now.substr(0, now.find(", "));
  if (order.empty()) order = now.substr(now.find(", ") + 2);
  return style + ", " + order;
}

std::string SessionSettings::checked(std::string_view name, std::string_view value_text,
                                     bool superuser) const {
  const SettingDefinition* definition = find(name);
  if (definition == nullptr) {
    if (!is_custom_name(name)) throw unrecognized(name);
    return std::string(value_text);
  }
  check_permission(*definition, superuser, true);
  return prepare(*definition, value_text);
}

void SessionSettings::apply(const std::string& name, const SettingDefinition* definition) {
  if (definition == nullptr) return;
  for (const Variable& row : kVariables) {
    if (row.name == name) row.assign(vars_, value(*definition));
  }
  if (definition->affects_plans) ++plan_epoch_;
  if (definition->reported) unreported_.push_back(name);
}

void SessionSettings::change(const std::string& name, const SettingDefinition* definition,
                             const std::function<void(Entry&)>& edit, bool undoable) {
  Entry& entry = entries_[name];
  if (undoable) undo_.push_back({name, entry});
  edit(entry);
  apply(name, definition);
}

void SessionSettings::assign_special(const std::string& name, const Special& special,
                                     std::string_view value, bool local) {
  std::optional<std::string> before;
  if (special.transactional) before = special.show();
  special.assign(value, local);
  if (before) undo_.push_back({name, {}, std::move(before), local});
}

void SessionSettings::set(std::string_view name, std::string_view value_text, bool local,
                          bool superuser) {
  const SettingDefinition* definition = find(name);
  if (definition == nullptr && !is_custom_name(name)) throw unrecognized(name);
  std::string key = definition != nullptr ? definition->name : ascii_lower(name);
  std::string stored(value_text);
  if (definition != nullptr) {
    check_permission(*definition, superuser, false);
    stored = prepare(*definition, value_text);
    auto special = specials_.find(key);
    if (special != specials_.end() && special->second.assign) {
      assign_special(key, special->second, stored, local);
      if (definition->affects_plans) ++plan_epoch_;
      if (special->second.show) return;
    }
  }
  change(
      key, definition,
      [&](Entry& entry) {
        if (local) {
          entry.local = stored;
        } else {
          entry.session = stored;
          entry.local.reset();
        }
      },
      true);
}

void SessionSettings::reset(std::string_view name, bool local, bool superuser) {
  const SettingDefinition* definition = find(name);
  std::string key = definition != nullptr ? definition->name : ascii_lower(name);
  if (definition == nullptr) {
    if (!is_custom_name(name)) throw unrecognized(name);
    if (entries_.find(key) == entries_.end()) return;
  } else {
    check_permission(*definition, superuser, false);
    auto special = specials_.find(key);
    if (special != specials_.end() && special->second.assign) {
      assign_special(key, special->second, "default", local);
      if (definition->affects_plans) ++plan_epoch_;
      if (special->second.show) return;
    }
  }
  change(
      key, definition,
      [&](Entry& entry) {
        if (local) {
          std::string initial = entry.initial           ? *entry.initial
                                : definition != nullptr ? definition->boot_value
                                                        : std::string();
          entry.local = std::move(initial);
        } else {
          entry.session.reset();
          entry.local.reset();
        }
      },
      true);
}

void SessionSettings::reset_all() {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (entry.session || entry.local) names.push_back(name);
  }
  for (const std::string& name : names) {
    // As PostgreSQL: these stay.
    if (name == "role" || name == "session_authorization" || name == "is_superuser" ||
        name.starts_with("transaction_")) {
      continue;
    }
    change(
        name, find(name),
        [](Entry& entry) {
          entry.session.reset();
          entry.local.reset();
        },
        true);
  }
}

void SessionSettings::set_initial(std::string_view name, std::string_view value_text,
                                  SettingSource source, bool superuser) {
  const SettingDefinition* definition = find(name);
  if (definition == nullptr && !is_custom_name(name)) throw unrecognized(name);
  std::string key = definition != nullptr ? definition->name : ascii_lower(name);
  std::string stored(value_text);
  if (definition != nullptr) {
    if (source != SettingSource::kConfiguration) check_permission(*definition, superuser, true);
    stored = prepare(*definition, value_text);
    auto special = specials_.find(key);
    if (special != specials_.end() && special->second.assign) {
      special->second.assign(stored, false);
      return;
    }
  }
  change(
      key, definition,
      [&](Entry& entry) {
        entry.initial = stored;
        entry.initial_source = source;
      },
      false);
}

void SessionSettings::set_internal(std::string_view name, std::string_view value_text) {
  const SettingDefinition& definition = require(name);
  change(
      definition.name, &definition, [&](Entry& entry) { entry.session = std::string(value_text); },
      false);
}

std::optional<std::string> SessionSettings::show(std::string_view name, bool missing_ok) const {
  if (const SettingDefinition* definition = find(name)) {
    return display_setting_value(*definition, current_text(*definition));
  }
  auto it = entries_.find(ascii_lower(name));
  if (it != entries_.end()) {
    if (const std::string* text = it->second.current()) return *text;
    // A custom setting whose SET was undone reads as empty, as PostgreSQL's placeholder does.
    return std::string();
  }
  if (missing_ok) return std::nullopt;
  throw unrecognized(name);
}

std::vector<SettingRow> SessionSettings::rows() const {
  std::vector<SettingRow> out;
  for (const SettingDefinition& d : SettingRegistry::instance().all()) {
    if (d.category == "hidden") continue;
    auto it = entries_.find(d.name);
    SettingSource source = SettingSource::kDefault;
    std::string reset = d.boot_value;
    if (it != entries_.end()) {
      if (it->second.initial) {
        reset = *it->second.initial;
        source = it->second.initial_source;
      }
      if (it->second.session || it->second.local) source = SettingSource::kSession;
    }
    out.push_back(
        setting_row(d, current_text(d), reset, kSourceNames[static_cast<size_t>(source)]));
  }
  for (const auto& [name, entry] : entries_) {
    if (find(name) != nullptr || entry.current() == nullptr) continue;
    SettingRow row;
    row.name = name;
    row.setting = *entry.current();
    row.category = "Customized Options";
    row.context = "user";
    row.vartype = "string";
    row.source = "session";
    row.boot_value = "";
    row.reset_value = "";
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<SessionSettings::Shown> SessionSettings::show_all() const {
  std::vector<Shown> out;
  for (const SettingDefinition& d : SettingRegistry::instance().all()) {
    if (d.category == "hidden") continue;
    out.push_back({d.name, display_setting_value(d, current_text(d)), d.short_description});
  }
  return out;
}

void SessionSettings::rollback_to(Mark mark) {
  while (undo_.size() > mark) {
    Undo undo = std::move(undo_.back());
    undo_.pop_back();
    if (undo.special) {
      specials_.find(undo.name)->second.assign(*undo.special, false);
      ++plan_epoch_;
      continue;
    }
    entries_[undo.name] = std::move(undo.before);
    apply(undo.name, find(undo.name));
  }
}

void SessionSettings::commit() {
  if (undo_.empty()) return;
  std::vector<Undo> undo = std::move(undo_);
  undo_.clear();
  // In reverse: the oldest SET LOCAL knows what was before all of them.
  for (auto it = undo.rbegin(); it != undo.rend(); ++it) {
    const Undo& item = *it;
    if (item.special) {
      if (!item.local) continue;
      specials_.find(item.name)->second.assign(*item.special, false);
      ++plan_epoch_;
      continue;
    }
    Entry& entry = entries_[item.name];
    if (!entry.local) continue;
    entry.local.reset();
    apply(item.name, find(item.name));
  }
}

std::vector<std::pair<std::string, std::string>> SessionSettings::take_reports() {
  std::vector<std::pair<std::string, std::string>> out;
  std::vector<std::string> names = std::move(unreported_);
  unreported_.clear();
  for (const std::string& name : names) {
    std::string text = *show(name, false);
    std::string& last = last_reported_[name];
    if (last == text) continue;
    last = text;
    out.emplace_back(name, std::move(text));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> SessionSettings::all_reports() {
  std::vector<std::pair<std::string, std::string>> out;
  unreported_.clear();
  for (const SettingDefinition& d : SettingRegistry::instance().all()) {
    if (!d.reported) continue;
    std::string text = *show(d.name, false);
    last_reported_[d.name] = text;
    out.emplace_back(d.name, std::move(text));
  }
  return out;
}

}  // namespace luma
