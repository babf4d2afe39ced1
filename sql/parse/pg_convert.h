#pragma once
// Private to sql/parse: PostgreSQL's raw parse tree to ours. Only the files of this folder that
// include this header see PostgreSQL's node structs, which live in the global namespace.
//
// Standard and LumaDB headers come first: PostgreSQL's redefine names such as printf as macros.
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "engine/base/arena.h"
#include "engine/base/sql_error.h"
#include "sql/ast/ast.h"
#include "sql/parse/asof_join.h"

// postgres.h must be the first of them.
// clang-format off
extern "C" {
#include "postgres.h"
#include "nodes/nodes.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "nodes/value.h"
#include "parser/parser.h"
}
// clang-format on

namespace luma::parse {

// Lives for one parse. It calls no PostgreSQL function, so nothing can longjmp over it.
class Converter {
 public:
  // `asof`: words that were taken out of the text; outlives this.
  Converter(Arena& arena, int max_depth, const AsofWords& asof)
      : arena_(arena), asof_(asof), depth_left_(max_depth) {}

  // Throws SqlError 54001 when the tree is deeper than max_depth.
  const ast::Node* convert(const ::Node* from);

  ast::NodeList convert_list(const ::List* from);

 private:
  // One per node type, defined by LUMA_CONVERT.
  template <typename To, typename From>
  void fill(To* to, const From* from);

  template <typename To, typename From>
  const ast::Node* make(const From* from) {
    To* to = arena_.make<To>();
    fill(to, from);
    return to;
  }

  // Each handles one family; null when the node is none of it.
  const ast::Node* convert_value(const ::Node* from);
  const ast::Node* convert_expression(const ::Node* from);
  const ast::Node* convert_query(const ::Node* from);
  const ast::Node* convert_ddl(const ::Node* from);
  const ast::Node* convert_object(const ::Node* from);
  const ast::Node* convert_utility(const ::Node* from);
  const ast::Node* convert_const(const ::A_Const* from);

  // The library's grammar takes $n where PostgreSQL's does not, such as SET x = $1.
  void refuse_param(const ::Node* from);

  std::string_view text(const char* from) {
    if (from == nullptr) return {};
    return *from == 0 ? std::string_view("") : arena_.copy(from);
  }

  void set(ast::NodeList& to, const ::List* from) { to = convert_list(from); }
  void set(ast::NameList& to, const ::List* from);
  void set(ast::List<int32_t>& to, const ::List* from);
  void set(std::string_view& to, const char* from) { to = text(from); }
  template <typename To, typename From>
  requires std::is_base_of_v<ast::Node, To>
  void set(const To*& to, const From* from) {
    const ast::Node* node = convert(reinterpret_cast<const ::Node*>(from));
    if constexpr (std::is_same_v<To, ast::Node>) {
      to = node;
    } else {
      to = node == nullptr ? nullptr : ast::as<To>(node);
    }
  }
  template <typename To, typename From>
  requires(std::is_enum_v<To> || std::is_arithmetic_v<To>) void set(To& to, From from) {
    to = static_cast<To>(from);
  }

  Arena& arena_;
  const AsofWords& asof_;
  int depth_left_;
  // The source of a multi-column assignment is one node that all its columns share.
  const ::Node* shared_from_ = nullptr;
  const ast::Node* shared_to_ = nullptr;
};

// CREATE FOREIGN TABLE contains a CreateStmt, which is of another family.
template <>
void Converter::fill(ast::CreateStmt* to, const ::CreateStmt* from);

#define LUMA_CONVERT(pg, ours) \
  template <>                  \
  void Converter::fill([[maybe_unused]] ast::ours* to, [[maybe_unused]] const ::pg* from)
#define LUMA_CONVERT_CASE(pg, ours) \
  case T_##pg:                      \
    return make<ast::ours>(reinterpret_cast<const ::pg*>(from));

}  // namespace luma::parse
