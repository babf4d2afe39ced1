// CREATE SEQUENCE and ALTER SEQUENCE.
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/relation_create.h"
#include "sql/command/sequence_options.h"

namespace luma {

CommandResult create_sequence(const ast::CreateSeqStmt& statement, CommandContext& context) {
  NewRelationPlace place =
      place_of_new_relation(context, *statement.sequence, statement.sequence->relpersistence);
  std::string name = truncated_name(statement.sequence->relname);
  if (skip_existing(context, place.schema, name, statement.if_not_exists)) {
    return {"CREATE SEQUENCE"};
  }
  auto sequence = std::make_shared<Sequence>();
  sequence->oid = context.ddl().new_oid();
  sequence->name = name;
  sequence->schema = place.schema;
  sequence->persistence = place.persistence;
  sequence->owner = context.current_user();
  SequenceChange change =
      apply_sequence_options(context, *sequence, statement.options, true, false);
  context.sequences().create(context.transaction(), context.sequence_id(sequence->oid),
                             *change.restart);
  context.ddl().put(sequence);
  if (place.persistence == 't') {
    context.register_temporary(sequence->oid, ast::OnCommitAction::kNoop);
  }
  return {"CREATE SEQUENCE"};
}

CommandResult alter_sequence(const ast::AlterSeqStmt& statement, CommandContext& context) {
  const Relation* found =
      find_and_lock(context, *statement.sequence, TableLockMode::kShareRowExclusive);
  if (found == nullptr) {
    std::string text =
        fmt::format("relation \"{}\" does not exist", display_name(*statement.sequence));
    if (!statement.missing_ok) throw SqlError(SqlState::kUndefinedTable, text);
    notice(context, text + ", skipping");
    return {"ALTER SEQUENCE"};
  }
  if (found->kind != ObjectKind::kSequence) throw_wrong_kind(*found, "sequence");
  require_owner(context, *found);
  auto sequence = std::make_shared<Sequence>(static_cast<const Sequence&>(*found));
  SequenceChange change =
      apply_sequence_options(context, *sequence, statement.options, false, statement.for_identity);
  if (change.changes_storage) {
    SequenceState state =
        context.sequences().read(&context.transaction(), context.sequence_id(sequence->oid));
    int64_t last = change.restart.value_or(state.last_value);
    if (last < sequence->min_value) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "RESTART value ({}) cannot be less than MINVALUE ({})", last,
                      sequence->min_value);
    }
    if (last > sequence->max_value) {
      throw sql_error(SqlState::kInvalidParameterValue,
                      "RESTART value ({}) cannot be greater than MAXVALUE ({})", last,
                      sequence->max_value);
    }
    context.sequences().create(context.transaction(), context.sequence_id(sequence->oid), last,
                               !change.restart.has_value() && state.is_called);
  }
  context.ddl().put(std::move(sequence));
  return {"ALTER SEQUENCE"};
}

}  // namespace luma
