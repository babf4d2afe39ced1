#include "sql/function/collator.h"

#include <locale.h>
#include <unicode/ucasemap.h>
#include <unicode/ucol.h>
#include <unicode/uiter.h>
#include <unicode/ustring.h>
#include <wctype.h>

#include <map>
#include <vector>

#include "engine/base/sql_error.h"
#include "engine/type/utf8_text.h"

namespace luma {
namespace {

using std::string_view;

bool is_c_locale(string_view locale) { return locale == "C" || locale == "POSIX"; }

struct CollatorCloser {
  void operator()(UCollator* collator) const { ucol_close(collator); }
};
using CollatorPtr = std::unique_ptr<UCollator, CollatorCloser>;

CollatorPtr open_icu(const std::string& locale) {
  UErrorCode status = U_ZERO_ERROR;
  CollatorPtr collator(ucol_open(locale.c_str(), &status));
  if (U_FAILURE(status)) {
    throw sql_error(SqlState::kInvalidParameterValue,
                    "could not open collator for locale \"{}\": {}", locale, u_errorName(status));
  }
  return collator;
}

class IcuCollator final : public Collator {
 public:
  IcuCollator(const std::string& locale, bool deterministic)
      : locale_(locale), collator_(open_icu(locale)) {
    deterministic_ = deterministic;
  }

  void append_key(string_view text, std::string& key) const override {
    // Parts of the key are asked for as they are needed, straight from UTF-8.
    UCharIterator characters;
    uiter_setUTF8(&characters, text.data(), static_cast<int32_t>(text.size()));
    uint32_t state[2] = {0, 0};
    constexpr int32_t kPartBytes = 256;
    uint8_t part[kPartBytes];
    int32_t written;
    do {
      UErrorCode status = U_ZERO_ERROR;
      written =
          ucol_nextSortKeyPart(collator_.get(), &characters, state, part, kPartBytes, &status);
      if (U_FAILURE(status)) {
        throw sql_error(SqlState::kInternalError, "sort key generation failed: {}",
                        u_errorName(status));
      }
      key.append(reinterpret_cast<const char*>(part), static_cast<size_t>(written));
    } while (written == kPartBytes);
    if (!deterministic_) return;
    key += '\0';
    key += text;
  }

  std::string lower(string_view text) const override { return mapped(text, ucasemap_utf8ToLower); }
  std::string upper(string_view text) const override { return mapped(text, ucasemap_utf8ToUpper); }
  std::string title(string_view text) const override {
    CaseMap map(locale_);
    return with_room(text, [&](char* to, int32_t room, UErrorCode* status) {
      return ucasemap_utf8ToTitle(map.get(), to, room, text.data(),
                                  static_cast<int32_t>(text.size()), status);
    });
  }

 private:
  class CaseMap {
   public:
    explicit CaseMap(const std::string& locale) {
      UErrorCode status = U_ZERO_ERROR;
      map_ = ucasemap_open(locale.c_str(), 0, &status);
      if (U_FAILURE(status)) {
        throw sql_error(SqlState::kInternalError, "case conversion failed: {}",
                        u_errorName(status));
      }
    }
    ~CaseMap() { ucasemap_close(map_); }
    CaseMap(const CaseMap&) = delete;
    CaseMap& operator=(const CaseMap&) = delete;
    UCaseMap* get() const { return map_; }

   private:
    UCaseMap* map_ = nullptr;
  };

