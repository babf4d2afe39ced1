#pragma once
// For descriptions of how a table's rows are stored and nothing else: background work evaluates no
// expression, and binding one would need a session. Such descriptions are shown to nobody else.
#include <memory>

#include "engine/columnar/columnar_table.h"
#include "sql/catalog/table_desc_builder.h"

namespace luma {

class StorageBinder final : public ExpressionBinder {
 public:
  explicit StorageBinder(ColumnarTables& tables) : tables_(tables) {}
  const Expr* bind_over_table(const Catalog&, const Table&, std::string_view, Arena&) override {
    return nullptr;
  }
  std::shared_ptr<ColumnarTable> columnar_table(uint32_t storage_id) override {
    return tables_.table(storage_id);
  }

 private:
  ColumnarTables& tables_;
};

}  // namespace luma
