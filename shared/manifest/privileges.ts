import { folderOf, resolveDiskKey } from "./disk-key.ts";
import type { Problem } from "./problem.ts";
import type { Policy, PrivilegedKey, Settings, SourcePosition } from "./settings.ts";

/** Settings from someone who can upload, not from the bucket's owner. */
export interface UploaderSettings {
  readonly settings: Settings;
  /** The key of the sidecar, or of the image whose metadata it is. */
  readonly file: string;
  /** Left out for metadata. */
  readonly positionOf?: (pointer: string) => Pick<SourcePosition, "line" | "column">;
}

const ownersKeys = ["roleName", "resourceGroupId", "storageLocationArn"] as const satisfies readonly PrivilegedKey[];

/**
 * Whoever can upload is not the bucket's owner: where the image goes, with whose rights, and which other folders' objects
 * are read is for the owner to say. Problems: one for every such setting that the bucket manifest's policy does not allow.
 */
export function checkPrivileges(
  { settings, file, positionOf }: UploaderSettings,
  policy: Policy | undefined,
): Problem[] {
  const allowed = new Set(policy?.sidecarMay ?? []);
  const refuse = (pointer: string, key: PrivilegedKey, message: string): Problem => {
    const { line, column } = positionOf?.(pointer) ?? { line: 1, column: 1 };
    const hint = `Set it in the bucket manifest, or add ${key} to policy.sidecarMay there.`;
    return { file, line, column, pointer, message, hint };
  };
  const problems = ownersKeys
    .filter((key) => settings[key] !== undefined && !allowed.has(key))
    .map((key) => refuse(`/${key}`, key, `${key} is for the bucket's owner to set.`));
  if (allowed.has("disks")) return problems;
  const strangers = (settings.disks ?? []).flatMap(({ ossObject }, index) => {
    const pointer = `/disks/${index}/ossObject`;
    if (ossObject === undefined || isInFolderOf(file, ossObject)) return [];
    return [refuse(pointer, "disks", "A disk in another folder is for the bucket's owner to allow.")];
  });
  return [...problems, ...strangers];
}

/** In the manifest's folder or below. Below the root lies everything, so there only the root itself counts. */
function isInFolderOf(manifestKey: string, ossObject: string): boolean {
  const folder = folderOf(manifestKey);
  const resolved = resolveDiskKey(ossObject, manifestKey);
  if ("fault" in resolved) return false;
  return folder === "" ? !resolved.key.includes("/") : resolved.key.startsWith(folder);
}
