#pragma once
// Catalog objects as plain data. A snapshot (catalog.h) holds them as shared_ptr<const T>; DDL
// copies an object, changes the copy and puts it back. SQL expressions are kept as text and bound
// when needed. Field names follow meaning, not pg_catalog's columns; sql/catalog's virtual tables
// map them.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/type/oid.h"
#include "engine/type/type_info.h"

namespace luma {

// Oids of the pg_catalog relations that classify objects (pg_depend.classid and the like).
namespace class_oid {
inline constexpr Oid kRelation = 1259, kType = 1247, kProc = 1255, kAttribute = 1249, kRole = 1260,
                     kDatabase = 1262, kTablespace = 1213, kCast = 2605, kConstraint = 2606,
                     kAttrDef = 2604, kLanguage = 2612, kOperator = 2617, kOpClass = 2616,
                     kOpFamily = 2753, kAm = 2601, kRewrite = 2618, kTrigger = 2620, kSchema = 2615,
                     kCollation = 3456, kExtension = 3079, kPolicy = 3256, kIndex = 2610,
                     kDefaultAcl = 826, kInitPrivs = 3394, kStatistics = 2619, kStatisticExt = 3381,
                     kTsDict = 3600, kTsParser = 3601, kTsConfig = 3602, kTsTemplate = 3764,
                     kEventTrigger = 3466, kAmOp = 2602, kAmProc = 2603;
}  // namespace class_oid

namespace schema_oid {
inline constexpr Oid kPgCatalog = 11, kToast = 99, kPublic = 2200, kInformationSchema = 13207;
}  // namespace schema_oid

inline constexpr Oid kBootstrapRole = 10;
inline constexpr Oid kDatabaseOwnerRole = 6171;  // pg_database_owner
// Predefined roles whose members may do what others need grants for.
inline constexpr Oid kMonitorRole = 3373, kReadAllSettingsRole = 3374, kReadAllStatsRole = 3375,
                     kStatScanTablesRole = 3377, kSignalBackendRole = 4200, kCheckpointRole = 4544,
                     kReadServerFilesRole = 4569, kWriteServerFilesRole = 4570,
                     kExecuteServerProgramRole = 4571, kReadAllDataRole = 6181,
                     kWriteAllDataRole = 6182;
inline constexpr Oid kPublicGrantee = 0;
inline constexpr Oid kHeapAm = 2, kBtreeAm = 403, kHashAm = 405;
inline constexpr Oid kDefaultTablespace = 1663, kGlobalTablespace = 1664;
inline constexpr Oid kTemplate1Database = 1, kTemplate0Database = 4, kPostgresDatabase = 5;

// An object or a part of one: sub_id is a column number of a relation, 0 otherwise.
struct ObjectAddress {
  Oid class_id = kInvalidOid;
  Oid oid = kInvalidOid;
  int32_t sub_id = 0;
  bool operator==(const ObjectAddress&) const = default;
  auto operator<=>(const ObjectAddress&) const = default;
};

// `dependent` (an object or a part of the one that holds this edge) needs `referenced`.
// Kinds as in pg_depend: n normal, a automatic, i internal, e extension, p pinned.
struct Dependency {
  ObjectAddress dependent;
  ObjectAddress referenced;
  char kind = 'n';
  bool operator==(const Dependency&) const = default;
};

// One entry of an access control list; privileges are PostgreSQL's letters, granted and grantable.
struct AclItem {
  Oid grantee = kPublicGrantee;
  Oid grantor = kBootstrapRole;
  std::string privileges;  // "arwd"
  std::string grantable;   // the subset WITH GRANT OPTION
  bool operator==(const AclItem&) const = default;
};
using Acl = std::vector<AclItem>;

enum class ObjectKind : uint8_t {
  kDatabase,
  kRole,
  kSchema,
  kTable,
  kIndex,
  kSequence,
  kType,
  kDefaultAcl,
  kAccessList,
  kFunction,
  kStatistics,
  kExtension,
  kOperator,
  kCast,
  kExtendedStatistics,
  kTextDictionary,
  kTextConfiguration,
  kCollation,
  kEventTrigger,
  kOperatorFamily,
  kOperatorClass
};

// What all objects have. The most derived struct is told by `kind`.
struct CatalogObject {
  ObjectKind kind;
  Oid oid = kInvalidOid;
  std::string name;
  Oid owner = kBootstrapRole;
  std::optional<Acl> acl;  // nullopt: the default privileges
  std::string comment;     // "" = none
  std::vector<Dependency> dependencies;

