#include "sql/catalog/object_set.h"

#include <algorithm>
#include <set>

#include "engine/type/extension_type.h"
#include "sql/catalog/array_type_name.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/text_search_objects.h"

namespace luma {
namespace {

ObjectAddress relation_address(Oid oid, int32_t column = 0) {
  return {class_oid::kRelation, oid, column};
}

// The collation of a part of an object, when a user has made it.
void need_collation(ObjectAddress part, Oid collation, std::vector<Dependency>& out) {
  if (collation < kFirstUserOid) return;
  out.push_back({part, {class_oid::kCollation, collation, 0}, 'n'});
}

// As in PostgreSQL: a constraint trigger's constraint goes with it; a trigger goes with its table
// and with the columns it names.
void trigger_dependencies(const Table& table, const Trigger& trigger,
                          std::vector<Dependency>& out) {
  ObjectAddress self{class_oid::kTrigger, trigger.oid, 0};
  out.push_back({self, relation_address(table.oid), 'a'});
  if (trigger.parent != kInvalidOid) {
    // A copy: whatever its original depends on takes both.
    out.push_back({self, {class_oid::kTrigger, trigger.parent, 0}, 'i'});
    return;
  }
  if (trigger.function >= kFirstUserOid) {
    out.push_back({self, {class_oid::kProc, trigger.function, 0}, 'n'});
  }
  for (int16_t column : trigger.columns) {
    out.push_back({self, relation_address(table.oid, column), 'n'});
  }
  if (trigger.constraint_table != kInvalidOid) {
    out.push_back({self, relation_address(trigger.constraint_table), 'a'});
  }
  for (Dependency edge : trigger.dependencies) {
    edge.dependent = self;
    out.push_back(edge);
  }
}

void table_dependencies(const Table& table, std::vector<Dependency>& out) {
  out.push_back({table.address(), {class_oid::kSchema, table.schema, 0}, 'n'});
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    need_collation(relation_address(table.oid, column.number), column.collation, out);
    if (is_created_type(column.type.oid)) {
      // An array is there as long as its element type.
      const TypeInfo* type = find_type(column.type.oid);
      Oid needed = type != nullptr && type->is_array() ? type->element : column.type.oid;
      out.push_back(
          {relation_address(table.oid, column.number), {class_oid::kType, needed, 0}, 'n'});
    }
    if (column.default_oid != kInvalidOid) {
      out.push_back({{class_oid::kAttrDef, column.default_oid, 0},
                     relation_address(table.oid, column.number),
                     'a'});
    }
  }
  for (const Constraint& constraint : table.constraints) {
    ObjectAddress self{class_oid::kConstraint, constraint.oid, 0};
    if (constraint.type == 't') {
      for (const Trigger& trigger : table.triggers) {
        if (trigger.constraint != constraint.oid) continue;
        out.push_back({self, {class_oid::kTrigger, trigger.oid, 0}, 'i'});
      }
      continue;
    }
    if (constraint.columns.empty()) out.push_back({self, relation_address(table.oid), 'a'});
    for (int16_t column : constraint.columns) {
      out.push_back({self, relation_address(table.oid, column), 'a'});
    }
    if (constraint.parent != kInvalidOid) {
      out.push_back({self, {class_oid::kConstraint, constraint.parent, 0}, 'i'});
    }
    if (constraint.type != 'f') continue;
    for (int16_t column : constraint.referenced_columns) {
      out.push_back({self, relation_address(constraint.referenced_table, column), 'n'});
    }
    if (constraint.index != kInvalidOid) {
      out.push_back({self, relation_address(constraint.index), 'n'});
    }
  }
  for (const Policy& policy : table.policies) {
    ObjectAddress self{class_oid::kPolicy, policy.oid, 0};
    out.push_back({self, relation_address(table.oid), 'a'});
    for (Dependency edge : policy.dependencies) {
      edge.dependent = self;
      out.push_back(edge);
    }
  }
  for (const Rule& rule : table.rules) {
    ObjectAddress self{class_oid::kRewrite, rule.oid, 0};
    out.push_back({self, relation_address(table.oid), 'a'});
    for (Dependency edge : rule.dependencies) {
      edge.dependent = self;
      out.push_back(edge);
    }
  }
  for (const Trigger& trigger : table.triggers) trigger_dependencies(table, trigger, out);
  // A partition goes with its parent, a child only when that is asked for.
  const char parent_kind = table.partition_bound.strategy != '\0' ? 'a' : 'n';
  for (Oid parent : table.inherits) {
    out.push_back({table.address(), relation_address(parent), parent_kind});
  }
}

void index_dependencies(const Index& index, std::vector<Dependency>& out) {
  if (index.parent != kInvalidOid) {
    out.push_back({index.address(), relation_address(index.parent), 'i'});
  }
  if (index.constraint != kInvalidOid) {
    out.push_back({index.address(), {class_oid::kConstraint, index.constraint, 0}, 'i'});
    return;
  }
  for (const IndexKey& key : index.keys) {
    need_collation(index.address(), key.collation, out);
    if (key.opclass >= kFirstUserOid) {
      out.push_back({index.address(), {class_oid::kOpClass, key.opclass, 0}, 'n'});
    }
  }
  bool any_column = false;
  auto add = [&](int16_t column) {
    any_column = true;
    out.push_back({index.address(), relation_address(index.table, column), 'a'});
  };
  for (const IndexKey& key : index.keys) {
    if (key.column > 0) add(key.column);
  }
  for (int16_t column : index.include) add(column);
  if (!any_column) out.push_back({index.address(), relation_address(index.table), 'a'});
}

void sequence_dependencies(const Sequence& sequence, std::vector<Dependency>& out) {
  out.push_back({sequence.address(), {class_oid::kSchema, sequence.schema, 0}, 'n'});
  if (sequence.owned_by_table != kInvalidOid) {
    out.push_back({sequence.address(),
                   relation_address(sequence.owned_by_table, sequence.owned_by_column),
                   sequence.is_identity ? 'i' : 'a'});
  }
}

void type_dependencies(const Type& type, std::vector<Dependency>& out) {
  out.push_back({type.address(), {class_oid::kSchema, type.schema, 0}, 'n'});
  need_collation(type.address(), type.collation, out);
  if (type.relation != kInvalidOid) {
    out.push_back({relation_address(type.relation), type.address(), 'i'});
  }
  if (type.type_type == 'm') {
    out.push_back({type.address(), {class_oid::kType, type.base.oid, 0}, 'i'});
  } else if (is_created_type(type.base.oid)) {
    const TypeInfo* base = find_type(type.base.oid);
    Oid needed = base != nullptr && base->is_array() ? base->element : type.base.oid;
    out.push_back({type.address(), {class_oid::kType, needed, 0}, 'n'});
  }
  if (type.subtype_diff >= kFirstUserOid) {
    out.push_back({type.address(), {class_oid::kProc, type.subtype_diff, 0}, 'n'});
  }
  for (const Constraint& constraint : type.constraints) {
    out.push_back({{class_oid::kConstraint, constraint.oid, 0}, type.address(), 'a'});
  }
}

void need_type(const CatalogObject& object, Oid type, std::vector<Dependency>& out) {
  if (!is_created_type(type)) return;
  const TypeInfo* info = find_type(type);
  Oid needed = info != nullptr && info->is_array() ? info->element : type;
  out.push_back({object.address(), {class_oid::kType, needed, 0}, 'n'});
}

void need_function(const CatalogObject& object, Oid function, std::vector<Dependency>& out) {
  if (function < kFirstUserOid) return;
  out.push_back({object.address(), {class_oid::kProc, function, 0}, 'n'});
}

// Types of arguments and result; what bodies use is not looked into, except SQL-standard ones.
void function_dependencies(const Function& function, std::vector<Dependency>& out) {
  out.push_back({function.address(), {class_oid::kSchema, function.schema, 0}, 'n'});
  need_type(function, function.result, out);
  for (const Function::Argument& argument : function.arguments) {
    need_type(function, argument.type, out);
  }
  if (!function.aggregate.has_value()) return;
  need_type(function, function.aggregate->transition_type, out);
  need_function(function, function.aggregate->transition, out);
  need_function(function, function.aggregate->final, out);
  need_function(function, function.aggregate->combine, out);
}

void operator_dependencies(const UserOperator& op, std::vector<Dependency>& out) {
  out.push_back({op.address(), {class_oid::kSchema, op.schema, 0}, 'n'});
  for (Oid type : {op.left, op.right, op.result}) need_type(op, type, out);
  need_function(op, op.function, out);
}

void cast_dependencies(const Cast& cast, std::vector<Dependency>& out) {
  need_type(cast, cast.source, out);
  need_type(cast, cast.target, out);
  need_function(cast, cast.function, out);
}

void in_schema(const CatalogObject& object, Oid schema, std::vector<Dependency>& out) {
  out.push_back({object.address(), {class_oid::kSchema, schema, 0}, 'n'});
}

void configuration_dependencies(const TextConfigurationObject& configuration,
                                std::vector<Dependency>& out) {
  in_schema(configuration, configuration.schema, out);
  for (const TextMapping& mapping : configuration.mappings) {
    for (Oid dictionary : mapping.dictionaries) {
      if (dictionary < kFirstUserOid) continue;
      out.push_back({configuration.address(), {class_oid::kTsDict, dictionary, 0}, 'n'});
    }
  }
}

void class_dependencies(const OperatorClass& made, std::vector<Dependency>& out) {
  in_schema(made, made.schema, out);
  if (made.family >= kFirstUserOid) {
    out.push_back({made.address(), {class_oid::kOpFamily, made.family, 0}, 'a'});
  }
  for (Oid type : {made.input, made.stored}) {
    if (is_created_type(type)) out.push_back({made.address(), {class_oid::kType, type, 0}, 'n'});
  }
}

// Members of a class go with it, and it needs what they name; loose ones go with the family.
void family_dependencies(const OperatorFamily& family, std::vector<Dependency>& out) {
  if (family.oid >= kFirstUserOid) in_schema(family, family.schema, out);
  for (const OperatorFamily::Member& member : family.members) {
    const ObjectAddress self = member.address();
    const bool is_loose = member.member_class == kInvalidOid;
    const ObjectAddress owner =
        is_loose ? family.address() : ObjectAddress{class_oid::kOpClass, member.member_class, 0};
    if (owner.oid >= kFirstUserOid) out.push_back({self, owner, is_loose ? 'a' : 'i'});
    if (member.target >= kFirstUserOid) {
      const ObjectAddress target{member.is_operator ? class_oid::kOperator : class_oid::kProc,
                                 member.target, 0};
      out.push_back({is_loose ? self : owner, target, is_loose ? 'a' : 'n'});
    }
    if (!is_loose) continue;
    for (Oid type : {member.left, member.right}) {
      if (is_created_type(type)) out.push_back({self, {class_oid::kType, type, 0}, 'a'});
    }
  }
}

}  // namespace

