#include "engine/base/log.h"

namespace luma {
namespace {

class NullLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, std::span<const LogField>) override {}
};

}  // namespace

Logger& null_logger() {
  static NullLogger logger;  // stateless
  return logger;
}

}  // namespace luma
