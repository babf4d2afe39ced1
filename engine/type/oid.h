#pragma once
// Object identifiers. Those below 16384 are PostgreSQL 15's own; user objects start at 16384.
#include <cstdint>

namespace luma {

using Oid = uint32_t;
inline constexpr Oid kInvalidOid = 0;
inline constexpr Oid kFirstUserOid = 16384;

// Built-in types that C++ code names; the complete list is engine/type/builtin_types.inc.
namespace type_oid {
inline constexpr Oid kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21,
                     kInt2Vector = 22, kInt4 = 23, kRegproc = 24, kText = 25, kOid = 26, kTid = 27,
                     kXid = 28, kCid = 29, kOidVector = 30, kJson = 114, kXml = 142,
                     kPgNodeTree = 194, kFloat4 = 700, kFloat8 = 701, kUnknown = 705, kMoney = 790,
                     kAclItem = 1033, kBpchar = 1042, kVarchar = 1043, kDate = 1082, kTime = 1083,
                     kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186, kTimetz = 1266,
                     kNumeric = 1700, kRefcursor = 1790, kRegprocedure = 2202, kRegoper = 2203,
                     kRegoperator = 2204, kRegclass = 2205, kRegtype = 2206, kRegrole = 4096,
                     kRegnamespace = 4089, kRegconfig = 3734, kRegdictionary = 3769,
                     kRegcollation = 4191, kUuid = 2950, kJsonb = 3802, kRecord = 2249,
                     kCstring = 2275, kAny = 2276, kAnyArray = 2277, kVoid = 2278, kTrigger = 2279,
                     kInternal = 2281, kAnyElement = 2283, kAnyNonArray = 2776, kAnyEnum = 3500,
                     kAnyRange = 3831, kAnyCompatible = 5077, kAnyCompatibleArray = 5078,
                     kAnyCompatibleNonArray = 5079, kBoolArray = 1000, kByteaArray = 1001,
                     kCharArray = 1002, kNameArray = 1003, kInt2Array = 1005, kInt4Array = 1007,
                     kTextArray = 1009, kOidArray = 1028, kBpcharArray = 1014, kVarcharArray = 1015,
                     kInt8Array = 1016, kFloat4Array = 1021, kFloat8Array = 1022,
                     kTimestampArray = 1115, kDateArray = 1182, kTimestamptzArray = 1185,
                     kNumericArray = 1231, kRecordArray = 2287, kUuidArray = 2951,
                     kJsonbArray = 3807;
}  // namespace type_oid

inline constexpr Oid kDefaultCollationOid = 100;
inline constexpr Oid kCCollationOid = 950;

}  // namespace luma
