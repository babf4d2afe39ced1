// to_char() of numbers and to_number().
#include "engine/exec/kernel_adapter.h"
#include "engine/type/number_format.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"

namespace luma {

namespace {

using std::string_view;

template <typename T, std::string (*format_number)(T, string_view)>
Datum to_text(RowCall& call, T value, string_view format) {
  return arena_string(call.arena, format_number(value, format));
}
Datum numeric_to_text(RowCall& call, const Datum& value, string_view format) {
  return arena_string(call.arena, to_char_numeric(value, format));
}
std::optional<Datum> parse(RowCall& call, string_view text, string_view format) {
  return to_number(text, format, call.arena);
}

const KernelRow kRows[] = {
    scalar_row("to_char(int4,text)", strict_kernel<&to_text<int32_t, to_char_int32>>,
               "formatted number"),
    scalar_row("to_char(int8,text)", strict_kernel<&to_text<int64_t, to_char_int64>>,
               "formatted number"),
    scalar_row("to_char(float4,text)", strict_kernel<&to_text<float, to_char_float4>>,
               "formatted number"),
    scalar_row("to_char(float8,text)", strict_kernel<&to_text<double, to_char_float8>>,
               "formatted number"),
    scalar_row("to_char(numeric,text)", strict_kernel<&numeric_to_text>, "formatted number"),
    scalar_row("to_number(text,text)", strict_kernel<&parse>, "number of a formatted text"),
};

}  // namespace

std::span<const KernelRow> number_text_kernels() { return kRows; }

}  // namespace luma
