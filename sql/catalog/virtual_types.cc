// Types, schemas, comments and the shared objects (databases, roles).
#include <map>

#include "engine/type/extension_type.h"
#include "engine/type/type_info.h"
#include "sql/catalog/array_type_name.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/event_trigger.h"
#include "sql/catalog/extended_statistics.h"
#include "sql/catalog/extension_facts.h"
#include "sql/catalog/frozen_number.h"
#include "sql/catalog/large_objects.h"
#include "sql/catalog/object_lookup.h"
#include "sql/catalog/object_set.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/text_search_objects.h"
#include "sql/catalog/virtual_row.h"

namespace luma {
namespace {

// Functions behind types that users create; constants of pg_proc.
constexpr Oid kRecordIn = 2290, kRecordOut = 2291, kRecordRecv = 2402, kRecordSend = 2403;
constexpr Oid kArrayIn = 750, kArrayOut = 751, kArrayRecv = 2400, kArraySend = 2401;
constexpr Oid kArraySubscript = 6179, kArrayTypanalyze = 3816;
constexpr Oid kEnumIn = 3506, kEnumOut = 3507, kEnumRecv = 3532, kEnumSend = 3533;
constexpr Oid kRangeIn = 3834, kRangeOut = 3835, kRangeRecv = 3836, kRangeSend = 3837,
              kRangeTypanalyze = 3916;
constexpr Oid kMultirangeIn = 4231, kMultirangeOut = 4232, kMultirangeRecv = 4233,
              kMultirangeSend = 4234, kMultirangeTypanalyze = 4242;
constexpr Oid kDomainIn = 2597, kDomainRecv = 2598;

// A pg_type row of what users create.
struct TypeRow {
  Oid oid = 0;
  std::string name;
  Oid schema = 0;
  Oid owner = kBootstrapRole;
  int16_t length = -1;
  bool by_value = false;
  char type_type = 'c';
  char category = 'C';
  Oid relation = 0, subscript = 0, element = 0, array = 0;
  Oid input = kRecordIn, output = kRecordOut, receive = kRecordRecv, send = kRecordSend,
      analyze = 0;
  char align = 'd', storage = 'x';
  bool not_null = false;
  TypeRef base{0, -1};
  Oid collation = 0;
  std::string default_sql;
  std::optional<Acl> acl;
};

void emit_type(VirtualRow& row, const TypeRow& t) {
  row.oid(t.oid).text(t.name).oid(t.schema).oid(t.owner).int2(t.length).boolean(t.by_value);
  row.letter(t.type_type).letter(t.category).boolean(false).boolean(true).letter(',');
  row.oid(t.relation).oid(t.subscript).oid(t.element).oid(t.array);
  row.oid(t.input).oid(t.output).oid(t.receive).oid(t.send).oid(0).oid(0).oid(t.analyze);
  row.letter(t.align).letter(t.storage).boolean(t.not_null).oid(t.base.oid).int4(t.base.typmod);
  row.int4(0).oid(t.collation).text_or_null(t.default_sql).text_or_null(t.default_sql);
  row.acl(t.acl).emit();
}

void emit_array_type(VirtualRow& row, const Catalog& catalog, TypeRow element, Oid array) {
  if (array == kInvalidOid) return;
  TypeRow t;
  t.oid = array;
  t.name = array_type_name(catalog, element.schema, element.name, array);
  t.schema = element.schema;
  t.owner = element.owner;
  t.type_type = 'b';
  t.category = 'A';
  t.subscript = kArraySubscript;
  t.element = element.oid;
  t.input = kArrayIn;
  t.output = kArrayOut;
  t.receive = kArrayRecv;
  t.send = kArraySend;
  t.analyze = kArrayTypanalyze;
  t.align = element.align;
  t.collation = element.collation;
  emit_type(row, t);
}

void emit_row_type(VirtualRow& row, const Catalog& catalog, const Table& table) {
  if (table.row_type == kInvalidOid) return;
  TypeRow t;
  t.oid = table.row_type;
  t.name = table.name;
  t.schema = table.schema;
  t.owner = table.owner;
  t.relation = table.oid;
  t.array = table.array_type;
  emit_type(row, t);
  emit_array_type(row, catalog, t, table.array_type);
}

// The functions of an extension's type are those with its name.
void describe_extension_type(const Catalog& catalog, const Type& type, TypeRow& t) {
  const TypeInfo* info = find_type(type.oid);
  if (info == nullptr) return;
  t.category = info->category;
  t.align = info->align;
  t.storage = info->storage;
  t.collation = info->collation;
  auto named = [&](std::string_view suffix) {
    auto found = catalog.functions_named(type.schema, fmt::format("{}{}", type.name, suffix));
    return found.empty() ? kInvalidOid : found.front()->oid;
  };
  auto first = [&](std::string_view suffix) {
    Oid plain = named(suffix);
    return plain != kInvalidOid ? plain : named(fmt::format("_{}", suffix));
  };
  t.input = first("in");
  t.output = first("out");
  t.receive = first("recv");
  t.send = first("send");
  t.subscript = named("_subscript_handler");
}

void emit_user_type(VirtualRow& row, const Catalog& catalog, const Type& type) {
  if (type.type_type == 'c') return;  // its Table says all
  TypeRow t;
  t.oid = type.oid;
  t.name = type.name;
  t.schema = type.schema;
  t.owner = type.owner;
  t.type_type = type.type_type;
  t.array = type.array_type;
  t.acl = type.acl;
  if (type.type_type == 'e') {
    t.length = 4;
    t.by_value = true;
    t.category = 'E';
    t.input = kEnumIn;
    t.output = kEnumOut;
    t.receive = kEnumRecv;
    t.send = kEnumSend;
    t.align = 'i';
    t.storage = 'p';
  } else if (type.type_type == 'd') {
    const TypeInfo* base = find_type(type.base.oid);
    if (base != nullptr) {
      t.length = base->len;
      t.by_value = base->by_value;
      t.category = base->category;
      t.align = base->align;
      t.storage = base->storage;
      for (const ProcFact* fact : proc_facts_named(std::string(base->name) + "out"))
        t.output = fact->oid;
      for (const ProcFact* fact : proc_facts_named(std::string(base->name) + "send"))
        t.send = fact->oid;
    }
    t.input = kDomainIn;
    t.receive = kDomainRecv;
    t.not_null = type.not_null;
    t.base = type.base;
    t.collation = type.collation;
    t.default_sql = type.default_sql;
  } else if (type.type_type == 'r' || type.type_type == 'm') {
    bool multi = type.type_type == 'm';
    const TypeInfo* info = find_type(type.oid);
    t.category = 'R';
    t.align = info == nullptr ? 'i' : info->align;
    t.input = multi ? kMultirangeIn : kRangeIn;
    t.output = multi ? kMultirangeOut : kRangeOut;
    t.receive = multi ? kMultirangeRecv : kRangeRecv;
    t.send = multi ? kMultirangeSend : kRangeSend;
    t.analyze = multi ? kMultirangeTypanalyze : kRangeTypanalyze;
  } else if (type.type_type == 'b') {
    describe_extension_type(catalog, type, t);
  }
  emit_type(row, t);
  emit_array_type(row, catalog, t, type.array_type);
}

void emit_description(VirtualRow& row, Oid object, Oid class_id, int32_t sub_id,
                      const std::string& text) {
  if (!text.empty()) row.oid(object).oid(class_id).int4(sub_id).text(text).emit();
}

}  // namespace

void generate_pg_type(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  std::optional<Oid> oid = scan.oid_filter("oid");
  bool is_fact = oid.has_value() && !is_created_type(*oid) && find_type(*oid) != nullptr;
  if (!oid.has_value() || is_fact) generate_fact_rows(scan, sink);
  if (is_fact) return;
  VirtualRow row(scan, sink);
  // With its array type.
  auto emit = [&](Oid type_or_array) {
    const Type* type = catalog.type(type_or_array);
    if (type == nullptr) type = catalog.type_of_array(type_or_array);
    if (type != nullptr) emit_user_type(row, catalog, *type);
    const Table* table = catalog.table_of_row_type(type_or_array);
    if (table != nullptr) emit_row_type(row, catalog, *table);
  };
  if (oid.has_value()) return emit(*oid);
  for (std::string_view related : {"typelem", "typarray"}) {
    Oid type = scan.oid_filter(related).value_or(kInvalidOid);
    if (type != kInvalidOid) return emit(type);
  }
  if (Oid relation = scan.oid_filter("typrelid").value_or(kInvalidOid); relation != kInvalidOid) {
    if (const Table* table = catalog.table(relation)) emit_row_type(row, catalog, *table);
    return;
  }
  if (std::optional<std::string_view> name = scan.text_filter("typname")) {
    catalog.for_each_schema([&](const Schema& schema) {
      Oid found = catalog.find_type_oid(schema.oid, *name);
      if (found != kInvalidOid && (is_created_type(found) || find_type(found) == nullptr)) {
        emit(found);
      }
    });
    return;
  }
  catalog.for_each_type([&](const Type& type) { emit_user_type(row, catalog, type); });
  catalog.for_each_relation([&](const Relation& relation) {
    if (const auto* table = dynamic_cast<const Table*>(&relation))
      emit_row_type(row, catalog, *table);
  });
}

void generate_pg_range(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  VirtualRow row(scan, sink);
  scan.catalog().for_each_type([&](const Type& type) {
    if (type.type_type != 'r') return;
    row.oid(type.oid).oid(type.base.oid).oid(type.multirange).oid(type.collation);
    row.oid(type.subtype_opclass).oid(kInvalidOid).oid(type.subtype_diff).emit();
  });
}

void generate_pg_enum(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  auto emit = [&](const Type& type) {
    for (const Type::EnumLabel& label : type.labels) {
      row.oid(label.oid).oid(type.oid).float4(label.sort_order).text(label.label).emit();
    }
  };
  if (std::optional<Oid> oid = scan.oid_filter("enumtypid")) {
    if (const Type* type = scan.catalog().type(*oid)) emit(*type);
    return;
  }
  scan.catalog().for_each_type(emit);
}

void generate_pg_namespace(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  scan.catalog().for_each_schema([&](const Schema& schema) {
    row.oid(schema.oid).text(schema.name).oid(schema.owner).acl(schema.acl).emit();
  });
}

namespace {

void emit_relation_comments(VirtualRow& row, const Relation& relation) {
  emit_description(row, relation.oid, class_oid::kRelation, 0, relation.comment);
  const auto* table = dynamic_cast<const Table*>(&relation);
  if (table == nullptr) return;
  for (const Column& column : table->columns) {
    emit_description(row, table->oid, class_oid::kRelation, column.number, column.comment);
  }
  for (const Constraint& constraint : table->constraints) {
    emit_description(row, constraint.oid, class_oid::kConstraint, 0, constraint.comment);
  }
  for (const Rule& rule : table->rules) {
    emit_description(row, rule.oid, class_oid::kRewrite, 0, rule.comment);
  }
  for (const Policy& policy : table->policies) {
    emit_description(row, policy.oid, class_oid::kPolicy, 0, policy.comment);
  }
  for (const Trigger& trigger : table->triggers) {
    emit_description(row, trigger.oid, class_oid::kTrigger, 0, trigger.comment);
  }
}

// Comments on an object and its parts; those on what all databases share are elsewhere.
void emit_comments(VirtualRow& row, const CatalogObject& object) {
  if (const auto* relation = dynamic_cast<const Relation*>(&object)) {
    return emit_relation_comments(row, *relation);
  }
  switch (object.kind) {
    case ObjectKind::kDatabase:
    case ObjectKind::kRole:
      return;
    case ObjectKind::kType:
      for (const Constraint& constraint : static_cast<const Type&>(object).constraints) {
        emit_description(row, constraint.oid, class_oid::kConstraint, 0, constraint.comment);
      }
      break;
    default:
      break;
  }
  emit_description(row, object.oid, object.class_id(), 0, object.comment);
}

}  // namespace

void generate_pg_description(const VirtualScan& scan, VirtualRowSink& sink) {
  generate_fact_rows(scan, sink);
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  emit_description(row, kPlpgsqlExtension, class_oid::kExtension, 0,
                   std::string(find_extension_fact("plpgsql")->comment));
  if (auto* state = dynamic_cast<OperationsState*>(&scan.session.live_state())) {
    state->large_objects().for_each([&](const LargeObjectInfo& info) {
      emit_description(row, info.oid, kLargeObjectClass, 0, info.comment);
    });
  }
  if (std::optional<Oid> oid = scan.oid_filter("objoid")) {
    for (const CatalogObject* object : objects_with_oid(catalog, *oid)) {
      emit_comments(row, *object);
    }
    return;
  }
  catalog.for_each_schema([&](const Schema& schema) { emit_comments(row, schema); });
  catalog.for_each_relation([&](const Relation& relation) { emit_comments(row, relation); });
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kSchema || dynamic_cast<const Relation*>(object.get())) return;
    emit_comments(row, *object);
  });
}

