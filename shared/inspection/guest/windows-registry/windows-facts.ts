import type { Filesystem } from "../../filesystem/filesystem.ts";
import { createTree } from "../../filesystem/path-walk.ts";
import { printable } from "../../printable-text.ts";
import { CannotTell } from "../../source/byte-source.ts";
import { type GuestTree, guestTreeOf, isFile, readHead } from "../guest-tree.ts";
import { type Machine, machineHeadBytes, peMachine } from "../machine-code.ts";
import { type Hive, openHive } from "./hive.ts";
import type { RegistryValue } from "./registry-value.ts";
import { type WindowsVersion, windowsPlatform } from "./windows-platform.ts";

/** A driver or service as the registry has it. */
export interface WindowsService {
  readonly name: string;
  /** 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled. Absent when not said. */
  readonly start?: number;
  /**
   * The same, in place of `start` when Windows 8 or later boots. It holds back a driver whose device the machine had not
   * when the driver was installed. From the value `0` of the subkey StartOverride, which no reference of Microsoft names.
   */
  readonly startOverride?: number;
  readonly group?: string;
  /** Path of its file from the root of the volume, e.g. `/Windows/System32/drivers/viostor.sys`. */
  readonly filePath: string;
  readonly filePresent: boolean;
}

export interface WindowsFacts extends WindowsVersion {
  /** As ECS spells it: `Windows Server 2022`, …, `Other Windows`. */
  readonly platform?: string;
  readonly architecture?: Machine;
  /** Those of viostor, vioscsi and stornvme (virtio block, virtio SCSI and NVMe disks) that are installed. */
  readonly storageDrivers: readonly WindowsService[];
  /** netkvm, the virtio network driver. */
  readonly networkDriver?: WindowsService;
  readonly dhcpClient?: WindowsService;
  /** False when a hive's transaction logs hold changes that could not be seen. */
  readonly isRegistryClean: boolean;
}

const versionKey = "Microsoft\\Windows NT\\CurrentVersion";

function text(value: RegistryValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? printable(value) : undefined;
}

function integer(value: RegistryValue | undefined): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

async function openHiveOf(tree: GuestTree, path: string): Promise<Hive | undefined> {
  const file = await tree.open(path);
  return file?.kind === "file" ? openHive(file) : undefined;
}

async function readVersion(software: Hive | undefined): Promise<WindowsVersion> {
  if (software === undefined) return {};
  const names = ["ProductName", "CurrentBuildNumber", "CurrentBuild", "InstallationType", "EditionID"];
  const values = await Promise.all(names.map((name) => software.value(versionKey, name)));
  const productName = text(values[0]);
  const build = integer(values[1]) ?? integer(values[2]);
  const installationType = text(values[3]);
  const editionId = text(values[4]);
  return {
    ...(productName === undefined ? {} : { productName }),
    ...(build === undefined ? {} : { build }),
    ...(installationType === undefined ? {} : { installationType }),
    ...(editionId === undefined ? {} : { editionId }),
  };
}

/** The set of settings that Windows starts with: `Select\Current` names it by number. */
async function currentControlSet(system: Hive): Promise<string> {
  const number = integer(await system.value("Select", "Current")) ?? 1;
  return `ControlSet${String(number).padStart(3, "0")}`;
}

/** Where a driver's file is: ImagePath counts from the folder of Windows, however it is written. */
function filePathOf(imagePath: string | undefined, name: string): string {
  if (imagePath === undefined) return `/Windows/System32/drivers/${name}.sys`;
  const relative = imagePath
    .replace(/^\\\?\?\\/, "")
    .replace(/^[A-Za-z]:\\Windows\\/i, "")
    .replace(/^(\\?SystemRoot|%SystemRoot%)\\/i, "")
    .replace(/ .*$/, "");
  return `/Windows/${relative.replaceAll("\\", "/").replace(/^\/+/, "")}`;
}

