#pragma once
// A B+ tree of immutable entries for one writer and any number of readers, none of whom locks: the
// heart of our memtable (kv_rocksdb_memtable.h). RocksDB's skip list visits some 25 scattered
// nodes to find a key among half a million, each of them a cache miss; here it is four nodes whose
// keys are told apart by eight bytes each, kept side by side.
//
// Readers take an optimistic copy: a node's version is odd while the writer changes it, and what
// was read in between counts only when the version is the same afterwards (Boehm, "Can seqlocks get
// along with programming language memory models?", 2012; all fields are atomic, loads acquire and
// stores release, so that no fences are needed). Leaves are linked to the right, and a reader who
// came too far left because of a split goes on there (Lehman and Yao, 1981). Nodes and entries
// live as long as the tree's memory; nothing is ever removed.
//
// Order: what an entry is sorted by.
//   std::string_view key(const char* entry) const;
//   int compare(const char* entry, std::string_view key) const;
//   std::string_view leading(std::string_view key) const;  // bytes that decide first, as memcmp
// Memory: char* allocate(size_t) of any alignment; frees with itself.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <thread>

namespace luma {

template <class Order, class Memory>
class KeyTree {
 public:
  class Cursor;

  // Both must outlive the tree.
  KeyTree(const Order& order, Memory& memory)
      : order_(order), memory_(memory), first_leaf_(make_node(true)), root_(first_leaf_) {}
  KeyTree(const KeyTree&) = delete;
  KeyTree& operator=(const KeyTree&) = delete;

  // One thread at a time; no entry may compare equal to another. Readers find it afterwards.
  void insert(const char* entry);
  // How many entries may lie between two keys; counts whole leaves. Takes time for each of them.
  size_t count_between(std::string_view from, std::string_view to) const;

 private:
  static constexpr unsigned kFanOut = 64;
  static constexpr unsigned kMaxHeight = 16;
  static constexpr unsigned kMostShared = 16;
  static constexpr unsigned kFirstSharing = 8;  // entries that tell what a leaf's keys share

  // The first kMostShared bytes of a key, or eight bytes further on, as numbers that compare like
  // the bytes. Shorter keys end in zeros, which may make them seem equal to others, never greater.
  static uint64_t load(std::string_view bytes, size_t at) {
    uint64_t word = 0;
    if (at + sizeof word <= bytes.size()) {
      std::memcpy(&word, bytes.data() + at, sizeof word);
    } else if (at < bytes.size()) {
      std::memcpy(&word, bytes.data() + at, bytes.size() - at);
    }
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    return word;
  }
  struct Lead {
    uint64_t first, second;
    // Leading bytes that are the same.
    unsigned common(const Lead& other) const {
      if (first != other.first) return std::countl_zero(first ^ other.first) / 8u;
      return second == other.second ? kMostShared
                                    : 8 + std::countl_zero(second ^ other.second) / 8u;
    }
    Lead cut(unsigned bytes) const { return {first & mask(bytes), second & mask_second(bytes)}; }
    bool operator==(const Lead&) const = default;
    auto operator<=>(const Lead&) const = default;

   private:
    static uint64_t mask(unsigned bytes) {
      return bytes >= 8 ? ~uint64_t{0} : ~(~uint64_t{0} >> (bytes * 8));
    }
    static uint64_t mask_second(unsigned bytes) { return bytes <= 8 ? 0 : mask(bytes - 8); }
  };
  struct Probe {
    std::string_view key, leading;
    Lead lead;
  };
  Probe probe(std::string_view key) const {
    std::string_view leading = order_.leading(key);
    return {key, leading, {load(leading, 0), load(leading, 8)}};
  }

  struct Node {
    std::atomic<uint32_t> version{0};
    std::atomic<uint16_t> count{0};   // raised last, so that keys below it are never null
    std::atomic<uint16_t> shared{0};  // bytes that all keys begin with: lead
    std::atomic<uint64_t> lead_first{0}, lead_second{0};
    std::atomic<Node*> next{nullptr};  // of leaves: to the right
    const bool is_leaf;
    std::atomic<uint64_t> head[kFanOut];  // the eight bytes that follow
    std::atomic<const char*> key[kFanOut];
    explicit Node(bool leaf) : is_leaf(leaf) {}
    Lead lead() const {
      return {lead_first.load(std::memory_order_acquire),
              lead_second.load(std::memory_order_acquire)};
    }
  };
  // child[i] has the keys from key[i] on, up to key[i + 1].
  struct Inner : Node {
    std::atomic<Node*> child[kFanOut];
    Inner() : Node(false) {}
  };

