import fc from "fast-check";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { ObjectStore } from "../../../shared/cloud/ports.ts";
import {
  isThrottling,
  type Patience,
  pauseInMilliseconds,
  retryingObjects,
  withRetries,
} from "../../../shared/cloud/retry.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

/** Patience on a clock that only sleeping moves. */
const patienceOf = (seconds: number, random = 0): Patience & { readonly slept: readonly number[] } => {
  let now = 0;
  const slept: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    slept.push(milliseconds);
    now += milliseconds;
  };
  return {
    clock: { now: () => new Date(now), sleep },
    deadline: new Date(seconds * 1000),
    random: () => random,
    slept,
  };
};

const fault = (code = "NoAnswer", more: Partial<ConstructorParameters<typeof CloudError>[0]> = {}): CloudError =>
  new CloudError({ service: "oss", code, message: code, ...more });

const lostAnswer = () => fault("NoAnswer", { outcomeUnknown: true });

/** Fails with these, then succeeds; counts its calls. */
const failing = (...faults: readonly Error[]) => {
  let calls = 0;
  return {
    get calls() {
      return calls;
    },
    call: async (): Promise<string> => {
      const error = faults[calls];
      calls += 1;
      if (error) throw error;
      return "done";
    },
  };
};

describe("the pause before another try", () => {
  it("grows from 200 ms to 10 s, with jitter in its upper half", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
        const ceiling = Math.min(10_000, 200 * 2 ** tries);
        const pause = pauseInMilliseconds(tries, () => random);
        expect(pause).toBeGreaterThanOrEqual(ceiling / 2);
        expect(pause).toBeLessThanOrEqual(ceiling);
      }),
    );
    expect([1, 2, 3, 9, 60].map((tries) => pauseInMilliseconds(tries, () => 1))).toEqual([
      400, 800, 1600, 10_000, 10_000,
    ]);
  });

  it("is never shorter than what the service asks for", () => {
    expect(pauseInMilliseconds(1, () => 0, 30_000)).toBe(30_000);
    expect(pauseInMilliseconds(5, () => 1, 1)).toBe(6400);
  });
});

describe("a call that is repeated", () => {
  const always = () => true;

  it("is made once when it succeeds", async () => {
    const work = failing();
    expect(await withRetries(work.call, always, patienceOf(60))).toBe("done");
    expect(work.calls).toBe(1);
  });

  it("is made again until it succeeds, with growing pauses", async () => {
    const work = failing(lostAnswer(), lostAnswer(), lostAnswer());
    const patience = patienceOf(60, 1);
    expect(await withRetries(work.call, always, patience)).toBe("done");
    expect([work.calls, patience.slept]).toEqual([4, [400, 800, 1600]]);
  });

  it("is given up after five tries, with the last error as it was", async () => {
    const errors = [1, 2, 3, 4, 5, 6].map((number) => fault(`Fault${number}`));
    const work = failing(...errors);
    await expect(withRetries(work.call, always, patienceOf(600))).rejects.toBe(errors[4]);
    expect(work.calls).toBe(5);
  });

  it("is not made again when time cannot heal its error", async () => {
    const error = fault("AccessDenied");
    const work = failing(error);
    await expect(withRetries(work.call, () => false, patienceOf(60))).rejects.toBe(error);
    expect(work.calls).toBe(1);
  });

  it("is not made again when the pause would pass the deadline", async () => {
    const patience = patienceOf(1, 1);
    const work = failing(...Array(9).fill(lostAnswer()));
    await expect(withRetries(work.call, always, patience)).rejects.toThrow();
    expect([work.calls, patience.slept]).toEqual([2, [400]]);
  });

  it("waits as long as the service asks, or gives up when there is no time for that", async () => {
    const asking = (seconds: number) => fault("Throttling", { retryAfterInMilliseconds: seconds * 1000 });
    const patience = patienceOf(60);
    expect(await withRetries(failing(asking(30)).call, always, patience)).toBe("done");
    expect(patience.slept).toEqual([30_000]);
    await expect(withRetries(failing(asking(90)).call, always, patienceOf(60))).rejects.toThrow("Throttling");
  });

  it("never lasts past its deadline", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(30_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(9),
        async (time, random, faults) => {
          const patience = patienceOf(time / 1000, random);
          await withRetries(failing(...Array(faults).fill(lostAnswer())).call, always, patience, 100).catch(
            () => undefined,
          );
          expect(patience.clock.now().getTime()).toBeLessThanOrEqual(time);
        },
      ),
    );
  });
});

