// PL/pgSQL: calls, blocks and their handlers.
#include "sql/routine/pl_run.h"

#include <algorithm>

#include "engine/type/array.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/catalog/partition.h"

namespace luma {
namespace {

std::string_view name_of(const PlStatement& statement) {
  switch (statement.kind) {
    case PlKind::kBlock:
      return "statement block";
    case PlKind::kAssign:
      return "assignment";
    case PlKind::kIf:
      return "IF";
    case PlKind::kCase:
      return "CASE";
    case PlKind::kLoop:
      return "LOOP";
    case PlKind::kWhile:
      return "WHILE";
    case PlKind::kForInteger:
      return "FOR with integer loop variable";
    case PlKind::kForQuery:
      return "FOR over SELECT rows";
    case PlKind::kForExecute:
      return "FOR over EXECUTE statement";
    case PlKind::kForCursor:
      return "FOR over cursor";
    case PlKind::kForeach:
      return "FOREACH over array";
    case PlKind::kExit:
      return static_cast<const PlExit&>(statement).is_continue ? "CONTINUE" : "EXIT";
    case PlKind::kReturn:
      return "RETURN";
    case PlKind::kReturnNext:
      return "RETURN NEXT";
    case PlKind::kReturnQuery:
      return "RETURN QUERY";
    case PlKind::kRaise:
      return "RAISE";
    case PlKind::kAssert:
      return "ASSERT";
    case PlKind::kSql:
      return "SQL statement";
    case PlKind::kPerform:
      return "PERFORM";
    case PlKind::kExecute:
      return "EXECUTE";
    case PlKind::kDiagnostics:
      return static_cast<const PlDiagnostics&>(statement).stacked ? "GET STACKED DIAGNOSTICS"
                                                                  : "GET DIAGNOSTICS";
    case PlKind::kOpen:
      return "OPEN";
    case PlKind::kFetch:
      return static_cast<const PlCursor&>(statement).is_move ? "MOVE" : "FETCH";
    case PlKind::kClose:
      return "CLOSE";
    case PlKind::kCall:
      return "CALL";
    case PlKind::kCommit:
      return "COMMIT";
    case PlKind::kRollback:
      return "ROLLBACK";
    case PlKind::kNull:
      return "NULL";
  }
  return "statement";
}

}  // namespace

PlRun::PlRun(RoutineHost& host, PlConversions& conversions, std::shared_ptr<PlFunction> function)
    : host_(host),
      conversions_(conversions),
      function_(std::move(function)),
      scalars_(function_->variables.size()),
      rows_(function_->variables.size()),
      temporary_(std::make_unique<Arena>(&host.memory(), 1024)) {}

PlRun::~PlRun() = default;

void PlRun::add_context(SqlError& error) {
  if (std::exchange(rethrows_, false)) return;
  std::string line = "PL/pgSQL function " + function_->name;
  if (!doing_.empty()) {
    if (doing_line_ > 0) line += fmt::format(" line {}", doing_line_);
    line += " " + doing_;
  } else if (current_ != nullptr) {
    line += fmt::format(" line {} at {}", current_->line, name_of(*current_));
  }
  error.context_text += (error.context_text.empty() ? "" : "\n") + line;
}

// Errors leave with a line that says where they happened.
template <typename Body>
void PlRun::guarded(Body&& body) {
  try {
    body();
  } catch (SqlError& error) {
    add_context(error);
    throw;
  }
}

namespace {

PlTarget whole_of(int variable) {
  PlTarget target;
  target.variable = variable;
  return target;
}

}  // namespace

void PlRun::set_text(int variable, std::string_view text) {
  slot(variable).assign(Datum::of_string(text), PhysicalType::kVarlen);
}

void PlRun::store_arguments(std::span<const Value> args) {
  doing_ = "during function entry";
  for (size_t i = 0; i < function_->variables.size(); ++i) {
    const PlVariable& variable = function_->variables[i];
    if (variable.kind == PlVariable::Kind::kRecord) set_null_row(static_cast<int>(i));
  }
  for (size_t i = 0; i < function_->inputs.size() && i < args.size(); ++i) {
    int variable = function_->inputs[i];
    // What is declared as record has the type of the argument.
    Oid type = i < function_->types.inputs.size() ? function_->types.inputs[i] : kInvalidOid;
    assign_variable(variable, args[i],
                    type == kInvalidOid ? declared(variable).type : TypeRef{type, -1});
  }
  set_found(false);
  doing_.clear();
}

void PlRun::initialise(int number) {
  const PlVariable& variable = declared(number);
  doing_ = "during statement block local variable initialization";
  doing_line_ = variable.line;
  if (variable.kind == PlVariable::Kind::kRecord) {
    set_null_row(number);
  } else {
    slot(number).clear();
  }
  if (variable.initial != nullptr) {
    TypeRef type;
    Value value = evaluate(*variable.initial, &type);
    assign_variable(number, value, type);
    keep_field_names(*variable.initial, whole_of(number));
  } else if (is_domain(number)) {
    assign_variable(number, Value::null(), base_type_of(variable.type));
  }
  doing_.clear();
  doing_line_ = 0;
}

void PlRun::run_function() {
  current_ = function_->block.get();
  Flow flow = run_block(*function_->block);
  if (flow == Flow::kReturn) return;
  bool needs_none = function_->returns_set || function_->is_procedure || function_->is_inline ||
                    function_->is_event_trigger || function_->types.result == type_oid::kVoid ||
                    !function_->outputs.empty();
  if (needs_none) return;
  current_ = nullptr;
  throw SqlError(SqlState::kSREFunctionExecutedNoReturnStatement,
                 function_->types.result == type_oid::kTrigger
                     ? "control reached end of trigger procedure without RETURN"
                     : "control reached end of function without RETURN");
}

// Rows are returned as they are: their fields must have the declared types.
void PlRun::require_field_type(TypeRef type, TypeRef wanted, size_t field) const {
  if (type.oid == wanted.oid) return;
  const Catalog& catalog = host_.environment().catalog();
  throw SqlError(SqlState::kDatatypeMismatch,
                 "returned record type does not match expected record type")
      .detail(fmt::format("Returned type {} does not match expected type {} in column {}.",
                          catalog.type_name(type.oid), catalog.type_name(wanted.oid), field + 1));
}

Value PlRun::record_value(const PlRow& record, const std::vector<RoutineTypes::Field>& fields,
                          Arena& arena) {
  if (!record.assigned) return Value::null();
  if (!fields.empty() && fields.size() != record.fields.size()) {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "returned record type does not match expected record type")
        .detail(fmt::format(
            "Number of returned columns ({}) does not match expected column count ({}).",
            record.fields.size(), fields.size()));
  }
  RecordBuilder builder;
  for (size_t i = 0; i < record.fields.size(); ++i) {
    TypeRef wanted = fields.empty() ? record.fields[i].type : fields[i].type;
    require_field_type(record.fields[i].type, wanted, i);
    builder.add(wanted, conversions_.convert(record.values[i].value(), record.fields[i].type,
                                             wanted, arena));
  }
  return builder.finish(arena);
}

