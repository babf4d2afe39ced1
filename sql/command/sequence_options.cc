#include "sql/command/sequence_options.h"

#include "sql/command/command_target.h"

namespace luma {
namespace {

struct Bounds {
  int64_t min, max;
};

Bounds type_bounds(Oid type) {
  switch (type) {
    case type_oid::kInt2:
      return {INT16_MIN, INT16_MAX};
    case type_oid::kInt4:
      return {INT32_MIN, INT32_MAX};
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

// The options as written, at most one of each.
struct Given {
  const ast::DefElem *as = nullptr, *increment = nullptr, *min = nullptr, *max = nullptr,
                     *start = nullptr, *restart = nullptr, *cache = nullptr, *cycle = nullptr,
                     *owned_by = nullptr;
};

Given sort_out(const ast::NodeList& options) {
  Given given;
  struct Row {
    std::string_view name;
    const ast::DefElem** slot;
  };
  const Row rows[] = {
      {"as", &given.as},        {"increment", &given.increment}, {"minvalue", &given.min},
      {"maxvalue", &given.max}, {"start", &given.start},         {"restart", &given.restart},
      {"cache", &given.cache},  {"cycle", &given.cycle},         {"owned_by", &given.owned_by}};
  for (const ast::Node* node : options) {
    const auto* option = ast::as<ast::DefElem>(node);
    if (option->defname == "sequence_name") continue;  // CREATE TABLE takes it
    bool known = false;
    for (const Row& row : rows) {
      if (row.name != option->defname) continue;
      known = true;
      if (*row.slot != nullptr) {
        throw SqlError(SqlState::kSyntaxError, "conflicting or redundant options")
            .at_byte(option->location);
      }
      *row.slot = option;
    }
    if (!known) {
      throw sql_error(SqlState::kSyntaxError, "option \"{}\" not recognized", option->defname);
    }
  }
  return given;
}

void set_type(CommandContext& context, Sequence& sequence, const ast::DefElem& option, bool is_new,
              const Given& given, bool for_identity) {
  TypeRef type = resolve_type_name(*context.ddl().view(), context.environment().search_path(),
                                   *ast::as<ast::TypeName>(option.arg));
  if (type.oid != type_oid::kInt2 && type.oid != type_oid::kInt4 && type.oid != type_oid::kInt8) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   for_identity ? "identity column type must be smallint, integer, or bigint"
                                : "sequence type must be smallint, integer, or bigint");
  }
  if (!is_new && type.oid != sequence.type) {
    // Limits that were the old type's become the new type's.
    Bounds old_bounds = type_bounds(sequence.type);
    Bounds new_bounds = type_bounds(type.oid);
    if (given.max == nullptr && sequence.max_value == old_bounds.max) {
      sequence.max_value = new_bounds.max;
    }
    if (given.min == nullptr && sequence.min_value == old_bounds.min) {
      sequence.min_value = new_bounds.min;
    }
  }
  sequence.type = type.oid;
}

void set_limits(Sequence& sequence, const Given& given, bool is_new) {
  Bounds bounds = type_bounds(sequence.type);
  if (given.max != nullptr && given.max->arg != nullptr) {
    sequence.max_value = option_int64(*given.max);
  } else if (is_new || given.max != nullptr) {
    sequence.max_value = sequence.increment > 0 ? bounds.max : -1;
  }
  if (sequence.max_value < bounds.min || sequence.max_value > bounds.max) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "MAXVALUE ({}) is out of range for sequence data type {}", sequence.max_value,
                    format_type(sequence.type));
  }
  if (given.min != nullptr && given.min->arg != nullptr) {
    sequence.min_value = option_int64(*given.min);
  } else if (is_new || given.min != nullptr) {
    sequence.min_value = sequence.increment > 0 ? 1 : bounds.min;
  }
  if (sequence.min_value < bounds.min || sequence.min_value > bounds.max) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "MINVALUE ({}) is out of range for sequence data type {}", sequence.min_value,
                    format_type(sequence.type));
  }
  if (sequence.min_value >= sequence.max_value) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "MINVALUE ({}) must be less than MAXVALUE ({})", sequence.min_value,
                    sequence.max_value);
  }
}

