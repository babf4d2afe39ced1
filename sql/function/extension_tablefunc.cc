// tablefunc: queries' rows as tables of other shapes. The queries come as text and are run by the
// session.
#include <map>
#include <random>

#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/type/record.h"
#include "engine/type/user_type.h"
#include "sql/catalog/name_resolution.h"
#include "sql/catalog/session_catalog.h"
#include "sql/function/extension.h"
#include "sql/function/routine_caller.h"

namespace luma {

namespace {

using State = std::unique_ptr<TableFunctionState>;
using Arguments = std::span<const Value>;
using Text = std::optional<std::string>;
using QueryRows = RoutineCaller::QueryRows;

const IoContext& io_of(const EvalContext& context) {
  static const IoContext kDefault;
  return context.io != nullptr ? *context.io : kDefault;
}

bool any_null(Arguments args) {
  return std::ranges::any_of(args, [](const Value& value) { return value.is_null; });
}

SqlError invalid_return_type(SqlState state, std::string detail) {
  return SqlError(state, "invalid return type").detail(std::move(detail));
}

// What the caller wants: the fields of a composite type, or the columns that it lists, which a
// record behind the arguments describes.
using Shape = std::vector<TypeRef>;
Shape shape_of(const Expr& call, Arguments args) {
  const TypeInfo& type = type_info(call.type.oid);
  if (type.type_type == 'c' && type.user != nullptr) return type.user->fields;
  if (args.size() == call.function->arg_types.size()) {
    throw SqlError(SqlState::kFeatureNotSupported,
                   "function returning record called in context that cannot accept type record");
  }
  Shape shape;
  RecordView listed(args.back().datum);
  for (uint32_t i = 0; i < listed.size(); ++i) shape.push_back(listed.type(i));
  return shape;
}

// Rows that are made of texts, as the functions' results are.
class TextRows final : public TableFunctionState {
 public:
  TextRows(Shape shape, const IoContext& io) : shape_(std::move(shape)), io_(io) {}

  void add(const std::vector<Text>& texts) {
    std::vector<Value>& row = rows_.emplace_back();
    for (size_t i = 0; i < shape_.size(); ++i) {
      row.push_back(i < texts.size() && texts[i] ? read(*texts[i], shape_[i]) : Value::null());
    }
  }

  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    for (; count < kVectorSize && at_ < rows_.size(); ++count, ++at_) {
      RecordBuilder record;
      for (size_t i = 0; i < shape_.size(); ++i) record.add(shape_[i], rows_[at_][i]);
      out.columns[0].set_value(count, Value(record.finish(arena_)));
    }
    out.size = count;
  }

 private:
  Value read(const std::string& text, TypeRef type) {
    const TypeInfo& info = type_info(type.oid);
    if (info.input == nullptr) throw unsupported("type {}", format_type(type.oid));
    Datum value = info.input(text, info, type.typmod, io_, arena_);
    value = apply_typmod(value, info, type.typmod, false, arena_);
    return copy_datum(value, info.physical, arena_);
  }

  Arena arena_;
  Shape shape_;
  const IoContext& io_;
  std::vector<std::vector<Value>> rows_;
  size_t at_ = 0;
};

// The result of a query, with its values as texts.
class Source {
 public:
  Source(EvalContext& context, std::string_view sql)
      : io_(io_of(context)), rows_(session_catalog(context).routines().query(sql, arena_)) {}

  size_t row_count() const { return rows_.rows.size(); }
  size_t column_count() const { return rows_.columns.size(); }
  Oid type(size_t column) const { return rows_.columns[column].oid; }
  Text text(size_t row, size_t column) const {
    const Value& value = rows_.rows[row][column];
    if (value.is_null) return std::nullopt;
    const TypeInfo& info = type_info(type(column));
    std::string out;
    info.output(value.datum, info, io_, out);
    return out;
  }

