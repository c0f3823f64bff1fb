import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeDataFolder } from "../../../cli/local/data-folder.ts";

const root = mkdtempSync(join(tmpdir(), "data-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("the data folder of an embedded cloud", () => {
  it("is refused while another process works with it, and what that one needs stays", async () => {
    const folder = join(root, "held");
    const first = await takeDataFolder(folder);
    writeFileSync(join(folder, "connection.json"), "{}");
    // Another live process: this one's parent.
    writeFileSync(join(folder, "local.pid"), `${process.ppid}\n`);
    await expect(takeDataFolder(folder)).rejects.toThrow(/works with the folder .*held: end it first, or choose/);
    expect(existsSync(join(folder, "connection.json"))).toBe(true);
    await first.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["of a process that died", () => `${spawnSync("true").pid}\n`],
    ["that is empty", () => ""],
    ["of no process", () => "x"],
  ])("is taken over a lock %s", async (_, content) => {
    const folder = mkdtempSync(join(root, "left-"));
    writeFileSync(join(folder, "local.pid"), content());
    const taken = await takeDataFolder(folder);
    await taken.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is made for a single run, and gone after it", async () => {
    const { path, release } = await takeDataFolder(undefined);
    expect(existsSync(path)).toBe(true);
    await release();
    expect(existsSync(path)).toBe(false);
  });
});
