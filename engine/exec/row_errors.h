#pragma once
// Errors of single rows. Expressions are evaluated for a chunk at a time, but PostgreSQL meets the
// rows one by one: those before a faulty row go on their way, and whoever has enough of them
// (LIMIT, EXISTS, a client that reads row by row) never hears of the error. One thread.
#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/vector/vector.h"

namespace luma {

class RowErrors {
 public:
  explicit RowErrors(std::vector<PhysicalType> types) : types_(std::move(types)) {}

  // Evaluating the expression a second time changes nothing.
  static bool is_repeatable(const Expr& expr);

  // In the handler of an error that evaluating `chunk` threw: the rows before the faulty one, valid
  // as long as `chunk`. They are found by evaluating row by row; the faulty row's error is kept for
  // raise(). Throws at once what is no error of a row, or one of the first.
  const Chunk& rows_before(const SqlError& error, const Chunk& chunk,
                           const std::function<void(const Chunk&)>& evaluate);
  // Throws what is kept, if anything. Callers do so before they go on to the next chunk.
  void raise() {
    if (__builtin_expect(kept_ != nullptr, 0))
      std::rethrow_exception(std::exchange(kept_, nullptr));
  }
  void clear() { kept_ = nullptr; }

 private:
  std::vector<PhysicalType> types_;
  Chunk rows_;
  std::exception_ptr kept_;
};

}  // namespace luma
