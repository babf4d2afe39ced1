#pragma once
// PostgreSQL's lock modes, their conflicts and their names.
#include <cstdint>
#include <string_view>

namespace luma {

enum class RowLockMode : uint8_t { kKeyShare = 0, kShare, kNoKeyUpdate, kUpdate };

enum class TableLockMode : uint8_t {
  kAccessShare = 1,
  kRowShare,
  kRowExclusive,
  kShareUpdateExclusive,
  kShare,
  kShareRowExclusive,
  kExclusive,
  kAccessExclusive,
};

// Inside the lock manager a mode is a bit number below 9: row modes 0..3, table modes 1..8,
// advisory locks use the table modes Share and Exclusive, as PostgreSQL does.
enum class LockKind : uint8_t { kRow, kTable, kAdvisory };

using LockModeBit = uint8_t;
using LockModeMask = uint16_t;

// The modes that conflict with `mode` for locks of `kind`.
LockModeMask conflicting_modes(LockKind kind, LockModeBit mode);
// True when holding any mode of `held` makes acquiring `mode` pointless.
bool covers(LockKind kind, LockModeMask held, LockModeBit mode);
// "AccessShareLock", "ExclusiveLock"; row modes get the names pg_locks shows for tuples.
std::string_view lock_mode_name(LockKind kind, LockModeBit mode);

}  // namespace luma
