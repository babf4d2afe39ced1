#pragma once
// The wire's Backend over a SQL session: decodes protocol calls into session calls and encodes
// replies.
#include <memory>

#include "engine/type/encoding.h"
#include "pgwire/backend.h"
#include "server/row_encoder.h"
#include "sql/session/session.h"

namespace luma {

class PgBackend final : public Backend {
 public:
  // `host` and `instance` outlive the backend.
  PgBackend(SqlInstance& instance, const ClientInfo& client, SessionHost& host);
  ~PgBackend() override;

  void startup(const StartupParameters& parameters, ResultSink& sink) override;
  bool wants_worker(CallKind kind, std::string_view subject) override;
  Outcome simple_query(std::string_view sql, ResultSink& sink) override;
  void parse(std::string_view name, std::string_view sql, std::span<const Oid> parameter_types,
             ResultSink& sink) override;
  void bind(const BindMessage& message, ResultSink& sink) override;
  void describe_statement(std::string_view name, ResultSink& sink) override;
  void describe_portal(std::string_view name, ResultSink& sink) override;
  Outcome execute(std::string_view portal, int32_t max_rows, ResultSink& sink) override;
  void close_statement(std::string_view name, ResultSink& sink) override;
  void close_portal(std::string_view name, ResultSink& sink) override;
  void sync(ResultSink& sink) override;
  void function_call(const FunctionCallMessage& message, ResultSink& sink) override;
  void copy_data(std::string_view chunk, ResultSink& sink) override;
  Outcome copy_done(ResultSink& sink) override;
  [[noreturn]] void copy_fail(std::string_view reason) override;
  void failed(const SqlError& error) noexcept override;
  void deliver(ResultSink& sink) noexcept override;
  char transaction_status() const override { return session_.transaction_status(); }
  uint64_t required_durable_ts() const override { return session_.required_durable_ts(); }
  Interrupt& interrupt() override { return session_.interrupt(); }
  std::chrono::milliseconds idle_timeout() const override {
    return std::chrono::milliseconds(session_.idle_timeout_ms());
  }
  void release_idle_memory() noexcept override { session_.release_idle_memory(); }
  void terminate() noexcept override { session_.terminate(); }
  Transcoder* transcoder() override;

 private:
  // The host's timers and wake-ups as the session asks for them.
  class Hooks final : public SessionHooks {
   public:
    explicit Hooks(SessionHost& host) : host_(host) {}
    void wake() override { host_.wake(); }
    void set_timer(Interrupt::Reason reason, std::chrono::milliseconds delay) override {
      host_.set_timer(reason, delay);
    }

   private:
    SessionHost& host_;
  };

  Hooks hooks_;
  SqlSession session_;
  RowEncoder::Scratch scratch_;
  std::unique_ptr<Transcoder> transcoder_;  // of the encoding that was used last
};

}  // namespace luma
