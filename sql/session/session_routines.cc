// Calls of user-defined functions: their surroundings, and bodies in SQL.
#include "sql/session/session_routines.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/ast/ast.h"
#include "sql/bind/binder.h"
#include "sql/bind/polymorphic.h"
#include "sql/catalog/event_trigger.h"
#include "sql/function/user_function.h"
#include "sql/routine/pl_lexer.h"
#include "sql/session/routine_frame.h"
#include "sql/session/session_parts.h"

namespace luma {

const Function& SqlSession::Routines::require_function(Oid oid) const {
  const Function* function = session_.environment_.catalog().function(oid);
  if (function != nullptr) return *function;
  throw sql_error(SqlState::kUndefinedFunction, "function with OID {} does not exist", oid);
}

SqlSession::Routines::CompiledPtr SqlSession::Routines::compile(const Function& function,
                                                                std::span<const Oid> inputs,
                                                                Oid result) {
  const Catalog& catalog = session_.environment_.catalog();
  std::pair key(function.oid, std::vector<Oid>(inputs.begin(), inputs.end()));
  key.second.push_back(result);
  uint64_t version = session_.environment_.catalog_version();
  auto found = compiled_.find(key);
  if (found != compiled_.end() && found->second->catalog_version == version) return found->second;
  if (compiled_.size() > 500) compiled_.clear();
  auto made = std::make_shared<Compiled>();
  made->function = catalog.share(function.address());
  if (made->function == nullptr) made->function = std::make_shared<Function>(function);
  made->catalog_version = version;
  made->types = routine_types(catalog, function, inputs, result);
  if (function.language == "sql") {
    made->body = parse_sql_body(function);
    made->plans.resize(made->body->statements.size());
  } else {
    try {
      made->tree = parse_pl_function(session_.environment_, function, made->types);
    } catch (SqlError& error) {
      int line = error.byte_offset >= 0 ? pl_line(function.source, error.byte_offset) : 1;
      error.byte_offset = -1;
      error.context_text +=
          (error.context_text.empty() ? "" : "\n") +
          fmt::format("compilation of PL/pgSQL function \"{}\" near line {}", function.name, line);
      throw;
    }
    std::string conflict = setting("plpgsql.variable_conflict");
    if (made->tree->on_conflict == VariableConflict::kError) {
      made->tree->on_conflict = conflict == "use_variable" ? VariableConflict::kVariable
                                : conflict == "use_column" ? VariableConflict::kColumn
                                                           : VariableConflict::kError;
    }
  }
  if (function.oid != kInvalidOid) compiled_[key] = made;
  return made;
}

SqlSession::Routines::CompiledPtr SqlSession::Routines::compiled_of(const Expr& call) {
  session_.environment_.refresh();
  const Function& function = require_function(call.function->oid);
  std::vector<Oid> inputs;
  for (const Expr* arg : call.args) inputs.push_back(arg->type.oid);
  if (function.result == type_oid::kTrigger || function.result == type_oid::kEventTrigger) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "trigger functions can only be called as triggers")
        .context(fmt::format("compilation of PL/pgSQL function \"{}\" near line 1", function.name));
  }
  return compile(function, inputs, call.type.oid);
}

// --- bodies in SQL

