// The only file that sees spdlog.
#include "server/log_output.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kFatal:
      return spdlog::level::critical;
  }
  return spdlog::level::info;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

// One line a record, whatever a client put into its statement.
void append_line_text(std::string& out, std::string_view text) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(spdlog::sink_ptr sink, spdlog::level::level_enum level, bool json)
      : json_(json), logger_("lumadb", std::move(sink)) {
    logger_.set_level(level);
    logger_.flush_on(spdlog::level::warn);
    // JSON lines carry level and time as fields of their own.
    logger_.set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                             : "%Y-%m-%d %H:%M:%S.%e %z [%P] %l: %v");
  }

  bool enabled(LogLevel level) const override { return logger_.should_log(spdlog_level(level)); }

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override
      try {
    std::string line;
    if (json_) {
      line += "\"message\":";
      append_json_string(line, message);
    } else {
      append_line_text(line, message);
    }
    for (const LogField& field : fields) append_field(line, field);
    logger_.log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
    if (level == LogLevel::kInfo) logger_.flush();
  } catch (...) {
    // A full disk must not take statements down with the log.
  }

 private:
  void append_field(std::string& line, const LogField& field) const {
    if (json_) {
      line += ',';
      append_json_string(line, field.key);
      line += ':';
    } else {
      line += ' ';
      line += field.key;
      line += '=';
    }
    if (auto text = std::get_if<std::string_view>(&field.value)) {
      if (json_) {
        append_json_string(line, *text);
      } else {
        line += '"';
        append_line_text(line, *text);
        line += '"';
      }
    } else if (auto number = std::get_if<int64_t>(&field.value)) {
      line += std::to_string(*number);
    } else if (auto real = std::get_if<double>(&field.value)) {
      line += fmt::format("{:.3f}", *real);
    } else {
      line += std::get<bool>(field.value) ? "true" : "false";
    }
  }

  bool json_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Logger> open_log(const std::string& level, const std::string& format,
                                 const std::string& file) {
  spdlog::sink_ptr sink;
  try {
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    throw sql_error(SqlState::kConfigFileError, "could not open log file \"{}\"", file);
  }
  spdlog::level::level_enum least = level == "debug"     ? spdlog::level::debug
                                    : level == "warning" ? spdlog::level::warn
                                    : level == "error"   ? spdlog::level::err
                                    : level == "fatal"   ? spdlog::level::critical
                                                         : spdlog::level::info;
  return std::make_unique<SpdlogLogger>(std::move(sink), least, format == "json");
}

}  // namespace luma
