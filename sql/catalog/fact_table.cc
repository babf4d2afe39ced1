#include "sql/catalog/fact_table.h"

#include <array>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

// Raw string literals: data, not code.
constexpr char kPgProc[] =
#include "sql/catalog/facts/pg_proc.inc"
    ;
constexpr char kPgOperator[] =
#include "sql/catalog/facts/pg_operator.inc"
    ;
constexpr char kPgCast[] =
#include "sql/catalog/facts/pg_cast.inc"
    ;
constexpr char kPgAggregate[] =
#include "sql/catalog/facts/pg_aggregate.inc"
    ;
constexpr char kPgAm[] =
#include "sql/catalog/facts/pg_am.inc"
    ;
constexpr char kPgOpclass[] =
#include "sql/catalog/facts/pg_opclass.inc"
    ;
constexpr char kPgOpfamily[] =
#include "sql/catalog/facts/pg_opfamily.inc"
    ;
constexpr char kPgAmop[] =
#include "sql/catalog/facts/pg_amop.inc"
    ;
constexpr char kPgAmproc[] =
#include "sql/catalog/facts/pg_amproc.inc"
    ;
constexpr char kPgCollation[] =
#include "sql/catalog/facts/pg_collation.inc"
    ;
constexpr char kPgLanguage[] =
#include "sql/catalog/facts/pg_language.inc"
    ;
constexpr char kPgRange[] =
#include "sql/catalog/facts/pg_range.inc"
    ;
constexpr char kPgType[] =
#include "sql/catalog/facts/pg_type.inc"
    ;
constexpr char kPgTsConfig[] =
#include "sql/catalog/facts/pg_ts_config.inc"
    ;
constexpr char kPgTsConfigMap[] =
#include "sql/catalog/facts/pg_ts_config_map.inc"
    ;
constexpr char kPgTsDict[] =
#include "sql/catalog/facts/pg_ts_dict.inc"
    ;
constexpr char kPgTsParser[] =
#include "sql/catalog/facts/pg_ts_parser.inc"
    ;
constexpr char kPgTsTemplate[] =
#include "sql/catalog/facts/pg_ts_template.inc"
    ;
constexpr char kPgConversion[] =
#include "sql/catalog/facts/pg_conversion.inc"
    ;
constexpr char kPgTablespace[] =
#include "sql/catalog/facts/pg_tablespace.inc"
    ;
constexpr char kPgDescription[] =
#include "sql/catalog/facts/pg_description.inc"
    ;
constexpr char kRelations[] =
#include "sql/catalog/facts/relations.inc"
    ;
constexpr char kRelationColumns[] =
#include "sql/catalog/facts/relation_columns.inc"
    ;
constexpr char kSettings[] =
#include "sql/catalog/facts/settings.inc"
    ;
constexpr char kKeywords[] =
#include "sql/catalog/facts/keywords.inc"
    ;

