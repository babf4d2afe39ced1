#pragma once
// XPath over xml values, by libxml2. Thread-safe.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace luma {

using XmlNamespaces = std::vector<std::pair<std::string, std::string>>;  // prefix and URI

// What the path finds, each as the text of an xml value. Throws 2200M when `xml` is no document,
// 22000 for an empty path, XX000 for one that is wrong, as PostgreSQL does.
std::vector<std::string> evaluate_xpath(std::string_view path, std::string_view xml,
                                        const XmlNamespaces& namespaces);

}  // namespace luma
