// What running bodies of functions needs of the session.
#include <algorithm>
#include <numeric>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/catalog/privileges.h"
#include "sql/function/user_function.h"
#include "sql/session/routine_frame.h"
#include "sql/session/routine_plan.h"
#include "sql/session/rule_plan.h"
#include "sql/session/session_parts.h"

namespace luma {

void SqlSession::Routines::fill_context(ExecContext& context) {
  session_.fill_context(context);
  context.memory = &session_.memory_;
}

PlanStamp SqlSession::Routines::stamp() {
  session_.environment_.refresh();
  return {session_.environment_.catalog_version(), session_.settings_.plan_epoch(),
          session_.environment_.current_user_oid()};
}

std::string SqlSession::Routines::setting(std::string_view name) {
  return session_.settings_.show(name, true).value_or("");
}

std::unique_ptr<RoutinePlan> SqlSession::Routines::plan_execute(const ast::ExecuteStmt& execute) {
  auto found = session_.statements_.find(execute.name);
  if (found == session_.statements_.end() || found->second->kind != StatementKind::kPlan ||
      found->second->columns.empty()) {
    throw SqlError(SqlState::kInvalidCursorDefinition, "cannot open EXECUTE query as cursor");
  }
  CachedQuery& prepared = *found->second;
  auto plan = std::make_unique<Plan>(session_.bind_execute(prepared, execute));
  for (size_t i = 0; i < plan->run->parameters().size(); ++i) {
    const Value& value = plan->run->parameters()[i];
    const TypeInfo& type = type_info(prepared.parameter_types[i]);
    plan->given.push_back(
        value.is_null ? value : Value(copy_datum(value.datum, type.physical, plan->given_arena)));
  }
  return plan;
}

std::unique_ptr<RoutinePlan> SqlSession::Routines::make_plan(const ast::Node* node,
                                                             VariableScope* scope,
                                                             bool for_cursor) {
  session_.ensure_transaction();
  if (const auto* execute = ast::try_as<ast::ExecuteStmt>(node)) return plan_execute(*execute);
  session_.environment_.refresh();
  Arena scratch(&session_.memory_);
  PlannerContext context{session_.environment_,
                         session_.environment_,
                         session_.planning_context(),
                         session_.settings_.vars().disabled_passes,
                         {}};
  context.evaluation.arena = &scratch;
  context.variables = scope;
  context.for_cursor = for_cursor;
  std::unique_ptr<RuleRewrite> rules = rewrite_with_rules(session_.environment_, node);
  auto run = rules != nullptr
                 ? plan_with_rules(node, std::move(rules), context, &session_.memory_)
                 : std::make_unique<PlanRun>(plan_query(node, context), &session_.memory_);
  run->catalog_version = session_.environment_.catalog_version();
  run->plan_epoch = session_.settings_.plan_epoch();
  run->role = session_.environment_.current_user_oid();
  return std::make_unique<Plan>(std::move(run));
}

uint64_t SqlSession::Routines::run(RoutinePlan& plan, std::span<const Value> parameters,
                                   const RowVisitor& visit, bool read_only) {
  PlanRun& run = *static_cast<Plan&>(plan).run;
  session_.ensure_transaction();
  session_.check_runnable(run);
  try {
    session_.lock_plan(run);
  } catch (const PlanChanged&) {
    throw StaleRoutinePlan{};
  }
  session_.ran_query_ = true;
  run.begin();
  const std::vector<Value>& given = static_cast<Plan&>(plan).given;
  if (!given.empty()) parameters = given;
  std::copy(parameters.begin(),
            parameters.begin() +
                static_cast<ptrdiff_t>(std::min(parameters.size(), run.parameters().size())),
            run.parameters().begin());
  ExecContext& context = run.context();
  session_.fill_context(context);
  struct Closer {
    PlanRun& run;
    ~Closer() { run.close(); }
  } closer{run};
  session_.run_companions(run, run.before, nullptr);
  std::optional<StatementScope> scope;
  scope.emplace(*session_.transaction_, read_only);
  bool returns_rows = plan.returns_rows();
  // A function may stop at the first row.
  run.open(false);
  uint64_t rows = 0;
  while (const Chunk* chunk = run.next()) {
    if (!returns_rows) continue;
    rows += chunk->size;
    if (!visit(*chunk) && !run.plan().modifies_data) break;
  }
  if (!run.after.empty()) {
    scope.reset();
    session_.run_companions(run, run.after, nullptr);
  }
  return run.plan().command == 'S' ? rows : context.rows_affected;
}

namespace {

// Rows of a utility statement inside a function.
class UtilityRows final : public RowReceiver {
 public:
  UtilityRows(RowReceiver* outer, std::vector<ResultColumnInfo>* columns, const RowVisitor* visit)
      : outer_(outer), columns_(columns), visit_(visit) {}
  void begin_rows(std::span<const ResultColumnInfo> columns) override {
    if (columns_ != nullptr) columns_->assign(columns.begin(), columns.end());
  }
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override {
    if (visit_ == nullptr || count == 0) return;
    selection_.resize(count);
    std::iota(selection_.begin(), selection_.end(), from);
    part_.columns.clear();
    for (const Vector& column : chunk.columns) part_.columns.emplace_back(column.physical(), 1);
    part_.slice(chunk, selection_.data(), count);
    (*visit_)(part_);
  }
  void complete(std::string_view) override {}
  void suspended() override {}
  void empty_query() override {}
  void notice(MessageLevel level, const SqlError& error) override {
    if (outer_ != nullptr) outer_->notice(level, error);
  }

