#pragma once
// EXPLAIN's view of a physical plan: PostgreSQL's nodes with their names and properties. Operators
// that PostgreSQL does as part of another node (conditions, projections) are folded into it, what
// LumaDB does as part of one (building a hash table, keeping the first rows) is shown as nodes.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sql/lower/explain_notes.h"
#include "sql/lower/planner.h"

namespace luma {

struct ExplainOptions {
  bool analyze = false, verbose = false, costs = true, timing = true, summary = false;
  bool settings = false, buffers = false, wal = false;
  std::span<const Value> parameters = {};  // of EXECUTE, shown instead of their numbers
  enum Format : uint8_t { kText, kJson, kXml, kYaml } format = kText;
};

// One value or, with `is_list`, several. Numbers and booleans are not quoted.
struct ExplainItem {
  std::string name;
  std::vector<std::string> values;
  enum Kind : uint8_t { kString, kNumber, kBoolean } kind = kString;
  bool is_list = false;
  std::string unit = {};      // of a number, in text
  bool text_only = false;     // in the text form alone
  bool machine_only = false;  // in the other forms alone
  // A group of its own, without values: a heading in text, an object elsewhere.
  std::vector<ExplainItem> members = {};
};

struct ExplainNode {
  std::string type;    // "Hash Join"
  std::string title;   // of the text form: "Hash Left Join"
  std::string target;  // " using i on t a"
  std::string relationship, subplan;
  std::vector<ExplainItem> facts;    // which the title tells in text
  std::vector<ExplainItem> details;  // below the title
  double rows = 1, startup_cost = 0, total_cost = 0;
  int64_t width_bytes = 0;
  bool has_stats = false;
  bool is_parallel = false;  // reads a share of what several threads divide
  OperatorStats stats;
  std::vector<ExplainNode> children;
};

ExplainNode explain_tree(const PhysicalPlan& plan, const ExplainOptions& options);

// What comes behind the plan: "Settings", "Planning Time", ...
using ExplainSummary = std::vector<ExplainItem>;
// One line each in text, the whole document in one otherwise.
std::vector<std::string> explain_format(const ExplainNode& root, const ExplainSummary& summary,
                                        const ExplainOptions& options);

}  // namespace luma