describe("throttling", () => {
  it.each([
    ["Throttling", true],
    ["Throttling.User", true],
    ["Rejected.Throttling", true],
    ["TooManyRequests", true],
    ["QpsLimitExceeded", true],
    ["DownloadTrafficRateLimitExceeded", true],
    ["UploadTrafficRateLimitExceeded", true],
    ["AccessDenied", false],
    ["NoAnswer", false],
    ["", false],
  ])("is meant by %j: %p", (code, expected) => {
    expect(isThrottling(code)).toBe(expected);
  });
});

describe("a store whose calls are repeated", () => {
  const object = { bucket: "b", key: "k" };
  const calls: readonly [string, (store: ObjectStore) => Promise<unknown>][] = [
    ["stat", (store) => store.stat(object)],
    ["read", (store) => store.read(object, 10)],
    [
      "readRange",
      (store) => store.readRange(object, { offset: 0, length: 1, etag: "0CC175B9C0F1B6A831C399E269772661" }),
    ],
    ["create", (store) => store.create({ bucket: "b", key: "new" }, "x")],
    ["put", (store) => store.put(object, "a", "text/plain")],
    ["delete", (store) => store.delete({ bucket: "b", key: "other" })],
    ["list", (store) => store.list("b", { prefix: "" })],
    ["bucket", (store) => store.bucket("b")],
  ];

  /** A store whose first calls of every kind fail with these. */
  const storeFailing = async (...faults: readonly Error[]): Promise<{ store: ObjectStore; tries: () => number }> => {
    const objects = memoryObjects();
    await objects.put(object, "a", "text/plain");
    let tries = 0;
    const failFirst =
      <A extends readonly unknown[], R>(call: (...parts: A) => Promise<R>) =>
      (...parts: A): Promise<R> => {
        const error = faults[tries];
        tries += 1;
        return error ? Promise.reject(error) : call(...parts);
      };
    const store: ObjectStore = {
      stat: failFirst(objects.stat),
      read: failFirst(objects.read),
      readRange: failFirst(objects.readRange),
      create: failFirst(objects.create),
      put: failFirst(objects.put),
      delete: failFirst(objects.delete),
      list: failFirst(objects.list),
      bucket: failFirst(objects.bucket),
    };
    return { store, tries: () => tries };
  };

  it.each(calls)("repeats %s after a lost answer and after throttling", async (_, call) => {
    for (const error of [lostAnswer(), fault("QpsLimitExceeded", { status: 503 }), fault("Odd", { status: 429 })]) {
      const { store, tries } = await storeFailing(error);
      await expect(call(retryingObjects(store, patienceOf(60)))).resolves.not.toBe(error);
      expect(tries()).toBe(2);
    }
  });

  it.each(calls)("does not repeat %s after a refusal", async (_, call) => {
    const error = fault("AccessDenied", { status: 403 });
    const { store, tries } = await storeFailing(error);
    await expect(call(retryingObjects(store, patienceOf(60)))).rejects.toBe(error);
    expect(tries()).toBe(1);
  });

  it("gives each call's own answer", async () => {
    const { store } = await storeFailing();
    const repeated = retryingObjects(store, patienceOf(60));
    expect(await repeated.create(object, "b")).toBe(false);
    expect(await repeated.create({ bucket: "b", key: "new" }, "b")).toBe(true);
    expect((await repeated.read(object, 10))?.body.toString()).toBe("a");
    expect((await repeated.list("b", { prefix: "n" })).objects.map(({ key }) => key)).toEqual(["new"]);
  });
});
