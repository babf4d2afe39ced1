// SQL cursors: DECLARE, FETCH, MOVE, CLOSE. A cursor keeps the rows it has read, so that it can go
// back, and so that WITH HOLD has them all at commit.
#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/session/session_parts.h"

namespace luma {

void SqlSession::declare_cursor(const ast::DeclareCursorStmt& statement, std::string_view text) {
  bool hold = (statement.options & ast::kCursorHold) != 0;
  if (!hold && !in_block()) {
    throw SqlError(SqlState::kNoActiveSqlTransaction,
                   "DECLARE CURSOR can only be used in transaction blocks");
  }
  bool scroll = (statement.options & ast::kCursorScroll) != 0;
  ensure_transaction();
  environment_.refresh();
  if (portals_.find(statement.portalname) != portals_.end()) {
    throw sql_error(SqlState::kDuplicateCursor, "cursor \"{}\" already exists",
                    statement.portalname);
  }
  CachedQueryPtr query = make_query(text, {});
  set_statement(*query, ast::copy(statement.query, query->arena));
  query->for_cursor = true;
  if (query->kind != StatementKind::kPlan) {
    throw SqlError(SqlState::kInvalidCursorDefinition, "cannot open cursor for this statement");
  }
  std::unique_ptr<PlanRun> run = acquire(*query);
  run->plan().require_constants();
  if (run->plan().modifies_data) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "DECLARE CURSOR must not contain data-modifying statements in WITH");
  }
  lock_tables(run->plan());
  check_privileges(*run);
  ran_query_ = true;
  Portal& portal = create_portal(statement.portalname);
  portal.is_cursor = true;
  portal.holdable = hold;
  portal.scroll = scroll;
  portal.no_scroll = (statement.options & ast::kCursorNoScroll) != 0;
  portal.binary = (statement.options & ast::kCursorBinary) != 0;
  portal.statement = text;
  portal.creation_micros = statement_micros_;
  portal.columns = run->plan().columns;
  portal.query = std::move(query);
  portal.run = std::move(run);
  portal.store = std::make_unique<ChunkStore>(portal.run->plan().root->output_types());
  // The cursor sees what its declaration saw.
  StatementScope scope(*transaction_);
  portal.snapshot = transaction_->current_statement();
}

// Reads on until `wanted` rows are kept or there are no more.
void SqlSession::pull_rows(Portal& portal, uint64_t wanted) {
  if (portal.done || portal.rows_read() >= wanted) return;
  ensure_transaction();
  PlanRun& run = *portal.run;
  // What changes data runs to its end, whoever fetches how many of its rows.
  if (run.plan().modifies_data) wanted = UINT64_MAX;
  fill_context(run.context());
  run.context().inline_mode = false;
  // Kept rows outlive the plan: they belong to the session's budget.
  ExecContext keeping;
  fill_context(keeping);
  keeping.memory = &memory_;
  StatementScope scope(*transaction_, true);
  transaction_->resume_statement(portal.snapshot);
  try {
    if (!portal.is_open) {
      run.open(wanted == UINT64_MAX);
      portal.is_open = true;
    }
    while (portal.rows_read() < wanted) {
      const Chunk* chunk = run.next();
      if (chunk == nullptr) {
        portal.done = true;
        break;
      }
      portal.store->append(keeping, *chunk);
    }
  } catch (...) {
    run.close();
    portal.is_open = false;
    portal.done = true;
    throw;
  }
  if (portal.done) {
    run.close();
    portal.is_open = false;
  }
}

// Emits kept rows [first, first + count), in reverse order when `backward`. 0-based.
uint64_t SqlSession::emit_rows(Portal& portal, uint64_t first, uint64_t count, bool backward,
                               RowReceiver* receiver) {
  if (receiver == nullptr || count == 0) return count;
  const std::vector<PhysicalType>& types = portal.store->types();
  // Reading is sequential; a window of rows is turned round at a time.
  uint64_t done = 0;
  while (done < count) {
    uint64_t window = backward ? std::min<uint64_t>(count - done, kVectorSize) : count - done;
    uint64_t begin = backward ? first + count - done - window : first + done;
    ChunkStore::Cursor cursor = portal.store->cursor_at(begin - portal.passed);
    std::vector<uint32_t> pieces;
    uint64_t left = window;
    std::vector<Chunk> held;
    while (left > 0) {
      Chunk next{std::span<const PhysicalType>(types)};
      if (!portal.store->read(cursor, next)) break;
      auto n = static_cast<uint32_t>(std::min<uint64_t>(next.size, left));
      if (!backward) {
        receiver->rows(next, 0, n);
      } else {
        // Emitted below, from the last piece to the first; the strings stay in the store.
        pieces.push_back(n);
        held.push_back(std::move(next));
      }
      left -= n;
    }
    for (size_t p = held.size(); p-- > 0;) {
      for (uint32_t i = pieces[p]; i-- > 0;) receiver->rows(held[p], i, 1);
    }
    done += window;
  }
  return count;
}

