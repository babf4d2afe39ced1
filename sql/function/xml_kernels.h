#pragma once
// What XMLELEMENT and the like run: calls that have no row in pg_proc. The binder makes them of
// constants (names, which are valid) and values of any type.
#include <string>
#include <string_view>

#include "engine/exec/function.h"

namespace luma {

// name; then name and value for each attribute, of which there are call.expr.index; then contents.
VectorKernel xml_element_kernel();
VectorKernel xml_forest_kernel();       // name and value of each
VectorKernel xml_concat_kernel();       // xml values
VectorKernel xml_instruction_kernel();  // target [, text]
VectorKernel xml_root_kernel();         // xml, version, standalone (XmlStandaloneType)
VectorKernel xml_parse_kernel();        // text; call.expr.index: 1 DOCUMENT
VectorKernel xml_serialize_kernel();    // xml; as above
VectorKernel xml_is_document_kernel();  // xml

// An SQL name as one of XML: what may not be in it as _x0000_. `whole`: a column's name, where a
// colon and a leading "xml" count too.
std::string xml_name(std::string_view name, bool whole);

}  // namespace luma
