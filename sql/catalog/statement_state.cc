#include "sql/catalog/statement_state.h"

#include <cmath>

namespace luma {

double StatementRow::deviation() const {
  return calls > 1 ? std::sqrt(squares / static_cast<double>(calls)) : 0;
}

}  // namespace luma
