#pragma once
// Documents as lexemes, by a text search configuration: which dictionaries look at tokens of which
// type. Not thread-safe; cheap to make.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/function/text_dictionary.h"
#include "sql/function/text_token.h"

namespace luma {

class TextConfiguration {
 public:
  // XX000 for an oid that is none's.
  TextConfiguration(const EvalContext& context, Oid configuration);
  ~TextConfiguration();
  TextConfiguration(const TextConfiguration&) = delete;
  TextConfiguration& operator=(const TextConfiguration&) = delete;

  // False: no dictionary knows the token. Without lexemes it is a stop word.
  bool lexemes_of(const TextToken& token, std::vector<TextLexeme>& out) const;
  // The dictionaries for a type of tokens; empty when they are not looked at.
  const std::vector<Oid>& dictionaries_for(int token_type) const;
  TextDictionary& dictionary(Oid oid) const;
  // NOTICE 54000 about a word that is left out.
  void report_long_word() const;

 private:
  const EvalContext& context_;
  const Catalog* catalog_ = nullptr;  // null: no session, PostgreSQL's own objects only
  const TextConfigurationObject* object_;
  mutable std::map<Oid, std::unique_ptr<TextDictionary>> dictionaries_;  // as they are needed
};

// One dictionary by itself. XX000 for an oid that is none's.
std::unique_ptr<TextDictionary> open_text_dictionary(const EvalContext& context, Oid oid);

// The configuration that default_text_search_config names. 42704.
Oid default_text_configuration(const EvalContext& context);

struct PlacedLexeme {
  std::string text;
  int place = 0;  // from 1; stop words count
  bool prefix = false;
};
// `places`: how many there are.
std::vector<PlacedLexeme> lexemes_of(const TextConfiguration& configuration, std::string_view text,
                                     int* places = nullptr);

}  // namespace luma
