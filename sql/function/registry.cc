#include "sql/function/registry.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <unordered_map>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/catalog/extension_objects.h"
#include "sql/function/extension.h"

namespace luma {
namespace {

constexpr Oid kInternalLanguage = 12;
constexpr Oid kBtree = 403;
constexpr Oid kAnyMultirange = 4537;

struct PairHash {
  size_t operator()(const std::pair<Oid, Oid>& p) const {
    return std::hash<uint64_t>()((uint64_t{p.first} << 32) | p.second);
  }
};

// "(family, left, right, number)" packed; families and types of built-in classes fit 16 bits.
struct FamilyKey {
  Oid family, left, right;
  int16_t number;
  bool operator==(const FamilyKey&) const = default;
};
struct FamilyKeyHash {
  size_t operator()(const FamilyKey& k) const {
    uint64_t h = (uint64_t{k.family} << 32) ^ (uint64_t{k.left} << 16) ^ k.right;
    return std::hash<uint64_t>()(h * 0x9E3779B97F4A7C15ull + static_cast<uint64_t>(k.number));
  }
};

bool is_clock_type(Oid type) {
  return type == type_oid::kDate || type == type_oid::kTime || type == type_oid::kTimetz ||
         type == type_oid::kTimestamp || type == type_oid::kTimestamptz ||
         type == type_oid::kInterval;
}

// What several threads may call at once. Of the stable functions only those of dates and times:
// they depend on settings that are fixed while a statement runs, others look into the catalog.
bool is_parallel_safe(const ProcFact& fact) {
  if (fact.parallel != 's') return false;
  if (fact.volatility == 'i') return true;
  if (fact.volatility != 's' || fact.name.starts_with("pg_")) return false;
  return is_clock_type(fact.result) ||
         std::any_of(fact.arg_types.begin(), fact.arg_types.end(), is_clock_type);
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

// "name(type,type)" into its parts; false when malformed or a type is unknown.
bool parse_signature(std::string_view signature, std::string_view& name, std::vector<Oid>& types) {
  size_t open = signature.find('(');
  if (open == std::string_view::npos || signature.back() != ')') return false;
  name = signature.substr(0, open);
  std::string_view list = signature.substr(open + 1, signature.size() - open - 2);
  if (list.empty() || list == "*") return true;
  for (;;) {
    size_t comma = list.find(',');
    std::string type_name = trimmed(list.substr(0, comma));
    if (type_name.ends_with("[]")) type_name = "_" + type_name.substr(0, type_name.size() - 2);
    const TypeInfo* type = find_type(type_name);
    if (type == nullptr) return false;
    types.push_back(type->oid);
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

const ProcFact* find_fact(std::string_view name, std::span<const Oid> types) {
  for (const ProcFact* fact : proc_facts_named(name)) {
    if (std::ranges::equal(fact->arg_types, types)) return fact;
  }
  return nullptr;
}

// What a kernel sees of a signature: facts with equal forms and equal prosrc run the same code.
std::string physical_form(const ProcFact& fact) {
  std::string form{fact.kind, fact.strict ? 's' : 'c', fact.returns_set ? 'r' : '-'};
  auto add = [&form](Oid oid) {
    const TypeInfo* type = find_type(oid);
    form += type == nullptr ? '?' : static_cast<char>('A' + static_cast<int>(type->physical));
    form += type == nullptr ? '?' : type->type_type == 'p' ? 'p' : 'b';
  };
  add(fact.result);
  for (Oid arg : fact.arg_types) add(arg);
  return form;
}

}  // namespace

struct FunctionRegistry::Tables {
  std::vector<FunctionEntry> functions;
  std::unordered_map<Oid, const FunctionEntry*> function_by_oid;
  std::unordered_map<std::string_view, std::vector<const FunctionEntry*>> function_by_name;
  std::vector<OperatorEntry> operators;
  std::unordered_map<Oid, const OperatorEntry*> operator_by_oid;
  std::unordered_map<std::string_view, std::vector<const OperatorEntry*>> operator_by_name;
  std::vector<CastEntry> casts;
  std::unordered_map<std::pair<Oid, Oid>, const CastEntry*, PairHash> cast_by_types;
  std::unordered_map<std::pair<Oid, Oid>, const OpClassFact*, PairHash> opclass_by_type;
  std::unordered_map<FamilyKey, const OperatorEntry*, FamilyKeyHash> family_operators;
  std::unordered_map<FamilyKey, const FunctionEntry*, FamilyKeyHash> family_functions;
  std::unordered_map<Oid, std::vector<Membership>> memberships;

  // Functions that PostgreSQL does not have: their rows are their facts.
  std::vector<ProcFact> extensions;
  std::vector<std::unique_ptr<std::vector<Oid>>> extension_types;

  void bind_functions(std::span<const std::span<const KernelRow>> families);
  void add_extension(const KernelRow& row, std::string_view name, std::vector<Oid> types);
  void share_sources(std::unordered_map<Oid, const KernelRow*>& rows);
  void bind_operators();
  void bind_casts();
  void bind_families();
  void bind_extension_operators();
  void bind_extension_casts();
  void bind_extension_classes();
  const FunctionEntry* by_signature(std::string_view signature) const;
  const FunctionEntry* extension_function(std::string_view extension, std::string_view name,
                                          std::vector<Oid> types);

  // Functions of extensions' operators and casts. Their oids are nobody else's: the functions that
  // databases have are objects of their catalogs.
  std::deque<FunctionEntry> extension_entries;
  std::deque<OperatorEntry> extension_operators;
  std::deque<CastEntry> extension_casts;
};

void FunctionRegistry::Tables::bind_functions(
    std::span<const std::span<const KernelRow>> families) {
  std::unordered_map<Oid, const KernelRow*> rows;
  std::string problems;
  for (std::span<const KernelRow> family : families) {
    for (const KernelRow& row : family) {
      std::string_view name;
      std::vector<Oid> types;
      bool parsed = parse_signature(row.signature, name, types);
      if (parsed && row.extension.oid != kInvalidOid) {
        if (find_type(row.extension.result_type) == nullptr ||
            !rows.emplace(row.extension.oid, &row).second) {
          problems +=
              fmt::format("; extension {} has a taken oid or no result type", row.signature);
        } else {
          add_extension(row, name, std::move(types));
        }
        continue;
      }
      const ProcFact* fact = parsed ? find_fact(name, types) : nullptr;
      if (fact == nullptr) {
        problems += fmt::format("; no function {}", row.signature);
      } else if (!rows.emplace(fact->oid, &row).second) {
        problems += fmt::format("; {} is registered twice", row.signature);
      }
    }
  }
  if (!problems.empty()) {
    throw sql_error(SqlState::kInternalError, "function registry: {}", problems.substr(2));
  }
  share_sources(rows);
  std::unordered_map<Oid, const AggregateFact*> aggregates;
  for (const AggregateFact& fact : aggregate_facts()) aggregates[fact.function] = &fact;
  functions.reserve(rows.size());
  auto add_entry = [&](const ProcFact& fact) {
    auto it = rows.find(fact.oid);
    if (it == rows.end()) return;
    FunctionEntry& entry = functions.emplace_back();
    static_cast<ProcFact&>(entry) = fact;
    entry.implementation = it->second->implementation;
    entry.implementation.is_parallel_safe = is_parallel_safe(fact);
    entry.doc = it->second->doc;
    if (auto aggregate = aggregates.find(fact.oid); aggregate != aggregates.end()) {
      entry.aggregate = aggregate->second;
    }
  };
  for (const ProcFact& fact : proc_facts()) add_entry(fact);
  for (const ProcFact& fact : extensions) add_entry(fact);
  for (const FunctionEntry& entry : functions) {
    function_by_oid[entry.oid] = &entry;
    function_by_name[entry.name].push_back(&entry);
  }
}

void FunctionRegistry::Tables::add_extension(const KernelRow& row, std::string_view name,
                                             std::vector<Oid> types) {
  const ExtensionFacts& facts = row.extension;
  extension_types.push_back(std::make_unique<std::vector<Oid>>(std::move(types)));
  ProcFact fact;
  fact.oid = facts.oid;
  fact.name = name;
  fact.kind = row.implementation.aggregate != nullptr ? 'a'
              : row.implementation.window != nullptr  ? 'w'
                                                      : 'f';
  fact.strict = facts.strict;
  fact.returns_set = facts.returns_set;
  fact.volatility = facts.volatility;
  fact.parallel = 's';
  fact.rows = facts.returns_set ? 1000 : 0;
  fact.result = find_type(facts.result_type)->oid;
  fact.arg_types = *extension_types.back();
  if (!facts.arg_names.empty()) fact.arg_names = facts.arg_names.first(fact.arg_types.size());
  fact.source = name;
  extensions.push_back(fact);
}

// PostgreSQL lists one C function under many names (char_length, length, ...). A kernel for one of
// them serves all whose arguments have the same physical form.
void FunctionRegistry::Tables::share_sources(std::unordered_map<Oid, const KernelRow*>& rows) {
  std::map<std::pair<std::string_view, std::string>, const KernelRow*> by_source;
  auto shareable = [](const ProcFact& fact) {
    return fact.language == kInternalLanguage && fact.kind == 'f' && !fact.source.empty();
  };
  for (const auto& [oid, row] : rows) {
    if (row->extension.oid != kInvalidOid) continue;
    const ProcFact& fact = *find_proc_fact(oid);
    if (shareable(fact)) by_source.try_emplace({fact.source, physical_form(fact)}, row);
  }
  for (const ProcFact& fact : proc_facts()) {
    if (!shareable(fact) || rows.contains(fact.oid)) continue;
    auto it = by_source.find({fact.source, physical_form(fact)});
    if (it != by_source.end()) rows.emplace(fact.oid, it->second);
  }
}

void FunctionRegistry::Tables::bind_operators() {
  operators.reserve(operator_facts().size());
  for (const OperatorFact& fact : operator_facts()) {
    auto it = function_by_oid.find(fact.function);
    if (it == function_by_oid.end()) continue;
    OperatorEntry& entry = operators.emplace_back();
    static_cast<OperatorFact&>(entry) = fact;
    entry.implementation = it->second;
  }
  for (const OperatorEntry& entry : operators) {
    operator_by_oid[entry.oid] = &entry;
    operator_by_name[entry.name].push_back(&entry);
  }
}

void FunctionRegistry::Tables::bind_casts() {
  casts.reserve(cast_facts().size());
  for (const CastFact& fact : cast_facts()) {
    CastEntry entry;
    static_cast<CastFact&>(entry) = fact;
    if (fact.method == 'f') {
      auto it = function_by_oid.find(fact.function);
      if (it == function_by_oid.end()) continue;
      entry.implementation = it->second;
    }
    casts.push_back(entry);
  }
  for (const CastEntry& entry : casts) cast_by_types[{entry.source, entry.target}] = &entry;
}

void FunctionRegistry::Tables::bind_families() {
  for (const OpClassFact& fact : opclass_facts()) {
    if (fact.is_default) opclass_by_type[{fact.method, fact.input_type}] = &fact;
  }
  for (const AmOpFact& fact : amop_facts()) {
    auto it = operator_by_oid.find(fact.operator_oid);
    if (it == operator_by_oid.end() || fact.purpose != 's') continue;
    family_operators[{fact.family, fact.left, fact.right, fact.strategy}] = it->second;
    if (fact.method == kBtree) {
      memberships[fact.operator_oid].push_back({fact.family, fact.left, fact.right, fact.strategy});
    }
  }
  for (const AmProcFact& fact : amproc_facts()) {
    auto it = function_by_oid.find(fact.function);
    if (it == function_by_oid.end()) continue;
    family_functions[{fact.family, fact.left, fact.right, fact.number}] = it->second;
  }
}

const FunctionEntry* FunctionRegistry::Tables::by_signature(std::string_view signature) const {
  std::string_view name;
  std::vector<Oid> types;
  if (!parse_signature(signature, name, types)) return nullptr;
  auto found = function_by_name.find(name);
  if (found == function_by_name.end()) return nullptr;
  for (const FunctionEntry* entry : found->second) {
    if (std::ranges::equal(entry->arg_types, types)) return entry;
  }
  return nullptr;
}

// nullptr: the extension has no kernel for it.
const FunctionEntry* FunctionRegistry::Tables::extension_function(std::string_view extension,
                                                                  std::string_view wanted,
                                                                  std::vector<Oid> types) {
  for (const ExtensionFunction& row : luma::extension_functions(extension)) {
    std::string_view name;
    std::vector<Oid> arguments;
    if (!parse_signature(row.signature, name, arguments) || name != wanted || arguments != types) {
      continue;
    }
    constexpr Oid kFirstOid = 15800;
    FunctionEntry& entry = extension_entries.emplace_back();
    extension_types.push_back(std::make_unique<std::vector<Oid>>(std::move(types)));
    entry.oid = kFirstOid + static_cast<Oid>(extension_entries.size());
    entry.name = name;
    entry.schema = kInvalidOid;
    entry.strict = row.strict;
    entry.volatility = row.volatility;
    entry.parallel = 's';
    entry.result = find_type(row.result)->oid;
    entry.arg_types = *extension_types.back();
    entry.implementation = row.implementation;
    if (!row.alias.empty()) {
      const FunctionEntry* builtin = by_signature(row.alias);
      if (builtin == nullptr) return nullptr;
      entry.implementation = builtin->implementation;
    }
    entry.implementation.is_parallel_safe = row.volatility == 'i';
    return &entry;
  }
  return nullptr;
}

void FunctionRegistry::Tables::bind_extension_operators() {
  for (const ExtensionOperatorFact& row : extension_operator_facts()) {
    OperatorEntry entry;
    static_cast<OperatorFact&>(entry) = row.fact();
    std::vector<Oid> types{entry.right};
    if (entry.left != kInvalidOid) types.insert(types.begin(), entry.left);
    entry.implementation = extension_function(row.extension, row.function, std::move(types));
    if (entry.implementation == nullptr) continue;
    entry.function = entry.implementation->oid;
    operator_by_oid[entry.oid] = &extension_operators.emplace_back(entry);
  }
}

void FunctionRegistry::Tables::bind_extension_casts() {
  for (const ExtensionCastFact& row : extension_cast_facts()) {
    CastEntry entry;
    entry.oid = row.oid;
    entry.source = find_type(row.source)->oid;
    entry.target = find_type(row.target)->oid;
    entry.context = row.context;
    entry.method = row.function.empty() ? 'b' : 'f';
    if (entry.method == 'f') {
      entry.implementation = extension_function(row.extension, row.function, {entry.source});
      if (entry.implementation == nullptr) continue;
      entry.function = entry.implementation->oid;
    }
    cast_by_types[{entry.source, entry.target}] = &extension_casts.emplace_back(entry);
  }
}

void FunctionRegistry::Tables::bind_extension_classes() {
  for (const ExtensionOpClassFact& row : extension_opclass_facts()) {
    Oid type = find_type(row.type)->oid;
    for (const ExtensionOpClassFact::Member& member : row.operators) {
      auto found = operator_by_oid.find(opclass_operator(row, member));
      if (found == operator_by_oid.end()) continue;
      const OperatorEntry& op = *found->second;
      family_operators[{row.family, op.left, op.right, member.number}] = &op;
      if (row.method == kBtree) {
        memberships[op.oid].push_back({row.family, op.left, op.right, member.number});
      }
    }
    for (const ExtensionOpClassFact::Member& member : row.functions) {
      const FunctionEntry* function =
          extension_function(row.extension, member.name, std::vector<Oid>{type, type});
      if (function != nullptr) {
        family_functions[{row.family, type, type, member.number}] = function;
      }
    }
  }
}

FunctionRegistry::FunctionRegistry(std::span<const std::span<const KernelRow>> families)
    : tables_(std::make_unique<Tables>()) {
  tables_->bind_functions(families);
  tables_->bind_operators();
  tables_->bind_casts();
  tables_->bind_extension_operators();
  tables_->bind_extension_casts();
  tables_->bind_families();
  tables_->bind_extension_classes();
}

FunctionRegistry::~FunctionRegistry() = default;

const FunctionRegistry& FunctionRegistry::instance() {
  static const FunctionRegistry registry(all_kernel_families());
  return registry;
}

std::span<const FunctionEntry* const> FunctionRegistry::functions(std::string_view name) const {
  auto it = tables_->function_by_name.find(name);
  if (it == tables_->function_by_name.end()) return {};
  return it->second;
}

const FunctionEntry* FunctionRegistry::function(Oid oid) const {
  auto it = tables_->function_by_oid.find(oid);
  return it == tables_->function_by_oid.end() ? nullptr : it->second;
}

const FunctionEntry* FunctionRegistry::function(std::string_view name,
                                                std::span<const Oid> arg_types) const {
  for (const FunctionEntry* entry : functions(name)) {
    if (std::ranges::equal(entry->arg_types, arg_types)) return entry;
  }
  return nullptr;
}

const FunctionEntry* FunctionRegistry::by_signature(std::string_view signature) const {
  return tables_->by_signature(signature);
}

std::span<const ProcFact> FunctionRegistry::extension_functions() const {
  return tables_->extensions;
}

std::span<const FunctionEntry> FunctionRegistry::all_functions() const {
  return tables_->functions;
}

std::span<const OperatorEntry* const> FunctionRegistry::operators(std::string_view name) const {
  auto it = tables_->operator_by_name.find(name);
  if (it == tables_->operator_by_name.end()) return {};
  return it->second;
}

const OperatorEntry* FunctionRegistry::operator_by_oid(Oid oid) const {
  auto it = tables_->operator_by_oid.find(oid);
  return it == tables_->operator_by_oid.end() ? nullptr : it->second;
}

const OperatorEntry* FunctionRegistry::find_operator(std::string_view name, Oid left,
                                                     Oid right) const {
  for (const OperatorEntry* entry : operators(name)) {
    if (entry->left == left && entry->right == right) return entry;
  }
  return nullptr;
}

std::span<const OperatorEntry> FunctionRegistry::all_operators() const {
  return tables_->operators;
}

const CastEntry* FunctionRegistry::cast(Oid source, Oid target) const {
  auto it = tables_->cast_by_types.find({source, target});
  return it == tables_->cast_by_types.end() ? nullptr : it->second;
}

std::span<const CastEntry> FunctionRegistry::all_casts() const { return tables_->casts; }

const OpClassFact* FunctionRegistry::default_opclass(Oid method, Oid type) const {
  auto exact = tables_->opclass_by_type.find({method, type});
  if (exact != tables_->opclass_by_type.end()) return exact->second;
  const TypeInfo* info = find_type(type);
  if (info == nullptr) return nullptr;
  // Classes over polymorphic types serve all arrays, enums, ranges and records.
  Oid general = info->is_array()         ? type_oid::kAnyArray
                : info->type_type == 'e' ? type_oid::kAnyEnum
                : info->type_type == 'r' ? type_oid::kAnyRange
                : info->type_type == 'm' ? kAnyMultirange
                : info->type_type == 'c' ? type_oid::kRecord
                                         : kInvalidOid;
  if (general != kInvalidOid) {
    auto it = tables_->opclass_by_type.find({method, general});
    return it == tables_->opclass_by_type.end() ? nullptr : it->second;
  }
  // Otherwise the class of a type it is binary compatible with, the preferred type first.
  const OpClassFact* found = nullptr;
  for (const CastFact& cast : cast_facts()) {
    if (cast.source != type || cast.method != 'b' || cast.context != 'i') continue;
    auto it = tables_->opclass_by_type.find({method, cast.target});
    if (it == tables_->opclass_by_type.end()) continue;
    if (found == nullptr || type_info(cast.target).preferred) found = it->second;
  }
  return found;
}

const OpClassFact* FunctionRegistry::opclass(Oid method, std::string_view name) const {
  for (const OpClassFact& fact : opclass_facts()) {
    if (fact.method == method && fact.name == name) return &fact;
  }
  return nullptr;
}

const OperatorEntry* FunctionRegistry::btree_operator(Oid type, int16_t strategy) const {
  const OpClassFact* opclass = default_opclass(kBtree, type);
  if (opclass == nullptr) return nullptr;
  return family_operator(opclass->family, opclass->input_type, opclass->input_type, strategy);
}

const OperatorEntry* FunctionRegistry::family_operator(Oid family, Oid left, Oid right,
                                                       int16_t strategy) const {
  auto it = tables_->family_operators.find({family, left, right, strategy});
  return it == tables_->family_operators.end() ? nullptr : it->second;
}

const FunctionEntry* FunctionRegistry::family_function(Oid family, Oid left, Oid right,
                                                       int16_t number) const {
  auto it = tables_->family_functions.find({family, left, right, number});
  return it == tables_->family_functions.end() ? nullptr : it->second;
}

std::span<const FunctionRegistry::Membership> FunctionRegistry::btree_memberships(Oid oid) const {
  auto it = tables_->memberships.find(oid);
  if (it == tables_->memberships.end()) return {};
  return it->second;
}

}  // namespace luma
