#include "engine/type/ltree.h"

#include <algorithm>

#include "engine/base/sql_error.h"
#include "engine/type/codec_templates.h"
#include "engine/type/extension_type.h"
#include "engine/type/string.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

using std::string_view;

constexpr int kMaxLabelCharacters = 255;
constexpr size_t kMaxVariants = 65535;

// Reads a text character by character and knows the place for messages.
class Reader {
 public:
  Reader(string_view text, string_view type) : text_(text), type_(type) {}

  bool at_end() const { return at_ == text_.size(); }
  bool at(char c) const { return !at_end() && text_[at_] == c; }
  bool at_label() const {
    if (at_end()) return false;
    if (text_[at_] == '_') return true;
    size_t next = at_;
    return code_point_is_alnum(utf8_next(text_, next));
  }
  void skip() {
    at_ += utf8_bytes(text_[at_]);
    ++position_;
  }
  bool accept(char c) {
    if (!at(c)) return false;
    skip();
    return true;
  }
  int position() const { return position_; }

  [[noreturn]] void refuse() const {
    throw sql_error(SqlState::kSyntaxError, "{} syntax error at character {}", type_, position_);
  }
  [[noreturn]] void refuse_end() const {
    throw sql_error(SqlState::kSyntaxError, "{} syntax error", type_)
        .detail("Unexpected end of input.");
  }

  string_view take_label() {
    const size_t start = at_;
    int characters = 0;
    for (; at_label(); ++characters) skip();
    if (start == at_) {
      throw sql_error(SqlState::kSyntaxError, "{} syntax error at character {}", type_, position_)
          .detail("Empty labels are not allowed.");
    }
    if (characters > kMaxLabelCharacters) {
      throw sql_error(SqlState::kNameTooLong, "label string is too long")
          .detail(fmt::format("Label length is {}, must be at most {}, at character {}.",
                              characters, kMaxLabelCharacters, position_));
    }
    return text_.substr(start, at_ - start);
  }
  int take_number(string_view which) {
    const int begin = position_;
    int64_t number = 0;
    while (!at_end() && text_[at_] >= '0' && text_[at_] <= '9') {
      number = std::min<int64_t>(number * 10 + (text_[at_] - '0'), INT32_MAX);
      skip();
    }
    if (number > static_cast<int64_t>(kMaxLtreeLevels)) {
      throw sql_error(SqlState::kProgramLimitExceeded, "{} syntax error", type_)
          .detail(fmt::format("{} limit ({}) exceeds the maximum allowed ({}), at character {}.",
                              which, number, kMaxLtreeLevels, begin));
    }
    return static_cast<int>(number);
  }
  bool at_digit() const { return !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; }

 private:
  string_view text_;
  string_view type_;
  size_t at_ = 0;
  int position_ = 1;
};

void check_levels(string_view text, string_view what) {
  auto levels = static_cast<size_t>(std::ranges::count(text, '.')) + 1;
  if (levels <= kMaxLtreeLevels) return;
  throw sql_error(SqlState::kProgramLimitExceeded,
                  "number of {} ({}) exceeds the maximum allowed ({})", what, levels,
                  kMaxLtreeLevels);
}

// --- labels as patterns ---
struct LabelPattern {
  string_view text;
  bool any_case = false;  // @
  bool prefix = false;    // *
  bool words = false;     // %: its words, parted by _, are among the label's

  void append_to(std::string& out) const {
    out += text;
    if (words) out += '%';
    if (any_case) out += '@';
    if (prefix) out += '*';
  }
  bool has_flags() const { return any_case || prefix || words; }
};

bool matches_word(const LabelPattern& pattern, string_view word, string_view label) {
  auto fits = [&](string_view wanted, string_view given) {
    return pattern.prefix ? given.starts_with(wanted) : given == wanted;
  };
  if (fits(word, label)) return true;
  return pattern.any_case && fits(lower_text(word), lower_text(label));
}

template <typename Visit>
bool any_word(string_view text, const Visit& visit) {
  while (!text.empty()) {
    string_view word = text.substr(0, text.find('_'));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!word.empty() && visit(word)) return true;
  }
  return false;
}

bool matches_label(const LabelPattern& pattern, string_view label) {
  if (!pattern.words) return matches_word(pattern, pattern.text, label);
  bool missing = any_word(pattern.text, [&](string_view wanted) {
    return !any_word(label, [&](string_view word) { return matches_word(pattern, wanted, word); });
  });
  return !missing;
}

// --- lquery ---
struct LqueryLevel {
  std::vector<LabelPattern> variants;  // none: any label
  bool negated = false;
  bool counted = false;
  int low = 1, high = 1;
};

