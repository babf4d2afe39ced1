// COPY between the session and callbacks.
#include <exception>

#include "engine/base/sql_error.h"
#include "sql/embedded/connection_state.h"

namespace luma::embedded_internal {
namespace {

// Accepts COPY in one direction. What a callback throws travels through the session as 57014 and is
// kept for the caller.
class CopyReceiver final : public PlainReceiver {
 public:
  using PlainReceiver::PlainReceiver;
  void copy_in(int8_t format, std::span<const int16_t> columns) override {
    if (take != nullptr || saw_copy) PlainReceiver::copy_in(format, columns);  // refuses
    saw_copy = true;
  }
  void copy_out(int8_t format, std::span<const int16_t> columns) override {
    if (take == nullptr || saw_copy) PlainReceiver::copy_out(format, columns);
    saw_copy = true;
  }
  void copy_data(std::string_view piece) override {
    guarded([&] { (*take)(piece); });
  }

  template <typename Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (...) {
      thrown = std::current_exception();
      throw SqlError(SqlState::kQueryCanceled, "COPY was stopped by its callback");
    }
  }

  const std::function<void(std::string_view)>* take = nullptr;
  bool saw_copy = false;
  std::exception_ptr thrown;
};

}  // namespace

embedded::Completion ConnectionState::copy_in(std::string_view sql,
                                              const std::function<bool(std::string&)>& next) {
  CopyReceiver receiver(*this);
  try {
    call_statement(sql, [&](SqlSession& session) {
      if (session.simple_query(sql, receiver, true) != SqlSession::Outcome::kCopyIn) {
        throw SqlError(SqlState::kWrongObjectType, "the statement is no COPY FROM STDIN");
      }
      std::string piece;
      bool more = true;
      while (more) {
        piece.clear();
        receiver.guarded([&] { more = next(piece); });
        if (more && !piece.empty()) session.copy_data(piece, receiver);
        session.interrupt().check();
      }
      session.copy_done(receiver);
    });
  } catch (const embedded::Error&) {
    if (receiver.thrown) std::rethrow_exception(receiver.thrown);
    throw;
  }
  return std::move(receiver.completion);
}

embedded::Completion ConnectionState::copy_out(std::string_view sql,
                                               const std::function<void(std::string_view)>& take) {
  CopyReceiver receiver(*this);
  receiver.take = &take;
  try {
    call_statement(sql, [&](SqlSession& session) {
      session.simple_query(sql, receiver, true);
      if (!receiver.saw_copy) {
        throw SqlError(SqlState::kWrongObjectType, "the statement is no COPY TO STDOUT");
      }
    });
  } catch (const embedded::Error&) {
    if (receiver.thrown) std::rethrow_exception(receiver.thrown);
    throw;
  }
  return std::move(receiver.completion);
}

}  // namespace luma::embedded_internal
