// From statements to plans and through their execution.
#include <algorithm>
#include <charconv>

#include "engine/base/sql_error.h"
#include "engine/txn/lock_manager.h"
#include "sql/bind/binder.h"
#include "sql/bind/privilege_check.h"
#include "sql/session/rule_plan.h"
#include "sql/session/session_parts.h"
#include "sql/session/session_triggers.h"

namespace luma {
namespace {

bool same_columns(const std::vector<ResultColumnInfo>& a, const std::vector<ResultColumnInfo>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].type != b[i].type) return false;
  }
  return true;
}

}  // namespace

CachedQueryPtr SqlSession::make_query(std::string_view sql, std::span<const Oid> types) {
  auto query = std::make_shared<CachedQuery>();
  query->text = sql;
  query->declared_types.assign(types.begin(), types.end());
  query->prepare_micros = current_timestamp_micros();
  return query;
}

void SqlSession::set_statement(CachedQuery& query, const ast::Node* node) {
  query.node = node;
  query.kind = node == nullptr ? StatementKind::kEmpty
               : Binder::can_bind(node) && !ast::is<ast::CreateTableAsStmt>(node)
                   ? StatementKind::kPlan
                   : StatementKind::kUtility;
  // SELECT ... INTO creates a table.
  if (const auto* select = ast::try_as<ast::SelectStmt>(node)) {
    const ast::SelectStmt* leftmost = select;
    while (leftmost->larg != nullptr) leftmost = leftmost->larg;
    if (leftmost->into_clause != nullptr) query.kind = StatementKind::kUtility;
  }
}

EvalContext SqlSession::planning_context() {
  EvalContext context;
  context.io = &environment_.io();
  context.interrupt = &interrupt_;
  context.session = services_.get();
  context.transaction = transaction_ ? &*transaction_ : nullptr;
  context.statement_micros = statement_micros_;
  return context;
}

std::unique_ptr<PlanRun> SqlSession::make_plan(const ast::Node* node,
                                               std::vector<Oid> parameter_types,
                                               bool takes_parameter_rows, bool for_cursor) {
  if (!transaction_) environment_.mutable_io().now_micros = current_timestamp_micros();
  Arena scratch(&memory_);
  PlannerContext context{environment_, environment_, planning_context(),
                         settings_.vars().disabled_passes, std::move(parameter_types)};
  context.evaluation.arena = &scratch;
  context.takes_parameter_rows = takes_parameter_rows;
  context.for_cursor = for_cursor;
  context.settings = settings_.vars().planner;
  context.settings.work_mem_bytes = settings_.vars().work_mem_bytes;
  std::unique_ptr<RuleRewrite> rules = rewrite_with_rules(environment_, node);
  auto run = rules != nullptr ? plan_with_rules(node, std::move(rules), context, &memory_)
                              : std::make_unique<PlanRun>(plan_query(node, context), &memory_);
  run->catalog_version = environment_.catalog_version();
  run->plan_epoch = settings_.plan_epoch();
  run->role = environment_.current_user_oid();
  return run;
}

bool SqlSession::plan_is_current(const PlanRun& run) const {
  return run.catalog_version == environment_.catalog_version() &&
         run.plan_epoch == settings_.plan_epoch() && run.role == environment_.current_user_oid();
}

// True when the text has a constant such as 'now' or 'today', whose value becomes part of a plan.
bool SqlSession::mentions_present_time(std::string_view sql) {
  static constexpr std::string_view kWords[] = {"now", "today", "tomorrow", "yesterday"};
  for (size_t at = sql.find('\''); at != sql.npos; at = sql.find('\'', at + 1)) {
    for (std::string_view word : kWords) {
      std::string_view there = sql.substr(at + 1, word.size());
      if (std::equal(there.begin(), there.end(), word.begin(), word.end(),
                     [](char a, char b) { return (a | 0x20) == b; })) {
        return true;
      }
    }
  }
  return false;
}

