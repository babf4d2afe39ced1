#include "sql/optimize/estimator.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/evaluator.h"
#include "engine/type/array.h"
#include "sql/function/registry.h"
#include "sql/optimize/scalar_selectivity.h"
#include "sql/optimize/selectivity_rules.h"
#include "sql/plan/walk.h"

namespace luma {
namespace {

double clamped(double selectivity) { return std::clamp(selectivity, 0.0, 1.0); }

const Expr& stripped(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kRelabel) inner = inner->args[0];
  return *inner;
}

std::optional<Comparison> comparison_of(SelectivityRule rule, bool commuted) {
  switch (rule) {
    case SelectivityRule::kLess:
      return commuted ? Comparison::kGreater : Comparison::kLess;
    case SelectivityRule::kLessEqual:
      return commuted ? Comparison::kGreaterEqual : Comparison::kLessEqual;
    case SelectivityRule::kGreater:
      return commuted ? Comparison::kLess : Comparison::kGreater;
    case SelectivityRule::kGreaterEqual:
      return commuted ? Comparison::kLessEqual : Comparison::kGreaterEqual;
    default:
      return std::nullopt;
  }
}

// column <comparison> constant.
struct ColumnBound {
  const ColumnFacts* column;
  ColumnId id;
  Comparison comparison;
};

// Elements that an array is going to have.
double array_length(const Expr& array) {
  if (array.kind == ExprKind::kArray) return static_cast<double>(array.args.size());
  if (array.kind == ExprKind::kConstant && !array.constant.is_null) {
    return ArrayView(array.constant.datum).size();
  }
  return kDefaultArrayLength;
}

}  // namespace

// --- what is behind columns ---

const TableStatisticsObject* Estimator::statistics_of(const TableDesc& table) {
  table_rows(table);
  auto found = tables_.find(table.oid);
  return found == tables_.end() ? nullptr : found->second.statistics.get();
}

double Estimator::table_rows(const TableDesc& table) {
  auto found = tables_.find(table.oid);
  if (found != tables_.end()) return found->second.rows;
  if (statistics_ == nullptr) return 1000;
  KnownTable known{std::max(1.0, statistics_->row_count(table)), statistics_->statistics(table)};
  return tables_.emplace(table.oid, std::move(known)).first->second.rows;
}

void Estimator::learn_scan(const ScanOp& scan) {
  const TableStatisticsObject* known = statistics_of(*scan.table);
  for (size_t i = 0; i < scan.output.size(); ++i) {
    if (scan.attribute[i] < 0) continue;
    const ColumnDesc& column = scan.table->columns[static_cast<size_t>(scan.attribute[i])];
    ColumnFacts facts;
    facts.type = column.type;
    facts.table_rows = table_rows(*scan.table);
    facts.scan = &scan;
    facts.unique = std::ranges::any_of(scan.table->indexes, [&](const IndexDesc& index) {
      return index.unique && index.predicate == nullptr && index.keys.size() == 1 &&
             index.keys[0].column == scan.attribute[i];
    });
    if (known != nullptr) {
      if (!known->joint.empty()) facts.table = known;
      facts.number = static_cast<int16_t>(scan.attribute[i] + 1);
      Column wanted;
      wanted.number = static_cast<int16_t>(scan.attribute[i] + 1);
      wanted.type = column.type;
      facts.statistics = known->column(wanted);
    }
    columns_[scan.output[i]] = facts;
  }
}

double Estimator::generated_rows(Oid relation) {
  auto found = generated_rows_.find(relation);
  if (found != generated_rows_.end()) return found->second;
  if (statistics_ == nullptr) return 500;
  return generated_rows_.emplace(relation, std::max(1.0, statistics_->generated_rows(relation)))
      .first->second;
}

