#include "engine/table/inverted_scan.h"

#include <algorithm>
#include <optional>

#include "engine/base/sql_error.h"
#include "engine/columnar/columnar_rows.h"
#include "engine/exec/evaluator.h"
#include "engine/row/key_codec.h"
#include "engine/table/inverted_search.h"
#include "engine/table/scan_output.h"

namespace luma {

namespace {

constexpr uint32_t kFetchRows = 256;

}  // namespace

struct InvertedScanOperator::State {
  State(TableDescPtr desc, const IndexDesc& of, std::vector<InvertedCondition> wanted)
      : table(std::move(desc)), index(of), conditions(std::move(wanted)) {}

  TableDescPtr table;
  const IndexDesc& index;
  std::vector<InvertedCondition> conditions;
  std::vector<std::unique_ptr<ExprEvaluator>> values;
  RowKeysPtr rows;
  Chunk chunk;
};

InvertedScanOperator::InvertedScanOperator(TableDescPtr table, const IndexDesc* index,
                                           std::vector<InvertedCondition> conditions)
    : Operator({PhysicalType::kVarlen}),
      state_(std::make_unique<State>(std::move(table), *index, std::move(conditions))) {
  for (const InvertedCondition& condition : state_->conditions) {
    state_->values.push_back(std::make_unique<ExprEvaluator>(*condition.value, 1));
  }
  state_->chunk.init(output_types(), kFetchRows);
  explain.node_type = "Bitmap Index Scan";
}

InvertedScanOperator::~InvertedScanOperator() = default;

void InvertedScanOperator::do_open(ExecContext& context) {
  State& state = *state_;
  InvertedSearch search(*context.transaction, *state.table, state.index, ReadView::kStatement);
  state.rows = nullptr;
  for (size_t i = 0; i < state.conditions.size(); ++i) {
    const InvertedCondition& condition = state.conditions[i];
    Value value = state.values[i]->evaluate_scalar(context);
    if (value.is_null) return;
    search.require(condition.part,
                   condition.search->make(value.datum, type_info(condition.value->type.oid)));
  }
  state.rows = search.open();
}

const Chunk* InvertedScanOperator::do_next(ExecContext& context) {
  State& state = *state_;
  if (context.interrupt != nullptr) context.interrupt->check();
  state.chunk.begin();
  uint32_t count = 0;
  for (; count < kFetchRows && state.rows != nullptr && state.rows->valid(); state.rows->next()) {
    state.chunk.columns[0].set_value(count++, Value(Datum::of_string(state.rows->key())));
  }
  state.chunk.size = count;
  return count == 0 ? nullptr : &state.chunk;
}

void InvertedScanOperator::do_close(ExecContext&) { state_->rows.reset(); }

struct RowFetchOperator::State {
  State(OperatorPtr keys_from, TableDescPtr desc, const IndexDesc& of, std::vector<int32_t> columns,
        const Expr* filter)
      : input(std::move(keys_from)),
        table(std::move(desc)),
        index(of),
        output(*table, std::move(columns), filter, kVectorSize) {
    append_storage_id(prefix, table->storage_id);
    output.reads_index(index.oid, true);
    if (table->columnar == nullptr) return;
    columnar_rows.emplace(*table);
    columnar_rows->want(output.columns());
  }

  OperatorPtr input;
  TableDescPtr table;
  const IndexDesc& index;
  ScanOutput output;
  std::string prefix;
  const Chunk* keys = nullptr;
  uint32_t next_key = 0;
  std::vector<std::string> row_keys;
  std::vector<std::string_view> views;
  std::vector<KvValue> values;
  std::unique_ptr<bool[]> found{new bool[kFetchRows]};

  // Reads some of the rows behind `keys`.
  void fetch(Transaction& txn);
  [[noreturn]] void missing_row() const {
    throw sql_error(SqlState::kIndexCorrupted, "index \"{}\" points to a row that does not exist",
                    index.name);
  }
  std::optional<StoredRows> columnar_rows;  // of a columnar table
};

RowFetchOperator::RowFetchOperator(OperatorPtr input, TableDescPtr table, const IndexDesc* index,
                                   std::vector<int32_t> columns, const Expr* filter)
    : Operator(scan_types(*table, columns)),
      state_(std::make_unique<State>(std::move(input), std::move(table), *index, std::move(columns),
                                     filter)) {
  explain.node_type = "Bitmap Heap Scan";
}

RowFetchOperator::~RowFetchOperator() = default;

std::vector<Operator*> RowFetchOperator::children() { return {state_->input.get()}; }

void RowFetchOperator::do_open(ExecContext& context) {
  state_->output.restart(context);
  state_->keys = nullptr;
  state_->input->open(context);
}

void RowFetchOperator::State::fetch(Transaction& txn) {
  uint32_t count = std::min({keys->size - next_key, output.room(), uint32_t{kFetchRows}});
  if (row_keys.size() < count) row_keys.resize(count);
  if (values.size() < count) values.resize(count);
  views.clear();
  for (uint32_t i = 0; i < count; ++i) {
    row_keys[i].assign(prefix);
    row_keys[i].append(keys->columns[0].value(next_key + i).datum.str.view());
    views.push_back(row_keys[i]);
  }
  next_key += count;
  if (columnar_rows) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!columnar_rows->get(txn, views[i], &values[0])) missing_row();
      output.add_row(views[i], values[0].view());
      values[0].reset();
    }
    return;
  }
  txn.multi_get(KvFamily::kData, views, true, values.data(), found.get());
  for (uint32_t i = 0; i < count; ++i) {
    if (!found[i]) missing_row();
    output.add_row(row_keys[i], values[i].view());
    values[i].reset();
  }
}

const Chunk* RowFetchOperator::do_next(ExecContext& context) {
  State& state = *state_;
  for (;;) {
    state.output.begin();
    bool any = false;
    while (!state.output.full()) {
      if (state.keys == nullptr || state.next_key == state.keys->size) {
        state.keys = state.input->next(context);
        state.next_key = 0;
        if (state.keys == nullptr) break;
      }
      state.fetch(*context.transaction);
      any = true;
    }
    if (!any) return nullptr;
    const Chunk* chunk = state.output.finish(context);
    stats().filtered_rows += state.output.take_rows_filtered();
    if (chunk != nullptr) return chunk;
  }
}

void RowFetchOperator::do_close(ExecContext& context) {
  state_->input->close(context);
  state_->keys = nullptr;
}

}  // namespace luma
