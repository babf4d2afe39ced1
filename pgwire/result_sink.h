#pragma once
// Where a Backend writes its replies: backend messages of protocol 3.0, encoded straight into the
// connection's output buffer. Used only inside the Backend call it was passed to, by one thread.
//
// Escalation: when a Backend call throws WouldBlock, everything appended since the call began, or
// since the last checkpoint(), is taken back before the same call is made again on a worker.
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"
#include "engine/base/would_block.h"
#include "engine/type/oid.h"

namespace luma {

// One column of a RowDescription.
struct ColumnDescription {
  std::string_view name;
  Oid table = kInvalidOid;
  int16_t attribute_number = 0;
  Oid type = kInvalidOid;
  int16_t type_length = -1;
  int32_t typmod = -1;
  int16_t format = 0;  // 0 text, 1 binary
};

enum class NoticeSeverity : uint8_t { kDebug, kLog, kInfo, kNotice, kWarning };

// Hands a full output buffer of a worker to whoever owns the socket. Implemented by the server.
class OutputGate {
 public:
  virtual ~OutputGate() = default;
  // Takes the bytes of `output` (leaves it empty); blocks while the client is slow to read. Throws
  // what the session's interrupt says, or 08006 when the client is gone.
  virtual void drain(std::string& output) = 0;
};

class Transcoder;

// Says in which encoding a client gets and sends text. Asked again for every message, as a
// statement may change it.
class ClientEncoding {
 public:
  virtual ~ClientEncoding() = default;
  // nullptr: text goes as it is, in UTF-8.
  virtual Transcoder* transcoder() { return nullptr; }
};

class ResultSink {
 public:
  // Output beyond which a worker waits for the client, and an inline call moves to a worker.
  static constexpr size_t kOutputBoundBytes = size_t{1} << 20;

  // `gate` is null in inline mode, `encoding` where all text is UTF-8.
  ResultSink(std::string& output, OutputGate* gate, ClientEncoding* encoding = nullptr)
      : output_(output),
        gate_(gate),
        encoding_(encoding),
        checkpoint_(output.size()),
        start_(output.size()) {}
  ResultSink(const ResultSink&) = delete;
  ResultSink& operator=(const ResultSink&) = delete;

  // What values of rows in text format have to pass through; nullptr: nothing.
  Transcoder* transcoder() const {
    return encoding_ == nullptr ? nullptr : encoding_->transcoder();
  }
  // True when waiting is allowed; WouldBlock must not be thrown then.
  bool on_worker() const { return gate_ != nullptr; }

  // What was appended so far stays when this call escalates; the Backend must remember by itself
  // that it has got so far (a multi-statement string whose first statements are committed, say).
  void checkpoint() { checkpoint_ = output_.size(); }
  // On a worker: sends what there is and waits while the client is slow (a long-running statement
  // that wants its notices seen). Inline: no effect.
  void flush();
  // From here on this call cannot be repeated: end_row() no longer escalates, whatever the size.
  void forbid_escalation() { escalation_allowed_ = false; }

  // ---- rows
  void row_description(std::span<const ColumnDescription> columns);
  void no_data();
  void parameter_description(std::span<const Oid> types);

  void begin_row(int column_count) {
    begin_message('D');
    append_int16(static_cast<int16_t>(column_count));
  }
  // Append the value's bytes to the returned string, then call end_column().
  std::string& begin_column() {
    column_start_ = output_.size();
    output_.append(4, '\0');
    return output_;
  }
  void end_column() { patch_length(column_start_, output_.size() - column_start_ - 4); }
  void null_column() { output_.append(4, '\xff'); }
  void column(std::string_view bytes) {
    append_int32(static_cast<int32_t>(bytes.size()));
    output_.append(bytes);
  }
  // May wait for the client (worker) or throw WouldBlock (inline, bound reached).
  void end_row() {
    end_message();
    if (__builtin_expect(output_.size() - flushable_from() > kOutputBoundBytes, 0)) bound_reached();
  }

  // ---- ends of statements
  void command_complete(std::string_view tag);
  void empty_query();
  void portal_suspended();
  // Result of a FunctionCall; nullopt is SQL NULL.
  void function_result(std::optional<std::string_view> bytes);

  // ---- COPY. Formats: 0 text (and csv), 1 binary, overall and for every column.
  void copy_in_response(int8_t format, std::span<const int16_t> column_formats);
  void copy_out_response(int8_t format, std::span<const int16_t> column_formats);
  std::string& begin_copy_data() {
    begin_message('d');
    return output_;
  }
  void end_copy_data() { end_row(); }
  void copy_done();

  // ---- asynchronous messages
  void parameter_status(std::string_view name, std::string_view value);
  void notification(int32_t process_id, std::string_view channel, std::string_view payload);
  // `notice.state` kSuccessfulCompletion, kWarning, ...; fields as in an error.
  void notice(NoticeSeverity severity, const SqlError& notice);

  // ---- for Connection
  // Undoes everything since the last checkpoint (the call is going to be repeated).
  void roll_back() {
    output_.resize(checkpoint_);
    message_start_ = kNoMessage;
  }
  // Drops a message that was begun and not ended (the call failed in the middle of a row).
  void drop_partial_message() {
    if (message_start_ != kNoMessage) output_.resize(message_start_);
    message_start_ = kNoMessage;
  }

 private:
  static constexpr size_t kNoMessage = ~size_t{0};

  size_t flushable_from() const { return gate_ != nullptr ? 0 : start_; }
  void bound_reached();
  void begin_message(char type) {
    message_start_ = output_.size();
    output_.append({type, '\0', '\0', '\0', '\0'});
  }
  void end_message() {
    size_t length = output_.size() - message_start_ - 1;
    if (__builtin_expect(length > kMaxMessageBytes, 0)) message_too_long();
    patch_length(message_start_ + 1, length);
    message_start_ = kNoMessage;
  }
  [[noreturn]] void message_too_long();
  void copy_response(char type, int8_t format, std::span<const int16_t> column_formats);
  void append_int16(int16_t value) {
    uint16_t big = __builtin_bswap16(static_cast<uint16_t>(value));
    output_.append(reinterpret_cast<const char*>(&big), sizeof big);
  }
  void append_int32(int32_t value) {
    uint32_t big = __builtin_bswap32(static_cast<uint32_t>(value));
    output_.append(reinterpret_cast<const char*>(&big), sizeof big);
  }
  void append_text(std::string_view text);
  void patch_length(size_t at, size_t length) {
    uint32_t big = __builtin_bswap32(static_cast<uint32_t>(length));
    std::memcpy(output_.data() + at, &big, sizeof big);
  }

  static constexpr size_t kMaxMessageBytes = 0x3fffffff;

  std::string& output_;
  OutputGate* gate_;
  ClientEncoding* encoding_;
  size_t checkpoint_;
  size_t start_;
  size_t message_start_ = kNoMessage;
  size_t column_start_ = 0;
  bool escalation_allowed_ = true;
};

// Position as ErrorResponse has it: 1-based, in characters of the UTF-8 `statement`, of a 0-based
// byte offset; 0 when the offset is negative or past the end.
int character_position(std::string_view statement, int byte_offset);

}  // namespace luma
