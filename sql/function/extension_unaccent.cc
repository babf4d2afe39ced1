// unaccent: letters without their accents, and ASCII's way to write some other characters.
#include <charconv>
#include <unordered_map>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/utf8_text.h"
#include "sql/function/extension.h"

namespace luma {

namespace {

using Rules = std::unordered_map<uint32_t, std::string_view>;

const Rules& rules() {
  static const Rules kRules = [] {
    static constexpr std::string_view kText =
#include "sql/function/unaccent_rules.inc"
        ;
    Rules out;
    std::string_view left = kText;
    while (!left.empty()) {
      std::string_view line = left.substr(0, left.find('\n'));
      left.remove_prefix(line.size() + 1);
      uint32_t code_point = 0;
      auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), code_point, 16);
      LUMA_CHECK(error == std::errc{});
      out.emplace(code_point, line.substr(static_cast<size_t>(end - line.data()) + 1));
    }
    return out;
  }();
  return kRules;
}

Datum unaccent(RowCall& call, std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t begin = at;
    auto rule = rules().find(utf8_next(text, at));
    out += rule == rules().end() ? text.substr(begin, at - begin) : rule->second;
  }
  return arena_string(call.arena, out);
}

const ExtensionFunction kRows[] = {
    extension_row("unaccent(text)", "text", strict_kernel<unaccent>, 's'),
};

}  // namespace

std::span<const ExtensionFunction> unaccent_functions() { return kRows; }

}  // namespace luma
