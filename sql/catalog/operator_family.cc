#include "sql/catalog/operator_family.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/fact_table.h"
#include "sql/catalog/object_set.h"

namespace luma {
namespace {

template <typename T>
std::vector<const T*> created(const Catalog& catalog, ObjectKind kind) {
  std::vector<const T*> out;
  catalog.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == kind) out.push_back(static_cast<const T*>(object.get()));
  });
  std::ranges::sort(out, {}, [](const T* one) { return one->oid; });
  return out;
}

Oid created_in(const Catalog& catalog, Oid class_id, Oid schema, Oid access_method,
               std::string_view name) {
  return catalog.local_objects()->find_name(class_id, schema,
                                            operator_class_key(access_method, name));
}

// pg_opfamily's columns: oid, opfmethod, opfname, opfnamespace, opfowner.
Oid builtin_family(Oid access_method, std::string_view name) {
  const FactTable& families = fact_table("pg_opfamily");
  const std::string method = std::to_string(access_method);
  for (size_t i = 0; i < families.row_count(); ++i) {
    auto row = families.row(i);
    if (row[1] == method && row[2] == name) {
      return static_cast<Oid>(std::stoul(std::string(row[0])));
    }
  }
  return kInvalidOid;
}

template <typename FindIn>
Oid find_named(const Catalog& catalog, const SearchPath& path, const QualifiedName& name,
               const FindIn& find_in) {
  if (!name.schema.empty()) {
    return find_in(require_schema(catalog, path, name.schema).oid);
  }
  for (Oid schema : path.schemas) {
    if (Oid found = find_in(schema); found != kInvalidOid) return found;
  }
  return kInvalidOid;
}

}  // namespace

std::string operator_class_key(Oid access_method, std::string_view name) {
  return fmt::format("{} {}", access_method, name);
}

const OperatorClass* created_operator_class(const Catalog& catalog, Oid oid) {
  const ObjectPtr* found = catalog.local_objects()->find({class_oid::kOpClass, oid});
  return found == nullptr ? nullptr : static_cast<const OperatorClass*>(found->get());
}

const OperatorFamily* created_operator_family(const Catalog& catalog, Oid oid) {
  const ObjectPtr* found = catalog.local_objects()->find({class_oid::kOpFamily, oid});
  return found == nullptr ? nullptr : static_cast<const OperatorFamily*>(found->get());
}

std::vector<const OperatorClass*> created_operator_classes(const Catalog& catalog) {
  return created<OperatorClass>(catalog, ObjectKind::kOperatorClass);
}

std::vector<const OperatorFamily*> created_operator_families(const Catalog& catalog) {
  return created<OperatorFamily>(catalog, ObjectKind::kOperatorFamily);
}

Oid operator_class_in(const Catalog& catalog, Oid schema, Oid access_method,
                      std::string_view name) {
  if (Oid found = created_in(catalog, class_oid::kOpClass, schema, access_method, name)) {
    return found;
  }
  for (const OpClassFact& fact : opclass_facts()) {
    if (fact.method != access_method || fact.name != name) continue;
    const ExtensionOpClassFact* of = find_extension_opclass(fact.oid);
    const Extension* extension = of == nullptr ? nullptr : catalog.find_extension(of->extension);
    const Oid place = of == nullptr          ? schema_oid::kPgCatalog
                      : extension != nullptr ? extension->schema
                                             : kInvalidOid;
    if (place == schema) return fact.oid;
  }
  return kInvalidOid;
}

Oid operator_family_in(const Catalog& catalog, Oid schema, Oid access_method,
                       std::string_view name) {
  if (Oid found = created_in(catalog, class_oid::kOpFamily, schema, access_method, name)) {
    return found;
  }
  return schema == schema_oid::kPgCatalog ? builtin_family(access_method, name) : kInvalidOid;
}

Oid find_operator_class(const Catalog& catalog, const SearchPath& path, Oid access_method,
                        const QualifiedName& name) {
  return find_named(catalog, path, name, [&](Oid schema) {
    return operator_class_in(catalog, schema, access_method, name.name);
  });
}

Oid find_operator_family(const Catalog& catalog, const SearchPath& path, Oid access_method,
                         const QualifiedName& name) {
  return find_named(catalog, path, name, [&](Oid schema) {
    return operator_family_in(catalog, schema, access_method, name.name);
  });
}

std::string_view access_method_name(Oid access_method) {
  const IndexMethod* found = find_index_method(access_method);
  return found == nullptr ? std::string_view("???") : found->name;
}

std::string describe_operator_class(const CatalogObject& object) {
  const bool is_class = object.kind == ObjectKind::kOperatorClass;
  const Oid method = is_class ? static_cast<const OperatorClass&>(object).access_method
                              : static_cast<const OperatorFamily&>(object).access_method;
  return fmt::format("operator {} {} for access method {}", is_class ? "class" : "family",
                     quote_identifier(object.name), access_method_name(method));
}

std::string describe_operator_member(const Catalog& catalog, const ObjectAddress& address) {
  const ObjectId* holder = catalog.local_objects()->holder({address.class_id, address.oid});
  const OperatorFamily* family =
      holder == nullptr ? nullptr : created_operator_family(catalog, holder->oid);
  if (family == nullptr) return fmt::format("object {} of class {}", address.oid, address.class_id);
  for (const OperatorFamily::Member& member : family->members) {
    if (member.address() != address) continue;
    std::string target = catalog.describe(
        {member.is_operator ? class_oid::kOperator : class_oid::kProc, member.target, 0});
    if (const OperatorFact* fact = find_operator_fact(member.target);
        member.is_operator && fact != nullptr) {
      target = fmt::format("operator {}({},{})", fact->name, catalog.type_name(fact->left),
                           catalog.type_name(fact->right));
    }
    return fmt::format("{} {} ({}, {}) of {}: {}", member.is_operator ? "operator" : "function",
                       member.number, catalog.type_name(member.left),
                       catalog.type_name(member.right), describe_operator_class(*family),
                       target.substr(target.find(' ') + 1));
  }
  return "???";
}

}  // namespace luma
