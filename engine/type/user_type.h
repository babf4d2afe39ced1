#pragma once
// Enums, domains and composite types that users define. The catalog says what they are when it
// loads or changes one; find_type() then serves them and their arrays like built-in types. The
// table only grows: oids are not used twice, and a row that a newer definition replaces stays valid
// for who still holds it. Thread-safe.
//
// Values: an enum is the oid of its label (kInt32); a domain has its base type's form and codec
// (its constraints and typmod are the caller's); a composite has the record form (record.h).
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
  char type_type = 'e';     // e enum, d domain, c composite
  Oid array = kInvalidOid;  // the array type, named "_" + name unless array_name says otherwise
  std::string array_name;
  std::vector<Label> labels;    // enum
  TypeRef base;                 // domain
  Oid relation = kInvalidOid;   // composite
  std::vector<TypeRef> fields;  // composite: types of its live columns, in order
};

// Adds the type and its array type, or replaces what was said of this oid before. Base and field
// types must be known already; a domain's base else gives XX000.
void define_user_type(UserType type);

// nullptr when no such type was defined.
const TypeInfo* find_user_type(Oid oid);

// The label with this oid, nullptr when the enum has none.
const UserType::Label* find_enum_label(const UserType& type, Oid label);
// Throws 22P02 "invalid input value for enum".
const UserType::Label& enum_label(const UserType& type, std::string_view text);

// Binds the array codec as far as the element type has the operations. (type_registry.cc)
void bind_array_codec(TypeInfo& type, const TypeInfo& element);

}  // namespace luma
