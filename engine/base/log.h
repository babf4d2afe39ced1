#pragma once
// Logging as the engine and the sessions see it; what becomes of the lines is the server's
// business. A Logger is passed to whoever logs (no global). Implementations are thread-safe and
// never throw.
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

namespace luma {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError, kFatal };

// One named value of a structured log line. Views need to live only as long as the call.
struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double, bool> value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, int64_t v) : key(k), value(v) {}
  LogField(std::string_view k, int v) : key(k), value(int64_t{v}) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
};

class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view message,
                     std::span<const LogField> fields) = 0;

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(level)) write(level, message, {fields.begin(), fields.size()});
  }
};

// Drops everything; for tests and the embedded mode.
Logger& null_logger();

}  // namespace luma
