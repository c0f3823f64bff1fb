import type { Filesystem, FsNode } from "../../../../shared/inspection/filesystem/filesystem.ts";
import { readWindowsFacts } from "../../../../shared/inspection/guest/windows-registry/windows-facts.ts";
import { windowsPlatform } from "../../../../shared/inspection/guest/windows-registry/windows-platform.ts";
import { CannotTell } from "../../../../shared/inspection/source/byte-source.ts";
import { type BuiltKey, buildHive, dword, keyPath, text } from "./built-hive.ts";

/** A filesystem of these files, whose names match in any case. Files without contents cannot be read. */
function filesystemOf(files: ReadonlyMap<string, Buffer | undefined>): Filesystem {
  const entries = [...files].map(([path, content]) => ({ path: path.toLowerCase(), content }));
  const nodeAt = (path: string): FsNode | undefined => {
    const file = entries.find((entry) => entry.path === path);
    if (file !== undefined) return { id: path, kind: "file", size: file.content?.length ?? 1000 };
    const isDirectory = entries.some((entry) => entry.path.startsWith(`${path}/`));
    return isDirectory ? { id: path, kind: "directory", size: 0 } : undefined;
  };
  return {
    kind: "ntfs",
    unclean: false,
    root: async () => ({ id: "", kind: "directory", size: 0 }),
    lookup: async (directory, name) => nodeAt(`${directory.id}/${name.toLowerCase()}`),
    list: async () => [],
    read: async (file, offset, length) => {
      const content = entries.find((entry) => entry.path === file.id)?.content;
      if (content === undefined) throw new CannotTell("compressed in a way of its own");
      return content.subarray(offset, offset + length);
    },
    readLink: async () => "",
  };
}

function peFile(machine: number): Buffer {
  const bytes = Buffer.alloc(512);
  bytes.write("MZ");
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write("PE", 0x80);
  bytes.writeUInt16LE(machine, 0x84);
  return bytes;
}

function software(product: string, build: string, installation?: string): Buffer {
  const values = [
    text("ProductName", product),
    text("CurrentBuildNumber", build),
    text("EditionID", "ServerDatacenter"),
  ];
  const all = installation === undefined ? values : [...values, text("InstallationType", installation)];
  return buildHive({ name: "ROOT", keys: [keyPath("Microsoft\\Windows NT\\CurrentVersion", { values: all })] });
}

function system(services: readonly BuiltKey[]): Buffer {
  const environment = keyPath("Session Manager\\Environment", { values: [text("PROCESSOR_ARCHITECTURE", "AMD64")] });
  return buildHive({
    name: "ROOT",
    keys: [
      { name: "Select", values: [dword("Current", 2)] },
      { name: "ControlSet001", keys: [{ name: "Services", keys: [{ name: "viostor", values: [dword("Start", 4)] }] }] },
      {
        name: "ControlSet002",
        keys: [
          { name: "Control", keys: [environment] },
          { name: "Services", keys: services },
        ],
      },
    ],
  });
}

const config = "/Windows/System32/config";

