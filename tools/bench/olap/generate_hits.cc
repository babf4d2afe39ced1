// Writes a table of web page views in the shape of ClickBench's "hits": 105 columns, CSV with \N as
// the null string, which COPY reads. The values are invented, with the properties that the 43
// queries depend on: skewed counters, regions and phrases, heavy-tailed users and pages, mostly
// empty advertising columns, rows nearly in the order of counter and date, and the constants that
// queries look for.
//
//   hits_generate FILE ROWS [SEED]
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kRowsPerPart = 500'000;  // rows are sorted by counter and date within a part
constexpr int kCounters = 6'000;
constexpr int kQueriedCounter = 62;
constexpr int64_t kQueriedUrlHash = 2868770270353813622;
constexpr int64_t kQueriedRefererHash = 3594120000172545465;
constexpr int64_t kQueriedUser = 435090932899640449;
constexpr int kVocabulary = 30'000;

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

int64_t hash_of(std::string_view text) {
  uint64_t h = 14695981039346656037u;
  for (const char c : text) h = (h ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return static_cast<int64_t>(mix(h));
}

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() { return mix(state_ += 0x632be59bd9b4e019); }
  int64_t below(int64_t n) {
    return static_cast<int64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double p) { return unit() < p; }
  // Small numbers are likely: the density falls like a power of the number.
  int64_t skewed(int64_t n, double power) {
    return std::min<int64_t>(n - 1, static_cast<int64_t>(n * std::pow(unit(), power)));
  }

 private:
  uint64_t state_;
};

// Words of made-up syllables; two thirds are written in Cyrillic letters.
std::vector<std::string> make_vocabulary() {
  constexpr std::array<std::string_view, 24> latin = {
      "ka", "ro", "mi",  "ten", "so",  "la", "vid", "per", "no",  "sta", "lo", "ber",
      "gi", "za", "ton", "re",  "pol", "du", "mar", "ni",  "kov", "al",  "es", "ti"};
  constexpr std::array<std::string_view, 24> cyrillic = {
      "ка", "ро", "ми",  "тен", "со",  "ла", "вид", "пер", "но",  "ста", "ло", "бер",
      "ги", "за", "тон", "ре",  "пол", "ду", "мар", "ни",  "ков", "аль", "ес", "ти"};
  std::vector<std::string> words;
  words.reserve(kVocabulary);
  for (int i = 0; i < kVocabulary; i++) {
    Random random(mix(i + 17));
    const auto& syllables = i % 3 == 0 ? latin : cyrillic;
    std::string word;
    for (int64_t left = 1 + random.below(4); left >= 0; left--)
      word += syllables[random.below(syllables.size())];
    words.push_back(std::move(word));
  }
  return words;
}

class Row {
 public:
  explicit Row(FILE* file) : file_(file) {}
  void number(int64_t value) {
    char digits[24];
    text_.append(digits,
                 std::snprintf(digits, sizeof digits, "%lld,", static_cast<long long>(value)));
  }
  void numbers(std::initializer_list<int64_t> values) {
    for (const int64_t value : values) number(value);
  }
  void text(std::string_view value) {
    if (value.find_first_of(",\"\n") == std::string_view::npos) {
      text_ += value;
    } else {
      text_ += '"';
      for (const char c : value) {
        if (c == '"') text_ += '"';
        text_ += c;
      }
      text_ += '"';
    }
    text_ += ',';
  }
  void empty(int columns) { text_.append(columns, ','); }
  void date(int day) { printed("2013-07-%02d,", day); }
  void timestamp(int day, int second) {
    printed("2013-07-%02d %02d:%02d:%02d,", day, second / 3600, second / 60 % 60, second % 60);
  }
  void end() {
    text_.back() = '\n';
    if (text_.size() > (1 << 20)) flush();
  }
  void flush() {
    if (std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size())
      throw std::runtime_error("writing failed");
    text_.clear();
  }

