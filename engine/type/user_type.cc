#include "engine/type/user_type.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/multirange.h"
#include "engine/type/record.h"
#include "engine/type/string.h"

namespace luma {
namespace {

// Labels

const UserType::Label& label_of(const Datum& value, const TypeInfo& type) {
  const UserType::Label* label = find_enum_label(*type.user, value.oid());
  if (label == nullptr) {
    throw sql_error(SqlState::kInvalidBinaryRepresentation, "invalid internal value for enum: {}",
                    value.oid());
  }
  return *label;
}

Datum enum_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  return Datum::of_oid(enum_label(*type.user, text).oid);
}
Datum enum_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext&, Arena&) {
  verify_utf8(bytes);
  return Datum::of_oid(enum_label(*type.user, bytes).oid);
}
void enum_out(const Datum& value, const TypeInfo& type, const IoContext&, std::string& out) {
  out += label_of(value, type).text;
}
int enum_compare(const Datum& a, const Datum& b, const TypeInfo& type) {
  if (a.oid() == b.oid()) return 0;
  float x = label_of(a, type).sort_order;
  float y = label_of(b, type).sort_order;
  return x < y ? -1 : x > y;
}
uint64_t enum_hash(const Datum& value, const TypeInfo&) { return hash_int64(value.oid()); }

// The sort order, which a label keeps for good, then the label.
void enum_key(const Datum& value, const TypeInfo& type, std::string& out) {
  float order = label_of(value, type).sort_order;
  auto bits = std::bit_cast<uint32_t>(order == 0 ? 0.0f : order);
  put_u32(out, (bits >> 31) != 0 ? ~bits : bits | 0x80000000u);
  put_u32(out, value.oid());
}
Datum enum_from_key(std::string_view& key, const TypeInfo&, Arena&) {
  take_key_u32(key);
  return Datum::of_oid(take_key_u32(key));
}

// Composites: input needs the fields' types, all else the record carries itself.

Datum composite_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext& io,
                   Arena& arena) {
  return parse_record(text, type.user->fields, io, arena);
}
Datum composite_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext& io,
                     Arena& arena) {
  return receive_record(bytes, type.user->fields, io, arena);
}

struct Definition {
  UserType type;
  std::string array_name;
  TypeInfo info;
  TypeInfo array_info;
  RangeKind range;  // of a range
};

void describe_enum(TypeInfo& info) {
  info.len = 4;
  info.by_value = true;
  info.category = 'E';
  info.physical = PhysicalType::kInt32;
  info.input = enum_in;
  info.output = enum_out;
  info.receive = enum_recv;
  info.send = enum_out;
  info.compare = enum_compare;
  info.hash = enum_hash;
  info.key_encode = enum_key;
  info.key_decode = enum_from_key;
}

void describe_composite(TypeInfo& info) {
  Oid oid = info.oid;
  std::string_view name = info.name;
  const UserType* user = info.user;
  info = type_info(type_oid::kRecord);
  info.oid = oid;
  info.name = name;
  info.user = user;
  info.type_type = 'c';
  info.category = 'C';
  info.align = 'd';
  info.storage = 'x';
  info.relation = user->relation;
  info.array = user->array;
  info.input = composite_in;
  info.receive = composite_recv;
}

// Domains: their base's codecs, but input goes through the constraints.

Datum constrained(Datum value, const TypeInfo& type, const TypeInfo& base, int32_t typmod,
                  const IoContext& io, Arena& arena) {
  Datum fitted = apply_typmod(value, base, typmod, false, arena);
  check_domain(type.oid, Value(fitted), io);
  return fitted;
}

Datum domain_in(std::string_view text, const TypeInfo& type, int32_t, const IoContext& io,
                Arena& arena) {
  TypeRef ref = base_type_of(TypeRef{type.oid, -1});
  const TypeInfo& base = type_info(ref.oid);
  return constrained(base.input(text, base, ref.typmod, io, arena), type, base, ref.typmod, io,
                     arena);
}
Datum domain_recv(std::string_view bytes, const TypeInfo& type, int32_t, const IoContext& io,
                  Arena& arena) {
  TypeRef ref = base_type_of(TypeRef{type.oid, -1});
  const TypeInfo& base = type_info(ref.oid);
  return constrained(base.receive(bytes, base, ref.typmod, io, arena), type, base, ref.typmod, io,
                     arena);
}

// The base's labels or fields stay reachable: its codec looks for them here.
void describe_domain(TypeInfo& info, const UserType& user) {
  std::string_view name = info.name;
  info = type_info(user.base.oid);
  info.oid = user.oid;
  info.name = name;
  info.type_type = 'd';
  info.preferred = false;
  info.array = user.array;
  if (info.input != nullptr) info.input = domain_in;
  if (info.receive != nullptr) info.receive = domain_recv;
}

// The codec of any built-in range or multirange: what is special about a type is its RangeKind.
// Keys can be read back when those of the subtype can.
void describe_range(TypeInfo& info, const TypeCodec& codec, const TypeInfo& subtype) {
  info.category = 'R';
  info.align = subtype.align == 'd' ? 'd' : 'i';
  info.storage = 'x';
  info.physical = codec.physical;
  info.input = subtype.input == nullptr ? nullptr : codec.input;
  info.output = codec.output;
  info.receive = subtype.receive == nullptr ? nullptr : codec.receive;
  info.send = subtype.send == nullptr ? nullptr : codec.send;
  info.compare = codec.compare;
  info.hash = subtype.hash == nullptr ? nullptr : codec.hash;
  info.key_encode = subtype.key_encode == nullptr ? nullptr : codec.key_encode;
  info.key_decode = subtype.key_decode == nullptr ? nullptr : codec.key_decode;
}

