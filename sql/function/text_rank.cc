// Full text search: how well documents match.
#include <algorithm>
#include <cmath>

#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/array.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "sql/function/type_families.h"

namespace luma {

namespace {

using std::string_view;

struct Ranking {
  float weight[4] = {0.1f, 0.2f, 0.4f, 1.0f};
  float of(LexemePosition position) const { return weight[position.weight()]; }
};

float closeness(int distance) {
  if (distance > 100) return 1e-30f;
  return static_cast<float>(1.0 /
                            (1.005 + 0.05 * std::exp(static_cast<float>(distance) / 1.5 - 2)));
}

void collect_words(const QueryNode& node, std::vector<const QueryNode*>& words) {
  if (node.op == QueryOperator::kLexeme) {
    bool known = std::any_of(words.begin(), words.end(),
                             [&](const QueryNode* other) { return other->text == node.text; });
    if (!known) words.push_back(&node);
    return;
  }
  if (node.left != nullptr) collect_words(*node.left, words);
  collect_words(*node.right, words);
}

std::vector<const Lexeme*> entries_of(const QueryNode& word, const TextVector& vector) {
  std::vector<const Lexeme*> out;
  if (!word.prefix) {
    if (const Lexeme* lexeme = find_lexeme(vector, word.text)) out.push_back(lexeme);
    return out;
  }
  for (const Lexeme& lexeme : vector) {
    if (lexeme.text.starts_with(word.text)) out.push_back(&lexeme);
  }
  return out;
}

float rank_any(const Ranking& ranking, const TextVector& vector,
               const std::vector<const QueryNode*>& words) {
  const std::vector<LexemePosition> kNowhere = {LexemePosition()};
  float rank = 0;
  for (const QueryNode* word : words) {
    for (const Lexeme* entry : entries_of(*word, vector)) {
      const auto& positions = entry->positions.empty() ? kNowhere : entry->positions;
      float sum = 0;
      float best = -1;
      size_t best_at = 0;
      for (size_t i = 0; i < positions.size(); ++i) {
        float weight = ranking.of(positions[i]);
        sum += weight / static_cast<float>((i + 1) * (i + 1));
        if (weight > best) {
          best = weight;
          best_at = i;
        }
      }
      // The sum of 1/i² is below pi²/6.
      rank = static_cast<float>(
          rank +
          (best + sum - best / static_cast<float>((best_at + 1) * (best_at + 1))) / 1.64493406685);
    }
  }
  return words.empty() ? rank : rank / static_cast<float>(words.size());
}

float rank_all(const Ranking& ranking, const TextVector& vector,
               const std::vector<const QueryNode*>& words) {
  if (words.size() < 2) return rank_any(ranking, vector, words);
  const std::vector<LexemePosition> kNowhere = {LexemePosition::of(kMaxLexemePosition - 1, 0)};
  std::vector<const std::vector<LexemePosition>*> seen(words.size());
  float rank = -1;
  for (size_t i = 0; i < words.size(); ++i) {
    for (const Lexeme* entry : entries_of(*words[i], vector)) {
      seen[i] = entry->positions.empty() ? &kNowhere : &entry->positions;
      for (size_t k = 0; k < i; ++k) {
        if (seen[k] == nullptr) continue;
        for (LexemePosition a : *seen[i]) {
          for (LexemePosition b : *seen[k]) {
            int distance = std::abs(a.place() - b.place());
            if (distance == 0 && seen[i] != &kNowhere && seen[k] != &kNowhere) continue;
            if (distance == 0) distance = kMaxLexemePosition;
            auto now =
                static_cast<float>(std::sqrt(ranking.of(a) * ranking.of(b) * closeness(distance)));
            rank = rank < 0 ? now : static_cast<float>(1.0 - (1.0 - rank) * (1.0 - now));
          }
        }
      }
    }
  }
  return rank;
}

size_t length_of(const TextVector& vector) {
  size_t length = 0;
  for (const Lexeme& lexeme : vector) length += std::max<size_t>(lexeme.positions.size(), 1);
  return length;
}

float rank_of(const Ranking& ranking, string_view value, string_view query, int32_t method) {
  TextVector vector = read_text_vector(value);
  QueryTree tree = read_query(query);
  if (vector.empty() || tree == nullptr) return 0;
  std::vector<const QueryNode*> words;
  collect_words(*tree, words);
  std::sort(words.begin(), words.end(),
            [](const QueryNode* a, const QueryNode* b) { return a->text < b->text; });
  bool all = tree->op == QueryOperator::kAnd || tree->op == QueryOperator::kPhrase;
  float rank = all ? rank_all(ranking, vector, words) : rank_any(ranking, vector, words);
  if (rank < 0) rank = 1e-20f;
  size_t length = length_of(vector);
  auto log2_of = [](size_t n) { return std::log(static_cast<double>(n)) / std::log(2.0); };
  if ((method & 1) != 0) rank = static_cast<float>(rank / log2_of(length + 1));
  if ((method & 2) != 0) rank /= static_cast<float>(length);
  if ((method & 8) != 0) rank /= static_cast<float>(vector.size());
  if ((method & 16) != 0) rank = static_cast<float>(rank / log2_of(vector.size() + 1));
  if ((method & 32) != 0) rank /= rank + 1;
  return rank;
}
Ranking ranking_of(const Datum& weights) {
  ArrayView view(weights);
  if (view.dimension_count() != 1)
    throw sql_error(SqlState::kArraySubscriptError, "array of weight must be one-dimensional");
  if (view.size() < 4)
    throw sql_error(SqlState::kArraySubscriptError, "array of weight is too short");
  if (view.has_nulls())
    throw sql_error(SqlState::kNullValueNotAllowed, "array of weight must not contain nulls");
  Ranking ranking;
  for (uint32_t i = 0; i < 4; ++i) {
    float weight = view.datum(i).f32;
    if (weight > 1.0f) throw sql_error(SqlState::kInvalidParameterValue, "weight out of range");
    if (weight >= 0) ranking.weight[i] = weight;
  }
  return ranking;
}

// --- ts_rank_cd: covers, the shortest parts of the document that satisfy the query ---
struct Occurrence {
  const Lexeme* lexeme;
  LexemePosition position;
};

std::vector<Occurrence> occurrences_of(const TextVector& vector,
                                       const std::vector<const QueryNode*>& words) {
  std::vector<const Lexeme*> entries;
  for (const QueryNode* word : words) {
    for (const Lexeme* entry : entries_of(*word, vector)) {
      if (std::find(entries.begin(), entries.end(), entry) == entries.end())
        entries.push_back(entry);
    }
  }
  std::vector<Occurrence> out;
  for (const Lexeme* entry : entries) {
    for (LexemePosition position : entry->positions) out.push_back({entry, position});
  }
  std::sort(out.begin(), out.end(), [](const Occurrence& a, const Occurrence& b) {
    if (a.position.place() != b.position.place()) return a.position.place() < b.position.place();
    if (a.position.weight() != b.position.weight())
      return a.position.weight() > b.position.weight();
    return a.lexeme < b.lexeme;
  });
  return out;
}

// A document that grows by single occurrences.
class PartialDocument {
 public:
  bool add_and_match(const Occurrence& occurrence, const QueryNode& query) {
    auto at = std::lower_bound(
        vector_.begin(), vector_.end(), occurrence.lexeme->text,
        [](const Lexeme& lexeme, const std::string& text) { return lexeme.text < text; });
    if (at == vector_.end() || at->text != occurrence.lexeme->text) {
      at = vector_.insert(at, {occurrence.lexeme->text, {}});
    }
    auto& positions = at->positions;
    auto place = std::lower_bound(
        positions.begin(), positions.end(), occurrence.position.place(),
        [](LexemePosition position, int wanted) { return position.place() < wanted; });
    positions.insert(place, occurrence.position);
    return query_matches(&query, vector_);
  }

