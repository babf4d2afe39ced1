#include "sql/catalog/stored_order.h"

#include <algorithm>

#include "engine/base/ascii_case.h"
#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

class SortKeyText {
 public:
  explicit SortKeyText(std::string_view text) : all_(text), rest_(text) { skip_space(); }

  bool at_end() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }
  // A keyword, in any case.
  bool take_word(std::string_view word) {
    if (ascii_lower(rest_.substr(0, word_size())) != word) return false;
    rest_.remove_prefix(word.size());
    skip_space();
    return true;
  }
  std::string take_name() {
    std::string name;
    if (!rest_.empty() && rest_.front() == '"') {
      size_t at = 1;
      for (;; ++at) {
        if (at >= rest_.size()) fail();
        if (rest_[at] == '"' && !rest_.substr(at + 1).starts_with('"')) break;
        if (rest_[at] == '"') ++at;
        name += rest_[at];
      }
      rest_.remove_prefix(at + 1);
    } else {
      name = ascii_lower(rest_.substr(0, word_size()));
      rest_.remove_prefix(name.size());
    }
    if (name.empty()) fail();
    skip_space();
    return name;
  }
  [[noreturn]] void fail() const {
    throw sql_error(SqlState::kSyntaxError, "\"{}\" is not a list of columns", all_);
  }

 private:
  size_t word_size() const {
    auto ends = [](char c) { return c == ',' || c == '"' || static_cast<unsigned char>(c) <= ' '; };
    return static_cast<size_t>(std::find_if(rest_.begin(), rest_.end(), ends) - rest_.begin());
  }
  void skip_space() {
    while (!rest_.empty() && static_cast<unsigned char>(rest_.front()) <= ' ') {
      rest_.remove_prefix(1);
    }
  }
  std::string_view all_, rest_;
};

}  // namespace

std::vector<StoredOrder> parse_sort_key(const Table& table, std::string_view text) {
  std::vector<StoredOrder> order;
  SortKeyText rest(text);
  do {
    const std::string name = rest.take_name();
    const Column* column = table.find_column(name);
    if (column == nullptr) {
      throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                      name, table.name);
    }
    const TypeInfo* type = find_type(column->type.oid);
    if (type == nullptr || type->compare == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "could not identify an ordering operator for type {}",
                      format_type(column->type.oid));
    }
    StoredOrder& key = order.emplace_back();
    key.column = column->number - 1;
    key.descending = rest.take_word("desc");
    if (!key.descending) static_cast<void>(rest.take_word("asc"));
    key.nulls_first = key.descending;
    if (rest.take_word("nulls")) {
      key.nulls_first = rest.take_word("first");
      if (!key.nulls_first && !rest.take_word("last")) rest.fail();
    }
  } while (rest.take(','));
  if (!rest.at_end()) rest.fail();
  return order;
}

std::vector<StoredOrder> sort_key_of(const Table& table) {
  constexpr std::string_view kPrefix = "sort_key=";
  for (std::string_view option : table.options) {
    if (option.starts_with(kPrefix)) return parse_sort_key(table, option.substr(kPrefix.size()));
  }
  return {};
}

}  // namespace luma