void Estimator::learn_generated(const VirtualScanOp& scan) {
  const double rows = generated_rows(scan.relation);
  for (size_t i = 0; i < scan.output.size(); ++i) {
    if (scan.attribute[i] < 0 || columns_.contains(scan.output[i]) || statistics_ == nullptr) {
      continue;
    }
    ColumnFacts facts;
    facts.type = plan_.column(scan.output[i]).type;
    facts.table_rows = rows;
    facts.distinct = statistics_->generated_distinct(scan.relation, scan.attribute[i]);
    facts.unique = facts.distinct >= rows;
    columns_[scan.output[i]] = facts;
  }
}

void Estimator::alias(ColumnId column, const Expr& source) {
  const Expr& inner = stripped(source);
  if (inner.kind != ExprKind::kColumn || inner.column == column) return;
  auto known = columns_.find(inner.column);
  if (known == columns_.end()) return;
  ColumnFacts copy = known->second;
  columns_[column] = copy;
}

void Estimator::learn(const LogicalOp& root) {
  for (const LogicalOp* input : root.inputs) learn(*input);
  for_each_expr(root, [&](const Expr& expr) {
    std::function<void(const Expr&)> visit = [&](const Expr& e) {
      if (e.subquery != nullptr && e.subquery->plan != nullptr) learn(*e.subquery->plan);
      for_each_child(e, [&](const Expr* child) { visit(*child); });
    };
    visit(expr);
  });
  auto rename = [&](ColumnId column, ColumnId source) {
    auto known = columns_.find(source);
    if (known == columns_.end() || source == column) return;
    ColumnFacts copy = known->second;
    copy.unique = false;
    columns_[column] = copy;
  };
  switch (root.kind) {
    case OpKind::kScan:
      return learn_scan(static_cast<const ScanOp&>(root));
    case OpKind::kVirtualScan:
      return learn_generated(static_cast<const VirtualScanOp&>(root));
    case OpKind::kProject:
      for (const ProjectItem& item : static_cast<const ProjectOp&>(root).items) {
        alias(item.column, *item.expr);
      }
      return;
    case OpKind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateOp&>(root);
      for (const ProjectItem& group : aggregate.groups) {
        alias(group.column, *group.expr);
        if (aggregate.groups.size() != 1 || aggregate.grouping_sets.size() > 1) continue;
        ColumnFacts& facts = columns_[group.column];
        facts.type = group.expr->type;
        facts.grouped_by = &root;
      }
      return;
    }
    case OpKind::kSetOp: {
      const auto& op = static_cast<const SetOpOp&>(root);
      for (size_t i = 0; i < op.output.size() && i < op.columns[0].size(); ++i) {
        rename(op.output[i], op.columns[0][i]);
      }
      return;
    }
    case OpKind::kWith:
      for (const CteDefinition* cte : static_cast<const WithOp&>(root).ctes) learn(*cte->plan);
      // References in the main query come after their definitions.
      return learn(*root.inputs[0]);
    case OpKind::kCteScan: {
      const auto& scan = static_cast<const CteScanOp&>(root);
      for (size_t i = 0; i < scan.output.size() && i < scan.cte->plan->output.size(); ++i) {
        rename(scan.output[i], scan.cte->plan->output[i]);
      }
      return;
    }
    default:
      return;
  }
}

const ColumnFacts* Estimator::facts(const Expr& expr) const {
  const Expr& inner = stripped(expr);
  if (inner.kind != ExprKind::kColumn) return nullptr;
  auto known = columns_.find(inner.column);
  return known == columns_.end() ? nullptr : &known->second;
}

double Estimator::distinct(const Expr& expr, bool* known) const {
  if (known != nullptr) *known = true;
  const ColumnFacts* column = facts(expr);
  if (column != nullptr && column->grouped_by != nullptr && column->grouped_by->rows >= 0) {
    return std::max(1.0, column->grouped_by->rows);
  }
  if (column != nullptr && column->unique) return std::max(1.0, column->table_rows);
  if (column != nullptr && column->statistics != nullptr && column->statistics->distinct != 0) {
    double distinct = column->statistics->distinct;
    return std::max(1.0, distinct > 0 ? distinct : -distinct * column->table_rows);
  }
  if (column != nullptr && column->distinct > 0) return column->distinct;
  if (expr.physical == PhysicalType::kBool) return 2;
  if (known != nullptr) *known = false;
  if (column == nullptr || column->table_rows <= 0) return kDefaultDistinct;
  return std::min(kDefaultDistinct, column->table_rows);
}

