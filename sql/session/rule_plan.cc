#include "sql/session/rule_plan.h"

#include "engine/base/sql_error.h"
#include "sql/bind/binder.h"
#include "sql/parse/parser.h"
#include "sql/session/session_parts.h"

namespace luma {
namespace {

class RulePlanner {
 public:
  explicit RulePlanner(PlannerContext& context)
      : context_(context), types_(context.parameter_types) {}

  std::unique_ptr<PhysicalPlan> plan(const RuleStatement& statement) {
    return plan(bind(statement));
  }

  // No statement is left to give the tag.
  std::unique_ptr<PhysicalPlan> nothing(const ast::Node* original, Arena& arena, char command) {
    try {
      note_types(bind(original).parameter_types);
    } catch (const SqlError&) {
      // A view that only its rules can change: they tell its parameters' types.
    }
    auto out = plan(bind(parse_sql("SELECT WHERE false", arena).statements[0].node));
    out->command = command;
    return out;
  }

  const std::vector<Oid>& types() const { return types_; }

 private:
  template <typename Statement>
  BoundQuery bind(const Statement& statement) {
    Binder binder(context_.environment, types_);
    binder.use_variables(context_.variables);
    return binder.bind(statement);
  }

  void note_types(const std::vector<TypeRef>& found) {
    for (size_t i = 0; i < found.size(); ++i) {
      if (i == types_.size()) types_.push_back(kInvalidOid);
      if (found[i].oid != kInvalidOid) types_[i] = found[i].oid;
    }
  }

  std::unique_ptr<PhysicalPlan> plan(BoundQuery query) {
    note_types(query.parameter_types);
    return plan_bound_query(std::move(query), context_);
  }

  PlannerContext& context_;
  std::vector<Oid> types_;
};

}  // namespace

std::unique_ptr<PlanRun> plan_with_rules(const ast::Node* node,
                                         std::unique_ptr<RuleRewrite> rewrite,
                                         PlannerContext& context, MemoryBudget* memory) {
  RulePlanner planner(context);
  std::unique_ptr<PhysicalPlan> main =
      rewrite->main >= 0 ? planner.plan(rewrite->statements[static_cast<size_t>(rewrite->main)])
                         : planner.nothing(node, rewrite->arena, rewrite->command);
  std::vector<RuleCompanion> before, after;
  std::vector<std::unique_ptr<PhysicalPlan>> plans;
  for (size_t i = 0; i < rewrite->statements.size(); ++i) {
    if (static_cast<int>(i) == rewrite->main) continue;
    const RuleStatement& statement = rewrite->statements[i];
    RuleCompanion companion;
    if (ast::is<ast::NotifyStmt>(statement.node)) {
      companion.utility = statement.node;
    } else {
      std::unique_ptr<PhysicalPlan> plan = planner.plan(statement);
      main->locks.insert(main->locks.end(), plan->locks.begin(), plan->locks.end());
      main->privileges.insert(main->privileges.end(), plan->privileges.begin(),
                              plan->privileges.end());
      main->functions.insert(main->functions.end(), plan->functions.begin(), plan->functions.end());
      main->modifies_data |= plan->modifies_data;
      plan->require_constants();
      companion.run = std::make_unique<PlanRun>(std::move(plan), memory);
    }
    (static_cast<int>(i) < rewrite->main ? before : after).push_back(std::move(companion));
  }
  while (main->parameter_types.size() < planner.types().size()) {
    main->parameter_types.push_back({planner.types()[main->parameter_types.size()], -1});
  }
  // Several statements: they wait for each other on a worker, and are planned each time.
  main->calls_routines = true;
  main->is_point_operation = false;
  main->cacheable = false;
  auto run = std::make_unique<PlanRun>(std::move(main), memory);
  run->has_main = rewrite->main >= 0;
  run->before = std::move(before);
  run->after = std::move(after);
  run->rule_trees = std::shared_ptr<const void>(std::move(rewrite));
  return run;
}

void SqlSession::run_companions(PlanRun& main, std::vector<RuleCompanion>& companions,
                                RowReceiver* receiver) {
  for (RuleCompanion& companion : companions) {
    if (companion.utility != nullptr) {
      const auto& wish = *ast::as<ast::NotifyStmt>(companion.utility);
      notify(wish.conditionname, wish.payload);
      continue;
    }
    PlanRun& run = *companion.run;
    run.begin();
    for (size_t i = 0; i < run.parameters().size() && i < main.parameters().size(); ++i) {
      run.parameters()[i] = main.parameters()[i];
    }
    fill_context(run.context());
    struct Closer {
      PlanRun& run;
      ~Closer() { run.close(); }
    } closer{run};
    StatementScope scope(*transaction_);
    run.open();
    // Where the statement itself returns rows they are all that is shown.
    const bool shows =
        run.plan().command == 'S' && receiver != nullptr && !main.plan().has_returning;
    if (shows) receiver->begin_rows(run.plan().columns);
    while (const Chunk* chunk = run.next()) {
      if (shows) receiver->rows(*chunk, 0, chunk->size);
    }
  }
}

}  // namespace luma
