#include "server/pg_backend.h"

#include "engine/base/sql_error.h"
#include "server/binary_text.h"
#include "server/function_result.h"
#include "server/row_encoder.h"

namespace luma {

namespace {

SessionIdentity identity_of(const ClientInfo& client) {
  SessionIdentity identity;
  identity.pid = client.process_id;
  identity.client_address = client.address;
  identity.client_port = client.port;
  identity.server_address = client.server_address;
  identity.server_port = client.server_port;
  identity.tls = client.tls;
  identity.tls_version = client.tls_version;
  identity.tls_cipher = client.tls_cipher;
  identity.tls_bits = client.tls_bits;
  return identity;
}

Outcome outcome_of(SqlSession::Outcome outcome) {
  return outcome == SqlSession::Outcome::kCopyIn ? Outcome::kCopyIn : Outcome::kDone;
}

}  // namespace

PgBackend::PgBackend(SqlInstance& instance, const ClientInfo& client, SessionHost& host)
    : hooks_(host), session_(instance, identity_of(client), hooks_) {}

PgBackend::~PgBackend() = default;

void PgBackend::startup(const StartupParameters& parameters, ResultSink& sink) {
  if (!parameters.replication.empty() && parameters.replication != "false" &&
      parameters.replication != "off" && parameters.replication != "0") {
    throw unsupported("replication connection");
  }
  SessionStart start;
  start.user = parameters.user;
  start.database = parameters.database;
  start.settings = parameters.options;
  start.settings.insert(start.settings.end(), parameters.settings.begin(),
                        parameters.settings.end());
  RowEncoder encoder(session_, sink, false, scratch_);
  session_.start(start, encoder);
  for (const auto& [name, value] : session_.settings().all_reports())
    sink.parameter_status(name, value);
  session_.settings().take_reports();
}

Transcoder* PgBackend::transcoder() {
  const int id = session_.settings().vars().client_encoding;
  if (id == kUtf8Encoding || id == kSqlAsciiEncoding) return nullptr;
  if (transcoder_ == nullptr || transcoder_->encoding().id != id) {
    transcoder_ = std::make_unique<Transcoder>(*find_encoding(id));
  }
  return transcoder_.get();
}

bool PgBackend::wants_worker(CallKind kind, std::string_view) {
  return kind == CallKind::kCopyData || kind == CallKind::kCopyDone ||
         kind == CallKind::kFunctionCall;
}

Outcome PgBackend::simple_query(std::string_view sql, ResultSink& sink) {
  RowEncoder encoder(session_, sink, true, scratch_);
  return outcome_of(session_.simple_query(sql, encoder, sink.on_worker()));
}

void PgBackend::parse(std::string_view name, std::string_view sql,
                      std::span<const Oid> parameter_types, ResultSink& sink) {
  RowEncoder encoder(session_, sink, false, scratch_);
  session_.parse(name, sql, parameter_types, encoder, sink.on_worker());
}

void PgBackend::bind(const BindMessage& message, ResultSink& sink) {
  RowEncoder encoder(session_, sink, false, scratch_);
  SqlSession::BindInput input;
  input.portal = message.portal;
  input.statement = message.statement;
  input.parameter_formats = message.parameter_formats;
  input.parameters = message.parameters;
  BinaryTextParameters converted;
  if (Transcoder* used = transcoder()) {
    input.parameters =
        converted.convert(message.parameters, message.parameter_formats,
                          session_.describe_statement(message.statement).parameter_types, *used);
  }
  input.result_formats = message.result_formats;
  session_.bind(input, encoder, sink.on_worker());
}

void PgBackend::describe_statement(std::string_view name, ResultSink& sink) {
  SqlSession::Description description = session_.describe_statement(name);
  sink.parameter_description(description.parameter_types);
  if (description.has_columns) {
    send_row_description(sink, description.columns, {}, false);
  } else {
    sink.no_data();
  }
}

void PgBackend::describe_portal(std::string_view name, ResultSink& sink) {
  SqlSession::Description description = session_.describe_portal(name);
  if (description.has_columns) {
    send_row_description(sink, description.columns, description.result_formats, false);
  } else {
    sink.no_data();
  }
}

Outcome PgBackend::execute(std::string_view portal, int32_t max_rows, ResultSink& sink) {
  // Copied: the portal may end with the transaction while its last rows are being encoded.
  std::span<const int16_t> bound = session_.portal_formats(portal);
  int16_t few[8];
  std::vector<int16_t> many;
  std::span<const int16_t> formats;
  if (bound.size() <= std::size(few)) {
    std::copy(bound.begin(), bound.end(), few);
    formats = {few, bound.size()};
  } else {
    many.assign(bound.begin(), bound.end());
    formats = many;
  }
  RowEncoder encoder(session_, sink, false, scratch_, formats);
  return outcome_of(session_.execute(portal, max_rows, encoder, sink.on_worker()));
}

void PgBackend::close_statement(std::string_view name, ResultSink&) {
  session_.close_statement(name);
}

void PgBackend::close_portal(std::string_view name, ResultSink&) { session_.close_portal(name); }

void PgBackend::sync(ResultSink& sink) {
  RowEncoder encoder(session_, sink, false, scratch_);
  session_.sync(encoder, sink.on_worker());
}

void PgBackend::function_call(const FunctionCallMessage& message, ResultSink& sink) {
  // No client can say this name: names in messages end with the first zero byte.
  static constexpr std::string_view kName("\0fastpath", 9);
  auto [text, types] = session_.function_call_text(message.function);
  if (message.arguments.size() != types.size()) {
    throw sql_error(SqlState::kProtocolViolation,
                    "function call message contains {} arguments but function requires {}",
                    message.arguments.size(), types.size());
  }
  FunctionResult result(session_, sink, message.result_format, scratch_);
  session_.close_portal(kName);
  session_.close_statement(kName);
  session_.parse(kName, text, types, result, true);
  SqlSession::BindInput input;
  input.portal = input.statement = kName;
  input.parameter_formats = message.argument_formats;
  input.parameters = message.arguments;
  BinaryTextParameters converted;
  if (Transcoder* used = transcoder()) {
    input.parameters = converted.convert(message.arguments, message.argument_formats, types, *used);
  }
  session_.bind(input, result, true);
  session_.execute(kName, 0, result, true);
  session_.close_portal(kName);
  session_.close_statement(kName);
  session_.finish_function_call();
  result.send();
}

void PgBackend::copy_data(std::string_view chunk, ResultSink& sink) {
  RowEncoder encoder(session_, sink, false, scratch_);
  session_.copy_data(chunk, encoder);
}

Outcome PgBackend::copy_done(ResultSink& sink) {
  RowEncoder encoder(session_, sink, true, scratch_);
  return outcome_of(session_.copy_done(encoder));
}

void PgBackend::copy_fail(std::string_view reason) {
  throw sql_error(SqlState::kQueryCanceled, "COPY from stdin failed: {}", reason)
      .context(session_.copy_context());
}

void PgBackend::failed(const SqlError& error) noexcept { session_.failed(error); }

void PgBackend::deliver(ResultSink& sink) noexcept {
  try {
    if (session_.settings().has_reports()) {
      for (const auto& [name, value] : session_.settings().take_reports())
        sink.parameter_status(name, value);
    }
    if (session_.transaction_status() != 'I') return;
    for (const Notification& notification : session_.take_notifications()) {
      sink.notification(notification.pid, notification.channel, notification.payload);
    }
  } catch (...) {
    // Out of memory: what could not be delivered now stays for the next time.
  }
}

}  // namespace luma
