/** fstab(5): which filesystems a guest mounts, and how it names them. Pure. */

export interface FstabEntry {
  /** `UUID=…`, `LABEL=…`, `/dev/vda1`, `/dev/mapper/…`. */
  readonly device: string;
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly options: readonly string[];
}

const maximumEntries = 200;

/** The entries of an fstab. Octal escapes (`\040` for a blank) are undone, comments and short lines passed over. */
export function parseFstab(text: string): FstabEntry[] {
  const entries: FstabEntry[] = [];
  for (const line of text.split("\n")) {
    if (entries.length === maximumEntries) break;
    const fields = line.trim().split(/\s+/, 5);
    const [device, mountPoint, filesystem, options] = fields.map(undoEscapes);
    if (device === undefined || device.startsWith("#") || mountPoint === undefined || filesystem === undefined)
      continue;
    entries.push({
      device: device.replace(/^(UUID|LABEL|PARTUUID|PARTLABEL)="(.*)"$/, "$1=$2"),
      mountPoint,
      filesystem,
      options: (options ?? "defaults").split(","),
    });
  }
  return entries;
}

function undoEscapes(field: string): string {
  return field.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/**
 * Names that depend on the machine: the kernel's names for disks (sda, vda, xvda, nvme0n1, hda), and udev's links by
 * hardware. On an ECS instance the same disk has another one.
 */
const machineName =
  /^\/dev\/(?:(?:sd|vd|xvd|hd)[a-z]{1,2}\d{0,3}|nvme\d{1,2}n\d{1,2}(?:p\d{1,3})?|disk\/by-(?:id|path)\/.{1,200})$/;

/** True for a device name that another machine gives to another disk, or to none. */
export function isMachineName(device: string): boolean {
  return machineName.test(device);
}

/** Entries that the system waits for at boot, and that are named by what only the machine they were made on has. */
export function entriesByMachineName(entries: readonly FstabEntry[]): FstabEntry[] {
  return entries.filter((entry) => isMountedAtBoot(entry) && isMachineName(entry.device));
}

/** Whether the boot waits for an entry: a filesystem that is not there stops it. */
export function isMountedAtBoot({ options }: FstabEntry): boolean {
  return !["noauto", "nofail", "x-systemd.automount"].some((option) => options.includes(option));
}
