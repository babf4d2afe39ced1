#pragma once
// What a session's input functions ask of the catalog: names behind oid-alias types and the
// constraints of domains. One for each catalog view and search path; used by the session's thread.
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/type/user_type.h"
#include "sql/bind/bind_environment.h"
#include "sql/catalog/object_names.h"
#include "sql/plan/logical.h"

namespace luma {

class SessionNames final : public CatalogObjectNames, public DomainConstraints {
 public:
  // All referenced objects must outlive this; `services` may be null.
  SessionNames(BindEnvironment& environment, const Catalog& catalog, const SearchPath& path,
               const BuiltinAvailability& builtins, SessionServices* services)
      : CatalogObjectNames(catalog, path, builtins),
        environment_(environment),
        catalog_(catalog),
        services_(services) {}
  void check_domain(Oid domain, const Value& value) const override;

 private:
  struct Check {
    std::string name;
    std::unique_ptr<PlanContext> context;  // owns the expression
    std::unique_ptr<ExprEvaluator> evaluator;
  };
  struct BoundDomain {
    bool not_null = false;
    std::vector<Check> checks;  // in the order in which PostgreSQL makes them
    Chunk value;                // one row, one column
    Arena arena;
  };
  BoundDomain& bound(Oid domain) const;
  void bind_checks(const Type& domain, BoundDomain& out) const;
  SqlError of_domain(Oid domain, SqlError error) const;

  BindEnvironment& environment_;
  const Catalog& catalog_;
  SessionServices* services_;
  mutable std::unordered_map<Oid, std::unique_ptr<BoundDomain>> bound_;
};

}  // namespace luma
