#pragma once
// Scan of a system relation whose rows are generated (sql/catalog/virtual_relation.h). Made at
// open() and kept until close(): all of them, or those that a key column finds. What is opened
// again and again in one execution without a key to look up by is generated once, and found by the
// value of a filter column from then on.
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/exec/operator.h"
#include "sql/catalog/virtual_relation.h"

namespace luma {

class ObjectSet;

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
  // Rows that stay valid as long as what they were made of.
  struct Made {
    uint64_t execution_id = 0;  // 0: nothing
    std::shared_ptr<const ObjectSet> local, shared;
  };

  void do_open(ExecContext& context) override;
  const Chunk* do_next(ExecContext& context) override;
  void do_close(ExecContext& context) override;

  void generate(ExecContext& context, const SessionCatalog& session,
                const std::vector<VirtualFilter>& filters);
  void forget();
  bool finds_by_key(const Table& relation) const;
  void choose_index(const Table& relation);
  void build_index();
  size_t row_count() const { return is_picked_ ? picked_.size() : row_count_; }

  const VirtualRelation* relation_;
  Oid oid_;
  std::vector<int32_t> attributes_;
  std::vector<VirtualScanFilter> filters_;
  std::unique_ptr<ExprEvaluator> filter_;
  std::vector<std::unique_ptr<ExprEvaluator>> values_;  // of filters_
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<Arena> key_arena_;  // values of this open()'s filters
  std::vector<Value> rows_;           // one after the other
  size_t row_count_ = 0;
  size_t next_row_ = 0;
  Made opened_;  // the last open(), whatever it made
  Made whole_;   // rows_ are all that there are
  // Rows of rows_ by the value of filters_[index_filter_].
  std::unordered_multimap<uint64_t, uint32_t> index_;
  bool is_indexed_ = false;
  size_t index_filter_ = 0, index_slot_ = 0;
  bool can_index_ = false;
  std::vector<uint32_t> picked_;
  bool is_picked_ = false;  // picked_ are the rows to give, not all
  std::vector<uint32_t> selection_;
  Chunk chunk_, output_;
};

}  // namespace luma
