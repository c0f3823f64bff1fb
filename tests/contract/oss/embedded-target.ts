import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OSS from "ali-oss";
import type { OssObjectEvent } from "../../../local/oss/events.ts";
import {
  type BucketOptions,
  createOssServer,
  type OssServer,
  type OssServerOptions,
} from "../../../local/oss/server.ts";
import { type Faults, noFaults } from "../../../local/wire/faults.ts";
import type { Identity } from "../../../local/wire/identities.ts";
import type { Clock } from "../../../shared/clock.ts";

export const owner: Identity = {
  accessKeyId: "LTAItestak",
  accessKeySecret: "testsecret",
  accountId: "1234567890123456",
};

/** The session of the captured requests; it expires an hour after they were made. */
export const session: Identity = {
  accessKeyId: "STS.testak",
  accessKeySecret: "stssecret",
  securityToken: "CAISxx",
  expiresAt: new Date("2026-11-23T11:33:36Z"),
  accountId: owner.accountId,
};

/** A clock that only the test moves. */
export const settableClock = (start: Date): Clock & { set(time: Date): void } => {
  let time = start;
  return {
    now: () => time,
    sleep: async (milliseconds) => {
      time = new Date(time.getTime() + milliseconds);
    },
    set: (next) => {
      time = next;
    },
  };
};

export interface EmbeddedOss {
  readonly server: OssServer;
  readonly endpoint: string;
  readonly directory: string;
  readonly bucket: string;
  readonly events: OssObjectEvent[];
  readonly faults: Faults;
  client(options?: Partial<OSS.Options>): OSS;
  close(): Promise<void>;
}

/** A server with one bucket, in a directory of its own. */
export const startEmbeddedOss = async (
  options: Pick<OssServerOptions, "clock"> & Partial<OssServerOptions> & { identityList?: readonly Identity[] },
  bucketOptions: BucketOptions = {},
): Promise<EmbeddedOss> => {
  const directory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "oss-")));
  const known = options.identityList ?? [owner, session];
  const events: OssObjectEvent[] = [];
  const faults = noFaults();
  const bucket = "images-prod";
  const server = await createOssServer({
    identities: {
      find: (id) => known.find(({ accessKeyId }) => accessKeyId === id),
      issueSession: () => session,
    },
    faults,
    dataDirectory: directory,
    region: "cn-hangzhou",
    accountId: owner.accountId,
    onObjectEvent: (event) => events.push(event),
    ...options,
  });
  await server.createBucket(bucket, bucketOptions);
  const { endpoint } = await server.listen(0);
  return {
    server,
    endpoint,
    directory,
    bucket,
    events,
    faults,
    client: (more = {}) =>
      new OSS({
        accessKeyId: owner.accessKeyId,
        accessKeySecret: owner.accessKeySecret,
        endpoint,
        region: "oss-cn-hangzhou",
        bucket,
        authorizationV4: true,
        ...more,
      }),
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
