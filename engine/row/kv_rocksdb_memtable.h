#pragma once
// RocksDB's memtables on our KeyTree, which takes about a third of its skip list's time where keys
// come in no order. One writer at a time: needs allow_concurrent_memtable_write = false (commits
// are written by one thread anyway). The column family's comparator must be bytewise.
#include <rocksdb/memtablerep.h>

#include <memory>

namespace luma {

std::shared_ptr<rocksdb::MemTableRepFactory> make_memtable_factory();

}  // namespace luma