  explicit CatalogObject(ObjectKind k) : kind(k) {}
  virtual ~CatalogObject() = default;
  CatalogObject(const CatalogObject&) = default;
  CatalogObject& operator=(const CatalogObject&) = default;
  // pg_class 1259 for relations, ...
  Oid class_id() const;
  ObjectAddress address() const { return {class_id(), oid, 0}; }
};
using ObjectPtr = std::shared_ptr<const CatalogObject>;

struct Database : CatalogObject {
  Database() : CatalogObject(ObjectKind::kDatabase) {}
  bool is_template = false;
  bool allow_connections = true;
  int32_t connection_limit = -1;
  std::string collate = "C.UTF-8";
  std::string ctype = "C.UTF-8";
  std::vector<std::string> settings;  // "name=value": ALTER DATABASE ... SET
};

struct Role : CatalogObject {
  Role() : CatalogObject(ObjectKind::kRole) {}
  bool superuser = false;
  bool inherit = true;
  bool create_role = false;
  bool create_database = false;
  bool can_login = false;
  bool replication = false;
  bool bypass_rls = false;
  int32_t connection_limit = -1;
  std::string password;                // SCRAM verifier ("SCRAM-SHA-256$..."); "" = no password
  std::optional<int64_t> valid_until;  // timestamptz micros
  // Roles this role is a member of.
  struct Membership {
    Oid role = kInvalidOid;
    Oid grantor = kBootstrapRole;
    bool admin = false;
  };
  std::vector<Membership> member_of;
  // ALTER ROLE ... [IN DATABASE d] SET: database 0 = all.
  std::vector<std::pair<Oid, std::string>> settings;
};

struct Schema : CatalogObject {
  Schema() : CatalogObject(ObjectKind::kSchema) {}
};

// Tables, views, materialised views, composite types (Table), indexes and sequences: what pg_class
// has.
struct Relation : CatalogObject {
  using CatalogObject::CatalogObject;
  Oid schema = kInvalidOid;
  char relkind = 'r';                // r table, v view, m materialised view, i index, S sequence,
                                     // c composite type, p partitioned table, f foreign table
  char persistence = 'p';            // p permanent, u unlogged, t temporary
  uint32_t storage_id = 0;           // prefix of its keys; 0 = no storage
  std::vector<std::string> options;  // reloptions, "fillfactor=70"
};

struct Column {
  std::string name;
  int16_t number = 0;  // attnum, from 1
  TypeRef type;
  Oid collation = kInvalidOid;
  int16_t dimensions = 0;  // attndims
  bool not_null = false;
  bool dropped = false;
  char identity = '\0';           // a GENERATED ALWAYS, d BY DEFAULT
  char generated = '\0';          // s GENERATED ALWAYS AS (...) STORED
  std::string default_sql;        // default or generation expression, deparsed; "" = none
  Oid default_oid = kInvalidOid;  // pg_attrdef.oid
  // ADD COLUMN with a constant default: rows older than `since_version` read as `missing_text`
  // (text form of the type), or NULL without it.
  uint16_t since_version = 0;
  std::optional<std::string> missing_text;
  char storage = '\0';  // attstorage when set by ALTER, else the type's
  int32_t statistics_target = -1;
  bool is_local = true;  // attislocal
  int16_t inherit_count = 0;
  std::optional<Acl> acl;
  std::string comment;

