#include "engine/exec/op_merge_append.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/exec/chunk_builder.h"

namespace luma {

struct MergeAppendOperator::State {
  // Where one child's rows are.
  struct Run {
    explicit Run(const std::vector<SortColumn>& columns) : encoder(columns) {}

    const Chunk* chunk = nullptr;
    uint32_t row = 0;
    SortKeyEncoder encoder;              // has the bytes that `keys` refers to
    Vector keys{PhysicalType::kVarlen};  // of the chunk's rows
    bool is_open = false;

    std::string_view key() const { return keys.unified<StringRef>()[row].view(); }
  };

  State(std::vector<OperatorPtr> children, std::vector<Gate> when, std::vector<Key> by)
      : inputs(std::move(children)), gates(std::move(when)), keys(std::move(by)), output() {
    for (size_t i = 0; i < inputs.size(); ++i) {
      runs.push_back(std::make_unique<Run>(columns_of(keys)));
    }
    LUMA_CHECK(runs[0]->encoder.is_encodable());
    output.init(inputs[0]->output_types(), kVectorSize);
  }

  static std::vector<SortColumn> columns_of(const std::vector<Key>& keys) {
    std::vector<SortColumn> out;
    for (const Key& key : keys) out.push_back(key.column);
    return out;
  }

  // The child's next chunk. False at its end.
  bool advance(ExecContext& context, size_t number) {
    Run& run = *runs[number];
    do {
      run.chunk = inputs[number]->next(context);
    } while (run.chunk != nullptr && run.chunk->size == 0);
    run.row = 0;
    if (run.chunk == nullptr) return false;
    std::vector<const Vector*> columns;
    for (const Key& key : keys) columns.push_back(&run.chunk->columns[key.slot]);
    run.encoder.encode(columns, run.chunk->size, run.keys);
    return true;
  }

  // Of two children with equal rows the earlier one comes first.
  bool is_later(size_t a, size_t b) const {
    int order = runs[a]->key().compare(runs[b]->key());
    return order != 0 ? order > 0 : a > b;
  }

  std::vector<OperatorPtr> inputs;
  std::vector<Gate> gates;
  std::vector<Key> keys;
  std::vector<std::unique_ptr<Run>> runs;
  std::vector<size_t> heap;  // children with rows, the first one's on top
  Chunk output;
};

MergeAppendOperator::MergeAppendOperator(std::vector<OperatorPtr> inputs, std::vector<Gate> gates,
                                         std::vector<Key> keys)
    : Operator(inputs.at(0)->output_types()),
      state_(std::make_unique<State>(std::move(inputs), std::move(gates), std::move(keys))) {
  explain.node_type = "Merge Append";
}

MergeAppendOperator::~MergeAppendOperator() = default;

std::vector<Operator*> MergeAppendOperator::children() {
  std::vector<Operator*> all;
  for (OperatorPtr& input : state_->inputs) all.push_back(input.get());
  return all;
}

void MergeAppendOperator::do_open(ExecContext& context) {
  State& state = *state_;
  do_close(context);
  auto later = [&](size_t a, size_t b) { return state.is_later(a, b); };
  for (size_t i = 0; i < state.inputs.size(); ++i) {
    if (state.gates[i] != nullptr && !state.gates[i](context)) continue;
    state.runs[i]->is_open = true;
    state.inputs[i]->open(context);
    if (state.advance(context, i)) state.heap.push_back(i);
  }
  std::ranges::make_heap(state.heap, later);
}

const Chunk* MergeAppendOperator::do_next(ExecContext& context) {
  State& state = *state_;
  auto later = [&](size_t a, size_t b) { return state.is_later(a, b); };
  state.output.begin();
  while (!state.heap.empty() && state.output.size < kVectorSize) {
    std::ranges::pop_heap(state.heap, later);
    const size_t number = state.heap.back();
    state.heap.pop_back();
    State::Run& run = *state.runs[number];
    append_rows(state.output, *run.chunk, run.row, 1);
    if (++run.row == run.chunk->size) {
      // The child's next chunk may cost much: rows that are there go first.
      if (!state.advance(context, number)) continue;
    }
    state.heap.push_back(number);
    std::ranges::push_heap(state.heap, later);
  }
  return state.output.size == 0 ? nullptr : &state.output;
}

void MergeAppendOperator::do_close(ExecContext& context) {
  State& state = *state_;
  for (size_t i = 0; i < state.inputs.size(); ++i) {
    if (!state.runs[i]->is_open) continue;
    state.inputs[i]->close(context);
    state.runs[i]->is_open = false;
    state.runs[i]->chunk = nullptr;
  }
  state.heap.clear();
}

}  // namespace luma
