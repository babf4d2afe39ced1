#include "engine/row/kv_status.h"

namespace luma {

SqlError KvStatus::to_sql_error() const {
  switch (code_) {
    case KvCode::kNoSpace: {
      SqlError error(SqlState::kDiskFull, fmt::format("could not write to storage: {}", message()));
      error.hint_text = "Check free disk space.";
      return error;
    }
    case KvCode::kIoError:
      return sql_error(SqlState::kIoError, "storage input/output error: {}", message());
    case KvCode::kCorruption:
      return sql_error(SqlState::kDataCorrupted, "storage is corrupted: {}", message());
    case KvCode::kLocked:
      return sql_error(SqlState::kObjectInUse, "{}", message());
    case KvCode::kStopped:
      return sql_error(SqlState::kIoError, "storage refuses writes after an earlier failure: {}",
                       message());
    case KvCode::kOutOfMemory:
      return sql_error(SqlState::kOutOfMemory, "out of memory: {}", message());
    case KvCode::kOk:
    case KvCode::kNotFound:
    case KvCode::kInvalid:
      break;
  }
  return sql_error(SqlState::kInternalError, "storage: {}",
                   code_ == KvCode::kNotFound ? "key not found" : message());
}

}  // namespace luma
