// A small shop in one file: what libluma offers, in the order that one meets it.
// Usage: example [directory]; without one everything stays in memory.
#include <luma.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

using luma::embedded::Connection;
using luma::embedded::Database;
using luma::embedded::Error;
using luma::embedded::Result;
using luma::embedded::Row;
using luma::embedded::Statement;
using luma::embedded::Transaction;

namespace {

void create(Connection& conn) {
  // Several statements in one call are one transaction.
  conn.execute(
      "CREATE TABLE IF NOT EXISTS item (id bigint PRIMARY KEY, name text NOT NULL,"
      "  price numeric(8,2) CHECK (price >= 0), added date);"
      "TRUNCATE item");
}

void fill(Connection& conn) {
  Transaction transaction = conn.begin();
  Statement insert = conn.prepare("INSERT INTO item VALUES ($1, $2, $3, $4)");
  insert.bind_all(1, "apple", 0.25, "2024-02-29").execute();
  insert.bind_all(2, "pear", std::optional<double>(), "2024-03-01").execute();
  for (int64_t id = 3; id <= 1000; ++id) {
    insert.bind_all(id, "item " + std::to_string(id), 1.5, nullptr).execute();
  }
  transaction.commit();  // without it the destructor rolls back
}

void print(Connection& conn) {
  Result result = conn.query("SELECT id, name, price, added FROM item WHERE id < 4 ORDER BY id");
  for (const auto& column : result.columns()) {
    std::printf("%s (%s)  ", column.name.c_str(), column.type_name.c_str());
  }
  std::printf("\n");
  for (const Row& row : result) {
    auto price = row.get<std::optional<double>>("price");
    std::printf("%lld | %s | %s | %s\n", static_cast<long long>(row.get<int64_t>(0)),
                row.get<std::string>("name").c_str(), price ? std::to_string(*price).c_str() : "-",
                row.is_null(3) ? "-" : row.get<std::string>(3).c_str());
  }
  std::printf("%s\n", result.completion().tag.c_str());
}

void sum(Connection& conn) {
  Statement statement = conn.prepare("SELECT count(*), sum(price) FROM item WHERE price > $1");
  Result result = statement.bind(1, 1).query();
  result.next();
  std::printf("%lld items above 1, together %s\n", static_cast<long long>(result.get<int64_t>(0)),
              result.get<std::string>(1).c_str());
}

void fail(Connection& conn) {
  try {
    conn.execute("INSERT INTO item VALUES (1, 'again', 1, NULL)");
  } catch (const Error& error) {
    std::printf("%s %s\n", error.sqlstate().c_str(), error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Database db = argc > 1 ? Database::open(argv[1]) : Database::in_memory();
    Connection conn = db.connect();
    create(conn);
    fill(conn);
    print(conn);
    sum(conn);
    fail(conn);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.sqlstate().c_str(), error.what());
    return 1;
  }
}
