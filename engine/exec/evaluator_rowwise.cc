// Expressions computed value by value: coercions, GREATEST/LEAST, rows and their fields.
#include "engine/base/sql_error.h"
#include "engine/exec/evaluator_node.h"
#include "engine/type/record.h"

namespace luma {

namespace {

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io != nullptr ? *context.io : kDefault;
}

class CoerceViaIoNode final : public RowwiseNode {
 public:
  CoerceViaIoNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)),
        from_(type_info(expr.args[0]->type.oid)),
        to_(type_info(expr.type.oid)) {
    if (from_.output == nullptr || to_.input == nullptr) {
      throw unsupported("conversion from type {} to type {}", format_type(from_.oid),
                        format_type(to_.oid));
    }
  }

 protected:
  Value compute(EvalContext& context, const Value* args, Arena& arena) override {
    if (args[0].is_null) return Value::null();
    text_.clear();
    from_.output(args[0].datum, from_, io_of(context), text_);
    Datum read = to_.input(text_, to_, expr_.type.typmod, io_of(context), arena);
    // Text-like inputs may return a view of their input.
    return copy_datum(read, to_.physical, arena);
  }

 private:
  const TypeInfo& from_;
  const TypeInfo& to_;
  std::string text_;
};

class ApplyTypmodNode final : public RowwiseNode {
 public:
  ApplyTypmodNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)),
        type_(type_info(expr.type.oid)) {}

 protected:
  Value compute(EvalContext&, const Value* args, Arena& arena) override {
    if (args[0].is_null) return Value::null();
    return apply_typmod(args[0].datum, type_, expr_.type.typmod, expr_.index == 1, arena);
  }

 private:
  const TypeInfo& type_;
};

class ExtremeNode final : public RowwiseNode {
 public:
  ExtremeNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)),
        type_(type_info(expr.type.oid)) {
    if (type_.compare == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify a comparison function for type {}",
                      format_type(type_.oid));
    }
  }

 protected:
  Value compute(EvalContext&, const Value* args, Arena&) override {
    Value best;
    for (size_t i = 0; i < expr_.args.size(); ++i) {
      if (args[i].is_null) continue;
      if (!best.is_null) {
        int order = type_.compare(args[i].datum, best.datum, type_);
        if (expr_.kind == ExprKind::kGreatest ? order <= 0 : order >= 0) continue;
      }
      best = args[i];
    }
    return best;
  }

 private:
  const TypeInfo& type_;
};

class RowNode final : public RowwiseNode {
 public:
  RowNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)) {
    for (const Expr* arg : expr.args) fields_.push_back({arg->type, arg->physical});
  }

 protected:
  Value compute(EvalContext&, const Value* args, Arena& arena) override {
    RecordBuilder builder;
    for (size_t i = 0; i < fields_.size(); ++i)
      builder.add(fields_[i].type, fields_[i].physical, args[i]);
    return builder.finish(arena);
  }

 private:
  struct Field {
    TypeRef type;
    PhysicalType physical;
  };
  std::vector<Field> fields_;
};

class FieldNode final : public RowwiseNode {
 public:
  FieldNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)) {}

 protected:
  Value compute(EvalContext&, const Value* args, Arena&) override {
    if (args[0].is_null) return Value::null();
    RecordView record(args[0].datum);
    if (expr_.args[0]->type.oid == type_oid::kRecord) check_type(record);
    // Rows written before ALTER TABLE ADD COLUMN are shorter than their type.
    return expr_.index < record.size() ? record.field(expr_.index) : Value::null();
  }

 private:
  // What a record has is only known now; a query may have named other columns for it.
  void check_type(const RecordView& record) const {
    if (expr_.index >= record.size() || record.type(expr_.index).oid == expr_.type.oid) return;
    Oid got = record.type(expr_.index).oid;
    if (is_read_alike(type_info(got), type_info(expr_.type.oid))) return;
    throw SqlError(SqlState::kDatatypeMismatch,
                   "function return row and query-specified return row do not match")
        .detail(fmt::format("Returned type {} at ordinal position {}, but query expects {}.",
                            format_type(got), expr_.index + 1, format_type(expr_.type.oid)));
  }
};

// IS [NOT] NULL of a row: all fields (not) NULL, which leaves mixed rows neither.
class RowNullTestNode final : public RowwiseNode {
 public:
  RowNullTestNode(const Expr& expr, uint32_t capacity)
      : RowwiseNode(expr, capacity, compile_nodes(expr.args, capacity)) {}

 protected:
  Value compute(EvalContext&, const Value* args, Arena&) override {
    bool want_null = expr_.kind == ExprKind::kIsNull;
    if (args[0].is_null) return Datum::of_bool(want_null);
    RecordView record(args[0].datum);
    for (uint32_t i = 0; i < record.size(); ++i) {
      if (record.field(i).is_null != want_null) return Datum::of_bool(false);
    }
    return Datum::of_bool(true);
  }
};

}  // namespace

bool is_composite_type(Oid oid) {
  if (oid == type_oid::kRecord) return true;
  const TypeInfo* type = find_type(oid);
  return type != nullptr && type->type_type == 'c';
}

std::unique_ptr<EvalNode> make_rowwise_node(const Expr& expr, uint32_t capacity) {
  switch (expr.kind) {
    case ExprKind::kCoerceViaIo:
      return std::make_unique<CoerceViaIoNode>(expr, capacity);
    case ExprKind::kApplyTypmod:
      return std::make_unique<ApplyTypmodNode>(expr, capacity);
    case ExprKind::kGreatest:
    case ExprKind::kLeast:
      return std::make_unique<ExtremeNode>(expr, capacity);
    case ExprKind::kRow:
      return std::make_unique<RowNode>(expr, capacity);
    case ExprKind::kField:
      return std::make_unique<FieldNode>(expr, capacity);
    default:
      return std::make_unique<RowNullTestNode>(expr, capacity);
  }
}

}  // namespace luma
