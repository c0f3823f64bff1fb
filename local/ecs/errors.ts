import { importErrors } from "./import-errors.ts";

/** Codes that other operations, or the gateway in front of all of them, answer. Shaped as in `import-errors.ts`. */
const commonErrors = {
  "InvalidAction.NotFound": {
    status: 404,
    message: "Specified api is not found, please check your url and method.",
    met: "an Action that is not known",
  },
  UnsupportedOperation: { status: 400, message: "The embedded ECS does not support %s.", met: "CopyImage" },
  NoSuchVersion: { status: 400, message: "Specified api version does not exist.", met: "a version but 2014-05-26" },
  RequestTooLarge: { status: 413, message: "The request is too large.", met: "a body over 64 KiB" },
  MissingParameter: {
    status: 400,
    message: "The input parameter %s that is mandatory for processing this request is not supplied.",
    met: "no RegionId",
  },
  InvalidParameter: { status: 400, message: "The specified parameter %s is not valid.", met: "PageSize=0" },
  "InvalidRegionId.NotFound": {
    status: 400,
    message: "The specified RegionId does not exist.",
    met: "a region that is not in `settings.regions`",
  },
  "InvalidTaskId.NotFound": { status: 400, message: "The specified task id does not exist.", met: "no such task" },
  "InvalidTaskId.TaskActionNotSupport": {
    status: 403,
    message: "The action of the specified task does not support this operation.",
    met: undefined,
  },
  "InvalidTaskId.IncorrectTaskStatus": {
    status: 403,
    message: "The status of the specified task does not support this operation.",
    met: "CancelTask of a task that has ended",
  },
  CancelTaskFailed: { status: 403, message: "Canceling the task failed.", met: undefined },
  "InvalidImageId.NotFound": { status: 404, message: "The specified ImageId does not exist.", met: "no such image" },
  "InvalidResourceId.NotFound": {
    status: 404,
    message: "The specified ResourceId is not found in our records.",
    met: "TagResources of an image that is not there",
  },
  "InvalidResourceType.NotFound": {
    status: 404,
    message: "The ResourceType provided does not exist in our records.",
    met: "TagResources with a ResourceType but image",
  },
  "InvalidImageFamily.Malformed": {
    status: 400,
    message: "The specified ImageFamily is wrongly formed.",
    met: "an ImageFamily against the rule",
  },
  IncorrectImageStatus: {
    status: 403,
    message: "The current status of the image does not support this operation.",
    met: "deprecating an image that is not available",
  },
  "TagKey.Duplication": { status: 403, message: "The tag contains duplicate keys.", met: "two equal tag keys" },
  "InvalidTagKey.Malformed": { status: 400, message: "The specified Tag.n.Key is not valid.", met: "the key acs:x" },
  "InvalidTagValue.Malformed": { status: 400, message: "The specified Tag.n.Value is not valid.", met: "value acs:x" },
  "NumberExceed.Tags": { status: 400, message: "The Tags parameter's number is exceed.", met: "more than 20 tags" },
  ImageUsingByInstance: { status: 400, message: "The specified image is used by instances.", met: undefined },
  IdempotentParameterMismatch: {
    status: 400,
    message: "The request uses the same client token as a previous, but non-identical request.",
    met: "a ClientToken again with other parameters",
  },
  "InvalidIdempotenceParameter.Mismatch": {
    status: 403,
    message: "The specified parameters do not match those of the earlier request with this client token.",
    met: undefined,
  },
  LastTokenProcessing: {
    status: 403,
    message: "The last token request is processing.",
    met: "a ClientToken while its first request runs",
  },
  "Forbidden.RAM": {
    status: 403,
    message: "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    met: "a caller whose policies do not allow the action",
  },
  Forbidden: { status: 403, message: "User not authorized to operate on the specified resource.", met: undefined },
  "Forbidden.Unauthorized": { status: 403, message: "A required authorization is missing.", met: undefined },
  "Forbidden.SubUser": { status: 403, message: "The operation is forbidden for a RAM user.", met: undefined },
  "Forbidden.AccessKeyDisabled": { status: 403, message: "The access key is disabled.", met: undefined },
  "Forbidden.RiskControl": { status: 403, message: "The account is under risk control.", met: undefined },
  RealNameAuthenticationError: { status: 403, message: "The account has not passed real-name check.", met: undefined },
  InsufficientBalance: { status: 400, message: "Your account does not have enough balance.", met: undefined },
  MissingAccessKeyId: { status: 400, message: "AccessKeyId is mandatory for this action.", met: "no signature at all" },
  "InvalidAccessKeyId.NotFound": { status: 404, message: "Specified access key is not found.", met: "an unknown key" },
  MissingSecurityToken: {
    status: 400,
    message: "SecurityToken is mandatory for this action.",
    met: "an STS key alone",
  },
  "InvalidSecurityToken.MismatchWithAccessKey": {
    status: 400,
    message: "Specified SecurityToken mismatch with the AccessKey.",
    met: "another key's token",
  },
  "InvalidSecurityToken.Expired": { status: 400, message: "Specified SecurityToken is expired.", met: "an old token" },
  IncompleteSignature: {
    status: 400,
    message: "The request signature does not conform to Aliyun standards: %s.",
    met: "a part of the signature is missing",
  },
  SignatureDoesNotMatch: {
    status: 400,
    message: "Specified signature does not match our calculation. %s",
    met: "a forged signature",
  },
  SignatureNonceUsed: { status: 400, message: "Specified signature nonce was used already.", met: "a repeated nonce" },
  "InvalidTimeStamp.Format": { status: 400, message: "Specified time stamp is not well formatted.", met: "not a date" },
  "InvalidTimeStamp.Expired": {
    status: 400,
    message: "Specified time stamp or date value is expired.",
    met: "too old",
  },
  IllegalTimestamp: {
    status: 400,
    message: "The input parameter Timestamp that is mandatory for processing this request is not supported.",
    met: "more than 15 minutes in the future",
  },
  "Throttling.User": {
    status: 400,
    message: "Request was denied due to user flow control.",
    met: "more requests than `settings.requestsPerSecond`",
  },
  Throttling: { status: 400, message: "Request was denied due to request throttling.", met: undefined },
  "Rejected.Throttling": { status: 400, message: "Request was denied due to request throttling.", met: undefined },
  OperationConflict: { status: 409, message: "The request conflicts with another one.", met: undefined },
  InternalError: {
    status: 500,
    message: "The request processing has failed due to some unknown error.",
    met: undefined,
  },
  ServiceUnavailable: {
    status: 503,
    message: "The request has failed due to a temporary failure of the server.",
    met: undefined,
  },
  "ServiceUnavailable.RegionMaintaining": { status: 503, message: "The region is under maintenance.", met: undefined },
} as const;