Value PlRun::result_value(Arena& arena) {
  const RoutineTypes& types = function_->types;
  if (types.result == type_oid::kVoid) return Datum::of_string(std::string_view());
  if (function_->outputs.size() == 1 && types.fields.empty()) {
    int variable = function_->outputs[0];
    const PlSlot& out = slot(variable);
    Value value = out.value();
    if (!value.is_null) {
      value.datum = copy_datum(value.datum, type_info(declared(variable).type.oid).physical, arena);
    }
    return value;
  }
  if (function_->outputs.size() == 1 &&
      declared(function_->outputs[0]).kind == PlVariable::Kind::kRecord) {
    return record_value(row(function_->outputs[0]), types.fields, arena);
  }
  if (!function_->outputs.empty()) {
    RecordBuilder builder;
    for (int variable : function_->outputs) {
      bool is_row = declared(variable).kind == PlVariable::Kind::kRecord;
      builder.add(declared(variable).type,
                  is_row ? record_value(row(variable), {}, arena) : slot(variable).value());
    }
    return builder.finish(arena);
  }
  doing_ = "while casting return value to function's return type";
  Value out;
  if (returned_variable_ >= 0) {
    out = record_value(row(returned_variable_), types.fields, arena);
    out = conversions_.convert(out, {base_type_of(types.result), -1}, {types.result, -1}, arena);
  } else {
    const Value& value = result_.value();
    bool is_row = !types.fields.empty() || types.result == type_oid::kRecord;
    const TypeInfo& from = type_info(base_type_of(result_type_.oid));
    if (is_row && !value.is_null) {
      if (result_type_.oid != type_oid::kRecord && from.type_type != 'c') {
        throw SqlError(SqlState::kDatatypeMismatch,
                       "cannot return non-composite value from function returning composite type");
      }
      RecordView view(value.datum);
      if (!types.fields.empty() && view.size() != types.fields.size()) {
        throw SqlError(SqlState::kDatatypeMismatch,
                       "returned record type does not match expected record type")
            .detail(fmt::format(
                "Number of returned columns ({}) does not match expected column count ({}).",
                view.size(), types.fields.size()));
      }
      RecordBuilder builder;
      for (uint32_t i = 0; i < view.size(); ++i) {
        TypeRef wanted = types.fields.empty() ? view.type(i) : types.fields[i].type;
        require_field_type(view.type(i), wanted, i);
        builder.add(wanted, conversions_.convert(view.field(i), view.type(i), wanted, arena));
      }
      out = builder.finish(arena);
      out = conversions_.convert(out, {base_type_of(types.result), -1}, {types.result, -1}, arena);
    } else {
      out = conversions_.convert(value, result_type_, {types.result, -1}, arena);
      if (!out.is_null) {
        out.datum = copy_datum(out.datum, type_info(types.result).physical, arena);
      }
    }
  }
  doing_.clear();
  return out;
}

