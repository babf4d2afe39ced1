#include "sql/copy/copy_reader.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/string.h"
#include "sql/copy/binary_reader.h"
#include "sql/copy/text_reader.h"

namespace luma {

namespace {

// Beyond this a batch is handed on before it has all its rows.
constexpr size_t kBatchBytes = size_t{4} << 20;
// A client that sends slowly hears of a row's error while it still sends.
constexpr std::chrono::milliseconds kLongestWait{100};

}  // namespace

std::string shown_value(std::string_view text) {
  constexpr size_t kShownBytes = 100;
  if (text.size() <= kShownBytes) return std::string(text);
  return std::string(clip_utf8(text, kShownBytes)) + "...";
}

std::unique_ptr<CopyReader> CopyReader::make(Input input) {
  if (input.options.binary()) return std::make_unique<BinaryCopyReader>(std::move(input));
  return std::make_unique<TextCopyReader>(std::move(input));
}

CopyReader::CopyReader(Input input) : input_(std::move(input)), batch_(input_.budget) {
  batch_.chunk.init(input_.slots);
  for (const CopyColumn& column : input_.columns) readers_.emplace_back(column.type, *input_.io);
  flushed_at_ = std::chrono::steady_clock::now();
  begin_batch();
}

void CopyReader::begin_batch() {
  batch_.chunk.begin();
  batch_.chunk.size = 0;
  batch_.arena.reset();
  batch_.line_numbers.clear();
  batch_.lines.clear();
  batch_.line_bytes = 0;
  for (size_t i = 0; i < readers_.size(); ++i) {
    readers_[i].begin(batch_.chunk.columns[input_.columns[i].slot]);
  }
}

void CopyReader::flush() {
  emitting_ = true;
  if (batch_.chunk.size > 0) input_.emit(batch_);
  emitting_ = false;
  flushed_at_ = std::chrono::steady_clock::now();
  begin_batch();
}

void CopyReader::add_context(SqlError& error) {
  if (emitting_) return;
  std::string context = position_context();
  if (!error.context_text.empty()) context = error.context_text + "\n" + context;
  current_ = nullptr;
  flush();
  error.context_text = std::move(context);
}

void CopyReader::end_row(std::string_view line) {
  batch_.line_numbers.push_back(line_number_);
  batch_.lines.push_back(line);
  batch_.line_bytes += line.size();
  if (++batch_.chunk.size == kVectorSize || batch_.line_bytes > kBatchBytes) flush();
}

void CopyReader::feed(std::string_view bytes) {
  if (done_ && !input_.options.binary()) return;
  read(bytes, false);
  if (std::chrono::steady_clock::now() - flushed_at_ > kLongestWait) flush();
}

void CopyReader::finish() {
  if (!done_ || input_.options.binary()) read({}, true);
  flush();
}

std::string CopyReader::context() const {
  return fmt::format("COPY {}, line {}", input_.relation, line_number_);
}

std::string CopyReader::row_context(uint32_t row, bool with_line) const {
  if (row >= batch_.line_numbers.size()) return context();
  std::string out = fmt::format("COPY {}, line {}", input_.relation, batch_.line_numbers[row]);
  if (with_line && !input_.options.binary()) {
    out += fmt::format(": \"{}\"", shown_value(batch_.lines[row]));
  }
  return out;
}

}  // namespace luma