std::vector<Dependency> all_dependencies(const CatalogObject& object) {
  std::vector<Dependency> out = object.dependencies;
  switch (object.kind) {
    case ObjectKind::kTable:
      table_dependencies(static_cast<const Table&>(object), out);
      break;
    case ObjectKind::kIndex:
      index_dependencies(static_cast<const Index&>(object), out);
      break;
    case ObjectKind::kSequence:
      sequence_dependencies(static_cast<const Sequence&>(object), out);
      break;
    case ObjectKind::kType:
      type_dependencies(static_cast<const Type&>(object), out);
      break;
    case ObjectKind::kFunction:
      function_dependencies(static_cast<const Function&>(object), out);
      break;
    case ObjectKind::kOperator:
      operator_dependencies(static_cast<const UserOperator&>(object), out);
      break;
    case ObjectKind::kCast:
      cast_dependencies(static_cast<const Cast&>(object), out);
      break;
    case ObjectKind::kTextDictionary:
      in_schema(object, static_cast<const TextDictionaryObject&>(object).schema, out);
      break;
    case ObjectKind::kTextConfiguration:
      configuration_dependencies(static_cast<const TextConfigurationObject&>(object), out);
      break;
    case ObjectKind::kCollation:
      in_schema(object, static_cast<const CollationObject&>(object).schema, out);
      break;
    case ObjectKind::kOperatorClass:
      class_dependencies(static_cast<const OperatorClass&>(object), out);
      break;
    case ObjectKind::kOperatorFamily:
      family_dependencies(static_cast<const OperatorFamily&>(object), out);
      break;
    case ObjectKind::kEventTrigger:
      if (Oid function = static_cast<const EventTrigger&>(object).function;
          function >= kFirstUserOid) {
        out.push_back({object.address(), {class_oid::kProc, function, 0}, 'n'});
      }
      break;
    case ObjectKind::kExtension:
      out.push_back({object.address(),
                     {class_oid::kSchema, static_cast<const Extension&>(object).schema, 0},
                     'n'});
      break;
    case ObjectKind::kDefaultAcl:
      if (Oid schema = static_cast<const DefaultAcl&>(object).schema; schema != kInvalidOid) {
        out.push_back({object.address(), {class_oid::kSchema, schema, 0}, 'a'});
      }
      break;
    default:
      break;
  }
  return out;
}

