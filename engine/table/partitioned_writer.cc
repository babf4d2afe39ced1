#include "engine/table/partitioned_writer.h"

#include <algorithm>
#include <map>

#include "engine/base/sql_error.h"
#include "engine/table/attribute_chunk.h"

namespace luma {

struct PartitionedWriter::Leaf {
  Leaf(ExecContext& context, const TableDescPtr& table) : writer(context, table, true) {
    rows.init(attribute_types(*table), 1);
  }
  TableWriter writer;
  Chunk rows;
};

PartitionedWriter::PartitionedWriter(ExecContext& context, const PartitionedTarget& target)
    : context_(context),
      target_(target),
      router_(*target.route, kVectorSize),
      triggers_(context, {target.root}, TriggerEvent::kInsert),
      leaves_(target.leaves.size()) {
  triggers_.before();
}

PartitionedWriter::~PartitionedWriter() = default;

void PartitionedWriter::write(const Chunk& rows) {
  try {
    router_.route(context_, rows, leaf_of_row_);
  } catch (const SqlError&) {
    failed_row_ = router_.failed_row();
    throw;
  }
  failed_row_ = 0;
  std::map<int32_t, std::vector<uint32_t>> rows_of;
  for (uint32_t row = 0; row < rows.size; ++row) rows_of[leaf_of_row_[row]].push_back(row);
  for (const auto& [leaf, selection] : rows_of) write_to(leaf, rows, selection);
}

void PartitionedWriter::write_to(int32_t number, const Chunk& rows,
                                 const std::vector<uint32_t>& selection) {
  const PartitionedTarget::Leaf& target = target_.leaves[static_cast<size_t>(number)];
  auto& leaf = leaves_[static_cast<size_t>(number)];
  if (leaf == nullptr) leaf = std::make_unique<Leaf>(context_, target.table);
  auto count = static_cast<uint32_t>(selection.size());
  for (size_t i = 0; i < target.root_attribute.size(); ++i) {
    int32_t attribute = target.root_attribute[i];
    if (attribute < 0) {
      leaf->rows.columns[i].set_constant_null();
    } else {
      leaf->rows.columns[i].slice(rows.columns[static_cast<size_t>(attribute)], selection.data(),
                                  count);
    }
  }
  leaf->rows.size = count;
  try {
    leaf->writer.write(leaf->rows);
  } catch (const SqlError&) {
    uint32_t failed = leaf->writer.failed_row();
    failed_row_ = failed < count ? selection[failed] : 0;
    throw;
  }
}

void PartitionedWriter::finish() {
  for (auto& leaf : leaves_) {
    if (leaf != nullptr) leaf->writer.finish();
  }
  triggers_.after();
}

}  // namespace luma
