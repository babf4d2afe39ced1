// The server's view of an opened database cluster: configuration in, sessions out.
#include "server/instance.h"

#include <arpa/inet.h>

#include <cstdlib>
#include <filesystem>

#include "engine/base/sql_error.h"
#include "pgwire/scram.h"
#include "server/hba.h"
#include "server/pg_backend.h"
#include "server/sql_settings.h"
#include "sql/session/instance.h"

namespace luma {

namespace {

KvOptions kv_options(const Configuration& configuration, Logger& logger) {
  KvOptions options;
  options.in_memory = configuration.in_memory;
  options.path = configuration.in_memory ? "memory" : configuration.data_dir;
  options.memtable_size = static_cast<uint64_t>(configuration.memtable_size);
  options.max_memtables = static_cast<int>(configuration.max_memtables);
  options.block_size = static_cast<uint64_t>(configuration.block_size);
  options.bloom_bits_per_key = static_cast<double>(configuration.bloom_bits_per_key);
  options.use_mmap = configuration.use_mmap;
  options.direct_io = configuration.direct_io;
  options.compression = configuration.compression == "none"     ? KvCompression::kNone
                        : configuration.compression == "snappy" ? KvCompression::kSnappy
                        : configuration.compression == "zstd"   ? KvCompression::kZstd
                                                                : KvCompression::kLz4;
  if (options.compression == KvCompression::kNone)
    options.bottom_compression = KvCompression::kNone;
  options.compaction_style = configuration.compaction_style == "universal"
                                 ? KvCompactionStyle::kUniversal
                             : configuration.compaction_style == "fifo" ? KvCompactionStyle::kFifo
                                                                        : KvCompactionStyle::kLevel;
  options.max_background_compactions = static_cast<int>(configuration.max_background_compactions);
  options.block_cache_size = static_cast<uint64_t>(configuration.block_cache_size);
  options.logger = &logger;
  return options;
}

CommitOptions commit_options(const Configuration& configuration) {
  CommitOptions options;
  options.mode = configuration.sync_mode == "always"     ? WalSyncMode::kAlways
                 : configuration.sync_mode == "periodic" ? WalSyncMode::kPeriodic
                 : configuration.sync_mode == "never"    ? WalSyncMode::kNever
                                                         : WalSyncMode::kGroupCommit;
  options.batch_size = static_cast<uint32_t>(configuration.batch_size);
  options.batch_timeout_us = static_cast<int32_t>(configuration.batch_timeout_us);
  options.large_commit_bytes = static_cast<size_t>(configuration.large_commit_size);
  options.row_cache_size = static_cast<size_t>(configuration.row_cache_size);
  options.sync_interval_ms = static_cast<uint32_t>(configuration.sync_interval_ms);
  return options;
}

ColumnarOptions columnar_options(const Configuration& configuration) {
  ColumnarOptions options;
  options.cache_bytes = static_cast<size_t>(configuration.columnar_cache_size);
  options.io = configuration.segment_io == "io_uring" ? SegmentIoMode::kUring
               : configuration.segment_io == "auto"   ? SegmentIoMode::kAuto
                                                      : SegmentIoMode::kPread;
  options.flush_rows = static_cast<uint64_t>(configuration.columnar_flush_rows);
  options.load_rows = static_cast<uint64_t>(configuration.columnar_load_rows);
  options.interval_ms = static_cast<uint32_t>(configuration.columnar_interval_ms);
  options.segment.zstd_level = static_cast<int>(configuration.columnar_zstd_level);
  return options;
}

std::string make_verifier(std::string_view password) {
  return ScramVerifier::from_password(password).to_string();
}

class PipelineDurability final : public Durability {
 public:
  explicit PipelineDurability(CommitPipeline& pipeline) : pipeline_(pipeline) {}
  bool is_durable(uint64_t commit_ts) const override { return commit_ts <= pipeline_.durable_ts(); }
  void on_durable(uint64_t commit_ts, std::function<void(bool)> callback) override {
    pipeline_.on_durable(commit_ts, [callback = std::move(callback)](const SqlError* error) {
      callback(error == nullptr);
    });
  }

