// PL/pgSQL: SQL statements, EXECUTE, CALL and cursors.
#include <algorithm>
#include <map>

#include "engine/type/record.h"
#include "sql/ast/ast.h"
#include "sql/ast/rewrite.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/bind/value_constant.h"
#include "sql/parse/parser.h"
#include "sql/routine/pl_run.h"

namespace luma {
namespace {

// $n of EXECUTE ... USING.
class UsingScope final : public VariableScope {
 public:
  explicit UsingScope(std::vector<Oid> types) : types_(std::move(types)) {}
  VariableConflict on_conflict() const override { return VariableConflict::kColumn; }
  Expr* find(std::span<const std::string_view>, bool, Arena&) override { return nullptr; }
  Expr* parameter(int32_t number, Arena& arena) override {
    auto index = static_cast<size_t>(number) - 1;
    if (number < 1 || index >= types_.size()) return nullptr;
    Expr* out = arena.make<Expr>(make_node(ExprKind::kParameter, types_[index], -1));
    out->index = static_cast<uint32_t>(index);
    return out;
  }
  std::vector<Oid> parameter_types() const override { return types_; }

 private:
  std::vector<Oid> types_;
};

void describe(SqlError& error, std::string_view kind, std::string_view text) {
  if (error.byte_offset >= 0 || error.position > 0) {
    error.byte_offset = -1;
    error.position = 0;
    return;
  }
  error.context_text +=
      (error.context_text.empty() ? "" : "\n") + fmt::format("{} \"{}\"", kind, text);
}

// Notes what the names of a query were found to be.
class RecordingScope final : public VariableScope {
 public:
  explicit RecordingScope(VariableScope& inner) : inner_(inner) {}
  VariableConflict on_conflict() const override { return inner_.on_conflict(); }
  Expr* find(std::span<const std::string_view> names, bool is_column, Arena& arena) override {
    Expr* found = inner_.find(names, is_column, arena);
    if (found != nullptr && !is_column) named_[join(names)] = *found;
    return found;
  }
  Expr* parameter(int32_t number, Arena& arena) override {
    Expr* found = inner_.parameter(number, arena);
    if (found != nullptr) numbered_[number] = *found;
    return found;
  }
  std::vector<Oid> parameter_types() const override { return inner_.parameter_types(); }
  bool find_rows(std::string_view name, NamedRows& rows, Arena& arena) override {
    return inner_.find_rows(name, rows, arena);
  }

  // What `node` means, if it is a variable.
  const Expr* meaning(const ast::Node* node) const {
    if (const auto* parameter = ast::try_as<ast::ParamRef>(node)) {
      auto found = numbered_.find(parameter->number);
      return found == numbered_.end() ? nullptr : &found->second;
    }
    const auto* column = ast::try_as<ast::ColumnRef>(node);
    if (column == nullptr) return nullptr;
    std::vector<std::string_view> names;
    for (const ast::Node* field : column->fields) {
      const auto* name = ast::try_as<ast::String>(field);
      if (name == nullptr) return nullptr;
      names.push_back(name->sval);
    }
    auto found = named_.find(join(names));
    return found == named_.end() ? nullptr : &found->second;
  }

