#pragma once
// COPY table or (query) TO. One statement; used by the session's thread.
//
//   CopyOut copy(statement, planner_context);      // checks, plans
//   lock copy.locks(); sink.copy_out_response(copy.format(), copy.column_formats());
//   uint64_t rows = copy.run(context, send);       // tag "COPY <rows>"
// or, when copy.to_file(): rows = copy.run_file(context), and no CopyOutResponse.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/ast/utility.h"
#include "sql/copy/copy_options.h"
#include "sql/lower/planner.h"

namespace luma {

class CopyOut {
 public:
  // One call for every CopyData message PostgreSQL would send; the bytes are valid during the call.
  using Send = std::function<void(std::string_view)>;

  // Throws what PostgreSQL throws for a wrong statement.
  CopyOut(const ast::CopyStmt& copy, PlannerContext& context);
  ~CopyOut();

  const std::vector<BoundQuery::TableLock>& locks() const { return plan_->locks; }
  const PhysicalPlan& plan() const { return *plan_; }
  // COPY (INSERT ... RETURNING ...) and the like.
  bool modifies_data() const { return plan_->modifies_data; }
  bool to_file() const { return !file_name_.empty(); }
  int8_t format() const { return options_.binary() ? 1 : 0; }
  std::vector<int16_t> column_formats() const;

  // Before run(): what the data is wanted in when no option says it (TextEncoding::id).
  void set_client_encoding(int id) { transcoder_ = transcoder_for_copy(options_, id); }
  // Returns the number of rows.
  uint64_t run(ExecContext& context, const Send& send);
  // Throws 58P01, 42501, 58030 (the file), and what run() throws.
  uint64_t run_file(ExecContext& context);

 private:
  void plan_table(const ast::CopyStmt& copy, PlannerContext& context);
  void plan_query_text(const ast::CopyStmt& copy, PlannerContext& context);

  CopyOptions options_;
  std::unique_ptr<Transcoder> transcoder_;  // null: UTF-8
  Arena arena_;                             // of the SELECT that stands for a table
  std::unique_ptr<PhysicalPlan> plan_;
  std::vector<bool> force_quote_;
  std::string file_name_;
  bool is_program_ = false;  // file_name_ is a command
};

}  // namespace luma
