/**
 * The embedded OSS: the object storage of an embedded cloud, over OSS's own protocol, for unmodified clients.
 *
 * Gaps (real OSS has them, this server refuses them by name):
 * - lifecycle, CORS, website, logging, referer, policy, WORM, replication, inventory and every other sub-resource in
 *   `operation.ts`; image processing, callbacks, encryption with keys of the customer, asynchronous fetch.
 * - AppendObject on a versioned bucket; `delimiter` in ListObjectVersions and ListMultipartUploads; RTMP; Select.
 * - Storage classes and encryption are remembered and shown, and archived objects must be restored before they are read;
 *   nothing is encrypted or moved. There are no minimum storage periods.
 * - Unfinished multipart uploads do not outlive the process.
 *
 * By design:
 * - Objects are plain files in `dataDirectory/<bucket>/`, for a person to see and to drop more in; see `object-store.ts`
 *   for keys that cannot be file names. Where a file system ignores case, keys that differ by case only are hidden.
 * - A large file that was dropped into the folder has no CRC-64 and an ETag made of its size, time and inode, because
 *   reading it would take longer than importing it. Its bytes are served from the user's own file, as they are then.
 * - `x-oss-traffic-limit` and `x-oss-request-payer` are accepted and change nothing.
 * - Errors carry the codes, statuses and shapes of OSS; the numbers in `EC` are not those of OSS.
 * - A write with `If-Match` or its like is refused: OSS's reference has no such condition, and ignoring it could cost data.
 *
 * Client quirks:
 * - ali-oss with an IP endpoint sends `Host: <bucket>.oss-<region>.aliyuncs.com`; with `localhost` it asks for a host
 *   that does not resolve, with `sldEnable` it names the bucket in both places, with `cname` in neither.
 * - ali-oss turns every 404 to a HEAD into NoSuchKey, of a missing bucket too.
 * - ossutil signs its RFC 1123 `Date` in version 4; the Go SDK writes a space in a path as `+`; Python's oss2 wants
 *   `.000Z` in listings; ossutil's `stat` asks for `?acl`.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Faults } from "../wire/faults.ts";
import { type HttpService, startHttpService } from "../wire/http-service.ts";
import type { Identities } from "../wire/identities.ts";
import type { ObjectLookup } from "../wire/object-lookup.ts";
import type { Authorize } from "./access.ts";
import { type EventFacts, type EventShape, type OssObjectEvent, objectEvent } from "./events.ts";
import { type FolderWatch, watchFolder } from "./folder-watch.ts";
import { createMultipartUploads } from "./multipart-uploads.ts";
import { isValidBucketName } from "./object-key.ts";
import { createObjectLookup } from "./object-lookup-in-store.ts";
import { openObjectStore } from "./object-store.ts";
import { wholeSeconds } from "./operation-context.ts";
import { answerRequest, internalError, newRequestId, type Service } from "./pipeline.ts";
import type { Bucket } from "./stored-object.ts";

export interface OssServerOptions {
  readonly clock: Clock;
  /**
   * The clock that callers date and sign their requests by; `clock` when absent. Give the machine's where a test turns
   * `clock` ahead, or official clients, which know no other, are refused for their dates.
   */
  readonly signingClock?: Clock;
  readonly identities: Identities;
  readonly faults: Faults;
  /** Made when it is missing. What an earlier server left there is served again. */
  readonly dataDirectory: string;
  /** Without the `oss-` prefix, e.g. `cn-hangzhou`. */
  readonly region: string;
  /** The owner of buckets that `createBucket` makes. */
  readonly accountId: string;
  readonly authorize?: Authorize;
  /** Called once for each event, after the change is made and before the request is answered. */
  readonly onObjectEvent?: (event: OssObjectEvent) => void;
  readonly eventShape?: EventShape;
  /** How long RestoreObject takes on the clock. Default 60. */
  readonly restoreSeconds?: number;
}

export type BucketOptions = Partial<Pick<Bucket, "region" | "ownerAccountId" | "acl" | "versioning" | "encryption">>;

export interface OssServer {
  /** 0 takes any free port. The endpoint is `http://127.0.0.1:PORT`. */
  listen(port: number): Promise<{ readonly endpoint: string; readonly port: number }>;
  close(): Promise<void>;
  readonly lookup: ObjectLookup;
  /**
   * Makes the bucket's folder a place to drop files into: each becomes an upload once it has stopped growing, and each
   * that is taken away a delete. Resolves to the folder's path.
   */
  watchFolder(bucketName: string, pollMilliseconds?: number): Promise<string>;
  /** Makes a bucket, or changes the given settings of one that is there. */
  createBucket(name: string, options?: BucketOptions): Promise<void>;
}

export const createOssServer = async (options: OssServerOptions): Promise<OssServer> => {
  const { clock } = options;
  const store = await openObjectStore(options.dataDirectory);
  const service: Service = {
    ...options,
    store,
    uploads: createMultipartUploads(),
    restoreSeconds: options.restoreSeconds ?? 60,
    emit: (facts: EventFacts, bucket, caller) => {
      const origin = { bucket: bucket.settings, time: clock.now(), ...caller };
      options.onObjectEvent?.(objectEvent(facts, origin, options.eventShape ?? {}));
    },
  };
  let http: HttpService | undefined;
  const watches = new Map<string, FolderWatch>();
  return {
    listen: async (port) => {
      http = await startHttpService({
        port,
        clock,
        handle: (request) => answerRequest(service, request),
        internalError,
      });
      return { endpoint: http.endpoint, port: http.port };
    },
    close: async () => {
      await Promise.all([...watches.values()].map((watch) => watch.close()));
      await http?.close();
    },
    watchFolder: async (bucketName, pollMilliseconds) => {
      const bucket = store.buckets.get(bucketName);
      if (bucket === undefined) throw new Error(`There is no bucket "${bucketName}".`);
      const principalId = bucket.settings.ownerAccountId;
      await watches.get(bucketName)?.close();
      const watch = watchFolder({
        store,
        bucket,
        lastModified: () => wholeSeconds(clock.now()),
        emit: (facts) =>
          service.emit(facts, bucket, { requestId: newRequestId(), sourceIPAddress: "127.0.0.1", principalId }),
        ...(pollMilliseconds === undefined ? {} : { pollMilliseconds }),
      });
      watches.set(bucketName, watch);
      return bucket.folder;
    },
    lookup: createObjectLookup(store, clock),
    createBucket: async (name, settings = {}) => {
      if (!isValidBucketName(name)) throw new Error(`"${name}" is not a bucket name that OSS allows.`);
      await store.saveBucket({
        name,
        region: options.region,
        ownerAccountId: options.accountId,
        acl: "private",
        createdAt: wholeSeconds(clock.now()),
        ...store.buckets.get(name)?.settings,
        ...settings,
      });
    },
  };
};
