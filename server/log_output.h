#pragma once
// The server's Logger: text or JSON lines to standard error or a file.
#include <memory>
#include <string>

#include "engine/base/log.h"

namespace luma {

// `level` and `format` as in [log]. Throws SqlError F0000 when the file cannot be opened.
std::unique_ptr<Logger> open_log(const std::string& level, const std::string& format,
                                 const std::string& file);

}  // namespace luma
