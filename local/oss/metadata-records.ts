import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Small JSON files that this server alone writes, each replaced as a whole. */
export const writeRecord = async (
  folder: string,
  name: string,
  record: object,
  temporaryFolder: string,
): Promise<void> => {
  const temporary = join(temporaryFolder, `${randomBytes(16).toString("hex")}.json`);
  await writeFile(temporary, JSON.stringify(record));
  await rename(temporary, join(folder, name));
};

export const removeRecord = (folder: string, name: string): Promise<void> => rm(join(folder, name), { force: true });

/** Every record of a folder. The files are this server's own, so their shape is taken as written. */
export const readRecords = async <T>(folder: string): Promise<T[]> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const records: T[] = [];
  for (const name of names) records.push(JSON.parse(await readFile(join(folder, name), "utf8")));
  return records;
};
