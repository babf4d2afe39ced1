// The messages of a running session: decoding, calls into the Backend, the small replies.
#include "engine/type/encoding.h"
#include "pgwire/connection.h"
#include "pgwire/message_reader.h"
#include "pgwire/text_encoding.h"

namespace luma {

void Connection::ask_for_worker(CallKind kind, std::string_view subject, const ResultSink& sink) {
  if (!sink.on_worker() && backend_->wants_worker(kind, subject)) throw WouldBlock{};
}

std::string_view Connection::incoming(std::string_view text) {
  Transcoder* transcoder = backend_->transcoder();
  if (transcoder == nullptr) {
    check_utf8(text);
    return text;
  }
  return converted_.emplace_back(transcoder->to_utf8(text));
}

void Connection::append_empty(char type) {
  char message[] = {type, 0, 0, 0, 4};
  output_.append(message, sizeof message);
}

void Connection::dispatch(const Message& message, ResultSink& sink) {
  char type = message.type;
  if (copy_ != CopyState::kNone) return handle_copy_message(message, sink);
  if (type == 'd' || type == 'c' || type == 'f') return;  // leftovers of a COPY that failed
  // Sync ends the skipping whatever is in it, so that a client never hangs.
  if (type == 'S') skip_until_sync_ = false;
  if (skip_until_sync_) return;
  extended_ = type != 'Q' && type != 'F' && type != 'S';
  MessageReader reader(message.body);
  switch (type) {
    case 'Q':
      return handle_query(reader, sink);
    case 'P':
      return handle_parse(reader, sink);
    case 'B':
      return handle_bind(reader, sink);
    case 'D':
      return handle_describe(reader, sink);
    case 'E':
      return handle_execute(reader, sink);
    case 'C':
      return handle_close(reader, sink);
    case 'S':
      return handle_sync(reader, sink);
    case 'F':
      return handle_function_call(reader, sink);
    case 'H':
      return reader.expect_end();  // replies leave at the end of what is buffered anyway
  }
}

void Connection::handle_query(MessageReader reader, ResultSink& sink) {
  std::string_view sql = reader.read_string();
  reader.expect_end();
  sql = incoming(sql);
  statement_ = sql;
  ask_for_worker(CallKind::kSimpleQuery, sql, sink);
  end_simple(backend_->simple_query(sql, sink));
}

void Connection::end_simple(Outcome outcome) {
  if (outcome == Outcome::kCopyIn) {
    copy_ = CopyState::kSimple;
  } else {
    copy_ = CopyState::kNone;
    ready_for_query();
  }
}

void Connection::handle_parse(MessageReader reader, ResultSink& sink) {
  std::string_view name = reader.read_string();
  std::string_view sql = reader.read_string();
  parameter_types_.resize(reader.read_uint16());
  for (Oid& type : parameter_types_) type = reader.read_uint32();
  reader.expect_end();
  name = incoming(name);
  sql = incoming(sql);
  statement_ = sql;
  ask_for_worker(CallKind::kParse, sql, sink);
  backend_->parse(name, sql, parameter_types_, sink);
  append_empty('1');
}

void Connection::read_formats(MessageReader& reader, std::vector<int16_t>& formats) {
  formats.resize(reader.read_uint16());
  for (int16_t& format : formats) format = reader.read_int16();
}

void Connection::read_values(MessageReader& reader) {
  values_.resize(reader.read_uint16());
  for (auto& value : values_) {
    int32_t length = reader.read_int32();
    if (length < -1)
      throw sql_error(SqlState::kProtocolViolation, "insufficient data left in message");
    if (length == -1) {
      value.reset();
    } else {
      value = reader.read_bytes(static_cast<size_t>(length));
    }
  }
}

// Values in text format must be text.
void Connection::check_text_values() {
  for (size_t i = 0; i < values_.size(); ++i) {
    bool text = formats_.empty() || (formats_.size() == 1 ? formats_[0] : formats_[i]) == 0;
    if (text && values_[i]) values_[i] = incoming(*values_[i]);
  }
}

void Connection::handle_bind(MessageReader reader, ResultSink& sink) {
  BindMessage bind;
  bind.portal = incoming(reader.read_string());
  bind.statement = incoming(reader.read_string());
  read_formats(reader, formats_);
  read_values(reader);
  read_formats(reader, result_formats_);
  reader.expect_end();
  if (formats_.size() > 1 && formats_.size() != values_.size()) {
    throw sql_error(SqlState::kProtocolViolation,
                    "bind message has {} parameter formats but {} parameters", formats_.size(),
                    values_.size());
  }
  for (const std::vector<int16_t>* formats : {&formats_, &result_formats_}) {
    for (int16_t format : *formats) {
      if (format != 0 && format != 1) {
        throw sql_error(SqlState::kInvalidParameterValue, "unsupported format code: {}", format);
      }
    }
  }
  check_text_values();
  bind.parameter_formats = formats_;
  bind.parameters = values_;
  bind.result_formats = result_formats_;
  ask_for_worker(CallKind::kBind, bind.statement, sink);
  backend_->bind(bind, sink);
  append_empty('2');
}

void Connection::handle_describe(MessageReader reader, ResultSink& sink) {
  uint8_t subtype = reader.read_byte();
  std::string_view name = incoming(reader.read_string());
  reader.expect_end();
  ask_for_worker(CallKind::kDescribe, name, sink);
  if (subtype == 'S') {
    backend_->describe_statement(name, sink);
  } else if (subtype == 'P') {
    backend_->describe_portal(name, sink);
  } else {
    throw sql_error(SqlState::kProtocolViolation, "invalid DESCRIBE message subtype {}", subtype);
  }
}

void Connection::handle_execute(MessageReader reader, ResultSink& sink) {
  std::string_view portal = incoming(reader.read_string());
  int32_t max_rows = reader.read_int32();
  reader.expect_end();
  ask_for_worker(CallKind::kExecute, portal, sink);
  // Zero and negative limits mean all rows.
  if (backend_->execute(portal, max_rows < 0 ? 0 : max_rows, sink) == Outcome::kCopyIn) {
    copy_ = CopyState::kExtended;
  }
}

void Connection::handle_close(MessageReader reader, ResultSink& sink) {
  uint8_t subtype = reader.read_byte();
  std::string_view name = incoming(reader.read_string());
  reader.expect_end();
  ask_for_worker(CallKind::kClose, name, sink);
  if (subtype == 'S') {
    backend_->close_statement(name, sink);
  } else if (subtype == 'P') {
    backend_->close_portal(name, sink);
  } else {
    throw sql_error(SqlState::kProtocolViolation, "invalid CLOSE message subtype {}", subtype);
  }
  append_empty('3');
}

void Connection::handle_sync(MessageReader reader, ResultSink& sink) {
  reader.expect_end();
  ask_for_worker(CallKind::kSync, {}, sink);
  backend_->sync(sink);
  ready_for_query();
}

void Connection::handle_function_call(MessageReader reader, ResultSink& sink) {
  FunctionCallMessage call;
  call.function = reader.read_uint32();
  read_formats(reader, formats_);
  read_values(reader);
  call.result_format = reader.read_int16();
  reader.expect_end();
  if (formats_.size() > 1 && formats_.size() != values_.size()) {
    throw sql_error(SqlState::kProtocolViolation,
                    "function call message contains {} argument formats but {} arguments",
                    formats_.size(), values_.size());
  }
  check_text_values();
  call.argument_formats = formats_;
  call.arguments = values_;
  ask_for_worker(CallKind::kFunctionCall, {}, sink);
  backend_->function_call(call, sink);
  ready_for_query();
}

void Connection::handle_copy_message(const Message& message, ResultSink& sink) {
  MessageReader reader(message.body);
  switch (message.type) {
    case 'H':
    case 'S':  // some clients send them right after Execute, not knowing that it is a COPY
      return;
    case 'd':
      if (!sink.on_worker()) throw WouldBlock{};
      return backend_->copy_data(message.body, sink);
    case 'c': {
      reader.expect_end();
      if (!sink.on_worker()) throw WouldBlock{};
      Outcome outcome = backend_->copy_done(sink);
      if (copy_ == CopyState::kSimple) return end_simple(outcome);
      if (outcome == Outcome::kDone) copy_ = CopyState::kNone;
      return;
    }
    case 'f': {
      std::string_view reason = reader.read_string();
      reader.expect_end();
      reason = incoming(reason);
      backend_->copy_fail(reason);
      throw sql_error(SqlState::kQueryCanceled, "COPY from stdin failed: {}", reason);
    }
    default: {
      SqlError error = sql_error(SqlState::kProtocolViolation,
                                 "unexpected message type 0x{:02X} during COPY from stdin",
                                 static_cast<unsigned char>(message.type));
      backend_->failed(error);
      report(error);
      fail_fatally(SqlError(SqlState::kProtocolViolation,
                            "terminating connection because protocol synchronization was lost"));
    }
  }
}

}  // namespace luma