uint64_t SqlSession::Routines::run_sql_statement(Compiled& compiled, size_t number,
                                                 std::span<const Value> args,
                                                 const SqlVisitor& visit) {
  const auto& function = static_cast<const Function&>(*compiled.function);
  const SqlBody::Statement& statement = compiled.body->statements[number];
  bool read_only = function.volatility != 'v';
  if (!Binder::can_bind(statement.node) || ast::is<ast::CreateTableAsStmt>(statement.node)) {
    if (ast::is<ast::TransactionStmt>(statement.node)) {
      throw sql_error(SqlState::kFeatureNotSupported, "{} is not allowed in an SQL function",
                      "transaction control");
    }
    return run_utility(statement.node, statement.text);
  }
  Compiled::Planned& planned = compiled.plans[number];
  for (int attempt = 0;; ++attempt) {
    PlanStamp now = stamp();
    if (planned.stamp != now) {
      planned.idle.clear();
      planned.stamp = now;
    }
    std::unique_ptr<RoutinePlan> ready;
    if (planned.idle.empty()) {
      ArgumentScope scope(session_.environment_.catalog(), function, compiled.types.inputs);
      ready = plan(statement.node, &scope);
    } else {
      ready = std::move(planned.idle.back());
      planned.idle.pop_back();
    }
    if (read_only && ready->physical().modifies_data) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "{} is not allowed in a non-volatile function",
                      ready->physical().command == 'I'   ? "INSERT"
                      : ready->physical().command == 'U' ? "UPDATE"
                                                         : "DELETE");
    }
    const std::vector<ResultColumnInfo>& columns = ready->physical().columns;
    bool last = number + 1 == compiled.body->statements.size();
    if (last) {
      std::vector<TypeRef> types;
      for (const ResultColumnInfo& column : columns) types.push_back(column.type);
      check_sql_result(session_.environment_.catalog(), compiled.types,
                       ready->returns_rows() ? &types : nullptr);
    }
    // The plan may use fewer arguments than there are.
    size_t used = ready->physical().parameter_types.size();
    try {
      uint64_t rows = this->run(
          *ready, args.first(std::min(used, args.size())),
          [&](const Chunk& chunk) { return !last || visit == nullptr || visit(columns, chunk); },
          read_only);
      planned.idle.push_back(std::move(ready));
      return rows;
    } catch (const StaleRoutinePlan&) {
      if (attempt > 10) throw SqlError(SqlState::kInternalError, "definitions keep changing");
    }
  }
}

void SqlSession::Routines::run_sql(Compiled& compiled, std::span<const Value> args,
                                   const SqlVisitor& visit) {
  const auto& function = static_cast<const Function&>(*compiled.function);
  if (compiled.body->statements.empty()) {
    check_sql_result(session_.environment_.catalog(), compiled.types, nullptr);
  }
  for (const SqlBody::Statement& statement : compiled.body->statements) {
    const auto* copy = ast::try_as<ast::CopyStmt>(statement.node);
    if (copy == nullptr || !copy->filename.empty()) continue;
    throw SqlError(SqlState::kFeatureNotSupported, "cannot COPY to/from client in an SQL function")
        .context(fmt::format("SQL function \"{}\" during startup", function.name));
  }
  for (size_t i = 0; i < compiled.body->statements.size(); ++i) {
    try {
      run_sql_statement(compiled, i, args, visit);
    } catch (SqlError& error) {
      error.byte_offset = -1;
      error.position = 0;
      error.context_text += (error.context_text.empty() ? "" : "\n") +
                            fmt::format("SQL function \"{}\" statement {}", function.name, i + 1);
      throw;
    }
  }
}

std::vector<Value> SqlSession::Routines::sql_row(const Compiled& compiled,
                                                 const std::vector<ResultColumnInfo>& columns,
                                                 const Chunk& chunk, uint32_t row, bool spread,
                                                 Arena& arena) {
  const RoutineTypes& types = compiled.types;
  std::vector<Value> values;
  auto kept = [&](Value value, TypeRef from, TypeRef to) {
    value = conversions_.convert(value, from, to, arena);
    if (!value.is_null) value.datum = copy_datum(value.datum, type_info(to.oid).physical, arena);
    return value;
  };
  bool is_row = !types.fields.empty() || types.result == type_oid::kRecord;
  if (!is_row) {
    return {kept(chunk.columns[0].value(row), columns[0].type, {types.result, -1})};
  }
  if (columns.size() == 1 && columns[0].type.oid == types.result &&
      types.result != type_oid::kRecord) {
    return {kept(chunk.columns[0].value(row), columns[0].type, columns[0].type)};
  }
  RecordBuilder record;
  for (size_t i = 0; i < columns.size(); ++i) {
    TypeRef to = i < types.fields.size() ? types.fields[i].type : columns[i].type;
    values.push_back(kept(chunk.columns[i].value(row), columns[i].type, to));
    if (!spread) record.add(to, values.back());
  }
  if (spread) return values;
  return {record.finish(arena)};
}