async function readService(
  tree: GuestTree,
  system: Hive,
  controlSet: string,
  name: string,
): Promise<WindowsService | undefined> {
  const key = `${controlSet}\\Services\\${name}`;
  const [start, startOverride, group, image, subkeys] = await Promise.all([
    system.value(key, "Start"),
    system.value(`${key}\\StartOverride`, "0"),
    system.value(key, "Group"),
    system.value(key, "ImagePath"),
    system.subkeys(key),
  ]);
  if (subkeys === undefined) return undefined;
  const filePath = filePathOf(text(image), name);
  const startNumber = integer(start);
  const overridingNumber = integer(startOverride);
  const groupName = text(group);
  return {
    name,
    ...(startNumber === undefined ? {} : { start: startNumber }),
    ...(overridingNumber === undefined ? {} : { startOverride: overridingNumber }),
    ...(groupName === undefined ? {} : { group: groupName }),
    filePath,
    filePresent: await isFile(tree, filePath),
  };
}

async function readServices(
  tree: GuestTree,
  system: Hive,
): Promise<Pick<WindowsFacts, "storageDrivers" | "networkDriver" | "dhcpClient">> {
  const controlSet = await currentControlSet(system);
  const service = (name: string) => readService(tree, system, controlSet, name);
  const [viostor, vioscsi, stornvme, networkDriver, dhcpClient] = await Promise.all(
    ["viostor", "vioscsi", "stornvme", "netkvm", "Dhcp"].map(service),
  );
  return {
    storageDrivers: [viostor, vioscsi, stornvme].filter((driver) => driver !== undefined),
    ...(networkDriver === undefined ? {} : { networkDriver }),
    ...(dhcpClient === undefined ? {} : { dhcpClient }),
  };
}

/** Names of processors in the environment that SYSTEM keeps. */
const processors: ReadonlyMap<string, Machine> = new Map([
  ["AMD64", "x86_64"],
  ["X86", "i386"],
  ["ARM64", "arm64"],
]);

/** The machine of the kernel's file; where that cannot be read, what the registry calls the processor. */
async function readArchitecture(tree: GuestTree, system: Hive | undefined): Promise<Machine | undefined> {
  const machine = await readKernelMachine(tree);
  if (machine !== undefined || system === undefined) return machine;
  const environment = `${await currentControlSet(system)}\\Control\\Session Manager\\Environment`;
  const name = text(await system.value(environment, "PROCESSOR_ARCHITECTURE"));
  return processors.get(name?.toUpperCase() ?? "");
}

async function readKernelMachine(tree: GuestTree): Promise<Machine | undefined> {
  try {
    const head = await readHead(tree, "/Windows/System32/ntoskrnl.exe", machineHeadBytes);
    return head && peMachine(head);
  } catch (error) {
    // A compact installation keeps system files in a form that only its own filter driver reads.
    if (error instanceof CannotTell) return undefined;
    throw error;
  }
}

/**
 * What can be told of the Windows that is installed on an NTFS volume; undefined when there is none.
 * Throws MalformedImage or CannotTell where the volume or its registry cannot be read.
 */
export async function readWindowsFacts(fs: Filesystem): Promise<WindowsFacts | undefined> {
  const tree = guestTreeOf(createTree([{ at: "/", fs }]));
  const [software, system] = await Promise.all([
    openHiveOf(tree, "/Windows/System32/config/SOFTWARE"),
    openHiveOf(tree, "/Windows/System32/config/SYSTEM"),
  ]);
  if (software === undefined && system === undefined) return undefined;
  const [version, services, architecture] = await Promise.all([
    readVersion(software),
    system === undefined ? { storageDrivers: [] } : readServices(tree, system),
    readArchitecture(tree, system),
  ]);
  const platform = windowsPlatform(version);
  return {
    ...version,
    ...(platform === undefined ? {} : { platform }),
    ...(architecture === undefined ? {} : { architecture }),
    ...services,
    isRegistryClean: [software, system].every((hive) => hive?.isClean !== false),
  };
}
