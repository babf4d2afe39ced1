#pragma once
// Type modifiers: the numbers in varchar(10), numeric(10,2), timestamp(3). apply_typmod() and
// format_type() are declared in type_info.h.
#include <cstdint>
#include <span>
#include <string>

#include "engine/type/oid.h"

namespace luma {

// The typmod for the modifiers written after a type name (for arrays: of their element type). For
// interval the list is PostgreSQL's: field mask, then precision. Throws 22023 with PostgreSQL's
// texts and 42601 for a type that takes none.
int32_t parse_typmod(Oid type, std::span<const int32_t> modifiers);

// "(10,2)" as typmodout shows it, "" when there is none.
std::string typmod_text(Oid type, int32_t typmod);

// SQL's format_type(oid, typmod) with a typmod that is given, be it -1: it then tells bpchar, which
// has no length, from character(1), and prints "bpchar". format_type(oid) alone prints "character".
std::string format_type_with_typmod(Oid oid, int32_t typmod);

}  // namespace luma
