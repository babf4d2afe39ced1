// CREATE and ALTER of text search dictionaries and configurations.
#include <algorithm>
#include <optional>

#include "sql/ast/ast.h"
#include "sql/catalog/text_search_objects.h"
#include "sql/command/command_target.h"
#include "sql/command/commands.h"
#include "sql/command/definition_options.h"
#include "sql/command/named_object.h"
#include "sql/function/text_dictionary.h"
#include "sql/function/text_token.h"

namespace luma {
namespace {

std::string shown(const QualifiedName& name) {
  return name.schema.empty() ? std::string(name.name)
                             : fmt::format("{}.{}", name.schema, name.name);
}

Oid require_dictionary(CommandContext& context, const QualifiedName& name) {
  Oid oid = find_text_dictionary(*context.ddl().view(), context.environment().search_path(), name);
  if (oid != kInvalidOid) return oid;
  throw sql_error(SqlState::kUndefinedObject, "text search dictionary \"{}\" does not exist",
                  shown(name));
}

void require_default_parser(const QualifiedName& name) {
  bool known = name.name == "default" && (name.schema.empty() || name.schema == "pg_catalog");
  if (known) return;
  throw sql_error(SqlState::kUndefinedObject, "text search parser \"{}\" does not exist",
                  shown(name));
}

// PostgreSQL reports its unique index: nothing looks for the name before.
[[noreturn]] void throw_duplicate(std::string_view index, std::string_view columns,
                                  std::string_view values) {
  throw sql_error(SqlState::kUniqueViolation,
                  "duplicate key value violates unique constraint \"{}\"", index)
      .detail(fmt::format("Key ({})=({}) already exists.", columns, values));
}

// --- dictionaries ---

// One option as pg_ts_dict.dictinitoption has it: numbers are not quoted.
struct WrittenOption {
  std::string name;
  std::string value;
  bool is_number = false;
};
std::string init_option(const std::vector<WrittenOption>& options) {
  std::string out;
  for (const WrittenOption& option : options) {
    if (!out.empty()) out += ", ";
    out += quote_identifier(option.name);
    out += " = ";
    out += option.is_number ? option.value : quote_literal(option.value);
  }
  return out;
}
TextDictionaryOptions plain(const std::vector<WrittenOption>& options) {
  TextDictionaryOptions out;
  for (const WrittenOption& option : options) out.emplace_back(option.name, option.value);
  return out;
}
bool is_number_node(const ast::Node* node) {
  return ast::is<ast::Integer>(node) || ast::is<ast::Float>(node);
}
WrittenOption written_option(const ast::DefElem& option) {
  return {std::string(option.defname), option_text(option), is_number_node(option.arg)};
}

// Makes the dictionary once, so that its options are known to be good.
void check_options(CommandContext& context, Oid template_oid,
                   const std::vector<WrittenOption>& options) {
  make_text_dictionary(template_oid, plain(options), text_search_files(context.exec()));
}

// --- configurations ---

using Mappings = std::vector<TextMapping>;

std::vector<int> token_type_numbers(const ast::NameList& names) {
  std::vector<int> out;
  for (std::string_view name : names) {
    auto types = token_types();
    auto found = std::ranges::find(types, name, &TokenTypeRow::alias);
    if (found == types.end()) {
      throw sql_error(SqlState::kInvalidParameterValue, "token type \"{}\" does not exist", name);
    }
    out.push_back(found->number);
  }
  return out;
}

TextMapping* mapping_of(Mappings& mappings, int type) {
  auto found = std::ranges::find(mappings, type, &TextMapping::token_type);
  return found == mappings.end() ? nullptr : &*found;
}

bool is_among(const std::vector<int>& types, int type) {
  return std::ranges::find(types, type) != types.end();
}

class MappingChange {
 public:
  MappingChange(CommandContext& context, const ast::AlterTSConfigurationStmt& statement,
                TextConfigurationObject& configuration)
      : context_(context),
        statement_(statement),
        configuration_(configuration),
        types_(token_type_numbers(statement.tokentype)) {}

  void run() {
    if (statement_.dicts.empty()) {
      drop();
    } else if (statement_.replace) {
      replace();
    } else {
      add();
    }
    std::ranges::sort(configuration_.mappings, {}, &TextMapping::token_type);
  }

 private:
  std::vector<Oid> dictionaries() const {
    std::vector<Oid> out;
    for (const ast::Node* node : statement_.dicts) {
      out.push_back(require_dictionary(context_, qualified_name(node)));
    }
    return out;
  }
  void add() {
    const std::vector<Oid> dictionaries = this->dictionaries();
    if (statement_.override_) {
      std::erase_if(configuration_.mappings, [&](const TextMapping& mapping) {
        return is_among(types_, mapping.token_type);
      });
    }
    for (int type : types_) {
      if (mapping_of(configuration_.mappings, type) != nullptr) {
        throw_duplicate("pg_ts_config_map_index", "mapcfg, maptokentype, mapseqno",
                        fmt::format("{}, {}, 1", configuration_.oid, type));
      }
      configuration_.mappings.push_back({type, dictionaries});
    }
  }
  void replace() {
    const std::vector<Oid> pair = dictionaries();
    for (TextMapping& mapping : configuration_.mappings) {
      if (!types_.empty() && !is_among(types_, mapping.token_type)) continue;
      std::ranges::replace(mapping.dictionaries, pair.front(), pair.back());
    }
  }
  void drop() {
    for (size_t i = 0; i < types_.size(); ++i) {
      int type = types_[i];
      if (mapping_of(configuration_.mappings, type) == nullptr) {
        std::string text =
            fmt::format("mapping for token type \"{}\" does not exist", statement_.tokentype[i]);
        if (!statement_.missing_ok) throw SqlError(SqlState::kUndefinedObject, text);
        notice(context_, text + ", skipping");
        continue;
      }
      std::erase_if(configuration_.mappings,
                    [&](const TextMapping& mapping) { return mapping.token_type == type; });
    }
  }