 private:
  static std::string join(std::span<const std::string_view> names) {
    std::string out;
    for (std::string_view name : names) out += std::string(name) + '\0';
    return out;
  }
  VariableScope& inner_;
  // Copies: the query takes its expressions along.
  std::map<std::string, Expr> named_;
  std::map<int32_t, Expr> numbered_;
};

void refuse_client_copy(const ast::Node* node) {
  const auto* copy = ast::try_as<ast::CopyStmt>(node);
  if (copy == nullptr || !copy->filename.empty()) return;
  throw SqlError(SqlState::kFeatureNotSupported, "cannot COPY to/from client in PL/pgSQL");
}

}  // namespace

void PlRun::require_not_read_only(const PhysicalPlan& plan) const {
  if (!function_->read_only || !plan.modifies_data) return;
  std::string_view name = plan.command == 'I'   ? "INSERT"
                          : plan.command == 'U' ? "UPDATE"
                          : plan.command == 'D' ? "DELETE"
                          : plan.command == 'M' ? "MERGE"
                                                : "SELECT";
  throw sql_error(SqlState::kFeatureNotSupported, "{} is not allowed in a non-volatile function",
                  name);
}

// Runs a bound query and gives its plan back for the next time.
uint64_t PlRun::query(const PlExpr& expr, const RowVisitor& visit,
                      std::vector<ResultColumnInfo>& columns) {
  std::shared_ptr<PlPrepared> prepared = prepare(expr);
  try {
    std::unique_ptr<RoutinePlan> plan;
    if (prepared->idle_plans.empty()) {
      std::vector<PlPrepared::Parameter> again;
      PlScope scope(*this, expr.names, again);
      plan = host_.plan(expr.node, &scope);
    } else {
      plan = std::move(prepared->idle_plans.back());
      prepared->idle_plans.pop_back();
    }
    require_not_read_only(plan->physical());
    columns = plan->physical().columns;
    std::vector<Value> values;
    gather(*prepared, values);
    uint64_t rows = host_.run(*plan, values, visit, function_->read_only);
    prepared->idle_plans.push_back(std::move(plan));
    return rows;
  } catch (SqlError& error) {
    describe(error,
             !expr.assigns.empty()                                   ? "PL/pgSQL assignment"
             : expr.is_statement || expr.text.starts_with("SELECT ") ? "SQL statement"
                                                                     : "SQL expression",
             !expr.assigns.empty() ? expr.assigns : expr.text);
    throw;
  } catch (const StaleRoutinePlan&) {
    expr.prepared.reset();
    host_.interrupt().check();
    return query(expr, visit, columns);
  }
}

// Columns of a record, or the scalars in order. No chunk: NULLs.
void PlRun::store_row(const std::vector<PlTarget>& targets,
                      const std::vector<ResultColumnInfo>& columns, const Chunk* chunk,
                      uint32_t at) {
  auto value_of = [&](size_t column) {
    return chunk == nullptr ? Value::null() : chunk->columns[column].value(at);
  };
  const PlTarget& first = targets[0];
  bool is_record = targets.size() == 1 && first.field.empty() && first.steps.empty() &&
                   declared(first.variable).kind == PlVariable::Kind::kRecord;
  if (!is_record) {
    for (size_t i = 0; i < targets.size(); ++i) {
      bool there = i < columns.size();
      assign(targets[i], there ? value_of(i) : Value::null(),
             there ? columns[i].type : TypeRef{type_oid::kText, -1});
    }
    return;
  }
  change_record(first.variable, [&] { store_record(first.variable, columns, chunk, at); });
}

void PlRun::store_record(int variable, const std::vector<ResultColumnInfo>& columns,
                         const Chunk* chunk, uint32_t at) {
  auto value_of = [&](size_t column) {
    return chunk == nullptr ? Value::null() : chunk->columns[column].value(at);
  };
  PlRow& record = row(variable);
  const TypeRef type = declared(variable).type;
  if (type.oid == type_oid::kRecord) {
    record.type = kInvalidOid;
    record.fields.clear();
    for (const ResultColumnInfo& column : columns)
      record.fields.push_back({column.name, column.type});
    record.values.resize(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      record.values[i].assign(value_of(i), type_info(columns[i].type.oid).physical);
    }
    record.assigned = true;
    return;
  }
  // One column of the very type is the row.
  if (columns.size() == 1 && columns[0].type.oid == type.oid) {
    return assign_row(variable, value_of(0), columns[0].type);
  }
  set_null_row(variable);
  record.assigned = true;
  for (size_t i = 0; i < record.fields.size() && i < columns.size(); ++i) {
    TypeRef wanted = record.fields[i].type;
    Value converted = conversions_.convert(value_of(i), columns[i].type, wanted, *temporary_);
    record.values[i].assign(converted, type_info(wanted.oid).physical);
  }
}

// CREATE TABLE AS is no plan, its query is: what names variables becomes constants.
const ast::Node* PlRun::with_variables(const PlExpr& expr, Arena& arena) {
  const auto* create = ast::try_as<ast::CreateTableAsStmt>(expr.node);
  if (create == nullptr || !Binder::can_bind(create->query)) return expr.node;
  PlPrepared prepared;
  PlScope variables(*this, expr.names, prepared.parameters);
  RecordingScope scope(variables);
  Binder binder(host_.environment(), {});
  binder.use_variables(&scope);
  binder.bind(create->query);
  std::vector<Value> values;
  gather(prepared, values);
  // Columns keep the names that they have from their variables.
  const ast::Node* named = ast::rewrite(expr.node, arena, [&](ast::Node* node) -> const ast::Node* {
    if (!ast::is<ast::ResTarget>(node)) return node;
    auto* target = static_cast<ast::ResTarget*>(node);
    const ast::Node* value = target->val;
    while (const auto* part = ast::try_as<ast::AIndirection>(value)) {
      if (!ast::is<ast::AIndices>(part->indirection.back())) return node;
      value = part->arg;
    }
    if (!target->name.empty() || scope.meaning(value) == nullptr) return node;
    const auto* column = ast::try_as<ast::ColumnRef>(value);
    target->name = column == nullptr ? std::string_view("?column?")
                                     : ast::as<ast::String>(column->fields.back())->sval;
    return node;
  });
  return ast::rewrite(named, arena, [&](ast::Node* node) -> const ast::Node* {
    const Expr* variable = scope.meaning(node);
    if (variable == nullptr) return node;
    if (variable->kind != ExprKind::kParameter) {
      throw unsupported("a whole row in CREATE TABLE AS inside of a function");
    }
    return constant_of(host_.environment(), variable->type.oid, values[variable->index],
                       node->location, arena);
  });
}

void PlRun::run_sql(const PlSql& statement) {
  const PlExpr& expr = *statement.statement;
  if (!Binder::can_bind(expr.node) || ast::is<ast::CreateTableAsStmt>(expr.node)) {
    if (ast::is<ast::TransactionStmt>(expr.node)) {
      throw SqlError(SqlState::kFeatureNotSupported, "unsupported transaction command in PL/pgSQL");
    }
    if (statement.into) {
      throw SqlError(SqlState::kSyntaxError, "INTO used with a command that cannot return data");
    }
    if (function_->read_only) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "this command is not allowed in a non-volatile function");
    }
    refuse_client_copy(expr.node);
    try {
      Arena arena;
      row_count_ = host_.run_utility(with_variables(expr, arena), expr.text);
    } catch (SqlError& error) {
      describe(error, "SQL statement", expr.text);
      throw;
    }
    return;
  }
  std::vector<ResultColumnInfo> columns;
  uint64_t rows = 0;
  bool select = ast::is<ast::SelectStmt>(expr.node);
  row_count_ = query(
      expr,
      [&](const Chunk& chunk) {
        if (!statement.into) return true;
        for (uint32_t i = 0; i < chunk.size; ++i) {
          if (++rows == 1) store_row(statement.targets, columns, &chunk, i);
          bool too_many = rows > 1 && (statement.strict || !select);
          if (too_many) {
            throw SqlError(SqlState::kTooManyRows, "query returned more than one row")
                .hint("Make sure the query returns a single row, or use LIMIT 1.");
          }
        }
        return !select || (rows == 0 || statement.strict);
      },
      columns);
  if (!statement.into) {
    if (select) {
      throw SqlError(SqlState::kSyntaxError, "query has no destination for result data")
          .hint("If you want to discard the results of a SELECT, use PERFORM instead.");
    }
    if (!columns.empty()) {
      throw SqlError(SqlState::kSyntaxError, "query has no destination for result data");
    }
    return set_found(row_count_ > 0);
  }
  if (rows == 0) {
    if (statement.strict) throw SqlError(SqlState::kNoDataFound, "query returned no rows");
    store_row(statement.targets, columns, nullptr, 0);
  }
  if (select) row_count_ = std::min<uint64_t>(rows, 1);
  set_found(rows > 0);
}