void generate_pg_shdescription(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  auto emit = [&](Oid oid, Oid class_id, const std::string& text) {
    if (!text.empty()) row.oid(oid).oid(class_id).text(text).emit();
  };
  scan.catalog().for_each_database(
      [&](const Database& d) { emit(d.oid, class_oid::kDatabase, d.comment); });
  scan.catalog().for_each_role([&](const Role& r) { emit(r.oid, class_oid::kRole, r.comment); });
}

void generate_pg_database(const VirtualScan& scan, VirtualRowSink& sink) {
  constexpr int kUtf8 = 6;
  VirtualRow row(scan, sink);
  enum : uint32_t { kFrozen = 9 };
  const Oid frozen = scan.wants(kFrozen) ? frozen_number(scan.session) : kInvalidOid;
  scan.catalog().for_each_database([&](const Database& d) {
    row.oid(d.oid).text(d.name).oid(d.owner).int4(kUtf8).letter('c').boolean(d.is_template);
    row.boolean(d.allow_connections).int4(d.connection_limit);
    row.oid(frozen).oid(1).oid(kDefaultTablespace);
    row.text(d.collate).text(d.ctype).null().null().acl(d.acl).emit();
  });
}

void generate_pg_authid(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  scan.catalog().for_each_role([&](const Role& r) {
    row.oid(r.oid).text(r.name).boolean(r.superuser).boolean(r.inherit).boolean(r.create_role);
    row.boolean(r.create_database)
        .boolean(r.can_login)
        .boolean(r.replication)
        .boolean(r.bypass_rls);
    row.int4(r.connection_limit).text_or_null(r.password).timestamp(r.valid_until).emit();
  });
}