  bool has_default() const { return !default_sql.empty(); }
};

struct Constraint {
  Oid oid = kInvalidOid;
  std::string name;
  char type = 'c';  // c check, p primary key, u unique, f foreign key, x exclusion, t trigger
  bool deferrable = false;
  bool initially_deferred = false;
  bool validated = true;
  bool no_inherit = false;
  bool is_local = true;
  int16_t inherit_count = 0;
  std::vector<int16_t> columns;  // conkey
  std::string expression;        // check: deparsed, without the outer CHECK (...)
  Oid index = kInvalidOid;       // of p, u, x; of f: the referenced unique index
  // foreign keys
  Oid referenced_table = kInvalidOid;
  std::vector<int16_t> referenced_columns;
  char match = 's';      // s simple, f full, p partial
  char on_update = 'a';  // a no action, r restrict, c cascade, n set null, d set default
  char on_delete = 'a';
  std::vector<int16_t> set_columns;      // ON DELETE SET NULL (columns)
  std::vector<Oid> equality_operators;   // referenced = referencing, per column (conpfeqop)
  std::vector<Oid> exclusion_operators;  // of x, by key of its index (conexclop)
  // Whether the referencing (referenced) table's side is enforced, as Trigger::enabled.
  char child_enabled = 'O', parent_enabled = 'O';
  Oid parent = kInvalidOid;  // the partitioned table's constraint it was made for
  std::string comment;
};

// Row level security: which rows a command of some roles may see (using_sql) or store (check_sql).
struct Policy {
  Oid oid = kInvalidOid;
  std::string name;
  char command = '*';  // r SELECT, a INSERT, w UPDATE, d DELETE, * all
  bool permissive = true;
  std::vector<Oid> roles;  // kPublicGrantee: everybody
  std::string using_sql;   // deparsed; "" = none
  std::string check_sql;
  std::string comment;
  std::vector<Dependency> dependencies;
};

// Bits of Trigger::type, as in pg_trigger.tgtype; a statement trigger lacks kRow, AFTER is neither
// kBefore nor kInstead.
namespace trigger_type {
inline constexpr int16_t kRow = 1, kBefore = 2, kInsert = 4, kDelete = 8, kUpdate = 16,
                         kTruncate = 32, kInstead = 64;
}  // namespace trigger_type

struct Trigger {
  Oid oid = kInvalidOid;
  std::string name;
  Oid function = kInvalidOid;
  int16_t type = 0;    // trigger_type bits
  char enabled = 'O';  // O origin, D disabled, R replica, A always
  // The table's Constraint of type t that a constraint trigger stands for, and the table named by
  // its FROM.
  Oid constraint = kInvalidOid;
  Oid constraint_table = kInvalidOid;
  bool deferrable = false;
  bool initially_deferred = false;
  std::vector<int16_t> columns;        // UPDATE OF: attnums
  std::vector<std::string> arguments;  // TG_ARGV
  std::string when_sql;                // deparsed, over old and new; "" = none
  std::string old_table, new_table;    // REFERENCING
  Oid parent = kInvalidOid;            // the partitioned table's trigger it was cloned from
  std::string comment;
  std::vector<Dependency> dependencies;
};

// CREATE RULE, but for a view's own ON SELECT rule.
struct Rule {
  Oid oid = kInvalidOid;
  std::string name;
  char event = '3';  // as in pg_rewrite.ev_type: 2 UPDATE, 3 INSERT, 4 DELETE
  bool instead = false;
  char enabled = 'O';                // as Trigger::enabled
  std::string condition_sql;         // deparsed, over old and new; "" = none
  std::vector<std::string> actions;  // deparsed statements; none: NOTHING
  std::string comment;
  std::vector<Dependency> dependencies;
};

struct IndexKey {
  int16_t column = 0;      // attnum; 0 = expression
  std::string expression;  // deparsed
  TypeRef type;
  Oid opclass = kInvalidOid;
  Oid collation = kInvalidOid;
  bool descending = false;
  bool nulls_first = false;
};

// PARTITION BY.
struct PartitionKey {
  char strategy = '\0';  // r range, l list, h hash; 0: not partitioned
  std::vector<IndexKey> parts;
};

// FOR VALUES of a partition. Values are literals in their type's text form.
struct PartitionBound {
  struct Value {
    char kind = 'v';  // v a value, n NULL, - MINVALUE, + MAXVALUE
    std::string text;
  };
  char strategy = '\0';  // of the parent's key; 0: no partition
  bool is_default = false;
  int32_t modulus = 0, remainder = 0;
  std::vector<Value> values;        // list
  std::vector<Value> lower, upper;  // range
};

struct VirtualRelation;  // virtual_relation.h

struct Table : Relation {
  Table() : Relation(ObjectKind::kTable) {}
  std::vector<Column> columns;  // by attnum, dropped ones included
  std::vector<Constraint> constraints;
  std::vector<Policy> policies;
  std::vector<Trigger> triggers;  // by name
  std::vector<Rule> rules;        // by name
  uint16_t schema_version = 1;    // of rows written now
  Oid row_type = kInvalidOid;     // composite type with the table's name
  Oid array_type = kInvalidOid;
  Oid access_method = kHeapAm;      // 0 for views and composite types
  Oid row_key_index = kInvalidOid;  // the primary key index that keys the rows; 0: hidden rowid
  std::vector<Oid> inherits;        // parents, in order
  PartitionKey partition_key;
  PartitionBound partition_bound;
  char replica_identity = 'd';
  bool row_security = false;
  bool force_row_security = false;
  bool is_populated = true;  // materialised views
  // Views and materialised views.
  std::string definition;              // SELECT text, without a trailing semicolon
  std::string definition_search_path;  // search_path under which `definition` was written
  Oid rule_oid = kInvalidOid;          // pg_rewrite.oid of the _RETURN rule
  std::string check_option;            // "", "local", "cascaded"
  // System relations: rows are generated. Not serialised; nullptr for everything users create.
  const VirtualRelation* virtual_relation = nullptr;

