#pragma once
// Files of segments: written once from front to end, then only read. Errors of the system become
// 53100 (disk full) or 58030, missing bytes XX001. A file object may be read by several threads.
// Operations fail as a fault plan says where one is given; it outlives the file object.
#include <cstdint>
#include <string>
#include <string_view>

namespace luma {

class FaultPlan;

class SegmentFile {
 public:
  SegmentFile() = default;
  SegmentFile(SegmentFile&& other) noexcept;
  SegmentFile& operator=(SegmentFile&& other) noexcept;
  ~SegmentFile();

  // Fails when the file exists.
  static SegmentFile create(const std::string& path, FaultPlan* faults = nullptr);
  static SegmentFile open(const std::string& path, FaultPlan* faults = nullptr);

  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }
  void append(std::string_view bytes);
  // Waits until the contents and the file's name are on disk.
  void sync();
  // Reads exactly `size` bytes; XX001 when the file is shorter.
  void read(uint64_t offset, size_t size, void* out) const;

 private:
  SegmentFile(int descriptor, std::string path, FaultPlan* faults)
      : descriptor_(descriptor), path_(std::move(path)), faults_(faults) {}
  void write(std::string_view bytes);

  int descriptor_ = -1;
  std::string path_;
  uint64_t size_bytes_ = 0;
  FaultPlan* faults_ = nullptr;
};

}  // namespace luma
