#include "sql/catalog/view_query_tree.h"

#include <fmt/format.h>

#include "sql/ast/ast.h"
#include "sql/catalog/name_resolution.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {

struct Origin {
  Oid table = kInvalidOid;
  int16_t column = 0;
};

std::string_view last_name(const ast::Node* value) {
  const auto* column = ast::try_as<ast::ColumnRef>(value);
  const auto* name = column != nullptr ? ast::try_as<ast::String>(column->fields.back()) : nullptr;
  return name != nullptr ? name->sval : std::string_view{};
}

// Finds where the columns of a stored query come from. In such a query tables are qualified with
// their schema, columns with their table, and nothing is a star.
class OriginFinder {
 public:
  explicit OriginFinder(const Catalog& catalog) : catalog_(catalog) {}

  Origin of(const ast::Node* value, const ast::SelectStmt& query) {
    const auto* column = ast::try_as<ast::ColumnRef>(value);
    if (column == nullptr || column->fields.size() != 2) return {};
    const auto* table = ast::try_as<ast::String>(column->fields[0]);
    if (table == nullptr) return {};
    for (const ast::Node* item : query.from_clause) {
      const ast::Node* found = find(item, table->sval);
      if (found != nullptr) return column_of(*found, last_name(value), query);
    }
    return {};
  }

 private:
  // The FROM item that is called `alias`.
  static const ast::Node* find(const ast::Node* item, std::string_view alias) {
    if (const auto* join = ast::try_as<ast::JoinExpr>(item)) {
      if (join->alias != nullptr) return nullptr;
      const ast::Node* left = find(join->larg, alias);
      return left != nullptr ? left : find(join->rarg, alias);
    }
    if (const auto* table = ast::try_as<ast::RangeVar>(item)) {
      bool named =
          table->alias != nullptr ? table->alias->aliasname == alias : table->relname == alias;
      return named ? item : nullptr;
    }
    const auto* subquery = ast::try_as<ast::RangeSubselect>(item);
    bool named =
        subquery != nullptr && subquery->alias != nullptr && subquery->alias->aliasname == alias;
    return named ? item : nullptr;
  }

  static size_t position_in(const ast::NameList& names, std::string_view name) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return i;
    }
    return names.size();
  }

  Origin column_of(const ast::Node& item, std::string_view name, const ast::SelectStmt& query) {
    if (const auto* subquery = ast::try_as<ast::RangeSubselect>(&item)) {
      return target_of(subquery->subquery, subquery->alias->colnames, name);
    }
    const auto& table = *ast::as<ast::RangeVar>(&item);
    if (table.schemaname.empty() && query.with_clause != nullptr) {
      for (const ast::Node* node : query.with_clause->ctes) {
        const auto& cte = *ast::as<ast::CommonTableExpr>(node);
        if (cte.ctename == table.relname && !query.with_clause->recursive) {
          return target_of(cte.ctequery, cte.aliascolnames, name);
        }
      }
    }
    const auto* relation = dynamic_cast<const Table*>(
        find_relation(catalog_, {}, {.schema = table.schemaname, .name = table.relname}));
    if (relation == nullptr) return {};
    const ast::NameList names = table.alias != nullptr ? table.alias->colnames : ast::NameList{};
    size_t renamed = position_in(names, name), live = 0;
    for (const Column& column : relation->columns) {
      if (column.dropped) continue;
      size_t position = live++;
      bool fits = renamed < names.size() ? position == renamed
                                         : position >= names.size() && column.name == name;
      if (fits) return {relation->oid, column.number};
    }
    return {};
  }

  // Of a subquery's column, by the names that the outside gives the first ones.
  Origin target_of(const ast::Node* node, const ast::NameList& names, std::string_view name) {
    const auto* query = ast::try_as<ast::SelectStmt>(node);
    if (query == nullptr || query->op != ast::SetOperation::kNone) return {};
    size_t renamed = position_in(names, name);
    for (size_t i = 0; i < query->target_list.size(); ++i) {
      const auto& target = *ast::as<ast::ResTarget>(query->target_list[i]);
      std::string_view own = target.name.empty() ? last_name(target.val) : target.name;
      if (renamed < names.size() ? i == renamed : i >= names.size() && own == name) {
        return of(target.val, *query);
      }
    }
    return {};
  }

  const Catalog& catalog_;
};

// A name as a token of a node tree.
std::string token(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (std::string_view(" \t\n(){}\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string view_query_tree(const Catalog& catalog, const Table& view) {
  Arena arena;
  const ast::Node* node = parse_sql(view.definition, arena).statements.front().node;
  const auto* query = ast::try_as<ast::SelectStmt>(node);
  bool plain = query != nullptr && query->op == ast::SetOperation::kNone &&
               query->values_lists.empty() && query->target_list.size() >= view.columns.size();
  OriginFinder origins(catalog);
  std::string targets;
  for (size_t i = 0; i < view.columns.size(); ++i) {
    Origin origin;
    if (plain) origin = origins.of(ast::as<ast::ResTarget>(query->target_list[i])->val, *query);
    if (i > 0) targets += ' ';
    targets += fmt::format(
        "{{TARGETENTRY :expr {{VAR :varno 1 :varattno {0}}} :resno {0} :resname {1} "
        ":ressortgroupref 0 :resorigtbl {2} :resorigcol {3} :resjunk false}}",
        i + 1, token(view.columns[i].name), origin.table, origin.column);
  }
  return fmt::format(
      "({{QUERY :commandType 1 :querySource 0 :canSetTag true :targetList ({}) :override 0 "
      ":stmt_len 0}})",
      targets);
}

}  // namespace luma
