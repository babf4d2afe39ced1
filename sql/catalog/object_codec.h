#pragma once
// Catalog objects as bytes: the values of the catalog column family. Format: one byte version, then
// CBOR of a map with named fields; a reader takes defaults for fields that an older writer lacked.
// Keys: database, class and oid as 4-byte big-endian numbers (database 0: shared objects).
#include <string>
#include <string_view>

#include "sql/catalog/object.h"

namespace luma {

struct StoredKey {
  Oid database = kInvalidOid;
  Oid class_id = kInvalidOid;
  Oid oid = kInvalidOid;
};
std::string encode_object_key(const StoredKey& key);
// Throws XX001 for anything that is no such key.
StoredKey decode_object_key(std::string_view bytes);

std::string encode_object(const CatalogObject& object);
// Throws XX001 when the bytes are damaged or from a newer version.
ObjectPtr decode_object(std::string_view bytes);

}  // namespace luma