 private:
  Arena arena_;
  const IoContext& io_;
  QueryRows rows_;
};

std::string_view text_of(const Value& value) { return value.datum.str.view(); }

// --- crosstab(query): values side by side in their order ---
State crosstab(EvalContext& context, const Expr& call, Arguments args) {
  if (any_null(args)) return nullptr;
  Source source(context, text_of(args[0]));
  if (source.row_count() == 0) return nullptr;
  if (source.column_count() != 3) {
    throw SqlError(SqlState::kInvalidParameterValue, "invalid source data SQL statement")
        .detail("The provided SQL must return 3 columns: rowid, category, and values.");
  }
  Shape shape = shape_of(call, args);
  SqlError incompatible(SqlState::kSyntaxError,
                        "return and sql tuple descriptions are incompatible");
  if (shape.size() < 2) throw incompatible;
  if (shape[0].oid != source.type(0)) {
    throw invalid_return_type(SqlState::kDatatypeMismatch,
                              "SQL rowid datatype does not match return rowid datatype.");
  }
  for (size_t i = 1; i < shape.size(); ++i) {
    if (shape[i].oid != source.type(2)) throw incompatible;
  }
  auto rows = std::make_unique<TextRows>(std::move(shape), io_of(context));
  std::vector<Text> row;
  for (size_t i = 0; i < source.row_count(); ++i) {
    Text name = source.text(i, 0);
    if (i > 0 && name != row[0]) {
      rows->add(row);
      row.clear();
    }
    if (row.empty()) row.push_back(name);
    row.push_back(source.text(i, 2));
  }
  rows->add(row);
  return rows;
}

// --- crosstab(query, categories): values below their categories ---
std::map<std::string, size_t> read_categories(EvalContext& context, std::string_view sql) {
  Source source(context, sql);
  if (source.row_count() == 0 || source.column_count() != 1) {
    throw SqlError(SqlState::kSyntaxError,
                   "provided \"categories\" SQL must return 1 column of at least one row");
  }
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < source.row_count(); ++i) {
    Text name = source.text(i, 0);
    if (!name) {
      throw SqlError(SqlState::kSyntaxError,
                     "provided \"categories\" SQL must not return NULL values");
    }
    if (!places.emplace(*name, i).second) {
      throw SqlError(SqlState::kDuplicateObject, "duplicate category name");
    }
  }
  return places;
}

State crosstab_by_category(EvalContext& context, const Expr& call, Arguments args) {
  if (any_null(args)) return nullptr;
  Shape shape = shape_of(call, args);
  if (shape.size() < 2) {
    throw SqlError(SqlState::kSyntaxError,
                   "query-specified return tuple and crosstab function are not compatible");
  }
  const std::map<std::string, size_t> categories = read_categories(context, text_of(args[1]));
  Source source(context, text_of(args[0]));
  if (source.row_count() == 0) return nullptr;
  if (source.column_count() < 3) {
    throw SqlError(SqlState::kInvalidParameterValue, "invalid source data SQL statement")
        .detail("The provided SQL must return 3  columns; rowid, category, and values.");
  }
  // The name of a row and what else stands before the category.
  const size_t fixed = source.column_count() - 2;
  const size_t width = fixed + categories.size();
  if (shape.size() != width) {
    throw invalid_return_type(
        SqlState::kSyntaxError,
        fmt::format("Query-specified return tuple has {} columns but crosstab returns {}.",
                    shape.size(), width));
  }
  auto rows = std::make_unique<TextRows>(std::move(shape), io_of(context));
  std::vector<Text> row;
  for (size_t i = 0; i < source.row_count(); ++i) {
    Text name = source.text(i, 0);
    if (i > 0 && name != row[0]) {
      rows->add(row);
      row.clear();
    }
    if (row.empty()) {
      for (size_t c = 0; c < fixed; ++c) row.push_back(source.text(i, c));
      row.resize(width);
    }
    Text category = source.text(i, fixed);
    auto place = category ? categories.find(*category) : categories.end();
    if (place != categories.end()) row[fixed + place->second] = source.text(i, fixed + 1);
  }
  rows->add(row);
  return rows;
}

// --- connectby: what hangs below a row ---
struct Tree {
  std::string relation, key, parent, order;
  int32_t max_depth = 0;
  std::string delimiter = "~";
  bool shows_branch = false, shows_serial = false;
};

void check_tree_shape(const Tree& tree, const Shape& shape) {
  auto refuse = [](std::string detail) {
    throw invalid_return_type(SqlState::kDatatypeMismatch, std::move(detail));
  };
  const Shape& types = shape;
  size_t expected = 3 + (tree.shows_branch ? 1 : 0) + (tree.shows_serial ? 1 : 0);
  if (types.size() != expected) {
    refuse("Query-specified return tuple has wrong number of columns.");
  }
  if (types[0].oid != types[1].oid) refuse("First two columns must be the same type.");
  if (types[2].oid != type_oid::kInt4) refuse("Third column must be type integer.");
  if (tree.shows_branch && types[3].oid != type_oid::kText) {
    refuse("Fourth column must be type text.");
  }
  if (tree.shows_serial && types.back().oid != type_oid::kInt4) {
    refuse(fmt::format("{} column must be type integer.", tree.shows_branch ? "Fifth" : "Fourth"));
  }
}

class TreeWalk {
 public:
  TreeWalk(EvalContext& context, Tree tree, Shape shape)
      : context_(context),
        tree_(std::move(tree)),
        types_(shape),
        rows_(std::make_unique<TextRows>(std::move(shape), io_of(context))) {}

  State run(const std::string& start) {
    add(start, std::nullopt, 0, start);
    below(start, start, 1);
    return std::move(rows_);
  }

 private:
  void add(const std::string& key, const Text& parent, int32_t level, const std::string& branch) {
    std::vector<Text> row{key, parent, std::to_string(level)};
    if (tree_.shows_branch) row.emplace_back(branch);
    if (tree_.shows_serial) row.emplace_back(std::to_string(++serial_));
    rows_->add(row);
  }

