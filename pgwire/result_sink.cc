#include "pgwire/result_sink.h"

#include "engine/type/encoding.h"
#include "pgwire/error_response.h"

namespace luma {

void ResultSink::append_text(std::string_view text) {
  if (Transcoder* transcoder = this->transcoder()) {
    output_.append(transcoder->from_utf8(text));
  } else {
    output_.append(text);
  }
  output_.push_back('\0');
}

void ResultSink::row_description(std::span<const ColumnDescription> columns) {
  begin_message('T');
  append_int16(static_cast<int16_t>(columns.size()));
  for (const ColumnDescription& column : columns) {
    append_text(column.name);
    append_int32(static_cast<int32_t>(column.table));
    append_int16(column.attribute_number);
    append_int32(static_cast<int32_t>(column.type));
    append_int16(column.type_length);
    append_int32(column.typmod);
    append_int16(column.format);
  }
  end_message();
}

void ResultSink::no_data() {
  begin_message('n');
  end_message();
}

void ResultSink::parameter_description(std::span<const Oid> types) {
  begin_message('t');
  append_int16(static_cast<int16_t>(types.size()));
  for (Oid type : types) append_int32(static_cast<int32_t>(type));
  end_message();
}

void ResultSink::command_complete(std::string_view tag) {
  begin_message('C');
  append_text(tag);
  end_message();
}

void ResultSink::empty_query() {
  begin_message('I');
  end_message();
}

void ResultSink::portal_suspended() {
  begin_message('s');
  end_message();
}

void ResultSink::function_result(std::optional<std::string_view> bytes) {
  begin_message('V');
  if (bytes) {
    column(*bytes);
  } else {
    null_column();
  }
  end_message();
}

void ResultSink::copy_response(char type, int8_t format, std::span<const int16_t> column_formats) {
  begin_message(type);
  output_.push_back(static_cast<char>(format));
  append_int16(static_cast<int16_t>(column_formats.size()));
  for (int16_t column_format : column_formats) append_int16(column_format);
  end_message();
}

void ResultSink::copy_in_response(int8_t format, std::span<const int16_t> column_formats) {
  copy_response('G', format, column_formats);
}

void ResultSink::copy_out_response(int8_t format, std::span<const int16_t> column_formats) {
  copy_response('H', format, column_formats);
}

void ResultSink::copy_done() {
  begin_message('c');
  end_message();
}

void ResultSink::parameter_status(std::string_view name, std::string_view value) {
  begin_message('S');
  append_text(name);
  append_text(value);
  end_message();
}

void ResultSink::notification(int32_t process_id, std::string_view channel,
                              std::string_view payload) {
  begin_message('A');
  append_int32(process_id);
  append_text(channel);
  append_text(payload);
  end_message();
}

void ResultSink::notice(NoticeSeverity severity, const SqlError& notice) {
  static constexpr std::string_view kNames[] = {"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"};
  append_error(output_, 'N', kNames[static_cast<size_t>(severity)], notice, {}, transcoder());
  // Whoever waits for a long statement sees what it says at once.
  flush();
}

void ResultSink::flush() {
  if (gate_ == nullptr || output_.empty()) return;
  gate_->drain(output_);
  checkpoint_ = start_ = 0;
}

void ResultSink::bound_reached() {
  if (gate_ != nullptr) {
    flush();
  } else if (escalation_allowed_) {
    throw WouldBlock{};
  }
}

void ResultSink::message_too_long() {
  throw sql_error(SqlState::kProgramLimitExceeded,
                  "message of {} bytes is too long for the protocol",
                  output_.size() - message_start_ - 1)
      .detail("A message holds at most 1 GB.");
}

int character_position(std::string_view statement, int byte_offset) {
  if (byte_offset < 0 || static_cast<size_t>(byte_offset) > statement.size() || statement.empty()) {
    return 0;
  }
  int characters = 1;
  for (char byte : statement.substr(0, static_cast<size_t>(byte_offset))) {
    if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++characters;
  }
  return characters;
}

}  // namespace luma
