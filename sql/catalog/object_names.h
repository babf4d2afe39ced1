#pragma once
// Text forms of regclass, regtype, regproc, regprocedure, regoper, regoperator, regnamespace,
// regrole and regcollation. Lives as long as the statement whose snapshot and search path it refers
// to.
#include "engine/type/type_info.h"
#include "sql/catalog/builtin_facts.h"
#include "sql/catalog/name_resolution.h"

namespace luma {

class CatalogObjectNames : public ObjectNames {
 public:
  CatalogObjectNames(const Catalog& catalog, const SearchPath& path,
                     const BuiltinAvailability& builtins)
      : catalog_(&catalog), path_(&path), builtins_(&builtins) {}
  std::string name_of(Oid alias_type, Oid oid) const override;
  Oid oid_of(Oid alias_type, std::string_view text) const override;
  // to_regclass and friends: 0 instead of the "does not exist" error.
  Oid find_oid(Oid alias_type, std::string_view text) const;

 private:
  // With its schema unless it is found without.
  std::string function_name(const Function& function) const;
  std::string operator_name(const OperatorFact& op) const;
  const Catalog* catalog_;
  const SearchPath* path_;
  const BuiltinAvailability* builtins_;
};

}  // namespace luma