  void below(const std::string& start, const std::string& branch, int32_t level) {
    if (tree_.max_depth > 0 && level > tree_.max_depth) return;
    if (context_.interrupt != nullptr) context_.interrupt->check();
    std::string sql =
        fmt::format("SELECT {0}, {1} FROM {2} WHERE {1} = {3} AND {0} IS NOT NULL AND {0} <> {1}",
                    tree_.key, tree_.parent, tree_.relation, quote_literal(start));
    if (!tree_.order.empty()) sql += " ORDER BY " + tree_.order;
    Source source(context_, sql);
    for (size_t i = 0; i < source.row_count(); ++i) {
      for (size_t c = 0; c < 2; ++c) {
        if (source.type(c) == types_[c].oid) continue;
        throw invalid_return_type(
            SqlState::kDatatypeMismatch,
            fmt::format("SQL {0} field type {1} does not match return {0} field type {2}.",
                        c == 0 ? "key" : "parent key", format_type(source.type(c)),
                        format_type(types_[c].oid)));
      }
      std::string key = *source.text(i, 0);
      const std::string& mark = tree_.delimiter;
      if ((mark + branch + mark).find(mark + key + mark) != std::string::npos) {
        throw SqlError(SqlState::kInvalidRecursion, "infinite recursion detected");
      }
      std::string longer = branch + mark + key;
      add(key, source.text(i, 1), level, longer);
      below(key, longer, level + 1);
    }
  }

  EvalContext& context_;
  Tree tree_;
  std::vector<TypeRef> types_;
  std::unique_ptr<TextRows> rows_;
  int32_t serial_ = 0;
};

template <bool kSerial>
State connectby(EvalContext& context, const Expr& call, Arguments args) {
  if (any_null(args)) return nullptr;
  Tree tree;
  size_t at = 0;
  tree.relation = text_of(args[at++]);
  tree.key = text_of(args[at++]);
  tree.parent = text_of(args[at++]);
  if (kSerial) tree.order = text_of(args[at++]);
  std::string start(text_of(args[at++]));
  tree.max_depth = args[at++].datum.i32;
  tree.shows_branch = at < call.function->arg_types.size();
  if (tree.shows_branch) tree.delimiter = text_of(args[at]);
  tree.shows_serial = kSerial;
  Shape shape = shape_of(call, args);
  check_tree_shape(tree, shape);
  return TreeWalk(context, std::move(tree), std::move(shape)).run(start);
}

// --- normal_rand ---
class NormalNumbers final : public TableFunctionState {
 public:
  NormalNumbers(int32_t count, double mean, double deviation)
      : left_(count), source_(std::random_device()()), numbers_(mean, std::abs(deviation)) {}
  void next(EvalContext&, Chunk& out) override {
    uint32_t count = 0;
    for (; count < kVectorSize && left_ > 0; ++count, --left_) {
      out.columns[0].set_value(count, Value(Datum::of_double(numbers_(source_))));
    }
    out.size = count;
  }

 private:
  int32_t left_;
  std::mt19937_64 source_;
  std::normal_distribution<double> numbers_;
};

State normal_rand(EvalContext&, const Expr&, Arguments args) {
  if (any_null(args)) return nullptr;
  if (args[0].datum.i32 < 0) {
    throw SqlError(SqlState::kInvalidParameterValue, "number of rows cannot be negative");
  }
  return std::make_unique<NormalNumbers>(args[0].datum.i32, args[1].datum.f64, args[2].datum.f64);
}

constexpr ExtensionFunction set_row(std::string_view signature, std::string_view result,
                                    TableFunction table, char volatility = 's') {
  ExtensionFunction row{signature, result, {}, volatility};
  row.implementation.table = table;
  row.returns_set = true;
  return row;
}

const ExtensionFunction kRows[] = {
    set_row("normal_rand(int4,float8,float8)", "float8", normal_rand, 'v'),
    set_row("crosstab(text)", "record", crosstab),
    set_row("crosstab2(text)", "tablefunc_crosstab_2", crosstab),
    set_row("crosstab3(text)", "tablefunc_crosstab_3", crosstab),
    set_row("crosstab4(text)", "tablefunc_crosstab_4", crosstab),
    set_row("crosstab(text,int4)", "record", crosstab),
    set_row("crosstab(text,text)", "record", crosstab_by_category),
    set_row("connectby(text,text,text,text,int4,text)", "record", connectby<false>),
    set_row("connectby(text,text,text,text,int4)", "record", connectby<false>),
    set_row("connectby(text,text,text,text,text,int4,text)", "record", connectby<true>),
    set_row("connectby(text,text,text,text,text,int4)", "record", connectby<true>),
};

}  // namespace

std::span<const ExtensionFunction> tablefunc_functions() { return kRows; }

}  // namespace luma
