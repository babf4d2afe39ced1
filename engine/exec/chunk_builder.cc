#include "engine/exec/chunk_builder.h"

namespace luma {

namespace {

template <typename T>
void copy_typed(Vector& to, uint32_t at, const Vector& from, uint32_t first, uint32_t count) {
  auto source = from.unified<T>();
  T* target = to.mutable_data<T>() + at;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t index = source.index(first + i);
    if (!source.valid_at(index)) {
      to.set_null(at + i);
      continue;
    }
    to.set_valid(at + i);
    target[i] = source.data[index];
  }
}

}  // namespace

void append_rows(Vector& to, uint32_t at, const Vector& from, uint32_t first, uint32_t count) {
  switch (physical_size(to.physical())) {
    case 1:
      copy_typed<uint8_t>(to, at, from, first, count);
      break;
    case 2:
      copy_typed<uint16_t>(to, at, from, first, count);
      break;
    case 4:
      copy_typed<uint32_t>(to, at, from, first, count);
      break;
    case 8:
      copy_typed<uint64_t>(to, at, from, first, count);
      break;
    default:
      copy_typed<Datum>(to, at, from, first, count);
      break;
  }
  if (to.physical() != PhysicalType::kVarlen) return;
  auto* texts = to.mutable_data<StringRef>() + at;
  for (uint32_t i = 0; i < count; ++i) {
    if (!to.is_null(at + i) && !texts[i].is_inline()) texts[i] = to.add_string(texts[i].view());
  }
}

void append_rows(Chunk& to, const Chunk& from, uint32_t first, uint32_t count) {
  for (size_t c = 0; c < to.columns.size(); ++c) {
    append_rows(to.columns[c], to.size, from.columns[c], first, count);
  }
  to.size += count;
}

}  // namespace luma
