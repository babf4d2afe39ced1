#pragma once
// A session's stand-in for the tests of this folder: one database in memory, one transaction.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/txn/test_store.h"
#include "sql/bind/binder.h"
#include "sql/catalog/catalog_store.h"
#include "sql/catalog/object_names.h"
#include "sql/catalog/table_desc_builder.h"
#include "sql/command/command.h"
#include "sql/command/expression_text.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {

class CountingIds final : public CatalogIds {
 public:
  Oid next_oid() override { return oid_++; }
  uint32_t next_storage_id() override { return storage_++; }

 private:
  Oid oid_ = kFirstUserOid;
  uint32_t storage_ = 1024;
};

class IgnoringWriter final : public CatalogWriter {
 public:
  void put(std::string_view, std::string_view) override {}
  void erase(std::string_view) override {}
};

class TestEnvironment final : public BindEnvironment,
                              public ExpressionBinder,
                              public TableResolver {
 public:
  explicit TestEnvironment(CatalogTransaction& ddl) : ddl_(ddl) { io_.names = nullptr; }
  const Catalog& catalog() const override { return *ddl_.view(); }
  const SearchPath& search_path() const override {
    path_ = resolve_path("public");
    return path_;
  }
  SearchPath resolve_path(std::string_view setting) const override {
    return resolve_search_path(catalog(), setting, "postgres", kInvalidOid);
  }
  TableDescPtr table_desc(const Table& table) override {
    return build_table_desc(catalog(), table, *this);
  }
  const IoContext& io() const override {
    names_ = std::make_unique<CatalogObjectNames>(catalog(), search_path(),
                                                  FunctionRegistry::instance());
    io_.names = names_.get();
    return io_;
  }
  const Expr* bind_over_table(const Catalog&, const Table& table, std::string_view sql,
                              Arena& arena) override {
    Binder binder(*this, {});
    TableDesc columns = columns_only_desc(table);
    Expr* bound =
        binder.bind_table_expr(parse_expression(sql, arena), &columns, Clause::kGenerated, {});
    kept_.push_back(binder.release_context());
    return bound;
  }
  TableDescPtr table(Oid oid) override { return table_desc(*catalog().table(oid)); }

 private:
  CatalogTransaction& ddl_;
  mutable SearchPath path_;
  mutable IoContext io_;
  mutable std::unique_ptr<CatalogObjectNames> names_;
  std::vector<std::unique_ptr<PlanContext>> kept_;
};

class TestCommandContext final : public CommandContext {
 public:
  TestCommandContext()
      : catalog_(ids_), sequences_(*store_.pipeline), transaction_(store_.begin()) {
    IgnoringWriter writer;
    catalog_.bootstrap({}, writer);
    ddl_ = std::make_unique<CatalogTransaction>(catalog_, kPostgresDatabase);
    environment_ = std::make_unique<TestEnvironment>(*ddl_);
    exec_.io = &environment_->io();
    exec_.interrupt = &interrupt_;
    exec_.transaction = transaction_.get();
    exec_.arena = &arena_;
    exec_.memory = &budget_;
    exec_.tables = environment_.get();
  }

  // Runs one statement; returns its tag.
  std::string run(std::string_view sql) {
    Arena arena;
    return run_command(parse_sql(sql, arena).statements[0].node, sql, *this).tag;
  }
  // The message of the error that the statement ends with, "" without one.
  std::string error(std::string_view sql) {
    auto mark = ddl_->savepoint();
    try {
      run(sql);
    } catch (const SqlError& error) {
      ddl_->rollback_to(mark);
      return error.message;
    }
    return "";
  }
  const Relation* relation(std::string_view name) {
    return find_relation(*ddl_->view(), environment_->search_path(), {{}, name});
  }
  const Table& table(std::string_view name) { return static_cast<const Table&>(*relation(name)); }

  std::vector<std::string> notices;

  CatalogTransaction& ddl() override { return *ddl_; }
  BindEnvironment& environment() override { return *environment_; }
  const BuiltinAvailability& builtins() const override { return FunctionRegistry::instance(); }
  std::string search_path_setting() const override { return "public"; }
  Oid temp_schema(bool) override { return kInvalidOid; }
  Oid current_user() const override { return kBootstrapRole; }
  Oid session_user() const override { return kBootstrapRole; }
  bool in_transaction_block() const override { return false; }
  ExecContext& exec() override { return exec_; }
  SequenceStore& sequences() override { return sequences_; }
  void lock_table(Oid, TableLockMode) override {}
  uint64_t insert_query(BoundQuery, const Table&) override { return 0; }
  BoundQuery bind_execute(const ast::ExecuteStmt&) override { return {}; }
  void note_filled_index(uint32_t) override {}
  void drop_storage_after_commit(uint32_t) override {}
  void copy_storage(const std::vector<std::pair<uint32_t, uint32_t>>&) override {}
  void register_temporary(Oid, ast::OnCommitAction) override {}
  void notice(CommandNotice notice) override { notices.push_back(notice.message); }
  std::string password_verifier(std::string_view password) override {
    return "verifier of " + std::string(password);
  }
  std::string checked_setting(const ast::VariableSetStmt&) override { return "x"; }
  int count_connections(Oid) override { return 0; }
  void terminate_connections(Oid) override {}

 private:
  TestStore store_;
  CountingIds ids_;
  CatalogStore catalog_;
  SequenceStore sequences_;
  std::unique_ptr<Transaction> transaction_;
  std::unique_ptr<CatalogTransaction> ddl_;
  std::unique_ptr<TestEnvironment> environment_;
  Interrupt interrupt_;
  MemoryBudget budget_{size_t{64} << 20};
  Arena arena_;
  ExecContext exec_;
};

}  // namespace luma
