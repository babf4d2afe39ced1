// The FunctionCall message: a call of one function by oid, which libpq's large object functions
// use. It runs as a prepared statement of its own.
#include "engine/base/sql_error.h"
#include "sql/function/registry.h"
#include "sql/session/session_parts.h"

namespace luma {

std::pair<std::string, std::vector<Oid>> SqlSession::function_call_text(Oid oid) {
  if (state_ == TxnState::kFailed) throw_failed_block();
  environment_.refresh();
  const Catalog& catalog = environment_.catalog();
  std::string name;
  std::vector<Oid> types;
  if (const FunctionEntry* entry = FunctionRegistry::instance().function(oid)) {
    if (entry->kind != 'f' || entry->returns_set) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot call function \"{}\" via fastpath interface", entry->name);
    }
    name = "pg_catalog." + quote_identifier(entry->name);
    types.assign(entry->arg_types.begin(), entry->arg_types.end());
  } else if (const Function* function = catalog.function(oid)) {
    if (function->is_procedure() || function->returns_set) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "cannot call function \"{}\" via fastpath interface", function->name);
    }
    name = quote_identifier(catalog.schema_name(function->schema)) + "." +
           quote_identifier(function->name);
    types = function->input_types();
  } else {
    throw sql_error(SqlState::kUndefinedFunction, "function with OID {} does not exist", oid);
  }
  std::string text = "select " + name + "(";
  for (size_t i = 0; i < types.size(); ++i) text += fmt::format("{}${}", i > 0 ? "," : "", i + 1);
  return {text + ")", std::move(types)};
}

void SqlSession::finish_function_call() {
  if (state_ == TxnState::kImplicit) commit_transaction();
  end_activity();
}

LargeObjects& SqlSession::Live::large_objects() {
  if (session_.large_objects_ != nullptr) return *session_.large_objects_;
  SqlSession& session = session_;
  LargeObjectStore::Surroundings surroundings;
  surroundings.transaction = [&session]() -> Transaction& { return session.ensure_transaction(); };
  surroundings.catalog = [&session]() -> const Catalog& { return session.environment_.catalog(); };
  surroundings.user = [&session] { return session.environment_.current_user_oid(); };
  surroundings.new_oid = [&session] {
    return static_cast<Oid>(session.instance_.ids().oids().allocate());
  };
  surroundings.lock_options = [&session] {
    LockOptions options;
    options.timeout_ms = session.settings_.vars().lock_timeout_ms;
    options.deadlock_timeout_ms = session.settings_.vars().deadlock_timeout_ms;
    return options;
  };
  surroundings.savepoint_depth = [&session] { return session.savepoints_.size(); };
  surroundings.ignores_privileges = [&session] {
    return session.settings_.show("lo_compat_privileges", true).value_or("off") == "on";
  };
  session.large_objects_ = std::make_unique<LargeObjectStore>(std::move(surroundings));
  return *session.large_objects_;
}

}  // namespace luma
