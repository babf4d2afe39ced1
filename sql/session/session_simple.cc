// The simple query protocol: a string of statements.
#include "engine/base/sql_error.h"
#include "sql/session/repeatable.h"
#include "sql/session/session_parts.h"

namespace luma {

Oid type_of_literal(const Literal& literal) {
  switch (literal.kind) {
    case LiteralKind::kInteger:
      return type_oid::kInt4;
    case LiteralKind::kBigint:
      return type_oid::kInt8;
    case LiteralKind::kNumeric:
      return type_oid::kNumeric;
    case LiteralKind::kString:
      break;
  }
  return type_oid::kUnknown;
}

SqlSession::Outcome SqlSession::simple_query(std::string_view sql, RowReceiver& receiver,
                                             bool may_block) {
  CallScope scope(*this, receiver, may_block);
  if (!pending_.active) {
    // The simple protocol takes the unnamed statement and portal with it.
    if (unnamed_portal_exists_) {
      finish_portal(unnamed_portal_);
      unnamed_portal_exists_ = false;
    }
    begin_activity(sql);
    live_->begin_statement(sql);
    if (state_ != TxnState::kFailed &&
        (run_literal_rows(sql, receiver) || run_normalized(sql, receiver))) {
      end_activity();
      return Outcome::kDone;
    }
    pending_.arena.reset();
    ParseOptions options;
    options.standard_conforming_strings = settings_.vars().standard_conforming_strings;
    // The text is not parsed again when a worker goes on with it.
    if (warn_of_long_names(sql)) receiver.checkpoint();
    ParseResult parsed = parse_sql(sql, pending_.arena, options);
    pending_.statements.assign(parsed.statements.begin(), parsed.statements.end());
    pending_.at = 0;
    if (pending_.statements.empty()) {
      finish_implicit(true);
      receiver.empty_query();
      end_activity();
      return Outcome::kDone;
    }
    pending_.active = true;
    multi_statement_ = pending_.statements.size() > 1;
  }
  Outcome outcome = run_statements(sql, receiver);
  if (outcome == Outcome::kCopyIn) pending_.text = sql;
  return outcome;
}

SqlSession::Outcome SqlSession::run_statements(std::string_view sql, RowReceiver& receiver) {
  while (pending_.at < pending_.statements.size()) {
    const ParsedStatement& parsed = pending_.statements[pending_.at];
    bool last = pending_.at + 1 == pending_.statements.size();
    auto begin = static_cast<size_t>(std::max(parsed.location, 0));
    std::string_view text = parsed.length > 0
                                ? sql.substr(begin, static_cast<size_t>(parsed.length))
                                : sql.substr(begin);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
      text.remove_prefix(1);
    }
    start_statement_timer();
    Outcome outcome = run_one(parsed.node, text, last, receiver);
    if (outcome == Outcome::kCopyIn) return outcome;
    stop_statement_timer();
    ++pending_.at;
    receiver.checkpoint();
  }
  pending_.active = false;
  pending_.statements.clear();
  multi_statement_ = false;
  end_activity();
  return Outcome::kDone;
}

SqlSession::Outcome SqlSession::run_one(const ast::Node* node, std::string_view text, bool last,
                                        RowReceiver& receiver) {
  if (state_ == TxnState::kFailed && !allowed_in_failed_block(node)) throw_failed_block();
  live_->begin_statement(text);
  return repeatable([&] {
    std::string tag;
    CachedQuery query;
    set_statement(query, node);
    if (query.kind == StatementKind::kPlan) {
      ensure_transaction();
      environment_.refresh();
      std::unique_ptr<PlanRun> run = make_plan(node, {});
      if (!run->plan().parameter_types.empty()) {
        throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", 1);
      }
      // Definitions may change again while the next plan waits, or is being made.
      for (bool done = false; !done;) {
        try {
          tag = run_plan(*run, &receiver);
          done = true;
        } catch (const PlanChanged&) {
          interrupt_.check();
          run = make_plan(node, {});
        }
      }
    } else {
      Outcome outcome = run_utility(node, text, receiver, tag);
      if (outcome == Outcome::kCopyIn) return outcome;
    }
    finish_implicit(last);
    live_->end_statement(tag);
    receiver.complete(tag);
    return Outcome::kDone;
  });
}

// The fast way: the statement without its literals has been planned before, or can be. False when
// the statement has to be taken as it is.
bool SqlSession::run_normalized(std::string_view sql, RowReceiver& receiver) {
  size_t limit = settings_.vars().plan_cache_size;
  if (limit == 0 || !settings_.vars().standard_conforming_strings) return false;
  if (!normalize_literals(sql, key_, literals_)) return false;
  CachedQueryPtr query = cache_.find(key_);
  if (query == nullptr) {
    if (mentions_present_time(key_)) return false;
    std::vector<Oid> types;
    types.reserve(literals_.size());
    for (const Literal& literal : literals_) types.push_back(type_of_literal(literal));
    query = make_query(key_, types);
    query->for_literals = true;
    try {
      ParseResult parsed = parse_sql(query->text, query->arena, {});
      if (parsed.statements.size() != 1) return false;
      set_statement(*query, parsed.statements[0].node);
      if (query->kind != StatementKind::kPlan) return false;
      give_back(*query, acquire(*query));
      if (query->spare == nullptr || query->parameter_types.size() != literals_.size())
        return false;
    } catch (const SqlError&) {
      return false;  // the statement itself has the error to report, if any
    }
    cache_.insert(key_, query, limit);
  }
  if (query->needs_literals) return false;
  std::unique_ptr<PlanRun> run;
  try {
    run = acquire(*query);
  } catch (const SqlError&) {
    cache_.erase(key_);
    return false;
  }
  // What the literals make of a constant expression is part of planning.
  query->needs_literals = run->plan().folds_parameters;
  if (query->needs_literals) return false;
  if (query->parameter_types.size() != literals_.size()) {
    cache_.erase(key_);
    return false;
  }
  // A long-running statement gains more from a plan made for its very values.
  if (!literals_.empty() && !run->plan().is_point_operation &&
      run->plan().estimated_cost > settings_.vars().inline_cost_limit) {
    give_back(*query, std::move(run));
    return false;
  }
  try {
    run_cached(*query, run, receiver);
  } catch (const PlanChanged&) {
    return run_normalized(sql, receiver);
  }
  give_back(*query, std::move(run));
  return true;
}

void SqlSession::run_cached(CachedQuery& query, std::unique_ptr<PlanRun>& run,
                            RowReceiver& receiver) {
  repeatable([&] {
    ensure_transaction();
    for (size_t i = 0; i < literals_.size(); ++i) {
      run->parameters()[i] =
          read_literal(literals_[i], run->plan().parameter_types[i], run->arena());
    }
    std::string tag;
    try {
      tag = run_plan(*run, &receiver);
    } catch (SqlError& error) {
      error.byte_offset = -1;  // counted in the key
      throw;
    } catch (const WouldBlock&) {
      give_back(query, std::move(run));
      throw;
    }
    finish_implicit(true);
    live_->end_statement(tag);
    receiver.complete(tag);
  });
}

}  // namespace luma
