#include "sql/function/text_parser.h"

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "engine/type/text_vector.h"
#include "sql/catalog/session_catalog.h"

namespace luma {
namespace {

using std::string_view;

constexpr Oid kEnglish = 13164;

std::unique_ptr<TextDictionary> open_dictionary(const EvalContext& context, const Catalog* catalog,
                                                Oid oid) {
  const TextDictionaryObject* object =
      catalog != nullptr ? text_dictionary(*catalog, oid) : builtin_text_dictionary(oid);
  if (object == nullptr) {
    throw sql_error(SqlState::kInternalError, "cache lookup failed for text search dictionary {}",
                    oid);
  }
  return make_text_dictionary(object->template_oid, read_dictionary_options(object->options),
                              text_search_files(context));
}

const Catalog* catalog_of(const EvalContext& context) {
  return context.session == nullptr ? nullptr : &session_catalog(context).catalog();
}

}  // namespace

TextConfiguration::TextConfiguration(const EvalContext& context, Oid configuration)
    : context_(context),
      catalog_(catalog_of(context)),
      object_(catalog_ != nullptr ? text_configuration(*catalog_, configuration)
                                  : builtin_text_configuration(configuration)) {
  if (object_ == nullptr) {
    throw sql_error(SqlState::kInternalError,
                    "cache lookup failed for text search configuration {}", configuration);
  }
}
TextConfiguration::~TextConfiguration() = default;

const std::vector<Oid>& TextConfiguration::dictionaries_for(int token_type) const {
  static const std::vector<Oid> kNone;
  for (const TextMapping& mapping : object_->mappings) {
    if (mapping.token_type == token_type) return mapping.dictionaries;
  }
  return kNone;
}

TextDictionary& TextConfiguration::dictionary(Oid oid) const {
  std::unique_ptr<TextDictionary>& held = dictionaries_[oid];
  if (held == nullptr) held = open_dictionary(context_, catalog_, oid);
  return *held;
}

bool TextConfiguration::lexemes_of(const TextToken& token, std::vector<TextLexeme>& out) const {
  string_view word = token.text;
  std::string filtered;
  for (Oid oid : dictionaries_for(token.type)) {
    out.clear();
    switch (dictionary(oid).look_up(word, out)) {
      case TextLookup::kKnown:
        return true;
      case TextLookup::kFiltered:
        filtered = std::move(out.front().text);
        word = filtered;
        break;
      case TextLookup::kUnknown:
        break;
    }
  }
  out.clear();
  return false;
}

void TextConfiguration::report_long_word() const {
  if (context_.session == nullptr) return;
  context_.session->notice("NOTICE", "word is too long to be indexed");
}

std::unique_ptr<TextDictionary> open_text_dictionary(const EvalContext& context, Oid oid) {
  return open_dictionary(context, catalog_of(context), oid);
}

Oid default_text_configuration(const EvalContext& context) {
  if (context.session == nullptr) return kEnglish;
  std::string name;
  context.session->setting("default_text_search_config", true, name);
  std::vector<std::string> names = split_qualified_name(name);
  const SessionCatalog& session = session_catalog(context);
  QualifiedName qualified;
  qualified.name = names.back();
  if (names.size() > 1) qualified.schema = names.front();
  Oid found = find_text_configuration(session.catalog(), session.search_path(), qualified);
  if (found != kInvalidOid) return found;
  throw sql_error(SqlState::kUndefinedObject, "text search configuration \"{}\" does not exist",
                  name);
}

std::vector<PlacedLexeme> lexemes_of(const TextConfiguration& configuration, string_view text,
                                     int* places) {
  std::vector<PlacedLexeme> out;
  std::vector<TextLexeme> lexemes;
  int place = 0;
  for (const TextToken& token : split_document(text)) {
    if (token.text.size() > kMaxLexemeBytes) {
      configuration.report_long_word();
      continue;
    }
    if (!configuration.lexemes_of(token, lexemes)) continue;
    ++place;
    for (TextLexeme& lexeme : lexemes) {
      out.push_back({std::move(lexeme.text), place, lexeme.prefix});
    }
  }
  if (places != nullptr) *places = place;
  return out;
}

}  // namespace luma
