// citext: text without regard to case. What compares is the type's codec (engine/type/citext.cc);
// patterns are those of ILIKE and of the regular expressions that ignore case.
#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/extension.h"
#include "sql/function/type_comparison.h"

namespace luma {

namespace {

using std::string_view;

Datum same(RowCall& call, string_view text) { return arena_string(call.arena, text); }

int64_t hash_extended(RowCall& call, const Datum& value, int64_t seed) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  return static_cast<int64_t>(type.hash(value, type) + static_cast<uint64_t>(seed));
}
int32_t hash(RowCall& call, const Datum& value) {
  const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
  return static_cast<int32_t>(type.hash(value, type));
}

// min and max keep a value as it was written, of equal ones the last.
template <int kSign>
struct Extreme {
  using Args = TypeList<StringRef>;
  struct State {
    std::string value;
    bool any = false;
  };
  static void add(const AggregateCall& call, State& state, const StringRef& value) {
    const TypeInfo& type = type_info(call.expr.args[0]->type.oid);
    if (state.any &&
        kSign * type.compare(Datum::of_string(value.view()), Datum::of_string(state.value), type) <
            0) {
      return;
    }
    state.value = value.view();
    state.any = true;
  }
  static void merge(const AggregateCall& call, State& into, const State& from) {
    if (from.any) add(call, into, StringRef(from.value));
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state.any) return Value::null();
    return copy_datum(Datum::of_string(state.value), PhysicalType::kVarlen, call.arena);
  }
};

ExtensionFunction extreme_row(string_view signature, const AggregateFunction* aggregate,
                              string_view transition) {
  ExtensionFunction row{signature, "citext", {}};
  row.implementation.aggregate = aggregate;
  row.strict = false;
  row.transition = transition;
  return row;
}

ExtensionFunction equality_row(string_view signature) {
  ExtensionFunction row = extension_row(signature, "bool", strict_kernel<&TypeOrder::eq>);
  row.implementation.is_equality = true;
  return row;
}

// The flags of a call, which ignores case unless they say c.
#define LUMA_CITEXT_FLAGS(n) \
  "case when pg_catalog.strpos($" n ", 'c') = 0 then $" n " || 'i' else $" n " end"
#define LUMA_CITEXT_ARGS "$1::pg_catalog.text, $2::pg_catalog.text"
// A text as the regular expression that matches it.
#define LUMA_CITEXT_QUOTED \
  "pg_catalog.regexp_replace($2::pg_catalog.text, '([^a-zA-Z_0-9])', E'\\\\\\\\\\\\1', 'g')"

