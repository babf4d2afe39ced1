#pragma once
// Base types of extensions (citext, hstore, ltree). They are built in, with oids of their own below
// kFirstUserOid that are the same everywhere, but a database has them only once CREATE EXTENSION
// has made catalog objects of them. The rows are in engine/type/extension_types.inc.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

namespace type_oid {
inline constexpr Oid kCitext = 15001, kCitextArray = 15002, kHstore = 15011, kHstoreArray = 15012,
                     kLtree = 15021, kLtxtqueryArray = 15042;
}  // namespace type_oid

inline constexpr Oid kFirstExtensionTypeOid = 15000, kLastExtensionTypeOid = 15199;

inline constexpr bool is_extension_type(Oid type) {
  return type >= kFirstExtensionTypeOid && type <= kLastExtensionTypeOid;
}

// A type that stands in a database's catalog, as opposed to one that every database has.
inline constexpr bool is_created_type(Oid type) {
  return type >= kFirstUserOid || is_extension_type(type);
}

// The extension that such a type belongs to.
inline constexpr std::string_view extension_of_type(Oid type) {
  if (type >= type_oid::kLtree && type <= type_oid::kLtxtqueryArray) return "ltree";
  return type == type_oid::kHstore || type == type_oid::kHstoreArray ? "hstore" : "citext";
}

std::span<const TypeCodec> citext_codecs();
std::span<const TypeCodec> hstore_codecs();
std::span<const TypeCodec> ltree_codecs();  // lquery and ltxtquery too

}  // namespace luma
