#pragma once
// CREATE OPERATOR FAMILY and CLASS: which operators and functions make an index's order or hash of
// a type. Immutable, thread-safe. Pointers that lookups return live as long as their catalog.
#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/catalog/name_resolution.h"

namespace luma {

// One that has the oid of a built-in family holds what was added to that one.
struct OperatorFamily : CatalogObject {
  OperatorFamily() : CatalogObject(ObjectKind::kOperatorFamily) {}
  struct Member {
    Oid oid = kInvalidOid;    // pg_amop.oid or pg_amproc.oid
    bool is_operator = true;  // otherwise a support function
    int16_t number = 0;       // strategy or support number
    Oid left = kInvalidOid;
    Oid right = kInvalidOid;
    Oid target = kInvalidOid;        // the operator or function
    Oid sort_family = kInvalidOid;   // of operators FOR ORDER BY
    Oid member_class = kInvalidOid;  // the class it was created with; 0: loose in the family

    ObjectAddress address() const {
      return {is_operator ? class_oid::kAmOp : class_oid::kAmProc, oid, 0};
    }
  };
  Oid schema = kInvalidOid;
  Oid access_method = kInvalidOid;
  std::vector<Member> members;
};

struct OperatorClass : CatalogObject {
  OperatorClass() : CatalogObject(ObjectKind::kOperatorClass) {}
  Oid schema = kInvalidOid;
  Oid access_method = kInvalidOid;
  Oid family = kInvalidOid;
  Oid input = kInvalidOid;
  Oid stored = kInvalidOid;  // 0: the input type
  bool is_default = false;
};

// By which one is found among its schema's: names count for each access method.
std::string operator_class_key(Oid access_method, std::string_view name);

// Created ones; nullptr: there is none.
const OperatorClass* created_operator_class(const Catalog& catalog, Oid oid);
const OperatorFamily* created_operator_family(const Catalog& catalog, Oid oid);
std::vector<const OperatorClass*> created_operator_classes(const Catalog& catalog);
std::vector<const OperatorFamily*> created_operator_families(const Catalog& catalog);

// Built-in and created ones by name; 0: there is none. 3F000 for a schema that does not exist.
Oid find_operator_class(const Catalog& catalog, const SearchPath& path, Oid access_method,
                        const QualifiedName& name);
Oid find_operator_family(const Catalog& catalog, const SearchPath& path, Oid access_method,
                         const QualifiedName& name);
Oid operator_family_in(const Catalog& catalog, Oid schema, Oid access_method,
                       std::string_view name);
Oid operator_class_in(const Catalog& catalog, Oid schema, Oid access_method, std::string_view name);

// "btree".
std::string_view access_method_name(Oid access_method);
// "operator class c for access method btree", with schema where the search path is unknown.
std::string describe_operator_class(const CatalogObject& object);
std::string describe_operator_member(const Catalog& catalog, const ObjectAddress& member);

}  // namespace luma
