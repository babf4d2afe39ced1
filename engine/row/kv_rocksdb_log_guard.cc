#include "engine/row/kv_rocksdb_log_guard.h"

#include "engine/row/kv_rocksdb.h"
#include "engine/row/kv_rocksdb_log_tail.h"

namespace luma {

KvStatus LogGuard::failure() const {
  std::lock_guard guard(mutex_);
  return failure_;
}

void LogGuard::record(const rocksdb::Status& status) {
  std::lock_guard guard(mutex_);
  if (failed_.load(std::memory_order_relaxed)) return;  // the first failure tells most
  failure_ = kv_status_of(status);
  failed_.store(true, std::memory_order_release);
}

void LogGuard::clear() {
  std::lock_guard guard(mutex_);
  failure_ = {};
  failed_.store(false, std::memory_order_release);
}

namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class GuardedLog : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedLog(const std::string& name, std::unique_ptr<FSWritableFile> base,
             std::shared_ptr<LogGuard> guard)
      : FSWritableFileOwnerWrapper(std::move(base)), guard_(std::move(guard)), tail_(name) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return append(data.size(), [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return append(data.size(), [&] { return target()->Append(data, options, info, debug); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    return attempt([&] { return target()->PositionedAppend(data, offset, options, debug); });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo& info,
                            IODebugContext* debug) override {
    return attempt([&] { return target()->PositionedAppend(data, offset, options, info, debug); });
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* debug) override {
    return attempt([&] { return target()->Flush(options, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return attempt([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return attempt([&] { return target()->Fsync(options, debug); });
  }
  IOStatus RangeSync(uint64_t offset, uint64_t size, const IOOptions& options,
                     IODebugContext* debug) override {
    return attempt([&] { return target()->RangeSync(offset, size, options, debug); });
  }

  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    tail_.trim();
    return target()->Close(options, debug);
  }

 private:
  template <typename Operation>
  IOStatus append(size_t bytes, Operation operation) {
    if (!guard_->failed()) tail_.before_append(bytes);
    return attempt(operation);
  }
  template <typename Operation>
  IOStatus attempt(Operation operation) {
    if (guard_->failed()) return IOStatus::OK();
    IOStatus status = operation();
    if (!status.ok()) guard_->record(status);
    return IOStatus::OK();
  }

  std::shared_ptr<LogGuard> guard_;
  LogTail tail_;
};

class LogGuardFileSystem : public rocksdb::FileSystemWrapper {
 public:
  LogGuardFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base,
                     std::shared_ptr<LogGuard> guard)
      : FileSystemWrapper(base), guard_(std::move(guard)) {}
  const char* Name() const override { return "LumaLogGuardFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* debug) override {
    return wrap(name, target()->NewWritableFile(name, options, result, debug), result);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* debug) override {
    return wrap(name, target()->ReopenWritableFile(name, options, result, debug), result);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const FileOptions& options, std::unique_ptr<FSWritableFile>* result,
                             IODebugContext* debug) override {
    return wrap(name, target()->ReuseWritableFile(name, old_name, options, result, debug), result);
  }

 private:
  IOStatus wrap(const std::string& name, IOStatus status, std::unique_ptr<FSWritableFile>* file) {
    if (status.ok() && name.ends_with(".log")) {
      *file = std::make_unique<GuardedLog>(name, std::move(*file), guard_);
    }
    return status;
  }
  std::shared_ptr<LogGuard> guard_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> make_log_guard_file_system(
    const std::shared_ptr<rocksdb::FileSystem>& base, std::shared_ptr<LogGuard> guard) {
  return std::make_shared<LogGuardFileSystem>(base, std::move(guard));
}

}  // namespace luma
