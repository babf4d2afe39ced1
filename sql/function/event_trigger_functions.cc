// What functions of event triggers ask about the statement that fired them, and names of objects
// that mean the same everywhere.
#include "engine/base/sql_error.h"
#include "engine/exec/expr.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/record.h"
#include "sql/catalog/object_identity.h"
#include "sql/function/catalog_functions.h"
#include "sql/function/routine_caller.h"
#include "sql/function/row_list.h"

namespace luma {
namespace {

using State = std::unique_ptr<TableFunctionState>;

const EventTriggerData& event_data(EvalContext& context, std::string_view function,
                                   std::string_view event) {
  const EventTriggerData* data = session_catalog(context).routines().event_trigger();
  const bool fits =
      data != nullptr && (event.empty() ? data->event == "ddl_command_end" : data->event == event);
  if (!fits) {
    throw sql_error(SqlState::kERIEEventTriggerProtocolViolated,
                    "{}() can only be called in {} event trigger function", function,
                    event.empty() ? "an" : fmt::format("a {}", event));
  }
  return *data;
}

void add_optional(RowList& rows, const std::optional<std::string>& text) {
  text.has_value() ? rows.add_text(*text) : rows.add(Value::null());
}

Value text_array(const std::vector<std::string>& texts, Arena& arena) {
  ArrayBuilder builder(type_oid::kText);
  for (const std::string& text : texts) builder.add(Datum::of_string(std::string_view(text)));
  ArrayDimension dimension{static_cast<int32_t>(texts.size()), 1};
  return texts.empty() ? Value(empty_array(type_oid::kText))
                       : builder.finish(std::span(&dimension, 1), arena);
}

State ddl_commands(EvalContext& context, const Expr&, std::span<const Value>) {
  const EventTriggerData& data = event_data(context, "pg_event_trigger_ddl_commands", "");
  auto rows = std::make_unique<RowList>(9);
  for (const EventTriggerData::Command& command : data.commands) {
    if (command.address.has_value()) {
      rows->add(Datum::of_oid(command.address->class_id));
      rows->add(Datum::of_oid(command.address->oid));
      rows->add(Datum::of_int32(command.address->sub_id));
    } else {
      for (int i = 0; i < 3; ++i) rows->add(Value::null());
    }
    rows->add_text(command.tag);
    rows->add_text(command.object_type);
    add_optional(*rows, command.schema);
    add_optional(*rows, command.identity);
    rows->add(Datum::of_bool(false));
    rows->add(Value::null());
  }
  return rows;
}

State dropped_objects(EvalContext& context, const Expr&, std::span<const Value>) {
  const EventTriggerData& data =
      event_data(context, "pg_event_trigger_dropped_objects", "sql_drop");
  auto rows = std::make_unique<RowList>(12);
  for (const EventTriggerData::Dropped& dropped : data.dropped) {
    rows->add(Datum::of_oid(dropped.address.class_id));
    rows->add(Datum::of_oid(dropped.address.oid));
    rows->add(Datum::of_int32(dropped.address.sub_id));
    rows->add(Datum::of_bool(dropped.original));
    rows->add(Datum::of_bool(dropped.normal));
    rows->add(Datum::of_bool(dropped.is_temporary));
    rows->add_text(dropped.identity.type);
    add_optional(*rows, dropped.identity.schema);
    add_optional(*rows, dropped.identity.name);
    rows->add_text(dropped.identity.identity);
    rows->add(text_array(dropped.identity.names, rows->arena()));
    rows->add(text_array(dropped.identity.arguments, rows->arena()));
  }
  return rows;
}

Value rewrite_oid(RowCall& call, const Value*) {
  return Datum::of_oid(
      event_data(call.context, "pg_event_trigger_table_rewrite_oid", "table_rewrite")
          .rewritten_table);
}

Value rewrite_reason_bits(RowCall& call, const Value*) {
  return Datum::of_int32(
      event_data(call.context, "pg_event_trigger_table_rewrite_reason", "table_rewrite")
          .rewrite_reason);
}

std::optional<ObjectIdentity> identify(RowCall& call, const Value* args) {
  return identify_object(session_of(call).catalog(),
                         {args[0].datum.oid(), args[1].datum.oid(), args[2].datum.i32});
}

Value identify_row(RowCall& call, const Value* args) {
  std::optional<ObjectIdentity> found = identify(call, args);
  auto text = [&](const std::optional<std::string>& from) { return optional_text(call, from); };
  constexpr TypeRef kText{type_oid::kText, -1};
  RecordBuilder row;
  row.add(kText, found ? text(found->type) : Value::null());
  row.add(kText, found ? text(found->schema) : Value::null());
  row.add(kText, found ? text(found->name) : Value::null());
  row.add(kText, found ? text(found->identity) : Value::null());
  return row.finish(call.arena);
}

Value identify_address_row(RowCall& call, const Value* args) {
  std::optional<ObjectIdentity> found = identify(call, args);
  constexpr TypeRef kTexts{type_oid::kTextArray, -1};
  RecordBuilder row;
  row.add({type_oid::kText, -1}, found ? text_value(call, found->type) : Value::null());
  row.add(kTexts, found ? text_array(found->names, call.arena) : Value::null());
  row.add(kTexts, found ? text_array(found->arguments, call.arena) : Value::null());
  return row.finish(call.arena);
}

const KernelRow kRows[] = {
    table_row("pg_event_trigger_ddl_commands()", ddl_commands,
              "what the statement made or changed"),
    table_row("pg_event_trigger_dropped_objects()", dropped_objects, "what the statement dropped"),
    scalar_row("pg_event_trigger_table_rewrite_oid()", row_kernel<rewrite_oid>,
               "the table to be rewritten"),
    scalar_row("pg_event_trigger_table_rewrite_reason()", row_kernel<rewrite_reason_bits>,
               "why the table is rewritten"),
    scalar_row("pg_identify_object(oid,oid,int4)", row_kernel<identify_row>,
               "an object's name for every search path"),
    scalar_row("pg_identify_object_as_address(oid,oid,int4)", row_kernel<identify_address_row>,
               "an object's name in parts"),
};

}  // namespace

std::span<const KernelRow> event_trigger_kernels() { return kRows; }

}  // namespace luma
