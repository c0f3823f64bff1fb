import fc from "fast-check";
import { isEnd, type JobState, type JobSubject, jobIdOf, jobStates, mayGo } from "../../../shared/ledger/job.ts";

describe("a job", () => {
  const transitions: Readonly<Record<JobState | "none", readonly JobState[]>> = {
    none: ["waiting", "rejected", "claimed"],
    waiting: ["waiting", "rejected", "claimed", "cancelled"],
    claimed: ["claimed", "submitted", "parked", "failed", "cancelling", "cancelled"],
    parked: ["waiting", "rejected", "claimed", "parked", "failed", "cancelled"],
    submitted: ["available", "failed", "cancelling", "cancelled"],
    cancelling: ["available", "cancelled", "cancelling"],
    rejected: ["waiting", "rejected", "claimed"],
    failed: ["waiting", "rejected", "claimed"],
    cancelled: ["waiting", "rejected", "claimed"],
    available: [],
  };

  it.each(Object.entries(transitions))("in state %s may go to %j and nowhere else", (from, expected) => {
    const state = jobStates.find((known) => known === from);
    expect(jobStates.filter((to) => mayGo(state, to)).sort()).toEqual([...expected].sort());
  });

  it("is submitted only from a claim, so that no import is asked for without one", () => {
    expect([undefined, ...jobStates].filter((from) => mayGo(from, "submitted"))).toEqual(["claimed"]);
  });

  it("that is available stays so for ever", () => {
    expect(jobStates.some((to) => mayGo("available", to))).toBe(false);
  });

  it("has ended in four of its states", () => {
    expect(jobStates.filter(isEnd)).toEqual(["rejected", "available", "failed", "cancelled"]);
  });
});

describe("the id of a job", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", '"', ",", "\\", "[", "镜"), maxLength: 4 });
  const subject = fc.record(
    { region: text, bucket: text, key: text, etag: text, variant: text },
    { requiredKeys: ["region", "bucket", "key", "etag"] },
  ) as fc.Arbitrary<JobSubject>;

  it("is 32 hex digits, and always the same", () => {
    fc.assert(
      fc.property(subject, (one) => {
        expect(jobIdOf(one)).toMatch(/^[0-9a-f]{32}$/);
        expect(jobIdOf(one)).toBe(jobIdOf({ ...one }));
      }),
    );
  });

  it("differs as soon as one part does", () => {
    fc.assert(
      fc.property(subject, subject, (a, b) => {
        const parts = ({ region, bucket, key, etag, variant }: JobSubject) => [
          region,
          bucket,
          key,
          etag,
          variant || "",
        ];
        expect(jobIdOf(a) === jobIdOf(b)).toBe(JSON.stringify(parts(a)) === JSON.stringify(parts(b)));
      }),
      { numRuns: 500 },
    );
  });
});
