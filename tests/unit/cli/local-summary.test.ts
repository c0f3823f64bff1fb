import type { BoardLine } from "../../../cli/local/job-board.ts";
import { withLine } from "../../../cli/local/job-board.ts";
import { givenUp, summaryLine, summaryOf, type Upload } from "../../../cli/local/local-summary.ts";
import type { Failure } from "../../../local/fc/async-invocations.ts";

const upload = (key: string): Upload => ({ key, path: `/tmp/${key}`, size: 1 });
const line = (event: string, key: string, more: Partial<BoardLine> = {}): BoardLine => ({
  event,
  key,
  bucket: "images",
  time: "2026-11-23T10:00:00.000Z",
  ...more,
});

const failure = (requestPayload: string, responsePayload: string): Failure => ({
  functionName: "image-import",
  destination: undefined,
  record: {
    timestamp: 0,
    requestContext: {
      requestId: "r",
      functionArn: "arn",
      condition: "RetryAttemptsExhausted",
      approximateInvokeCount: 4,
    },
    requestPayload,
    responseContext: { statusCode: 200, functionError: "UnhandledInvocationError" },
    responsePayload,
  },
});
const eventOf = (key: string): string => JSON.stringify({ events: [{ oss: { object: { key } } }] });
const thrown = (key: string): string =>
  JSON.stringify({ errorMessage: `To be delivered again: ${JSON.stringify(key)}: OSS AccessDenied: no` });

const quiet = { failures: [], interrupted: false };

describe("the summary of local --once", () => {
  it("says of an event that was given up why, after how many tries, and the way out", () => {
    const [job] = summaryOf([upload("web.raw")], new Map(), {
      failures: [failure(eventOf("web.raw"), thrown("web.raw"))],
      interrupted: false,
    });
    expect(job).toEqual({
      bucket: "images",
      key: "web.raw",
      outcome: "failed",
      reason: "the function failed at its event 4 times, and Function Compute gave it up: OSS AccessDenied: no",
      advice: expect.stringContaining("run this command once more"),
      findings: [],
      seconds: 0,
    });
    if (job) expect(summaryLine(job)).toMatch(/^failed {4}web\.raw \(0 s\): the function failed .*: no\n +→ Mend that/);
  });

  it("gives the reason for what was refused, and none for what is there", () => {
    const board = [
      line("image.rejected", "bad.raw", { reason: "it is empty\u001b[31m" }),
      line("import.available", "good.raw", { imageId: "m-1", reason: "x" }),
    ].reduce(withLine, new Map());
    const jobs = summaryOf([upload("bad.raw"), upload("good.raw")], board, quiet);
    expect(jobs.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["rejected", "it is empty\u001b[31m"],
      ["available", undefined],
    ]);
    expect(jobs.map(summaryLine)).toEqual([
      "rejected  bad.raw (0 s): it is empty?[31m",
      "available good.raw m-1 (0 s)",
    ]);
  });

  it("says of a cancelled import that it failed, and why", () => {
    const board = withLine(new Map(), line("import.cancelled", "a.raw", { reason: "an operator asked for it" }));
    expect(summaryOf([upload("a.raw")], board, quiet)).toEqual([
      expect.objectContaining({ outcome: "failed", reason: "cancelled: an operator asked for it" }),
    ]);
  });

  it("says of the parts of a set what became of the set", () => {
    const board = [
      line("object.waiting", "a.raw.import.yaml", { image: "a.raw", reason: "a.raw is not there yet" }),
      line("object.waiting", "data.raw", { image: "a.raw", reason: "a.raw is not there yet" }),
      line("import.available", "a.raw", { imageId: "m-1", jobId: "j" }),
    ].reduce(withLine, new Map());
    const uploads = ["a.raw.import.yaml", "data.raw", "a.raw"].map(upload);
    expect(summaryOf(uploads, board, quiet).map(({ key, outcome, imageId }) => [key, outcome, imageId])).toEqual([
      ["data.raw", "available", "m-1"],
      ["a.raw", "available", "m-1"],
    ]);
  });

  it("leaves out manifests, and says when nothing was heard of an image", () => {
    const jobs = summaryOf([upload("a.raw"), upload("a.raw.import.yaml")], new Map(), quiet);
    expect(jobs).toEqual([expect.objectContaining({ key: "a.raw", reason: "the function said nothing about it" })]);
  });

  it("tells what was cut off by an interrupt from what failed", () => {
    const board = withLine(new Map(), line("import.submitted", "running.raw"));
    const jobs = summaryOf([upload("running.raw"), upload("late.raw")], board, { failures: [], interrupted: true });
    expect(jobs.map(({ reason }) => reason)).toEqual([
      "it was interrupted while ECS imported it",
      "it was interrupted before the function had seen it",
    ]);
  });

  it.each([
    ["no JSON", "{", "{", "an object", "UnhandledInvocationError"],
    ["other JSON", "[]", "7", "an object", "UnhandledInvocationError"],
    ["null", "null", "null", "an object", "UnhandledInvocationError"],
    ["the process's end", eventOf("a"), '{"errorMessage":"Process exited"}', "a", "Process exited"],
  ])("reads an event that was given up with %s", (_, request, response, key, reason) => {
    expect(givenUp(failure(request, response))).toEqual({ key, reason, tries: 4 });
  });
});
