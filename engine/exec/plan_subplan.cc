#include "engine/exec/plan_subplan.h"

#include <cstring>

#include "engine/base/sql_error.h"
#include "engine/exec/join_mode.h"
#include "engine/type/array.h"
#include "engine/type/record.h"

namespace luma {

namespace {

bool same_value(const Value& a, const Value& b, PhysicalType physical) {
  if (a.is_null != b.is_null) return false;
  if (a.is_null) return true;
  if (physical == PhysicalType::kVarlen) return a.datum.str == b.datum.str;
  return std::memcmp(&a.datum, &b.datum, physical_size(physical)) == 0;
}

class PlanSubplanState final : public SubplanState {
 public:
  explicit PlanSubplanState(const SubplanDescription& description)
      : description_(description), plan_(description.make_plan()) {
    if (description.test != nullptr) test_ = std::make_unique<ExprEvaluator>(*description.test);
  }

  Value evaluate(EvalContext& eval_context, std::span<const Value> args) override {
    auto& context = static_cast<ExecContext&>(eval_context);
    if (is_cached(context, args)) return result_;
    cached_ = false;
    // The result may point to memory that run() is about to need again.
    result_heap_.reset();
    for (size_t i = 0; i < description_.argument_parameters.size(); ++i) {
      context.exec_parameters[description_.argument_parameters[i]] = args[i];
    }
    plan_->open(context);
    try {
      result_ = run(context);
    } catch (...) {
      plan_->close(context);
      throw;
    }
    plan_->close(context);
    remember(context, args);
    return result_;
  }

 private:
  bool has_dependencies(std::span<const Value> args) const {
    return !args.empty() || !description_.outer_parameters.empty();
  }

  bool is_cached(const ExecContext& context, std::span<const Value> args) const {
    if (!cached_ || execution_id_ != context.execution_id) return false;
    if (description_.is_volatile && has_dependencies(args)) return false;
    for (size_t i = 0; i < args.size(); ++i) {
      if (!same_value(args[i], last_[i], description_.argument_types[i])) return false;
    }
    for (size_t i = 0; i < description_.outer_parameters.size(); ++i) {
      const Value& value = context.exec_parameters[description_.outer_parameters[i]];
      if (!same_value(value, last_[args.size() + i], description_.outer_types[i])) return false;
    }
    return true;
  }

  void remember(ExecContext& context, std::span<const Value> args) {
    last_heap_.reset();
    last_.clear();
    auto keep = [&](Value value, PhysicalType physical) {
      if (!value.is_null) value.datum = copy_datum(value.datum, physical, last_heap_);
      last_.push_back(value);
    };
    for (size_t i = 0; i < args.size(); ++i) keep(args[i], description_.argument_types[i]);
    for (size_t i = 0; i < description_.outer_parameters.size(); ++i) {
      keep(context.exec_parameters[description_.outer_parameters[i]], description_.outer_types[i]);
    }
    execution_id_ = context.execution_id;
    cached_ = true;
  }

  Value run(ExecContext& context) {
    switch (description_.kind) {
      case SubqueryKind::kExists:
        return Datum::of_bool(plan_->next(context) != nullptr);
      case SubqueryKind::kAny:
        return run_test(context, true);
      case SubqueryKind::kAll:
        return run_test(context, false);
      case SubqueryKind::kArray:
        return run_array(context);
      case SubqueryKind::kScalar:
      case SubqueryKind::kRow:
        return run_single(context);
    }
    return Value::null();
  }

  // ANY: true as soon as one comparison is `decisive` (true); ALL: false as soon as one is false.
  // Else NULL if one was, else the opposite.
  Value run_test(ExecContext& context, bool decisive) {
    bool unknown = false;
    while (const Chunk* chunk = plan_->next(context)) {
      const Vector& result = test_->evaluate(context, *chunk);
      auto values = result.unified<bool>();
      for (uint32_t i = 0; i < chunk->size; ++i) {
        uint32_t index = values.index(i);
        if (!values.valid_at(index)) {
          unknown = true;
        } else if (values.data[index] == decisive) {
          return Datum::of_bool(decisive);
        }
      }
    }
    return unknown ? Value::null() : Value(Datum::of_bool(!decisive));
  }

  Value run_array(ExecContext& context) {
    Oid type = description_.column_types.at(0).oid;
    PhysicalType physical = plan_->output_types().at(0);
    const TypeInfo* info = find_type(type);
    if (info != nullptr && info->is_array()) return run_nested_array(context, info->element);
    ArrayBuilder builder(type, physical);
    while (const Chunk* chunk = plan_->next(context)) {
      for (uint32_t i = 0; i < chunk->size; ++i) builder.add(chunk->columns[0].value(i));
    }
    return builder.finish(result_heap_);
  }

  // ARRAY(SELECT an array): one dimension more, all parts alike.
  Value run_nested_array(ExecContext& context, Oid element) {
    ArrayBuilder builder(element);
    std::vector<ArrayDimension> dimensions;
    while (const Chunk* chunk = plan_->next(context)) {
      for (uint32_t i = 0; i < chunk->size; ++i) {
        Value value = chunk->columns[0].value(i);
        if (value.is_null) {
          throw sql_error(SqlState::kNullValueNotAllowed, "cannot accumulate null arrays");
        }
        ArrayView part(value.datum);
        if (part.dimension_count() == 0) {
          throw sql_error(SqlState::kArraySubscriptError, "cannot accumulate empty arrays");
        }
        if (dimensions.empty()) {
          dimensions.push_back({0, 1});
          dimensions.insert(dimensions.end(), part.dimensions().begin(), part.dimensions().end());
        } else if (!std::equal(dimensions.begin() + 1, dimensions.end(), part.dimensions().begin(),
                               part.dimensions().end())) {
          throw sql_error(SqlState::kArraySubscriptError,
                          "cannot accumulate arrays of different dimensionality");
        }
        ++dimensions[0].length;
        for (uint32_t e = 0; e < part.size(); ++e) builder.add(part.element(e));
      }
    }
    if (dimensions.empty()) return empty_array(element);
    return builder.finish(dimensions, result_heap_);
  }

  Value run_single(ExecContext& context) {
    const Chunk* chunk = plan_->next(context);
    if (chunk == nullptr) return Value::null();
    if (chunk->size > 1) throw_second_row();
    Value value;
    if (description_.kind == SubqueryKind::kRow) {
      RecordBuilder record;
      for (size_t c = 0; c < chunk->columns.size(); ++c) {
        const Vector& column = chunk->columns[c];
        record.add(description_.column_types[c], column.physical(), column.value(0));
      }
      value = record.finish(result_heap_);
    } else {
      value = chunk->columns.at(0).value(0);
      if (!value.is_null) {
        value.datum = copy_datum(value.datum, chunk->columns[0].physical(), result_heap_);
      }
    }
    if (plan_->next(context) != nullptr) throw_second_row();
    return value;
  }

  const SubplanDescription& description_;
  OperatorPtr plan_;
  std::unique_ptr<ExprEvaluator> test_;
  bool cached_ = false;
  uint64_t execution_id_ = 0;
  Value result_;
  std::vector<Value> last_;
  Arena last_heap_;
  Arena result_heap_;
};

}  // namespace

std::unique_ptr<SubplanState> PlanSubplan::instantiate() {
  return std::make_unique<PlanSubplanState>(description_);
}

}  // namespace luma