// A portal of the extended protocol that FETCH is going to read, from where Execute has left it.
void SqlSession::make_cursor(Portal& portal) {
  if (portal.is_cursor) return;
  if (portal.store == nullptr) {
    if (portal.run == nullptr) throw unsupported("FETCH from the portal of a utility statement");
    ensure_transaction();
    portal.store = std::make_unique<ChunkStore>(portal.run->plan().root->output_types());
    portal.position = portal.passed = portal.rows;
    if (portal.done) ++portal.position;
    if (portal.is_open && portal.chunk != nullptr) {
      // The rest of the present chunk, and the row that was sent last, which is the cursor's.
      uint32_t first = portal.chunk_at - std::min<uint32_t>(portal.chunk_at, 1);
      portal.passed -= portal.chunk_at - first;
      std::vector<uint32_t> left(portal.chunk->size - first);
      std::iota(left.begin(), left.end(), first);
      ExecContext keeping;
      fill_context(keeping);
      keeping.memory = &memory_;
      portal.store->append(keeping, *portal.chunk, left.data(), static_cast<uint32_t>(left.size()));
      portal.chunk = nullptr;
    }
    if (!portal.is_open && !portal.done) {
      StatementScope scope(*transaction_);
      portal.snapshot = transaction_->current_statement();
    }
  } else {
    portal.done = true;
  }
  portal.is_cursor = portal.no_scroll = true;
  portal.statement = portal.query->text;
  portal.columns = portal.query->columns;
}

// Execute of a cursor goes on where FETCH has left it.
void SqlSession::execute_cursor(Portal& portal, int64_t max_rows, RowReceiver& receiver) {
  if (!portal.done) need_worker();
  receiver.begin_rows(portal.columns);
  uint64_t first = portal.position;
  uint64_t wanted = max_rows > 0 ? first + static_cast<uint64_t>(max_rows) : UINT64_MAX;
  pull_rows(portal, wanted);
  uint64_t total = portal.rows_read();
  uint64_t end = std::min(wanted, total);
  uint64_t count = end > first ? emit_rows(portal, first, end - first, false, &receiver) : 0;
  portal.position = wanted > total ? total + 1 : end;
  if (wanted <= total) return receiver.suspended();
  std::string tag = portal.run == nullptr ? fmt::format("SELECT {}", count)
                                          : plan_tag(portal.run->plan(), count, portal.affected);
  live_->end_statement(tag);
  receiver.complete(tag);
}

std::string SqlSession::fetch(const ast::FetchStmt& statement, RowReceiver& receiver) {
  auto it = portals_.find(statement.portalname);
  if (it == portals_.end()) {
    throw sql_error(SqlState::kUndefinedCursor, "cursor \"{}\" does not exist",
                    statement.portalname);
  }
  Portal& portal = *it->second;
  make_cursor(portal);
  // Reading on may take any time.
  if (!portal.done) need_worker();
  RowReceiver* out = statement.ismove ? nullptr : &receiver;
  bool has_begun = out == nullptr;
  auto begin = [&] {
    if (std::exchange(has_begun, true)) return;
    // The extended protocol has formats of its own.
    binary_rows_ = portal.binary && pending_.active;
    out->begin_rows(portal.columns);
  };
  auto emit = [&](uint64_t first, uint64_t rows, bool backward) {
    begin();
    return emit_rows(portal, first, rows, backward, out);
  };

  using Direction = ast::FetchDirection;
  int64_t count = statement.how_many;
  Direction direction = statement.direction;
  auto forbid_backward = [&] {
    if (!portal.no_scroll) return;
    throw SqlError(SqlState::kObjectNotInPrerequisiteState, "cursor can only scan forward")
        .hint("Declare it with SCROLL option to enable backward scan.");
  };
  if (count < 0 && (direction == Direction::kForward || direction == Direction::kBackward)) {
    direction = direction == Direction::kForward ? Direction::kBackward : Direction::kForward;
    count = -count;
  }
  uint64_t emitted = 0;
  auto total = [&] { return portal.rows_read(); };
  switch (direction) {
    case Direction::kForward: {
      if (count == 0) {  // the present row again
        if (portal.position >= 1 && portal.position <= total()) {
          forbid_backward();
          emitted = emit(portal.position - 1, 1, false);
        }
        break;
      }
      uint64_t first = portal.position;
      uint64_t wanted = count == ast::kFetchAll ? UINT64_MAX : first + static_cast<uint64_t>(count);
      pull_rows(portal, wanted);
      uint64_t end = std::min(wanted, total());
      if (end > first) emitted = emit(first, end - first, false);
      portal.position = wanted > total() ? total() + 1 : end;
      break;
    }
    case Direction::kBackward: {
      forbid_backward();
      if (count == 0) {
        if (portal.position >= 1 && portal.position <= total()) {
          emitted = emit(portal.position - 1, 1, false);
        }
        break;
      }
      // Rows before the present one, nearest first.
      uint64_t before = portal.position == 0 ? 0 : portal.position - 1;
      uint64_t n = count == ast::kFetchAll
                       ? before
                       : std::min<uint64_t>(before, static_cast<uint64_t>(count));
      emitted = emit(before - n, n, true);
      bool reached_start = count == ast::kFetchAll || static_cast<uint64_t>(count) > before;
      portal.position = reached_start ? 0 : before - n + 1;
      break;
    }
    case Direction::kAbsolute:
    case Direction::kRelative: {
      int64_t target = count;
      if (direction == Direction::kRelative) {
        target = static_cast<int64_t>(portal.position) + count;
      } else if (count < 0) {
        pull_rows(portal, UINT64_MAX);
        target = static_cast<int64_t>(total()) + 1 + count;
      }
      if (target < static_cast<int64_t>(portal.position) ||
          (target == static_cast<int64_t>(portal.position) && target > 0)) {
        forbid_backward();
      }
      if (target <= 0) {
        portal.position = 0;
        break;
      }
      pull_rows(portal, static_cast<uint64_t>(target));
      if (static_cast<uint64_t>(target) > total()) {
        portal.position = total() + 1;
        break;
      }
      portal.position = static_cast<uint64_t>(target);
      emitted = emit(portal.position - 1, 1, false);
      break;
    }
  }
  begin();
  return fmt::format("{} {}", statement.ismove ? "MOVE" : "FETCH", emitted);
}

