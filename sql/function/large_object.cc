// lo_create, lo_open, loread and their relatives.
#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/large_objects.h"
#include "sql/catalog/operations_state.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

// What a descriptor has done cannot be undone and repeated: these functions run on workers.
LargeObjects& objects_of(RowCall& call) {
  if (call.context.session == nullptr) throw unsupported("large objects outside of a session");
  if (call.context.inline_mode) throw WouldBlock{};
  auto* state = dynamic_cast<OperationsState*>(&session_catalog(call.context).live_state());
  if (state == nullptr) throw unsupported("large objects outside of a session");
  return state->large_objects();
}

int32_t narrow(int64_t value, string_view function, int32_t descriptor) {
  if (value != static_cast<int32_t>(value)) {
    throw sql_error(SqlState::kNumericValueOutOfRange,
                    "{} result out of range for large-object descriptor {}", function, descriptor);
  }
  return static_cast<int32_t>(value);
}

uint32_t lo_creat(RowCall& call, int32_t) { return objects_of(call).create(kInvalidOid); }
uint32_t lo_create(RowCall& call, uint32_t oid) { return objects_of(call).create(oid); }
uint32_t lo_from_bytea(RowCall& call, uint32_t oid, string_view bytes) {
  LargeObjects& objects = objects_of(call);
  Oid made = objects.create(oid);
  objects.write_at(made, 0, bytes);
  return made;
}
int32_t lo_unlink(RowCall& call, uint32_t oid) {
  objects_of(call).remove(oid);
  return 1;
}
int32_t lo_open(RowCall& call, uint32_t oid, int32_t mode) {
  return objects_of(call).open(oid, mode);
}
int32_t lo_close(RowCall& call, int32_t descriptor) {
  objects_of(call).close(descriptor);
  return 0;
}
Datum loread(RowCall& call, int32_t descriptor, int32_t count) {
  return arena_string(call.arena, objects_of(call).read(descriptor, std::max(count, 0)));
}
int32_t lowrite(RowCall& call, int32_t descriptor, string_view bytes) {
  objects_of(call).write(descriptor, bytes);
  return static_cast<int32_t>(bytes.size());
}
int32_t lo_lseek(RowCall& call, int32_t descriptor, int32_t offset, int32_t whence) {
  return narrow(objects_of(call).seek(descriptor, offset, whence), "lo_lseek", descriptor);
}
int64_t lo_lseek64(RowCall& call, int32_t descriptor, int64_t offset, int32_t whence) {
  return objects_of(call).seek(descriptor, offset, whence);
}
int32_t lo_tell(RowCall& call, int32_t descriptor) {
  return narrow(objects_of(call).tell(descriptor), "lo_tell", descriptor);
}
int64_t lo_tell64(RowCall& call, int32_t descriptor) { return objects_of(call).tell(descriptor); }
int32_t lo_truncate(RowCall& call, int32_t descriptor, int32_t size) {
  objects_of(call).truncate(descriptor, size);
  return 0;
}
int32_t lo_truncate64(RowCall& call, int32_t descriptor, int64_t size) {
  objects_of(call).truncate(descriptor, size);
  return 0;
}
Datum lo_get(RowCall& call, uint32_t oid) {
  return arena_string(call.arena, objects_of(call).read_at(oid, 0, -1));
}
Datum lo_get_part(RowCall& call, uint32_t oid, int64_t offset, int32_t count) {
  if (count < 0) {
    throw SqlError(SqlState::kInvalidParameterValue, "requested length cannot be negative");
  }
  return arena_string(call.arena, objects_of(call).read_at(oid, offset, count));
}
Value lo_put(RowCall& call, const Value* args) {
  objects_of(call).write_at(static_cast<Oid>(args[0].datum.i32), args[1].datum.i64,
                            args[2].datum.str.view());
  return Datum();
}

const KernelRow kRows[] = {
    scalar_row("lo_creat(int4)", strict_kernel<lo_creat>, "makes a large object"),
    scalar_row("lo_create(oid)", strict_kernel<lo_create>, "makes a large object"),
    scalar_row("lo_from_bytea(oid,bytea)", strict_kernel<lo_from_bytea>, "makes a large object"),
    scalar_row("lo_unlink(oid)", strict_kernel<lo_unlink>, "removes a large object"),
    scalar_row("lo_open(oid,int4)", strict_kernel<lo_open>, "opens a large object"),
    scalar_row("lo_close(int4)", strict_kernel<lo_close>, "closes a large object"),
    scalar_row("loread(int4,int4)", strict_kernel<loread>, "reads from a large object"),
    scalar_row("lowrite(int4,bytea)", strict_kernel<lowrite>, "writes to a large object"),
    scalar_row("lo_lseek(int4,int4,int4)", strict_kernel<lo_lseek>, "moves in a large object"),
    scalar_row("lo_lseek64(int4,int8,int4)", strict_kernel<lo_lseek64>, "moves in a large object"),
    scalar_row("lo_tell(int4)", strict_kernel<lo_tell>, "position in a large object"),
    scalar_row("lo_tell64(int4)", strict_kernel<lo_tell64>, "position in a large object"),
    scalar_row("lo_truncate(int4,int4)", strict_kernel<lo_truncate>, "cuts a large object"),
    scalar_row("lo_truncate64(int4,int8)", strict_kernel<lo_truncate64>, "cuts a large object"),
    scalar_row("lo_get(oid)", strict_kernel<lo_get>, "a large object's bytes"),
    scalar_row("lo_get(oid,int8,int4)", strict_kernel<lo_get_part>, "a large object's bytes"),
    scalar_row("lo_put(oid,int8,bytea)", row_kernel<lo_put>, "writes to a large object"),
};

}  // namespace

std::span<const KernelRow> large_object_kernels() { return kRows; }

}  // namespace luma
