// Full text search in JSON: its texts, or what else is asked for, as a document; headlines of its
// texts.
#include "engine/base/sql_error.h"
#include "engine/exec/kernel_adapter.h"
#include "engine/type/jsonb.h"
#include "engine/type/text_query.h"
#include "engine/type/text_vector.h"
#include "engine/type/utf8_text.h"
#include "sql/function/headline.h"
#include "sql/function/text_search_call.h"
#include "sql/function/type_families.h"

namespace luma {
namespace {

using std::string_view;

enum : uint8_t { kKeys = 1, kStrings = 2, kNumbers = 4, kBooleans = 8, kAll = 15 };

void replay(JsonbView view, JsonHandler& handler) {
  switch (view.kind()) {
    case JsonKind::kNull:
      return handler.null();
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return handler.boolean(view.boolean());
    case JsonKind::kString:
      return handler.string(view.string());
    case JsonKind::kNumber: {
      std::string text;
      jsonb_to_text(view, text);
      return handler.number(text);
    }
    case JsonKind::kArray:
      handler.begin_array();
      for (uint32_t i = 0; i < view.size(); ++i) replay(view.element(i), handler);
      return handler.end_array();
    case JsonKind::kObject:
      handler.begin_object();
      for (uint32_t i = 0; i < view.size(); ++i) {
        handler.key(view.key(i));
        replay(view.value(i), handler);
      }
      return handler.end_object();
  }
}

// Puts each text behind the ones before, with a place between them.
class VectorMaker final : public JsonHandler {
 public:
  VectorMaker(const TextConfiguration& configuration, uint8_t wanted)
      : configuration_(configuration), wanted_(wanted) {}

  void begin_object() override {}
  void end_object() override {}
  void begin_array() override {}
  void end_array() override {}
  void null() override {}
  void key(string_view text) override { add(kKeys, text); }
  void string(string_view text) override { add(kStrings, text); }
  void number(string_view text) override { add(kNumbers, text); }
  void boolean(bool value) override { add(kBooleans, value ? "true" : "false"); }

  TextVector vector;

 private:
  void add(uint8_t kind, string_view text) {
    if ((wanted_ & kind) == 0) return;
    int places = 0;
    bool any = false;
    for (PlacedLexeme& lexeme : lexemes_of(configuration_, text, &places)) {
      auto place = static_cast<uint32_t>(places_ + lexeme.place);
      vector.push_back({std::move(lexeme.text), {LexemePosition::of(place, 0)}});
      any = true;
    }
    places_ += places + (any ? 1 : 0);
  }

  const TextConfiguration& configuration_;
  uint8_t wanted_;
  int places_ = 0;
};

constexpr string_view kFlagHint =
    "Possible values are: \"string\", \"numeric\", \"boolean\", \"key\", and \"all\".";

uint8_t flag_of(JsonbView flag) {
  if (flag.kind() != JsonKind::kString) {
    throw sql_error(SqlState::kInvalidParameterValue, "flag array element is not a string")
        .hint(std::string(kFlagHint));
  }
  struct Row {
    string_view name;
    uint8_t bits;
  };
  for (const Row& row : {Row{"all", kAll}, Row{"key", kKeys}, Row{"string", kStrings},
                         Row{"numeric", kNumbers}, Row{"boolean", kBooleans}}) {
    if (row.name == flag.string()) return row.bits;
  }
  throw sql_error(SqlState::kInvalidParameterValue, "wrong flag in flag array: \"{}\"",
                  flag.string())
      .hint(std::string(kFlagHint));
}
uint8_t flags_of(JsonbView flags) {
  if (flags.is_scalar() && flags.kind() == JsonKind::kString) return flag_of(flags);
  if (flags.is_object()) {
    throw SqlError(SqlState::kInvalidParameterValue,
                   "wrong flag type, only arrays and scalars are allowed");
  }
  if (flags.is_scalar()) return flag_of(flags);
  uint8_t out = 0;
  for (uint32_t i = 0; i < flags.size(); ++i) out |= flag_of(flags.element(i));
  return out;
}

template <bool binary>
void visit(const Value& document, JsonHandler& handler) {
  if constexpr (binary) {
    replay(JsonbView(document.datum), handler);
  } else {
    parse_json_text(document.datum.str.view(), handler);
  }
}

// [configuration,] document [, flags]
template <bool binary, bool with_flags>
Value to_vector(RowCall& call, const Value* args) {
  const size_t first = has_configuration(call) ? 1 : 0;
  TextConfiguration configuration = configuration_of(call, args);
  uint8_t wanted = kStrings;
  if constexpr (with_flags) wanted = flags_of(JsonbView(args[first + 1].datum));
  VectorMaker maker(configuration, wanted);
  visit<binary>(args[first], maker);
  return store_text_vector(std::move(maker.vector), call.arena);
}

// The document with headlines for its texts.
class HeadlineWriter {
 public:
  HeadlineWriter(const TextConfiguration& configuration, const QueryNode* query,
                 const HeadlineOptions& options)
      : configuration_(configuration), query_(query), options_(options) {}
  std::string of(string_view text) const {
    return make_headline(configuration_, text, query_, options_);
  }

