#pragma once
// Private to the files that call libxml2: what the library reports while one of these is there, by
// the thread that made it, goes into a text. The first one prepares the library.
#include <libxml/xmlerror.h>

#include <string>

namespace luma {

class XmlErrors {
 public:
  XmlErrors();
  ~XmlErrors();
  XmlErrors(const XmlErrors&) = delete;
  XmlErrors& operator=(const XmlErrors&) = delete;

  bool any() const { return any_; }
  std::string text() const;

 private:
  static void add(void* self, xmlErrorPtr error);
  void add_one(const xmlError& error);
  void add_place(const void* parser_input);

  std::string text_;
  bool any_ = false;
};

}  // namespace luma
