#pragma once
// Scan of a system relation whose rows are generated (sql/catalog/virtual_relation.h). The rows are
// made at open() and kept until close().
#include <memory>
#include <string>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "sql/catalog/virtual_relation.h"

namespace luma {

// attribute = value: handed to the generator, which may produce fewer rows because of it.
struct VirtualScanFilter {
  uint32_t attribute = 0;
  const Expr* value = nullptr;  // no slots
};

class VirtualScanOperator final : public Operator {
 public:
  // `attributes`: 0-based columns of the relation, or kTableOidColumn (engine/table/scan.h).
  VirtualScanOperator(std::string_view relation_name, Oid relation, std::vector<int32_t> attributes,
                      std::vector<PhysicalType> types, std::vector<VirtualScanFilter> filters,
                      const Expr* filter);
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  const VirtualRelation* relation_;
  Oid oid_;
  std::vector<int32_t> attributes_;
  std::vector<VirtualScanFilter> filters_;
  std::unique_ptr<ExprEvaluator> filter_;
  std::unique_ptr<Arena> arena_;
  std::vector<std::vector<Value>> rows_;
  size_t next_row_ = 0;
  std::vector<uint32_t> selection_;
  Chunk chunk_, output_;
};

}  // namespace luma
