// Values, snapshots, batches and iterators.
#include <cstring>

#include "engine/row/kv_rocksdb.h"

namespace luma {

static_assert(sizeof(rocksdb::PinnableSlice) <= 112);
static_assert(alignof(rocksdb::PinnableSlice) <= 8);

KvValue::KvValue() noexcept { new (storage_) rocksdb::PinnableSlice(); }
KvValue::~KvValue() { KvValueAccess::slice(this)->~PinnableSlice(); }

KvValue::KvValue(KvValue&& other) noexcept : KvValue() { *this = std::move(other); }

KvValue& KvValue::operator=(KvValue&& other) noexcept {
  if (this == &other) return *this;
  if (!other.pinned_) {
    set_unowned(other.view_);
    return *this;
  }
  *KvValueAccess::slice(this) = std::move(*KvValueAccess::slice(&other));
  KvValueAccess::publish(this);
  other.pinned_ = false;
  other.view_ = {};
  return *this;
}

void KvValue::reset() {
  if (pinned_) {
    KvValueAccess::slice(this)->Reset();
    pinned_ = false;
  }
  view_ = {};
}

void KvValue::set_unowned(std::string_view bytes) {
  reset();
  view_ = bytes;
}

void KvValue::copy_from(std::string_view bytes) {
  reset();
  KvValueAccess::slice(this)->PinSelf(rocksdb::Slice(bytes.data(), bytes.size()));
  KvValueAccess::publish(this);
}

void KvSnapshot::reset() {
  if (handle_ == nullptr) return;
  kv_->impl_->db->ReleaseSnapshot(KvSnapshotAccess::handle(this));
  handle_ = nullptr;
  kv_ = nullptr;
}

uint64_t KvSnapshot::sequence() const {
  return handle_ == nullptr ? 0 : KvSnapshotAccess::handle(this)->GetSequenceNumber();
}

KvSnapshot Kv::snapshot() {
  KvSnapshot snapshot;
  snapshot.kv_ = this;
  snapshot.handle_ = impl_->db->GetSnapshot();
  return snapshot;
}

namespace {

// Batches are built without a Kv at hand: families get their numbers by creation order, which
// open() fixes (0 is RocksDB's default family).
class FamilyId : public rocksdb::ColumnFamilyHandle {
 public:
  explicit FamilyId(KvFamily family) : id_(static_cast<uint32_t>(family) + 1) {}
  const std::string& GetName() const override { return name_; }
  uint32_t GetID() const override { return id_; }
  rocksdb::Status GetDescriptor(rocksdb::ColumnFamilyDescriptor*) override {
    return rocksdb::Status::NotSupported();
  }
  const rocksdb::Comparator* GetComparator() const override {
    return rocksdb::BytewiseComparator();
  }

