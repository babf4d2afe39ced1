// concat, concat_ws, format, quote_*, num_nulls: functions of arguments of any type.
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/integer.h"
#include "engine/type/network.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/name_resolution.h"
#include "sql/function/families.h"
#include "sql/function/variadic.h"
#include "sql/parse/deparse.h"

namespace luma {

namespace {

using std::string_view;

using Typed = TypedValue;

void append_text(const RowCall& call, const Typed& argument, std::string& out) {
  append_value_text(call.context, argument, out);
}

// As a cast to text has it, which for some types is not what their output function prints.
void append_cast_to_text(const RowCall& call, const Typed& argument, std::string& out) {
  if (argument.type.oid == type_oid::kBool) {
    out += argument.value.datum.b ? "true" : "false";
  } else if (argument.type.oid == kInetOid || argument.type.oid == kCidrOid) {
    append_address_text(NetworkAddress(argument.value.datum.str.view()), out);
  } else {
    append_text(call, argument, out);
  }
}

Value concat(RowCall& call, const Value* args) {
  if (spreads_null(call, args)) return Value::null();
  std::string out;
  for (const Typed& argument : variadic_arguments(call, args, 0)) {
    if (!argument.value.is_null) append_text(call, argument, out);
  }
  return arena_string(call.arena, out);
}

Value concat_ws(RowCall& call, const Value* args) {
  if (args[0].is_null || spreads_null(call, args)) return Value::null();
  std::string out;
  bool first = true;
  for (const Typed& argument : variadic_arguments(call, args, 1)) {
    if (argument.value.is_null) continue;
    if (!first) out += args[0].datum.str.view();
    first = false;
    append_text(call, argument, out);
  }
  return arena_string(call.arena, out);
}

// text || anything
Value text_with_any(RowCall& call, const Value* args) {
  std::string out;
  for (size_t i = 0; i < 2; ++i) {
    append_cast_to_text(call, {args[i], call.expr.args[i]->type}, out);
  }
  return arena_string(call.arena, out);
}

// --- format() ---
class Formatter {
 public:
  Formatter(RowCall& call, string_view format, std::vector<Typed> args)
      : call_(call), in_(format), args_(std::move(args)) {}

