#pragma once
// Enumerations of the syntax tree. Values equal PostgreSQL 15's (the converter asserts it), but for
// LimitOption.
#include <cstdint>

namespace luma::ast {

enum class AExprKind : uint8_t {
  kOp,
  kOpAny,
  kOpAll,
  kDistinct,
  kNotDistinct,
  kNullif,
  kIn,
  kLike,
  kIlike,
  kSimilar,
  kBetween,
  kNotBetween,
  kBetweenSym,
  kNotBetweenSym,
};

enum class CoercionForm : uint8_t {
  kExplicitCall,
  kExplicitCast,
  kImplicitCast,
  kSqlSyntax,
};

enum class BoolExprType : uint8_t {
  kAnd,
  kOr,
  kNot,
};

enum class SubLinkType : uint8_t {
  kExists,
  kAll,
  kAny,
  kRowcompare,
  kExpr,
  kMultiexpr,
  kArray,
  kCte,
};

enum class MinMaxOp : uint8_t {
  kGreatest,
  kLeast,
};

enum class SQLValueFunctionOp : uint8_t {
  kCurrentDate,
  kCurrentTime,
  kCurrentTimeN,
  kCurrentTimestamp,
  kCurrentTimestampN,
  kLocaltime,
  kLocaltimeN,
  kLocaltimestamp,
  kLocaltimestampN,
  kCurrentRole,
  kCurrentUser,
  kUser,
  kSessionUser,
  kCurrentCatalog,
  kCurrentSchema,
};

enum class XmlExprOp : uint8_t {
  kXmlConcat,
  kXmlElement,
  kXmlForest,
  kXmlParse,
  kXmlPi,
  kXmlRoot,
  kXmlSerialize,
  kIsDocument,
};

enum class XmlOptionType : uint8_t {
  kDocument,
  kContent,
};

enum class NullTestType : uint8_t {
  kIsNull,
  kIsNotNull,
};

enum class BoolTestType : uint8_t {
  kIsTrue,
  kIsNotTrue,
  kIsFalse,
  kIsNotFalse,
  kIsUnknown,
  kIsNotUnknown,
};

enum class SortByDir : uint8_t {
  kDefault,
  kAsc,
  kDesc,
  kUsing,
};

enum class SortByNulls : uint8_t {
  kDefault,
  kFirst,
  kLast,
};

enum class JoinType : uint8_t {
  kInner,
  kLeft,
  kFull,
  kRight,
  kSemi,
  kAnti,
  kUniqueOuter,
  kUniqueInner,
};

enum class GroupingSetKind : uint8_t {
  kEmpty,
  kSimple,
  kRollup,
  kCube,
  kSets,
};

enum class LockClauseStrength : uint8_t {
  kNone,
  kForKeyShare,
  kForShare,
  kForNoKeyUpdate,
  kForUpdate,
};

enum class LockWaitPolicy : uint8_t {
  kBlock,
  kSkip,
  kError,
};

enum class CTEMaterialize : uint8_t {
  kDefault,
  kAlways,
  kNever,
};

enum class OnCommitAction : uint8_t {
  kNoop,
  kPreserveRows,
  kDeleteRows,
  kDrop,
};

enum class LimitOption : uint8_t {
  kDefault,
  kCount,
  kWithTies,
};

enum class SetOperation : uint8_t {
  kNone = 0,
  kUnion,
  kIntersect,
  kExcept,
};

enum class OnConflictAction : uint8_t {
  kNone,
  kNothing,
  kUpdate,
};

enum class OverridingKind : uint8_t {
  kNotSet = 0,
  kUserValue,
  kSystemValue,
};

enum class CmdType : uint8_t {
  kUnknown,
  kSelect,
  kUpdate,
  kInsert,
  kDelete,
  kMerge,
  kUtility,
  kNothing,
};

enum class DefElemAction : uint8_t {
  kUnspec,
  kSet,
  kAdd,
  kDrop,
};

enum class RoleSpecType : uint8_t {
  kCstring,
  kCurrentRole,
  kCurrentUser,
  kSessionUser,
  kPublic,
};

enum class ConstrType : uint8_t {
  kNull,
  kNotNull,
  kDefault,
  kIdentity,
  kGenerated,
  kCheck,
  kPrimary,
  kUnique,
  kExclusion,
  kForeign,
  kAttrDeferrable,
  kAttrNotDeferrable,
  kAttrDeferred,
  kAttrImmediate,
};

enum class PartitionRangeDatumKind : int8_t {
  kMinvalue = -1,
  kValue = 0,
  kMaxvalue = 1,
};

enum class ObjectType : uint8_t {
  kAccessMethod,
  kAggregate,
  kAmop,
  kAmproc,
  kAttribute,
  kCast,
  kColumn,
  kCollation,
  kConversion,
  kDatabase,
  kDefault,
  kDefacl,
  kDomain,
  kDomconstraint,
  kEventTrigger,
  kExtension,
  kFdw,
  kForeignServer,
  kForeignTable,
  kFunction,
  kIndex,
  kLanguage,
  kLargeobject,
  kMatview,
  kOpclass,
  kOperator,
  kOpfamily,
  kParameterAcl,
  kPolicy,
  kProcedure,
  kPublication,
  kPublicationNamespace,
  kPublicationRel,
  kRole,
  kRoutine,
  kRule,
  kSchema,
  kSequence,
  kSubscription,
  kStatisticExt,
  kTabconstraint,
  kTable,
  kTablespace,
  kTransform,
  kTrigger,
  kTsconfiguration,
  kTsdictionary,
  kTsparser,
  kTstemplate,
  kType,
  kUserMapping,
  kView,
};

enum class AlterTableType : uint8_t {
  kAddColumn,
  kAddColumnRecurse,
  kAddColumnToView,
  kColumnDefault,
  kCookedColumnDefault,
  kDropNotNull,
  kSetNotNull,
  kDropExpression,
  kCheckNotNull,
  kSetStatistics,
  kSetOptions,
  kResetOptions,
  kSetStorage,
  kSetCompression,
  kDropColumn,
  kDropColumnRecurse,
  kAddIndex,
  kReAddIndex,
  kAddConstraint,
  kAddConstraintRecurse,
  kReAddConstraint,
  kReAddDomainConstraint,
  kAlterConstraint,
  kValidateConstraint,
  kValidateConstraintRecurse,
  kAddIndexConstraint,
  kDropConstraint,
  kDropConstraintRecurse,
  kReAddComment,
  kAlterColumnType,
  kAlterColumnGenericOptions,
  kChangeOwner,
  kClusterOn,
  kDropCluster,
  kSetLogged,
  kSetUnLogged,
  kDropOids,
  kSetAccessMethod,
  kSetTableSpace,
  kSetRelOptions,
  kResetRelOptions,
  kReplaceRelOptions,
  kEnableTrig,
  kEnableAlwaysTrig,
  kEnableReplicaTrig,
  kDisableTrig,
  kEnableTrigAll,
  kDisableTrigAll,
  kEnableTrigUser,
  kDisableTrigUser,
  kEnableRule,
  kEnableAlwaysRule,
  kEnableReplicaRule,
  kDisableRule,
  kAddInherit,
  kDropInherit,
  kAddOf,
  kDropOf,
  kReplicaIdentity,
  kEnableRowSecurity,
  kDisableRowSecurity,
  kForceRowSecurity,
  kNoForceRowSecurity,
  kGenericOptions,
  kAttachPartition,
  kDetachPartition,
  kDetachPartitionFinalize,
  kAddIdentity,
  kSetIdentity,
  kDropIdentity,
  kReAddStatistics,
};

enum class DropBehavior : uint8_t {
  kRestrict,
  kCascade,
};

enum class ViewCheckOption : uint8_t {
  kNo,
  kLocal,
  kCascaded,
};

enum class FunctionParameterMode : char {
  kIn = 'i',
  kOut = 'o',
  kInout = 'b',
  kVariadic = 'v',
  kTable = 't',
  kDefault = 'd',
};

enum class RoleStmtType : uint8_t {
  kRole,
  kUser,
  kGroup,
};

enum class GrantTargetType : uint8_t {
  kObject,
  kAllInSchema,
  kDefaults,
};

enum class ImportForeignSchemaType : uint8_t {
  kAll,
  kLimitTo,
  kExcept,
};

enum class CoercionContext : uint8_t {
  kImplicit,
  kAssignment,
  kPlpgsql,
  kExplicit,
};

enum class AlterTSConfigType : uint8_t {
  kAddMapping,
  kAlterMappingForToken,
  kReplaceDict,
  kReplaceDictForToken,
  kDropMapping,
};

enum class PublicationObjSpecType : uint8_t {
  kTable,
  kTablesInSchema,
  kTablesInCurSchema,
  kContinuation,
};

enum class AlterPublicationAction : uint8_t {
  kAddObjects,
  kDropObjects,
  kSetObjects,
};

enum class AlterSubscriptionType : uint8_t {
  kOptions,
  kConnection,
  kSetPublication,
  kAddPublication,
  kDropPublication,
  kRefresh,
  kEnabled,
  kSkip,
};

enum class TransactionStmtKind : uint8_t {
  kBegin,
  kStart,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackTo,
  kPrepare,
  kCommitPrepared,
  kRollbackPrepared,
};

enum class VariableSetKind : uint8_t {
  kSetValue,
  kSetDefault,
  kSetCurrent,
  kSetMulti,
  kReset,
  kResetAll,
};

enum class FetchDirection : uint8_t {
  kForward,
  kBackward,
  kAbsolute,
  kRelative,
};

enum class ReindexObjectType : uint8_t {
  kIndex,
  kTable,
  kSchema,
  kSystem,
  kDatabase,
};

enum class DiscardMode : uint8_t {
  kAll,
  kPlans,
  kSequences,
  kTemp,
};

// Bits of WindowDef::frame_options.
enum FrameOption : int32_t {
  kFrameNondefault = 0x00001,
  kFrameRange = 0x00002,
  kFrameRows = 0x00004,
  kFrameGroups = 0x00008,
  kFrameBetween = 0x00010,
  kFrameStartUnboundedPreceding = 0x00020,
  kFrameEndUnboundedPreceding = 0x00040,
  kFrameStartUnboundedFollowing = 0x00080,
  kFrameEndUnboundedFollowing = 0x00100,
  kFrameStartCurrentRow = 0x00200,
  kFrameEndCurrentRow = 0x00400,
  kFrameStartOffsetPreceding = 0x00800,
  kFrameEndOffsetPreceding = 0x01000,
  kFrameStartOffsetFollowing = 0x02000,
  kFrameEndOffsetFollowing = 0x04000,
  kFrameExcludeCurrentRow = 0x08000,
  kFrameExcludeGroup = 0x10000,
  kFrameExcludeTies = 0x20000,
};

// Bits of DeclareCursorStmt::options.
enum CursorOption : int32_t {
  kCursorBinary = 0x0001,
  kCursorScroll = 0x0002,
  kCursorNoScroll = 0x0004,
  kCursorInsensitive = 0x0008,
  kCursorAsensitive = 0x0010,
  kCursorHold = 0x0020,
  kCursorFastPlan = 0x0100,
  kCursorGenericPlan = 0x0200,
  kCursorCustomPlan = 0x0400,
  kCursorParallelOk = 0x0800,
};

// Bits of CreateTrigStmt::timing and ::events; AFTER is the absence of BEFORE and INSTEAD.
enum TriggerBit : int16_t {
  kTriggerRow = 1 << 0,
  kTriggerBefore = 1 << 1,
  kTriggerInsert = 1 << 2,
  kTriggerDelete = 1 << 3,
  kTriggerUpdate = 1 << 4,
  kTriggerTruncate = 1 << 5,
  kTriggerInstead = 1 << 6,
};

// Bits of TableLikeClause::options.
enum TableLikeOption : uint32_t {
  kLikeComments = 1 << 0,
  kLikeCompression = 1 << 1,
  kLikeConstraints = 1 << 2,
  kLikeDefaults = 1 << 3,
  kLikeGenerated = 1 << 4,
  kLikeIdentity = 1 << 5,
  kLikeIndexes = 1 << 6,
  kLikeStatistics = 1 << 7,
  kLikeStorage = 1 << 8,
  kLikeAll = 0x7FFFFFFF,
};

}  // namespace luma::ast