void check_inside(std::string_view what, int64_t value, const Sequence& sequence) {
  if (value < sequence.min_value) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "{} value ({}) cannot be less than MINVALUE ({})", what, value,
                    sequence.min_value);
  }
  if (value > sequence.max_value) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "{} value ({}) cannot be greater than MAXVALUE ({})", what, value,
                    sequence.max_value);
  }
}

void set_owner(CommandContext& context, Sequence& sequence, const ast::DefElem& option,
               bool for_identity) {
  const auto& names = ast::as<ast::ListNode>(option.arg)->items;
  if (names.size() == 1) {
    if (ast::as<ast::String>(names[0])->sval != "none") {
      throw SqlError(SqlState::kSyntaxError, "invalid OWNED BY option")
          .hint("Specify OWNED BY table.column or OWNED BY NONE.");
    }
    if (sequence.is_identity) {
      const Table* table = context.ddl().view()->table(sequence.owned_by_table);
      throw SqlError(SqlState::kFeatureNotSupported, "cannot change ownership of identity sequence")
          .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", sequence.name,
                              table == nullptr ? "" : table->name));
    }
    sequence.owned_by_table = kInvalidOid;
    sequence.owned_by_column = 0;
    return;
  }
  std::string_view column_name = ast::as<ast::String>(names.back())->sval;
  ast::NodeList table_name(names.begin(), names.size() - 1);
  const Relation& relation = require_relation(
      *context.ddl().view(), context.environment().search_path(), qualified_name(table_name));
  if (relation.relkind != 'r' && relation.relkind != 'v' && relation.relkind != 'f') {
    throw sql_error(SqlState::kWrongObjectType, "sequence cannot be owned by relation \"{}\"",
                    relation.name);
  }
  if (sequence.is_identity && !for_identity) {
    const Table* table = context.ddl().view()->table(sequence.owned_by_table);
    throw SqlError(SqlState::kFeatureNotSupported, "cannot change ownership of identity sequence")
        .detail(fmt::format("Sequence \"{}\" is linked to table \"{}\".", sequence.name,
                            table == nullptr ? "" : table->name));
  }
  if (relation.owner != sequence.owner) {
    throw SqlError(SqlState::kObjectNotInPrerequisiteState,
                   "sequence must have same owner as table it is linked to");
  }
  if (relation.schema != sequence.schema) {
    throw SqlError(SqlState::kObjectNotInPrerequisiteState,
                   "sequence must be in same schema as table it is linked to");
  }
  const Column* column = static_cast<const Table&>(relation).find_column(column_name);
  if (column == nullptr) {
    throw sql_error(SqlState::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                    column_name, relation.name);
  }
  sequence.owned_by_table = relation.oid;
  sequence.owned_by_column = column->number;
}

}  // namespace

SequenceChange apply_sequence_options(CommandContext& context, Sequence& sequence,
                                      const ast::NodeList& options, bool is_new,
                                      bool for_identity) {
  Given given = sort_out(options);
  SequenceChange change;
  change.changes_storage = is_new || options.size() > (given.owned_by != nullptr ? 1u : 0u);
  if (given.as != nullptr) {
    set_type(context, sequence, *given.as, is_new, given, for_identity);
  }
  if (given.increment != nullptr) {
    sequence.increment = option_int64(*given.increment);
    if (sequence.increment == 0) {
      throw SqlError(SqlState::kInvalidParameterValue, "INCREMENT must not be zero");
    }
  }
  if (given.cycle != nullptr) sequence.cycle = option_bool(*given.cycle);
  set_limits(sequence, given, is_new);
  if (given.start != nullptr) {
    sequence.start = option_int64(*given.start);
  } else if (is_new) {
    sequence.start = sequence.increment > 0 ? sequence.min_value : sequence.max_value;
  }
  check_inside("START", sequence.start, sequence);
  if (given.restart != nullptr) {
    change.restart = given.restart->arg != nullptr ? option_int64(*given.restart) : sequence.start;
    check_inside("RESTART", *change.restart, sequence);
  } else if (is_new) {
    change.restart = sequence.start;
  }
  if (given.cache != nullptr) {
    sequence.cache = option_int64(*given.cache);
    if (sequence.cache <= 0) {
      throw sql_error(SqlState::kInvalidParameterValue, "CACHE ({}) must be greater than zero",
                      sequence.cache);
    }
  }
  if (given.owned_by != nullptr) set_owner(context, sequence, *given.owned_by, for_identity);
  return change;
}

}  // namespace luma
