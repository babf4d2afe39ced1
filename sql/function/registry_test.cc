#include "sql/function/registry.h"

#include <catch2/catch.hpp>

#include "engine/base/sql_error.h"
#include "engine/type/type_info.h"

namespace luma {

TEST_CASE("every kernel signature resolves") {
  REQUIRE_NOTHROW(FunctionRegistry::instance());
  const FunctionRegistry& registry = FunctionRegistry::instance();
  CHECK(registry.all_functions().size() > 500);
  for (const FunctionEntry& entry : registry.all_functions()) {
    CHECK(registry.function(entry.oid) == &entry);
    CHECK(registry.function(entry.name, entry.arg_types) != nullptr);
    const FunctionImplementation& i = entry.implementation;
    int set = (i.kernel != nullptr) + (i.aggregate != nullptr) + (i.window != nullptr) +
              (i.table != nullptr);
    INFO(entry.name << " " << entry.oid);
    CHECK(set == 1);
    CHECK((i.aggregate != nullptr) == entry.is_aggregate());
    CHECK((i.table != nullptr) == entry.returns_set);
  }
}

TEST_CASE("operators and casts have functions") {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  for (const OperatorEntry& entry : registry.all_operators()) {
    REQUIRE(entry.implementation != nullptr);
    CHECK(entry.implementation->oid == entry.function);
  }
  for (const CastEntry& entry : registry.all_casts()) {
    CHECK((entry.method == 'f') == (entry.implementation != nullptr));
  }
  const OperatorEntry* plus = registry.find_operator("+", type_oid::kInt4, type_oid::kInt4);
  REQUIRE(plus != nullptr);
  CHECK(plus->implementation->name == "int4pl");
  CHECK(registry.cast(type_oid::kInt4, type_oid::kInt8)->context == 'i');
}

TEST_CASE("default orders of types") {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  for (Oid type :
       {type_oid::kBool, type_oid::kInt2, type_oid::kInt4, type_oid::kInt8, type_oid::kText,
        type_oid::kNumeric, type_oid::kFloat8, type_oid::kDate, type_oid::kTimestamptz,
        type_oid::kUuid, type_oid::kBytea, type_oid::kOid, type_oid::kName, type_oid::kBpchar}) {
    INFO(format_type(type));
    REQUIRE(registry.equality(type) != nullptr);
    CHECK(registry.equality(type)->name == "=");
    CHECK(registry.less_than(type)->name == "<");
    CHECK(registry.greater_than(type)->name == ">");
  }
  // varchar is binary compatible with text, arrays and regclass have classes of others.
  CHECK(registry.equality(type_oid::kVarchar)->left == type_oid::kText);
  CHECK(registry.equality(type_oid::kInt4Array)->left == type_oid::kAnyArray);
  CHECK(registry.equality(type_oid::kRegclass)->left == type_oid::kOid);
  CHECK(registry.equality(type_oid::kJson) == nullptr);
  auto memberships = registry.btree_memberships(registry.less_than(type_oid::kInt4)->oid);
  REQUIRE(!memberships.empty());
  CHECK(memberships[0].strategy == 1);
}

TEST_CASE("a broken row is named") {
  static const KernelRow kBad[] = {{"no_such_function(int4)", {}, {}, {}},
                                   {"abs(nope)", {}, {}, {}}};
  static const std::span<const KernelRow> kFamilies[] = {kBad};
  CHECK_THROWS_WITH(FunctionRegistry(kFamilies),
                    Catch::Contains("no_such_function(int4)") && Catch::Contains("abs(nope)"));
}

}  // namespace luma
