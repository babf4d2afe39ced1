#pragma once
// Takes the one value of a FunctionCall from the rows of the statement it became. Made for one
// call; used by its thread.
#include <optional>
#include <string>

#include "engine/type/user_type.h"
#include "server/binary_text.h"
#include "server/row_encoder.h"

namespace luma {

class FunctionResult final : public RowReceiver {
 public:
  // `format`: 0 text, 1 binary.
  FunctionResult(SqlSession& session, ResultSink& sink, int16_t format,
                 RowEncoder::Scratch& scratch)
      : session_(session), sink_(sink), format_(format), notices_(session, sink, false, scratch) {}

  // The reply; nothing may go wrong with the call after it.
  void send() {
    sink_.function_result(value_ ? std::optional<std::string_view>(*value_) : std::nullopt);
  }

  void begin_rows(std::span<const ResultColumnInfo> columns) override {
    type_ = &type_info(base_type_of(columns[0].type.oid));
    if (format_ == 1 && type_->send == nullptr) {
      throw sql_error(SqlState::kUndefinedFunction,
                      "no binary output function available for type {}", format_type(type_->oid));
    }
  }
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override {
    if (count == 0 || chunk.columns[0].is_null(from)) return;
    value_.emplace();
    auto encode = format_ == 1 ? type_->send : type_->output;
    if (encode != nullptr) {
      encode(chunk.columns[0].value(from).datum, *type_, session_.io(), *value_);
    }
    Transcoder* transcoder = sink_.transcoder();
    if (transcoder == nullptr) return;
    if (format_ == 1) require_convertible(*type_, *transcoder);
    if (format_ == 0 || is_binary_text(*type_)) value_ = transcoder->from_utf8(*value_);
  }
  void complete(std::string_view) override {}
  void suspended() override {}
  void empty_query() override {}
  void notice(MessageLevel level, const SqlError& notice) override {
    notices_.notice(level, notice);
  }

 private:
  SqlSession& session_;
  ResultSink& sink_;
  int16_t format_;
  RowEncoder notices_;
  const TypeInfo* type_ = nullptr;
  std::optional<std::string> value_;
};

}  // namespace luma
