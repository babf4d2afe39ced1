#pragma once
// A RowReceiver for tests: keeps everything as text.
#include <string>
#include <vector>

#include "sql/session/row_receiver.h"

namespace luma {

class CollectingReceiver final : public RowReceiver {
 public:
  void begin_rows(std::span<const ResultColumnInfo> columns) override {
    types_.clear();
    for (const ResultColumnInfo& column : columns) types_.push_back(column.type.oid);
  }
  void rows(const Chunk& chunk, uint32_t from, uint32_t count) override {
    IoContext io;
    for (uint32_t row = from; row < from + count; ++row) {
      std::string text;
      for (size_t i = 0; i < types_.size(); ++i) {
        if (i > 0) text += '|';
        Value value = chunk.columns[i].value(row);
        const TypeInfo& type = type_info(types_[i]);
        if (!value.is_null) type.output(value.datum, type, io, text);
      }
      log += text + ";";
    }
  }
  void complete(std::string_view tag) override { log += "[" + std::string(tag) + "]"; }
  void suspended() override { log += "[suspended]"; }
  void empty_query() override { log += "[empty]"; }
  void notice(MessageLevel, const SqlError& notice) override {
    log += "{" + sql_state_code(notice.state) + "}";
  }

  std::string log;

 private:
  std::vector<Oid> types_;
};

}  // namespace luma