class LqueryParser {
 public:
  explicit LqueryParser(string_view text) : reader_(text, "lquery") {}

  std::vector<LqueryLevel> parse() {
    std::vector<LqueryLevel> levels;
    for (;;) {
      levels.push_back(parse_level());
      if (reader_.at_end()) return levels;
      if (!reader_.accept('.')) reader_.refuse();
    }
  }

 private:
  LqueryLevel parse_level() {
    LqueryLevel level;
    if (reader_.at_end()) reader_.refuse_end();
    if (reader_.accept('*')) {
      level.low = 0;
      level.high = static_cast<int>(kMaxLtreeLevels);
      if (reader_.accept('{')) parse_count(level);
      return level;
    }
    level.negated = reader_.accept('!');
    if (!level.negated && !reader_.at_label()) reader_.refuse();
    parse_variant(level);
    while (reader_.accept('|')) {
      if (reader_.at_end()) reader_.refuse_end();
      if (!reader_.at_label()) reader_.refuse();
      parse_variant(level);
      if (level.variants.size() > kMaxVariants) {
        throw SqlError(SqlState::kProgramLimitExceeded, "lquery level has too many variants")
            .detail(
                fmt::format("Number of variants exceeds the maximum allowed ({}).", kMaxVariants));
      }
    }
    if (reader_.accept('{')) parse_count(level);
    return level;
  }
  void parse_variant(LqueryLevel& level) {
    LabelPattern pattern;
    pattern.text = reader_.take_label();
    for (;;) {
      if (reader_.accept('@')) {
        pattern.any_case = true;
      } else if (reader_.accept('*')) {
        pattern.prefix = true;
      } else if (reader_.accept('%')) {
        pattern.words = true;
      } else {
        break;
      }
    }
    if (pattern.has_flags() && reader_.at_label()) reader_.refuse();
    level.variants.push_back(pattern);
  }
  void parse_count(LqueryLevel& level) {
    level.counted = true;
    level.low = 0;
    bool has_low = reader_.at_digit();
    if (has_low) level.low = reader_.take_number("Low");
    if (reader_.at_end()) reader_.refuse_end();
    if (has_low && reader_.accept('}')) {
      level.high = level.low;
      return;
    }
    if (!reader_.accept(',')) reader_.refuse();
    level.high = static_cast<int>(kMaxLtreeLevels);
    if (reader_.at_digit()) {
      const int position = reader_.position();
      level.high = reader_.take_number("High");
      if (level.low > level.high) {
        throw sql_error(SqlState::kSyntaxError, "lquery syntax error")
            .detail(fmt::format("Low limit ({}) is greater than high limit ({}), at character {}.",
                                level.low, level.high, position));
      }
    }
    if (reader_.at_end()) reader_.refuse_end();
    if (!reader_.accept('}')) reader_.refuse();
  }

  Reader reader_;
};

void append_count(const LqueryLevel& level, std::string& out) {
  const auto most = static_cast<int>(kMaxLtreeLevels);
  if (!level.counted && !level.variants.empty()) return;
  if (level.low == level.high) {
    out += fmt::format("{{{}}}", level.low);
  } else if (level.low == 0 && level.high == most) {
    if (!level.variants.empty()) out += "{,}";
  } else if (level.low == 0) {
    out += fmt::format("{{,{}}}", level.high);
  } else if (level.high == most) {
    out += fmt::format("{{{},}}", level.low);
  } else {
    out += fmt::format("{{{},{}}}", level.low, level.high);
  }
}

bool matches_level(const LqueryLevel& level, string_view label) {
  if (level.variants.empty()) return !level.negated;
  bool any = std::ranges::any_of(
      level.variants, [&](const LabelPattern& pattern) { return matches_label(pattern, label); });
  return any != level.negated;
}

// Whether levels from `level` on match labels from `label` on: row by row from the end, so that no
// pattern takes more than levels times labels times repetitions.
bool matches_levels(const std::vector<LqueryLevel>& levels, const LtreeLabels& labels) {
  const size_t count = labels.size();
  std::vector<bool> rest(count + 1, false);
  rest[count] = true;
  for (size_t i = levels.size(); i-- > 0;) {
    const LqueryLevel& level = levels[i];
    std::vector<bool> now(count + 1, false);
    // How many labels from here on the level matches in a row.
    std::vector<size_t> run(count + 1, 0);
    for (size_t at = count; at-- > 0;) {
      run[at] = matches_level(level, labels[at]) ? run[at + 1] + 1 : 0;
    }
    // The next place, from here on, where the rest matches.
    std::vector<size_t> next(count + 2, count + 1);
    for (size_t at = count + 1; at-- > 0;) next[at] = rest[at] ? at : next[at + 1];
    for (size_t at = 0; at <= count; ++at) {
      size_t first = at + static_cast<size_t>(level.low);
      size_t last = at + std::min(run[at], static_cast<size_t>(level.high));
      now[at] = first <= last && next[first] <= last;
    }
    rest = std::move(now);
  }
  return rest[0];
}

