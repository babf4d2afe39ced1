// Variance, standard deviation, regression; avg of floats shares their accumulator.
#include <cmath>
#include <memory>

#include "engine/base/sql_error.h"
#include "engine/type/numeric.h"
#include "engine/type/numeric_sum.h"
#include "sql/function/aggregate_adapter.h"
#include "sql/function/families.h"

namespace luma {

namespace {

[[noreturn]] void overflow() {
  throw sql_error(SqlState::kNumericValueOutOfRange, "value out of range: overflow");
}

// Youngs and Cramer's updating formula: sums of values and of squared differences from the mean.
struct Moments {
  double n = 0, sum = 0, squares = 0;

  void add(double value) {
    double before = sum;
    n += 1;
    sum += value;
    if (n > 1) {
      double deviation = value * n - sum;
      squares += deviation * deviation / (n * (n - 1));
      if (std::isinf(sum) || std::isinf(squares)) {
        if (!std::isinf(before) && !std::isinf(value)) overflow();
        squares = std::nan("");
      }
    } else if (!std::isfinite(value)) {
      squares = std::nan("");
    }
  }
  void merge(const Moments& other) {
    if (other.n == 0) return;
    if (n == 0) {
      *this = other;
      return;
    }
    double deviation = sum / n - other.sum / other.n;
    double total = n + other.n;
    squares += other.squares + n * other.n * deviation * deviation / total;
    sum += other.sum;
    n = total;
  }
};

enum class Statistic : uint8_t {
  kAverage,
  kVariancePop,
  kVarianceSample,
  kDeviationPop,
  kDeviationSample
};
constexpr bool is_sample(Statistic which) {
  return which == Statistic::kVarianceSample || which == Statistic::kDeviationSample;
}
constexpr bool is_deviation(Statistic which) {
  return which == Statistic::kDeviationPop || which == Statistic::kDeviationSample;
}

template <typename T, Statistic which>
struct FloatStatistic {
  using Args = TypeList<T>;
  using State = Moments;
  static void add(const AggregateCall&, State& state, const T& value) { state.add(value); }
  static void merge(const AggregateCall&, State& into, const State& from) { into.merge(from); }
  static Value finish(const AggregateCall&, const State& state) {
    if (state.n < (is_sample(which) ? 2 : 1)) return Value::null();
    if (which == Statistic::kAverage) return Datum::of_double(state.sum / state.n);
    double variance = state.squares / (is_sample(which) ? state.n - 1 : state.n);
    return Datum::of_double(is_deviation(which) ? std::sqrt(variance) : variance);
  }
};

template <typename T, Statistic which>
struct ExactStatistic {
  using Args = TypeList<T>;
  using State = std::unique_ptr<NumericMoments>;
  static void add(const AggregateCall&, State& state, const T& value) {
    if (!state) state = std::make_unique<NumericMoments>();
    if constexpr (std::is_integral_v<T>) {
      state->add(numeric_from_int64(value));
    } else {
      state->add(value);
    }
  }
  static void merge(const AggregateCall&, State& into, const State& from) {
    if (!from) return;
    if (!into) into = std::make_unique<NumericMoments>();
    into->merge(*from);
  }
  static Value finish(const AggregateCall& call, const State& state) {
    if (!state) return Value::null();
    return is_deviation(which) ? state->standard_deviation(is_sample(which), call.arena)
                               : state->variance(is_sample(which), call.arena);
  }
};

// --- pairs (Y, X) ---
struct PairMoments {
  double n = 0, sx = 0, sxx = 0, sy = 0, syy = 0, sxy = 0;