describe("readWindowsFacts", () => {
  it("tells version, processor, storage and network drivers of a Windows with virtio drivers", async () => {
    const fs = filesystemOf(
      new Map([
        [`${config}/SOFTWARE`, software("Windows Server 2022 Datacenter", "20348", "Server")],
        [
          `${config}/SYSTEM`,
          system([
            {
              name: "viostor",
              values: [
                dword("Start", 0),
                text("Group", "SCSI miniport"),
                text("ImagePath", "System32\\drivers\\viostor.sys", 2),
              ],
            },
            {
              name: "vioscsi",
              keys: [{ name: "StartOverride", values: [dword("0", 3)] }],
              values: [dword("Start", 0), text("ImagePath", "\\SystemRoot\\System32\\drivers\\vioscsi.sys", 2)],
            },
            { name: "netkvm", values: [dword("Start", 3)] },
            {
              name: "Dhcp",
              values: [dword("Start", 2), text("ImagePath", "%SystemRoot%\\system32\\svchost.exe -k netsvcs", 2)],
            },
          ]),
        ],
        ["/Windows/System32/ntoskrnl.exe", peFile(0x8664)],
        ["/Windows/System32/drivers/viostor.sys", Buffer.alloc(1)],
        ["/Windows/System32/drivers/netkvm.sys", Buffer.alloc(1)],
        ["/Windows/System32/svchost.exe", Buffer.alloc(1)],
      ]),
    );
    expect(await readWindowsFacts(fs)).toEqual({
      productName: "Windows Server 2022 Datacenter",
      build: 20348,
      installationType: "Server",
      editionId: "ServerDatacenter",
      platform: "Windows Server 2022",
      architecture: "x86_64",
      storageDrivers: [
        {
          name: "viostor",
          start: 0,
          group: "SCSI miniport",
          filePath: "/Windows/System32/drivers/viostor.sys",
          filePresent: true,
        },
        {
          name: "vioscsi",
          start: 0,
          startOverride: 3,
          filePath: "/Windows/System32/drivers/vioscsi.sys",
          filePresent: false,
        },
      ],
      networkDriver: { name: "netkvm", start: 3, filePath: "/Windows/System32/drivers/netkvm.sys", filePresent: true },
      dhcpClient: { name: "Dhcp", start: 2, filePath: "/Windows/system32/svchost.exe", filePresent: true },
      isRegistryClean: true,
    });
  });

  it("asks the registry for the processor when the kernel's file cannot be read", async () => {
    const fs = filesystemOf(
      new Map([
        [`${config}/SYSTEM`, system([])],
        ["/Windows/System32/ntoskrnl.exe", undefined],
      ]),
    );
    expect(await readWindowsFacts(fs)).toEqual({ architecture: "x86_64", storageDrivers: [], isRegistryClean: true });
  });

  it("takes the current control set, not the first", async () => {
    const fs = filesystemOf(new Map([[`${config}/SYSTEM`, system([])]]));
    expect((await readWindowsFacts(fs))?.storageDrivers).toEqual([]);
  });

  it("is undefined where there is no Windows", async () => {
    expect(await readWindowsFacts(filesystemOf(new Map([["/bootmgr", Buffer.alloc(1)]])))).toBeUndefined();
  });
});

describe("windowsPlatform", () => {
  it.each([
    ["Windows Server 2022 Standard", 20348, "Server", "Windows Server 2022"],
    ["Windows Server 2019 Datacenter", 17763, "Server Core", "Windows Server 2019"],
    ["Windows Server 2016 Standard", 14393, "Server", "Windows Server 2016"],
    ["Windows Server 2012 R2 Standard", 9600, "Server", "Windows Server 2012"],
    ["Windows Server 2012 Standard", 9200, "Server", "Windows Server 2012"],
    ["Windows Server 2008 R2 Enterprise", 7601, "Server", "Windows Server 2008"],
    ["Windows Server (R) 2008 Standard", 6003, "Server", "Windows Server 2008"],
    ["Microsoft Windows Server 2003", 3790, undefined, "Windows Server 2003"],
    ["Windows Server 2025 Datacenter", 26100, "Server", "Other Windows"],
    ["Windows 10 Enterprise LTSC 2019", 17763, "Client", "Other Windows"],
    ["Windows 7 Professional", 7601, "Client", "Other Windows"],
    ["Hyper-V Server", 17763, "Server Core", "Windows Server 2019"],
    ["Windows Server 2019", undefined, "Server", "Windows Server 2019"],
    ["Windows Server, version 1909", 18363, "Server Core", "Other Windows"],
  ])("%s, build %s, %s: %s", (productName, build, installationType, platform) => {
    const version = {
      productName,
      ...(build === undefined ? {} : { build }),
      ...(installationType === undefined ? {} : { installationType }),
    };
    expect(windowsPlatform(version)).toBe(platform);
  });

  it("does not guess from nothing", () => {
    expect(windowsPlatform({})).toBeUndefined();
  });
});
