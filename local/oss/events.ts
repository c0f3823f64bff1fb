import { createHash } from "node:crypto";

export type OssEventName =
  | `ObjectCreated:${"PutObject" | "PostObject" | "CopyObject" | "AppendObject" | "PutSymlink" | "InitiateMultipartUpload" | "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload"}`
  | `ObjectRemoved:${"DeleteObject" | "DeleteObjects" | "AbortMultipartUpload"}`;

/**
 * One element of `events` as the native OSS trigger of Function Compute hands it over ("OSS trigger overview", event
 * format). Names carry no `oss:` prefix here; trigger configurations do.
 */
export interface OssObjectEvent {
  readonly eventName: OssEventName;
  readonly eventSource: "acs:oss";
  readonly eventTime: string;
  readonly eventVersion: "1.0";
  readonly oss: {
    readonly bucket: { readonly arn: string; readonly name: string; readonly ownerIdentity: string };
    readonly object: {
      /** How much the bucket grew; negative when something smaller replaced it. */
      readonly deltaSize: number;
      /** Upper-case, without quotes. */
      readonly eTag: string;
      /** UTF-8 as it is, unless `encodeKeys` is set. */
      readonly key: string;
      readonly objectMeta?: { readonly mimeType: string; readonly userMeta: Readonly<Record<string, string>> };
      /** AppendObject only: where the bytes were added. */
      readonly position?: number;
      readonly size: number;
    };
    readonly ossSchemaVersion: "1.0";
    readonly ruleId: string;
  };
  readonly region: string;
  readonly requestParameters: { readonly sourceIPAddress: string };
  readonly responseElements: { readonly requestId: string };
  readonly userIdentity: { readonly principalId: string };
}

/** Points of the event on which public samples differ, so that both readings can be tried. */
export interface EventShape {
  /** Percent-code the key. No page says that OSS does. Default false. */
  readonly encodeKeys?: boolean;
  /** Newer samples have `objectMeta`. Default false. */
  readonly objectMeta?: boolean;
}

export interface EventFacts {
  readonly name: OssEventName;
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly deltaSize: number;
  readonly position?: number;
  readonly mimeType?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface EventOrigin {
  readonly bucket: { readonly name: string; readonly region: string; readonly ownerAccountId: string };
  readonly time: Date;
  readonly requestId: string;
  readonly sourceIPAddress: string;
  readonly principalId: string;
}

export const objectEvent = (facts: EventFacts, origin: EventOrigin, shape: EventShape): OssObjectEvent => {
  const { bucket } = origin;
  const userMeta = Object.fromEntries(
    Object.entries(facts.metadata ?? {}).map(([name, value]) => [`x-oss-meta-${name}`, value]),
  );
  return {
    eventName: facts.name,
    eventSource: "acs:oss",
    eventTime: origin.time.toISOString(),
    eventVersion: "1.0",
    oss: {
      bucket: {
        arn: `acs:oss:${bucket.region}:${bucket.ownerAccountId}:${bucket.name}`,
        name: bucket.name,
        ownerIdentity: bucket.ownerAccountId,
      },
      object: {
        deltaSize: facts.deltaSize,
        eTag: facts.etag,
        key: shape.encodeKeys ? encodeURIComponent(facts.key).replaceAll("%2F", "/") : facts.key,
        ...(shape.objectMeta
          ? { objectMeta: { mimeType: facts.mimeType ?? "application/octet-stream", userMeta } }
          : {}),
        ...(facts.position === undefined ? {} : { position: facts.position }),
        size: facts.size,
      },
      ossSchemaVersion: "1.0",
      ruleId: createHash("sha1").update(bucket.name).digest("hex"),
    },
    region: bucket.region,
    requestParameters: { sourceIPAddress: origin.sourceIPAddress },
    responseElements: { requestId: origin.requestId },
    userIdentity: { principalId: origin.principalId },
  };
};