std::unique_ptr<PlanRun> SqlSession::acquire(CachedQuery& query) {
  environment_.refresh();
  std::unique_ptr<PlanRun> run = std::move(query.spare);
  if (run != nullptr && plan_is_current(*run)) {
    run->begin();
    return run;
  }
  if (query.for_literals) query.described = false;
  run = make_plan(query.node, query.described ? query.parameter_types : query.declared_types,
                  query.takes_parameter_rows, query.for_cursor);
  if (query.described && !same_columns(query.columns, run->plan().columns)) {
    SqlError error(SqlState::kFeatureNotSupported, "cached plan must not change result type");
    error.routine = "RevalidateCachedQuery";
    throw error;
  }
  if (!query.described) {
    query.described = true;
    query.columns = run->plan().columns;
    query.parameter_types.clear();
    for (const TypeRef& type : run->plan().parameter_types)
      query.parameter_types.push_back(type.oid);
    query.has_columns = run->plan().command == 'S' || run->plan().has_returning;
  }
  return run;
}

void SqlSession::give_back(CachedQuery& query, std::unique_ptr<PlanRun> run) {
  if (run == nullptr) return;
  run->close();
  if (run->plan().cacheable) query.spare = std::move(run);
}

void SqlSession::release_idle_memory() noexcept {
  // A plan holds a chunk for every operator; those of single rows hold next to nothing.
  auto release = [](CachedQuery& query) {
    if (query.spare != nullptr && !query.spare->plan().is_point_operation) query.spare.reset();
  };
  for (auto& [name, query] : statements_) release(*query);
  if (unnamed_statement_ != nullptr) release(*unnamed_statement_);
  cache_.for_each(release);
}

void SqlSession::fill_context(ExecContext& context) {
  const SessionVariables& vars = settings_.vars();
  context.io = &environment_.io();
  context.interrupt = &interrupt_;
  context.session = services_.get();
  context.transaction = transaction_ ? &*transaction_ : nullptr;
  context.statement_micros = statement_micros_;
  context.inline_mode = inline_;
  context.lock_timeout_ms = vars.lock_timeout_ms;
  context.deadlock_timeout_ms = vars.deadlock_timeout_ms;
  context.work_mem_bytes = vars.spill_above_bytes < 0 ? vars.work_mem_bytes
                                                      : static_cast<size_t>(vars.spill_above_bytes);
  context.hash_mem_multiplier = vars.hash_mem_multiplier;
  context.threads = &instance_.worker_threads();
  context.max_workers =
      static_cast<uint32_t>(std::min(vars.max_parallel_workers, vars.max_workers_per_gather));
  context.min_parallel_scan_bytes = vars.min_parallel_scan_bytes;
  if (context.spill_directory.empty())
    context.spill_directory = instance_.options().spill_directory;
  context.instrument = false;
  context.tables = &environment_;
  context.deferred = &deferred_;
  context.ids = &instance_.ids();
  context.triggers = triggers_.get();
  context.replays_changes = vars.replays_changes;
}

void SqlSession::lock_tables(const std::vector<BoundQuery::TableLock>& locks) {
  for (const BoundQuery::TableLock& lock : locks) {
    LockOptions options;
    options.inline_mode = inline_;
    options.timeout_ms = settings_.vars().lock_timeout_ms;
    options.deadlock_timeout_ms = settings_.vars().deadlock_timeout_ms;
    locks_->lock_table(*lock_owner_, lock.table, static_cast<TableLockMode>(lock.mode), options);
  }
}

// Takes the plan's table locks. While they were waited for, definitions may have changed: then the
// plan is of no use (PlanChanged), and the next one finds the locks taken.
void SqlSession::lock_plan(PlanRun& run) {
  lock_tables(run.plan());
  if (!environment_.is_current(run.catalog_version)) {
    environment_.refresh();
    if (!plan_is_current(run)) throw PlanChanged{};
  }
  check_privileges(run);
}

// A plan is of one role and one catalog version, which changes with lists and roles: it is checked
// once.
void SqlSession::check_privileges(PlanRun& run) const {
  if (run.is_permitted) return;
  luma::check_privileges(environment_.catalog(), environment_.current_user_oid(),
                         run.plan().privileges, run.plan().functions);
  run.is_permitted = true;
}

