// CREATE and ALTER COLLATION.
#include <gnu/libc-version.h>

#include <optional>

#include "engine/base/ascii_case.h"
#include "sql/ast/ast.h"
#include "sql/catalog/collation_object.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/definition_options.h"
#include "sql/command/named_object.h"
#include "sql/function/collator.h"

namespace luma {
namespace {

struct CollationOptions {
  const ast::DefElem* from = nullptr;
  const ast::DefElem* locale = nullptr;
  const ast::DefElem* collate = nullptr;
  const ast::DefElem* ctype = nullptr;
  const ast::DefElem* provider = nullptr;
  const ast::DefElem* deterministic = nullptr;
  const ast::DefElem* version = nullptr;
};

struct OptionRow {
  std::string_view name;
  const ast::DefElem* CollationOptions::*member;
};
constexpr OptionRow kOptions[] = {
    {"from", &CollationOptions::from},          {"locale", &CollationOptions::locale},
    {"lc_collate", &CollationOptions::collate}, {"lc_ctype", &CollationOptions::ctype},
    {"provider", &CollationOptions::provider},  {"deterministic", &CollationOptions::deterministic},
    {"version", &CollationOptions::version},
};

SqlError conflicting(std::string detail) {
  SqlError error = sql_error(SqlState::kSyntaxError, "conflicting or redundant options");
  if (!detail.empty()) error.detail(std::move(detail));
  return error;
}

CollationOptions read_options(const ast::NodeList& definition) {
  CollationOptions out;
  for (const ast::Node* node : definition) {
    const auto& option = *ast::as<ast::DefElem>(node);
    const OptionRow* found = nullptr;
    for (const OptionRow& row : kOptions) {
      if (row.name == option.defname) found = &row;
    }
    if (found == nullptr) {
      throw sql_error(SqlState::kSyntaxError, "collation attribute \"{}\" not recognized",
                      option.defname)
          .at_byte(option.location);
    }
    if (out.*found->member != nullptr) throw conflicting({}).at_byte(option.location);
    out.*found->member = &option;
  }
  if (out.locale != nullptr && (out.collate != nullptr || out.ctype != nullptr)) {
    throw conflicting("LOCALE cannot be specified together with LC_COLLATE or LC_CTYPE.");
  }
  if (out.from != nullptr && definition.size() != 1) {
    throw conflicting("FROM cannot be specified together with any other options.");
  }
  return out;
}

[[noreturn]] void refuse(std::string_view text) {
  throw SqlError(SqlState::kInvalidObjectDefinition, std::string(text));
}

std::string version_now(const CollationObject& object) {
  if (object.provider == 'i') return collator_version('i', object.icu_locale);
  std::string locale = ascii_lower(object.collate);
  bool fixed = locale == "c" || locale == "posix" || locale.starts_with("c.");
  return object.provider == 'd' || fixed ? std::string() : gnu_get_libc_version();
}

void copy_from(CommandContext& context, const ast::DefElem& option, CollationObject& made) {
  const WrittenName name = written_name(option);
  Oid oid = require_collation(*context.ddl().view(), context.environment().search_path(),
                              ast::NameList(name.data(), name.size()), -1);
  const CollationObject source = *collation(*context.ddl().view(), oid);
  if (source.provider == 'd') refuse("collation \"default\" cannot be copied");
  made.provider = source.provider;
  made.deterministic = source.deterministic;
  made.collate = source.collate;
  made.ctype = source.ctype;
  made.icu_locale = source.icu_locale;
}

void define(const CollationOptions& options, CollationObject& made) {
  if (options.provider != nullptr) {
    std::string text = option_text(*options.provider);
    std::string provider = ascii_lower(text);
    if (provider != "icu" && provider != "libc") {
      refuse(fmt::format("unrecognized collation provider: {}", text));
    }
    made.provider = provider == "icu" ? 'i' : 'c';
  }
  if (options.deterministic != nullptr) made.deterministic = option_bool(*options.deterministic);
  if (options.version != nullptr) made.version = option_text(*options.version);
  if (options.locale != nullptr) {
    std::string locale = option_text(*options.locale);
    if (made.provider == 'i') {
      made.icu_locale = locale;
    } else {
      made.collate = made.ctype = locale;
    }
  }
  if (options.collate != nullptr) made.collate = option_text(*options.collate);
  if (options.ctype != nullptr) made.ctype = option_text(*options.ctype);
  if (made.provider == 'c') {
    if (made.collate.empty()) refuse("parameter \"lc_collate\" must be specified");
    if (made.ctype.empty()) refuse("parameter \"lc_ctype\" must be specified");
    if (!made.deterministic) {
      throw SqlError(SqlState::kFeatureNotSupported,
                     "nondeterministic collations not supported with this provider");
    }
    for (const std::string& locale : {made.collate, made.ctype}) {
      Collator::get(collator_name('c', true, locale));
    }
    return;
  }
  if (made.icu_locale.empty()) refuse("parameter \"locale\" must be specified");
  Collator::get(collator_name('i', made.deterministic, made.icu_locale));
}

}  // namespace

CommandResult create_collation(const ast::DefineStmt& statement, CommandContext& context) {
  const QualifiedName name = qualified_name(statement.defnames);
  auto made = std::make_shared<CollationObject>();
  made->schema = place_of_new_object(context, name.schema, name.location);
  made->name = truncated_name(name.name);
  made->owner = context.current_user();
  const CollationOptions options = read_options(statement.definition);
  if (options.from != nullptr) {
    copy_from(context, *options.from, *made);
  } else {
    define(options, *made);
  }
  if (made->version.empty()) made->version = version_now(*made);
  if (has_named_object(context, ast::ObjectType::kCollation, made->schema, made->name)) {
    std::string text =
        made->provider == 'i'
            ? fmt::format("collation \"{}\" already exists", made->name)
            : fmt::format("collation \"{}\" for encoding \"UTF8\" already exists", made->name);
    if (!statement.if_not_exists) throw SqlError(SqlState::kDuplicateObject, text);
    context.notice({.state = SqlState::kDuplicateObject, .message = text + ", skipping"});
    return {"CREATE COLLATION"};
  }
  context.ddl().put(std::move(made));
  return {"CREATE COLLATION"};
}

// REFRESH VERSION
CommandResult alter_collation(const ast::AlterCollationStmt& statement, CommandContext& context) {
  auto copy = std::static_pointer_cast<CollationObject>(
      own_object_copy(context, ast::ObjectType::kCollation, qualified_name(statement.collname)));
  if (copy->provider == 'd') {
    throw SqlError(SqlState::kInvalidObjectDefinition,
                   "cannot refresh version of default collation")
        .hint("Use ALTER DATABASE ... REFRESH COLLATION VERSION instead.");
  }
  std::string version = version_now(*copy);
  if (version == copy->version) {
    notice(context, "version has not changed");
  } else {
    notice(context, fmt::format("changing version from {} to {}",
                                copy->version.empty() ? "None" : copy->version,
                                version.empty() ? "None" : version));
    copy->version = std::move(version);
    context.ddl().put(std::move(copy));
  }
  return {"ALTER COLLATION"};
}

}  // namespace luma
