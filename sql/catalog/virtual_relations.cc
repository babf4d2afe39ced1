// pg_class and what hangs on it: attributes, defaults, indexes, constraints, dependencies.
#include <algorithm>
#include <set>

#include "engine/type/type_info.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/builtin_relations.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/frozen_number.h"
#include "sql/catalog/object_lookup.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/partition.h"
#include "sql/catalog/privileges.h"
#include "sql/catalog/view_query_tree.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

const Table* as_table(const Relation& relation) {
  return relation.kind == ObjectKind::kTable ? static_cast<const Table*>(&relation) : nullptr;
}

const Index* as_index(const Relation& relation) {
  return relation.kind == ObjectKind::kIndex ? static_cast<const Index*>(&relation) : nullptr;
}

// Relations that may satisfy "`column` = oid": one when there is such a filter, all otherwise.
template <typename Visit>
void visit_relations(const VirtualScan& scan, std::string_view column, const Visit& visit) {
  const Catalog& catalog = scan.catalog();
  if (std::optional<Oid> oid = scan.oid_filter(column)) {
    if (const Relation* relation = catalog.relation(*oid)) visit(*relation);
    return;
  }
  catalog.for_each_relation(visit);
}

template <typename Visit>
void visit_tables(const VirtualScan& scan, std::string_view column, const Visit& visit) {
  visit_relations(scan, column, [&](const Relation& relation) {
    if (const auto* table = as_table(relation)) visit(*table);
  });
}

void emit_attribute(VirtualRow& row, Oid relation, const Column& column) {
  const TypeInfo* type = find_type(column.type.oid);
  row.oid(relation)
      .text(column.name)
      .oid(column.dropped ? kInvalidOid : column.type.oid)
      .int4(column.dropped ? 0 : column.statistics_target)
      .int2(type == nullptr ? -1 : type->len)
      .int2(column.number)
      .int4(column.dimensions)
      .int4(-1)
      .int4(column.type.typmod)
      .boolean(type != nullptr && type->by_value)
      .letter(type == nullptr ? 'i' : type->align)
      .letter(column.storage != '\0' ? column.storage
              : type == nullptr      ? 'x'
                                     : type->storage)
      .letter('\0')
      .boolean(column.not_null)
      .boolean(column.has_default())
      .boolean(column.missing_text.has_value() && !column.dropped)
      .letter(column.identity)
      .letter(column.generated)
      .boolean(column.dropped)
      .boolean(column.is_local)
      .int4(column.inherit_count)
      .oid(column.collation)
      .acl(column.acl)
      .nulls(3)
      .emit();
}

Column plain_column(int16_t number, std::string name, Oid type, bool not_null) {
  Column column;
  column.number = number;
  column.name = std::move(name);
  column.type.oid = type;
  column.not_null = not_null;
  if (const TypeInfo* info = find_type(type)) column.collation = info->collation;
  return column;
}

std::vector<Column> index_columns(const Catalog& catalog, const Index& index) {
  std::vector<Column> out;
  const Table* table = catalog.table(index.table);
  auto add = [&](int16_t source, TypeRef type, Oid collation) {
    auto number = static_cast<int16_t>(out.size() + 1);
    const Column* from = table == nullptr ? nullptr : table->column(source);
    Column column = plain_column(number,
                                 from != nullptr ? from->name
                                 : number == 1   ? "expr"
                                                 : "expr" + std::to_string(number - 1),
                                 from != nullptr ? from->type.oid : type.oid, false);
    column.type.typmod = from != nullptr ? from->type.typmod : type.typmod;
    if (collation != kInvalidOid) column.collation = collation;
    out.push_back(std::move(column));
  };
  for (const IndexKey& key : index.keys) add(key.column, key.type, key.collation);
  for (int16_t column : index.include) add(column, {}, kInvalidOid);
  return out;
}

std::vector<Column> sequence_columns() {
  return {plain_column(1, "last_value", type_oid::kInt8, true),
          plain_column(2, "log_cnt", type_oid::kInt8, true),
          plain_column(3, "is_called", type_oid::kBool, true)};
}

