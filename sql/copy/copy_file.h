#pragma once
// A file of the server that COPY reads or writes, or a program that it exchanges data with. Errors:
// 58P01, 42501, 42809, 58030, 38000 with PostgreSQL's texts.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace luma {

struct CopyFileCloser {
  bool is_program = false;
  void operator()(std::FILE* file) const { is_program ? ::pclose(file) : std::fclose(file); }
};

class CopyFile {
 public:
  // `is_program`: `name` is a command for the shell.
  static CopyFile open_for_reading(const std::string& name, bool is_program);
  static CopyFile open_for_writing(const std::string& name, bool is_program);

  // Up to `room` bytes; 0 at the end.
  size_t read(char* to, size_t room);
  void write(std::string_view bytes);
  // Must be called after writing, and after reading to the end: reports what could not be written,
  // and how a program failed.
  void close();

 private:
  static CopyFile open(const std::string& name, bool writing);
  static CopyFile start(const std::string& command, bool writing);
  const char* kind() const { return file_.get_deleter().is_program ? "program" : "file"; }

  std::string name_;
  std::unique_ptr<std::FILE, CopyFileCloser> file_;
};

}  // namespace luma
