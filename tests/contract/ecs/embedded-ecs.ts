/** An embedded ECS with what it needs: a clock to turn by hand, an account, and objects in memory. */
import { createEcsServer, type EcsServer } from "../../../local/ecs/server.ts";
import { createIdentities } from "../../../local/ram/identities.ts";
import { preparedRoles, type Roles } from "../../../local/ram/roles.ts";
import { type Faults, noFaults } from "../../../local/wire/faults.ts";
import type { Identities, Identity } from "../../../local/wire/identities.ts";
import type { BucketFacts, ObjectLookup, StoredObjectFacts } from "../../../local/wire/object-lookup.ts";
import { type Clock, systemClock } from "../../../shared/clock.ts";

export const region = "cn-hangzhou";
export const accountId = "1234567890123456";
export const account: Identity = { accessKeyId: "LTAItestak", accessKeySecret: "testsecret", accountId };

/** A clock that moves only when told to. */
interface HandClock extends Clock {
  advance(seconds: number): void;
}

const createHandClock = (): HandClock => {
  let now = Date.parse("2026-11-23T10:00:00Z");
  return {
    now: () => new Date(now),
    sleep: async () => undefined,
    advance: (seconds) => {
      now += seconds * 1000;
    },
  };
};

/** Objects in memory, with the facts of buckets and objects that a test wants changed. */
interface MemoryObjects extends ObjectLookup {
  addBucket(facts: Partial<BucketFacts> & { readonly name: string }): void;
  put(bucket: string, key: string, content: Buffer, facts?: Partial<StoredObjectFacts>): void;
}

const createMemoryObjects = (): MemoryObjects => {
  const buckets = new Map<string, BucketFacts>();
  const objects = new Map<string, StoredObjectFacts>();
  return {
    bucket: (name) => buckets.get(name),
    object: async (bucket, key) => objects.get(`${bucket}/${key}`),
    addBucket: (facts) =>
      void buckets.set(facts.name, { region, ownerAccountId: accountId, encryption: undefined, ...facts }),
    put: (bucket, key, content, facts) =>
      void objects.set(`${bucket}/${key}`, {
        key,
        size: content.length,
        etag: "0F343B0931126A20F133D67C2B018A3B",
        storageClass: "Standard",
        readable: true,
        encryption: undefined,
        read: async (offset, length) => content.subarray(offset, offset + length),
        ...facts,
      }),
  };
};

export interface EmbeddedEcs {
  readonly server: EcsServer;
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly clock: HandClock;
  readonly objects: MemoryObjects;
  readonly roles: Roles;
  readonly faults: Faults;
  readonly identities: Identities;
}

export const startEmbeddedEcs = async (): Promise<EmbeddedEcs> => {
  const clock = createHandClock();
  const objects = createMemoryObjects();
  objects.addBucket({ name: "images" });
  objects.put("images", "in/web.qcow2", qcow2Header(2 * 1024 ** 3));
  const roles = preparedRoles();
  const faults = noFaults();
  const identities = createIdentities([account]);
  const server = createEcsServer({
    clock,
    signingClock: systemClock,
    identities,
    faults,
    objects,
    roles,
    region,
    accountId,
  });
  const { port } = await server.listen(0);
  return { server, endpoint: `127.0.0.1:${port}`, clock, objects, roles, faults, identities };
};

/** The set-up of a suite: each test has an embedded ECS of its own, which ends with it. */
export const ecsOfEachTest = (): EmbeddedEcs => {
  // Filled before each test.
  const cloud = {} as EmbeddedEcs;
  beforeEach(async () => {
    Object.assign(cloud, await startEmbeddedEcs());
  });
  afterEach(() => cloud.server.close());
  return cloud;
};

/** The first bytes of a QCOW2 image of the given virtual size. */
export const qcow2Header = (virtualSizeInBytes: number): Buffer => {
  const header = Buffer.alloc(1024);
  header.write("QFI\xfb", 0, "latin1");
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(BigInt(virtualSizeInBytes), 24);
  return header;
};

/** A dynamic VHD of the given size and table, without data. */
export const dynamicVhd = (sizeInBytes: number, maxTableEntries: number, blockSizeInBytes: number): Buffer => {
  const footer = Buffer.alloc(512);
  footer.write("conectix", 0, "latin1");
  footer.writeBigUInt64BE(512n, 16);
  footer.writeBigUInt64BE(BigInt(sizeInBytes), 48);
  footer.writeUInt32BE(3, 60);
  const header = Buffer.alloc(1024);
  header.write("cxsparse", 0, "latin1");
  header.writeUInt32BE(maxTableEntries, 28);
  header.writeUInt32BE(blockSizeInBytes, 32);
  return Buffer.concat([footer, header, footer]);
};