 private:
  template <typename... Args>
  void printed(const char* format, Args... args) {
    char buffer[40];
    text_.append(buffer, std::snprintf(buffer, sizeof buffer, format, args...));
  }

  FILE* file_;
  std::string text_;
};

// What belongs to a person, and is the same in all their page views.
struct User {
  int64_t id = 0;
  int64_t ip = 0, region = 0, os = 0, agent = 0, agent_major = 0, width = 0, height = 0;
  int64_t phone = 0, age = 0, sex = 0, income = 0, interests = 0, zone = 0;
  std::string phone_model, agent_minor, language, country;
};

User make_user(int64_t number) {
  constexpr std::array<int, 9> widths = {1366, 1920, 1280, 1024, 1600, 1440, 1680, 360, 768};
  constexpr std::array<int, 9> heights = {768, 1080, 1024, 768, 900, 900, 1050, 640, 1024};
  constexpr std::array<std::string_view, 6> models = {"iPhone", "iPad",    "GT-",
                                                      "Lumia ", "Xperia ", "Nexus "};
  constexpr std::array<std::string_view, 6> languages = {"ru", "ru", "ru", "uk", "en", "tr"};
  Random random(mix(number * 2654435761u + 1));
  User user;
  user.id = number == 7 ? kQueriedUser : static_cast<int64_t>(random.next());
  user.ip = static_cast<int32_t>(random.next());
  user.region = random.chance(0.2) ? 229 : 1 + random.skewed(9'000, 4);
  const bool mobile = random.chance(0.07);
  user.os = mobile ? 100 + random.below(40) : 1 + random.skewed(60, 3);
  user.agent = mobile ? 50 + random.below(20) : 1 + random.skewed(80, 3);
  user.agent_major = random.below(30);
  user.agent_minor = random.chance(0.3) ? std::to_string(random.below(40)) : "";
  const int64_t screen = mobile ? 7 + random.below(2) : random.skewed(7, 2);
  user.width = widths[screen] - (random.chance(0.1) ? random.below(300) : 0);
  user.height = heights[screen] - (random.chance(0.1) ? random.below(200) : 0);
  if (mobile) {
    const int64_t maker = random.skewed(6, 1.5);
    user.phone = 1 + maker * 7 + random.below(7);
    user.phone_model = models[maker];
    if (maker >= 2) user.phone_model += std::to_string(10 * random.skewed(60, 2));
  }
  user.age = random.chance(0.4) ? 0 : 16 + random.below(50);
  user.sex = user.age == 0 ? 0 : 1 + random.below(2);
  user.income = user.age == 0 ? 0 : random.below(5);
  user.interests = random.chance(0.5) ? 0 : random.below(30'000);
  user.zone = random.chance(0.8) ? 135 : 60 * random.below(12);
  user.language = languages[random.below(languages.size())];
  user.country = languages[random.below(languages.size())];
  return user;
}

// A page of a site: its address and title are functions of its number.
struct Page {
  std::string url, title;
  int64_t url_hash = 0;
};

class Generator {
 public:
  Generator(FILE* file, int64_t rows, uint64_t seed)
      : row_(file), rows_(rows), users_(std::max<int64_t>(rows / 4, 100)), random_(seed) {}

  void run() {
    for (int64_t start = 0; start < rows_; start += kRowsPerPart)
      part(std::min(kRowsPerPart, rows_ - start));
    row_.flush();
  }

 private:
  const std::string& word() { return words_[random_.skewed(kVocabulary, 3)]; }

  void part(int64_t rows) {
    struct Place {
      int counter, day;
      bool operator<(const Place& other) const {
        return counter != other.counter ? counter < other.counter : day < other.day;
      }
    };
    std::vector<Place> places;
    places.reserve(rows);
    for (int64_t i = 0; i < rows; i++) {
      const int counter =
          random_.chance(0.015) ? kQueriedCounter : static_cast<int>(random_.skewed(kCounters, 5));
      places.push_back({counter, 2 + static_cast<int>(random_.below(30))});
    }
    std::sort(places.begin(), places.end());
    for (const auto& [counter, day] : places) write_row(counter, day);
  }

  Page make_page(int counter) {
    const int64_t pages = 20 + mix(counter) % 40'000;
    const int64_t number =
        counter == kQueriedCounter && random_.chance(0.3) ? 0 : random_.skewed(pages, 4);
    Random fixed(mix(counter * 1'000'003ull + number));
    const auto word = [&]() -> const std::string& { return words_[fixed.skewed(kVocabulary, 2)]; };
    Page page;
    page.url = (fixed.chance(0.1) ? "https://" : "http://") + words_[counter * 3 % kVocabulary] +
               std::to_string(counter) + (counter % 3 == 0 ? ".com" : ".ru") + "/";
    if (number > 0) {
      for (int64_t left = fixed.below(4); left >= 0; left--) page.url += word() + "/";
      page.url += std::to_string(number);
      if (fixed.chance(0.4)) page.url += ".html";
    }
    for (int64_t left = 2 + fixed.below(7); left >= 0; left--)
      page.title += (page.title.empty() ? "" : " ") + word();
    if (fixed.chance(0.002)) page.title += " - Поиск Google";
    if (random_.chance(0.0003)) page.url += "?from=http://www.google.ru/search";
    if (random_.chance(0.0001)) page.url += "#googlemaps";
    if (number > 0 && random_.chance(0.1))
      page.url += "?session=" + std::to_string(random_.next() % 100'000'000);
    if (random_.chance(0.05)) page.title.clear();
    page.url_hash = counter == kQueriedCounter && number == 0 ? kQueriedUrlHash : hash_of(page.url);
    return page;
  }

  std::string make_phrase() {
    Random fixed(mix(random_.skewed(std::max<int64_t>(rows_ / 10, 50), 3) + 99));
    std::string phrase;
    for (int64_t left = fixed.below(5); left >= 0; left--)
      phrase += (phrase.empty() ? "" : " ") + words_[fixed.skewed(kVocabulary, 2)];
    return phrase;
  }

  std::string make_referer(int counter, bool searched) {
    if (searched)
      return random_.chance(0.02) ? "http://www.google.ru/url?q=" + word()
                                  : "http://yandex.ru/yandsearch?text=" + word() + "+" + word();
    if (random_.chance(0.2)) return {};
    if (random_.chance(0.6)) return make_page(counter).url;
    return "http://www.site" + std::to_string(random_.skewed(50'000, 6)) + ".ru/" + word() + "/" +
           std::to_string(random_.skewed(1'000, 2));
  }

  void write_row(int counter, int day) {
    const User user = make_user(random_.skewed(users_, 2.5));
    const Page page = make_page(counter);
    const bool searched = random_.chance(0.13);
    const std::string phrase = searched ? make_phrase() : std::string();
    const std::string referer = make_referer(counter, searched);
    const int second = static_cast<int>(86'400 * (1 - std::pow(random_.unit(), 1.3)));
    const bool refresh = random_.chance(0.1), link = random_.chance(0.12);
    const int64_t adv = random_.chance(0.0063) ? 1 + random_.skewed(60, 3) : 0;

    row_.numbers({static_cast<int64_t>(random_.next() >> 1), random_.chance(0.8)});
    row_.text(page.title);
    row_.number(1);
    row_.timestamp(day, second);
    row_.date(day);
    row_.numbers({counter, user.ip, user.region, user.id, counter % 7 - 3, user.os, user.agent});
    row_.text(page.url);
    row_.text(referer);
    row_.numbers({refresh, referer.empty() ? 0 : random_.skewed(20'000, 6),
                  referer.empty() ? 0 : random_.skewed(500, 4), random_.skewed(20'000, 8),
                  random_.skewed(1'000, 4), user.width, user.height, random_.chance(0.9) ? 37 : 23,
                  random_.chance(0.7) ? 13 : 0, random_.below(3)});
    row_.text(random_.chance(0.7) ? "700" : "");
    row_.numbers({0, 0, user.agent_major});
    row_.text(user.agent_minor);
    row_.numbers({1, random_.chance(0.98), user.phone != 0, user.phone});
    row_.text(user.phone_model);
    row_.text(random_.chance(0.02) ? "p=" + word() : std::string());
    row_.numbers({user.ip % 4'000'000, traffic_source(searched, adv != 0, referer.empty()),
                  searched ? 2 + random_.skewed(90, 5) : 0});
    row_.text(phrase);
    row_.numbers({adv, random_.chance(0.01), user.width - random_.below(40),
                  std::max<int64_t>(0, user.height - 90 - random_.below(200)), user.zone});
    row_.timestamp(day, std::min(86'399, second + static_cast<int>(random_.below(60))));
    row_.numbers({random_.chance(0.4) ? 5 : 0, 1, random_.chance(0.4) ? 20'125 : 0, 0});
    row_.text(random_.chance(0.6) ? "utf-8" : "windows-1251;charset");
    row_.numbers({random_.skewed(1'200, 3), link, random_.chance(0.01), random_.chance(0.3),
                  random_.chance(0.4) ? static_cast<int64_t>(random_.next() >> 2) : 0});
    row_.text(random_.chance(0.03) ? std::string_view(page.url) : std::string_view());
    row_.numbers({static_cast<int64_t>(random_.below(1 << 30)), 0, random_.chance(0.05), 0,
                  random_.chance(0.04), 0});
    row_.text(std::string_view("5ED7" + random_.below(4), 1));
    row_.timestamp(day, second);
    row_.numbers({user.age, user.sex, user.income, user.interests,
                  random_.chance(0.02) ? random_.below(20) : 0, user.ip, random_.below(20'000) - 1,
                  random_.below(5'000) - 1, random_.skewed(40, 2)});
    row_.text(user.language);
    row_.text(user.country);
    row_.empty(2);
    row_.numbers({0, timing(0.4), timing(0.5), timing(0.5), timing(0.3), timing(0.3), timing(0.3),
                  random_.chance(0.01) ? random_.below(5) : 0});
    row_.empty(1);
    row_.number(0);
    row_.empty(1);
    row_.text("NH");
    row_.number(0);
    write_campaign();
    row_.number(random_.chance(0.005));
    row_.numbers(
        {counter == kQueriedCounter && random_.chance(0.1) ? kQueriedRefererHash : hash_of(referer),
         page.url_hash, random_.skewed(1'000, 8)});
    row_.end();
  }

  // Openstat and UTM columns, and the tag: all empty but for a few rows.
  void write_campaign() {
    row_.empty(4);
    if (random_.chance(0.02)) {
      row_.text(random_.chance(0.5) ? "yandex" : "direct");
      row_.text("cpc");
      row_.text(std::to_string(random_.skewed(2'000, 3)));
      row_.text(word());
      row_.text(word());
    } else {
      row_.empty(5);
    }
    row_.text(random_.chance(0.01) ? word() : std::string());
  }

  int64_t timing(double filled) { return random_.chance(filled) ? random_.skewed(30'000, 5) : 0; }

  int64_t traffic_source(bool searched, bool paid, bool direct) {
    if (paid) return 3;
    if (searched) return 2;
    if (direct) return 0;
    return random_.chance(0.4) ? -1 : random_.chance(0.1) ? 6 : 1;
  }

  Row row_;
  int64_t rows_;
  int64_t users_;
  Random random_;
  std::vector<std::string> words_ = make_vocabulary();
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::fprintf(stderr, "usage: %s FILE ROWS [SEED]\n", argv[0]);
    return 2;
  }
  FILE* file = std::fopen(argv[1], "wb");
  if (file == nullptr) {
    std::perror(argv[1]);
    return 1;
  }
  try {
    Generator(file, std::strtoll(argv[2], nullptr, 10),
              argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1)
        .run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return std::fclose(file) == 0 ? 0 : 1;
}
