#pragma once
// How kernels, triggers and statements call functions that users have defined. The session
// implements it; session_catalog(context).routines() finds it. Calls run on the session's thread,
// inside the transaction of `context`, and nest. They throw SqlError with the CONTEXT lines of the
// function, and WouldBlock on an event loop (context.inline_mode): functions run on workers.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/chunk_store.h"
#include "engine/exec/function.h"
#include "engine/row/trigger_desc.h"
#include "sql/catalog/object.h"
#include "sql/function/event_trigger_data.h"

namespace luma {

// Rows that a statement has changed (REFERENCING OLD/NEW TABLE): one column per attribute of the
// table, as in TriggerData::old_row. Can be read any number of times while the function runs.
struct TransitionTable {
  std::string name;
  const ChunkStore* rows = nullptr;
};

// What a trigger function finds in NEW, OLD and TG_*. Everything belongs to the caller and lives as
// long as the call. Rows have one value per entry of table.columns, dropped columns included (they
// are NULL).
struct TriggerData {
  const Table& table;
  Oid trigger = kInvalidOid;
  std::string_view name;
  TriggerTiming timing = TriggerTiming::kAfter;
  TriggerEvent event = TriggerEvent::kInsert;
  bool for_each_row = true;
  std::span<const std::string> arguments;
  std::span<const Value> old_row, new_row;  // empty where there is none
  std::vector<TransitionTable> transition_tables;
};

class RoutineCaller {
 public:
  virtual ~RoutineCaller() = default;

  // A function that returns one value; its bytes are in `arena`. `call` tells the function and the
  // types (Expr::function->oid, Expr::args, Expr::type). Strictness is the caller's business.
  virtual Value call(EvalContext& context, const Expr& call, std::span<const Value> args,
                     Arena& arena) = 0;
  // A set: chunks with the columns that the call has in FROM (one of the composite type, or the
  // output arguments). nullptr: the empty set.
  virtual std::unique_ptr<TableFunctionState> call_set(EvalContext& context, const Expr& call,
                                                       std::span<const Value> args) = 0;
  // A function that RETURNS trigger. False: it returned NULL, the row is to be left out. Otherwise
  // `row` has the values to go on with, one per column (in `arena`); empty for statement triggers.
  // 39P01/0A000... when it returns something else.
  virtual bool call_trigger(EvalContext& context, Oid function, const TriggerData& data,
                            Arena& arena, std::vector<Value>& row) = 0;
  // One query that was given as text, for functions of extensions that take queries: it reads what
  // the calling statement reads. Values are in `arena`.
  struct QueryRows {
    std::vector<TypeRef> columns;
    std::vector<std::vector<Value>> rows;
  };
  virtual QueryRows query(std::string_view sql, Arena& arena) = 0;
  // Of the event trigger whose function runs; nullptr: none does.
  virtual const EventTriggerData* event_trigger() const = 0;
  // The rows of a table are about to be stored anew, for these reasons (rewrite_reason).
  virtual void fire_table_rewrite(Oid table, int32_t reason) = 0;
};

}  // namespace luma
