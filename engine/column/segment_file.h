#pragma once
// Files of segments: written once from front to end, then only read. Errors of the system become
// 53100 (disk full) or 58030, missing bytes XX001. A file object may be read by several threads.
// Operations fail as a fault plan says where one is given; it outlives the file object.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace luma {

class FaultPlan;
class SegmentIo;

class SegmentFile {
 public:
  SegmentFile() = default;
  SegmentFile(SegmentFile&& other) noexcept;
  SegmentFile& operator=(SegmentFile&& other) noexcept;
  ~SegmentFile();

  // Fails when the file exists.
  static SegmentFile create(const std::string& path, FaultPlan* faults = nullptr);
  // `io` (may be null) outlives the file object: reads go through it where the file system can do
  // direct I/O.
  static SegmentFile open(const std::string& path, FaultPlan* faults = nullptr,
                          SegmentIo* io = nullptr);

  const std::string& path() const { return path_; }
  uint64_t size_bytes() const { return size_bytes_; }
  void append(std::string_view bytes);
  // Waits until the contents and the file's name are on disk.
  void sync();
  // Reads exactly `size` bytes; XX001 when the file is shorter.
  void read(uint64_t offset, size_t size, void* out) const;
  struct Piece {
    uint64_t offset;
    size_t size;
    void* out;
  };
  // The same for several pieces, which may be read at once.
  void read_many(std::span<const Piece> pieces) const;
  // Whether that is better than one after another.
  bool reads_at_once() const { return direct_ >= 0; }

 private:
  SegmentFile(int descriptor, std::string path, FaultPlan* faults)
      : descriptor_(descriptor), path_(std::move(path)), faults_(faults) {}
  void write(std::string_view bytes);

  int descriptor_ = -1;
  int direct_ = -1;  // with O_DIRECT, for io_
  SegmentIo* io_ = nullptr;
  std::string path_;
  uint64_t size_bytes_ = 0;
  FaultPlan* faults_ = nullptr;
};

}  // namespace luma