  bool is_view() const { return relkind == 'v'; }
  const Column* find_column(std::string_view column_name) const;  // live columns only
  const Column* column(int16_t number) const;                     // dropped included; nullptr: none
  const Constraint* find_constraint(std::string_view constraint_name) const;
  const Constraint* find_constraint(Oid constraint_oid) const;
  const Constraint* primary_key() const;
};

struct Index : Relation {
  Index() : Relation(ObjectKind::kIndex) { relkind = 'i'; }
  Oid table = kInvalidOid;
  Oid access_method = kBtreeAm;
  std::vector<IndexKey> keys;
  std::vector<int16_t> include;  // attnums
  std::string predicate;         // deparsed; "" = none
  bool unique = false;
  bool primary = false;
  bool exclusion = false;
  bool immediate = true;  // false for deferrable constraints
  bool nulls_not_distinct = false;
  bool valid = true;
  bool ready = true;
  bool clustered = false;  // CLUSTER ... USING marks it
  bool replica_identity = false;
  Oid constraint = kInvalidOid;  // that it backs
  Oid parent = kInvalidOid;      // the partitioned table's index it is part of
};

struct Sequence : Relation {
  Sequence() : Relation(ObjectKind::kSequence) { relkind = 'S'; }
  Oid type = type_oid::kInt8;
  int64_t start = 1;
  int64_t increment = 1;
  int64_t min_value = 1;
  int64_t max_value = INT64_MAX;
  int64_t cache = 1;
  bool cycle = false;
  Oid owned_by_table = kInvalidOid;  // OWNED BY or identity
  int16_t owned_by_column = 0;
  bool is_identity = false;
};

// CREATE TYPE / CREATE DOMAIN. Row types of tables are implied by Table::row_type.
struct Type : CatalogObject {
  Type() : CatalogObject(ObjectKind::kType) {}
  Oid schema = kInvalidOid;
  char type_type = 'e';  // e enum, d domain, c composite, r range, m multirange, b of an extension
  Oid array_type = kInvalidOid;
  Oid relation = kInvalidOid;  // composite: the Table with relkind 'c'
  struct EnumLabel {
    Oid oid = kInvalidOid;
    float sort_order = 0;
    std::string label;
  };
  std::vector<EnumLabel> labels;
  // domains; of a range the subtype, of a multirange its range
  TypeRef base;
  Oid collation = kInvalidOid;
  bool not_null = false;
  std::string default_sql;
  std::vector<Constraint> constraints;
  // ranges
  Oid multirange = kInvalidOid;
  Oid subtype_opclass = kInvalidOid;
  Oid subtype_diff = kInvalidOid;  // a function
};

// CREATE FUNCTION, CREATE PROCEDURE.
struct Function : CatalogObject {
  Function() : CatalogObject(ObjectKind::kFunction) {}
  struct Argument {
    std::string name;  // "" = none
    Oid type = kInvalidOid;
    char mode = 'i';          // i in, o out, b inout, v variadic, t table column
    std::string default_sql;  // deparsed; "" = none