void PlRun::run_perform(const PlSql& statement) {
  std::vector<ResultColumnInfo> columns;
  const PlExpr& expr = *statement.statement;
  std::shared_ptr<PlPrepared> prepared = prepare(expr);
  if (prepared->expr != nullptr) {
    evaluate(expr, nullptr);
    row_count_ = 1;
  } else {
    row_count_ = query(
        expr, [](const Chunk&) { return true; }, columns);
  }
  set_found(row_count_ > 0);
}

uint64_t PlRun::dynamic_query(const PlExpr& text_expr, const std::vector<PlExprPtr>& arguments,
                              const RowVisitor& visit, std::vector<ResultColumnInfo>& columns,
                              bool& returns_rows) {
  TypeRef type;
  Value made = evaluate(text_expr, &type);
  std::optional<std::string> text = text_of(made, type);
  if (!text) {
    throw SqlError(SqlState::kNullValueNotAllowed, "query string argument of EXECUTE is null");
  }
  std::vector<Oid> types;
  std::vector<PlSlot> kept(arguments.size());
  std::vector<Value> values;
  for (size_t i = 0; i < arguments.size(); ++i) {
    TypeRef argument_type;
    Value value = evaluate(*arguments[i], &argument_type);
    kept[i].assign(value, type_info(argument_type.oid).physical);
    types.push_back(argument_type.oid);
  }
  for (const PlSlot& each : kept) values.push_back(each.value());
  uint64_t rows = 0;
  try {
    Arena arena;
    ParseResult parsed = parse_sql(*text, arena);
    for (const ParsedStatement& each : parsed.statements) {
      const ast::Node* node = each.node;
      if (ast::is<ast::TransactionStmt>(node)) {
        throw SqlError(SqlState::kFeatureNotSupported,
                       "EXECUTE of transaction commands is not implemented");
      }
      const auto* select = ast::try_as<ast::SelectStmt>(node);
      if (select != nullptr && select->into_clause != nullptr) {
        throw SqlError(SqlState::kFeatureNotSupported,
                       "EXECUTE of SELECT ... INTO is not implemented")
            .hint("You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.");
      }
      if (!Binder::can_bind(node) || ast::is<ast::CreateTableAsStmt>(node)) {
        refuse_client_copy(node);
        columns.clear();
        rows = host_.run_utility(node, *text, &columns, &visit);
        returns_rows = !columns.empty();
        continue;
      }
      UsingScope scope(types);
      std::unique_ptr<RoutinePlan> plan = host_.plan(node, &scope);
      require_not_read_only(plan->physical());
      columns = plan->physical().columns;
      returns_rows = plan->returns_rows();
      rows = host_.run(*plan, values, visit, function_->read_only);
    }
  } catch (SqlError& error) {
    describe(error, "SQL statement", *text);
    throw;
  }
  return rows;
}

