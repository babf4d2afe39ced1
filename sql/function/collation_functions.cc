// Functions of collations, and those that stand for comparisons and case mappings by one: the
// binder puts them in where an expression has a collation that does not order by bytes.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/collator.h"
#include "sql/function/families.h"
#include "sql/function/kernel_row.h"

namespace luma {
namespace {

using std::string_view;

Datum sort_key(RowCall& call, string_view text, string_view collator) {
  std::string key;
  Collator::get(collator).append_key(text, key);
  return arena_string(call.arena, key);
}
// The text behind a key of a deterministic collation.
Datum text_of_key(RowCall& call, string_view key) {
  size_t end = key.find('\0');
  LUMA_CHECK(end != string_view::npos);
  return arena_string(call.arena, key.substr(end + 1));
}
Datum lower(RowCall& call, string_view text, string_view collator) {
  return arena_string(call.arena, Collator::get(collator).lower(text));
}
Datum upper(RowCall& call, string_view text, string_view collator) {
  return arena_string(call.arena, Collator::get(collator).upper(text));
}
Datum title(RowCall& call, string_view text, string_view collator) {
  return arena_string(call.arena, Collator::get(collator).title(text));
}

// The collation that the binder has derived for the argument.
Value collation_for(RowCall& call, const Value*) {
  const Expr& arg = *call.expr.args[0];
  if (type_info(arg.type.oid).collation == kInvalidOid && arg.type.oid != type_oid::kUnknown) {
    throw sql_error(SqlState::kDatatypeMismatch, "collations are not supported by type {}",
                    format_type(arg.type.oid));
  }
  if (arg.collation == kInvalidOid) return Value::null();
  const SessionCatalog& session = session_catalog(call.context);
  auto found = collation(session.catalog(), arg.collation);
  if (!found) return Value::null();
  QualifiedName name;
  name.name = found->name;
  bool visible = find_collation(session.catalog(), session.search_path(), name) == found->oid;
  std::string text =
      visible ? quote_identifier(found->name)
              : quote_qualified(session.catalog().schema_name(found->schema), found->name);
  return arena_string(call.arena, text);
}

Value actual_version(RowCall& call, const Value* args) {
  auto found = collation(session_catalog(call.context).catalog(), args[0].datum.oid());
  if (!found) {
    throw sql_error(SqlState::kUndefinedObject, "collation with OID {} does not exist",
                    args[0].datum.oid());
  }
  std::string version = collator_version(found->provider, found->icu_locale);
  return version.empty() ? Value::null() : Value(arena_string(call.arena, version));
}

constexpr KernelRow internal_row(std::string_view signature, Oid oid, std::string_view result,
                                 VectorKernel kernel, std::string_view doc) {
  KernelRow row = scalar_row(signature, kernel, doc);
  row.extension.oid = oid;
  row.extension.result_type = result;
  return row;
}

const KernelRow kRows[] = {
    scalar_row("pg_collation_for(any)", row_kernel<collation_for>, "collation of the argument"),
    scalar_row("pg_collation_actual_version(oid)", row_kernel<actual_version>,
               "version of the rules that are installed"),
    internal_row("luma_collation_key(text,text)", 9301, "text", strict_kernel<sort_key>,
                 "text that orders by its bytes as another does by a collation"),
    internal_row("luma_collation_text(text)", 9302, "text", strict_kernel<text_of_key>,
                 "the text behind such a key"),
    internal_row("luma_lower(text,text)", 9303, "text", strict_kernel<lower>,
                 "lower case by a collation"),
    internal_row("luma_upper(text,text)", 9304, "text", strict_kernel<upper>,
                 "upper case by a collation"),
    internal_row("luma_initcap(text,text)", 9305, "text", strict_kernel<title>,
                 "words that begin with a capital by a collation"),
};

}  // namespace

std::span<const KernelRow> collation_kernels() { return kRows; }

}  // namespace luma
