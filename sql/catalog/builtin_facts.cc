#include "sql/catalog/builtin_facts.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "engine/type/type_info.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/fact_table.h"

namespace luma {
namespace {

template <typename T = Oid>
T number(std::string_view text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
bool flag(std::string_view text) { return text == "t"; }
char letter(std::string_view text) { return text.empty() ? '\0' : text[0]; }

// Arrays of facts, cut from chunks that never move and live until the process ends.
template <typename T>
class Pool {
 public:
  std::span<const T> add(std::vector<T> items) {
    if (items.empty()) return {};
    kept_.push_back(std::make_unique<std::vector<T>>(std::move(items)));
    return *kept_.back();
  }

 private:
  std::vector<std::unique_ptr<std::vector<T>>> kept_;
};

std::vector<Oid> oid_list(std::string_view text, char separator) {
  std::vector<Oid> out;
  if (!text.empty() && text.front() == '{') text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    out.push_back(number(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

struct ProcTable {
  std::vector<ProcFact> rows;
  std::unordered_map<std::string_view, std::vector<const ProcFact*>> by_name;
  std::unordered_map<Oid, const ProcFact*> by_oid;
  Pool<Oid> oids;
  Pool<std::string_view> texts;
  std::vector<std::unique_ptr<std::string>> modes;

  ProcTable() {
    const FactTable& table = fact_table("pg_proc");
    rows.reserve(table.row_count());
    for (size_t i = 0; i < table.row_count(); ++i) rows.push_back(make(table.row(i)));
    for (const ProcFact& row : rows) {
      by_name[row.name].push_back(&row);
      by_oid[row.oid] = &row;
    }
  }

  ProcFact make(std::span<const std::string_view> f) {
    ProcFact p;
    p.oid = number(f[0]);
    p.name = f[1];
    p.schema = number(f[2]);
    p.language = number(f[4]);
    p.cost = number<float>(f[5]);
    p.rows = number<float>(f[6]);
    p.variadic = number(f[7]);
    p.support = number(f[8]);
    p.kind = letter(f[9]);
    p.leakproof = flag(f[11]);
    p.strict = flag(f[12]);
    p.returns_set = flag(f[13]);
    p.volatility = letter(f[14]);
    p.parallel = letter(f[15]);
    p.result = number(f[18]);
    p.arg_types = oids.add(oid_list(f[19], ' '));
    p.all_arg_types = oids.add(oid_list(f[20], ','));
    if (f[21].size() > 2) {
      auto letters = std::make_unique<std::string>();
      for (std::string_view mode : split_fact_array(f[21])) *letters += letter(mode);
      p.arg_modes = *letters;
      modes.push_back(std::move(letters));
    }
    p.arg_names = texts.add(split_fact_array(f[22]));
    p.source = f[25];
    p.defaults = texts.add(split_fact_array(f[30]));
    return p;
  }
};

const ProcTable& procs() {
  static const ProcTable table;
  return table;
}

struct OperatorTable {
  std::vector<OperatorFact> rows;
  std::unordered_map<std::string_view, std::vector<const OperatorFact*>> by_name;
  std::unordered_map<Oid, const OperatorFact*> by_oid;

  OperatorTable() {
    const FactTable& table = fact_table("pg_operator");
    rows.reserve(table.row_count());
    for (size_t i = 0; i < table.row_count(); ++i) {
      auto f = table.row(i);
      rows.push_back({number(f[0]), f[1], number(f[2]), letter(f[4]), flag(f[5]), flag(f[6]),
                      number(f[7]), number(f[8]), number(f[9]), number(f[10]), number(f[11]),
                      number(f[12])});
    }
    for (const OperatorFact& row : rows) {
      by_name[row.name].push_back(&row);
      by_oid[row.oid] = &row;
    }
  }
};

const OperatorTable& operators() {
  static const OperatorTable table;
  return table;
}

template <typename T, typename Make>
std::vector<T> make_rows(std::string_view name, Make make) {
  const FactTable& table = fact_table(name);
  std::vector<T> rows;
  rows.reserve(table.row_count());
  for (size_t i = 0; i < table.row_count(); ++i) rows.push_back(make(table.row(i)));
  return rows;
}

template <typename T, typename Rows>
const T* find_by(const Rows& rows, Oid T::*member, Oid oid) {
  auto it = std::find_if(rows.begin(), rows.end(), [&](const T& r) { return r.*member == oid; });
  return it == rows.end() ? nullptr : &*it;
}

using Fields = std::span<const std::string_view>;

}  // namespace

std::span<const ProcFact> proc_facts() { return procs().rows; }
std::span<const OperatorFact> operator_facts() { return operators().rows; }

const ProcFact* find_proc_fact(Oid oid) {
  auto it = procs().by_oid.find(oid);
  return it == procs().by_oid.end() ? nullptr : it->second;
}

const OperatorFact* find_operator_fact(Oid oid) {
  auto it = operators().by_oid.find(oid);
  return it == operators().by_oid.end() ? nullptr : it->second;
}

std::span<const ProcFact* const> proc_facts_named(std::string_view name) {
  auto it = procs().by_name.find(name);
  if (it == procs().by_name.end()) return {};
  return it->second;
}

std::span<const OperatorFact* const> operator_facts_named(std::string_view name) {
  auto it = operators().by_name.find(name);
  if (it == operators().by_name.end()) return {};
  return it->second;
}

std::span<const AggregateFact> aggregate_facts() {
  static const auto rows = make_rows<AggregateFact>("pg_aggregate", [](Fields f) {
    return AggregateFact{number(f[0]), letter(f[1]),  number<int16_t>(f[2]), number(f[3]),
                         number(f[4]), number(f[15]), number(f[16])};
  });
  return rows;
}

std::span<const CastFact> cast_facts() {
  static const auto rows = make_rows<CastFact>("pg_cast", [](Fields f) {
    return CastFact{number(f[0]), number(f[1]), number(f[2]),
                    number(f[3]), letter(f[4]), letter(f[5])};
  });
  return rows;
}

std::span<const OpClassFact> opclass_facts() {
  static const auto rows = [] {
    auto all = make_rows<OpClassFact>("pg_opclass", [](Fields f) {
      return OpClassFact{number(f[0]), number(f[1]), f[2],       number(f[3]),
                         number(f[5]), number(f[6]), flag(f[7]), number(f[8])};
    });
    for (const ExtensionOpClassFact& row : extension_opclass_facts()) all.push_back(row.fact());
    return all;
  }();
  return rows;
}

std::span<const AmOpFact> amop_facts() {
  static const auto rows = make_rows<AmOpFact>("pg_amop", [](Fields f) {
    return AmOpFact{number(f[1]), number(f[2]), number(f[3]), number<int16_t>(f[4]),
                    letter(f[5]), number(f[6]), number(f[7])};
  });
  return rows;
}

std::span<const AmProcFact> amproc_facts() {
  static const auto rows = make_rows<AmProcFact>("pg_amproc", [](Fields f) {
    return AmProcFact{number(f[1]), number(f[2]), number(f[3]), number<int16_t>(f[4]),
                      number(f[5])};
  });
  return rows;
}

std::span<const CollationFact> collation_facts() {
  static const auto rows = make_rows<CollationFact>("pg_collation", [](Fields f) {
    return CollationFact{number(f[0]), f[1], letter(f[4]), flag(f[5]), number<int32_t>(f[6]),
                         f[7],         f[8], f[9],         f[10]};
  });
  return rows;
}

std::span<const RangeFact> range_facts() {
  static const auto rows = make_rows<RangeFact>("pg_range", [](Fields f) {
    return RangeFact{number(f[0]), number(f[1]), number(f[2]), number(f[5]), number(f[6])};
  });
  return rows;
}

std::span<const SettingFact> setting_facts() {
  static const auto rows = make_rows<SettingFact>("settings", [](Fields f) {
    return SettingFact{f[0],  f[1],
                       f[2],  f[3],
                       f[4],  f[5],
                       f[6],  f[7],
                       f[8],  split_fact_array(f[9]),
                       f[10], f[10].data() == nullptr};
  });
  return rows;
}

const OpClassFact* find_opclass_fact(Oid oid) {
  return find_by<OpClassFact>(opclass_facts(), &OpClassFact::oid, oid);
}

const CollationFact* find_collation_fact(Oid oid) {
  return find_by<CollationFact>(collation_facts(), &CollationFact::oid, oid);
}

const RangeFact* find_range_fact(Oid type) {
  const RangeFact* range = find_by<RangeFact>(range_facts(), &RangeFact::type, type);
  return range != nullptr ? range : find_by<RangeFact>(range_facts(), &RangeFact::multirange, type);
}

namespace {

std::unordered_set<Oid> make_type_functions() {
  std::unordered_set<Oid> out;
  const FactTable& table = fact_table("pg_type");
  for (size_t i = 0; i < table.row_count(); ++i) {
    auto f = table.row(i);
    // typinput, typoutput, typreceive, typsend, typmodin, typmodout
    for (size_t column = 15; column <= 20; ++column) {
      if (Oid oid = number(f[column]); oid != kInvalidOid) out.insert(oid);
    }
  }
  return out;
}

}  // namespace

bool builtin_function_exists(const BuiltinAvailability& builtins, Oid oid) {
  static const std::unordered_set<Oid> type_functions = make_type_functions();
  return builtins.has_function(oid) || type_functions.contains(oid);
}

bool builtin_operator_exists(const BuiltinAvailability& builtins, const OperatorFact& fact) {
  return builtins.has_function(fact.function);
}

}  // namespace luma
