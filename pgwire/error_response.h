#pragma once
// ErrorResponse and NoticeResponse.
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"

namespace luma {

class Transcoder;

// Appends message `type` ('E' or 'N'). `severity` is the word of the S and V fields. `statement` is
// the text that a byte offset in `error` counts in; empty when unknown (the position is then left
// out). Characters that the client's encoding lacks become question marks; null: it has UTF-8.
void append_error(std::string& output, char type, std::string_view severity, const SqlError& error,
                  std::string_view statement = {}, Transcoder* transcoder = nullptr);

}  // namespace luma
