#include "sql/command/event_trigger_command.h"

#include <algorithm>

#include "sql/catalog/event_trigger.h"
#include "sql/catalog/privileges.h"
#include "sql/command/command_tag.h"
#include "sql/command/command_target.h"
#include "sql/command/table_storage.h"
#include "sql/command/trigger_function.h"

namespace luma {
namespace {

constexpr std::string_view kEvents[] = {"ddl_command_start", "ddl_command_end", "sql_drop",
                                        "table_rewrite"};

std::string upper_case(std::string_view text) {
  std::string out;
  for (char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

SqlError missing(std::string_view name) {
  return sql_error(SqlState::kUndefinedObject, "event trigger \"{}\" does not exist", name);
}

void require_free_name(CommandContext& context, std::string_view name) {
  if (find_event_trigger(*context.ddl().view(), name) == nullptr) return;
  throw sql_error(SqlState::kDuplicateObject, "event trigger \"{}\" already exists", name);
}

void require_owner(CommandContext& context, const EventTrigger& trigger) {
  if (has_privileges_of(*context.ddl().view(), context.current_user(), trigger.owner)) return;
  throw sql_error(SqlState::kInsufficientPrivilege, "must be owner of event trigger {}",
                  trigger.name);
}

std::shared_ptr<EventTrigger> own_copy(CommandContext& context, std::string_view name) {
  const EventTrigger* found = find_event_trigger(*context.ddl().view(), name);
  if (found == nullptr) throw missing(name);
  require_owner(context, *found);
  return std::make_shared<EventTrigger>(*found);
}

// The words of WHEN TAG IN, as written.
std::vector<std::string> filter_tags(const ast::CreateEventTrigStmt& statement) {
  std::vector<std::string> tags;
  bool has_tags = false;
  for (const ast::Node* node : statement.whenclause) {
    const auto& filter = *ast::as<ast::DefElem>(node);
    if (filter.defname != "tag") {
      throw sql_error(SqlState::kSyntaxError, "unrecognized filter variable \"{}\"",
                      filter.defname);
    }
    if (has_tags) {
      throw sql_error(SqlState::kSyntaxError, "filter variable \"{}\" specified more than once",
                      filter.defname);
    }
    has_tags = true;
    for (const ast::Node* value : ast::as<ast::ListNode>(filter.arg)->items) {
      tags.emplace_back(ast::as<ast::String>(value)->sval);
    }
  }
  return tags;
}

std::vector<std::string> checked_tags(const ast::CreateEventTrigStmt& statement) {
  std::vector<std::string> tags = filter_tags(statement);
  const bool rewrites = statement.eventname == "table_rewrite";
  for (std::string& tag : tags) {
    std::string known = upper_case(tag);
    if (rewrites ? may_rewrite_tables(known) : fires_event_triggers(known)) {
      tag = std::move(known);
      continue;
    }
    if (rewrites || is_command_tag(known)) {
      throw sql_error(SqlState::kFeatureNotSupported, "event triggers are not supported for {}",
                      tag);
    }
    throw sql_error(SqlState::kSyntaxError,
                    "filter value \"{}\" not recognized for filter variable \"tag\"", tag);
  }
  return tags;
}

}  // namespace

CommandResult create_event_trigger(const ast::CreateEventTrigStmt& statement,
                                   CommandContext& context) {
  if (!is_superuser_now(context)) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied to create event trigger \"{}\"", statement.trigname)
        .hint("Must be superuser to create an event trigger.");
  }
  if (std::ranges::find(kEvents, statement.eventname) == std::end(kEvents)) {
    throw sql_error(SqlState::kSyntaxError, "unrecognized event name \"{}\"", statement.eventname);
  }
  auto made = std::make_shared<EventTrigger>();
  made->name = truncated_name(statement.trigname);
  made->owner = context.current_user();
  made->event = statement.eventname;
  made->tags = checked_tags(statement);
  require_free_name(context, made->name);
  made->function = trigger_function(context, statement.funcname, type_oid::kEventTrigger);
  context.ddl().put(std::move(made));
  return {"CREATE EVENT TRIGGER"};
}

CommandResult alter_event_trigger(const ast::AlterEventTrigStmt& statement,
                                  CommandContext& context) {
  std::shared_ptr<EventTrigger> copy = own_copy(context, statement.trigname);
  copy->enabled = statement.tgenabled;
  context.ddl().put(std::move(copy));
  return {"ALTER EVENT TRIGGER"};
}

CommandResult rename_event_trigger(const ast::RenameStmt& statement, CommandContext& context) {
  std::string name = truncated_name(statement.newname);
  if (std::string_view old = qualified_name(statement.object).name;
      find_event_trigger(*context.ddl().view(), old) == nullptr) {
    throw missing(old);
  }
  require_free_name(context, name);
  std::shared_ptr<EventTrigger> copy = own_copy(context, qualified_name(statement.object).name);
  copy->name = std::move(name);
  context.ddl().put(std::move(copy));
  return {"ALTER EVENT TRIGGER"};
}

CommandResult set_event_trigger_owner(const ast::AlterOwnerStmt& statement, Oid owner,
                                      CommandContext& context) {
  std::shared_ptr<EventTrigger> copy = own_copy(context, qualified_name(statement.object).name);
  if (copy->owner == owner) return {"ALTER EVENT TRIGGER"};
  if (const Role* role = context.ddl().view()->role(owner); role == nullptr || !role->superuser) {
    throw sql_error(SqlState::kInsufficientPrivilege,
                    "permission denied to change owner of event trigger \"{}\"", copy->name)
        .hint("The owner of an event trigger must be a superuser.");
  }
  copy->owner = owner;
  context.ddl().put(std::move(copy));
  return {"ALTER EVENT TRIGGER"};
}

void comment_on_event_trigger(const ast::CommentStmt& statement, CommandContext& context) {
  std::shared_ptr<EventTrigger> copy = own_copy(context, qualified_name(statement.object).name);
  copy->comment = statement.comment;
  context.ddl().put(std::move(copy));
}

CommandResult drop_event_triggers(const ast::DropStmt& statement, CommandContext& context) {
  std::vector<ObjectAddress> targets;
  for (const ast::Node* node : statement.objects) {
    std::string_view name = qualified_name(node).name;
    const EventTrigger* found = find_event_trigger(*context.ddl().view(), name);
    if (found == nullptr) {
      if (!statement.missing_ok) throw missing(name);
      notice(context, fmt::format("event trigger \"{}\" does not exist, skipping", name));
      continue;
    }
    require_owner(context, *found);
    targets.push_back(found->address());
  }
  if (!targets.empty()) {
    drop_and_finish(context, targets,
                    statement.behavior == ast::DropBehavior::kCascade ? DropBehavior::kCascade
                                                                      : DropBehavior::kRestrict);
  }
  return {"DROP EVENT TRIGGER"};
}

}  // namespace luma
