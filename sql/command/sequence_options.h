#pragma once
// CREATE/ALTER SEQUENCE options and identity columns' sequences.
#include <optional>
#include <string_view>

#include "sql/ast/ddl.h"
#include "sql/command/command_context.h"

namespace luma {

struct SequenceChange {
  // Where the sequence is to stand afterwards; nullopt: as it is.
  std::optional<int64_t> restart;
  bool restart_is_called = false;
  bool changes_storage = false;  // any option but OWNED BY
};

// Applies options to `sequence`; a new one gets PostgreSQL's defaults for what is not said. OWNED
// BY is resolved and checked here (the sequence's schema and owner are set already). Throws 22023,
// 42601.
SequenceChange apply_sequence_options(CommandContext& context, Sequence& sequence,
                                      const ast::NodeList& options, bool is_new, bool for_identity);

}  // namespace luma