 private:
  RowReceiver* outer_;
  std::vector<ResultColumnInfo>* columns_;
  const RowVisitor* visit_;
  Chunk part_;
  std::vector<uint32_t> selection_;
};

}  // namespace

uint64_t SqlSession::Routines::run_utility(const ast::Node* node, std::string_view text,
                                           std::vector<ResultColumnInfo>* columns,
                                           const RowVisitor* visit) {
  UtilityRows receiver(session_.receiver_, columns, visit);
  std::string tag;
  session_.ensure_transaction();
  // Nothing inside a function is on its own.
  bool multi = session_.multi_statement_;
  session_.multi_statement_ = true;
  struct Restore {
    bool& flag;
    bool old;
    ~Restore() { flag = old; }
  } restore{session_.multi_statement_, multi};
  session_.run_utility(node, text, receiver, tag);
  session_.environment_.refresh();
  size_t space = tag.rfind(' ');
  return space == tag.npos ? 0 : std::strtoull(tag.c_str() + space + 1, nullptr, 10);
}

// --- transactions

void SqlSession::Routines::begin_subtransaction() {
  session_.ensure_transaction();
  session_.savepoints_.push_back(session_.take_savepoint({}));
}

void SqlSession::Routines::release_subtransaction() {
  session_.savepoints_.pop_back();
  for (auto& [name, portal] : session_.portals_) {
    portal->savepoint_depth = std::min(portal->savepoint_depth, session_.savepoints_.size());
  }
}

void SqlSession::Routines::rollback_subtransaction() {
  Savepoint point = session_.savepoints_.back();
  session_.rollback_to(point);
  session_.savepoints_.pop_back();
  session_.environment_.refresh();
}

// Runs `end`, which ends the transaction; pinned cursors, whose rows are all there, stay.
void SqlSession::Routines::keep_pinned(const std::function<void()>& end) {
  using Portals = decltype(session_.portals_);
  std::vector<Portals::node_type> kept;
  for (const std::string& name : pinned_) {
    auto it = session_.portals_.find(name);
    if (it == session_.portals_.end()) continue;
    it->second->run.reset();
    it->second->savepoint_depth = 0;
    kept.push_back(session_.portals_.extract(it));
  }
  end();
  for (auto& node : kept) session_.portals_.insert(std::move(node));
}

void SqlSession::Routines::commit(bool chain) {
  TransactionOptions options;
  options.isolation = session_.transaction_->isolation();
  options.read_only = session_.transaction_->read_only();
  keep_pinned([&] { session_.commit_transaction(); });
  session_.ensure_transaction();
  if (!chain) return;
  session_.transaction_->set_isolation(options.isolation);
  session_.transaction_->set_read_only(options.read_only);
}

void SqlSession::Routines::rollback(bool chain) {
  TransactionOptions options;
  options.isolation = session_.transaction_->isolation();
  options.read_only = session_.transaction_->read_only();
  keep_pinned([&] { session_.rollback_transaction(); });
  session_.ensure_transaction();
  if (!chain) return;
  session_.transaction_->set_isolation(options.isolation);
  session_.transaction_->set_read_only(options.read_only);
}

void SqlSession::Routines::message(std::string_view level, SqlError error) {
  MessageLevel as = level == "debug"     ? MessageLevel::kDebug1
                    : level == "log"     ? MessageLevel::kLog
                    : level == "info"    ? MessageLevel::kInfo
                    : level == "warning" ? MessageLevel::kWarning
                                         : MessageLevel::kNotice;
  session_.notice(as, std::move(error));
}

// --- cursors

std::string SqlSession::Routines::open_cursor(const std::string& wanted, RoutinePlan& plan,
                                              std::span<const Value> parameters, bool read_only,
                                              bool scroll) {
  std::string name = wanted;
  for (int number = 1; name.empty(); ++number) {
    std::string candidate = fmt::format("<unnamed portal {}>", number);
    if (!session_.portals_.contains(candidate)) name = std::move(candidate);
  }
  if (session_.portals_.contains(name)) {
    throw sql_error(SqlState::kDuplicateCursor, "cursor \"{}\" already in use", name);
  }
  std::vector<PhysicalType> types = plan.physical().root->output_types();
  auto store = std::make_unique<ChunkStore>(std::move(types));
  ExecContext keeping;
  fill_context(keeping);
  run(
      plan, parameters,
      [&](const Chunk& chunk) {
        store->append(keeping, chunk);
        return true;
      },
      read_only);
  Portal& portal = session_.create_portal(name);
  portal.is_cursor = portal.done = true;
  portal.scroll = scroll;
  portal.no_scroll = !scroll;
  portal.columns = plan.physical().columns;
  portal.store = std::move(store);
  portal.run = std::move(static_cast<Plan&>(plan).run);
  portal.creation_micros = session_.statement_micros_;
  return name;
}

namespace {

class FetchedRows final : public RowReceiver {
 public:
  explicit FetchedRows(const RoutineHost::FetchVisitor& visit) : visit_(visit) {}
  void begin_rows(std::span<const ResultColumnInfo> columns) override {
    columns_.assign(columns.begin(), columns.end());
    visit_(columns_, nullptr, 0);
  }
  void rows(const Chunk& chunk, uint32_t first, uint32_t count) override {
    for (uint32_t i = first; i < first + count; ++i) visit_(columns_, &chunk, i);
  }
  void complete(std::string_view) override {}
  void suspended() override {}
  void empty_query() override {}
  void notice(MessageLevel, const SqlError&) override {}

