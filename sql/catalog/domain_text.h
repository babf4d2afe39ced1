#pragma once
// Spelling of domain constraints.
#include <string>
#include <string_view>

namespace luma {

// The SQL text of a domain's condition with its VALUE in capitals, as PostgreSQL shows it; it is a
// column reference to everything else.
std::string with_capital_value(std::string_view sql);

}  // namespace luma
