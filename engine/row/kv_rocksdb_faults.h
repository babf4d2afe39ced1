#pragma once
// A RocksDB file system that fails as a FaultPlan says. Included by kv_rocksdb*.cc only.
#include <rocksdb/file_system.h>

#include <memory>

#include "engine/base/fault_plan.h"

namespace luma {

std::shared_ptr<rocksdb::FileSystem> make_faulty_file_system(
    std::shared_ptr<rocksdb::FileSystem> base, std::shared_ptr<FaultPlan> plan);

}  // namespace luma
