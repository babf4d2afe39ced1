#pragma once
// Dictionaries of text search: what becomes of a word in documents and queries. By template:
// simple, snowball (stemmers), synonym, and the one of extension unaccent. A dictionary is used by
// one thread at a time; making one is cheap, its word lists are shared where they are built in.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/catalog/text_search_objects.h"

namespace luma {

struct EvalContext;

struct TextLexeme {
  std::string text;
  bool prefix = false;  // in queries, stands for all words that begin so
};

enum class TextLookup : uint8_t {
  kUnknown,   // the next dictionary is asked
  kKnown,     // the lexemes; none for a stop word
  kFiltered,  // the next dictionary is asked about the lexeme instead of the word
};

class TextDictionary {
 public:
  virtual ~TextDictionary() = default;
  // `out` is empty before.
  virtual TextLookup look_up(std::string_view word, std::vector<TextLexeme>& out) = 0;
};

// Word lists by name: those built in, then files in a directory of the server's.
class TextSearchFiles {
 public:
  // "" for `directory`: built-in ones only.
  explicit TextSearchFiles(std::string directory) : directory_(std::move(directory)) {}
  // The contents of name.extension. Throws 22023 for a name that may not be one, F0000 `could not
  // open <what> file "..."`.
  std::string_view read(std::string_view name, std::string_view extension, std::string_view what,
                        std::string& storage) const;

 private:
  std::string directory_;
};
// Where the running server has them (luma.text_search_directory).
TextSearchFiles text_search_files(const EvalContext& context);

// Options of a dictionary as name and value, in order, and pg_ts_dict.dictinitoption of them.
using TextDictionaryOptions = std::vector<std::pair<std::string, std::string>>;
TextDictionaryOptions read_dictionary_options(std::string_view text);

// Throws 22023 for options the template does not have, 42704, F0000; 0A000 for templates ispell and
// thesaurus.
std::unique_ptr<TextDictionary> make_text_dictionary(Oid template_oid,
                                                     const TextDictionaryOptions& options,
                                                     const TextSearchFiles& files);

}  // namespace luma