/** Every code that the embedded ECS can answer: its HTTP status, its message, and how it is met. */
export const ecsErrors = { ...importErrors, ...commonErrors };
export type EcsErrorCode = keyof typeof ecsErrors;

/** A request that is answered with an error. */
export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members beside Code and Message, such as AccessDeniedDetail. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** `detail` stands where the message of the code has `%s`. */
export const refuse = (code: EcsErrorCode, detail = ""): Refusal => {
  const { status, message } = ecsErrors[code];
  return { code, status, message: message.replace("%s", () => detail) };
};

export const isRefusal = (outcome: object | undefined): outcome is Refusal =>
  outcome !== undefined && "code" in outcome;

/** The first objection of several checks, each run only when those before it had none. */
export const firstRefusal = (checks: Iterable<() => Refusal | undefined>): Refusal | undefined => {
  for (const check of checks) {
    const refusal = check();
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

/** RAM says no: `Forbidden.RAM` with the detail that newer clients show. */
export const forbidden = (action: string, reason: "ImplicitDeny" | "ExplicitDeny"): Refusal => ({
  ...refuse("Forbidden.RAM"),
  details: {
    AccessDeniedDetail: {
      PolicyType: "AccountLevelIdentityBasedPolicy",
      AuthAction: action,
      NoPermissionType: reason,
    },
  },
});
