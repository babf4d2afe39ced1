#pragma once
// Scans of columnar tables: only the wanted columns are read, row groups that the zone maps rule
// out are left alone, and columns that the filter does not need are decoded for the rows it has
// passed.
#include <memory>
#include <vector>

#include "engine/column/zone_map.h"
#include "engine/exec/operator.h"
#include "engine/row/table_desc.h"
#include "engine/table/scan.h"

namespace luma {

// `attribute compare value`, a conjunct of the scan's filter that zone maps can decide. The value
// has no slots and is evaluated at open(); it is of the attribute's type, or both are integers.
struct ZonePredicate {
  int32_t attribute = 0;
  ZoneCompare compare = ZoneCompare::kEqual;
  const Expr* value = nullptr;
};

class ColumnarScanOperator final : public Operator {
 public:
  // `columns`, `filter`: see TableScanOperator. `zones` repeat parts of the filter.
  ColumnarScanOperator(TableDescPtr table, std::vector<int32_t> columns, const Expr* filter,
                       std::vector<ZonePredicate> zones = {});
  ~ColumnarScanOperator() override;
  std::vector<Operator*> children() override { return {}; }

 private:
  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;
  void describe_work();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace luma
