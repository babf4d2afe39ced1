#include "sql/copy/copy_out.h"

#include "sql/ast/query.h"
#include "sql/ast/tree.h"
#include "sql/bind/rule_rewrite.h"
#include "sql/copy/copy_file.h"
#include "sql/copy/copy_target.h"
#include "sql/copy/row_writer.h"

namespace luma {

namespace {

ast::NodeList list_of(Arena& arena, const std::vector<const ast::Node*>& nodes) {
  const auto** items = arena.allocate_array<const ast::Node*>(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) items[i] = nodes[i];
  return {items, nodes.size()};
}

// SELECT columns FROM ONLY table.
const ast::Node* select_of(Arena& arena, const ast::RangeVar& relation, const Table& table,
                           const std::vector<int>& attributes) {
  std::vector<const ast::Node*> targets;
  for (int attribute : attributes) {
    auto* name = arena.make<ast::String>();
    name->sval = arena.copy(table.columns[static_cast<size_t>(attribute)].name);
    auto* ref = arena.make<ast::ColumnRef>();
    ref->fields = list_of(arena, {name});
    auto* target = arena.make<ast::ResTarget>();
    target->val = ref;
    targets.push_back(target);
  }
  auto* var = arena.make<ast::RangeVar>(relation);
  var->inh = false;
  var->location = -1;
  auto* select = arena.make<ast::SelectStmt>();
  select->target_list = list_of(arena, targets);
  select->from_clause = list_of(arena, {var});
  return select;
}

const ast::IntoClause* into_clause(const ast::Node* query) {
  const auto* select = ast::try_as<ast::SelectStmt>(query);
  while (select != nullptr && select->larg != nullptr) select = select->larg;
  return select == nullptr ? nullptr : select->into_clause;
}

// Closes a plan however the run ends.
struct OpenPlan {
  Operator& root;
  ExecContext& context;
  OpenPlan(Operator& op, ExecContext& exec) : root(op), context(exec) { root.open(context); }
  ~OpenPlan() { root.close(context); }
};

}  // namespace

namespace {

// COPY wants one query with RETURNING: what unconditional rules may leave of the statement is run
// by nobody.
void refuse_rules(BindEnvironment& environment, const ast::Node* query) {
  std::unique_ptr<RuleRewrite> rewrite = rewrite_with_rules(environment, query);
  if (rewrite == nullptr) return;
  auto refuse = [](std::string_view what) {
    return sql_error(SqlState::kFeatureNotSupported, "{} rules are not supported for COPY", what);
  };
  if (rewrite->statements.empty()) throw refuse("DO INSTEAD NOTHING");
  for (const RuleStatement& each : rewrite->statements) {
    if (each.source == RuleSource::kConditionalInstead) throw refuse("conditional DO INSTEAD");
    if (each.source == RuleSource::kAlso) throw refuse("DO ALSO");
  }
  if (rewrite->statements.size() > 1) throw refuse("multi-statement DO INSTEAD");
  throw unsupported("COPY of a statement that a rule replaces");
}

}  // namespace

CopyOut::CopyOut(const ast::CopyStmt& copy, PlannerContext& context) {
  check_copy_file(copy, context);
  if (copy.filename.data() != nullptr) file_name_ = copy.filename;
  is_program_ = copy.is_program;
  options_ = parse_copy_options(copy.options, false);
  if (copy.relation != nullptr) {
    plan_table(copy, context);
  } else {
    plan_query_text(copy, context);
  }
}

CopyOut::~CopyOut() = default;

void CopyOut::plan_table(const ast::CopyStmt& copy, PlannerContext& context) {
  const Table& table = open_copy_table(copy, context);
  std::vector<int> attributes = copy_attributes(table, copy.attlist);
  check_copy_privilege(table, attributes, false, context);
  std::vector<std::string> names;
  for (int attribute : attributes) {
    names.push_back(table.columns[static_cast<size_t>(attribute)].name);
  }
  force_quote_ = force_flags(options_.force_quote, "FORCE_QUOTE", names, &table);
  plan_ = plan_query(select_of(arena_, *copy.relation, table, attributes), context);
}

void CopyOut::plan_query_text(const ast::CopyStmt& copy, PlannerContext& context) {
  if (into_clause(copy.query) != nullptr) throw unsupported("COPY (SELECT INTO)");
  ast::walk(copy.query, [](const ast::Node* node) {
    if (const auto* parameter = ast::try_as<ast::ParamRef>(node)) {
      throw sql_error(SqlState::kUndefinedParameter, "there is no parameter ${}", parameter->number)
          .at_byte(parameter->location);
    }
    return true;
  });
  refuse_rules(context.environment, copy.query);
  plan_ = plan_query(copy.query, context);
  if (plan_->command != 'S' && !plan_->has_returning) {
    throw SqlError(SqlState::kFeatureNotSupported, "COPY query must have a RETURNING clause");
  }
  std::vector<std::string> names;
  for (const ResultColumnInfo& column : plan_->columns) names.push_back(column.name);
  force_quote_ = force_flags(options_.force_quote, "FORCE_QUOTE", names, nullptr);
}

std::vector<int16_t> CopyOut::column_formats() const {
  return std::vector<int16_t>(plan_->columns.size(), format());
}

uint64_t CopyOut::run(ExecContext& context, const Send& send) {
  std::vector<CopyRowWriter::Column> columns;
  for (size_t i = 0; i < plan_->columns.size(); ++i) {
    const ResultColumnInfo& column = plan_->columns[i];
    columns.push_back({column.name, column.type, options_.force_quote_all || force_quote_[i]});
  }
  CopyRowWriter writer(options_, std::move(columns), *context.io);
  std::vector<Value> exec_parameters;
  if (context.exec_parameters.size() < plan_->exec_parameter_count) {
    exec_parameters.resize(plan_->exec_parameter_count);
    context.exec_parameters = exec_parameters;
  }
  uint64_t rows = 0;
  std::string out;
  auto flush = [&] {
    transcoder_ != nullptr ? send(transcoder_->from_utf8(out)) : send(out);
    out.clear();
  };
  writer.append_header(out);
  if (writer.has_header_line()) flush();
  {
    OpenPlan open(*plan_->root, context);
    while (const Chunk* chunk = plan_->root->next(context)) {
      if (context.interrupt != nullptr) context.interrupt->check();
      for (uint32_t row = 0; row < chunk->size; ++row) {
        writer.append_row(*chunk, row, out);
        flush();
      }
      rows += chunk->size;
    }
  }
  if (!exec_parameters.empty()) context.exec_parameters = {};
  writer.append_trailer(out);
  if (!out.empty()) flush();
  return rows;
}

uint64_t CopyOut::run_file(ExecContext& context) {
  CopyFile file = CopyFile::open_for_writing(file_name_, is_program_);
  uint64_t rows = run(context, [&](std::string_view bytes) { file.write(bytes); });
  file.close();
  return rows;
}

}  // namespace luma
