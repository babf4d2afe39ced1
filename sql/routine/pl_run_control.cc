// PL/pgSQL: conditions, loops, RETURN, RAISE, ASSERT, GET DIAGNOSTICS.
#include <algorithm>

#include "engine/type/array.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/routine/pl_run.h"

namespace luma {

PlRun::Flow PlRun::run_if(const PlIf& statement) {
  for (const auto& [test, body] : statement.branches) {
    if (condition(*test)) return run_body(body);
  }
  return run_body(statement.otherwise);
}

PlRun::Flow PlRun::run_case(const PlCase& statement) {
  if (statement.value != nullptr) {
    TypeRef type;
    Value value = evaluate(*statement.value, &type);
    // The hidden variable takes the value's type.
    const_cast<PlVariable&>(declared(statement.variable)).type = type;
    slot(statement.variable).assign(value, type_info(type.oid).physical);
  }
  for (const auto& [test, body] : statement.branches) {
    if (condition(*test)) return run_body(body);
  }
  if (!statement.has_else) {
    throw SqlError(SqlState::kCaseNotFound, "case not found")
        .hint("CASE statement is missing ELSE part.");
  }
  return run_body(statement.otherwise);
}

bool PlRun::goes_on(const PlLoop& loop, Flow& flow) {
  if (flow == Flow::kNormal) return true;
  if (flow == Flow::kReturn) return false;
  bool mine = exit_label_.empty() || exit_label_ == loop.label;
  if (!mine) return false;
  bool again = flow == Flow::kContinue;
  exit_label_.clear();
  flow = Flow::kNormal;
  return again;
}

PlRun::Flow PlRun::run_loop(const PlLoop& loop) {
  while (loop.condition == nullptr || condition(*loop.condition)) {
    host_.interrupt().check();
    Flow flow = run_body(loop.body);
    if (!goes_on(loop, flow)) return flow;
    current_ = &loop;
  }
  return Flow::kNormal;
}

PlRun::Flow PlRun::run_for_integer(const PlLoop& loop) {
  auto bound = [&](const PlExpr& expr, std::string_view what) {
    Value value = evaluate_as(expr, {type_oid::kInt4, -1});
    if (value.is_null) {
      throw sql_error(SqlState::kNullValueNotAllowed, "{} of FOR loop cannot be null", what);
    }
    return int64_t{value.datum.i32};
  };
  int64_t at = bound(*loop.lower, "lower bound");
  int64_t end = bound(*loop.upper, "upper bound");
  int64_t step = 1;
  if (loop.step != nullptr) {
    step = bound(*loop.step, "BY value");
    if (step <= 0) {
      throw SqlError(SqlState::kInvalidParameterValue,
                     "BY value of FOR loop must be greater than zero");
    }
  }
  bool found = false;
  Flow flow = Flow::kNormal;
  for (; loop.reverse ? at >= end : at <= end; at += loop.reverse ? -step : step) {
    if (at > INT32_MAX || at < INT32_MIN) break;
    found = true;
    host_.interrupt().check();
    slot(loop.variable).assign(Datum::of_int32(static_cast<int32_t>(at)), PhysicalType::kInt32);
    flow = run_body(loop.body);
    if (!goes_on(loop, flow)) break;
    current_ = &loop;
  }
  set_found(found);
  return flow;
}

PlRun::Flow PlRun::run_for_rows(const PlLoop& loop) {
  if (loop.kind == PlKind::kForCursor) return run_for_cursor(loop);
  // All rows are read before the first goes into the body, which may do as it likes then.
  std::unique_ptr<ChunkStore> rows;
  std::vector<ResultColumnInfo> columns;
  ExecContext keeping;
  host_.fill_context(keeping);
  keeping.memory = &host_.memory();
  auto keep = [&](const Chunk& chunk) {
    if (rows == nullptr) {
      std::vector<PhysicalType> types;
      for (const ResultColumnInfo& column : columns) {
        types.push_back(type_info(column.type.oid).physical);
      }
      rows = std::make_unique<ChunkStore>(std::move(types));
    }
    rows->append(keeping, chunk);
    return true;
  };
  std::string portal;
  if (loop.kind == PlKind::kForExecute) {
    bool returns_rows = false;
    dynamic_query(*loop.query, loop.arguments, keep, columns, returns_rows);
  } else {
    query(*loop.query, keep, columns);
  }
  if (rows == nullptr) {
    store_row(loop.targets, columns, nullptr, 0);
    set_found(false);
    return Flow::kNormal;
  }
  Flow flow = Flow::kNormal;
  ChunkStore::Cursor at = rows->cursor_at(0);
  std::vector<PhysicalType> types = rows->types();
  Chunk chunk{std::span<const PhysicalType>(types)};
  bool done = false;
  while (!done && rows->read(at, chunk)) {
    for (uint32_t i = 0; i < chunk.size && !done; ++i) {
      host_.interrupt().check();
      temporary_->reset();
      store_row(loop.targets, columns, &chunk, i);
      flow = run_body(loop.body);
      done = !goes_on(loop, flow);
      current_ = &loop;
    }
  }
  set_found(true);
  return flow;
}

void PlRun::require_foreach_target(const PlLoop& loop) const {
  const PlTarget& target = loop.targets[0];
  if (!target.field.empty() || !target.steps.empty()) return;
  const PlVariable& variable = declared(target.variable);
  bool is_array = variable.kind == PlVariable::Kind::kScalar && loop.targets.size() == 1 &&
                  type_info(base_type_of(variable.type.oid)).is_array();
  if (is_array == (loop.slice != 0)) return;
  throw SqlError(SqlState::kDatatypeMismatch,
                 is_array ? "FOREACH loop variable must not be of an array type"
                          : "FOREACH ... SLICE loop variable must be of an array type");
}

PlRun::Flow PlRun::run_foreach(const PlLoop& loop) {
  TypeRef type;
  Value value = evaluate(*loop.query, &type);
  if (value.is_null) {
    throw SqlError(SqlState::kNullValueNotAllowed, "FOREACH expression must not be null");
  }
  const TypeInfo& info = type_info(base_type_of(type.oid));
  if (!info.is_array()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "FOREACH expression must yield an array, not type {}", format_type(type.oid));
  }
  PlSlot kept;
  kept.assign(value, PhysicalType::kVarlen);
  ArrayView array(kept.value().datum);
  if (loop.slice < 0 || loop.slice > static_cast<int>(array.dimension_count())) {
    throw sql_error(SqlState::kArraySubscriptError,
                    "slice dimension ({}) is out of the valid range 0..{}", loop.slice,
                    array.dimension_count());
  }
  require_foreach_target(loop);
  // The innermost dimensions make a slice; without SLICE it is one element.
  std::span<const ArrayDimension> dimensions =
      array.dimensions().last(static_cast<size_t>(loop.slice));
  uint32_t step = loop.slice == 0 ? 1 : array_element_count(dimensions);
  bool found = false;
  Flow flow = Flow::kNormal;
  for (uint32_t i = 0; i < array.size(); i += step) {
    found = true;
    host_.interrupt().check();
    temporary_->reset();
    if (loop.slice == 0) {
      assign(loop.targets[0], array.element(i), {info.element, -1});
    } else {
      ArrayBuilder slice(info.element);
      for (uint32_t k = i; k < i + step; ++k) slice.add(array.element(k));
      assign(loop.targets[0], slice.finish(dimensions, *temporary_), {info.oid, -1});
    }
    flow = run_body(loop.body);
    if (!goes_on(loop, flow)) break;
    current_ = &loop;
  }
  set_found(found);
  return flow;
}