void ObjectSet::put(ObjectPtr object) {
  ObjectId id{object->class_id(), object->oid};
  if (const ObjectPtr* old = objects_.find(id)) {
    ObjectPtr keep = *old;
    index(*keep, false);
  } else {
    ++object_count_;
  }
  index(*object, true);
  objects_.put(id, std::move(object));
}

void ObjectSet::erase(ObjectId id) {
  const ObjectPtr* old = objects_.find(id);
  if (old == nullptr) return;
  ObjectPtr keep = *old;
  index(*keep, false);
  objects_.erase(id);
  --object_count_;
}

Oid ObjectSet::find_name(Oid class_id, Oid schema, std::string_view name) const {
  const Oid* oid = names_.find(NameKey{class_id, schema, std::string(name)});
  return oid == nullptr ? kInvalidOid : *oid;
}

std::span<const ObjectId> ObjectSet::overloads(Oid class_id, Oid schema,
                                               std::string_view name) const {
  const IdList* list = overloads_.find(NameKey{class_id, schema, std::string(name)});
  if (list == nullptr) return {};
  return **list;
}

Oid ObjectSet::relation_of_type(Oid type) const {
  const Oid* oid = row_types_.find(type);
  return oid == nullptr ? kInvalidOid : *oid;
}

Oid ObjectSet::type_of_array(Oid array_type) const {
  const Oid* oid = array_types_.find(array_type);
  return oid == nullptr ? kInvalidOid : *oid;
}

