#include "sql/command/index_build.h"

#include <algorithm>

#include "engine/table/columnar_copy.h"
#include "engine/table/table_build.h"
#include "engine/type/inverted_keys.h"
#include "engine/type/user_type.h"
#include "sql/bind/polymorphic.h"
#include "sql/catalog/access_method.h"
#include "sql/catalog/collation_object.h"
#include "sql/catalog/extension_objects.h"
#include "sql/catalog/operator_family.h"
#include "sql/catalog/partition.h"
#include "sql/command/command_target.h"
#include "sql/command/expression_text.h"
#include "sql/command/object_name.h"
#include "sql/command/storage_options.h"
#include "sql/function/registry.h"

namespace luma {
namespace {

std::string_view method_name(Oid method) { return find_index_method(method)->name; }

// Those of extensions are there with the extension.
bool opclass_exists(CommandContext& context, const OpClassFact& opclass) {
  const ExtensionOpClassFact* extension = find_extension_opclass(opclass.oid);
  return extension == nullptr ||
         context.ddl().view()->find_extension(extension->extension) != nullptr;
}

// Throws when LumaDB cannot make entries of the type's values.
void require_keys(CommandContext& context, const OpClassFact& opclass, TypeRef type, Oid method) {
  const TypeInfo* info = find_type(type.oid);
  if (is_inverted_method(method)) {
    const InvertedKeys* keys = find_inverted_keys(opclass.oid);
    if (keys == nullptr) throw unsupported("operator class \"{}\"", opclass.name);
    const TypeInfo* base = find_type(base_type_of(type.oid));
    if (base != nullptr && can_invert(*keys, *base)) return;
  } else if (info != nullptr && info->key_encode != nullptr) {
    return;
  }
  throw unsupported("an index on type {}", context.ddl().view()->type_name(type.oid));
}

// A columnar index stores values as they are and has none.
Oid default_class(CommandContext& context, TypeRef type, Oid method) {
  if (method == kColumnarAm) return kInvalidOid;
  const TypeInfo* info = find_type(type.oid);
  Oid base = type.oid;
  while (info != nullptr && info->type_type == 'd') {
    const Type* domain = context.ddl().view()->type(base);
    if (domain == nullptr) break;
    base = domain->base.oid;
    info = find_type(base);
  }
  const OpClassFact* found = FunctionRegistry::instance().default_opclass(method, base);
  if (found != nullptr && !opclass_exists(context, *found)) found = nullptr;
  if (found == nullptr) {
    throw sql_error(SqlState::kUndefinedObject,
                    "data type {} has no default operator class for access method \"{}\"",
                    context.ddl().view()->type_name(type.oid), method_name(method))
        .hint(
            "You must specify an operator class for the index or define a default operator class "
            "for the data type.");
  }
  require_keys(context, *found, type, method);
  return found->oid;
}

Oid named_class(CommandContext& context, const ast::NameList& names, TypeRef type, Oid method) {
  const OpClassFact* found = FunctionRegistry::instance().opclass(method, names.back());
  if (found != nullptr && !opclass_exists(context, *found)) found = nullptr;
  if (found == nullptr) {
    throw sql_error(SqlState::kUndefinedObject,
                    "operator class \"{}\" does not exist for access method \"{}\"", names.back(),
                    method_name(method));
  }
  const TypeInfo* info = find_type(type.oid);
  bool accepts =
      is_binary_coercible(type.oid, found->input_type) ||
      (info != nullptr && info->is_array() && found->input_type == type_oid::kAnyArray) ||
      (info != nullptr && info->type_type == 'e' && found->input_type == type_oid::kAnyEnum);
  if (!accepts) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "operator class \"{}\" does not accept data type {}", names.back(),
                    context.ddl().view()->type_name(type.oid));
  }
  // The stored order is that of the default class, which text_pattern_ops shares: text sorts by
  // bytes.
  const OpClassFact* usual =
      FunctionRegistry::instance().default_opclass(method, base_type_of(type.oid));
  const bool is_usual = found->is_default || found->name.ends_with("_pattern_ops") ||
                        (usual != nullptr && usual->family == found->family);
  if (!is_inverted_method(method) && !is_usual) {
    throw unsupported("operator class \"{}\"", names.back());
  }
  require_keys(context, *found, type, method);
  return found->oid;
}

