#include "pgwire/startup_packet.h"

#include <cctype>

#include "pgwire/message_reader.h"
#include "pgwire/text_encoding.h"

namespace luma {
namespace {

constexpr size_t kNameBytes = 63;

[[noreturn]] void refuse(SqlState state, std::string text) {
  SqlError error(state, std::move(text));
  error.fatal = true;
  throw error;
}

// White space separates, a backslash takes the next character as it is.
std::vector<std::string> split_options(std::string_view text) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at]))) ++at;
    if (at == text.size()) break;
    std::string word;
    while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at]))) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      word.push_back(text[at++]);
    }
    words.push_back(std::move(word));
  }
  return words;
}

void add_switch(std::vector<std::pair<std::string, std::string>>& options,
                std::string_view assignment, std::string_view dash) {
  size_t equals = assignment.find('=');
  if (equals == assignment.npos) {
    refuse(SqlState::kSyntaxError, fmt::format("{}{} requires a value", dash, assignment));
  }
  std::string name(assignment.substr(0, equals));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  options.emplace_back(std::move(name), assignment.substr(equals + 1));
}

void parse_switches(std::string_view text,
                    std::vector<std::pair<std::string, std::string>>& options) {
  std::vector<std::string> words = split_options(text);
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word.starts_with("--") && word.size() > 2) {
      add_switch(options, word.substr(2), "--");
    } else if (word == "-c") {
      if (++i == words.size()) refuse(SqlState::kSyntaxError, "-c requires a value");
      add_switch(options, words[i], "-c ");
    } else if (word.starts_with("-c")) {
      add_switch(options, word.substr(2), "-c ");
    } else {
      SqlError error(SqlState::kSyntaxError,
                     fmt::format("invalid command-line argument for server process: {}", word));
      error.fatal = true;
      throw error;
    }
  }
}

}  // namespace

StartupPacket parse_startup_packet(uint32_t version, std::string_view body) {
  if (version >> 16 != 3) {
    refuse(SqlState::kFeatureNotSupported,
           fmt::format("unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                       version >> 16, version & 0xFFFF));
  }
  StartupPacket packet;
  packet.negotiate = (version & 0xFFFF) != 0;
  StartupParameters& parameters = packet.parameters;
  std::string_view switches;
  for (;;) {
    size_t end = body.find('\0');
    if (end == 0 && body.size() == 1) break;
    size_t value_end = end == body.npos ? end : body.find('\0', end + 1);
    if (end == 0 || value_end == body.npos) {
      refuse(SqlState::kProtocolViolation,
             "invalid startup packet layout: expected terminator as last byte");
    }
    std::string_view name = body.substr(0, end), value = body.substr(end + 1, value_end - end - 1);
    body.remove_prefix(value_end + 1);
    check_utf8(name);
    check_utf8(value);
    if (name == "user") {
      parameters.user = value;
    } else if (name == "database") {
      parameters.database = value;
    } else if (name == "options") {
      switches = value;
    } else if (name == "replication") {
      parameters.replication = value;
    } else if (name.starts_with("_pq_.")) {
      packet.negotiate = true;
      packet.unknown_options.emplace_back(name);
    } else {
      parameters.settings.emplace_back(name, value);
    }
  }
  if (parameters.user.empty()) {
    refuse(SqlState::kInvalidAuthorizationSpecification,
           "no PostgreSQL user name specified in startup packet");
  }
  if (parameters.database.empty()) parameters.database = parameters.user;
  for (std::string* name : {&parameters.user, &parameters.database}) {
    if (name->size() > kNameBytes) name->resize(valid_utf8_prefix({name->data(), kNameBytes}));
  }
  parse_switches(switches, parameters.options);
  return packet;
}

void append_negotiate_protocol_version(std::string& output,
                                       const std::vector<std::string>& unknown_options) {
  size_t start = output.size();
  output.append("v\0\0\0\0", 5);
  auto append_uint32 = [&](uint32_t value) {
    value = __builtin_bswap32(value);
    output.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  append_uint32(kProtocolVersion3);
  append_uint32(static_cast<uint32_t>(unknown_options.size()));
  for (const std::string& name : unknown_options) output.append(name.c_str(), name.size() + 1);
  uint32_t length = __builtin_bswap32(static_cast<uint32_t>(output.size() - start - 1));
  std::memcpy(output.data() + start + 1, &length, sizeof length);
}

}  // namespace luma
