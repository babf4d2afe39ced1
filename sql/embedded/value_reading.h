#pragma once
// Values of the engine as C++ values. All throw embedded::Error: 42804 for a type that is not
// meant, 22003 for a number that does not fit.
#include <cstdint>
#include <string>

#include "engine/type/type_info.h"
#include "sql/embedded/luma.h"

namespace luma::embedded_internal {

// Values of the type are their text already.
bool is_plain_text(const TypeInfo& type);
std::string text_of(const Datum& value, const TypeInfo& type, const IoContext& io);

bool read_bool(const Datum& value, const TypeInfo& type);
// smallint, integer, bigint, oid and whole numeric, if within the limits.
int64_t read_integer(const Datum& value, const TypeInfo& type, int64_t minimum, int64_t maximum);
double read_double(const Datum& value, const TypeInfo& type);
embedded::Bytes read_bytes(const Datum& value, const TypeInfo& type);

}  // namespace luma::embedded_internal