  void add(double y, double x) {
    double before_x = sx, before_y = sy;
    n += 1;
    sx += x;
    sy += y;
    if (n > 1) {
      double dx = x * n - sx, dy = y * n - sy, scale = 1.0 / (n * (n - 1));
      sxx += dx * dx * scale;
      syy += dy * dy * scale;
      sxy += dx * dy * scale;
      if (std::isinf(sx) || std::isinf(sxx) || std::isinf(sy) || std::isinf(syy) ||
          std::isinf(sxy)) {
        bool x_finite = !std::isinf(before_x) && !std::isinf(x),
             y_finite = !std::isinf(before_y) && !std::isinf(y);
        if (((std::isinf(sx) || std::isinf(sxx)) && x_finite) ||
            ((std::isinf(sy) || std::isinf(syy)) && y_finite) ||
            (std::isinf(sxy) && x_finite && y_finite)) {
          overflow();
        }
        if (std::isinf(sxx)) sxx = std::nan("");
        if (std::isinf(syy)) syy = std::nan("");
        if (std::isinf(sxy)) sxy = std::nan("");
      }
    } else {
      if (!std::isfinite(x)) sxx = sxy = std::nan("");
      if (!std::isfinite(y)) syy = sxy = std::nan("");
    }
  }
  void merge(const PairMoments& other) {
    if (other.n == 0) return;
    if (n == 0) {
      *this = other;
      return;
    }
    double total = n + other.n, weight = n * other.n / total;
    double dx = sx / n - other.sx / other.n, dy = sy / n - other.sy / other.n;
    sxx += other.sxx + weight * dx * dx;
    syy += other.syy + weight * dy * dy;
    sxy += other.sxy + weight * dx * dy;
    sx += other.sx;
    sy += other.sy;
    n = total;
  }
};

template <auto finish_moments>
struct Regression {
  using Args = TypeList<double, double>;
  using State = PairMoments;
  static void add(const AggregateCall&, State& state, const double& y, const double& x) {
    state.add(y, x);
  }
  static void merge(const AggregateCall&, State& into, const State& from) { into.merge(from); }
  static Value finish(const AggregateCall&, const State& state) {
    std::optional<double> result = finish_moments(state);
    return result ? Value(Datum::of_double(*result)) : Value::null();
  }
};
struct RegressionCount : Regression<[](const PairMoments&) { return std::optional<double>(); }> {
  static Value finish(const AggregateCall&, const State& state) {
    return Datum::of_int64(static_cast<int64_t>(state.n));
  }
};

using Result = std::optional<double>;
constexpr auto kSxx = [](const PairMoments& m) -> Result { return m.n < 1 ? Result() : m.sxx; };
constexpr auto kSyy = [](const PairMoments& m) -> Result { return m.n < 1 ? Result() : m.syy; };
constexpr auto kSxy = [](const PairMoments& m) -> Result { return m.n < 1 ? Result() : m.sxy; };
constexpr auto kAverageX = [](const PairMoments& m) -> Result {
  return m.n < 1 ? Result() : m.sx / m.n;
};
constexpr auto kAverageY = [](const PairMoments& m) -> Result {
  return m.n < 1 ? Result() : m.sy / m.n;
};
constexpr auto kCovariancePop = [](const PairMoments& m) -> Result {
  return m.n < 1 ? Result() : m.sxy / m.n;
};
constexpr auto kCovarianceSample = [](const PairMoments& m) -> Result {
  return m.n < 2 ? Result() : m.sxy / (m.n - 1);
};
constexpr auto kCorrelation = [](const PairMoments& m) -> Result {
  return m.n < 1 || m.sxx == 0 || m.syy == 0 ? Result() : m.sxy / std::sqrt(m.sxx * m.syy);
};
constexpr auto kR2 = [](const PairMoments& m) -> Result {
  if (m.n < 1 || m.sxx == 0) return Result();
  return m.syy == 0 ? 1.0 : m.sxy * m.sxy / (m.sxx * m.syy);
};
constexpr auto kSlope = [](const PairMoments& m) -> Result {
  return m.n < 1 || m.sxx == 0 ? Result() : m.sxy / m.sxx;
};
constexpr auto kIntercept = [](const PairMoments& m) -> Result {
  return m.n < 1 || m.sxx == 0 ? Result() : (m.sy - m.sx * m.sxy / m.sxx) / m.n;
};

#define LUMA_STATISTICS(sql, Kind, T)                                                              \
  aggregate_row("var_pop(" sql ")", aggregate_of<Kind<T, Statistic::kVariancePop>>()),             \
      aggregate_row("var_samp(" sql ")", aggregate_of<Kind<T, Statistic::kVarianceSample>>()),     \
      aggregate_row("variance(" sql ")", aggregate_of<Kind<T, Statistic::kVarianceSample>>()),     \
      aggregate_row("stddev_pop(" sql ")", aggregate_of<Kind<T, Statistic::kDeviationPop>>()),     \
      aggregate_row("stddev_samp(" sql ")", aggregate_of<Kind<T, Statistic::kDeviationSample>>()), \
      aggregate_row("stddev(" sql ")", aggregate_of<Kind<T, Statistic::kDeviationSample>>())
#define LUMA_REGRESSION(name, fn) \
  aggregate_row(name "(float8,float8)", aggregate_of<Regression<fn>>())

const KernelRow kRows[] = {
    aggregate_row("avg(float4)", aggregate_of<FloatStatistic<float, Statistic::kAverage>>(),
                  "average"),
    aggregate_row("avg(float8)", aggregate_of<FloatStatistic<double, Statistic::kAverage>>(),
                  "average"),
    LUMA_STATISTICS("float4", FloatStatistic, float),
    LUMA_STATISTICS("float8", FloatStatistic, double),
    LUMA_STATISTICS("int2", ExactStatistic, int16_t),
    LUMA_STATISTICS("int4", ExactStatistic, int32_t),
    LUMA_STATISTICS("int8", ExactStatistic, int64_t),
    LUMA_STATISTICS("numeric", ExactStatistic, Datum),
    aggregate_row("regr_count(float8,float8)", aggregate_of<RegressionCount>()),
    LUMA_REGRESSION("regr_sxx", kSxx),
    LUMA_REGRESSION("regr_syy", kSyy),
    LUMA_REGRESSION("regr_sxy", kSxy),
    LUMA_REGRESSION("regr_avgx", kAverageX),
    LUMA_REGRESSION("regr_avgy", kAverageY),
    LUMA_REGRESSION("regr_r2", kR2),
    LUMA_REGRESSION("regr_slope", kSlope),
    LUMA_REGRESSION("regr_intercept", kIntercept),
    LUMA_REGRESSION("covar_pop", kCovariancePop),
    LUMA_REGRESSION("covar_samp", kCovarianceSample),
    LUMA_REGRESSION("corr", kCorrelation),
};

}  // namespace

std::span<const KernelRow> aggregate_statistics_kernels() { return kRows; }

}  // namespace luma