int32_t Estimator::width_bytes(ColumnId column) const {
  auto known = columns_.find(column);
  if (known != columns_.end() && known->second.statistics != nullptr &&
      known->second.statistics->width_bytes > 0) {
    return known->second.statistics->width_bytes;
  }
  const PlanColumn& info = plan_.column(column);
  const TypeInfo* type = find_type(info.type.oid);
  if (type != nullptr && type->len > 0) return type->len;
  // PostgreSQL's guess: half of what the declaration allows, 32 without one.
  int32_t most =
      info.type.typmod > 4 && type != nullptr && type->category == 'S' ? info.type.typmod - 4 : -1;
  if (most < 0) return 32;
  if (type->oid == type_oid::kBpchar || most <= 32) return most + (type->oid == type_oid::kBpchar);
  return most < 1000 ? 32 + (most - 32) / 2 : 32 + (1000 - 32) / 2;
}

// --- conditions ---

double Estimator::selectivity(const std::vector<Expr*>& conjuncts) const {
  struct Range {
    ColumnId column;
    double low = -1, high = -1, nulls = 0;
    bool defaulted = false;
  };
  std::vector<Range> ranges;
  std::vector<bool> taken(conjuncts.size());
  double product = joint_selectivity(conjuncts, taken);
  for (size_t i = 0; i < conjuncts.size(); ++i) {
    if (taken[i]) continue;
    const Expr* conjunct = conjuncts[i];
    double part = selectivity(*conjunct);
    SelectivityRule rule = conjunct->kind == ExprKind::kFunction && conjunct->args.size() == 2
                               ? rule_of(conjunct->operator_oid)
                               : SelectivityRule::kNone;
    bool ranged = false;
    for (int side = 0; side < 2 && comparison_of(rule, false) && !ranged; ++side) {
      const Expr& column = stripped(*conjunct->args[side]);
      if (column.kind != ExprKind::kColumn || !columns_.contains(column.column)) continue;
      if (!columns_of(*conjunct->args[1 - side]).empty()) continue;
      Comparison comparison = *comparison_of(rule, side == 1);
      bool is_low = comparison == Comparison::kGreater || comparison == Comparison::kGreaterEqual;
      auto range = std::ranges::find(ranges, column.column, &Range::column);
      if (range == ranges.end()) {
        ranges.push_back({column.column, -1, -1, null_selectivity(column), false});
        range = ranges.end() - 1;
      }
      double& bound = is_low ? range->low : range->high;
      bound = bound < 0 ? part : std::min(bound, part);
      range->defaulted |= part == kDefaultInequality;
      ranged = true;
    }
    if (!ranged) product *= part;
  }
  for (const Range& range : ranges) {
    if (range.low < 0 || range.high < 0) {
      product *= range.low < 0 ? range.high : range.low;
    } else if (range.defaulted) {
      product *= kDefaultRange;
    } else {
      double part = range.low + range.high - 1 + range.nulls;
      // Nearly nothing, unless the estimates contradict each other.
      product *= part > 0 ? part : part < -0.01 ? kDefaultRange : 1e-10;
    }
  }
  return clamped(product);
}