const ExtensionFunction kRows[] = {
    extension_row("citextin(cstring)", "citext", strict_kernel<same>),
    extension_row("citextout(citext)", "cstring", strict_kernel<same>),
    extension_row("citextrecv(internal)", "citext", strict_kernel<same>, 's'),
    extension_row("citextsend(citext)", "bytea", strict_kernel<same>, 's'),
    alias_row("citext(bpchar)", "citext", "text(bpchar)"),
    alias_row("citext(bool)", "citext", "text(bool)"),
    alias_row("citext(inet)", "citext", "text(inet)"),
    equality_row("citext_eq(citext,citext)"),
    extension_row("citext_ne(citext,citext)", "bool", strict_kernel<&TypeOrder::ne>),
    extension_row("citext_lt(citext,citext)", "bool", strict_kernel<&TypeOrder::lt>),
    extension_row("citext_le(citext,citext)", "bool", strict_kernel<&TypeOrder::le>),
    extension_row("citext_gt(citext,citext)", "bool", strict_kernel<&TypeOrder::gt>),
    extension_row("citext_ge(citext,citext)", "bool", strict_kernel<&TypeOrder::ge>),
    extension_row("citext_cmp(citext,citext)", "int4", strict_kernel<&TypeOrder::cmp>),
    extension_row("citext_hash(citext)", "int4", strict_kernel<hash>),
    extension_row("citext_hash_extended(citext,int8)", "int8", strict_kernel<hash_extended>),
    extension_row("citext_smaller(citext,citext)", "citext", strict_kernel<&TypeOrder::smaller>),
    extension_row("citext_larger(citext,citext)", "citext", strict_kernel<&TypeOrder::larger>),
    extreme_row("min(citext)", aggregate_of<Extreme<-1>>(), "citext_smaller(citext,citext)"),
    extreme_row("max(citext)", aggregate_of<Extreme<1>>(), "citext_larger(citext,citext)"),
    alias_row("texticlike(citext,citext)", "bool", "texticlike(text,text)"),
    alias_row("texticnlike(citext,citext)", "bool", "texticnlike(text,text)"),
    alias_row("texticregexeq(citext,citext)", "bool", "texticregexeq(text,text)"),
    alias_row("texticregexne(citext,citext)", "bool", "texticregexne(text,text)"),
    alias_row("texticlike(citext,text)", "bool", "texticlike(text,text)"),
    alias_row("texticnlike(citext,text)", "bool", "texticnlike(text,text)"),
    alias_row("texticregexeq(citext,text)", "bool", "texticregexeq(text,text)"),
    alias_row("texticregexne(citext,text)", "bool", "texticregexne(text,text)"),
    sql_row("regexp_match(citext,citext)", "_text",
            "select pg_catalog.regexp_match(" LUMA_CITEXT_ARGS ", 'i')"),
    sql_row("regexp_match(citext,citext,text)", "_text",
            "select pg_catalog.regexp_match(" LUMA_CITEXT_ARGS ", " LUMA_CITEXT_FLAGS("3") ")"),
    sql_row("regexp_matches(citext,citext)", "_text",
            "select pg_catalog.regexp_matches(" LUMA_CITEXT_ARGS ", 'i')", true),
    sql_row("regexp_matches(citext,citext,text)", "_text",
            "select pg_catalog.regexp_matches(" LUMA_CITEXT_ARGS ", " LUMA_CITEXT_FLAGS("3") ")",
            true),
    sql_row("regexp_replace(citext,citext,text)", "text",
            "select pg_catalog.regexp_replace(" LUMA_CITEXT_ARGS ", $3, 'i')"),
    sql_row("regexp_replace(citext,citext,text,text)", "text",
            "select pg_catalog.regexp_replace(" LUMA_CITEXT_ARGS
            ", $3, " LUMA_CITEXT_FLAGS("4") ")"),
    sql_row("regexp_split_to_array(citext,citext)", "_text",
            "select pg_catalog.regexp_split_to_array(" LUMA_CITEXT_ARGS ", 'i')"),
    sql_row("regexp_split_to_array(citext,citext,text)", "_text",
            "select pg_catalog.regexp_split_to_array(" LUMA_CITEXT_ARGS
            ", " LUMA_CITEXT_FLAGS("3") ")"),
    sql_row("regexp_split_to_table(citext,citext)", "text",
            "select pg_catalog.regexp_split_to_table(" LUMA_CITEXT_ARGS ", 'i')", true),
    sql_row("regexp_split_to_table(citext,citext,text)", "text",
            "select pg_catalog.regexp_split_to_table(" LUMA_CITEXT_ARGS
            ", " LUMA_CITEXT_FLAGS("3") ")",
            true),
    sql_row("strpos(citext,citext)", "int4",
            "select pg_catalog.strpos(pg_catalog.lower($1::pg_catalog.text), "
            "pg_catalog.lower($2::pg_catalog.text))"),
    sql_row("replace(citext,citext,citext)", "text",
            "select pg_catalog.regexp_replace($1::pg_catalog.text, " LUMA_CITEXT_QUOTED
            ", $3::pg_catalog.text, 'gi')"),
    sql_row("split_part(citext,citext,int4)", "text",
            "select (pg_catalog.regexp_split_to_array($1::pg_catalog.text, " LUMA_CITEXT_QUOTED
            ", 'i'))[$3]"),
    sql_row("translate(citext,citext,text)", "text",
            "select pg_catalog.translate(pg_catalog.translate($1::pg_catalog.text, "
            "pg_catalog.lower($2::pg_catalog.text), $3), pg_catalog.upper($2::pg_catalog.text), "
            "$3)"),
    extension_row("citext_pattern_lt(citext,citext)", "bool", strict_kernel<&TypeOrder::lt>),
    extension_row("citext_pattern_le(citext,citext)", "bool", strict_kernel<&TypeOrder::le>),
    extension_row("citext_pattern_gt(citext,citext)", "bool", strict_kernel<&TypeOrder::gt>),
    extension_row("citext_pattern_ge(citext,citext)", "bool", strict_kernel<&TypeOrder::ge>),
    extension_row("citext_pattern_cmp(citext,citext)", "int4", strict_kernel<&TypeOrder::cmp>),
};

}  // namespace

std::span<const ExtensionFunction> citext_functions() { return kRows; }

}  // namespace luma
