import { MalformedImage } from "../../source/byte-source.ts";
import { type HiveBytes, openCells } from "./hive-cells.ts";
import { isSameName, type RegistryKey, readRegistryKey, readSubkeys } from "./registry-key.ts";
import { type RegistryValue, readRegistryValue } from "./registry-value.ts";

/** A registry hive. Paths are relative to its root, with backslashes, whatever their case. */
export interface Hive {
  /** False when transaction logs hold changes that this file lacks. */
  readonly isClean: boolean;
  /** The value `name` of the key at `path`; undefined when either is missing. */
  value(path: string, name: string): Promise<RegistryValue | undefined>;
  /** Names of the keys below the key at `path`; undefined when that is missing. */
  subkeys(path: string): Promise<readonly string[] | undefined>;
}

const maxRememberedKeys = 4096;

function bytesOf(source: Buffer | HiveBytes): HiveBytes {
  if (!Buffer.isBuffer(source)) return source;
  return { size: source.length, read: async (offset, length) => source.subarray(offset, offset + length) };
}

/**
 * Opens a registry hive (SYSTEM, SOFTWARE) for reading; nothing but what is asked for is read.
 * Throws MalformedImage when it contradicts its format, CannotTell on versions before Windows NT 4 and beyond limits.
 */
export async function openHive(source: Buffer | HiveBytes): Promise<Hive> {
  const cells = await openCells(bytesOf(source));
  const root = await readRegistryKey(cells, cells.root);
  const known = new Map<string, Promise<RegistryKey | undefined>>();

  async function step(parent: Promise<RegistryKey | undefined>, name: string): Promise<RegistryKey | undefined> {
    const key = await parent;
    return key && (await readSubkeys(cells, key, name)).find((subkey) => isSameName(subkey.name, name));
  }

  /** Paths share their beginnings: each key on the way is read once. */
  function find(names: readonly string[]): Promise<RegistryKey | undefined> {
    if (names.length === 0) return Promise.resolve(root);
    const path = names.join("\\").toUpperCase();
    const remembered = known.get(path);
    if (remembered !== undefined) return remembered;
    if (known.size >= maxRememberedKeys) throw new MalformedImage("Registry hive: too many keys asked for");
    const found = step(find(names.slice(0, -1)), names.at(-1) ?? "");
    known.set(path, found);
    return found;
  }

  const keyAt = (path: string) => find(path.split("\\").filter((name) => name !== ""));
  return {
    isClean: cells.isClean,
    value: async (path, name) => {
      const key = await keyAt(path);
      return key && readRegistryValue(cells, key, name);
    },
    subkeys: async (path) => {
      const key = await keyAt(path);
      return key && (await readSubkeys(cells, key)).map(({ name }) => name);
    },
  };
}