// The function by which the type's values are ordered, or hashed, in stored keys.
Oid usual_support_function(Oid method, Oid type) {
  const OpClassFact* usual = FunctionRegistry::instance().default_opclass(method, type);
  if (usual == nullptr) return kInvalidOid;
  for (const AmProcFact& row : amproc_facts()) {
    if (row.family == usual->family && row.number == 1 && row.left == usual->input_type &&
        row.right == usual->input_type) {
      return row.function;
    }
  }
  return kInvalidOid;
}

// An operator class that a user has created; 0: the name means a built-in one. Keys are ordered by
// their bytes, so the class must order as the built-in function of the type does.
Oid created_class(CommandContext& context, const ast::NameList& names, TypeRef type, Oid method) {
  if (names.empty()) return kInvalidOid;
  const Catalog& catalog = *context.ddl().view();
  const OperatorClass* made = created_operator_class(
      catalog, find_operator_class(catalog, context.environment().search_path(), method,
                                   qualified_name(names)));
  if (made == nullptr) return kInvalidOid;
  if (!is_binary_coercible(type.oid, made->input)) {
    throw sql_error(SqlState::kDatatypeMismatch,
                    "operator class \"{}\" does not accept data type {}", fmt::join(names, "."),
                    catalog.type_name(type.oid));
  }
  Oid orders_by = kInvalidOid;
  if (const OperatorFamily* family = created_operator_family(catalog, made->family)) {
    for (const OperatorFamily::Member& member : family->members) {
      const bool is_own = member.member_class == made->oid && !member.is_operator;
      if (is_own && member.number == 1 && member.left == member.right) orders_by = member.target;
    }
  }
  const Oid usual = usual_support_function(method, base_type_of(made->input));
  if (is_inverted_method(method) || usual == kInvalidOid || orders_by != usual) {
    throw unsupported("an index of operator class \"{}\", whose order is not the type's own",
                      made->name);
  }
  const TypeInfo* info = find_type(type.oid);
  if (info == nullptr || info->key_encode == nullptr) {
    throw unsupported("an index on type {}", catalog.type_name(type.oid));
  }
  return made->oid;
}

Oid access_method_oid(CommandContext& context, const ast::IndexStmt& statement) {
  std::string_view name = statement.access_method;
  if (name.empty()) return kBtreeAm;
  if (name == "rtree") {
    notice(context, "substituting access method \"gist\" for obsolete method \"rtree\"");
    name = "gist";
  }
  if (const IndexMethod* method = find_index_method(name)) return method->oid;
  throw sql_error(SqlState::kUndefinedObject, "access method \"{}\" does not exist", name);
}

int16_t require_column(const Table& table, std::string_view name) {
  const Column* column = table.find_column(name);
  if (column != nullptr) return column->number;
  for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
    if (name != system) continue;
    throw SqlError(SqlState::kFeatureNotSupported,
                   "index creation on system columns is not supported");
  }
  throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" does not exist", name);
}

void depend_on_columns(Index& index, const std::vector<int16_t>& columns) {
  for (int16_t column : columns) {
    Dependency edge{index.address(), {class_oid::kRelation, index.table, column}, 'a'};
    if (std::ranges::find(index.dependencies, edge) == index.dependencies.end()) {
      index.dependencies.push_back(edge);
    }
  }
}

class IndexMaker {
 public:
  IndexMaker(CommandContext& context, const Table& table, const ast::IndexStmt& statement)
      : context_(context), table_(table), statement_(statement) {}

  std::shared_ptr<Index> make() {
    index_->oid = context_.ddl().new_oid();
    index_->schema = table_.schema;
    index_->owner = table_.owner;
    index_->persistence = table_.persistence;
    index_->table = table_.oid;
    if (is_partitioned(table_)) index_->relkind = 'I';
    index_->access_method = access_method_oid(context_, statement_);
    index_->unique = statement_.unique;
    index_->nulls_not_distinct = statement_.nulls_not_distinct;
    check_method();
    for (const ast::Node* node : statement_.index_params) add_key(*ast::as<ast::IndexElem>(node));
    for (const ast::Node* node : statement_.index_including_params) {
      add_included(*ast::as<ast::IndexElem>(node));
    }
    if (statement_.where_clause != nullptr) add_predicate();
    change_options(index_->options, statement_.options, index_option_owner(index_->access_method),
                   false);
    bool excludes = !statement_.exclude_op_names.empty();
    index_->name =
        !statement_.idxname.empty()
            ? truncated_name(statement_.idxname)
            : free_relation_name(*context_.ddl().view(), table_.schema, table_.name,
                                 joined_names(names_), excludes ? "excl" : "idx", excludes);
    return index_;
  }

