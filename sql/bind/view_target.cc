#include "sql/bind/view_target.h"

#include <algorithm>

namespace luma {
namespace {

constexpr size_t kMaxViewDepth = 64;

SqlError cannot_write(const Table& view, ModifyKind kind, std::string_view detail) {
  struct Words {
    const char *verb, *doing, *event;
  };
  static constexpr Words kWords[] = {{"insert into", "inserting into", "INSERT"},
                                     {"update", "updating", "UPDATE"},
                                     {"delete from", "deleting from", "DELETE"}};
  const Words& words = kWords[static_cast<size_t>(kind)];
  return sql_error(SqlState::kObjectNotInPrerequisiteState, "cannot {} view \"{}\"", words.verb,
                   view.name)
      .detail(std::string(detail))
      .hint(
          fmt::format("To enable {} the view, provide an INSTEAD OF {} trigger or an unconditional "
                      "ON {} DO INSTEAD rule.",
                      words.doing, words.event, words.event));
}

// The reloption that makes the caller's privileges count below the view.
bool is_security_invoker(const Table& view) {
  return std::any_of(view.options.begin(), view.options.end(), [](std::string_view option) {
    static constexpr std::string_view kName = "security_invoker=";
    if (!option.starts_with(kName)) return false;
    std::string_view value = option.substr(kName.size());
    return value == "true" || value == "on" || value == "yes" || value == "1" || value == "t";
  });
}

bool has_option(const Table& view, std::string_view option) {
  return std::find(view.options.begin(), view.options.end(), option) != view.options.end();
}

}  // namespace

bool has_instead_trigger(const Table& view, ModifyKind kind) {
  int16_t event = kind == ModifyKind::kInsert   ? trigger_type::kInsert
                  : kind == ModifyKind::kUpdate ? trigger_type::kUpdate
                                                : trigger_type::kDelete;
  return std::any_of(view.triggers.begin(), view.triggers.end(), [&](const Trigger& trigger) {
    return (trigger.type & trigger_type::kInstead) != 0 && (trigger.type & event) != 0;
  });
}

ViewTarget::ViewTarget(Binder& binder, const Table& view, ModifyKind kind, const Table* stop)
    : binder_(binder), kind_(kind) {
  open(view, stop);
  map_columns();
  require_privileges();
}

void ViewTarget::require_privileges() {
  Oid outer = binder_.check_as_;
  auto require = [&](const Table& table) {
    RequiredPrivilege& required = binder_.require_privilege(table);
    required.insert = kind_ == ModifyKind::kInsert;
    required.update = kind_ == ModifyKind::kUpdate;
    required.remove = kind_ == ModifyKind::kDelete;
    return binder_.last_privilege();
  };
  for (Level& level : levels_) {
    level.privilege = require(*level.view);
    binder_.check_as_ = level.check_as =
        is_security_invoker(*level.view) ? kInvalidOid : level.view->owner;
  }
  base_privilege_ = require(base());
  binder_.check_as_ = outer;
}

void ViewTarget::require_assigned() {
  std::vector<RequiredPrivilege>& all = binder_.query_.privileges;
  const RequiredPrivilege& below = all[static_cast<size_t>(base_privilege_)];
  for (const Level& level : levels_) {
    RequiredPrivilege& required = all[static_cast<size_t>(level.privilege)];
    required.update = below.update;
    for (size_t i = 0; i < level.attribute.size(); ++i) {
      auto number = static_cast<int16_t>(level.attribute[i] + 1);
      auto has = [&](const std::vector<int16_t>& numbers) {
        return number > 0 && std::find(numbers.begin(), numbers.end(), number) != numbers.end();
      };
      if (has(below.inserted)) required.inserted.push_back(level.columns[i]->number);
      if (has(below.updated)) required.updated.push_back(level.columns[i]->number);
    }
  }
}

void ViewTarget::open(const Table& view, const Table* stop) {
  const Table* next = &view;
  while (next->is_view() && (stop == nullptr || next->oid != stop->oid)) {
    // Its triggers do what is wanted.
    if (next != &view && has_instead_trigger(*next, kind_)) break;
    if (levels_.size() == kMaxViewDepth) {
      throw sql_error(SqlState::kInvalidObjectDefinition,
                      "infinite recursion detected in rules for relation \"{}\"", view.name);
    }
    Level level;
    level.view = next;
    level.path = binder_.environment_.resolve_path(next->definition_search_path);
    level.shape = shape_of_view(binder_.environment_.catalog(), *next, level.path, binder_.arena());
    if (!level.shape.obstacle.empty()) throw cannot_write(*next, kind_, level.shape.obstacle);
    if (kind_ != ModifyKind::kDelete && !level.shape.has_updatable_columns()) {
      throw cannot_write(*next, kind_,
                         "Views that have no updatable columns are not automatically updatable.");
    }
    for (const Column& column : next->columns) {
      if (!column.dropped) level.columns.push_back(&column);
    }
    next = level.shape.below;
    levels_.push_back(std::move(level));
  }
}

void ViewTarget::map_columns() {
  for (size_t i = levels_.size(); i-- > 0;) {
    Level& level = levels_[i];
    for (const ViewShape::ColumnSource& source : level.shape.columns) {
      int attribute = kNotAssignable;
      if (source.column != nullptr && i + 1 == levels_.size()) {
        attribute = source.column->number - 1;
      } else if (source.column != nullptr) {
        const Level& below = levels_[i + 1];
        auto found = std::find(below.columns.begin(), below.columns.end(), source.column);
        attribute = below.attribute[static_cast<size_t>(found - below.columns.begin())];
      }
      level.attribute.push_back(attribute);
    }
  }
}

std::vector<int> ViewTarget::attributes() const { return levels_.front().attribute; }

int ViewTarget::attribute_of(std::string_view name) const {
  const Level& top = levels_.front();
  for (size_t i = 0; i < top.attribute.size(); ++i) {
    if (top.columns[i]->name != name) continue;
    if (top.attribute[i] == kNotAssignable) refuse_column(i);
    return top.attribute[i];
  }
  return -1;
}

void ViewTarget::refuse_column(size_t position) const {
  for (size_t i = 0;; ++i) {
    const Level& level = levels_[i];
    const ViewShape::ColumnSource& source = level.shape.columns[position];
    if (source.column == nullptr) {
      throw sql_error(SqlState::kFeatureNotSupported, "cannot {} column \"{}\" of view \"{}\"",
                      kind_ == ModifyKind::kInsert ? "insert into" : "update",
                      level.columns[position]->name, level.view->name)
          .detail(std::string(source.obstacle));
    }
    const std::vector<const Column*>& below = levels_[i + 1].columns;
    position =
        static_cast<size_t>(std::find(below.begin(), below.end(), source.column) - below.begin());
  }
}

std::string_view ViewTarget::name_of(int attribute) const {
  const Level& top = levels_.front();
  for (size_t i = 0; i < top.attribute.size(); ++i) {
    if (top.attribute[i] == attribute) return top.columns[i]->name;
  }
  return {};
}

std::string_view ViewTarget::default_of(int attribute) const {
  for (const Level& level : levels_) {
    for (size_t i = 0; i < level.attribute.size(); ++i) {
      if (level.attribute[i] == attribute && level.columns[i]->has_default()) {
        return level.columns[i]->default_sql;
      }
    }
  }
  return {};
}

// --- what the views show ---

template <typename Bind>
Expr* ViewTarget::under(const Level& level, Bind bind) {
  struct Restore {
    Binder& binder;
    const SearchPath* path;
    Oid check_as;
    ~Restore() {
      binder.view_path_ = path;
      binder.check_as_ = check_as;
    }
  } restore{binder_, binder_.view_path_, binder_.check_as_};
  binder_.view_path_ = &level.path;
  binder_.check_as_ = level.check_as;
  try {
    return bind();
  } catch (SqlError& error) {
    error.byte_offset = -1;  // it would point into the view's text
    throw;
  }
}

std::shared_ptr<ScopeItem> ViewTarget::base_item(const std::vector<ColumnId>& columns) {
  auto item = std::make_shared<ScopeItem>();
  for (const Column& column : base().columns) {
    if (!column.dropped) {
      item->columns.push_back({column.name, columns[static_cast<size_t>(column.number - 1)]});
    }
  }
  binder_.tie_columns(base(), base_privilege_, *item);
  return item;
}

std::shared_ptr<ScopeItem> ViewTarget::shown(const Level& level, Scope* scope) {
  auto item = std::make_shared<ScopeItem>();
  for (size_t i = 0; i < level.shape.columns.size(); ++i) {
    const auto* target = ast::as<ast::ResTarget>(level.shape.query->target_list[i]);
    const Column* source = level.shape.columns[i].column;
    ScopeColumn column;
    if (source != nullptr) {
      // Aliases of the view's FROM item rename columns, never reorder them.
      size_t position = 0;
      for (const Column& below : level.shape.below->columns) {
        if (&below == source) break;
        if (!below.dropped) ++position;
      }
      const ScopeColumn& below = scope->items[0]->columns[position];
      column.id = below.id;
      column.compute = [this, &below] {
        binder_.use_column(below);
        return binder_.column_value(below);
      };
    } else {
      const Level* where = &level;
      const ast::Node* value = target->val;
      column.compute = [this, where, scope, value] {
        return under(*where, [&] {
          return binder_.resolve_unknown(binder_.bind_expr(value, scope, Clause::kSelect));
        });
      };
    }
    column.name = level.columns[i]->name;
    item->columns.push_back(std::move(column));
  }
  binder_.tie_columns(*level.view, level.privilege, *item);
  return item;
}

std::vector<Scope*> ViewTarget::scopes(const std::vector<ColumnId>& columns) {
  std::vector<Scope*> scopes(levels_.size());
  std::shared_ptr<ScopeItem> below = base_item(columns);
  for (size_t i = levels_.size(); i-- > 0;) {
    const Level& level = levels_[i];
    const ast::RangeVar& from = *level.shape.from;
    below->alias = from.relname;
    below->schema = binder_.environment_.catalog().schema_name(level.shape.below->schema);
    binder_.apply_column_aliases(*below, from.alias);
    scopes[i] = binder_.new_scope(nullptr);
    scopes[i]->items.push_back(below);
    below = shown(level, scopes[i]);
  }
  return scopes;
}

std::shared_ptr<ScopeItem> ViewTarget::item(const std::vector<ColumnId>& columns,
                                            std::string alias) {
  auto item = shown(levels_.front(), scopes(columns).front());
  item->alias = std::move(alias);
  return item;
}

Expr* ViewTarget::condition(const std::vector<ColumnId>& columns) {
  std::vector<Scope*> inside = scopes(columns);
  std::vector<Expr*> parts;
  for (size_t i = levels_.size(); i-- > 0;) {
    const ast::Node* where = levels_[i].shape.query->where_clause;
    if (where == nullptr) continue;
    parts.push_back(under(levels_[i], [&] {
      return binder_.bind_boolean(where, inside[i], Clause::kWhere, "WHERE");
    }));
  }
  return parts.empty() ? nullptr : make_and(binder_.arena(), parts);
}

std::vector<CheckExpr> ViewTarget::checks(const std::vector<ColumnId>& columns) {
  std::vector<CheckExpr> checks;
  std::vector<Scope*> inside = scopes(columns);
  bool cascaded = false;
  for (size_t i = 0; i < levels_.size(); ++i) {
    const Table& view = *levels_[i].view;
    bool own_cascaded = has_option(view, "check_option=cascaded");
    bool checked = cascaded || own_cascaded || has_option(view, "check_option=local");
    cascaded |= own_cascaded;
    const ast::Node* where = levels_[i].shape.query->where_clause;
    if (!checked || where == nullptr) continue;
    Expr* condition = under(levels_[i], [&] {
      return binder_.bind_boolean(where, inside[i], Clause::kWhere, "WHERE");
    });
    checks.push_back({view.name, condition, true});
  }
  std::reverse(checks.begin(), checks.end());
  return checks;
}

}  // namespace luma