void PlRun::run_execute(const PlSql& statement) {
  std::vector<ResultColumnInfo> columns;
  bool returns_rows = false;
  uint64_t rows = 0;
  row_count_ = dynamic_query(
      *statement.statement, statement.arguments,
      [&](const Chunk& chunk) {
        if (!statement.into) return true;
        for (uint32_t i = 0; i < chunk.size; ++i) {
          if (++rows == 1) store_row(statement.targets, columns, &chunk, i);
          if (rows > 1 && statement.strict) {
            throw SqlError(SqlState::kTooManyRows, "query returned more than one row");
          }
        }
        return true;
      },
      columns, returns_rows);
  if (!statement.into) return;
  if (!returns_rows) {
    throw SqlError(SqlState::kSyntaxError, "INTO used with a command that cannot return data");
  }
  if (rows == 0) {
    if (statement.strict) throw SqlError(SqlState::kNoDataFound, "query returned no rows");
    store_row(statement.targets, columns, nullptr, 0);
  }
}

void PlRun::run_call(const PlSql& statement) {
  const PlExpr& expr = *statement.statement;
  const auto* call = ast::try_as<ast::CallStmt>(expr.node);
  if (call == nullptr) {
    row_count_ = host_.run_utility(expr.node, expr.text);
    return;
  }
  PlPrepared prepared;
  PlScope scope(*this, expr.names, prepared.parameters);
  std::vector<const PlTarget*> targets;
  auto prepare_call = [&](std::span<const RoutineHost::OutputPlace> places,
                          std::vector<Value>& values) {
    for (const RoutineHost::OutputPlace& place : places) {
      targets.push_back(&output_target(statement, place));
    }
    gather(prepared, values);
  };
  std::vector<RoutineHost::CallOutput> results;
  try {
    results = host_.run_call(expr.node, &scope, prepare_call, *temporary_, atomic_);
  } catch (SqlError& error) {
    describe(error, "SQL statement", expr.text);
    throw;
  }
  for (size_t i = 0; i < results.size() && i < targets.size(); ++i) {
    assign(*targets[i], results[i].value, results[i].type);
  }
}