 private:
  const RoutineHost::FetchVisitor& visit_;
  std::vector<ResultColumnInfo> columns_;
};

}  // namespace

uint64_t SqlSession::Routines::fetch(const std::string& name, const Fetch& fetch,
                                     const FetchVisitor& visit) {
  if (!session_.portals_.contains(name)) {
    throw sql_error(SqlState::kUndefinedCursor, "cursor \"{}\" does not exist", name);
  }
  ast::FetchStmt statement;
  statement.portalname = name;
  using Direction = ast::FetchDirection;
  std::string_view word = fetch.direction;
  statement.how_many = fetch.count;
  statement.direction = Direction::kForward;
  if (word == "prior") {
    statement.direction = Direction::kBackward;
  } else if (word == "first" || word == "last") {
    statement.direction = Direction::kAbsolute;
    statement.how_many = word == "first" ? 1 : -1;
  } else if (word == "absolute") {
    statement.direction = Direction::kAbsolute;
  } else if (word == "relative") {
    statement.direction = Direction::kRelative;
  } else if (word.starts_with("backward")) {
    statement.direction = Direction::kBackward;
  }
  if (word.ends_with("all")) statement.how_many = ast::kFetchAll;
  FetchedRows receiver(visit);
  std::string tag = session_.fetch(statement, receiver);
  return std::strtoull(tag.c_str() + tag.rfind(' ') + 1, nullptr, 10);
}

void SqlSession::Routines::close_cursor(const std::string& name) {
  ast::ClosePortalStmt statement;
  statement.portalname = name;
  std::string tag;
  session_.close_cursor(statement, tag);
}

// --- CALL and DO

std::vector<RoutineHost::CallOutput> SqlSession::Routines::run_procedure(
    const Function& function, std::span<const Oid> inputs, std::span<const Value> args,
    Arena& arena, bool atomic) {
  CompiledPtr compiled = compile(function, inputs, function.result);
  std::vector<size_t> positions;
  for (size_t i = 0; i < function.arguments.size(); ++i) {
    if (function.arguments[i].is_output()) positions.push_back(i);
  }
  std::vector<CallOutput> outputs;
  // SET clauses and SECURITY DEFINER end with the procedure: it cannot end transactions.
  bool confined = atomic || function.security_definer || !function.settings.empty();
  Frame frame(*this, function);
  if (compiled->tree != nullptr) {
    PlRun run(*this, conversions_, compiled->tree);
    run.set_atomic(confined);
    run.call(args, arena);
    size_t at = 0;
    for (auto& [type, value] : run.outputs(arena))
      outputs.push_back({positions[at++], type, value});
    return outputs;
  }
  auto type_of_output = [&](size_t i) {
    const auto& fields = compiled->types.fields;
    return i < fields.size() ? fields[i].type : TypeRef{function.arguments[positions[i]].type, -1};
  };
  bool seen = false;
  run_sql(*compiled, args, [&](const std::vector<ResultColumnInfo>& columns, const Chunk& chunk) {
    if (seen || chunk.size == 0 || positions.empty()) return true;
    seen = true;
    std::vector<Value> values = sql_row(*compiled, columns, chunk, 0, true, arena);
    for (size_t i = 0; i < positions.size() && i < values.size(); ++i) {
      outputs.push_back({positions[i], type_of_output(i), values[i]});
    }
    return true;
  });
  for (size_t i = outputs.size(); i < positions.size(); ++i) {
    outputs.push_back({positions[i], type_of_output(i), Value::null()});
  }
  return outputs;
}

namespace {

// Of the arguments that go in: what polymorphic types stand for.
std::vector<Oid> input_types_of(const Function& function, const Expr& call) {
  std::vector<Oid> types;
  for (size_t i = 0; i < function.arguments.size() && i < call.args.size(); ++i) {
    if (function.arguments[i].is_input()) types.push_back(call.args[i]->type.oid);
  }
  return types;
}

std::vector<RoutineHost::OutputPlace> output_places(const Function& function,
                                                    const ast::FuncCall& written) {
  std::vector<RoutineHost::OutputPlace> places;
  for (size_t i = 0; i < function.arguments.size(); ++i) {
    const Function::Argument& argument = function.arguments[i];
    if (!argument.is_output()) continue;
    RoutineHost::OutputPlace place{argument.name, i, std::nullopt};
    for (size_t k = 0; k < written.args.size(); ++k) {
      const auto* named = ast::try_as<ast::NamedArgExpr>(written.args[k]);
      if (named != nullptr ? named->name == argument.name : k == i) place.written = k;
    }
    places.push_back(std::move(place));
  }
  return places;
}

}  // namespace

std::vector<RoutineHost::CallOutput> SqlSession::Routines::run_call(const ast::Node* node,
                                                                    VariableScope* scope,
                                                                    const GatherArguments& gather,
                                                                    Arena& arena, bool atomic) {
  session_.ensure_transaction();
  session_.environment_.refresh();
  const ast::FuncCall& written = *ast::as<ast::CallStmt>(node)->funccall;
  Binder binder(session_.environment_, {});
  if (scope != nullptr) binder.use_variables(scope);
  Expr* call = binder.bind_call(written);
  if (scope == nullptr && !binder.parameter_types().empty()) {
    throw unsupported("CALL with parameters");
  }
  const Function& function = require_function(call->function->oid);
  if (!has_function_privilege(session_.environment_.catalog(),
                              session_.environment_.current_user_oid(), function.oid)) {
    throw sql_error(SqlState::kInsufficientPrivilege, "permission denied for procedure {}",
                    function.name);
  }
  std::vector<Value> parameters;
  if (gather) gather(output_places(function, written), parameters);
  std::vector<Value> args;
  for (size_t i = 0; i < call->args.size(); ++i) {
    if (i < function.arguments.size() && !function.arguments[i].is_input()) continue;
    ExprEvaluator evaluator(*call->args[i], 1);
    ExecContext context;
    fill_context(context);
    context.arena = &arena;
    context.parameters = parameters;
    StatementScope statement(*session_.transaction_);
    Value value = evaluator.evaluate_scalar(context);
    if (!value.is_null) value.datum = copy_datum(value.datum, call->args[i]->physical, arena);
    args.push_back(value);
  }
  ObjectPtr kept = session_.environment_.catalog().share(function.address());
  const auto& procedure = static_cast<const Function&>(*kept);
  return run_procedure(procedure, input_types_of(procedure, *call), args, arena, atomic);
}

std::vector<ResultColumnInfo> SqlSession::Routines::call_columns(const ast::CallStmt& statement) {
  Binder binder(session_.environment_, {});
  Expr* call = binder.bind_call(*statement.funccall);
  const Function& function = require_function(call->function->oid);
  RoutineTypes types = routine_types(session_.environment_.catalog(), function,
                                     input_types_of(function, *call), function.result);
  std::vector<ResultColumnInfo> columns;
  for (const Function::Argument& argument : function.arguments) {
    if (!argument.is_output()) continue;
    size_t number = columns.size();
    TypeRef type{argument.type, -1};
    if (number < types.fields.size()) type = types.fields[number].type;
    columns.push_back(
        {argument.name.empty() ? fmt::format("column{}", number + 1) : argument.name, type});
  }
  return columns;
}

void SqlSession::Routines::run_top_call(const ast::CallStmt& statement, bool atomic,
                                        RowReceiver& receiver) {
  session_.need_worker();
  session_.ensure_transaction();
  session_.environment_.refresh();
  std::vector<ResultColumnInfo> columns = call_columns(statement);
  Arena arena(&session_.memory_);
  std::vector<CallOutput> outputs = run_call(&statement, nullptr, nullptr, arena, atomic);
  if (columns.empty()) return;
  receiver.begin_rows(columns);
  std::vector<PhysicalType> types;
  for (const ResultColumnInfo& column : columns)
    types.push_back(type_info(column.type.oid).physical);
  Chunk chunk{std::span<const PhysicalType>(types)};
  chunk.begin();
  for (size_t i = 0; i < outputs.size(); ++i) chunk.columns[i].set_value(0, outputs[i].value);
  chunk.size = 1;
  receiver.rows(chunk, 0, 1);
}

void SqlSession::Routines::run_do(const ast::DoStmt& statement, bool atomic) {
  std::string language = "plpgsql";
  Function block;
  block.name = "inline_code_block";
  for (const ast::Node* node : statement.args) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (option->defname == "language") language = ast::as<ast::String>(option->arg)->sval;
    if (option->defname == "as") block.source = ast::as<ast::String>(option->arg)->sval;
  }
  if (language == "sql" || language == "c" || language == "internal") {
    throw sql_error(SqlState::kFeatureNotSupported,
                    "language \"{}\" does not support inline code execution", language);
  }
  if (language != "plpgsql") {
    throw sql_error(SqlState::kUndefinedObject, "language \"{}\" does not exist", language);
  }
  session_.need_worker();
  session_.ensure_transaction();
  session_.environment_.refresh();
  block.language = language;
  block.result = type_oid::kVoid;
  CompiledPtr compiled = compile(block, {}, type_oid::kVoid);
  Frame frame(*this, block);
  Arena arena(&session_.memory_);
  PlRun run(*this, conversions_, compiled->tree);
  run.set_atomic(atomic);
  run.call({}, arena);
}

}  // namespace luma