// --- calls

Value SqlSession::Routines::call(EvalContext&, const Expr& call, std::span<const Value> args,
                                 Arena& arena) {
  CompiledPtr compiled = compiled_of(call);
  const auto& function = static_cast<const Function&>(*compiled->function);
  Frame frame(*this, function);
  if (compiled->tree != nullptr)
    return PlRun(*this, conversions_, compiled->tree).call(args, arena);
  Value out;
  bool seen = false;
  Arena temporary(&session_.memory_);
  run_sql(*compiled, args, [&](const std::vector<ResultColumnInfo>& columns, const Chunk& chunk) {
    if (!seen && chunk.size > 0 && compiled->types.result != type_oid::kVoid) {
      out = sql_row(*compiled, columns, chunk, 0, false, arena)[0];
    }
    seen |= chunk.size > 0;
    return !seen;
  });
  if (compiled->types.result == type_oid::kVoid) return Value::null();
  return out;
}

namespace {

class KeptRows final : public TableFunctionState {
 public:
  explicit KeptRows(std::unique_ptr<ChunkStore> rows)
      : rows_(std::move(rows)), cursor_(rows_->cursor_at(0)) {}
  void next(EvalContext&, Chunk& out) override {
    if (!rows_->read(cursor_, out)) out.size = 0;
  }

 private:
  std::unique_ptr<ChunkStore> rows_;
  ChunkStore::Cursor cursor_;
};

// The columns that the set has where it is used.
std::vector<TypeRef> set_columns(const Expr& call, const RoutineTypes& types) {
  std::vector<TypeRef> columns;
  if (call.type.oid == type_oid::kRecord) {
    for (const OutColumn& column : out_columns(call)) columns.push_back({column.type, -1});
  }
  if (columns.empty()) columns.push_back({types.result, -1});
  return columns;
}

// A record's columns are those that the query lists: 42P13 when the function gives others.
void check_listed_columns(BindEnvironment& environment, const std::vector<ResultColumnInfo>& got,
                          const std::vector<TypeRef>& listed) {
  const Catalog& catalog = environment.catalog();
  SqlError mismatch(SqlState::kInvalidFunctionDefinition,
                    "return type mismatch in function declared to return record");
  if (got.size() != listed.size()) {
    throw mismatch.detail(fmt::format("Final statement returns too {} columns.",
                                      got.size() < listed.size() ? "few" : "many"));
  }
  for (size_t i = 0; i < got.size(); ++i) {
    Binder binder(environment, {});
    bool fits = got[i].type.oid == type_oid::kUnknown || got[i].type.oid == listed[i].oid ||
                binder.bind_conversion(got[i].type, listed[i], Coercion::kAssignment) != nullptr;
    if (fits) continue;
    throw mismatch.detail(fmt::format("Final statement returns {} instead of {} at column {}.",
                                      catalog.type_name(got[i].type.oid),
                                      catalog.type_name(listed[i].oid), i + 1));
  }
}

}  // namespace