  std::string run() {
    while (at_ < in_.size()) {
      char c = in_[at_++];
      if (c != '%') {
        out_ += c;
      } else if (at_ < in_.size() && in_[at_] == '%') {
        out_ += '%';
        ++at_;
      } else {
        specifier();
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] static void fail(SqlState state, string_view message, bool hint) {
    SqlError error = sql_error(state, "{}", message);
    if (hint) error.hint("For a single \"%\" use \"%%\".");
    throw error;
  }
  char peek() const {
    if (at_ >= in_.size())
      fail(SqlState::kInvalidParameterValue, "unterminated format() type specifier", true);
    return in_[at_];
  }
  bool number(int64_t& value) {
    if (peek() < '0' || peek() > '9') return false;
    value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + (in_[at_++] - '0');
      if (value > INT32_MAX)
        fail(SqlState::kNumericValueOutOfRange, "number is out of range", false);
    }
    return true;
  }
  const Typed& argument(int64_t position) {
    if (position >= 0) {
      if (position == 0) {
        fail(SqlState::kInvalidParameterValue,
             "format specifies argument 0, but arguments are numbered from 1", false);
      }
      next_ = static_cast<size_t>(position) - 1;
    }
    if (next_ >= args_.size())
      fail(SqlState::kInvalidParameterValue, "too few arguments for format()", false);
    return args_[next_++];
  }

  void specifier() {
    int64_t position = -1, width = 0, parsed;
    bool left = false;
    if (number(parsed)) {
      if (peek() == '$') {
        ++at_;
        position = parsed;
        if (position == 0) argument(0);
      } else {
        width = parsed;
      }
    }
    while (peek() == '-') {
      left = true;
      ++at_;
    }
    if (peek() == '*') {
      ++at_;
      int64_t width_position = -1;
      if (number(parsed)) {
        if (peek() != '$') {
          fail(SqlState::kInvalidParameterValue, "width argument position must be ended by \"$\"",
               false);
        }
        ++at_;
        width_position = parsed;
      }
      width = width_of(argument(width_position));
    } else if (number(parsed)) {
      width = parsed;
    }
    if (width < 0) {
      left = true;
      width = -width;
    }
    emit(peek(), position, width, left);
    ++at_;
  }

  int64_t width_of(const Typed& argument) {
    if (argument.value.is_null) return 0;
    std::string text;
    append_text(call_, argument, text);
    return parse_int32(text);
  }

  void emit(char kind, int64_t position, int64_t width, bool left) {
    if (kind != 's' && kind != 'I' && kind != 'L') {
      fail(SqlState::kInvalidParameterValue,
           fmt::format("unrecognized format() type specifier \"{}\"", kind), true);
    }
    const Typed& value = argument(position);
    std::string text;
    if (value.value.is_null) {
      if (kind == 'I') {
        fail(SqlState::kNullValueNotAllowed, "null values cannot be formatted as an SQL identifier",
             false);
      }
      if (kind == 'L') text = "NULL";
    } else {
      append_text(call_, value, text);
      if (kind == 'I') text = quote_identifier(text);
      if (kind == 'L') text = quote_literal(text);
    }
    auto have = static_cast<int64_t>(utf8_length(text));
    std::string fill(static_cast<size_t>(std::max<int64_t>(0, width - have)), ' ');
    out_ += left ? text + fill : fill + text;
  }

  RowCall& call_;
  string_view in_;
  std::vector<Typed> args_;
  std::string out_;
  size_t at_ = 0;
  size_t next_ = 0;
};

Value format(RowCall& call, const Value* args) {
  if (args[0].is_null) return Value::null();
  std::string text =
      Formatter(call, args[0].datum.str.view(), variadic_arguments(call, args, 1)).run();
  return arena_string(call.arena, text);
}

Value count_nulls(RowCall& call, const Value* args, bool nulls) {
  if (spreads_null(call, args)) return Value::null();
  int32_t found = 0;
  for (const Typed& argument : variadic_arguments(call, args, 0))
    found += argument.value.is_null == nulls;
  return Datum::of_int32(found);
}
Value num_nulls(RowCall& call, const Value* args) { return count_nulls(call, args, true); }
Value num_nonnulls(RowCall& call, const Value* args) { return count_nulls(call, args, false); }

Datum quoted_identifier(RowCall& call, string_view text) {
  return arena_string(call.arena, quote_identifier(text));
}
Datum quoted_literal(RowCall& call, string_view text) {
  return arena_string(call.arena, quote_literal(text));
}
Value quoted_any(RowCall& call, const Value* args) {
  std::string text;
  append_cast_to_text(call, {args[0], call.expr.args[0]->type}, text);
  return arena_string(call.arena, quote_literal(text));
}
Value quoted_nullable(RowCall& call, const Value* args) {
  return args[0].is_null ? Value(Datum::of_string(string_view("NULL"))) : quoted_any(call, args);
}

const KernelRow kRows[] = {
    scalar_row("concat(any)", row_kernel<concat, false>, "texts of all arguments"),
    scalar_row("concat_ws(text,any)", row_kernel<concat_ws, false>,
               "texts of all arguments with a separator"),
    scalar_row("format(text)", row_kernel<format, false>, "formatted text"),
    scalar_row("format(text,any)", row_kernel<format, false>, "formatted text"),
    scalar_row("num_nulls(any)", row_kernel<num_nulls, false>, "number of NULL arguments"),
    scalar_row("num_nonnulls(any)", row_kernel<num_nonnulls, false>,
               "number of arguments that are not NULL"),
    scalar_row("textanycat(text,anynonarray)", row_kernel<text_with_any>),
    scalar_row("anytextcat(anynonarray,text)", row_kernel<text_with_any>),
    scalar_row("quote_ident(text)", strict_kernel<&quoted_identifier>, "as an identifier"),
    scalar_row("quote_literal(text)", strict_kernel<&quoted_literal>, "as a literal"),
    scalar_row("quote_literal(anyelement)", row_kernel<quoted_any>, "as a literal"),
    scalar_row("quote_nullable(text)", row_kernel<quoted_nullable, false>, "as a literal or NULL"),
    scalar_row("quote_nullable(anyelement)", row_kernel<quoted_nullable, false>,
               "as a literal or NULL"),
};

}  // namespace

std::span<const KernelRow> text_format_kernels() { return kRows; }

}  // namespace luma