 private:
  void check_method() {
    const IndexMethod& method = *find_index_method(index_->access_method);
    // A columnar index may have as many columns as its table.
    const size_t most = method.oid == kColumnarAm ? 1600 : 32;
    size_t keys = statement_.index_params.size();
    if (keys + statement_.index_including_params.size() > most) {
      throw sql_error(SqlState::kTooManyColumns, "cannot use more than {} columns in an index",
                      most);
    }
    if (index_->unique && !method.unique) refuse("unique indexes");
    if (!statement_.exclude_op_names.empty() && !method.excludes) refuse("exclusion constraints");
    if (keys > 1 && !method.multicolumn) refuse("multicolumn indexes");
    if (!statement_.index_including_params.empty() && !method.includes) refuse("included columns");
    if (method.oid != kColumnarAm) return;
    if (statement_.where_clause != nullptr) refuse("a WHERE clause");
    if (is_partitioned(table_)) throw unsupported("a columnar index on a partitioned table");
    if (table_.access_method == kColumnarAm)
      throw unsupported("a columnar index on a columnar table");
    if (table_.persistence == 't') throw unsupported("a columnar index on a temporary table");
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw sql_error(SqlState::kFeatureNotSupported, "access method \"{}\" does not support {}",
                    method_name(index_->access_method), what);
  }

  void note_name(std::string name) {
    // Repeated names get a number, as in PostgreSQL.
    std::string base = name;
    for (int i = 1; std::ranges::find(names_, name) != names_.end(); ++i) {
      name = fmt::format("{}{}", base, i);
    }
    names_.push_back(std::move(name));
  }

  void add_key(const ast::IndexElem& element) {
    IndexKey key;
    if (!element.name.empty()) {
      const Column& column = *table_.column(require_column(table_, element.name));
      key.column = column.number;
      key.type = column.type;
      key.collation = column.collation;
      note_name(column.name);
    } else {
      add_expression(element, key);
    }
    if (index_->access_method == kColumnarAm) return add_copied(element, key);
    if (!element.collation.empty()) {
      const TypeInfo* info = find_type(key.type.oid);
      if (info != nullptr && info->collation == kInvalidOid) {
        throw sql_error(SqlState::kDatatypeMismatch, "collations are not supported by type {}",
                        context_.ddl().view()->type_name(key.type.oid));
      }
      key.collation = collation_oid(context_, element.collation, element.location);
    }
    const bool excludes = !statement_.exclude_op_names.empty();
    const Oid created =
        excludes ? kInvalidOid
                 : created_class(context_, element.opclass, key.type, index_->access_method);
    key.opclass = created != kInvalidOid ? created
                  : element.opclass.empty()
                      ? default_class(context_, key.type, index_->access_method)
                      : named_class(context_, element.opclass, key.type, index_->access_method);
    if (!element.opclassopts.empty()) {
      throw SqlError(SqlState::kInvalidParameterValue,
                     "operator class " +
                         std::string(element.opclass.empty() ? "" : element.opclass.back()) +
                         " has no options");
    }
    if (index_->unique) require_bytewise_equality(context_, key.collation, "a unique index");
    depend_on_extension(key.opclass);
    key.descending = element.ordering == ast::SortByDir::kDesc;
    key.nulls_first = element.nulls_ordering == ast::SortByNulls::kFirst ||
                      (element.nulls_ordering == ast::SortByNulls::kDefault && key.descending);
    bool ordered = element.ordering != ast::SortByDir::kDefault ||
                   element.nulls_ordering != ast::SortByNulls::kDefault;
    if (ordered && index_->access_method != kBtreeAm) refuse_order(element);
    index_->keys.push_back(std::move(key));
  }