  // While it lives, readers of the node start again. A new node that nobody sees needs none.
  class Change {
   public:
    explicit Change(Node& node) : node_(node) {
      node_.version.store(node_.version.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
    }
    ~Change() {
      node_.version.store(node_.version.load(std::memory_order_relaxed) + 1,
                          std::memory_order_release);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    Node& node_;
  };

  // Calls `read` until the node did not change meanwhile; returns the version that it saw.
  template <class Read>
  static uint32_t read_consistently(const Node& node, Read read) {
    for (unsigned tries = 0;; ++tries) {
      const uint32_t version = node.version.load(std::memory_order_acquire);
      if ((version & 1) == 0) {
        read();
        if (node.version.load(std::memory_order_acquire) == version) return version;
      }
      if (tries > 100) std::this_thread::yield();
    }
  }

  Node* make_node(bool leaf) {
    constexpr size_t kAlignment = 64;
    const size_t size = leaf ? sizeof(Node) : sizeof(Inner);
    size_t space = size + kAlignment;
    void* place = memory_.allocate(space);
    std::align(kAlignment, size, place, space);
    return leaf ? new (place) Node(true) : new (place) Inner();
  }
  static Inner& inner(Node& node) { return static_cast<Inner&>(node); }
  static const Inner& inner(const Node& node) { return static_cast<const Inner&>(node); }

  // The number of the first key that is not less than the one looked for.
  unsigned lower_bound(const Node& node, const Probe& probe) const;
  unsigned child_of(const Node& node, const Probe& probe) const {
    const unsigned at = lower_bound(node, probe);
    return at == 0 ? 0 : at - 1;
  }
  // The leaf that has the greatest key less than the one looked for, or one to the left of it.
  const Node* find_leaf(const Probe& probe) const;
  const Node* last_leaf() const;

  // All below: the writer's.
  Probe probe_of(const Node& node, unsigned at) const {
    return probe(order_.key(node.key[at].load(std::memory_order_relaxed)));
  }
  void share(Node& node, unsigned bytes, const Lead& lead);
  void share_most(Node& node);
  void lower_first(Node& node, const char* entry, const Probe& probe);
  void put(Node& node, unsigned at, const char* entry, const Probe& probe, Node* child);
  Node* split(Node& node, unsigned at);
  void put_or_split(unsigned depth, unsigned at, const char* entry, const Probe& probe,
                    Node* child);
  void grow(Node& left, Node& right);

  const Order& order_;
  Memory& memory_;
  Node* const first_leaf_;
  std::atomic<Node*> root_;
  // The way of the last insert from the root down, and the children taken.
  Node* path_[kMaxHeight] = {};
  unsigned taken_[kMaxHeight] = {};
};

// A place in the tree. Entries that come later may or may not be seen. One thread.
template <class Order, class Memory>
class KeyTree<Order, Memory>::Cursor {
 public:
  explicit Cursor(const KeyTree& tree) : tree_(tree) {}

  bool valid() const { return entry_ != nullptr; }
  const char* entry() const { return entry_; }

  // The first entry that is not less than the key.
  void seek(std::string_view key) {
    const Probe probe = tree_.probe(key);
    settle(tree_.find_leaf(probe), probe);
  }
  // The last entry that is less than the key.
  void seek_before(std::string_view key);
  void seek_first() { enter(tree_.first_leaf_); }
  void seek_last();
  void next();
  void previous() { seek_before(tree_.order_.key(entry_)); }

 private:
  // The first entry from `leaf` on that is not less.
  void settle(const Node* leaf, const Probe& probe);
  // The first entry of a leaf; of the empty tree none.
  void enter(const Node* leaf);

