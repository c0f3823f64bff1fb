/**
 * What the product needs of the cloud, in its own words. Adapters implement these with the vendor's SDKs; nothing else
 * imports an SDK. All methods reject with a CloudError.
 */
import type { ImportImageRequest } from "../importing/import-request.ts";

export interface ObjectRef {
  readonly bucket: string;
  readonly key: string;
}

/** What HeadObject tells of an object. */
export interface ObjectFacts {
  readonly size: number;
  /** Upper-case hex, without quotes; `HEX-N` for multipart uploads. */
  readonly etag: string;
  /** Unsigned 64-bit decimal text. */
  readonly crc64: string | undefined;
  readonly lastModified: Date;
  readonly storageClass: string;
  /** True while an archived object can be read. */
  readonly restored: boolean;
  /** `AES256` or `KMS` when encrypted on the server. */
  readonly encryption: string | undefined;
  readonly type: "Normal" | "Multipart" | "Appendable" | "Symlink" | (string & {});
  /** User metadata without the `x-oss-meta-` prefix, lower-case names. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface BucketSummary {
  readonly region: string;
  readonly versioning: "Enabled" | "Suspended" | "Off";
  readonly encryption: string | undefined;
}

export interface ObjectStore {
  /** Undefined when there is no such object. */
  stat(object: ObjectRef): Promise<ObjectFacts | undefined>;
  /**
   * The whole object; undefined when there is none. Refused with the code TooLarge when it has more than `maximumBytes`,
   * with Symlink when it is a link: whoever can write one could have any object of the bucket read under another's rights;
   * with InvalidObjectState when it is archived, and with AccessDenied when something else in it alone forbids reading.
   */
  read(object: ObjectRef, maximumBytes: number): Promise<{ readonly body: Buffer; readonly etag: string } | undefined>;
  /** Exactly these bytes of the version with this ETag. Rejects with SourceChanged when the object is another by now. */
  readRange(object: ObjectRef, range: { offset: number; length: number; etag: string }): Promise<Buffer>;
  /** Writes an object that does not exist yet; false when it exists. Atomic only in a bucket without versioning. */
  create(object: ObjectRef, body: string): Promise<boolean>;
  put(object: ObjectRef, body: string, contentType: string): Promise<void>;
  delete(object: ObjectRef): Promise<void>;
  /** One page (at most 1,000), in the order of keys. With a delimiter, without the keys that have it behind the prefix. */
  list(
    bucket: string,
    page: { prefix: string; delimiter?: "/"; startAfter?: string; limit?: number },
  ): Promise<{ readonly objects: readonly ListedObject[]; readonly more: boolean }>;
  /** Undefined when there is no such bucket. */
  bucket(name: string): Promise<BucketSummary | undefined>;
}

export interface ImportStarted {
  readonly imageId: string;
  readonly taskId: string;
  readonly requestId: string;
}

export interface Task {
  readonly taskId: string;
  /** `Processing`, `Finished`, `Failed`; other words are in use and unpublished. */
  readonly status: string;
  readonly imageId: string | undefined;
}

export interface TaskDetails extends Task {
  /** 0–100; undefined when ECS does not say. */
  readonly progress: number | undefined;
  readonly failedCount: number;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly requestId: string | undefined;
}

export interface ImageDisk {
  readonly type: string;
  readonly snapshotId: string | undefined;
  readonly sizeInGiB: number | undefined;
}

export interface ImageCheckItem {
  readonly name: string;
  readonly value: string;
  readonly riskCode: string | undefined;
  readonly riskLevel: string | undefined;
}

export interface Image {
  readonly imageId: string;
  readonly imageName: string;
  /** `Waiting`, `Creating`, `Available`, `UnAvailable`, `CreateFailed`, `Deprecated`. */
  readonly status: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly disks: readonly ImageDisk[];
  /** The result of DetectionStrategy; absent when no check was asked for. */
  readonly check: { readonly finished: boolean; readonly items: readonly ImageCheckItem[] } | undefined;
}

export type ImageQuery =
  | { readonly imageIds: readonly string[] }
  | { readonly tag: { readonly key: string; readonly value: string } }
  | { readonly imageName: string };

export interface ImageService {
  importImage(request: ImportImageRequest): Promise<ImportStarted>;
  /** At most 100 ids a call; tasks that ECS does not know are left out. */
  describeTasks(query: { taskIds: readonly string[] } | { imageId: string }): Promise<readonly Task[]>;
  /** Undefined when ECS does not know the task. */
  describeTask(taskId: string): Promise<TaskDetails | undefined>;
  /** Images in every status. */
  describeImages(query: ImageQuery): Promise<readonly Image[]>;
  cancelTask(taskId: string): Promise<void>;
}

/** A function as it is deployed. What Function Compute does not tell is left out. */
export interface DeployedFunction {
  readonly name: string;
  /** `acs:fc:<region>:<account>:functions/<name>` */
  readonly arn?: string;
  readonly runtime?: string;
  readonly handler?: string;
  readonly timeoutInSeconds?: number;
  /** ARN of the role that it runs with. */
  readonly role?: string;
  /** `Pending`, `Active`, `Inactive`, `Failed`; other words are in use and unpublished. */
  readonly state?: string;
  /** `Successful`, `Failed`, `InProgress`. */
  readonly lastUpdate?: string;
  /** What Function Compute says of a state or an update that is not good. */
  readonly trouble?: string;
  readonly environment: ReadonlyMap<string, string>;
}

export interface DeployedTrigger {
  readonly name: string;
  /** `oss`, `timer`, `http` … */
  readonly type: string;
  readonly sourceArn?: string;
  readonly qualifier?: string;
  /** False when it is known to be switched off. */
  readonly enabled: boolean;
  /** OSS: `oss:ObjectCreated:PutObject` … */
  readonly events: readonly string[];
  /** OSS: what keys must begin and end with; empty for any. */
  readonly prefix: string;
  readonly suffix: string;
  /** Timer: `@every 1m`. */
  readonly schedule?: string;
}

/** What becomes of events that a function fails on. What is not set is left out, and Function Compute's defaults count. */
export interface DeployedAsyncInvocation {
  readonly retryAttempts?: number;
  readonly maximumAgeInSeconds?: number;
  /** ARN of what is told of an event that is given up; without it such an event is dropped. */
  readonly onFailure?: string;
}

/** What is deployed; only the operator's command asks. */
export interface FunctionService {
  /** Undefined when there is no such function in the region. */
  describeFunction(name: string): Promise<DeployedFunction | undefined>;
  listTriggers(functionName: string): Promise<readonly DeployedTrigger[]>;
  describeAsyncInvocation(functionName: string): Promise<DeployedAsyncInvocation>;
}

export interface Cloud {
  readonly objects: ObjectStore;
  readonly images: ImageService;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}
