import type { Settings } from "./settings.ts";

/** Two settings that cannot be true together. The later pointer is where a reader would change something. */
export interface Contradiction {
  readonly pointers: readonly [string, string];
  readonly message: string;
  readonly hint: string;
}

/**
 * The rules of ImportImage between settings. The schema has those that hold within one manifest for editors' sake; the
 * words are here, for a single manifest as for merged layers.
 */
export function contradictions(settings: Settings): Contradiction[] {
  const { architecture, bootMode, osType, platform } = settings;
  const found: Contradiction[] = [];
  const say = (first: string, second: string, message: string, hint: string) =>
    found.push({ pointers: [first, second], message, hint });

  if (architecture === "arm64" && bootMode !== undefined && bootMode !== "UEFI") {
    say(
      "/architecture",
      "/bootMode",
      `bootMode is ${bootMode}, but an arm64 image boots with UEFI only.`,
      "Set bootMode to UEFI or remove it.",
    );
  }
  if (architecture === "arm64" && osType === "windows") {
    say(
      "/architecture",
      "/osType",
      "osType is windows, but ECS has no Windows for arm64.",
      "Set architecture to x86_64.",
    );
  }
  if (platform === undefined) return found;
  const isWindowsPlatform = isWindows(platform);
  if (architecture === "arm64" && isWindowsPlatform) {
    say(
      "/architecture",
      "/platform",
      `platform is ${platform}, but ECS has no Windows for arm64.`,
      "Set architecture to x86_64.",
    );
  }
  if (osType === "windows" && !isWindowsPlatform) {
    say(
      "/osType",
      "/platform",
      `platform is ${platform}, but osType is windows.`,
      "Set platform to a Windows Server version or to Other Windows.",
    );
  }
  if (osType === "linux" && isWindowsPlatform) {
    say("/osType", "/platform", `platform is ${platform}, but osType is linux.`, "Set osType to windows.");
  }
  return found;
}

/** Whether a platform, in the spelling of ImportImage, is one of Windows. */
export function isWindows(platform: string): boolean {
  return platform.startsWith("Windows Server") || platform === "Other Windows";
}
