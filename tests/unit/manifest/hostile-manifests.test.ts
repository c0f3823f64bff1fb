import fc from "fast-check";
import { checkBucketManifest, checkSettings } from "../../../shared/manifest/check-manifest.ts";
import { readManifest } from "../../../shared/manifest/read-manifest.ts";
import { processorTime } from "../../fixtures/images/processor-time.ts";
import { bombs, manifestLimitInBytes } from "./manifest-bombs.ts";

const files = ["m.yaml", "m.json"];
const kinds = ["sidecar", "bucket"] as const;

function read(text: string | Uint8Array, file: string, kind: (typeof kinds)[number]) {
  return kind === "sidecar" ? readManifest(text, file, "sidecar") : readManifest(text, file, "bucket");
}

/** Reads it every way; problems, if any, must be fit to show. */
function readEveryWay(text: string | Uint8Array): void {
  for (const file of files) {
    for (const kind of kinds) {
      const reading = read(text, file, kind);
      if (!("problems" in reading)) continue;
      if (reading.problems.length === 0) throw new Error("refused without a problem");
      for (const problem of reading.problems) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may reach a terminal.
        const isFit = /^\S[^\u0000-\u001f\u202e]*\S$/.test(problem.message) && problem.line >= 1 && problem.column >= 1;
        if (!isFit) throw new Error(JSON.stringify(problem));
      }
    }
  }
}

function cpuMilliseconds(work: () => void): number {
  const start = processorTime();
  work();
  return processorTime() - start;
}

/** Texts made of what means something to a manifest's reader, so that more of it is reached than by any bytes. */
const pieces = fc.constantFrom(
  ..."{}[]:,-?&*!|>%@`#'\"\n\t ~<=".split(""),
  ...[
    "imageName",
    "tags",
    "disks",
    "version",
    "rules",
    "match",
    "---",
    "...",
    "<<",
    "*a",
    "&a",
    "!!str",
    "!!float",
    ": ",
  ],
  ...[
    "1e999",
    "-0",
    "0x1F",
    "0o17",
    ".nan",
    "null",
    "true",
    "{stem}",
    "__proto__",
    "constructor",
    "\\u202e",
    "\u202e",
    "\ud800",
  ],
);
const texts = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(""));

describe("a hostile manifest", () => {
  it("of any bytes is either good or has problems that can be shown", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readEveryWay), { numRuns: 300 });
  });

  it("of any text is either good or has problems that can be shown", () => {
    fc.assert(fc.property(fc.oneof(texts, fc.string({ unit: "binary" }), fc.json()), readEveryWay), { numRuns: 1000 });
  });

  it("of any JSON value is judged, never thrown at", () => {
    const keys = fc.oneof(
      fc.constantFrom("tags", "disks", "features", "rules", "version", "defaults", "__proto__"),
      fc.string(),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(keys, tie("value")), fc.array(tie("value"))),
    }));
    fc.assert(
      fc.property(value, (candidate) => {
        for (const fault of [...checkSettings(candidate), ...checkBucketManifest(candidate)]) {
          if (!/^\S.*[.)]$/s.test(fault.message)) throw new Error(fault.message);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each(bombs)("of %s is refused within 100 ms", (_, text) => {
    for (const file of files) {
      for (const kind of kinds) {
        expect(read(text, file, kind)).toHaveProperty("problems.0.message");
        // Compilers and collectors work beside it in threads of their own: the best of some tries tells what reading takes.
        let best = Number.POSITIVE_INFINITY;
        for (let tries = 0; tries < 10 && best >= 100; tries += 1)
          best = Math.min(
            best,
            cpuMilliseconds(() => read(text, file, kind)),
          );
        expect(best).toBeLessThan(100);
      }
    }
  });

  it("over 64 KiB is not read", () => {
    const [problem] = problemsOf(`a: ${"x".repeat(manifestLimitInBytes)}`);
    expect(problem?.message).toBe("The manifest has 65539 bytes; at most 65536 are read.");
  });

  it("that is not UTF-8 is refused with the line of the first wrong byte", () => {
    const [problem] = problemsOf(Buffer.from("imageName: web\ndescription: caf\xe9\n", "latin1"));
    expect(problem).toMatchObject({ line: 2, message: "The manifest is not UTF-8 text." });
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["UTF-16", Buffer.from("\ufeffimageName: web", "utf16le"), /not UTF-8/],
    ["a NUL", "imageName: we\0b", /./],
    ["a number without end", "expect: {size: 1e999}", /not a finite number/],
    ["another number without end", '{"expect": {"size": -1e999}}', /not a finite number|too large/],
    ["a function", "imageName: !!js/function 'function(){}'", /tag|resolve/i],
    ["binary data", "imageName: !!binary aGk=", /tag|resolve/i],
    ["a set", "tags: !!set {a, b}", /tag|resolve/i],
    ["a tag of its own", "imageName: !<tag:example.org,2020:x> web", /tag|resolve/i],
    ["a merge of what is not there", "<<: [{imageName: web}]", /Merge keys/],
    ["a list for a key", "? [a, b]\n: c", /A key must be a plain text/],
    ["an escaped prototype", '"\\x5f_proto__": {imageName: web}', /"__proto__" is not allowed/],
    ["a key twice, once escaped", 'tags: {"a": x, "\\u0061": y}', /given twice/],
  ])("with %s is refused", (_, text, message) => {
    expect(problemsOf(text).map((problem) => problem.message)).toContainEqual(expect.stringMatching(message));
  });

  it("does not reach the prototype of objects", () => {
    for (const key of ["__proto__", "constructor", "prototype"]) {
      expect(problemsOf(`{"${key}": {"imageName": "web"}}`)).toHaveLength(1);
      expect(problemsOf(`tags: {team: web}\nfeatures: {"${key}": {"nvmeSupport": "supported"}}`)).toHaveLength(1);
    }
    expect({}).not.toHaveProperty("imageName");
    const reading = readManifest("tags: {constructor: a, toString: b}", "m.yaml", "sidecar");
    expect(reading).toMatchObject({ manifest: { tags: { constructor: "a", toString: "b" } } });
  });

  function problemsOf(text: string | Uint8Array) {
    const reading = readManifest(text, "m.yaml", "sidecar");
    return "problems" in reading ? reading.problems : [];
  }
});
