import { type Board, type BoardLine, withLine } from "../../../cli/local/job-board.ts";
import { changedStatuses, lineOfStatus, withStatus } from "../../../cli/local/status-files.ts";
import type { ListedObject, ObjectStore } from "../../../shared/cloud/ports.ts";

const status = (state: string, second = 0): string =>
  JSON.stringify({
    version: 1,
    state,
    updatedAt: `2026-11-23T10:00:0${second}.000Z`,
    bucket: "images",
    key: "web.raw",
    jobId: "j",
    reason: "an operator asked for it",
  });
const parsed = (text: string): BoardLine => lineOfStatus(text) ?? { event: "none", time: "" };

describe("a status file", () => {
  it.each([
    ["waiting", "object.waiting"],
    ["parked", "import.parked"],
    ["submitted", "import.submitted"],
    ["available", "import.available"],
    ["rejected", "image.rejected"],
    ["failed", "import.failed"],
    ["cancelled", "import.cancelled"],
  ])("of the state %s is read as %s", (state, event) => {
    expect(parsed(status(state))).toMatchObject({ event, key: "web.raw", reason: "an operator asked for it" });
  });

  it.each(["", "{", "null", "[]", "7", status("claimed"), '{"state":"available"}', '{"state":"failed","updatedAt":1}'])(
    "is passed over when it is %j",
    (text) => {
      expect(lineOfStatus(text)).toBeUndefined();
    },
  );

  it("moves the board when it is younger than the last line, as after another terminal's cancel", () => {
    const line = { ...parsed(status("submitted", 3)), event: "import.submitted" };
    const board: Board = withLine(new Map(), line);
    expect(withStatus(board, parsed(status("waiting", 2))).get("web.raw")?.outcome).toBe("running");
    expect(withStatus(board, parsed(status("cancelled", 4))).get("web.raw")).toMatchObject({
      outcome: "cancelled",
      reason: "an operator asked for it",
    });
  });

  it("is read once for each of its versions, beyond the first page too", async () => {
    const files = new Map([
      ["a.raw", ["E0", ""]],
      ["web.raw.import-status.json", ["E1", status("submitted")]],
    ] as const as [string, [string, string]][]);
    let reads = 0;
    const objects = {
      list: async (_: string, { startAfter = "" }: { startAfter?: string }) => {
        const after = [...files].filter(([key]) => key > startAfter);
        const [first] = after;
        const listed = first ? [{ key: first[0], size: 1, etag: first[1][0], lastModified: new Date(0) }] : [];
        return { objects: listed as ListedObject[], more: after.length > 1 };
      },
      read: async ({ key }: { key: string }) => {
        reads += 1;
        return { body: Buffer.from(files.get(key)?.[1] ?? ""), etag: "" };
      },
    } as unknown as ObjectStore;
    const seen = new Map<string, string>();
    expect((await changedStatuses(objects, "images", seen)).map(({ event }) => event)).toEqual(["import.submitted"]);
    expect(await changedStatuses(objects, "images", seen)).toEqual([]);
    files.set("web.raw.import-status.json", ["E2", status("cancelled")]);
    expect((await changedStatuses(objects, "images", seen)).map(({ event }) => event)).toEqual(["import.cancelled"]);
    expect(reads).toBe(2);
  });
});
