/** What the registry says of a Windows version. Absent fields are not in it. */
export interface WindowsVersion {
  /** e.g. `Windows Server 2022 Datacenter`. Windows 11 still calls itself Windows 10 here. */
  readonly productName?: string;
  readonly build?: number;
  /** `Server`, `Server Core`, `Nano Server` or `Client`; absent before Windows Vista. */
  readonly installationType?: string;
  readonly editionId?: string;
}

/** Years of the server releases that ECS has names for, by the build they share with a client release. */
const serverYears: ReadonlyMap<number, string> = new Map([
  [20348, "2022"],
  [17763, "2019"],
  [14393, "2016"],
  [9600, "2012"],
  [9200, "2012"],
  [7601, "2008"],
  [7600, "2008"],
  [6003, "2008"],
  [6002, "2008"],
  [6001, "2008"],
  [3790, "2003"],
]);

function isServer({ productName, installationType, editionId }: WindowsVersion): boolean {
  if (installationType !== undefined) return installationType.includes("Server");
  return [productName, editionId].some((text) => text?.includes("Server") === true);
}

/**
 * The platform as ECS spells it, e.g. `Windows Server 2012` for 2012 and 2012 R2. Clients, and servers that ECS has no
 * name for, are `Other Windows`; undefined when nothing at all is known.
 */
export function windowsPlatform(version: WindowsVersion): string | undefined {
  const { productName, build } = version;
  if (productName === undefined && build === undefined) return undefined;
  const named = /Windows Server\W{0,4} (20\d\d)/.exec(productName ?? "")?.[1];
  const year = isServer(version) ? (serverYears.get(build ?? 0) ?? named) : undefined;
  const isKnown = year !== undefined && [...serverYears.values()].includes(year);
  return isKnown ? `Windows Server ${year}` : "Other Windows";
}
