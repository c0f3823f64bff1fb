import type { Reply } from "../wire/http-service.ts";
import { xmlDocument, xmlElement } from "./xml.ts";

/**
 * The error codes that this server answers: status, default message and EC (the number of the diagnosis page).
 * Codes, statuses and messages follow the public "Common error codes" reference of OSS. The EC values are for shape:
 * only the first four digits (the family) are meant to be right.
 */
const catalogue = {
  AccessDenied: [403, "You have no right to access this object because of bucket acl.", "0003-00000001"],
  BucketAlreadyExists: [409, "The requested bucket name is not available.", "0015-00000104"],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty.", "0015-00000301"],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed size.", "0016-00000001"],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size.", "0042-00000103"],
  FileAlreadyExists: [409, "The object you specified already exists and can not be overwritten.", "0026-00000019"],
  InternalError: [500, "We encountered an internal error. Please try again.", "0000-00000001"],
  InvalidAccessKeyId: [403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902"],
  InvalidArgument: [400, "The argument is invalid.", "0017-00000001"],
  InvalidBucketName: [400, "The specified bucket is not valid.", "0015-00000001"],
  InvalidDigest: [400, "The Content-MD5 you specified was invalid.", "0017-00000502"],
  InvalidObjectName: [400, "The specified object is not valid.", "0017-00000202"],
  InvalidObjectState: [403, "The operation is not valid for the object's state", "0026-00000020"],
  InvalidPart: [400, "One or more of the specified parts could not be found.", "0042-00000101"],
  InvalidPartOrder: [400, "The list of parts was not in ascending order.", "0042-00000102"],
  InvalidPolicyDocument: [400, "The policy of the form is invalid.", "0017-00000801"],
  InvalidRange: [416, "The requested range cannot be satisfied", "0026-00000011"],
  InvalidSecurityToken: [403, "The security token you provided is invalid.", "0002-00000506"],
  InvalidTargetType: [400, "The symbolic link's target is a symbolic link.", "0026-00000025"],
  InvalidURI: [400, "The URI could not be parsed.", "0017-00000101"],
  MalformedXML: [400, "The XML you provided was not well-formed or did not match the expected shape.", "0017-00000301"],
  MalformedPOSTRequest: [400, "The body of your POST request is not well-formed multipart/form-data.", "0017-00000401"],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size.", "0017-00000601"],
  MethodNotAllowed: [405, "The specified method is not allowed against this resource.", "0010-00000001"],
  MissingContentLength: [411, "You must provide the Content-Length HTTP header.", "0017-00000501"],
  NoSuchBucket: [404, "The specified bucket does not exist.", "0015-00000101"],
  NoSuchKey: [404, "The specified key does not exist.", "0026-00000001"],
  NoSuchServerSideEncryptionRule: [404, "The server side encryption configuration is not found.", "0015-00000201"],
  NoSuchUpload: [404, "The specified upload does not exist. The upload ID may be invalid.", "0042-00000002"],
  NoSuchVersion: [404, "The specified version does not exist.", "0026-00000002"],
  NotImplemented: [
    501,
    "A header or sub-resource you provided implies functionality that is not implemented.",
    "0010-00000101",
  ],
  ObjectNotAppendable: [409, "The object is not appendable", "0026-00000021"],
  OperationNotSupported: [400, "The operation is not supported for this resource", "0026-00000022"],
  PositionNotEqualToLength: [409, "Position is not equal to file length", "0026-00000016"],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold.", "0026-00000010"],
  RequestTimeTooSkewed: [
    403,
    "The difference between the request time and the current time is too large.",
    "0002-00000504",
  ],
  RestoreAlreadyInProgress: [409, "The restore operation is in progress.", "0026-00000023"],
  SecurityTokenExpired: [403, "The security token you provided has expired.", "0002-00000505"],
  SignatureDoesNotMatch: [
    403,
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    "0002-00000040",
  ],
  SymlinkTargetNotExist: [404, "The symbolic link's target does not exist.", "0026-00000024"],
} as const satisfies Record<string, readonly [status: number, message: string, ec: string]>;

type OssErrorCode = keyof typeof catalogue;

/** An expected "no", as a value: handlers return it and the pipeline writes it out. */
export interface Refusal {
  readonly refused: OssErrorCode;
  readonly message?: string;
  /** Further elements of the error document, e.g. `Key`, `StringToSign`. */
  readonly details?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export const refuse = (code: OssErrorCode, more: Omit<Refusal, "refused"> = {}): Refusal => ({
  refused: code,
  ...more,
});

export const isRefusal = (value: unknown): value is Refusal =>
  typeof value === "object" && value !== null && "refused" in value;

export interface ErrorContext {
  readonly requestId: string;
  /** The host that the client addressed. */
  readonly hostId: string;
  readonly isHead: boolean;
}

export const refusalReply = (refusal: Refusal, context: ErrorContext): Reply => {
  const [status, message, ec] = catalogue[refusal.refused];
  return errorReply({ status, code: refusal.refused, message: refusal.message ?? message, ec, ...refusal }, context);
};

/** The error document of OSS. A HEAD has no body, so the document travels base64-coded in `x-oss-err`. */
export const errorReply = (
  error: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly ec?: string;
    readonly details?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
  },
  context: ErrorContext,
): Reply => {
  const ec = error.ec ?? "0000-00000000";
  const body = Buffer.from(
    xmlDocument(
      "Error",
      xmlElement("Code", error.code),
      xmlElement("Message", error.message),
      xmlElement("RequestId", context.requestId),
      xmlElement("HostId", context.hostId),
      ...Object.entries(error.details ?? {}).map(([name, value]) => xmlElement(name, value)),
      xmlElement("EC", ec),
    ),
  );
  return {
    status: error.status,
    headers: {
      "Content-Type": "application/xml",
      "Content-Length": String(body.length),
      "x-oss-ec": ec,
      ...(context.isHead ? { "x-oss-err": body.toString("base64") } : {}),
      ...error.headers,
    },
    body,
  };
};
