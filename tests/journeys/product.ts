/** The product on the embedded cloud, for journeys: built bundles, real s.yaml, real protocols, ticks at the test's word. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import OSS from "ali-oss";
import {
  type DeployedLocallyOptions,
  deployLocally,
  localBucket,
  localRegion,
  localStateBucket,
} from "../../cli/local/deployed-locally.ts";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";

export interface LoggedLine {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly key?: string;
  readonly trigger?: string;
  readonly reason?: string;
  readonly advice?: string;
  readonly jobId?: string;
  readonly taskId?: string;
  readonly imageId?: string;
  readonly findings?: readonly { readonly code: string; readonly severity: string }[];
  readonly [more: string]: unknown;
}

export interface Product {
  readonly cloud: EmbeddedCloud;
  readonly bucket: OSS;
  readonly stateBucket: OSS;
  /** Every JSON line of both functions so far. */
  readonly lines: readonly LoggedLine[];
  /** The same as raw text, with what else the functions wrote. */
  readonly output: readonly string[];
  upload(key: string, content: Buffer | string, headers?: Record<string, string>): Promise<void>;
  /** Resolves when no function is at work. */
  settle(): Promise<void>;
  /** Runs the timed function once. */
  tick(): Promise<void>;
  /** Ticks until no import runs any more, and 100 times at most. */
  untilEnded(): Promise<void>;
  linesOf(key: string): readonly LoggedLine[];
  statusOf(key: string): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export const packageRoot = resolve(__dirname, "../..");

export async function startProduct(options: Partial<DeployedLocallyOptions> = {}): Promise<Product> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "journey-"));
  const output: string[] = [];
  const lines: LoggedLine[] = [];
  const cloud = await deployLocally({
    packageRoot,
    dataDirectory,
    automaticTimers: false,
    ...options,
    ecsSettings: { importSeconds: 0.3, ...options.ecsSettings },
    onLogLine: ({ text }) => {
      output.push(text);
      if (text.startsWith("{")) lines.push(JSON.parse(text));
    },
  });
  const clientOf = (name: string): OSS =>
    new OSS({
      region: `oss-${localRegion}`,
      endpoint: cloud.endpoints.oss,
      accessKeyId: cloud.account.accessKeyId,
      accessKeySecret: cloud.account.accessKeySecret,
      bucket: name,
      authorizationV4: true,
    });
  const bucket = clientOf(localBucket);
  const settle = async (): Promise<void> => cloud.fc?.idle();
  const tick = async (): Promise<void> => {
    await cloud.fc?.fireTimer();
    await settle();
  };
  const stateBucket = clientOf(localStateBucket);
  return {
    cloud,
    bucket,
    stateBucket,
    lines,
    output,
    upload: async (key, content, headers) => {
      await bucket.put(key, Buffer.from(content), { ...(headers ? { headers } : {}) } as OSS.PutObjectOptions);
    },
    settle,
    tick,
    untilEnded: async () => {
      for (let ticks = 0; ticks < 100; ticks += 1) {
        await settle();
        await tick();
        const open = await stateBucket.listV2({ prefix: "open/", "max-keys": "1000" });
        if ((open.objects ?? []).every(({ name }) => !name.includes(".submitted.") && !name.includes(".claimed.")))
          return;
        await new Promise((done) => setTimeout(done, 100));
      }
      throw new Error("imports still run after 100 ticks");
    },
    linesOf: (key) => lines.filter((line) => line.key === key || line.trigger === key),
    statusOf: async (key) => JSON.parse(String((await bucket.get(`${key}.import-status.json`)).content)),
    close: async () => {
      await cloud.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

const cluster = 65_536;

/** A well-formed qcow2 (version 3) with an empty disk of this size. */
export function qcow2(virtualSize = 64 * 2 ** 20, marker = 0): Buffer {
  const image = Buffer.alloc(4 * cluster);
  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(BigInt(virtualSize), 24);
  image.writeUInt32BE(Math.max(1, Math.ceil(virtualSize / 2 ** 29)), 36);
  image.writeBigUInt64BE(BigInt(3 * cluster), 40);
  image.writeBigUInt64BE(BigInt(cluster), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(4, 96);
  image.writeUInt32BE(104, 100);
  image.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let index = 0; index < 4; index += 1) image.writeUInt16BE(1, 2 * cluster + 2 * index);
  // Beyond everything that is in use: makes the file another version of the same image.
  image.writeUInt32BE(marker, 4 * cluster - 4);
  return image;
}

/** A raw disk with a master boot record and nothing else. */
export function raw(sizeInMiB = 1, marker = 0): Buffer {
  const image = Buffer.alloc(sizeInMiB * 2 ** 20);
  image.writeUInt16BE(0x55aa, 510);
  image.writeUInt32BE(marker, 600);
  return image;
}

/** The native event of an upload, as the trigger would deliver it again. */
export function eventOf(product: Product, key: string) {
  const { accountId } = product.cloud.account;
  return {
    eventName: "ObjectCreated:PutObject",
    eventSource: "acs:oss",
    eventTime: "2026-11-23T10:00:00.000Z",
    eventVersion: "1.0",
    oss: {
      bucket: {
        arn: `acs:oss:${localRegion}:${accountId}:${localBucket}`,
        name: localBucket,
        ownerIdentity: accountId,
      },
      object: { deltaSize: -1, eTag: "0", key, size: 1 },
      ossSchemaVersion: "1.0",
      ruleId: "r",
    },
    region: localRegion,
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: { requestId: "r" },
    userIdentity: { principalId: accountId },
  };
}
