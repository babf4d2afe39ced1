#pragma once
// How much memory this process may expect to have: the machine's, or less where a control group
// (a container) sets a limit. Read when called; thread-safe.
#include <cstdint>
#include <filesystem>

namespace luma {

uint64_t machine_memory_bytes();

// The lowest limit of the control groups that a process is in, by /proc/<pid>/cgroup and the file
// system of control groups, versions 1 and 2; UINT64_MAX when there is none. For tests the two
// places can be elsewhere.
uint64_t control_group_memory_limit(const std::filesystem::path& membership,
                                    const std::filesystem::path& file_system);

}  // namespace luma
