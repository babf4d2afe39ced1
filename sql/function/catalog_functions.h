#pragma once
// Functions over the catalog, three families: definitions and names, privileges, sizes. They reach
// the catalog through SessionServices::native() (sql/catalog/session_catalog.h).
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sql/catalog/session_catalog.h"
#include "sql/function/kernel_row.h"

namespace luma {

std::span<const KernelRow> catalog_kernels();             // catalog_functions.cc
std::span<const KernelRow> catalog_definition_kernels();  // definition_functions.cc
std::span<const KernelRow> privilege_kernels();           // privilege_functions.cc
std::span<const KernelRow> catalog_table_kernels();       // catalog_tables.cc
std::span<const KernelRow> event_trigger_kernels();       // event_trigger_functions.cc

// --- shared by the families' files ---
inline Value text_value(RowCall& call, std::string_view text) {
  return Datum::of_string(call.arena.copy(text));
}
inline Value optional_text(RowCall& call, const std::optional<std::string>& text) {
  return text.has_value() ? text_value(call, *text) : Value::null();
}
inline const SessionCatalog& session_of(RowCall& call) { return session_catalog(call.context); }
// The relation that a regclass-like text names; throws 42P01.
const Relation& relation_of_text(const SessionCatalog& session, std::string_view text);

}  // namespace luma
