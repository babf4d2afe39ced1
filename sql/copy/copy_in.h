#pragma once
// COPY table FROM. One statement; one thread at a time.
//
//   CopyIn copy(statement, planner_context);   // checks; nothing has happened yet
//   lock copy.locks(); sink.copy_in_response(copy.format(), copy.column_formats());
//   copy.begin(context);                       // `context` lives until the statement ends
//   copy.feed(bytes) ...                       // pieces that end anywhere
//   uint64_t rows = copy.finish();             // tag "COPY <rows>"
// or, when copy.from_file(): rows = copy.run_file(context), and no CopyInResponse.
//
// After an error the caller rolls the transaction back to the statement's start. Rows are buffered
// in the transaction, so a COPY is limited by what a transaction may hold (54000).
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/evaluator.h"
#include "engine/table/partitioned_writer.h"
#include "engine/table/table_build.h"
#include "engine/type/encoding.h"
#include "sql/ast/utility.h"
#include "sql/copy/copy_options.h"
#include "sql/copy/copy_reader.h"
#include "sql/lower/planner.h"

namespace luma {

class Binder;

class CopyIn {
 public:
  // Throws what PostgreSQL throws for a wrong statement.
  CopyIn(const ast::CopyStmt& copy, PlannerContext& context);
  ~CopyIn();

  const std::vector<BoundQuery::TableLock>& locks() const { return locks_; }
  bool target_is_temporary() const { return desc_->temporary; }
  bool from_file() const { return !file_name_.empty(); }
  int8_t format() const { return options_.binary() ? 1 : 0; }
  std::vector<int16_t> column_formats() const;

  // Before begin(): what the data is in when no option says it (TextEncoding::id).
  void set_client_encoding(int id);
  void begin(ExecContext& context);
  void feed(std::string_view bytes);
  uint64_t finish();
  // All three, over the server's file.
  uint64_t run_file(ExecContext& context);

  // The CONTEXT of an error that the client causes (CopyFail): "COPY t, line 3".
  std::string error_context() const;

 private:
  void bind_default(Binder& binder, PlannerContext& context, const Column& column);
  void bind_where(Binder& binder, const ast::CopyStmt& copy, const Table& table);
  void bind_partitions(Binder& binder, PlannerContext& context, const Table& table);
  void write(RowBatch& batch);
  void feed_converted(std::string_view bytes);

  CopyOptions options_;
  TableDescPtr desc_;
  std::vector<BoundQuery::TableLock> locks_;
  std::vector<CopyColumn> columns_;
  std::string file_name_;
  bool is_program_ = false;  // file_name_ is a command
  // Owns the expressions below.
  std::unique_ptr<PlanContext> plan_context_;
  // Values of the columns that the input lacks, by attribute.
  struct Default {
    uint32_t slot;
    ExprEvaluator evaluator;
  };
  std::vector<Default> defaults_;
  std::vector<uint32_t> null_slots_;
  std::unique_ptr<ExprEvaluator> where_;
  // PostgreSQL then inserts row by row, which its error contexts show.
  bool row_by_row_ = false;

  std::unique_ptr<Transcoder> transcoder_;  // null: the data is UTF-8
  std::string half_character_;              // the end of what was fed

  ExecContext* exec_ = nullptr;
  std::unique_ptr<TableWriter> writer_;
  // Of a partitioned table instead.
  std::unique_ptr<PartitionedTarget> partitions_;
  std::unique_ptr<PartitionedWriter> partitioned_writer_;
  std::unique_ptr<CopyReader> reader_;
  Chunk filtered_;
  std::vector<uint32_t> selection_;
  uint64_t rows_ = 0;
};

}  // namespace luma
