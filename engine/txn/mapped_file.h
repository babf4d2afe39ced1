#pragma once
// Memory that the system may write to disk when it needs the place: a mapping of a file without a
// name, which goes with the object. Room on the disk is taken beforehand, so that writing to the
// memory cannot fail. One owner at a time.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace luma {

class MappedFile {
 public:
  // Throws 58030 when there can be no file in the directory.
  explicit MappedFile(const std::string& directory);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // One more piece, which stays where it is. Throws 53100 when the disk is full.
  char* add(size_t bytes);
  // Instead of add(): the only piece becomes larger and may move.
  char* grow(size_t bytes);

 private:
  void take_room(size_t bytes);
  int file_ = -1;
  size_t size_bytes_ = 0;
  std::vector<std::pair<void*, size_t>> pieces_;
};

}  // namespace luma
