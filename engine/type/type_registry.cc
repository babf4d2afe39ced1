// The table of built-in types: facts from builtin_types.inc, codecs bound by name.
#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/array.h"
#include "engine/type/bit_string.h"
#include "engine/type/boolean.h"
#include "engine/type/bytea.h"
#include "engine/type/datetime.h"
#include "engine/type/extension_type.h"
#include "engine/type/float.h"
#include "engine/type/geometry.h"
#include "engine/type/integer.h"
#include "engine/type/json.h"
#include "engine/type/jsonpath.h"
#include "engine/type/mac_address.h"
#include "engine/type/money.h"
#include "engine/type/multirange.h"
#include "engine/type/network.h"
#include "engine/type/numeric.h"
#include "engine/type/object_id.h"
#include "engine/type/range.h"
#include "engine/type/record.h"
#include "engine/type/snapshot.h"
#include "engine/type/string.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "engine/type/tuple_id.h"
#include "engine/type/type_codec.h"
#include "engine/type/type_info.h"
#include "engine/type/user_type.h"
#include "engine/type/uuid.h"
#include "engine/type/xml_text.h"

namespace luma {
namespace {

TypeInfo facts(Oid oid, std::string_view name, int16_t len, bool by_value, char type_type,
               char category, bool preferred, char delimiter, Oid relation, Oid element, Oid array,
               char align, char storage, Oid collation) {
  TypeInfo type;
  type.oid = oid;
  type.name = name;
  type.len = len;
  type.by_value = by_value;
  type.type_type = type_type;
  type.category = category;
  type.preferred = preferred;
  type.delimiter = delimiter;
  type.relation = relation;
  type.element = element;
  type.array = array;
  type.align = align;
  type.storage = storage;
  type.collation = collation;
  return type;
}

void bind(TypeInfo& type, const TypeCodec& codec) {
  type.physical = codec.physical;
  type.input = codec.input;
  type.output = codec.output;
  type.receive = codec.receive;
  type.send = codec.send;
  type.compare = codec.compare;
  type.hash = codec.hash;
  type.key_encode = codec.key_encode;
  type.key_decode = codec.key_decode;
}

}  // namespace

void bind_array_codec(TypeInfo& type, const TypeInfo& element) {
  bind(type, array_codec());
  if (element.input == nullptr) type.input = nullptr;
  if (element.output == nullptr) type.output = nullptr;
  if (element.receive == nullptr) type.receive = nullptr;
  if (element.send == nullptr) type.send = nullptr;
  if (element.compare == nullptr) type.compare = nullptr;
  if (element.hash == nullptr) type.hash = nullptr;
  if (element.key_encode == nullptr) type.key_encode = nullptr;
  if (element.key_decode == nullptr) type.key_decode = nullptr;
}

namespace {

class TypeRegistry {
 public:
  TypeRegistry() {
    types_ = {
#define LUMA_TYPE(...) facts(__VA_ARGS__),
#include "engine/type/builtin_types.inc"
#include "engine/type/extension_types.inc"
#undef LUMA_TYPE
    };
    index_of_oid_.fill(kNone);
    for (size_t i = 0; i < types_.size(); ++i) {
      index_of_oid_[types_[i].oid] = static_cast<uint16_t>(i);
      index_of_name_.emplace(types_[i].name, static_cast<uint16_t>(i));
    }
    for (std::span<const TypeCodec> family :
         {boolean_codecs(),   integer_codecs(),      float_codecs(),      numeric_codecs(),
          money_codecs(),     string_codecs(),       bytea_codecs(),      uuid_codecs(),
          object_id_codecs(), array_vector_codecs(), record_codecs(),     datetime_codecs(),
          json_codecs(),      bit_string_codecs(),   network_codecs(),    mac_address_codecs(),
          tuple_id_codecs(),  range_codecs(),        multirange_codecs(), geometry_codecs(),
          snapshot_codecs(),  text_vector_codecs(),  text_query_codecs(), jsonpath_codecs(),
          citext_codecs(),    hstore_codecs(),       ltree_codecs(),      xml_codecs()}) {
      for (const TypeCodec& codec : family) bind(types_[index_of_name_.at(codec.name)], codec);
    }
    for (TypeInfo& type : types_) {
      bool is_array = type.is_array() || type.oid == type_oid::kRecordArray;
      if (is_array) bind_array_codec(type, types_[index_of_oid_[type.element]]);
    }
    // Catalog columns are declared so (pg_attribute.attmissingval): an array says what it holds.
    TypeInfo& any_array = types_[index_of_oid_[type_oid::kAnyArray]];
    any_array.output = array_codec().output;
    any_array.send = array_codec().send;
  }

  const TypeInfo* find(Oid oid) const {
    if (oid >= kFirstUserOid || index_of_oid_[oid] == kNone) return nullptr;
    return &types_[index_of_oid_[oid]];
  }
  const TypeInfo* find(std::string_view name) const {
    auto found = index_of_name_.find(name);
    return found == index_of_name_.end() ? nullptr : &types_[found->second];
  }
  std::span<const TypeInfo> all() const { return types_; }

 private:
  static constexpr uint16_t kNone = 0xFFFF;
  std::vector<TypeInfo> types_;
  std::array<uint16_t, kFirstUserOid> index_of_oid_;
  std::unordered_map<std::string_view, uint16_t> index_of_name_;
};

const TypeRegistry& registry() {
  static const TypeRegistry instance;
  return instance;
}

}  // namespace

const TypeInfo* find_type(Oid oid) {
  return oid < kFirstUserOid ? registry().find(oid) : find_user_type(oid);
}

const TypeInfo* find_type(std::string_view name) { return registry().find(name); }

const TypeInfo& type_info(Oid oid) {
  const TypeInfo* type = find_type(oid);
  if (type == nullptr)
    throw sql_error(SqlState::kInternalError, "cache lookup failed for type {}", oid);
  return *type;
}

std::span<const TypeInfo> all_types() { return registry().all(); }

Datum copy_datum(const Datum& value, PhysicalType physical, Arena& arena) {
  if (physical != PhysicalType::kVarlen || value.str.is_inline()) return value;
  return Datum::of_string(arena.copy(value.str.view()));
}

}  // namespace luma
