#include "engine/type/inverted_keys.h"

#include <algorithm>

#include "engine/type/array.h"
#include "engine/type/hstore.h"
#include "engine/type/jsonb.h"
#include "engine/type/ltree.h"
#include "engine/type/overlap_classes.h"
#include "engine/type/range.h"
#include "engine/type/text_query.h"
#include "engine/type/trigram.h"

namespace luma {

namespace {

using Kind = InvertedQuery::Kind;
using Keys = std::vector<std::string>;

constexpr Oid kArrayOps = 10064, kTsvectorOps = 10073, kJsonbOps = 10090, kJsonbPathOps = 10091,
              kHstoreOps = 15706, kTrigramOps = 15707, kGistTsvectorOps = 10072,
              kGistTsqueryOps = 10075, kGistTrigramOps = 15708, kGistLtreeOps = 15871;

// FNV-1a: stored, so it must never change.
constexpr uint64_t kHashStart = 0xCBF29CE484222325u;
uint64_t mix(uint64_t hash, std::string_view bytes) {
  for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

// Of a long key its beginning and a checksum: rows are tested anyway.
std::string bounded(std::string key) {
  constexpr size_t kMaxBytes = 256, kKeptBytes = 128;
  if (key.size() <= kMaxBytes) return key;
  uint64_t hash = mix(kHashStart, key);
  key.resize(kKeptBytes);
  key.append(reinterpret_cast<const char*>(&hash), sizeof hash);
  return key;
}

InvertedQuery of_kind(Kind kind) {
  InvertedQuery out;
  out.kind = kind;
  return out;
}
InvertedQuery of_key(std::string key) {
  InvertedQuery out;
  out.kind = Kind::kKey;
  out.key = std::move(key);
  return out;
}
InvertedQuery combined(Kind kind, std::vector<InvertedQuery> parts) {
  InvertedQuery out;
  out.kind = kind;
  out.parts = std::move(parts);
  return out;
}

// All of the keys, or any of them; `without`: what a search for no key finds.
InvertedQuery of_keys(Kind kind, Keys keys, Kind without) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (keys.empty()) return of_kind(without);
  std::vector<InvertedQuery> parts;
  for (std::string& key : keys) parts.push_back(of_key(std::move(key)));
  return parts.size() == 1 ? std::move(parts[0]) : combined(kind, std::move(parts));
}

// The elements of a text[] that are not NULL, each behind a tag.
Keys tagged_texts(const Datum& array, char tag) {
  ArrayView view(array);
  Keys keys;
  for (uint32_t i = 0; i < view.size(); ++i) {
    if (view.is_null(i)) continue;
    Datum text = view.datum(i);
    keys.push_back(bounded(tag + std::string(text.str.view())));
  }
  return keys;
}

// --- jsonb_ops: names of members and strings in arrays are keys, other scalars values ---
constexpr char kNameTag = 'K', kValueTag = 'V';

void json_keys(JsonbView view, bool in_object, Keys& keys) {
  if (view.is_object()) {
    for (uint32_t i = 0; i < view.size(); ++i) {
      keys.push_back(bounded(kNameTag + std::string(view.key(i))));
      json_keys(view.value(i), true, keys);
    }
  } else if (view.is_array()) {
    for (uint32_t i = 0; i < view.size(); ++i) json_keys(view.element(i), false, keys);
  } else if (view.kind() == JsonKind::kString && !in_object) {
    keys.push_back(bounded(kNameTag + std::string(view.string())));
  } else {
    std::string key(1, kValueTag);
    jsonb_to_key(view, key);
    keys.push_back(bounded(std::move(key)));
  }
}
void jsonb_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  json_keys(JsonbView(value), false, keys);
}
InvertedQuery jsonb_contains_query(const Datum& query, const TypeInfo&) {
  Keys keys;
  json_keys(JsonbView(query), false, keys);
  return of_keys(Kind::kAnd, std::move(keys), Kind::kAll);
}
InvertedQuery name_query(const Datum& query, const TypeInfo&) {
  return of_key(bounded(kNameTag + std::string(query.str.view())));
}
InvertedQuery any_name_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kOr, tagged_texts(query, kNameTag), Kind::kNone);
}
InvertedQuery all_names_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kAnd, tagged_texts(query, kNameTag), Kind::kAll);
}

// --- jsonb_path_ops: a checksum of each scalar with the names on the way to it ---

