#include "sql/command/command_log.h"

#include <algorithm>

#include "sql/ast/ast.h"
#include "sql/catalog/drop_order.h"
#include "sql/catalog/object_set.h"
#include "sql/command/command_tag.h"
#include "sql/command/command_target.h"

namespace luma {
namespace {

using Command = EventTriggerData::Command;

class CommandLog {
 public:
  CommandLog(const Catalog& before, const Catalog& after, const SearchPath& path)
      : before_(before), after_(after), path_(path) {
    compare();
  }
  std::vector<Command> commands(const ast::Node* statement, const std::string& tag);

 private:
  void compare();
  void add(const ObjectAddress& address, std::string tag);
  void add_first(const std::vector<ObjectPtr>& objects, const std::string& tag);
  void add_created_table(const Table& table, std::string tag);
  void add_schema(const std::string& tag);
  void add_created(const std::string& tag);
  void add_changed_part(const std::string& tag);
  void add_grant(const ast::GrantStmt& statement, const std::string& tag, std::string_view plural);
  // Of what the statement names; nullopt: it names no relation.
  std::optional<ObjectAddress> target(const ast::Node* statement) const;
  const Relation* relation(const ast::RangeVar* name) const;

  const Catalog& before_;
  const Catalog& after_;
  const SearchPath& path_;
  std::vector<ObjectPtr> created_, changed_;  // in order of oid
  std::vector<Command> commands_;
};

void CommandLog::compare() {
  after_.local_objects()->for_each([&](const ObjectPtr& object) {
    if (object->kind == ObjectKind::kStatistics || object->kind == ObjectKind::kAccessList) return;
    ObjectPtr old = before_.share(object->address());
    if (old == object) return;
    (old == nullptr ? created_ : changed_).push_back(object);
  });
  for (auto* list : {&created_, &changed_}) {
    std::ranges::sort(*list, {}, [](const ObjectPtr& object) { return object->oid; });
  }
}

void CommandLog::add(const ObjectAddress& address, std::string tag) {
  std::optional<ObjectIdentity> identity = identify_object(after_, address);
  if (!identity) return;
  commands_.push_back(
      {address, std::move(tag), identity->type, identity->schema, std::move(identity->identity)});
}

void CommandLog::add_first(const std::vector<ObjectPtr>& objects, const std::string& tag) {
  if (!objects.empty()) add(objects.front()->address(), tag);
}

// As PostgreSQL takes the statement apart: sequences of its columns, the table, its indexes, its
// foreign keys, and what ties the sequences to the columns.
void CommandLog::add_created_table(const Table& table, std::string tag) {
  std::vector<ObjectAddress> sequences;
  for (const Sequence* sequence : after_.sequences_owned_by(table.oid)) {
    sequences.push_back(sequence->address());
  }
  for (const ObjectAddress& sequence : sequences) add(sequence, "CREATE SEQUENCE");
  const bool is_table = tag == "CREATE TABLE";
  add(table.address(), std::move(tag));
  for (const ObjectPtr& object : created_) {
    if (object->kind != ObjectKind::kIndex) continue;
    const auto& index = static_cast<const Index&>(*object);
    if (index.table == table.oid && index.parent == kInvalidOid) {
      add(index.address(), "CREATE INDEX");
    }
  }
  const bool refers = std::ranges::any_of(
      table.constraints, [](const Constraint& c) { return c.type == 'f' && c.parent == 0; });
  if (is_table && refers) add(table.address(), "ALTER TABLE");
  for (const ObjectAddress& sequence : sequences) add(sequence, "ALTER SEQUENCE");
}

void CommandLog::add_schema(const std::string& tag) {
  for (const ObjectPtr& object : created_) {
    if (object->kind == ObjectKind::kSchema) add(object->address(), tag);
  }
  for (const ObjectPtr& object : created_) {
    if (object->kind == ObjectKind::kTable) {
      const auto& table = static_cast<const Table&>(*object);
      add_created_table(table, table.is_view() ? "CREATE VIEW" : "CREATE TABLE");
    } else if (object->kind == ObjectKind::kSequence &&
               static_cast<const Sequence&>(*object).owned_by_table == kInvalidOid) {
      add(object->address(), "CREATE SEQUENCE");
    }
  }
}

// The part of a table that it did not have before.
std::optional<ObjectAddress> new_part(const Table& old, const Table& now) {
  auto find = [&](const auto& before, const auto& after, Oid class_id) {
    std::optional<ObjectAddress> found;
    for (const auto& part : after) {
      auto same = std::ranges::find_if(before, [&](const auto& o) { return o.oid == part.oid; });
      if (same == before.end() && !found) found = ObjectAddress{class_id, part.oid, 0};
    }
    return found;
  };
  if (auto found = find(old.triggers, now.triggers, class_oid::kTrigger)) return found;
  if (auto found = find(old.rules, now.rules, class_oid::kRewrite)) return found;
  return find(old.policies, now.policies, class_oid::kPolicy);
}

// The part of a table whose name, comment or settings are others than before.
std::optional<ObjectAddress> changed_part(const Table& old, const Table& now) {
  if (old.comment != now.comment) return now.address();
  for (const Column& column : now.columns) {
    const Column* before = old.column(column.number);
    if (before == nullptr || before->dropped || column.dropped) continue;
    if (before->comment != column.comment || before->name != column.name) {
      return ObjectAddress{class_oid::kRelation, now.oid, column.number};
    }
  }
  auto find = [&](const auto& before, const auto& after, Oid class_id) {
    std::optional<ObjectAddress> found;
    for (const auto& part : after) {
      auto same = std::ranges::find_if(before, [&](const auto& o) { return o.oid == part.oid; });
      if (same == before.end()) continue;
      if (same->comment != part.comment || same->name != part.name) {
        found = ObjectAddress{class_id, part.oid, 0};
      }
    }
    return found;
  };
  if (auto found = find(old.constraints, now.constraints, class_oid::kConstraint)) return found;
  if (auto found = find(old.triggers, now.triggers, class_oid::kTrigger)) return found;
  if (auto found = find(old.rules, now.rules, class_oid::kRewrite)) return found;
  if (auto found = find(old.policies, now.policies, class_oid::kPolicy)) return found;
  return std::nullopt;
}

void CommandLog::add_created(const std::string& tag) {
  std::string kind = tag.substr(tag.find(' ') + 1);
  if (kind == "TRIGGER" || kind == "RULE" || kind == "POLICY") {
    for (const ObjectPtr& object : changed_) {
      const auto* table = dynamic_cast<const Table*>(object.get());
      const Table* old = table == nullptr ? nullptr : before_.table(table->oid);
      if (old == nullptr) continue;
      if (auto part = new_part(*old, *table)) return add(*part, tag);
    }
    return;
  }
  if (kind == "INDEX") {
    for (const ObjectPtr& object : created_) {
      if (object->kind == ObjectKind::kIndex &&
          static_cast<const Index&>(*object).parent == kInvalidOid) {
        return add(object->address(), tag);
      }
    }
  }
  // A composite type's relation stands behind its type; a range comes before its multirange.
  auto primary = [&](const std::vector<ObjectPtr>& objects) {
    for (const ObjectPtr& object : objects) {
      const bool is_type = object->kind == ObjectKind::kType;
      if (is_type && static_cast<const Type&>(*object).type_type == 'm') continue;
      const bool wants_type = kind == "TYPE" || kind == "DOMAIN";
      if (wants_type && !is_type) continue;
      if (object->kind == ObjectKind::kSchema && kind != "SCHEMA") continue;
      if (object->kind != ObjectKind::kExtension && kind == "EXTENSION") continue;
      add(object->address(), tag);
      return true;
    }
    return false;
  };
  if (!primary(created_)) primary(changed_);
}

void CommandLog::add_changed_part(const std::string& tag) {
  for (const ObjectPtr& object : changed_) {
    const auto* table = dynamic_cast<const Table*>(object.get());
    const Table* old = table == nullptr ? nullptr : before_.table(table->oid);
    if (old != nullptr) {
      if (auto part = changed_part(*old, *table)) return add(*part, tag);
    }
    const auto* type = dynamic_cast<const Type*>(object.get());
    const Type* old_type = type == nullptr ? nullptr : before_.type(type->oid);
    if (old_type == nullptr || old_type->comment != type->comment) continue;
    for (const Constraint& c : type->constraints) {
      auto same = std::ranges::find(old_type->constraints, c.oid, &Constraint::oid);
      if (same != old_type->constraints.end() && same->comment != c.comment) {
        return add({class_oid::kConstraint, c.oid, 0}, tag);
      }
    }
  }
  add_first(changed_, tag);
}

const Relation* CommandLog::relation(const ast::RangeVar* name) const {
  if (name == nullptr) return nullptr;
  return find_relation(before_, path_, qualified_name(*name));
}

std::optional<ObjectAddress> CommandLog::target(const ast::Node* statement) const {
  const Relation* found = nullptr;
  if (const auto* alter = ast::try_as<ast::AlterTableStmt>(statement)) {
    found = relation(alter->relation);
  } else if (const auto* sequence = ast::try_as<ast::AlterSeqStmt>(statement)) {
    found = relation(sequence->sequence);
  } else if (const auto* refresh = ast::try_as<ast::RefreshMatViewStmt>(statement)) {
    found = relation(refresh->relation);
  } else if (const auto* owner = ast::try_as<ast::AlterOwnerStmt>(statement)) {
    found = relation(owner->relation);
  } else if (const auto* schema = ast::try_as<ast::AlterObjectSchemaStmt>(statement)) {
    found = relation(schema->relation);
  } else if (const auto* rename = ast::try_as<ast::RenameStmt>(statement)) {
    const ast::ObjectType type = rename->rename_type;
    const bool is_relation = type == ast::ObjectType::kTable || type == ast::ObjectType::kView ||
                             type == ast::ObjectType::kMatview || type == ast::ObjectType::kIndex ||
                             type == ast::ObjectType::kSequence;
    if (is_relation) found = relation(rename->relation);
  }
  if (found == nullptr) return std::nullopt;
  return found->address();
}

void CommandLog::add_grant(const ast::GrantStmt& statement, const std::string& tag,
                           std::string_view plural) {
  std::string kind(object_type_words(statement.objtype));
  if (statement.objtype == ast::ObjectType::kForeignServer) kind = "FOREIGN SERVER";
  commands_.push_back({std::nullopt, tag, kind + std::string(plural), std::nullopt, std::nullopt});
}

std::vector<Command> CommandLog::commands(const ast::Node* statement, const std::string& tag) {
  if (const auto* grant = ast::try_as<ast::GrantStmt>(statement)) {
    add_grant(*grant, tag, "");
    return std::move(commands_);
  }
  if (const auto* defaults = ast::try_as<ast::AlterDefaultPrivilegesStmt>(statement)) {
    add_grant(*defaults->action, tag, "S");
    return std::move(commands_);
  }
  if (tag.starts_with("DROP ")) return {};
  if (tag == "CREATE SCHEMA") {
    add_schema(tag);
    return std::move(commands_);
  }
  const bool makes_table = ast::is<ast::CreateStmt>(statement) ||
                           ast::is<ast::CreateTableAsStmt>(statement) ||
                           ast::is<ast::ViewStmt>(statement) || tag == "SELECT INTO";
  if (makes_table) {
    for (const ObjectPtr& object : created_) {
      if (object->kind != ObjectKind::kTable) continue;
      add_created_table(static_cast<const Table&>(*object), tag);
      return std::move(commands_);
    }
  }
  if (std::optional<ObjectAddress> address = target(statement)) {
    std::vector<ObjectAddress> sequences;
    for (const ObjectPtr& object : created_) {
      if (object->kind == ObjectKind::kSequence) sequences.push_back(object->address());
    }
    for (const ObjectAddress& sequence : sequences) add(sequence, "CREATE SEQUENCE");
    add(*address, tag);
    for (const ObjectAddress& sequence : sequences) add(sequence, "ALTER SEQUENCE");
    return std::move(commands_);
  }
  if (tag.starts_with("CREATE ")) {
    add_created(tag);
    // The options of a view that is replaced are set by a command of their own.
    if (ast::is<ast::ViewStmt>(statement) && !commands_.empty()) commands_.push_back(commands_[0]);
  } else {
    add_changed_part(tag);
  }
  return std::move(commands_);
}

// The objects that DROP names, as far as they are relations.
std::vector<ObjectAddress> named_objects(const ast::Node* statement, const Catalog& before,
                                         const SearchPath& path) {
  std::vector<ObjectAddress> out;
  const auto* drop = ast::try_as<ast::DropStmt>(statement);
  if (drop == nullptr) return out;
  switch (drop->remove_type) {
    case ast::ObjectType::kTable:
    case ast::ObjectType::kView:
    case ast::ObjectType::kMatview:
    case ast::ObjectType::kIndex:
    case ast::ObjectType::kSequence:
      for (const ast::Node* node : drop->objects) {
        const Relation* found = find_relation(before, path, qualified_name(node));
        if (found != nullptr) out.push_back(found->address());
      }
      break;
    default:
      break;
  }
  return out;
}

// The table that a trigger, policy or default belongs to.
const Table* table_of_part(const Catalog& catalog, const ObjectAddress& address) {
  switch (address.class_id) {
    case class_oid::kAttrDef:
      return catalog.table_of_default(address.oid);
    case class_oid::kTrigger:
      return catalog.table_of_trigger(address.oid);
    case class_oid::kPolicy:
      return catalog.table_of_policy(address.oid);
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<Command> logged_commands(const ast::Node* statement, const std::string& tag,
                                     const Catalog& before, const Catalog& after,
                                     const SearchPath& path) {
  return CommandLog(before, after, path).commands(statement, tag);
}

std::vector<EventTriggerData::Dropped> logged_drops(const ast::Node* statement,
                                                    const Catalog& before, const Catalog& after,
                                                    const SearchPath& path) {
  std::vector<EventTriggerData::Dropped> out;
  std::vector<ObjectAddress> named = named_objects(statement, before, path);
  for (const DroppedObject& dropped : dropped_objects(before, after, named)) {
    if (dropped.address.class_id == class_oid::kEventTrigger) continue;
    std::optional<ObjectIdentity> identity = identify_object(before, dropped.address);
    if (!identity) continue;
    if (const Table* table = table_of_part(before, dropped.address)) {
      identity->schema = before.schema_name(table->schema);
      if (identity->schema->starts_with("pg_temp_")) identity->schema = "pg_temp";
    }
    if (dropped.address.sub_id != 0) identity->name.reset();
    const bool is_temporary = identity->schema == "pg_temp";
    out.push_back(
        {dropped.address, dropped.original, dropped.normal, is_temporary, std::move(*identity)});
  }
  return out;
}

bool is_of_one_database(const ast::Node* statement) {
  ast::ObjectType type = ast::ObjectType::kTable;
  if (const auto* comment = ast::try_as<ast::CommentStmt>(statement)) type = comment->objtype;
  if (const auto* grant = ast::try_as<ast::GrantStmt>(statement)) type = grant->objtype;
  return type != ast::ObjectType::kDatabase && type != ast::ObjectType::kRole &&
         type != ast::ObjectType::kTablespace && type != ast::ObjectType::kParameterAcl &&
         type != ast::ObjectType::kEventTrigger;
}

}  // namespace luma
