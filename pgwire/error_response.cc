#include "pgwire/error_response.h"

#include <cstring>

#include "engine/type/encoding.h"
#include "pgwire/result_sink.h"

namespace luma {

void append_error(std::string& output, char type, std::string_view severity, const SqlError& error,
                  std::string_view statement, Transcoder* transcoder) {
  size_t start = output.size();
  output.append({type, '\0', '\0', '\0', '\0'});
  auto field = [&](char code, std::string_view text) {
    output.push_back(code);
    // A zero byte would end the field early and shift everything after it.
    text = text.substr(0, text.find('\0'));
    if (transcoder != nullptr) {
      output.append(transcoder->from_utf8_or_question_marks(text));
    } else {
      output.append(text);
    }
    output.push_back('\0');
  };
  auto optional_field = [&](char code, std::string_view text) {
    if (!text.empty()) field(code, text);
  };
  field('S', severity);
  field('V', severity);
  field('C', sql_state_code(error.state));
  field('M', error.message);
  optional_field('D', error.detail_text);
  optional_field('H', error.hint_text);
  int position = error.position;
  if (position <= 0) position = character_position(statement, error.byte_offset);
  if (position > 0) field('P', std::to_string(position));
  optional_field('W', error.context_text);
  optional_field('s', error.schema_name);
  optional_field('t', error.table_name);
  optional_field('c', error.column_name);
  optional_field('d', error.datatype_name);
  optional_field('n', error.constraint_name);
  optional_field('R', error.routine);
  output.push_back('\0');
  uint32_t length = __builtin_bswap32(static_cast<uint32_t>(output.size() - start - 1));
  std::memcpy(output.data() + start + 1, &length, sizeof length);
}

}  // namespace luma
