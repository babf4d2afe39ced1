#include "sql/function/text_dictionary.h"

#include <libstemmer.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/sql_error.h"
#include "engine/exec/eval_context.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

using std::string_view;

struct BuiltinFile {
  string_view name;
  string_view text;
};
constexpr BuiltinFile kFiles[] = {
#include "sql/function/text_search_files.inc"
};

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

template <typename Visit>
void for_each_line(string_view text, const Visit& visit) {
  while (!text.empty()) {
    string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    visit(line);
  }
}

// A word a line: what follows its first blank is not looked at.
using WordSet = std::unordered_set<std::string>;
WordSet words_of(string_view text) {
  WordSet out;
  for_each_line(text, [&](string_view line) {
    size_t end = 0;
    while (end < line.size() && !is_blank(line[end])) ++end;
    if (end > 0) out.insert(lower_text(line.substr(0, end)));
  });
  return out;
}

const std::map<string_view, WordSet>& builtin_stop_words() {
  static const std::map<string_view, WordSet> kWords = [] {
    std::map<string_view, WordSet> out;
    for (const BuiltinFile& file : kFiles) {
      if (file.name.ends_with(".stop")) out.emplace(file.name, words_of(file.text));
    }
    return out;
  }();
  return kWords;
}

class StopWords {
 public:
  void read(const TextSearchFiles& files, string_view name) {
    auto built_in = builtin_stop_words().find(std::string(name) + ".stop");
    if (built_in != builtin_stop_words().end()) {
      shared_ = &built_in->second;
      return;
    }
    std::string storage;
    own_ = words_of(files.read(name, "stop", "stop-word", storage));
    shared_ = &own_;
  }
  bool contains(const std::string& word) const {
    return shared_ != nullptr && shared_->contains(word);
  }

 private:
  const WordSet* shared_ = nullptr;
  WordSet own_;
};

[[noreturn]] void refuse(std::string text) {
  throw SqlError(SqlState::kInvalidParameterValue, std::move(text));
}
bool option_flag(const std::string& name, const std::string& value) {
  std::string lower = lower_text(value);
  if (lower == "true" || lower == "on" || lower == "1") return true;
  if (lower == "false" || lower == "off" || lower == "0") return false;
  throw sql_error(SqlState::kSyntaxError, "{} requires a Boolean value", name);
}

class SimpleDictionary final : public TextDictionary {
 public:
  SimpleDictionary(const TextDictionaryOptions& options, const TextSearchFiles& files) {
    bool stop_given = false, accept_given = false;
    for (const auto& [name, value] : options) {
      if (name == "stopwords") {
        if (std::exchange(stop_given, true)) refuse("multiple StopWords parameters");
        stop_.read(files, value);
      } else if (name == "accept") {
        if (std::exchange(accept_given, true)) refuse("multiple Accept parameters");
        accept_ = option_flag(name, value);
      } else {
        refuse(fmt::format("unrecognized simple dictionary parameter: \"{}\"", name));
      }
    }
  }
  TextLookup look_up(string_view word, std::vector<TextLexeme>& out) override {
    std::string lower = lower_text(word);
    if (lower.empty() || stop_.contains(lower)) return TextLookup::kKnown;
    if (!accept_) return TextLookup::kUnknown;
    out.push_back({std::move(lower)});
    return TextLookup::kKnown;
  }

 private:
  StopWords stop_;
  bool accept_ = true;
};

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

class SnowballDictionary final : public TextDictionary {
 public:
  SnowballDictionary(const TextDictionaryOptions& options, const TextSearchFiles& files) {
    std::optional<std::string> language;
    bool stop_given = false;
    for (const auto& [name, value] : options) {
      if (name == "stopwords") {
        if (std::exchange(stop_given, true)) refuse("multiple StopWords parameters");
        stop_.read(files, value);
      } else if (name == "language") {
        if (language) refuse("multiple Language parameters");
        language = value;
      } else {
        refuse(fmt::format("unrecognized Snowball parameter: \"{}\"", name));
      }
    }
    if (!language) refuse("missing Language parameter");
    stemmer_.reset(sb_stemmer_new(lower_text(*language).c_str(), "UTF_8"));
    if (stemmer_ == nullptr) {
      throw sql_error(SqlState::kUndefinedObject,
                      "no Snowball stemmer available for language \"{}\" and encoding \"UTF8\"",
                      *language);
    }
  }

  TextLookup look_up(string_view word, std::vector<TextLexeme>& out) override {
    // What is longer is no word of a language.
    constexpr size_t kLongestWord = 1000;
    std::string lower = lower_text(word);
    if (word.size() > kLongestWord) {
      out.push_back({std::move(lower)});
      return TextLookup::kKnown;
    }
    if (lower.empty() || stop_.contains(lower)) return TextLookup::kKnown;
    const sb_symbol* stem =
        sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(lower.data()),
                        static_cast<int>(lower.size()));
    if (stem == nullptr) throw sql_error(SqlState::kOutOfMemory, "out of memory");
    // A word of which nothing is left stays as it is.
    auto length = static_cast<size_t>(sb_stemmer_length(stemmer_.get()));
    if (length > 0) lower.assign(reinterpret_cast<const char*>(stem), length);
    out.push_back({std::move(lower)});
    return TextLookup::kKnown;
  }

 private:
  StopWords stop_;
  std::unique_ptr<sb_stemmer, StemmerDeleter> stemmer_;
};