PlRun::Flow PlRun::run_exit(const PlExit& statement) {
  if (statement.condition != nullptr && !condition(*statement.condition)) return Flow::kNormal;
  exit_label_ = statement.label;
  return statement.is_continue ? Flow::kContinue : Flow::kExit;
}

PlRun::Flow PlRun::run_return(const PlReturn& statement) {
  returned_ = true;
  if (statement.value == nullptr) return Flow::kReturn;
  returned_variable_ = -1;
  if (statement.variable >= 0 && declared(statement.variable).kind == PlVariable::Kind::kRecord) {
    returned_variable_ = statement.variable;
    return Flow::kReturn;
  }
  Value value = evaluate(*statement.value, &result_type_);
  result_.assign(value, type_info(result_type_.oid).physical);
  return Flow::kReturn;
}

void PlRun::add_result_row(std::span<const Value> values) {
  if (!pending_) {
    std::vector<PhysicalType> types = results_->types();
    pending_.emplace(std::span<const PhysicalType>(types));
    pending_->begin();
  }
  for (size_t c = 0; c < pending_->columns.size(); ++c) {
    pending_->columns[c].set_value(pending_->size, c < values.size() ? values[c] : Value::null());
  }
  if (++pending_->size == kVectorSize) flush_results();
}

void PlRun::flush_results() {
  if (!pending_ || pending_->size == 0) return;
  ExecContext keeping;
  host_.fill_context(keeping);
  keeping.memory = &host_.memory();
  results_->append(keeping, *pending_);
  pending_->begin();
  pending_->size = 0;
}

