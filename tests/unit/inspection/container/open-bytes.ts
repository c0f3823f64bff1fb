import type { Container } from "../../../../shared/inspection/container/container.ts";
import { openContainer } from "../../../../shared/inspection/container/open-container.ts";
import type { ByteSource } from "../../../../shared/inspection/source/byte-source.ts";
import { fullGranularity, meteredSource } from "../../../../shared/inspection/source/metered-source.ts";
import { memoryReader } from "../source/memory-reader.ts";

/** Opens a container that lies in memory. */
export function openBytes(bytes: Buffer): Promise<Container> {
  return openContainer(meteredSource(memoryReader(bytes), fullGranularity));
}

/** Codes of the header's findings and, if they let the disk be read, of the check for completeness. */
export async function codesOf(bytes: Buffer): Promise<string[]> {
  const container = await openBytes(bytes);
  const complete = (await container.checkComplete?.()) ?? [];
  return [...container.findings, ...complete].map((found) => found.code);
}

export async function diskOf(bytes: Buffer): Promise<ByteSource> {
  const { disk, findings } = await openBytes(bytes);
  if (disk === undefined) throw new Error(`The container was refused: ${JSON.stringify(findings)}`);
  return disk;
}

/** Bytes that differ everywhere, so that a misplaced cluster shows. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