std::span<const ObjectId> ObjectSet::linked(Link link, ObjectId to) const {
  const IdList* list = links_.find(LinkKey{link, to});
  if (list == nullptr) return {};
  return **list;
}

void ObjectSet::set_name(Oid class_id, Oid schema, const std::string& name, Oid oid, bool add) {
  NameKey key{class_id, schema, name};
  if (add) {
    names_.put(key, oid);
  } else if (const Oid* held = names_.find(key); held != nullptr && *held == oid) {
    // A rename may already have given the name to another object.
    names_.erase(key);
  }
}

void ObjectSet::set_link(Link link, ObjectId to, ObjectId from, bool add) {
  LinkKey key{link, to};
  const IdList* old = links_.find(key);
  std::vector<ObjectId> list = old == nullptr ? std::vector<ObjectId>() : **old;
  auto at = std::lower_bound(list.begin(), list.end(), from);
  bool present = at != list.end() && *at == from;
  if (present == add) return;
  if (add) {
    list.insert(at, from);
  } else {
    list.erase(at);
  }
  if (list.empty()) {
    links_.erase(key);
  } else {
    links_.put(key, std::make_shared<const std::vector<ObjectId>>(std::move(list)));
  }
}

void ObjectSet::set_holder(ObjectId part, ObjectId owner, bool add) {
  if (add) {
    holders_.put(part, owner);
  } else {
    holders_.erase(part);
  }
}

