#pragma once
// A file of the server that COPY reads or writes. Errors: 58P01, 42501, 42809, 58030 with
// PostgreSQL's texts.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace luma {

class CopyFile {
 public:
  static CopyFile open_for_reading(const std::string& name);
  static CopyFile open_for_writing(const std::string& name);

  // Up to `room` bytes; 0 at the end.
  size_t read(char* to, size_t room);
  void write(std::string_view bytes);
  // Must be called after writing: reports what could not be written.
  void close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  static CopyFile open(const std::string& name, bool writing);

  std::string name_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace luma