std::unique_ptr<TableFunctionState> SqlSession::Routines::call_set(EvalContext&, const Expr& call,
                                                                   std::span<const Value> args) {
  CompiledPtr compiled = compiled_of(call);
  const auto& function = static_cast<const Function&>(*compiled->function);
  Frame frame(*this, function);
  std::vector<TypeRef> columns = set_columns(call, compiled->types);
  std::vector<PhysicalType> physical;
  for (TypeRef type : columns) physical.push_back(type_info(type.oid).physical);
  auto rows = std::make_unique<ChunkStore>(physical);
  if (compiled->tree != nullptr) {
    PlRun(*this, conversions_, compiled->tree).call_set(args, columns, *rows);
    return std::make_unique<KeptRows>(std::move(rows));
  }
  ExecContext keeping;
  fill_context(keeping);
  keeping.memory = &session_.memory_;
  bool spread =
      columns.size() > 1 || (call.type.oid == type_oid::kRecord && !out_columns(call).empty());
  Arena temporary(&session_.memory_);
  bool is_listed = spread && function.result == type_oid::kRecord &&
                   std::ranges::none_of(function.arguments,
                                        [](const auto& argument) { return argument.is_output(); });
  bool checked = !is_listed;
  run_sql(*compiled, args, [&](const std::vector<ResultColumnInfo>& got, const Chunk& chunk) {
    if (!checked) check_listed_columns(session_.environment_, got, columns);
    checked = true;
    Chunk out{std::span<const PhysicalType>(physical)};
    out.begin();
    temporary.reset();
    for (uint32_t i = 0; i < chunk.size; ++i) {
      std::vector<Value> values = sql_row(*compiled, got, chunk, i, spread, temporary);
      for (size_t c = 0; is_listed && c < values.size(); ++c) {
        const auto& fields = compiled->types.fields;
        TypeRef from = c < fields.size() ? fields[c].type : got[c].type;
        values[c] = conversions_.convert(values[c], from, columns[c], temporary);
      }
      for (size_t c = 0; c < physical.size(); ++c) {
        out.columns[c].set_value(i, c < values.size() ? values[c] : Value::null());
      }
    }
    out.size = chunk.size;
    rows->append(keeping, out);
    return true;
  });
  return std::make_unique<KeptRows>(std::move(rows));
}

RoutineCaller::QueryRows SqlSession::Routines::query(std::string_view sql, Arena& arena) {
  static const Function kPlain;
  Frame frame(*this, kPlain);
  QueryRows out;
  try {
    Arena tree(&session_.memory_);
    ParseResult parsed = parse_sql(sql, tree, {});
    bool reads = parsed.statements.size() == 1 && Binder::can_bind(parsed.statements[0].node);
    if (!reads) throw unsupported("more or other than one query in a function that takes a query");
    std::unique_ptr<RoutinePlan> ready = plan(parsed.statements[0].node, nullptr);
    if (ready->physical().modifies_data) {
      throw sql_error(SqlState::kFeatureNotSupported,
                      "{} is not allowed in a non-volatile function",
                      ready->physical().command == 'I'   ? "INSERT"
                      : ready->physical().command == 'U' ? "UPDATE"
                                                         : "DELETE");
    }
    for (const ResultColumnInfo& column : ready->physical().columns) {
      out.columns.push_back(column.type);
    }
    auto keep = [&](const Chunk& chunk) {
      for (uint32_t row = 0; row < chunk.size; ++row) {
        std::vector<Value>& values = out.rows.emplace_back();
        for (size_t c = 0; c < out.columns.size(); ++c) {
          Value value = chunk.columns[c].value(row);
          if (!value.is_null) {
            PhysicalType physical = type_info(out.columns[c].oid).physical;
            value.datum = copy_datum(value.datum, physical, arena);
          }
          values.push_back(value);
        }
      }
      return true;
    };
    run(*ready, {}, keep, true);
  } catch (SqlError& error) {
    error.byte_offset = -1;
    error.position = 0;
    error.context_text +=
        (error.context_text.empty() ? "" : "\n") + fmt::format("SQL statement \"{}\"", sql);
    throw;
  }
  return out;
}

bool SqlSession::Routines::call_trigger(EvalContext&, Oid oid, const TriggerData& data,
                                        Arena& arena, std::vector<Value>& row) {
  session_.environment_.refresh();
  const Function& function = require_function(oid);
  std::vector<Oid> key = {data.table.row_type};
  CompiledPtr compiled = compile(function, key, function.result);
  Frame frame(*this, function);
  return PlRun(*this, conversions_, compiled->tree).call_trigger(data, arena, row);
}

}  // namespace luma
