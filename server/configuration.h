#pragma once
// Everything that can be set. One table (configuration.cc) has a row for every setting; the command
// line, --help, luma.toml, validation and the documentation page derive from it.
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace luma {

// One [[hba]] table: who may come in from where, and how they prove who they are. First match wins.
struct HbaRule {
  std::string type = "host";  // local, host, hostssl, hostnossl
  std::vector<std::string> databases{"all"};
  std::vector<std::string> users{"all"};
  std::string address = "all";  // "all", an address, or address/bits
  std::string method;           // trust, reject, scram-sha-256, md5, password
};

struct Configuration {
  // [server]
  std::string data_dir, listen, socket_dir, superuser, tls_cert, tls_key, auth;
  int64_t port = 0, max_connections = 0, superuser_reserved_connections = 0, threads = 0,
          max_workers = 0;
  int64_t authentication_timeout_ms = 0, shutdown_timeout_ms = 0, max_unauthenticated = 0;
  bool in_memory = false;
  // [memory]
  int64_t memory_limit = 0, work_mem = 0, memtable_size = 0, max_memtables = 0;
  // [storage]
  int64_t block_size = 0, bloom_bits_per_key = 0;
  bool use_mmap = false, direct_io = false;
  std::string compression, segment_io;
  // [wal]
  std::string sync_mode;
  int64_t batch_size = 0, batch_timeout_us = 0, large_commit_size = 0, sync_interval_ms = 0;
  // [compaction]
  std::string compaction_style;
  int64_t max_background_compactions = 0;
  // [cache]
  int64_t block_cache_size = 0, row_cache_size = 0;
  // [columnar]
  int64_t columnar_cache_size = 0, columnar_flush_rows = 0, columnar_load_rows = 0,
          columnar_interval_ms = 0, columnar_zstd_level = 0;
  // [log]
  std::string log_level, log_format, log_file, log_statement;
  int64_t log_min_duration_ms = 0;
  bool log_connections = false;

  std::vector<HbaRule> hba;
  // PostgreSQL's settings for every session, by their own names ([sql], -c).
  std::vector<std::pair<std::string, std::string>> sql_settings;
  std::string config_file;  // where luma.toml was read, an absolute path
  // Never from luma.toml: --password-file, or the environment.
  std::optional<std::string> superuser_password;
};

enum class SettingKind : uint8_t { kBool, kInteger, kSize, kText, kChoice };

struct ConfigurationRow {
  std::string_view section, key;
  SettingKind kind;
  std::variant<bool Configuration::*, int64_t Configuration::*, std::string Configuration::*> field;
  std::string_view default_value;
  std::string_view flag;  // command-line spelling ("--port"); empty: only --set section.key=value
  std::string_view choices;  // of kChoice, separated by '|'
  std::string_view doc;
  int64_t minimum = 0;
  int64_t maximum = std::numeric_limits<int64_t>::max();

  std::string name() const { return std::string(section) + "." + std::string(key); }
};

std::span<const ConfigurationRow> setting_rows();
// nullptr when unknown.
const ConfigurationRow* find_setting(std::string_view dotted_name);
// The existing name nearest to `dotted_name`, by edit distance; for "did you mean".
std::string nearest_setting(std::string_view dotted_name);

// A configuration of defaults. Throws SqlError F0000 for an unknown preset ("" is none).
Configuration default_configuration(std::string_view preset = {});
// Parses and checks `value`; throws SqlError F0000 with one sentence.
void apply_setting(Configuration& configuration, const ConfigurationRow& row,
                   std::string_view value);
// Applies a whole luma.toml. Throws SqlError F0000: unreadable, malformed, unknown or wrong
// settings.
void apply_toml_file(Configuration& configuration, const std::string& path);
void apply_toml_text(Configuration& configuration, std::string_view text,
                     const std::string& source);
// Conditions over several settings. Throws SqlError F0000.
void check_configuration(const Configuration& configuration);

// "64MB", "4 GiB", "8192"; units are powers of 1024. "10%" is of machine_memory_bytes(). nullopt
// when malformed.
std::optional<int64_t> parse_size(std::string_view text);
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

// The settings reference in Markdown.
std::string configuration_reference();

}  // namespace luma
