#pragma once
// PostgreSQL's settings at start-up: `lumadb -c name=value` and luma.toml's [sql] take them under
// PostgreSQL's names, and SHOW tells what the configuration says.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/configuration.h"

namespace luma {

// A setting that the configuration has under another name goes there; others are kept for every
// session. Throws F0000 for unknown names and wrong values.
void apply_sql_setting(Configuration& configuration, std::string_view name, std::string_view value);

// What every session begins with, in order of effect.
std::vector<std::pair<std::string, std::string>> initial_sql_settings(
    const Configuration& configuration);

}  // namespace luma
