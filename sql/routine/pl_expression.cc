// PL/pgSQL: expressions, and storing into variables.
#include <algorithm>

#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/ast/tree.h"
#include "sql/bind/binder.h"
#include "sql/bind/make_node.h"
#include "sql/optimize/constant_check.h"
#include "sql/routine/pl_run.h"

namespace luma {

std::pair<int, size_t> find_pl_variable(const PlFunction& function, const PlName* names,
                                        std::span<const std::string_view> parts) {
  auto fits = [&](const PlName& item, size_t at) {
    if (item.name != parts[at]) return false;
    return parts.size() == at + 1 ||
           function.variables[static_cast<size_t>(item.variable)].kind == PlVariable::Kind::kRecord;
  };
  for (const PlName* level = names; level != nullptr;) {
    const PlName* label = level;
    for (; label != nullptr && !label->is_label; label = label->outer) {
      if (fits(*label, 0)) return {label->variable, 1};
    }
    if (label == nullptr) break;
    if (parts.size() > 1 && !label->name.empty() && label->name == parts[0]) {
      for (const PlName* item = level; item != label; item = item->outer) {
        if (fits(*item, 1)) return {item->variable, 2};
      }
    }
    level = label->outer;
  }
  return {-1, 0};
}

// --- names

Expr* PlScope::add(PlPrepared::Parameter parameter, Arena& arena) {
  size_t index = 0;
  for (; index < parameters_.size(); ++index) {
    if (parameters_[index].variable == parameter.variable &&
        parameters_[index].field == parameter.field) {
      if (parameter.is_assigned) {
        parameters_[index].is_assigned = parameter.is_assigned;
        parameters_[index].row_type = parameter.row_type;
      }
      break;
    }
  }
  Expr* out = arena.make<Expr>(make_node(ExprKind::kParameter, parameter.type.oid, -1));
  out->type = parameter.type;
  out->index = static_cast<uint32_t>(index);
  if (index == parameters_.size()) parameters_.push_back(std::move(parameter));
  return out;
}

Expr* PlScope::variable(int number, std::string_view field, bool has_field, bool is_column,
                        Arena& arena) {
  const PlVariable& declared = run_.declared(number);
  if (declared.kind == PlVariable::Kind::kScalar) {
    return has_field ? nullptr : add({number, -1, declared.type, {}}, arena);
  }
  const PlRow& row = run_.row(number);
  if (has_field && !row.assigned && row.fields.empty()) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState, "record \"{}\" is not assigned yet",
                    declared.name)
        .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
  }
  auto field_parameter = [&](size_t i, std::optional<bool> is_assigned) {
    return add({number, static_cast<int>(i), row.fields[i].type, row.fields[i].name, is_assigned,
                row.type},
               arena);
  };
  if (has_field) {
    for (size_t i = 0; i < row.fields.size(); ++i) {
      if (row.fields[i].name == field) return field_parameter(i, std::nullopt);
    }
    if (is_column) return nullptr;
    throw sql_error(SqlState::kUndefinedColumn, "record \"{}\" has no field \"{}\"", declared.name,
                    field);
  }
  if (!row.assigned) {
    // The parameter makes the expression depend on there being no row.
    add({number, PlPrepared::kWholeRecord, declared.type, {}, false}, arena);
    return make_constant(arena, declared.type, Value::null());
  }
  Expr* out = arena.make<Expr>(make_node(ExprKind::kRow, type_oid::kRecord, -1));
  std::vector<Expr*> fields;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < row.fields.size(); ++i) {
    fields.push_back(field_parameter(i, true));
    names.push_back(arena.copy(row.fields[i].name));
  }
  out->args = copy_span(arena, fields);
  out->field_names = copy_span(arena, names);
  out->type = row.type != kInvalidOid ? TypeRef{row.type, -1} : base_type_of(declared.type);
  return out;
}

Expr* PlScope::find(std::span<const std::string_view> names, bool is_column, Arena& arena) {
  auto [number, used] = find_pl_variable(*run_.function_, names_, names);
  if (number < 0) return nullptr;
  if (used + 1 < names.size()) return nullptr;
  bool has_field = used < names.size();
  return variable(number, has_field ? names[used] : std::string_view{}, has_field, is_column,
                  arena);
}

