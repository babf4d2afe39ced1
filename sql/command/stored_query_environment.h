#pragma once
// Binds stored text (a view's query) under the search path it was written with.
#include <string_view>

#include "sql/bind/bind_environment.h"

namespace luma {

class StoredQueryEnvironment final : public BindEnvironment {
 public:
  StoredQueryEnvironment(BindEnvironment& base, std::string_view search_path)
      : base_(base), path_(base.resolve_path(search_path)) {}
  const Catalog& catalog() const override { return base_.catalog(); }
  const SearchPath& search_path() const override { return path_; }
  SearchPath resolve_path(std::string_view setting) const override {
    return base_.resolve_path(setting);
  }
  TableDescPtr table_desc(const Table& table) override { return base_.table_desc(table); }
  const IoContext& io() const override { return base_.io(); }
  bool row_security() const override { return base_.row_security(); }

 private:
  BindEnvironment& base_;
  SearchPath path_;
};

}  // namespace luma