double Estimator::selectivity(const Expr& condition) const {
  switch (condition.kind) {
    case ExprKind::kConstant:
      return !condition.constant.is_null && condition.constant.datum.b ? 1.0 : 0.0;
    case ExprKind::kAnd: {
      std::vector<Expr*> conjuncts(condition.args.begin(), condition.args.end());
      return selectivity(conjuncts);
    }
    case ExprKind::kOr: {
      double part = 0;
      for (const Expr* arg : condition.args) {
        double one = selectivity(*arg);
        part += one - part * one;
      }
      return clamped(part);
    }
    case ExprKind::kNot:
      if (facts(*condition.args[0]) != nullptr) {
        return boolean_selectivity(*condition.args[0], false);
      }
      return 1 - selectivity(*condition.args[0]);
    case ExprKind::kIsNull:
    case ExprKind::kIsUnknown:
      return null_selectivity(*condition.args[0]);
    case ExprKind::kIsNotNull:
    case ExprKind::kIsNotUnknown:
      return 1 - null_selectivity(*condition.args[0]);
    case ExprKind::kIsTrue:
      return boolean_selectivity(*condition.args[0], true);
    case ExprKind::kIsFalse:
      return boolean_selectivity(*condition.args[0], false);
    case ExprKind::kIsNotTrue:
      return 1 - boolean_selectivity(*condition.args[0], true);
    case ExprKind::kIsNotFalse:
      return 1 - boolean_selectivity(*condition.args[0], false);
    case ExprKind::kColumn:
      return boolean_selectivity(condition, true);
    case ExprKind::kArrayAny:
      return any_selectivity(condition, false);
    case ExprKind::kArrayAll:
      return any_selectivity(condition, true);
    case ExprKind::kFunction:
      return function_selectivity(condition);
    default:
      return sampled_selectivity(condition, 0.5);
  }
}

double Estimator::boolean_selectivity(const Expr& expr, bool value) const {
  const ColumnFacts* column = facts(expr);
  if (column == nullptr) {
    double part = expr.kind == ExprKind::kColumn ? 0.5 : selectivity(expr);
    return value ? part : 1 - part;
  }
  if (column->statistics == nullptr) return 0.5;
  return equal_selectivity({*column->statistics, distinct(expr)},
                           {Datum::of_bool(value), type_oid::kBool})
      .value_or(0.5);
}

double Estimator::null_selectivity(const Expr& expr) const {
  const ColumnFacts* column = facts(expr);
  if (column == nullptr) return kDefaultEquality;
  if (column->scan != nullptr && expr.kind == ExprKind::kColumn) {
    // A column that cannot be NULL, unless an outer join makes it so.
    for (size_t i = 0; i < column->scan->output.size(); ++i) {
      if (column->scan->output[i] != expr.column || column->scan->attribute[i] < 0) continue;
      if (column->scan->table->columns[static_cast<size_t>(column->scan->attribute[i])].not_null &&
          column->statistics == nullptr) {
        return 0;
      }
    }
  }
  return column->statistics == nullptr ? kDefaultEquality : column->statistics->null_fraction;
}