Expr* PlScope::parameter(int32_t number, Arena& arena) {
  const std::vector<int>& inputs = run_.function_->inputs;
  if (number < 1 || static_cast<size_t>(number) > inputs.size()) return nullptr;
  return variable(inputs[static_cast<size_t>(number) - 1], {}, false, false, arena);
}

std::vector<Oid> PlScope::parameter_types() const {
  std::vector<Oid> types;
  for (const PlPrepared::Parameter& parameter : parameters_) types.push_back(parameter.type.oid);
  return types;
}

namespace {

class StoredRows final : public TableFunctionState {
 public:
  explicit StoredRows(const ChunkStore& rows) : rows_(rows), cursor_(rows.cursor_at(0)) {}
  void next(EvalContext&, Chunk& out) override {
    if (!const_cast<ChunkStore&>(rows_).read(cursor_, out)) out.size = 0;
  }

 private:
  const ChunkStore& rows_;
  ChunkStore::Cursor cursor_;
};

// The store's address travels as a constant: it outlives the statement, which is not kept.
std::unique_ptr<TableFunctionState> scan_stored_rows(EvalContext&, const Expr&,
                                                     std::span<const Value> args) {
  return std::make_unique<StoredRows>(
      *reinterpret_cast<const ChunkStore*>(static_cast<uintptr_t>(args[0].datum.i64)));
}

}  // namespace

bool PlScope::find_rows(std::string_view name, NamedRows& rows, Arena& arena) {
  if (run_.trigger_ == nullptr) return false;
  for (const TransitionTable& table : run_.trigger_->transition_tables) {
    if (table.name != name) continue;
    // The address is a parameter: plans are kept, stores are not.
    PlPrepared::Parameter parameter;
    parameter.variable = -2 - static_cast<int>(&table - run_.trigger_->transition_tables.data());
    parameter.type = {type_oid::kInt8, -1};
    rows.call = arena.make<Expr>(make_node(ExprKind::kSetReturning, type_oid::kRecord, -1));
    rows.call->implementation.table = scan_stored_rows;
    rows.call->args = copy_span(arena, std::vector<Expr*>{add(std::move(parameter), arena)});
    rows.call->is_volatile = true;
    size_t number = 0;
    for (const Column& column : run_.trigger_->table.columns) {
      ++number;
      rows.names.push_back(column.dropped ? fmt::format("........dropped.{}", number)
                                          : column.name);
      rows.types.push_back(column.dropped ? TypeRef{type_oid::kInt4, -1} : column.type);
    }
    return true;
  }
  return false;
}

// --- evaluation

bool PlRun::is_current(const PlPrepared& prepared) const {
  for (const PlPrepared::Parameter& parameter : prepared.parameters) {
    if (parameter.variable == -1) continue;
    if (parameter.field == -1) {
      if (parameter.variable >= 0 && declared(parameter.variable).type != parameter.type) {
        return false;
      }
      continue;
    }
    const PlRow& record = row(parameter.variable);
    if (parameter.is_assigned &&
        (record.assigned != *parameter.is_assigned || record.type != parameter.row_type)) {
      return false;
    }
    if (parameter.field == PlPrepared::kWholeRecord) continue;
    auto field = static_cast<size_t>(parameter.field);
    if (field >= record.fields.size() || record.fields[field].type != parameter.type ||
        record.fields[field].name != parameter.field_name) {
      return false;
    }
  }
  return true;
}

void PlRun::gather(const PlPrepared& prepared, std::vector<Value>& values) const {
  values.clear();
  for (const PlPrepared::Parameter& parameter : prepared.parameters) {
    if (parameter.field == PlPrepared::kWholeRecord) {
      values.push_back(Value::null());
    } else if (parameter.variable == -1) {
      values.push_back(Value::null());  // set by the caller
    } else if (parameter.variable < -1) {
      auto table = static_cast<size_t>(-2 - parameter.variable);
      values.push_back(Datum::of_int64(static_cast<int64_t>(
          reinterpret_cast<uintptr_t>(trigger_->transition_tables[table].rows))));
    } else if (parameter.field >= 0) {
      values.push_back(
          row(parameter.variable).values[static_cast<size_t>(parameter.field)].value());
    } else {
      values.push_back(scalars_[static_cast<size_t>(parameter.variable)].value());
    }
  }
}