void ObjectSet::index_overload(const CatalogObject& object, Oid schema,
                               const std::vector<Oid>& types, bool add) {
  ObjectId self{object.class_id(), object.oid};
  set_name(self.class_id, schema, function_signature(object.name, types), object.oid, add);
  NameKey key{self.class_id, schema, object.name};
  const IdList* old = overloads_.find(key);
  std::vector<ObjectId> list = old == nullptr ? std::vector<ObjectId>() : **old;
  std::erase(list, self);
  if (add) list.insert(std::ranges::lower_bound(list, self), self);
  if (list.empty()) {
    overloads_.erase(key);
  } else {
    overloads_.put(key, std::make_shared<const std::vector<ObjectId>>(std::move(list)));
  }
}

void ObjectSet::index(const CatalogObject& object, bool add) {
  ObjectId self{object.class_id(), object.oid};
  Oid schema = kInvalidOid;
  auto set_type = [&](Oid row_type, Oid array_type, const std::string& name) {
    auto holder_of = [&](const std::string& name) {
      const Oid* held = names_.find(NameKey{class_oid::kType, schema, name});
      return held == nullptr ? kInvalidOid : *held;
    };
    auto is_array = [&](Oid oid) {
      if (array_types_.find(oid) != nullptr) return true;
      const ObjectPtr* table = objects_.find({class_oid::kRelation, relation_of_type(oid)});
      return table != nullptr && static_cast<const Table&>(**table).array_type == oid;
    };
    // Names of array types make room for others.
    auto name_array = [&](Oid oid, const std::string& element) {
      std::string free = next_array_type_name(element);
      for (Oid held; (held = holder_of(free)) != kInvalidOid && held != oid;) {
        std::string next = next_array_type_name(free);
        if (next == free) break;
        free = std::move(next);
      }
      set_name(class_oid::kType, schema, free, oid, true);
    };
    if (row_type != kInvalidOid) {
      Oid held = add ? holder_of(name) : kInvalidOid;
      set_name(class_oid::kType, schema, name, row_type, add);
      if (held != kInvalidOid && held != row_type && is_array(held)) name_array(held, name);
    }
    if (array_type == kInvalidOid) return;
    if (add) return name_array(array_type, name);
    std::string given = next_array_type_name(name);
    for (int tries = 0; tries < 8; ++tries, given = next_array_type_name(given)) {
      set_name(class_oid::kType, schema, given, array_type, false);
    }
  };
  if (const auto* relation = dynamic_cast<const Relation*>(&object)) schema = relation->schema;
  if (object.kind == ObjectKind::kExtendedStatistics) {
    schema = static_cast<const ExtendedStatistics&>(object).schema;
  } else if (object.kind == ObjectKind::kTextDictionary) {
    schema = static_cast<const TextDictionaryObject&>(object).schema;
  } else if (object.kind == ObjectKind::kTextConfiguration) {
    schema = static_cast<const TextConfigurationObject&>(object).schema;
  } else if (object.kind == ObjectKind::kCollation) {
    schema = static_cast<const CollationObject&>(object).schema;
  } else if (object.kind == ObjectKind::kOperatorFamily) {
    schema = static_cast<const OperatorFamily&>(object).schema;
  } else if (object.kind == ObjectKind::kOperatorClass) {
    schema = static_cast<const OperatorClass&>(object).schema;
  }
  if (const auto* type = dynamic_cast<const Type*>(&object)) {
    schema = type->schema;
    set_type(type->oid, type->array_type, type->name);
    if (type->array_type != kInvalidOid) {
      add ? array_types_.put(type->array_type, type->oid) : array_types_.erase(type->array_type);
    }
    for (const Constraint& c : type->constraints) {
      set_holder({class_oid::kConstraint, c.oid}, self, add);
    }
  } else if (object.kind == ObjectKind::kFunction) {
    const auto& function = static_cast<const Function&>(object);
    index_overload(function, function.schema, function.input_types(), add);
  } else if (object.kind == ObjectKind::kOperator) {
    const auto& op = static_cast<const UserOperator&>(object);
    index_overload(op, op.schema, {op.left, op.right}, add);
  } else if (object.kind == ObjectKind::kCast) {
    set_name(self.class_id, schema, object.name, object.oid, add);
    add ? ++cast_count_ : --cast_count_;
  } else if (object.kind == ObjectKind::kOperatorClass) {
    const auto& made = static_cast<const OperatorClass&>(object);
    set_name(self.class_id, schema, operator_class_key(made.access_method, made.name), made.oid,
             add);
  } else if (object.kind == ObjectKind::kOperatorFamily) {
    const auto& made = static_cast<const OperatorFamily&>(object);
    set_name(self.class_id, schema, operator_class_key(made.access_method, made.name), made.oid,
             add);
    for (const OperatorFamily::Member& member : made.members) {
      const ObjectAddress part = member.address();
      set_holder({part.class_id, part.oid}, self, add);
    }
  } else if (object.kind == ObjectKind::kEventTrigger) {
    set_name(self.class_id, schema, object.name, object.oid, add);
    add ? ++event_trigger_count_ : --event_trigger_count_;
  } else {
    set_name(self.class_id, schema, object.name, object.oid, add);
  }
  if (const auto* table = dynamic_cast<const Table*>(&object)) {
    // A stand-alone composite type has a Type object that carries the names.
    if (table->relkind != 'c') set_type(table->row_type, table->array_type, table->name);
    for (Oid type : {table->row_type, table->array_type}) {
      if (type == kInvalidOid) continue;
      add ? row_types_.put(type, table->oid) : row_types_.erase(type);
    }
    for (const Constraint& c : table->constraints) {
      set_holder({class_oid::kConstraint, c.oid}, self, add);
      if (c.type == 'f') {
        set_link(Link::kReferencing, {class_oid::kRelation, c.referenced_table}, self, add);
      }
    }
    for (const Policy& policy : table->policies) {
      set_holder({class_oid::kPolicy, policy.oid}, self, add);
    }
    for (const Rule& rule : table->rules) set_holder({class_oid::kRewrite, rule.oid}, self, add);
    if (table->rule_oid != kInvalidOid) {
      set_holder({class_oid::kRewrite, table->rule_oid}, self, add);
    }
    for (const Trigger& trigger : table->triggers) {
      set_holder({class_oid::kTrigger, trigger.oid}, self, add);
    }
    for (const Column& c : table->columns) {
      if (c.default_oid != kInvalidOid) set_holder({class_oid::kAttrDef, c.default_oid}, self, add);
    }
    for (Oid parent : table->inherits) {
      set_link(Link::kChild, {class_oid::kRelation, parent}, self, add);
    }
  }
  if (const auto* index = dynamic_cast<const Index*>(&object)) {
    set_link(Link::kIndex, {class_oid::kRelation, index->table}, self, add);
  }
  if (const auto* sequence = dynamic_cast<const Sequence*>(&object);
      sequence != nullptr && sequence->owned_by_table != kInvalidOid) {
    set_link(Link::kOwnedSequence, {class_oid::kRelation, sequence->owned_by_table}, self, add);
  }
  for (const Dependency& edge : all_dependencies(object)) {
    ObjectId to{edge.referenced.class_id, edge.referenced.oid};
    // Links are by holder: two edges from one holder are one link, removed with the holder. What is
    // in a schema is found by scanning: a list of thousands would be copied at each change.
    if (to != self && to.class_id != class_oid::kSchema) set_link(Link::kDependent, to, self, add);
  }
  // Edges inside one object still must be found from it.
  if (object.kind == ObjectKind::kTable || object.kind == ObjectKind::kType) {
    set_link(Link::kDependent, self, self, add);
    const auto* table = dynamic_cast<const Table*>(&object);
    if (table != nullptr) {
      for (const Constraint& c : table->constraints) {
        set_link(Link::kDependent, {class_oid::kConstraint, c.oid}, self, add);
      }
    }
  }
}

}  // namespace luma