class SynonymDictionary final : public TextDictionary {
 public:
  SynonymDictionary(const TextDictionaryOptions& options, const TextSearchFiles& files) {
    std::optional<std::string> name;
    for (const auto& [option, value] : options) {
      if (option == "synonyms") {
        name = value;
      } else if (option == "casesensitive") {
        case_sensitive_ = option_flag(option, value);
      } else {
        refuse(fmt::format("unrecognized synonym parameter: \"{}\"", option));
      }
    }
    if (!name) refuse("missing Synonyms parameter");
    std::string storage;
    for_each_line(files.read(*name, "syn", "synonym", storage), [&](string_view line) {
      string_view word = take_word(line);
      string_view other = take_word(line);
      if (other.empty()) return;
      TextLexeme lexeme;
      if (other.ends_with('*')) {
        lexeme.prefix = true;
        other.remove_suffix(1);
      }
      lexeme.text = in_case(other);
      synonyms_.emplace(in_case(word), std::move(lexeme));
    });
  }
  TextLookup look_up(string_view word, std::vector<TextLexeme>& out) override {
    auto found = synonyms_.find(in_case(word));
    if (found == synonyms_.end()) return TextLookup::kUnknown;
    out.push_back(found->second);
    return TextLookup::kKnown;
  }

 private:
  static string_view take_word(string_view& line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    size_t end = 0;
    while (end < line.size() && !is_blank(line[end])) ++end;
    string_view word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
  }
  std::string in_case(string_view word) const {
    return case_sensitive_ ? std::string(word) : lower_text(word);
  }

  bool case_sensitive_ = false;
  std::unordered_map<std::string, TextLexeme> synonyms_;
};

bool is_file_name(string_view name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == string_view::npos;
}

}  // namespace

string_view TextSearchFiles::read(string_view name, string_view extension, string_view what,
                                  std::string& storage) const {
  if (!is_file_name(name)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "invalid text search configuration file name \"{}\"", name);
  }
  const std::string full = fmt::format("{}.{}", name, extension);
  for (const BuiltinFile& file : kFiles) {
    if (file.name == full) return file.text;
  }
  const std::string path = directory_.empty() ? full : fmt::format("{}/{}", directory_, full);
  errno = ENOENT;
  std::ifstream in;
  if (!directory_.empty()) in.open(path, std::ios::binary);
  if (directory_.empty() || !in) {
    throw sql_error(SqlState::kConfigFileError, "could not open {} file \"{}\": {}", what, path,
                    std::strerror(errno));
  }
  storage.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return storage;
}

TextSearchFiles text_search_files(const EvalContext& context) {
  std::string directory;
  if (context.session != nullptr) {
    context.session->setting("luma.text_search_directory", true, directory);
  }
  return TextSearchFiles(std::move(directory));
}

TextDictionaryOptions read_dictionary_options(string_view text) {
  TextDictionaryOptions out;
  size_t at = 0;
  auto skip = [&] {
    while (at < text.size() && (is_blank(text[at]) || text[at] == ',')) ++at;
  };
  // A name or number, or a text in quotes, where quotes are doubled and, after E, backslashes.
  auto take = [&] {
    std::string value;
    bool escaped = at + 1 < text.size() && text[at] == 'E' && text[at + 1] == '\'';
    if (escaped) ++at;
    char quote = text[at];
    if (quote != '\'' && quote != '"') {
      while (at < text.size() && !is_blank(text[at]) && text[at] != ',' && text[at] != '=') {
        value += text[at++];
      }
      return value;
    }
    for (++at; at < text.size(); ++at) {
      bool doubled = (text[at] == quote || (escaped && text[at] == '\\')) && at + 1 < text.size() &&
                     text[at + 1] == text[at];
      if (!doubled && text[at] == quote) break;
      value += text[at];
      if (doubled) ++at;
    }
    ++at;
    return value;
  };
  for (skip(); at < text.size(); skip()) {
    std::string name = take();
    while (at < text.size() && (is_blank(text[at]) || text[at] == '=')) ++at;
    if (at >= text.size()) {
      throw sql_error(SqlState::kSyntaxError, "invalid parameter list format: \"{}\"", text);
    }
    out.emplace_back(std::move(name), take());
  }
  return out;
}

std::unique_ptr<TextDictionary> make_text_dictionary(Oid template_oid,
                                                     const TextDictionaryOptions& options,
                                                     const TextSearchFiles& files) {
  switch (template_oid) {
    case text_template::kSimple:
      return std::make_unique<SimpleDictionary>(options, files);
    case text_template::kSynonym:
      return std::make_unique<SynonymDictionary>(options, files);
    case text_template::kIspell:
    case text_template::kThesaurus:
      throw unsupported("text search template {}", text_template_name(template_oid));
    default:
      break;
  }
  if (text_template_name(template_oid) == "snowball") {
    return std::make_unique<SnowballDictionary>(options, files);
  }
  throw sql_error(SqlState::kInternalError, "cache lookup failed for text search template {}",
                  template_oid);
}

}  // namespace luma