Value SqlSession::cursor_key(std::string_view cursor, Oid table, size_t part, Arena& arena) {
  auto it = portals_.find(cursor);
  if (it == portals_.end()) {
    throw sql_error(SqlState::kUndefinedCursor, "cursor \"{}\" does not exist", cursor);
  }
  Portal& portal = *it->second;
  if (portal.run == nullptr || !portal.is_cursor) {
    throw sql_error(SqlState::kInvalidCursorState,
                    "cursor \"{}\" is held from a previous transaction", cursor);
  }
  const PhysicalPlan& plan = portal.run->plan();
  auto key = std::find_if(plan.cursor_keys.begin(), plan.cursor_keys.end(),
                          [&](const CursorKey& candidate) { return candidate.table == table; });
  if (key == plan.cursor_keys.end()) {
    const Relation* relation = environment_.catalog().relation(table);
    throw sql_error(SqlState::kInvalidCursorState, "cursor \"{}\" {} table \"{}\"", cursor,
                    plan.locks_rows ? "does not have a FOR UPDATE/SHARE reference to"
                                    : "is not a simply updatable scan of",
                    relation == nullptr ? "" : relation->name);
  }
  if (portal.position <= portal.passed || portal.position > portal.rows_read()) {
    throw sql_error(SqlState::kInvalidCursorState, "cursor \"{}\" is not positioned on a row",
                    cursor);
  }
  const std::vector<PhysicalType>& types = portal.store->types();
  ChunkStore::Cursor at = portal.store->cursor_at(portal.position - 1 - portal.passed);
  Chunk row{std::span<const PhysicalType>(types)};
  LUMA_CHECK(portal.store->read(at, row));
  Value value = row.columns[key->first_column + part].value(0);
  if (!value.is_null) {
    value.datum = copy_datum(value.datum, types[key->first_column + part], arena);
  }
  return value;
}

void SqlSession::close_cursor(const ast::ClosePortalStmt& statement, std::string& tag) {
  if (statement.portalname.data() == nullptr) {
    tag = "CLOSE CURSOR ALL";
    for (auto it = portals_.begin(); it != portals_.end();) {
      finish_portal(*it->second);
      it = portals_.erase(it);
    }
    return;
  }
  tag = "CLOSE CURSOR";
  auto it = portals_.find(statement.portalname);
  if (it == portals_.end()) {
    throw sql_error(SqlState::kUndefinedCursor, "cursor \"{}\" does not exist",
                    statement.portalname);
  }
  finish_portal(*it->second);
  portals_.erase(it);
}

// WITH HOLD: at commit the rest is read, and the plan is let go.
void SqlSession::materialize_holdable() {
  for (auto& [name, portal] : portals_) {
    if (!portal->holdable || portal->run == nullptr) continue;
    pull_rows(*portal, UINT64_MAX);
    portal->run.reset();
    portal->query.reset();
    portal->snapshot.snapshot.reset();
    portal->savepoint_depth = 0;
  }
}

}  // namespace luma
