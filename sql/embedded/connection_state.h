#pragma once
// What stands behind a Connection: its session, and the rules of who may call it when. Used by one
// thread at a time; interrupt() and is_open() by any.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sql/embedded/database_state.h"
#include "sql/embedded/error_translation.h"
#include "sql/embedded/luma.h"
#include "sql/session/session.h"

namespace luma::embedded_internal {

// Drops rows, remembers the last completion, passes notices on.
class PlainReceiver : public RowReceiver {
 public:
  explicit PlainReceiver(ConnectionState& connection) : connection_(connection) {}
  void begin_rows(std::span<const ResultColumnInfo>) override {}
  void rows(const Chunk&, uint32_t, uint32_t) override {}
  void complete(std::string_view tag) override;
  void suspended() override {}
  void empty_query() override { completion = {}; }
  void notice(MessageLevel level, const SqlError& notice) override;

  embedded::Completion completion;

 private:
  ConnectionState& connection_;
};

class ConnectionState final : public SessionHooks {
 public:
  ConnectionState(std::shared_ptr<DatabaseState> database, std::string_view user,
                  std::string_view database_name);
  ~ConnectionState() override;

  // Runs `work(session)` as the only call, turns what it throws into an embedded::Error after
  // telling the session, and waits until what it committed is durable. `sql` is for error
  // positions.
  template <typename Work>
  void call(std::string_view sql, Work&& work) {
    Guard guard(*this);
    try {
      work(*session_);
    } catch (const embedded::Error&) {
      throw;  // refused before the session was called
    } catch (...) {
      fail(sql);
    }
    settle();
  }
  // A call that starts a statement: refused while a result outside a transaction has unread rows.
  template <typename Work>
  void call_statement(std::string_view sql, Work&& work) {
    call(sql, [&](SqlSession& session) {
      start_statement();
      work(session);
    });
  }
  // Runs `work(session)` without any effect on the session's transaction when it throws.
  template <typename Work>
  void peek(Work&& work) {
    Guard guard(*this);
    translated([&] { work(*session_); });
  }

  embedded::Completion execute(std::string_view sql);
  embedded::Completion copy_in(std::string_view sql, const std::function<bool(std::string&)>& next);
  embedded::Completion copy_out(std::string_view sql,
                                const std::function<void(std::string_view)>& take);
  bool in_block() const { return session_->transaction_status() != 'I'; }
  const IoContext& io() const { return session_->io(); }
  MemoryBudget& memory() { return database_->instance().memory(); }
  std::string new_name(std::string_view kind);

  // Results with unread rows. `autocommit`: it runs outside a transaction block.
  void result_opened(bool autocommit);
  void result_finished(bool autocommit);

  void set_notice_callback(std::function<void(const embedded::Notice&)> callback);
  void deliver_notice(MessageLevel level, const SqlError& notice) noexcept;
  std::vector<embedded::Notification> take_notifications();
  void interrupt() noexcept;
  void close() noexcept;
  bool is_open() const { return open_.load(std::memory_order_acquire); }
  int32_t pid() const { return pid_; }

  void set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) override;

 private:
  // Refuses overlapping calls and calls after the end.
  class Guard {
   public:
    explicit Guard(ConnectionState& connection);
    ~Guard() { connection_.in_call_.store(false, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    ConnectionState& connection_;
  };
  void start_statement();
  void settle();
  [[noreturn]] void fail(std::string_view sql);
  void end_session() noexcept;

  std::shared_ptr<DatabaseState> database_;
  int32_t pid_;
  std::atomic<bool> open_{true}, in_call_{false};
  bool timer_armed_ = false;
  bool autocommit_result_open_ = false;
  size_t open_results_ = 0;
  uint64_t name_count_ = 0;
  std::function<void(const embedded::Notice&)> notice_callback_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace luma::embedded_internal