std::unique_ptr<Definition> describe(UserType type) {
  auto definition = std::make_unique<Definition>();
  definition->type = std::move(type);
  const UserType& user = definition->type;
  definition->array_name = user.array_name.empty() ? "_" + user.name : user.array_name;
  TypeInfo& info = definition->info;
  info.oid = user.oid;
  info.name = user.name;
  info.type_type = user.type_type;
  info.array = user.array;
  info.user = &user;
  switch (user.type_type) {
    case 'e':
      describe_enum(info);
      break;
    case 'd':
      describe_domain(info, user);
      break;
    case 'c':
      describe_composite(info);
      break;
    case 'r':
      describe_range(info, range_codecs().front(), type_info(user.base.oid));
      definition->range = {user.oid, user.multirange, user.base.oid, false};
      break;
    case 'm':
      describe_range(info, multirange_codecs().front(),
                     type_info(range_kind(user.base.oid).subtype));
      break;
    default:
      throw unsupported("a user-defined type of kind '{}'", user.type_type);
  }
  TypeInfo& array = definition->array_info;
  array.oid = user.array;
  array.name = definition->array_name;
  array.category = 'A';
  array.storage = 'x';
  array.align = info.align == 'd' ? 'd' : 'i';
  array.element = user.oid;
  array.collation = info.collation;
  array.delimiter = info.delimiter;
  bind_array_codec(array, info);
  return definition;
}

struct UserTypeTable {
  std::shared_mutex mutex;
  std::unordered_map<Oid, const TypeInfo*> types;
  std::unordered_map<Oid, TypeRef> domains;             // their bases
  std::unordered_map<Oid, const RangeKind*> ranges;     // and multiranges
  std::deque<std::unique_ptr<Definition>> definitions;  // replaced ones too
};

// The one mutable table of this folder: codecs get a type's oid only, from any thread.
UserTypeTable& table() {
  static UserTypeTable instance;
  return instance;
}

}  // namespace

void define_user_type(UserType type) {
  std::unique_ptr<Definition> definition = describe(std::move(type));
  UserTypeTable& all = table();
  const Oid oid = definition->info.oid;
  std::vector<UserType> dependents;
  {
    std::unique_lock lock(all.mutex);
    all.types[oid] = &definition->info;
    if (definition->array_info.oid != kInvalidOid) {
      all.types[definition->array_info.oid] = &definition->array_info;
    }
    if (definition->type.type_type == 'd') all.domains[oid] = definition->type.base;
    if (definition->type.type_type == 'r') {
      all.ranges[oid] = all.ranges[definition->range.multirange] = &definition->range;
    }
    all.definitions.push_back(std::move(definition));
    // Domains copied what they know of their base.
    for (const auto& [domain, base] : all.domains) {
      if (base.oid != oid) continue;
      auto latest = std::find_if(all.definitions.rbegin(), all.definitions.rend(),
                                 [&](const auto& d) { return d->info.oid == domain; });
      dependents.push_back((*latest)->type);
    }
  }
  for (UserType& dependent : dependents) define_user_type(std::move(dependent));
}

void check_domain(Oid domain, const Value& value, const IoContext& io) {
  const auto* constraints = dynamic_cast<const DomainConstraints*>(io.names);
  if (constraints != nullptr) constraints->check_domain(domain, value);
}

Oid base_type_below(Oid type) {
  if (type < kFirstUserOid) return type;
  UserTypeTable& all = table();
  std::shared_lock lock(all.mutex);
  auto found = all.domains.find(type);
  return found == all.domains.end() ? type : found->second.oid;
}

TypeRef base_type_of(TypeRef type) {
  if (type.oid < kFirstUserOid) return type;
  UserTypeTable& all = table();
  std::shared_lock lock(all.mutex);
  for (auto found = all.domains.find(type.oid); found != all.domains.end();
       found = all.domains.find(type.oid)) {
    type = {found->second.oid, type.typmod >= 0 ? type.typmod : found->second.typmod};
  }
  return type;
}

const TypeInfo* find_user_type(Oid oid) {
  UserTypeTable& all = table();
  std::shared_lock lock(all.mutex);
  auto found = all.types.find(oid);
  return found == all.types.end() ? nullptr : found->second;
}

const RangeKind* find_user_range_kind(Oid type) {
  UserTypeTable& all = table();
  std::shared_lock lock(all.mutex);
  auto found = all.ranges.find(type);
  return found == all.ranges.end() ? nullptr : found->second;
}

const UserType::Label* find_enum_label(const UserType& type, Oid label) {
  auto found = std::find_if(type.labels.begin(), type.labels.end(),
                            [label](const UserType::Label& l) { return l.oid == label; });
  return found == type.labels.end() ? nullptr : &*found;
}

const UserType::Label& enum_label(const UserType& type, std::string_view text) {
  for (const UserType::Label& label : type.labels) {
    if (label.text == text) return label;
  }
  throw sql_error(SqlState::kInvalidTextRepresentation, "invalid input value for enum {}: \"{}\"",
                  type.name, text);
}

}  // namespace luma
