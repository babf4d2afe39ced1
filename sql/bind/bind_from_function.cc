// FROM function(...), ROWS FROM (...): which columns the calls have.
#include "sql/bind/bind_select.h"
#include "sql/bind/binder.h"
#include "sql/function/registry.h"

namespace luma {

// Used for one item of FROM.
class RangeFunctionBinder {
 public:
  RangeFunctionBinder(Binder& binder, const ast::RangeFunction& node)
      : binder_(binder), node_(node), op_(binder.context().make<TableFunctionOp>()) {}

  LogicalOp* bind(Scope* scope, std::vector<std::shared_ptr<ScopeItem>>& items) {
    op_->ordinality = node_.ordinality;
    collect_entries();
    for (const Entry& entry : entries_) add_call(entry, scope);
    if (node_.ordinality) {
      ColumnId id = binder_.context().new_column({"ordinality", {type_oid::kInt8, -1}});
      op_->output.push_back(id);
      item_->columns.push_back({"ordinality", id});
    }
    binder_.apply_column_aliases(*item_, node_.alias);
    op_->alias = item_->alias;
    item_->unlockable = "a function";
    items.push_back(item_);
    return rows_.empty() ? op_ : spread_rows();
  }

 private:
  struct Entry {
    const ast::Node* call;
    const ast::Node* definitions;
  };
  // A composite result is one column of the operator, spread over columns of the item.
  struct SpreadRow {
    ColumnId row;
    size_t first, count;  // of the item's columns
  };

  void collect_entries() {
    for (const ast::Node* entry : node_.functions) {
      const auto* pair = ast::as<ast::ListNode>(entry);
      const ast::Node* definitions = pair->items.size() > 1 ? pair->items[1] : nullptr;
      const auto* call = ast::try_as<ast::FuncCall>(pair->items[0]);
      bool parallel =
          call != nullptr && call->funcname.size() == 1 && call->funcname[0] == "unnest" &&
          call->args.size() > 1 && !call->func_variadic && !call->agg_star && !call->agg_distinct &&
          !call->agg_within_group && call->agg_order.empty() && call->agg_filter == nullptr &&
          call->over == nullptr && definitions == nullptr && node_.coldeflist.empty();
      if (!parallel) {
        entries_.push_back({pair->items[0], definitions});
        continue;
      }
      // unnest(a, b, ...) is ROWS FROM (unnest(a), unnest(b), ...).
      for (const ast::Node* arg : call->args) {
        auto* one = binder_.arena().make<ast::FuncCall>(*call);
        one->args = ast::NodeList(binder_.arena().make<const ast::Node*>(arg), 1);
        entries_.push_back({one, nullptr});
      }
    }
  }

  void add_call(const Entry& entry, Scope* scope) {
    ast::NodeList definitions = entry.definitions != nullptr
                                    ? ast::as<ast::ListNode>(entry.definitions)->items
                                    : node_.coldeflist;
    // Function items may always refer to their left siblings (LATERAL is implied).
    Expr* call = binder_.bind_expr(entry.call, scope, Clause::kFromFunction);
    call = binder_.resolve_unknown(call);
    for (const Expr* arg : call->args) {
      if (!expr_contains(*arg, [](const Expr& e) { return e.kind == ExprKind::kSetReturning; }))
        continue;
      throw SqlError(SqlState::kFeatureNotSupported,
                     "set-returning functions must appear at top level of FROM")
          .at_byte(arg->location);
    }
    name_ = figure_column_name(entry.call);
    if (item_->alias.empty()) item_->alias = name_;
    TableFunctionOp::Call described;
    described.call = call;
    bool is_record = call->type.oid == type_oid::kRecord;
    bool has_out_columns =
        is_record && call->function != nullptr && !call->function->arg_modes.empty();
    std::vector<RowField> fields;
    if (!definitions.empty()) {
      described.call = add_defined_columns(call, definitions, has_out_columns);
    } else if (has_out_columns) {
      binder_.row_fields(*call, fields);
      for (RowField& field : fields) add_column(std::move(field.name), field.type);
      described.column_count = static_cast<uint32_t>(fields.size());
      described.expand_record = call->kind != ExprKind::kSetReturning;
    } else if (binder_.row_fields(call->type.oid, fields)) {
      add_row(call->type, std::move(fields));
      if (entries_.size() == 1 && !node_.ordinality) item_->row_type = call->type.oid;
    } else if (is_record) {
      throw SqlError(SqlState::kSyntaxError,
                     "a column definition list is required for functions returning \"record\"")
          .at_byte(call->location);
    } else {
      add_scalar(*call);
    }
    op_->calls.push_back(described);
  }

