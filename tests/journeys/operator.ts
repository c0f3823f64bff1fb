/** What journeys of the operator's commands share: running one as main.ts does, and what it works on. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localBucket, localRegion, localStateBucket } from "../../cli/local/deployed-locally.ts";
import type { Output } from "../../cli/outcome.ts";
import type { Product } from "./product.ts";

export const url = (key: string): string => `oss://${localBucket}/${key}`;

/** Runs a command on a pipe, and gives what it wrote; `heard` gets all that is on stdout so far, each time. */
export async function said(
  command: (output: Output) => Promise<number>,
  heard: (out: string) => void = () => {},
): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const output: Output = {
    out: (text) => {
      written.out += text;
      heard(written.out);
    },
    err: (text) => {
      written.err += `${text}\n`;
    },
    isTerminal: false,
    takesColours: false,
    columns: 100,
  };
  const code = await command(output);
  return { code, ...written };
}

/** Waits for words of a command that goes on: `hear` is for `said`. */
export function listener(): { hear(out: string): void; until(words: string): Promise<void> } {
  let heard = "";
  let tell = (): void => {};
  return {
    hear: (out) => {
      heard = out;
      tell();
    },
    until: (words) =>
      new Promise((done) => {
        tell = () => {
          if (heard.includes(words)) done();
        };
        tell();
      }),
  };
}

/** A data folder as `local` leaves it, for `--local`. */
export async function connectionFolder({ cloud }: Product): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "connection-"));
  const { endpoints, account } = cloud;
  const connection = {
    region: localRegion,
    credentials: { accessKeyId: account.accessKeyId, accessKeySecret: account.accessKeySecret },
    ossEndpoint: endpoints.oss,
    ecsEndpoint: endpoints.ecs,
    ...(endpoints.fc ? { fcEndpoint: endpoints.fc } : {}),
    imageBucket: localBucket,
    stateBucket: localStateBucket,
  };
  await writeFile(join(folder, "connection.json"), JSON.stringify(connection));
  return folder;
}

/** Objects that lie in the bucket without any event. */
export async function putUnseen({ cloud, bucket }: Product, objects: Record<string, Buffer | string>): Promise<void> {
  if (!cloud.fc) throw new Error("no functions");
  const deliver = cloud.fc.deliverOssEvent;
  cloud.fc.deliverOssEvent = () => 0;
  for (const [key, content] of Object.entries(objects)) await bucket.put(key, Buffer.from(content));
  cloud.fc.deliverOssEvent = deliver;
}
