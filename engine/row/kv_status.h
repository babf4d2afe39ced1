#pragma once
// The outcome of a storage call, as a value. Callers inside the storage layer look at the code; at
// the border to SQL, check() turns it into a SqlError (53100, 58030, XX001, ...).
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"

namespace luma {

enum class KvCode : uint8_t {
  kOk,
  kNotFound,
  kNoSpace,      // 53100
  kIoError,      // 58030
  kCorruption,   // XX001
  kLocked,       // another process has the directory open: 55006
  kStopped,      // refuses writes after an earlier failure: 58030
  kOutOfMemory,  // 53200
  kInvalid,      // a broken call: XX000
};

class [[nodiscard]] KvStatus {
 public:
  KvStatus() = default;
  KvStatus(KvCode code, std::string message)
      : code_(code), message_(std::make_shared<const std::string>(std::move(message))) {}
  static KvStatus not_found() {
    KvStatus status;
    status.code_ = KvCode::kNotFound;
    return status;
  }

  bool ok() const { return code_ == KvCode::kOk; }
  bool is_not_found() const { return code_ == KvCode::kNotFound; }
  KvCode code() const { return code_; }
  std::string_view message() const { return message_ ? std::string_view(*message_) : ""; }

  // Throws unless ok.
  void check() const {
    if (__builtin_expect(code_ != KvCode::kOk, 0)) throw to_sql_error();
  }
  // Throws on failure; false for "not found".
  bool found() const {
    if (__builtin_expect(code_ == KvCode::kOk, 1)) return true;
    if (code_ == KvCode::kNotFound) return false;
    throw to_sql_error();
  }
  SqlError to_sql_error() const;

 private:
  KvCode code_ = KvCode::kOk;
  std::shared_ptr<const std::string> message_;
};

}  // namespace luma
