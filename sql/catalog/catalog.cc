#include "sql/catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/type/extension_type.h"
#include "engine/type/type_info.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/builtin_relations.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/statistics.h"
#include "sql/catalog/text_search_objects.h"

namespace luma {

Catalog::Catalog(Oid database, uint64_t version, std::shared_ptr<const ObjectSet> shared,
                 std::shared_ptr<const ObjectSet> local)
    : database_(database),
      version_(version),
      shared_(std::move(shared)),
      local_(std::move(local)) {}

Catalog::~Catalog() = default;

const CatalogObject* Catalog::object(Oid class_id, Oid oid) const {
  if (oid == kInvalidOid) return nullptr;
  ObjectId id{class_id, oid};
  if (class_id == class_oid::kRole || class_id == class_oid::kDatabase) {
    const ObjectPtr* found = shared_->find(id);
    return found == nullptr ? nullptr : found->get();
  }
  if (const ObjectPtr* found = local_->find(id)) return found->get();
  if (oid >= kFirstUserOid) return nullptr;
  const ObjectPtr* found = builtin_objects().find(id);
  return found == nullptr ? nullptr : found->get();
}

const Database* Catalog::database(Oid oid) const {
  return static_cast<const Database*>(object(class_oid::kDatabase, oid));
}
const Role* Catalog::role(Oid oid) const {
  return static_cast<const Role*>(object(class_oid::kRole, oid));
}
const Schema* Catalog::schema(Oid oid) const {
  return static_cast<const Schema*>(object(class_oid::kSchema, oid));
}
const Relation* Catalog::relation(Oid oid) const {
  return static_cast<const Relation*>(object(class_oid::kRelation, oid));
}
const Type* Catalog::type(Oid oid) const {
  return static_cast<const Type*>(object(class_oid::kType, oid));
}

const Function* Catalog::function(Oid oid) const {
  return static_cast<const Function*>(object(class_oid::kProc, oid));
}

const Extension* Catalog::extension(Oid oid) const {
  return static_cast<const Extension*>(object(class_oid::kExtension, oid));
}

const UserOperator* Catalog::user_operator(Oid oid) const {
  return static_cast<const UserOperator*>(object(class_oid::kOperator, oid));
}

const Extension* Catalog::find_extension(std::string_view name) const {
  return extension(local_->find_name(class_oid::kExtension, kInvalidOid, name));
}

const TableStatisticsObject* Catalog::statistics(Oid table) const {
  const ObjectPtr* found = local_->find({class_oid::kStatistics, table});
  return found == nullptr ? nullptr : static_cast<const TableStatisticsObject*>(found->get());
}

std::pair<double, int32_t> Catalog::analyzed_size(const Relation& relation) const {
  constexpr std::pair<double, int32_t> kUnknown{-1, 0};
  const auto* index =
      relation.kind == ObjectKind::kIndex ? &static_cast<const Index&>(relation) : nullptr;
  const Table* of = table(index != nullptr ? index->table : relation.oid);
  const TableStatisticsObject* known = of == nullptr ? nullptr : statistics(of->oid);
  if (known == nullptr || known->storage_id != of->storage_id) return kUnknown;
  if (index == nullptr) return {known->rows, known->pages};
  for (const TableStatisticsObject::IndexSize& size : known->indexes) {
    if (size.index == relation.oid) return {size.rows, size.pages};
  }
  return kUnknown;
}

const AccessList* Catalog::access_list(Oid oid) const {
  const ObjectPtr* found = local_->find({class_oid::kInitPrivs, oid});
  return found == nullptr ? nullptr : static_cast<const AccessList*>(found->get());
}
const DefaultAcl* Catalog::default_acl(Oid oid) const {
  return static_cast<const DefaultAcl*>(object(class_oid::kDefaultAcl, oid));
}
const DefaultAcl* Catalog::find_default_acl(Oid role, Oid schema, char object_type) const {
  return default_acl(local_->find_name(class_oid::kDefaultAcl, kInvalidOid,
                                       default_acl_name(role, schema, object_type)));
}

const Table* Catalog::table(Oid oid) const {
  const CatalogObject* found = object(class_oid::kRelation, oid);
  return found != nullptr && found->kind == ObjectKind::kTable ? static_cast<const Table*>(found)
                                                               : nullptr;
}
const Index* Catalog::index(Oid oid) const {
  const CatalogObject* found = object(class_oid::kRelation, oid);
  return found != nullptr && found->kind == ObjectKind::kIndex ? static_cast<const Index*>(found)
                                                               : nullptr;
}
const Sequence* Catalog::sequence(Oid oid) const {
  const CatalogObject* found = object(class_oid::kRelation, oid);
  return found != nullptr && found->kind == ObjectKind::kSequence
             ? static_cast<const Sequence*>(found)
             : nullptr;
}

const Table* Catalog::table_of_row_type(Oid type_oid) const {
  Oid relation = local_->relation_of_type(type_oid);
  if (relation == kInvalidOid) relation = builtin_objects().relation_of_type(type_oid);
  return table(relation);
}

const Type* Catalog::type_of_array(Oid array_type) const {
  return type(local_->type_of_array(array_type));
}

ObjectPtr Catalog::share(ObjectAddress address) const {
  ObjectId id{address.class_id, address.oid};
  for (const ObjectSet* set : {local_.get(), shared_.get(), &builtin_objects()}) {
    if (const ObjectPtr* found = set->find(id)) return *found;
  }
  return nullptr;
}

const Database* Catalog::find_database(std::string_view name) const {
  return database(shared_->find_name(class_oid::kDatabase, 0, name));
}
const Role* Catalog::find_role(std::string_view name) const {
  return role(shared_->find_name(class_oid::kRole, 0, name));
}

const Schema* Catalog::find_schema(std::string_view name) const {
  Oid oid = local_->find_name(class_oid::kSchema, 0, name);
  if (oid == kInvalidOid) oid = builtin_objects().find_name(class_oid::kSchema, 0, name);
  return schema(oid);
}

const Relation* Catalog::find_relation(Oid schema, std::string_view name) const {
  Oid oid = local_->find_name(class_oid::kRelation, schema, name);
  if (oid == kInvalidOid && schema < kFirstUserOid) {
    oid = builtin_objects().find_name(class_oid::kRelation, schema, name);
  }
  return relation(oid);
}

const Type* Catalog::find_type(Oid schema, std::string_view name) const {
  return type(local_->find_name(class_oid::kType, schema, name));
}

Oid Catalog::find_type_oid(Oid schema, std::string_view name) const {
  if (schema == schema_oid::kPgCatalog) {
    const TypeInfo* builtin = luma::find_type(name);
    if (builtin != nullptr && !is_extension_type(builtin->oid)) return builtin->oid;
  }
  Oid oid = local_->find_name(class_oid::kType, schema, name);
  if (oid == kInvalidOid && schema < kFirstUserOid) {
    oid = builtin_objects().find_name(class_oid::kType, schema, name);
  }
  return oid;
}

const Function* Catalog::find_function(Oid schema, std::string_view name,
                                       const std::vector<Oid>& input_types) const {
  return function(
      local_->find_name(class_oid::kProc, schema, function_signature(name, input_types)));
}

std::vector<const Function*> Catalog::functions_named(Oid schema, std::string_view name) const {
  std::vector<const Function*> out;
  for (ObjectId id : local_->overloads(class_oid::kProc, schema, name)) {
    out.push_back(function(id.oid));
  }
  return out;
}

std::vector<const UserOperator*> Catalog::operators_named(Oid schema, std::string_view name) const {
  std::vector<const UserOperator*> out;
  for (ObjectId id : local_->overloads(class_oid::kOperator, schema, name)) {
    out.push_back(user_operator(id.oid));
  }
  return out;
}

const Cast* Catalog::find_cast(Oid source, Oid target) const {
  if (!local_->has_casts()) return nullptr;
  Oid oid = local_->find_name(class_oid::kCast, kInvalidOid, cast_name(source, target));
  return static_cast<const Cast*>(object(class_oid::kCast, oid));
}

std::vector<Oid> Catalog::indexes_of(Oid table) const {
  std::vector<Oid> out;
  for (ObjectId id : local_->linked(ObjectSet::Link::kIndex, {class_oid::kRelation, table})) {
    out.push_back(id.oid);
  }
  return out;
}

std::vector<ObjectAddress> Catalog::dependents_of(ObjectAddress referenced) const {
  std::vector<ObjectAddress> out;
  if (referenced.class_id == class_oid::kSchema) {
    local_->for_each([&](const ObjectPtr& object) {
      for (const Dependency& edge : all_dependencies(*object)) {
        if (edge.referenced == referenced) {
          out.push_back(object->address());
          return;
        }
      }
    });
    std::ranges::sort(out);
    return out;
  }
  ObjectId to{referenced.class_id, referenced.oid};
  for (ObjectId id : local_->linked(ObjectSet::Link::kDependent, to)) {
    out.push_back({id.class_id, id.oid, 0});
  }
  return out;
}

std::vector<Catalog::ForeignKeyRef> Catalog::foreign_keys_to(Oid referenced) const {
  std::vector<ForeignKeyRef> out;
  ObjectId to{class_oid::kRelation, referenced};
  for (ObjectId id : local_->linked(ObjectSet::Link::kReferencing, to)) {
    const Table* from = table(id.oid);
    if (from == nullptr) continue;
    for (const Constraint& constraint : from->constraints) {
      if (constraint.type == 'f' && constraint.referenced_table == referenced) {
        out.push_back({from, &constraint});
      }
    }
  }
  return out;
}

std::vector<const Sequence*> Catalog::sequences_owned_by(Oid owner) const {
  std::vector<const Sequence*> out;
  ObjectId to{class_oid::kRelation, owner};
  for (ObjectId id : local_->linked(ObjectSet::Link::kOwnedSequence, to)) {
    if (const Sequence* found = sequence(id.oid)) out.push_back(found);
  }
  return out;
}

const Table* Catalog::table_of_constraint(Oid constraint) const {
  const ObjectId* holder = local_->holder({class_oid::kConstraint, constraint});
  return holder == nullptr ? nullptr : table(holder->oid);
}

const Table* Catalog::table_of_default(Oid attrdef) const {
  const ObjectId* holder = local_->holder({class_oid::kAttrDef, attrdef});
  return holder == nullptr ? nullptr : table(holder->oid);
}

const Table* Catalog::table_of_policy(Oid policy) const {
  const ObjectId* holder = local_->holder({class_oid::kPolicy, policy});
  return holder == nullptr ? nullptr : table(holder->oid);
}

const Table* Catalog::table_of_rule(Oid rule) const {
  const ObjectId* holder = local_->holder({class_oid::kRewrite, rule});
  const Table* found = holder == nullptr ? nullptr : table(holder->oid);
  return found == nullptr || found->rule_oid == rule ? nullptr : found;
}

const Table* Catalog::table_of_trigger(Oid trigger) const {
  const ObjectId* holder = local_->holder({class_oid::kTrigger, trigger});
  return holder == nullptr ? nullptr : table(holder->oid);
}

std::vector<const Table*> Catalog::children_of(Oid parent) const {
  std::vector<const Table*> out;
  for (ObjectId id : local_->linked(ObjectSet::Link::kChild, {class_oid::kRelation, parent})) {
    if (const Table* found = table(id.oid)) out.push_back(found);
  }
  return out;
}

namespace {

// Visits objects of type T; a local object hides the built-in one with its oid.
template <typename T, typename Visit>
void visit_layers(const ObjectSet& local, const Visit& visit) {
  local.for_each([&](const ObjectPtr& object) {
    if (const T* found = object_as<T>(*object)) visit(*found);
  });
  builtin_objects().for_each([&](const ObjectPtr& object) {
    const T* found = object_as<T>(*object);
    if (found != nullptr && local.find({found->class_id(), found->oid}) == nullptr) visit(*found);
  });
}

}  // namespace

void Catalog::for_each_relation(const std::function<void(const Relation&)>& visit) const {
  visit_layers<Relation>(*local_, visit);
}
void Catalog::for_each_schema(const std::function<void(const Schema&)>& visit) const {
  visit_layers<Schema>(*local_, visit);
}
void Catalog::for_each_type(const std::function<void(const Type&)>& visit) const {
  visit_layers<Type>(*local_, visit);
}
void Catalog::for_each_extension(const std::function<void(const Extension&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kExtension) visit(static_cast<const Extension&>(*object));
  });
}
void Catalog::for_each_function(const std::function<void(const Function&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kFunction) visit(static_cast<const Function&>(*object));
  });
}
void Catalog::for_each_operator(const std::function<void(const UserOperator&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kOperator) visit(static_cast<const UserOperator&>(*object));
  });
}
void Catalog::for_each_cast(const std::function<void(const Cast&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kCast) visit(static_cast<const Cast&>(*object));
  });
}
void Catalog::for_each_default_acl(const std::function<void(const DefaultAcl&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kDefaultAcl) visit(static_cast<const DefaultAcl&>(*object));
  });
}
void Catalog::for_each_access_list(const std::function<void(const AccessList&)>& visit) const {
  local_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kAccessList) visit(static_cast<const AccessList&>(*object));
  });
}
void Catalog::for_each_role(const std::function<void(const Role&)>& visit) const {
  shared_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kRole) visit(static_cast<const Role&>(*object));
  });
}
void Catalog::for_each_database(const std::function<void(const Database&)>& visit) const {
  shared_->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kDatabase) visit(static_cast<const Database&>(*object));
  });
}

