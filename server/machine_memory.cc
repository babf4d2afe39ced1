#include "server/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string>

namespace luma {

namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

uint64_t limit_in(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string text;
  uint64_t bytes = 0;
  if (!(stream >> text)) return kNoLimit;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  // Version 2 says "max", version 1 a number beyond any machine's memory.
  return error == std::errc{} && end == text.data() + text.size() && bytes > 0 ? bytes : kNoLimit;
}

// Limits hold for all groups below: the group's own and its ancestors', up to the root.
uint64_t lowest_limit(const std::filesystem::path& root, const std::filesystem::path& group,
                      const char* file) {
  uint64_t lowest = limit_in(root / file);
  std::filesystem::path at = root;
  for (const auto& part : group.relative_path()) {
    at /= part;
    lowest = std::min(lowest, limit_in(at / file));
  }
  return lowest;
}

}  // namespace

uint64_t control_group_memory_limit(const std::filesystem::path& membership,
                                    const std::filesystem::path& file_system) {
  std::ifstream stream(membership);
  uint64_t lowest = kNoLimit;
  // Lines are hierarchy:controllers:group; version 2 has hierarchy 0 and no controllers.
  for (std::string line; std::getline(stream, line);) {
    size_t first = line.find(':');
    size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    std::string group = line.substr(second + 1);
    if (controllers == ",,") {
      lowest = std::min(lowest, lowest_limit(file_system, group, "memory.max"));
    } else if (controllers.find(",memory,") != controllers.npos) {
      lowest =
          std::min(lowest, lowest_limit(file_system / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return lowest;
}

uint64_t machine_memory_bytes() {
  uint64_t physical =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(physical, control_group_memory_limit("/proc/self/cgroup", "/sys/fs/cgroup"));
}

}  // namespace luma
