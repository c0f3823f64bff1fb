/** The life of one object version, as a series of records of which each is written once and never changed. */
import { createHash } from "node:crypto";
import type { ImportImageRequest } from "../importing/import-request.ts";
import type { Finding } from "../inspection/report.ts";

/** The object version that a job is about: for a set of disks, its system disk. */
export interface JobSubject {
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  /** Empty while the system disk of a set is waited for, of which other disks are there. */
  readonly etag: string;
  /** Set when a version is imported again with other settings: the fingerprint of what is asked for then. */
  readonly variant?: string;
}

export const jobStates = [
  "waiting",
  "rejected",
  "claimed",
  "submitted",
  "parked",
  "cancelling",
  "available",
  "failed",
  "cancelled",
] as const;
export type JobState = (typeof jobStates)[number];

/** States that end an attempt. Only a person moves a job on from here: with a manifest, a new upload, or a replay. */
const endStates: ReadonlySet<JobState> = new Set(["rejected", "available", "failed", "cancelled"]);
export const isEnd = (state: JobState): boolean => endStates.has(state);

/** One ImportImage submission. */
export interface Attempt {
  readonly number: number;
  /** ClientToken and tag: see attemptToken. */
  readonly token: string;
  /** What was asked for, without regard to when: see fingerprintOf. */
  readonly fingerprint: string;
  /** No manifest names the image, so another name may be taken when this one is. */
  readonly nameIsDefault: boolean;
  readonly request: ImportImageRequest;
  readonly diskEtags: readonly string[];
  /** Who holds the claim: FC's request id, the same again when FC retries an invocation that died. */
  readonly claimant: string;
  /** By parameter of the request: where its value was said. */
  readonly provenance?: Readonly<Record<string, string>>;
  readonly taskId?: string;
  readonly imageId?: string;
  readonly submittedAt?: string;
}

/** `manifest`: its sidecar. `bucket-manifest`: the bucket manifest is not valid. */
export type WaitingFor = "content" | "manifest" | "bucket-manifest" | "disks";

export interface ImageResult {
  readonly imageId: string;
  readonly imageName: string;
  /** From ImportImage to available, as far as ticks can see. */
  readonly seconds: number;
  readonly snapshots: readonly { readonly snapshotId: string; readonly sizeInGiB?: number }[];
  readonly check?: { readonly risks: readonly string[]; readonly items: number };
}

export interface JobRecord {
  readonly jobId: string;
  /** From 1; each record is a key of its own, so that only one writer can make a given step. */
  readonly sequence: number;
  readonly state: JobState;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Tells the writer's own record from another's after an answer was lost. */
  readonly nonce: string;
  /** ISO 8601: when a tick should look at the job. Stands in the name of its index entry too. */
  readonly due?: string;
  readonly subject: JobSubject;
  /** ISO 8601: when this version was uploaded. */
  readonly uploadedAt: string;
  /** The marks of the image, its sidecar and its disks, in the versions that this was decided with. */
  readonly sources?: readonly string[];
  readonly attempt?: Attempt;
  /** How many attempts there were before, where the job has none now: the next one must not bear the token of an old one. */
  readonly attempts?: number;
  readonly waitingFor?: WaitingFor;
  /** While it waits: the mark of the bucket manifest that it was considered with. With another it is considered anew. */
  readonly bucketManifest?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly advice?: string;
  readonly requestId?: string;
  readonly findings?: readonly Finding[];
  readonly result?: ImageResult;
  /** How often this state was tried again, and since when it has lasted. */
  readonly tries?: number;
  readonly since?: string;
  /** The code of the account fault that was reported for this job: met again, it is no news. */
  readonly parkedFor?: string;
}

/** What a step adds to a job: everything but what the ledger itself fills in. */
export type JobStep = Omit<JobRecord, "jobId" | "sequence" | "at" | "nonce" | "due">;

/** What a job's next step keeps of the one before. */
export const carriedOver = ({
  subject,
  uploadedAt,
  sources,
  attempt,
  attempts,
  findings,
}: JobRecord): Pick<JobStep, "subject" | "uploadedAt" | "sources" | "attempt" | "attempts" | "findings"> => ({
  subject,
  uploadedAt,
  ...(sources ? { sources } : {}),
  ...(attempt ? { attempt } : {}),
  ...(attempts ? { attempts } : {}),
  ...(findings ? { findings } : {}),
});

/** How many attempts a job has had. */
export const attemptsOf = (record: JobRecord | undefined): number => record?.attempt?.number ?? record?.attempts ?? 0;

/** 32 hex digits: spread evenly, so that no prefix of the ledger's keys is hot. */
export function jobIdOf({ region, bucket, key, etag, variant }: JobSubject): string {
  return createHash("sha256")
    .update(JSON.stringify([region, bucket, key, etag, ...(variant ? [variant] : [])]))
    .digest("hex")
    .slice(0, 32);
}

// waiting ──▶ claimed ──ImportImage──▶ submitted ──report──▶ available | failed | cancelled
//    │           │ └─account fault─▶ parked ─▶ claimed
//    │           └─refused─▶ failed     claimed | submitted ─given up─▶ cancelling ──▶ cancelled | available
//    └─▶ rejected                       rejected | failed | cancelled ──asked by a person──▶ claimed | waiting | rejected
const allowed: Readonly<Record<JobState | "none", readonly JobState[]>> = {
  none: ["waiting", "rejected", "claimed"],
  waiting: ["waiting", "rejected", "claimed", "cancelled"],
  claimed: ["claimed", "submitted", "parked", "failed", "cancelling", "cancelled"],
  parked: ["waiting", "rejected", "claimed", "parked", "failed", "cancelled"],
  submitted: ["available", "failed", "cancelling", "cancelled"],
  cancelling: ["cancelling", "available", "cancelled"],
  rejected: ["waiting", "rejected", "claimed"],
  failed: ["waiting", "rejected", "claimed"],
  cancelled: ["waiting", "rejected", "claimed"],
  available: [],
};

/** True when a job in state `from` (undefined: no record yet) may go to `to`. */
export const mayGo = (from: JobState | undefined, to: JobState): boolean => allowed[from ?? "none"].includes(to);
