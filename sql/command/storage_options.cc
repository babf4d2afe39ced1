#include "sql/command/storage_options.h"

#include <charconv>

#include "engine/base/ascii_case.h"
#include "engine/type/interval.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/stored_order.h"
#include "sql/command/command_target.h"

namespace luma {
namespace {

enum class ValueKind : uint8_t { kBool, kInt, kReal, kEnum, kInterval, kText };

struct OptionRow {
  std::string_view name;
  uint16_t owners;  // bit per OptionOwner
  ValueKind kind;
  double min = 0, max = 0;
  std::string_view values = {};  // of an enum: "a|b"
};

constexpr uint16_t bit(OptionOwner owner) {
  return static_cast<uint16_t>(1u << static_cast<int>(owner));
}
constexpr uint16_t kHeap = bit(OptionOwner::kTable) | bit(OptionOwner::kMaterializedView);
constexpr double kIntMax = 2147483647.0;

constexpr OptionRow kOptions[] = {
    {"fillfactor",
     kHeap | bit(OptionOwner::kBtree) | bit(OptionOwner::kHash) | bit(OptionOwner::kGist) |
         bit(OptionOwner::kSpgist),
     ValueKind::kInt, 10, 100},
    {"toast_tuple_target", kHeap, ValueKind::kInt, 128, 8160},
    {"parallel_workers", kHeap, ValueKind::kInt, 0, 1024},
    {"user_catalog_table", kHeap, ValueKind::kBool},
    {"autovacuum_enabled", kHeap, ValueKind::kBool},
    {"vacuum_index_cleanup", kHeap, ValueKind::kEnum, 0, 0, "auto|on|off|true|false|yes|no|1|0"},
    {"vacuum_truncate", kHeap, ValueKind::kBool},
    {"autovacuum_vacuum_threshold", kHeap, ValueKind::kInt, 0, kIntMax},
    {"autovacuum_vacuum_scale_factor", kHeap, ValueKind::kReal, 0, 100},
    {"autovacuum_vacuum_insert_threshold", kHeap, ValueKind::kInt, -1, kIntMax},
    {"autovacuum_vacuum_insert_scale_factor", kHeap, ValueKind::kReal, 0, 100},
    {"autovacuum_analyze_threshold", kHeap, ValueKind::kInt, 0, kIntMax},
    {"autovacuum_analyze_scale_factor", kHeap, ValueKind::kReal, 0, 100},
    {"autovacuum_vacuum_cost_delay", kHeap, ValueKind::kReal, 0, 100},
    {"autovacuum_vacuum_cost_limit", kHeap, ValueKind::kInt, 1, 10000},
    {"autovacuum_freeze_min_age", kHeap, ValueKind::kInt, 0, 1000000000},
    {"autovacuum_freeze_max_age", kHeap, ValueKind::kInt, 100000, 2000000000},
    {"autovacuum_freeze_table_age", kHeap, ValueKind::kInt, 0, 2000000000},
    {"autovacuum_multixact_freeze_min_age", kHeap, ValueKind::kInt, 0, 1000000000},
    {"autovacuum_multixact_freeze_max_age", kHeap, ValueKind::kInt, 10000, 2000000000},
    {"autovacuum_multixact_freeze_table_age", kHeap, ValueKind::kInt, 0, 2000000000},
    {"log_autovacuum_min_duration", kHeap, ValueKind::kInt, -1, kIntMax},
    {"deduplicate_items", bit(OptionOwner::kBtree), ValueKind::kBool},
    // Entries are written at once: what these say changes nothing.
    {"fastupdate", bit(OptionOwner::kGin), ValueKind::kBool},
    {"gin_pending_list_limit", bit(OptionOwner::kGin), ValueKind::kInt, 64, kIntMax},
    {"buffering", bit(OptionOwner::kGist), ValueKind::kEnum, 0, 0, "on|off|auto"},
    {"pages_per_range", bit(OptionOwner::kBrin), ValueKind::kInt, 1, 131072},
    {"autosummarize", bit(OptionOwner::kBrin), ValueKind::kBool},
    {"security_barrier", bit(OptionOwner::kView), ValueKind::kBool},
    {"security_invoker", bit(OptionOwner::kView), ValueKind::kBool},
    // The order of rows in segments (sql/catalog/stored_order.h).
    {"sort_key", bit(OptionOwner::kTable), ValueKind::kText},
    // How partitions come and go (sql/session/retention.h).
    {"retention", bit(OptionOwner::kPartitioned), ValueKind::kInterval},
    {"partition_interval", bit(OptionOwner::kPartitioned), ValueKind::kInterval},
    {"partition_ahead", bit(OptionOwner::kPartitioned), ValueKind::kInt, 1, 1000},
    {"check_option", bit(OptionOwner::kView), ValueKind::kEnum, 0, 0, "local|cascaded"},
};

const OptionRow* find_option(std::string_view name, OptionOwner owner) {
  for (const OptionRow& row : kOptions) {
    if (row.name == name && (row.owners & bit(owner)) != 0) return &row;
  }
  return nullptr;
}

bool contains_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    size_t end = list.find('|');
    if (list.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    list.remove_prefix(end + 1);
  }
  return false;
}

[[noreturn]] void throw_bad_value(std::string_view kind, const OptionRow& row,
                                  const std::string& value) {
  throw sql_error(SqlState::kInvalidParameterValue, "invalid value for {} option \"{}\": {}", kind,
                  row.name, value);
}

[[noreturn]] void throw_bad_enum(const OptionRow& row, const std::string& value) {
  if (row.name != "buffering") throw_bad_value("enum", row, value);
  throw sql_error(SqlState::kInvalidParameterValue, "invalid value for enum option \"{}\": {}",
                  row.name, value)
      .detail("Valid values are \"on\", \"off\", and \"auto\".");
}

void check_value(const OptionRow& row, const std::string& value) {
  switch (row.kind) {
    case ValueKind::kBool:
      if (!contains_word("true|false|on|off|yes|no|1|0|t|f|y|n", ascii_lower(value))) {
        throw_bad_value("boolean", row, value);
      }
      return;
    case ValueKind::kEnum:
      if (!contains_word(row.values, ascii_lower(value))) throw_bad_enum(row, value);
      return;
    case ValueKind::kText:
      return;
    case ValueKind::kInterval: {
      const Interval interval = parse_interval(value);
      if (interval_compare(interval, Interval{}) > 0) return;
      throw sql_error(SqlState::kInvalidParameterValue, "value {} out of bounds for option \"{}\"",
                      value, row.name)
          .detail("It must be a positive interval.");
    }
    case ValueKind::kInt:
    case ValueKind::kReal: {
      double number = 0;
      auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
      bool whole = row.kind == ValueKind::kReal || value.find_first_of(".eE") == std::string::npos;
      if (code != std::errc() || end != value.data() + value.size() || !whole) {
        throw_bad_value(row.kind == ValueKind::kInt ? "integer" : "floating point", row, value);
      }
      if (number >= row.min && number <= row.max) return;
      throw sql_error(SqlState::kInvalidParameterValue, "value {} out of bounds for option \"{}\"",
                      value, row.name)
          .detail(fmt::format("Valid values are between \"{}\" and \"{}\".", row.min, row.max));
    }
  }
}

}  // namespace