void json_paths(JsonbView view, uint64_t path, Keys& keys) {
  if (view.is_object()) {
    for (uint32_t i = 0; i < view.size(); ++i) {
      std::string_view name = view.key(i);
      char length[] = {'.', static_cast<char>(name.size()), static_cast<char>(name.size() >> 8)};
      json_paths(view.value(i), mix(mix(path, {length, sizeof length}), name), keys);
    }
  } else if (view.is_array()) {
    for (uint32_t i = 0; i < view.size(); ++i) json_paths(view.element(i), path, keys);
  } else {
    std::string scalar;
    jsonb_to_key(view, scalar);
    uint64_t hash = mix(mix(path, "="), scalar);
    keys.emplace_back(reinterpret_cast<const char*>(&hash), sizeof hash);
  }
}
void jsonb_path_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  json_paths(JsonbView(value), kHashStart, keys);
}
InvertedQuery jsonb_path_query(const Datum& query, const TypeInfo&) {
  Keys keys;
  json_paths(JsonbView(query), kHashStart, keys);
  return of_keys(Kind::kAnd, std::move(keys), Kind::kAll);
}

// --- array_ops ---
struct Elements {
  Keys keys;
  bool any_null = false;
};
Elements elements_of(const Datum& value) {
  ArrayView array(value);
  Elements out;
  for (uint32_t i = 0; i < array.size(); ++i) {
    if (array.is_null(i)) {
      out.any_null = true;
      continue;
    }
    const TypeInfo& type = array.element_type();
    std::string key;
    type.key_encode(array.datum(i), type, key);
    out.keys.push_back(bounded(std::move(key)));
  }
  return out;
}
void array_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  Elements elements = elements_of(value);
  std::move(elements.keys.begin(), elements.keys.end(), std::back_inserter(keys));
}
InvertedQuery array_overlap_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kOr, elements_of(query).keys, Kind::kNone);
}
// Nothing contains NULL.
InvertedQuery array_contains_query(const Datum& query, const TypeInfo&) {
  Elements elements = elements_of(query);
  if (elements.any_null) return of_kind(Kind::kNone);
  return of_keys(Kind::kAnd, std::move(elements.keys), Kind::kAll);
}
InvertedQuery array_contained_query(const Datum& query, const TypeInfo&) {
  std::vector<InvertedQuery> parts{of_kind(Kind::kEmpty)};
  for (std::string& key : elements_of(query).keys) parts.push_back(of_key(std::move(key)));
  return combined(Kind::kOr, std::move(parts));
}
InvertedQuery array_equal_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kAnd, elements_of(query).keys, Kind::kEmpty);
}

// --- tsvector_ops ---
void text_vector_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  for (Lexeme& lexeme : read_text_vector(value.str.view())) keys.push_back(std::move(lexeme.text));
}
InvertedQuery of_query_node(const QueryNode& node) {
  switch (node.op) {
    case QueryOperator::kLexeme: {
      InvertedQuery out = of_key(node.text);
      if (node.prefix) out.kind = Kind::kPrefix;
      return out;
    }
    case QueryOperator::kNot:
      return of_kind(Kind::kAll);
    default: {
      std::vector<InvertedQuery> parts;
      parts.push_back(of_query_node(*node.left));
      parts.push_back(of_query_node(*node.right));
      return combined(node.op == QueryOperator::kOr ? Kind::kOr : Kind::kAnd, std::move(parts));
    }
  }
}
InvertedQuery text_match_query(const Datum& query, const TypeInfo&) {
  QueryTree tree = read_query(query.str.view());
  return tree == nullptr ? of_kind(Kind::kNone) : of_query_node(*tree);
}

// --- gin_hstore_ops: keys, and values without their keys ---
constexpr char kNullTag = 'N';
std::string value_key(const HstorePair& pair) {
  return pair.value ? kValueTag + std::string(*pair.value) : std::string(1, kNullTag);
}
void hstore_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  for (const HstorePair& pair : read_hstore(value.str.view())) {
    keys.push_back(bounded(kNameTag + std::string(pair.key)));
    keys.push_back(bounded(value_key(pair)));
  }
}
InvertedQuery hstore_contains_query(const Datum& query, const TypeInfo& type) {
  Keys keys;
  hstore_extract(query, type, keys);
  return of_keys(Kind::kAnd, std::move(keys), Kind::kAll);
}