  // An operator class goes with its extension.
  void depend_on_extension(Oid opclass) {
    const ExtensionOpClassFact* fact = find_extension_opclass(opclass);
    if (fact == nullptr) return;
    const Extension* extension = context_.ddl().view()->find_extension(fact->extension);
    if (extension == nullptr) return;
    index_->dependencies.push_back({index_->address(), extension->address(), 'n'});
  }

  [[noreturn]] void refuse_order(const ast::IndexElem& element) const {
    refuse(element.ordering != ast::SortByDir::kDefault ? "ASC/DESC options"
                                                        : "NULLS FIRST/LAST options");
  }

  // A column of a columnar index: nothing about its order is stored.
  void add_copied(const ast::IndexElem& element, IndexKey& key) {
    if (key.column == 0) refuse("expressions");
    if (!element.collation.empty()) refuse("collations");
    if (!element.opclass.empty()) refuse("operator classes");
    if (element.ordering != ast::SortByDir::kDefault ||
        element.nulls_ordering != ast::SortByNulls::kDefault) {
      refuse_order(element);
    }
    index_->keys.push_back(std::move(key));
  }

  void add_expression(const ast::IndexElem& element, IndexKey& key) {
    // A column in parentheses is still a column.
    if (const auto* ref = ast::try_as<ast::ColumnRef>(element.expr);
        ref != nullptr && ref->fields.size() == 1 && ast::is<ast::String>(ref->fields[0])) {
      const Column* column = table_.find_column(ast::as<ast::String>(ref->fields[0])->sval);
      if (column != nullptr) {
        key.column = column->number;
        key.type = column->type;
        key.collation = column->collation;
        note_name(column->name);
        return;
      }
    }
    StoredExpression stored = store_expression(context_, table_, element.expr, Clause::kIndex, {});
    if (stored.volatility != 'i') {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     "functions in index expression must be marked IMMUTABLE");
    }
    key.expression = stored.sql;
    key.type = stored.type;
    key.collation = stored.collation;
    depend_on_columns(*index_, stored.columns);
    depend_on_objects(stored, index_->address(), index_->dependencies);
    note_name(!element.indexcolname.empty() ? std::string(element.indexcolname)
                                            : index_column_name(element.expr));
  }

  void add_included(const ast::IndexElem& element) {
    if (element.expr != nullptr) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "expressions are not supported in included columns");
    }
    if (!element.collation.empty() || !element.opclass.empty()) {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     !element.collation.empty()
                         ? "including column does not support a collation"
                         : "including column does not support an operator class");
    }
    if (element.ordering != ast::SortByDir::kDefault ||
        element.nulls_ordering != ast::SortByNulls::kDefault) {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     element.ordering != ast::SortByDir::kDefault
                         ? "including column does not support ASC/DESC options"
                         : "including column does not support NULLS FIRST/LAST options");
    }
    index_->include.push_back(require_column(table_, element.name));
    note_name(std::string(element.name));
  }

  void add_predicate() {
    StoredExpression stored = store_expression(context_, table_, statement_.where_clause,
                                               Clause::kIndexPredicate, {type_oid::kBool, -1});
    if (stored.volatility != 'i') {
      throw SqlError(SqlState::kInvalidObjectDefinition,
                     "functions in index predicate must be marked IMMUTABLE");
    }
    index_->predicate = stored.sql;
    depend_on_columns(*index_, stored.columns);
    depend_on_objects(stored, index_->address(), index_->dependencies);
  }

  CommandContext& context_;
  const Table& table_;
  const ast::IndexStmt& statement_;
  std::shared_ptr<Index> index_ = std::make_shared<Index>();
  std::vector<std::string> names_;
};

}  // namespace

Oid collation_oid(CommandContext& context, const ast::NameList& name, int location) {
  return require_collation(*context.ddl().view(), context.environment().search_path(), name,
                           location);
}

void require_bytewise_equality(CommandContext& context, Oid collation_of, std::string_view what) {
  auto found = collation(*context.ddl().view(), collation_of);
  if (!found || found->deterministic) return;
  throw unsupported("{} with nondeterministic collation \"{}\"", what, found->name);
}

