#pragma once
// oid and its aliases (regclass, regtype, ...), xid, xid8, cid, tid, pg_lsn.
#include <span>

#include "engine/type/type_codec.h"

namespace luma {

std::span<const TypeCodec> object_id_codecs();

Oid parse_oid(std::string_view text);
// A tid is kept as block << 16 | offset.
void append_tid(int64_t tid, std::string& out);

}  // namespace luma
