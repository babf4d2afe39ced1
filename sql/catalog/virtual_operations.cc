// System views for operators: where the server's program lies, how clients authenticate.
#include <filesystem>

#include "sql/catalog/operations_state.h"
#include "sql/catalog/virtual_row.h"

namespace luma {

// PostgreSQL says "not recorded" of what its build did not keep.
void generate_pg_config(const VirtualScan& scan, VirtualRowSink& sink) {
  static constexpr std::string_view kNames[] = {
      "BINDIR",  "DOCDIR",     "HTMLDIR",    "INCLUDEDIR", "PKGINCLUDEDIR", "INCLUDEDIR-SERVER",
      "LIBDIR",  "PKGLIBDIR",  "LOCALEDIR",  "MANDIR",     "SHAREDIR",      "SYSCONFDIR",
      "PGXS",    "CONFIGURE",  "CC",         "CPPFLAGS",   "CFLAGS",        "CFLAGS_SL",
      "LDFLAGS", "LDFLAGS_EX", "LDFLAGS_SL", "LIBS",       "VERSION"};
  std::string version = "not recorded";
  for (const SettingRow& setting : scan.session.live_state().settings()) {
    if (setting.name == "server_version") version = "PostgreSQL " + setting.setting;
  }
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  VirtualRow row(scan, sink);
  for (std::string_view name : kNames) {
    row.text(name);
    if (name == "BINDIR" && !failed) {
      row.text(program.parent_path().string());
    } else {
      row.text(name == "VERSION" ? version : "not recorded");
    }
    row.emit();
  }
}

// The number of a rule stands for its line.
void generate_pg_hba_file_rules(const VirtualScan& scan, VirtualRowSink& sink) {
  auto* state = dynamic_cast<OperationsState*>(&scan.session.live_state());
  if (state == nullptr) return;
  VirtualRow row(scan, sink);
  int32_t number = 0;
  for (const AuthenticationRow& rule : state->authentication_rules()) {
    row.int4(++number).text(rule.type).text_array(rule.databases).text_array(rule.users);
    row.optional_text(rule.address).optional_text(rule.netmask).text(rule.method);
    row.nulls(2).emit();
  }
}

}  // namespace luma
