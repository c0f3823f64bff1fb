/**
 * The built functions in processes of their own on the embedded Function Compute, killed for real at each request of an
 * import. FC delivers the event again, as it does when a process ends.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import OSS from "ali-oss";
import { deployLocally, localBucket, localRegion } from "../../cli/local/deployed-locally.ts";
import type { EmbeddedCloud } from "../../local/embedded-cloud.ts";
import { imageBytes } from "./image-bytes.ts";
import { newDirectory } from "./world-directory.ts";

const packageRoot = resolve(fileURLToPath(new URL(".", import.meta.url)), "../..");
const ticksToEnd = 3;
const importFunction = "image-import";

export interface KillResult {
  readonly key: string;
  /** The import made so many requests that it was killed. */
  readonly met: boolean;
  readonly lost: boolean;
  readonly doubled: boolean;
  readonly violations: readonly string[];
}

/** Kills before and after each `step`-th of the first `requests` requests, each time with an upload of its own. */
export async function runProcessKills(requests: number, step: number): Promise<readonly KillResult[]> {
  const directory = await newDirectory("kills-");
  const cloud = await deployLocally({
    packageRoot,
    dataDirectory: directory.path,
    automaticTimers: false,
    ecsSettings: { importSeconds: 0, concurrentImports: 1000 },
    functions: { retryDelayInMilliseconds: () => 50 },
  });
  const results: KillResult[] = [];
  try {
    for (let at = 1; at <= requests; at += step)
      for (const kind of ["act-before", "act-after"] as const) results.push(await killOnce(cloud, at, kind));
    return results;
  } finally {
    await cloud.close();
    await directory.remove();
  }
}

async function killOnce(cloud: EmbeddedCloud, at: number, kind: "act-before" | "act-after"): Promise<KillResult> {
  const { account, endpoints, faults, fc, ecs } = cloud;
  const key = `kills/${kind}-${at}.qcow2`;
  let seen = 0;
  let met = false;
  faults.plan = ({ accessKeyId }) => {
    // Requests of functions have the credentials of their role; others are this test's own.
    if (!accessKeyId?.startsWith("STS.")) return undefined;
    seen += 1;
    if (seen !== at) return undefined;
    met = true;
    return { kind, act: () => void fc?.kill(importFunction) };
  };
  const bucket = new OSS({
    region: `oss-${localRegion}`,
    endpoint: endpoints.oss,
    bucket: localBucket,
    accessKeyId: account.accessKeyId,
    accessKeySecret: account.accessKeySecret,
    authorizationV4: true,
    secure: false,
  });
  await bucket.put(key, imageBytes(at));
  await fc?.idle();
  faults.plan = undefined;
  const images = ecs.snapshot().images.filter(({ ImageName }) => ImageName.startsWith(`${kind}-${at}-`));
  // A tick that mends the index leaves the job itself to the next one.
  let state: string | undefined;
  for (let tick = 0; tick < ticksToEnd && state !== "available"; tick += 1) {
    await fc?.fireTimer();
    const { content } = await bucket.get(`${key}.import-status.json`).catch(() => ({ content: "{}" }));
    ({ state } = JSON.parse(String(content)) as { readonly state?: string });
  }
  return {
    key,
    met,
    lost: state !== "available",
    doubled: images.length > 1,
    violations: [
      ...(images.length === 1 ? [] : [`${key}: there are ${images.length} images`]),
      ...(state === "available" ? [] : [`${key}: its status file says ${state}`]),
    ],
  };
}
