#include "engine/row/kv_rocksdb_faults.h"

#include <unistd.h>

namespace luma {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSSequentialFile;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus no_space() {
  IOStatus status = IOStatus::NoSpace("injected: No space left on device");
  status.SetRetryable(false);
  return status;
}

IOStatus injected(FaultAction action) {
  return action == FaultAction::kIoError ? IOStatus::IOError("injected: Input/output error")
                                         : no_space();
}

class FaultyWritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWritableFile(std::unique_ptr<FSWritableFile> base, std::string name,
                     std::shared_ptr<FaultPlan> plan)
      : FSWritableFileOwnerWrapper(std::move(base)),
        name_(std::move(name)),
        plan_(std::move(plan)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return write(data, [&](const Slice& part) { return target()->Append(part, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            IODebugContext* debug) override {
    return write(data, [&](const Slice& part) {
      return target()->PositionedAppend(part, offset, options, debug);
    });
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo&, IODebugContext* debug) override {
    return PositionedAppend(data, offset, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    FaultAction action = plan_->decide(name_, FaultOperation::kSync);
    if (action == FaultAction::kDie) _exit(137);
    if (action != FaultAction::kNone) return injected(action);
    return target()->Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    FaultAction action = plan_->decide(name_, FaultOperation::kSync);
    if (action == FaultAction::kDie) _exit(137);
    if (action != FaultAction::kNone) return injected(action);
    return target()->Fsync(options, debug);
  }

 private:
  template <typename Append>
  IOStatus write(const Slice& data, Append append) {
    FaultAction action = plan_->decide(name_, FaultOperation::kAppend);
    if (action == FaultAction::kNone) return append(data);
    if (action == FaultAction::kShortWrite || action == FaultAction::kDie) {
      IOStatus status = append(Slice(data.data(), data.size() / 2));
      if (action == FaultAction::kDie) _exit(137);
      if (!status.ok()) return status;
    }
    return injected(action);
  }

  std::string name_;
  std::shared_ptr<FaultPlan> plan_;
};

class FaultyRandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultyRandomAccessFile(std::unique_ptr<FSRandomAccessFile> base, std::string name,
                         std::shared_ptr<FaultPlan> plan)
      : FSRandomAccessFileOwnerWrapper(std::move(base)),
        name_(std::move(name)),
        plan_(std::move(plan)) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    if (plan_->decide(name_, FaultOperation::kRead) != FaultAction::kNone) {
      return injected(FaultAction::kIoError);
    }
    return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    if (plan_->decide(name_, FaultOperation::kRead) != FaultAction::kNone) {
      return injected(FaultAction::kIoError);
    }
    return FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
  }

 private:
  std::string name_;
  std::shared_ptr<FaultPlan> plan_;
};

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base,
                   std::shared_ptr<FaultPlan> plan)
      : FileSystemWrapper(base), plan_(std::move(plan)) {}
  const char* Name() const override { return "LumaFaultyFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* debug) override {
    if (IOStatus status = check(name, FaultOperation::kOpen); !status.ok()) return status;
    IOStatus status = target()->NewWritableFile(name, options, result, debug);
    return wrap(name, result, std::move(status));
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* debug) override {
    if (IOStatus status = check(name, FaultOperation::kOpen); !status.ok()) return status;
    IOStatus status = target()->ReopenWritableFile(name, options, result, debug);
    return wrap(name, result, std::move(status));
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                             const FileOptions& options, std::unique_ptr<FSWritableFile>* result,
                             IODebugContext* debug) override {
    if (IOStatus status = check(name, FaultOperation::kOpen); !status.ok()) return status;
    IOStatus status = target()->ReuseWritableFile(name, old_name, options, result, debug);
    return wrap(name, result, std::move(status));
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* result,
                               IODebugContext* debug) override {
    IOStatus status = target()->NewRandomAccessFile(name, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<FaultyRandomAccessFile>(std::move(*result), name, plan_);
    }
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    if (IOStatus status = check(to, FaultOperation::kRename); !status.ok()) return status;
    return target()->RenameFile(from, to, options, debug);
  }

 private:
  IOStatus check(const std::string& name, FaultOperation operation) {
    FaultAction action = plan_->decide(name, operation);
    if (action == FaultAction::kDie) _exit(137);
    return action == FaultAction::kNone ? IOStatus::OK() : injected(action);
  }
  IOStatus wrap(const std::string& name, std::unique_ptr<FSWritableFile>* file, IOStatus status) {
    if (status.ok()) *file = std::make_unique<FaultyWritableFile>(std::move(*file), name, plan_);
    return status;
  }
  std::shared_ptr<FaultPlan> plan_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> make_faulty_file_system(
    std::shared_ptr<rocksdb::FileSystem> base, std::shared_ptr<FaultPlan> plan) {
  return std::make_shared<FaultyFileSystem>(base, std::move(plan));
}

}  // namespace luma
