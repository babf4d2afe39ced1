#pragma once
// Encodes what a session sends (RowReceiver) as backend messages, straight into the connection's
// output buffer. Made for one Backend call; used by its thread.
#include <span>
#include <vector>

#include "pgwire/result_sink.h"
#include "sql/session/session.h"

namespace luma {

class RowEncoder final : public RowReceiver {
 private:
  // How one column's values become bytes.
  struct Column {
    const TypeInfo* type = nullptr;
    enum class Coding : uint8_t {
      kText,
      kBinary,
      kInt16,
      kInt32,
      kInt64,
      kBytes
    } coding = Coding::kText;
  };

 public:
  // What encoders of one backend leave to each other, so that they need not allocate.
  class Scratch {
    friend class RowEncoder;
    std::vector<Column> columns_;
  };

  // `describe`: begin_rows() sends a RowDescription (simple protocol). `formats`: of the result
  // columns, as Bind gave them; none: all text.
  RowEncoder(SqlSession& session, ResultSink& sink, bool describe, Scratch& scratch,
             std::span<const int16_t> formats = {})
      : session_(session),
        sink_(sink),
        describe_(describe),
        formats_(formats),
        columns_(scratch.columns_) {}

  void begin_rows(std::span<const ResultColumnInfo> columns) override;
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override;
  void complete(std::string_view tag) override { sink_.command_complete(tag); }
  void suspended() override { sink_.portal_suspended(); }
  void empty_query() override { sink_.empty_query(); }
  void copy_in(int8_t format, std::span<const int16_t> columns) override {
    sink_.copy_in_response(format, columns);
  }
  void copy_out(int8_t format, std::span<const int16_t> columns) override {
    sink_.copy_out_response(format, columns);
  }
  // Bytes that COPY has brought into the client's encoding.
  void copy_data(std::string_view bytes) override {
    sink_.begin_copy_data().append(bytes);
    sink_.end_copy_data();
  }
  void copy_done() override { sink_.copy_done(); }
  void notice(MessageLevel level, const SqlError& notice) override;
  void checkpoint() override { sink_.checkpoint(); }
  void forbid_repeat() override { sink_.forbid_escalation(); }

 private:
  void encode(const Column& column, const Vector& vector, uint32_t row);
  // The same for clients that do not use UTF-8.
  void encode_converted(const Column& column, const Vector& vector, uint32_t row);

  SqlSession& session_;
  ResultSink& sink_;
  bool describe_;
  std::span<const int16_t> formats_;
  std::vector<Column>& columns_;
  Transcoder* transcoder_ = nullptr;  // of the rows since begin_rows()
};

// RowDescription of `columns`; `formats` as in Bind (none: all text).
void send_row_description(ResultSink& sink, std::span<const ResultColumnInfo> columns,
                          std::span<const int16_t> formats, bool binary);

}  // namespace luma