OptionOwner index_option_owner(Oid access_method) {
  switch (access_method) {
    case kHashAm:
      return OptionOwner::kHash;
    case kGinAm:
      return OptionOwner::kGin;
    case kGistAm:
      return OptionOwner::kGist;
    case kSpgistAm:
      return OptionOwner::kSpgist;
    case kBrinAm:
      return OptionOwner::kBrin;
    default:
      return OptionOwner::kBtree;
  }
}

void require_sort_key(const Table& table) {
  if (sort_key_of(table).empty() || table.access_method == kColumnarAm) return;
  throw SqlError(SqlState::kInvalidParameterValue,
                 "parameter \"sort_key\" is for tables USING columnar");
}

void refuse_sort_key_change(const Table& table, int16_t column) {
  for (const StoredOrder& order : sort_key_of(table)) {
    if (order.column + 1 != column) continue;
    throw sql_error(SqlState::kDependentObjectsStillExist,
                    "column \"{}\" is part of the sort_key of table \"{}\"",
                    table.columns[static_cast<size_t>(column) - 1].name, table.name)
        .hint("Use ALTER TABLE ... RESET (sort_key) first.");
  }
}

void require_partition_options(const Table& table) {
  if (table.options.empty() || !is_partitioned(table)) return;
  const std::string& first = table.options.front();
  const PartitionKey& key = table.partition_key;
  const bool by_one_column =
      key.strategy == 'r' && key.parts.size() == 1 && key.parts[0].column > 0;
  const Oid type = by_one_column
                       ? table.columns[static_cast<size_t>(key.parts[0].column) - 1].type.oid
                       : kInvalidOid;
  if (type == type_oid::kDate || type == type_oid::kTimestamp || type == type_oid::kTimestamptz) {
    return;
  }
  throw sql_error(SqlState::kInvalidParameterValue,
                  "parameter \"{}\" is for tables partitioned by "
                  "range of one column of type date, timestamp or timestamptz",
                  first.substr(0, first.find('=')));
}

void change_options(std::vector<std::string>& current, const ast::NodeList& changes,
                    OptionOwner owner, bool reset) {
  for (const ast::Node* node : changes) {
    const auto& option = *ast::as<ast::DefElem>(node);
    // Options of the TOAST table: there is none, so they are checked and not kept.
    bool toast = option.defnamespace == "toast" && (bit(owner) & kHeap) != 0;
    if (!option.defnamespace.empty() && !toast) {
      throw sql_error(SqlState::kInvalidParameterValue, "unrecognized parameter namespace \"{}\"",
                      option.defnamespace);
    }
    if (option.defname == "oids" && !reset) {
      if (!option_bool(option)) continue;
      throw SqlError(SqlState::kFeatureNotSupported, "tables declared WITH OIDS are not supported");
    }
    const OptionRow* row = find_option(option.defname, owner);
    if (row == nullptr) {
      if (reset) continue;
      throw sql_error(SqlState::kInvalidParameterValue, "unrecognized parameter \"{}\"",
                      option.defname);
    }
    std::string value = option.arg == nullptr ? "true" : option_text(option);
    if (!reset) check_value(*row, value);
    if (toast) continue;
    std::string prefix = fmt::format("{}=", row->name);
    std::erase_if(current, [&](const std::string& kept) { return kept.starts_with(prefix); });
    if (!reset) current.push_back(prefix + value);
  }
}

}  // namespace luma