 private:
  uint32_t id_;
  std::string name_;
};

rocksdb::ColumnFamilyHandle* family_id(KvFamily family) {
  static FamilyId ids[kKvFamilyCount] = {FamilyId(KvFamily::kCatalog), FamilyId(KvFamily::kData),
                                         FamilyId(KvFamily::kColumnar)};
  return &ids[static_cast<int>(family)];
}

void require_ok(const rocksdb::Status& status) {
  if (!status.ok()) kv_status_of(status).check();
}

}  // namespace

KvBatch::KvBatch() : impl_(std::make_unique<Impl>()) {}
KvBatch::KvBatch(KvBatch&&) noexcept = default;
KvBatch& KvBatch::operator=(KvBatch&&) noexcept = default;
KvBatch::~KvBatch() = default;

void KvBatch::put(KvFamily family, std::string_view key, std::string_view value) {
  require_ok(impl_->batch.Put(family_id(family), slice_of(key), slice_of(value)));
}

void KvBatch::put_stamped(KvFamily family, std::string_view key, std::string_view value) {
  LUMA_CHECK(value.size() >= sizeof(uint64_t));
  put(family, key, value);
  // The value is the last thing in the batch's representation.
  impl_->stamp_offsets.push_back(impl_->batch.GetDataSize() - value.size());
}

void KvBatch::remove(KvFamily family, std::string_view key) {
  require_ok(impl_->batch.Delete(family_id(family), slice_of(key)));
}

void KvBatch::remove_range(KvFamily family, std::string_view begin, std::string_view end) {
  require_ok(impl_->batch.DeleteRange(family_id(family), slice_of(begin), slice_of(end)));
}

void KvBatch::stamp(uint64_t commit_ts) {
  char* data = const_cast<char*>(impl_->batch.Data().data());
  for (size_t offset : impl_->stamp_offsets) {
    std::memcpy(data + offset, &commit_ts, sizeof(commit_ts));
  }
}

void KvBatch::reserve(size_t count, size_t bytes) {
  // Kind, family and two lengths stand before every pair.
  constexpr size_t kOperationBytes = 8;
  // RocksDB grows the batch by doubling, and keeps room only from its constructor.
  if (impl_->batch.Count() == 0) {
    impl_->batch = rocksdb::WriteBatch(bytes + count * kOperationBytes + 64);
  }
  impl_->stamp_offsets.reserve(impl_->stamp_offsets.size() + count);
}

void KvBatch::clear() {
  impl_->batch.Clear();
  impl_->stamp_offsets.clear();
}

size_t KvBatch::count() const { return impl_->batch.Count(); }
size_t KvBatch::size_bytes() const { return impl_->batch.GetDataSize(); }

namespace {

rocksdb::ReadOptions read_options(KvFamily family, const KvSnapshot* snapshot) {
  stop_counting();
  rocksdb::ReadOptions options;
  options.snapshot = KvSnapshotAccess::handle(snapshot);
  // Looking for them costs every read allocations and a lock, whether there are any or not.
  options.ignore_range_deletions = family == KvFamily::kData;
  return options;
}

}  // namespace

KvStatus Kv::get(KvFamily family, std::string_view key, const KvSnapshot* snapshot, KvValue* out) {
  out->reset();
  rocksdb::ReadOptions options = read_options(family, snapshot);
  rocksdb::PinnableSlice* slice = KvValueAccess::slice(out);
  rocksdb::Status status = impl_->db->Get(options, impl_->handle(family), slice_of(key), slice);
  if (!status.ok()) {
    slice->Reset();
    return kv_status_of(status);
  }
  KvValueAccess::publish(out);
  return {};
}

void Kv::multi_get(KvFamily family, std::span<const std::string_view> keys,
                   const KvSnapshot* snapshot, bool sorted, KvValue* values, KvStatus* statuses) {
  constexpr size_t kBatch = 64;
  rocksdb::ReadOptions options = read_options(family, snapshot);
  for (size_t begin = 0; begin < keys.size(); begin += kBatch) {
    size_t count = std::min(kBatch, keys.size() - begin);
    rocksdb::Slice slices[kBatch];
    rocksdb::PinnableSlice results[kBatch];
    rocksdb::Status codes[kBatch];
    for (size_t i = 0; i < count; ++i) slices[i] = slice_of(keys[begin + i]);
    impl_->db->MultiGet(options, impl_->handle(family), count, slices, results, codes, sorted);
    for (size_t i = 0; i < count; ++i) {
      KvValue* value = &values[begin + i];
      value->reset();
      statuses[begin + i] = kv_status_of(codes[i]);
      if (!codes[i].ok()) continue;
      *KvValueAccess::slice(value) = std::move(results[i]);
      KvValueAccess::publish(value);
    }
  }
}

// Bounds live here because RocksDB keeps pointers to them; it looks at them anew on every seek.
struct KvIterator::Impl {
  std::string lower, upper;
  rocksdb::Slice lower_slice, upper_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;

  void set_bounds(std::string_view new_lower, std::string_view new_upper) {
    lower.assign(new_lower);
    // An open end is a key that no real one reaches: keys begin with a storage id below 2^32 - 1.
    upper.assign(new_upper.empty() ? std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8)
                                   : new_upper);
    lower_slice = slice_of(lower);
    upper_slice = slice_of(upper);
  }
};

KvIterator::KvIterator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KvIterator::~KvIterator() = default;

std::unique_ptr<KvIterator> Kv::new_iterator(KvFamily family, const KvReadOptions& wanted) {
  auto impl = std::make_unique<KvIterator::Impl>();
  impl->set_bounds(wanted.lower, wanted.upper);
  rocksdb::ReadOptions options = read_options(family, wanted.snapshot);
  options.iterate_lower_bound = &impl->lower_slice;
  options.iterate_upper_bound = &impl->upper_slice;
  options.fill_cache = wanted.fill_cache;
  options.readahead_size = wanted.readahead_bytes;
  options.max_skippable_internal_keys = wanted.max_skipped;
  impl->iterator.reset(impl_->db->NewIterator(options, impl_->handle(family)));
  return std::unique_ptr<KvIterator>(new KvIterator(std::move(impl)));
}

void KvIterator::settle() {
  valid_ = impl_->iterator->Valid();
  key_ = valid_ ? view_of(impl_->iterator->key()) : std::string_view();
}

void KvIterator::set_bounds(std::string_view lower, std::string_view upper) {
  impl_->set_bounds(lower, upper);
  valid_ = false;
}
void KvIterator::seek_first() {
  if (impl_->lower.empty()) {
    impl_->iterator->SeekToFirst();
  } else {
    impl_->iterator->Seek(impl_->lower_slice);
  }
  settle();
}
void KvIterator::seek_last() {
  impl_->iterator->SeekToLast();
  settle();
}
void KvIterator::seek(std::string_view key) {
  impl_->iterator->Seek(slice_of(key));
  settle();
}
void KvIterator::seek_for_prev(std::string_view key) {
  impl_->iterator->SeekForPrev(slice_of(key));
  settle();
}
void KvIterator::next() {
  impl_->iterator->Next();
  settle();
}
void KvIterator::prev() {
  impl_->iterator->Prev();
  settle();
}
std::string_view KvIterator::value() const { return view_of(impl_->iterator->value()); }
KvStatus KvIterator::status() const { return kv_status_of(impl_->iterator->status()); }

}  // namespace luma