  CommandContext& context_;
  const ast::AlterTSConfigurationStmt& statement_;
  TextConfigurationObject& configuration_;
  std::vector<int> types_;
};

}  // namespace

CommandResult create_text_dictionary(const ast::DefineStmt& statement, CommandContext& context) {
  const QualifiedName name = qualified_name(statement.defnames);
  auto made = std::make_shared<TextDictionaryObject>();
  made->schema = place_of_new_object(context, name.schema, name.location);
  made->name = truncated_name(name.name);
  made->owner = context.current_user();
  std::vector<WrittenOption> options;
  for (const ast::Node* node : statement.definition) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname != "template") {
      options.push_back(written_option(option));
      continue;
    }
    const WrittenName written = written_name(option);
    const QualifiedName wanted = qualified_name(written);
    bool found_there = wanted.schema.empty() || wanted.schema == "pg_catalog";
    made->template_oid = found_there ? find_text_template(wanted.name) : kInvalidOid;
    if (made->template_oid == kInvalidOid) {
      throw sql_error(SqlState::kUndefinedObject, "text search template \"{}\" does not exist",
                      shown(wanted));
    }
  }
  if (made->template_oid == kInvalidOid) {
    throw SqlError(SqlState::kInvalidObjectDefinition, "text search template is required");
  }
  check_options(context, made->template_oid, options);
  made->options = init_option(options);
  if (has_named_object(context, ast::ObjectType::kTsdictionary, made->schema, made->name)) {
    throw_duplicate("pg_ts_dict_dictname_index", "dictname, dictnamespace",
                    fmt::format("{}, {}", made->name, made->schema));
  }
  context.ddl().put(std::move(made));
  return {"CREATE TEXT SEARCH DICTIONARY"};
}

CommandResult alter_text_dictionary(const ast::AlterTSDictionaryStmt& statement,
                                    CommandContext& context) {
  auto copy = std::static_pointer_cast<TextDictionaryObject>(
      own_object_copy(context, ast::ObjectType::kTsdictionary, qualified_name(statement.dictname)));
  std::vector<WrittenOption> options;
  for (auto& [name, value] : read_dictionary_options(copy->options)) {
    bool is_number = copy->options.find(fmt::format("{} = {}", quote_identifier(name), value)) !=
                     std::string::npos;
    options.push_back({name, value, is_number});
  }
  for (const ast::Node* node : statement.options) {
    const auto& option = *ast::as<ast::DefElem>(node);
    std::erase_if(options, [&](const WrittenOption& one) { return one.name == option.defname; });
    if (option.arg != nullptr) options.push_back(written_option(option));
  }
  check_options(context, copy->template_oid, options);
  copy->options = init_option(options);
  context.ddl().put(std::move(copy));
  return {"ALTER TEXT SEARCH DICTIONARY"};
}

CommandResult create_text_configuration(const ast::DefineStmt& statement, CommandContext& context) {
  const QualifiedName name = qualified_name(statement.defnames);
  auto made = std::make_shared<TextConfigurationObject>();
  made->schema = place_of_new_object(context, name.schema, name.location);
  made->name = truncated_name(name.name);
  made->owner = context.current_user();
  bool has_parser = false;
  Oid source = kInvalidOid;
  const Catalog& catalog = *context.ddl().view();
  for (const ast::Node* node : statement.definition) {
    const auto& option = *ast::as<ast::DefElem>(node);
    if (option.defname == "parser") {
      const WrittenName written = written_name(option);
      require_default_parser(qualified_name(written));
      has_parser = true;
    } else if (option.defname == "copy") {
      const WrittenName written = written_name(option);
      const QualifiedName wanted = qualified_name(written);
      source = find_text_configuration(catalog, context.environment().search_path(), wanted);
      if (source == kInvalidOid) {
        throw sql_error(SqlState::kUndefinedObject,
                        "text search configuration \"{}\" does not exist", shown(wanted));
      }
    } else {
      throw sql_error(SqlState::kSyntaxError,
                      "text search configuration parameter \"{}\" not recognized", option.defname);
    }
  }
  if (has_parser && source != kInvalidOid) {
    throw SqlError(SqlState::kSyntaxError, "cannot specify both PARSER and COPY options");
  }
  if (!has_parser && source == kInvalidOid) {
    throw SqlError(SqlState::kInvalidObjectDefinition, "text search parser is required");
  }
  if (source != kInvalidOid) made->mappings = text_configuration(catalog, source)->mappings;
  if (has_named_object(context, ast::ObjectType::kTsconfiguration, made->schema, made->name)) {
    throw_duplicate("pg_ts_config_cfgname_index", "cfgname, cfgnamespace",
                    fmt::format("{}, {}", made->name, made->schema));
  }
  context.ddl().put(std::move(made));
  return {"CREATE TEXT SEARCH CONFIGURATION"};
}

CommandResult alter_text_configuration(const ast::AlterTSConfigurationStmt& statement,
                                       CommandContext& context) {
  auto copy = std::static_pointer_cast<TextConfigurationObject>(own_object_copy(
      context, ast::ObjectType::kTsconfiguration, qualified_name(statement.cfgname)));
  MappingChange(context, statement, *copy).run();
  context.ddl().put(std::move(copy));
  return {"ALTER TEXT SEARCH CONFIGURATION"};
}

}  // namespace luma
