import type { Clock } from "../../../shared/clock.ts";
import { CloudError } from "../../../shared/cloud/cloud-error.ts";
import type { BucketSummary, Cloud, ImageService } from "../../../shared/cloud/ports.ts";
import { LedgerUnsafe } from "../../../shared/ledger/ledger.ts";
import { importDepsOf } from "../../../shared/runtime/import-deps-of.ts";
import { memoryObjects } from "../ledger/memory-objects.ts";

const minutes = 60_000;
let instances = 0;

/** A warm instance whose state bucket and clock the test changes; `invoke` begins an invocation. */
function instance() {
  let now = Date.parse("2026-11-23T10:00:00Z");
  let answer: () => Promise<BucketSummary["versioning"]> = async () => "Off";
  let asked = 0;
  const objects = memoryObjects();
  const cloud: Cloud = {
    objects: {
      ...objects,
      bucket: async (name) => {
        asked += 1;
        const versioning = await answer();
        const summary = await objects.bucket(name);
        return summary && { ...summary, versioning };
      },
    },
    images: {} as ImageService,
  };
  const clock: Clock = { now: () => new Date(now), sleep: async () => undefined };
  instances += 1;
  // What was found of a bucket is known to the whole process.
  const stateBucket = `state-${instances}`;
  return {
    asked: () => asked,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    answers: (next: typeof answer) => {
      answer = next;
    },
    invoke: () =>
      importDepsOf({
        cloud,
        region: "cn-hangzhou",
        imageBucket: "images",
        stateBucket,
        claimant: "r-1",
        deadline: new Date(now + minutes),
        log: () => undefined,
        clock,
        random: () => 0,
      }),
  };
}

describe("a warm instance", () => {
  it("asks for its state bucket at once, and not again within five minutes", async () => {
    const { invoke, asked, pass } = instance();
    const { safety } = invoke();
    expect(asked()).toBe(1);
    await safety;
    pass(5 * minutes - 1);
    await invoke().safety;
    expect(asked()).toBe(1);
  });

  it.each(["Enabled", "Suspended"] as const)("notices versioning that becomes %s", async (versioning) => {
    const { invoke, answers, pass } = instance();
    await invoke().safety;
    answers(async () => versioning);
    await expect(invoke().safety).resolves.toBeUndefined();
    pass(5 * minutes);
    const { safety, deps } = invoke();
    await expect(safety).rejects.toThrow(LedgerUnsafe);
    // Refused before anything of the step is looked at.
    const step = { state: "claimed", subject: {} };
    await expect(deps.ledger.append(undefined, step as never)).rejects.toThrow(`has versioning ${versioning}`);
    await expect(invoke().safety).rejects.toThrow(LedgerUnsafe);
  });

  it("does not hold up what only reads while it asks again", async () => {
    const { invoke, answers, pass, asked } = instance();
    await invoke().safety;
    pass(5 * minutes);
    answers(() => new Promise(() => undefined));
    expect(await invoke().deps.objects.stat({ bucket: "images", key: "a.raw" })).toBeUndefined();
    expect(asked()).toBe(2);
  });

  it("asks again after an answer that failed, and after its clock was set back", async () => {
    const { invoke, answers, pass, asked } = instance();
    answers(() => Promise.reject(new CloudError({ service: "oss", code: "AccessDenied", message: "no" })));
    await expect(invoke().safety).rejects.toThrow("no");
    answers(async () => "Off");
    await invoke().safety;
    expect(asked()).toBe(2);
    pass(-60 * minutes);
    await invoke().safety;
    expect(asked()).toBe(3);
  });
});
