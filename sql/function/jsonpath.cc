// jsonb_path_* and the operators @? and @@.
#include <map>

#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/families.h"
#include "sql/function/jsonpath_run.h"

namespace luma {

namespace {

using Outcome = JsonPathRun::Outcome;
using Values = JsonPathRun::Values;

// A thread runs the same few paths over many rows. The reference is valid until the next call.
const JsonPath& compiled(std::string_view text) {
  constexpr size_t kKept = 32;
  static thread_local std::map<std::string, std::unique_ptr<JsonPath>, std::less<>> cache;
  auto it = cache.find(text);
  if (it != cache.end()) return *it->second;
  if (cache.size() >= kKept) cache.clear();
  return *cache.emplace(std::string(text), parse_jsonpath(text)).first->second;
}

struct PathCall {
  JsonPathRun::Options options;
  JsonbView document;
  const JsonPath& path;
};

// Arguments: document, path[, variables, silent].
template <bool zone_allowed>
PathCall path_call(const EvalContext& context, const Value* args, bool is_operator) {
  PathCall call{{}, JsonbView(args[0].datum), compiled(args[1].datum.str.view())};
  call.options.zone_allowed = zone_allowed;
  call.options.io = context.io;
  call.options.silent = is_operator || args[3].datum.b;
  if (!is_operator) call.options.variables = JsonbView(args[2].datum);
  return call;
}

Datum to_datum(const JsonPathValue& value, Arena& arena) {
  if (value.is_json()) return jsonb_of(value.json, arena);
  return jsonb_of(JsonbView(JsonKind::kString, jsonpath_datetime_text(value)), arena);
}

template <bool zone_allowed, bool is_operator>
Value path_exists(RowCall& call, const Value* args) {
  PathCall c = path_call<zone_allowed>(call.context, args, is_operator);
  Arena scratch;
  Outcome outcome = JsonPathRun(c.path, c.document, c.options, scratch).exists();
  if (outcome == Outcome::kFailed) return Value::null();
  return Datum::of_bool(outcome == Outcome::kFound);
}

template <bool zone_allowed, bool is_operator>
Value path_match(RowCall& call, const Value* args) {
  PathCall c = path_call<zone_allowed>(call.context, args, is_operator);
  Arena scratch;
  Values found;
  JsonPathRun(c.path, c.document, c.options, scratch).query(found);
  if (found.size() == 1 && found[0].is_json()) {
    JsonbView json = found[0].json;
    if (json.is_null()) return Value::null();
    if (json.kind() == JsonKind::kTrue || json.kind() == JsonKind::kFalse) {
      return Datum::of_bool(json.boolean());
    }
  }
  if (!c.options.silent) {
    throw sql_error(SqlState::kSingletonSqlJsonItemRequired, "single boolean result is expected");
  }
  return Value::null();
}

template <bool zone_allowed>
Value path_query_array(RowCall& call, const Value* args) {
  PathCall c = path_call<zone_allowed>(call.context, args, false);
  Arena scratch;
  Values found;
  JsonPathRun(c.path, c.document, c.options, scratch).query(found);
  JsonbBuilder builder;
  builder.begin_array();
  for (const JsonPathValue& value : found) {
    if (value.is_json()) {
      builder.value(value.json);
    } else {
      builder.string(jsonpath_datetime_text(value));
    }
  }
  builder.end_array();
  return builder.finish(call.arena);
}

template <bool zone_allowed>
Value path_query_first(RowCall& call, const Value* args) {
  PathCall c = path_call<zone_allowed>(call.context, args, false);
  Arena scratch;
  Values found;
  JsonPathRun(c.path, c.document, c.options, scratch).query(found);
  if (found.empty()) return Value::null();
  return to_datum(found[0], call.arena);
}

class PathRows final : public TableFunctionState {
 public:
  template <bool zone_allowed>
  static std::unique_ptr<TableFunctionState> start(EvalContext& context, const Expr&,
                                                   std::span<const Value> args) {
    for (const Value& value : args) {
      if (value.is_null) return nullptr;
    }
    auto rows = std::make_unique<PathRows>();
    PathCall c = path_call<zone_allowed>(context, args.data(), false);
    Arena scratch;
    Values found;
    JsonPathRun(c.path, c.document, c.options, scratch).query(found);
    for (const JsonPathValue& value : found) rows->rows_.push_back(to_datum(value, rows->arena_));
    return rows;
  }

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    while (at_ < rows_.size() && count < out.columns[0].capacity()) {
      out.columns[0].set_value(count++, rows_[at_++]);
    }
    out.size = count;
  }

 private:
  Arena arena_;
  std::vector<Datum> rows_;
  size_t at_ = 0;
};

const KernelRow kRows[] = {
    scalar_row("jsonb_path_exists(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_exists<false, false>>, "whether a path finds anything"),
    scalar_row("jsonb_path_exists_tz(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_exists<true, false>>, "whether a path finds anything"),
    scalar_row("jsonb_path_exists_opr(jsonb,jsonpath)", row_kernel<path_exists<false, true>>, ""),
    scalar_row("jsonb_path_match(jsonb,jsonpath,jsonb,bool)", row_kernel<path_match<false, false>>,
               "result of a path's predicate"),
    scalar_row("jsonb_path_match_tz(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_match<true, false>>, "result of a path's predicate"),
    scalar_row("jsonb_path_match_opr(jsonb,jsonpath)", row_kernel<path_match<false, true>>, ""),
    scalar_row("jsonb_path_query_array(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_query_array<false>>, "what a path finds, as an array"),
    scalar_row("jsonb_path_query_array_tz(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_query_array<true>>, "what a path finds, as an array"),
    scalar_row("jsonb_path_query_first(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_query_first<false>>, "the first that a path finds"),
    scalar_row("jsonb_path_query_first_tz(jsonb,jsonpath,jsonb,bool)",
               row_kernel<path_query_first<true>>, "the first that a path finds"),
    table_row("jsonb_path_query(jsonb,jsonpath,jsonb,bool)", PathRows::start<false>,
              "what a path finds"),
    table_row("jsonb_path_query_tz(jsonb,jsonpath,jsonb,bool)", PathRows::start<true>,
              "what a path finds"),
};

}  // namespace

std::span<const KernelRow> jsonpath_kernels() { return kRows; }

}  // namespace luma
