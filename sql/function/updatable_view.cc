#include "sql/function/updatable_view.h"

#include <algorithm>

#include "sql/ast/expression.h"
#include "sql/ast/tree.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {
namespace {

constexpr int kMaxViewDepth = 64;

struct CallKinds {
  bool aggregate = false, window = false, set_returning = false;
};

// Calls in the output list itself, not those in its subqueries.
CallKinds calls_in(const ast::NodeList& targets) {
  CallKinds kinds;
  for (const ast::Node* target : targets) {
    ast::walk(target, [&](const ast::Node* node) {
      if (ast::is<ast::SubLink>(node)) return false;
      if (ast::is<ast::GroupingFunc>(node)) kinds.aggregate = true;
      const auto* call = ast::try_as<ast::FuncCall>(node);
      if (call == nullptr) return true;
      if (call->over != nullptr) {
        kinds.window = true;
        return true;
      }
      for (const FunctionEntry* entry :
           FunctionRegistry::instance().functions(call->funcname.back())) {
        kinds.aggregate |= entry->is_aggregate();
        kinds.set_returning |= entry->returns_set;
      }
      return true;
    });
  }
  return kinds;
}

std::string_view obstacle_of(const ast::SelectStmt& query) {
  if (!query.distinct_clause.empty()) {
    return "Views containing DISTINCT are not automatically updatable.";
  }
  if (!query.group_clause.empty()) {
    return "Views containing GROUP BY are not automatically updatable.";
  }
  if (query.having_clause != nullptr) {
    return "Views containing HAVING are not automatically updatable.";
  }
  if (query.larg != nullptr) {
    return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
  }
  if (query.with_clause != nullptr) {
    return "Views containing WITH are not automatically updatable.";
  }
  if (query.limit_offset != nullptr || query.limit_count != nullptr) {
    return "Views containing LIMIT or OFFSET are not automatically updatable.";
  }
  CallKinds calls = calls_in(query.target_list);
  if (calls.aggregate) {
    return "Views that return aggregate functions are not automatically updatable.";
  }
  if (calls.window) return "Views that return window functions are not automatically updatable.";
  if (calls.set_returning) {
    return "Views that return set-returning functions are not automatically updatable.";
  }
  if (query.from_clause.size() == 1 && ast::is<ast::RangeTableSample>(query.from_clause[0])) {
    return "Views containing TABLESAMPLE are not automatically updatable.";
  }
  return {};
}

// The name by which the view's query knows a column below.
std::string_view name_below(const ast::RangeVar& from, const std::vector<const Column*>& columns,
                            size_t position) {
  if (from.alias != nullptr && position < from.alias->colnames.size()) {
    return from.alias->colnames[position];
  }
  return columns[position]->name;
}

ViewShape::ColumnSource source_of(const ast::Node* output, const ast::RangeVar& from,
                                  const std::vector<const Column*>& below) {
  static constexpr std::string_view kComputed =
      "View columns that are not columns of their base relation are not updatable.";
  static constexpr std::string_view kSystem =
      "View columns that refer to system columns are not updatable.";
  static constexpr std::string_view kRow =
      "View columns that return whole-row references are not updatable.";
  const auto* ref = ast::try_as<ast::ColumnRef>(output);
  if (ref == nullptr) return {nullptr, kComputed};
  const auto* name = ast::try_as<ast::String>(ref->fields.back());
  if (name == nullptr) return {nullptr, kRow};
  for (size_t i = 0; i < below.size(); ++i) {
    if (name_below(from, below, i) == name->sval) return {below[i], {}};
  }
  static constexpr std::string_view kSystemColumns[] = {"tableoid", "ctid", "xmin",
                                                        "xmax",     "cmin", "cmax"};
  bool is_system = std::find(std::begin(kSystemColumns), std::end(kSystemColumns), name->sval) !=
                   std::end(kSystemColumns);
  return {nullptr, is_system ? kSystem : kRow};
}

std::vector<const Column*> live_columns(const Table& table) {
  std::vector<const Column*> columns;
  for (const Column& column : table.columns) {
    if (!column.dropped) columns.push_back(&column);
  }
  return columns;
}

// What unconditional INSTEAD rules do.
int32_t events_of_rules(const Table& table) {
  int32_t events = 0;
  for (const Rule& rule : table.rules) {
    if (!rule.instead || !rule.condition_sql.empty()) continue;
    events |= rule.event == '2' ? kUpdateEvent : rule.event == '3' ? kInsertEvent : kDeleteEvent;
  }
  return events;
}

int32_t events_below(const Catalog& catalog, Oid oid, Oid temp_schema,
                     const std::set<int16_t>* columns, int depth) {
  constexpr int32_t kAll = kUpdateEvent | kInsertEvent | kDeleteEvent;
  const Table* table = catalog.table(oid);
  if (table == nullptr || depth > kMaxViewDepth) return 0;
  if (table->relkind == 'r' || table->relkind == 'p') return kAll;
  if (!table->is_view()) return 0;
  const int32_t by_rules = events_of_rules(*table);
  if (by_rules == kAll) return kAll;
  Arena arena;
  SearchPath path =
      resolve_search_path(catalog, table->definition_search_path, std::string_view(), temp_schema);
  ViewShape shape = shape_of_view(catalog, *table, path, arena);
  if (!shape.obstacle.empty()) return by_rules;
  std::vector<const Column*> own = live_columns(*table);
  std::set<int16_t> wanted_below;
  for (size_t i = 0; i < shape.columns.size() && i < own.size(); ++i) {
    if (columns != nullptr && columns->count(own[i]->number) == 0) continue;
    if (shape.columns[i].column != nullptr) wanted_below.insert(shape.columns[i].column->number);
  }
  int32_t events = wanted_below.empty() ? kDeleteEvent : kAll;
  if (!shape.below->is_view()) return by_rules | events;
  return by_rules |
         (events & events_below(catalog, shape.below->oid, temp_schema, &wanted_below, depth + 1));
}

}  // namespace

