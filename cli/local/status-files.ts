/** Imports that the operator's commands move on from another terminal write no log line here, but status files in the bucket. */
import type { ObjectStore } from "../../shared/cloud/ports.ts";
import { type Board, type BoardLine, withLine } from "./job-board.ts";

const suffix = ".import-status.json";
const mostBytes = 2 ** 20;
const mostPages = 100;

/** What the log says when a job reaches a state. `claimed` and `cancelling` are over in a moment. */
const events: ReadonlyMap<unknown, string> = new Map([
  ["waiting", "object.waiting"],
  ["parked", "import.parked"],
  ["submitted", "import.submitted"],
  ["available", "import.available"],
  ["rejected", "image.rejected"],
  ["failed", "import.failed"],
  ["cancelled", "import.cancelled"],
]);

/** Pure: a status file as the line that the log has or would have; undefined for anything else. */
export function lineOfStatus(text: string): BoardLine | undefined {
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof status !== "object" || status === null) return undefined;
  const { state, updatedAt, ...rest } = status as Readonly<Record<string, unknown>>;
  const event = events.get(state);
  if (event === undefined || typeof updatedAt !== "string" || typeof rest["key"] !== "string") return undefined;
  return { ...rest, event, time: updatedAt } as BoardLine;
}

/** Pure: the board after a status file. It is news only when it is younger than what the log said last. */
export function withStatus(board: Board, line: BoardLine): Board {
  const known = line.key === undefined ? undefined : board.get(line.key);
  return known && Date.parse(line.time) <= known.lastSeen ? board : withLine(board, line);
}

/** The status files that have changed since the last call with the same `seen` (ETags by key). Rejects with a CloudError. */
export async function changedStatuses(
  objects: ObjectStore,
  bucket: string,
  seen: Map<string, string>,
): Promise<readonly BoardLine[]> {
  const lines: BoardLine[] = [];
  let startAfter: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await objects.list(bucket, { prefix: "", ...(startAfter === undefined ? {} : { startAfter }) });
    for (const { key, etag } of page.objects) {
      if (!key.endsWith(suffix) || seen.get(key) === etag) continue;
      seen.set(key, etag);
      const file = await objects.read({ bucket, key }, mostBytes);
      const line = file && lineOfStatus(file.body.toString("utf8"));
      if (line) lines.push(line);
    }
    startAfter = page.objects.at(-1)?.key;
    if (!page.more || startAfter === undefined) break;
  }
  return lines;
}
