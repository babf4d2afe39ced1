// EXPLAIN's output forms: PostgreSQL's indented text, and JSON, XML and YAML of the same tree.
#include <algorithm>

#include "engine/type/xml_text.h"
#include "sql/lower/explain_work.h"

namespace luma {
namespace {

double per_loop(uint64_t value, const OperatorWork& stats) {
  return static_cast<double>(value) / static_cast<double>(std::max<uint64_t>(stats.loops, 1));
}

double ms_per_loop(uint64_t ns, const OperatorWork& stats) { return per_loop(ns, stats) / 1e6; }

// --- text ---

std::string joined(const ExplainItem& item) {
  std::string out;
  for (const std::string& value : item.values) out += (out.empty() ? "" : ", ") + value;
  if (!item.unit.empty()) out += (item.unit == "kB" ? "" : " ") + item.unit;
  return out;
}

std::string actual(const OperatorWork& work, const ExplainOptions& options) {
  std::string out = "actual ";
  if (options.timing) {
    out += fmt::format("time={:.3f}..{:.3f} ", ms_per_loop(work.startup_ns, work),
                       ms_per_loop(work.total_ns, work));
  }
  return out + fmt::format("rows={:.0f} loops={}", per_loop(work.rows, work), work.loops);
}

std::string numbers(const ExplainNode& node, const ExplainOptions& options) {
  std::string out;
  if (options.costs) {
    out += fmt::format("  (cost={:.2f}..{:.2f} rows={:.0f} width={})", node.startup_cost,
                       node.total_cost, std::max(1.0, node.rows), node.width_bytes);
  }
  if (!node.has_stats) return out;
  if (node.stats.loops == 0) return out + " (never executed)";
  return out + " (" + actual(node.stats, options) + ")";
}

// What was read and written, and by whom.
std::vector<ExplainItem> work_items(const WorkCounts& counts, const ExplainOptions& options) {
  std::vector<ExplainItem> out;
  if (options.buffers) add_buffers(counts, out);
  if (options.wal) add_wal(counts, out);
  return out;
}

void text_work(const ExplainNode& node, const std::string& pad, const ExplainOptions& options,
               std::vector<std::string>& out) {
  if (!node.has_stats) return;
  auto add = [&](const WorkCounts& counts, const std::string& indent) {
    for (const ExplainItem& item : work_items(counts, options)) {
      if (!item.machine_only) out.push_back(indent + item.name + ": " + joined(item));
    }
  };
  add(node.stats.counts, pad);
  if (!options.verbose) return;
  for (size_t i = 0; i < node.stats.workers.size(); ++i) {
    const OperatorWork& worker = node.stats.workers[i];
    if (worker.loops == 0) continue;
    out.push_back(pad + fmt::format("Worker {}:  {}", i, actual(worker, options)));
    add(worker.counts, pad + "  ");
  }
}

// `indent`: of the title; what is below stands two columns further right.
void text_node(const ExplainNode& node, size_t indent, bool arrow, const ExplainOptions& options,
               std::vector<std::string>& out) {
  std::string line(indent, ' ');
  if (arrow) line += "->  ";
  out.push_back(line + node.title + node.target + numbers(node, options));
  size_t below = indent + (arrow ? 6 : 2);
  for (const ExplainItem& item : node.details) {
    if (!item.machine_only)
      out.push_back(std::string(below, ' ') + item.name + ": " + joined(item));
  }
  text_work(node, std::string(below, ' '), options, out);
  for (const ExplainNode& child : node.children) {
    if (child.subplan.empty()) {
      text_node(child, below, true, options, out);
    } else {
      out.push_back(std::string(below, ' ') + child.subplan);
      text_node(child, below + 2, true, options, out);
    }
  }
}

void text_summary(const ExplainItem& item, std::vector<std::string>& out) {
  if (item.machine_only) return;
  if (item.members.empty()) return out.push_back(item.name + ": " + joined(item));
  std::vector<std::string> below;
  for (const ExplainItem& member : item.members) text_summary(member, below);
  if (below.empty()) return;
  out.push_back(item.name + ":");
  for (const std::string& line : below) out.push_back("  " + line);
}

// --- the tree as a document ---

struct Document {
  ExplainItem item;
  std::vector<Document> members;  // of an object or list
  enum Kind : uint8_t { kItem, kObject, kList } kind = kItem;
};

Document leaf(std::string name, std::string value, ExplainItem::Kind kind) {
  Document out;
  out.item.name = std::move(name);
  out.item.values = {std::move(value)};
  out.item.kind = kind;
  return out;
}

Document document_of(const ExplainItem& item) {
  Document out;
  out.item = item;
  if (item.members.empty()) return out;
  out.kind = Document::kObject;
  for (const ExplainItem& member : item.members) {
    if (!member.text_only) out.members.push_back(document_of(member));
  }
  return out;
}

void add_actual(const OperatorWork& work, const ExplainOptions& options,
                std::vector<Document>& out) {
  auto add = [&](const char* name, std::string value) {
    out.push_back(leaf(name, std::move(value), ExplainItem::kNumber));
  };
  if (options.timing) {
    add("Actual Startup Time", fmt::format("{:.3f}", ms_per_loop(work.startup_ns, work)));
    add("Actual Total Time", fmt::format("{:.3f}", ms_per_loop(work.total_ns, work)));
  }
  add("Actual Rows", fmt::format("{:.0f}", per_loop(work.rows, work)));
  add("Actual Loops", std::to_string(work.loops));
}

void add_work(const ExplainNode& node, const ExplainOptions& options, std::vector<Document>& out) {
  auto add = [&](const WorkCounts& counts, std::vector<Document>& to) {
    for (const ExplainItem& item : work_items(counts, options)) {
      if (!item.text_only) to.push_back(document_of(item));
    }
  };
  add(node.stats.counts, out);
  if (!node.has_stats || !options.verbose || node.stats.workers.empty()) return;
  Document workers;
  workers.kind = Document::kList;
  workers.item.name = "Workers";
  for (size_t i = 0; i < node.stats.workers.size(); ++i) {
    const OperatorWork& work = node.stats.workers[i];
    if (work.loops == 0) continue;
    Document& worker = workers.members.emplace_back();
    worker.kind = Document::kObject;
    worker.item.name = "Worker";
    worker.members.push_back(leaf("Worker Number", std::to_string(i), ExplainItem::kNumber));
    add_actual(work, options, worker.members);
    add(work.counts, worker.members);
  }
  if (!workers.members.empty()) out.push_back(std::move(workers));
}

Document document_of(const ExplainNode& node, const ExplainOptions& options) {
  Document out;
  out.kind = Document::kObject;
  out.item.name = "Plan";
  auto add = [&](std::string name, std::string value,
                 ExplainItem::Kind kind = ExplainItem::kNumber) {
    out.members.push_back(leaf(std::move(name), std::move(value), kind));
  };
  auto add_item = [&](const ExplainItem& item) {
    Document member;
    member.item = item;
    out.members.push_back(std::move(member));
  };
  auto is_early = [](const ExplainItem& item) {
    return item.name == "Strategy" || item.name == "Partial Mode" || item.name == "Operation" ||
           item.name == "Command";
  };
  add("Node Type", node.type, ExplainItem::kString);
  for (const ExplainItem& fact : node.facts) {
    if (is_early(fact)) add_item(fact);
  }
  if (!node.relationship.empty()) {
    add("Parent Relationship", node.relationship, ExplainItem::kString);
  }
  if (!node.subplan.empty()) add("Subplan Name", node.subplan, ExplainItem::kString);
  add("Parallel Aware", node.is_parallel ? "true" : "false", ExplainItem::kBoolean);
  add("Async Capable", "false", ExplainItem::kBoolean);
  for (const ExplainItem& fact : node.facts) {
    if (!is_early(fact)) add_item(fact);
  }
  if (options.costs) {
    add("Startup Cost", fmt::format("{:.2f}", node.startup_cost));
    add("Total Cost", fmt::format("{:.2f}", node.total_cost));
    add("Plan Rows", fmt::format("{:.0f}", std::max(1.0, node.rows)));
    add("Plan Width", std::to_string(node.width_bytes));
  }
  if (node.has_stats) {
    add_actual(node.stats, options, out.members);
  }
  for (const ExplainItem& item : node.details) {
    if (!item.text_only) add_item(item);
  }
  add_work(node, options, out.members);
  if (node.children.empty()) return out;
  Document plans;
  plans.kind = Document::kList;
  plans.item.name = "Plans";
  for (const ExplainNode& child : node.children) {
    plans.members.push_back(document_of(child, options));
  }
  out.members.push_back(std::move(plans));
  return out;
}

std::string escaped(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 32) {
          out += fmt::format("\\u{:04x}", static_cast<int>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string scalar(const std::string& value, ExplainItem::Kind kind) {
  return kind == ExplainItem::kString ? escaped(value) : value;
}

std::string json_list(const ExplainItem& item, size_t indent) {
  if (item.values.empty()) return "[\n" + std::string(indent, ' ') + "]";
  std::string out = "[";
  for (const std::string& value : item.values) {
    out += (out.size() > 1 ? ", " : "") + scalar(value, item.kind);
  }
  return out + "]";
}

void json(const Document& at, size_t indent, bool named, std::string& out) {
  std::string pad(indent, ' ');
  out += pad;
  if (named) out += escaped(at.item.name) + ": ";
  if (at.kind == Document::kItem) {
    out += at.item.is_list ? json_list(at.item, indent) : scalar(at.item.values[0], at.item.kind);
    return;
  }
  bool object = at.kind == Document::kObject;
  out += object ? "{\n" : "[\n";
  for (size_t i = 0; i < at.members.size(); ++i) {
    json(at.members[i], indent + 2, object, out);
    out += i + 1 < at.members.size() ? ",\n" : "\n";
  }
  out += pad + (object ? "}" : "]");
}

void yaml(const Document& at, size_t indent, bool first, std::string& out) {
  std::string pad = first ? "" : std::string(indent, ' ');
  if (at.kind == Document::kItem) {
    out += pad + at.item.name + ": ";
    if (!at.item.is_list) {
      out += scalar(at.item.values[0], at.item.kind) + "\n";
      return;
    }
    out += "\n";
    for (const std::string& value : at.item.values) {
      out += std::string(indent + 2, ' ') + "- " + scalar(value, at.item.kind) + "\n";
    }
    return;
  }
  out += pad + at.item.name + ": \n";
  if (at.kind == Document::kObject) {
    for (const Document& member : at.members) yaml(member, indent + 2, false, out);
    return;
  }
  for (const Document& member : at.members) {
    out += std::string(indent + 2, ' ') + "- ";
    for (size_t i = 0; i < member.members.size(); ++i) {
      yaml(member.members[i], indent + 4, i == 0, out);
    }
  }
}

std::string xml_text(std::string_view text) {
  std::string out;
  append_xml_escaped(text, out);
  return out;
}

std::string xml_name(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '/'; }, '-');
  return name;
}

void xml(const Document& at, size_t indent, std::string& out) {
  std::string pad(indent, ' '), name = xml_name(at.item.name);
  if (at.kind == Document::kItem && !at.item.is_list) {
    out += pad + "<" + name + ">" + xml_text(at.item.values[0]) + "</" + name + ">\n";
    return;
  }
  out += pad + "<" + name + ">\n";
  if (at.kind == Document::kItem) {
    for (const std::string& value : at.item.values) {
      out += pad + "  <Item>" + xml_text(value) + "</Item>\n";
    }
  }
  for (const Document& member : at.members) xml(member, indent + 2, out);
  out += pad + "</" + name + ">\n";
}

}  // namespace

std::vector<std::string> explain_format(const ExplainNode& root, const ExplainSummary& summary,
                                        const ExplainOptions& options) {
  std::vector<std::string> lines;
  if (options.format == ExplainOptions::kText) {
    text_node(root, 0, false, options, lines);
    for (const ExplainItem& item : summary) text_summary(item, lines);
    return lines;
  }
  Document query;
  query.kind = Document::kObject;
  query.item.name = "Query";
  query.members.push_back(document_of(root, options));
  for (const ExplainItem& item : summary) {
    query.members.push_back(document_of(item));
  }
  std::string out;
  if (options.format == ExplainOptions::kJson) {
    out = "[\n";
    json(query, 2, false, out);
    out += "\n]";
  } else if (options.format == ExplainOptions::kYaml) {
    out = "- ";
    for (size_t i = 0; i < query.members.size(); ++i) yaml(query.members[i], 2, i == 0, out);
    out.pop_back();
  } else {
    out = "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n";
    xml(query, 2, out);
    out += "</explain>";
  }
  return {out};
}

}  // namespace luma
