#include "server/machine_memory.h"

#include <catch2/catch.hpp>
#include <fstream>

namespace luma {
namespace {

struct Files {
  std::filesystem::path root;
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "luma_memory_XXXXXX").string();
    root = mkdtemp(name.data());
  }
  ~Files() { std::filesystem::remove_all(root); }
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text << "\n";
  }
  uint64_t limit() const { return control_group_memory_limit(root / "cgroup", root / "fs"); }
};

}  // namespace

TEST_CASE("the lowest limit of a control group and its ancestors counts") {
  Files files;
  CHECK(files.limit() == UINT64_MAX);
  files.write("cgroup", "0::/service/one");
  CHECK(files.limit() == UINT64_MAX);
  files.write("fs/service/one/memory.max", "max");
  CHECK(files.limit() == UINT64_MAX);
  files.write("fs/service/memory.max", "2000000");
  CHECK(files.limit() == 2000000);
  files.write("fs/service/one/memory.max", "3000000");
  CHECK(files.limit() == 2000000);
  files.write("fs/memory.max", "1000000");  // the root, as a container sees its own group
  CHECK(files.limit() == 1000000);
}

TEST_CASE("limits of version 1 of control groups") {
  Files files;
  files.write("cgroup", "5:cpu,cpuacct:/x\n4:memory:/box\n");
  files.write("fs/memory/memory.limit_in_bytes", "9223372036854771712");
  files.write("fs/memory/box/memory.limit_in_bytes", "500000");
  CHECK(files.limit() == 500000);
}

TEST_CASE("a machine has memory") {
  CHECK(machine_memory_bytes() > 16u << 20);
  CHECK(machine_memory_bytes() < uint64_t{1} << 60);
}

}  // namespace luma