    bool is_input() const { return mode == 'i' || mode == 'b' || mode == 'v'; }
    bool is_output() const { return mode == 'o' || mode == 'b' || mode == 't'; }
  };
  Oid schema = kInvalidOid;
  char routine = 'f';  // f function, p procedure, a aggregate
  std::vector<Argument> arguments;
  Oid result = kInvalidOid;  // void for procedures without output arguments
  bool returns_set = false;
  std::string language;  // "sql", "plpgsql"
  std::string source;    // the body's text, as written
  // BEGIN ATOMIC ... END or RETURN ...: the statements, deparsed, which are bound when it is
  // called.
  std::string sql_body;
  std::string definition_search_path;  // of sql_body and the arguments' defaults
  char volatility = 'v';               // i immutable, s stable, v volatile
  char parallel = 'u';                 // u unsafe, r restricted, s safe
  bool strict = false;
  bool security_definer = false;
  bool leakproof = false;
  float cost = 100;
  float rows = 0;
  std::vector<std::string> settings;  // "name=value": SET clauses
  // Changes with every CREATE OR REPLACE: what was compiled of an older body is no longer good.
  uint64_t revision = 0;
  // CREATE AGGREGATE.
  struct Aggregate {
    Oid transition = kInvalidOid;  // functions
    Oid final = kInvalidOid;
    Oid combine = kInvalidOid;
    Oid sort_operator = kInvalidOid;
    Oid transition_type = kInvalidOid;
    int32_t transition_space = 0;
    std::optional<std::string> initial;  // text form of the transition type
    bool final_extra = false;
    char final_modify = 'r';  // r read only, s shareable, w read write
  };
  std::optional<Aggregate> aggregate;  // of aggregates that are not an extension's

  std::vector<Oid> input_types() const;
  // Element type of a VARIADIC last argument; 0: none.
  bool is_variadic() const;
  bool is_procedure() const { return routine == 'p'; }
};

// CREATE EXTENSION; its members depend on it, with kind e.
struct Extension : CatalogObject {
  Extension() : CatalogObject(ObjectKind::kExtension) {}
  Oid schema = kInvalidOid;
  std::string version;
  bool relocatable = true;
};

// CREATE OPERATOR. Operators that others name before they are created do not exist.
struct UserOperator : CatalogObject {
  UserOperator() : CatalogObject(ObjectKind::kOperator) {}
  Oid schema = kInvalidOid;
  Oid left = kInvalidOid;  // 0: prefix
  Oid right = kInvalidOid;
  Oid result = kInvalidOid;
  Oid commutator = kInvalidOid;
  Oid negator = kInvalidOid;
  Oid function = kInvalidOid;
  Oid restrict_estimator = kInvalidOid;
  Oid join_estimator = kInvalidOid;
  bool can_merge = false;
  bool can_hash = false;
};

// CREATE CAST; its name is made of its types (cast_name).
struct Cast : CatalogObject {
  Cast() : CatalogObject(ObjectKind::kCast) {}
  Oid source = kInvalidOid;
  Oid target = kInvalidOid;
  Oid function = kInvalidOid;
  char context = 'e';  // i implicit, a assignment, e explicit
  char method = 'f';   // f function, b binary coercible, i through text
};
std::string cast_name(Oid source, Oid target);

// Name and input types, by which it is found among its schema's functions; operators likewise.
std::string function_signature(std::string_view name, const std::vector<Oid>& input_types);

// ALTER DEFAULT PRIVILEGES: the list of objects that `owner` creates.
struct DefaultAcl : CatalogObject {
  DefaultAcl() : CatalogObject(ObjectKind::kDefaultAcl) {}
  Oid schema = kInvalidOid;  // 0: everywhere; the list replaces the usual one
  char object_type = 'r';    // r relations, S sequences, f functions, T types, n schemas
};

// Its name, by which it is found.
std::string default_acl_name(Oid role, Oid schema, char object_type);

// What GRANT and REVOKE have made of the list of a built-in relation, function or language; has its
// oid.
struct AccessList : CatalogObject {
  AccessList() : CatalogObject(ObjectKind::kAccessList) {}
  Oid target_class = kInvalidOid;
};

}  // namespace luma
