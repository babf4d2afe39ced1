#include "sql/session/user_types.h"

#include <algorithm>

#include "engine/type/user_type.h"

namespace luma {
namespace {

// Tables are many and seldom change: what is known of one is compared without a copy.
bool is_known(const Table& table) {
  const TypeInfo* known = find_user_type(table.row_type);
  if (known == nullptr || known->user == nullptr) return false;
  const UserType& type = *known->user;
  if (type.name != table.name || type.array != table.array_type || type.relation != table.oid) {
    return false;
  }
  size_t field = 0;
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    if (field == type.fields.size() || !(type.fields[field] == column.type) ||
        type.field_names[field] != column.name) {
      return false;
    }
    ++field;
  }
  return field == type.fields.size();
}

bool same(const UserType& a, const UserType& b) {
  auto label_equal = [](const UserType::Label& x, const UserType::Label& y) {
    return x.oid == y.oid && x.sort_order == y.sort_order && x.text == y.text;
  };
  return a.name == b.name && a.type_type == b.type_type && a.array == b.array && a.base == b.base &&
         a.multirange == b.multirange && a.relation == b.relation && a.fields == b.fields &&
         a.field_names == b.field_names &&
         std::equal(a.labels.begin(), a.labels.end(), b.labels.begin(), b.labels.end(),
                    label_equal);
}

void describe_fields(const Table& table, UserType& out) {
  for (const Column& column : table.columns) {
    if (column.dropped) continue;
    out.fields.push_back(column.type);
    out.field_names.push_back(column.name);
  }
}

UserType describe(const Catalog& catalog, const Type& type) {
  UserType out;
  out.oid = type.oid;
  out.name = type.name;
  out.type_type = type.type_type;
  out.array = type.array_type;
  for (const Type::EnumLabel& label : type.labels) {
    out.labels.push_back({label.oid, label.sort_order, label.label});
  }
  out.base = type.base;
  out.multirange = type.multirange;
  out.relation = type.relation;
  if (const Table* table = catalog.table(type.relation)) describe_fields(*table, out);
  return out;
}

// What must be known before `type` can be defined.
bool ready(const UserType& type) {
  if (type.type_type == 'd' || type.type_type == 'r' || type.type_type == 'm') {
    return find_type(type.base.oid) != nullptr;
  }
  return std::all_of(type.fields.begin(), type.fields.end(),
                     [](const TypeRef& field) { return find_type(field.oid) != nullptr; });
}

}  // namespace

void define_user_types(const Catalog& catalog) {
  std::vector<UserType> waiting;
  auto add = [&](UserType type) {
    const TypeInfo* known = find_user_type(type.oid);
    if (known != nullptr && known->user != nullptr && same(*known->user, type)) return;
    waiting.push_back(std::move(type));
  };
  catalog.for_each_type([&](const Type& type) {
    if (type.oid >= kFirstUserOid && type.type_type != 'b') {
      add(describe(catalog, type));
    }
  });
  catalog.for_each_relation([&](const Relation& relation) {
    if (relation.oid < kFirstUserOid || relation.kind != ObjectKind::kTable) return;
    const auto& table = static_cast<const Table&>(relation);
    if (table.row_type == kInvalidOid || table.relkind == 'c' || is_known(table)) return;
    UserType type;
    type.oid = table.row_type;
    type.name = table.name;
    type.type_type = 'c';
    type.array = table.array_type;
    type.relation = table.oid;
    describe_fields(table, type);
    add(std::move(type));
  });
  // Types may be made of each other: repeat until nothing moves.
  while (!waiting.empty()) {
    size_t before = waiting.size();
    std::erase_if(waiting, [](const UserType& type) {
      if (!ready(type)) return false;
      define_user_type(type);
      return true;
    });
    if (waiting.size() == before) break;
  }
}

}  // namespace luma
