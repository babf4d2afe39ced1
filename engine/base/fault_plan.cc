#include "engine/base/fault_plan.h"

#include <fnmatch.h>

#include <charconv>

#include "engine/base/sql_error.h"

namespace luma {
namespace {

template <typename T>
struct Named {
  std::string_view name;
  T value;
};

constexpr Named<FaultAction> kActions[] = {{"enospc", FaultAction::kNoSpace},
                                           {"eio", FaultAction::kIoError},
                                           {"short", FaultAction::kShortWrite},
                                           {"die", FaultAction::kDie}};
constexpr Named<FaultOperation> kOperations[] = {
    {"append", FaultOperation::kAppend}, {"sync", FaultOperation::kSync},
    {"read", FaultOperation::kRead},     {"open", FaultOperation::kOpen},
    {"rename", FaultOperation::kRename}, {"any", FaultOperation::kAny}};

[[noreturn]] void bad_plan(std::string_view rule) {
  throw sql_error(SqlState::kInvalidParameterValue, "invalid fault rule: \"{}\"", rule);
}

template <typename T, size_t N>
T by_name(const Named<T> (&names)[N], std::string_view name, std::string_view rule) {
  for (const auto& entry : names) {
    if (entry.name == name) return entry.value;
  }
  bad_plan(rule);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

uint64_t number_after(std::string_view option, std::string_view prefix, std::string_view rule) {
  std::string_view digits = option.substr(prefix.size());
  uint64_t value = 0;
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc() || end != digits.data() + digits.size()) bad_plan(rule);
  return value;
}

}  // namespace

std::shared_ptr<FaultPlan> FaultPlan::parse(std::string_view text) {
  auto plan = std::make_shared<FaultPlan>();
  for (std::string_view rule_text : split(text, ';')) {
    if (rule_text.empty()) continue;
    auto parts = split(rule_text, ':');
    if (parts.size() < 3) bad_plan(rule_text);
    auto rule = std::make_unique<Rule>();
    rule->action = by_name(kActions, parts[0], rule_text);
    rule->pattern = parts[1];
    rule->operation = by_name(kOperations, parts[2], rule_text);
    rule->after = 0;
    rule->count = UINT64_MAX;
    for (size_t i = 3; i < parts.size(); ++i) {
      if (parts[i].starts_with("after=")) {
        rule->after = number_after(parts[i], "after=", rule_text);
      } else if (parts[i].starts_with("count=")) {
        rule->count = number_after(parts[i], "count=", rule_text);
      } else {
        bad_plan(rule_text);
      }
    }
    plan->rules_.push_back(std::move(rule));
  }
  return plan;
}

FaultAction FaultPlan::decide(std::string_view file, FaultOperation operation) {
  if (!active_.load(std::memory_order_relaxed)) return FaultAction::kNone;
  size_t slash = file.rfind('/');
  std::string name(slash == std::string_view::npos ? file : file.substr(slash + 1));
  for (auto& rule : rules_) {
    if (rule->operation != FaultOperation::kAny && rule->operation != operation) continue;
    if (fnmatch(rule->pattern.c_str(), name.c_str(), 0) != 0) continue;
    uint64_t number = rule->seen.fetch_add(1, std::memory_order_relaxed);
    if (number < rule->after || number - rule->after >= rule->count) continue;
    failures_.fetch_add(1, std::memory_order_relaxed);
    return rule->action;
  }
  return FaultAction::kNone;
}

}  // namespace luma