bool ViewShape::has_updatable_columns() const {
  return std::any_of(columns.begin(), columns.end(),
                     [](const ColumnSource& source) { return source.column != nullptr; });
}

ViewShape shape_of_view(const Catalog& catalog, const Table& view, const SearchPath& path,
                        Arena& arena) {
  ViewShape shape;
  if (view.definition.empty()) {
    // A system view whose rows are generated.
    shape.obstacle =
        "Views that do not select from a single table or view are not automatically updatable.";
    return shape;
  }
  ParseResult parsed = parse_sql(view.definition, arena);
  const auto* query = ast::as<ast::SelectStmt>(parsed.statements[0].node);
  shape.obstacle = obstacle_of(*query);
  if (!shape.obstacle.empty()) return shape;
  const auto* from =
      query->from_clause.size() == 1 ? ast::try_as<ast::RangeVar>(query->from_clause[0]) : nullptr;
  const Relation* below = nullptr;
  if (from != nullptr) {
    below = find_relation(catalog, path, {from->schemaname, from->relname, from->catalogname, -1});
  }
  bool writable = below != nullptr && below->kind == ObjectKind::kTable &&
                  (below->relkind == 'r' || below->relkind == 'v' || below->relkind == 'p');
  if (!writable) {
    shape.obstacle =
        "Views that do not select from a single table or view are not automatically updatable.";
    return shape;
  }
  shape.query = query;
  shape.from = from;
  shape.below = static_cast<const Table*>(below);
  std::vector<const Column*> below_columns = live_columns(*shape.below);
  for (const ast::Node* node : query->target_list) {
    shape.columns.push_back(source_of(ast::as<ast::ResTarget>(node)->val, *from, below_columns));
  }
  return shape;
}

int32_t updatable_events(const Catalog& catalog, Oid relation, Oid temp_schema,
                         const std::set<int16_t>* columns) {
  return events_below(catalog, relation, temp_schema, columns, 0);
}

}  // namespace luma