Value PlRun::call(std::span<const Value> args, Arena& arena) {
  Value out;
  guarded([&] {
    store_arguments(args);
    run_function();
    if (!function_->is_procedure && !function_->is_inline) out = result_value(arena);
  });
  return out;
}

std::vector<std::pair<TypeRef, Value>> PlRun::outputs(Arena& arena) {
  std::vector<std::pair<TypeRef, Value>> out;
  for (int variable : function_->outputs) {
    const PlVariable& declaration = declared(variable);
    Value value = declaration.kind == PlVariable::Kind::kRecord
                      ? record_value(row(variable), {}, arena)
                      : slot(variable).value();
    if (!value.is_null) {
      value.datum = copy_datum(value.datum, type_info(declaration.type.oid).physical, arena);
    }
    out.emplace_back(declaration.type, value);
  }
  return out;
}

void PlRun::call_set(std::span<const Value> args, std::vector<TypeRef> types, ChunkStore& rows) {
  results_ = &rows;
  result_types_ = std::move(types);
  guarded([&] {
    store_arguments(args);
    run_function();
    flush_results();
  });
}

bool PlRun::call_trigger(const TriggerData& data, Arena& arena, std::vector<Value>& values) {
  trigger_ = &data;
  const PlFunction::TriggerVariables& to = function_->trigger;
  bool suppressed = false;
  values.clear();
  guarded([&] {
    store_arguments({});
    doing_ = "during function entry";
    auto load = [&](int variable, std::span<const Value> from) {
      // Both rows can be named in every trigger; one that is not there is NULL.
      PlRow& record = row(variable);
      record.fields.clear();
      record.values.clear();
      for (size_t i = 0; i < data.table.columns.size(); ++i) {
        const Column& column = data.table.columns[i];
        if (column.dropped) continue;
        record.fields.push_back({column.name, column.type});
        record.values.emplace_back().assign(i < from.size() ? from[i] : Value::null(),
                                            type_info(column.type.oid).physical);
      }
      record.assigned = !from.empty();
      // A child's row is passed as its parent's, too, which only a record can be.
      bool is_child = !data.table.inherits.empty() || is_partition(data.table);
      record.type = is_child ? kInvalidOid : data.table.row_type;
    };
    load(to.new_row, data.new_row);
    load(to.old_row, data.old_row);
    set_text(to.name, data.name);
    set_text(to.when, data.timing == TriggerTiming::kBefore  ? "BEFORE"
                      : data.timing == TriggerTiming::kAfter ? "AFTER"
                                                             : "INSTEAD OF");
    set_text(to.level, data.for_each_row ? "ROW" : "STATEMENT");
    set_text(to.op, data.event == TriggerEvent::kInsert   ? "INSERT"
                    : data.event == TriggerEvent::kUpdate ? "UPDATE"
                    : data.event == TriggerEvent::kDelete ? "DELETE"
                                                          : "TRUNCATE");
    slot(to.relid).assign(Datum::of_oid(data.table.oid), PhysicalType::kInt32);
    set_text(to.relname, data.table.name);
    set_text(to.table_name, data.table.name);
    set_text(to.table_schema, host_.environment().catalog().schema_name(data.table.schema));
    slot(to.nargs).assign(Datum::of_int32(static_cast<int32_t>(data.arguments.size())),
                          PhysicalType::kInt32);
    ArrayBuilder arguments(type_oid::kText);
    for (const std::string& argument : data.arguments) {
      arguments.add(Datum::of_string(std::string_view(argument)));
    }
    // Arguments are counted from 0.
    ArrayDimension dimension{static_cast<int32_t>(data.arguments.size()), 0};
    Value argv = Value::null();
    if (!data.arguments.empty()) argv = arguments.finish(std::span(&dimension, 1), *temporary_);
    slot(to.argv).assign(argv, PhysicalType::kVarlen);
    doing_.clear();
    run_function();
    bool is_null =
        returned_variable_ < 0 ? result_.value().is_null : !row(returned_variable_).assigned;
    if (!data.for_each_row) return;
    if (is_null) {
      suppressed = true;
      return;
    }
    std::vector<RoutineTypes::Field> fields;
    for (const Column& column : data.table.columns) {
      if (!column.dropped) fields.push_back({column.name, column.type});
    }
    Value record;
    doing_ = "during function exit";
    if (returned_variable_ >= 0) {
      record = record_value(row(returned_variable_), fields, arena);
    } else {
      const TypeInfo& from = type_info(base_type_of(result_type_.oid));
      if (result_type_.oid != type_oid::kRecord && from.type_type != 'c') {
        throw SqlError(SqlState::kDatatypeMismatch,
                       "cannot return non-composite value from function returning composite type");
      }
      record = Value(copy_datum(result_.value().datum, PhysicalType::kVarlen, arena));
    }
    RecordView view(record.datum);
    if (view.size() != fields.size()) {
      throw SqlError(SqlState::kDatatypeMismatch,
                     "returned row structure does not match the structure of the triggering table")
          .detail(fmt::format(
              "Number of returned columns ({}) does not match expected column count ({}).",
              view.size(), fields.size()));
    }
    uint32_t next = 0;
    for (const Column& column : data.table.columns) {
      if (column.dropped) {
        values.push_back(Value::null());
        continue;
      }
      Value value = conversions_.convert(view.field(next), view.type(next), column.type, arena);
      if (!value.is_null) {
        value.datum = copy_datum(value.datum, type_info(column.type.oid).physical, arena);
      }
      values.push_back(value);
      ++next;
    }
    doing_.clear();
  });
  return !suppressed;
}