void PlRun::return_next(const PlReturn& statement) {
  std::vector<Value> values;
  const std::vector<RoutineTypes::Field>& fields = function_->types.fields;
  if (statement.value == nullptr) {
    for (int variable : function_->outputs) {
      values.push_back(declared(variable).kind == PlVariable::Kind::kRecord
                           ? record_value(row(variable), {}, *temporary_)
                           : slot(variable).value());
    }
    return add_result_row(values);
  }
  TypeRef type;
  Value value = evaluate(*statement.value, &type);
  if (result_types_.size() == 1 && fields.empty()) {
    values.push_back(conversions_.convert(value, type, result_types_[0], *temporary_));
    return add_result_row(values);
  }
  // A row: as one composite value, or spread over the columns.
  if (value.is_null) {
    values.assign(result_types_.size(), Value::null());
    return add_result_row(values);
  }
  const TypeInfo& info = type_info(base_type_of(type.oid));
  if (type.oid != type_oid::kRecord && info.type_type != 'c') {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "cannot return non-composite value from function returning composite type");
  }
  RecordView view(value.datum);
  if (!fields.empty() && view.size() != fields.size()) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "returned record type does not match expected record type")
        .detail(fmt::format(
            "Number of returned columns ({}) does not match expected column count ({}).",
            view.size(), fields.size()));
  }
  RecordBuilder record;
  for (uint32_t i = 0; i < view.size(); ++i) {
    TypeRef wanted = fields.empty() ? view.type(i) : fields[i].type;
    require_field_type(view.type(i), wanted, i);
    Value converted = conversions_.convert(view.field(i), view.type(i), wanted, *temporary_);
    values.push_back(converted);
    record.add(wanted, converted);
  }
  if (result_types_.size() == 1 && function_->types.result != type_oid::kRecord) {
    values = {record.finish(*temporary_)};
  } else if (fields.empty()) {
    values = {record.finish(*temporary_)};
  }
  add_result_row(values);
}

void PlRun::return_query(const PlReturn& statement) {
  std::vector<ResultColumnInfo> columns;
  const std::vector<RoutineTypes::Field>& fields = function_->types.fields;
  uint64_t rows = 0;
  bool checked = false;
  auto check = [&] {
    if (checked) return;
    checked = true;
    size_t wanted = fields.empty()
                        ? (function_->types.result == type_oid::kRecord ? columns.size() : 1)
                        : fields.size();
    if (columns.size() != wanted) {
      throw SqlError(SqlState::kDatatypeMismatch,
                     "structure of query does not match function result type")
          .detail(fmt::format(
              "Number of returned columns ({}) does not match expected column count ({}).",
              columns.size(), wanted));
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      Oid expected = fields.empty() ? function_->types.result : fields[i].type.oid;
      if (expected == type_oid::kRecord || columns[i].type.oid == expected) continue;
      throw SqlError(SqlState::kDatatypeMismatch,
                     "structure of query does not match function result type")
          .detail(fmt::format(
              "Returned type {} does not match expected type {} in column {}.",
              host_.environment().catalog().type_name(columns[i].type.oid, columns[i].type.typmod),
              host_.environment().catalog().type_name(expected), i + 1));
    }
  };
  auto add = [&](const Chunk& chunk) {
    check();
    for (uint32_t i = 0; i < chunk.size; ++i) {
      ++rows;
      std::vector<Value> values;
      RecordBuilder record;
      bool as_record = (!fields.empty() && result_types_.size() == 1 && fields.size() + 0 > 0 &&
                        function_->types.result != type_oid::kRecord) ||
                       (fields.empty() && function_->types.result == type_oid::kRecord);
      for (size_t c = 0; c < columns.size(); ++c) {
        values.push_back(chunk.columns[c].value(i));
        if (as_record) record.add(columns[c].type, values.back());
      }
      if (as_record) values = {record.finish(*temporary_)};
      add_result_row(values);
    }
    return true;
  };
  if (statement.is_dynamic) {
    bool returns_rows = false;
    dynamic_query(*statement.query, statement.arguments, add, columns, returns_rows);
  } else {
    query(*statement.query, add, columns);
  }
  check();
  row_count_ = rows;
  set_found(rows > 0);
}

// --- messages

namespace {

SqlState state_of(const std::string& condition) {
  struct Row {
    std::string_view name, code;
    SqlState state;
  };
  static constexpr Row kRows[] = {
#define LUMA_SQLSTATE(enumerator, code, condition_name) \
  {condition_name, code, SqlState::enumerator},
#include "engine/base/sql_state.inc"
#undef LUMA_SQLSTATE
  };
  for (const Row& row : kRows) {
    if (row.name == condition) return row.state;
  }
  for (const Row& row : kRows) {
    if (row.code == condition) return row.state;
  }
  if (condition.size() == 5 && std::ranges::all_of(condition, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
      })) {
    char code[6] = {};
    std::ranges::copy(condition, code);
    return static_cast<SqlState>(detail::pack_sql_state(code));
  }
  throw sql_error(SqlState::kUndefinedObject, "unrecognized exception condition \"{}\"", condition);
}

}  // namespace

