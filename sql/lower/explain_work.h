#pragma once
// EXPLAIN ANALYZE's lines about what was read, written and kept in memory, under PostgreSQL's keys.
#include <vector>

#include "sql/lower/explain_tree.h"

namespace luma {

ExplainItem explain_string(std::string name, std::string value);
ExplainItem explain_number(std::string name, uint64_t value, std::string unit = {});

// "Buffers: shared hit=..": one line in text (none when nothing was touched), all counts elsewhere.
void add_buffers(const WorkCounts& counts, std::vector<ExplainItem>& out);
// "WAL: records=..", likewise.
void add_wal(const WorkCounts& counts, std::vector<ExplainItem>& out);
// Of the table that a hash join has built, and of one that groups rows.
void add_hash_table(const OperatorStats& stats, std::vector<ExplainItem>& out);
void add_hash_groups(const OperatorStats& stats, std::vector<ExplainItem>& out);
// "Rows Removed by Filter": per loop; text leaves zeros out.
void add_removed(std::string name, uint64_t rows, const OperatorStats& stats,
                 std::vector<ExplainItem>& out);

}  // namespace luma
