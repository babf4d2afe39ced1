#include "engine/exec/op_table_function.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_builder.h"
#include "engine/type/record.h"

namespace luma {

namespace {

std::vector<PhysicalType> scan_types(const std::vector<TableFunctionCall>& calls,
                                     bool with_ordinality) {
  std::vector<PhysicalType> types;
  for (const TableFunctionCall& call : calls) {
    types.insert(types.end(), call.physical.begin(), call.physical.end());
  }
  if (with_ordinality) types.push_back(PhysicalType::kInt64);
  return types;
}

// A single row with given values.
class OneRowState final : public TableFunctionState {
 public:
  explicit OneRowState(std::vector<Value> values) : values_(std::move(values)) {}
  void next(EvalContext&, Chunk& out) override {
    out.size = done_ ? 0 : 1;
    for (size_t c = 0; !done_ && c < out.columns.size(); ++c) {
      out.columns[c].set_value(0, c < values_.size() ? values_[c] : Value::null());
    }
    done_ = true;
  }

 private:
  std::vector<Value> values_;
  bool done_ = false;
};

// A record's fields must be of the types that the query lists for its columns.
void check_listed_types(const RecordView& record, const std::vector<TypeRef>& listed) {
  SqlError mismatch(SqlState::kDatatypeMismatch,
                    "function return row and query-specified return row do not match");
  if (record.size() != listed.size()) {
    throw mismatch.detail(fmt::format("Returned row contains {} attribute{}, but query expects {}.",
                                      record.size(), record.size() == 1 ? "" : "s", listed.size()));
  }
  for (uint32_t i = 0; i < record.size(); ++i) {
    const TypeInfo& got = type_info(record.type(i).oid);
    const TypeInfo& wanted = type_info(listed[i].oid);
    if (is_read_alike(got, wanted)) continue;
    throw mismatch.detail(
        fmt::format("Returned type {} at ordinal position {}, but query expects {}.",
                    format_type(got.oid), i + 1, format_type(wanted.oid)));
  }
}

std::vector<Value> fields_of(const Value& record, Oid type, const std::vector<TypeRef>& listed) {
  size_t columns = listed.size();
  std::vector<Value> values(columns);
  if (record.is_null) return values;
  RecordView view(record.datum);
  if (type == type_oid::kRecord) check_listed_types(view, listed);
  for (uint32_t i = 0; i < std::min<size_t>(columns, view.size()); ++i) values[i] = view.field(i);
  return values;
}

}  // namespace

void TableFunctionRows::start(std::unique_ptr<TableFunctionState> state,
                              const std::vector<PhysicalType>& types) {
  state_ = std::move(state);
  if (chunk_.columns.size() != types.size()) chunk_.init(types);
  chunk_.size = position_ = 0;
}

bool TableFunctionRows::fill(EvalContext& context) {
  if (position_ < chunk_.size) return true;
  if (!state_) return false;
  if (context.interrupt != nullptr) context.interrupt->check();
  chunk_.begin();
  position_ = 0;
  state_->next(context, chunk_);
  if (chunk_.size == 0) state_.reset();
  return chunk_.size != 0;
}

TableFunctionScanOperator::TableFunctionScanOperator(std::vector<TableFunctionCall> calls,
                                                     bool with_ordinality)
    : Operator(scan_types(calls, with_ordinality)),
      calls_(std::move(calls)),
      with_ordinality_(with_ordinality),
      rows_(calls_.size()),
      output_(output_types()) {
  explain.node_type = "Function Scan";
  for (const TableFunctionCall& call : calls_) {
    auto& arguments = arguments_.emplace_back();
    bool is_set = call.call->implementation.table != nullptr;
    scalars_.push_back(is_set ? nullptr : std::make_unique<ExprEvaluator>(*call.call, 1));
    for (const Expr* arg : call.call->args) {
      if (is_set) arguments.push_back(std::make_unique<ExprEvaluator>(*arg, 1));
    }
  }
}

void TableFunctionScanOperator::open_call(ExecContext& context, size_t i) {
  const TableFunctionCall& call = calls_[i];
  if (scalars_[i]) {
    Value value = scalars_[i]->evaluate_scalar(context);
    std::vector<Value> values{value};
    if (call.expand_record) values = fields_of(value, call.call->type.oid, call.columns);
    for (size_t c = 0; c < values.size(); ++c) {
      if (!values[c].is_null)
        values[c].datum = copy_datum(values[c].datum, call.physical[c], *values_);
    }
    rows_[i].start(std::make_unique<OneRowState>(std::move(values)), call.physical);
    return;
  }
  std::vector<Value> args;
  bool any_null = false;
  for (size_t a = 0; a < arguments_[i].size(); ++a) {
    Value value = arguments_[i][a]->evaluate_scalar(context);
    any_null |= value.is_null;
    if (!value.is_null) {
      value.datum = copy_datum(value.datum, call.call->args[a]->physical, *values_);
    }
    args.push_back(value);
  }
  // A strict function of NULL is the empty set.
  bool empty = any_null && call.call->strict;
  rows_[i].start(empty ? nullptr : call.call->implementation.table(context, *call.call, args),
                 call.physical);
}

void TableFunctionScanOperator::do_open(ExecContext& context) {
  for (TableFunctionRows& rows : rows_) rows.stop();
  values_ = std::make_unique<Arena>(context.memory, 256);
  ordinality_ = 0;
  for (size_t i = 0; i < calls_.size(); ++i) open_call(context, i);
}

void TableFunctionScanOperator::do_close(ExecContext&) {
  for (size_t i = 0; i < rows_.size(); ++i) rows_[i].start(nullptr, calls_[i].physical);
  values_.reset();
}

const Chunk* TableFunctionScanOperator::next_single(ExecContext& context) {
  TableFunctionRows& rows = rows_[0];
  if (!rows.fill(context)) return nullptr;
  rows.advance(rows.remaining());
  return &rows.chunk();
}

const Chunk* TableFunctionScanOperator::do_next(ExecContext& context) {
  if (calls_.size() == 1 && !with_ordinality_) return next_single(context);
  output_.begin();
  uint32_t total = 0;
  while (total < kVectorSize) {
    // As many rows as every set that goes on can give at once.
    uint32_t take = 0;
    for (TableFunctionRows& rows : rows_) {
      if (!rows.fill(context)) continue;
      take = take == 0 ? rows.remaining() : std::min(take, rows.remaining());
    }
    if (take == 0) break;
    take = std::min(take, kVectorSize - total);
    size_t column = 0;
    for (size_t i = 0; i < calls_.size(); ++i) {
      const bool goes_on = rows_[i].remaining() != 0;
      for (size_t c = 0; c < calls_[i].physical.size(); ++c, ++column) {
        Vector& out = output_.columns[column];
        if (goes_on) {
          append_rows(out, total, rows_[i].chunk().columns[c], rows_[i].position(), take);
        } else {
          for (uint32_t row = total; row < total + take; ++row) out.set_null(row);
        }
      }
      if (goes_on) rows_[i].advance(take);
    }
    if (with_ordinality_) {
      auto* numbers = output_.columns[column].mutable_data<int64_t>();
      for (uint32_t row = total; row < total + take; ++row) numbers[row] = ++ordinality_;
    }
    total += take;
  }
  output_.size = total;
  return total == 0 ? nullptr : &output_;
}

ProjectSetOperator::ProjectSetOperator(OperatorPtr child, std::vector<const Expr*> items,
                                       std::vector<std::vector<TypeRef>> set_columns)
    : Operator(physical_types_of(items)),
      child_(std::move(child)),
      input_rows_(kVectorSize),
      output_(output_types()) {
  explain.node_type = "ProjectSet";
  std::vector<PhysicalType> set_types;
  for (size_t i = 0; i < items.size(); ++i) {
    const Expr* item = items[i];
    if (item->implementation.table == nullptr) {
      scalar_exprs_.push_back(item);
      scalar_columns_.push_back(i);
      continue;
    }
    SetItem set;
    set.expr = item;
    set.column = i;
    set.args = std::make_unique<ExprListEvaluator>(
        std::vector<const Expr*>(item->args.begin(), item->args.end()));
    set.types = std::move(set_columns[i]);
    if (set.types.size() > 1) {
      for (TypeRef type : set.types) set.physical.push_back(type_info(type.oid).physical);
    } else {
      set.physical.push_back(item->physical);
    }
    sets_.push_back(std::move(set));
    set_types.push_back(item->physical);
  }
  scalars_ = std::make_unique<ExprListEvaluator>(scalar_exprs_);
  sets_out_.init(set_types);
}

void ProjectSetOperator::do_open(ExecContext& context) {
  input_ = nullptr;
  row_started_ = false;
  sets_out_.begin();
  output_.size = 0;
  child_->open(context);
}

void ProjectSetOperator::do_close(ExecContext& context) {
  child_->close(context);
  input_ = nullptr;
  for (SetItem& set : sets_) set.rows.start(nullptr, set.physical);
}

void ProjectSetOperator::start_row(ExecContext& context) {
  for (SetItem& set : sets_) {
    std::vector<Value> args;
    bool any_null = false;
    for (const Vector* column : set.arg_columns) {
      args.push_back(column->value(row_));
      any_null |= args.back().is_null;
    }
    bool empty = any_null && set.expr->strict;
    set.rows.start(empty ? nullptr : set.expr->implementation.table(context, *set.expr, args),
                   set.physical);
  }
  row_started_ = true;
}

// Rows of the current input row until its sets end (true) or the output is full (false).
bool ProjectSetOperator::append_set_rows(ExecContext& context) {
  while (true) {
    uint32_t take = 0;
    for (SetItem& set : sets_) {
      if (!set.rows.fill(context)) continue;
      take = take == 0 ? set.rows.remaining() : std::min(take, set.rows.remaining());
    }
    if (take == 0) return true;
    uint32_t at = sets_out_.size;
    take = std::min(take, kVectorSize - at);
    if (take == 0) return false;
    for (size_t s = 0; s < sets_.size(); ++s) {
      SetItem& set = sets_[s];
      Vector& out = sets_out_.columns[s];
      if (set.rows.remaining() == 0) {
        for (uint32_t row = at; row < at + take; ++row) out.set_null(row);
        continue;
      }
      const Chunk& rows = set.rows.chunk();
      if (set.types.size() <= 1) {
        append_rows(out, at, rows.columns[0], set.rows.position(), take);
      } else {
        for (uint32_t i = 0; i < take; ++i) {
          RecordBuilder record;
          for (size_t c = 0; c < set.types.size(); ++c) {
            record.add(set.types[c], set.physical[c],
                       rows.columns[c].value(set.rows.position() + i));
          }
          out.set_value(at + i, record.finish(out.heap()), false);
        }
      }
      set.rows.advance(take);
    }
    std::fill_n(input_rows_.begin() + at, take, row_);
    sets_out_.size += take;
  }
}

const Chunk* ProjectSetOperator::flush() {
  for (size_t i = 0; i < scalar_columns_.size(); ++i) {
    output_.columns[scalar_columns_[i]].slice(*scalar_values_[i], input_rows_.data(),
                                              sets_out_.size);
  }
  for (size_t s = 0; s < sets_.size(); ++s) {
    output_.columns[sets_[s].column].reference(sets_out_.columns[s]);
  }
  output_.size = sets_out_.size;
  return &output_;
}

const Chunk* ProjectSetOperator::do_next(ExecContext& context) {
  if (output_.size != 0) {
    sets_out_.begin();
    output_.size = 0;
  }
  while (true) {
    if (input_ == nullptr) {
      input_ = child_->next(context);
      if (input_ == nullptr) return nullptr;
      row_ = 0;
      row_started_ = false;
      scalars_->evaluate(context, *input_, scalar_values_);
      for (SetItem& set : sets_) set.args->evaluate(context, *input_, set.arg_columns);
    }
    for (; row_ < input_->size; ++row_, row_started_ = false) {
      if (!row_started_) start_row(context);
      if (!append_set_rows(context)) return flush();
    }
    if (sets_out_.size != 0 && row_ == input_->size) {
      const Chunk* result = flush();
      // The scalar columns view the input chunk, which lives until the child's next call.
      input_ = nullptr;
      return result;
    }
    input_ = nullptr;
  }
}

}  // namespace luma
