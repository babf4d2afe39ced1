#pragma once
// Order and case mapping of texts by a locale, through ICU or the C library. One is used by one
// thread at a time; get() keeps those that a thread has asked for.
#include <memory>
#include <string>
#include <string_view>

namespace luma {

class Collator {
 public:
  // What CollationObject says, in one text: see collator_name(). Throws 22023 for a locale that
  // ICU does not know how to open, or that the C library does not have.
  static const Collator& get(std::string_view name);
  virtual ~Collator() = default;

  // Bytes that order as the texts do. Texts that are equal to the locale differ by what follows a
  // zero byte, the text itself, unless the collation is nondeterministic.
  virtual void append_key(std::string_view text, std::string& key) const = 0;
  virtual std::string lower(std::string_view text) const = 0;
  virtual std::string upper(std::string_view text) const = 0;
  virtual std::string title(std::string_view text) const = 0;

  bool deterministic() const { return deterministic_; }

 protected:
  bool deterministic_ = true;
};

// provider as in pg_collation.
std::string collator_name(char provider, bool deterministic, std::string_view locale);
// The version of a locale's rules; "" when the provider has none.
std::string collator_version(char provider, std::string_view locale);

}  // namespace luma
