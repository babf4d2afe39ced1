// What functions ask of the session: users, settings, sequences, notices.
#include <algorithm>

#include "engine/base/sql_error.h"
#include "sql/bind/privilege_check.h"
#include "sql/catalog/privileges.h"
#include "sql/session/session_parts.h"

namespace luma {

std::string SqlSession::Services::current_user() const {
  return session_.environment_.role_name(session_.environment_.current_user_oid());
}
std::string SqlSession::Services::session_user() const {
  return session_.environment_.role_name(session_.environment_.session_user_oid());
}
std::string SqlSession::Services::current_database() const { return session_.database_name_; }
int32_t SqlSession::Services::backend_pid() const { return session_.identity_.pid; }

bool SqlSession::Services::setting(std::string_view name, bool missing_ok,
                                   std::string& value) const {
  session_.require_visible_setting(name);
  std::optional<std::string> shown = session_.settings_.show(name, missing_ok);
  if (!shown) return false;
  value = std::move(*shown);
  return true;
}

std::string SqlSession::Services::set_setting(std::string_view name, std::string_view value,
                                              bool local) {
  session_.settings_.set(name, value, local, session_.is_superuser());
  session_.environment_.refresh();
  return *session_.settings_.show(name, false);
}

const Sequence& SqlSession::Services::require_sequence(Oid oid) const {
  const Catalog& catalog = session_.environment_.catalog();
  if (const Sequence* sequence = catalog.sequence(oid)) return *sequence;
  const Relation* relation = catalog.relation(oid);
  if (relation == nullptr) {
    throw sql_error(SqlState::kInternalError, "could not open relation with OID {}", oid);
  }
  throw sql_error(SqlState::kWrongObjectType, "\"{}\" is not a sequence", relation->name);
}

SequenceId SqlSession::Services::sequence_id(Oid oid) const {
  return {session_.environment_.catalog().database_oid(), oid};
}

namespace {

SequenceSpec spec_of(const Sequence& sequence) {
  return {sequence.increment, sequence.min_value, sequence.max_value, sequence.cycle,
          sequence.name};
}

}  // namespace

void SqlSession::Services::require_privilege(const Sequence& sequence,
                                             std::string_view sufficient) const {
  const StatementEnvironment& environment = session_.environment_;
  bool allowed = std::ranges::any_of(sufficient, [&](char privilege) {
    return has_relation_privilege(environment.catalog(), environment.current_user_oid(), sequence,
                                  privilege);
  });
  if (!allowed) throw permission_denied(sequence);
}

int64_t SqlSession::Services::sequence_next(Oid oid, bool check_privilege) {
  const Sequence& sequence = require_sequence(oid);
  if (check_privilege) require_privilege(sequence, "Uw");
  Transaction& transaction = session_.ensure_transaction();
  if (transaction.read_only() && sequence.persistence != 't') {
    session_.require_writable("nextval()");
  }
  auto& [next, left] = session_.cached_values_[oid];
  if (left <= 0) {
    SequenceBlock block = session_.instance_.sequences().nextval(&transaction, sequence_id(oid),
                                                                 spec_of(sequence), sequence.cache);
    transaction.add_dependency(block.wait_for_ts);
    next = block.first;
    left = block.count;
  }
  int64_t value = next;
  --left;
  if (left > 0) next += sequence.increment;
  session_.last_values_[oid] = value;
  session_.last_sequence_ = oid;
  return value;
}

int64_t SqlSession::Services::sequence_current(Oid oid) {
  const Sequence& sequence = require_sequence(oid);
  require_privilege(sequence, "Ur");
  auto it = session_.last_values_.find(oid);
  if (it != session_.last_values_.end()) return it->second;
  throw sql_error(SqlState::kObjectNotInPrerequisiteState,
                  "currval of sequence \"{}\" is not yet defined in this session", sequence.name);
}

int64_t SqlSession::Services::sequence_last() {
  auto it = session_.last_values_.find(session_.last_sequence_);
  // It may have been dropped.
  bool is_there = session_.environment_.catalog().relation(session_.last_sequence_) != nullptr;
  if (it != session_.last_values_.end() && is_there) {
    require_privilege(require_sequence(session_.last_sequence_), "Ur");
    return it->second;
  }
  throw SqlError(SqlState::kObjectNotInPrerequisiteState,
                 "lastval is not yet defined in this session");
}

int64_t SqlSession::Services::sequence_set(Oid oid, int64_t value, bool is_called) {
  const Sequence& sequence = require_sequence(oid);
  require_privilege(sequence, "w");
  Transaction& transaction = session_.ensure_transaction();
  if (transaction.read_only() && sequence.persistence != 't') {
    session_.require_writable("setval()");
  }
  transaction.add_dependency(session_.instance_.sequences().setval(
      &transaction, sequence_id(oid), spec_of(sequence), value, is_called));
  session_.cached_values_.erase(oid);
  if (is_called) {
    session_.last_values_[oid] = value;
    session_.last_sequence_ = oid;
  }
  return value;
}

void SqlSession::Services::notice(std::string_view severity, std::string_view message) {
  MessageLevel level = MessageLevel::kNotice;
  SqlState state = SqlState::kSuccessfulCompletion;
  if (severity == "WARNING") {
    level = MessageLevel::kWarning;
    state = SqlState::kWarning;
  } else if (severity == "INFO") {
    level = MessageLevel::kInfo;
  } else if (severity == "LOG") {
    level = MessageLevel::kLog;
  } else if (severity == "DEBUG") {
    level = MessageLevel::kDebug1;
  }
  session_.notice(level, SqlError(state, std::string(message)));
}

// Exactly a SessionCatalog*, as functions over the catalog expect.
void* SqlSession::Services::native() {
  return static_cast<SessionCatalog*>(&session_.environment_);
}

}  // namespace luma