// --- codecs ---
template <std::string (*parse)(string_view)>
Datum read(string_view text, const TypeInfo&, int32_t, const IoContext&, Arena& arena) {
  return arena_string(arena, parse(text));
}
constexpr char kBinaryVersion = 1;
template <std::string (*parse)(string_view)>
Datum receive(string_view bytes, const TypeInfo& type, int32_t, const IoContext&, Arena& arena) {
  if (bytes.empty() || bytes[0] != kBinaryVersion) {
    throw sql_error(SqlState::kInternalError, "unsupported {} version number {}", type.name,
                    bytes.empty() ? 0 : static_cast<int>(bytes[0]));
  }
  bytes.remove_prefix(1);
  verify_utf8(bytes);
  return arena_string(arena, parse(bytes));
}
void write(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out.append(value.str.view());
}
void send(const Datum& value, const TypeInfo&, const IoContext&, std::string& out) {
  out += kBinaryVersion;
  out.append(value.str.view());
}

int compare(const Datum& a, const Datum& b, const TypeInfo&) {
  return compare_ltree(a.str.view(), b.str.view());
}
uint64_t hash(const Datum& value, const TypeInfo&) { return hash_bytes(value.str.view()); }
// Points sort before whatever a label may consist of.
constexpr char kSeparator = '\x01';
void key(const Datum& value, const TypeInfo&, std::string& out) {
  std::string text(value.str.view());
  std::ranges::replace(text, '.', kSeparator);
  put_key_text(out, text);
}

constexpr TypeCodec kCodecs[] = {
    {"ltree", PhysicalType::kVarlen, read<parse_ltree>, write, receive<parse_ltree>, send, compare,
     hash, key, nullptr},
    {"lquery", PhysicalType::kVarlen, read<parse_lquery>, write, receive<parse_lquery>, send,
     nullptr, nullptr, nullptr, nullptr},
    {"ltxtquery", PhysicalType::kVarlen, read<parse_ltxtquery>, write, receive<parse_ltxtquery>,
     send, nullptr, nullptr, nullptr, nullptr},
};

// --- ltxtquery ---
struct Condition {
  enum class Op : uint8_t { kLabel, kNot, kAnd, kOr };
  Op op = Op::kLabel;
  LabelPattern pattern;
  std::unique_ptr<Condition> left, right;  // kNot: right
};
using ConditionTree = std::unique_ptr<Condition>;

ConditionTree joined(Condition::Op op, ConditionTree left, ConditionTree right) {
  auto out = std::make_unique<Condition>();
  out->op = op;
  out->left = std::move(left);
  out->right = std::move(right);
  return out;
}

class ConditionParser {
 public:
  explicit ConditionParser(string_view text) : reader_(text, "ltxtquery") {}

  ConditionTree parse() {
    ConditionTree tree = parse_or(0);
    if (!reader_.at_end()) refuse();
    return tree;
  }

 private:
  static constexpr int kMaxDepth = 500;
  [[noreturn]] static void refuse() { throw SqlError(SqlState::kSyntaxError, "syntax error"); }
  void skip_blanks() {
    while (reader_.at(' ')) reader_.skip();
  }
  ConditionTree parse_or(int depth) {
    ConditionTree left = parse_and(depth);
    for (skip_blanks(); reader_.accept('|'); skip_blanks()) {
      left = joined(Condition::Op::kOr, std::move(left), parse_and(depth));
    }
    return left;
  }
  ConditionTree parse_and(int depth) {
    ConditionTree left = parse_operand(depth);
    for (skip_blanks(); reader_.accept('&'); skip_blanks()) {
      left = joined(Condition::Op::kAnd, std::move(left), parse_operand(depth));
    }
    return left;
  }
  ConditionTree parse_operand(int depth) {
    if (depth > kMaxDepth) {
      throw SqlError(SqlState::kStatementTooComplex, "stack depth limit exceeded");
    }
    while (reader_.at(' ') || reader_.at('\t') || reader_.at('\n') || reader_.at('\r')) {
      reader_.skip();
    }
    if (reader_.accept('!')) {
      return joined(Condition::Op::kNot, nullptr, parse_operand(depth + 1));
    }
    if (reader_.accept('(')) {
      ConditionTree inner = parse_or(depth + 1);
      if (!reader_.accept(')')) refuse();
      return inner;
    }
    if (!reader_.at_label()) throw SqlError(SqlState::kSyntaxError, "operand syntax error");
    constexpr size_t kLongestOperand = 255;
    auto out = std::make_unique<Condition>();
    out->pattern.text = reader_.take_label();
    if (out->pattern.text.size() > kLongestOperand) {
      throw SqlError(SqlState::kInvalidParameterValue, "operand is too long");
    }
    for (;;) {
      if (reader_.accept('%')) {
        out->pattern.words = true;
      } else if (reader_.accept('@')) {
        out->pattern.any_case = true;
      } else if (reader_.accept('*')) {
        out->pattern.prefix = true;
      } else {
        break;
      }
    }
    if (out->pattern.has_flags() && reader_.at_label()) {
      throw SqlError(SqlState::kSyntaxError, "modifiers syntax error");
    }
    return out;
  }

