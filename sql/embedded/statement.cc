// The public faces of statements, results and rows.
#include <charconv>
#include <limits>

#include "sql/embedded/luma.h"
#include "sql/embedded/result_state.h"
#include "sql/embedded/statement_state.h"
#include "sql/embedded/value_reading.h"

namespace luma::embedded {

using embedded_internal::public_error;
using embedded_internal::ResultState;
using embedded_internal::StatementState;

namespace {

template <typename Number>
std::string number_text(Number value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

// The value in `column`, which must not be NULL.
const Datum& datum_of(const ResultState& state, size_t column) {
  const Value& value = state.value(column);
  if (value.is_null) {
    throw public_error(SqlState::kNullValueNoIndicatorParameter,
                       fmt::format("column \"{}\" is NULL", state.columns()[column].name));
  }
  return value.datum;
}

template <typename Integer>
Integer integer_of(ResultState& state, size_t column) {
  using Limits = std::numeric_limits<Integer>;
  const Datum& datum = datum_of(state, column);
  return static_cast<Integer>(
      embedded_internal::read_integer(datum, state.type(column), Limits::min(), Limits::max()));
}

}  // namespace

Statement::Statement(std::shared_ptr<StatementState> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

size_t Statement::parameter_count() const { return state_->parameter_count(); }
std::string Statement::parameter_type(size_t position) const {
  return format_type(state_->parameter_type(position));
}
const std::vector<Column>& Statement::columns() const { return state_->columns(); }

Statement& Statement::bind(size_t position, std::nullptr_t) {
  state_->bind_null(position);
  return *this;
}
Statement& Statement::bind(size_t position, bool value) {
  state_->bind_text(position, value ? "true" : "false");
  return *this;
}
Statement& Statement::bind(size_t position, double value) {
  state_->bind_text(position, number_text(value));
  return *this;
}
Statement& Statement::bind(size_t position, std::string_view value) {
  state_->bind_text(position, std::string(value));
  return *this;
}
Statement& Statement::bind_signed(size_t position, int64_t value) {
  state_->bind_text(position, number_text(value));
  return *this;
}
Statement& Statement::bind_unsigned(size_t position, uint64_t value) {
  state_->bind_text(position, number_text(value));
  return *this;
}
Statement& Statement::bind_bytes(size_t position, const void* data, size_t size_bytes) {
  state_->bind_binary(position, std::string(static_cast<const char*>(data), size_bytes));
  return *this;
}
Statement& Statement::bind_text(size_t position, std::string_view text, std::string_view type) {
  state_->set_type(position, type);
  state_->bind_text(position, std::string(text));
  return *this;
}
Statement& Statement::clear_bindings() {
  state_->clear();
  return *this;
}

Completion Statement::execute() { return state_->execute(); }
Result Statement::query() { return Result(state_->query()); }

Result::Result(std::shared_ptr<ResultState> state) : state_(std::move(state)), row_(state_.get()) {}
Result::Result(Result&&) noexcept = default;
Result& Result::operator=(Result&&) noexcept = default;
Result::~Result() = default;

const std::vector<Column>& Result::columns() const noexcept { return state_->columns(); }
bool Result::next() { return state_->next(); }
void Result::close() noexcept { state_->close(); }
const Completion& Result::completion() const noexcept { return state_->result_completion(); }

size_t Row::size() const noexcept { return state_->columns().size(); }
bool Row::is_null(size_t column) const { return state_->value(column).is_null; }
size_t Row::column_index(std::string_view name) const { return state_->column_index(name); }

bool Row::read(size_t column, bool*) const {
  return embedded_internal::read_bool(datum_of(*state_, column), state_->type(column));
}
int16_t Row::read(size_t column, int16_t*) const { return integer_of<int16_t>(*state_, column); }
int32_t Row::read(size_t column, int32_t*) const { return integer_of<int32_t>(*state_, column); }
int64_t Row::read(size_t column, int64_t*) const { return integer_of<int64_t>(*state_, column); }
uint32_t Row::read(size_t column, uint32_t*) const { return integer_of<uint32_t>(*state_, column); }
float Row::read(size_t column, float*) const {
  return static_cast<float>(read(column, static_cast<double*>(nullptr)));
}
double Row::read(size_t column, double*) const {
  return embedded_internal::read_double(datum_of(*state_, column), state_->type(column));
}
std::string Row::read(size_t column, std::string*) const {
  datum_of(*state_, column);
  return std::string(state_->text(column));
}
std::string_view Row::read(size_t column, std::string_view*) const {
  datum_of(*state_, column);
  return state_->text(column);
}
Bytes Row::read(size_t column, Bytes*) const {
  return embedded_internal::read_bytes(datum_of(*state_, column), state_->type(column));
}

}  // namespace luma::embedded
