#include "sql/embedded/database_state.h"

#include <filesystem>

#include "engine/base/sql_error.h"
#include "sql/embedded/error_translation.h"

namespace luma::embedded_internal {
namespace {

class CallbackLogger final : public Logger {
 public:
  using Callback = std::function<void(embedded::LogLevel, std::string_view)>;
  explicit CallbackLogger(Callback callback) : callback_(std::move(callback)) {}

  bool enabled(LogLevel level) const override { return level != LogLevel::kDebug; }
  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    try {
      std::string line(message);
      for (const LogField& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        std::visit([&](const auto& value) { line += fmt::format("{}", value); }, field.value);
      }
      callback_(level_of(level), line);
    } catch (...) {  // logging never fails
    }
  }

 private:
  static embedded::LogLevel level_of(LogLevel level) {
    switch (level) {
      case LogLevel::kDebug:
        return embedded::LogLevel::kDebug;
      case LogLevel::kInfo:
        return embedded::LogLevel::kInfo;
      case LogLevel::kWarning:
        return embedded::LogLevel::kWarning;
      default:
        return embedded::LogLevel::kError;
    }
  }
  Callback callback_;
};

std::filesystem::path make_directory(const std::string& path, bool create) {
  std::filesystem::path directory(path);
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return directory;
  if (!create) {
    throw sql_error(SqlState::kUndefinedFile, "database directory \"{}\" does not exist", path);
  }
  if (!std::filesystem::create_directories(directory, error) && error) {
    throw sql_error(SqlState::kIoError, "could not create directory \"{}\": {}", path,
                    error.message());
  }
  return directory;
}

SqlInstanceOptions instance_options(const std::string& path, const embedded::Options& options,
                                    Logger* logger) {
  SqlInstanceOptions out;
  out.kv.block_cache_size = options.cache_bytes;
  out.kv.memtable_size = options.write_buffer_bytes;
  out.spill_directory = options.spill_directory;
  if (path.empty()) {
    out.kv.in_memory = true;
    out.kv.disk_reserve_size = 0;
    out.commit.mode = WalSyncMode::kNever;
  } else {
    std::filesystem::path directory = make_directory(path, options.create_if_missing);
    out.kv.path = path;  // as the server has it: either opens what the other made
    out.kv.disk_reserve_size = options.disk_reserve_bytes;
    if (!options.create_if_missing && !std::filesystem::exists(directory / "CURRENT")) {
      throw sql_error(SqlState::kUndefinedFile, "there is no database in \"{}\"", path);
    }
    if (out.spill_directory.empty()) {
      out.spill_directory = (directory / "spill").string();
      std::error_code error;
      if (!std::filesystem::create_directories(out.spill_directory, error) && error) {
        throw sql_error(SqlState::kIoError, "could not create directory \"{}\": {}",
                        out.spill_directory, error.message());
      }
    }
  }
  if (options.memory_limit_bytes != 0) out.memory_limit_bytes = options.memory_limit_bytes;
  out.bootstrap.superuser = options.superuser;
  out.logger = logger;
  out.settings = options.settings;
  if (!options.synchronous_commit) out.settings.emplace_back("synchronous_commit", "off");
  return out;
}

}  // namespace

DatabaseState::DatabaseState(const std::string& path, const embedded::Options& options)
    : timers_([this](int32_t pid, Interrupt::Reason reason) {
        instance_->activity().interrupt(pid, reason);
      }) {
  translated([&] {
    if (options.log) logger_ = std::make_unique<CallbackLogger>(options.log);
    instance_ = std::make_unique<SqlInstance>(instance_options(path, options, logger_.get()));
  });
}

std::string DatabaseState::superuser() const {
  return instance_->catalog().snapshot(kPostgresDatabase)->role_name(kBootstrapRole);
}

}  // namespace luma::embedded_internal