  Reader reader_;
};

void append_condition(const Condition& node, bool outermost, std::string& out) {
  switch (node.op) {
    case Condition::Op::kLabel:
      return node.pattern.append_to(out);
    case Condition::Op::kNot: {
      const bool compound = node.right->op != Condition::Op::kLabel;
      out += compound ? "!( " : "!";
      append_condition(*node.right, compound, out);
      if (compound) out += " )";
      return;
    }
    case Condition::Op::kAnd:
    case Condition::Op::kOr: {
      const bool enclosed = node.op == Condition::Op::kOr && !outermost;
      if (enclosed) out += "( ";
      append_condition(*node.left, false, out);
      out += node.op == Condition::Op::kAnd ? " & " : " | ";
      append_condition(*node.right, false, out);
      if (enclosed) out += " )";
      return;
    }
  }
}

bool holds(const Condition& node, const LtreeLabels& labels) {
  switch (node.op) {
    case Condition::Op::kLabel:
      return std::ranges::any_of(
          labels, [&](string_view label) { return matches_label(node.pattern, label); });
    case Condition::Op::kNot:
      return !holds(*node.right, labels);
    case Condition::Op::kAnd:
      return holds(*node.left, labels) && holds(*node.right, labels);
    case Condition::Op::kOr:
      return holds(*node.left, labels) || holds(*node.right, labels);
  }
  LUMA_CHECK(false);
}

}  // namespace

std::string parse_ltree(string_view text) {
  check_levels(text, "ltree labels");
  Reader reader(text, "ltree");
  if (reader.at_end()) return {};
  for (;;) {
    if (reader.at_end()) reader.refuse_end();
    if (!reader.at_label()) reader.refuse();
    reader.take_label();
    if (reader.at_end()) return std::string(text);
    if (!reader.accept('.')) reader.refuse();
  }
}

std::string parse_lquery(string_view text) {
  check_levels(text, "lquery items");
  std::string out;
  for (const LqueryLevel& level : LqueryParser(text).parse()) {
    if (!out.empty()) out += '.';
    if (level.variants.empty()) out += '*';
    if (level.negated) out += '!';
    for (size_t i = 0; i < level.variants.size(); ++i) {
      if (i > 0) out += '|';
      level.variants[i].append_to(out);
    }
    append_count(level, out);
  }
  return out;
}

std::string parse_ltxtquery(string_view text) {
  std::string out;
  append_condition(*ConditionParser(text).parse(), true, out);
  return out;
}

LtreeLabels ltree_labels(string_view tree) {
  LtreeLabels out;
  while (!tree.empty()) {
    string_view label = tree.substr(0, tree.find('.'));
    tree.remove_prefix(std::min(label.size() + 1, tree.size()));
    out.push_back(label);
  }
  return out;
}

std::string join_labels(const LtreeLabels& labels, size_t from, size_t to) {
  std::string out;
  for (size_t i = from; i < to; ++i) {
    if (i > from) out += '.';
    out += labels[i];
  }
  return out;
}

int compare_ltree(string_view a, string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t i = 0; i < common; ++i) {
    if (a[i] == b[i]) continue;
    if (a[i] == '.') return -1;
    if (b[i] == '.') return 1;
    return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[i]) ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

bool ltree_contains(string_view ancestor, string_view tree) {
  if (ancestor.empty()) return true;
  return tree.starts_with(ancestor) &&
         (tree.size() == ancestor.size() || tree[ancestor.size()] == '.');
}

bool lquery_matches(string_view query, string_view tree) {
  return matches_levels(LqueryParser(query).parse(), ltree_labels(tree));
}

bool ltxtquery_matches(string_view query, string_view tree) {
  return holds(*ConditionParser(query).parse(), ltree_labels(tree));
}

std::span<const TypeCodec> ltree_codecs() { return kCodecs; }

}  // namespace luma