// `scalar op ANY/ALL (array)`.
double Estimator::any_selectivity(const Expr& condition, bool all) const {
  const Expr& array = *condition.args[1];
  SelectivityRule rule = rule_of(condition.operator_oid);
  bool equality = rule == SelectivityRule::kEqual, inequality = rule == SelectivityRule::kNotEqual;
  std::vector<double> parts;
  auto add = [&](const Value& value, Oid type) {
    if (value.is_null) return;
    const ColumnFacts* column = facts(*condition.args[0]);
    std::optional<double> part;
    if (column != nullptr && (equality || inequality)) {
      if (column->unique) {
        part = 1 / column->table_rows;
      } else if (column->statistics != nullptr) {
        part = equal_selectivity({*column->statistics, distinct(*condition.args[0])},
                                 {value.datum, type});
      } else {
        part = 1 / distinct(*condition.args[0]);
      }
      if (part && inequality) {
        *part = 1 - *part - null_selectivity(*condition.args[0]);
      }
    } else if (column != nullptr && column->statistics != nullptr) {
      if (auto comparison = comparison_of(rule, false)) {
        part = inequality_selectivity({*column->statistics, distinct(*condition.args[0])},
                                      *comparison, {value.datum, type});
      }
    }
    parts.push_back(part.value_or(inequality ? 1 - kDefaultEquality
                                  : equality ? kDefaultEquality
                                             : kDefaultInequality));
  };
  if (array.kind == ExprKind::kConstant) {
    if (array.constant.is_null) return 0;
    ArrayView view(array.constant.datum);
    for (uint32_t i = 0; i < view.size(); ++i) add(view.element(i), view.element_oid());
  } else if (array.kind == ExprKind::kArray) {
    for (const Expr* element : array.args) {
      if (element->kind == ExprKind::kConstant) {
        add(element->constant, element->type.oid);
      } else {
        bool known = false;
        double values = distinct(*condition.args[0], &known);
        parts.push_back(equality ? 1 / values : inequality ? 1 - 1 / values : kDefaultInequality);
      }
    }
  } else {
    double part = equality ? 1 / distinct(*condition.args[0]) : kDefaultInequality;
    parts.assign(static_cast<size_t>(array_length(array)), part);
  }
  double independent = all ? 1 : 0, disjoint = all ? 1 : 0;
  for (double part : parts) {
    independent = all ? independent * part : independent + part - independent * part;
    disjoint += all ? part - 1 : part;
  }
  // One value equals one element at the most.
  bool exclusive = all ? inequality : equality;
  return clamped(exclusive && disjoint >= 0 && disjoint <= 1 ? disjoint : independent);
}

bool Estimator::shares_table(const ColumnFacts& column, const Expr& other) const {
  for (ColumnId id : columns_of(other)) {
    auto known = columns_.find(id);
    if (known != columns_.end() && known->second.scan == column.scan) return true;
  }
  return false;
}

double Estimator::function_selectivity(const Expr& condition) const {
  SelectivityRule rule = rule_of(condition.operator_oid);
  if (condition.args.size() != 2 || rule == SelectivityRule::kNone) {
    return sampled_selectivity(condition, default_selectivity(condition));
  }
  const bool equality = rule == SelectivityRule::kEqual,
             differs = rule == SelectivityRule::kNotEqual;
  for (int side = 0; side < 2; ++side) {
    const Expr& expr = *condition.args[side];
    const Expr& other = *condition.args[1 - side];
    const ColumnFacts* column = facts(expr);
    // Its own table's other columns are no value from elsewhere.
    if (column == nullptr || shares_table(*column, other)) continue;
    if (focus_ != nullptr && column->scan != focus_) continue;
    bool is_constant = other.kind == ExprKind::kConstant;
    if (is_constant && other.constant.is_null) return 0;
    double nulls = null_selectivity(expr);
    if (equality || differs) {
      std::optional<double> part;
      if (column->unique) {
        part = 1 / column->table_rows;
      } else if (is_constant && column->statistics != nullptr) {
        part = equal_selectivity({*column->statistics, distinct(expr)},
                                 {other.constant.datum, other.type.oid});
      }
      if (!part) {
        // Any of the values, of which none is more common than the most common
        // one.
        part = (1 - nulls) / distinct(expr);
        if (column->statistics != nullptr && !column->statistics->common_frequencies.empty()) {
          part = std::min<double>(*part, column->statistics->common_frequencies[0]);
        }
      }
      return clamped(equality ? *part : 1 - *part - nulls);
    }
    if (auto comparison = comparison_of(rule, side == 1)) {
      if (!is_constant || column->statistics == nullptr) return kDefaultInequality;
      return inequality_selectivity({*column->statistics, distinct(expr)}, *comparison,
                                    {other.constant.datum, other.type.oid})
          .value_or(kDefaultInequality);
    }
    break;
  }
  return sampled_selectivity(condition, default_selectivity(condition));
}