void set_operator_class(CommandContext& context, IndexKey& key, const ast::NameList& names,
                        Oid access_method) {
  key.opclass = named_class(context, names, key.type, access_method);
}

IndexKey column_index_key(CommandContext& context, const Column& column, Oid access_method) {
  IndexKey key;
  key.column = column.number;
  key.type = column.type;
  key.collation = column.collation;
  key.opclass = default_class(context, column.type, access_method);
  return key;
}

std::shared_ptr<Index> make_key_index(CommandContext& context, const Table& table,
                                      const KeyIndexSpec& spec) {
  auto index = std::make_shared<Index>();
  index->oid = context.ddl().new_oid();
  index->name = spec.name;
  index->schema = table.schema;
  index->owner = table.owner;
  index->persistence = table.persistence;
  index->table = table.oid;
  if (is_partitioned(table)) index->relkind = 'I';
  index->unique = true;
  index->primary = spec.primary;
  index->immediate = !spec.deferrable;
  index->nulls_not_distinct = spec.nulls_not_distinct;
  index->constraint = spec.constraint;
  index->include = spec.include;
  for (int16_t number : spec.columns) {
    index->keys.push_back(column_index_key(context, *table.column(number), kBtreeAm));
    require_bytewise_equality(context, index->keys.back().collation, "a unique index");
  }
  change_options(index->options, spec.options, OptionOwner::kBtree, false);
  return index;
}

std::shared_ptr<Index> make_index(CommandContext& context, const Table& table,
                                  const ast::IndexStmt& statement) {
  return IndexMaker(context, table, statement).make();
}

void fill_index(CommandContext& context, Oid index_oid) {
  CatalogPtr catalog = context.ddl().view();
  const Index* index = catalog->index(index_oid);
  LUMA_CHECK(index != nullptr);
  context.note_filled_index(index->storage_id);
  TableDescPtr table = context.environment().table_desc(*catalog->table(index->table));
  for (const IndexDesc& desc : table->indexes) {
    if (desc.oid == index_oid) build_index(context.exec(), table, desc);
  }
  for (const ColumnarCopyDesc& copy : table->copies) {
    if (copy.oid == index_oid) build_columnar_copy(context.exec(), table, copy);
  }
}

void rebuild_index(CommandContext& context, Oid index_oid) {
  const Index* found = context.ddl().view()->index(index_oid);
  LUMA_CHECK(found != nullptr);
  const Table* table = context.ddl().view()->table(found->table);
  if (table->row_key_index == index_oid) return;  // it is the rows themselves
  auto index = std::make_shared<Index>(*found);
  context.drop_storage_after_commit(index->storage_id);
  index->storage_id = context.ddl().new_storage_id();
  index->valid = index->ready = true;
  context.ddl().put(index);
  fill_index(context, index_oid);
}

Oid clusterable_index(CommandContext& context, const Table& table, std::string_view index_name) {
  const Relation* found = context.ddl().view()->find_relation(table.schema, index_name);
  if (found == nullptr || found->kind != ObjectKind::kIndex) {
    throw sql_error(SqlState::kUndefinedObject, "index \"{}\" for table \"{}\" does not exist",
                    index_name, table.name);
  }
  const auto& index = static_cast<const Index&>(*found);
  if (index.table != table.oid) {
    throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not an index for table \"{}\"",
                    index_name, table.name);
  }
  if (!index.predicate.empty()) {
    throw sql_error(SqlState::kFeatureNotSupported, "cannot cluster on partial index \"{}\"",
                    index_name);
  }
  if (!find_index_method(index.access_method)->clusters) {
    throw sql_error(
        SqlState::kFeatureNotSupported,
        "cannot cluster on index \"{}\" because access method does not support clustering",
        index_name);
  }
  return index.oid;
}

void mark_clustered(CommandContext& context, Oid table, Oid chosen) {
  for (Oid oid : context.ddl().view()->indexes_of(table)) {
    const Index& index = *context.ddl().view()->index(oid);
    if (index.clustered == (oid == chosen)) continue;
    auto changed = std::make_shared<Index>(index);
    changed->clustered = oid == chosen;
    context.ddl().put(std::move(changed));
  }
}

}  // namespace luma