struct Source {
  std::string_view name;
  std::string_view text;
};
constexpr Source kSources[] = {
    {"pg_proc", {kPgProc, sizeof kPgProc - 1}},
    {"pg_operator", {kPgOperator, sizeof kPgOperator - 1}},
    {"pg_cast", {kPgCast, sizeof kPgCast - 1}},
    {"pg_aggregate", {kPgAggregate, sizeof kPgAggregate - 1}},
    {"pg_am", {kPgAm, sizeof kPgAm - 1}},
    {"pg_opclass", {kPgOpclass, sizeof kPgOpclass - 1}},
    {"pg_opfamily", {kPgOpfamily, sizeof kPgOpfamily - 1}},
    {"pg_amop", {kPgAmop, sizeof kPgAmop - 1}},
    {"pg_amproc", {kPgAmproc, sizeof kPgAmproc - 1}},
    {"pg_collation", {kPgCollation, sizeof kPgCollation - 1}},
    {"pg_language", {kPgLanguage, sizeof kPgLanguage - 1}},
    {"pg_range", {kPgRange, sizeof kPgRange - 1}},
    {"pg_type", {kPgType, sizeof kPgType - 1}},
    {"pg_ts_config", {kPgTsConfig, sizeof kPgTsConfig - 1}},
    {"pg_ts_config_map", {kPgTsConfigMap, sizeof kPgTsConfigMap - 1}},
    {"pg_ts_dict", {kPgTsDict, sizeof kPgTsDict - 1}},
    {"pg_ts_parser", {kPgTsParser, sizeof kPgTsParser - 1}},
    {"pg_ts_template", {kPgTsTemplate, sizeof kPgTsTemplate - 1}},
    {"pg_conversion", {kPgConversion, sizeof kPgConversion - 1}},
    {"pg_tablespace", {kPgTablespace, sizeof kPgTablespace - 1}},
    {"pg_description", {kPgDescription, sizeof kPgDescription - 1}},
    {"relations", {kRelations, sizeof kRelations - 1}},
    {"relation_columns", {kRelationColumns, sizeof kRelationColumns - 1}},
    {"settings", {kSettings, sizeof kSettings - 1}},
    {"keywords", {kKeywords, sizeof kKeywords - 1}},
};
constexpr size_t kSourceCount = std::size(kSources);

struct Slots {
  std::array<std::once_flag, kSourceCount> once;
  std::array<std::unique_ptr<FactTable>, kSourceCount> tables;
};

// Strings that had to be unescaped; a handful.
std::string_view keep(std::string text) {
  static std::mutex mutex;
  static std::deque<std::string> kept;
  std::lock_guard lock(mutex);
  return kept.emplace_back(std::move(text));
}

std::string_view unescape_field(std::string_view field) {
  if (field == "\\N") return {};
  if (field.find('\\') == std::string_view::npos) {
    return field.data() == nullptr ? std::string_view("", 0) : field;
  }
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      out += field[i];
      continue;
    }
    switch (char c = field[++i]; c) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      default:
        out += c;
    }
  }
  return keep(std::move(out));
}

}  // namespace

FactTable::FactTable(std::string_view text) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    size_t before = fields_.size();
    for (;;) {
      size_t tab = line.find('\t');
      fields_.push_back(unescape_field(line.substr(0, tab)));
      if (tab == std::string_view::npos) break;
      line.remove_prefix(tab + 1);
    }
    if (column_count_ == 0) column_count_ = fields_.size() - before;
    LUMA_CHECK(fields_.size() - before == column_count_);
  }
}

const FactTable* find_fact_table(std::string_view name) {
  static Slots slots;
  for (size_t i = 0; i < kSourceCount; ++i) {
    if (kSources[i].name != name) continue;
    std::call_once(slots.once[i],
                   [i] { slots.tables[i] = std::make_unique<FactTable>(kSources[i].text); });
    return slots.tables[i].get();
  }
  return nullptr;
}

const FactTable& fact_table(std::string_view name) {
  const FactTable* table = find_fact_table(name);
  LUMA_CHECK(table != nullptr);
  return *table;
}

std::vector<std::string_view> split_fact_array(std::string_view literal) {
  std::vector<std::string_view> out;
  if (literal.size() <= 2) return out;
  literal = literal.substr(1, literal.size() - 2);
  size_t i = 0;
  for (;;) {
    if (i < literal.size() && literal[i] == '"') {
      std::string element;
      for (++i; i < literal.size() && literal[i] != '"'; ++i) {
        if (literal[i] == '\\') ++i;
        element += literal[i];
      }
      ++i;
      out.push_back(keep(std::move(element)));
    } else {
      size_t end = std::min(literal.find(',', i), literal.size());
      out.push_back(literal.substr(i, end - i));
      i = end;
    }
    if (i >= literal.size()) return out;
    ++i;  // the comma
  }
}

}  // namespace luma
