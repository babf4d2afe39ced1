#pragma once
// Rows of an exported system relation: COPY text split into fields. Views point into constant data
// that lives as long as the process. Tables are parsed at first use; immutable, thread-safe.
#include <span>
#include <string_view>
#include <vector>

namespace luma {

class FactTable {
 public:
  // `text` must outlive the table.
  explicit FactTable(std::string_view text);

  size_t row_count() const { return column_count_ == 0 ? 0 : fields_.size() / column_count_; }
  size_t column_count() const { return column_count_; }
  // A NULL field has data() == nullptr.
  std::span<const std::string_view> row(size_t i) const {
    return {fields_.data() + i * column_count_, column_count_};
  }

 private:
  size_t column_count_ = 0;
  std::vector<std::string_view> fields_;
};

// Exported rows of "pg_proc", "settings", ...; nullptr when there are none of that name.
const FactTable* find_fact_table(std::string_view name);
const FactTable& fact_table(std::string_view name);

// Elements of an array literal, unescaped; what had escapes lives as long as the process.
std::vector<std::string_view> split_fact_array(std::string_view literal);

}  // namespace luma
