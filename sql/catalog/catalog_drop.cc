// DROP: which objects go, what is reported, and the changes themselves. The traversal follows
// PostgreSQL's: dependents newest first, each after what depends on it; reports are in reverse.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "engine/base/sql_error.h"
#include "sql/catalog/catalog_transaction.h"
#include "sql/catalog/drop_order.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/operator_family.h"

namespace luma {
namespace {

constexpr size_t kMaxReported = 100;

// True when `part` is `whole` or something inside it.
bool covers(const ObjectAddress& whole, const ObjectAddress& part) {
  return whole.class_id == part.class_id && whole.oid == part.oid &&
         (whole.sub_id == 0 || whole.sub_id == part.sub_id);
}

struct Doomed {
  ObjectAddress address;
  std::optional<ObjectAddress> because;  // what it depends on
  bool target = false;                   // named in the statement
  bool automatic = false;                // goes silently
  bool normal = false;                   // something that it needs goes
};

class DropTraversal {
 public:
  explicit DropTraversal(const Catalog& catalog) : catalog_(catalog) {}

  void add_target(const ObjectAddress& address) { visit(address, std::nullopt, 't'); }
  // In PostgreSQL's order of deletion.
  const std::vector<Doomed>& list() const { return list_; }
  bool contains(const ObjectAddress& address) const {
    return std::ranges::any_of(list_, [&](const Doomed& d) { return covers(d.address, address); });
  }

 private:
  // `kind`: that of the dependency; t: a target.
  void visit(const ObjectAddress& address, std::optional<ObjectAddress> because, char kind) {
    const bool target = kind == 't';
    const bool automatic = kind != 'n' && !target;
    for (Doomed& doomed : list_) {
      if (!covers(doomed.address, address)) continue;
      doomed.target |= target && doomed.address == address;
      doomed.automatic |= automatic;
      doomed.normal |= kind == 'n' && doomed.address == address;
      return;
    }
    if (auto open = std::ranges::find_if(
            open_, [&](const Doomed& d) { return covers(d.address, address); });
        open != open_.end()) {
      open->target |= target && open->address == address;
      open->automatic |= automatic;
      open->normal |= kind == 'n' && open->address == address;
      return;
    }
    open_.push_back({address, because, target, automatic, kind == 'n'});
    for (const auto& [dependent, edge] : dependents(address)) visit(dependent, address, edge);
    list_.push_back(open_.back());
    open_.pop_back();
  }

  // Newest first.
  std::vector<std::pair<ObjectAddress, char>> dependents(const ObjectAddress& address) const {
    std::map<ObjectAddress, char> found;
    auto look = [&](const CatalogObject& holder) {
      for (const Dependency& edge : all_dependencies(holder)) {
        if (!covers(address, edge.referenced) || covers(address, edge.dependent)) continue;
        char& kind = found.try_emplace(edge.dependent, edge.kind).first->second;
        if (edge.kind != 'n') kind = edge.kind;
      }
    };
    for (const ObjectAddress& holder : catalog_.dependents_of({address.class_id, address.oid, 0})) {
      if (ObjectPtr object = catalog_.share(holder)) look(*object);
    }
    // A table's row type goes with it, and what is of that type; it is no object of its own.
    const Table* table = address.class_id == class_oid::kRelation && address.sub_id == 0
                             ? catalog_.table(address.oid)
                             : nullptr;
    if (table != nullptr && table->row_type != kInvalidOid && table->relkind != 'c') {
      found.try_emplace({class_oid::kType, table->row_type, 0}, 'i');
    }
    std::vector<std::pair<ObjectAddress, char>> out(found.begin(), found.end());
    std::ranges::sort(out, [](const auto& a, const auto& b) {
      return std::pair(a.first.oid, a.first.sub_id) > std::pair(b.first.oid, b.first.sub_id);
    });
    return out;
  }

