#pragma once
// Every node type of the syntax tree.
#include "sql/ast/ddl.h"
#include "sql/ast/expression.h"
#include "sql/ast/object.h"
#include "sql/ast/query.h"
#include "sql/ast/utility.h"