 private:
  const TextConfiguration& configuration_;
  const QueryNode* query_;
  const HeadlineOptions& options_;
};

class JsonRewriter final : public JsonHandler {
 public:
  explicit JsonRewriter(const HeadlineWriter& writer) : writer_(writer) {}
  void begin_object() override { open('{'); }
  void end_object() override { close('}'); }
  void begin_array() override { open('['); }
  void end_array() override { close(']'); }
  void null() override { scalar("null"); }
  void key(string_view text) override {
    separate();
    append_json_string(text, out);
    out += ':';
    first_ = true;
  }
  void string(string_view text) override {
    separate();
    append_json_string(writer_.of(text), out);
  }
  void number(string_view text) override { scalar(text); }
  void boolean(bool value) override { scalar(value ? "true" : "false"); }

  std::string out;

 private:
  void separate() {
    if (!first_) out += ',';
    first_ = false;
  }
  void open(char c) {
    separate();
    out += c;
    first_ = true;
  }
  void close(char c) {
    out += c;
    first_ = false;
  }
  void scalar(string_view text) {
    separate();
    out += text;
  }

  const HeadlineWriter& writer_;
  bool first_ = true;
};

class JsonbRewriter final : public JsonbBuilder {
 public:
  explicit JsonbRewriter(const HeadlineWriter& writer) : writer_(writer) {}
  void string(string_view text) override { JsonbBuilder::string(writer_.of(text)); }

 private:
  const HeadlineWriter& writer_;
};

// [configuration,] document, query [, options]
template <bool binary>
Value headline(RowCall& call, const Value* args) {
  const size_t first = has_configuration(call) ? 1 : 0;
  TextConfiguration configuration = configuration_of(call, args);
  HeadlineOptions options;
  if (call.expr.args.size() == first + 3) {
    options = parse_headline_options(args[first + 2].datum.str.view());
  }
  QueryTree query = read_query(args[first + 1].datum.str.view());
  HeadlineWriter writer(configuration, query.get(), options);
  if constexpr (binary) {
    JsonbRewriter made(writer);
    visit<true>(args[first], made);
    return made.finish(call.arena);
  } else {
    JsonRewriter made(writer);
    visit<false>(args[first], made);
    return arena_string(call.arena, made.out);
  }
}

#define LUMA_HEADLINES(type, binary)                                                       \
  scalar_row("ts_headline(" type ",tsquery)", row_kernel<headline<binary>>,                \
             "the parts of texts that match"),                                             \
      scalar_row("ts_headline(" type ",tsquery,text)", row_kernel<headline<binary>>),      \
      scalar_row("ts_headline(regconfig," type ",tsquery)", row_kernel<headline<binary>>), \
      scalar_row("ts_headline(regconfig," type ",tsquery,text)", row_kernel<headline<binary>>)

const KernelRow kRows[] = {
    scalar_row("to_tsvector(json)", row_kernel<to_vector<false, false>>, "lexemes of its texts"),
    scalar_row("to_tsvector(jsonb)", row_kernel<to_vector<true, false>>, "lexemes of its texts"),
    scalar_row("to_tsvector(regconfig,json)", row_kernel<to_vector<false, false>>),
    scalar_row("to_tsvector(regconfig,jsonb)", row_kernel<to_vector<true, false>>),
    scalar_row("json_to_tsvector(json,jsonb)", row_kernel<to_vector<false, true>>,
               "lexemes of some of its values"),
    scalar_row("json_to_tsvector(regconfig,json,jsonb)", row_kernel<to_vector<false, true>>),
    scalar_row("jsonb_to_tsvector(jsonb,jsonb)", row_kernel<to_vector<true, true>>,
               "lexemes of some of its values"),
    scalar_row("jsonb_to_tsvector(regconfig,jsonb,jsonb)", row_kernel<to_vector<true, true>>),
    LUMA_HEADLINES("json", false),
    LUMA_HEADLINES("jsonb", true),
};

}  // namespace

std::span<const KernelRow> text_search_json_kernels() { return kRows; }

}  // namespace luma
