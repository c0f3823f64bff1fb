import { attempt, type Unread } from "../../../../shared/inspection/guest/guest-tree.ts";
import { findRoots, mountGuest } from "../../../../shared/inspection/guest/root-filesystem.ts";
import type { Volume } from "../../../../shared/inspection/guest/volumes.ts";
import { CannotTell, SourceChanged, SourceUnreadable } from "../../../../shared/inspection/source/byte-source.ts";
import { memoryFilesystem } from "./memory-filesystem.ts";
import type { MemoryFiles } from "./memory-tree.ts";

const source = { size: 0, read: async () => Buffer.alloc(0) };

function volume(name: string, files: MemoryFiles, facts: Parameters<typeof memoryFilesystem>[1] = {}): Volume {
  const fs = memoryFilesystem(files, facts);
  return { name, source, kind: fs.kind, fs };
}

const rootFiles = { "/usr/bin/sh": "", "/etc/os-release": "ID=debian" };

async function mounted(volumes: readonly Volume[]) {
  const [root] = await findRoots(volumes, []);
  if (root === undefined) throw new Error("there is no root");
  const { tree, used, missing } = await mountGuest(root, volumes, []);
  return {
    tree,
    at: used.map(({ at, volume: one }) => `${at} ${one.name}`),
    missing: missing.map(({ device }) => device),
  };
}

describe("the root filesystem", () => {
  it("is the one that names its distribution", async () => {
    const volumes = [
      volume("data", { "/photos/1": "" }),
      volume("half", { "/etc/hostname": "", "/usr/share/x": "" }),
      volume("root", rootFiles),
      volume("boot", { "/vmlinuz-6.1": "" }),
    ];
    expect((await findRoots(volumes, [])).map((root) => root.volume.name)).toEqual(["root", "half"]);
  });

  it("may have its /usr elsewhere", async () => {
    const root = volume("root", {
      "/etc/os-release": { link: "../usr/lib/os-release" },
      "/usr/keep": "",
      "/etc/fstab": "",
    });
    const usr = volume("usr", { "/bin/sh": "", "/lib/os-release": "ID=debian" });
    const { at, tree } = await mounted([usr, root]);
    expect(at).toEqual(["/ root", "/usr usr"]);
    expect((await tree.read("/etc/os-release"))?.toString()).toBe("ID=debian");
  });

  it("may be a deployment of OSTree", async () => {
    const at = `/ostree/deploy/fedora-coreos/deploy/${"0a".repeat(32)}.0`;
    const files = { [`${at}/etc/os-release`]: "ID=fedora", [`${at}/usr/bin/sh`]: "", "/ostree/repo/config": "" };
    const { tree } = await mounted([volume("root", files)]);
    expect((await tree.read("/etc/os-release"))?.toString()).toBe("ID=fedora");
  });

  it("is not looked for on FAT or NTFS", async () => {
    expect(await findRoots([volume("esp", rootFiles, { kind: "vfat" })], [])).toEqual([]);
  });

  it("is found though another filesystem cannot be read", async () => {
    const broken = volume("broken", rootFiles);
    const fs = { ...memoryFilesystem({}), root: () => Promise.reject(new CannotTell("a new feature")) };
    const unread: Unread[] = [];
    const roots = await findRoots([{ ...broken, fs }, volume("root", rootFiles)], unread);
    expect(roots.map((root) => root.volume.name)).toEqual(["root"]);
    expect(unread).toEqual([{ what: "broken", why: "a new feature" }]);
  });
});

describe("a collector of facts", () => {
  const attemptThatFails = (error: Error, unread: Unread[]) =>
    attempt("the clock", unread, () => Promise.reject(error));

  it("that has a mistake of its own leaves the other facts standing", async () => {
    const unread: Unread[] = [];
    expect(await attemptThatFails(new TypeError("x is not a function"), unread)).toBeUndefined();
    expect(unread).toEqual([{ what: "the clock", why: "the reader failed on it: TypeError: x is not a function" }]);
  });

  it.each([new SourceChanged("replaced"), new SourceUnreadable("gone")])(
    "throws trouble with the source on: %s",
    (error) => expect(attemptThatFails(error, [])).rejects.toBe(error),
  );
});

