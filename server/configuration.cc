#include "server/configuration.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "engine/base/sql_error.h"
#include "server/machine_memory.h"

namespace luma {
namespace {

using C = Configuration;
using enum SettingKind;
constexpr int64_t kNoMaximum = std::numeric_limits<int64_t>::max();

constexpr ConfigurationRow kRows[] = {
    {"server", "data_dir", kText, &C::data_dir, "", "--data-dir", "",
     "Directory that holds the database; made when it does not exist."},
    {"server", "in_memory", kBool, &C::in_memory, "false", "--in-memory", "",
     "Keep everything in memory; nothing survives the process."},
    {"server", "listen", kText, &C::listen, "localhost", "--listen", "",
     "Addresses to listen on, separated by commas; * is all, an empty text none (Unix socket "
     "only)."},
    {"server", "port", kInteger, &C::port, "5432", "--port", "",
     "TCP port, and part of the Unix socket's name.", 0, 65535},
    {"server", "socket_dir", kText, &C::socket_dir, "/tmp", "--socket-dir", "",
     "Directory of the Unix socket .s.PGSQL.<port>; an empty text for none."},
    {"server", "max_connections", kInteger, &C::max_connections, "100", "--max-connections", "",
     "Sessions at a time, counted after authentication.", 1, 262143},
    {"server", "superuser_reserved_connections", kInteger, &C::superuser_reserved_connections, "3",
     "", "", "How many of max_connections only superusers may take.", 0, 262143},
    {"server", "max_unauthenticated", kInteger, &C::max_unauthenticated, "16384", "", "",
     "Connections that have not authenticated yet; beyond it the oldest of them is dropped.", 1,
     1000000},
    {"server", "threads", kInteger, &C::threads, "0", "--threads", "",
     "Event-loop threads; 0 is one for every processor.", 0, 1024},
    {"server", "max_workers", kInteger, &C::max_workers, "0", "", "",
     "Threads for statements that may wait; 0 is one for every possible session.", 0, 262143},
    {"server", "superuser", kText, &C::superuser, "postgres", "--superuser", "",
     "Name of the bootstrap superuser when the database is made (also POSTGRES_USER)."},
    {"server", "auth", kChoice, &C::auth, "auto", "--auth",
     "auto|trust|scram-sha-256|md5|password|reject",
     "How clients authenticate where no [[hba]] rule is given; auto asks for the password (SCRAM) "
     "when the "
     "superuser has one, and otherwise trusts local clients."},
    {"server", "tls_cert", kText, &C::tls_cert, "", "--tls-cert", "",
     "Certificate chain (PEM); turns TLS on."},
    {"server", "tls_key", kText, &C::tls_key, "", "--tls-key", "",
     "Private key (PEM) of tls_cert."},
    {"server", "authentication_timeout_ms", kInteger, &C::authentication_timeout_ms, "60000", "",
     "", "How long a client may take to authenticate.", 1, 600000},
    {"server", "shutdown_timeout_ms", kInteger, &C::shutdown_timeout_ms, "30000", "", "",
     "How long SIGTERM lets running statements go on before it cancels them.", 0, 86400000},

    {"memory", "limit", kSize, &C::memory_limit, "50%", "--memory-limit", "",
     "Memory that statements may use together; 0 is no limit."},
    {"memory", "work_mem", kSize, &C::work_mem, "64MB", "", "",
     "Memory that one operator of a plan uses before it spills to disk.", 65536, kNoMaximum},
    {"memory", "memtable_size", kSize, &C::memtable_size, "64MB", "", "",
     "Size of one in-memory write buffer.", 65536, kNoMaximum},
    {"memory", "max_memtables", kInteger, &C::max_memtables, "4", "", "",
     "Write buffers, full and current, before writers wait.", 2, 64},

    {"storage", "block_size", kSize, &C::block_size, "16kB", "", "",
     "Size of a data block before compression.", 1024, 16 << 20},
    {"storage", "compression", kChoice, &C::compression, "lz4", "", "none|snappy|lz4|zstd",
     "Compression of data blocks."},
    {"storage", "bloom_bits_per_key", kInteger, &C::bloom_bits_per_key, "10", "", "",
     "Bits of bloom filter for every key; 0 turns the filters off.", 0, 64},
    {"storage", "use_mmap", kBool, &C::use_mmap, "false", "", "", "Read data files through mmap."},
    {"storage", "direct_io", kBool, &C::direct_io, "false", "", "",
     "Bypass the page cache in reads, flushes and compactions."},
    {"storage", "segment_io", kChoice, &C::segment_io, "pread", "", "pread|io_uring|auto",
     "How files of columnar segments are read: through the page cache, or many pieces at once past "
     "it; auto is io_uring where the system allows it."},

    {"wal", "sync_mode", kChoice, &C::sync_mode, "group_commit", "--sync-mode",
     "always|group_commit|periodic|never",
     "When a commit counts as durable: after its own sync, after a sync it shares with others, at "
     "once with a "
     "sync in the background, or at once with none."},
    {"wal", "batch_size", kInteger, &C::batch_size, "1024", "", "",
     "A sync waits no longer for commits that will share it when there are so many.", 1, 1 << 20},
    {"wal", "batch_timeout_us", kInteger, &C::batch_timeout_us, "-1", "", "",
     "How long a sync waits for commits that will share it; -1: where that helps, at most as "
     "long as a sync takes.",
     -1, 1000000},
    {"wal", "large_commit_size", kSize, &C::large_commit_size, "2MB", "", "",
     "Transactions with more changes are written as table files, past the log and memory."},
    {"wal", "sync_interval_ms", kInteger, &C::sync_interval_ms, "100", "", "",
     "Interval of syncs in mode periodic: what a crash of the machine may lose.", 1, 60000},

    {"compaction", "style", kChoice, &C::compaction_style, "level", "", "level|universal|fifo",
     "How sorted runs are merged."},
    {"compaction", "max_background_compactions", kInteger, &C::max_background_compactions, "2", "",
     "", "Compactions at a time.", 1, 256},

    {"cache", "block_cache_size", kSize, &C::block_cache_size, "10%", "", "",
     "Cache of uncompressed data blocks.", 1 << 20, kNoMaximum},
    {"cache", "row_cache_size", kSize, &C::row_cache_size, "5%", "", "",
     "Cache of rows that are read by their key; 0 turns it off."},

    {"columnar", "cache_size", kSize, &C::columnar_cache_size, "10%", "", "",
     "Cache of encoded column chunks.", 1 << 20, kNoMaximum},
    {"columnar", "flush_rows", kInteger, &C::columnar_flush_rows, "65536", "", "",
     "Changed rows of a columnar table that make the background write them into a segment.", 1,
     kNoMaximum},
    {"columnar", "load_rows", kInteger, &C::columnar_load_rows, "16384", "", "",
     "A statement that inserts more rows into a columnar table writes the rest into segments at "
     "once.",
     0, kNoMaximum},
    {"columnar", "interval_ms", kInteger, &C::columnar_interval_ms, "500", "", "",
     "How often the background looks for changed rows.", 1, 3600000},
    {"columnar", "zstd_level", kInteger, &C::columnar_zstd_level, "0", "", "",
     "Level of compression of new column chunks on top of their encoding; 0 is none.", 0, 19},

    {"log", "level", kChoice, &C::log_level, "info", "--log-level",
     "debug|info|warning|error|fatal", "Least severity that is logged."},
    {"log", "format", kChoice, &C::log_format, "text", "--log-format", "text|json",
     "Form of a log line."},
    {"log", "file", kText, &C::log_file, "", "", "",
     "Where to log; an empty text is standard error."},
    {"log", "connections", kBool, &C::log_connections, "false", "", "",
     "Log connections and disconnections."},
    {"log", "statement", kChoice, &C::log_statement, "none", "", "none|ddl|mod|all",
     "Which statements are logged."},
    {"log", "min_duration_ms", kInteger, &C::log_min_duration_ms, "-1", "", "",
     "Log statements that take at least so long; -1 logs none.", -1, 2147483647},
};

struct PresetRow {
  std::string_view preset, setting, value;
};
constexpr PresetRow kPresets[] = {
    {"fast", "wal.sync_mode", "periodic"},
    {"fast", "memory.memtable_size", "256MB"},
    {"fast", "cache.block_cache_size", "20%"},
    {"fast", "cache.row_cache_size", "10%"},
    {"fast", "columnar.cache_size", "20%"},
    {"durable", "wal.sync_mode", "always"},
    {"low_memory", "server.threads", "1"},
    {"low_memory", "server.max_connections", "20"},
    {"low_memory", "memory.limit", "256MB"},
    {"low_memory", "memory.work_mem", "4MB"},
    {"low_memory", "memory.memtable_size", "8MB"},
    {"low_memory", "memory.max_memtables", "2"},
    {"low_memory", "cache.block_cache_size", "16MB"},
    {"low_memory", "cache.row_cache_size", "4MB"},
    {"low_memory", "columnar.cache_size", "16MB"},
    {"low_memory", "compaction.max_background_compactions", "1"},
};

SqlError config_error(std::string text) { return {SqlState::kConfigFileError, std::move(text)}; }

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"true", "on", "yes", "1"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"false", "off", "no", "0"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    size_t bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == choices.npos) break;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const ConfigurationRow> setting_rows() { return kRows; }

const ConfigurationRow* find_setting(std::string_view dotted_name) {
  for (const ConfigurationRow& row : kRows) {
    if (row.name() == dotted_name) return &row;
  }
  return nullptr;
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::string best;
  size_t best_distance = ~size_t{0};
  for (const std::string& candidate : candidates) {
    size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string nearest_setting(std::string_view dotted_name) {
  // A known key in the wrong section is nearer than any spelling.
  std::string_view key = dotted_name.substr(dotted_name.rfind('.') + 1);
  std::vector<std::string> names;
  for (const ConfigurationRow& row : kRows) {
    if (row.key == key) return row.name();
    names.push_back(row.name());
  }
  return nearest_name(dotted_name, names);
}

std::optional<int64_t> parse_size(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  std::optional<int64_t> number = parse_integer(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string unit;
  for (char c : text.substr(digits)) {
    if (c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (unit == "%") {
    if (*number > 100) return std::nullopt;
    return static_cast<int64_t>(machine_memory_bytes() / 100) * *number;
  }
  static constexpr std::string_view kUnits[] = {"b", "k", "m", "g", "t"};
  int shift = -1;
  for (int i = 0; i < 5; ++i) {
    std::string letter(kUnits[i]);
    if (unit == letter || (i > 0 && (unit == letter + "b" || unit == letter + "ib")))
      shift = 10 * i;
  }
  if (unit.empty()) shift = 0;
  if (shift < 0 || *number > (kNoMaximum >> shift)) return std::nullopt;
  return *number << shift;
}

void apply_setting(Configuration& configuration, const ConfigurationRow& row,
                   std::string_view value) {
  auto refuse = [&](std::string wanted) {
    return config_error(fmt::format("setting {} cannot be \"{}\": {}", row.name(), value, wanted));
  };
  if (auto field = std::get_if<bool Configuration::*>(&row.field)) {
    std::optional<bool> parsed = parse_bool(value);
    if (!parsed) throw refuse("it is true or false");
    configuration.** field = *parsed;
  } else if (auto field = std::get_if<int64_t Configuration::*>(&row.field)) {
    bool size = row.kind == SettingKind::kSize;
    std::optional<int64_t> parsed = size ? parse_size(value) : parse_integer(value);
    if (!parsed)
      throw refuse(size ? "it is a size such as 64MB or, of the machine's memory, 10%"
                        : "it is a whole number");
    if (*parsed < row.minimum || *parsed > row.maximum) {
      throw refuse(row.maximum == kNoMaximum
                       ? fmt::format("it is at least {}", row.minimum)
                       : fmt::format("it is between {} and {}", row.minimum, row.maximum));
    }
    configuration.** field = *parsed;
  } else {
    if (row.field == decltype(row.field)(&Configuration::auth) && value == "scram")
      value = "scram-sha-256";
    if (row.kind == SettingKind::kChoice && !is_choice(row.choices, value)) {
      throw refuse(fmt::format("it is one of {}", row.choices));
    }
    configuration.*std::get<std::string Configuration::*>(row.field) = value;
  }
}

Configuration default_configuration(std::string_view preset) {
  Configuration configuration;
  for (const ConfigurationRow& row : kRows) apply_setting(configuration, row, row.default_value);
  bool known = preset.empty();
  for (const PresetRow& row : kPresets) {
    if (row.preset != preset) continue;
    known = true;
    apply_setting(configuration, *find_setting(row.setting), row.value);
  }
  if (!known) {
    throw config_error(
        fmt::format("there is no preset \"{}\": presets are fast, durable and low_memory", preset));
  }
  return configuration;
}

void check_configuration(const Configuration& configuration) {
  if (configuration.data_dir.empty() && !configuration.in_memory) {
    throw config_error("nowhere to keep the data: give --data-dir <directory> or --in-memory");
  }
  if (!configuration.data_dir.empty() && configuration.in_memory) {
    throw config_error("--data-dir and --in-memory exclude each other");
  }
  if (configuration.tls_cert.empty() != configuration.tls_key.empty()) {
    throw config_error("TLS needs both tls_cert and tls_key");
  }
  if (configuration.listen.empty() && configuration.socket_dir.empty()) {
    throw config_error("nothing to listen on: listen and socket_dir are both empty");
  }
  if (configuration.superuser_reserved_connections >= configuration.max_connections) {
    throw config_error("superuser_reserved_connections must be less than max_connections");
  }
}

std::string configuration_reference() {
  std::string out = "# Settings\n";
  std::string_view section;
  for (const ConfigurationRow& row : kRows) {
    if (row.section != section) {
      section = row.section;
      out += fmt::format(
          "\n## [{}]\n\n| key | default | command line | meaning |\n|---|---|---|---|\n", section);
    }
    std::string choices(row.choices);
    for (size_t at = 0; (at = choices.find('|', at)) != choices.npos; at += 2)
      choices.replace(at, 1, ", ");
    out += fmt::format("| {} | {} | {} | {}{} |\n", row.key, row.default_value, row.flag, row.doc,
                       choices.empty() ? "" : " One of: " + choices + ".");
  }
  out +=
      "\n## [sql]\n\nAny setting of PostgreSQL under its own name, for every session: "
      "`max_prepared_transactions = 10`, `statement_timeout = \"30s\"`. On the command line it is "
      "`-c name=value`. What has a key above (port, listen_addresses, max_connections, "
      "log_statement, ...) goes there.\n";
  out += "\n## Presets\n\n| preset | setting | value |\n|---|---|---|\n";
  for (const PresetRow& row : kPresets) {
    out += fmt::format("| {} | {} | {} |\n", row.preset, row.setting, row.value);
  }
  return out;
}

}  // namespace luma