namespace {

// A single expression that needs no plan.
const ast::Node* plain_expression(const ast::Node* node) {
  const auto* select = ast::try_as<ast::SelectStmt>(node);
  if (select == nullptr || select->target_list.size() != 1 || !select->from_clause.empty() ||
      select->where_clause != nullptr || !select->group_clause.empty() ||
      select->having_clause != nullptr || select->op != ast::SetOperation::kNone ||
      !select->values_lists.empty() || select->with_clause != nullptr ||
      select->limit_count != nullptr || select->limit_offset != nullptr ||
      !select->sort_clause.empty() || !select->distinct_clause.empty() ||
      !select->locking_clause.empty() || select->into_clause != nullptr) {
    return nullptr;
  }
  bool plain = true;
  const ast::Node* value = ast::as<ast::ResTarget>(select->target_list[0])->val;
  if (const auto* ref = ast::try_as<ast::ColumnRef>(value);
      ref != nullptr && ast::is<ast::AStar>(ref->fields.back())) {
    return nullptr;
  }
  ast::walk(value, [&](const ast::Node* inner) {
    if (ast::is<ast::SubLink>(inner)) plain = false;
    return plain;
  });
  return plain ? value : nullptr;
}

// Where the error points into the text of an expression the session cannot show it.
void describe_sql_error(SqlError& error, const PlExpr& expr) {
  if (error.byte_offset >= 0 || error.position > 0) {
    error.byte_offset = -1;
    error.position = 0;
    return;
  }
  std::string line = !expr.assigns.empty() ? fmt::format("PL/pgSQL assignment \"{}\"", expr.assigns)
                     : expr.is_statement || expr.text.starts_with("SELECT ")
                         ? fmt::format("SQL statement \"{}\"", expr.text)
                         : fmt::format("SQL expression \"{}\"", expr.text);
  error.context_text += (error.context_text.empty() ? "" : "\n") + line;
}

}  // namespace

std::shared_ptr<PlPrepared> PlRun::prepare(const PlExpr& expr) {
  PlanStamp now = host_.stamp();
  if (expr.prepared != nullptr && expr.prepared->stamp == now && is_current(*expr.prepared)) {
    return expr.prepared;
  }
  auto prepared = std::make_shared<PlPrepared>();
  prepared->stamp = now;
  PlScope scope(*this, expr.names, prepared->parameters);
  try {
    const ast::Node* plain = expr.is_statement ? nullptr : plain_expression(expr.node);
    if (plain != nullptr) {
      Binder binder(host_.environment(), {});
      binder.use_variables(&scope);
      try {
        prepared->expr = binder.bind_standalone(plain, Clause::kSelect, {}, Coercion::kAssignment);
      } catch (SqlError& error) {
        // What only a query can do: functions that return sets.
        if (error.state != SqlState::kFeatureNotSupported) throw;
        prepared->parameters.clear();
        plain = nullptr;
      }
      prepared->context = binder.release_context();
    }
    if (plain != nullptr) {
      ExecContext evaluation;
      host_.fill_context(evaluation);
      evaluation.arena = temporary_.get();
      if (auto error = check_constants(*prepared->expr, evaluation).error) throw SqlError(*error);
      if (!expr_contains(*prepared->expr, [](const Expr& e) {
            return e.kind == ExprKind::kSubquery || e.kind == ExprKind::kColumn ||
                   e.kind == ExprKind::kSetReturning;
          })) {
        expr.prepared = prepared;
        return prepared;
      }
      prepared->expr = nullptr;
      prepared->parameters.clear();
    }
    prepared->idle_plans.push_back(host_.plan(expr.node, &scope));
    size_t columns = prepared->idle_plans.back()->physical().columns.size();
    if (!expr.assigns.empty() && columns != 1) {
      throw sql_error(SqlState::kSyntaxError, "assignment source returned {} column{}", columns,
                      columns == 1 ? "" : "s");
    }
  } catch (SqlError& error) {
    describe_sql_error(error, expr);
    throw;
  }
  expr.prepared = prepared;
  return prepared;
}