double Estimator::default_selectivity(const Expr& condition) const {
  switch (rule_of(condition.operator_oid)) {
    case SelectivityRule::kEqual:
      return kDefaultEquality;
    case SelectivityRule::kNotEqual:
      return 1 - kDefaultEquality;
    case SelectivityRule::kLess:
    case SelectivityRule::kLessEqual:
    case SelectivityRule::kGreater:
    case SelectivityRule::kGreaterEqual:
      return kDefaultInequality;
    case SelectivityRule::kMatches:
      return condition.args.size() == 2 && is_plain_pattern(*condition.args[1]) ? kDefaultEquality
                                                                                : kDefaultMatch;
    case SelectivityRule::kNotMatches:
      return 1 - kDefaultMatch;
    case SelectivityRule::kContains:
      return 0.001;
    case SelectivityRule::kOverlaps:
      return 0.005;
    case SelectivityRule::kNone:
      break;
  }
  // A function of its own: PostgreSQL's guess.
  return kDefaultInequality;
}

// --- evaluating over the values that statistics keep ---

struct Estimator::Sample {
  std::vector<Value> values;  // most common ones, then the histogram without its ends
  size_t common = 0;
};

double Estimator::sampled_selectivity(const Expr& condition, double otherwise) const {
  if (evaluation_.io == nullptr) {
    auto known = sampled_.find(&condition);
    return known == sampled_.end() ? otherwise : known->second;
  }
  auto known = sampled_.find(&condition);
  if (known != sampled_.end()) return known->second;
  double& out = sampled_[&condition];
  out = otherwise;
  ColumnSet used = columns_of(condition);
  if (used.size() != 1) return out;
  auto column = columns_.find(*used.begin());
  if (column == columns_.end() || column->second.statistics == nullptr) return out;
  if (!is_safe_to_sample(condition)) return out;
  const ColumnStatistics& statistics = *column->second.statistics;
  Sample sample;
  Datum common = Datum::of_string(std::string_view(statistics.common_values));
  Datum histogram = Datum::of_string(std::string_view(statistics.histogram));
  if (!statistics.common_values.empty()) {
    ArrayView view(common);
    for (uint32_t i = 0; i < view.size() && i < kVectorSize / 2; ++i) {
      sample.values.push_back(view.element(i));
    }
  }
  sample.common = sample.values.size();
  if (!statistics.histogram.empty()) {
    ArrayView view(histogram);
    uint32_t step = view.size() / (kVectorSize / 2) + 1;
    for (uint32_t i = 1; i + 1 < view.size(); i += step) sample.values.push_back(view.element(i));
  }
  if (sample.values.empty()) return out;
  size_t sliced = sample.values.size() - sample.common;
  // A handful of values says little of the others.
  constexpr size_t kFewest = 10;
  double common_part = 0;
  for (size_t i = 0; i < sample.common; ++i) common_part += statistics.common_frequencies[i];
  double rest = std::max(0.0, 1 - common_part - statistics.null_fraction);
  if (sliced < kFewest && rest > 0.05) return out;
  try {
    std::optional<std::vector<uint32_t>> passed =
        evaluate_on_values(plan_, condition, column->first, sample.values, evaluation_);
    if (!passed) return out;
    double part = 0;
    size_t hits = 0;
    for (uint32_t i : *passed) {
      if (i < sample.common) {
        part += statistics.common_frequencies[i];
      } else {
        ++hits;
      }
    }
    double sliced_part = otherwise;
    if (sliced >= kFewest) {
      sliced_part = static_cast<double>(hits) / static_cast<double>(sliced);
      // None of so many is less than half of one in so many.
      double least = std::min(otherwise, 0.5 / static_cast<double>(sliced));
      sliced_part = std::clamp(sliced_part, least, 1 - least);
    }
    out = clamped(part + rest * sliced_part);
  } catch (const SqlError&) {
    // Not every value may be fit for it: then nothing is known.
  }
  return out;
}

// --- joins ---

