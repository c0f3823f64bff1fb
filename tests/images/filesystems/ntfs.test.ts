import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openNtfs } from "../../../shared/inspection/filesystem/ntfs/open-ntfs.ts";
import { readWindowsFacts } from "../../../shared/inspection/guest/windows-registry/windows-facts.ts";
import { buildHive, dword, keyPath, text } from "../../unit/inspection/windows-registry/built-hive.ts";
import { blankImage, expectSameTree, fileSource } from "./xfs-btrfs-ntfs-tree.ts";

const variants: [string, string[], string[]][] = [
  ["as mkntfs likes it", [], []],
  ["compressed files", [], ["--compress"]],
  ["512-byte clusters", ["-c", "512"], []],
  ["compressed files in 1 KiB clusters", ["-c", "1024"], ["--compress"]],
  ["64 KiB clusters", ["-c", "65536"], []],
  ["4096-byte sectors", ["-s", "4096"], []],
];

describe("NTFS volumes of libntfs-3g", () => {
  const folder = mkdtempSync(join(tmpdir(), "ntfs-"));
  const tree = join(folder, "tree");

  beforeAll(() => {
    mkdirSync(join(tree, "Many"), { recursive: true });
    for (let index = 0; index < 3000; index++) writeFileSync(join(tree, "Many", `Entry-${index}`), `${index}\n`);
    writeFileSync(join(tree, "Über größe ß.txt"), "Unicode");
    symlinkSync("Many/Entry-7", join(tree, "link"));
    symlinkSync("/Many", join(tree, "absolute link"));
    writeFileSync(join(tree, "pattern"), Buffer.alloc(1_000_000, "abcdefghij\u0000"));
    writeFileSync(join(tree, "zeros then text"), Buffer.concat([Buffer.alloc(300_000), Buffer.from("text")]));
    execFileSync("cp", ["-a", "/usr/lib/python3/dist-packages", tree]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(variants)("reads every file of a real tree: %s", async (_name, options, copyOptions) => {
    const image = join(folder, "image");
    blankImage(image, 700);
    execFileSync("mkntfs", ["-q", "-F", "-L", "Ein Name", ...options, image], { stdio: "ignore" });
    execFileSync("python3", [join(__dirname, "ntfs-copy-tree.py"), image, tree, ...copyOptions]);
    await using source = await fileSource(image);
    const fs = await openNtfs(source);
    if (fs === undefined) throw new Error("not recognised");
    expect(fs).toMatchObject({ kind: "ntfs", label: "Ein Name", unclean: false });
    await expectSameTree(fs, tree, 4000);
    const many = await fs.lookup(await fs.root(), "mANY");
    expect(many && (await fs.lookup(many, "ENTRY-2999"))).toMatchObject({ kind: "file", size: 5 });
  });

  it("tells what Windows is installed, from its registry and its files", async () => {
    const image = join(folder, "windows");
    const root = join(folder, "windows-tree");
    const files: [string, Buffer][] = [
      ["Windows/System32/config/SOFTWARE", softwareHive()],
      ["Windows/System32/config/SYSTEM", systemHive()],
      ["Windows/System32/drivers/viostor.sys", Buffer.alloc(10)],
    ];
    for (const [path, content] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    blankImage(image, 64);
    execFileSync("mkntfs", ["-q", "-F", image], { stdio: "ignore" });
    execFileSync("python3", [join(__dirname, "ntfs-copy-tree.py"), image, root]);
    await using source = await fileSource(image);
    const fs = await openNtfs(source);
    expect(fs && (await readWindowsFacts(fs))).toMatchObject({
      platform: "Windows Server 2019",
      build: 17763,
      storageDrivers: [{ name: "viostor", start: 0, filePresent: true }],
    });
  });
});

function softwareHive(): Buffer {
  const values = [text("ProductName", "Windows Server 2019 Standard"), text("CurrentBuild", "17763")];
  const all = [...values, text("InstallationType", "Server")];
  return buildHive({ name: "ROOT", keys: [keyPath("Microsoft\\Windows NT\\CurrentVersion", { values: all })] });
}

function systemHive(): Buffer {
  const viostor = keyPath("Services\\viostor", { values: [dword("Start", 0)] });
  const select = { name: "Select", values: [dword("Current", 1)] };
  return buildHive({ name: "ROOT", keys: [select, { name: "ControlSet001", keys: [viostor] }] });
}