Value PlRun::evaluate_bound(const Expr& expr, PlEvaluators& idle, std::span<const Value> values) {
  std::unique_ptr<ExprEvaluator> evaluator;
  if (idle.empty()) {
    evaluator = std::make_unique<ExprEvaluator>(expr, 1);
  } else {
    evaluator = std::move(idle.back());
    idle.pop_back();
  }
  ExecContext context;
  host_.fill_context(context);
  context.arena = temporary_.get();
  context.parameters = values;
  Value out;
  try {
    out = evaluator->evaluate_scalar(context);
  } catch (SqlError& error) {
    error.byte_offset = -1;
    throw;
  }
  if (!out.is_null) out.datum = copy_datum(out.datum, expr.physical, *temporary_);
  idle.push_back(std::move(evaluator));
  return out;
}

Value PlRun::evaluate(const PlExpr& expr, TypeRef* type) {
  std::shared_ptr<PlPrepared> prepared = prepare(expr);
  if (prepared->expr != nullptr) {
    std::vector<Value> values;
    gather(*prepared, values);
    Value out;
    try {
      out = evaluate_bound(*prepared->expr, prepared->idle, values);
    } catch (SqlError& error) {
      // PERFORM is a query, whatever it selects.
      if (expr.text.starts_with("SELECT ")) describe_sql_error(error, expr);
      throw;
    }
    if (type != nullptr) *type = prepared->expr->type;
    return out;
  }
  // The binder has counted the columns of assignments.
  size_t width = 1;
  if (!prepared->idle_plans.empty()) {
    width = prepared->idle_plans.back()->physical().columns.size();
  }
  if (width != 1) {
    throw sql_error(SqlState::kSyntaxError, "query returned {} column{}", width,
                    width == 1 ? "" : "s")
        .context("query: " + expr.text);
  }
  Value out;
  uint64_t rows = 0;
  std::vector<ResultColumnInfo> columns;
  query(
      expr,
      [&](const Chunk& chunk) {
        for (uint32_t i = 0; i < chunk.size; ++i) {
          if (++rows > 1) {
            throw SqlError(SqlState::kCardinalityViolation, "query returned more than one row");
          }
          out = chunk.columns[0].value(i);
          if (!out.is_null) {
            out.datum = copy_datum(out.datum, type_info(columns[0].type.oid).physical, *temporary_);
          }
        }
        return true;
      },
      columns);
  if (type != nullptr) *type = columns[0].type;
  return out;
}

Value PlRun::evaluate_as(const PlExpr& expr, TypeRef wanted) {
  TypeRef type;
  Value value = evaluate(expr, &type);
  return conversions_.convert(value, type, wanted, *temporary_);
}

bool PlRun::condition(const PlExpr& expr) {
  Value value = evaluate_as(expr, {type_oid::kBool, -1});
  return !value.is_null && value.datum.b;
}

std::optional<std::string> PlRun::text_of(const Value& value, TypeRef type) {
  if (value.is_null) return std::nullopt;
  // As a client would see it, which is not how a cast to text spells every type.
  const TypeInfo& info = type_info(base_type_of(type.oid));
  std::string text;
  info.output(value.datum, info, host_.environment().io(), text);
  return text;
}

// --- assignment

void PlRun::assign(const PlTarget& target, const Value& value, TypeRef type) {
  if (!target.steps.empty()) return assign_part(target, value, type);
  if (target.field.empty()) return assign_variable(target.variable, value, type);
  PlRow& record = row(target.variable);
  const PlVariable& variable = declared(target.variable);
  if (!record.assigned && record.fields.empty()) {
    throw sql_error(SqlState::kObjectNotInPrerequisiteState, "record \"{}\" is not assigned yet",
                    variable.name)
        .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
  }
  for (size_t i = 0; i < record.fields.size(); ++i) {
    if (record.fields[i].name != target.field) continue;
    Value converted = conversions_.convert(value, type, record.fields[i].type, *temporary_);
    return change_record(target.variable, [&] {
      record.values[i].assign(converted, type_info(record.fields[i].type.oid).physical);
      record.assigned = true;
    });
  }
  throw sql_error(SqlState::kUndefinedColumn, "record \"{}\" has no field \"{}\"", variable.name,
                  target.field);
}

