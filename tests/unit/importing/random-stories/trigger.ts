import { importUpload } from "../../../../functions/import-image/import-uploads.ts";
import { cancelRemoved } from "../../../../shared/importing/cancel-import.ts";
import { isBucketManifestKey } from "../../../../shared/manifest/manifest-names.ts";
import { bucket, type World } from "./world.ts";

interface Delivery {
  readonly requestId: string;
  readonly key: string;
  readonly etag: string;
  readonly kind: "upload" | "removal";
  readonly tries: number;
  readonly due: number;
}

export type Trigger = ReturnType<typeof createTrigger>;

const [fewSeconds, tenMinutes, hour] = [5_000, 600_000, 3_600_000];
const triesOfFc = 4;

/** OSS's trigger and FC's queue: events come late, in any order, twice, or not at all, and again when they fail. */
export function createTrigger({ run, clock, objects, below, chance, say }: World) {
  let queue: Delivery[] = [];
  let givenUp: Delivery[] = [];
  let requests = 0;
  const handled = new Set<string>();
  const unheard = new Set<string>();
  const now = (): number => clock.now().getTime();
  /** They come in any order. */
  const enqueue = (delivery: Delivery): void => {
    queue.splice(below(queue.length + 1), 0, delivery);
  };
  const add = (event: Pick<Delivery, "key" | "etag" | "kind">, delay: number): void => {
    requests += 1;
    enqueue({ ...event, requestId: `r-${requests}`, tries: 0, due: now() + below(delay) });
  };

  const tell = async (key: string, kind: Delivery["kind"]): Promise<void> => {
    if (kind === "removal" && isBucketManifestKey(key)) return;
    const etag = (await objects.stat({ bucket, key }))?.etag ?? "";
    if (chance(0.1)) {
      say("  its event is lost");
      unheard.add(`${key} ${etag}`);
      return;
    }
    unheard.delete(`${key} ${etag}`);
    add({ key, etag, kind }, chance(0.2) ? tenMinutes : fewSeconds);
    if (chance(0.15)) add({ key, etag, kind }, hour);
  };

  const handle = async (delivery: Delivery): Promise<void> => {
    const { requestId, key, etag, kind, tries } = delivery;
    const isDone = await run(requestId, (deps) =>
      kind === "upload" ? importUpload(key, deps, etag) : cancelRemoved(key, deps),
    );
    if (isDone) handled.add(key);
    else if (tries + 1 === triesOfFc) givenUp.push(delivery);
    else enqueue({ ...delivery, tries: tries + 1, due: now() + 60_000 * (tries + 1) });
  };

  return {
    /** Keys with an event that was delivered and acknowledged. */
    handled,
    /** `KEY ETAG` of versions that were last written without an event that told of it. */
    unheard,
    isIdle: (): boolean => queue.length === 0,
    put: async (key: string, body: string): Promise<void> => {
      say(`PUT ${key} ${JSON.stringify(body)}`);
      await objects.put({ bucket, key }, body, "text/plain");
      await tell(key, "upload");
    },
    remove: async (key: string): Promise<void> => {
      if (!(await objects.stat({ bucket, key }))) return;
      say(`DELETE ${key}`);
      await objects.delete({ bucket, key });
      await tell(key, "removal");
    },
    /** Invokes the function for what is due, one after the other and at once. */
    deliver: async (): Promise<void> => {
      const due = queue.filter((delivery) => delivery.due <= now());
      queue = queue.filter((delivery) => !due.includes(delivery));
      const running: Promise<void>[] = [];
      for (const delivery of due) {
        const one = handle(delivery);
        if (chance(0.5)) running.push(one);
        else await one;
      }
      await Promise.all(running);
    },
    /** Somebody replays the failure queue. False when it is empty. */
    redrive: (): boolean => {
      const again = givenUp;
      givenUp = [];
      for (const delivery of again) add(delivery, 1);
      return again.length > 0;
    },
  };
}