 private:
  CommitPipeline& pipeline_;
};

// As pg_hba_file_rules shows them: the address and the mask of its network apart.
std::vector<AuthenticationRow> authentication_rows(const std::vector<HbaRule>& rules) {
  std::vector<AuthenticationRow> rows;
  for (const HbaRule& rule : rules) {
    AuthenticationRow& row = rows.emplace_back();
    row.type = rule.type;
    row.databases = rule.databases;
    row.users = rule.users;
    row.method = rule.method;
    if (rule.type == "local") continue;
    const size_t slash = rule.address.find('/');
    row.address = rule.address.substr(0, slash);
    if (rule.address == "all") continue;
    const bool wide = row.address->find(':') != std::string::npos;
    int bits = slash == std::string::npos ? (wide ? 128 : 32)
                                          : std::atoi(rule.address.c_str() + slash + 1);
    unsigned char mask[16] = {};
    for (size_t i = 0; i < sizeof mask && bits > 0; ++i, bits -= 8) {
      mask[i] = static_cast<unsigned char>(bits >= 8 ? 0xff : 0xff << (8 - bits));
    }
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(wide ? AF_INET6 : AF_INET, mask, text, sizeof text);
    row.netmask = text;
  }
  return rows;
}

class ServerInstance final : public Instance {
 public:
  ServerInstance(const Configuration& configuration, Logger& logger)
      : superuser_(configuration.superuser),
        instance_(with_rules(options_of(configuration, logger), configuration)),
        durability_(instance_.pipeline()),
        had_password_(superuser_has_password()) {}

  std::optional<RoleCredentials> find_role(std::string_view user) override {
    std::shared_ptr<const Role> role = instance_.catalog().find_role(user);
    if (role == nullptr) return std::nullopt;
    RoleCredentials credentials;
    credentials.verifier = role->password;
    credentials.superuser = role->superuser;
    credentials.expired = role->valid_until && *role->valid_until < current_timestamp_micros();
    return credentials;
  }

  std::unique_ptr<Backend> create(const ClientInfo& client, SessionHost& host) override {
    return std::make_unique<PgBackend>(instance_, client, host);
  }

  std::string cluster_secret() const override { return "lumadb:" + superuser_; }

  bool superuser_has_password() const override {
    bool found = false;
    CatalogPtr catalog = const_cast<SqlInstance&>(instance_).catalog().snapshot(kPostgresDatabase);
    catalog->for_each_role(
        [&](const Role& role) { found |= role.superuser && !role.password.empty(); });
    return found;
  }

  Durability& durability() override { return durability_; }
  void shutdown() override { instance_.close(); }

 private:
  SqlInstanceOptions with_rules(SqlInstanceOptions options, const Configuration& configuration) {
    options.authentication_rules = [this, configuration] {
      return authentication_rows(Hba::effective_rules(configuration, had_password_));
    };
    return options;
  }

  static SqlInstanceOptions options_of(const Configuration& configuration, Logger& logger) {
    SqlInstanceOptions options;
    options.kv = kv_options(configuration, logger);
    options.commit = commit_options(configuration);
    options.columnar = columnar_options(configuration);
    options.bootstrap.superuser = configuration.superuser;
    if (configuration.superuser_password) {
      options.bootstrap.password_verifier = make_verifier(*configuration.superuser_password);
    }
    if (configuration.memory_limit > 0)
      options.memory_limit_bytes = static_cast<size_t>(configuration.memory_limit);
    std::filesystem::path spill = configuration.in_memory
                                      ? std::filesystem::temp_directory_path()
                                      : std::filesystem::path(configuration.data_dir) / "spill";
    options.spill_directory = spill.string();
    options.logger = &logger;
    options.settings = initial_sql_settings(configuration);
    options.password_verifier = make_verifier;
    return options;
  }

  std::string superuser_;
  SqlInstance instance_;
  PipelineDurability durability_;
  bool had_password_ = false;  // a superuser, when the server started
};

}  // namespace

std::unique_ptr<Instance> open_instance(const Configuration& configuration, Logger& logger) {
  if (!configuration.in_memory) {
    std::error_code error;
    std::filesystem::create_directories(configuration.data_dir, error);
    if (!error)
      std::filesystem::create_directories(std::filesystem::path(configuration.data_dir) / "spill",
                                          error);
    if (error) {
      throw sql_error(SqlState::kIoError, "cannot create the data directory \"{}\": {}",
                      configuration.data_dir, error.message());
    }
  }
  return std::make_unique<ServerInstance>(configuration, logger);
}

}  // namespace luma
