#pragma once
// PostgreSQL 15's built-in objects as facts: what initdb puts into pg_proc, pg_operator, ... The
// rows come from tables that tools/export_pg_catalog.py wrote (sql/catalog/facts/*.inc); parsed
// once, immutable afterwards, usable from any thread. Facts say what PostgreSQL has; what LumaDB
// can run is decided by sql/function's registry.
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

// pg_proc
struct ProcFact {
  Oid oid = kInvalidOid;
  std::string_view name;
  Oid schema = 11;
  Oid language = 12;  // 12 internal, 14 sql
  char kind = 'f';    // f function, a aggregate, w window, p procedure
  bool strict = false;
  bool returns_set = false;
  bool leakproof = false;
  char volatility = 'v';  // i immutable, s stable, v volatile
  char parallel = 'u';
  float cost = 1;
  float rows = 0;
  Oid support = kInvalidOid;  // planner support function
  Oid result = kInvalidOid;
  std::span<const Oid> arg_types;  // input arguments (IN, INOUT, VARIADIC)
  Oid variadic = kInvalidOid;      // element type of a VARIADIC last argument ("any" for "any")
  std::span<const std::string_view>
      defaults;  // SQL text, for the last defaults.size() input arguments
  // Empty when all arguments are plain IN: then arg_types says all.
  std::span<const Oid> all_arg_types;
  std::string_view arg_modes;                   // one letter each: i o b v t
  std::span<const std::string_view> arg_names;  // of all_arg_types (or arg_types); may be empty
  std::string_view source;                      // prosrc
};

// pg_aggregate
struct AggregateFact {
  Oid function = kInvalidOid;
  char kind = 'n';  // n normal, o ordered-set, h hypothetical-set
  int16_t direct_args = 0;
  Oid transition = kInvalidOid;
  Oid final = kInvalidOid;
  Oid sort_operator = kInvalidOid;  // min/max: the order that finds the answer in an index
  Oid transition_type = kInvalidOid;
};

// pg_operator
struct OperatorFact {
  Oid oid = kInvalidOid;
  std::string_view name;
  Oid schema = 11;
  char kind = 'b';  // b infix, l prefix
  bool can_merge = false;
  bool can_hash = false;
  Oid left = kInvalidOid;  // 0 for prefix operators
  Oid right = kInvalidOid;
  Oid result = kInvalidOid;
  Oid commutator = kInvalidOid;
  Oid negator = kInvalidOid;
  Oid function = kInvalidOid;
};

// pg_cast
struct CastFact {
  Oid oid = kInvalidOid;
  Oid source = kInvalidOid;
  Oid target = kInvalidOid;
  Oid function = kInvalidOid;
  char context = 'e';  // i implicit, a assignment, e explicit
  char method = 'f';   // f function, b binary compatible, i through text (in/out)
};

// pg_opclass; those of extensions are in no schema here
struct OpClassFact {
  Oid oid = kInvalidOid;
  Oid method = kInvalidOid;  // 403 btree, 405 hash, ...
  std::string_view name;
  Oid schema = 11;
  Oid family = kInvalidOid;
  Oid input_type = kInvalidOid;
  bool is_default = false;
  Oid key_type = kInvalidOid;
};

// pg_amop
struct AmOpFact {
  Oid family = kInvalidOid;
  Oid left = kInvalidOid;
  Oid right = kInvalidOid;
  int16_t strategy = 0;  // btree: 1 <, 2 <=, 3 =, 4 >=, 5 >
  char purpose = 's';
  Oid operator_oid = kInvalidOid;
  Oid method = kInvalidOid;
};

// pg_amproc
struct AmProcFact {
  Oid family = kInvalidOid;
  Oid left = kInvalidOid;
  Oid right = kInvalidOid;
  int16_t number = 0;  // btree: 1 compare, 3 in_range
  Oid function = kInvalidOid;
};

// pg_collation
struct CollationFact {
  Oid oid = kInvalidOid;
  std::string_view name;
  char provider = 'c';
  bool deterministic = true;
  int32_t encoding = -1;
  std::string_view collate;
  std::string_view ctype;
  std::string_view icu_locale;
  std::string_view version;  // "" = none
};

// pg_range
struct RangeFact {
  Oid type = kInvalidOid;
  Oid subtype = kInvalidOid;
  Oid multirange = kInvalidOid;
  Oid canonical = kInvalidOid;
  Oid subdiff = kInvalidOid;
};

// A setting (GUC) of PostgreSQL 15, as pg_settings describes it.
struct SettingFact {
  std::string_view name;
  std::string_view unit;  // "" = none
  std::string_view category;
  std::string_view short_desc;
  std::string_view extra_desc;
  std::string_view context;  // internal postmaster sighup superuser-backend backend superuser user
  std::string_view type;     // bool integer real string enum
  std::string_view min_value, max_value;  // "" = none
  std::vector<std::string_view> enum_values;
  std::string_view boot_value;  // in units, as pg_settings.boot_val
  bool boot_is_null = false;
};

std::span<const ProcFact> proc_facts();  // ordered by oid
std::span<const AggregateFact> aggregate_facts();
std::span<const OperatorFact> operator_facts();  // ordered by oid
std::span<const CastFact> cast_facts();
std::span<const OpClassFact> opclass_facts();
std::span<const AmOpFact> amop_facts();
std::span<const AmProcFact> amproc_facts();
std::span<const CollationFact> collation_facts();
std::span<const RangeFact> range_facts();
std::span<const SettingFact> setting_facts();  // ordered by name

const ProcFact* find_proc_fact(Oid oid);
const OperatorFact* find_operator_fact(Oid oid);
const OpClassFact* find_opclass_fact(Oid oid);
const CollationFact* find_collation_fact(Oid oid);
const RangeFact* find_range_fact(Oid range_or_multirange_type);
std::span<const ProcFact* const> proc_facts_named(std::string_view name);
std::span<const OperatorFact* const> operator_facts_named(std::string_view name);

// Which built-in functions have an implementation: sql/function's registry tells the catalog, so
// that pg_proc, \df, name lookup and execution agree.
class BuiltinAvailability {
 public:
  virtual ~BuiltinAvailability() = default;
  virtual bool has_function(Oid oid) const = 0;
  // Functions of LumaDB that PostgreSQL 15 does not have.
  virtual std::span<const ProcFact> extension_functions() const { return {}; }
};

// What pg_proc shows: functions that can be called, and the input and output functions of types,
// which the codecs of engine/type stand for.
bool builtin_function_exists(const BuiltinAvailability& builtins, Oid oid);
bool builtin_operator_exists(const BuiltinAvailability& builtins, const OperatorFact& fact);

}  // namespace luma