  void add_column(std::string label, TypeRef type) {
    ColumnId id = binder_.context().new_column({label, type, type_info(type.oid).collation});
    op_->output.push_back(id);
    item_->columns.push_back({std::move(label), id});
  }

  void add_row(TypeRef type, std::vector<RowField> fields) {
    ColumnId row = binder_.context().new_column({name_, type});
    op_->output.push_back(row);
    rows_.push_back({row, item_->columns.size(), fields.size()});
    for (const RowField& field : fields) {
      ColumnId id = binder_.context().new_column({field.name, field.type, field.collation});
      item_->columns.push_back({field.name, id});
    }
  }

  // f(...) AS (name type, ...)
  Expr* add_defined_columns(Expr* call, const ast::NodeList& definitions, bool has_out_columns) {
    if (call->type.oid != type_oid::kRecord) {
      throw SqlError(SqlState::kSyntaxError,
                     "a column definition list is only allowed for functions returning \"record\"")
          .at_byte(definitions[0]->location);
    }
    if (has_out_columns) {
      throw SqlError(SqlState::kSyntaxError,
                     "a column definition list is redundant for a function with OUT parameters")
          .at_byte(definitions[0]->location);
    }
    std::vector<RowField> fields;
    for (const ast::Node* definition : definitions) {
      const auto* column = ast::as<ast::ColumnDef>(definition);
      TypeRef type = binder_.resolve_type_name(*column->type_name);
      fields.push_back({std::string(column->colname), type, type_info(type.oid).collation});
    }
    Expr* described = binder_.describe_record(call, fields);
    add_row(described->type, std::move(fields));
    return described;
  }

  // The column takes the name of the only OUT parameter, the alias, or the function's name.
  void add_scalar(const Expr& call) {
    bool single = entries_.size() == 1;
    std::string label =
        single && node_.alias != nullptr ? std::string(node_.alias->aliasname) : name_;
    const FunctionEntry* function = call.function;
    size_t out_count = 0;
    std::string_view out_name;
    for (size_t i = 0; function != nullptr && i < function->arg_modes.size(); ++i) {
      if (function->arg_modes[i] == 'i' || function->arg_modes[i] == 'v') continue;
      ++out_count;
      if (i < function->arg_names.size()) out_name = function->arg_names[i];
    }
    if (out_count == 1 && !out_name.empty()) label = out_name;  // json_array_elements(): "value"
    add_column(std::move(label), call.type);
    item_->scalar_function = single && !node_.ordinality;
  }

  LogicalOp* spread_rows() {
    PlanContext& context = binder_.context();
    auto* project = context.make<ProjectOp>();
    project->inputs = {op_};
    for (ColumnId column : op_->output)
      project->items.push_back({column, context.column_ref(column)});
    for (const SpreadRow& spread : rows_) {
      for (size_t i = 0; i < spread.count; ++i) {
        const ColumnId id = item_->columns[spread.first + i].id;
        const PlanColumn& column = context.column(id);
        RowField field{column.name, column.type, column.collation};
        Expr* value =
            binder_.make_field(context.column_ref(spread.row), static_cast<uint32_t>(i), field, -1);
        project->items.push_back({id, value});
      }
    }
    for (const ProjectItem& entry : project->items) project->output.push_back(entry.column);
    return project;
  }

  Binder& binder_;
  const ast::RangeFunction& node_;
  TableFunctionOp* op_;
  std::shared_ptr<ScopeItem> item_ = std::make_shared<ScopeItem>();
  std::vector<Entry> entries_;
  std::vector<SpreadRow> rows_;
  std::string name_;  // of the function at hand
};

LogicalOp* Binder::bind_range_function(const ast::RangeFunction& node, Scope* scope,
                                       std::vector<std::shared_ptr<ScopeItem>>& items) {
  return RangeFunctionBinder(*this, node).bind(scope, items);
}

}  // namespace luma
