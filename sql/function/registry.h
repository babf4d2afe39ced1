#pragma once
// All built-in functions, operators, casts and operator classes that LumaDB can run. Built once
// from PostgreSQL's facts and the kernel families; a fact without a kernel is not in here.
// Immutable and thread-safe; lookups are hash lookups. User-defined functions live in the catalog,
// not here. Operators, casts and operator classes of extensions' types are in here too, but their
// names are not: a database that has the extension brings them (extension.h).
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/catalog/builtin_facts.h"
#include "sql/function/entry.h"
#include "sql/function/kernel_row.h"

namespace luma {

class FunctionRegistry final : public BuiltinAvailability {
 public:
  // The registry of all_kernel_families(), built at the first call. Start-up calls it once so that
  // a broken signature fails there.
  static const FunctionRegistry& instance();
  // For tests: a registry of the given families. Throws XX000 naming signatures that no pg_proc row
  // has, and duplicates.
  explicit FunctionRegistry(std::span<const std::span<const KernelRow>> families);
  ~FunctionRegistry() override;

  // --- functions (aggregates and window functions included) ---
  std::span<const FunctionEntry* const> functions(std::string_view name) const;
  const FunctionEntry* function(Oid oid) const;  // nullptr when not implemented
  // By exact input types; nullptr when there is none.
  const FunctionEntry* function(std::string_view name, std::span<const Oid> arg_types) const;
  // By "name(type,type)"; nullptr when there is none.
  const FunctionEntry* by_signature(std::string_view signature) const;
  std::span<const FunctionEntry> all_functions() const;
  std::span<const ProcFact> extension_functions() const override;
  bool has_function(Oid oid) const override { return function(oid) != nullptr; }

  // --- operators ---
  std::span<const OperatorEntry* const> operators(std::string_view name) const;
  const OperatorEntry* operator_by_oid(Oid oid) const;
  // Exact operand types (left 0 for prefix operators); nullptr when there is none.
  const OperatorEntry* find_operator(std::string_view name, Oid left, Oid right) const;
  std::span<const OperatorEntry> all_operators() const;

  // --- casts ---
  const CastEntry* cast(Oid source, Oid target) const;
  std::span<const CastEntry> all_casts() const;

  // --- orders: the default btree operator class of a type ---
  // Operators as in pg_amop of the type's default btree class, for ORDER BY, GROUP BY, DISTINCT,
  // IN. The class may be that of another type to which `type` is binary compatible (varchar ->
  // text_ops) or polymorphic (arrays, enums, ranges, records): operand types of the entry then
  // differ from `type`. nullptr when the type has no such operator.
  const OperatorEntry* equality(Oid type) const { return btree_operator(type, 3); }
  const OperatorEntry* less_than(Oid type) const { return btree_operator(type, 1); }
  const OperatorEntry* greater_than(Oid type) const { return btree_operator(type, 5); }
  const OperatorEntry* btree_operator(Oid type, int16_t strategy) const;
  // Default operator class of `type` for an access method (403 btree, 405 hash); nullptr: none.
  const OpClassFact* default_opclass(Oid method, Oid type) const;
  const OpClassFact* opclass(Oid method, std::string_view name) const;
  const OperatorEntry* family_operator(Oid family, Oid left, Oid right, int16_t strategy) const;
  const FunctionEntry* family_function(Oid family, Oid left, Oid right, int16_t number) const;
  // The btree families and strategies an operator belongs to (a < b is strategy 1 of integer_ops):
  // what index selection and ORDER BY ... USING need.
  struct Membership {
    Oid family;
    Oid left, right;
    int16_t strategy;
  };
  std::span<const Membership> btree_memberships(Oid operator_oid) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace luma
