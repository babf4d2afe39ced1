#include "sql/catalog/extension_objects.h"

#include <algorithm>

#include "engine/type/type_info.h"
#include "sql/catalog/access_method.h"

namespace luma {
namespace {

constexpr ExtensionOperatorFact kOperators[] = {
    {15300, "citext", "<>", "citext", "citext", "bool", "citext_ne", "<>", "=", false, false,
     "neqsel", "neqjoinsel"},
    {15301, "citext", "=", "citext", "citext", "bool", "citext_eq", "=", "<>", true, true, "eqsel",
     "eqjoinsel"},
    {15302, "citext", ">", "citext", "citext", "bool", "citext_gt", "<", "<=", false, false,
     "scalargtsel", "scalargtjoinsel"},
    {15303, "citext", ">=", "citext", "citext", "bool", "citext_ge", "<=", "<", false, false,
     "scalargesel", "scalargejoinsel"},
    {15304, "citext", "<", "citext", "citext", "bool", "citext_lt", ">", ">=", false, false,
     "scalarltsel", "scalarltjoinsel"},
    {15305, "citext", "<=", "citext", "citext", "bool", "citext_le", ">=", ">", false, false,
     "scalarlesel", "scalarlejoinsel"},
    {15306, "citext", "!~", "citext", "citext", "bool", "texticregexne", "", "~", false, false,
     "icregexnesel", "icregexnejoinsel"},
    {15307, "citext", "~", "citext", "citext", "bool", "texticregexeq", "", "!~", false, false,
     "icregexeqsel", "icregexeqjoinsel"},
    {15308, "citext", "!~*", "citext", "citext", "bool", "texticregexne", "", "~*", false, false,
     "icregexnesel", "icregexnejoinsel"},
    {15309, "citext", "~*", "citext", "citext", "bool", "texticregexeq", "", "!~*", false, false,
     "icregexeqsel", "icregexeqjoinsel"},
    {15310, "citext", "!~~", "citext", "citext", "bool", "texticnlike", "", "~~", false, false,
     "icnlikesel", "icnlikejoinsel"},
    {15311, "citext", "~~", "citext", "citext", "bool", "texticlike", "", "!~~", false, false,
     "iclikesel", "iclikejoinsel"},
    {15312, "citext", "!~~*", "citext", "citext", "bool", "texticnlike", "", "~~*", false, false,
     "icnlikesel", "icnlikejoinsel"},
    {15313, "citext", "~~*", "citext", "citext", "bool", "texticlike", "", "!~~*", false, false,
     "iclikesel", "iclikejoinsel"},
    {15314, "citext", "!~", "citext", "text", "bool", "texticregexne", "", "~", false, false,
     "icregexnesel", "icregexnejoinsel"},
    {15315, "citext", "~", "citext", "text", "bool", "texticregexeq", "", "!~", false, false,
     "icregexeqsel", "icregexeqjoinsel"},
    {15316, "citext", "!~*", "citext", "text", "bool", "texticregexne", "", "~*", false, false,
     "icregexnesel", "icregexnejoinsel"},
    {15317, "citext", "~*", "citext", "text", "bool", "texticregexeq", "", "!~*", false, false,
     "icregexeqsel", "icregexeqjoinsel"},
    {15318, "citext", "!~~", "citext", "text", "bool", "texticnlike", "", "~~", false, false,
     "icnlikesel", "icnlikejoinsel"},
    {15319, "citext", "~~", "citext", "text", "bool", "texticlike", "", "!~~", false, false,
     "iclikesel", "iclikejoinsel"},
    {15320, "citext", "!~~*", "citext", "text", "bool", "texticnlike", "", "~~*", false, false,
     "icnlikesel", "icnlikejoinsel"},
    {15321, "citext", "~~*", "citext", "text", "bool", "texticlike", "", "!~~*", false, false,
     "iclikesel", "iclikejoinsel"},
    {15322, "citext", "~>~", "citext", "citext", "bool", "citext_pattern_gt", "~<~", "~<=~", false,
     false, "scalargtsel", "scalargtjoinsel"},
    {15323, "citext", "~>=~", "citext", "citext", "bool", "citext_pattern_ge", "~<=~", "~<~", false,
     false, "scalargtsel", "scalargtjoinsel"},
    {15324, "citext", "~<~", "citext", "citext", "bool", "citext_pattern_lt", "~>~", "~>=~", false,
     false, "scalarltsel", "scalarltjoinsel"},
    {15325, "citext", "~<=~", "citext", "citext", "bool", "citext_pattern_le", "~>=~", "~>~", false,
     false, "scalarltsel", "scalarltjoinsel"},
    {15400, "hstore", "->", "hstore", "text", "text", "fetchval", "", "", false, false, "", ""},
    {15401, "hstore", "->", "hstore", "_text", "_text", "slice_array", "", "", false, false, "",
     ""},
    {15402, "hstore", "?", "hstore", "text", "bool", "exist", "", "", false, false, "matchingsel",
     "matchingjoinsel"},
    {15403, "hstore", "?|", "hstore", "_text", "bool", "exists_any", "", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15404, "hstore", "?&", "hstore", "_text", "bool", "exists_all", "", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15405, "hstore", "-", "hstore", "text", "hstore", "delete", "", "", false, false, "", ""},
    {15406, "hstore", "-", "hstore", "_text", "hstore", "delete", "", "", false, false, "", ""},
    {15407, "hstore", "-", "hstore", "hstore", "hstore", "delete", "", "", false, false, "", ""},
    {15408, "hstore", "||", "hstore", "hstore", "hstore", "hs_concat", "", "", false, false, "",
     ""},
    {15409, "hstore", "<@", "hstore", "hstore", "bool", "hs_contained", "@>", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15410, "hstore", "@>", "hstore", "hstore", "bool", "hs_contains", "<@", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15411, "hstore", "%%", "", "hstore", "_text", "hstore_to_array", "", "", false, false, "", ""},
    {15412, "hstore", "%#", "", "hstore", "_text", "hstore_to_matrix", "", "", false, false, "",
     ""},
    {15413, "hstore", "#=", "anyelement", "hstore", "anyelement", "populate_record", "", "", false,
     false, "", ""},
    {15414, "hstore", "<>", "hstore", "hstore", "bool", "hstore_ne", "<>", "=", false, false,
     "neqsel", "neqjoinsel"},
    {15415, "hstore", "=", "hstore", "hstore", "bool", "hstore_eq", "=", "<>", true, true, "eqsel",
     "eqjoinsel"},
    {15416, "hstore", "#>#", "hstore", "hstore", "bool", "hstore_gt", "#<#", "#<=#", false, false,
     "scalargtsel", "scalargtjoinsel"},
    {15417, "hstore", "#>=#", "hstore", "hstore", "bool", "hstore_ge", "#<=#", "#<#", false, false,
     "scalargesel", "scalargejoinsel"},
    {15418, "hstore", "#<#", "hstore", "hstore", "bool", "hstore_lt", "#>#", "#>=#", false, false,
     "scalarltsel", "scalarltjoinsel"},
    {15419, "hstore", "#<=#", "hstore", "hstore", "bool", "hstore_le", "#>=#", "#>#", false, false,
     "scalarlesel", "scalarlejoinsel"},
    {15500, "pg_trgm", "%", "text", "text", "bool", "similarity_op", "%", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15501, "pg_trgm", "<->", "text", "text", "float4", "similarity_dist", "<->", "", false, false,
     "", ""},
    {15502, "pg_trgm", "<%", "text", "text", "bool", "word_similarity_op", "%>", "", false, false,
     "matchingsel", "matchingjoinsel"},
    {15503, "pg_trgm", "%>", "text", "text", "bool", "word_similarity_commutator_op", "<%", "",
     false, false, "matchingsel", "matchingjoinsel"},
    {15504, "pg_trgm", "<<->", "text", "text", "float4", "word_similarity_dist_op", "<->>", "",
     false, false, "", ""},
    {15505, "pg_trgm", "<->>", "text", "text", "float4", "word_similarity_dist_commutator_op",
     "<<->", "", false, false, "", ""},
    {15506, "pg_trgm", "<<%", "text", "text", "bool", "strict_word_similarity_op", "%>>", "", false,
     false, "matchingsel", "matchingjoinsel"},
    {15507, "pg_trgm", "%>>", "text", "text", "bool", "strict_word_similarity_commutator_op", "<<%",
     "", false, false, "matchingsel", "matchingjoinsel"},
    {15508, "pg_trgm", "<<<->", "text", "text", "float4", "strict_word_similarity_dist_op", "<->>>",
     "", false, false, "", ""},
    {15509, "pg_trgm", "<->>>", "text", "text", "float4",
     "strict_word_similarity_dist_commutator_op", "<<<->", "", false, false, "", ""},
#include "sql/catalog/ltree_operators.inc"
};

constexpr ExtensionCastFact kCasts[] = {
    {15601, "citext", "citext", "text", "", 'i'},
    {15602, "citext", "citext", "varchar", "", 'i'},
    {15603, "citext", "citext", "bpchar", "", 'a'},
    {15604, "citext", "text", "citext", "", 'a'},
    {15605, "citext", "varchar", "citext", "", 'a'},
    {15606, "citext", "bpchar", "citext", "citext", 'a'},
    {15607, "citext", "bool", "citext", "citext", 'a'},
    {15608, "citext", "inet", "citext", "citext", 'a'},
    {15611, "hstore", "_text", "hstore", "hstore", 'e'},
    {15612, "hstore", "hstore", "json", "hstore_to_json", 'e'},
    {15613, "hstore", "hstore", "jsonb", "hstore_to_jsonb", 'e'},
};

using Member = ExtensionOpClassFact::Member;

constexpr Member kBtreeOperators[] = {{1, "<"}, {2, "<="}, {3, "="}, {4, ">="}, {5, ">"}};
constexpr Member kHashOperators[] = {{1, "="}};
constexpr Member kCitextCompare[] = {{1, "citext_cmp"}};
constexpr Member kCitextHash[] = {{1, "citext_hash"}};
constexpr Member kCitextPatternOperators[] = {
    {1, "~<~"}, {2, "~<=~"}, {3, "="}, {4, "~>=~"}, {5, "~>~"}};
constexpr Member kCitextPatternCompare[] = {{1, "citext_pattern_cmp"}};
constexpr Member kHstoreBtreeOperators[] = {
    {1, "#<#"}, {2, "#<=#"}, {3, "="}, {4, "#>=#"}, {5, "#>#"}};
constexpr Member kHstoreCompare[] = {{1, "hstore_cmp"}};
constexpr Member kHstoreHash[] = {{1, "hstore_hash"}};
constexpr Member kHstoreGinOperators[] = {
    {7, "@>"}, {9, "?", "text"}, {10, "?|", "_text"}, {11, "?&", "_text"}};
constexpr Member kTrigramGinOperators[] = {{1, "%"},  {3, "~~"}, {4, "~~*"}, {5, "~"},
                                           {6, "~*"}, {7, "%>"}, {9, "%>>"}, {11, "="}};

constexpr Member kLtreeCompare[] = {{1, "ltree_cmp"}};
constexpr Member kLtreeGistOperators[] = {{1, "<"},
                                          {2, "<="},
                                          {3, "="},
                                          {4, ">="},
                                          {5, ">"},
                                          {10, "@>"},
                                          {11, "<@"},
                                          {12, "~", "lquery"},
                                          {14, "@", "ltxtquery"},
                                          {16, "?", "_lquery"}};

// The classes of btree_gin.
constexpr ExtensionOpClassFact gin_scalar(Oid oid, std::string_view name, std::string_view type) {
  constexpr Oid kFamilyOffset = 50;
  return {oid, oid + kFamilyOffset, "btree_gin", name, kGinAm, type, true, {}, kBtreeOperators, {}};
}

constexpr Member kBtreeGistOperators[] = {{1, "<"},  {2, "<="}, {3, "="},
                                          {4, ">="}, {5, ">"},  {6, "<>"}};
constexpr Member kTrigramGistOperators[] = {{1, "%"},  {3, "~~"}, {4, "~~*"}, {5, "~"},
                                            {6, "~*"}, {7, "%>"}, {9, "%>>"}, {11, "="}};

// The classes of btree_gist.
constexpr ExtensionOpClassFact gist_scalar(Oid oid, std::string_view name, std::string_view type) {
  constexpr Oid kFamilyOffset = 30;
  return {
      oid, oid + kFamilyOffset, "btree_gist", name, kGistAm, type, true, {}, kBtreeGistOperators,
      {}};
}

constexpr ExtensionOpClassFact kClasses[] = {
    {15701,
     15751,
     "citext",
     "citext_ops",
     kBtreeAm,
     "citext",
     true,
     {},
     kBtreeOperators,
     kCitextCompare},
    {15702,
     15752,
     "citext",
     "citext_ops",
     kHashAm,
     "citext",
     true,
     {},
     kHashOperators,
     kCitextHash},
    {15703,
     15753,
     "citext",
     "citext_pattern_ops",
     kBtreeAm,
     "citext",
     false,
     {},
     kCitextPatternOperators,
     kCitextPatternCompare},
    {15704,
     15754,
     "hstore",
     "btree_hstore_ops",
     kBtreeAm,
     "hstore",
     true,
     {},
     kHstoreBtreeOperators,
     kHstoreCompare},
    {15705,
     15755,
     "hstore",
     "hash_hstore_ops",
     kHashAm,
     "hstore",
     true,
     {},
     kHashOperators,
     kHstoreHash},
    {15706,
     15756,
     "hstore",
     "gin_hstore_ops",
     kGinAm,
     "hstore",
     true,
     "text",
     kHstoreGinOperators,
     {}},
    {15707,
     15757,
     "pg_trgm",
     "gin_trgm_ops",
     kGinAm,
     "text",
     false,
     "int4",
     kTrigramGinOperators,
     {}},
    {15708,
     15758,
     "pg_trgm",
     "gist_trgm_ops",
     kGistAm,
     "text",
     false,
     {},
     kTrigramGistOperators,
     {}},
    {15870,
     15880,
     "ltree",
     "ltree_ops",
     kBtreeAm,
     "ltree",
     true,
     {},
     kBtreeOperators,
     kLtreeCompare},
    {15871, 15881, "ltree", "gist_ltree_ops", kGistAm, "ltree", true, {}, kLtreeGistOperators, {}},
    gin_scalar(15710, "int2_ops", "int2"),
    gin_scalar(15711, "int4_ops", "int4"),
    gin_scalar(15712, "int8_ops", "int8"),
    gin_scalar(15713, "float4_ops", "float4"),
    gin_scalar(15714, "float8_ops", "float8"),
    gin_scalar(15715, "money_ops", "money"),
    gin_scalar(15716, "oid_ops", "oid"),
    gin_scalar(15717, "timestamp_ops", "timestamp"),
    gin_scalar(15718, "timestamptz_ops", "timestamptz"),
    gin_scalar(15719, "time_ops", "time"),
    gin_scalar(15720, "timetz_ops", "timetz"),
    gin_scalar(15721, "date_ops", "date"),
    gin_scalar(15722, "interval_ops", "interval"),
    gin_scalar(15723, "macaddr_ops", "macaddr"),
    gin_scalar(15724, "inet_ops", "inet"),
    gin_scalar(15725, "cidr_ops", "cidr"),
    gin_scalar(15726, "text_ops", "text"),
    gin_scalar(15727, "varchar_ops", "varchar"),
    gin_scalar(15728, "char_ops", "char"),
    gin_scalar(15729, "bytea_ops", "bytea"),
    gin_scalar(15730, "bit_ops", "bit"),
    gin_scalar(15731, "varbit_ops", "varbit"),
    gin_scalar(15732, "numeric_ops", "numeric"),
    gin_scalar(15733, "macaddr8_ops", "macaddr8"),
    gin_scalar(15734, "enum_ops", "anyenum"),
    gin_scalar(15735, "uuid_ops", "uuid"),
    gin_scalar(15736, "name_ops", "name"),
    gin_scalar(15737, "bool_ops", "bool"),
    gin_scalar(15738, "bpchar_ops", "bpchar"),
    gist_scalar(15840, "gist_oid_ops", "oid"),
    gist_scalar(15841, "gist_int2_ops", "int2"),
    gist_scalar(15842, "gist_int4_ops", "int4"),
    gist_scalar(15843, "gist_int8_ops", "int8"),
    gist_scalar(15844, "gist_float4_ops", "float4"),
    gist_scalar(15845, "gist_float8_ops", "float8"),
    gist_scalar(15846, "gist_timestamp_ops", "timestamp"),
    gist_scalar(15847, "gist_timestamptz_ops", "timestamptz"),
    gist_scalar(15848, "gist_time_ops", "time"),
    gist_scalar(15849, "gist_timetz_ops", "timetz"),
    gist_scalar(15850, "gist_date_ops", "date"),
    gist_scalar(15851, "gist_interval_ops", "interval"),
    gist_scalar(15852, "gist_cash_ops", "money"),
    gist_scalar(15853, "gist_macaddr_ops", "macaddr"),
    gist_scalar(15854, "gist_text_ops", "text"),
    gist_scalar(15855, "gist_bpchar_ops", "bpchar"),
    gist_scalar(15856, "gist_bytea_ops", "bytea"),
    gist_scalar(15857, "gist_numeric_ops", "numeric"),
    gist_scalar(15858, "gist_bit_ops", "bit"),
    gist_scalar(15859, "gist_vbit_ops", "varbit"),
    gist_scalar(15860, "gist_inet_ops", "inet"),
    gist_scalar(15861, "gist_cidr_ops", "cidr"),
    gist_scalar(15862, "gist_uuid_ops", "uuid"),
    gist_scalar(15863, "gist_macaddr8_ops", "macaddr8"),
    gist_scalar(15864, "gist_enum_ops", "anyenum"),
    gist_scalar(15865, "gist_bool_ops", "bool"),
};

Oid type_of(std::string_view name) { return name.empty() ? kInvalidOid : find_type(name)->oid; }

// An operator of the same extension by its name and types.
Oid named(const ExtensionOperatorFact& of, std::string_view name, std::string_view left,
          std::string_view right) {
  for (const ExtensionOperatorFact& row : kOperators) {
    if (row.extension == of.extension && row.name == name && row.left == left &&
        row.right == right) {
      return row.oid;
    }
  }
  return kInvalidOid;
}

}  // namespace

OperatorFact ExtensionOperatorFact::fact() const {
  OperatorFact out;
  out.oid = oid;
  out.name = name;
  out.schema = kInvalidOid;  // that of the extension
  out.kind = left.empty() ? 'l' : 'b';
  out.can_merge = can_merge;
  out.can_hash = can_hash;
  out.left = type_of(left);
  out.right = type_of(right);
  out.result = type_of(result);
  if (!commutator.empty()) out.commutator = named(*this, commutator, right, left);
  if (!negator.empty()) out.negator = named(*this, negator, left, right);
  return out;
}

OpClassFact ExtensionOpClassFact::fact() const {
  return {oid, method, name, kInvalidOid, family, type_of(type), is_default, type_of(key_type)};
}

std::span<const ExtensionOperatorFact> extension_operator_facts() { return kOperators; }
std::span<const ExtensionCastFact> extension_cast_facts() { return kCasts; }
std::span<const ExtensionOpClassFact> extension_opclass_facts() { return kClasses; }

namespace {

OperatorFact of_user(const UserOperator& op) {
  OperatorFact fact;
  fact.oid = op.oid;
  fact.name = op.name;
  fact.schema = op.schema;
  fact.kind = op.left == kInvalidOid ? 'l' : 'b';
  fact.can_merge = op.can_merge;
  fact.can_hash = op.can_hash;
  fact.left = op.left;
  fact.right = op.right;
  fact.result = op.result;
  fact.commutator = op.commutator;
  fact.negator = op.negator;
  return fact;
}

std::optional<OperatorFact> of_extension(const Catalog& catalog, const ExtensionOperatorFact& row) {
  const Extension* extension = catalog.find_extension(row.extension);
  if (extension == nullptr) return std::nullopt;
  OperatorFact fact = row.fact();
  fact.schema = extension->schema;
  return fact;
}

}  // namespace

std::optional<OperatorFact> find_created_operator(const Catalog& catalog, Oid oid) {
  if (const UserOperator* op = catalog.user_operator(oid)) return of_user(*op);
  const ExtensionOperatorFact* row = find_extension_operator(oid);
  return row == nullptr ? std::nullopt : of_extension(catalog, *row);
}

std::vector<OperatorFact> created_operators_named(const Catalog& catalog, std::string_view name) {
  std::vector<OperatorFact> out;
  for (const ExtensionOperatorFact& row : kOperators) {
    if (row.name != name) continue;
    if (std::optional<OperatorFact> fact = of_extension(catalog, row)) out.push_back(*fact);
  }
  catalog.for_each_operator([&](const UserOperator& op) {
    if (op.name == name) out.push_back(of_user(op));
  });
  return out;
}

const ExtensionOperatorFact* find_extension_operator(Oid oid) {
  auto found = std::ranges::find(kOperators, oid, &ExtensionOperatorFact::oid);
  return found == std::end(kOperators) ? nullptr : &*found;
}

const ExtensionOpClassFact* find_extension_opclass(Oid oid) {
  auto found = std::ranges::find(kClasses, oid, &ExtensionOpClassFact::oid);
  return found == std::end(kClasses) ? nullptr : &*found;
}

Oid opclass_operator(const ExtensionOpClassFact& opclass, const Member& member) {
  // Some types have the operators of another one.
  std::string_view left = opclass.type == "varchar" ? "text"
                          : opclass.type == "cidr"  ? "inet"
                                                    : opclass.type;
  std::string_view right = member.right.empty() ? left : member.right;
  for (const ExtensionOperatorFact& row : kOperators) {
    if (row.extension == opclass.extension && row.name == member.name && row.left == opclass.type &&
        row.right == right) {
      return row.oid;
    }
  }
  for (const OperatorFact* fact : operator_facts_named(member.name)) {
    if (fact->left == type_of(left) && fact->right == type_of(right)) return fact->oid;
  }
  return kInvalidOid;
}

int16_t opclass_strategy(Oid opclass, Oid operator_oid) {
  if (const ExtensionOpClassFact* extension = find_extension_opclass(opclass)) {
    for (const ExtensionOpClassFact::Member& member : extension->operators) {
      if (opclass_operator(*extension, member) == operator_oid) return member.number;
    }
    return 0;
  }
  const OpClassFact* fact = find_opclass_fact(opclass);
  if (fact == nullptr) return 0;
  for (const AmOpFact& row : amop_facts()) {
    if (row.family == fact->family && row.operator_oid == operator_oid) return row.strategy;
  }
  return 0;
}

}  // namespace luma