int64_t count_constraints(const Table& table, char type) {
  return std::ranges::count(table.constraints, type, &Constraint::type);
}

std::string joined(std::vector<std::string> parts) {
  std::string out;
  for (std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

}  // namespace

namespace {

// Rows of pg_class that may be asked for.
template <typename Visit>
void visit_classes(const VirtualScan& scan, const Visit& visit) {
  const Catalog& catalog = scan.catalog();
  if (scan.oid_filter("oid").has_value()) return visit_relations(scan, "oid", visit);
  if (Oid row_type = scan.oid_filter("reltype").value_or(kInvalidOid); row_type != kInvalidOid) {
    if (const Table* table = catalog.table_of_row_type(row_type)) visit(*table);
    return;
  }
  if (std::optional<std::string_view> name = scan.text_filter("relname")) {
    catalog.for_each_schema([&](const Schema& schema) {
      if (const Relation* found = catalog.find_relation(schema.oid, *name)) visit(*found);
    });
    return;
  }
  catalog.for_each_relation(visit);
}

// Foreign keys are enforced by triggers in PostgreSQL; clients look for keys only where this says
// so.
bool has_triggers(const Catalog& catalog, const Table& table) {
  auto is_foreign_key = [](const Constraint& c) { return c.type == 'f'; };
  return !table.triggers.empty() || std::ranges::any_of(table.constraints, is_foreign_key) ||
         !catalog.foreign_keys_to(table.oid).empty();
}

}  // namespace

namespace {

std::string bound_text(const Catalog& catalog, const Table& table) {
  const Table* parent = partition_parent(catalog, table);
  if (parent == nullptr) return "";
  return partition_bound_text(parent->partition_key, table.partition_bound);
}

}  // namespace

void generate_pg_class(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  std::optional<std::string_view> name = scan.text_filter("relname");
  std::optional<Oid> schema = scan.oid_filter("relnamespace");
  VirtualRow row(scan, sink);
  // Columns that take a look elsewhere in the catalog.
  enum : uint32_t { kTablespace = 8, kPages = 9, kRows = 10, kHasIndex = 13, kIsShared = 14 };
  enum : uint32_t {
    kChecks = 18,
    kHasTriggers = 20,
    kHasSubclass = 21,
    kFrozen = 28,
    kAcl = 30,
    kBound = 32
  };
  const bool wants_bound = scan.wants(kBound);
  const std::optional<Acl> no_acl;
  const bool wants_acl = scan.wants(kAcl);
  const Oid frozen = scan.wants(kFrozen) ? frozen_number(scan.session) : kInvalidOid;
  const bool wants_size = scan.wants(kPages) || scan.wants(kRows);
  const bool wants_shared = scan.wants(kIsShared) || scan.wants(kTablespace);
  visit_classes(scan, [&](const Relation& relation) {
    if (name.has_value() && relation.name != *name) return;
    if (schema.has_value() && relation.schema != *schema) return;
    const auto* table = as_table(relation);
    const auto* index = as_index(relation);
    bool is_view = relation.relkind == 'v';
    bool stored = !is_view && relation.relkind != 'c';
    const bool freezes =
        relation.relkind == 'r' || relation.relkind == 'm' || relation.relkind == 't';
    bool has_file = stored && relation.relkind != 'p' && relation.relkind != 'I';
    Oid method = table != nullptr   ? table->access_method
                 : index != nullptr ? index->access_method
                                    : 0;
    int64_t columns = table != nullptr ? static_cast<int64_t>(table->columns.size())
                      : index != nullptr
                          ? static_cast<int64_t>(index->keys.size() + index->include.size())
                          : 3;
    std::pair<double, int32_t> size =
        stored && wants_size ? catalog.analyzed_size(relation) : std::pair<double, int32_t>(-1, 0);
    bool shared = wants_shared && relation.oid < kFirstUserOid && is_shared_relation(relation.oid);
    row.oid(relation.oid)
        .text(relation.name)
        .oid(relation.schema)
        .oid(table == nullptr ? kInvalidOid : table->row_type)
        .oid(0)
        .oid(relation.owner)
        .oid(method)
        .oid(has_file ? relation.oid : kInvalidOid)
        .oid(shared ? kGlobalTablespace : kInvalidOid)
        .int4(size.second)
        .float4(size.first >= 0              ? size.first
                : stored && index == nullptr ? -1
                                             : 0)
        .int4(0)
        .oid(0)
        .boolean(scan.wants(kHasIndex) && table != nullptr && stored &&
                 !catalog.indexes_of(relation.oid).empty())
        .boolean(shared)
        .letter(relation.persistence)
        .letter(relation.relkind)
        .int2(columns)
        .int2(table == nullptr || !scan.wants(kChecks) ? 0 : count_constraints(*table, 'c'))
        .boolean(is_view || relation.relkind == 'm' || (table != nullptr && !table->rules.empty()))
        .boolean(scan.wants(kHasTriggers) && table != nullptr && has_triggers(catalog, *table))
        .boolean(scan.wants(kHasSubclass) && table != nullptr &&
                 (is_partitioned(*table) || !catalog.children_of(relation.oid).empty()))
        .boolean(table != nullptr && table->row_security)
        .boolean(table != nullptr && table->force_row_security)
        .boolean(table == nullptr || table->is_populated)
        .letter(table != nullptr && stored ? table->replica_identity : 'n')
        .boolean(table != nullptr   ? is_partition(*table)
                 : index != nullptr ? index->parent != kInvalidOid
                                    : false)
        .oid(0)
        .oid(freezes ? frozen : kInvalidOid)
        .oid(freezes ? 1 : kInvalidOid)
        .acl(wants_acl ? relation_acl(scan.catalog(), relation) : no_acl)
        .text_array(relation.options)
        .text_or_null(wants_bound && table != nullptr ? bound_text(catalog, *table) : "")
        .emit();
  });
}

void generate_pg_attribute(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  visit_relations(scan, "attrelid", [&](const Relation& relation) {
    if (const auto* table = as_table(relation)) {
      for (const Column& column : table->columns) emit_attribute(row, relation.oid, column);
    } else if (const auto* index = as_index(relation)) {
      for (const Column& column : index_columns(scan.catalog(), *index)) {
        emit_attribute(row, relation.oid, column);
      }
    } else {
      for (const Column& column : sequence_columns()) emit_attribute(row, relation.oid, column);
    }
  });
}

void generate_pg_attrdef(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  auto emit = [&](const Table& table) {
    for (const Column& column : table.columns) {
      if (!column.has_default() || column.default_oid == kInvalidOid) continue;
      row.oid(column.default_oid)
          .oid(table.oid)
          .int2(column.number)
          .text(column.default_sql)
          .emit();
    }
  };
  if (std::optional<Oid> oid = scan.oid_filter("oid")) {
    if (const Table* table = scan.catalog().table_of_default(*oid)) emit(*table);
    return;
  }
  visit_tables(scan, "adrelid", emit);
}

void generate_pg_index(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  auto emit = [&](const Index& index) {
    std::vector<int16_t> columns, options;
    std::vector<Oid> collations, classes;
    std::vector<std::string> expressions;
    for (const IndexKey& key : index.keys) {
      columns.push_back(key.column);
      collations.push_back(key.collation);
      classes.push_back(key.opclass);
      options.push_back(static_cast<int16_t>((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0)));
      if (key.column == 0) expressions.push_back(key.expression);
    }
    columns.insert(columns.end(), index.include.begin(), index.include.end());
    row.oid(index.oid)
        .oid(index.table)
        .int2(static_cast<int64_t>(columns.size()))
        .int2(static_cast<int64_t>(index.keys.size()))
        .boolean(index.unique)
        .boolean(index.nulls_not_distinct)
        .boolean(index.primary)
        .boolean(index.exclusion)
        .boolean(index.immediate)
        .boolean(index.clustered)
        .boolean(index.valid)
        .boolean(false)
        .boolean(index.ready)
        .boolean(true)
        .boolean(index.replica_identity)
        .int2vector(columns)
        .oidvector(collations)
        .oidvector(classes)
        .int2vector(options)
        .text_or_null(joined(expressions))
        .text_or_null(index.predicate)
        .emit();
  };
  if (std::optional<Oid> table = scan.oid_filter("indrelid")) {
    for (Oid oid : catalog.indexes_of(*table)) emit(*catalog.index(oid));
    return;
  }
  visit_relations(scan, "indexrelid", [&](const Relation& relation) {
    if (const auto* index = as_index(relation)) emit(*index);
  });
}

namespace {

void emit_constraint(VirtualRow& row, Oid schema, Oid relation, Oid type, const Constraint& c) {
  bool foreign = c.type == 'f';
  row.oid(c.oid)
      .text(c.name)
      .oid(schema)
      .letter(c.type)
      .boolean(c.deferrable)
      .boolean(c.initially_deferred)
      .boolean(c.validated)
      .oid(relation)
      .oid(type)
      .oid(c.index)
      .oid(c.type == 'c' ? kInvalidOid : c.parent)
      .oid(c.referenced_table)
      .letter(foreign ? c.on_update : ' ')
      .letter(foreign ? c.on_delete : ' ')
      .letter(foreign ? c.match : ' ')
      .boolean(c.is_local)
      .int4(c.inherit_count)
      .boolean(c.type == 'c' ? c.no_inherit : true)
      .int2_array(c.columns)
      .int2_array(c.referenced_columns)
      .oid_array(type_oid::kOid, c.equality_operators)
      .oid_array(type_oid::kOid, c.equality_operators)
      .oid_array(type_oid::kOid, c.equality_operators)
      .int2_array(c.set_columns)
      .oid_array(type_oid::kOid, c.exclusion_operators)
      .text_or_null(c.expression)
      .emit();
}

}  // namespace

void generate_pg_constraint(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  if (std::optional<Oid> referenced = scan.oid_filter("confrelid"); referenced.value_or(0) != 0) {
    for (const Catalog::ForeignKeyRef& ref : catalog.foreign_keys_to(*referenced)) {
      emit_constraint(row, ref.table->schema, ref.table->oid, 0, *ref.constraint);
    }
    return;
  }
  if (std::optional<Oid> oid = scan.oid_filter("oid")) {
    if (const Table* table = catalog.table_of_constraint(*oid)) {
      emit_constraint(row, table->schema, table->oid, 0, *table->find_constraint(*oid));
      return;
    }
  }
  auto emit_type = [&](const Type& type) {
    for (const Constraint& constraint : type.constraints) {
      emit_constraint(row, type.schema, 0, type.oid, constraint);
    }
  };
  if (Oid domain = scan.oid_filter("contypid").value_or(kInvalidOid); domain != kInvalidOid) {
    if (const Type* type = catalog.type(domain)) emit_type(*type);
    return;
  }
  visit_tables(scan, "conrelid", [&](const Table& table) {
    for (const Constraint& constraint : table.constraints) {
      emit_constraint(row, table.schema, table.oid, 0, constraint);
    }
  });
  if (scan.oid_filter("conrelid").value_or(kInvalidOid) != kInvalidOid) return;
  catalog.for_each_type(emit_type);
}

void generate_pg_inherits(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  auto emit = [&](const Relation& relation) {
    if (const Table* table = as_table(relation)) {
      int number = 0;
      for (Oid parent : table->inherits) {
        row.oid(table->oid).oid(parent).int4(++number).boolean(false).emit();
      }
    } else if (const Index* index = as_index(relation)) {
      if (index->parent == kInvalidOid) return;
      row.oid(index->oid).oid(index->parent).int4(1).boolean(false).emit();
    }
  };
  if (std::optional<Oid> parent = scan.oid_filter("inhparent")) {
    for (const CatalogObject* object : dependents_of_oid(scan.catalog(), *parent)) {
      if (const auto* relation = dynamic_cast<const Relation*>(object)) emit(*relation);
    }
    return;
  }
  visit_relations(scan, "inhrelid", emit);
}

void generate_pg_partitioned_table(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  visit_tables(scan, "partrelid", [&](const Table& table) {
    if (!is_partitioned(table)) return;
    std::vector<int16_t> columns;
    std::vector<Oid> classes, collations;
    std::vector<std::string> expressions;
    for (const IndexKey& part : table.partition_key.parts) {
      columns.push_back(part.column);
      classes.push_back(part.opclass);
      collations.push_back(part.collation);
      if (part.column == 0) expressions.push_back(part.expression);
    }
    Oid default_partition = kInvalidOid;
    for (const Table* child : scan.catalog().children_of(table.oid)) {
      if (child->partition_bound.is_default) default_partition = child->oid;
    }
    row.oid(table.oid)
        .letter(table.partition_key.strategy)
        .int2(static_cast<int64_t>(columns.size()))
        .oid(default_partition)
        .int2vector(columns)
        .oidvector(classes)
        .oidvector(collations)
        .text_or_null(joined(expressions))
        .emit();
  });
}

void generate_pg_sequence(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  visit_relations(scan, "seqrelid", [&](const Relation& relation) {
    const auto* s = dynamic_cast<const Sequence*>(&relation);
    if (s == nullptr) return;
    row.oid(s->oid).oid(s->type).int8(s->start).int8(s->increment).int8(s->max_value);
    row.int8(s->min_value).int8(s->cache).boolean(s->cycle).emit();
  });
}

void generate_pg_rewrite(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  visit_tables(scan, "ev_class", [&](const Table& table) {
    for (const Rule& rule : table.rules) {
      row.oid(rule.oid).text(rule.name).oid(table.oid).letter(rule.event).letter(rule.enabled);
      row.boolean(rule.instead).text(rule.condition_sql.empty() ? "<>" : rule.condition_sql);
      std::string actions;
      for (const std::string& action : rule.actions) actions += action + "; ";
      row.text(actions.empty() ? "<>" : actions).emit();
    }
    if (table.rule_oid == kInvalidOid) return;
    row.oid(table.rule_oid).text("_RETURN").oid(table.oid).letter('1').letter('O').boolean(true);
    constexpr uint32_t kAction = 7;
    row.text("<>");
    row.text(scan.wants(kAction) ? view_query_tree(scan.catalog(), table) : std::string()).emit();
  });
}

namespace {

// Row types belong to their tables, array types to their elements.
void add_type_edges(const CatalogObject& holder, std::vector<Dependency>& edges) {
  Oid type = kInvalidOid, array = kInvalidOid;
  if (const auto* table = dynamic_cast<const Table*>(&holder)) {
    type = table->row_type;
    array = table->array_type;
    if (type == kInvalidOid) return;
    if (table->relkind != 'c')
      edges.push_back({{class_oid::kType, type, 0}, table->address(), 'i'});
  } else if (const auto* user = dynamic_cast<const Type*>(&holder);
             user != nullptr && user->relation == kInvalidOid) {
    type = user->oid;
    array = user->array_type;
  }
  if (type == kInvalidOid || array == kInvalidOid) return;
  edges.push_back({{class_oid::kType, array, 0}, {class_oid::kType, type, 0}, 'i'});
}

// Operators, casts and operator classes of the extensions that the database has.
std::vector<std::pair<ObjectAddress, Oid>> extension_members(const Catalog& catalog) {
  std::vector<std::pair<ObjectAddress, Oid>> out;
  auto add = [&](Oid class_id, Oid oid, std::string_view name) {
    const Extension* extension = catalog.find_extension(name);
    if (extension != nullptr) out.emplace_back(ObjectAddress{class_id, oid, 0}, extension->oid);
  };
  for (const auto& fact : extension_operator_facts()) {
    add(class_oid::kOperator, fact.oid, fact.extension);
  }
  for (const auto& fact : extension_cast_facts()) add(class_oid::kCast, fact.oid, fact.extension);
  for (const auto& fact : extension_opclass_facts()) {
    add(class_oid::kOpClass, fact.oid, fact.extension);
    add(class_oid::kOpFamily, fact.family, fact.extension);
  }
  return out;
}

// Whether what an object depends on has rows in pg_depend.
bool records_dependencies(const CatalogObject& object) {
  switch (object.kind) {
    case ObjectKind::kTable:
    case ObjectKind::kIndex:
    case ObjectKind::kSequence:
      return object.oid >= kFirstUserOid;
    case ObjectKind::kType:
    case ObjectKind::kFunction:
    case ObjectKind::kExtension:
    case ObjectKind::kOperator:
    case ObjectKind::kCast:
    case ObjectKind::kEventTrigger:
    case ObjectKind::kOperatorClass:
    case ObjectKind::kOperatorFamily:
      return true;
    default:
      return false;
  }
}

// Holders of dependencies of `object`, or on `referenced`, or all.
template <typename Visit>
void visit_dependents(const Catalog& catalog, std::optional<Oid> object,
                      std::optional<Oid> referenced, const Visit& visit) {
  auto visit_each = [&](const std::vector<const CatalogObject*>& objects) {
    for (const CatalogObject* one : objects) {
      if (records_dependencies(*one)) visit(*one);
    }
  };
  if (object.has_value()) return visit_each(objects_with_oid(catalog, *object));
  if (referenced.has_value() && catalog.schema(*referenced) == nullptr) {
    std::vector<const CatalogObject*> found = dependents_of_oid(catalog, *referenced);
    // A part of an object may need the object itself.
    for (const CatalogObject* one : objects_with_oid(catalog, *referenced)) {
      if (std::ranges::find(found, one) == found.end()) found.push_back(one);
    }
    return visit_each(found);
  }
  catalog.local_objects()->for_each([&](const ObjectPtr& one) {
    if (records_dependencies(*one)) visit(*one);
  });
}

}  // namespace

void generate_pg_depend(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  std::optional<Oid> object = scan.oid_filter("objid");
  std::optional<Oid> referenced = scan.oid_filter("refobjid");
  VirtualRow row(scan, sink);
  auto emit_all = [&](const CatalogObject& holder) {
    const auto* view = dynamic_cast<const Table*>(&holder);
    if (view != nullptr && view->rule_oid == kInvalidOid) view = nullptr;
    std::vector<Dependency> edges = all_dependencies(holder);
    // A view's query belongs to its rule, which belongs to the view.
    if (view != nullptr) {
      ObjectAddress rule{class_oid::kRewrite, view->rule_oid, 0};
      for (Dependency& edge : edges) {
        if (edge.dependent == view->address() && edge.kind != 'e' &&
            edge.referenced.class_id != class_oid::kSchema) {
          edge.dependent = rule;
        }
      }
      edges.push_back({rule, view->address(), 'i'});
    }
    add_type_edges(holder, edges);
    for (const Dependency& edge : edges) {
      if (object.has_value() && edge.dependent.oid != *object) continue;
      if (referenced.has_value() && edge.referenced.oid != *referenced) continue;
      row.oid(edge.dependent.class_id).oid(edge.dependent.oid).int4(edge.dependent.sub_id);
      row.oid(edge.referenced.class_id).oid(edge.referenced.oid).int4(edge.referenced.sub_id);
      row.letter(edge.kind).emit();
    }
  };
  visit_dependents(catalog, object, referenced, emit_all);
  for (const auto& [member, extension] : extension_members(catalog)) {
    if (object.has_value() && member.oid != *object) continue;
    if (referenced.has_value() && extension != *referenced) continue;
    row.oid(member.class_id).oid(member.oid).int4(0);
    row.oid(class_oid::kExtension).oid(extension).int4(0).letter('e').emit();
  }
}

}  // namespace luma
