#pragma once
// What storage needs to know of a table: its columns, keys and indexes. Built by the catalog from a
// table definition, immutable, shared by plans. Expressions (index keys, predicates) are bound over
// slots that are the table's columns in attribute order (slot = attnum - 1, dropped columns keep
// their slot).
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/row/trigger_desc.h"
#include "engine/type/datum.h"
#include "engine/type/type_info.h"

namespace luma {

struct Expr;
struct InvertedKeys;  // engine/type/inverted_keys.h
class ColumnarTable;  // engine/columnar

struct ColumnDesc {
  std::string name;
  TypeRef type;
  PhysicalType physical = PhysicalType::kInt32;
  Oid collation = kInvalidOid;
  bool not_null = false;
  bool dropped = false;
  // Rows written before schema version `since_version` lack the column and read as `missing_value`
  // (ADD COLUMN with a constant default is instant). Long strings are owned by `missing_bytes`.
  uint16_t since_version = 0;
  Value missing_value;
  std::string missing_bytes;
};

struct KeyPart {
  int32_t column = -1;  // 0-based attribute, or -1 for an expression
  const Expr* expression = nullptr;
  TypeRef type;
  PhysicalType physical = PhysicalType::kInt32;
  Oid collation = kInvalidOid;
  bool descending = false;
  bool nulls_first = false;
  bool nullable = true;  // a NOT NULL column's key has no NULL tag
  std::string text;      // an expression's SQL, for messages
  // Of an inverted index (gin, gist): how values are taken apart; each gives any number of entries.
  const InvertedKeys* inverted = nullptr;
  int16_t exclusion_strategy = 0;  // of an exclusion constraint's operator in the operator class
};

struct IndexDesc {
  Oid oid = kInvalidOid;
  uint32_t storage_id = 0;  // 4-byte big-endian prefix of all its keys
  std::string name;
  bool unique = false;
  bool primary = false;    // of a clustered table: the rows themselves are keyed by it
  bool clustered = false;  // keys are those of the rows; no entries of its own
  bool nulls_not_distinct = false;
  bool deferrable = false, initially_deferred = false;
  bool valid = true;  // false: maintained by writers but not yet readable (being built)
  std::vector<KeyPart> keys;
  std::vector<int32_t> include;  // 0-based attributes
  const Expr* predicate = nullptr;
  // Of an exclusion constraint: over the keys of a stored row, then those of a new one, whether the
  // two exclude each other. Columns are NULL where the key is.
  const Expr* exclusion = nullptr;
  std::string constraint_name;  // of the constraint it backs, "" otherwise

  bool is_inverted() const { return !keys.empty() && keys.front().inverted != nullptr; }
};

enum class ForeignKeyAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };

// A partition that rows with a foreign key's values may be in.
struct ReferencedLeaf {
  Oid table = kInvalidOid, index = kInvalidOid;
  std::vector<int32_t> columns;  // as ForeignKeyDesc::parent_columns
};

// A foreign key, as both of its tables carry it. The other table is found by oid through
// TableResolver, since descriptions may refer to each other.
struct ForeignKeyDesc {
  Oid oid = kInvalidOid;
  std::string name;
  Oid child_table = kInvalidOid, parent_table = kInvalidOid;
  // What messages call the child: the partitioned table that the key was declared for. Empty:
  // itself.
  std::string declared_schema, declared_table;
  std::vector<int32_t> child_columns, parent_columns;  // 0-based attributes, pairwise
  Oid parent_index = kInvalidOid;                      // the unique index that is referenced
  // The key refers to a partitioned table: all of its leaves. In the description of one of them the
  // parent is that leaf.
  bool parent_is_partitioned = false;
  std::vector<ReferencedLeaf> leaves;
  ForeignKeyAction on_update = ForeignKeyAction::kNoAction, on_delete = ForeignKeyAction::kNoAction;
  std::vector<int32_t> set_columns;  // ON DELETE SET NULL/DEFAULT (columns); empty: all
  char match = 's';                  // s simple, f full
  bool deferrable = false, initially_deferred = false;
  // When either side is enforced, as for triggers (pg_trigger.tgenabled).
  char child_enabled = 'O', parent_enabled = 'O';
};

struct TableDesc;

// A columnar index: some columns of every row once more, in a columnar table that is changed in the
// same transactions (engine/table/columnar_copy.h).
struct ColumnarCopyDesc {
  Oid oid = kInvalidOid;  // of the index
  std::string name;
  // The rows of the copy: attributes are those of the table, with `dropped` for columns that it
  // does not have.
  std::shared_ptr<const TableDesc> rows;
  bool valid = true;  // see IndexDesc

  bool has(int32_t attribute) const;
};

// One of the columns that rows of a columnar table lie in the order of.
struct StoredOrder {
  int32_t column = 0;  // 0-based attribute
  bool descending = false;
  bool nulls_first = false;
};

struct TableDesc {
  Oid oid = kInvalidOid;
  uint32_t storage_id = 0;  // prefix of the row keys
  std::string schema_name;
  std::string name;
  bool temporary = false;
  uint16_t schema_version = 1;  // of rows written now
  std::vector<ColumnDesc> columns;
  // The columns rows are keyed by; empty: a hidden 8-byte rowid.
  std::vector<KeyPart> row_key;
  std::vector<IndexDesc> indexes;  // the clustered primary key first, if there is one

  std::vector<ColumnarCopyDesc> copies;  // of an ordinary table

  std::vector<ForeignKeyDesc> foreign_keys;   // of this table as the child
  std::vector<ForeignKeyDesc> referenced_by;  // of other tables (or itself) as the parent
  // By attribute: the default, over no slots, that ON DELETE SET DEFAULT uses; nullptr = NULL.
  std::vector<const Expr*> defaults;
  // By attribute: generation expression over the row's attributes, nullptr when not generated; and
  // the CHECK constraints, so that foreign key actions keep them.
  std::vector<const Expr*> generated;
  std::vector<std::pair<std::string, const Expr*>> checks;

  std::vector<TriggerDesc> triggers;  // by name, as they fire

  // Of a table that keeps its rows in columns (USING columnar): segments with the rows at rest and,
  // above them, rows of the ordinary form, keyed by hidden row ids. Null: all rows are ordinary.
  std::shared_ptr<ColumnarTable> columnar;
  // Of a columnar table: rows that go into segments together are sorted by these.
  std::vector<StoredOrder> stored_order;

  // The arena (and whatever else) that expressions above live in.
  std::shared_ptr<void> expression_owner;
};

inline bool ColumnarCopyDesc::has(int32_t attribute) const {
  return attribute >= 0 && !rows->columns[static_cast<size_t>(attribute)].dropped;
}

using TableDescPtr = std::shared_ptr<const TableDesc>;

// Descriptions of other tables in the running statement's catalog view (foreign keys, cascades).
class TableResolver {
 public:
  virtual ~TableResolver() = default;
  // Throws XX000 when there is no such table.
  virtual TableDescPtr table(Oid oid) = 0;
};

}  // namespace luma