std::string Catalog::role_name(Oid oid) const {
  const Role* found = role(oid);
  return found == nullptr ? fmt::format("unknown (OID={})", oid) : found->name;
}

std::string Catalog::schema_name(Oid oid) const {
  const Schema* found = schema(oid);
  return found == nullptr ? "" : found->name;
}

std::string Catalog::type_name(Oid oid, int32_t typmod) const {
  if (!is_created_type(oid) && luma::find_type(oid) != nullptr) return format_type(oid, typmod);
  if (const Type* found = type(oid)) return quote_identifier(found->name);
  if (const Type* element = type_of_array(oid)) return quote_identifier(element->name) + "[]";
  if (const Table* row = table_of_row_type(oid)) {
    return quote_identifier(row->name) + (row->array_type == oid ? "[]" : "");
  }
  return "???";
}

namespace {

std::string_view relation_kind_name(char relkind) {
  switch (relkind) {
    case 'v':
      return "view";
    case 'm':
      return "materialized view";
    case 'i':
    case 'I':
      return "index";
    case 'S':
      return "sequence";
    case 'c':
      return "composite type";
    case 'f':
      return "foreign table";
    default:
      return "table";
  }
}

// Visibility of functions is not known here: the name goes without its schema.
std::string describe_function(const Catalog& catalog, const Function& function) {
  std::string args;
  for (Oid type : function.input_types())
    args += (args.empty() ? "" : ",") + catalog.type_name(type);
  return fmt::format("function {}({})", quote_identifier(function.name), args);
}

std::string describe_operator(const Catalog& catalog, const OperatorFact& op) {
  return fmt::format("operator {}({},{})", op.name,
                     op.left == kInvalidOid ? "none" : catalog.type_name(op.left),
                     catalog.type_name(op.right));
}

std::string describe_cast(const Catalog& catalog, Oid source, Oid target) {
  return fmt::format("cast from {} to {}", catalog.type_name(source), catalog.type_name(target));
}

// "operator class citext_ops for access method btree"
std::string describe_class(std::string_view what, const ExtensionOpClassFact& row) {
  return fmt::format("operator {} {} for access method {}", what, quote_identifier(row.name),
                     find_index_method(row.method)->name);
}

std::string describe_default_acl(const Catalog& catalog, const DefaultAcl& list) {
  std::string_view what = list.object_type == 'r'   ? "relations"
                          : list.object_type == 'S' ? "sequences"
                          : list.object_type == 'f' ? "functions"
                          : list.object_type == 'T' ? "types"
                                                    : "schemas";
  std::string out = fmt::format("default privileges on new {} belonging to role {}", what,
                                quote_identifier(catalog.role_name(list.owner)));
  if (list.schema != kInvalidOid) {
    out += " in schema " + quote_identifier(catalog.schema_name(list.schema));
  }
  return out;
}

}  // namespace

