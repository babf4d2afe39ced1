#pragma once
// One word per session through which others stop what it does: cancel requests, timeouts, shutdown.
// Checked once per chunk and in every wait. raise() may be called from any thread.
#include <atomic>
#include <cstdint>

namespace luma {

class Interrupt {
 public:
  enum Reason : uint32_t {
    kNone = 0,
    kCancel = 1,             // CancelRequest, pg_cancel_backend: 57014
    kStatementTimeout = 2,   // 57014 with PostgreSQL's other text
    kTerminate = 4,          // pg_terminate_backend, fast shutdown: 57P01, fatal
    kIdleInTransaction = 8,  // 25P03, fatal
  };

  void raise(Reason reason) { word_.fetch_or(reason, std::memory_order_release); }
  // Called when a statement starts or ends: a cancel that came too late must not hit the next one.
  void clear_statement_reasons() {
    word_.fetch_and(~uint32_t{kCancel | kStatementTimeout}, std::memory_order_acq_rel);
  }
  bool pending() const { return word_.load(std::memory_order_relaxed) != kNone; }
  // Throws the SqlError that belongs to the pending reason, if any.
  void check() {
    if (__builtin_expect(pending(), 0)) throw_pending();
  }

 private:
  [[noreturn]] void throw_pending();
  std::atomic<uint32_t> word_{kNone};
};

}  // namespace luma
