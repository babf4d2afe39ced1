#include "engine/txn/lock_modes.h"

#include <array>

namespace luma {
namespace {

constexpr LockModeMask bits(std::initializer_list<int> modes) {
  LockModeMask mask = 0;
  for (int mode : modes) mask |= static_cast<LockModeMask>(1u << mode);
  return mask;
}

// Index: RowLockMode.
constexpr std::array<LockModeMask, 4> kRowConflicts = {bits({3}), bits({2, 3}), bits({1, 2, 3}),
                                                       bits({0, 1, 2, 3})};
// Index: TableLockMode.
constexpr std::array<LockModeMask, 9> kTableConflicts = {0,
                                                         bits({8}),
                                                         bits({7, 8}),
                                                         bits({5, 6, 7, 8}),
                                                         bits({4, 5, 6, 7, 8}),
                                                         bits({3, 4, 6, 7, 8}),
                                                         bits({3, 4, 5, 6, 7, 8}),
                                                         bits({2, 3, 4, 5, 6, 7, 8}),
                                                         bits({1, 2, 3, 4, 5, 6, 7, 8})};

constexpr std::array<std::string_view, 4> kRowNames = {"KeyShareLock", "ShareLock",
                                                       "NoKeyUpdateLock", "ExclusiveLock"};
constexpr std::array<std::string_view, 9> kTableNames = {"",
                                                         "AccessShareLock",
                                                         "RowShareLock",
                                                         "RowExclusiveLock",
                                                         "ShareUpdateExclusiveLock",
                                                         "ShareLock",
                                                         "ShareRowExclusiveLock",
                                                         "ExclusiveLock",
                                                         "AccessExclusiveLock"};
}  // namespace

LockModeMask conflicting_modes(LockKind kind, LockModeBit mode) {
  return kind == LockKind::kRow ? kRowConflicts[mode] : kTableConflicts[mode];
}

bool covers(LockKind kind, LockModeMask held, LockModeBit mode) {
  if (held & (1u << mode)) return true;
  // Row modes are a chain: each includes the weaker ones. Table modes are recorded one by one
  // because pg_locks shows them so.
  return kind == LockKind::kRow && (held >> mode) != 0;
}

std::string_view lock_mode_name(LockKind kind, LockModeBit mode) {
  return kind == LockKind::kRow ? kRowNames[mode] : kTableNames[mode];
}

}  // namespace luma