describe("the filesystems that a guest mounts", () => {
  const partition = {
    index: 2,
    offset: 2 ** 20,
    size: 2 ** 20,
    typeId: "0x83",
    typeName: "Linux filesystem",
    bootable: false,
    uuid: "0fc6-01",
    name: "Boot",
  };
  const lvm = { group: "my-vg", name: "var-log" };
  it.each([
    ["a UUID in any case", "UUID=ABCD-12", volume("boot", { "/x": "" }, { uuid: "abcd-12" })],
    ["a label", "LABEL=boot", volume("boot", { "/x": "" }, { label: "boot" })],
    ["a partition's UUID", "PARTUUID=0FC6-01", { ...volume("boot", { "/x": "" }), partition }],
    ["a partition's label", "PARTLABEL=Boot", { ...volume("boot", { "/x": "" }), partition }],
    ["udev's link to a UUID", "/dev/disk/by-uuid/abcd-12", volume("boot", { "/x": "" }, { uuid: "abcd-12" })],
    ["LVM's mapped name", "/dev/mapper/my--vg-var--log", { ...volume("boot", { "/x": "" }), lvm }],
    ["LVM's own name", "/dev/my-vg/var-log", { ...volume("boot", { "/x": "" }), lvm }],
  ])("are found by %s", async (_, device, boot) => {
    const fstab = `${device} /boot ext4 defaults 0 2\n`;
    const { at, missing } = await mounted([boot, volume("root", { ...rootFiles, "/etc/fstab": fstab })]);
    expect(at).toEqual(["/ root", "/boot boot"]);
    expect(missing).toEqual([]);
  });

  it("are missing when no partition has the UUID", async () => {
    const fstab = "PARTUUID=0fc6-02 /data ext4 defaults 0 2\n";
    const root = { ...volume("root", { ...rootFiles, "/etc/fstab": fstab }), partition };
    expect((await mounted([root])).missing).toEqual(["PARTUUID=0fc6-02"]);
  });

  it("include an EFI system partition that holds the kernels", async () => {
    const esp = volume("esp", { "/vmlinuz-linux": "", "/EFI/BOOT/BOOTX64.EFI": "" }, { kind: "vfat" });
    expect((await mounted([esp, volume("root", rootFiles)])).at).toEqual(["/ root", "/boot esp"]);
  });

  it("are found by what they hold when fstab names them by a device", async () => {
    const fstab = "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /boot ext4 defaults 0 2\n";
    const boot = volume("boot", { "/vmlinuz-6.1.0": "" });
    const { at, missing } = await mounted([boot, volume("root", { ...rootFiles, "/etc/fstab": fstab })]);
    expect(at).toEqual(["/ root", "/boot boot"]);
    expect(missing).toEqual([]);
  });

  it("are missing when the boot would wait for them", async () => {
    const fstab = [
      "UUID=1 / ext4 defaults 0 1",
      "UUID=2 /data ext4 defaults 0 2",
      "UUID=3 /usb vfat nofail 0 0",
      "UUID=6 /slow ext4 x-systemd.automount 0 0",
      "LABEL=4 /other xfs noauto 0 0",
      "UUID=5 none swap sw 0 0",
      "tmpfs /tmp tmpfs defaults 0 0",
    ].join("\n");
    const { missing } = await mounted([volume("root", { ...rootFiles, "/etc/fstab": fstab }, { uuid: "1" })]);
    expect(missing).toEqual(["UUID=2"]);
  });

  it("cannot be looked into where fstab mounts what cannot be found, unless the root has something there", async () => {
    const fstab = ["/var", "/home", "/boot"].map((at, index) => `PARTUUID=${index} ${at} ext4 defaults 0 2\n`).join("");
    const files = { ...rootFiles, "/etc/fstab": fstab, "/home/": "", "/boot/vmlinuz-6.1.0": "" };
    const { tree } = await mounted([volume("root", files)]);
    await expect(tree.read("/var/lib/dpkg/status")).rejects.toThrow(CannotTell);
    await expect(tree.read("/home/me/notes")).rejects.toThrow(CannotTell);
    expect(await tree.list("/boot")).toEqual(["vmlinuz-6.1.0"]);
  });
});