// --- gist_ltree_ops: every path above, and the path itself ---
constexpr char kAboveTag = 'p', kSelfTag = 'f';
std::vector<std::string> paths_above(std::string_view tree, char tag) {
  std::vector<std::string> out;
  const LtreeLabels labels = ltree_labels(tree);
  for (size_t end = 1; end <= labels.size(); ++end) {
    out.push_back(bounded(tag + join_labels(labels, 0, end)));
  }
  return out;
}
void ltree_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  keys = paths_above(value.str.view(), kAboveTag);
  keys.push_back(bounded(kSelfTag + std::string(value.str.view())));
}
InvertedQuery ltree_below_query(const Datum& query, const TypeInfo&) {
  if (query.str.view().empty()) return of_kind(Kind::kAll);
  return of_key(bounded(kAboveTag + std::string(query.str.view())));
}
InvertedQuery ltree_above_query(const Datum& query, const TypeInfo&) {
  Keys keys = paths_above(query.str.view(), kSelfTag);
  keys.emplace_back(1, kSelfTag);  // the path without labels
  return of_keys(Kind::kOr, std::move(keys), Kind::kNone);
}
InvertedQuery ltree_equal_query(const Datum& query, const TypeInfo&) {
  return of_key(bounded(kSelfTag + std::string(query.str.view())));
}

// --- gin_trgm_ops ---
Keys trigram_keys(const std::vector<Trigram>& trigrams) {
  Keys keys;
  for (const Trigram& trigram : trigrams) {
    keys.emplace_back(reinterpret_cast<const char*>(trigram.bytes.data()), trigram.bytes.size());
  }
  return keys;
}
void trigram_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  for (std::string& key : trigram_keys(trigram_set(value.str.view()))) {
    keys.push_back(std::move(key));
  }
}
InvertedQuery similar_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kOr, trigram_keys(trigram_set(query.str.view())), Kind::kAll);
}
InvertedQuery like_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kAnd, trigram_keys(pattern_trigrams(query.str.view())), Kind::kAll);
}
InvertedQuery same_text_query(const Datum& query, const TypeInfo&) {
  return of_keys(Kind::kAnd, trigram_keys(trigram_set(query.str.view())), Kind::kAll);
}

// --- tsquery_ops: the words of a query ---
void query_words(const QueryNode* node, Keys& keys) {
  if (node == nullptr) return;
  if (node->op == QueryOperator::kLexeme) return keys.push_back(node->text);
  query_words(node->left.get(), keys);
  query_words(node->right.get(), keys);
}
void text_query_extract(const Datum& value, const TypeInfo&, Keys& keys) {
  query_words(read_query(value.str.view()).get(), keys);
}
InvertedQuery query_contains(const Datum& query, const TypeInfo& type) {
  Keys keys;
  text_query_extract(query, type, keys);
  return of_keys(Kind::kAnd, std::move(keys), Kind::kAll);
}
InvertedQuery query_contained(const Datum& query, const TypeInfo& type) {
  std::vector<InvertedQuery> parts{of_kind(Kind::kEmpty)};
  Keys keys;
  text_query_extract(query, type, keys);
  for (std::string& key : keys) parts.push_back(of_key(std::move(key)));
  return combined(Kind::kOr, std::move(parts));
}

// --- scalars (btree_gin, btree_gist, brin, text_ops of spgist): the value itself ---
void scalar_extract(const Datum& value, const TypeInfo& type, Keys& keys) {
  type.key_encode(value, type, keys.emplace_back());
}
template <Kind kKind>
InvertedQuery scalar_query(const Datum& query, const TypeInfo& type) {
  InvertedQuery out = of_kind(kKind);
  type.key_encode(query, type, out.key);
  return out;
}

InvertedQuery any_value(const Datum&, const TypeInfo&) { return of_kind(Kind::kAll); }
// Texts that begin with this one: bytes are stored as they are, but for 0 and the end.
InvertedQuery text_prefix_query(const Datum& query, const TypeInfo& type) {
  InvertedQuery out = of_kind(Kind::kPrefix);
  type.key_encode(query, type, out.key);
  constexpr size_t kEndBytes = 2;
  out.key.resize(out.key.size() - kEndBytes);
  return out;
}

std::vector<InvertedKeys::Search> scalar_searches() {
  return {{1, scalar_query<Kind::kBelow>},
          {2, scalar_query<Kind::kThrough>},
          {3, scalar_query<Kind::kKey>},
          {4, scalar_query<Kind::kFrom>},
          {5, scalar_query<Kind::kAbove>}};
}

// The oids of brin's classes lie next to each other; those for sets of values know only equality.
struct Oids {
  Oid first, last;
};
constexpr Oids kBtreeGin{15710, 15738}, kBtreeGist{15840, 15865}, kBrin{10092, 10162};
constexpr Oid kBrinInclusion[] = {10130, 10159}, kSpgistText = 10086;
constexpr Oid kBrinBloom[] = {10093, 10095, 10097, 10100, 10103, 10106, 10108, 10111,
                              10113, 10117, 10120, 10123, 10126, 10129, 10132, 10135,
                              10138, 10141, 10144, 10147, 10150, 10155, 10158, 10162};

