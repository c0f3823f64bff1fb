import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceChanged, SourceUnreadable } from "../../../../shared/inspection/source/byte-source.ts";
import { openFile } from "../../../../shared/inspection/source/file-reader.ts";

describe("a file", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "file-reader-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("gives its size and ranges", async () => {
    const path = join(folder, "disk.raw");
    await writeFile(path, "0123456789");
    const reader = await openFile(path);
    expect(reader.size).toBe(10);
    expect(reader.describe()).toBe(path);
    expect((await reader.readRange(3, 4)).toString()).toBe("3456");
    await reader.close?.();
  });

  it("that becomes shorter has changed", async () => {
    const path = join(folder, "disk.raw");
    await writeFile(path, "0123456789");
    const reader = await openFile(path);
    await truncate(path, 5);
    await expect(reader.readRange(3, 4)).rejects.toThrow(SourceChanged);
    await reader.close?.();
  });

  it("that is missing, a folder, a device, a socket or a looping link is refused in one sentence", async () => {
    await symlink("loop", join(folder, "loop"));
    const server = createServer().listen(join(folder, "socket"));
    server.unref();
    await new Promise((resolve) => server.once("listening", resolve));
    const cases: [string, RegExp][] = [
      [join(folder, "none"), /does not exist\.$/],
      [folder, /is a directory, not an image file\.$/],
      ["/dev/null", /device/],
      [join(folder, "socket"), /socket/],
      [join(folder, "loop"), /leads back to itself\.$/],
    ];
    for (const [path, sentence] of cases) {
      const error = await openFile(path).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(SourceUnreadable);
      expect(error).toHaveProperty("message", expect.stringMatching(sentence));
    }
    await new Promise((resolve) => server.close(resolve));
  });
});
