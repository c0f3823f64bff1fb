import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OssObjectEvent } from "../../local/oss/events.ts";
import { isEnd, type JobRecord, mayGo } from "../../shared/ledger/job.ts";

/**
 * What lies in the buckets, kept up to date from OSS's own events, and what was wrong with any single change: a record
 * that was written twice or deleted, an impossible step, an open job that the index does not know.
 */
export interface Mirror {
  /** Returns the record that was written, if one was. */
  see(event: OssObjectEvent): JobRecord | undefined;
  readonly violations: readonly string[];
  /** All records of each job, in their order. */
  jobs(): ReadonlyMap<string, readonly JobRecord[]>;
  openKeys(): readonly string[];
  /** The JSON of a status file; undefined when there is none. */
  status(imageKey: string): Readonly<Record<string, unknown>> | undefined;
}

export function createMirror(dataDirectory: string, imageBucket: string, stateBucket: string): Mirror {
  const records = new Map<string, JobRecord[]>();
  const open = new Set<string>();
  const violations: string[] = [];

  const content = (bucket: string, key: string): unknown =>
    JSON.parse(readFileSync(join(dataDirectory, bucket, key), "utf8"));

  const recordChanged = (key: string, created: boolean): JobRecord | undefined => {
    const [, jobId = ""] = key.split("/");
    if (!created) {
      violations.push(`the record ${key} was deleted`);
      return undefined;
    }
    const record = content(stateBucket, key) as JobRecord;
    const history = records.get(jobId) ?? [];
    const before = history.at(-1);
    if (record.sequence !== history.length + 1) violations.push(`${key} was written again or out of order`);
    if (!mayGo(before?.state, record.state)) violations.push(`${key}: ${before?.state} became ${record.state}`);
    records.set(jobId, [...history, record]);
    return record;
  };

  const checkIndex = (key: string): void => {
    const [, jobId = ""] = key.split("/");
    const last = records.get(jobId)?.at(-1);
    if (!last || isEnd(last.state)) return;
    if (![...open].some((entry) => entry.startsWith(`open/${jobId}/`)))
      violations.push(`job ${jobId} is ${last.state} and no index entry knows it`);
  };

  return {
    violations,
    see: ({ eventName, oss }) => {
      const { name } = oss.bucket;
      const { key } = oss.object;
      if (name !== stateBucket) return undefined;
      const created = eventName.startsWith("ObjectCreated:");
      if (key.startsWith("open/")) created ? open.add(key) : open.delete(key);
      const record = key.startsWith("jobs/") ? recordChanged(key, created) : undefined;
      if (!key.startsWith("members/")) checkIndex(key);
      return record;
    },
    jobs: () => records,
    openKeys: () => [...open],
    status: (imageKey) => {
      try {
        return content(imageBucket, `${imageKey}.import-status.json`) as Record<string, unknown>;
      } catch {
        return undefined;
      }
    },
  };
}