std::vector<InvertedKeys> scalar_classes() {
  std::vector<InvertedKeys> out;
  auto add = [&](Oid oid, std::vector<InvertedKeys::Search> searches) {
    out.push_back({oid, scalar_extract, std::move(searches), true});
  };
  for (Oid oid = kBtreeGin.first; oid <= kBtreeGin.last; ++oid) add(oid, scalar_searches());
  for (Oid oid = kBtreeGist.first; oid <= kBtreeGist.last; ++oid) {
    add(oid, scalar_searches());
    out.back().searches.push_back({6, any_value});
  }
  for (Oid oid = kBrin.first; oid <= kBrin.last; ++oid) {
    if (std::ranges::find(kBrinInclusion, oid) != std::end(kBrinInclusion)) continue;
    bool bloom = std::ranges::find(kBrinBloom, oid) != std::end(kBrinBloom);
    add(oid, bloom ? std::vector<InvertedKeys::Search>{{1, scalar_query<Kind::kKey>}}
                   : scalar_searches());
  }
  add(kSpgistText, scalar_searches());
  auto& text = out.back().searches;
  text.push_back({11, scalar_query<Kind::kBelow>});
  text.push_back({12, scalar_query<Kind::kThrough>});
  text.push_back({14, scalar_query<Kind::kFrom>});
  text.push_back({15, scalar_query<Kind::kAbove>});
  text.push_back({28, text_prefix_query});
  return out;
}

std::vector<InvertedKeys> special_classes() {
  std::vector<InvertedKeys::Search> trigrams{{1, similar_query}, {3, like_query},
                                             {4, like_query},    {7, similar_query},
                                             {9, similar_query}, {11, same_text_query}};
  return {
      {kJsonbOps,
       jsonb_extract,
       {{7, jsonb_contains_query}, {9, name_query}, {10, any_name_query}, {11, all_names_query}}},
      {kJsonbPathOps, jsonb_path_extract, {{7, jsonb_path_query}}},
      {kArrayOps,
       array_extract,
       {{1, array_overlap_query},
        {2, array_contains_query},
        {3, array_contained_query},
        {4, array_equal_query}}},
      {kTsvectorOps, text_vector_extract, {{1, text_match_query}, {2, text_match_query}}},
      {kHstoreOps,
       hstore_extract,
       {{7, hstore_contains_query}, {9, name_query}, {10, any_name_query}, {11, all_names_query}}},
      {kTrigramOps, trigram_extract, trigrams},
      {kGistTrigramOps, trigram_extract, trigrams},
      {kGistTsvectorOps, text_vector_extract, {{1, text_match_query}}},
      {kGistLtreeOps,
       ltree_extract,
       {{3, ltree_equal_query}, {10, ltree_above_query}, {11, ltree_below_query}}},
      {kGistTsqueryOps, text_query_extract, {{7, query_contains}, {8, query_contained}}},
  };
}

const std::vector<InvertedKeys>& all_classes() {
  static const std::vector<InvertedKeys> kClasses = [] {
    std::vector<InvertedKeys> classes = special_classes();
    for (auto* more : {scalar_classes, overlap_classes}) {
      for (InvertedKeys& row : more()) classes.push_back(std::move(row));
    }
    return classes;
  }();
  return kClasses;
}

}  // namespace

const InvertedKeys::Search* InvertedKeys::search(int16_t strategy) const {
  auto found = std::find_if(searches.begin(), searches.end(),
                            [&](const Search& row) { return row.strategy == strategy; });
  return found == searches.end() ? nullptr : &*found;
}

const InvertedKeys* find_inverted_keys(Oid opclass) {
  for (const InvertedKeys& row : all_classes()) {
    if (row.opclass == opclass) return &row;
  }
  return nullptr;
}

bool can_invert(const InvertedKeys& keys, const TypeInfo& type) {
  if (keys.extract == scalar_extract) return type.key_encode != nullptr;
  if (const RangeKind* range = find_range_kind(type.oid)) {
    return type_info(range->subtype).key_encode != nullptr;
  }
  if (keys.opclass != kArrayOps) return true;
  const TypeInfo* element = find_type(type.element);
  return element != nullptr && element->key_encode != nullptr;
}

}  // namespace luma