  const KeyTree& tree_;
  const Node* leaf_ = nullptr;
  const char* entry_ = nullptr;
  unsigned at_ = 0;
  uint32_t version_ = 0;
};

template <class Order, class Memory>
unsigned KeyTree<Order, Memory>::lower_bound(const Node& node, const Probe& probe) const {
  const unsigned count = node.count.load(std::memory_order_acquire);
  const unsigned shared = node.shared.load(std::memory_order_acquire);
  const Lead mine = probe.lead.cut(shared), lead = node.lead();
  if (mine != lead) return mine < lead ? 0 : count;
  const uint64_t head = load(probe.leading, shared);
  const auto less_heads = [&](unsigned from, auto before) {
    unsigned size = count - from;
    while (size > 0) {
      const unsigned half = size / 2;
      const bool right = before(node.head[from + half].load(std::memory_order_acquire));
      from = right ? from + half + 1 : from;
      size = right ? size - half - 1 : half;
    }
    return from;
  };
  unsigned low = less_heads(0, [head](uint64_t other) { return other < head; });
  if (low == count || node.head[low].load(std::memory_order_acquire) != head) return low;
  const auto is_less = [&](unsigned at) {
    return order_.compare(node.key[at].load(std::memory_order_acquire), probe.key) < 0;
  };
  // Mostly these are versions of one key, and the one looked for is newer.
  if (!is_less(low)) return low;
  ++low;
  unsigned high = less_heads(low, [head](uint64_t other) { return other <= head; });
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (is_less(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

template <class Order, class Memory>
auto KeyTree<Order, Memory>::find_leaf(const Probe& probe) const -> const Node* {
  const Node* node = root_.load(std::memory_order_acquire);
  while (!node->is_leaf) {
    const Node* child = nullptr;
    read_consistently(*node, [&] {
      child = inner(*node).child[child_of(*node, probe)].load(std::memory_order_acquire);
    });
    node = child;
    __builtin_prefetch(node);
    __builtin_prefetch(&node->head[kFanOut / 2]);
  }
  return node;
}

template <class Order, class Memory>
auto KeyTree<Order, Memory>::last_leaf() const -> const Node* {
  const Node* node = root_.load(std::memory_order_acquire);
  while (!node->is_leaf) {
    const Node* child = nullptr;
    read_consistently(*node, [&] {
      const unsigned count = node->count.load(std::memory_order_acquire);
      child = inner(*node).child[count - 1].load(std::memory_order_acquire);
    });
    node = child;
  }
  while (const Node* right = node->next.load(std::memory_order_acquire)) node = right;
  return node;
}

template <class Order, class Memory>
size_t KeyTree<Order, Memory>::count_between(std::string_view from, std::string_view to) const {
  const Node* last = find_leaf(probe(to));
  size_t count = 0;
  for (const Node* leaf = find_leaf(probe(from)); leaf != nullptr;
       leaf = leaf->next.load(std::memory_order_acquire)) {
    count += leaf->count.load(std::memory_order_acquire);
    if (leaf == last) return count;
  }
  return 0;  // the keys were the wrong way round
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::Cursor::settle(const Node* leaf, const Probe& probe) {
  for (;;) {
    const Node* right = nullptr;
    entry_ = nullptr;
    leaf_ = leaf;
    version_ = read_consistently(*leaf, [&] {
      at_ = tree_.lower_bound(*leaf, probe);
      if (at_ < leaf->count.load(std::memory_order_acquire)) {
        entry_ = leaf->key[at_].load(std::memory_order_acquire);
      } else {
        entry_ = nullptr;
        right = leaf->next.load(std::memory_order_acquire);
      }
    });
    if (entry_ != nullptr || right == nullptr) return;
    leaf = right;
  }
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::Cursor::enter(const Node* leaf) {
  leaf_ = leaf;
  at_ = 0;
  version_ = read_consistently(*leaf, [&] {
    entry_ = leaf->count.load(std::memory_order_acquire) == 0
                 ? nullptr
                 : leaf->key[0].load(std::memory_order_acquire);
  });
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::Cursor::seek_before(std::string_view key) {
  const Probe probe = tree_.probe(key);
  const Node* leaf = tree_.find_leaf(probe);
  entry_ = nullptr;  // found so far
  for (;;) {
    const char* found = nullptr;
    const Node* right = nullptr;
    unsigned at = 0;
    const uint32_t version = read_consistently(*leaf, [&] {
      at = tree_.lower_bound(*leaf, probe);
      found = at == 0 ? nullptr : leaf->key[at - 1].load(std::memory_order_acquire);
      // More of them may have gone to the right.
      const bool all = at == leaf->count.load(std::memory_order_acquire);
      right = all ? leaf->next.load(std::memory_order_acquire) : nullptr;
    });
    if (found == nullptr) return;  // the one found in the leaf before, if any, was the last
    entry_ = found;
    leaf_ = leaf;
    at_ = at - 1;
    version_ = version;
    if (right == nullptr) return;
    leaf = right;
  }
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::Cursor::seek_last() {
  const Node* leaf = tree_.last_leaf();
  for (;;) {
    const Node* right = nullptr;
    leaf_ = leaf;
    version_ = read_consistently(*leaf, [&] {
      const unsigned count = leaf->count.load(std::memory_order_acquire);
      at_ = count == 0 ? 0 : count - 1;
      entry_ = count == 0 ? nullptr : leaf->key[at_].load(std::memory_order_acquire);
      right = leaf->next.load(std::memory_order_acquire);
    });
    if (right == nullptr) return;
    leaf = right;
  }
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::Cursor::next() {
  if (leaf_->version.load(std::memory_order_acquire) == version_) {
    const char* following = nullptr;
    const Node* right = nullptr;
    if (at_ + 1 < leaf_->count.load(std::memory_order_acquire)) {
      following = leaf_->key[at_ + 1].load(std::memory_order_acquire);
    } else {
      right = leaf_->next.load(std::memory_order_acquire);
    }
    if (leaf_->version.load(std::memory_order_acquire) == version_) {
      if (following != nullptr) {
        ++at_;
        entry_ = following;
      } else if (right != nullptr) {
        enter(right);
      } else {
        entry_ = nullptr;
      }
      return;
    }
  }
  // The leaf has changed: the entry is in it or, after a split, to the right of it.
  const char* entry = entry_;
  settle(leaf_, tree_.probe(tree_.order_.key(entry)));
  if (entry_ == entry) next();
}

// Says what the node's keys share, and what follows.
template <class Order, class Memory>
void KeyTree<Order, Memory>::share(Node& node, unsigned bytes, const Lead& lead) {
  const Lead cut = lead.cut(bytes);
  node.shared.store(static_cast<uint16_t>(bytes), std::memory_order_release);
  node.lead_first.store(cut.first, std::memory_order_release);
  node.lead_second.store(cut.second, std::memory_order_release);
  const unsigned count = node.count.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < count; ++i) {
    node.head[i].store(load(probe_of(node, i).leading, bytes), std::memory_order_release);
  }
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::share_most(Node& node) {
  const unsigned count = node.count.load(std::memory_order_relaxed);
  const Lead lead = probe_of(node, 0).lead;
  const unsigned common = lead.common(probe_of(node, count - 1).lead);
  if (common != node.shared.load(std::memory_order_relaxed)) share(node, common, lead);
}

// A key less than all others goes to the first child.
template <class Order, class Memory>
void KeyTree<Order, Memory>::lower_first(Node& node, const char* entry, const Probe& probe) {
  Change change(node);
  node.key[0].store(entry, std::memory_order_release);
  const unsigned shared = node.shared.load(std::memory_order_relaxed);
  if (probe.lead.cut(shared) == node.lead()) {
    node.head[0].store(load(probe.leading, shared), std::memory_order_release);
  } else {
    share(node, std::min(shared, probe.lead.common(node.lead())), probe.lead);
  }
}

// Inserts into a node that has room. Within a Change, or a node that nobody sees yet.
template <class Order, class Memory>
void KeyTree<Order, Memory>::put(Node& node, unsigned at, const char* entry, const Probe& probe,
                                 Node* child) {
  const unsigned count = node.count.load(std::memory_order_relaxed);
  const unsigned shared = node.shared.load(std::memory_order_relaxed);
  if (probe.lead.cut(shared) != node.lead()) {
    share(node, std::min(shared, probe.lead.common(node.lead())), probe.lead);
  }
  const uint64_t head = load(probe.leading, node.shared.load(std::memory_order_relaxed));
  const auto shift = [&](auto& array) {
    for (unsigned i = count; i > at; --i) {
      array[i].store(array[i - 1].load(std::memory_order_relaxed), std::memory_order_release);
    }
  };
  shift(node.head);
  shift(node.key);
  node.head[at].store(head, std::memory_order_release);
  node.key[at].store(entry, std::memory_order_release);
  if (!node.is_leaf) {
    shift(inner(node).child);
    inner(node).child[at].store(child, std::memory_order_release);
  }
  node.count.store(static_cast<uint16_t>(count + 1), std::memory_order_release);
  if (count + 1 == kFirstSharing) share_most(node);
}

// Makes the right neighbour of a full node, which gets its keys from `at` on; may get none.
template <class Order, class Memory>
auto KeyTree<Order, Memory>::split(Node& node, unsigned at) -> Node* {
  Node* right = make_node(node.is_leaf);
  const unsigned shared = node.shared.load(std::memory_order_relaxed);
  const Lead lead = node.lead();
  right->shared.store(static_cast<uint16_t>(shared), std::memory_order_relaxed);
  right->lead_first.store(lead.first, std::memory_order_relaxed);
  right->lead_second.store(lead.second, std::memory_order_relaxed);
  for (unsigned i = at; i < kFanOut; ++i) {
    const auto copy = [&](auto& to, const auto& from) {
      to[i - at].store(from[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    };
    copy(right->head, node.head);
    copy(right->key, node.key);
    if (!node.is_leaf) copy(inner(*right).child, inner(node).child);
  }
  right->count.store(static_cast<uint16_t>(kFanOut - at), std::memory_order_relaxed);
  if (at < kFanOut) share_most(*right);
  right->next.store(node.next.load(std::memory_order_relaxed), std::memory_order_relaxed);
  return right;
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::put_or_split(unsigned depth, unsigned at, const char* entry,
                                          const Probe& probe, Node* child) {
  Node& node = *path_[depth];
  if (node.count.load(std::memory_order_relaxed) < kFanOut) {
    Change change(node);
    put(node, at, entry, probe, child);
    return;
  }
  // Ascending keys leave full nodes behind.
  const unsigned cut = at == kFanOut ? kFanOut : kFanOut / 2;
  Node* right = split(node, cut);
  const bool goes_right = at > cut || cut == kFanOut;
  if (goes_right) put(*right, at - cut, entry, probe, child);
  {
    Change change(node);
    node.count.store(static_cast<uint16_t>(cut), std::memory_order_release);
    if (node.is_leaf) node.next.store(right, std::memory_order_release);
    if (cut < kFanOut) share_most(node);
    if (!goes_right) put(node, at, entry, probe, child);
  }
  const char* first = right->key[0].load(std::memory_order_relaxed);
  if (depth == 0) {
    grow(node, *right);
  } else {
    put_or_split(depth - 1, taken_[depth - 1] + 1, first, probe_of(*right, 0), right);
  }
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::grow(Node& left, Node& right) {
  Node* root = make_node(false);
  put(*root, 0, left.key[0].load(std::memory_order_relaxed), probe_of(left, 0), &left);
  put(*root, 1, right.key[0].load(std::memory_order_relaxed), probe_of(right, 0), &right);
  root_.store(root, std::memory_order_release);
}

template <class Order, class Memory>
void KeyTree<Order, Memory>::insert(const char* entry) {
  const Probe probe = this->probe(order_.key(entry));
  unsigned depth = 0;
  Node* node = root_.load(std::memory_order_relaxed);
  while (!node->is_leaf) {
    path_[depth] = node;
    const unsigned at = lower_bound(*node, probe);
    taken_[depth] = at == 0 ? 0 : at - 1;
    if (at == 0) lower_first(*node, entry, probe);
    node = inner(*node).child[taken_[depth]].load(std::memory_order_relaxed);
    __builtin_prefetch(node);
    __builtin_prefetch(&node->head[kFanOut / 2]);
    ++depth;
  }
  path_[depth] = node;
  put_or_split(depth, lower_bound(*node, probe), entry, probe, nullptr);
}

}  // namespace luma
