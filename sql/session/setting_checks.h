#pragma once
// Rules of single settings beyond their type: what is valid, and its canonical text. Each throws
// 22023 (or 0A000) with PostgreSQL's message.
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"
#include "sql/session/setting_registry.h"

namespace luma {

std::string check_ascii_name(const SettingDefinition& definition, std::string_view value);
// What a client is told when its application_name is longer than a name can be; nullopt otherwise.
std::optional<SqlError> notice_of_long_name(std::string_view setting, std::string_view value);
std::string check_client_encoding(const SettingDefinition& definition, std::string_view value);
std::string check_date_style(const SettingDefinition& definition, std::string_view value);
std::string check_time_zone(const SettingDefinition& definition, std::string_view value);
// "auto", or a SimdLevel that this machine has.
std::string check_simd(const SettingDefinition& definition, std::string_view value);
std::string check_table_access_method(const SettingDefinition& definition, std::string_view value);
std::string check_search_path(const SettingDefinition& definition, std::string_view value);

// A canonical DateStyle ("ISO, MDY") as values.
void parse_date_style(std::string_view text, DateStyle* style, DateOrder* order);

}  // namespace luma
