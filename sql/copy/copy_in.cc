#include "sql/copy/copy_in.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/bind/binder.h"
#include "sql/bind/partition_route.h"
#include "sql/copy/copy_file.h"
#include "sql/copy/copy_target.h"
#include "sql/function/identity_value.h"
#include "sql/function/registry.h"
#include "sql/parse/parser.h"

namespace luma {

namespace {

constexpr uint8_t kRowExclusiveLock = 3;
constexpr size_t kFileBlockBytes = size_t{1} << 20;

// Drawing numbers from sequences does not count.
bool is_volatile(const Expr& expr) {
  return expr_contains(expr, [](const Expr& e) {
    return e.function != nullptr && e.function->volatility == 'v' && e.function->name != "nextval";
  });
}

}  // namespace

CopyIn::CopyIn(const ast::CopyStmt& copy, PlannerContext& context) {
  check_copy_file(copy, context);
  if (copy.filename.data() != nullptr) file_name_ = copy.filename;
  is_program_ = copy.is_program;
  options_ = parse_copy_options(copy.options, true);
  const Table& table = open_copy_table(copy, context);
  std::vector<int> attributes = copy_attributes(table, copy.attlist);
  check_copy_privilege(table, attributes, true, context);
  refuse_row_security(table, context);
  desc_ = context.environment.table_desc(table);
  locks_.push_back({table.oid, kRowExclusiveLock});

  std::vector<std::string> names;
  for (int attribute : attributes) {
    names.push_back(table.columns[static_cast<size_t>(attribute)].name);
  }
  auto not_null = force_flags(options_.force_not_null, "FORCE_NOT_NULL", names, &table);
  auto null = force_flags(options_.force_null, "FORCE_NULL", names, &table);
  for (size_t i = 0; i < attributes.size(); ++i) {
    auto slot = static_cast<uint32_t>(attributes[i]);
    columns_.push_back({names[i], table.columns[slot].type, slot, not_null[i], null[i]});
  }

  Binder binder(context.environment, {});
  for (size_t i = 0; i < table.columns.size(); ++i) {
    bool copied =
        std::find(attributes.begin(), attributes.end(), static_cast<int>(i)) != attributes.end();
    if (!copied) bind_default(binder, context, table.columns[i]);
  }
  if (copy.where_clause != nullptr) bind_where(binder, copy, table);
  if (is_partitioned(table)) bind_partitions(binder, context, table);
  plan_context_ = binder.release_context();
}

CopyIn::~CopyIn() = default;

void CopyIn::bind_default(Binder& binder, PlannerContext& context, const Column& column) {
  auto slot = static_cast<uint32_t>(column.number - 1);
  std::string sql;
  if (!column.dropped && column.generated == '\0') sql = column.default_sql;
  if (!column.dropped && column.identity != '\0') {
    for (const Sequence* sequence : context.environment.catalog().sequences_owned_by(desc_->oid)) {
      if (sequence->owned_by_column != column.number || !sequence->is_identity) continue;
      sql = fmt::format("pg_catalog.nextval('{}'::pg_catalog.regclass)", sequence->oid);
    }
  }
  bool is_domain = !column.dropped && type_info(column.type.oid).type_type == 'd';
  if (sql.empty() && is_domain && column.generated == '\0') {
    const Expr* expr = binder.type_default(column.type);
    row_by_row_ |= is_volatile(*expr);
    defaults_.push_back({slot, ExprEvaluator(*expr)});
    return;
  }
  if (sql.empty()) {
    null_slots_.push_back(slot);
    return;
  }
  try {
    const ast::Node* node = parse_expression(sql, binder.context().arena());
    Expr* expr = binder.bind_standalone(node, Clause::kDefault, column.type, Coercion::kAssignment);
    if (column.identity != '\0') {
      // Whoever may insert needs no privilege on the sequence.
      Expr* call = expr;
      while (call->function == nullptr || call->function->name != "nextval") call = call->args[0];
      call->implementation.kernel = identity_value_kernel();
    }
    row_by_row_ |= is_volatile(*expr);
    defaults_.push_back({slot, ExprEvaluator(*expr)});
  } catch (SqlError& error) {
    error.byte_offset = -1;
    throw;
  }
}

void CopyIn::bind_partitions(Binder& binder, PlannerContext& context, const Table& table) {
  const Catalog& catalog = context.environment.catalog();
  for (const Trigger& trigger : table.triggers) {
    if (trigger.old_table.empty() && trigger.new_table.empty()) continue;
    throw unsupported("triggers with transition tables on a partitioned table");
  }
  partitions_ = std::make_unique<PartitionedTarget>();
  partitions_->root = desc_;
  std::map<Oid, int32_t> leaf_numbers;
  for (const PartitionNode& node : partition_tree(catalog, table)) {
    locks_.push_back({node.table->oid, kRowExclusiveLock});
    if (is_partitioned(*node.table)) continue;
    leaf_numbers[node.table->oid] = static_cast<int32_t>(partitions_->leaves.size());
    partitions_->leaves.push_back(
        {context.environment.table_desc(*node.table), attributes_of_root(*node.table, table)});
  }
  // Keys of lower levels name their own tables' columns: by name they are the root's.
  partitions_->route =
      make_partition_route(catalog, table, leaf_numbers, [&](const Table&, const std::string& sql) {
        const ast::Node* node = parse_expression(sql, binder.context().arena());
        return binder.bind_table_expr(node, desc_.get(), Clause::kPartition, {});
      });
}

void CopyIn::bind_where(Binder& binder, const ast::CopyStmt& copy, const Table& table) {
  const Expr* where = binder.bind_table_expr(copy.where_clause, desc_.get(), Clause::kCopyWhere,
                                             {type_oid::kBool, -1});
  for (const Column& column : table.columns) {
    if (column.generated == '\0') continue;
    if (expr_contains(*where, [&](const Expr& e) {
          return e.kind == ExprKind::kSlot && e.index + 1 == static_cast<uint32_t>(column.number);
        })) {
      throw SqlError(SqlState::kInvalidColumnReference,
                     "generated columns are not supported in COPY FROM WHERE conditions")
          .detail(fmt::format("Column \"{}\" is a generated column.", column.name));
    }
  }
  row_by_row_ |= is_volatile(*where);
  where_ = std::make_unique<ExprEvaluator>(*where);
}

std::vector<int16_t> CopyIn::column_formats() const {
  return std::vector<int16_t>(columns_.size(), format());
}

void CopyIn::begin(ExecContext& context) {
  exec_ = &context;
  if (partitions_ != nullptr) {
    partitioned_writer_ = std::make_unique<PartitionedWriter>(context, *partitions_);
  } else {
    writer_ = std::make_unique<TableWriter>(context, desc_);
  }
  CopyReader::Input input;
  input.options = options_;
  input.columns = columns_;
  for (const ColumnDesc& column : desc_->columns) input.slots.push_back(column.physical);
  filtered_.init(input.slots);
  selection_.resize(kVectorSize);
  input.relation = desc_->name;
  input.io = context.io;
  input.budget = context.memory;
  input.emit = [this](RowBatch& batch) { write(batch); };
  reader_ = CopyReader::make(std::move(input));
}

void CopyIn::set_client_encoding(int id) { transcoder_ = transcoder_for_copy(options_, id); }

void CopyIn::feed(std::string_view bytes) {
  if (exec_->interrupt != nullptr) exec_->interrupt->check();
  transcoder_ != nullptr ? feed_converted(bytes) : reader_->feed(bytes);
}

// Line by line: the error of one line comes behind those of the lines before it.
void CopyIn::feed_converted(std::string_view bytes) {
  half_character_.append(bytes);
  std::string_view left = half_character_;
  left = left.substr(0, whole_characters(transcoder_->encoding(), left));
  const size_t used = left.size();
  std::string text;
  while (!left.empty()) {
    std::string_view line = left.substr(0, left.find('\n') + 1);
    if (line.empty()) line = left;
    left.remove_prefix(line.size());
    try {
      text += transcoder_->to_utf8(line);
    } catch (SqlError& error) {
      reader_->feed(text);
      error.context_text = reader_->context();
      throw;
    }
  }
  half_character_.erase(0, used);
  reader_->feed(text);
}

uint64_t CopyIn::finish() {
  if (!half_character_.empty()) {
    try {
      verify_encoding(transcoder_->encoding(), half_character_);
    } catch (SqlError& error) {
      error.context_text = reader_->context();
      throw;
    }
  }
  reader_->finish();
  partitions_ != nullptr ? partitioned_writer_->finish() : static_cast<void>(writer_->finish());
  return rows_;
}

uint64_t CopyIn::run_file(ExecContext& context) {
  CopyFile file = CopyFile::open_for_reading(file_name_, is_program_);
  begin(context);
  auto block = std::make_unique<char[]>(kFileBlockBytes);
  while (size_t bytes = file.read(block.get(), kFileBlockBytes)) feed({block.get(), bytes});
  uint64_t rows = finish();
  file.close();
  return rows;
}

std::string CopyIn::error_context() const {
  return reader_ == nullptr ? std::string() : reader_->context();
}

void CopyIn::write(RowBatch& batch) {
  if (exec_->interrupt != nullptr) exec_->interrupt->check();
  Chunk& chunk = batch.chunk;
  for (Default& item : defaults_) {
    chunk.columns[item.slot].reference(item.evaluator.evaluate(*exec_, chunk));
  }
  for (uint32_t slot : null_slots_) chunk.columns[slot].set_constant_null();
  const Chunk* rows = &chunk;
  if (where_ != nullptr) {
    uint32_t count = where_->select(*exec_, chunk, selection_.data());
    if (count == 0) return;
    if (count < chunk.size) {
      filtered_.slice(chunk, selection_.data(), count);
      rows = &filtered_;
    }
  }
  try {
    partitions_ != nullptr ? partitioned_writer_->write(*rows) : writer_->write(*rows);
  } catch (SqlError& error) {
    uint32_t row =
        partitions_ != nullptr ? partitioned_writer_->failed_row() : writer_->failed_row();
    if (rows == &filtered_ && row < filtered_.size) row = selection_[row];
    bool with_line = row_by_row_ || error.state != SqlState::kUniqueViolation;
    std::string context = reader_->row_context(row, with_line);
    error.context_text = error.context_text.empty() ? context : error.context_text + "\n" + context;
    throw;
  }
  rows_ += rows->size;
}

}  // namespace luma
