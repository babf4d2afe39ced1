#include "sql/copy/copy_file.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "engine/base/sql_error.h"

namespace luma {

namespace {

SqlState state_of(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
    case EROFS:
      return SqlState::kInsufficientPrivilege;
    case ENOENT:
      return SqlState::kUndefinedFile;
    case EEXIST:
      return SqlState::kDuplicateFile;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
      return SqlState::kWrongObjectType;
    case ENOSPC:
      return SqlState::kDiskFull;
    default:
      return SqlState::kIoError;
  }
}

SqlError open_error(const std::string& name, bool writing, int error) {
  SqlError out = sql_error(state_of(error), "could not open file \"{}\" for {}: {}", name,
                           writing ? "writing" : "reading", std::strerror(error));
  if (error == ENOENT || error == EACCES) {
    out.hint(fmt::format(
        "COPY {} instructs the PostgreSQL server process to {} a file. You may want a client-side "
        "facility such as psql's \\copy.",
        writing ? "TO" : "FROM", writing ? "write" : "read"));
  }
  return out;
}

void finish_program(const std::string& command, int status) {
  if (status == -1) {
    throw sql_error(state_of(errno), "could not close pipe to external command: {}",
                    std::strerror(errno));
  }
  if (status == 0) return;
  constexpr int kNotFound = 127, kNotExecutable = 126;
  std::string detail;
  if (WIFEXITED(status)) {
    int code = WEXITSTATUS(status);
    detail = code == kNotFound        ? "command not found"
             : code == kNotExecutable ? "command not executable"
                                      : fmt::format("child process exited with exit code {}", code);
  } else {
    detail = fmt::format("child process was terminated by signal {}: {}", WTERMSIG(status),
                         ::strsignal(WTERMSIG(status)));
  }
  throw sql_error(SqlState::kExternalRoutineException, "program \"{}\" failed", command)
      .detail(std::move(detail));
}

}  // namespace

CopyFile CopyFile::open(const std::string& name, bool writing) {
  CopyFile out;
  out.name_ = name;
  out.file_.reset(std::fopen(name.c_str(), writing ? "we" : "re"));
  if (out.file_ == nullptr) {
    int error = errno;
    struct stat info;
    if (error == EISDIR && ::stat(name.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
      throw sql_error(SqlState::kWrongObjectType, "\"{}\" is a directory", name);
    }
    throw open_error(name, writing, error);
  }
  struct stat info;
  if (::fstat(::fileno(out.file_.get()), &info) == 0 && S_ISDIR(info.st_mode)) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is a directory", name);
  }
  return out;
}

CopyFile CopyFile::start(const std::string& command, bool writing) {
  CopyFile out;
  out.name_ = command;
  out.file_ = {::popen(command.c_str(), writing ? "we" : "re"), CopyFileCloser{true}};
  if (out.file_ == nullptr) {
    throw sql_error(state_of(errno), "could not execute command \"{}\": {}", command,
                    std::strerror(errno));
  }
  return out;
}

CopyFile CopyFile::open_for_reading(const std::string& name, bool is_program) {
  return is_program ? start(name, false) : open(name, false);
}
CopyFile CopyFile::open_for_writing(const std::string& name, bool is_program) {
  return is_program ? start(name, true) : open(name, true);
}

size_t CopyFile::read(char* to, size_t room) {
  size_t bytes = std::fread(to, 1, room, file_.get());
  if (bytes == 0 && std::ferror(file_.get()) != 0) {
    throw sql_error(state_of(errno), "could not read from COPY {}: {}", kind(),
                    std::strerror(errno));
  }
  return bytes;
}

void CopyFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    int error = errno;
    // A program that has ended says more than the broken pipe.
    if (error == EPIPE && file_.get_deleter().is_program) close();
    throw sql_error(state_of(error), "could not write to COPY {}: {}", kind(),
                    std::strerror(error));
  }
}

void CopyFile::close() {
  if (file_.get_deleter().is_program) return finish_program(name_, ::pclose(file_.release()));
  if (std::fclose(file_.release()) != 0) {
    throw sql_error(state_of(errno), "could not close file \"{}\": {}", name_,
                    std::strerror(errno));
  }
}

}  // namespace luma