namespace {

[[noreturn]] void refuse_null(const PlVariable& variable) {
  throw sql_error(SqlState::kNullValueNotAllowed,
                  "null value cannot be assigned to variable \"{}\" declared NOT NULL",
                  variable.name);
}

}  // namespace

void PlRun::assign_variable(int number, const Value& value, TypeRef type) {
  const PlVariable& variable = declared(number);
  if (variable.kind == PlVariable::Kind::kRecord) {
    if (value.is_null && variable.not_null) refuse_null(variable);
    return change_record(number, [&] { assign_row(number, value, type); });
  }
  Value converted = conversions_.convert(value, type, variable.type, *temporary_);
  if (converted.is_null && variable.not_null) refuse_null(variable);
  slot(number).assign(converted, type_info(variable.type.oid).physical);
}

void PlRun::set_null_row(int number) {
  PlRow& record = row(number);
  const PlVariable& variable = declared(number);
  if (variable.type.oid != type_oid::kRecord && record.fields.empty()) {
    Function none;
    record.fields =
        routine_types(host_.environment().catalog(), none, {}, variable.type.oid).fields;
    record.values.resize(record.fields.size());
  }
  record.assigned = false;
  record.type = kInvalidOid;
  for (PlSlot& value : record.values) value.clear();
  if (variable.type.oid == type_oid::kRecord) {
    record.fields.clear();
    record.values.clear();
  }
}

void PlRun::assign_row(int number, const Value& value, TypeRef type) {
  if (value.is_null) return set_null_row(number);
  const TypeInfo& info = type_info(base_type_of(type.oid));
  if (type.oid != type_oid::kRecord && info.type_type != 'c') {
    throw SqlError(SqlState::kDatatypeMismatch,
                   "cannot assign non-composite value to a record variable");
  }
  RecordView view(value.datum);
  PlRow& record = row(number);
  const PlVariable& variable = declared(number);
  if (variable.type.oid == type_oid::kRecord) {
    std::vector<RoutineTypes::Field> fields;
    if (type.oid != type_oid::kRecord) {
      Function none;
      fields = routine_types(host_.environment().catalog(), none, {}, type.oid).fields;
    }
    record.type = fields.empty() ? kInvalidOid : base_type_of(type.oid);
    if (fields.size() != view.size()) {
      record.type = kInvalidOid;
      fields.clear();
      for (uint32_t i = 0; i < view.size(); ++i) {
        fields.push_back({fmt::format("f{}", i + 1), view.type(i)});
      }
    }
    record.fields = std::move(fields);
    record.values.resize(record.fields.size());
    for (uint32_t i = 0; i < view.size(); ++i) {
      record.values[i].assign(view.field(i), type_info(record.fields[i].type.oid).physical);
    }
    record.assigned = true;
    return;
  }
  set_null_row(number);
  record.assigned = true;
  for (uint32_t i = 0; i < view.size() && i < record.fields.size(); ++i) {
    Value converted =
        conversions_.convert(view.field(i), view.type(i), record.fields[i].type, *temporary_);
    record.values[i].assign(converted, type_info(record.fields[i].type.oid).physical);
  }
}

bool PlRun::is_domain(int number) const {
  return type_info(declared(number).type.oid).type_type == 'd';
}

void PlRun::check_domain(int number) {
  TypeRef type = declared(number).type;
  Value value = record_value(row(number), {}, *temporary_);
  conversions_.convert(value, base_type_of(type), type, *temporary_);
}

void PlRun::keep_field_names(const PlExpr& value, const PlTarget& target) {
  if (!target.steps.empty() || !target.field.empty() || value.prepared == nullptr) return;
  const PlVariable& variable = declared(target.variable);
  const Expr* expr = value.prepared->expr;
  bool is_record =
      variable.kind == PlVariable::Kind::kRecord && variable.type.oid == type_oid::kRecord;
  if (!is_record || expr == nullptr || expr->kind != ExprKind::kRow) return;
  PlRow& record = row(target.variable);
  if (expr->field_names.size() != record.fields.size()) return;
  for (size_t i = 0; i < record.fields.size(); ++i) record.fields[i].name = expr->field_names[i];
}

}  // namespace luma
