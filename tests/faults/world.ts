/** One account with OSS and ECS over real HTTP, the functions' code in this process, and the faults that they meet. */
import OSS from "ali-oss";
import { importUpload } from "../../functions/import-image/import-uploads.ts";
import { runTick } from "../../functions/report-tasks/tick.ts";
import { createEcsServer, type EcsServer } from "../../local/ecs/server.ts";
import { createOssServer } from "../../local/oss/server.ts";
import { createIdentities } from "../../local/ram/identities.ts";
import { preparedRoles, type Roles } from "../../local/ram/roles.ts";
import { type Fault, noFaults, type RequestSeen } from "../../local/wire/faults.ts";
import type { Identity } from "../../local/wire/identities.ts";
import { systemClock } from "../../shared/clock.ts";
import { cancelRemoved } from "../../shared/importing/cancel-import.ts";
import type { ImportDeps } from "../../shared/importing/import-deps.ts";
import { objectKind } from "../../shared/importing/object-kind.ts";
import { importRouted } from "../../shared/importing/route-object.ts";
import type { LogEvent, LogFields, LogLevel } from "../../shared/log/log.ts";
import { type CancelWatch, watchCancelling } from "./cancel-watch.ts";
import { createInvocations } from "./invocations.ts";
import { createMirror, type Mirror } from "./mirror.ts";
import { cancelAsOperator } from "./operator.ts";
import { type WorldClock, worldClock } from "./world-clock.ts";
import { newDirectory } from "./world-directory.ts";

export const imageBucket = "images";
export const stateBucket = "images-state";
const region = "cn-hangzhou";
const owner: Identity = {
  accessKeyId: "LTAI5tFaultsOwner",
  accessKeySecret: "synthetic-secret",
  accountId: "1234567890123456",
};

/** FC's asynchronous invocation: one delivery and three more, as s.yaml asks. */
const deliveries = 4;

/** A person who sees a command fail repeats it, but not for ever. */
const mostTriesOfOperator = 20;

export interface LogLine {
  readonly level: LogLevel;
  readonly event: LogEvent;
  readonly fields: LogFields;
}

/** What OSS says of one object. */
export interface ObjectNews {
  readonly key: string;
  /** It was deleted, not written. */
  readonly removed?: true;
}

export interface SeenRequest {
  readonly request: RequestSeen;
  /** Among the functions' requests, from 1. */
  readonly number: number;
  kill(): void;
  expire(): void;
}

export interface WorldOptions {
  /** Asked for every request of a function. */
  faultFor(seen: SeenRequest): Fault | undefined;
  readonly impatient?: boolean;
  /** How wrong the clock of an invocation's machine is, in milliseconds. */
  skew?(): number;
  random(): number;
  /** After so many requests none is answered any more. */
  readonly mostRequests?: number;
}