// Temporary tables may be written in read-only transactions.
bool SqlSession::changes_permanent_table(const PhysicalPlan& plan) const {
  constexpr uint8_t kRowShareLock = 2;
  return std::ranges::any_of(plan.locks, [&](const BoundQuery::TableLock& lock) {
    if (lock.mode < kRowShareLock) return false;
    const Relation* relation = environment_.catalog().relation(lock.table);
    return relation == nullptr || relation->persistence != 't';
  });
}

// Before a plan runs: may it, here and now?
void SqlSession::check_runnable(const PlanRun& run) const {
  const PhysicalPlan& plan = run.plan();
  plan.require_constants();
  bool restricted = transaction_->read_only() && changes_permanent_table(plan);
  if (plan.modifies_data && restricted) {
    require_writable(plan.command == 'I'   ? "INSERT"
                     : plan.command == 'U' ? "UPDATE"
                     : plan.command == 'D' ? "DELETE"
                                           : "SELECT");
  }
  if (plan.locks_rows && restricted) require_writable("SELECT FOR UPDATE");
  if (plan.calls_routines) need_worker();
  if (inline_ && !plan.is_point_operation &&
      plan.estimated_cost > settings_.vars().inline_cost_limit) {
    throw WouldBlock{};
  }
}

std::string SqlSession::plan_tag(const PhysicalPlan& plan, uint64_t rows, uint64_t affected) {
  switch (plan.command) {
    case 'I':
      return fmt::format("INSERT 0 {}", affected);
    case 'U':
      return fmt::format("UPDATE {}", affected);
    case 'D':
      return fmt::format("DELETE {}", affected);
    case 'M':
      return fmt::format("MERGE {}", affected);
    default:
      return fmt::format("SELECT {}", rows);
  }
}

std::string SqlSession::run_plan(PlanRun& run, RowReceiver* receiver) {
  const PhysicalPlan& plan = run.plan();
  check_runnable(run);
  lock_plan(run);
  ran_query_ = true;
  if (plan.modifies_data && settings_.vars().log_statement == StatementLog::kMod) {
    log_statement(activity_.row().query);
  }
  ExecContext& context = run.context();
  fill_context(context);
  run.budget().set_limit_bytes(settings_.vars().query_memory_bytes != 0
                                   ? settings_.vars().query_memory_bytes
                                   : MemoryBudget::kUnlimited);
  struct Closer {
    PlanRun& run;
    ~Closer() { run.close(); }
  } closer{run};
  run_companions(run, run.before, receiver);
  uint64_t rows = 0;
  {
    StatementScope scope(*transaction_);
    bool returns_rows = plan.command == 'S' || plan.has_returning;
    run.open();
    if (returns_rows && receiver != nullptr) receiver->begin_rows(plan.columns);
    while (const Chunk* chunk = run.next()) {
      if (!returns_rows) continue;
      rows += chunk->size;
      if (receiver != nullptr) receiver->rows(*chunk, 0, chunk->size);
    }
  }
  run_companions(run, run.after, receiver);
  return plan_tag(plan, rows, context.rows_affected);
}

// A literal of the statement as a value of the parameter it became.
Value SqlSession::read_literal(const Literal& literal, TypeRef type, Arena& arena) {
  if (literal.kind == LiteralKind::kInteger && type.oid == type_oid::kInt4) {
    int64_t number = 0;
    std::from_chars(literal.text.data(), literal.text.data() + literal.text.size(), number);
    return Datum::of_int32(static_cast<int32_t>(literal.negative ? -number : number));
  }
  std::string storage;
  std::string_view text = literal.text;
  if (literal.has_doubled_quote || literal.negative) {
    storage = literal_value(literal);
    text = storage;
  }
  const TypeInfo& info = type_info(type.oid);
  try {
    Datum datum = info.input(text, info, type.typmod, environment_.io(), arena);
    return copy_datum(datum, info.physical, arena);
  } catch (SqlError& error) {
    throw error.at_byte(literal.byte_offset);
  }
}

}  // namespace luma