double Estimator::equality_selectivity(const Expr& left, const Expr& right) const {
  const ColumnFacts* a = facts(left);
  const ColumnFacts* b = facts(right);
  double a_values = distinct(left), b_values = distinct(right);
  if (a != nullptr && b != nullptr && a->statistics != nullptr && b->statistics != nullptr) {
    auto part =
        common_value_join_selectivity({*a->statistics, a_values}, {*b->statistics, b_values});
    if (part) return *part;
  }
  double present = 1;
  if (a != nullptr && a->statistics != nullptr) present *= 1 - a->statistics->null_fraction;
  if (b != nullptr && b->statistics != nullptr) present *= 1 - b->statistics->null_fraction;
  return clamped(present / std::max({1.0, a_values, b_values}));
}

double Estimator::semi_selectivity(const Expr& left, const Expr& right, double right_rows) const {
  const ColumnFacts* a = facts(left);
  const ColumnFacts* b = facts(right);
  bool a_known = false, b_known = false;
  double a_values = distinct(left, &a_known), b_values = distinct(right, &b_known);
  double nulls = a != nullptr && a->statistics != nullptr ? a->statistics->null_fraction : 0;
  if (b_values >= right_rows) {
    b_values = std::max(1.0, right_rows);
    b_known = true;
  }
  double certain = 0;
  size_t matches = 0;
  if (a != nullptr && b != nullptr && a->statistics != nullptr && b->statistics != nullptr) {
    auto part = common_value_semi_selectivity({*a->statistics, a_values},
                                              {*b->statistics, b_values}, b_values, &matches);
    if (part) certain = *part;
    a_values -= static_cast<double>(matches);
    b_values -= static_cast<double>(matches);
  }
  // Of the others as many as there are values on the right for those on the
  // left.
  double uncertain = !a_known || !b_known ? 0.5 : a_values <= b_values ? 1.0 : b_values / a_values;
  return clamped(certain + uncertain * std::max(0.0, 1 - certain - nulls));
}

double Estimator::pair_selectivity(const Expr& condition) const {
  const bool compares_two = condition.kind == ExprKind::kFunction && condition.args.size() == 2 &&
                            std::ranges::none_of(condition.args, [](const Expr* arg) {
                              return columns_of(*arg).empty();
                            });
  if (compares_two) {
    SelectivityRule rule = rule_of(condition.operator_oid);
    if (rule == SelectivityRule::kEqual || rule == SelectivityRule::kNotEqual) {
      double part = equality_selectivity(*condition.args[0], *condition.args[1]);
      return rule == SelectivityRule::kEqual ? part : 1 - part;
    }
    if (comparison_of(rule, false)) return kDefaultInequality;
  }
  if (condition.kind == ExprKind::kAnd || condition.kind == ExprKind::kOr) {
    double part = condition.kind == ExprKind::kAnd ? 1 : 0;
    for (const Expr* arg : condition.args) {
      double one = pair_selectivity(*arg);
      part = condition.kind == ExprKind::kAnd ? part * one : part + one - part * one;
    }
    return clamped(part);
  }
  return selectivity(condition);
}

std::optional<double> Estimator::key_selectivity(const ScanOp& scan,
                                                 const std::vector<Expr*>& equalities,
                                                 std::vector<Expr*>* used) {
  for (const IndexDesc& index : scan.table->indexes) {
    if (!index.unique || index.predicate != nullptr || index.keys.empty()) continue;
    std::vector<Expr*> found;
    bool all = std::ranges::all_of(index.keys, [&](const KeyPart& key) {
      for (Expr* equality : equalities) {
        for (int side = 0; side < 2; ++side) {
          const Expr& column = stripped(*equality->args[side]);
          if (column.kind != ExprKind::kColumn) continue;
          for (size_t i = 0; i < scan.output.size(); ++i) {
            if (scan.output[i] != column.column || scan.attribute[i] != key.column) continue;
            found.push_back(equality);
            return true;
          }
        }
      }
      return false;
    });
    if (!all) continue;
    if (used != nullptr) *used = found;
    return 1 / table_rows(*scan.table);
  }
  return std::nullopt;
}

}  // namespace luma
