#pragma once
// xml: the text as it was given, checked by libxml2. Thread-safe.
#include <span>
#include <string>
#include <string_view>

#include "engine/type/type_codec.h"

namespace luma {

enum class XmlForm : uint8_t { kDocument, kContent };

// Throws 2200M or 2200N with what libxml2 says about it.
void check_xml(std::string_view text, XmlForm form);
bool is_well_formed_xml(std::string_view text, XmlForm form);

// <?xml version="1.0" standalone="yes"?>
struct XmlDeclaration {
  std::string version;  // "" = none
  int standalone = -1;  // -1 not said, 0 no, 1 yes
  size_t size = 0;      // of the declaration in the text
};
// False: what begins as one is none.
bool read_xml_declaration(std::string_view text, XmlDeclaration& out);
// The declaration as PostgreSQL writes it; nothing where it says nothing.
std::string xml_declaration_text(std::string_view version, int standalone);
// As the type's output shows a value: an encoding is not told.
std::string xml_output(std::string_view text);

// & < > and carriage returns as entities.
void append_xml_escaped(std::string_view text, std::string& out);

std::span<const TypeCodec> xml_codecs();

}  // namespace luma