// Where an output argument of a CALL goes.
const PlTarget& PlRun::output_target(const PlSql& statement,
                                     const RoutineHost::OutputPlace& place) const {
  const PlTarget* target = nullptr;
  if (place.written && *place.written < statement.outputs.size()) {
    target = &statement.outputs[*place.written];
  }
  if (target == nullptr || target->variable < 0) {
    throw sql_error(SqlState::kSyntaxError,
                    "procedure parameter {} is an output parameter but corresponding argument is "
                    "not writable",
                    place.name.empty() ? std::to_string(place.position + 1)
                                       : fmt::format("\"{}\"", place.name));
  }
  const PlVariable& variable = declared(target->variable);
  if (variable.constant) {
    throw sql_error(SqlState::kErrorInAssignment, "variable \"{}\" is declared CONSTANT",
                    variable.name);
  }
  return *target;
}

// --- cursors

std::string PlRun::cursor_name(int variable) const {
  const Value& value = scalars_[static_cast<size_t>(variable)].value();
  if (value.is_null) {
    throw sql_error(SqlState::kNullValueNotAllowed, "cursor variable \"{}\" is null",
                    declared(variable).name);
  }
  return std::string(value.datum.str.view());
}

void PlRun::assign_cursor_arguments(const PlVariable& cursor,
                                    const std::vector<PlExprPtr>& arguments) {
  if (arguments.size() != cursor.cursor_arguments.size()) {
    throw sql_error(SqlState::kSyntaxError, "{} arguments for cursor \"{}\"",
                    arguments.size() < cursor.cursor_arguments.size() ? "not enough" : "too many",
                    cursor.name);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    TypeRef type;
    Value value = evaluate(*arguments[i], &type);
    assign_variable(cursor.cursor_arguments[i], value, type);
  }
}

// Returns the portal's name.
std::string PlRun::open_query(const PlExpr& expr, const std::string& name, bool scroll) {
  PlPrepared prepared;
  PlScope scope(*this, expr.names, prepared.parameters);
  try {
    std::unique_ptr<RoutinePlan> plan = host_.plan_cursor(expr.node, &scope);
    std::vector<Value> values;
    gather(prepared, values);
    return host_.open_cursor(name, *plan, values, function_->read_only, scroll);
  } catch (SqlError& error) {
    describe(error, "SQL statement", expr.text);
    throw;
  }
}

// FOR row IN cursor: open while the body runs, which may change the current row.
PlRun::Flow PlRun::run_for_cursor(const PlLoop& loop) {
  const PlVariable& cursor = declared(loop.cursor);
  assign_cursor_arguments(cursor, loop.arguments);
  const Value& current = slot(loop.cursor).value();
  const bool was_null = current.is_null;
  std::string wanted = was_null ? cursor.name : std::string(current.datum.str.view());
  const std::string name = open_query(*cursor.cursor_query, wanted, cursor.scroll);
  slot(loop.cursor).assign(Datum::of_string(std::string_view(name)), PhysicalType::kVarlen);
  struct Pin {
    RoutineHost& host;
    const std::string& name;
    Pin(RoutineHost& h, const std::string& n) : host(h), name(n) { host.pin_cursor(name); }
    ~Pin() { host.unpin_cursor(name); }
  } pin(host_, name);
  RoutineHost::Fetch next;
  next.direction = "next";
  Flow flow = Flow::kNormal;
  bool found = false;
  for (bool done = false; !done;) {
    host_.interrupt().check();
    temporary_->reset();
    bool stored = false;
    std::vector<ResultColumnInfo> shape;
    host_.fetch(name, next,
                [&](const std::vector<ResultColumnInfo>& columns, const Chunk* chunk, uint32_t at) {
                  shape = columns;
                  if (chunk == nullptr || stored) return;
                  store_row(loop.targets, columns, chunk, at);
                  stored = true;
                });
    if (!stored) {
      if (!found) store_row(loop.targets, shape, nullptr, 0);
      break;
    }
    found = true;
    flow = run_body(loop.body);
    done = !goes_on(loop, flow);
    current_ = &loop;
  }
  host_.close_cursor(name);
  if (was_null) slot(loop.cursor).clear();
  set_found(found);
  return flow;
}

