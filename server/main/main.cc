// lumadb: parse the command line, open the database, serve until told to stop.
#include <cstdio>
#include <exception>
#include <string>

#include "engine/base/sql_error.h"
#include "server/command_line.h"
#include "server/instance.h"
#include "server/log_output.h"
#include "server/server.h"

namespace {

int serve(const luma::Configuration& configuration) {
  std::unique_ptr<luma::Logger> logger =
      luma::open_log(configuration.log_level, configuration.log_format, configuration.log_file);
  logger->log(
      luma::LogLevel::kInfo, "starting lumadb",
      {{"version", luma::kServerVersion},
       {"data_dir", configuration.in_memory ? "(memory)" : configuration.data_dir.c_str()}});
  std::unique_ptr<luma::Instance> instance = luma::open_instance(configuration, *logger);
  {
    luma::Server server(configuration, *instance, *logger);
    server.listen();
    server.handle_signals();
    server.run();
  }
  instance->shutdown();
  logger->log(luma::LogLevel::kInfo, "database is shut down");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    luma::CommandLine command_line = luma::parse_command_line(argc, argv);
    if (command_line.printed) {
      std::fputs(command_line.printed->c_str(), stdout);
      return 0;
    }
    return serve(command_line.configuration);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lumadb: %s\n", error.what());
    return 1;
  }
}
