#pragma once
// What stands behind a Statement: a prepared statement of the session and the values of its
// parameters. Used by the connection's thread.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/embedded/connection_state.h"
#include "sql/embedded/result_state.h"

namespace luma::embedded_internal {

// True when the statement's effects must not depend on how many of its rows are read.
bool runs_at_once(std::string_view sql);

class StatementState {
 public:
  // Throws embedded::Error; `types`: names of parameter types, "" to let the statement decide.
  StatementState(std::shared_ptr<ConnectionState> connection, std::string sql,
                 const std::vector<std::string>& types);
  ~StatementState();

  size_t parameter_count() const { return parameter_types_.size(); }
  Oid parameter_type(size_t position) const;
  const std::vector<embedded::Column>& columns() const { return columns_; }

  // Positions count from 1.
  void bind_text(size_t position, std::string text);
  void bind_binary(size_t position, std::string bytes);
  void bind_null(size_t position) { slot(position) = {}; }
  void set_type(size_t position, std::string_view type);
  void clear();

  embedded::Completion execute();
  std::shared_ptr<ResultState> query();

 private:
  struct Slot {
    std::optional<std::string> value;
    bool binary = false;
  };
  Slot& slot(size_t position);
  Oid type_named(std::string_view name);
  // Within a call: prepares the statement when it is not, as the types say.
  void ensure_prepared(SqlSession& session, RowReceiver& receiver);
  void bind_portal(SqlSession& session, std::string_view portal, RowReceiver& receiver);

  std::shared_ptr<ConnectionState> connection_;
  std::string sql_, name_;
  bool at_once_ = false;
  bool prepared_ = false;
  std::vector<Oid> declared_types_, parameter_types_;
  std::vector<embedded::Column> columns_;
  std::vector<ResultColumnInfo> result_columns_;
  std::vector<Slot> slots_;
};

}  // namespace luma::embedded_internal
