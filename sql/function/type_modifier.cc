// What clients that read pg_type do with its columns typmodin and typmodout, and types of argument
// lists as text.
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/type_info.h"
#include "engine/type/typmod.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

int32_t modifier_of(std::string_view text) {
  int32_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error == std::errc() && end == text.data() + text.size()) return out;
  throw sql_error(SqlState::kInvalidTextRepresentation,
                  "invalid input syntax for type integer: \"{}\"", text);
}

template <Oid type>
Value typmod_in(RowCall&, const Value* args) {
  ArrayView texts(args[0].datum);
  if (texts.dimension_count() != 1) {
    throw SqlError(SqlState::kArraySubscriptError, "typmod array must be one-dimensional");
  }
  std::vector<int32_t> modifiers;
  for (uint32_t i = 0; i < texts.size(); ++i) {
    if (texts.is_null(i)) {
      throw SqlError(SqlState::kNullValueNotAllowed, "typmod array must not contain nulls");
    }
    modifiers.push_back(modifier_of(texts.datum(i).str.view()));
  }
  return Datum::of_int32(parse_typmod(type, modifiers));
}

template <Oid type>
Value typmod_out(RowCall& call, const Value* args) {
  std::string out = typmod_text(type, args[0].datum.i32);
  if (type == type_oid::kTime || type == type_oid::kTimestamp) out += " without time zone";
  if (type == type_oid::kTimetz || type == type_oid::kTimestamptz) out += " with time zone";
  return arena_string(call.arena, out);
}

Value types_of_vector(RowCall& call, const Value* args) {
  ArrayView oids(args[0].datum);
  std::string out;
  for (uint32_t i = 0; i < oids.size(); ++i) {
    if (i > 0) out += ", ";
    out += session_catalog(call.context).catalog().type_name(oids.datum(i).oid());
  }
  return arena_string(call.arena, out);
}

#define LUMA_TYPMOD(name, oid)                                       \
  scalar_row(name "typmodin(_cstring)", row_kernel<typmod_in<oid>>), \
      scalar_row(name "typmodout(int4)", row_kernel<typmod_out<oid>>)

const KernelRow kRows[] = {
    LUMA_TYPMOD("bpchar", 1042),
    LUMA_TYPMOD("varchar", 1043),
    LUMA_TYPMOD("time", 1083),
    LUMA_TYPMOD("timestamp", 1114),
    LUMA_TYPMOD("timestamptz", 1184),
    LUMA_TYPMOD("interval", 1186),
    LUMA_TYPMOD("timetz", 1266),
    LUMA_TYPMOD("bit", 1560),
    LUMA_TYPMOD("varbit", 1562),
    LUMA_TYPMOD("numeric", 1700),
    scalar_row("oidvectortypes(oidvector)", row_kernel<types_of_vector>,
               "the types of an argument list"),
};

#undef LUMA_TYPMOD

}  // namespace

std::span<const KernelRow> type_modifier_kernels() { return kRows; }

}  // namespace luma
