import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInspect } from "../../../cli/inspect/run-inspect.ts";
import { runValidate } from "../../../cli/manifests/run-validate.ts";
import { runExplain } from "../../../cli/ops/run-explain.ts";
import { runStatus } from "../../../cli/ops/run-status.ts";
import { type Output, Unasked } from "../../../cli/outcome.ts";
import { runPlan } from "../../../cli/plan/run-plan.ts";

/** A question that cannot be asked is one sentence for stderr and exit code 2; nothing is on stdout. */
describe("a question that cannot be asked", () => {
  const folder = mkdtempSync(join(tmpdir(), "questions-"));
  const inFolder = (name: string): string => join(folder, name);
  const written: string[] = [];
  const output: Output = {
    out: (text) => void written.push(text),
    err: () => {},
    isTerminal: false,
    takesColours: false,
    columns: 80,
    rows: 24,
  };
  const account = { ALIBABA_CLOUD_ACCESS_KEY_ID: "LTAI5tNobody", ALIBABA_CLOUD_ACCESS_KEY_SECRET: "nothing" };
  // Nothing listens on port 1.
  const nowhere = { region: "cn-hangzhou", ossEndpoint: "http://127.0.0.1:1", ecsEndpoint: "http://127.0.0.1:1" };

  beforeAll(() => {
    mkdirSync(inFolder("folder.raw"));
    mkdirSync(inFolder("damaged"));
    writeFileSync(inFolder("damaged/connection.json"), "{");
    writeFileSync(inFolder("disk.raw"), Buffer.alloc(1024));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(() => {
    written.length = 0;
  });

  const plan = (target: string, options: object = {}) =>
    runPlan(target, { dryRun: false, json: true, ...options }, account, output);
  const operated = { stateBucket: "images-state", json: true };
  const status = (target: string, options: object = {}, environment: Record<string, string> = account) =>
    runStatus(target, { ...operated, all: false, watch: false, ...options }, environment, output, Promise.resolve());
  const explain = (target: string) => runExplain(target, operated, account, output);
  const inspect = (target: string, options: object = {}) =>
    runInspect(target, { depth: "full", json: true, ...options }, account, output);

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["plan of a missing file", () => plan(inFolder("none.raw")), /^There is no file .*none\.raw\.$/],
    ["plan of a folder", () => plan(inFolder("folder.raw")), /folder\.raw is not a file\.$/],
    ["plan with a missing sidecar", () => plan(inFolder("disk.raw"), { sidecar: inFolder("no.yaml") }), /no file/],
    ["plan with a folder as sidecar", () => plan(inFolder("disk.raw"), { sidecar: folder }), /is not a file/],
    [
      "plan with a folder as bucket manifest",
      () => plan(inFolder("disk.raw"), { bucketManifest: folder }),
      /not a file/,
    ],
    ["plan of a URL", () => plan("http://127.0.0.1:1/x.raw"), /made for a file or for oss:/],
    [
      "plan of a bucket out of reach",
      () => plan("oss://images/x.raw", nowhere),
      /^OSS cannot be reached: [^{]*127\.0\.0\.1:1/,
    ],
    ["plan of a bucket that cannot be", () => plan("oss://B/x.raw", nowhere), /^No bucket can be called B: a name has/],
    [
      "plan on an embedded cloud that does not run",
      () => plan("oss://images/x.raw", { local: inFolder("nothing") }),
      /^No embedded cloud runs with the folder .*nothing: start one with/,
    ],
    [
      "plan on an embedded cloud whose word of itself is damaged",
      () => plan("oss://images/x.raw", { local: inFolder("damaged") }),
      /damaged.connection\.json cannot be read: end the embedded cloud/,
    ],
    [
      "status with a secret that is empty",
      () => status("oss://images", {}, { ...account, ALIBABA_CLOUD_ACCESS_KEY_SECRET: "" }),
      /^No cloud is named: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET/,
    ],
    [
      "status with an endpoint that is none",
      () => status("oss://images", { ossEndpoint: "foo bar" }),
      /^foo bar is no endpoint: a host is/,
    ],
    [
      "status with a region that is none",
      () => status("oss://images", { region: "X Y" }),
      /^No region is called X Y: cn-hangzhou is one\.$/,
    ],
    ["status of a bucket that cannot be", () => status("oss://X_Y", nowhere), /^No bucket can be called X_Y/],
    [
      "status with a state bucket that cannot be",
      () => status("oss://images", { ...nowhere, stateBucket: "X_Y" }),
      /^No bucket can be called X_Y/,
    ],
    [
      "status where nothing runs",
      () => status("oss://images", nowhere),
      /ECONNREFUSED 127\.0\.0\.1:1 .*\. Nothing runs there: start the embedded cloud again\.$/,
    ],
    ["status of what is no address", () => status("images"), /^images is not of the form oss:\/\/bucket\/prefix\.$/],
    ["explanation of what is no address", () => explain("a.raw"), /^a\.raw is not of the form oss:\/\/bucket\/key\.$/],
    ["explanation of a bucket", () => explain("oss://images/"), /names no object/],
    ["explanation of a key that no URL can have", () => explain("oss://images/a/../b.raw"), /the part "\." or "\.\."/],
    ["inspection of a key that no URL can have", () => inspect("oss://images/./b.raw", nowhere), /the part "\." or/],
    ["dry run of a file", () => plan(inFolder("disk.raw"), { dryRun: true }), /give it as oss:\/\/bucket\/key/],
    ["inspection of a missing file", () => inspect(inFolder("none.raw")), /^[^ ]+none\.raw does not exist\.$/],
    ["inspection of a folder", () => inspect(inFolder("folder.raw")), /is a directory/],
    ["inspection of a bucket", () => inspect("oss://b", nowhere), /neither a file/],
    ["inspection of another scheme", () => inspect("ftp://example.com/x.raw"), /neither a file/],
    ["inspection of a URL out of reach", () => inspect("http://127.0.0.1:1/x.raw"), /could not be reached/],
    [
      "inspection of a bucket out of reach",
      () => inspect("oss://images/x.raw", nowhere),
      /OSS cannot be reached: [^{]*$/,
    ],
    ["validation of a missing file", async () => runValidate([inFolder("none")], { json: true }, output), /no file/],
    [
      "validation of a folder",
      async () => runValidate([folder], { json: true }, output),
      /cannot be read: it is a folder\.$/,
    ],
  ])("%s", async (_, ask, sentence) => {
    const trouble = await Promise.resolve()
      .then(ask)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(trouble).toBeInstanceOf(Unasked);
    expect((trouble as Unasked).message).toMatch(sentence);
    expect((trouble as Unasked).message).not.toContain("\n");
    expect(written).toEqual([]);
  });
});
