#pragma once
// In-memory form of composite values and anonymous records. The bytes of the varlen value:
//   u32 field count, then per field: u32 type oid, i32 typmod, u32 length (0xFFFFFFFF: NULL), and
//   the bytes (fixed types: their physical bytes). Little-endian, unaligned. Records carry their
//   field types with them, so no catalog is needed to print or compare one.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> record_codecs();

// Reads a record in place: fields point into its bytes, which must outlive the view.
class RecordView {
 public:
  explicit RecordView(const Datum& value);

  uint32_t size() const { return static_cast<uint32_t>(fields_.size()); }
  TypeRef type(uint32_t i) const { return fields_[i].type; }
  Value field(uint32_t i) const;

 private:
  struct Field {
    TypeRef type;
    const char* data;  // null: NULL
    uint32_t length;
  };
  std::vector<Field> fields_;
};

// Fields are appended in order. Long values need to live only until add() returns.
class RecordBuilder {
 public:
  void add(TypeRef type, const Value& value);
  void add(TypeRef type, PhysicalType physical, const Value& value);
  Datum finish(Arena& arena) const;

 private:
  uint32_t count_ = 0;
  std::string bytes_;
};

// "(1,\"a b\",)" with the field types of a known row type. Throws 22P02 "malformed record literal".
Datum parse_record(std::string_view text, std::span<const TypeRef> fields, const IoContext& io,
                   Arena& arena);
// The wire form; the field types must agree with `fields` (42804 otherwise).
Datum receive_record(std::string_view bytes, std::span<const TypeRef> fields, const IoContext& io,
                     Arena& arena);

int compare_records(const Datum& a, const Datum& b);

// Whether values of one type can be read as the other's.
bool is_read_alike(const TypeInfo& a, const TypeInfo& b);

}  // namespace luma