  const Catalog& catalog_;
  std::vector<Doomed> list_;
  std::vector<Doomed> open_;  // being visited: guards against cycles
};

// An index of a constraint, an identity column's sequence: only their owner can be dropped.
void refuse_internal(const Catalog& catalog, const ObjectAddress& target, const DropTraversal& drop,
                     const std::function<bool(const Relation&)>& is_visible) {
  ObjectPtr object = catalog.share({target.class_id, target.oid, 0});
  if (object == nullptr) return;
  for (const Dependency& edge : all_dependencies(*object)) {
    if ((edge.kind != 'i' && edge.kind != 'e') || edge.dependent != target ||
        drop.contains(edge.referenced))
      continue;
    std::string owner = catalog.describe(edge.referenced, is_visible);
    throw sql_error(SqlState::kDependentObjectsStillExist, "cannot drop {} because {} requires it",
                    catalog.describe(target, is_visible), owner)
        .hint(fmt::format("You can drop {} instead.", owner));
  }
}

void report(const Catalog& catalog, const std::vector<Doomed>& doomed, size_t target_count,
            DropBehavior behavior, const std::function<bool(const Relation&)>& is_visible,
            DropResult& result) {
  std::string detail;
  std::string first_target;
  size_t count = 0;
  for (auto it = doomed.rbegin(); it != doomed.rend(); ++it) {
    if (it->target) {
      if (first_target.empty()) first_target = catalog.describe(it->address, is_visible);
      continue;
    }
    if (it->automatic) continue;
    if (++count > kMaxReported) continue;
    std::string name = catalog.describe(it->address, is_visible);
    std::string line =
        behavior == DropBehavior::kRestrict
            ? fmt::format("{} depends on {}", name, catalog.describe(*it->because, is_visible))
            : fmt::format("drop cascades to {}", name);
    detail += (detail.empty() ? "" : "\n") + line;
  }
  if (count == 0) return;
  if (count > kMaxReported) {
    size_t more = count - kMaxReported;
    detail += fmt::format("\nand {} other {} (see server log for list)", more,
                          more == 1 ? "object" : "objects");
  }
  if (behavior == DropBehavior::kRestrict) {
    SqlError error =
        target_count == 1
            ? sql_error(SqlState::kDependentObjectsStillExist,
                        "cannot drop {} because other objects depend on it", first_target)
            : sql_error(SqlState::kDependentObjectsStillExist,
                        "cannot drop desired object(s) because other objects depend on them");
    throw error.detail(detail).hint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  if (count == 1) {
    result.notice = detail;
  } else {
    result.notice = fmt::format("drop cascades to {} other objects", count);
    result.notice_detail = detail;
  }
}

// Takes the doomed part out of a table; the table stays.
void remove_part(Table& table, const ObjectAddress& part) {
  if (part.class_id == class_oid::kConstraint) {
    std::erase_if(table.constraints, [&](const Constraint& c) { return c.oid == part.oid; });
  } else if (part.class_id == class_oid::kPolicy) {
    std::erase_if(table.policies, [&](const Policy& p) { return p.oid == part.oid; });
  } else if (part.class_id == class_oid::kTrigger) {
    std::erase_if(table.triggers, [&](const Trigger& t) { return t.oid == part.oid; });
  } else if (part.class_id == class_oid::kRewrite) {
    std::erase_if(table.rules, [&](const Rule& r) { return r.oid == part.oid; });
  } else if (part.class_id == class_oid::kAttrDef) {
    for (Column& column : table.columns) {
      if (column.default_oid != part.oid) continue;
      column.default_oid = kInvalidOid;
      column.default_sql.clear();
      column.generated = '\0';
    }
  } else {
    Column& column = table.columns.at(static_cast<size_t>(part.sub_id) - 1);
    column.dropped = true;
    column.name = fmt::format("........pg.dropped.{}........", column.number);
    column.not_null = false;
    column.default_oid = kInvalidOid;
    column.default_sql.clear();
    column.identity = column.generated = '\0';
    column.comment.clear();
    column.acl.reset();
  }
  // Explicit edges of the part (a default's use of a sequence) go with it.
  std::erase_if(table.dependencies, [&](const Dependency& d) { return covers(part, d.dependent); });
}

// The domain that has the constraint; null: none.
const Type* domain_of_constraint(const Catalog& catalog, Oid constraint) {
  const Type* out = nullptr;
  catalog.for_each_type([&](const Type& type) {
    if (std::ranges::find(type.constraints, constraint, &Constraint::oid) !=
        type.constraints.end()) {
      out = &type;
    }
  });
  return out;
}

// What is no longer there of an object, and what these parts need. `now`: the object as it is now;
// nullptr: it has gone.
void add_gone_parts(const CatalogObject& object, const CatalogObject* now,
                    std::set<ObjectAddress>& gone, std::vector<Dependency>& edges) {
  std::set<ObjectAddress> before, after;
  auto collect = [](const CatalogObject& from, std::set<ObjectAddress>& parts) {
    parts.insert(from.address());
    if (const auto* type = dynamic_cast<const Type*>(&from)) {
      for (const Constraint& c : type->constraints) {
        parts.insert({class_oid::kConstraint, c.oid, 0});
      }
    }
    const auto* table = dynamic_cast<const Table*>(&from);
    if (table == nullptr) return;
    for (const Constraint& c : table->constraints) parts.insert({class_oid::kConstraint, c.oid, 0});
    for (const Trigger& t : table->triggers) parts.insert({class_oid::kTrigger, t.oid, 0});
    for (const Policy& p : table->policies) parts.insert({class_oid::kPolicy, p.oid, 0});
    for (const Rule& r : table->rules) parts.insert({class_oid::kRewrite, r.oid, 0});
    for (const Column& c : table->columns) {
      if (!c.dropped) parts.insert({class_oid::kRelation, table->oid, c.number});
      if (c.has_default()) parts.insert({class_oid::kAttrDef, c.default_oid, 0});
    }
  };
  collect(object, before);
  if (now != nullptr) collect(*now, after);
  const bool whole = now == nullptr;
  for (const ObjectAddress& part : before) {
    // Columns go with their table without a word.
    if (!after.contains(part) && (!whole || part.sub_id == 0)) gone.insert(part);
  }
  for (const Dependency& edge : all_dependencies(object)) edges.push_back(edge);
  if (const auto* table = dynamic_cast<const Table*>(&object); table != nullptr && whole) {
    for (const ObjectAddress& part : before) {
      if (part != table->address()) edges.push_back({part, table->address(), 'a'});
    }
  }
}

void add_array_type(const Catalog& catalog, Oid type, std::vector<DroppedObject>& out) {
  const Type* created = catalog.type(type);
  const Table* table = created == nullptr ? catalog.table_of_row_type(type) : nullptr;
  if (created != nullptr && created->relation != kInvalidOid) {
    out.push_back({{class_oid::kRelation, created->relation, 0}, false, false});
  }
  Oid array = created != nullptr ? created->array_type
              : table != nullptr ? table->array_type
                                 : kInvalidOid;
  if (array != kInvalidOid && array != type) {
    out.push_back({{class_oid::kType, array, 0}, false, false});
  }
}

}  // namespace

DropResult CatalogTransaction::drop(const std::vector<ObjectAddress>& targets,
                                    DropBehavior behavior,
                                    const std::function<bool(const Relation&)>& is_visible) {
  DropResult result;
  CatalogPtr before = view_;
  DropTraversal traversal(*before);
  for (const ObjectAddress& target : targets) traversal.add_target(target);
  for (const ObjectAddress& target : targets) {
    refuse_internal(*before, target, traversal, is_visible);
  }
  report(*before, traversal.list(), targets.size(), behavior, is_visible, result);

  std::vector<ObjectAddress> parts;
  for (const Doomed& doomed : traversal.list()) {
    const ObjectAddress& address = doomed.address;
    bool is_part =
        address.sub_id != 0 || address.class_id == class_oid::kConstraint ||
        address.class_id == class_oid::kAttrDef || address.class_id == class_oid::kPolicy ||
        address.class_id == class_oid::kRewrite || address.class_id == class_oid::kTrigger ||
        address.class_id == class_oid::kAmOp || address.class_id == class_oid::kAmProc;
    if (is_part) {
      parts.push_back(address);
      continue;
    }
    ObjectPtr object = before->share(address);
    if (object == nullptr) continue;  // a row type: its table is all there is of it
    result.removed.push_back(object);
    remove(address);
  }
  std::map<Oid, std::shared_ptr<Table>> changed;
  for (const ObjectAddress& part : parts) {
    if (part.class_id == class_oid::kAmOp || part.class_id == class_oid::kAmProc) {
      const ObjectId* family_id = view_->local_objects()->holder({part.class_id, part.oid});
      if (family_id == nullptr) continue;
      auto family =
          std::make_shared<OperatorFamily>(*created_operator_family(*view_, family_id->oid));
      std::erase_if(family->members, [&](const auto& m) { return m.address() == part; });
      put(family);
      continue;
    }
    const Table* holder = part.class_id == class_oid::kConstraint
                              ? view_->table_of_constraint(part.oid)
                          : part.class_id == class_oid::kPolicy  ? view_->table_of_policy(part.oid)
                          : part.class_id == class_oid::kRewrite ? view_->table_of_rule(part.oid)
                          : part.class_id == class_oid::kTrigger ? view_->table_of_trigger(part.oid)
                          : part.class_id == class_oid::kAttrDef ? view_->table_of_default(part.oid)
                                                                 : view_->table(part.oid);
    if (holder == nullptr && part.class_id == class_oid::kConstraint) {
      if (const Type* domain = domain_of_constraint(*view_, part.oid)) {
        auto copy = std::make_shared<Type>(*domain);
        result.changed_from.push_back(view_->share(domain->address()));
        std::erase_if(copy->constraints, [&](const Constraint& c) { return c.oid == part.oid; });
        std::erase_if(copy->dependencies, [&](const Dependency& d) { return d.dependent == part; });
        put(copy);
      }
      continue;
    }
    if (holder == nullptr) continue;  // went with its table
    auto& copy = changed[holder->oid];
    if (copy == nullptr) {
      copy = std::make_shared<Table>(*holder);
      result.changed_from.push_back(view_->share(holder->address()));
    }
    remove_part(*copy, part);
  }
  for (auto& [oid, table] : changed) put(table);
  return result;
}

std::vector<DroppedObject> dropped_objects(const Catalog& before, const Catalog& after,
                                           std::span<const ObjectAddress> named) {
  std::set<ObjectAddress> gone;
  std::vector<Dependency> edges;
  before.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kStatistics || object->kind == ObjectKind::kAccessList) return;
    ObjectPtr now = after.share(object->address());
    if (now == object) return;
    add_gone_parts(*object, now.get(), gone, edges);
  });
  DropTraversal traversal(before);
  for (const ObjectAddress& address : named) {
    if (gone.contains(address)) traversal.add_target(address);
  }
  std::set<ObjectAddress> needing;
  for (const Dependency& edge : edges) {
    const ObjectAddress whole{edge.referenced.class_id, edge.referenced.oid, 0};
    if (gone.contains(edge.referenced) || gone.contains(whole)) needing.insert(edge.dependent);
  }
  for (const ObjectAddress& address : gone) {
    if (!needing.contains(address) && !traversal.contains(address)) traversal.add_target(address);
  }
  std::vector<DroppedObject> out;
  for (auto it = traversal.list().rbegin(); it != traversal.list().rend(); ++it) {
    const bool is_type = it->address.class_id == class_oid::kType;
    if (!is_type && !gone.contains(it->address)) continue;
    bool normal = it->normal || it->address.class_id == class_oid::kRewrite;
    if (it->address.class_id == class_oid::kConstraint) {
      // Checks need the columns they name.
      const Table* table = before.table_of_constraint(it->address.oid);
      const Constraint* check =
          table == nullptr ? nullptr : table->find_constraint(it->address.oid);
      normal |= check != nullptr && check->type == 'c' && !check->columns.empty();
    }
    out.push_back({it->address, it->target, normal && !it->target});
    if (is_type) add_array_type(before, it->address.oid, out);
    const Table* view = it->address.class_id == class_oid::kRelation && it->address.sub_id == 0
                            ? before.table(it->address.oid)
                            : nullptr;
    if (view == nullptr || view->rule_oid == kInvalidOid) continue;
    // A view's types stand before its rule.
    out.push_back({{class_oid::kType, view->row_type, 0}, false, false});
    add_array_type(before, view->row_type, out);
    out.push_back({{class_oid::kRewrite, view->rule_oid, 0}, false, true});
  }
  std::set<ObjectAddress> seen;
  std::erase_if(out, [&](const DroppedObject& one) { return !seen.insert(one.address).second; });
  return out;
}

}  // namespace luma