void PlRun::open_cursor(const PlCursor& statement) {
  const PlVariable& variable = declared(statement.variable);
  const Value& current = slot(statement.variable).value();
  std::string name = current.is_null ? "" : std::string(current.datum.str.view());
  std::string made;
  if (statement.is_dynamic) {
    TypeRef type;
    Value value = evaluate(*statement.query, &type);
    std::optional<std::string> text = text_of(value, type);
    if (!text) {
      throw SqlError(SqlState::kNullValueNotAllowed, "query string argument of EXECUTE is null");
    }
    std::vector<Oid> types;
    std::vector<Value> values;
    for (const PlExprPtr& argument : statement.arguments) {
      TypeRef argument_type;
      values.push_back(evaluate(*argument, &argument_type));
      types.push_back(argument_type.oid);
    }
    Arena arena;
    ParseResult parsed = parse_sql(*text, arena);
    if (parsed.statements.size() != 1 || (!Binder::can_bind(parsed.statements[0].node) &&
                                          !ast::is<ast::ExecuteStmt>(parsed.statements[0].node))) {
      throw SqlError(SqlState::kInvalidCursorDefinition, "cannot open multi-query plan as cursor");
    }
    UsingScope scope(types);
    std::unique_ptr<RoutinePlan> plan = host_.plan_cursor(parsed.statements[0].node, &scope);
    made = host_.open_cursor(name, *plan, values, function_->read_only, !statement.no_scroll);
  } else {
    const PlExpr* expr = statement.query.get();
    bool scroll = !statement.no_scroll;
    if (variable.is_cursor) {
      expr = variable.cursor_query.get();
      scroll = variable.scroll;
      assign_cursor_arguments(variable, statement.arguments);
      if (name.empty()) name = variable.name;
    }
    made = open_query(*expr, name, scroll);
  }
  slot(statement.variable).assign(Datum::of_string(std::string_view(made)), PhysicalType::kVarlen);
}

void PlRun::fetch_cursor(const PlCursor& statement) {
  std::string name = cursor_name(statement.variable);
  RoutineHost::Fetch fetch;
  fetch.direction = statement.direction;
  if (statement.count != nullptr) {
    Value count = evaluate_as(*statement.count, {type_oid::kInt8, -1});
    if (count.is_null) {
      throw SqlError(SqlState::kNullValueNotAllowed,
                     "relative or absolute cursor position is null");
    }
    fetch.count = count.datum.i64;
  }
  bool stored = false;
  std::vector<ResultColumnInfo> shape;
  uint64_t passed = host_.fetch(
      name, fetch,
      [&](const std::vector<ResultColumnInfo>& columns, const Chunk* chunk, uint32_t at) {
        if (chunk == nullptr) {
          shape = columns;
        } else if (!statement.is_move && !stored) {
          store_row(statement.targets, columns, chunk, at);
          stored = true;
        }
      });
  if (!statement.is_move && !stored) store_row(statement.targets, shape, nullptr, 0);
  row_count_ = passed;
  set_found(passed > 0);
}

void PlRun::close_cursor(const PlCursor& statement) {
  host_.close_cursor(cursor_name(statement.variable));
}

}  // namespace luma
