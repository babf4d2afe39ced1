#pragma once
// Enums, domains, composite and range types that users define. The catalog says what they are when
// it loads or changes one; find_type() then serves them and their arrays like built-in types. The
// table only grows: oids are not used twice, and a row that a newer definition replaces stays valid
// for who still holds it. Thread-safe.
//
// Values: an enum is the oid of its label (kInt32); a domain has its base type's form, and its
// input applies the base's typmod and the constraints; a composite has the record form (record.h);
// ranges and multiranges are those of range.h and multirange.h.
#include <string>
#include <vector>

#include "engine/type/oid.h"
#include "engine/type/type_info.h"

namespace luma {

struct UserType {
  struct Label {
    Oid oid = kInvalidOid;
    float sort_order = 0;
    std::string text;
  };

  Oid oid = kInvalidOid;
  std::string name;
  char type_type = 'e';     // e enum, d domain, c composite, r range, m multirange
  Oid array = kInvalidOid;  // the array type, named "_" + name unless array_name says otherwise
  std::string array_name;
  std::vector<Label> labels;     // enum
  TypeRef base;                  // domain; of a range its subtype, of a multirange its range
  Oid multirange = kInvalidOid;  // range
  Oid relation = kInvalidOid;    // composite
  std::vector<TypeRef> fields;   // composite: types of its live columns, in order
  std::vector<std::string> field_names;
};

// The constraints of domains as the running statement's catalog has them. A session's
// IoContext::names implements it; where it does not, domains are unconstrained.
class DomainConstraints {
 public:
  virtual ~DomainConstraints() = default;
  // Throws 23502 or 23514 when the domain (or one below it) does not allow the value.
  virtual void check_domain(Oid domain, const Value& value) const = 0;
};
void check_domain(Oid domain, const Value& value, const IoContext& io);

// What lies below a domain, or all domains over domains, with the innermost typmod that is set; the
// type itself otherwise.
TypeRef base_type_of(TypeRef type);
// Only the next type below a domain; the type itself otherwise.
Oid base_type_below(Oid type);
inline Oid base_type_of(Oid type) { return base_type_of(TypeRef{type, -1}).oid; }

// Adds the type and its array type, or replaces what was said of this oid before. Base and field
// types must be known already; a domain's base else gives XX000.
void define_user_type(UserType type);

// nullptr when no such type was defined.
const TypeInfo* find_user_type(Oid oid);

// Of ranges and multiranges that users defined; nullptr for other types. The pointer stays valid.
struct RangeKind;
const RangeKind* find_user_range_kind(Oid type);

// The label with this oid, nullptr when the enum has none.
const UserType::Label* find_enum_label(const UserType& type, Oid label);
// Throws 22P02 "invalid input value for enum".
const UserType::Label& enum_label(const UserType& type, std::string_view text);

// Binds the array codec as far as the element type has the operations. (type_registry.cc)
void bind_array_codec(TypeInfo& type, const TypeInfo& element);

}  // namespace luma