export interface World {
  readonly clock: WorldClock;
  readonly ecs: EcsServer;
  readonly roles: Roles;
  readonly mirror: Mirror;
  readonly cancelWatch: CancelWatch;
  readonly lines: readonly LogLine[];
  /** Every event that reached the function, once. */
  readonly handled: readonly ObjectNews[];
  /** The functions' requests so far. */
  requests(): number;
  /** Events that OSS has sent and nobody has handled yet. */
  readonly events: ObjectNews[];
  /** Events that FC gave up: what its failure queue holds. */
  readonly failed: ObjectNews[];
  upload(key: string, body: Buffer | string): Promise<void>;
  remove(key: string): Promise<void>;
  /** Handles one event as FC would: again after a failure, three times at most. */
  handle(news: ObjectNews): Promise<void>;
  handleAll(): Promise<void>;
  tick(): Promise<void>;
  /** What an operator's command does, again and again until it does not fail. */
  replay(key: string): Promise<void>;
  cancel(key: string): Promise<void>;
  /** Runs before each call of a function's code to the cloud; for putting something in between. */
  interleave: ((call: { readonly number: number; readonly method: string }) => Promise<void>) | undefined;
  close(): Promise<void>;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const directory = await newDirectory("faults-");
  const dataDirectory = directory.path;
  const clock = worldClock();
  const identities = createIdentities([owner]);
  const faults = noFaults();
  const roles = preparedRoles();
  const mirror = createMirror(dataDirectory, imageBucket, stateBucket);
  const events: ObjectNews[] = [];
  const base = { clock, signingClock: systemClock, identities, faults, region, accountId: owner.accountId };
  const oss = await createOssServer({
    ...base,
    dataDirectory,
    onObjectEvent: (event) => {
      const record = mirror.see(event);
      if (record) cancelWatch.recorded(record);
      const { bucket, object } = event.oss;
      const { kind } = objectKind(object.key);
      if (bucket.name !== imageBucket || kind === "own" || kind === "other") return;
      const removed = event.eventName.startsWith("ObjectRemoved:");
      events.push({ key: object.key, ...(removed ? { removed } : {}) });
    },
  });
  await oss.createBucket(imageBucket);
  await oss.createBucket(stateBucket);
  const ecs = createEcsServer({ ...base, objects: oss.lookup, roles, settings: { importSeconds: 30 } });
  const cancelWatch = watchCancelling(mirror, ecs);
  const ossEndpoint = (await oss.listen(0)).endpoint;
  const ecsEndpoint = `http://127.0.0.1:${(await ecs.listen(0)).port}`;
  const client = new OSS({
    region: `oss-${region}`,
    endpoint: ossEndpoint,
    bucket: imageBucket,
    accessKeyId: owner.accessKeyId,
    accessKeySecret: owner.accessKeySecret,
    authorizationV4: true,
    secure: false,
  });

  const lines: LogLine[] = [];
  const handled: ObjectNews[] = [];
  const failed: ObjectNews[] = [];
  const invocations = createInvocations({
    options,
    clock,
    identities,
    accountId: owner.accountId,
    region,
    imageBucket,
    stateBucket,
    ossEndpoint,
    ecsEndpoint,
    faults,
    onRequest: cancelWatch.asked,
    beforeCall: async (call) => world.interleave?.(call),
    log: (level, event, _message, fields = {}) => void lines.push({ level, event, fields }),
  });

  const asOperator = async (work: (deps: ImportDeps) => Promise<void>): Promise<void> => {
    for (let tries = 1; tries <= mostTriesOfOperator; tries += 1) {
      const ending = await invocations.run(invocations.newRequestId(), 120, work);
      if (ending.kind === "done") return;
      clock.advance(5000);
    }
  };

  const world: World = {
    clock,
    ecs,
    roles,
    mirror,
    cancelWatch,
    lines,
    handled,
    requests: invocations.requests,
    events,
    failed,
    interleave: undefined,
    upload: async (key, body) => {
      await client.put(key, Buffer.from(body));
    },
    remove: async (key) => {
      await client.delete(key);
    },
    handle: async (news) => {
      const { key, removed } = news;
      if (!handled.some((known) => known.key === key && known.removed === removed)) handled.push(news);
      const requestId = invocations.newRequestId();
      for (let delivery = 1; delivery <= deliveries; delivery += 1) {
        const ending = await invocations.run(requestId, 120, (deps) =>
          removed ? cancelRemoved(key, deps) : importUpload(key, deps),
        );
        if (ending.kind === "done") return;
        clock.advance(1000 * 2 ** delivery);
      }
      failed.push(news);
    },
    handleAll: async () => {
      for (let news = events.shift(); news !== undefined; news = events.shift()) await world.handle(news);
    },
    tick: async () => {
      await invocations.run(invocations.newRequestId(), 300, async (deps) => {
        const { trouble } = await runTick(deps);
        if (trouble) throw trouble;
      });
    },
    replay: (key) =>
      asOperator(async (deps) => {
        await importRouted(key, "replay", deps);
      }),
    cancel: (key) => asOperator((deps) => cancelAsOperator({ bucket: imageBucket, key }, deps)),
    close: async () => {
      await Promise.all([oss.close(), ecs.close()]);
      await directory.remove();
    },
  };
  return world;
}
