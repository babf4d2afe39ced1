#pragma once
// JSON grammar with PostgreSQL's error texts. `JsonParser` validates a text and reports what it
// sees to a JsonHandler; without a handler it only validates and leaves escapes undecoded.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace luma {

// Deeper nesting is refused with 54001, as every walker of a value may recurse.
inline constexpr int kMaxJsonDepth = 6000;

class JsonHandler {
 public:
  virtual ~JsonHandler() = default;
  virtual void begin_object() = 0;
  virtual void key(std::string_view decoded) = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void string(std::string_view decoded) = 0;
  virtual void number(std::string_view text) = 0;
  virtual void boolean(bool value) = 0;
  virtual void null() = 0;
};

// Throws 22P02 (22P05 for \u0000) "invalid input syntax for type json" with DETAIL and CONTEXT.
void parse_json_text(std::string_view text, JsonHandler& handler);
void validate_json_text(std::string_view text);

// Decodes the escapes of a JSON string token, given without its quotes. `text` must be valid JSON
// except for surrogates and \u0000, which are refused as above.
void decode_json_string(std::string_view body, std::string& out);

// Appends `text` as a JSON string with quotes.
void append_json_string(std::string_view text, std::string& out);

// Is the text of this number, boolean or null output valid as a bare JSON number?
bool is_json_number(std::string_view text);

}  // namespace luma
