import type { Finding, InspectionReport } from "../inspection/report.ts";
import { isWindows } from "../manifest/contradictions.ts";
import type { LayerName, ResolvedSettings } from "../manifest/settings.ts";

const explicitLayers: ReadonlySet<LayerName> = new Set(["bucket-defaults", "bucket-rule", "metadata", "sidecar"]);

/** What releases the image then: a sidecar does so itself, a bucket manifest does not for what was found in an image. */
function fixOf(key: string, layer: LayerName): string {
  if (layer === "metadata")
    return `Upload the image again without \`${key}\` in its metadata, or copy it onto itself with what it holds.`;
  const correct = (manifest: string): string =>
    `Remove \`${key}\` from the ${manifest}, or correct it to what the image holds`;
  return layer === "sidecar" ? `${correct("manifest")}.` : `${correct("bucket manifest")}; then replay the image.`;
}

/** Platforms that name no distribution, so that no detected one can contradict them. */
const genericPlatforms: ReadonlySet<string> = new Set(["Others Linux", "Customized Linux", "Other Windows"]);

/**
 * Findings for values that a user gave and the system disk's bytes contradict. Explicit beats detected, but only where
 * the detection could be wrong: a certain contradiction would end in an instance that does not start.
 */
export function contradictions(
  resolved: ResolvedSettings,
  inspection: InspectionReport | undefined,
): readonly Finding[] {
  const guest = inspection?.guest;
  if (!guest) return [];
  const { settings } = resolved;
  const found: Finding[] = [];
  const compare = (
    code: string,
    key: "architecture" | "platform" | "bootMode" | "osType",
    label: string,
    is: string,
    contradicts: boolean,
  ): void => {
    const said = settings[key];
    const provenance = resolved.provenance.get(`/${key}`);
    if (!contradicts || said === undefined || !provenance || !explicitLayers.has(provenance.layer)) return;
    found.push({
      code,
      severity: "error",
      message: `${label} is given as ${said} (${provenance.place}), but the image holds ${is}.`,
      fix: fixOf(key, provenance.layer),
    });
  };
  const { architecture, osType, platform, bootModes } = guest;
  // An EFI loader alone is no proof: one for 64 bits starts systems of 32, too.
  if (architecture && osType)
    compare(
      "architecture.mismatch",
      "architecture",
      "The architecture",
      architecture,
      settings.architecture !== architecture,
    );
  if (osType) compare("platform.mismatch", "osType", "The operating system", osType, settings.osType !== osType);
  if (platform) {
    const specific = !genericPlatforms.has(platform) && !genericPlatforms.has(settings.platform ?? "");
    const otherSystem =
      settings.platform !== undefined &&
      osType !== undefined &&
      isWindows(settings.platform) !== (osType === "windows");
    compare(
      "platform.mismatch",
      "platform",
      "The platform",
      platform,
      (specific || otherSystem) && settings.platform !== platform,
    );
  }
  if (bootModes && bootModes.length > 0) {
    const missing = settings.bootMode !== undefined && !bootModes.includes(settings.bootMode);
    compare("boot-mode.mismatch", "bootMode", "The boot mode", `a loader for ${bootModes.join(" and ")} only`, missing);
  }
  return found;
}