std::string Catalog::describe(ObjectAddress address,
                              const std::function<bool(const Relation&)>& is_visible) const {
  auto shown = [&](const Relation& r) {
    if (!is_visible || is_visible(r)) return quote_identifier(r.name);
    return quote_qualified(schema_name(r.schema), r.name);
  };
  switch (address.class_id) {
    case class_oid::kRelation: {
      const Relation* found = relation(address.oid);
      if (found == nullptr) break;
      std::string text = fmt::format("{} {}", relation_kind_name(found->relkind), shown(*found));
      if (address.sub_id == 0) return text;
      const Table* owner = table(address.oid);
      const Column* part =
          owner == nullptr ? nullptr : owner->column(static_cast<int16_t>(address.sub_id));
      return fmt::format("column {} of {}", part == nullptr ? "?" : quote_identifier(part->name),
                         text);
    }
    case class_oid::kConstraint: {
      const Table* owner = table_of_constraint(address.oid);
      if (owner == nullptr) {
        const Constraint* of_domain = nullptr;
        for_each_type([&](const Type& type) {
          auto found = std::ranges::find(type.constraints, address.oid, &Constraint::oid);
          if (found != type.constraints.end()) of_domain = &*found;
        });
        if (of_domain == nullptr) break;
        return "constraint " + quote_identifier(of_domain->name);
      }
      const Constraint* part = owner->find_constraint(address.oid);
      return fmt::format("constraint {} on table {}", quote_identifier(part->name), shown(*owner));
    }
    case class_oid::kAttrDef: {
      const Table* owner = table_of_default(address.oid);
      if (owner == nullptr) break;
      for (const Column& part : owner->columns) {
        if (part.default_oid != address.oid) continue;
        return fmt::format("default value for column {} of table {}", quote_identifier(part.name),
                           shown(*owner));
      }
      break;
    }
    case class_oid::kSchema:
      return "schema " + quote_identifier(schema_name(address.oid));
    case class_oid::kExtension: {
      const Extension* found = extension(address.oid);
      return "extension " + (found == nullptr ? "?" : quote_identifier(found->name));
    }
    case class_oid::kType:
      return "type " + type_name(address.oid);
    case class_oid::kRole:
      return "role " + quote_identifier(role_name(address.oid));
    case class_oid::kDatabase: {
      const Database* found = database(address.oid);
      return "database " + (found == nullptr ? "?" : quote_identifier(found->name));
    }
    case class_oid::kProc: {
      if (const Function* user = function(address.oid)) return describe_function(*this, *user);
      const ProcFact* found = find_proc_fact(address.oid);
      if (found == nullptr) break;
      std::string args;
      for (Oid type : found->arg_types) args += (args.empty() ? "" : ",") + type_name(type);
      return fmt::format("function {}({})", quote_identifier(found->name), args);
    }
    case class_oid::kOperator: {
      std::optional<OperatorFact> found = find_created_operator(*this, address.oid);
      if (!found) break;
      return describe_operator(*this, *found);
    }
    case class_oid::kCast: {
      const auto* found = static_cast<const Cast*>(object(class_oid::kCast, address.oid));
      if (found != nullptr) return describe_cast(*this, found->source, found->target);
      for (const ExtensionCastFact& row : extension_cast_facts()) {
        if (row.oid != address.oid) continue;
        return describe_cast(*this, luma::find_type(row.source)->oid,
                             luma::find_type(row.target)->oid);
      }
      break;
    }
    case class_oid::kStatisticExt: {
      const ExtendedStatistics* found = extended_statistics(*this, address.oid);
      return "statistics object " + (found == nullptr ? "?" : quote_identifier(found->name));
    }
    case class_oid::kTsDict:
      return "text search dictionary " + quote_identifier(text_dictionary_name(*this, address.oid));
    case class_oid::kTsConfig:
      return "text search configuration " +
             quote_identifier(text_configuration_name(*this, address.oid));
    case class_oid::kCollation:
      return "collation " + quote_identifier(collation_name(*this, address.oid));
    case class_oid::kOpClass:
    case class_oid::kOpFamily:
      for (const ExtensionOpClassFact& row : extension_opclass_facts()) {
        if (row.oid == address.oid) return describe_class("class", row);
        if (row.family == address.oid) return describe_class("family", row);
      }
      if (const CatalogObject* found = object(address.class_id, address.oid)) {
        return describe_operator_class(*found);
      }
      break;
    case class_oid::kAmOp:
    case class_oid::kAmProc:
      return describe_operator_member(*this, address);
    case class_oid::kPolicy: {
      const Table* owner = table_of_policy(address.oid);
      if (owner == nullptr) break;
      auto part = std::ranges::find(owner->policies, address.oid, &Policy::oid);
      return fmt::format("policy {} on table {}", quote_identifier(part->name), shown(*owner));
    }
    case class_oid::kRewrite: {
      const Table* owner = table_of_rule(address.oid);
      if (owner == nullptr) break;
      auto part = std::ranges::find(owner->rules, address.oid, &Rule::oid);
      return fmt::format("rule {} on {}", part->name, describe(owner->address(), is_visible));
    }
    case class_oid::kEventTrigger:
      if (const CatalogObject* found = object(class_oid::kEventTrigger, address.oid)) {
        return "event trigger " + found->name;
      }
      break;
    case class_oid::kTrigger: {
      const Table* owner = table_of_trigger(address.oid);
      if (owner == nullptr) break;
      auto part = std::ranges::find(owner->triggers, address.oid, &Trigger::oid);
      return fmt::format("trigger {} on table {}", quote_identifier(part->name), shown(*owner));
    }
    case class_oid::kDefaultAcl: {
      const DefaultAcl* found = default_acl(address.oid);
      if (found == nullptr) break;
      return describe_default_acl(*this, *found);
    }
    default:
      break;
  }
  return fmt::format("object {} of class {}", address.oid, address.class_id);
}

// The object as a T; null when it is something else. Told by its kind: scans of system relations
// ask for every object there is.
template <typename T>
const T* object_as(const CatalogObject& object) {
  bool is_it;
  if constexpr (std::is_same_v<T, Relation>) {
    is_it = object.kind == ObjectKind::kTable || object.kind == ObjectKind::kIndex ||
            object.kind == ObjectKind::kSequence;
  } else {
    static_assert(std::is_same_v<T, Schema> || std::is_same_v<T, Type>);
    is_it = object.kind == (std::is_same_v<T, Schema> ? ObjectKind::kSchema : ObjectKind::kType);
  }
  return is_it ? static_cast<const T*>(&object) : nullptr;
}

}  // namespace luma
