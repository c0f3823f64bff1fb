import { inspectWindows } from "../../../../shared/inspection/guest/inspect-windows.ts";
import type {
  WindowsFacts,
  WindowsService,
} from "../../../../shared/inspection/guest/windows-registry/windows-facts.ts";

function service(name: string, start: number, filePresent = true): WindowsService {
  return { name, start, filePresent, filePath: `/Windows/System32/drivers/${name}.sys` };
}

const good: WindowsFacts = {
  productName: "Windows Server 2022 Datacenter",
  build: 20348,
  platform: "Windows Server 2022",
  architecture: "x86_64",
  storageDrivers: [service("viostor", 0), service("stornvme", 0)],
  networkDriver: service("netkvm", 3),
  dhcpClient: service("Dhcp", 2),
  isRegistryClean: true,
};
const boot = { efiLoaders: { fallback: ["x86_64" as const], distribution: true }, hasBiosCode: false };

function judged(facts: Partial<WindowsFacts>, unclean = false): string[] {
  const { findings } = inspectWindows({ ...good, ...facts }, unclean, boot);
  return findings.map(({ code, severity }) => `${code} ${severity}`);
}

describe("a Windows guest", () => {
  it("is told as ECS spells it", () => {
    expect(inspectWindows(good, false, boot).guest).toEqual({
      osType: "windows",
      platform: "Windows Server 2022",
      distribution: { id: "windows", versionId: "20348", name: "Windows Server 2022 Datacenter" },
      architecture: "x86_64",
      bootModes: ["UEFI"],
      nvmeSupport: "supported",
    });
  });

  it.each<[string, Partial<WindowsFacts>, string[]]>([
    ["everything in place", {}, []],
    ["no virtio driver", { storageDrivers: [service("stornvme", 0)] }, ["virtio.missing error"]],
    ["a virtio driver that starts on demand", { storageDrivers: [service("viostor", 3)] }, ["virtio.missing error"]],
    ["a virtio driver without its file", { storageDrivers: [service("viostor", 0, false)] }, ["virtio.missing error"]],
    ["virtio SCSI", { storageDrivers: [service("vioscsi", 0)] }, []],
    [
      "a virtio driver that is held back at boot",
      { storageDrivers: [{ ...service("viostor", 0), startOverride: 3 }] },
      ["virtio.missing warning"],
    ],
    ["an override that changes nothing", { storageDrivers: [{ ...service("viostor", 0), startOverride: 0 }] }, []],
    [
      "one virtio driver held back and another not",
      { storageDrivers: [{ ...service("viostor", 0), startOverride: 3 }, service("vioscsi", 0)] },
      [],
    ],
    [
      "no virtio driver in a registry with open logs",
      { storageDrivers: [service("stornvme", 0)], isRegistryClean: false },
      ["virtio.missing warning"],
    ],
    ["a disabled network driver", { networkDriver: service("netkvm", 4) }, ["virtio.net-missing warning"]],
    ["a disabled DHCP client", { dhcpClient: service("Dhcp", 4) }, ["network.not-dhcp warning"]],
  ])("with %s", (_, facts, findings) => {
    expect(judged(facts)).toEqual(["guest.windows info", ...findings]);
  });

  it("whose NVMe driver is held back at boot is not said to support NVMe", () => {
    const storageDrivers = [service("viostor", 0), { ...service("stornvme", 0), startOverride: 3 }];
    expect(inspectWindows({ ...good, storageDrivers }, false, boot).guest.nvmeSupport).toBeUndefined();
  });

  it("that hibernated is unclean", () => {
    expect(judged({}, true)).toEqual(["guest.windows info", "filesystem.unclean warning"]);
    // What was installed last may not be on the disk yet.
    expect(judged({ storageDrivers: [] }, true)).toContain("virtio.missing warning");
  });

  it("whose services could not be read is not accused of lacking any", () => {
    const { findings, guest } = inspectWindows({ storageDrivers: [], isRegistryClean: true }, false, boot);
    expect(findings.map(({ code }) => code)).toEqual(["guest.windows"]);
    expect(guest).toEqual({ osType: "windows", distribution: { id: "windows", name: "Windows" }, bootModes: ["UEFI"] });
  });
});
