// Offsets of objects in PostgreSQL's format of jsonb, computed from ours: a container is a header
// word, a word for each key and value, then keys and values; numbers and containers begin at a
// multiple of four bytes from the start of the document.
#include <algorithm>
#include <charconv>

#include "engine/type/numeric.h"
#include "sql/function/jsonpath_run.h"

namespace luma {
namespace {

constexpr int64_t kWordBytes = 4;

int64_t aligned(int64_t offset) { return (offset + kWordBytes - 1) / kWordBytes * kWordBytes; }

// A header and base-10000 digits, without zeros at either end.
int64_t number_bytes(const Datum& number) {
  std::string text;
  numeric_append_text(number, text);
  size_t begin = text[0] == '-' ? 1 : 0;
  size_t dot = std::min(text.find('.'), text.size());
  std::string whole = text.substr(begin, dot - begin);
  std::string fraction = dot < text.size() ? text.substr(dot + 1) : "";
  auto scale = static_cast<int64_t>(fraction.size());
  whole.insert(0, (4 - whole.size() % 4) % 4, '0');
  fraction.append((4 - fraction.size() % 4) % 4, '0');
  auto weight = static_cast<int64_t>(whole.size() / 4) - 1;
  std::string digits = whole + fraction;
  size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) return kWordBytes + 2;
  size_t last = digits.find_last_not_of('0');
  weight -= static_cast<int64_t>(first / 4);
  auto count = static_cast<int64_t>(last / 4 - first / 4 + 1);
  bool is_short = scale <= 63 && weight >= -64 && weight <= 63;
  return kWordBytes + (is_short ? 2 : 4) + 2 * count;
}

// Walks `view`, which begins at `at`; moves `at` behind it. True when `part` was found: `at` is
// then where it begins.
bool walk(JsonbView view, JsonbView part, int64_t& at) {
  if (view.kind() == JsonKind::kString) {
    at += static_cast<int64_t>(view.string().size());
    return false;
  }
  if (view.kind() == JsonKind::kNumber) {
    at = aligned(at) + number_bytes(view.number());
    return false;
  }
  if (view.is_scalar()) return false;
  at = aligned(at);
  if (view.kind() == part.kind() && view.payload().data() == part.payload().data()) return true;
  at += kWordBytes * (1 + int64_t{view.size()} * (view.is_object() ? 2 : 1));
  if (view.is_object()) {
    for (uint32_t i = 0; i < view.size(); ++i) at += static_cast<int64_t>(view.key(i).size());
  }
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (walk(view.is_object() ? view.value(i) : view.element(i), part, at)) return true;
  }
  return false;
}

}  // namespace

int64_t jsonpath_object_offset(JsonbView document, JsonbView part) {
  int64_t at = 0;
  return walk(document, part, at) ? at : 0;
}

}  // namespace luma