void PlRun::call_event_trigger(std::string_view event, std::string_view tag) {
  guarded([&] {
    store_arguments({});
    set_text(function_->event, event);
    set_text(function_->tag, tag);
    run_function();
  });
}

// --- statements

PlRun::Flow PlRun::run_body(const PlBody& body) {
  const PlStatement* outer = current_;
  for (const PlStatementPtr& statement : body) {
    current_ = statement.get();
    Flow flow = run(*statement);
    if (flow != Flow::kNormal) return flow;
  }
  current_ = outer;
  return Flow::kNormal;
}

PlRun::Flow PlRun::run(const PlStatement& statement) {
  host_.interrupt().check();
  temporary_->reset();
  switch (statement.kind) {
    case PlKind::kBlock:
      return run_block(static_cast<const PlBlock&>(statement));
    case PlKind::kAssign: {
      const auto& assignment = static_cast<const PlAssign&>(statement);
      if (append_element(assignment)) return Flow::kNormal;
      TypeRef type;
      Value value = evaluate(*assignment.value, &type);
      assign(assignment.target, value, type);
      keep_field_names(*assignment.value, assignment.target);
      return Flow::kNormal;
    }
    case PlKind::kIf:
      return run_if(static_cast<const PlIf&>(statement));
    case PlKind::kCase:
      return run_case(static_cast<const PlCase&>(statement));
    case PlKind::kLoop:
    case PlKind::kWhile:
      return run_loop(static_cast<const PlLoop&>(statement));
    case PlKind::kForInteger:
      return run_for_integer(static_cast<const PlLoop&>(statement));
    case PlKind::kForQuery:
    case PlKind::kForExecute:
    case PlKind::kForCursor:
      return run_for_rows(static_cast<const PlLoop&>(statement));
    case PlKind::kForeach:
      return run_foreach(static_cast<const PlLoop&>(statement));
    case PlKind::kExit:
      return run_exit(static_cast<const PlExit&>(statement));
    case PlKind::kReturn:
      return run_return(static_cast<const PlReturn&>(statement));
    case PlKind::kReturnNext:
      return_next(static_cast<const PlReturn&>(statement));
      break;
    case PlKind::kReturnQuery:
      return_query(static_cast<const PlReturn&>(statement));
      break;
    case PlKind::kRaise:
      raise(static_cast<const PlRaise&>(statement));
      break;
    case PlKind::kAssert:
      assert_that(static_cast<const PlAssert&>(statement));
      break;
    case PlKind::kSql:
      run_sql(static_cast<const PlSql&>(statement));
      break;
    case PlKind::kPerform:
      run_perform(static_cast<const PlSql&>(statement));
      break;
    case PlKind::kExecute:
      run_execute(static_cast<const PlSql&>(statement));
      break;
    case PlKind::kCall:
      run_call(static_cast<const PlSql&>(statement));
      break;
    case PlKind::kDiagnostics:
      diagnostics(static_cast<const PlDiagnostics&>(statement));
      break;
    case PlKind::kOpen:
      open_cursor(static_cast<const PlCursor&>(statement));
      break;
    case PlKind::kFetch:
      fetch_cursor(static_cast<const PlCursor&>(statement));
      break;
    case PlKind::kClose:
      close_cursor(static_cast<const PlCursor&>(statement));
      break;
    case PlKind::kCommit:
    case PlKind::kRollback: {
      if (atomic_ || subtransactions_ > 0) {
        if (!atomic_) {
          throw SqlError(SqlState::kInvalidTransactionTermination,
                         statement.kind == PlKind::kCommit
                             ? "cannot commit while a subtransaction is active"
                             : "cannot roll back while a subtransaction is active");
        }
        throw SqlError(SqlState::kInvalidTransactionTermination, "invalid transaction termination");
      }
      bool chain = static_cast<const PlCommit&>(statement).chain;
      statement.kind == PlKind::kCommit ? host_.commit(chain) : host_.rollback(chain);
      break;
    }
    case PlKind::kNull:
      break;
  }
  return Flow::kNormal;
}

