/**
 * What an object is by its key alone. Decides for most objects of a bucket that there is nothing to do, without a call
 * to the cloud: so it stays small and loads nothing.
 */
import { isBucketManifestKey, isSidecarKey, isStatusFileKey } from "../manifest/manifest-names.ts";
import { shellQuoted } from "./shell-quoted.ts";

export type ObjectKind =
  | { readonly kind: "image" }
  | { readonly kind: "sidecar" }
  | { readonly kind: "bucket-manifest" }
  | { readonly kind: "own" }
  | { readonly kind: "other"; readonly reason: string; readonly advice: string };

/** Endings that are taken for disk images. ECS publishes no list; `.img` is in common use for raw images. */
export const imageEndings = [".qcow2", ".vhd", ".raw", ".vmdk", ".img"] as const;

/** Endings of packed images, with the command that unpacks them; `{}` stands for the file's name. */
const unpackCommands: readonly (readonly [RegExp, string])[] = [
  [/\.(tar\.[a-z0-9]+|tgz|tbz2?|txz|tar)$/, "tar -xf {}"],
  [/\.ova$/, "tar -xf {}"],
  [/\.gz$/, "gunzip {}"],
  [/\.(xz|lzma)$/, "xz -d {}"],
  [/\.(zst|zstd)$/, "zstd -d {}"],
  [/\.bz2$/, "bzip2 -d {}"],
  [/\.lz4$/, "lz4 -d {}"],
  [/\.zip$/, "unzip {}"],
  [/\.7z$/, "7z x {}"],
];

/** Endings of disk images that ECS does not take but that can be converted. */
const convertible = /\.(vhdx|vdi|qed|qcow|hdd|parallels)$/;

/** Whether a key has a part that URLs are rid of before they are sent (RFC 3986, 5.2.4): the SDKs never ask for such keys. */
export const hasDotPart = (key: string): boolean => key.split("/").some((part) => part === "." || part === "..");

export const dotPart = {
  reason: 'its key has the part "." or "..", which is taken out of every address',
  advice: "Upload it again under another key.",
};

/** Classifies an object by its key; endings match without regard to case. */
export function objectKind(key: string): ObjectKind {
  if (hasDotPart(key)) return { kind: "other", ...dotPart };
  if (isStatusFileKey(key)) return { kind: "own" };
  if (isBucketManifestKey(key)) return { kind: "bucket-manifest" };
  if (isSidecarKey(key)) return { kind: "sidecar" };
  const name = key.slice(key.lastIndexOf("/") + 1);
  const lower = name.toLowerCase();
  if (imageEndings.some((ending) => lower.endsWith(ending))) return { kind: "image" };
  if (name === "") return { kind: "other", reason: "it is a folder marker", advice: "Nothing to do." };
  const unpack = unpackCommands.find(([pattern]) => pattern.test(lower));
  if (unpack) {
    return {
      kind: "other",
      reason: "it is packed, and ECS cannot import packed images",
      advice: `Unpack it and upload the result: ${unpack[1].replace("{}", () => quotedFile(name))}`,
    };
  }
  if (convertible.test(lower)) {
    const target = `${name.slice(0, name.lastIndexOf("."))}.qcow2`;
    return {
      kind: "other",
      reason: "ECS cannot import this format",
      advice: `Convert it and upload the result: qemu-img convert -O qcow2 ${quotedFile(name)} ${quotedFile(target)}`,
    };
  }
  if (lower.endsWith(".iso")) {
    return {
      kind: "other",
      reason: "it is an installation medium, not a disk",
      advice: "Install it in a virtual machine and upload that machine's disk.",
    };
  }
  if (lower.endsWith(".ovf")) {
    return {
      kind: "other",
      reason: "it describes a virtual machine, but holds no disk",
      advice: "Upload the disk that it names (.vmdk, .vhd).",
    };
  }
  return {
    kind: "other",
    reason: `its name does not end in ${imageEndings.join(", ")}`,
    advice: "Nothing to do, unless it is a disk image: then give it the ending of its format.",
  };
}

/** `./` keeps a leading hyphen from being taken for an option. */
const quotedFile = (name: string): string => shellQuoted(name.startsWith("-") ? `./${name}` : name);