  template <typename Map>
  static std::string with_room(string_view text, const Map& map) {
    std::string out(text.size() + text.size() / 2 + 16, '\0');
    for (;;) {
      UErrorCode status = U_ZERO_ERROR;
      int32_t length = map(out.data(), static_cast<int32_t>(out.size()), &status);
      if (status == U_BUFFER_OVERFLOW_ERROR) {
        out.resize(static_cast<size_t>(length) + 1);
        continue;
      }
      if (U_FAILURE(status)) {
        throw sql_error(SqlState::kInternalError, "case conversion failed: {}",
                        u_errorName(status));
      }
      out.resize(static_cast<size_t>(length));
      return out;
    }
  }
  template <typename Convert>
  std::string mapped(string_view text, Convert convert) const {
    CaseMap map(locale_);
    return with_room(text, [&](char* to, int32_t room, UErrorCode* status) {
      return convert(map.get(), to, room, text.data(), static_cast<int32_t>(text.size()), status);
    });
  }

  std::string locale_;
  CollatorPtr collator_;
};

class LibcCollator final : public Collator {
 public:
  explicit LibcCollator(const std::string& locale)
      : bytewise_(is_c_locale(locale)), locale_(newlocale(LC_ALL_MASK, locale.c_str(), nullptr)) {
    if (locale_ == nullptr) {
      throw sql_error(SqlState::kInvalidParameterValue, "could not create locale \"{}\": {}",
                      locale, "No such file or directory")
          .detail(fmt::format("The operating system could not find any locale data for the locale "
                              "name \"{}\".",
                              locale));
    }
  }
  ~LibcCollator() override { freelocale(locale_); }
  LibcCollator(const LibcCollator&) = delete;
  LibcCollator& operator=(const LibcCollator&) = delete;

  void append_key(string_view text, std::string& key) const override {
    if (!bytewise_) {
      std::string terminated(text);
      size_t size = strxfrm_l(nullptr, terminated.c_str(), 0, locale_);
      std::string made(size + 1, '\0');
      strxfrm_l(made.data(), terminated.c_str(), made.size(), locale_);
      made.resize(size);
      key += made;
    }
    key += '\0';
    key += text;
  }
  std::string lower(string_view text) const override {
    return mapped(text, [&](uint32_t c, bool) { return towlower_l(c, locale_); });
  }
  std::string upper(string_view text) const override {
    return mapped(text, [&](uint32_t c, bool) { return towupper_l(c, locale_); });
  }
  std::string title(string_view text) const override {
    return mapped(text, [&](uint32_t c, bool inside) {
      return inside ? towlower_l(c, locale_) : towupper_l(c, locale_);
    });
  }

 private:
  template <typename Map>
  std::string mapped(string_view text, const Map& map) const {
    std::string out;
    bool inside = false;  // a word
    for (size_t at = 0; at < text.size();) {
      uint32_t c = utf8_next(text, at);
      bool known = !bytewise_ || c < 0x80;
      utf8_append(known ? static_cast<uint32_t>(map(c, inside)) : c, out);
      inside = known && iswalnum_l(c, locale_) != 0;
    }
    return out;
  }

  bool bytewise_;
  locale_t locale_;
};

}  // namespace

std::string collator_name(char provider, bool deterministic, string_view locale) {
  return fmt::format("{}{}{}", provider, deterministic ? 'd' : 'n', locale);
}

const Collator& Collator::get(string_view name) {
  static thread_local std::map<std::string, std::unique_ptr<const Collator>, std::less<>> opened;
  auto found = opened.find(name);
  if (found != opened.end()) return *found->second;
  LUMA_CHECK(name.size() >= 2);
  std::string locale(name.substr(2));
  std::unique_ptr<const Collator> made;
  if (name[0] == 'i') {
    made = std::make_unique<IcuCollator>(locale, name[1] == 'd');
  } else {
    made = std::make_unique<LibcCollator>(locale);
  }
  return *opened.emplace(name, std::move(made)).first->second;
}

std::string collator_version(char provider, string_view locale) {
  if (provider != 'i') return {};
  CollatorPtr collator = open_icu(std::string(locale));
  UVersionInfo version;
  ucol_getVersion(collator.get(), version);
  char text[U_MAX_VERSION_STRING_LENGTH];
  u_versionToString(version, text);
  return text;
}

}  // namespace luma
