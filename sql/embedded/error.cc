#include "sql/embedded/error_translation.h"

namespace luma::embedded {

const char* version() noexcept { return LUMA_LIBRARY_VERSION; }

Error::Error(std::string sqlstate, std::string message, std::string detail, std::string hint,
             int position, bool fatal)
    : sqlstate_(std::move(sqlstate)),
      message_(std::move(message)),
      detail_(std::move(detail)),
      hint_(std::move(hint)),
      position_(position),
      fatal_(fatal) {}
Error::Error(const Error& other) = default;
Error& Error::operator=(const Error& other) = default;
Error::~Error() = default;

}  // namespace luma::embedded

namespace luma::embedded_internal {
namespace {

// 1-based character; 0 when the offset lies outside the text.
int character_at(std::string_view sql, int byte_offset) {
  if (byte_offset < 0 || static_cast<size_t>(byte_offset) > sql.size() || sql.empty()) return 0;
  int character = 1;
  for (char byte : sql.substr(0, static_cast<size_t>(byte_offset))) {
    if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++character;
  }
  return character;
}

}  // namespace

SqlError current_error() {
  try {
    throw;
  } catch (const SqlError& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return SqlError(SqlState::kOutOfMemory, "out of memory");
  } catch (const std::exception& error) {
    return sql_error(SqlState::kInternalError, "unexpected error: {}", error.what());
  } catch (...) {
    return SqlError(SqlState::kInternalError, "unexpected error");
  }
}

embedded::Error public_error(const SqlError& error, std::string_view sql) {
  int position = error.position > 0 ? error.position : character_at(sql, error.byte_offset);
  embedded::Error out(sql_state_code(error.state), error.message, error.detail_text,
                      error.hint_text, position, error.fatal);
  out.set_context(error.context_text);
  out.set_names(error.schema_name, error.table_name, error.column_name, error.constraint_name);
  return out;
}

embedded::Error public_error(SqlState state, std::string message, std::string detail,
                             std::string hint) {
  return embedded::Error(sql_state_code(state), std::move(message), std::move(detail),
                         std::move(hint));
}

}  // namespace luma::embedded_internal