void PlRun::raise(const PlRaise& statement) {
  if (statement.is_reraise()) {
    if (caught_.empty()) {
      throw SqlError(SqlState::kStackedDiagnosticsAccessedWithoutActiveHandler,
                     "RAISE without parameters cannot be used outside an exception handler");
    }
    SqlError again = *caught_.back();
    rethrows_ = true;
    throw again;
  }
  SqlState state = SqlState::kRaiseException;
  bool has_message = statement.has_format;
  std::string message;
  if (!statement.condition.empty()) {
    state = state_of(statement.condition);
    message = statement.condition;
  }
  if (statement.has_format) {
    size_t used = 0;
    for (size_t i = 0; i < statement.format.size(); ++i) {
      if (statement.format[i] != '%') {
        message += statement.format[i];
      } else if (i + 1 < statement.format.size() && statement.format[i + 1] == '%') {
        message += '%';
        ++i;
      } else {
        TypeRef type;
        Value value = evaluate(*statement.arguments[used++], &type);
        message += text_of(value, type).value_or("<NULL>");
      }
    }
  }
  SqlError error(state, message);
  for (const auto& [option, expr] : statement.options) {
    TypeRef type;
    Value value = evaluate(*expr, &type);
    std::optional<std::string> text = text_of(value, type);
    if (!text) {
      throw SqlError(SqlState::kNullValueNotAllowed, "RAISE statement option cannot be null");
    }
    auto once = [&](bool set) {
      if (set) {
        std::string upper = option;
        std::ranges::transform(upper, upper.begin(),
                               [](unsigned char c) { return std::toupper(c); });
        throw sql_error(SqlState::kSyntaxError, "RAISE option already specified: {}", upper);
      }
    };
    if (option == "errcode") {
      once(!statement.condition.empty());
      error.state = state_of(*text);
      if (!has_message) error.message = *text;
    } else if (option == "message") {
      once(has_message);
      error.message = *text;
      has_message = true;
    } else if (option == "detail") {
      error.detail_text = *text;
    } else if (option == "hint") {
      error.hint_text = *text;
    } else if (option == "column") {
      error.column_name = *text;
    } else if (option == "constraint") {
      error.constraint_name = *text;
    } else if (option == "datatype") {
      error.datatype_name = *text;
    } else if (option == "table") {
      error.table_name = *text;
    } else {
      error.schema_name = *text;
    }
  }
  if (error.message.empty() && !has_message) error.message = sql_state_code(error.state);
  if (statement.level == "exception") throw error;
  if (statement.level != "info" || true) {
    // Messages below an error have no SQLSTATE of their own unless one was given.
    if (error.state == SqlState::kRaiseException) {
      error.state =
          statement.level == "warning" ? SqlState::kWarning : SqlState::kSuccessfulCompletion;
    }
  }
  host_.message(statement.level, std::move(error));
}

void PlRun::assert_that(const PlAssert& statement) {
  if (host_.setting("plpgsql.check_asserts") == "off") return;
  if (condition(*statement.condition)) return;
  std::string message = "assertion failed";
  if (statement.message != nullptr) {
    TypeRef type;
    Value value = evaluate(*statement.message, &type);
    message = text_of(value, type).value_or(message);
  }
  throw SqlError(SqlState::kAssertFailure, message);
}

void PlRun::diagnostics(const PlDiagnostics& statement) {
  if (statement.stacked && caught_.empty()) {
    throw SqlError(SqlState::kStackedDiagnosticsAccessedWithoutActiveHandler,
                   "GET STACKED DIAGNOSTICS cannot be used outside an exception handler");
  }
  for (const auto& [target, item] : statement.items) {
    if (item == "row_count") {
      assign(target, Datum::of_int64(static_cast<int64_t>(row_count_)), {type_oid::kInt8, -1});
      continue;
    }
    std::string text;
    if (item == "pg_context") {
      SqlError probe(SqlState::kInternalError, "");
      add_context(probe);
      text = probe.context_text;
    } else {
      const SqlError& error = *caught_.back();
      text = item == "returned_sqlstate"      ? sql_state_code(error.state)
             : item == "message_text"         ? error.message
             : item == "pg_exception_detail"  ? error.detail_text
             : item == "pg_exception_hint"    ? error.hint_text
             : item == "pg_exception_context" ? error.context_text
             : item == "constraint_name"      ? error.constraint_name
             : item == "column_name"          ? error.column_name
             : item == "pg_datatype_name"     ? error.datatype_name
             : item == "table_name"           ? error.table_name
                                              : error.schema_name;
    }
    assign(target, Datum::of_string(std::string_view(text)), {type_oid::kText, -1});
  }
}

}  // namespace luma