void generate_pg_auth_members(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  scan.catalog().for_each_role([&](const Role& r) {
    for (const Role::Membership& m : r.member_of) {
      row.oid(m.role).oid(r.oid).oid(m.grantor).boolean(m.admin).emit();
    }
  });
}

void generate_pg_db_role_setting(const VirtualScan& scan, VirtualRowSink& sink) {
  VirtualRow row(scan, sink);
  scan.catalog().for_each_database([&](const Database& d) {
    if (!d.settings.empty()) row.oid(d.oid).oid(0).text_array(d.settings).emit();
  });
  scan.catalog().for_each_role([&](const Role& r) {
    std::map<Oid, std::vector<std::string>> by_database;
    for (const auto& [database, setting] : r.settings) by_database[database].push_back(setting);
    for (const auto& [database, settings] : by_database) {
      row.oid(database).oid(r.oid).text_array(settings).emit();
    }
  });
}

// Owners of this database's objects; those of the bootstrap role are not recorded, as in
// PostgreSQL.
void generate_pg_shdepend(const VirtualScan& scan, VirtualRowSink& sink) {
  const Catalog& catalog = scan.catalog();
  VirtualRow row(scan, sink);
  auto emit = [&](Oid database, const CatalogObject& object) {
    if (object.owner < kFirstUserOid) return;
    row.oid(database).oid(object.class_id()).oid(object.oid).int4(0);
    row.oid(class_oid::kRole).oid(object.owner).letter('o').emit();
  };
  Oid here = catalog.database_oid();
  catalog.for_each_relation([&](const Relation& r) {
    if (r.kind != ObjectKind::kIndex) emit(here, r);
  });
  catalog.for_each_schema([&](const Schema& s) { emit(here, s); });
  catalog.for_each_type([&](const Type& t) { emit(here, t); });
  catalog.for_each_database([&](const Database& d) { emit(0, d); });
}

}  // namespace luma
