#include "engine/row/kv_rocksdb_memtable.h"

#include <rocksdb/slice.h>

#include <string>

#include "engine/row/key_tree.h"

namespace luma {

namespace {

using rocksdb::Slice;

std::string_view view(const Slice& slice) { return {slice.data(), slice.size()}; }

// Entries are a length, an internal key of that length, and more. Internal keys end in eight bytes
// that order versions of one key, newest first.
class InternalKeyOrder {
 public:
  explicit InternalKeyOrder(const rocksdb::MemTableRep::KeyComparator& comparator)
      : comparator_(comparator) {}
  std::string_view key(const char* entry) const {
    const auto first = static_cast<unsigned char>(*entry);
    if (first < 0x80) return {entry + 1, first};
    return view(comparator_.decode_key(entry));
  }
  int compare(const char* entry, std::string_view key) const {
    return comparator_(entry, Slice(key.data(), key.size()));
  }
  std::string_view leading(std::string_view key) const {
    return key.substr(0, key.size() - kVersionBytes);
  }

 private:
  static constexpr size_t kVersionBytes = 8;
  const rocksdb::MemTableRep::KeyComparator& comparator_;
};

class TreeMemtable final : public rocksdb::MemTableRep {
  // The tree's nodes lie in the memtable's arena, which counts them and ends with it.
  struct ArenaMemory {
    TreeMemtable& table;
    char* allocate(size_t size) {
      char* place = nullptr;
      table.Allocate(size, &place);
      return place;
    }
  };
  using Tree = KeyTree<InternalKeyOrder, ArenaMemory>;

 public:
  TreeMemtable(const KeyComparator& comparator, rocksdb::Allocator* allocator)
      : MemTableRep(allocator), order_(comparator), memory_{*this}, tree_(order_, memory_) {}

  void Insert(rocksdb::KeyHandle handle) override { tree_.insert(static_cast<char*>(handle)); }
  bool Contains(const char* key) const override {
    Tree::Cursor cursor(tree_);
    const std::string_view wanted = order_.key(key);
    cursor.seek(wanted);
    return cursor.valid() && order_.compare(cursor.entry(), wanted) == 0;
  }
  // The base class's Get() asks the table that it is called on for an iterator, which it may or
  // may not delete, and only it can look into a LookupKey.
  void Get(const rocksdb::LookupKey& key, void* argument,
           bool (*callback)(void* argument, const char* entry)) override {
    OneGet(*this).MemTableRep::Get(key, argument, callback);
  }
  uint64_t ApproximateNumEntries(const Slice& start, const Slice& end) override {
    return tree_.count_between(view(start), view(end));
  }
  size_t ApproximateMemoryUsage() override { return 0; }  // beyond the arena

  class TreeIterator : public Iterator {
   public:
    explicit TreeIterator(const TreeMemtable& table) : table_(table), cursor_(table.tree_) {}
    bool Valid() const override { return cursor_.valid(); }
    const char* key() const override { return cursor_.entry(); }
    void Next() override { cursor_.next(); }
    void Prev() override { cursor_.previous(); }
    void Seek(const Slice& key, const char* entry) override { cursor_.seek(wanted(key, entry)); }
    void SeekForPrev(const Slice& key, const char* entry) override {
      const std::string_view at = wanted(key, entry);
      cursor_.seek(at);
      if (!cursor_.valid() || table_.order_.compare(cursor_.entry(), at) != 0) {
        cursor_.seek_before(at);
      }
    }
    void SeekToFirst() override { cursor_.seek_first(); }
    void SeekToLast() override { cursor_.seek_last(); }

   private:
    // RocksDB may hand over the key in the form of an entry alone.
    std::string_view wanted(const Slice& key, const char* entry) const {
      return entry != nullptr ? table_.order_.key(entry) : view(key);
    }
    const TreeMemtable& table_;
    Tree::Cursor cursor_;
  };

  // What an iterator in an arena needs is only known by its size to us: RocksDB's headers do not
  // declare arenas. Allocate() of a table that has the arena for its allocator reaches it.
  Iterator* GetIterator(rocksdb::Arena* arena) override {
    if (arena == nullptr) return std::make_unique<TreeIterator>(*this).release();
    size_t space = sizeof(TreeIterator) + alignof(TreeIterator);
    void* place = ArenaAccess(arena).allocate(space);
    std::align(alignof(TreeIterator), sizeof(TreeIterator), place, space);
    return new (place) TreeIterator(*this);
  }

 private:
  class ArenaAccess final : public rocksdb::MemTableRep {
   public:
    // An Arena is an Allocator by single inheritance.
    explicit ArenaAccess(rocksdb::Arena* arena)
        : MemTableRep(reinterpret_cast<rocksdb::Allocator*>(arena)) {}
    void* allocate(size_t size) {
      char* place = nullptr;
      Allocate(size, &place);
      return place;
    }
    void Insert(rocksdb::KeyHandle) override {}
    bool Contains(const char*) const override { return false; }
    size_t ApproximateMemoryUsage() override { return 0; }
    Iterator* GetIterator(rocksdb::Arena*) override { return nullptr; }
  };

  class OneGet final : public rocksdb::MemTableRep {
   public:
    explicit OneGet(const TreeMemtable& table) : MemTableRep(nullptr), table_(table) {}
    Iterator* GetDynamicPrefixIterator(rocksdb::Arena*) override {
      return new (place_) PlacedIterator(table_);
    }
    void Insert(rocksdb::KeyHandle) override {}
    bool Contains(const char*) const override { return false; }
    size_t ApproximateMemoryUsage() override { return 0; }
    Iterator* GetIterator(rocksdb::Arena*) override { return nullptr; }

   private:
    // Has nothing to destroy.
    class PlacedIterator final : public TreeIterator {
     public:
      using TreeIterator::TreeIterator;
      static void* operator new(size_t, void* place) { return place; }
      static void operator delete(void*) {}
      static void operator delete(void*, void*) {}
    };
    const TreeMemtable& table_;
    alignas(PlacedIterator) char place_[sizeof(PlacedIterator)];
  };

  InternalKeyOrder order_;
  ArenaMemory memory_;
  Tree tree_;
};

class TreeMemtableFactory final : public rocksdb::MemTableRepFactory {
 public:
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const rocksdb::MemTableRep::KeyComparator& comparator,
                                          rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*,
                                          rocksdb::Logger*) override {
    return std::make_unique<TreeMemtable>(comparator, allocator).release();
  }
  const char* Name() const override { return "luma.TreeMemtable"; }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> make_memtable_factory() {
  return std::make_shared<TreeMemtableFactory>();
}

}  // namespace luma
