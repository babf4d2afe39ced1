#include "sql/session/activity_statistics.h"

#include <algorithm>

namespace luma {
namespace {

uint64_t key_of(Oid database, Oid relation) { return uint64_t{database} << 32 | relation; }

}  // namespace

void ActivityStatistics::add(Oid database, int32_t pid, const TransactionActivity& activity,
                             bool committed) {
  Shard& shard = shards_[static_cast<uint32_t>(pid) % kShards];
  std::lock_guard lock(shard.mutex);
  Database& counts = shard.databases[database];
  ++(committed ? counts.commits : counts.rollbacks);
  for (const TransactionActivity::Entry& entry : activity.entries()) {
    Relation& relation = counts.relations[entry.relation];
    relation.activity += entry.counts;
    if (!committed) continue;
    relation.changed += entry.counts.changed;
    if (entry.counts.live_change != 0) {
      shard.live_changes[entry.storage_id] += entry.counts.live_change;
    }
  }
}

ActivityStatistics::Relation ActivityStatistics::sum(Oid database, Oid relation) const {
  Relation total;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    auto in = shard.databases.find(database);
    if (in == shard.databases.end()) continue;
    auto it = in->second.relations.find(relation);
    if (it == in->second.relations.end()) continue;
    total.activity += it->second.activity;
    total.changed += it->second.changed;
  }
  return total;
}

int64_t ActivityStatistics::live_change(uint32_t storage_id) const {
  int64_t total = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    auto it = shard.live_changes.find(storage_id);
    if (it != shard.live_changes.end()) total += it->second;
  }
  return total;
}

void ActivityStatistics::analyzed(Oid database, Oid relation, uint32_t storage_id, int64_t rows,
                                  int64_t now_micros, bool automatically) {
  counted(database, relation, storage_id, rows, 0);
  int64_t changed = sum(database, relation).changed;
  std::lock_guard lock(maintenance_mutex_);
  Maintenance& done = maintenance_[key_of(database, relation)];
  if (automatically) {
    done.shown.last_autoanalyze = now_micros;
    ++done.shown.autoanalyze_count;
  } else {
    done.shown.last_analyze = now_micros;
    ++done.shown.analyze_count;
  }
  done.changed = changed;
}

void ActivityStatistics::counted(Oid database, Oid relation, uint32_t storage_id, int64_t rows,
                                 int64_t own_change) {
  int64_t live = live_change(storage_id);
  std::lock_guard lock(maintenance_mutex_);
  Maintenance& done = maintenance_[key_of(database, relation)];
  done.storage_id = storage_id;
  done.rows = rows;
  done.live_change = live + own_change;
}

void ActivityStatistics::vacuumed(Oid database, Oid relation, int64_t now_micros) {
  int64_t inserted = sum(database, relation).activity.inserted;
  std::lock_guard lock(maintenance_mutex_);
  Maintenance& done = maintenance_[key_of(database, relation)];
  done.shown.last_vacuum = now_micros;
  ++done.shown.vacuum_count;
  done.inserted = inserted;
}

void ActivityStatistics::drop_storage(uint32_t storage_id) {
  for (Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    shard.live_changes.erase(storage_id);
  }
}

RelationStatistics ActivityStatistics::relation(Oid database, Oid relation, uint32_t storage_id,
                                                double estimated_rows) const {
  Relation counts = sum(database, relation);
  int64_t live = storage_id == 0 ? 0 : live_change(storage_id);
  std::lock_guard lock(maintenance_mutex_);
  RelationStatistics out;
  auto it = maintenance_.find(key_of(database, relation));
  Maintenance done = it == maintenance_.end() ? Maintenance() : it->second;
  out = done.shown;
  out.activity = counts.activity;
  out.changed_since_analyze = counts.changed - done.changed;
  out.inserted_since_vacuum = counts.activity.inserted - done.inserted;
  if (done.storage_id != 0 && done.storage_id == storage_id) {
    live += done.rows - done.live_change;
  } else {
    live += static_cast<int64_t>(std::max(0.0, estimated_rows));
  }
  out.live_rows = std::max<int64_t>(0, live);
  return out;
}

bool ActivityStatistics::has_activity(Oid database) const {
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    if (shard.databases.contains(database)) return true;
  }
  return false;
}

DatabaseStatistics ActivityStatistics::database(Oid database) const {
  DatabaseStatistics out;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    auto it = shard.databases.find(database);
    if (it == shard.databases.end()) continue;
    out.commits += it->second.commits;
    out.rollbacks += it->second.rollbacks;
    for (const auto& [oid, relation] : it->second.relations) out.activity += relation.activity;
  }
  return out;
}

}  // namespace luma
