import type { Guest, InspectionReport } from "../inspection/report.ts";
import type { Settings } from "../manifest/settings.ts";

/**
 * What the system disk's own bytes say about ImportImage's parameters. An image that boots both ways says nothing about
 * the boot mode: ImportImage's default, BIOS, holds then (`UEFI-Preferred` cannot be asked for at import).
 */
export function detectedSettings(inspection: InspectionReport | undefined): Settings {
  const guest = inspection?.guest;
  if (!guest) return {};
  const { osType, architecture, nvmeSupport } = guest;
  const platform = guest.platform ?? (osType === "windows" ? "Other Windows" : undefined);
  return {
    ...(osType ? { osType } : {}),
    ...(platform ? { platform } : {}),
    ...(architecture ? { architecture } : {}),
    ...(needsUefi(guest) ? { bootMode: "UEFI" } : {}),
    ...(nvmeSupport ? { features: { nvmeSupport } } : {}),
  };
}

const needsUefi = ({ architecture, bootModes }: Guest): boolean =>
  architecture === "arm64" || (bootModes?.length === 1 && bootModes[0] === "UEFI");
