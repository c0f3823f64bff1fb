import fc from "fast-check";
import { jobStates } from "../../../shared/ledger/job.ts";
import { type OpenEntry, openKey, parseOpenKey } from "../../../shared/ledger/open-entry.ts";

const hex32 = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });
const ecsId = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_"), minLength: 2, maxLength: 64 });
const seconds = fc.integer({ min: 0, max: 999_999_999_999 });

const anyEntry: fc.Arbitrary<OpenEntry> = fc.record(
  {
    jobId: hex32,
    sequence: fc.integer({ min: 1, max: 999_999 }),
    state: fc.constantFrom(...jobStates),
    taskId: ecsId,
    imageId: ecsId,
    progress: fc.integer({ min: 0, max: 100 }),
    since: seconds,
    movedAt: seconds,
    due: seconds,
    warned: fc.integer({ min: 0, max: 3 }),
    bucketManifest: fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 8, maxLength: 8 }),
  },
  { requiredKeys: ["jobId", "sequence", "state", "since", "movedAt", "due", "warned"] },
) as fc.Arbitrary<OpenEntry>;

const key = openKey({
  jobId: "0123456789abcdef".repeat(2),
  sequence: 12,
  state: "submitted",
  taskId: "t-bp1abc",
  imageId: "m-bp1abc",
  progress: 40,
  since: 1,
  movedAt: 2,
  due: 3,
  warned: 1,
});

describe("an entry of the index of open jobs", () => {
  it("stands in its key and is read back from it", () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const text = openKey(entry);
        expect(parseOpenKey(text)).toEqual(entry);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1023);
      }),
      { numRuns: 500 },
    );
  });

  it("has a key that people can read", () => {
    expect(key).toBe("open/0123456789abcdef0123456789abcdef/000012.submitted.t-bp1abc.m-bp1abc.40.1.2.3.1");
  });

  it("sorts after older entries of its job", () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, (a, b) => {
        const [first, second] = [openKey(a), openKey({ ...b, jobId: a.jobId })];
        if (a.sequence !== b.sequence) expect(first < second).toBe(a.sequence < b.sequence);
      }),
    );
  });

  it.each([
    ["an empty key", ""],
    ["another prefix", key.replace("open/", "jobs/")],
    ["another folder within", key.replace("open/", "open/x/")],
    ["something before", ` ${key}`],
    ["something after", `${key}.1`],
    ["a short mark of a bucket manifest", `${key}.0123abc`],
    ["a mark of a bucket manifest in upper case", `${key}.0123ABCD`],
    ["something after a mark", `${key}.0123abcd.1`],
    ["a line end after", `${key}\n`],
    ["a job id in upper case", key.replace("abcdef", "ABCDEF")],
    ["a short job id", key.replace("open/0", "open/")],
    ["an unknown state", key.replace("submitted", "imagined")],
    ["a state of every object", key.replace("submitted", "constructor")],
    ["a short sequence", key.replace("000012", "12")],
    ["a negative time", key.replace(".1.2.3.", ".-1.2.3.")],
    ["a time of too many digits", key.replace(".1.2.3.", `.${"9".repeat(13)}.2.3.`)],
    ["a missing part", key.replace(".40", "")],
    ["a task with a slash", key.replace("t-bp1abc", "t/bp1abc")],
  ])("is not seen in %s", (_, hostile) => {
    expect(parseOpenKey(hostile)).toBeUndefined();
  });

  it("has no task or image but one that could be ECS's", () => {
    for (const id of ["t bp", "<script>", "a,b", "x".repeat(65), "%2e"]) {
      expect(parseOpenKey(key.replace("t-bp1abc", id))).not.toHaveProperty("taskId");
      expect(parseOpenKey(key.replace("m-bp1abc", id))).not.toHaveProperty("imageId");
    }
  });

  it("is read from no other key, and none makes the reader throw", () => {
    const part = fc.constantFrom("open/", "a".repeat(32), "/", "000001", ".", "-", "submitted", "9", "é", "\n");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const text = parts.join("");
        const entry = parseOpenKey(text);
        if (entry) expect(openKey(entry)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });
});
