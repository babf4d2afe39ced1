#pragma once
// CREATE OPERATOR FAMILY and CLASS: which operators and functions make an index's order or hash of
// a type. Immutable, thread-safe.
#include <cstdint>
#include <vector>

#include "sql/catalog/object.h"

namespace luma {

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

}  // namespace luma