PlRun::Flow PlRun::run_block(const PlBlock& block) {
  for (int variable : block.declared) initialise(variable);
  Flow flow = block.handlers.empty() ? run_body(block.body) : run_protected(block);
  if (flow == Flow::kExit && !exit_label_.empty() && exit_label_ == block.label) {
    exit_label_.clear();
    return Flow::kNormal;
  }
  return flow;
}

const PlHandler* PlRun::find_handler(const PlBlock& block, const SqlError& error) const {
  std::string code = sql_state_code(error.state);
  for (const PlHandler& handler : block.handlers) {
    for (const std::string& wanted : handler.codes) {
      bool is_class = wanted.ends_with("000");
      if (wanted == code || (is_class && wanted.substr(0, 2) == code.substr(0, 2))) return &handler;
    }
    bool special =
        error.state == SqlState::kQueryCanceled || error.state == SqlState::kAssertFailure;
    if (handler.others && !special && !error.fatal) return &handler;
  }
  return nullptr;
}

PlRun::Flow PlRun::run_protected(const PlBlock& block) {
  const PlStatement* here = current_;
  host_.begin_subtransaction();
  ++subtransactions_;
  std::optional<SqlError> caught;
  const PlHandler* handler = nullptr;
  Flow flow = Flow::kNormal;
  try {
    flow = run_body(block.body);
    --subtransactions_;
    host_.release_subtransaction();
    return flow;
  } catch (SqlError& error) {
    --subtransactions_;
    handler = find_handler(block, error);
    if (handler == nullptr) {
      host_.rollback_subtransaction();
      throw;
    }
    add_context(error);
    caught = std::move(error);
  } catch (...) {
    --subtransactions_;
    host_.rollback_subtransaction();
    throw;
  }
  host_.rollback_subtransaction();
  doing_.clear();
  doing_line_ = 0;
  current_ = here;
  set_text(block.sqlstate, sql_state_code(caught->state));
  set_text(block.sqlerrm, caught->message);
  caught_.push_back(&*caught);
  try {
    flow = run_body(handler->body);
  } catch (...) {
    caught_.pop_back();
    throw;
  }
  caught_.pop_back();
  return flow;
}

}  // namespace luma
