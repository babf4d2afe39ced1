#include "engine/type/array_in_place.h"

#include <catch2/catch.hpp>

#include "engine/type/array.h"
#include "engine/type/type_info.h"

namespace luma {
namespace {

std::string bytes_of(const Datum& array) { return std::string(array.str.view()); }

TEST_CASE("elements of fixed size are replaced and appended") {
  Arena arena;
  ArrayBuilder builder(type_oid::kInt4);
  for (int i = 0; i < 3; ++i) builder.add(Datum::of_int32(i));
  std::string array = bytes_of(builder.finish(arena, 5));
  CHECK(set_element_in_place(array, 6, Datum::of_int32(70)));
  CHECK(set_element_in_place(array, 8, Datum::of_int32(80)));
  CHECK_FALSE(set_element_in_place(array, 10, Datum::of_int32(1)));
  CHECK_FALSE(set_element_in_place(array, 4, Datum::of_int32(1)));
  ArrayBuilder wanted(type_oid::kInt4);
  for (int value : {0, 70, 2, 80}) wanted.add(Datum::of_int32(value));
  CHECK(array == bytes_of(wanted.finish(arena, 5)));
}

TEST_CASE("elements of variable length are appended") {
  Arena arena;
  ArrayBuilder builder(type_oid::kText), wanted(type_oid::kText);
  for (const char* text : {"a", "", "a longer text than fits"}) {
    builder.add(Datum::of_string(std::string_view(text)));
    wanted.add(Datum::of_string(std::string_view(text)));
  }
  std::string array = bytes_of(builder.finish(arena));
  CHECK_FALSE(set_element_in_place(array, 1, Datum::of_string(std::string_view("b"))));
  for (const char* text : {"", "last, and long enough to be out of line"}) {
    CHECK(append_element_in_place(array, Datum::of_string(std::string_view(text))));
    wanted.add(Datum::of_string(std::string_view(text)));
  }
  CHECK(array == bytes_of(wanted.finish(arena)));
}

TEST_CASE("arrays with NULLs or several dimensions are left alone") {
  Arena arena;
  ArrayBuilder builder(type_oid::kInt8);
  builder.add(Value::null());
  builder.add(Datum::of_int64(1));
  std::string with_null = bytes_of(builder.finish(arena)), before = with_null;
  CHECK_FALSE(append_element_in_place(with_null, Datum::of_int64(2)));
  CHECK(with_null == before);
  std::string empty = bytes_of(empty_array(type_oid::kInt8));
  CHECK_FALSE(append_element_in_place(empty, Datum::of_int64(2)));
}

}  // namespace
}  // namespace luma