 private:
  TextVector vector_;
};

// The first cover from occurrence `from` on, [begin, end]; false when there is none.
bool find_cover(const std::vector<Occurrence>& document, const QueryNode& query, size_t from,
                size_t& begin, size_t& end) {
  for (; from < document.size(); ++from) {
    PartialDocument forward;
    for (end = from; end < document.size(); ++end) {
      if (forward.add_and_match(document[end], query)) break;
    }
    if (end == document.size()) return false;
    PartialDocument backward;
    for (begin = end + 1; begin > from;) {
      --begin;
      if (backward.add_and_match(document[begin], query)) return true;
    }
    // What must not occur may make the end alone fail: on from the next occurrence.
  }
  return false;
}

float cover_rank(const Ranking& ranking, string_view value, string_view query, int32_t method) {
  TextVector vector = read_text_vector(value);
  QueryTree tree = read_query(query);
  if (vector.empty() || tree == nullptr) return 0;
  std::vector<const QueryNode*> words;
  collect_words(*tree, words);
  std::vector<Occurrence> document = occurrences_of(vector, words);
  double rank = 0;
  double closeness_sum = 0;
  double previous = 0;
  int covers = 0;
  size_t begin, end;
  for (size_t from = 0; find_cover(document, *tree, from, begin, end); from = begin + 1) {
    double inverse_sum = 0;
    for (size_t i = begin; i <= end; ++i) inverse_sum += 1.0 / ranking.of(document[i].position);
    int first = document[begin].position.place();
    int last = document[end].position.place();
    auto inner = static_cast<int>(end - begin);
    // Positions are limited: where they do not tell, half of the cover counts as other words.
    int others = last - first - inner;
    if (others < 0) others = inner / 2;
    rank += (inner + 1) / inverse_sum / (1 + others);
    double middle = (last + first) / 2.0;
    if (covers > 0 && middle > previous) closeness_sum += 1.0 / (middle - previous);
    previous = middle;
    ++covers;
  }
  size_t length = length_of(vector);
  auto unique = static_cast<double>(vector.size());
  if ((method & 1) != 0) rank /= std::log(static_cast<double>(length + 1));
  if ((method & 2) != 0) rank /= static_cast<double>(length);
  if ((method & 4) != 0 && covers > 0 && closeness_sum > 0) rank /= covers / closeness_sum;
  if ((method & 8) != 0) rank /= unique;
  if ((method & 16) != 0) rank /= std::log(unique + 1) / std::log(2.0);
  if ((method & 32) != 0) rank /= rank + 1;
  return static_cast<float>(rank);
}

template <auto ranks>
float plain(string_view vector, string_view query) {
  return ranks({}, vector, query, 0);
}
template <auto ranks>
float with_method(string_view vector, string_view query, int32_t method) {
  return ranks({}, vector, query, method);
}
template <auto ranks>
float with_weights(const Datum& weights, string_view vector, string_view query) {
  return ranks(ranking_of(weights), vector, query, 0);
}
template <auto ranks>
float with_both(const Datum& weights, string_view vector, string_view query, int32_t method) {
  return ranks(ranking_of(weights), vector, query, method);
}

#define LUMA_RANK(name, ranks, doc)                                                             \
  scalar_row(name "(tsvector,tsquery)", strict_kernel<&plain<&ranks>>, doc),                    \
      scalar_row(name "(tsvector,tsquery,int4)", strict_kernel<&with_method<&ranks>>, doc),     \
      scalar_row(name "(_float4,tsvector,tsquery)", strict_kernel<&with_weights<&ranks>>, doc), \
      scalar_row(name "(_float4,tsvector,tsquery,int4)", strict_kernel<&with_both<&ranks>>, doc)

const KernelRow kRows[] = {
    LUMA_RANK("ts_rank", rank_of, "how well a document matches"),
    LUMA_RANK("ts_rank_cd", cover_rank, "how well a document matches, by the distance of words"),
};

}  // namespace

std::span<const KernelRow> text_rank_kernels() { return kRows; }

}  // namespace luma
