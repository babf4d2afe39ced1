#pragma once
// ts_headline: the part of a document that shows best why it matches a query. Pure functions.
#include <string>
#include <string_view>

#include "engine/type/text_query.h"
#include "sql/function/text_parser.h"

namespace luma {

struct HeadlineOptions {
  std::string start = "<b>", stop = "</b>", delimiter = " ... ";
  int max_words = 35, min_words = 15;
  int short_word = 3;  // bytes; a fragment does not end with one
  int max_fragments = 0;
  bool whole_document = false;
};
// "MaxWords=10, StartSel=<i>". Throws 42601, 22023.
HeadlineOptions parse_headline_options(std::string_view text);

// `query` null: one that nothing matches.
std::string make_headline(const TextConfiguration& configuration, std::string_view document,
                          const QueryNode* query, const HeadlineOptions& options);

}  // namespace luma
