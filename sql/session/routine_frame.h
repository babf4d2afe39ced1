#pragma once
// Private to sql/session: the surroundings of one call of a user-defined function.
#include <string>
#include <vector>

#include "engine/base/sql_error.h"
#include "sql/session/session_routines.h"

namespace luma {

// What a call changes of the session while it lasts: user, settings, depth.
class SqlSession::Routines::Frame {
 public:
  Frame(Routines& routines, const Function& function)
      : routines_(routines), session_(routines.session_) {
    if (session_.inline_) throw WouldBlock{};
    const char* here = static_cast<const char*>(__builtin_frame_address(0));
    if (routines_.depth_ == 0) routines_.stack_base_ = here;
    constexpr ptrdiff_t kMaxStackBytes = 3 << 20;
    if (routines_.stack_base_ - here > kMaxStackBytes || routines_.depth_ > 10000) {
      throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded")
          .hint(
              "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after "
              "ensuring the platform's stack depth limit is adequate.");
    }
    ++routines_.depth_;
    catalog_ = session_.environment_.share_view();
    if (function.security_definer) {
      former_user_ = session_.environment_.current_user_oid();
      session_.environment_.set_current_user(function.owner);
    }
    try {
      for (const std::string& item : function.settings) {
        size_t equals = item.find('=');
        std::string name = item.substr(0, equals);
        former_settings_.emplace_back(name, session_.settings_.show(name, true).value_or(""));
        session_.settings_.set(name, item.substr(equals + 1), true, true);
      }
    } catch (...) {
      restore();
      throw;
    }
    if (!function.settings.empty()) session_.environment_.refresh();
  }
  ~Frame() { restore(); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  void restore() noexcept {
    --routines_.depth_;
    if (former_user_ != kInvalidOid) session_.environment_.set_current_user(former_user_);
    for (auto it = former_settings_.rbegin(); it != former_settings_.rend(); ++it) {
      try {
        session_.settings_.set(it->first, it->second, true, true);
      } catch (const SqlError&) {
        // What it was before was accepted then.
      }
    }
  }

  Routines& routines_;
  SqlSession& session_;
  CatalogPtr catalog_;  // plans that go on after the call look at it
  Oid former_user_ = kInvalidOid;
  std::vector<std::pair<std::string, std::string>> former_settings_;
};

}  // namespace luma
