#pragma once
// The command line of lumadb.
#include <optional>
#include <string>

#include "server/configuration.h"

namespace luma {

struct CommandLine {
  Configuration configuration;
  bool auth_given = false;             // trust was asked for explicitly, somewhere
  std::optional<std::string> printed;  // --help, --version, --settings: print this and exit 0
};

// Defaults, preset, luma.toml, environment, options: the later wins. Throws SqlError F0000 with one
// sentence for what cannot be used.
CommandLine parse_command_line(int argc, const char* const* argv);

inline constexpr const char* kServerVersion = "0.1.0";

}  // namespace luma
