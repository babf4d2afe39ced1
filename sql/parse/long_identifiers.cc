#include "sql/parse/long_identifiers.h"

#include <algorithm>

namespace luma {
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '$'; }

class Scanner {
 public:
  Scanner(std::string_view sql, bool standard_strings)
      : sql_(sql), standard_strings_(standard_strings) {}

  std::vector<LongIdentifier> run() {
    while (i_ < sql_.size()) {
      char c = sql_[i_];
      if (is_name_start(c)) {
        word();
      } else if (c >= '0' && c <= '9') {
        while (i_ < sql_.size() && is_name_part(sql_[i_])) ++i_;
      } else if (c == '"') {
        add(quoted('"', false));
      } else if (c == '\'') {
        quoted('\'', !standard_strings_);
      } else if (c == '$') {
        dollar();
      } else if (c == '-' && at(1) == '-') {
        i_ = std::min(sql_.find('\n', i_), sql_.size());
      } else if (c == '/' && at(1) == '*') {
        comment();
      } else {
        ++i_;
      }
    }
    return std::move(found_);
  }

 private:
  char at(size_t ahead) const { return i_ + ahead < sql_.size() ? sql_[i_ + ahead] : '\0'; }

  void word() {
    size_t start = i_;
    while (i_ < sql_.size() && is_name_part(sql_[i_])) ++i_;
    std::string name(sql_.substr(start, i_ - start));
    // E'...' and its like.
    if (name.size() == 1 && at(0) == '\'') {
      quoted('\'', name == "e" || name == "E" || !standard_strings_);
      return;
    }
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    add(std::move(name));
  }

  std::string quoted(char quote, bool backslashes) {
    std::string text;
    for (++i_; i_ < sql_.size(); ++i_) {
      if (backslashes && sql_[i_] == '\\') {
        ++i_;
        continue;
      }
      if (sql_[i_] == quote) {
        if (at(1) != quote) break;
        ++i_;
      }
      text += sql_[i_];
    }
    ++i_;
    return text;
  }

  void dollar() {
    size_t end = i_ + 1;
    while (end < sql_.size() && is_name_part(sql_[end]) && sql_[end] != '$') ++end;
    bool is_quote = end < sql_.size() && sql_[end] == '$' && !(at(1) >= '0' && at(1) <= '9');
    if (!is_quote) {
      i_ = std::max(end, i_ + 1);
      return;
    }
    std::string_view tag = sql_.substr(i_, end + 1 - i_);
    size_t close = sql_.find(tag, end + 1);
    i_ = close == sql_.npos ? sql_.size() : close + tag.size();
  }

  void comment() {
    int depth = 0;
    do {
      if (at(0) == '/' && at(1) == '*') {
        ++depth;
        i_ += 2;
      } else if (at(0) == '*' && at(1) == '/') {
        --depth;
        i_ += 2;
      } else {
        ++i_;
      }
    } while (depth > 0 && i_ < sql_.size());
  }

  void add(std::string name) {
    if (name.size() <= kMaxNameBytes) return;
    size_t end = kMaxNameBytes;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    std::string kept = name.substr(0, end);
    found_.push_back({std::move(name), std::move(kept)});
  }

  std::string_view sql_;
  bool standard_strings_;
  size_t i_ = 0;
  std::vector<LongIdentifier> found_;
};

}  // namespace

std::vector<LongIdentifier> long_identifiers(std::string_view sql,
                                             bool standard_conforming_strings) {
  if (sql.size() <= kMaxNameBytes) return {};
  return Scanner(sql, standard_conforming_strings).run();
}

}  // namespace luma
