#pragma once
// What LumaDB knows of a data type: PostgreSQL's facts (pg_type) and our codecs. One row a type;
// the catalog, the binder, the wire and storage all read it from here. Immutable after start-up.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/arena.h"
#include "engine/type/datum.h"
#include "engine/type/oid.h"

namespace luma {

// A type as an expression has it: typmod is PostgreSQL's (-1 none; varchar(n) is n + 4; ...).
struct TypeRef {
  Oid oid = kInvalidOid;
  int32_t typmod = -1;
  bool operator==(const TypeRef&) const = default;
};

enum class DateOrder : uint8_t { kYmd, kDmy, kMdy };
enum class DateStyle : uint8_t { kIso, kPostgres, kSql, kGerman };
enum class IntervalStyle : uint8_t { kPostgres, kPostgresVerbose, kSqlStandard, kIso8601 };
enum class ByteaOutput : uint8_t { kHex, kEscape };

class TimeZone;  // engine/type/timezone.h

// Names behind oid-alias types (regclass, regtype, regproc, ...); the catalog implements it.
class ObjectNames {
 public:
  virtual ~ObjectNames() = default;
  // Text form of `oid` as the alias type `alias_type` shows it; "" when there is no such object.
  virtual std::string name_of(Oid alias_type, Oid oid) const = 0;
  // The object that `text` names; throws the error PostgreSQL gives when there is none.
  virtual Oid oid_of(Oid alias_type, std::string_view text) const = 0;
};

// Session settings that input and output of values depend on. Read-only while a statement runs.
struct IoContext {
  DateStyle date_style = DateStyle::kIso;
  DateOrder date_order = DateOrder::kMdy;
  IntervalStyle interval_style = IntervalStyle::kPostgres;
  ByteaOutput bytea_output = ByteaOutput::kHex;
  int extra_float_digits = 1;
  const TimeZone* time_zone = nullptr;  // nullptr: UTC
  int64_t now_micros = 0;               // start of the transaction; what 'now', 'today' mean
  const ObjectNames* names = nullptr;
};

struct TypeInfo;
struct UserType;

// Text input; allocates from `arena`; throws 22P02, 22003, 22007, ... with PostgreSQL's message.
// The typmod is NOT applied here (a separate coercion does it), except where input depends on it.
using TextInput = Datum (*)(std::string_view text, const TypeInfo& type, int32_t typmod,
                            const IoContext& io, Arena& arena);
// Appends the text form to `out`.
using TextOutput = void (*)(const Datum& value, const TypeInfo& type, const IoContext& io,
                            std::string& out);
// Wire binary formats (pg-clients 2.6). Receive throws 22P03 or 08P01 on malformed bytes.
using BinaryReceive = Datum (*)(std::string_view bytes, const TypeInfo& type, int32_t typmod,
                                const IoContext& io, Arena& arena);
using BinarySend = void (*)(const Datum& value, const TypeInfo& type, const IoContext& io,
                            std::string& out);
// PostgreSQL's btree order: <0, 0, >0. nullptr when the type has no order (json, point, ...).
using CompareFn = int (*)(const Datum& a, const Datum& b, const TypeInfo& type);
// Equal values hash equally (1.0 and 1.00, 0.0 and -0.0, ...).
using HashFn = uint64_t (*)(const Datum& value, const TypeInfo& type);
// Memcomparable key bytes, appended: bytewise order of keys == CompareFn order, and prefix-free.
using KeyEncode = void (*)(const Datum& value, const TypeInfo& type, std::string& out);
// Reads one key back and advances `bytes`; nullptr when the key does not hold the exact value
// (numeric keys drop the display scale), then the row has it.
using KeyDecode = Datum (*)(std::string_view& bytes, const TypeInfo& type, Arena& arena);

struct TypeInfo {
  // pg_type facts
  Oid oid = kInvalidOid;
  std::string_view name;
  int16_t len = -1;
  bool by_value = false;
  char type_type = 'b';  // b base, c composite, d domain, e enum, p pseudo, r range, m multirange
  char category = 'U';
  bool preferred = false;
  char delimiter = ',';
  Oid relation = kInvalidOid;  // typrelid of a composite
  Oid element = kInvalidOid;   // typelem
  Oid array = kInvalidOid;     // typarray
  char align = 'i';
  char storage = 'p';
  Oid collation = kInvalidOid;
  // ours
  PhysicalType physical = PhysicalType::kVarlen;
  TextInput input = nullptr;
  TextOutput output = nullptr;
  BinaryReceive receive = nullptr;
  BinarySend send = nullptr;
  CompareFn compare = nullptr;
  HashFn hash = nullptr;
  KeyEncode key_encode = nullptr;
  KeyDecode key_decode = nullptr;
  const UserType* user = nullptr;  // labels, fields, base of a user-defined type (user_type.h)

  // A true array type ("integer[]"), which int2vector and oidvector are not.
  bool is_array() const {
    return element != kInvalidOid && len == -1 && category == 'A' && storage == 'x' &&
           type_type != 'd';
  }
};

// nullptr when no such type exists. Thread-safe; constant time. Knows user-defined types (oid from
// kFirstUserOid) once user_type.h has been told of them.
const TypeInfo* find_type(Oid oid);
// By internal name ("int4", "_text"); nullptr when unknown.
const TypeInfo* find_type(std::string_view name);
// Throws XX000 "cache lookup failed for type".
const TypeInfo& type_info(Oid oid);
// All rows, ordered by oid.
std::span<const TypeInfo> all_types();

// "character varying(10)", "numeric(10,2)", "integer[]": what format_type() shows.
std::string format_type(Oid oid, int32_t typmod = -1);

// Applies a typmod as a coercion does: varchar(n) truncation or 22001, numeric(p,s) rounding or
// 22003, timestamp(p) rounding, char(n) padding, ... `explicit_cast` truncates strings silently, as
// PostgreSQL does.
Datum apply_typmod(const Datum& value, const TypeInfo& type, int32_t typmod, bool explicit_cast,
                   Arena& arena);

// Deep copy: long strings are copied into `arena`.
Datum copy_datum(const Datum& value, PhysicalType physical, Arena& arena);

}  // namespace luma
