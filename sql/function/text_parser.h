#pragma once
// Taking documents apart for full text search, like PostgreSQL's default parser, and making lexemes
// of the words: by the configurations "simple" and "english". Not thread-safe; cheap to make.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/type/oid.h"

namespace luma {

struct EvalContext;

struct TextToken {
  std::string_view text;
  bool is_plain_word = false;  // of letters only: what stemmers look at
};

// Words, hyphenated words and their parts, numbers, e-mail addresses, hosts, URLs and their parts,
// file names, in their order. Tags, entities, protocols and blanks are left out.
std::vector<TextToken> split_document(std::string_view text);

class TextConfiguration {
 public:
  // Throws 0A000 for configurations other than simple and english.
  explicit TextConfiguration(Oid configuration);
  ~TextConfiguration();

  // False for a stop word.
  bool lexeme_of(const TextToken& token, std::string& lexeme) const;

 private:
  struct Stemmer;
  std::unique_ptr<Stemmer> stemmer_;  // null: simple
};

// The configuration that default_text_search_config names. 42704.
Oid default_text_configuration(const EvalContext& context);

struct PlacedLexeme {
  std::string text;
  int place = 0;  // from 1; stop words count
};
std::vector<PlacedLexeme> lexemes_of(const TextConfiguration& configuration, std::string_view text);

}  // namespace luma
