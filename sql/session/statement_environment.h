#pragma once
// A session's view of the catalog while a statement runs: the newest committed snapshot, or the
// transaction's own changes on top of it; the search path; descriptions of tables. Everything that
// binding, functions over the catalog and foreign keys ask. Used by the session's thread.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/table/foreign_key_move.h"
#include "sql/bind/bind_environment.h"
#include "sql/catalog/catalog_transaction.h"
#include "sql/catalog/object_names.h"
#include "sql/catalog/session_catalog.h"
#include "sql/catalog/table_desc_builder.h"
#include "sql/optimize/optimizer.h"
#include "sql/session/domain_constraints.h"
#include "sql/session/instance.h"
#include "sql/session/session_settings.h"

namespace luma {

class StatementEnvironment final : public BindEnvironment,
                                   public SessionCatalog,
                                   public TableResolver,
                                   public PartitionedTableResolver,
                                   public ExpressionBinder,
                                   public TableStatistics {
 public:
  StatementEnvironment(SqlInstance& instance, SessionSettings& settings, LiveState& live)
      : instance_(instance), settings_(settings), live_(live) {}

  void connect(Oid database, Oid session_user);
  Oid database() const { return database_; }

  // What expressions of domain constraints may ask; outlives this.
  void set_services(SessionServices& services) { services_ = &services; }
  // The timestamp up to which the transaction's snapshot contains everything, if it keeps one
  // across statements; UINT64_MAX otherwise.
  void set_snapshot_source(std::function<uint64_t()> source) {
    kept_snapshot_ts_ = std::move(source);
  }
  // Outlives this.
  void set_routines(RoutineCaller& routines) { routines_ = &routines; }

  // A statement starts: takes over what others have committed since.
  void refresh();
  // Changes with everything that may change what a text means.
  uint64_t catalog_version() const { return current().version(); }
  // Keeps what statements have looked up alive, whatever is looked up next.
  CatalogPtr share_view() const {
    sync();
    return view_;
  }
  // The committed version when the transaction has no changes of its own; one atomic load.
  bool is_current(uint64_t catalog_version) const {
    return ddl_ == nullptr && view_ != nullptr && view_->version() == catalog_version &&
           instance_.catalog().version() == store_version_;
  }

  // The transaction's own changes; made at the first call.
  CatalogTransaction& ddl();
  CatalogTransaction* ddl_if_any() { return ddl_.get(); }
  // The transaction is over: back to what is committed.
  void forget_ddl() noexcept;

  void set_current_user(Oid role) {
    current_user_ = role;
    path_epoch_ = 0;
  }
  void set_session_user(Oid role) { session_user_ = role; }
  void set_temp_schema(Oid schema) {
    temp_schema_ = schema;
    path_epoch_ = 0;
  }
  Oid temp_schema() const { return temp_schema_; }
  std::string role_name(Oid role) const { return catalog().role_name(role); }
  IoContext& mutable_io() { return io_; }

  // BindEnvironment, SessionCatalog
  const Catalog& catalog() const override { return current(); }
  const SearchPath& search_path() const override;
  SearchPath resolve_path(std::string_view setting) const override;
  TableDescPtr table_desc(const Table& table) override;
  const IoContext& io() const override { return io_; }
  bool replays_changes() const override { return settings_.vars().replays_changes; }
  bool row_security() const override { return settings_.show("row_security", true) != "off"; }
  Oid current_user_oid() const override { return current_user_; }
  Oid session_user_oid() const override { return session_user_; }
  const BuiltinAvailability& builtins() const override;
  LiveState& live_state() const override { return live_; }
  RoutineCaller& routines() const override { return *routines_; }
  int32_t trigger_depth() const override { return trigger_depth_; }
  void add_trigger_depth(int32_t change) { trigger_depth_ += change; }
  // TableResolver
  TableDescPtr table(Oid oid) override;
  // PartitionedTableResolver
  TableDescPtr table_of_key(const TableDesc& child, Oid key) override;
  std::shared_ptr<const PartitionedTarget> target_of_key(const TableDesc& child, Oid key) override;
  // ExpressionBinder
  std::shared_ptr<ColumnarTable> columnar_table(uint32_t storage_id) override;
  const Expr* bind_over_table(const Catalog& catalog, const Table& table, std::string_view sql,
                              Arena& arena) override;
  const Expr* bind_column_value(const Catalog& catalog, const Table& table, const Column& column,
                                Arena& arena) override;
  const Expr* bind_trigger_condition(const Catalog& catalog, const Table& table,
                                     std::string_view sql, Arena& arena) override;
  // TableStatistics
  double row_count(const TableDesc& table) const override;
  double generated_rows(Oid relation) const override;
  double generated_distinct(Oid relation, int32_t attribute) const override;
  std::shared_ptr<const TableStatisticsObject> statistics(const TableDesc& table) const override;

 private:
  const Table& declaring_table_of(const TableDesc& child, Oid key) const;
  TableDescPtr committed_or_own_desc(const Table& table);
  const Expr* bind_text(const Table& table, std::string_view sql, TypeRef target, Arena& arena);
  const Catalog& current() const {
    sync();
    return *view_;
  }
  void sync() const;
  StatementEnvironment& self() const { return const_cast<StatementEnvironment&>(*this); }

  SqlInstance& instance_;
  SessionSettings& settings_;
  LiveState& live_;
  SessionServices* services_ = nullptr;
  std::function<uint64_t()> kept_snapshot_ts_;
  RoutineCaller* routines_ = nullptr;
  int32_t trigger_depth_ = 0;
  Oid database_ = kInvalidOid;
  Oid session_user_ = kInvalidOid, current_user_ = kInvalidOid;
  Oid temp_schema_ = kInvalidOid;
  std::unique_ptr<CatalogTransaction> ddl_;
  mutable CatalogPtr view_;
  uint64_t store_version_ = 0;
  mutable SearchPath path_;
  mutable uint64_t path_epoch_ = 0, path_catalog_version_ = 0;
  mutable std::optional<SessionNames> names_;
  mutable IoContext io_;
  // Descriptions of tables in a view with uncommitted changes.
  uint64_t private_version_ = 0;
  std::unordered_map<Oid, TableDescPtr> private_tables_;
};

}  // namespace luma
